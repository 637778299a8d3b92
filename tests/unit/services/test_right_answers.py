# SPDX-License-Identifier: Apache-2.0
"""What becomes of a request: answered, extended, refused, lifted, and each of it an entry."""

import pytest

from chalicelib.domain.erasure import Stage
from chalicelib.domain.rights import (
    ExtensionReason,
    RefusalGround,
    RestrictionGround,
    Right,
    Status,
)
from chalicelib.errors import Conflict, IllegalTransition, NotFound, Unavailable
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.rights_desk import (
    EMAIL,
    KEY,
    OTHER_KEY,
    STRANGER,
    ask,
    claims_of,
    enter,
    event_of,
    mailed_to,
)
from tests.support.world import World


@pytest.fixture
def world():
    return World()


def test_a_restriction_by_the_person_stops_mail_and_lifting_it_brings_it_back(world):
    sid = world.subscribe(EMAIL)
    made = ask(world, sid, Right.RESTRICTION, ground=RestrictionGround.ACCURACY_CONTESTED)
    assert event_of(world, sid, "subject.restricted").reason == "accuracy-contested"
    assert mailed_to(world, "One") == []
    lifted = world.right_answers.lift(made.id, KEY)
    assert lifted.lifted_ms == world.clock.now_ms()
    assert world.types(sid)[-1] == "hold.released"
    assert mailed_to(world, "Two") == [EMAIL]
    assert world.right_answers.lift(made.id, KEY) == lifted
    assert world.types(sid).count("hold.released") == 1


def test_the_end_of_a_restriction_never_lifts_a_withdrawal_or_an_objection(world):
    sid = world.subscribe(EMAIL)
    made = ask(world, sid, Right.RESTRICTION)
    ask(world, sid, Right.OBJECTION)
    world.right_answers.lift(made.id, KEY)
    assert not world.state(sid).restricted
    assert mailed_to(world, "One") == []


def test_an_officers_erasure_waits_for_a_second_key_and_closes_the_request(world):
    world.subscribe(EMAIL)
    made = enter(world, Right.ERASURE)
    assert world.erasures.get(made.erasure).stage is Stage.REQUESTED
    with pytest.raises(Conflict, match="erasure is the answer"):
        world.right_answers.answer(made.id, KEY)
    with pytest.raises(IllegalTransition):
        world.erasures.approve(made.erasure, KEY)
    world.erasures.approve(made.erasure, OTHER_KEY)
    world.settle()
    assert world.rights.get(made.id).closed_by_erasure


def test_a_refused_erasure_is_called_off_and_its_restriction_can_then_be_lifted(world):
    sid = world.subscribe(EMAIL)
    made = enter(world, Right.ERASURE)
    with pytest.raises(Conflict):
        world.right_answers.lift(made.id, KEY)
    refused = world.right_answers.refuse(made.id, RefusalGround.LEGAL_DUTY, KEY)
    assert (refused.status, refused.ground) == (Status.REFUSED, RefusalGround.LEGAL_DUTY)
    assert world.erasures.get(made.erasure).stage is Stage.CANCELLED
    assert world.types(sid)[-1] == "right.refused"
    assert world.state(sid).restricted
    world.right_answers.lift(made.id, KEY)
    assert not world.state(sid).restricted


def test_a_restriction_is_not_lifted_while_an_erasure_is_open(world):
    sid = world.subscribe(EMAIL)
    made = enter(world, Right.RESTRICTION)
    world.erasures.request({"subscriber": sid}, key_id=KEY)
    with pytest.raises(Conflict, match="open"):
        world.right_answers.lift(made.id, KEY)
    assert world.state(sid).restricted


def test_a_request_whose_erasure_was_cancelled_can_be_answered(world):
    world.subscribe(EMAIL)
    made = enter(world, Right.ERASURE)
    world.erasures.cancel(made.erasure)
    assert world.right_answers.answer(made.id, KEY).status is Status.ANSWERED


def test_an_answer_and_an_extension_are_entries_and_repeating_adds_none(world):
    sid = world.subscribe(EMAIL)
    made = enter(world, Right.ACCESS)
    extended = world.right_answers.extend(made.id, ExtensionReason.COMPLEXITY, KEY)
    assert extended.status is Status.EXTENDED
    assert claims_of(world, sid, "right.extended").choice == {"reason": "complexity"}
    assert event_of(world, sid, "right.extended").via == "operator"
    world.right_answers.extend(made.id, ExtensionReason.COMPLEXITY, KEY)
    world.right_answers.answer(made.id, KEY)
    world.right_answers.answer(made.id, KEY)
    assert world.types(sid)[-3:] == ["right.requested", "right.extended", "right.answered"]


def test_an_address_nobody_has_is_kept_as_its_mac_until_the_answer(world):
    made = enter(world, Right.ACCESS, {"email": STRANGER})
    assert (made.sid, made.mac) == (None, world.ledger.mac(STRANGER))
    assert world.right_answers.answer(made.id, KEY).mac is None


def test_an_answer_that_could_not_be_stored_leaves_its_entry_and_can_be_repeated(world):
    sid = world.subscribe(EMAIL)
    made = enter(world, Right.ACCESS)
    world.faults = FailOnce("RightsRecords.replace", Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.right_answers.answer(made.id, KEY)
    world.faults = no_faults
    assert world.rights.get(made.id).is_open
    assert world.right_answers.answer(made.id, KEY).status is Status.ANSWERED
    assert "right.answered" in world.types(sid)


def test_refusing_a_repeated_request_for_erasure_leaves_the_first_its_erasure(world):
    world.subscribe(EMAIL)
    first, second = enter(world, Right.ERASURE), enter(world, Right.ERASURE)
    assert first.erasure == second.erasure
    world.right_answers.refuse(second.id, RefusalGround.EXCESSIVE, KEY)
    assert world.erasures.get(first.erasure).stage is Stage.REQUESTED
    world.right_answers.refuse(first.id, RefusalGround.LEGAL_DUTY, KEY)
    assert world.erasures.get(first.erasure).stage is Stage.CANCELLED


def lifted(world, *requests):
    for each in requests:
        world.right_answers.lift(each.id, KEY)


def test_a_restriction_ends_with_the_last_request_that_restricts(world):
    """Lifting what a refused erasure left must not undo the restriction a claim is kept for."""
    sid = world.subscribe(EMAIL)
    own = ask(world, sid, Right.RESTRICTION, ground=RestrictionGround.LEGAL_CLAIM)
    erasure = enter(world, Right.ERASURE)
    world.right_answers.refuse(erasure.id, RefusalGround.LEGAL_CLAIM, KEY)
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


def test_an_unknown_request_is_not_found(world):
    for act in (
        lambda: world.rights.get("A" * 22),
        lambda: world.right_answers.answer("A" * 22, KEY),
        lambda: world.right_answers.lift("A" * 22, KEY),
    ):
        with pytest.raises(NotFound):
            act()
