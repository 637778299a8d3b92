# SPDX-License-Identifier: Apache-2.0
"""A chain is told as the consents it holds, each from its beginning to its end."""

from chalicelib.proof.disclosure import Claims
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.story import Story, read_story, sent_after
from chalicelib.vocabulary import EventType
from tests.support.report_cases import CASES, Case, confirmed, withdrawn_by_page


def told(case: Case, **more: object) -> Story:
    evidence = case.evidence(**more)
    return read_story(evidence, [parse_leaf(entry.leaf) for entry in evidence.entries])


def test_request_mail_and_answer_are_one_double_opt_in():
    (consent,) = told(confirmed()).consents
    assert (consent.start.n, consent.mail.n, consent.answer.n) == (0, 1, 2)
    assert consent.is_given
    assert consent.is_double_opt_in
    assert consent.end is None


def test_only_the_person_s_own_answer_makes_a_double_opt_in():
    for via, double in (("page", True), (None, True), ("operator", False), ("api", False)):
        (consent,) = told(Case().ask().confirm(via=via)).consents
        assert consent.is_given
        assert consent.is_double_opt_in is double


def test_a_refusal_gives_nothing():
    (consent,) = told(CASES["refused"]()).consents
    assert consent.answer is not None
    assert not consent.is_given


def test_a_withdrawal_of_everything_ends_it_and_what_follows_is_another_consent():
    story = told(withdrawn_by_page().confirm(EventType.CONSENT_RENEWED))
    first, second = story.consents
    assert first.end.n == 3
    assert second.start.n == second.answer.n == 4
    assert second.end is None


def test_a_withdrawal_of_one_purpose_only_changes_it():
    case = confirmed().end(
        EventType.CONSENT_WITHDRAWN, lists=("newsletter",), purposes=("measurement",), via="page"
    )
    (consent,) = told(case).consents
    assert consent.end is None
    assert [change.n for change in consent.changes] == [3]


def test_a_withdrawal_from_another_brand_or_list_ends_nothing():
    for scope in ({"brand": "other"}, {"lists": ("other",)}):
        case = confirmed().end(EventType.CONSENT_WITHDRAWN, via="page", **scope)
        (consent,) = told(case).consents
        assert (consent.end, consent.changes) == (None, ())


def test_a_renewal_joins_the_consent_it_renews():
    (consent,) = told(confirmed().confirm(EventType.CONSENT_RENEWED)).consents
    assert [change.n for change in consent.changes] == [3]


def change(case: Case, notice: str | None) -> Case:
    named = {"lists": ("newsletter",), "purposes": ("newsletter",), "via": "page"}
    return case.end(EventType.CONSENT_CHANGED, notice_sha256=notice, **named)


def test_a_box_ticked_on_one_s_own_page_begins_a_consent_and_one_left_ticked_does_not():
    ended = change(withdrawn_by_page(), "ab" * 32)
    first, second = told(ended).consents
    assert first.end.n == 3
    assert second.start.n == second.answer.n == 4
    assert second.is_given
    assert not second.is_double_opt_in
    never_confirmed = change(Case().ask(), "ab" * 32)
    assert [consent.is_given for consent in told(never_confirmed).consents] == [False, True]
    for notice in (None, "ab" * 32):
        (consent,) = told(change(confirmed(), notice)).consents
        assert [later.n for later in consent.changes] == [3]
    assert len(told(change(withdrawn_by_page(), None)).consents) == 1


def taken(case: Case, *purposes: str) -> Case:
    """The person took boxes away on their own page; ``purposes`` are left."""
    named = {"lists": ("newsletter",), "purposes": purposes, "via": "page"}
    return case.end(EventType.CONSENT_CHANGED, **named)


def test_what_is_taken_back_part_by_part_has_ended_when_nothing_is_left():
    case = taken(confirmed(), "newsletter")
    (consent,) = told(case).consents
    assert consent.left == {("newsletter", "newsletter")}
    assert consent.is_in_part
    case.end(
        EventType.CONSENT_WITHDRAWN, lists=("newsletter",), purposes=("newsletter",), via="page"
    )
    (consent,) = told(case).consents
    assert consent.end.n == 4
    assert not consent.is_in_part


def test_a_change_that_leaves_nothing_of_a_consent_ends_it():
    case = taken(confirmed(), "other").send()
    (consent,) = told(case).consents
    assert consent.end.n == 3
    assert len(sent_after(case.evidence(), consent).on_nothing_later) == 1


def test_what_was_taken_back_and_is_ticked_again_begins_a_consent_of_its_own():
    first, second = told(change(taken(confirmed(), "measurement"), "ab" * 32)).consents
    assert first.end.n == 4
    assert second.start.n == 4
    assert not second.is_double_opt_in


def test_the_end_of_a_restriction_is_told_beside_it():
    nobody_s = {"brand": None, "channel": None}
    case = confirmed().end(EventType.SUBJECT_RESTRICTED, reason="objection", **nobody_s)
    case.end(EventType.HOLD_RELEASED, reason="ended", **nobody_s)
    assert [stop.n for stop in told(case).stops] == [3, 4]


def test_an_answer_joins_the_request_it_names():
    case = Case().ask().ask().confirm()
    first, second = told(case).consents
    assert first.answer is not None
    assert second.answer is None


def test_a_closed_answer_joins_the_latest_request():
    case = Case().ask().only(EventType.CONSENT_REQUESTED, Claims())
    case.only(EventType.CONSENT_CONFIRMED, Claims())
    first, second = told(case).consents
    assert first.answer is None
    assert second.answer is not None


def test_what_was_not_asked_for_is_not_told():
    assert told(confirmed(), lists=("other",)).consents == ()
    assert told(confirmed(), purposes=("other",)).consents == ()
    assert len(told(confirmed(), lists=("newsletter",), purposes=("measurement",)).consents) == 1


def test_nothing_was_sent_after_what_has_not_ended():
    case = confirmed()
    evidence = case.evidence()
    story = read_story(evidence, [parse_leaf(entry.leaf) for entry in evidence.entries])
    sent = sent_after(evidence, story.consents[0])
    assert (sent.on_nothing_later, sent.on_a_later_entry) == ((), ())


def test_the_erasure_is_the_last_entry():
    story = told(CASES["erased"]())
    assert story.erasure is story.last
    assert told(confirmed()).erasure is None
