# SPDX-License-Identifier: Apache-2.0
"""When a sender is warned and when stopped: the table, and which events count."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.breakers import (
    Counts,
    Harm,
    day_of,
    harm_of,
    judge,
    summed,
    window,
)
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.providers import QUIET, provider_of
from chalicelib.domain.ses_events import parse
from chalicelib.domain.typos import WELL_KNOWN
from tests.support import ses_documents as docs
from tests.support.clock import START_MS

STOP_COMPLAINTS, STOP_BOUNCES = "stop complaints", "stop bounces"
WARN_COMPLAINTS, WARN_BOUNCES = "warn complaints", "warn bounces"
TABLE = (
    # delivered, quiet, hard, complained
    ((0, 0, 0, 0), None),
    ((1_000_000, 0, 0, 0), None),
    # Nothing is a rate before there is a sample, however bad it looks.
    ((0, 0, 99, 0), None),
    ((99, 0, 0, 99), None),
    ((90, 0, 9, 0), None),
    # A single complaint warns where it is one in a thousand, and never stops.
    ((100, 0, 0, 1), WARN_COMPLAINTS),
    ((1_000, 0, 0, 1), WARN_COMPLAINTS),
    ((1_001, 0, 0, 1), None),
    ((100, 0, 0, 2), WARN_COMPLAINTS),
    # Three in a thousand stop, and three are the least.
    ((100, 0, 0, 3), STOP_COMPLAINTS),
    ((1_000, 0, 0, 3), STOP_COMPLAINTS),
    ((1_001, 0, 0, 3), WARN_COMPLAINTS),
    ((1_001, 0, 0, 4), STOP_COMPLAINTS),
    ((100_000, 0, 0, 99), None),
    ((100_000, 0, 0, 100), WARN_COMPLAINTS),
    ((100_000, 0, 0, 299), WARN_COMPLAINTS),
    ((100_000, 0, 0, 300), STOP_COMPLAINTS),
    # Mails at providers that tell of no complaint are no part of what a rate is of.
    ((10_000, 9_000, 0, 3), STOP_COMPLAINTS),
    ((10_000, 8_999, 0, 3), WARN_COMPLAINTS),
    ((10_000, 9_901, 0, 3), None),
    ((100, 100, 0, 3), None),
    # Bounces: five in a hundred of those that arrived or came back, and ten are the least.
    ((95, 0, 5, 0), WARN_BOUNCES),
    ((96, 0, 4, 0), None),
    ((91, 0, 9, 0), WARN_BOUNCES),
    ((90, 0, 10, 0), STOP_BOUNCES),
    ((0, 0, 100, 0), STOP_BOUNCES),
    ((190, 0, 10, 0), STOP_BOUNCES),
    ((191, 0, 10, 0), WARN_BOUNCES),
    ((195, 0, 5, 0), WARN_BOUNCES),
    ((196, 0, 5, 0), None),
    ((95_000, 0, 5_000, 0), STOP_BOUNCES),
    ((95_001, 0, 4_999, 0), WARN_BOUNCES),
    ((97_501, 0, 2_499, 0), None),
    # Of both the graver is told; of equals complaints.
    ((1_000, 0, 100, 1), STOP_BOUNCES),
    ((1_000, 0, 30, 3), STOP_COMPLAINTS),
    ((1_000, 0, 100, 3), STOP_COMPLAINTS),
    ((1_000, 0, 30, 1), WARN_COMPLAINTS),
)
A_COUNT = st.integers(min_value=0, max_value=5_000)


def counts(delivered, quiet, hard, complained):
    return Counts(delivered=delivered, quiet=quiet, hard=hard, complained=complained)


@pytest.mark.parametrize(("numbers", "wanted"), TABLE)
def test_the_decision_is_this_table(numbers, wanted):
    found = judge(counts(*numbers))
    assert (found and f"{found.level} {found.why}") == wanted


@given(A_COUNT, A_COUNT, A_COUNT, A_COUNT)
def test_one_more_that_came_back_never_makes_it_better(delivered, quiet, hard, complained):
    grave = {None: 0, "warn": 1, "stop": 2}

    def gravity(*numbers):
        found = judge(counts(*numbers))
        return grave[found and str(found.level)]

    quiet = min(quiet, delivered)
    before = gravity(delivered, quiet, hard, complained)
    assert gravity(delivered, quiet, hard, complained + 1) >= before
    assert gravity(delivered, quiet, hard + 1, complained) >= before


@given(st.lists(st.tuples(A_COUNT, A_COUNT, A_COUNT, A_COUNT), max_size=6))
def test_counts_add_up_in_any_order_and_a_rate_is_a_share(parts):
    forth, back = Counts(), Counts()
    for part in parts:
        forth += counts(*part)
    for part in reversed(parts):
        back = counts(*part) + back
    assert forth == back
    assert forth - back == Counts()
    for why in ("complaints", "bounces"):
        assert 0 <= forth.rate(why) <= 1


@pytest.mark.parametrize(
    ("document", "harm"),
    [
        (docs.complaint(), Harm.COMPLAINT),
        (docs.bounce(), Harm.HARD),
        (docs.delivery(), None),
        (docs.send(), None),
        (docs.delivery_delay(), None),
    ],
)
def test_what_counts_against_a_sender(document, harm):
    (event,) = parse(json.dumps(document))
    assert harm_of(event) is harm


@pytest.mark.parametrize("named", ["eventType", "notificationType"])
def test_both_spellings_of_a_complaint_count(named):
    document = docs.complaint()
    document[named] = document.pop("eventType")
    (event,) = parse(json.dumps(document))
    assert harm_of(event) is Harm.COMPLAINT


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("Permanent", "OnAccountSuppressionList"),
        ("Permanent", "UnsubscribedRecipient"),
        ("Transient", "General"),
        ("Transient", "MailboxFull"),
        ("Transient", "ContentRejected"),
    ],
)
def test_what_ses_did_not_send_or_may_yet_arrive_does_not_count(kind, subtype):
    document = docs.bounce()
    document["bounce"] |= {"bounceType": kind, "bounceSubType": subtype}
    for recipient in document["bounce"]["bouncedRecipients"]:
        recipient.pop("status", None)
    (event,) = parse(json.dumps(document))
    assert harm_of(event) is None


def test_a_report_that_it_is_no_spam_is_no_complaint():
    document = docs.complaint()
    document["complaint"]["complaintFeedbackType"] = "not-spam"
    (event,) = parse(json.dumps(document))
    assert harm_of(event) is None


def test_three_days_are_judged_together():
    days = {day_of(START_MS - n * DAY_MS): Counts(hard=10**n) for n in range(5)}
    assert summed(days, START_MS) == Counts(hard=111)
    first, last = window(START_MS)
    assert (first, last) == (day_of(START_MS - 2 * DAY_MS), day_of(START_MS))


def test_every_well_known_domain_has_a_provider_with_a_name_that_is_no_pseudonym():
    providers = {provider_of(domain) for domain in WELL_KNOWN}
    assert None not in providers
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for name in providers)
    assert all(len(name) < 43 for name in providers)
    assert providers >= QUIET
    assert provider_of("example.org") is None
