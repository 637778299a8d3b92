# SPDX-License-Identifier: Apache-2.0
"""A stop holds the very next call, becomes a paused campaign that says why, and is released."""

from dataclasses import replace

import pytest

from chalicelib.domain.breakers import Counts, Level, Note
from chalicelib.domain.campaigns import Act, CampaignStatus, ChunkStatus
from chalicelib.domain.folding import MailPlace
from chalicelib.domain.plan_gate import RENDERING
from chalicelib.domain.stops import Stop, StopWhy
from chalicelib.errors import Conflict, NotFound, RiskNotAccepted, Unavailable
from chalicelib.ports.breakers import About
from chalicelib.ports.outside import Queue
from chalicelib.services.breakers import Delivered
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.run_acts import OneRun

S = CampaignStatus
COUNTED = Counts(delivered=1_000, complained=3)


@pytest.fixture
def world():
    return OneRun()


def deliver(world):
    world.run_worker.deliver(world.run, world.time.now_ms() + world.worker_ms)


def note(world, key, level=Level.STOP):
    return Note(
        key=key,
        level=level,
        why=StopWhy.COMPLAINTS,
        counts=COUNTED,
        at_ms=world.time.now_ms(),
        name="" if key == world.id else key,
    )


def stop(world, about=About.CAMPAIGN, key=None):
    key = key or world.id
    world.breaker_rows.stop(about, note(world, key))


def row(world):
    return world.campaign_rows.get(world.id)


def key_of(world, email):
    return world.domain_keys.of(email).key


def finish(world):
    """Hand over every message until everybody is accounted for."""
    world.plan(world.id)
    world.settle()
    world.watch.advance()


class TestWhoSends:
    def test_a_stop_between_two_calls_of_a_run_holds_the_second(self, world):
        def trip(call, moment):
            if (call, moment) == ("Sender.send_bulk", Moment.AFTER):
                world.faults = no_faults
                stop(world)

        world.faults = trip
        deliver(world)
        assert world.mailbox.calls == [1]
        assert row(world).status is S.SENDING
        deliver(world)
        assert world.mailbox.calls == [1]
        assert [world.view_of(chunk).status for chunk in world.run.chunks] == [
            ChunkStatus.DONE,
            None,
            None,
        ]

    def test_a_stop_at_one_provider_leaves_out_its_people_alone(self, world):
        others = [world.subscribe(f"reader{n}@gmx.de") for n in range(3)]
        world.id = world.planned("Other")
        stop(world, About.DOMAIN, "gmx")
        world.mails.clear()
        finish(world)
        progress = world.progress(world.id)
        assert progress.skipped == {"domain-stopped": len(others)}
        assert progress.planned == progress.sent + len(others)
        assert progress.open == 0
        assert not [to for to in world.mailed if to.endswith("@gmx.de")]
        assert row(world).status is S.SENT

    def test_who_must_not_be_mailed_is_told_so_rather_than_held(self, world):
        world.subscribe("reader@gmx.de")
        world.id = world.planned("Other")
        stop(world, About.DOMAIN, "gmx")
        world.suppressions.add("reader@gmx.de", "manual")
        finish(world)
        assert world.progress(world.id).skipped == {"suppressed": 1}

    def test_those_held_back_are_sent_to_by_a_retry_once_the_provider_is_released(self, world):
        world.subscribe("reader@gmx.de")
        world.id = world.planned("Other")
        stop(world, About.DOMAIN, "gmx")
        finish(world)
        world.breaker_rows.release(About.DOMAIN, "gmx")
        world.mails.clear()
        child = world.campaign_retries.retry(world.id, unsent=False)
        world.settle()
        assert world.progress(child.id).sent == 1
        assert dict(world.mailed) == {"reader@gmx.de": 1}


class TestWatch:
    def test_a_campaign_that_is_held_is_paused_once_and_says_why(self, world):
        stop(world)
        for _ in range(3):
            world.watch.advance()
        held = row(world)
        assert (held.status, held.problem) == (S.PAUSED, "complaints")
        at_ms = world.time.now_ms()
        wanted = Stop(why=StopWhy.COMPLAINTS, at_ms=at_ms, delivered=1_000, complained=3)
        assert held.stop == wanted
        assert world.campaigns.get(world.id).stop == wanted
        revision = held.revision
        world.watch.advance()
        assert row(world).revision == revision

    def test_it_says_so_before_the_watch_has_come(self, world):
        stop(world)
        seen = world.campaigns.get(world.id)
        assert (seen.status, seen.problem) == (S.SENDING, "complaints")
        assert seen.stop.complained == 3
        assert seen.shown.stop == seen.stop

    def test_who_counted_may_be_lost_before_it_judged(self, world):
        mails = (
            Delivered(
                mail=MailPlace(chunk=world.run.chunks[0], place=n),
                address="reader@example.com",
                sent_ms=None,
            )
            for n in range(200)
        )
        world.breakers.delivered(mails)
        rows = world.breakers_held
        rows.campaigns[world.id] += Counts(hard=40)
        world.watch.advance()
        assert (row(world).status, row(world).problem) == (S.PAUSED, "bounces")
        assert rows.stops.campaigns == {world.id}

    def test_one_that_somebody_paused_says_why_it_may_not_go_on(self, world):
        world.campaigns.act(world.id, Act.PAUSE)
        stop(world)
        world.watch.advance()
        assert (row(world).status, row(world).problem) == (S.PAUSED, "complaints")
        with pytest.raises(RiskNotAccepted):
            world.campaigns.act(world.id, Act.RESUME)

    @pytest.mark.parametrize("act", [None, Act.CANCEL])
    def test_one_that_is_over_is_held_no_more_and_keeps_the_reason(self, world, act):
        if act is not None:
            world.campaigns.act(world.id, act)
        finish(world)
        stop(world)
        world.watch.advance()
        assert world.breakers_held.stops.campaigns == set()
        seen = world.campaigns.get(world.id)
        assert (seen.status, seen.problem) == (S.CANCELLED if act else S.SENT, None)
        assert seen.stop.complained == 3

    def test_a_warning_stops_nothing_and_is_told(self, world):
        world.breaker_rows.warn(About.CAMPAIGN, note(world, world.id, Level.WARN))
        world.watch.advance()
        seen = world.campaigns.get(world.id)
        assert (seen.status, seen.problem, seen.stop) == (S.SENDING, None, None)
        assert seen.warning.complained == 3

    def test_what_is_held_cannot_be_read_and_the_rest_goes_on(self, world):
        world.campaign_rows.replace(replace(row(world), go_ms=None))
        world.faults = FailOnce("BreakerRows.stops", Moment.BEFORE, Unavailable("no"))
        with pytest.raises(Unavailable):
            world.watch.advance()
        assert row(world).go_ms is not None

    def test_a_note_that_cannot_be_read_keeps_no_other_campaign_waiting(self, world):
        stop(world)
        other = world.planned("Other")
        world.campaign_rows.replace(replace(world.campaign_rows.get(other), go_ms=None))
        world.faults = FailOnce("BreakerRows.note", Moment.BEFORE, Unavailable("no"))
        with pytest.raises(Unavailable):
            world.watch.advance()
        assert world.campaign_rows.get(other).go_ms is not None

    def test_what_is_over_is_let_go_a_minute_later_where_that_failed(self, world):
        finish(world)
        stop(world)
        world.faults = FailOnce("BreakerRows.settle", Moment.BEFORE, Unavailable("no"))
        with pytest.raises(Unavailable):
            world.watch.advance()
        world.watch.advance()
        assert world.breakers_held.stops.campaigns == set()


class TestResume:
    @pytest.fixture
    def held(self, world):
        world.breakers_held.campaigns[world.id] = COUNTED
        stop(world)
        world.watch.advance()
        return world

    def test_without_the_word_nothing_changes(self, held):
        before = row(held)
        for ask in (
            lambda: held.campaigns.act(held.id, Act.RESUME),
            lambda: held.campaigns.resume(held.id, skip_rendering=True),
        ):
            with pytest.raises(RiskNotAccepted):
                ask()
        assert row(held) == before
        assert held.breakers_held.stops.campaigns == {held.id}
        assert held.messages.take(Queue.CHUNKS) == []

    def test_with_it_everybody_gets_the_mail(self, held):
        going = held.campaigns.resume(held.id, skip_rendering=False, accept_risk=True)
        assert (going.status, going.problem, going.stop) == (S.SENDING, None, None)
        assert going.risk_accepted
        assert held.breakers_held.stops.campaigns == set()
        held.watch.advance()
        assert row(held).status is S.SENDING
        finish(held)
        assert row(held).status is S.SENT
        assert set(held.mailed.values()) == {1}
        assert held.campaigns.get(held.id).stop is None

    def test_what_comes_back_afterwards_may_stop_it_again(self, held):
        held.campaigns.resume(held.id, skip_rendering=False, accept_risk=True)
        counts = held.breakers_held.campaigns
        counts[held.id] += Counts(delivered=1_000, complained=2)
        held.watch.advance()
        assert row(held).status is S.SENDING
        counts[held.id] += Counts(complained=1)
        held.watch.advance()
        assert (row(held).status, row(held).problem) == (S.PAUSED, "complaints")
        assert row(held).stop.complained == 3

    @pytest.mark.parametrize("moment", list(Moment))
    def test_a_crash_in_between_leaves_it_paused_and_a_repeat_goes_through(self, held, moment):
        held.faults = FailOnce("BreakerRows.release", moment, Unavailable("crash"))
        with pytest.raises(Unavailable):
            held.campaigns.resume(held.id, skip_rendering=False, accept_risk=True)
        assert row(held).status is S.PAUSED
        held.campaigns.resume(held.id, skip_rendering=False, accept_risk=True)
        held.watch.advance()
        assert row(held).status is S.SENDING

    def test_of_two_who_resume_one_is_refused(self, held):
        def another(call, moment):
            if (call, moment) == ("BreakerRows.release", Moment.AFTER):
                held.faults = no_faults
                held.campaign_rows.replace(row(held))

        held.faults = another
        with pytest.raises(Conflict):
            held.campaigns.resume(held.id, skip_rendering=False, accept_risk=True)

    def test_one_that_is_not_ready_may_be_looked_at_again_without_the_word(self, world):
        paused = replace(
            row(world),
            status=S.PAUSED,
            problem="not_ready",
            stop=Stop(why=StopWhy.NOT_READY, at_ms=1, checks=("dmarc",)),
        )
        world.campaign_rows.replace(paused)
        going = world.campaigns.act(world.id, Act.RESUME)
        assert (going.status, going.stop, going.risk_accepted) == (S.SENDING, None, False)

    def test_what_cannot_be_rendered_is_still_left_out_by_its_own_word(self, world):
        world.campaign_rows.replace(replace(row(world), status=S.PAUSED, problem=RENDERING))
        going = world.campaigns.resume(world.id, skip_rendering=True)
        assert (going.problem, going.risk_accepted) == (RENDERING, False)

    def test_nobody_resumes_what_is_not_there(self, world):
        with pytest.raises(NotFound):
            world.campaigns.resume("A" * 22, skip_rendering=False, accept_risk=True)
