# SPDX-License-Identifier: Apache-2.0
"""When an event happened, beside what its person asked for and confirmed."""

from collections.abc import Callable

import pytest

from chalicelib.domain.consent import may_confirm
from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason
from chalicelib.domain.ids import ListId
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support import ses_documents as docs
from tests.support.people import NEWS, People
from tests.support.told_people import (
    SCOPE,
    UNTAGGED,
    VISITOR,
    fresh,
    sendable,
    sid_of,
    tell,
)


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
