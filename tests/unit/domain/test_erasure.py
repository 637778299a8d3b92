# SPDX-License-Identifier: Apache-2.0
"""Erasure's rules: two keys, closed grounds, a sentence for every country and language."""

from dataclasses import replace

import pytest

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.erasure import (
    REQUESTABLE,
    Erasure,
    Ground,
    Stage,
    approve,
    cancel,
    may_be_unconfirmed,
    said_no,
)
from chalicelib.domain.erasure_consequences import COUNTRIES, GENERAL, consequences
from chalicelib.domain.ids import BrandId, JobId, ListId, PurposeId, SubjectId
from chalicelib.domain.reach import reach_of
from chalicelib.domain.state import (
    Consent,
    ConsentKey,
    ConsentStatus,
    Membership,
    SubjectState,
    Suppression,
)
from chalicelib.domain.suppressions import kept_after_erasure
from chalicelib.errors import Conflict, IllegalTransition
from chalicelib.proof.event_types import RULES
from chalicelib.vocabulary import EventType

ASKED = Erasure(
    id=JobId("A" * 22),
    sid=SubjectId("B" * 21 + "A"),
    ground=Ground.WITHDRAWN,
    suppress=True,
    requested_by="one",
    requested_ms=1,
)


def test_the_grounds_are_those_of_the_ledger():
    assert set(Ground) == RULES[EventType.SUBJECT_ERASED].reasons
    assert set(REQUESTABLE) == set(Ground) - {Ground.UNCONFIRMED}


def test_another_key_approves_once_and_the_first_approver_stays():
    approved = approve(ASKED, "two", 5)
    assert (approved.stage, approved.approved_by, approved.approved_ms) == (
        Stage.APPROVED,
        "two",
        5,
    )
    assert approve(approved, "three", 6) is approved
    assert approve(approved, "one", 6) is approved
    with pytest.raises(IllegalTransition):
        approve(ASKED, "one", 5)


def test_only_a_request_can_be_cancelled_and_a_cancelled_one_is_not_approved():
    cancelled = cancel(ASKED)
    assert cancel(cancelled) is cancelled
    with pytest.raises(Conflict):
        approve(cancelled, "two", 5)
    for stage in (Stage.APPROVED, Stage.ERASED):
        with pytest.raises(IllegalTransition):
            cancel(replace(ASKED, stage=stage))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_of_every_country(language):
    found = consequences(None, language)
    assert [each.country for each in found] == [GENERAL, *COUNTRIES]
    assert len({each.sentence for each in found}) == len(found)
    by_country = {each.country: each.sentence for each in found}
    assert "I ZR 164/09" in by_country["DE"]
    assert "2008:486" in by_country["SE"]
    assert "L. 34-5" in by_country["FR"]
    for country in COUNTRIES:
        assert [each.country for each in consequences(country, language)] == [GENERAL, country]


def test_a_country_without_a_sentence_gets_the_general_one():
    assert [each.country for each in consequences("NO", "en")] == [GENERAL]


@pytest.mark.parametrize(
    ("held", "suppress", "kept"),
    [
        ([], True, [(None, "erased")]),
        ([], False, []),
        ([(None, "bounce"), ("demo", "complaint")], True, [(None, "erased")]),
        ([(None, "manual")], True, [(None, "manual")]),
        ([("demo", "unsubscribed")], True, [(None, "erased"), ("demo", "unsubscribed")]),
        ([(None, "erased")], True, [(None, "erased")]),
        ([(None, "manual")], False, []),
    ],
)
def test_what_stays_suppressed_after_an_erasure(held, suppress, kept):
    found = [(reach_of(brand), reason) for brand, reason in held]
    stays = [(reach_of(brand), reason) for brand, reason in kept]
    assert list(kept_after_erasure(found, suppress=suppress)) == stays


def test_that_our_mail_came_back_is_no_answer_of_the_person_and_all_from_before_it_stays():
    for reason, said in (("bounce", False), ("complaint", True), ("manual", True)):
        after = Suppression(brand=None, reason=reason, entry=2)
        before = after._replace(entry=1)
        assert said_no(SubjectState(suppressions=(after,), last_mail=1), [reason]) is said
        assert said_no(SubjectState(suppressions=(before,), last_mail=2), ())
        assert said_no(SubjectState(suppressions=(before,), entries=2), ())
        assert said_no(SubjectState(suppressions=(before, after), last_mail=2), ())
        assert said_no(SubjectState(), [reason])
    assert not said_no(SubjectState(), ())


def test_an_end_is_told_though_somebody_asked_again_or_the_whole_list_was_named():
    """Whoever types the address anew is nobody in particular."""
    key = ConsentKey(BrandId("demo"), "email", ListId("weekly"), PurposeId("newsletter"))
    pending = Consent(status=ConsentStatus.REQUESTED, since_ms=1, entry=2)
    assert not said_no(SubjectState(consents={key: pending}), ())
    assert said_no(SubjectState(consents={key: replace(pending, stopped=1)}), ())
    assert said_no(SubjectState(list_stops={Membership(*key[:3]): 1}), ())


def test_who_is_gone_restricted_or_asked_again_is_no_candidate():
    asked = SubjectState(entries=3, last_request=1)
    assert may_be_unconfirmed(asked, 1)
    assert not may_be_unconfirmed(None, 1)
    assert not may_be_unconfirmed(asked, 0)
    assert not may_be_unconfirmed(replace(asked, erased=True), 1)
    assert not may_be_unconfirmed(replace(asked, restricted=True), 1)
