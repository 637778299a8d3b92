# SPDX-License-Identifier: Apache-2.0
"""The rights desk: effective at once, with a deadline, in the person's chain, whoever took it."""

import pytest

from chalicelib.domain.erasure import PERSON, Stage
from chalicelib.domain.rights import (
    Medium,
    Right,
    Status,
    deadline,
)
from chalicelib.domain.state import ConsentStatus
from chalicelib.entrypoints.api.frame import rfc3339
from chalicelib.errors import InputError, NotFound, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.entries import open_profile
from chalicelib.services.rights import Erase
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.rights_desk import (
    EMAIL,
    KEY,
    STRANGER,
    ask,
    claims_of,
    enter,
    event_of,
    mailed_to,
)
from tests.support.world import World

NOTE = "Wrote that the name is misspelt."


@pytest.fixture
def world():
    return World()


def statuses(world, sid):
    return {consent.status for consent in world.state(sid).consents.values()}


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_a_person_who_looks_at_their_data_is_answered_by_the_page(world, right):
    sid = world.subscribe(EMAIL)
    made = ask(world, sid, right)
    assert (made.status, made.medium, made.entered_by) == (Status.ANSWERED, Medium.PAGE, "")
    assert world.types(sid)[-2:] == ["right.requested", "right.answered"]
    assert event_of(world, sid, "right.requested").reason == right
    assert world.rights.get(made.id) == made
    assert world.rights.page(None, 10, open_only=True).items == ()


def test_a_rectification_by_the_person_changes_the_profile_with_its_entries(world):
    sid = world.subscribe(EMAIL, first_name="Aad")
    ask(world, sid, Right.RECTIFICATION, changes={"first_name": "Ada", "language": "sv"})
    member = world.audience.members([sid])[sid]
    profile = open_profile(world.ledger.open(sid).keys, member.sealed)
    assert profile["attributes"] == {"first_name": "Ada"}
    assert (profile["language"], profile["email"]) == ("sv", EMAIL)
    claims = claims_of(world, sid, "right.requested")
    assert claims.choice == {"first_name": "Ada", "language": "sv"}


def test_an_empty_value_takes_an_attribute_away(world):
    sid = world.subscribe(EMAIL, first_name="Aad")
    ask(world, sid, Right.RECTIFICATION, changes={"first_name": ""})
    member = world.audience.members([sid])[sid]
    profile = open_profile(world.ledger.open(sid).keys, member.sealed)
    assert (profile["attributes"], profile["language"]) == ({}, "en")


@pytest.mark.parametrize(
    "changes", [None, {}, {"a": "x" * 2501}, {"a\n": "x"}, {"": "x"}, {"a": "two\nlines"}]
)
def test_a_rectification_that_says_nothing_usable_writes_nothing(world, changes):
    sid = world.subscribe(EMAIL)
    before = world.types(sid)
    with pytest.raises(InputError):
        ask(world, sid, Right.RECTIFICATION, changes=changes)
    assert world.types(sid) == before


def test_an_objection_by_the_person_is_absolute_and_answered_at_once(world):
    sid = world.subscribe(EMAIL)
    made = ask(world, sid, Right.OBJECTION)
    assert made.status is Status.ANSWERED
    assert world.types(sid)[-3:] == ["right.requested", "objection.recorded", "right.answered"]
    assert mailed_to(world, "One") == []


def test_a_withdrawal_is_no_right_event_and_owes_no_answer(world):
    sid = world.subscribe(EMAIL)
    by_letter = enter(world, Right.WITHDRAWAL)
    assert by_letter.status is Status.ANSWERED
    assert statuses(world, sid) == {ConsentStatus.WITHDRAWN}
    assert world.types(sid)[-1] == "consent.withdrawn"
    assert not any(name.startswith("right.") for name in world.types(sid))
    entries = len(world.types(sid))
    again = ask(world, sid, Right.WITHDRAWAL)
    assert (again.status, len(world.types(sid))) == (Status.ANSWERED, entries)


def test_an_erasure_by_the_person_needs_no_second_key_and_is_certified(world):
    sid = world.subscribe(EMAIL)
    made = ask(world, sid, Right.ERASURE, erase=Erase(language="sv", country="SE"))
    assert made.status is Status.OPEN
    erasure = world.erasures.get(made.erasure)
    assert (erasure.stage, erasure.requested_by, erasure.approved_by) == (
        Stage.APPROVED,
        PERSON,
        PERSON,
    )
    assert (erasure.language, erasure.country) == ("sv", "SE")
    world.settle()
    assert world.types(sid)[-3:] == ["right.requested", "subject.restricted", "subject.erased"]
    assert world.erasures.certificate(made.erasure).erasure.stage is Stage.ERASED
    closed = world.rights.get(made.id)
    assert (closed.status, closed.closed_by_erasure) == (Status.ANSWERED, True)


def test_a_person_approves_an_erasure_that_a_key_asked_for(world):
    sid = world.subscribe(EMAIL)
    asked = world.erasures.request({"subscriber": sid}, key_id=KEY)
    made = ask(world, sid, Right.ERASURE)
    assert made.erasure == asked.id
    erasure = world.erasures.get(asked.id)
    assert (erasure.requested_by, erasure.approved_by) == (KEY, PERSON)
    assert ask(world, sid, Right.ERASURE).erasure == asked.id


@pytest.mark.parametrize(
    ("right", "last"),
    [
        (Right.ACCESS, ["right.requested"]),
        (Right.RECTIFICATION, ["right.requested"]),
        (Right.PORTABILITY, ["right.requested"]),
        (Right.OBJECTION, ["right.requested", "objection.recorded"]),
        (Right.RESTRICTION, ["right.requested", "subject.restricted"]),
        (Right.ERASURE, ["right.requested", "subject.restricted"]),
    ],
)
def test_what_an_officer_enters_takes_effect_at_once_and_stays_owed(world, right, last):
    sid = world.subscribe(EMAIL)
    before = world.types(sid)
    made = enter(world, right)
    assert world.types(sid) == [*before, *last]
    assert (made.status, made.sid, made.entered_by) == (Status.OPEN, sid, KEY)
    assert made.due_ms == deadline(made.received_ms, "Europe/London")
    assert world.rights.page(None, 10, open_only=True).items == (made,)
    claims = claims_of(world, sid, last[-1])
    assert claims.session == {
        "medium": "letter",
        "received_at": rfc3339(made.received_ms).replace(".000Z", "Z"),
        "received_by": "Front desk",
    }
    assert (claims.link["rights_request"], claims.link["key"]) == (made.id, KEY)
    assert event_of(world, sid, last[-1]).via == "reply"


@pytest.mark.parametrize("right", [Right.OBJECTION, Right.WITHDRAWAL])
def test_a_strangers_objection_keeps_mail_away_until_their_own_double_opt_in(world, right):
    enter(world, right, {"email": STRANGER})
    mac = world.ledger.mac(STRANGER)
    assert [row.reason for row in world.ledger.lookup(mac).suppressions] == ["complaint"]
    sid = world.subscribe(STRANGER)
    assert statuses(world, sid) == {ConsentStatus.GIVEN}
    assert mailed_to(world, "One") == [STRANGER]


def test_a_strangers_note_is_refused_because_no_key_could_seal_it(world):
    with pytest.raises(InputError) as refused:
        enter(world, Right.ACCESS, {"email": STRANGER}, note=NOTE)
    assert refused.value.code == "no_note"
    assert world.rights.page(None, 10).items == ()


def test_a_link_or_an_id_that_leads_to_nobody_is_no_request(world):
    for selector in ({"subscriber": "A" * 22}, {"token": "nonsense"}):
        with pytest.raises(NotFound):
            enter(world, Right.ACCESS, selector)
    with pytest.raises(NotFound, match="brand"):
        enter(world, Right.ACCESS, brand="other")


def test_a_note_is_sealed_and_opening_it_is_an_entry(world):
    sid = world.subscribe(EMAIL)
    made = enter(world, Right.RECTIFICATION, note=NOTE)
    assert NOTE.encode() not in made.note
    assert world.rights.note(made.id, KEY) == NOTE
    assert world.types(sid)[-1] == "data.unsealed"


def test_a_note_that_is_too_long_is_refused_before_anything_is_written(world):
    sid = world.subscribe(EMAIL)
    before = world.types(sid)
    with pytest.raises(InputError):
        enter(world, Right.ACCESS, note="x" * 2001)
    assert world.types(sid) == before


def test_erasing_a_person_closes_all_they_asked_for_and_their_notes_are_gone(world):
    sid = world.subscribe(EMAIL)
    owed = enter(world, Right.ACCESS, note=NOTE)
    done = enter(world, Right.OBJECTION)
    world.right_answers.answer(done.id, KEY)
    ask(world, sid, Right.ERASURE)
    world.settle()
    for asked in (owed, done):
        left = world.rights.get(asked.id)
        assert not left.is_open
        assert (left.note, left.received_by, left.sid) == (None, "", sid)
        assert world.rights.note(asked.id, KEY) is None
    assert world.rights.get(owed.id).closed_by_erasure
    assert not world.rights.get(done.id).closed_by_erasure
    with pytest.raises(NotFound):
        ask(world, sid, Right.ACCESS)


def test_what_is_owed_is_on_the_desk_even_when_the_ledger_does_not_answer(world):
    sid = world.subscribe(EMAIL)
    before = world.types(sid)
    world.faults = FailOnce("LedgerStore.commit", Moment.BEFORE)
    with pytest.raises(Unavailable):
        enter(world, Right.OBJECTION)
    world.faults = no_faults
    assert world.types(sid) == before
    (owed,) = world.rights.page(None, 10, open_only=True).items
    assert owed.right is Right.OBJECTION


def test_nothing_personal_is_in_a_queue_message(world):
    sid = world.subscribe(EMAIL)
    made = ask(world, sid, Right.ERASURE)
    (message,) = world.messages.take(Queue.ERASURES)
    assert message == {"v": 1, "erasure": made.erasure}
