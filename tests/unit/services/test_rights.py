# SPDX-License-Identifier: Apache-2.0
"""The rights desk: effective at once, with a deadline, in the person's chain, whoever took it."""

import pytest

from chalicelib.domain.erasure import PERSON, Stage
from chalicelib.domain.rights import (
    ExtensionReason,
    Medium,
    RefusalGround,
    RestrictionGround,
    Right,
    Status,
    deadline,
)
from chalicelib.domain.state import ConsentStatus
from chalicelib.entrypoints.api.frame import rfc3339
from chalicelib.errors import Conflict, IllegalTransition, InputError, NotFound, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.entries import event_of_leaf, open_claims, open_profile
from chalicelib.services.rights import Erase
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import READER, World

EMAIL = "reader@example.org"
STRANGER = "nobody@example.org"
KEY, OTHER_KEY = "key-one", "key-two"
DAY_MS = 86_400_000
NOTE = "Wrote that the name is misspelt."


@pytest.fixture
def world():
    return World()


def enter(world, right, selector=None, **more):
    wanted = {
        "brand": "demo",
        "medium": Medium.LETTER,
        "received_ms": world.clock.now_ms() - DAY_MS,
        "received_by": "Front desk",
        "entered_by": KEY,
        **more,
    }
    return world.rights.by_officer(selector or {"email": EMAIL}, right, **wanted)


def ask(world, sid, right, **more):
    return world.rights.by_person(sid, "demo", right, READER, **more)


def statuses(world, sid):
    return {consent.status for consent in world.state(sid).consents.values()}


def claims_of(world, sid, type_):
    chain = world.ledger.open(sid)
    for entry in reversed(world.ledger.history(sid)):
        if event_of_leaf(entry.leaf).type == type_:
            return open_claims(chain.keys, entry)
    raise AssertionError(type_)


def event_of(world, sid, type_):
    events = [event_of_leaf(entry.leaf) for entry in world.ledger.history(sid)]
    return [event for event in events if event.type == type_][-1]


def mailed_to(world, name):
    world.mails.clear()
    world.campaign(name)
    world.settle()
    return [mailed.message.to for mailed in world.mails]


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


def test_a_restriction_by_the_person_stops_mail_and_lifting_it_brings_it_back(world):
    sid = world.subscribe(EMAIL)
    made = ask(world, sid, Right.RESTRICTION, ground=RestrictionGround.ACCURACY_CONTESTED)
    assert event_of(world, sid, "subject.restricted").reason == "accuracy-contested"
    assert mailed_to(world, "One") == []
    lifted = world.rights.lift(made.id, KEY)
    assert lifted.lifted_ms == world.clock.now_ms()
    assert world.types(sid)[-1] == "hold.released"
    assert mailed_to(world, "Two") == [EMAIL]
    assert world.rights.lift(made.id, KEY) == lifted
    assert world.types(sid).count("hold.released") == 1


def test_the_end_of_a_restriction_never_lifts_a_withdrawal_or_an_objection(world):
    sid = world.subscribe(EMAIL)
    made = ask(world, sid, Right.RESTRICTION)
    ask(world, sid, Right.OBJECTION)
    world.rights.lift(made.id, KEY)
    assert not world.state(sid).restricted
    assert mailed_to(world, "One") == []


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


def test_an_officers_erasure_waits_for_a_second_key_and_closes_the_request(world):
    world.subscribe(EMAIL)
    made = enter(world, Right.ERASURE)
    assert world.erasures.get(made.erasure).stage is Stage.REQUESTED
    with pytest.raises(Conflict, match="erasure is the answer"):
        world.rights.answer(made.id, KEY)
    with pytest.raises(IllegalTransition):
        world.erasures.approve(made.erasure, KEY)
    world.erasures.approve(made.erasure, OTHER_KEY)
    world.settle()
    assert world.rights.get(made.id).closed_by_erasure


def test_a_refused_erasure_is_called_off_and_its_restriction_can_then_be_lifted(world):
    sid = world.subscribe(EMAIL)
    made = enter(world, Right.ERASURE)
    with pytest.raises(Conflict):
        world.rights.lift(made.id, KEY)
    refused = world.rights.refuse(made.id, RefusalGround.LEGAL_DUTY, KEY)
    assert (refused.status, refused.ground) == (Status.REFUSED, RefusalGround.LEGAL_DUTY)
    assert world.erasures.get(made.erasure).stage is Stage.CANCELLED
    assert world.types(sid)[-1] == "right.refused"
    assert world.state(sid).restricted
    world.rights.lift(made.id, KEY)
    assert not world.state(sid).restricted


def test_a_restriction_is_not_lifted_while_an_erasure_is_open(world):
    sid = world.subscribe(EMAIL)
    made = enter(world, Right.RESTRICTION)
    world.erasures.request({"subscriber": sid}, key_id=KEY)
    with pytest.raises(Conflict, match="open"):
        world.rights.lift(made.id, KEY)
    assert world.state(sid).restricted


def test_a_request_whose_erasure_was_cancelled_can_be_answered(world):
    world.subscribe(EMAIL)
    made = enter(world, Right.ERASURE)
    world.erasures.cancel(made.erasure)
    assert world.rights.answer(made.id, KEY).status is Status.ANSWERED


def test_an_answer_and_an_extension_are_entries_and_repeating_adds_none(world):
    sid = world.subscribe(EMAIL)
    made = enter(world, Right.ACCESS)
    extended = world.rights.extend(made.id, ExtensionReason.COMPLEXITY, KEY)
    assert extended.status is Status.EXTENDED
    assert claims_of(world, sid, "right.extended").choice == {"reason": "complexity"}
    assert event_of(world, sid, "right.extended").via == "operator"
    world.rights.extend(made.id, ExtensionReason.COMPLEXITY, KEY)
    world.rights.answer(made.id, KEY)
    world.rights.answer(made.id, KEY)
    assert world.types(sid)[-3:] == ["right.requested", "right.extended", "right.answered"]


def test_an_address_nobody_has_is_kept_as_its_mac_until_the_answer(world):
    made = enter(world, Right.ACCESS, {"email": STRANGER})
    assert (made.sid, made.mac) == (None, world.ledger.mac(STRANGER))
    assert world.rights.answer(made.id, KEY).mac is None


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
    world.rights.answer(done.id, KEY)
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


def test_an_answer_that_could_not_be_stored_leaves_its_entry_and_can_be_repeated(world):
    sid = world.subscribe(EMAIL)
    made = enter(world, Right.ACCESS)
    world.faults = FailOnce("RightsRecords.replace", Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.rights.answer(made.id, KEY)
    world.faults = no_faults
    assert world.rights.get(made.id).is_open
    assert world.rights.answer(made.id, KEY).status is Status.ANSWERED
    assert "right.answered" in world.types(sid)


def test_refusing_a_repeated_request_for_erasure_leaves_the_first_its_erasure(world):
    world.subscribe(EMAIL)
    first, second = enter(world, Right.ERASURE), enter(world, Right.ERASURE)
    assert first.erasure == second.erasure
    world.rights.refuse(second.id, RefusalGround.EXCESSIVE, KEY)
    assert world.erasures.get(first.erasure).stage is Stage.REQUESTED
    world.rights.refuse(first.id, RefusalGround.LEGAL_DUTY, KEY)
    assert world.erasures.get(first.erasure).stage is Stage.CANCELLED


def lifted(world, *requests):
    for each in requests:
        world.rights.lift(each.id, KEY)


def test_a_restriction_ends_with_the_last_request_that_restricts(world):
    """Lifting what a refused erasure left must not undo the restriction a claim is kept for."""
    sid = world.subscribe(EMAIL)
    own = ask(world, sid, Right.RESTRICTION, ground=RestrictionGround.LEGAL_CLAIM)
    erasure = enter(world, Right.ERASURE)
    world.rights.refuse(erasure.id, RefusalGround.LEGAL_CLAIM, KEY)
    lifted(world, erasure)
    assert world.rights.get(erasure.id).lifted_ms is not None
    assert world.state(sid).restricted
    lifted(world, own)
    assert not world.state(sid).restricted
    assert world.types(sid).count("hold.released") == 1


def test_two_requests_lifted_at_once_leave_nobody_restricted(world):
    sid = world.subscribe(EMAIL)
    first, second = (enter(world, Right.RESTRICTION) for _ in range(2))

    def race(call, moment):
        if (call, moment) == ("RightsRecords.replace", Moment.BEFORE):
            world.faults = no_faults
            lifted(world, second)

    world.faults = race
    lifted(world, first)
    assert not world.state(sid).restricted


def test_a_restriction_asked_for_while_an_older_one_is_lifted_holds(world):
    sid = world.subscribe(EMAIL)
    older = ask(world, sid, Right.RESTRICTION)

    def race(call, moment):
        if (call, moment) == ("RightsRecords.create", Moment.BEFORE):
            world.faults = no_faults
            lifted(world, older)

    world.faults = race
    ask(world, sid, Right.RESTRICTION, ground=RestrictionGround.LEGAL_CLAIM)
    assert world.state(sid).restricted


def test_nothing_personal_is_in_a_queue_message(world):
    sid = world.subscribe(EMAIL)
    made = ask(world, sid, Right.ERASURE)
    (message,) = world.messages.take(Queue.ERASURES)
    assert message == {"v": 1, "erasure": made.erasure}


def test_an_unknown_request_is_not_found(world):
    for act in (
        lambda: world.rights.get("A" * 22),
        lambda: world.rights.answer("A" * 22, KEY),
        lambda: world.rights.lift("A" * 22, KEY),
    ):
        with pytest.raises(NotFound):
            act()
