# SPDX-License-Identifier: Apache-2.0
"""`ports.mail_domains.MailDomainRows` as promised, by the fake and by DynamoDB's adapter alike."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.mail_domains import MailDomain
from chalicelib.ports.mail_domains import MailDomainRow, MailDomainRows
from tests.contract.ports.conftest import ACTIVITY
from tests.support.memory_mail_domains import MemoryMailDomainRows

NAME, OTHER = "n" * 43, "m" * 43
ROW = MailDomainRow(verdict=MailDomain.TAKES, took_ms=12, until_ms=1_790_000_000_001)
STORED = {
    "pk": {"S": f"MX#{NAME}"},
    "sk": {"S": "MX"},
    "v": {"N": "1"},
    "verdict": {"S": "takes"},
    "took_ms": {"N": "12"},
    "until_ms": {"N": "1790000000001"},
    "expires_at": {"N": "1790000001"},
}
"""As it was first written; today's code writes and reads it so."""


def dynamo_rows() -> Any:
    from chalicelib.adapters.dynamo.mail_domains import DynamoMailDomainRows

    return DynamoMailDomainRows(ACTIVITY)


@pytest.fixture(params=["memory", "dynamo"])
def rows(request: pytest.FixtureRequest) -> MailDomainRows:
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        made: MailDomainRows = dynamo_rows()
        return made
    return MemoryMailDomainRows()


def test_nothing_is_kept_of_a_domain_nobody_asked_for(rows):
    rows.put(OTHER, ROW)
    assert rows.read(NAME) is None


@pytest.mark.parametrize("verdict", MailDomain)
def test_a_verdict_comes_back_whole_and_takes_the_place_of_another(rows, verdict):
    rows.put(NAME, ROW)
    changed = replace(ROW, verdict=verdict, took_ms=0, until_ms=1)
    rows.put(NAME, changed)
    assert rows.read(NAME) == changed


def test_a_row_is_stored_as_it_always_was(tables):
    dynamo_rows().put(NAME, ROW)
    found = clients.client("dynamodb").get_item(
        TableName=ACTIVITY, Key={name: STORED[name] for name in ("pk", "sk")}
    )
    assert found["Item"] == STORED


@pytest.mark.parametrize("other", [{"v": {"N": "2"}}, {"verdict": {"S": "perhaps"}}])
def test_a_row_of_other_code_is_asked_for_anew(tables, other):
    clients.client("dynamodb").put_item(TableName=ACTIVITY, Item=STORED | other)
    assert dynamo_rows().read(NAME) is None
    dynamo_rows().put(NAME, ROW)
    assert dynamo_rows().read(NAME) == ROW
