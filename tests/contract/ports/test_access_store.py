# SPDX-License-Identifier: Apache-2.0
"""`ports.access.AccessStore` as promised, by the fake and by DynamoDB's adapter alike."""

from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.errors import FatalError
from chalicelib.ports.access import AccessLink, AccessStore
from tests.contract.ports.conftest import ACTIVITY, AUDIENCE, LEDGER, VAULT
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.memory_access import MemoryAccessStore
from tests.support.memory_erasure import MemoryPersonalData
from tests.support.memory_ledger import MemoryRows
from tests.support.memory_outside import OutsideRows

HASH, OTHER = "ab" * 32, "cd" * 32
ANNA, BERT = SubjectId("DDDDDDDDDDDDDDDDDDDDDA"), SubjectId("EEEEEEEEEEEEEEEEEEEEEA")
LINK = AccessLink(sid=ANNA, brand=BrandId("demo"), language="sv", expires_ms=START_MS + 1)


@pytest.fixture(params=["memory", "dynamo"])
def ports(request: pytest.FixtureRequest) -> tuple[AccessStore, Any]:
    """Access links, and what erases a person."""
    if request.param == "memory":
        rows = OutsideRows()
        return MemoryAccessStore(rows), MemoryPersonalData(MemoryRows(), rows)
    request.getfixturevalue("tables")
    from chalicelib.adapters.dynamo.access import DynamoAccessStore
    from chalicelib.adapters.dynamo.erasure import DynamoPersonalData

    data = DynamoPersonalData(
        ledger_table=LEDGER,
        vault_table=VAULT,
        audience_table=AUDIENCE,
        activity_table=ACTIVITY,
        clock=FakeClock(),
        random=SeededRandom(),
    )
    return DynamoAccessStore(ACTIVITY), data


def test_a_link_is_found_by_its_hash_and_by_no_other(ports):
    store, _ = ports
    store.put(HASH, LINK, START_MS + 5)
    assert store.get(HASH) == LINK
    assert store.get(OTHER) is None


def test_a_sweep_takes_every_link_of_the_person_and_nobody_else_s(ports):
    store, data = ports
    store.put(HASH, LINK, START_MS)
    store.put(OTHER, LINK, START_MS)
    theirs = AccessLink(sid=BERT, brand=BrandId("demo"), language="en", expires_ms=START_MS)
    store.put("ef" * 32, theirs, START_MS)
    assert data.sweep(ANNA) == 2
    assert store.get(HASH) is store.get(OTHER) is None
    assert store.get("ef" * 32) == theirs
    assert data.sweep(ANNA) == 0


def test_every_row_says_when_it_may_go_and_is_of_a_known_version(tables):
    from chalicelib.adapters.dynamo.access import DynamoAccessStore, link_key

    DynamoAccessStore(ACTIVITY).put(HASH, LINK, START_MS + 5_000)
    rows = clients.client("dynamodb").scan(TableName=ACTIVITY)["Items"]
    assert {row["expires_at"]["N"] for row in rows} == {str((START_MS + 5_000) // 1_000 + 1)}
    assert len(rows) == 2
    clients.client("dynamodb").put_item(
        TableName=ACTIVITY, Item={**rows[0], **link_key(OTHER), "v": {"N": "99"}}
    )
    with pytest.raises(FatalError):
        DynamoAccessStore(ACTIVITY).get(OTHER)
