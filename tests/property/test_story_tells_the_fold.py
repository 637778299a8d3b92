# SPDX-License-Identifier: Apache-2.0
"""Whatever a person does in whatever order, a report calls nothing standing that the fold ended."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.consent import fold
from chalicelib.domain.state import ConsentStatus
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.story import read_story
from chalicelib.services.entries import event_of_leaf
from chalicelib.vocabulary import EventType
from tests.support.report_cases import Case, confirmed

LIST, PURPOSES = "newsletter", ("measurement", "newsletter")
SOME = st.sets(st.sampled_from(PURPOSES), min_size=1).map(lambda some: tuple(sorted(some)))
ACTS = st.one_of(
    st.tuples(st.just("again"), SOME),
    st.tuples(st.just("gives"), SOME),
    st.tuples(st.just("leaves"), SOME),
    st.tuples(st.just("withdraws"), SOME),
    st.tuples(st.just("stops"), st.just(PURPOSES)),
    st.tuples(st.just("objects"), st.just(PURPOSES)),
)


def act(case: Case, name: str, purposes: tuple[str, ...]) -> None:
    """Record what a person does by a mail, a form or their own page."""
    named = {"lists": (LIST,), "purposes": purposes, "via": "page"}
    match name:
        case "again":
            case.ask().confirm()
        case "gives":
            case.end(EventType.CONSENT_CHANGED, notice_sha256="ab" * 32, **named)
        case "leaves":
            case.end(EventType.CONSENT_CHANGED, **named)
        case "withdraws":
            case.end(EventType.CONSENT_WITHDRAWN, **named)
        case "stops":
            case.end(EventType.CONSENT_WITHDRAWN, via="list-unsub-post")
        case _:
            case.end(EventType.OBJECTION_RECORDED, via="page")


@given(acts=st.lists(ACTS, max_size=8))
def test_what_a_story_calls_standing_stands_in_the_fold(acts):
    chain = confirmed()
    for name, purposes in acts:
        act(chain, name, purposes)
    evidence = chain.evidence()
    leaves = [parse_leaf(entry.leaf) for entry in evidence.entries]
    state = fold(event_of_leaf(entry.leaf) for entry in evidence.entries)
    given_now = {
        (key.list, key.purpose)
        for key, consent in state.consents.items()
        if consent.status is ConsentStatus.GIVEN
    }
    for consent in read_story(evidence, leaves).consents:
        if consent.end is None and consent.is_given:
            assert consent.left <= given_now
