# SPDX-License-Identifier: Apache-2.0
"""Rights requests: deadlines as Regulation 1182/71 counts them, and what may be refused."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId, JobId, SubjectId
from chalicelib.domain.rights import (
    ANSWER_MONTHS,
    ARTICLES,
    EXTENDED_MONTHS,
    REFUSABLE,
    ExtensionReason,
    Medium,
    Received,
    RefusalGround,
    Right,
    RightsRequest,
    Status,
    answer,
    article,
    deadline,
    extend,
    forget,
    last_day,
    lift,
    refuse,
    require_receipt,
    via_of,
)
from chalicelib.errors import Conflict, IllegalTransition, InputError
from chalicelib.proof.event_types import RULES, VIAS
from chalicelib.vocabulary import EventType

STOCKHOLM = "Europe/Stockholm"
DAY_MS = 86_400_000


def at(text, zone="UTC"):
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


RECEIVED = at("2027-03-10T12:00", STOCKHOLM)
ASKED = RightsRequest(
    id=JobId("AAAAAAAAAAAAAAAAAAAAAA"),
    sid=SubjectId("DDDDDDDDDDDDDDDDDDDDDA"),
    brand=BrandId("demo"),
    right=Right.ACCESS,
    medium=Medium.LETTER,
    received_ms=RECEIVED,
    entered_ms=RECEIVED,
    due_ms=deadline(RECEIVED, STOCKHOLM),
    received_by="Front desk",
    mac="mac",
    note=b"sealed",
)


@pytest.mark.parametrize(
    ("received", "months", "last"),
    [
        # The EDPB's own examples (Guidelines 01/2022, paragraph 159).
        ("2026-03-05", 1, "2026-04-06"),  # 5 April 2026 is a Sunday
        ("2026-08-31", 1, "2026-09-30"),
        # No such date in the last month: its last day.
        ("2027-01-29", 1, "2027-03-01"),  # 28 February 2027 is a Sunday
        ("2027-01-31", 1, "2027-03-01"),
        ("2026-01-31", 1, "2026-03-02"),  # 28 February 2026 is a Saturday
        ("2028-01-31", 1, "2028-02-29"),  # a leap year, a Tuesday
        ("2028-01-29", 1, "2028-02-29"),
        ("2028-02-29", 1, "2028-03-29"),
        ("2027-05-31", 1, "2027-06-30"),
        # A century that is no leap year, and the year's end.
        ("2100-01-30", 1, "2100-03-01"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-12-31", 1, "2027-02-01"),  # 31 January 2027 is a Sunday
        # Weekends: Friday stays, Saturday and Sunday move to Monday.
        ("2027-03-09", 1, "2027-04-09"),
        ("2027-03-10", 1, "2027-04-12"),
        ("2027-03-11", 1, "2027-04-12"),
        ("2027-03-12", 1, "2027-04-12"),
        # Extended: three months after receipt, one period.
        ("2026-11-30", 3, "2027-03-01"),
        ("2027-11-30", 3, "2028-02-29"),
        ("2027-03-10", 3, "2027-06-10"),
    ],
)
def test_a_period_of_months_ends_on_the_day_the_regulation_says(received, months, last):
    assert last_day(date.fromisoformat(received), months) == date.fromisoformat(last)


@given(
    st.dates(min_value=date(2018, 5, 25), max_value=date(2200, 1, 1)),
    st.sampled_from([ANSWER_MONTHS, EXTENDED_MONTHS]),
)
def test_a_period_never_ends_on_a_weekend_nor_three_days_later_than_its_date(received, months):
    last = last_day(received, months)
    assert last.weekday() < 5
    assert 28 * months <= (last - received).days <= 31 * months + 2
    assert last_day(received, months) >= last_day(received.replace(day=1), months)


@pytest.mark.parametrize(
    ("zone", "received", "end"),
    [
        ("UTC", "2027-03-09T23:59", "2027-04-09T23:59:59.999"),
        # Received just after midnight there: still the day before in UTC.
        (STOCKHOLM, "2027-03-09T00:01", "2027-04-09T23:59:59.999"),
        # Summer time begins in between, on 28 March 2027.
        (STOCKHOLM, "2027-03-01T12:00", "2027-04-01T23:59:59.999"),
        ("Pacific/Auckland", "2027-03-01T12:00", "2027-04-01T23:59:59.999"),
        ("America/Sao_Paulo", "2028-02-29T12:00", "2028-03-29T23:59:59.999"),
    ],
)
def test_a_deadline_is_the_last_millisecond_of_the_day_where_the_controller_is(zone, received, end):
    assert deadline(at(received, zone), zone) == at(end, zone)


@pytest.mark.parametrize("right", list(Right))
def test_every_right_says_what_it_may_be_refused_on(right):
    for ground in RefusalGround:
        if ground in REFUSABLE[right]:
            assert article(right, ground).startswith("GDPR Art. ")
        else:
            with pytest.raises(IllegalTransition):
                article(right, ground)


def test_no_ground_exists_that_no_right_has_and_every_ground_has_an_article():
    used = {ground for grounds in REFUSABLE.values() for ground in grounds}
    assert used == set(RefusalGround) == set(ARTICLES)


@pytest.mark.parametrize("right", [Right.OBJECTION, Right.WITHDRAWAL])
@pytest.mark.parametrize("ground", list(RefusalGround))
def test_an_objection_and_a_withdrawal_are_never_refused(right, ground):
    with pytest.raises(IllegalTransition, match="never refused"):
        refuse(replace(ASKED, right=right), ground, RECEIVED)


def test_the_same_ground_rests_on_another_article_for_another_right():
    others = RefusalGround.OTHERS_RIGHTS
    assert article(Right.ACCESS, others) == "GDPR Art. 15(4)"
    assert article(Right.PORTABILITY, others) == "GDPR Art. 20(4)"


def test_every_right_but_a_withdrawal_is_a_word_of_the_ledger():
    reasons = RULES[EventType.RIGHT_REQUESTED].reasons
    assert {str(right) for right in Right} - {"withdrawal"} == reasons


def test_every_medium_is_a_word_of_the_ledger():
    assert {via_of(medium) for medium in Medium} == {Via.PAGE, Via.REPLY, Via.API}
    assert {str(via_of(medium)) for medium in Medium} <= VIAS


def test_an_extension_gives_three_months_from_receipt_and_repeating_changes_nothing():
    after = extend(ASKED, ExtensionReason.COMPLEXITY, ASKED.due_ms, STOCKHOLM)
    assert (after.status, after.extension) == (Status.EXTENDED, ExtensionReason.COMPLEXITY)
    assert after.deadline_ms == at("2027-06-10T23:59:59.999", STOCKHOLM)
    assert after.due_ms == ASKED.due_ms
    late = after.due_ms + 1
    assert extend(after, ExtensionReason.NUMBER_OF_REQUESTS, late, STOCKHOLM) is after


def test_an_extension_after_the_first_month_is_refused():
    with pytest.raises(IllegalTransition, match="first month is over"):
        extend(ASKED, ExtensionReason.COMPLEXITY, ASKED.due_ms + 1, STOCKHOLM)


def test_an_answer_closes_the_request_forgets_the_mac_and_cannot_be_undone():
    after = answer(ASKED, RECEIVED + 5)
    assert (after.status, after.answered_ms, after.mac) == (Status.ANSWERED, RECEIVED + 5, None)
    assert answer(after, RECEIVED + 9) is after
    with pytest.raises(Conflict):
        refuse(after, RefusalGround.EXCESSIVE, RECEIVED + 9)
    with pytest.raises(Conflict):
        extend(after, ExtensionReason.COMPLEXITY, RECEIVED + 9, STOCKHOLM)


def test_a_refusal_names_its_ground_and_cannot_become_an_answer_or_another_refusal():
    after = refuse(ASKED, RefusalGround.EXCESSIVE, RECEIVED + 5)
    assert (after.status, after.ground) == (Status.REFUSED, RefusalGround.EXCESSIVE)
    assert refuse(after, RefusalGround.EXCESSIVE, RECEIVED + 9) is after
    with pytest.raises(Conflict):
        refuse(after, RefusalGround.OTHERS_RIGHTS, RECEIVED + 9)
    with pytest.raises(Conflict):
        answer(after, RECEIVED + 9)


def test_late_is_what_came_or_is_owed_after_the_deadline():
    assert not ASKED.is_late(ASKED.due_ms)
    assert ASKED.is_late(ASKED.due_ms + 1)
    in_time = answer(ASKED, ASKED.due_ms)
    assert not in_time.is_late(ASKED.due_ms + DAY_MS)
    assert answer(ASKED, ASKED.due_ms + 1).is_late(0)


def test_an_erasure_closes_what_is_owed_and_leaves_ids_words_and_times_only():
    left = forget(ASKED, RECEIVED + 7)
    assert (left.status, left.closed_by_erasure) == (Status.ANSWERED, True)
    assert (left.note, left.received_by, left.mac) == (None, "", None)
    assert (left.id, left.sid, left.answered_ms) == (ASKED.id, ASKED.sid, RECEIVED + 7)
    assert forget(left, RECEIVED + 9) == left
    refused = refuse(ASKED, RefusalGround.EXCESSIVE, RECEIVED + 5)
    assert forget(refused, RECEIVED + 9).status is Status.REFUSED


@pytest.mark.parametrize("right", [each for each in Right if each is not Right.RESTRICTION])
def test_only_what_restricted_is_lifted(right):
    expected = Conflict if right is Right.ERASURE else IllegalTransition
    with pytest.raises(expected):
        lift(replace(ASKED, right=right), RECEIVED)


def test_a_restriction_is_lifted_once_and_that_of_a_closed_erasure_request_too():
    for asked in (
        replace(ASKED, right=Right.RESTRICTION),
        refuse(replace(ASKED, right=Right.ERASURE), RefusalGround.NO_GROUND, RECEIVED),
    ):
        after = lift(asked, RECEIVED + 3)
        assert after.lifted_ms == RECEIVED + 3
        assert lift(after, RECEIVED + 9) is after


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"medium": Medium.PAGE}, "bad_medium"),
        ({"received_ms": RECEIVED + DAY_MS}, "bad_received_at"),
        ({"received_ms": at("2018-05-24T12:00")}, "bad_received_at"),
        ({"received_by": "  "}, "bad_received_by"),
        ({"received_by": "x" * 121}, "bad_received_by"),
        ({"received_by": "two\nlines"}, "bad_received_by"),
    ],
)
def test_a_receipt_that_cannot_be_is_refused(changes, code):
    given_ = {"medium": Medium.LETTER, "received_ms": RECEIVED, "received_by": "Front desk"}
    require_receipt(Received(**given_), RECEIVED)
    with pytest.raises(InputError) as refused:
        require_receipt(Received(**{**given_, **changes}), RECEIVED)
    assert refused.value.code == code


def test_the_first_day_of_the_gdpr_is_that_of_its_article_99():
    first = datetime(2018, 5, 25, tzinfo=ZoneInfo("Europe/Brussels"))
    first_ms = round(first.timestamp() * 1000)
    received = Received(medium=Medium.LETTER, received_ms=first_ms, received_by="Front desk")
    require_receipt(received, RECEIVED)
    assert first.astimezone(UTC).hour == 22
