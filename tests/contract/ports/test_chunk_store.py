# SPDX-License-Identifier: Apache-2.0
"""`ports.sending.ChunkStore` as promised, by the fake and by DynamoDB's adapter alike."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.campaigns import ChunkRef, Progress
from chalicelib.domain.ids import SHARDS, CampaignId, DeliveryId, SubjectId
from chalicelib.errors import Conflict, FatalError, Throttled, Unavailable
from chalicelib.ports.sending import ChunkResult, ChunkStore, Claim, DeliveryRow
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.faults import FailOnce, Moment
from tests.support.memory_sending import MemoryChunks, SendingRows

TABLE = "kvitto-campaigns"
CAMPAIGN = CampaignId("AAAAAAAAAAAAAAAAAAAAAA")
CHUNK = ChunkRef(campaign=CAMPAIGN, shard="3", number=0)
LEASE_MS = 60_000


def dynamo_chunks() -> Any:
    from chalicelib.adapters.dynamo.chunks import DynamoChunks

    return DynamoChunks(TABLE, FakeClock(), SeededRandom())


@pytest.fixture(params=["memory", "dynamo"])
def chunks(request: pytest.FixtureRequest) -> ChunkStore:
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        store: ChunkStore = dynamo_chunks()
        return store
    return MemoryChunks(SendingRows())


def row(number: int = 0) -> DeliveryRow:
    return DeliveryRow(
        delivery=DeliveryId(f"delivery-{number:07d}"),
        campaign=CAMPAIGN,
        sid=SubjectId("DDDDDDDDDDDDDDDDDDDDDA"),
        chunk="3/0000000",
        basis="consent",
        entry=1,
        measured=number % 2 == 0,
        at_ms=START_MS,
    )


def result(sent: int = 2, rejected: int = 0, unknown: int = 0, **skipped: int) -> ChunkResult:
    ids = tuple(f"0100-{n}" if n % 2 == 0 else None for n in range(sent + rejected))
    return ChunkResult(
        sent=sent,
        rejected=rejected,
        unknown=unknown,
        skipped=skipped,
        message_ids=ids,
        at_ms=START_MS + 500,
    )


def test_a_chunk_is_claimed_by_one_at_a_time(chunks):
    assert chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    with pytest.raises(Conflict):
        chunks.claim(CHUNK, "b", START_MS + LEASE_MS, LEASE_MS)
    assert chunks.claim(replace(CHUNK, number=1), "b", START_MS, LEASE_MS)
    assert chunks.claim(replace(CHUNK, shard="4"), "b", START_MS, LEASE_MS)


def test_claiming_again_after_a_lost_answer_is_harmless(chunks):
    assert chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    assert chunks.claim(CHUNK, "a", START_MS, LEASE_MS)


def test_an_expired_lease_can_be_claimed_and_its_owner_can_do_nothing_more(chunks):
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    assert chunks.claim(CHUNK, "b", START_MS + LEASE_MS + 1, LEASE_MS)
    with pytest.raises(Conflict):
        chunks.dispatch(CHUNK, "a", (row(),), START_MS)
    with pytest.raises(Conflict):
        chunks.release(CHUNK, "a")
    with pytest.raises(Conflict):
        chunks.commit(CHUNK, "a", result(sent=0, withdrawn=2))
    chunks.dispatch(CHUNK, "b", (row(),), START_MS)


@pytest.mark.parametrize("skew_ms", [-300_000, 0, 300_000])
def test_clocks_that_disagree_never_let_two_owners_dispatch(chunks, skew_ms):
    dispatched = []
    for owner, now_ms in (("a", START_MS), ("b", START_MS + skew_ms), ("c", START_MS - skew_ms)):
        try:
            if chunks.claim(CHUNK, owner, now_ms, LEASE_MS):
                dispatched.append(owner)
        except Conflict:
            continue
    marked = []
    for owner in reversed(dispatched):
        try:
            chunks.dispatch(CHUNK, owner, (row(),), START_MS)
            marked.append(owner)
        except Conflict:
            continue
    assert len(marked) == 1


def test_a_dispatched_chunk_is_never_claimed_again(chunks):
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    chunks.dispatch(CHUNK, "a", (row(),), START_MS)
    year_ms = 365 * 86_400_000
    assert chunks.claim(CHUNK, "b", START_MS + year_ms, LEASE_MS) is None
    assert chunks.claim(CHUNK, "a", START_MS + year_ms, LEASE_MS) is None
    chunks.expire(CAMPAIGN, "3", START_MS + year_ms)
    assert chunks.claim(CHUNK, "b", START_MS + year_ms, LEASE_MS) is None
    chunks.commit(CHUNK, "a", result(sent=1))
    assert chunks.claim(CHUNK, "b", START_MS + year_ms, LEASE_MS) is None


def test_dispatching_needs_a_claim(chunks):
    with pytest.raises(Conflict):
        chunks.dispatch(CHUNK, "a", (row(),), START_MS)
    assert chunks.delivery(row().delivery) is None


def test_dispatch_writes_every_delivery_before_anything_is_sent(chunks):
    rows = tuple(row(number) for number in range(50))
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    chunks.dispatch(CHUNK, "a", rows, START_MS)
    for each in rows:
        seen = chunks.delivery(each.delivery)
        assert seen is not None
        assert (seen.row, seen.event, seen.event_ms, seen.message_id) == (each, None, None, None)
    assert chunks.delivery(DeliveryId("none")) is None


def test_a_dispatch_repeated_by_the_sdk_is_one_and_a_second_one_is_refused(chunks):
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    chunks.dispatch(CHUNK, "a", (row(),), START_MS)
    chunks.dispatch(CHUNK, "a", (row(),), START_MS)
    with pytest.raises(Conflict):
        chunks.dispatch(CHUNK, "a", (row(),), START_MS + 1)


def test_a_released_chunk_can_be_claimed_at_once_and_sent(chunks):
    for step in (lambda: None, lambda: chunks.dispatch(CHUNK, "a", (row(),), START_MS)):
        chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
        step()
        chunks.release(CHUNK, "a")
        chunks.release(CHUNK, "a")
        assert chunks.claim(CHUNK, "b", START_MS, LEASE_MS)
        chunks.release(CHUNK, "b")
    chunks.claim(CHUNK, "c", START_MS, LEASE_MS)
    chunks.dispatch(CHUNK, "c", (row(),), START_MS)
    chunks.commit(CHUNK, "c", result(sent=1))


def test_what_is_done_or_unknown_is_never_given_back(chunks):
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    chunks.dispatch(CHUNK, "a", (row(),), START_MS)
    chunks.expire(CAMPAIGN, "3", START_MS + 1)
    with pytest.raises(Conflict):
        chunks.release(CHUNK, "a")
    chunks.commit(CHUNK, "a", result(sent=1))
    with pytest.raises(Conflict):
        chunks.release(CHUNK, "a")


def test_nobody_is_counted_as_sent_without_a_dispatch(chunks):
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    for wrong in (result(sent=1), result(sent=0, rejected=1), result(sent=0, unknown=1)):
        with pytest.raises(Conflict):
            chunks.commit(CHUNK, "a", wrong)
    chunks.commit(CHUNK, "a", result(sent=0, withdrawn=3))
    assert chunks.progress(CAMPAIGN)[0].skipped == {"withdrawn": 3}


def test_a_commit_repeated_keeps_the_first_outcome(chunks):
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    chunks.dispatch(CHUNK, "a", (row(0), row(1)), START_MS)
    chunks.commit(CHUNK, "a", result(sent=2))
    chunks.commit(CHUNK, "a", result(sent=2))
    with pytest.raises(Conflict):
        chunks.commit(CHUNK, "b", result(sent=2))
    assert chunks.progress(CAMPAIGN)[0].sent == 2


def part(*unsettled: int, **outcome: int) -> ChunkResult:
    """An attempt that settled some of four people and left those at ``unsettled``."""
    return replace(result(**{"sent": 1, **outcome}), unsettled=unsettled)


def dispatched(chunks, owner: str, *people: int, **skipped: int) -> Claim | None:
    claim = chunks.claim(CHUNK, owner, START_MS, LEASE_MS)
    chunks.dispatch(CHUNK, owner, tuple(row(number) for number in people), START_MS, skipped)
    return claim


def test_a_chunk_settled_in_part_is_claimed_again_for_the_rest_alone(chunks):
    assert dispatched(chunks, "a", 0, 1, 2) == Claim(unsettled=None)
    chunks.commit(CHUNK, "a", part(1, 2, withdrawn=1))
    settled, _ = chunks.progress(CAMPAIGN)
    assert (settled.sent, settled.skipped, settled.accounted) == (1, {"withdrawn": 1}, 2)
    assert dispatched(chunks, "b", 1, 2) == Claim(unsettled=(1, 2))
    chunks.commit(CHUNK, "b", replace(part(2), at_ms=START_MS + 900))
    assert dispatched(chunks, "c", 2) == Claim(unsettled=(2,))
    chunks.commit(CHUNK, "c", replace(result(0, rejected=1), at_ms=START_MS + 1_400))
    assert chunks.claim(CHUNK, "d", START_MS, LEASE_MS) is None
    assert chunks.progress(CAMPAIGN)[0] == Progress(
        sent=2,
        rejected=1,
        skipped={"withdrawn": 1},
        first_ms=START_MS + 500,
        last_ms=START_MS + 1_400,
    )


def test_a_part_committed_twice_counts_once_and_its_owner_can_do_nothing_more(chunks):
    dispatched(chunks, "a", 0, 1)
    chunks.commit(CHUNK, "a", part(1))
    chunks.commit(CHUNK, "a", part(1))
    assert chunks.progress(CAMPAIGN)[0].accounted == 1
    for step in (
        lambda: chunks.commit(CHUNK, "a", result(sent=1)),
        lambda: chunks.release(CHUNK, "a"),
        lambda: chunks.dispatch(CHUNK, "a", (row(1),), START_MS),
        lambda: chunks.commit(CHUNK, "b", part(1)),
    ):
        with pytest.raises(Conflict):
            step()
    assert chunks.claim(CHUNK, "b", START_MS, LEASE_MS) == Claim(unsettled=(1,))
    with pytest.raises(Conflict):
        chunks.commit(CHUNK, "a", part(1))
    assert chunks.progress(CAMPAIGN)[0].accounted == 1


def test_a_part_needs_a_dispatch(chunks):
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    with pytest.raises(Conflict):
        chunks.commit(CHUNK, "a", part(1, sent=0, withdrawn=1))


def test_the_rest_of_a_chunk_survives_a_release_and_a_lease_that_ended(chunks):
    dispatched(chunks, "a", 0, 1)
    chunks.commit(CHUNK, "a", part(1))
    assert dispatched(chunks, "b", 1, withdrawn=1) == Claim(unsettled=(1,))
    chunks.release(CHUNK, "b")
    assert chunks.progress(CAMPAIGN)[0].accounted == 1
    assert chunks.claim(CHUNK, "c", START_MS, LEASE_MS) == Claim(unsettled=(1,))
    with pytest.raises(Conflict):
        chunks.claim(CHUNK, "d", START_MS + 1, LEASE_MS)
    later = chunks.claim(CHUNK, "d", START_MS + LEASE_MS + 1, LEASE_MS)
    assert later == Claim(unsettled=(1,))
    chunks.commit(CHUNK, "d", result(sent=0, cancelled=1))
    assert chunks.progress(CAMPAIGN)[0].skipped == {"cancelled": 1}
    assert chunks.claim(CHUNK, "e", START_MS, LEASE_MS) is None


def test_a_chunk_settled_in_part_is_unknown_only_for_those_dispatched_since(chunks):
    dispatched(chunks, "a", 0, 1, 2, withdrawn=1)
    chunks.commit(CHUNK, "a", part(1, 2, withdrawn=1))
    assert chunks.expire(CAMPAIGN, "3", START_MS + 1_000) == 0
    dispatched(chunks, "b", 1, withdrawn=1)
    assert chunks.expire(CAMPAIGN, "3", START_MS + 1) == 1
    lost, _ = chunks.progress(CAMPAIGN)
    assert (lost.sent, lost.unknown, lost.skipped) == (1, 1, {"withdrawn": 2})
    chunks.commit(CHUNK, "b", result(sent=1, withdrawn=1))
    late, _ = chunks.progress(CAMPAIGN)
    assert (late.sent, late.unknown, late.skipped) == (2, 0, {"withdrawn": 2})


def test_a_part_that_comes_after_the_chunk_was_called_unknown_leaves_the_rest_unknown(chunks):
    dispatched(chunks, "a", 0, 1, 2)
    chunks.expire(CAMPAIGN, "3", START_MS + 1)
    with pytest.raises(Conflict):
        chunks.commit(CHUNK, "b", part(1, 2))
    chunks.commit(CHUNK, "a", part(1, 2))
    chunks.commit(CHUNK, "a", part(1, 2))
    late, _ = chunks.progress(CAMPAIGN)
    assert (late.sent, late.unknown) == (1, 2)
    assert chunks.claim(CHUNK, "b", START_MS, LEASE_MS) is None


def test_only_chunks_that_are_done_or_unknown_need_no_message(chunks):
    assert chunks.finished(CAMPAIGN, "3") == frozenset()
    chunks.planned(CAMPAIGN, "3", 4)
    refs = [replace(CHUNK, number=number) for number in range(6)]
    for ref in refs[:5]:
        chunks.claim(ref, "a", START_MS, LEASE_MS)
    for ref in refs[1:5]:
        at_ms = START_MS + (0 if ref.number == 1 else 10)
        chunks.dispatch(ref, "a", (row(ref.number),), at_ms)
    chunks.expire(CAMPAIGN, "3", START_MS + 5)
    chunks.commit(refs[2], "a", result(sent=1))
    chunks.commit(refs[3], "a", part(1))
    assert chunks.finished(CAMPAIGN, "3") == {1, 2}
    assert chunks.finished(CAMPAIGN, "4") == frozenset()


def test_progress_accounts_for_everybody_in_every_shard(chunks):
    assert chunks.progress(CAMPAIGN) == (Progress(), 0)
    for number, shard in enumerate(SHARDS):
        chunks.planned(CAMPAIGN, shard, 4)
        chunks.planned(CAMPAIGN, shard, 4)
        chunk = replace(CHUNK, shard=shard, number=number)
        chunks.claim(chunk, "a", START_MS, LEASE_MS)
        chunks.dispatch(chunk, "a", (row(0), row(1), row(2)), START_MS)
        done = replace(result(1, 1, 1, withdrawn=1), at_ms=START_MS + 100 * number)
        chunks.commit(chunk, "a", done)
    progress, shards = chunks.progress(CAMPAIGN)
    assert progress == Progress(
        planned=64,
        sent=16,
        rejected=16,
        unknown=16,
        skipped={"withdrawn": 16},
        first_ms=START_MS,
        last_ms=START_MS + 1_500,
    )
    assert shards == 16
    assert progress.accounted == progress.planned
    assert chunks.progress(CampaignId("other")) == (Progress(), 0)


def test_a_plan_never_changes(chunks):
    chunks.planned(CAMPAIGN, "3", 4)
    with pytest.raises(Conflict):
        chunks.planned(CAMPAIGN, "3", 5)
    assert chunks.progress(CAMPAIGN)[0].planned == 4


def test_a_chunk_lost_after_dispatch_accounts_for_everybody_in_it(chunks):
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    chunks.dispatch(CHUNK, "a", (row(0), row(1)), START_MS, {"withdrawn": 2, "suppressed": 1})
    assert chunks.expire(CAMPAIGN, "3", START_MS) == 0
    assert chunks.expire(CAMPAIGN, "4", START_MS + 1) == 0
    assert chunks.progress(CAMPAIGN)[0].accounted == 0
    assert chunks.expire(CAMPAIGN, "3", START_MS + 1) == 1
    assert chunks.expire(CAMPAIGN, "3", START_MS + 1) == 0
    lost, _ = chunks.progress(CAMPAIGN)
    assert (lost.unknown, lost.skipped, lost.accounted) == (2, {"suppressed": 1, "withdrawn": 2}, 5)
    chunks.commit(CHUNK, "a", result(2, withdrawn=2, suppressed=1))
    late, _ = chunks.progress(CAMPAIGN)
    assert (late.sent, late.unknown, late.accounted) == (2, 0, 5)


def test_a_claim_that_never_dispatched_is_not_unknown(chunks):
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    assert chunks.expire(CAMPAIGN, "3", START_MS + 10 * LEASE_MS) == 0


def test_events_give_the_same_delivery_in_any_order_and_however_often(chunks):
    events = [
        ("send", 1, START_MS, "id-1"),
        ("delivery", 2, START_MS + 9, "id-1"),
        ("delivery", 2, START_MS + 5, "id-1"),
        ("complaint", 9, START_MS + 700, "id-1"),
    ]
    for number, order in enumerate(itertools.permutations([*events, events[1]])):
        if number % 6:  # 20 of the 120 orders are enough for a database.
            continue
        delivery = row(number).delivery
        chunk = replace(CHUNK, number=number)
        chunks.claim(chunk, "a", START_MS, LEASE_MS)
        chunks.dispatch(chunk, "a", (row(number),), START_MS)
        for depth in (4, 5):
            for event in order[:depth]:
                chunks.observe(delivery, *event)
        seen = chunks.delivery(delivery)
        assert seen is not None
        assert (seen.event, seen.event_ms) == ("complaint", START_MS + 700)


def test_of_equal_events_the_earliest_stays(chunks):
    chunks.claim(CHUNK, "a", START_MS, LEASE_MS)
    chunks.dispatch(CHUNK, "a", (row(),), START_MS)
    delivery = row().delivery
    assert chunks.observe(delivery, "delivery", 2, START_MS + 9, "id-1") is True
    assert chunks.observe(delivery, "delivery", 2, START_MS + 9, "id-1") is False
    assert chunks.observe(delivery, "delivery", 2, START_MS + 5, "id-1") is True
    assert chunks.observe(delivery, "delivery", 2, START_MS + 7, "id-1") is False
    assert chunks.observe(delivery, "send", 1, START_MS, "id-1") is False
    seen = chunks.delivery(delivery)
    assert seen is not None
    assert (seen.event, seen.event_ms, seen.message_id) == ("delivery", START_MS + 5, "id-1")


def test_an_event_of_no_delivery_changes_nothing(chunks):
    assert chunks.observe(DeliveryId("none"), "bounce", 5, START_MS, "id-1") is False
    assert chunks.delivery(DeliveryId("none")) is None


def unprocessed(monkeypatch: pytest.MonkeyPatch, refuse: Any) -> list[int]:
    """Let DynamoDB leave what ``refuse`` chooses; moto itself never does."""
    client = clients.client("dynamodb")
    real, sizes = client.batch_write_item, []

    def batch_write_item(RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803 -- the SDK's own argument name
        (table, requests), *_ = RequestItems.items()
        sizes.append(len(requests))
        keep = refuse(len(sizes), requests)
        done = [each for each in requests if each not in keep]
        answer = real(RequestItems={table: done}) if done else {}
        return {**answer, "UnprocessedItems": {table: keep} if keep else {}}

    monkeypatch.setattr(client, "batch_write_item", batch_write_item)
    return sizes


def test_rows_dynamodb_did_not_process_are_written_in_the_end(tables, monkeypatch):
    store = dynamo_chunks()
    sizes = unprocessed(monkeypatch, lambda call, requests: requests[5:] if call % 2 else [])
    store.claim(CHUNK, "a", START_MS, LEASE_MS)
    rows = tuple(row(number) for number in range(30))
    store.dispatch(CHUNK, "a", rows, START_MS)
    assert sizes == [25, 20, 5]
    assert all(store.delivery(each.delivery) is not None for each in rows)


def test_rows_that_cannot_be_written_are_said_and_the_chunk_can_be_given_back(tables, monkeypatch):
    store = dynamo_chunks()
    sizes = unprocessed(monkeypatch, lambda _call, requests: requests[-1:])
    store.claim(CHUNK, "a", START_MS, LEASE_MS)
    with pytest.raises(Throttled):
        store.dispatch(CHUNK, "a", tuple(row(number) for number in range(3)), START_MS)
    assert len(sizes) == 8
    store.release(CHUNK, "a")
    assert store.claim(CHUNK, "b", START_MS, LEASE_MS)


def test_a_chunk_row_this_code_does_not_know_is_fatal(tables):
    store = dynamo_chunks()
    store.claim(CHUNK, "a", START_MS, LEASE_MS)
    client = clients.client("dynamodb")
    item = client.get_item(
        TableName=TABLE, Key={"pk": {"S": f"K#{CAMPAIGN}#3"}, "sk": {"S": "0000000"}}
    )["Item"]
    client.put_item(TableName=TABLE, Item={**item, "v": {"N": "2"}})
    for step in (
        lambda: store.claim(CHUNK, "b", START_MS, LEASE_MS),
        lambda: store.dispatch(CHUNK, "a", (row(),), START_MS),
        lambda: store.commit(CHUNK, "a", result(sent=0, withdrawn=1)),
        lambda: store.release(CHUNK, "a"),
        lambda: store.commit(CHUNK, "a", part(1)),
        lambda: store.finished(CAMPAIGN, "3"),
        lambda: store.progress(CAMPAIGN),
    ):
        with pytest.raises(FatalError):
            step()


@pytest.mark.parametrize("moment", list(Moment))
def test_the_fake_fails_on_demand_with_or_without_persisting(moment):
    rows = SendingRows()
    store = MemoryChunks(rows, FailOnce("ChunkStore.claim", moment))
    with pytest.raises(Unavailable):
        store.claim(CHUNK, "a", START_MS, LEASE_MS)
    assert (CHUNK in rows.chunks) is (moment is Moment.AFTER)
    assert store.claim(CHUNK, "a", START_MS, LEASE_MS)
