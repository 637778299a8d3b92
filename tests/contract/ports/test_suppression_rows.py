# SPDX-License-Identifier: Apache-2.0
"""Suppressions of a brand, a list or a channel as every store keeps them, and as they stay stored.

tests/data/v3/suppression_rows.json was written once, in DynamoDB's own JSON, and stays: a change
that breaks its tests changes stored data and needs a new schema version. What was stored before
there were reaches is in tests/data/v1 and v2 (test_stored_ledger_rows).
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.ledger_rows import suppression_key
from chalicelib.adapters.dynamo.suppression_rows import suppressions_item, suppressions_of
from chalicelib.domain.consent import fold
from chalicelib.domain.events import EMAIL, Event
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.reach import EVERYWHERE, Reach
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.ledger import Suppressed
from chalicelib.vocabulary import EventType
from tests.contract.ports.conftest import stored_items
from tests.contract.ports.test_stored_ledger_rows import binary, plain
from tests.support.appends import (
    BRAND,
    LIST,
    event,
    first_append,
    leaf,
    mac,
    next_append,
    subject,
    suppressed,
)
from tests.support.clock import START_MS

STORED = Path(__file__).parents[2] / "data" / "v3" / "suppression_rows.json"
TO_LIST = Reach(BRAND, EMAIL, LIST)
OTHER = BrandId("other")


def of(reach: Reach, name: str = "ada", reason: str = "manual") -> Suppressed:
    row = suppressed(name, reach.brand, reason)
    return replace(row, channel=reach.channel, list=reach.list)


ROWS = (
    of(EVERYWHERE, reason="bounce"),
    of(Reach(BRAND)),
    of(TO_LIST, reason="complaint"),
    of(Reach(BRAND, "phone")),
    of(Reach(OTHER, EMAIL, ListId("weekly"))),
)


def suppression(lists, reason, brand=BRAND):
    return Event(
        type=EventType.SUPPRESSION_ADDED,
        at_ms=START_MS,
        brand=brand,
        channel=EMAIL,
        lists=lists,
        reason=reason,
    )


FOLDED = fold([suppression((), "manual"), suppression((LIST,), "bounce")])


def test_each_reach_is_found_and_lifted_by_itself(ports):
    ports.ledger.commit(first_append("ada"))
    ports.ledger.commit(next_append("ada", 1, suppress=ROWS))
    found = ports.ledger.lookup(mac("ada")).suppressions
    assert found == ROWS
    assert found[2].reach == TO_LIST

    lift = ((mac("ada"), TO_LIST), (mac("ada"), Reach(BRAND, EMAIL, ListId("daily"))))
    ports.ledger.commit(next_append("ada", 2, lift=lift))
    assert ports.ledger.lookup(mac("ada")).suppressions == (*ROWS[:2], *ROWS[3:])
    ports.ledger.commit(next_append("ada", 3, lift=((mac("ada"), BRAND), (mac("ada"), None))))
    assert ports.ledger.lookup(mac("ada")).suppressions == ROWS[3:]


def test_one_reach_is_lifted_and_put_by_one_append_of_several(ports):
    ports.ledger.commit(first_append("ada", suppress=ROWS[:3]))
    newer = of(TO_LIST, reason="unsubscribed")
    lift = tuple((mac("ada"), row.reach) for row in ROWS[:3])
    ports.ledger.commit(next_append("ada", 1, suppress=(newer,), lift=lift))
    assert ports.ledger.lookup(mac("ada")).suppressions == (newer,)


def test_who_was_suppressed_for_the_very_list_in_between_is_not_taken_in(ports):
    row = replace(of(TO_LIST), event=event("controller"), salt_key=b"s" * 32)
    ports.ledger.append_controller_entry(row.event, leaf(row.event, START_MS), None, (row,))
    free = (EVERYWHERE, Reach(BRAND), Reach(BRAND, EMAIL, ListId("another")))
    refused = first_append("ada", unsuppressed=((mac("ada"), TO_LIST),))
    with pytest.raises(Conflict):
        ports.ledger.commit(refused)
    taken = replace(refused, unsuppressed=tuple((mac("ada"), reach) for reach in free))
    ports.ledger.commit(taken)
    assert ports.ledger.lookup(mac("ada")).suppressions == (row,)


def test_a_state_with_the_suppression_of_a_list_comes_back(ports):
    ports.ledger.commit(first_append("ada", entries=2, state=FOLDED))
    assert ports.ledger.load(subject("ada")).state == FOLDED
    assert [x.reach for x in FOLDED.suppressions] == [Reach(BRAND), TO_LIST]


def test_a_whole_row_is_what_its_parts_would_have_made(dynamo):
    dynamo.ledger.commit(first_append("ada", suppress=ROWS))
    (item,) = [row["item"] for row in stored_items() if row["item"]["sk"]["S"] == "X"]
    assert item == suppressions_item(mac("ada"), ROWS)
    assert suppressions_of(item) == ROWS


def tell_the_story(ports):
    """Somebody suppressed for a list, and a stranger."""
    ports.ledger.commit(first_append("ada", entries=2, state=FOLDED, suppress=ROWS))
    row = replace(of(TO_LIST, "bo"), event=event("bo"), salt_key=b"k" * 32)
    ports.ledger.append_controller_entry(row.event, leaf(row.event, START_MS), None, (row,))


def story_rows():
    """Of everything stored, the rows that say who is suppressed for what."""
    return [row for row in plain(stored_items()) if row["item"]["sk"]["S"] in ("STATE", "X")]


@pytest.fixture
def yesterday(dynamo):
    for row in json.loads(STORED.read_text()):
        clients.client("dynamodb").put_item(TableName=row["table"], Item=binary(row["item"]))
    return dynamo


def test_the_same_story_is_still_stored_as_the_same_rows(dynamo):
    tell_the_story(dynamo)
    assert story_rows() == json.loads(STORED.read_text())


def test_stored_rows_read_as_what_they_were(yesterday):
    assert yesterday.ledger.lookup(mac("ada")).suppressions == ROWS
    (stranger,) = yesterday.ledger.lookup(mac("bo")).suppressions
    assert (stranger.reach, stranger.salt_key) == (TO_LIST, b"k" * 32)
    assert yesterday.ledger.load(subject("ada")).state == FOLDED


def test_a_row_of_a_later_schema_version_is_never_guessed_at(yesterday):
    client = clients.client("dynamodb")
    row = client.get_item(TableName="kvitto-ledger", Key=suppression_key(mac("ada")))["Item"]
    client.put_item(TableName="kvitto-ledger", Item={**row, "v": {"N": "2"}})
    with pytest.raises(FatalError):
        yesterday.ledger.lookup(mac("ada"))
