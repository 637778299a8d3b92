# SPDX-License-Identifier: Apache-2.0
"""How far a campaign is, over the API: everybody is in one number, and the pace is that of now."""

import pytest

from chalicelib.domain.campaigns import Progress
from chalicelib.domain.outcomes import Counted
from chalicelib.domain.rate import HOLD_MS, Quota
from chalicelib.domain.tempo import Commit
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue
from tests.support.faults import FailOnce, Moment

PATH = "/api/v1/campaigns/"


def identity(told):
    """What is planned, as the other numbers tell it."""
    apart = (told[name] for name in ("sent", "rejected", "unknown", "open"))
    return sum(apart) + sum(told["skipped"].values())


@pytest.fixture
def counted(world, monkeypatch):
    """A campaign being sent, and a function that says how far it is."""
    campaign = world.campaign()
    told = {"now": Counted(progress=Progress())}
    monkeypatch.setattr(world.chunk_accounts, "progress", lambda _: (told["now"], 16))
    world.rate.note(Quota(per_second=100.0), world.clock.now_ms())

    def tell(**values):
        told["now"] = Counted(**values)
        return PATH + campaign

    return tell


def test_everybody_planned_is_in_exactly_one_number_at_any_time(api, world):
    for number in range(3):
        world.subscribe(f"reader{number}@example.org")
    world.suppressions.add("reader1@example.org", "manual")
    path = PATH + world.campaign()
    seen = [api.get(path).json]
    for queue in (Queue.PLANS, Queue.CHUNKS):
        for body in world.messages.take(queue):
            world.handle(queue, body)
            seen.append(api.get(path).json)
    world.settle()
    seen.append(api.get(path).json)
    assert all(told["planned"] == identity(told) for told in seen)
    assert {told["open"] for told in seen} >= {0, 3}
    last = seen[-1]
    assert (last["sent"], last["skipped"], last["open"]) == (2, {"suppressed": 1}, 0)
    assert (last["seconds_left"], last["rate_now"], last["held"]) == (0, 0.0, None)


def test_failed_and_resolved_stand_on_their_own_too(api, counted, world):
    skipped = {"failed": 2, "suppressed": 3}
    progress = Progress(planned=100, sent=10, unknown=1, rejected=4, skipped=skipped)
    told = api.get(counted(progress=progress, resolved=5)).json
    assert (told["failed"], told["resolved"], told["open"]) == (2, 5, 80)
    assert told["skipped"] == skipped
    assert told["planned"] == identity(told) == 100


def test_the_rate_of_now_is_that_of_the_last_minute_and_left_is_what_is_open(api, counted, world):
    now_ms = world.clock.now_ms()
    progress = Progress(planned=1_000, sent=400, first_ms=now_ms - 3_600_000, last_ms=now_ms)
    commits = (Commit(at_ms=now_ms - 60_000, sent=100, accounted=100),)
    path = counted(
        progress=progress, commits=(*commits, Commit(at_ms=now_ms, sent=90, accounted=120))
    )
    told = api.get(path).json
    assert (told["rate"], told["rate_now"], told["seconds_left"]) == (0.1, 1.5, 300)
    told = api.get(counted(progress=progress)).json
    assert (told["rate_now"], told["seconds_left"], told["held"]) == (0.0, None, None)


def test_a_day_that_is_used_up_is_told_until_it_goes_on(api, counted, world):
    now_ms = world.clock.now_ms()
    path = counted(
        progress=Progress(planned=100, sent=40, first_ms=now_ms),
        commits=(Commit(at_ms=now_ms, sent=40, accounted=40),),
    )
    assert api.get(path).json["held"] is None
    world.rate.note(Quota(per_second=100.0, daily_left=49), now_ms)
    told = api.get(path).json
    assert (told["held"], told["seconds_left"], told["rate_now"]) == ("daily_quota", None, 40.0)
    world.rate.note(Quota(per_second=100.0, daily_left=50), now_ms)
    assert api.get(path).json["held"] is None
    world.rate.hold(now_ms + HOLD_MS)
    assert api.get(path).json["held"] == "daily_quota"
    world.time.advance(HOLD_MS)
    assert api.get(path).json["held"] is None


def test_who_is_not_being_sent_to_has_no_pace_and_costs_no_look_at_it(api, counted, world):
    path = counted(progress=Progress(planned=100, sent=40))
    world.faults = FailOnce("RateSlot.terms", Moment.BEFORE, Unavailable("the rate slot"))
    assert api.get(path).status == 503
    world.faults = FailOnce("RateSlot.terms", Moment.BEFORE, Unavailable("the rate slot"))
    api.post(path + "/pause")
    told = api.get(path).json
    assert (told["status"], told["rate_now"], told["seconds_left"]) == ("paused", 0.0, None)
