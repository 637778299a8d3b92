# SPDX-License-Identifier: Apache-2.0
"""Three bases and no other; what stands in the way is named from the folded state."""

import pytest

from chalicelib.domain.consent import fold
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.eligibility import SENTENCES, SkipReason
from chalicelib.domain.enrolment import (
    MAX_AGE_MS,
    OFFER_MS,
    SKEW_MS,
    Blocked,
    Enrolling,
    Person,
    bad_basis,
    consent_blocked,
    require_offered,
    require_recent,
    sale_blocked,
)
from chalicelib.domain.events import EMAIL, Event, Via
from chalicelib.domain.forms import MAX_TYPED_CHARS
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import Scope, consent_keys
from chalicelib.errors import InputError
from chalicelib.vocabulary import EventType

BRAND, LIST, NEWS = BrandId("demo"), ListId("newsletter"), PurposeId("newsletter")
SCOPE = Scope(BRAND, EMAIL)
WANTED = consent_keys(SCOPE, (LIST,), (NEWS,))
NOW_MS = 1_800_000_000_000


def act(type_, **more):
    named = {"brand": BRAND, "channel": EMAIL, "lists": (LIST,), "purposes": (NEWS,), "at_ms": 1}
    return Event(type=type_, **{**named, **more})


ATTESTED = act(EventType.CONSENT_IMPORTED, via=Via.API)
BOUGHT = act(EventType.BASIS_RECORDED, via=Via.API)
NO = {
    Blocked.RESTRICTED: act(EventType.SUBJECT_RESTRICTED, reason="objection"),
    Blocked.SUPPRESSED: act(EventType.SUPPRESSION_ADDED, brand=None, reason="manual"),
    Blocked.OBJECTED: act(EventType.OBJECTION_RECORDED, lists=(), purposes=(), via=Via.PAGE),
    Blocked.WITHDRAWN: act(EventType.CONSENT_WITHDRAWN, via=Via.PAGE),
}
BRAND_WIDE = act(EventType.CONSENT_WITHDRAWN, lists=(), purposes=(), via=Via.PAGE)


@pytest.mark.parametrize("reason", NO)
@pytest.mark.parametrize("first", [True, False])
def test_whatever_stands_is_named_whether_it_came_before_or_after(reason, first):
    for claim in (ATTESTED, BOUGHT):
        state = fold([NO[reason], claim] if first else [claim, NO[reason]])
        found = (
            consent_blocked(state, WANTED)
            if claim is ATTESTED
            else sale_blocked(state, WANTED, SCOPE)
        )
        assert found is reason


def test_where_nothing_stands_nothing_is_named():
    assert consent_blocked(fold([ATTESTED]), WANTED) is None
    assert sale_blocked(fold([BOUGHT]), WANTED, SCOPE) is None
    assert sale_blocked(fold([BOUGHT]), (), SCOPE) is None


def test_who_left_the_whole_brand_is_withdrawn_for_lists_never_seen():
    assert consent_blocked(fold([BRAND_WIDE, ATTESTED]), WANTED) is Blocked.WITHDRAWN
    assert sale_blocked(fold([BRAND_WIDE, BOUGHT]), (), SCOPE) is Blocked.WITHDRAWN


def test_who_was_asked_by_mail_is_pending():
    asked = act(EventType.CONSENT_REQUESTED, notice="n")
    assert consent_blocked(fold([asked, ATTESTED]), WANTED) is Blocked.PENDING
    assert sale_blocked(fold([asked, BOUGHT]), WANTED, SCOPE) is None


@pytest.mark.parametrize(
    ("age_ms", "fits"),
    [
        (0, True),
        (-SKEW_MS, True),
        (-SKEW_MS - 1, False),
        (MAX_AGE_MS, True),
        (MAX_AGE_MS + 1, False),
        (-DAY_MS, False),
    ],
)
def test_an_attested_act_is_of_the_last_thirty_days(age_ms, fits):
    if fits:
        require_recent(NOW_MS - age_ms, NOW_MS)
        return
    with pytest.raises(InputError, match="bad_time"):
        require_recent(NOW_MS - age_ms, NOW_MS)


def test_an_objection_offered_after_the_sale_was_not_offered_at_it():
    require_offered(NOW_MS, NOW_MS - DAY_MS)
    require_offered(NOW_MS, NOW_MS + OFFER_MS)
    with pytest.raises(InputError, match="bad_objection_offer"):
        require_offered(NOW_MS, NOW_MS + OFFER_MS + 1)


def test_the_refusal_of_a_basis_names_all_three_and_why():
    assert all(str(basis) in bad_basis().detail for basis in Enrolling)
    assert "consent" in bad_basis().detail


def test_every_reason_to_skip_has_its_sentence():
    assert set(SENTENCES) == set(SkipReason)


def test_attributes_are_as_long_together_as_what_a_form_may_ask_and_no_longer():
    most = {"a": "x" * (MAX_TYPED_CHARS - 1), "b": "x"}
    assert Person(email="buyer@example.org", attributes=most).attributes == most
    with pytest.raises(InputError) as refused:
        Person(email="buyer@example.org", attributes={**most, "c": "x"})
    assert refused.value.code == "bad_attributes"
