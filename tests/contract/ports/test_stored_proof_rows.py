# SPDX-License-Identifier: Apache-2.0
"""Today's code reads yesterday's rows of what proofs are made of: tests/data/v1/proof_rows.json.

It was written once and stays. A change that breaks these tests changes stored data: it needs a new
schema version, not a new file.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.catalog import DynamoBrands, DynamoCampaigns
from chalicelib.adapters.dynamo.mails import DynamoMailStore
from chalicelib.domain.ids import EventId
from chalicelib.ports.mails import StoredMail
from tests.contract.ports.conftest import CAMPAIGNS, LEDGER
from tests.support.appends import subject
from tests.support.catalog_examples import BRAND, CAMPAIGN, CONTENT
from tests.support.clock import START_MS
from tests.support.stored_campaigns import beside

STORED = Path(__file__).parents[2] / "data" / "v1" / "proof_rows.json"
NAMED = replace(BRAND, time_zone="Europe/Helsinki", privacy={"en": "ab" * 32, "sv": "cd" * 32})
PLANNED = replace(CAMPAIGN, plan_event=EventId("EBESExQVFhcYGRobHB0eHw"))


def tell_the_story() -> None:
    """A brand with its privacy pages, a planned campaign, a mail and its answer."""
    DynamoBrands(CAMPAIGNS).create(NAMED)
    campaigns = DynamoCampaigns(CAMPAIGNS)
    campaigns.create(PLANNED, CONTENT)
    campaigns.note_planned(PLANNED, START_MS)
    mails = DynamoMailStore(LEDGER)
    mails.put(subject("ada"), 3, b"sealed mail")
    mails.answer(subject("ada"), 3, b"sealed answer", 40, START_MS)


def stored() -> list[dict[str, Any]]:
    """Every row of the two tables in DynamoDB's JSON, binary as base64, ordered by key."""
    found = [
        {"table": table, "item": _plain(item)}
        for table in (CAMPAIGNS, LEDGER)
        for item in clients.client("dynamodb").scan(TableName=table)["Items"]
    ]
    return sorted(found, key=lambda row: (row["table"], row["item"]["pk"]["S"], str(row["item"])))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in sorted(value.items())}
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _binary(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {kind: base64.b64decode(part) if kind == "B" else part}
        for name, value in item.items()
        for kind, part in value.items()
    }


@pytest.fixture
def yesterday(tables):
    """The tables as an earlier version of the product left them."""
    for row in json.loads(STORED.read_text()):
        clients.client("dynamodb").put_item(TableName=row["table"], Item=_binary(row["item"]))


def test_the_same_story_is_still_stored_as_the_same_rows(tables):
    tell_the_story()
    expected = []
    for row in json.loads(STORED.read_text()):
        expected += beside(row) if row["item"]["pk"]["S"] == "CAMPAIGN" else (row,)
    assert sorted(stored(), key=key_of) == sorted(expected, key=key_of)


def key_of(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["table"], row["item"]["pk"]["S"], row["item"]["sk"]["S"]


def test_stored_rows_read_as_what_they_were(yesterday):
    assert DynamoBrands(CAMPAIGNS).get(BRAND.id) == NAMED
    campaigns = DynamoCampaigns(CAMPAIGNS)
    assert campaigns.get(CAMPAIGN.id) == PLANNED
    assert list(campaigns.planned(CAMPAIGN.list, 0)) == [PLANNED]
    assert DynamoMailStore(LEDGER).read(subject("ada")) == (
        StoredMail(request=3, sealed=b"sealed mail", answer=b"sealed answer"),
    )
