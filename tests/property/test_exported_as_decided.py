# SPDX-License-Identifier: Apache-2.0
"""Whatever is said in whatever order, nobody is exported as subscribed whom no campaign mails."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.audience_exports import place_of
from chalicelib.domain.consent import fold
from chalicelib.domain.eligibility import Allowed, decide
from chalicelib.domain.events import EMAIL, Event, SuppressionReason, Via
from chalicelib.domain.export_rows import ExportStatus
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import Scope
from chalicelib.vocabulary import EventType

SCOPE = Scope(BrandId("demo"), EMAIL)
LISTS = (ListId("weekly"), ListId("daily"))
PURPOSES = (PurposeId("newsletter"), PurposeId("offers"))
SPOKEN = (
    EventType.CONSENT_REQUESTED,
    EventType.CONSENT_CONFIRMED,
    EventType.CONSENT_CHANGED,
    EventType.CONSENT_REFUSED,
    EventType.CONSENT_WITHDRAWN,
    EventType.CONSENT_EXPIRED,
    EventType.CONSENT_INVALIDATED,
    EventType.CONSENT_RENEWED,
    EventType.CONSENT_IMPORTED,
    EventType.BASIS_RECORDED,
)
# Without purposes, or without lists: all of them.
ENDS = (EventType.CONSENT_WITHDRAWN, EventType.CONSENT_EXPIRED)


def said(
    kind: EventType,
    lists: Sequence[ListId] = (),
    purposes: Sequence[PurposeId] = (),
    via: Via = Via.PAGE,
) -> Event:
    return Event(
        type=kind,
        at_ms=1,
        brand=SCOPE.brand,
        channel=SCOPE.channel,
        lists=tuple(lists),
        purposes=tuple(purposes),
        via=via,
    )


def suppressed(reason: SuppressionReason, lists: Sequence[ListId]) -> Event:
    return replace(said(EventType.SUPPRESSION_ADDED, lists), reason=reason)


def some(named: Sequence[str], least: int = 1) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(named), min_size=least, unique=True)


EVENTS = st.one_of(
    st.builds(
        said,
        st.sampled_from(SPOKEN),
        some(LISTS),
        some(PURPOSES),
        st.sampled_from([Via.PAGE, Via.API, Via.OPERATOR]),
    ),
    st.builds(said, st.sampled_from(ENDS), some(LISTS, 0)),
    st.just(said(EventType.OBJECTION_RECORDED)),
    st.builds(suppressed, st.sampled_from(SuppressionReason), some(LISTS, 0)),
)
SALE = said(EventType.BASIS_RECORDED, LISTS, PURPOSES)
UNTICKED = said(EventType.CONSENT_WITHDRAWN, LISTS, PURPOSES)


@given(st.lists(EVENTS, min_size=1, max_size=8))
@example([SALE, UNTICKED])
@example([UNTICKED, SALE])
@example([said(EventType.CONSENT_CONFIRMED, LISTS, PURPOSES), SALE, UNTICKED])
@settings(max_examples=400, deadline=None)
def test_of_a_list_that_somebody_is_exported_as_subscribed_to_a_purpose_may_be_mailed(
    events: list[Event],
) -> None:
    state = fold(events)
    for list_id in LISTS:
        if place_of(state, SCOPE, list_id).status is ExportStatus.SUBSCRIBED:
            verdicts = [decide(state, SCOPE, list_id, purpose) for purpose in PURPOSES]
            assert any(isinstance(verdict, Allowed) for verdict in verdicts)
