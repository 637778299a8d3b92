# SPDX-License-Identifier: Apache-2.0
"""Whatever is appended in whatever order, the row says where the fold of the chain leaves one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.consent import fold
from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.standing import dump_standing, load_standing, standing
from chalicelib.domain.state import NO_MEMBERSHIP, dump_state, load_state, memberships
from chalicelib.proof.event_types import RULES
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.people import People

BRANDS, LISTS = ("north", "south"), ("weekly", "events")
PURPOSES = ("measurement", "newsletter", "offers", "profiling")
SPOKEN = (
    EventType.CONSENT_REQUESTED,
    EventType.CONSENT_CONFIRMED,
    EventType.CONSENT_CHANGED,
    EventType.CONSENT_REFUSED,
    EventType.CONSENT_WITHDRAWN,
    EventType.CONSENT_RENEWED,
    EventType.CONSENT_EXPIRED,
    EventType.CONSENT_IMPORTED,
    EventType.BASIS_RECORDED,
    EventType.CONSENT_MAIL_SENT,
)
OF_A_BRAND = (EventType.OBJECTION_RECORDED, EventType.CONSENT_WITHDRAWN)
OF_ALL = (
    (EventType.SUBJECT_RESTRICTED, "objection"),
    (EventType.HOLD_RELEASED, "ended"),
    (EventType.HOLD_PLACED, "legal-claim"),
)


def some(names):
    return st.sets(st.sampled_from(names), min_size=1).map(lambda found: tuple(sorted(found)))


def named(type_, brand, lists, purposes):
    rule = RULES[type_]
    return Draft(
        type=type_,
        brand=BrandId(brand),
        # In the product a list is one brand's.
        lists=tuple(ListId(f"{brand}-{name}") for name in lists),
        purposes=tuple(map(PurposeId, purposes)),
        via=Via.PAGE if "via" in rule.must | rule.may else None,
        notice="11" * 32 if "ntc" in rule.must | rule.may else None,
    )


def of_brand(type_, brand):
    return Draft(type=type_, brand=BrandId(brand), via=Via.PAGE)


DRAFTS = st.one_of(
    st.builds(named, st.sampled_from(SPOKEN), st.sampled_from(BRANDS), some(LISTS), some(PURPOSES)),
    st.builds(of_brand, st.sampled_from(OF_A_BRAND), st.sampled_from(BRANDS)),
    st.sampled_from(OF_ALL).map(lambda told: Draft(type=told[0], channel=None, reason=told[1])),
    st.just(Draft(type=EventType.SUPPRESSION_ADDED, reason="complaint")),
)


@given(st.lists(st.lists(DRAFTS, min_size=1, max_size=3), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_a_row_is_what_the_fold_of_the_chain_says(appends):
    people = People()
    chain = people.ledger.start("mac")
    sid = people.ledger.append(chain, appends[0], signup=True).sid
    for drafts in appends[1:]:
        people.clock.advance(1_500)
        people.ledger.append(people.ledger.open(sid), drafts)
    entries = people.ledger.history(sid)
    folded = fold(event_of_leaf(entry.leaf) for entry in entries)
    stored = people.rows.audience[sid]
    assert stored.standing == dump_standing(standing(folded))
    assert stored.lists == memberships(folded)
    # Read back, state and standing are the same; no other order of the stored form shows.
    assert standing(load_state(dump_state(folded))) == standing(folded)
    assert load_standing(stored.standing) == standing(folded)
    asked = {key.list for key in folded.consents if key.purpose not in NO_MEMBERSHIP} | {
        key.list for key in folded.soft_lists
    }
    assert dict(stored.lists).keys() == asked
