# SPDX-License-Identifier: Apache-2.0
"""A worker of an import killed before and after every call it makes: everybody exactly once.

Also what comes between a decision and its transaction: visitors, suppressions, a second worker.
"""

from contextlib import nullcontext

import pytest

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.events import EMAIL, SuppressionReason
from chalicelib.domain.reach import EVERYWHERE, Reach
from chalicelib.errors import Conflict, KvittoError, Overtaken, Throttled, Unavailable
from chalicelib.ports.ledger_groups import Place
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.suppression_digests import names_of_digests
from chalicelib.vocabulary import EventType
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.import_lane import DEMO, LIST, ImportLane
from tests.support.people import People

COMMIT = "GroupStore.commit_group"
ANNA, KNOWN, BOUNCED, LEFT = (f"{n}@example.org" for n in ("anna", "known", "bounced", "left"))
FIRST = (*(f"first{n}@example.org" for n in range(15)), KNOWN, BOUNCED, ANNA)
SECOND = (LEFT, *(f"second{n}@example.org" for n in range(3)))
EVERYBODY = (*FIRST, *SECOND)


def lane():
    """Two chunks, of three groups; two of the people are known."""
    people = People()
    people.confirmed(KNOWN)
    people.confirmed(LEFT)
    return ImportLane(
        chunks=(FIRST, SECOND),
        people=people,
        bounced=frozenset({BOUNCED}),
        ended=frozenset({LEFT}),
    )


def require_done(made):
    made.require_whole()
    assert {address: made.written(address) for address in EVERYBODY} == dict.fromkeys(EVERYBODY, 1)
    assert made.place == Place(2, 0)
    assert made.counts == {"new": 19, "known": 2, "bounced": 1}
    mac = made.people.mac(BOUNCED)
    assert [row.reason for row in made.people.rows.suppressions[mac].values()] == ["bounce"]
    assert made.people.hygiene.macs == {mac}


def every_call():
    """Each call of an undisturbed worker: its name, and which of that name it is."""
    calls, made = [], lane()

    def listen(call, moment):
        if moment is Moment.BEFORE:
            calls.append(call)

    made.people.faults = listen
    made.work()
    made.people.faults = no_faults
    require_done(made)
    return [(call, calls[:place].count(call) + 1) for place, call in enumerate(calls)]


@pytest.mark.parametrize("moment", Moment)
def test_a_worker_killed_at_any_call_leaves_everybody_whole_and_the_next_ends_it(moment):
    calls = every_call()
    assert {name for name, _ in calls} >= {
        "GroupStore.lookup_many",
        "GroupStore.load_many",
        "SuppressionIndex.note",
        COMMIT,
        "Queues.send",
    }
    for call, nth in calls:
        made = lane()
        made.people.faults = FailOnce(call, moment, nth=nth)
        with stops_unless_harmless(call):
            made.work()
        made.people.faults = no_faults
        made.require_whole()
        made.work()
        require_done(made)


def stops_unless_harmless(call):
    """A sequencer that is not woken is run by its schedule; everything else stops the worker."""
    return nullcontext() if call == "Queues.send" else pytest.raises(Unavailable)


def test_a_worker_killed_at_every_other_commit_still_writes_everybody_once():
    made, deaths = lane(), 0

    class EveryOther:
        calls = 0

        def __call__(self, call, moment):
            if call == COMMIT and moment is Moment.AFTER:
                self.calls += 1
                if self.calls % 2:
                    raise Unavailable("the answer was lost")

    made.people.faults = EveryOther()
    while made.place.chunk < 2:
        try:
            made.work()
        except Unavailable:
            deaths += 1
            made.require_whole()
    assert deaths == 2
    made.people.faults = no_faults
    require_done(made)


class Between:
    """Does something once, after the decisions of the ``nth`` group and before its transaction."""

    def __init__(self, made, act, nth=1):
        self._made, self._act, self._left = made, act, nth
        made.people.faults = self

    def __call__(self, call, moment):
        if (call, moment) != (COMMIT, Moment.BEFORE):
            return
        self._left -= 1
        if self._left == 0:
            faults, self._made.people.faults = self._made.people.faults, no_faults
            self._act()
            self._made.people.faults = faults


def once_before_a_commit(act):
    """Does ``act`` instead of ever striking again: it sets the next faults itself."""

    def strike(call, moment):
        if (call, moment) == (COMMIT, Moment.BEFORE):
            act()

    return strike


def types(made, address):
    sid = made.sid(address)
    history = made.people.ledger.history(sid)
    return [event_of_leaf(entry.leaf).type for entry in history]


def test_who_signs_up_meanwhile_is_decided_anew_and_the_rest_of_the_group_is_stored():
    made = lane()
    Between(made, lambda: made.people.confirmed("first3@example.org"))
    made.work()
    assert types(made, "first3@example.org") == [
        EventType.CONSENT_CONFIRMED,
        EventType.CONSENT_IMPORTED,
    ]
    assert made.counts == {"new": 18, "known": 3, "bounced": 1}
    made.require_whole()
    assert all(made.written(address) == 1 for address in EVERYBODY)


def test_somebody_known_who_acts_meanwhile_is_decided_on_what_they_did():
    made = lane()
    sid = made.sid(KNOWN)
    Between(made, lambda: made.people.confirm_again(sid), nth=2)
    made.work()
    assert types(made, KNOWN)[-2:] == [EventType.CONSENT_CONFIRMED, EventType.CONSENT_IMPORTED]
    require_done(made)


@pytest.mark.parametrize("reach", [EVERYWHERE, Reach(DEMO), Reach(DEMO, EMAIL, LIST)])
def test_who_is_suppressed_meanwhile_is_decided_with_the_suppression(reach):
    made = lane()
    mac = made.people.mac("first0@example.org")
    reason = SuppressionReason.MANUAL
    Between(made, lambda: made.people.suppressor.suppress_mac(mac, reason, reach=reach))
    made.work()
    assert types(made, "first0@example.org") == [
        EventType.SUPPRESSION_ADDED,
        EventType.CONSENT_IMPORTED,
    ]
    assert made.counts == {"new": 19, "known": 2, "bounced": 1}


def suppress_digest(made, address):
    """As a file of digests does."""
    made.people.index.note_digests()
    (name,) = names_of_digests(parse_address(address))
    made.people.suppressor.suppress_mac(made.people.ledger.mac(name), SuppressionReason.MANUAL)


@pytest.mark.parametrize("meanwhile", [False, True])
def test_who_is_suppressed_by_a_digest_is_taken_in_with_it(meanwhile):
    made = lane()
    made.people.index.note_digests()
    if meanwhile:
        Between(made, lambda: suppress_digest(made, "first0@example.org"))
    else:
        suppress_digest(made, "first0@example.org")
    made.work()
    assert types(made, "first0@example.org") == [
        EventType.SUPPRESSION_ADDED,
        EventType.CONSENT_IMPORTED,
    ]
    rows = made.people.suppressions.find("first0@example.org")
    assert [(row.reach, row.reason) for row in rows] == [(EVERYWHERE, "manual")]
    (name,) = names_of_digests(parse_address("first0@example.org"))
    (taken,) = made.people.ledger.lookup(made.people.ledger.mac(name)).suppressions
    assert taken.salt_key is None


def test_who_is_erased_meanwhile_is_left_alone_or_somebody_new_and_never_half():
    made = lane()
    sid = made.sid(KNOWN)

    def erase():
        for key in [key for key in made.people.rows.entries if key[0] == sid]:
            del made.people.rows.entries[key]
        waiting = made.people.rows.outbox
        for key in [key for key, each in waiting.items() if each.sid == sid]:
            del waiting[key]
        made.people.rows.audience.pop(sid)
        made.people.rows.located.clear()
        made.people.erase(sid)

    Between(made, erase, nth=2)
    made.work()
    assert made.sid(KNOWN) not in (None, sid)
    assert made.written(KNOWN) == 1
    assert made.counts["new"] == 20


def test_of_two_workers_of_one_lane_the_second_stops_and_nothing_is_doubled():
    for nth in (1, 2, 3):
        made = lane()
        Between(made, made.work, nth=nth)
        with pytest.raises(Overtaken):
            made.work()
        made.people.faults = no_faults
        require_done(made)


def test_a_worker_at_single_rows_stops_as_well_when_another_went_on():
    made = lane()

    def sign_up():
        made.people.confirmed("first3@example.org")
        Between(made, made.work)

    made.people.faults = once_before_a_commit(sign_up)
    with pytest.raises(Overtaken):
        made.work()
    made.people.faults = no_faults
    made.require_whole()
    assert all(made.written(address) == 1 for address in EVERYBODY)


def test_a_lane_that_is_gone_takes_nothing_more():
    made = lane()
    Between(made, made.people.rows.lanes.clear, nth=2)
    with pytest.raises(Overtaken):
        made.work()
    assert made.sid(ANNA) is None
    made.require_whole()


def test_somebody_who_never_holds_still_stops_the_lane_at_their_row_and_later_gets_written():
    made = lane()
    sid = made.sid(KNOWN)

    def move(call, moment):
        if (call, moment) == (COMMIT, Moment.BEFORE):
            made.people.faults = no_faults
            made.people.confirm_again(sid)
            made.people.faults = move

    made.people.faults = move
    with pytest.raises(Conflict):
        made.work()
    assert made.place == Place(0, FIRST.index(KNOWN))
    made.people.faults = no_faults
    made.work()
    require_done(made)


def test_a_throttled_group_is_tried_in_halves_and_then_the_lane_waits():
    for moment in Moment:
        made = lane()
        made.people.faults = FailOnce(COMMIT, moment, Throttled("slow down"))
        if moment is Moment.AFTER:  # It was stored all the same: this worker knows it no more.
            with pytest.raises(Overtaken):
                made.work()
        made.work()
        made.people.faults = no_faults
        require_done(made)
    made = lane()
    made.people.faults = FailAlways(COMMIT, Moment.BEFORE, Throttled("slow down"))
    with pytest.raises(Throttled):
        made.work()
    made.people.faults = no_faults
    made.work()
    require_done(made)


@pytest.mark.parametrize("error", [Unavailable("no answer"), Throttled("slow down")])
def test_whatever_stops_a_worker_is_one_of_our_errors(error):
    made = lane()
    made.people.faults = FailAlways("GroupStore.lookup_many", Moment.BEFORE, error)
    with pytest.raises(KvittoError):
        made.work()
    assert made.place == Place(0, 0)
