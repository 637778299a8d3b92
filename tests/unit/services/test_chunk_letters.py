# SPDX-License-Identifier: Apache-2.0
"""Whose mail is made, who is skipped and why, and the weekly slots of those who limited theirs."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import Act
from chalicelib.domain.frequency import WEEK_MS, Frequency
from chalicelib.errors import Unavailable
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.entries import seal_profile
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.run_world import RunWorld

ONCE = Frequency(max_per_week=1)
REFUSED = Sent(outcome=Outcome.REJECTED, reason="malformed_subject")
UNTAKEN = Sent(outcome=Outcome.RETRY, reason="throttled")
UNANSWERED = Sent(outcome=Outcome.UNKNOWN, reason="no answer")
FIRST = "reader0@example.org"


@pytest.fixture
def world():
    made = RunWorld()
    made.sids = [made.subscribe(f"reader{n}@example.org") for n in range(3)]
    made.mails.clear()
    return made


def send(world, name="News", **content):
    """Send one campaign; return how many mails the first person got by it, and who was skipped."""
    world.mails.clear()
    campaign = world.planned(name, **content)
    world.work()
    return world.mailed[FIRST], world.progress(campaign).skipped


def test_who_has_no_profile_or_no_key_any_more_is_skipped(world):
    del world.rows.vault[world.sids[0]]
    assert send(world) == (0, {"no-profile": 1})
    del world.rows.audience[world.sids[1]]
    campaign = world.planned("Second")
    assert world.progress(campaign).planned == 2
    world.work()
    assert world.progress(campaign).skipped == {"no-profile": 1}


def test_whose_data_do_not_open_is_skipped_and_stops_nobody(world):
    row = world.rows.audience[world.sids[0]]
    world.rows.audience[world.sids[0]] = replace(row, sealed=row.sealed[:-1] + b"\x00")
    assert send(world) == (0, {"unreadable": 1})
    assert len(world.mails) == 2


def write_profile(world, sid, profile):
    keys = world.ledger.keys_of(sid, world.rows.vault[sid])
    sealed = seal_profile(keys, profile, world.random(12))
    world.rows.audience[sid] = replace(world.rows.audience[sid], sealed=sealed)


@pytest.mark.parametrize("profile", [{"language": "en"}, {"email": 7}])
def test_a_profile_that_names_no_address_is_unreadable(world, profile):
    write_profile(world, world.sids[0], profile)
    assert send(world) == (0, {"unreadable": 1})


def test_who_cannot_be_rendered_is_skipped_and_stops_nobody(world):
    odd = {"email": FIRST, "attributes": {"first_name": 7}}
    campaign = world.planned(html="<p>{% if first_name > 'A' %}Hello{% endif %}</p>")
    write_profile(world, world.sids[0], odd)  # After everybody's mail was tried.
    assert world.work() == []
    assert world.progress(campaign).skipped == {"rendering": 1}
    assert (world.mailed[FIRST], len(world.mails)) == (0, 2)


def test_an_epochs_key_that_cannot_be_had_is_no_fault_of_the_people(world):
    campaign = world.planned()
    world.faults = FailAlways("KeyWrapper.kek", Moment.BEFORE, Unavailable("kms"))
    assert len(world.work()) == 3
    assert world.progress(campaign).accounted == 0
    world.faults = no_faults
    assert world.work() == []
    assert world.progress(campaign).sent == 3


def test_a_capped_person_gets_so_many_in_any_seven_days(world):
    world.frequency.put(world.sids[0], Frequency(max_per_week=2))
    assert [send(world)[0] for _ in range(3)] == [1, 1, 0]
    assert send(world) == (0, {"frequency": 1})
    world.time.advance(WEEK_MS)
    assert send(world) == (1, {})


def test_a_paused_person_gets_none_until_the_date(world):
    world.frequency.put(world.sids[0], Frequency(paused_until_ms=world.time.now_ms() + 60_000))
    assert send(world) == (0, {"paused": 1})
    world.time.advance(60_000)
    assert send(world) == (1, {})


def test_an_address_that_rests_gets_none_until_its_time_and_then_one_that_is_heeded(world):
    world.rests.set(world.sids[0], world.time.now_ms() + 60_000, 1)
    assert send(world) == (0, {"resting": 1})
    world.time.advance(60_000)
    assert send(world) == (1, {})
    heeded = {mail.message.to for mail in world.mails if ("h", "1") in mail.message.tags}
    assert heeded == {FIRST}


def test_a_watched_address_is_mailed_and_heeded_and_costs_no_call_more(world):
    calls_of_sending(world)  # A process reads brands and lists once.
    plain = calls_of_sending(world)
    world.rests.set(world.sids[0], 0, 1)
    assert calls_of_sending(world) == plain
    assert send(world) == (1, {})


def test_a_pause_between_the_look_at_the_profile_and_the_slot_is_obeyed(world):
    sid = world.sids[0]
    world.frequency.put(sid, ONCE)

    def pause(call, moment):
        if (call, moment) == ("FrequencyStore.take", Moment.BEFORE):
            world.faults = no_faults
            world.frequency.put(sid, Frequency(max_per_week=1, paused_until_ms=2**50))

    world.faults = pause
    assert send(world) == (0, {"frequency": 1})


def calls_of_sending(world):
    """The calls that working all runs of one campaign makes, in order."""
    calls = []
    world.planned()
    world.faults = lambda call, moment: calls.append(call) if moment is Moment.AFTER else None
    world.work()
    world.faults = no_faults
    return calls


def test_only_capped_people_cost_a_call(world):
    """Counted: who chose nothing, or a pause that ended, costs what they cost before."""
    plain = calls_of_sending(world)
    assert plain
    assert not [call for call in plain if call.startswith("FrequencyStore")]
    world.frequency.put(world.sids[0], Frequency(max_per_week=7))
    world.frequency.put(world.sids[1], Frequency(paused_until_ms=1))
    calls = calls_of_sending(world)
    assert calls.count("FrequencyStore.take") == 1


@pytest.mark.parametrize(("answer", "later"), [(REFUSED, 1), (UNANSWERED, 0), (None, 0)])
def test_a_mail_ses_surely_did_not_take_gives_its_slot_back(world, answer, later):
    world.frequency.put(world.sids[0], ONCE)
    world.mailbox.answer = lambda m: answer if m.to == FIRST else None
    send(world)
    world.mailbox.answer = lambda _message: None
    assert send(world)[0] == later


def test_a_chunk_ses_takes_nobody_of_holds_no_slot_until_it_comes_again(world):
    world.frequency.put(world.sids[0], ONCE)
    world.mailbox.answer = lambda _message: UNTAKEN
    world.planned()
    assert len(world.work()) == 3
    world.mailbox.answer = lambda _message: None
    assert world.work() == []
    assert world.mailed[FIRST] == 1


@pytest.mark.parametrize(
    ("call", "moment"),
    [
        ("RateSlot.reserve", Moment.BEFORE),
        ("SendReads.last_look", Moment.BEFORE),
        ("RunStore.dispatch", Moment.BEFORE),
        ("RunStore.dispatch", Moment.AFTER),
        ("RunStore.dispatch_rows", Moment.AFTER),
        ("FrequencyStore.take", Moment.BEFORE),
    ],
)
def test_a_service_that_fails_before_the_call_costs_nobody_a_slot(world, call, moment):
    world.frequency.put(world.sids[0], ONCE)
    world.planned()
    world.faults = FailOnce(call, moment)
    assert len(world.work()) == 1
    assert world.work() == []
    assert world.mailed[FIRST] == 1


def test_a_slot_that_fails_gives_back_those_taken_before_it():
    world = RunWorld(seed=6)
    together = world.sharing_a_shard(2)
    for email in together:
        world.frequency.put(world.subject_of(email), ONCE)
    world.planned()
    world.faults = FailOnce("FrequencyStore.take", Moment.BEFORE, nth=2)
    assert len(world.work()) == 1
    assert world.work() == []
    assert [world.mailed[email] for email in together] == [1, 1]


def test_a_person_the_last_look_says_no_to_keeps_their_slot(world):
    world.frequency.put(world.sids[0], ONCE)
    campaign = world.planned()

    def cancel(call, moment):
        if (call, moment) == ("RateSlot.reserve", Moment.AFTER):
            world.faults = no_faults
            world.campaigns.act(campaign, Act.CANCEL)

    world.faults = cancel
    world.work()
    assert world.mails == []
    assert send(world, "Second")[0] == 1


def test_a_slot_that_cannot_be_given_back_stops_nothing(world):
    world.frequency.put(world.sids[0], ONCE)
    world.mailbox.answer = lambda m: REFUSED if m.to == FIRST else None
    world.faults = FailOnce("FrequencyStore.give_back", Moment.BEFORE)
    campaign = world.planned()
    assert world.work() == []
    progress = world.progress(campaign)
    assert (progress.sent, progress.rejected) == (2, 1)


def test_two_campaigns_at_once_share_one_slot(world):
    world.frequency.put(world.sids[0], ONCE)
    world.planned()
    bodies = list(world.outside_rows.messages)
    world.planned("Second")
    world.outside_rows.messages += bodies
    world.work()
    assert world.mailed[FIRST] == 1
