# SPDX-License-Identifier: Apache-2.0
"""What every `Anchors` guarantees, on the fake and on DynamoDB's adapter."""

import json
from pathlib import Path

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.anchors import DynamoAnchors
from chalicelib.domain.ids import SHARDS
from chalicelib.errors import FatalError
from chalicelib.ports.time import Anchor
from tests.contract.ports.conftest import LEDGER, ORIGIN, stored_items
from tests.support.appends import event, first_append, leaf
from tests.support.clock import START_MS
from tests.support.memory_time import MemoryAnchors

DATA = Path(__file__).parents[2] / "data" / "v1"
SIZES = (9, 10, 99, 2**40)


@pytest.fixture(params=["memory", "dynamo"])
def anchors(request):
    if request.param == "memory":
        return MemoryAnchors()
    request.getfixturevalue("tables")
    return DynamoAnchors(ledger_table=LEDGER, origin=ORIGIN)


def anchor(size):
    return Anchor(size=size, time_ms=1_795_435_200_000 + size)


@pytest.mark.parametrize(
    ("at", "before", "above"),
    [
        (0, None, 9),
        (8, None, 9),
        (9, 9, 10),
        (98, 10, 99),
        (10**6, 99, 2**40),
        (2**41, 2**40, None),
    ],
)
def test_the_nearest_anchor_on_each_side_is_found_by_number_and_not_by_spelling(
    anchors, at, before, above
):
    for size in SIZES:
        anchors.add(anchor(size))
    assert anchors.latest(at) == (anchor(before) if before else None)
    assert anchors.next_above(at) == (anchor(above) if above else None)


def test_without_anchors_there_is_none(anchors):
    assert anchors.latest(5) is None
    assert anchors.next_above(5) is None


def test_adding_again_is_harmless(anchors):
    anchors.add(anchor(9))
    anchors.add(anchor(9))
    assert anchors.latest(9) == anchor(9)
    assert anchors.next_above(9) is None


def test_another_logs_anchors_are_not_this_ones(tables):
    DynamoAnchors(ledger_table=LEDGER, origin="example.org/other").add(anchor(9))
    assert DynamoAnchors(ledger_table=LEDGER, origin=ORIGIN).latest(9) is None
    assert [row["item"]["pk"]["S"] for row in stored_items()] == ["A#example.org/other"]


def test_one_entry_a_shard_read_from_the_outbox_holds_the_oldest_of_all(ports):
    """What anchoring asks before it stamps: is anything old waiting?"""
    for number in range(40):
        ports.ledger.commit(first_append(f"person {number}", entries=3))
    ports.ledger.append_controller_entry(event("old"), leaf(event("old"), START_MS - 60_000), None)
    found = ports.outbox.pending(len(SHARDS))
    assert found[0].event == event("old")


def test_a_row_of_version_1_reads_as_what_it_was_and_a_later_one_is_never_guessed_at(tables):
    (row,) = json.loads((DATA / "anchor_rows.json").read_text())
    stored = DynamoAnchors(ledger_table=LEDGER, origin=ORIGIN)
    stored.add(Anchor(size=12, time_ms=1_795_435_200_000))
    assert stored_items() == [row]
    clients.client("dynamodb").put_item(
        TableName=LEDGER, Item={**row["item"], "v": {"N": "2"}, "time": {"S": "noon"}}
    )
    with pytest.raises(FatalError):
        stored.latest(12)
