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
from tests.support.report_cases import Case, confirmed, imported, waiting

LIST, PURPOSES = "newsletter", ("measurement", "newsletter")
SOME = st.sets(st.sampled_from(PURPOSES), min_size=1).map(lambda some: tuple(sorted(some)))
ACTS = st.one_of(
    st.tuples(st.just("again"), SOME),
    st.tuples(st.just("gives"), SOME),
    st.tuples(st.just("leaves"), SOME),
    st.tuples(st.just("withdraws"), SOME),
    st.tuples(st.just("stops"), st.just(PURPOSES)),
    st.tuples(st.just("objects"), st.just(PURPOSES)),
    st.tuples(st.just("claims"), SOME),
    st.tuples(st.just("attests"), SOME),
    st.tuples(st.just("waits"), SOME),
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
        case "objects":
            case.end(EventType.OBJECTION_RECORDED, via="page")
        case _:
            via = {"claims": None, "attests": "api", "waits": "operator"}[name]
            case.end(EventType.CONSENT_IMPORTED, **{**named, "via": via})


def told(acts, begun=confirmed):
    """The story of these acts, and what stands in the fold of the same chain."""
    chain = begun()
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
    return read_story(evidence, leaves), given_now


@given(acts=st.lists(ACTS, max_size=8))
def test_what_a_story_calls_standing_stands_in_the_fold(acts):
    story, given_now = told(acts)
    for consent in story.consents:
        if consent.end is None and consent.is_given:
            assert consent.left <= given_now


@given(
    before=st.lists(ACTS, max_size=4),
    waits=st.lists(st.tuples(st.just("waits"), SOME), min_size=1, max_size=2),
    after=st.lists(ACTS, max_size=4),
)
def test_a_claim_that_waits_changes_nothing_that_is_told_of_the_person_s_own_acts(
    before, waits, after
):
    def own(acts):
        story, given_now = told(acts)
        given = [
            (x.answer.fields.type, x.left, x.end and x.end.fields.type, x.is_double_opt_in)
            for x in story.consents
            if x.is_given
        ]
        return given, given_now

    assert own([*before, *waits, *after]) == own([*before, *after])
    story, _ = told([*before, *waits, *after])
    assert len([x for x in story.consents if x.is_waiting]) >= len(waits)
    assert not any(x.is_given for x in story.consents if x.is_waiting)


def test_an_import_s_leaf_gives_grade_d_by_its_documents_and_nothing_while_it_waits():
    def grades(case):
        leaves = (entry.leaf for entry in case.evidence().entries)
        return {consent.grade for consent in fold(map(event_of_leaf, leaves)).consents.values()}

    assert grades(imported()) == {"D"}
    assert grades(waiting()) == set()
