# SPDX-License-Identifier: Apache-2.0
"""What is known of everybody in a campaign: `ports.runs` by the fakes and by DynamoDB alike."""

import itertools
from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import ChunkStatus, Progress
from chalicelib.domain.ids import SHARDS, CampaignId, DeliveryId
from chalicelib.domain.outcomes import CLOCKS_APART_MS
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.runs import Mark, Totals
from chalicelib.domain.tempo import WINDOW_MS, Commit
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.runs import MessagePlace
from tests.support.clock import START_MS
from tests.support.run_stores import (
    CAMPAIGN,
    CHUNK,
    LEASE_MS,
    NEW_ID,
    PAIR,
    RUN,
    YEAR_MS,
    row,
    rows_of,
    settled,
)

DISPATCHED, OPEN, SENT = Code.DISPATCHED, Code.OPEN, Code.SENT


# Called unknown, told late, resolved


def test_a_chunk_lost_after_its_mark_is_unknown_for_those_dispatched_alone(stores):
    mark = stores.dispatched("a", bytes((DISPATCHED, Code.NO_CONSENT)))
    assert stores.accounts.expire(CAMPAIGN, "3", START_MS) == 0
    assert stores.accounts.expire(CAMPAIGN, "4", START_MS + 1) == 0
    assert stores.progress().accounted == 1
    assert stores.accounts.expire(CAMPAIGN, "3", START_MS + 1) == 1
    assert stores.accounts.expire(CAMPAIGN, "3", START_MS + 1) == 0
    assert stores.view().codes == bytes((Code.UNKNOWN, Code.NO_CONSENT))
    assert stores.accounts.finished(CAMPAIGN, "3") == {0}
    stores.runs.commit(mark, settled(SENT, Code.NO_CONSENT, ids=("0100-a",)))
    assert (stores.view().status, stores.progress().sent) == (ChunkStatus.DONE, 1)


def test_a_run_whose_worker_never_marked_anything_leaves_nobody_unknown(stores):
    stores.runs.lease(RUN, "a", START_MS, LEASE_MS)
    assert stores.accounts.expire(CAMPAIGN, "3", START_MS + YEAR_MS) == 0
    assert stores.progress().unknown == 0
    assert stores.view().codes is None


def test_a_late_commit_leaves_nobody_to_be_sent_to(stores):
    mark = stores.dispatched("a", bytes((DISPATCHED,)) * 3)
    stores.accounts.expire(CAMPAIGN, "3", START_MS + 1)
    outcome = settled(SENT, OPEN, Code.UNKNOWN, ids=("0100-a",))
    stores.runs.commit(mark, outcome)
    stores.runs.commit(mark, outcome)
    assert stores.view().codes == bytes((SENT, Code.UNSENT, Code.UNKNOWN))
    assert not stores.view().free(START_MS + YEAR_MS)
    assert stores.progress().skipped == {"unsent": 1}


def test_a_repeated_commit_does_not_close_those_it_left_open(stores):
    mark = stores.dispatched("a", bytes((DISPATCHED,)) * 3)
    outcome = settled(SENT, OPEN, Code.UNKNOWN)
    stores.runs.commit(mark, outcome)
    assert stores.accounts.resolve(stores.view(), {2: Code.RESOLVED_SENT})
    stores.runs.commit(mark, outcome)
    assert stores.view().codes == bytes((SENT, OPEN, Code.RESOLVED_SENT))


def test_events_and_a_late_commit_tell_the_same_in_any_order(stores):
    outcome = settled(SENT, OPEN, Code.REJECTED, Code.UNKNOWN, ids=("0100-a",))
    told = {0: Code.RESOLVED_SENT, 1: Code.UNSENT, 3: Code.RESOLVED_SENT}
    ends = []
    for number, order in enumerate(itertools.permutations(range(3))):
        run = replace(RUN, first=4 * number)
        mark = Mark(
            view=stores.runs.view(run)[0],
            owner="a",
            codes=bytes((DISPATCHED,)) * 4,
            at_ms=START_MS,
        )
        stores.runs.dispatch(mark, rows_of(mark))
        stores.accounts.expire(CAMPAIGN, "3", START_MS + 1)
        steps = (
            lambda: stores.runs.commit(mark, outcome),  # noqa: B023 -- called in this very turn
            lambda: stores.accounts.resolve(stores.runs.view(run)[0], told),  # noqa: B023
            lambda: stores.runs.commit(mark, outcome),  # noqa: B023
        )
        for step in order:
            steps[step]()
        ends.append((stores.runs.view(run)[0].codes, stores.runs.view(run)[0].message_ids))
    assert set(ends) == {
        (bytes((SENT, Code.UNSENT, Code.REJECTED, Code.RESOLVED_SENT)), ("0100-a",))
    }


def test_a_lost_answer_is_resolved_by_an_event_even_after_it_was_given_up(stores):
    stores.dispatched("a")
    stores.accounts.expire(CAMPAIGN, "3", START_MS + 1)
    lost = stores.view()
    assert stores.accounts.resolve(lost, {0: Code.RESOLVED_SENT, 1: Code.UNSENT})
    assert stores.accounts.resolve(lost, {0: Code.RESOLVED_SENT, 1: Code.UNSENT})
    counted, _ = stores.accounts.progress(CAMPAIGN)
    assert (counted.resolved, counted.progress.sent, counted.progress.unknown) == (1, 1, 0)
    assert counted.progress.skipped == {"unsent": 1}
    assert stores.accounts.resolve(stores.view(), {1: Code.RESOLVED_SENT})
    assert stores.accounts.progress(CAMPAIGN)[0].resolved == 2


def test_a_chunk_that_changed_since_it_was_read_is_not_resolved(stores):
    mark = stores.dispatched("a")
    stores.accounts.expire(CAMPAIGN, "3", START_MS + 1)
    lost = stores.view()
    stores.runs.commit(mark, settled(SENT, Code.UNKNOWN))
    assert stores.accounts.resolve(lost, {0: Code.UNSENT, 1: Code.UNSENT}) is False
    assert stores.view().codes == bytes((SENT, Code.UNKNOWN))


@pytest.mark.parametrize("step", ["mark", "repeat", "commit", "release", "expire"])
def test_events_about_an_earlier_mark_survive_every_step_of_the_next(stores, step):
    stores.runs.commit(stores.dispatched("a"), settled(Code.UNKNOWN, OPEN))
    waiting = stores.mark("b", bytes((Code.UNKNOWN, DISPATCHED)))
    if step == "mark":
        assert stores.accounts.resolve(stores.view(), {0: Code.RESOLVED_SENT})
        with pytest.raises(Conflict):
            stores.runs.dispatch(waiting, rows_of(waiting))
        assert stores.view().codes == bytes((Code.RESOLVED_SENT, OPEN))
        return
    stores.runs.dispatch(waiting, rows_of(waiting))
    assert stores.accounts.resolve(stores.view(), {0: Code.RESOLVED_SENT})
    ends = {
        "repeat": (lambda: stores.runs.dispatch(waiting, rows_of(waiting)), DISPATCHED),
        "commit": (lambda: stores.runs.commit(waiting, settled(Code.UNKNOWN, SENT)), SENT),
        "release": (lambda: stores.runs.release(waiting), OPEN),
        "expire": (lambda: stores.accounts.expire(CAMPAIGN, "3", START_MS + 1), Code.UNKNOWN),
    }
    act, after = ends[step]
    for _ in range(2):
        act()
        assert stores.view().codes == bytes((Code.RESOLVED_SENT, after))


def test_only_a_lost_answer_is_resolved(stores):
    stores.dispatched("a")
    for told in ({0: Code.SENT}, {2: Code.UNSENT}, {-1: Code.UNSENT}):
        with pytest.raises(FatalError):
            stores.accounts.resolve(stores.view(), told)
    assert stores.accounts.resolve(stores.view(), {0: Code.RESOLVED_SENT})
    assert stores.view().codes == PAIR


# Accounts


def test_progress_accounts_for_everybody_in_every_shard(stores):
    assert stores.accounts.progress(CAMPAIGN)[0].progress == Progress()
    for number, shard in enumerate(SHARDS):
        assert stores.totals.planned(CAMPAIGN, shard, 3).planned == 3 * (number + 1)
        run = replace(RUN, shard=shard, first=number)
        mark = Mark(view=stores.runs.view(run)[0], owner="a", codes=PAIR + b"\x1b", at_ms=START_MS)
        stores.runs.lease(run, "a", START_MS, LEASE_MS)
        stores.runs.dispatch(mark, rows_of(mark))
        if number:
            stores.runs.commit(mark, settled(SENT, Code.UNKNOWN, Code.FREQUENCY, at_ms=number))
    counted, shards = stores.accounts.progress(CAMPAIGN)
    assert (shards, counted.dispatched) == (16, 2)
    assert counted.progress == Progress(
        planned=48,
        sent=15,
        unknown=15,
        skipped={"frequency": 16},
        first_ms=START_MS + 501,
        last_ms=START_MS + 515,
    )
    assert stores.accounts.progress(CampaignId("other"))[1] == 0


PRESENT_MS = WINDOW_MS + CLOCKS_APART_MS


def test_what_was_committed_in_the_last_minute_is_told_with_its_time(stores):
    stores.totals.planned(CAMPAIGN, "3", 8)
    first = stores.dispatched("a", PAIR + b"\x1b")
    stores.runs.commit(first, settled(SENT, Code.REJECTED, Code.FREQUENCY))
    later = stores.mark("b", PAIR, START_MS + PRESENT_MS, number=1)
    stores.runs.dispatch(later, rows_of(later))
    told = stores.accounts.progress(CAMPAIGN)[0]
    assert told.commits == (Commit(at_ms=START_MS + 500, sent=1, accounted=3),)
    stores.runs.commit(later, settled(SENT, Code.OPEN, at_ms=PRESENT_MS))
    skipped = stores.mark("c", bytes((Code.CANCELLED,)) * 3, START_MS + PRESENT_MS, number=2)
    stores.runs.dispatch(skipped, ())
    told = stores.accounts.progress(CAMPAIGN)[0]
    assert told.commits == (
        Commit(at_ms=START_MS + 500 + PRESENT_MS, sent=1, accounted=1),
        Commit(at_ms=START_MS + PRESENT_MS, sent=0, accounted=3),
    )
    assert told.progress.open == 1


def test_a_message_is_found_by_its_id(stores):
    stores.runs.commit(
        stores.dispatched("a"), settled(Code.REJECTED, SENT, ids=(None, NEW_ID.format(7)))
    )
    found = MessagePlace(chunk=CHUNK, place=1)
    assert stores.accounts.find_message(CAMPAIGN, NEW_ID.format(7)) == found
    assert stores.accounts.find_message(CAMPAIGN, NEW_ID.format(8)) is None
    assert stores.accounts.find_message(CampaignId("other"), NEW_ID.format(7)) is None


def test_a_shards_chunks_are_read_in_order_and_unfinished_ones_are_known(stores):
    for number in (2, 0, 1):
        mark = stores.mark("a", PAIR, number=number)
        stores.runs.dispatch(mark, rows_of(mark))
        if number:
            stores.runs.commit(mark, settled(SENT, SENT if number == 1 else OPEN))
    views = list(stores.accounts.chunks(CAMPAIGN, "3"))
    assert [view.chunk.number for view in views] == [0, 1, 2]
    assert list(stores.runs.view(RUN)[:3]) == views
    assert stores.accounts.finished(CAMPAIGN, "3") == {1}
    assert list(stores.accounts.chunks(CAMPAIGN, "4")) == []


def test_a_plan_never_changes_and_goes_once_it_is_whole(stores):
    assert stores.totals.totals(CAMPAIGN) == Totals()
    for shard in SHARDS:
        with pytest.raises(Conflict):
            stores.totals.go(CAMPAIGN, START_MS)
        stores.totals.planned(CAMPAIGN, shard, 4, 1)
        stores.totals.planned(CAMPAIGN, shard, 4, 1)
    with pytest.raises(Conflict):
        stores.totals.planned(CAMPAIGN, "3", 5)
    assert stores.totals.go(CAMPAIGN, START_MS).go_ms == START_MS
    totals = stores.totals.go(CAMPAIGN, START_MS + 1)
    assert totals == stores.totals.totals(CAMPAIGN)
    assert totals == Totals(
        people=dict.fromkeys(SHARDS, 4), render_errors=dict.fromkeys(SHARDS, 1), go_ms=START_MS
    )


def test_events_stay_on_the_delivery_row(stores):
    stores.dispatched("a")
    delivery = row().delivery
    assert stores.deliveries.observe(delivery, "bounce", 5, START_MS, "0100-a") is True
    assert stores.deliveries.observe(delivery, "delivery", 2, START_MS, "0100-a") is False
    seen = stores.deliveries.delivery(delivery)
    assert seen is not None
    assert (seen.event, seen.message_id) == ("bounce", "0100-a")
    assert stores.deliveries.observe(DeliveryId("none"), "bounce", 5, START_MS, "x") is False
