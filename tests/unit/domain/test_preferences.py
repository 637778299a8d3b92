# SPDX-License-Identifier: Apache-2.0
"""What a saved preference page changes: the table of every kind of page and person."""

from dataclasses import replace

import pytest

from chalicelib.domain.consent import fold
from chalicelib.domain.events import Event, Via
from chalicelib.domain.forms import Box, Form, NoticeRef
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import BrandId, FormId, ListId, PurposeId
from chalicelib.domain.preferences import (
    Bar,
    bar,
    decide,
    mark,
    offers,
    pause_bounds,
    pause_day,
    read_frequency,
)
from chalicelib.domain.state import ConsentStatus, Scope
from chalicelib.errors import InputError
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_FORM

BRAND = BrandId("demo")
SCOPE = Scope(BRAND, "email")
NEWS, MEASURED, DEALS = (PurposeId(x) for x in ("newsletter", "measurement", "deals"))
WEEKLY, SHOP = ListId("newsletter"), ListId("shop")


def notice(sha256):
    return NoticeRef(language="en", sha256=sha256, text_sha256="t", published_ms=0)


def form(name, lists, purposes, sha256) -> Form:
    boxes = tuple(
        Box(name=f"b{n}", purpose=purpose, text={"en": f"{name} {purpose}"}, mandatory=n == 0)
        for n, purpose in enumerate(purposes)
    )
    return replace(DEMO_FORM, id=FormId(name), lists=lists, boxes=boxes, notices=(notice(sha256),))


DEMO = form("demo", (WEEKLY,), (NEWS, MEASURED), "n-demo")
OTHER = form("other", (WEEKLY, SHOP), (DEALS,), "n-other")
FORMS = (OTHER, DEMO)


def act(kind, lists=(WEEKLY,), purposes=(NEWS,), **more) -> Event:
    more = {"notice": "n-demo", **more}
    return Event(
        type=kind, at_ms=1, brand=BRAND, channel="email", lists=lists, purposes=purposes, **more
    )


BOTH = act(EventType.CONSENT_CONFIRMED, purposes=(MEASURED, NEWS))
ONE = act(EventType.CONSENT_CONFIRMED)
OBJECTED = act(EventType.OBJECTION_RECORDED, lists=(), purposes=(), via=Via.PAGE)
RESTRICTED = Event(type=EventType.SUBJECT_RESTRICTED, at_ms=1, reason="accuracy-contested")


def suppressed(reason):
    return Event(
        type=EventType.SUPPRESSION_ADDED, at_ms=1, brand=BRAND, channel="email", reason=reason
    )


N, M, D, S = "newsletter.newsletter", "newsletter.measurement", "newsletter.deals", "shop.deals"
TABLE = [
    ("give", (), {N}, [(WEEKLY, {NEWS}, "n-demo")], set()),
    ("give one more", (ONE,), {N, M}, [(WEEKLY, {NEWS, MEASURED}, "n-demo")], set()),
    (
        "give from two forms",
        (),
        {N, D},
        [(WEEKLY, {NEWS}, "n-demo"), (WEEKLY, {NEWS, DEALS}, "n-other")],
        set(),
    ),
    (
        "give on two lists",
        (),
        {N, S},
        [(WEEKLY, {NEWS}, "n-demo"), (SHOP, {DEALS}, "n-other")],
        set(),
    ),
    ("take", (BOTH,), {N}, [(WEEKLY, {NEWS}, None)], set()),
    (
        "take one, give one",
        (ONE,),
        {M},
        [(WEEKLY, set(), None), (WEEKLY, {MEASURED}, "n-demo")],
        set(),
    ),
    ("all gone", (BOTH,), set(), [(WEEKLY, set(), None)], set()),
    ("nothing changed", (BOTH,), {N, M}, [], set()),
    ("unknown box", (), {"shop.newsletter", "x"}, [], set()),
    ("restricted gives nothing", (ONE, RESTRICTED), {N, M}, [], {M}),
    ("restricted takes", (BOTH, RESTRICTED), {S}, [(WEEKLY, set(), None)], {S}),
    ("objected, and a new yes", (ONE, OBJECTED), {N}, [(WEEKLY, {NEWS}, "n-demo")], set()),
    ("suppressed by the operator", (suppressed("manual"),), {N}, [], {N}),
    ("bounced, and a new yes", (suppressed("bounce"),), {N}, [(WEEKLY, {NEWS}, "n-demo")], set()),
]


@pytest.mark.parametrize(
    ("events", "ticked", "expected", "barred"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_a_saved_page_changes_just_this(events, ticked, expected, barred):
    state = fold(events)
    decision = decide(offers(FORMS, state, SCOPE, "en"), ticked, bar(state, BRAND))
    found = [(change.list, set(change.standing), change.notice) for change in decision.changes]
    assert found == expected
    assert {offer.name for offer in decision.barred} == barred


@pytest.mark.parametrize(
    ("events", "ticked"),
    [row[1:3] for row in TABLE if not row[4] and row[0] != "unknown box"],
    ids=[row[0] for row in TABLE if not row[4] and row[0] != "unknown box"],
)
def test_the_entries_a_decision_asks_for_fold_to_what_was_ticked(events, ticked):
    state = fold(events)
    for change in decide(offers(FORMS, state, SCOPE, "en"), ticked, None).changes:
        kind = EventType.CONSENT_CHANGED if change.standing else EventType.CONSENT_WITHDRAWN
        entry = act(kind, (change.list,), change.standing, notice=change.notice, via=Via.PAGE)
        state = fold([entry], state)
    given = {
        f"{key.list}.{key.purpose}"
        for key, consent in state.consents.items()
        if consent.status is ConsentStatus.GIVEN
    }
    assert given == ticked
    assert not state.objections
    assert not state.suppressions


def test_a_box_left_ticked_keeps_its_own_evidence_and_lifts_nothing():
    """A pre-ticked box makes no consent (CJEU C-673/17): an imported one stays as weak."""
    imported = act(EventType.CONSENT_IMPORTED, notice="elsewhere")
    state = fold([imported, suppressed("bounce")])
    (change,) = decide(offers(FORMS, state, SCOPE, "en"), {N, S}, None).changes
    assert change.list == SHOP
    kept = act(EventType.CONSENT_CHANGED, purposes=(NEWS,), notice="n-demo")
    assert fold([kept], state).consents == state.consents
    assert fold([kept], state).suppressions == state.suppressions
    more = act(EventType.CONSENT_CHANGED, purposes=(NEWS, MEASURED), notice="n-demo")
    after = {key.purpose: consent for key, consent in fold([more], state).consents.items()}
    assert (after[NEWS].grade, after[NEWS].notice, after[NEWS].entry) == ("E", "elsewhere", 0)
    assert (after[MEASURED].grade, after[MEASURED].notice) == ("B", "n-demo")


def test_every_box_is_one_purpose_of_one_list_and_standing_ones_are_ticked():
    shown = offers(FORMS, fold([BOTH]), SCOPE, "en")
    assert [(offer.name, offer.given) for offer in shown] == [
        (N, True),
        (M, True),
        (D, False),
        (S, False),
    ]
    assert [offer.text["en"] for offer in shown][-1] == "other deals"


def test_of_two_forms_that_ask_the_same_the_one_agreed_to_speaks():
    twin = form("zwei", (WEEKLY,), (NEWS,), "n-zwei")
    agreed = act(EventType.CONSENT_CONFIRMED, notice="n-zwei")
    assert offers((DEMO, twin), fold([]), SCOPE, "en")[0].form == "demo"
    assert offers((DEMO, twin), fold([agreed]), SCOPE, "en")[0].form == "zwei"


def test_what_no_form_asks_for_any_more_can_be_taken_and_not_given():
    state = fold([ONE])
    (left,) = offers((), state, SCOPE, "en")
    assert (left.name, left.given, left.notice) == (N, True, None)
    assert decide((left,), set(), None).changes[0].standing == ()
    assert decide((replace(left, given=False),), {N}, None).changes == ()


def test_a_form_never_published_offers_nothing():
    assert offers((replace(DEMO, notices=()),), fold([]), SCOPE, "en") == ()


def test_the_mark_of_a_page_changes_with_consents_notices_and_boxes_alone():
    shown = offers((DEMO,), fold([ONE]), SCOPE, "en")
    assert mark(shown) == mark(offers((DEMO,), fold([ONE, RESTRICTED]), SCOPE, "en"))
    others = [
        offers((DEMO,), fold([BOTH]), SCOPE, "en"),
        offers((replace(DEMO, notices=(notice("n-new"),)),), fold([ONE]), SCOPE, "en"),
        offers(FORMS, fold([ONE]), SCOPE, "en"),
    ]
    assert len({mark(shown), *map(mark, others)}) == 4


@pytest.mark.parametrize("lifted", ["bounce", "complaint", "erased"])
def test_what_a_new_yes_lifts_is_no_bar(lifted):
    assert bar(fold([suppressed(lifted)]), BRAND) is None


def test_the_bars_name_their_reason():
    assert bar(fold([RESTRICTED, suppressed("manual")]), BRAND) is Bar.RESTRICTED
    assert bar(fold([suppressed("unsubscribed")]), BRAND) is Bar.SUPPRESSED
    assert bar(fold([suppressed("manual")]), BrandId("else")) is None


NOON = 1_795_435_200_000  # 2026-11-23 12:00 UTC


def test_a_pause_ends_where_its_day_begins_on_the_brand_s_clocks():
    wish = read_frequency("2", "2026-12-01", "Europe/Stockholm", NOON)
    assert wish == Frequency(max_per_week=2, paused_until_ms=1_796_079_600_000)
    assert pause_day(wish, "Europe/Stockholm", NOON) == "2026-12-01"
    assert pause_day(wish, "Europe/Stockholm", 1_796_079_600_000) == ""
    assert pause_bounds("Europe/Stockholm", NOON) == ("2026-11-24", "2027-11-23")


@pytest.mark.parametrize("cap", ["", "none", "0", "4", "8", "-1", "²"])
def test_any_other_rhythm_is_no_cap(cap):
    assert read_frequency(cap, "", "UTC", NOON) == Frequency()


@pytest.mark.parametrize("day", ["2026-11-23", "2026-11-22", "2027-11-24", "soon", "2026-13-01"])
def test_a_pause_over_today_or_beyond_a_year_is_refused(day):
    with pytest.raises(InputError):
        read_frequency("", day, "UTC", NOON)
