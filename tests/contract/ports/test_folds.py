# SPDX-License-Identifier: Apache-2.0
"""What SES's events told of chunks: `ports.folds` by the fakes and by DynamoDB alike.

tests/data/v1/fold_rows.json holds a row of every kind in DynamoDB's own JSON. A change that breaks
its test changes stored data: it needs a new schema version, not a new file.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.folding import Told
from chalicelib.domain.ids import CampaignId
from chalicelib.errors import FatalError
from chalicelib.ports.folds import Added, Folds, Unresolved, UnresolvedCampaigns, Watermark
from infra.bench.capacity import item_bytes, write_units
from tests.support.clock import START_MS
from tests.support.memory_folds import (
    FoldRows,
    MemoryFolds,
    MemoryUnresolvedCampaigns,
    MemoryWatermark,
)
from tests.support.tagged import CAMPAIGN, chunk

TABLE = "kvitto-campaigns"
OTHER = CampaignId("BAAAAAAAAAAAAAAAAAAAAA")
EVERYBODY = frozenset(range(50))
ROWS = Path(__file__).parents[2] / "data" / "v1" / "fold_rows.json"


@dataclass(slots=True, kw_only=True)
class Stores:
    """The ports over one set of rows."""

    folds: Folds
    watermark: Watermark
    unresolved: UnresolvedCampaigns


def dynamo_stores() -> Stores:
    from chalicelib.adapters.dynamo.folds import (
        DynamoFolds,
        DynamoUnresolvedCampaigns,
        DynamoWatermark,
    )

    return Stores(
        folds=DynamoFolds(TABLE),
        watermark=DynamoWatermark(TABLE),
        unresolved=DynamoUnresolvedCampaigns(TABLE),
    )


@pytest.fixture(params=["memory", "dynamo"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        return dynamo_stores()
    rows = FoldRows()
    return Stores(
        folds=MemoryFolds(rows),
        watermark=MemoryWatermark(rows),
        unresolved=MemoryUnresolvedCampaigns(rows),
    )


def test_what_is_told_adds_up_and_each_write_tells_all_that_is_known(stores):
    first = Told(sent=frozenset({0, 49}), delivered=frozenset({0}))
    second = Told(bounced=frozenset({3}), flagged=frozenset({0, 4}))
    assert stores.folds.of_chunk(chunk()) == Told()
    assert stores.folds.add(chunk(), first).known == first
    assert stores.folds.add(chunk(), first).known == first
    assert stores.folds.add(chunk(), second) == Added(before=first, known=first | second)
    assert stores.folds.of_chunk(chunk()) == first | second
    assert stores.folds.of_chunk(chunk(1)) == Told()


def test_who_is_given_up_is_told_to_whoever_adds_next(stores):
    assert stores.folds.give_up(chunk(), [1, 2]) == Told(given_up=frozenset({1, 2}))
    known = stores.folds.add(chunk(), Told(sent=frozenset({2}))).known
    assert known == Told(sent=frozenset({2}), given_up=frozenset({1, 2}))
    assert stores.folds.give_up(chunk(), [3]).given_up == {1, 2, 3}


def test_to_tell_nothing_is_a_mistake(stores):
    with pytest.raises(FatalError):
        stores.folds.add(chunk(), Told())
    with pytest.raises(FatalError):
        stores.folds.give_up(chunk(), [])


def test_a_campaigns_chunks_are_read_over_all_shards_and_no_others(stores):
    for number, shard in enumerate("0f3"):
        stores.folds.add(chunk(number, shard), Told(sent=frozenset({number})))
    stores.folds.add(chunk(0, "3", OTHER), Told(sent=frozenset({9})))
    told = sorted(stores.folds.of_campaign(CAMPAIGN), key=lambda each: sorted(each.sent))
    assert told == [Told(sent=frozenset({number})) for number in range(3)]
    assert list(stores.folds.of_campaign(CampaignId("none"))) == []


def test_the_watermark_never_falls(stores):
    assert stores.watermark.latest_ms() is None
    for at_ms, latest_ms in ((5, 5), (9, 9), (7, 9), (9, 9)):
        stores.watermark.note(at_ms)
        assert stores.watermark.latest_ms() == latest_ms


def test_a_campaign_noted_is_looked_at_until_it_is_dropped(stores):
    assert stores.unresolved.due(START_MS) == ()
    stores.unresolved.note(CAMPAIGN, START_MS)
    assert stores.unresolved.due(START_MS - 1) == ()
    (seen,) = stores.unresolved.due(START_MS)
    assert seen == Unresolved(campaign=CAMPAIGN, notes=1)
    stores.unresolved.postpone(seen, START_MS + 60)
    assert stores.unresolved.due(START_MS + 59) == ()
    (seen,) = stores.unresolved.due(START_MS + 60)
    stores.unresolved.drop(seen)
    stores.unresolved.drop(seen)
    assert stores.unresolved.due(START_MS + 60) == ()


def test_a_note_waits_for_the_next_look_unless_it_is_urgent(stores):
    stores.unresolved.note(CAMPAIGN, START_MS)
    stores.unresolved.postpone(*stores.unresolved.due(START_MS), START_MS + 60)
    stores.unresolved.note(CAMPAIGN, START_MS + 1)
    assert stores.unresolved.due(START_MS + 1) == ()
    stores.unresolved.note(CAMPAIGN, START_MS + 2, at_once=True)
    assert [each.notes for each in stores.unresolved.due(START_MS + 2)] == [3]


def test_what_is_noted_while_somebody_looks_is_looked_at_again(stores):
    stores.unresolved.note(CAMPAIGN, START_MS)
    (seen,) = stores.unresolved.due(START_MS)
    stores.unresolved.note(CAMPAIGN, START_MS)
    stores.unresolved.drop(seen)
    stores.unresolved.postpone(seen, START_MS + 60)
    assert [each.campaign for each in stores.unresolved.due(START_MS)] == [CAMPAIGN]


@pytest.mark.usefixtures("tables")
def test_one_write_unit_folds_all_that_can_be_told_of_a_chunk():
    stores = dynamo_stores()
    whole = Told(sent=EVERYBODY, delivered=EVERYBODY, bounced=EVERYBODY, flagged=EVERYBODY)
    stores.folds.give_up(chunk(9_999_999), EVERYBODY)
    stores.folds.add(chunk(9_999_999), whole)
    (item,) = clients.client("dynamodb").scan(TableName=TABLE)["Items"]
    sets = sum(
        len(name) + sum((len(each) + 1) // 2 + 1 for each in value["NS"])
        for name, value in item.items()
        if "NS" in value
    )
    rest = {name: value for name, value in item.items() if "NS" not in value}
    assert write_units(item_bytes(rest) + sets) == 1


@pytest.mark.usefixtures("tables")
def test_stored_rows_are_read_and_added_to():
    rows = json.loads(ROWS.read_text())
    dynamodb, stores = clients.client("dynamodb"), dynamo_stores()
    for row in rows:
        dynamodb.put_item(TableName=TABLE, Item=row["item"])
    known = Told(
        sent=frozenset({0, 1, 2}),
        delivered=frozenset({0}),
        bounced=frozenset({1}),
        flagged=frozenset({2}),
        given_up=frozenset({2}),
    )
    assert stores.folds.of_chunk(chunk(7)) == known
    assert stores.folds.add(chunk(7), Told(sent=frozenset({3}))).known.sent == {0, 1, 2, 3}
    assert stores.watermark.latest_ms() == 1795435200000
    assert stores.unresolved.due(1795435200000) == (Unresolved(campaign=CAMPAIGN, notes=2),)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("kind", ["F#", "WM", "UNRESOLVED"])
def test_a_row_of_another_version_is_neither_read_nor_changed(kind):
    (row,) = [
        row for row in json.loads(ROWS.read_text()) if row["item"]["pk"]["S"].startswith(kind)
    ]
    dynamodb, stores = clients.client("dynamodb"), dynamo_stores()
    dynamodb.put_item(TableName=TABLE, Item={**row["item"], "v": {"N": "9"}})
    acts = {
        "F#": (
            lambda: stores.folds.of_chunk(chunk(7)),
            lambda: stores.folds.add(chunk(7), Told(sent=frozenset({3}))),
        ),
        "WM": (stores.watermark.latest_ms, lambda: stores.watermark.note(START_MS + 1)),
        "UNRESOLVED": (
            lambda: stores.unresolved.due(START_MS),
            lambda: stores.unresolved.note(CAMPAIGN, START_MS),
        ),
    }
    for act in acts[kind]:
        with pytest.raises(FatalError):
            act()
