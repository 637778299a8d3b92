# SPDX-License-Identifier: Apache-2.0
"""When an event happened, beside what its person asked for and confirmed."""

from collections.abc import Callable

import pytest

from chalicelib.domain.consent import may_confirm
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason
from chalicelib.domain.ids import ListId
from chalicelib.domain.ses_events import SesType
from chalicelib.services.feedback import LATEST_MS
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support import ses_documents as docs
from tests.support.people import NEWS, People
from tests.support.told_people import (
    SCOPE,
    UNTAGGED,
    VISITOR,
    fresh,
    health,
    rest,
    sendable,
    sid_of,
    tell,
)

SENT_MS = 1_795_435_200_641
"""When SES took the documents' mails."""


@pytest.fixture
def people() -> People:
    return fresh()


@pytest.mark.parametrize(
    "document", [docs.complaint(tags=UNTAGGED), docs.subscription()], ids=["complaint", "left"]
)
@pytest.mark.parametrize("told", ["before", "between", "after"])
def test_what_a_stranger_did_before_they_asked_does_not_end_what_they_asked_for(document, told):
    people = People()
    people.clock.advance(3_600_000)
    acts: dict[str, Callable[[], object]] = {
        "before": lambda: None,
        "asked": lambda: people.asked(VISITOR),
        "between": lambda: people.clock.advance(1000),
        "confirmed": lambda: people.confirm_again(sid_of(people)),
        "after": lambda: None,
    }
    for name, act in acts.items():
        act()
        if name == told:
            tell(people, document)
        if name == "between":
            assert may_confirm(
                people.state(sid_of(people)), 0, *SCOPE, (ListId("newsletter"),), (NEWS,)
            )
    assert isinstance(sendable(people), Allowed)
    assert not people.state(sid_of(people)).suppressions


def test_a_complaint_about_a_brand_ends_its_consent_though_it_was_asked_for_again_since(people):
    people.act(
        sid_of(people),
        Draft(
            type=EventType.CONSENT_REQUESTED,
            brand=SCOPE.brand,
            lists=(ListId("newsletter"),),
            purposes=(NEWS,),
            notice="11" * 32,
        ),
    )
    tell(people, docs.complaint())
    assert list(people.state(sid_of(people)).objections) == [SCOPE]


@pytest.mark.parametrize("document", [docs.bounce, docs.complaint])
def test_a_server_whose_clock_is_slow_is_heard_as_of_when_ses_took_the_mail(people, document):
    tell(people, document(at="2026-11-23T09:00:00Z"))
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)
    people.confirm_again(sid_of(people))
    tell(people, document(at="2026-11-23T09:00:00Z"))
    assert isinstance(sendable(people), Allowed)


@pytest.mark.parametrize("document", [docs.bounce, docs.complaint])
def test_a_server_whose_clock_is_fast_does_not_outlive_a_confirmation_of_long_after(
    people, document
):
    ahead = document(at="2031-01-01T00:00:00Z")
    tell(people, ahead)
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)
    people.clock.advance(LATEST_MS[SesType.COMPLAINT])
    people.confirm_again(sid_of(people))
    tell(people, ahead)
    assert isinstance(sendable(people), Allowed)
    (stored,) = people.outside.events.values()
    assert stored.at_ms <= SENT_MS + LATEST_MS[SesType.COMPLAINT]


def test_failures_dated_in_years_to_come_make_no_address_rest_until_then(people):
    for day in range(1, 6):
        tell(people, docs.bounce(kind="Transient", status="4.3.0", at=f"2031-01-0{day}T10:00:00Z"))
    assert health(people).soft_ms == (SENT_MS + LATEST_MS[SesType.BOUNCE],)
    assert rest(people) == 0


def test_a_complaint_weeks_after_the_mail_is_heeded_though_its_person_confirmed_between(people):
    people.clock.advance(20 * DAY_MS)
    people.confirm_again(sid_of(people))
    tell(people, docs.complaint(at="2026-12-23T12:00:00Z"))
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)
