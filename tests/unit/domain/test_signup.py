# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.consent import fold
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import EMAIL, Event, Via
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.signup import (
    COOLDOWN_MS,
    Mail,
    Problem,
    SubmissionError,
    decide_mail,
    may_mail_again,
    read_submission,
)
from chalicelib.domain.state import ConsentKey
from chalicelib.vocabulary import EventType
from tests.support.catalog_examples import FORM

GOOD = {"email": " Visitor@Example.org ", "first_name": "Alva", "newsletter": "on"}
NOW = 100 * DAY_MS
WEEKLY, NEWS = ListId("weekly"), PurposeId("newsletter")
WANTED = (ConsentKey(FORM.brand, EMAIL, WEEKLY, NEWS),)


def problems(**values: str) -> dict[str, Problem]:
    with pytest.raises(SubmissionError) as caught:
        read_submission(FORM, {**GOOD, **values})
    assert "xxx" not in str(caught.value)
    return caught.value.problems


def test_a_good_submission_is_read_and_unknown_parameters_are_not_kept():
    found = read_submission(FORM, {**GOOD, "measurement": "yes", "extra": "kept nowhere"})
    assert found.address.deliverable == "Visitor@example.org"
    assert found.purposes == ("measurement", "newsletter")
    assert found.fields == {
        "email": "Visitor@Example.org",
        "first_name": "Alva",
        "newsletter": "yes",
        "measurement": "yes",
    }
    assert FORM.attributes(found.fields) == {"first_name": "Alva"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"email": ""}, {"email": Problem.MISSING}),
        ({"email": "   "}, {"email": Problem.MISSING}),
        ({"email": "xxx"}, {"email": Problem.MALFORMED_ADDRESS}),
        ({"newsletter": ""}, {"newsletter": Problem.CONSENT_MISSING}),
        ({"newsletter": "false"}, {"newsletter": Problem.CONSENT_MISSING}),
        ({"newsletter": " OFF "}, {"newsletter": Problem.CONSENT_MISSING}),
        ({"first_name": "x" * 61}, {"first_name": Problem.TOO_LONG}),
        ({"first_name": "xxx\r\nBcc: y"}, {"first_name": Problem.BAD_CHARACTERS}),
        ({"first_name": "xxx\x7f"}, {"first_name": Problem.BAD_CHARACTERS}),
        ({"first_name": "xxx\ud800"}, {"first_name": Problem.BAD_CHARACTERS}),
        (
            {"email": "xxx", "newsletter": "no"},
            {"email": Problem.MALFORMED_ADDRESS, "newsletter": Problem.CONSENT_MISSING},
        ),
    ],
)
def test_every_problem_is_named_by_field(values, expected):
    assert problems(**values) == expected


def test_a_required_text_is_asked_for():
    fields = tuple(replace(field, required=True) for field in FORM.fields)
    with pytest.raises(SubmissionError) as caught:
        read_submission(replace(FORM, fields=fields), {**GOOD, "first_name": " "})
    assert caught.value.problems == {"first_name": Problem.MISSING}


def test_an_absent_box_is_an_unticked_box():
    assert read_submission(FORM, GOOD).purposes == ("newsletter",)
    with pytest.raises(SubmissionError):
        read_submission(FORM, {"email": GOOD["email"]})


FIELDS = {"email", "first_name", "newsletter"}


@given(st.dictionaries(st.sampled_from(sorted(FIELDS | {"x"})), st.text()))
def test_any_submission_is_read_or_answered_with_problems(values):
    try:
        answered = {str(purpose) for purpose in read_submission(FORM, values).purposes}
    except SubmissionError as error:
        answered = set(error.problems)
    assert answered
    assert answered <= FIELDS


# Which mail answers a request.


def act(type_: EventType, at_ms: int = NOW - DAY_MS, **more) -> Event:
    named = {"brand": FORM.brand, "channel": EMAIL, "lists": (WEEKLY,), "purposes": (NEWS,)}
    return Event(type=type_, at_ms=at_ms, **{**named, **more})


ASKED = act(EventType.CONSENT_REQUESTED)
MAILED = act(EventType.CONSENT_MAIL_SENT)
CONFIRMED = act(EventType.CONSENT_CONFIRMED)
WITHDRAWN = act(EventType.CONSENT_WITHDRAWN, lists=(), purposes=(), via=Via.PAGE)
OBJECTED = act(EventType.OBJECTION_RECORDED, lists=(), purposes=(), via=Via.COMPLAINT)


def suppressed(reason: str) -> Event:
    return Event(type=EventType.SUPPRESSION_ADDED, at_ms=1, channel=EMAIL, reason=reason)


ANSWERS = [
    ((ASKED,), Mail.CONFIRM),
    ((ASKED, MAILED), Mail.NONE),
    ((ASKED, MAILED, ASKED), Mail.CONFIRM),
    ((CONFIRMED, ASKED), Mail.ALREADY_SUBSCRIBED),
    ((CONFIRMED, WITHDRAWN, ASKED), Mail.CONFIRM),
    ((CONFIRMED, OBJECTED, ASKED), Mail.CONFIRM),
    ((CONFIRMED, suppressed("bounce"), ASKED), Mail.CONFIRM),
    ((CONFIRMED, suppressed("complaint"), ASKED), Mail.CONFIRM),
    ((CONFIRMED, suppressed("manual"), ASKED), Mail.NONE),
    ((suppressed("unsubscribed"), ASKED), Mail.NONE),
    ((suppressed("erased"), ASKED), Mail.CONFIRM),
    ((ASKED, Event(type=EventType.SUBJECT_RESTRICTED, at_ms=1, reason="objection")), Mail.NONE),
    ((ASKED, Event(type=EventType.SUBJECT_ERASED, at_ms=1, reason="withdrawn")), Mail.NONE),
]


@pytest.mark.parametrize(("events", "mail"), ANSWERS)
def test_the_latest_request_is_answered_with(events, mail):
    state = fold(events)
    assert decide_mail(state, state.last_request or 0, WANTED, NOW) is mail


def test_an_older_request_is_not_answered_any_more():
    assert decide_mail(fold([ASKED, ASKED]), 0, WANTED, NOW) is Mail.NONE


def test_asking_for_more_than_is_given_needs_a_confirmation():
    more = (*WANTED, ConsentKey(FORM.brand, EMAIL, WEEKLY, PurposeId("measurement")))
    assert decide_mail(fold([CONFIRMED, ASKED]), 1, more, NOW) is Mail.CONFIRM


MINUTE = 60_000


def test_a_request_within_the_cool_down_is_not_answered():
    mailed = act(EventType.CONSENT_MAIL_SENT, at_ms=NOW - MINUTE)
    assert decide_mail(fold([ASKED, mailed, ASKED]), 2, WANTED, NOW) is Mail.NONE


@pytest.mark.parametrize(
    ("ages_ms", "may"),
    [
        ((), True),
        ((COOLDOWN_MS - 1,), False),
        ((COOLDOWN_MS,), True),
        ((DAY_MS - 1, COOLDOWN_MS), False),
        ((DAY_MS, COOLDOWN_MS), True),
        ((29 * DAY_MS, 28 * DAY_MS, 2 * DAY_MS), False),
        ((30 * DAY_MS, 28 * DAY_MS, 2 * DAY_MS), True),
    ],
)
def test_a_mailbox_is_not_flooded(ages_ms, may):
    assert may_mail_again(tuple(NOW - age for age in ages_ms), NOW) is may


@given(st.lists(st.integers(0, 60 * DAY_MS), max_size=60))
def test_no_30_days_ever_see_a_fourth_mail(attempts_ms):
    sent: tuple[int, ...] = ()
    for at_ms in sorted(attempts_ms):
        if may_mail_again(sent[-3:], at_ms):
            sent = (*sent, at_ms)
    for at_ms in sent:
        assert len([x for x in sent if at_ms - 30 * DAY_MS < x <= at_ms]) <= 3
        assert len([x for x in sent if at_ms - DAY_MS < x <= at_ms]) <= 2
