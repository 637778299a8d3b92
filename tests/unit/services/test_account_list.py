# SPDX-License-Identifier: Apache-2.0
"""SES's own list beside ours: the later act wins, and what SES remembers invents nothing."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.account_list import (
    Winner,
    confirmed_ms,
    winner,
)
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import SuppressionReason, Via
from chalicelib.domain.health import load_health
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.account_list import Settled
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.account_lists import (
    BOUNCE,
    COMPLAINT,
    HOUR_MS,
    READER_AT,
    is_listed,
    put,
    queued,
    reasons,
)
from tests.support.faults import FailAlways, Moment
from tests.support.world import READER, World

# One person.


def test_who_confirmed_after_ses_listed_them_comes_off_its_list(world):
    put(world, READER_AT, ago_ms=HOUR_MS)
    sid = world.subscribe(READER_AT)
    before = world.state(sid)
    assert world.account_list_sync.settle(sid) is Settled.REMOVED
    assert not is_listed(world, READER_AT)
    assert world.state(sid) == before
    assert world.account_list_sync.settle(sid) is Settled.AS_IT_WAS


@pytest.mark.parametrize("reason", [BOUNCE, COMPLAINT])
def test_who_was_listed_after_they_confirmed_is_suppressed_as_of_that_day(world, reason):
    sid = world.subscribe(READER_AT)
    world.time.advance(5 * HOUR_MS)
    put(world, READER_AT, reason, ago_ms=2 * HOUR_MS)
    since_ms = world.account_list_rows.listed[READER_AT].since_ms
    assert world.account_list_sync.settle(sid) is Settled.ADDED
    assert reasons(world, READER_AT) == [reason]
    assert len(world.state(sid).objections) == (reason is COMPLAINT)
    health = load_health(world.health.rows.health[sid][0])
    assert (health.bounced_ms, health.complained_ms) == (
        (since_ms, None) if reason is BOUNCE else (None, since_ms)
    )
    assert is_listed(world, READER_AT)
    entries = world.state(sid).entries
    assert world.account_list_sync.settle(sid) is Settled.AS_IT_WAS
    assert world.state(sid).entries == entries


def test_who_withdrew_after_coming_back_is_given_no_objection_they_never_made(world):
    put(world, READER_AT, ago_ms=HOUR_MS)
    sid = world.subscribe(READER_AT)
    key = next(iter(world.state(sid).consents))
    withdraw(world, sid)
    assert world.account_list_sync.settle(sid) is Settled.REMOVED
    assert not world.state(sid).objections
    assert not world.state(sid).suppressions
    assert world.state(sid).consents[key].status == "withdrawn"


def withdraw(world: World, sid) -> None:
    draft = Draft(type=EventType.CONSENT_WITHDRAWN, brand=BrandId("demo"), via=Via.PAGE)
    world.ledger.append(world.ledger.open(sid), [draft])


def test_an_old_complaint_does_not_end_what_was_asked_for_since(world):
    put(world, READER_AT, ago_ms=HOUR_MS)
    world.sign_up(READER_AT)
    world.settle(Queue.CONFIRMATIONS)
    (sid,) = world.rows.states
    assert world.account_list_sync.settle(sid) is Settled.ADDED
    assert reasons(world, READER_AT) == ["complaint"]
    assert not world.state(sid).objections
    link = world.confirmation.confirm(world.confirm_token(READER_AT), READER)
    assert link.status == "confirmed"
    assert queued(world) == [{"v": 1, "held": sid}]


def test_ses_keeps_who_is_suppressed_here_for_something_later(world):
    put(world, READER_AT, BOUNCE, ago_ms=HOUR_MS)
    sid = world.subscribe(READER_AT)
    world.suppressions.add(READER_AT, "manual")
    assert world.account_list_sync.settle(sid) is Settled.AS_IT_WAS
    assert is_listed(world, READER_AT)


@pytest.mark.parametrize("kept", ["Big.Reader@example.org", "big.reader@example.org"])
def test_an_address_is_found_however_ses_spells_it(world, kept, monkeypatch):
    put(world, kept, ago_ms=HOUR_MS)
    listed = world.account_list_rows.listed
    monkeypatch.setattr(world.account_list, "get", listed.get)
    monkeypatch.setattr(world.account_list, "remove", listed.pop)
    sid = world.subscribe("Big.Reader@example.org")
    assert world.account_list_sync.settle(sid) is Settled.REMOVED
    assert listed == {}


@pytest.mark.parametrize("gone", ["unknown", "erased"])
def test_nobody_is_nothing_to_settle(world, gone):
    sid = world.subscribe(READER_AT)
    put(world, READER_AT)
    if gone == "erased":
        del world.rows.vault[sid]
    else:
        sid = "A" * 22
    assert world.account_list_sync.settle(sid) is Settled.AS_IT_WAS
    assert is_listed(world, READER_AT)


def test_a_confirmation_that_lifts_has_the_person_compared_and_ses_lets_them_go(world):
    sid = world.subscribe(READER_AT)
    world.time.advance(HOUR_MS)
    put(world, READER_AT)
    world.suppressions.add(READER_AT, "complaint")
    world.time.advance(DAY_MS)
    world.subscribe(READER_AT)
    assert not is_listed(world, READER_AT)
    assert not world.state(sid).suppressions
    assert not world.state(sid).objections


def test_a_confirmation_stands_though_ses_list_cannot_be_asked_for(world):
    world.subscribe(READER_AT)
    world.suppressions.add(READER_AT, "bounce")
    world.time.advance(DAY_MS)
    world.sign_up(READER_AT)
    world.settle()
    world.faults = FailAlways("Queues.send", Moment.BEFORE, Unavailable("down"))
    link = world.confirmation.confirm(world.confirm_token(READER_AT), READER)
    assert link.status == "confirmed"


@dataclass(slots=True, kw_only=True)
class History:
    """One person and SES, and what is true of them whatever is done in which order."""

    world: World
    sid: SubjectId
    confirmed_ms: int
    has_complained: bool = False

    @classmethod
    def begun(cls) -> "History":
        world = World()
        sid = world.subscribe(READER_AT)
        return cls(world=world, sid=sid, confirmed_ms=world.time.now_ms())

    def act(self, name: str) -> None:
        self.world.time.advance(DAY_MS)
        if name in ("bounce", "complaint") and not is_listed(self.world, READER_AT):
            put(self.world, READER_AT, SuppressionReason(name))
        elif name == "confirm":
            self.confirm()
        elif name == "withdraw":
            withdraw(self.world, self.sid)
        elif name == "settle":
            self.world.account_list_sync.settle(self.sid)
            self.check()

    def confirm(self) -> None:
        self.world.sign_up(READER_AT)
        self.world.settle(Queue.CONFIRMATIONS)
        link = self.world.confirmation.confirm(self.world.confirm_token(READER_AT), READER)
        if link.changed:
            self.confirmed_ms = self.world.time.now_ms()

    def check(self) -> None:
        """The later act won, and no objection was made but for a complaint that was the later."""
        listed = self.world.account_list_rows.listed.get(READER_AT)
        state = self.world.state(self.sid)
        if listed is not None:
            assert winner(listed.since_ms, self.confirmed_ms) is Winner.SES
            assert listed.reason in {x.reason for x in state.suppressions}
            self.has_complained = self.has_complained or listed.reason is COMPLAINT
        assert self.has_complained or not state.objections


@given(
    st.lists(st.sampled_from(["bounce", "complaint", "confirm", "withdraw", "settle"]), max_size=8)
)
@settings(max_examples=80, deadline=None)
def test_the_later_of_ses_and_the_person_wins_in_every_history(acts):
    history = History.begun()
    for act in (*acts, "settle"):
        history.act(act)


@pytest.mark.parametrize("reason", [BOUNCE, COMPLAINT])
def test_who_came_back_withdrew_and_asked_again_is_not_suppressed_for_before(reason):
    history = History.begun()
    for act in (str(reason), "withdraw", "confirm", "withdraw"):
        history.act(act)
    history.world.sign_up(READER_AT)
    history.act("settle")
    assert not is_listed(history.world, READER_AT)
    assert history.world.state(history.sid).suppressions == ()


def test_the_last_confirmation_counts_though_it_was_withdrawn(world):
    sid = world.subscribe(READER_AT)
    at_ms = max(x.since_ms for x in world.state(sid).consents.values())
    world.time.advance(HOUR_MS)
    withdraw(world, sid)
    events = [event_of_leaf(entry.leaf) for entry in world.ledger.history(sid)]
    assert confirmed_ms(events) == at_ms
    assert confirmed_ms([]) is None
