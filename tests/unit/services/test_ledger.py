# SPDX-License-Identifier: Apache-2.0
"""What an append writes in the clear beside the profile: on which lists, and where they stand."""

from dataclasses import replace

import pytest

from chalicelib.domain.events import SuppressionReason, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId, shard_of
from chalicelib.domain.standing import Standing, load_standing
from chalicelib.errors import Conflict, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import FailAlways, Moment
from tests.support.memory_audience import MemoryAudienceStore
from tests.support.memory_outside import MemoryQueues
from tests.support.people import People

ANNA = "anna@example.org"
DEMO, NEWS, MAIL = BrandId("demo"), ListId("newsletter"), PurposeId("newsletter")
MEASUREMENT, PROFILING = PurposeId("measurement"), PurposeId("profiling")
LEFT = '{"left":"as it was"}'


@pytest.fixture
def people():
    return People()


def purposes(type_, *named):
    return Draft(type=type_, brand=DEMO, lists=(NEWS,), purposes=named, via=Via.PAGE)


def given(*named):
    return replace(purposes(EventType.CONSENT_CONFIRMED, *named), notice="11" * 32)


def mail_sent():
    return replace(purposes(EventType.CONSENT_MAIL_SENT, MAIL), via=None)


def row(people, sid):
    """Lists and standing as they are stored."""
    stored = people.rows.audience[sid]
    return dict(stored.lists), load_standing(stored.standing)


def forget(people, sid):
    """Mark the stored standing, so that a write of it shows."""
    people.rows.audience[sid] = replace(people.rows.audience[sid], standing=LEFT)


def test_the_first_append_says_where_somebody_stands(people):
    sid = people.confirmed(ANNA)
    lists, stands = row(people, sid)
    assert lists == {NEWS: "given"}
    assert stands.given == {DEMO: {NEWS: {MAIL}}}
    assert stands.since_s[DEMO][NEWS] == people.clock.now_ms() // 1000


def test_a_box_that_only_allows_profiling_or_measurement_puts_nobody_on_a_list(people):
    chain = people.ledger.start(people.mac(ANNA))
    sid = people.ledger.append(chain, [given(PROFILING, MEASUREMENT)], signup=True).sid
    lists, stands = row(people, sid)
    assert lists == {}
    assert stands.purposes(DEMO) == {PROFILING, MEASUREMENT}
    audience = MemoryAudienceStore(people.rows)
    assert list(audience.on_list(shard_of(sid), NEWS, "given", "soft-opt-in")) == []


def test_a_purpose_beside_the_lists_own_changes_the_standing_and_no_membership(people):
    sid = people.confirmed(ANNA)
    people.act(sid, given(MEASUREMENT))
    assert row(people, sid)[0] == {NEWS: "given"}
    assert row(people, sid)[1].purposes(DEMO) == {MAIL, MEASUREMENT}
    people.act(sid, purposes(EventType.CONSENT_WITHDRAWN, MEASUREMENT))
    assert row(people, sid)[1].purposes(DEMO) == {MAIL}


def test_a_restriction_and_its_end_are_on_the_row(people):
    sid = people.confirmed(ANNA)
    people.act(sid, Draft(type=EventType.SUBJECT_RESTRICTED, channel=None, reason="objection"))
    assert row(people, sid)[1].restricted
    people.act(sid, Draft(type=EventType.HOLD_RELEASED, channel=None, reason="ended"))
    assert not row(people, sid)[1].restricted


def test_an_objection_of_somebody_on_no_list_is_on_the_row(people):
    sid = people.confirmed(ANNA)
    people.act(sid, Draft(type=EventType.CONSENT_WITHDRAWN, brand=DEMO, via=Via.PAGE))
    forget(people, sid)
    people.act(sid, Draft(type=EventType.OBJECTION_RECORDED, brand=DEMO, via=Via.PAGE))
    lists, stands = row(people, sid)
    assert lists == {NEWS: "withdrawn"}
    assert (stands.objected, stands.given) == ({DEMO}, {})


def test_a_complaint_heard_only_at_the_next_request_is_on_the_row_then(people):
    sid = people.confirmed(ANNA, ("south", "events"))
    people.ledger.suppress_stranger(people.mac(ANNA), SuppressionReason.COMPLAINT)
    people.act(sid, replace(given(MAIL), type=EventType.CONSENT_REQUESTED))
    assert row(people, sid)[1].objected == frozenset()
    people.suppressor.mirror(people.ledger.open(sid))
    lists, stands = row(people, sid)
    assert lists == {"events": "withdrawn", NEWS: "requested"}
    assert stands.objected == {"south"}


def test_an_append_that_changes_nothing_in_the_clear_does_not_touch_the_row(people):
    sid = people.confirmed(ANNA)
    forget(people, sid)
    people.act(sid, Draft(type=EventType.SUPPRESSION_ADDED, reason="bounce"))
    people.act(sid, mail_sent())
    assert people.rows.audience[sid].standing == LEFT


def test_a_profile_is_written_with_lists_and_standing_anew(people):
    sid = people.confirmed(ANNA)
    forget(people, sid)
    people.ledger.append(people.ledger.open(sid), [mail_sent()], profile={"email": ANNA})
    assert row(people, sid)[1].purposes(DEMO) == {MAIL}


def test_an_append_that_is_refused_leaves_the_standing(people):
    sid = people.confirmed(ANNA)
    chain = people.ledger.open(sid)
    people.act(sid, purposes(EventType.CONSENT_WITHDRAWN, MAIL))
    before = people.rows.audience[sid]
    with pytest.raises(Conflict):
        people.ledger.append(chain, [given(MEASUREMENT)])
    assert people.rows.audience[sid] == before


def test_a_row_older_than_its_standing_stands_for_nothing_and_heals_with_the_next_change(people):
    sid = people.confirmed(ANNA)
    people.rows.audience[sid] = replace(people.rows.audience[sid], standing=None)
    assert row(people, sid)[1] == Standing()
    people.act(sid, given(MEASUREMENT))
    assert row(people, sid)[1].purposes(DEMO) == {MAIL, MEASUREMENT}


def asked_to_forget(people):
    """Take the sequencer's messages; return those that ask for it."""
    taken = MemoryQueues(people.outside).take(Queue.SEQUENCING)
    return [message for message in taken if len(message) > 1]


def test_an_append_asks_to_forget_what_it_ended_and_for_nothing_else(people):
    sid = people.confirmed(ANNA)
    people.act(sid, given(MEASUREMENT, PROFILING))
    people.act(sid, mail_sent())
    people.act(sid, purposes(EventType.CONSENT_WITHDRAWN, MAIL))
    assert asked_to_forget(people) == []
    people.act(sid, purposes(EventType.CONSENT_WITHDRAWN, PROFILING))
    people.act(sid, purposes(EventType.CONSENT_WITHDRAWN))
    people.act(sid, Draft(type=EventType.OBJECTION_RECORDED, brand=DEMO, via=Via.PAGE))
    assert asked_to_forget(people) == [{"v": 1, "forget": sid}] * 3


def test_who_leaves_waits_for_one_message_and_no_more(people):
    sid = people.confirmed(ANNA)
    people.act(sid, given(MEASUREMENT))
    people.outside.messages.clear()
    people.act(sid, purposes(EventType.CONSENT_WITHDRAWN))
    assert [message.queue for message in people.outside.messages] == [Queue.SEQUENCING]


def test_an_append_that_is_refused_asks_for_nothing(people):
    sid = people.confirmed(ANNA)
    people.act(sid, given(MEASUREMENT))
    chain = people.ledger.open(sid)
    people.act(sid, mail_sent())
    with pytest.raises(Conflict):
        people.ledger.append(chain, [purposes(EventType.CONSENT_WITHDRAWN)])
    assert asked_to_forget(people) == []


def test_a_withdrawal_stands_though_nobody_could_be_asked_to_forget(people, caplog):
    sid = people.confirmed(ANNA)
    people.act(sid, given(MEASUREMENT))
    people.faults = FailAlways("Queues.send", Moment.BEFORE, Unavailable("no queue"))
    people.act(sid, purposes(EventType.CONSENT_WITHDRAWN))
    assert row(people, sid)[1].purposes(DEMO) == frozenset()
    assert caplog.records
    assert sid not in caplog.text
