# SPDX-License-Identifier: Apache-2.0
"""Rows of runs and chunks, version 2: what they cost, and that yesterday's are read and finished.

tests/data/v2/run_rows.json holds a row of every kind and state, in DynamoDB's own JSON, binary as
base64. A change that breaks these tests changes stored data: it needs a new schema version, not a
new file.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.run_accounts import DynamoChunkAccounts, DynamoPlanTotals
from chalicelib.adapters.dynamo.runs import DynamoRuns
from chalicelib.domain.campaigns import ChunkRef, ChunkStatus, Progress
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId, encode_id
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.runs import Mark, RunRef, Settled, Totals
from chalicelib.errors import Conflict, FatalError, Throttled
from chalicelib.ports.sending import DeliveryRow
from infra.bench.capacity import item_bytes, write_units
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.former_chunks import DynamoChunks
from tests.support.former_port import ChunkResult

DATA = Path(__file__).parents[2] / "data"
TABLE = "kvitto-campaigns"
CAMPAIGN = CampaignId("AAAAAAAAAAAAAAAAAAAAAA")
OWNER, OTHER = encode_id(bytes(range(16))), encode_id(bytes(range(16, 32)))
RUN = RunRef(campaign=CAMPAIGN, shard="3", first=0, count=16)
FULL = bytes((Code.DISPATCHED,)) * 50
PAIR = FULL[:2]
NEW_ID = "0102018f3c2b1a4d-6d2f8c1e-0b5a-4c3d-9e8f-{:012x}-000000"
FORMER_RUN = replace(RUN, shard="4")
AFTER_LEASES_MS = START_MS + 90_000


class Stores:
    """Every adapter over the table."""

    def __init__(self) -> None:
        self.runs = DynamoRuns(TABLE, FakeClock(), SeededRandom())
        self.accounts = DynamoChunkAccounts(TABLE)
        self.totals = DynamoPlanTotals(TABLE)
        self.former = DynamoChunks(TABLE, FakeClock(), SeededRandom())

    def mark(self, number: int, codes: bytes, owner: str = OWNER, run: RunRef = RUN) -> Mark:
        view = self.runs.view(run)[number - run.first]
        return Mark(view=view, owner=owner, codes=codes, at_ms=START_MS + 10)

    def dispatched(self, number: int, codes: bytes = PAIR, run: RunRef = RUN) -> Mark:
        mark = self.mark(number, codes, run=run)
        self.runs.dispatch(mark, deliveries(mark))
        return mark


def deliveries(mark: Mark) -> tuple[DeliveryRow, ...]:
    return tuple(
        DeliveryRow(
            delivery=DeliveryId(f"d{number:06d}-{place:08d}"),
            campaign=CAMPAIGN,
            sid=SubjectId("DDDDDDDDDDDDDDDDDDDDDA"),
            chunk=mark.chunk.name,
            basis="soft-opt-in",
            entry=1_000_000,
            measured=True,
            at_ms=START_MS,
        )
        for number in (mark.chunk.number,)
        for place in range(mark.people)
    )


def told(*codes: Code, ids: tuple[str | None, ...] = ()) -> Settled:
    return Settled(codes=bytes(codes), message_ids=ids, at_ms=START_MS + 500)


@pytest.fixture
def stores(tables: None) -> Stores:
    return Stores()


def stored(sort_key: str, pk: str = f"K#{CAMPAIGN}#3") -> dict[str, Any]:
    """A row as DynamoDB holds it, binary as base64."""
    key = {"pk": {"S": pk}, "sk": {"S": sort_key}}
    return plain(clients.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"])


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in item.items()
    }


def bare(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else value
        for name, value in item.items()
    }


def units(item: Mapping[str, Any]) -> int:
    return write_units(item_bytes(item))


class Calls:
    """Counts the requests made of DynamoDB."""

    def __init__(self) -> None:
        self.made: list[str] = []
        events = clients.client("dynamodb").meta.events
        events.register("before-call.dynamodb.*", self._count)

    def _count(self, model: Any, **_: Any) -> None:
        self.made.append(model.name)

    def since(self) -> list[str]:
        made, self.made = self.made, []
        return made


# What a run costs


def test_a_mark_writes_one_unit_and_its_outcome_two_with_the_longest_ids_of_today(stores):
    big = replace(RUN, first=9_999_983)
    mark = stores.dispatched(9_999_998, FULL, run=big)
    assert units(stored("9999998")) == 1
    ids = tuple(NEW_ID.format(place) for place in range(50))
    stores.runs.commit(mark, told(*(Code.SENT,) * 50, ids=ids))
    assert item_bytes(stored("9999998")) <= 1_800
    assert units(stored("9999998")) == 2
    assert stores.runs.view(big)[15].message_ids == ids


def test_ids_of_a_form_never_seen_cost_four_units_at_most(stores):
    mark = stores.dispatched(0, FULL)
    stores.runs.commit(mark, told(*(Code.SENT,) * 50, ids=("x" * 62,) * 50))
    assert units(stored("0000000")) == 4


def test_leases_totals_and_deliveries_are_a_unit_each(stores):
    stores.runs.lease(RUN, OWNER, START_MS, 300_000)
    stores.dispatched(0)
    for shard in "0123456789abcdef":
        stores.totals.planned(CAMPAIGN, shard, 62_500, 62_500)
    stores.totals.go(CAMPAIGN, START_MS)
    rows = [
        stored("R0000000"),
        stored("TOTALS", f"P#{CAMPAIGN}"),
        stored("D", "D#d000000-00000000"),
    ]
    assert [units(row) for row in rows] == [1, 1, 1]


def test_a_run_is_two_calls_and_a_chunk_in_it_four(stores):
    calls = Calls()
    stores.runs.lease(RUN, OWNER, START_MS, 300_000)
    view = stores.runs.view(RUN)[0]
    assert calls.since() == ["UpdateItem", "Query"]
    mark = Mark(view=view, owner=OWNER, codes=FULL, at_ms=START_MS)
    stores.runs.dispatch(mark, deliveries(mark))
    stores.runs.commit(mark, told(*(Code.SENT,) * 50))
    assert calls.since() == ["UpdateItem", "BatchWriteItem", "BatchWriteItem", "UpdateItem"]
    nobody = stores.mark(1, bytes((Code.CANCELLED,)) * 50)
    calls.since()
    stores.runs.dispatch(nobody, ())
    assert calls.since() == ["UpdateItem"]


# What DynamoDB may do


def test_rows_that_cannot_be_written_are_said_and_the_chunk_can_be_given_back(stores, monkeypatch):
    client = clients.client("dynamodb")

    def nothing(RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803 -- the SDK's own argument name
        return {"UnprocessedItems": RequestItems}

    mark = stores.mark(0, PAIR)
    monkeypatch.setattr(client, "batch_write_item", nothing)
    with pytest.raises(Throttled):
        stores.runs.dispatch(mark, deliveries(mark))
    stores.runs.release(mark)
    assert stores.runs.view(RUN)[0].codes == bytes((Code.OPEN, Code.OPEN))


def test_rows_that_are_not_written_at_once_are_written_in_the_end(stores, monkeypatch):
    client = clients.client("dynamodb")
    real, sizes = client.batch_write_item, []

    def some(RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803 -- the SDK's own argument name
        ((table, rows),) = RequestItems.items()
        sizes.append(len(rows))
        left = rows[5:] if len(sizes) % 2 else []
        answer = real(RequestItems={table: rows[: len(rows) - len(left)]})
        return {**answer, "UnprocessedItems": {table: left} if left else {}}

    mark = stores.mark(0, FULL[:30])
    rows = deliveries(mark)
    monkeypatch.setattr(client, "batch_write_item", some)
    stores.runs.dispatch(mark, rows)
    assert sizes == [25, 20, 5]
    kept = [stored("D", f"D#{row.delivery}")["sid"] for row in rows]
    assert kept == [{"S": row.sid} for row in rows]


def test_an_event_between_a_late_commits_look_and_its_write_is_not_lost(stores, monkeypatch):
    mark = stores.dispatched(0, FULL[:3])
    stores.accounts.expire(CAMPAIGN, "3", START_MS + 11)
    client = clients.client("dynamodb")
    real, met = client.update_item, []

    def update_item(**request: Any) -> Any:
        met.append(request["ConditionExpression"])
        if (
            len(met) == 2
        ):  # The first look found the chunk unknown; an event comes before the second.
            lost = stores.runs.view(RUN)[0]
            assert stores.accounts.resolve(lost, {2: Code.RESOLVED_SENT})
        return real(**request)

    monkeypatch.setattr(client, "update_item", update_item)
    stores.runs.commit(mark, told(Code.SENT, Code.REJECTED, Code.UNKNOWN))
    after = bytes((Code.SENT, Code.REJECTED, Code.RESOLVED_SENT))
    assert stores.runs.view(RUN)[0].codes == after
    assert len(met) == 4


# Yesterday's rows


def tell_the_story(stores: Stores) -> None:
    """A chunk of every state, a lease, totals, and one taken over from version 1."""
    stores.totals.planned(CAMPAIGN, "3", 11, 1)
    stores.runs.lease(RUN, OWNER, START_MS, 300_000)
    stores.dispatched(0)
    done = stores.dispatched(1, PAIR + bytes((Code.NO_CONSENT, Code.FAILED)))
    settled = told(
        Code.SENT, Code.REJECTED, Code.NO_CONSENT, Code.FAILED, ids=(NEW_ID.format(1), None)
    )
    stores.runs.commit(done, settled)
    stores.runs.commit(stores.dispatched(2), told(Code.OPEN, Code.SENT, ids=(None, "0100-aa")))
    lost = replace(stores.mark(3, FULL[:3]), at_ms=START_MS)
    stores.runs.dispatch(lost, deliveries(lost))
    stores.accounts.expire(CAMPAIGN, "3", START_MS + 5)
    stores.accounts.resolve(stores.runs.view(RUN)[3], {0: Code.RESOLVED_SENT, 1: Code.UNSENT})
    part = ChunkRef(campaign=CAMPAIGN, shard="4", number=0)
    stores.former.planned(CAMPAIGN, "4", 3)
    stores.former.claim(part, "old", START_MS, 60_000)
    row = deliveries(stores.mark(0, PAIR[:1], run=replace(RUN, shard="5")))
    stores.former.dispatch(part, "old", row, START_MS, {"withdrawn": 1})
    stores.former.commit(
        part,
        "old",
        ChunkResult(
            sent=1,
            rejected=0,
            unknown=0,
            skipped={"withdrawn": 1},
            message_ids=("0100-bb",),
            at_ms=START_MS + 20,
            unsettled=(1,),
        ),
    )
    taken = bytes((Code.EARLIER, Code.DISPATCHED, Code.EARLIER))
    mark = stores.mark(0, taken, run=FORMER_RUN)
    stores.runs.dispatch(mark, row)


def rows_now() -> list[dict[str, Any]]:
    """Every row of the table but deliveries, ordered by key."""
    pages = clients.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
    rows = [plain(item) for page in pages for item in page["Items"]]
    kept = [row for row in rows if not row["pk"]["S"].startswith("D#")]
    return sorted(kept, key=lambda row: (row["pk"]["S"], row["sk"]["S"]))


def frozen() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((DATA / "v2" / "run_rows.json").read_text())
    return rows


def restore(rows: list[dict[str, Any]], **changed: Any) -> None:
    for row in rows:
        clients.client("dynamodb").put_item(TableName=TABLE, Item={**bare(row), **changed})


def test_the_same_story_is_still_stored_as_the_same_rows(stores):
    tell_the_story(stores)
    assert rows_now() == frozen()


def test_yesterdays_rows_are_read_as_what_they_were(stores):
    restore(frozen())
    views = stores.runs.view(RUN)
    assert [view.status for view in views[:5]] == [
        ChunkStatus.DISPATCHED,
        ChunkStatus.DONE,
        ChunkStatus.PARTIAL,
        ChunkStatus.UNKNOWN,
        None,
    ]
    assert views[1].message_ids == (NEW_ID.format(1),)
    assert views[3].codes == bytes((Code.RESOLVED_SENT, Code.UNSENT, Code.UNKNOWN))
    counted, shards = stores.accounts.progress(CAMPAIGN)
    assert (shards, counted.dispatched, counted.resolved) == (2, 3, 1)
    assert counted.progress == Progress(
        planned=14,
        sent=4,
        rejected=1,
        unknown=1,
        skipped={"failed": 1, "no-consent": 1, "unsent": 1, "withdrawn": 1},
        first_ms=START_MS + 20,
        last_ms=START_MS + 500,
    )
    with pytest.raises(Conflict):
        stores.runs.lease(RUN, OTHER, START_MS, 300_000)
    assert stores.totals.totals(CAMPAIGN) == Totals(people={"3": 11}, render_errors={"3": 1})
    assert stores.runs.view(FORMER_RUN)[0].message_ids == ("0100-bb",)


READS = {
    "lease": lambda s: s.runs.lease(RUN, OTHER, AFTER_LEASES_MS * 2, 1),
    "close": lambda s: s.runs.close(RUN, OTHER, counted=True),
    "view": lambda s: s.runs.view(RUN),
    "expire": lambda s: s.accounts.expire(CAMPAIGN, "3", AFTER_LEASES_MS),
    "finished": lambda s: s.accounts.finished(CAMPAIGN, "3"),
    "chunks": lambda s: list(s.accounts.chunks(CAMPAIGN, "3")),
    "progress": lambda s: s.accounts.progress(CAMPAIGN),
    "totals": lambda s: s.totals.totals(CAMPAIGN),
    "planned": lambda s: s.totals.planned(CAMPAIGN, "3", 11),
    "go": lambda s: s.totals.go(CAMPAIGN, START_MS),
}


@pytest.mark.parametrize("kind", READS)
def test_rows_of_a_later_schema_version_are_never_guessed_at(stores, kind):
    restore(frozen(), v={"N": "3"})
    before = rows_now()
    with pytest.raises(FatalError):
        READS[kind](stores)
    assert rows_now() == before


def test_an_outcome_of_a_later_version_is_never_guessed_at(stores):
    stores.dispatched(0)
    row = stored("0000000")
    later = {"out": {"B": base64.b64encode(b"\x01\xfe").decode()}}
    restore([row], **bare(later))
    with pytest.raises(FatalError):
        stores.runs.view(RUN)
    with pytest.raises(FatalError):
        stores.accounts.progress(CAMPAIGN)


def test_a_state_that_is_not_that_of_its_people_stops_the_code(stores):
    stores.dispatched(0)
    restore([stored("0000000")], status={"S": "partial"})
    with pytest.raises(FatalError):
        stores.runs.view(RUN)


# A campaign in flight when version 2 comes


@pytest.fixture
def in_flight(stores: Stores) -> Stores:
    """The chunks of tests/data/v1: claimed, dispatched, done, unknown, given back, and in parts."""
    rows = json.loads((DATA / "v1" / "campaign_rows.json").read_text())
    restore([row["item"] for row in rows if row["item"]["pk"]["S"][:2] in ("K#", "D#")])
    return stores


def test_what_version_1_left_is_seen_as_it_is(in_flight):
    views = in_flight.runs.view(RUN)[:6]
    assert [view.free(AFTER_LEASES_MS) for view in views] == [True, False, False, False, True, True]
    assert [view.free(START_MS) for view in views] == [False, False, False, False, True, True]
    assert in_flight.accounts.finished(CAMPAIGN, "3") == {2, 3}
    parts = in_flight.runs.view(FORMER_RUN)[:4]
    assert [view.free(AFTER_LEASES_MS) for view in parts] == [True, False, False, True]
    for view in (parts[0], parts[3]):
        assert view.codes_of(2) == bytes((Code.EARLIER, Code.OPEN))
    assert in_flight.accounts.finished(CAMPAIGN, "4") == {1, 2}
    counted, shards = in_flight.accounts.progress(CAMPAIGN)
    assert (counted.progress, shards) == (in_flight.former.progress(CAMPAIGN)[0], 2)


def test_a_campaign_in_flight_is_finished_and_everybody_is_accounted_for(in_flight):
    before = in_flight.accounts.progress(CAMPAIGN)[0].progress
    for shard, people in (("3", 1), ("4", 2)):
        run = replace(RUN, shard=shard, count=5)
        for view in in_flight.runs.view(run):
            if view.status is None or not view.free(AFTER_LEASES_MS):
                continue
            codes = view.codes_of(people).replace(b"\0", bytes((Code.DISPATCHED,)))
            mark = Mark(view=view, owner=OWNER, codes=codes, at_ms=AFTER_LEASES_MS)
            in_flight.runs.dispatch(mark, deliveries(mark))
            after = codes.replace(bytes((Code.DISPATCHED,)), bytes((Code.SENT,)))
            in_flight.runs.commit(mark, Settled(codes=after, message_ids=(), at_ms=AFTER_LEASES_MS))
    assert in_flight.accounts.expire(CAMPAIGN, "3", AFTER_LEASES_MS) == 1
    after = in_flight.accounts.progress(CAMPAIGN)[0].progress
    assert (after.sent, after.rejected) == (before.sent + 4, 0)
    assert (after.unknown, after.skipped) == (before.unknown + 1, {"withdrawn": 3})
    assert in_flight.accounts.finished(CAMPAIGN, "3") == {0, 1, 2, 3, 4}
    assert in_flight.accounts.finished(CAMPAIGN, "4") == {0, 1, 2, 3}


def test_a_worker_of_version_1_cannot_mark_what_was_taken_over(in_flight):
    chunk = RUN.chunks[0]
    mark = in_flight.mark(0, PAIR[:1])
    in_flight.runs.dispatch(mark, deliveries(mark))
    row = deliveries(mark)
    for step in (
        lambda: in_flight.former.dispatch(chunk, "a", row, AFTER_LEASES_MS),
        lambda: in_flight.former.claim(chunk, "b", AFTER_LEASES_MS, 60_000),
        lambda: in_flight.former.release(chunk, "a"),
    ):
        with pytest.raises((Conflict, FatalError)):
            step()
    names = set(stored("0000000"))
    assert not names & {"claims", "lease_ms", "people", "skipped", "unsettled", "released_by"}
