# SPDX-License-Identifier: Apache-2.0
"""Chunks sent by runs: nobody twice, nobody lost, nobody after a withdrawal, whatever fails."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.campaigns import Act
from chalicelib.domain.folding import MailPlace
from chalicelib.domain.state import Grade
from chalicelib.errors import FatalError, StateError, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.lead import FIRST_MS, MARGIN_MS
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.run_acts import (
    ASKED_TO_WAIT,
    REFUSED,
    SEED,
    UNANSWERED,
    expire,
    go_on,
    people,
    six_readers,
    unsubscribe,
)
from tests.support.run_world import RunWorld


@pytest.fixture
def world():
    return six_readers()


def test_a_campaign_reaches_everybody_once_and_accounts_for_them(world):
    campaign = world.planned()
    assert world.work() == []
    assert world.mailed == dict.fromkeys(people(6), 1)
    assert (world.progress(campaign).planned, world.progress(campaign).sent) == (6, 6)


def test_a_campaign_that_ses_takes_at_once_waits_for_next_to_nothing(world):
    world.mailbox.per_second = 1_000.0
    world.planned()
    world.time.slept_ms.clear()
    world.work()
    calls = len(world.mailbox.calls)
    assert calls > 1
    assert sum(world.time.slept_ms) <= FIRST_MS + (calls - 1) * MARGIN_MS


def test_the_delivery_row_names_the_entry_that_allowed_it(world):
    """Design §2, promise 4."""
    world.planned()
    world.work()
    assert len(world.sending_rows.deliveries) == 6
    for seen in world.sending_rows.deliveries.values():
        assert world.types(seen.row.sid)[seen.row.entry] == "consent.confirmed"


def test_the_delivery_row_and_the_tag_name_the_same_place_in_the_chunk(world):
    world.planned()
    world.work()
    for mail in world.mails:
        tags = dict(mail.message.tags)
        row = world.sending_rows.deliveries[tags["r"]].row
        place = MailPlace.read(row.campaign, tags["a"])
        assert row.chunk == tags["a"] == place.name
        assert world.view_of(place.chunk).message_ids[place.place] == mail.message_id


@pytest.mark.parametrize(("grade", "skipped"), [(Grade.B, {}), (Grade.A, {"weak-evidence": 6})])
def test_evidence_weaker_than_the_campaign_asks_for_gets_no_mail(world, grade, skipped):
    campaign = world.planned()
    stored = world.campaign_rows.get(campaign)
    world.campaign_rows.replace(replace(stored, minimum_grade=grade))
    world.work()
    assert world.progress(campaign).skipped == skipped


def test_ses_is_called_only_after_the_mark_and_every_row(world):
    world.planned()
    calls = []
    world.faults = lambda call, moment: calls.append(call) if moment is Moment.AFTER else None
    world.work()
    steps = [
        call for call in calls if call.partition(".")[0] in ("RunStore", "SendReads", "Sender")
    ]
    chunk = [
        "SendReads.readers",
        "SendReads.last_look",
        "RunStore.dispatch",
        "RunStore.dispatch_rows",
        "Sender.send_bulk",
        "RunStore.commit",
    ]
    assert [call for call in steps if call in chunk] == chunk * 6


@pytest.mark.parametrize("copies", [2, 5])
def test_duplicated_messages_send_nothing_twice(world, copies):
    """Design §2, promise 5."""
    world.planned()
    for body in world.messages.take(Queue.CHUNKS):
        for _ in range(copies):
            world.messages.send(Queue.CHUNKS, body)
    world.work()
    assert world.mailed == dict.fromkeys(people(6), 1)


def test_a_withdrawal_after_the_plan_is_obeyed(world):
    world.planned()
    world.work()
    second = world.planned("Second")
    unsubscribe(world, "reader000@example.org")
    world.mails.clear()
    world.work()
    assert world.mailed == dict.fromkeys(people(6)[1:], 1)
    assert world.progress(second).skipped == {"no-consent": 1}


@pytest.mark.parametrize("call", ["SendReads.readers", "RateSlot.reserve"])
def test_a_withdrawal_between_the_two_reads_is_obeyed(world, call):
    """The last look comes after rendering and waiting: it alone decides."""
    world.planned()
    world.work()
    second = world.planned("Second")
    first = len(world.mails)

    def withdraw(struck, moment):
        if (struck, moment) == (call, Moment.AFTER):
            world.faults = no_faults
            for email in people(6):
                unsubscribe(world, email)

    world.faults = withdraw
    world.work()
    assert world.mails[first:] == []
    assert world.progress(second).skipped == {"no-consent": 6}


def test_consent_that_cannot_be_read_means_not_sent(world):
    world.planned()
    world.faults = FailAlways("SendReads.last_look", Moment.AFTER, Unavailable("rows"))
    assert len(world.work()) == 6
    assert world.mails == []
    world.faults = no_faults
    assert world.work() == []
    assert world.mailed == dict.fromkeys(people(6), 1)


CALLS = [
    "Campaigns.get",
    "RunStore.lease",
    "RunStore.view",
    "Blobs.get_range",
    "Brands.get",
    "Blobs.get",
    "SendReads.readers",
    "LinkKeys.masters",
    "RateSlot.reserve",
    "SendReads.last_look",
    "RunStore.dispatch",
    "RunStore.dispatch_rows",
    "Sender.send_bulk",
    "RunStore.commit",
]


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("call", CALLS)
def test_a_failure_at_any_call_sends_nobody_twice_and_loses_nobody(world, call, moment):
    campaign = world.planned()
    struck = []
    fail = FailOnce(call, moment)

    def faults(name, when):
        struck.append((name, when))
        fail(name, when)

    world.faults = faults
    world.work()
    go_on(world, campaign)
    progress = world.progress(campaign)
    assert (call, moment) in struck
    assert set(world.mailed.values()) <= {1}
    assert progress.accounted == progress.planned == 6
    assert progress.sent + progress.unknown >= len(world.mails)
    if (call, moment) != ("Sender.send_bulk", Moment.BEFORE):
        assert set(world.mailed) == set(people(6))


@pytest.mark.parametrize("call", ["RunStore.commit", "Sender.send_bulk"])
def test_a_worker_that_dies_leaves_those_it_dispatched_unknown_and_mails_nobody_twice(world, call):
    """Nothing is caught and nothing written after the death."""

    class Died(BaseException):
        pass

    campaign = world.planned()
    dead = []

    def die(name, moment):
        if dead or (name, moment) == (call, Moment.AFTER):
            dead.append(name)
            raise Died

    world.faults = die
    with pytest.raises(Died):
        world.work()
    world.faults = no_faults
    go_on(world, campaign)
    progress = world.progress(campaign)
    assert set(world.mailed.values()) == {1}
    assert (progress.sent, progress.unknown) in [(6, 0), (5, 1)]


def test_an_unknown_outcome_is_called_unknown_and_never_sent_again(world):
    campaign = world.planned()
    world.faults = FailOnce("Sender.send_bulk", Moment.AFTER)
    for _ in range(3):
        world.work()
        world.plan(campaign)
    progress = world.progress(campaign)
    assert (progress.sent, progress.unknown) == (5, 1)
    assert world.mailed == dict.fromkeys(people(6), 1)


def test_an_error_nobody_foresaw_at_the_call_leaves_its_people_unknown(world):
    campaign = world.planned()
    world.faults = FailOnce("Sender.send_bulk", Moment.AFTER, FatalError("odd"))
    bodies = world.messages.take(Queue.CHUNKS)
    with pytest.raises(FatalError):
        world.handle(Queue.CHUNKS, bodies[0])
    for body in bodies:
        world.handle(Queue.CHUNKS, body)
    progress = world.progress(campaign)
    assert (progress.sent, progress.unknown) == (5, 1)
    assert world.mailed == dict.fromkeys(people(6), 1)


@pytest.mark.parametrize("act", [Act.PAUSE, Act.CANCEL])
def test_a_campaign_stopped_while_a_chunk_waits_for_its_slot_sends_no_more(act):
    world = RunWorld()
    world.subscribe("reader@example.org")
    campaign = world.planned()
    world.mails.clear()

    def stop(call, moment):
        if (call, moment) == ("RateSlot.reserve", Moment.AFTER):
            world.faults = no_faults
            world.campaigns.act(campaign, act)

    world.faults = stop
    assert world.work() == []
    assert world.mails == []
    if act is Act.PAUSE:
        world.campaigns.act(campaign, Act.RESUME)
        go_on(world, campaign)
        assert world.mailed == {"reader@example.org": 1}
    else:
        assert world.progress(campaign).skipped == {"cancelled": 1}


def test_a_quota_lowered_in_the_middle_is_obeyed_by_smaller_calls_each_with_its_own_look():
    world = RunWorld(SEED)
    together = world.sharing_a_shard(3)
    campaign = world.planned()
    world.time.advance(120_000)
    world.mailbox.per_second = 2.0
    bodies = world.messages.take(Queue.CHUNKS)
    alone = next(b for b in bodies if b["shard"] != world.shard_of(together[0]))
    world.handle(Queue.CHUNKS, alone)  # Here the worker hears of the new quota.
    world.mailbox.calls.clear()
    looks = []
    world.faults = lambda call, moment: (
        looks.append(call) if (call, moment) == ("SendReads.last_look", Moment.BEFORE) else None
    )
    shard = {body["shard"]: body for body in bodies}
    world.handle(Queue.CHUNKS, shard[world.shard_of(together[0])])
    assert world.mailbox.calls == [2, 1]
    assert len(looks) == 2
    assert set(together) <= set(world.mailed)
    assert world.progress(campaign).unknown == 0


def test_a_chunk_called_unknown_under_a_slow_worker_is_known_again_when_it_tells(world):
    campaign = world.planned()

    def slow(call, moment):
        if (call, moment) == ("RunStore.commit", Moment.BEFORE):
            expire(world, campaign)

    world.faults = slow
    world.work()
    assert world.progress(campaign).sent == 6
    assert world.progress(campaign).unknown == 0


def test_an_outcome_that_cannot_be_written_at_first_is_written_again(world):
    campaign = world.planned()
    left = [3]

    def fail(call, moment):
        if (call, moment) == ("RunStore.commit", Moment.BEFORE) and left[0]:
            left[0] -= 1
            raise Unavailable("rows")

    world.faults = fail
    assert world.work() == []
    assert world.progress(campaign).sent == 6


ANSWERS = st.lists(
    st.sampled_from([None, ASKED_TO_WAIT, ASKED_TO_WAIT, REFUSED, UNANSWERED]), max_size=40
)
STEPS = st.lists(
    st.sampled_from(
        [
            "work",
            "duplicate",
            "expire",
            Act.PAUSE,
            Act.RESUME,
            Act.CANCEL,
            ("RunStore.commit", Moment.BEFORE, 1),
            ("RunStore.commit", Moment.AFTER, 1),
            ("RunStore.release", Moment.BEFORE, 1),
            ("RunStore.dispatch", Moment.AFTER, 1),
            ("RunStore.dispatch_rows", Moment.BEFORE, 1),
            ("RunStore.lease", Moment.AFTER, 1),
            ("Sender.send_bulk", Moment.AFTER, 1),
            ("SendReads.last_look", Moment.BEFORE, 1),
            ("SendReads.last_look", Moment.AFTER, 2),
            ("Campaigns.get", Moment.AFTER, 3),
        ]
    ),
    max_size=10,
)


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
@given(answers=ANSWERS, steps=STEPS)
def test_whatever_happens_everybody_is_accounted_for_and_nobody_mailed_twice(answers, steps):
    world = RunWorld(SEED)
    world.sharing_a_shard()
    campaign = world.planned()
    given_out = iter(answers)
    world.mailbox.answer = lambda _message: next(given_out, None)
    world.work()
    for step in steps:
        take_step(world, campaign, step)
    world.mailbox.answer = lambda _message: None
    take_step(world, campaign, Act.RESUME)
    go_on(world, campaign)
    progress = world.progress(campaign)
    assert progress.accounted == progress.planned
    assert set(world.mailed.values()) <= {1}
    assert progress.sent <= len(world.mails) <= progress.sent + progress.unknown


def take_step(world, campaign, step):
    if isinstance(step, Act):
        try:
            world.campaigns.act(campaign, step)
        except StateError:
            return
    elif isinstance(step, tuple):
        call, moment, nth = step
        world.faults = FailOnce(call, moment, nth=nth)
        world.work()
        world.faults = no_faults
    elif step == "expire":
        expire(world, campaign)
    else:
        if step == "duplicate":
            for body in world.messages.take(Queue.CHUNKS):
                world.messages.send(Queue.CHUNKS, body)
                world.messages.send(Queue.CHUNKS, body)
        world.work()
