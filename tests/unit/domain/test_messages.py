# SPDX-License-Identifier: Apache-2.0
"""The life of a message: every step, and no other."""

from dataclasses import replace

import pytest

from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.domain.messages import (
    LEASE_MS,
    MAX_TRIES,
    OVER,
    SENTENCES,
    MessageReason,
    MessageStatus,
    ServiceMessage,
    barred,
    begun,
    given_back,
    over,
)
from chalicelib.domain.state import SubjectState, Suppression
from chalicelib.errors import Conflict

WAITING = ServiceMessage(
    id="A" * 22,
    sid=SubjectId("B" * 21 + "A"),
    brand=BrandId("demo"),
    template="order",
    language="en",
    asked="digest",
    created_ms=5,
    changed_ms=5,
    sealed=b"sealed",
)


def test_a_message_is_begun_by_one_worker_at_a_time():
    sending = begun(WAITING, 10)
    assert (sending.status, sending.tries) == (MessageStatus.SENDING, 1)
    with pytest.raises(Conflict):
        begun(sending, 10 + LEASE_MS - 1)
    assert begun(sending, 10 + LEASE_MS).tries == 2


def test_a_try_that_ses_never_saw_does_not_count():
    sending = begun(WAITING, 10)
    assert given_back(sending, 11, untried=True) == replace(WAITING, changed_ms=11)
    assert given_back(sending, 11, untried=False).tries == 1


def test_after_the_last_try_it_has_failed_and_says_so():
    tried = replace(WAITING, tries=MAX_TRIES)
    done = begun(tried, 10)
    assert (done.status, done.reason) == (MessageStatus.FAILED, MessageReason.NO_ANSWER)
    assert done.sealed is None


@pytest.mark.parametrize("status", OVER)
def test_what_is_over_holds_no_text(status):
    done = over(begun(WAITING, 10), status, 11)
    assert (done.is_over, done.sealed, done.until_ms, done.changed_ms) == (True, None, 0, 11)


def test_every_reason_has_its_sentence():
    assert set(SENTENCES) == set(MessageReason)
    assert all(each.endswith(".") for each in SENTENCES.values())


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ((), None),
        ((("bounce", None),), MessageReason.BOUNCED),
        ((("complaint", "demo"),), MessageReason.COMPLAINED),
        ((("complaint", "other"),), None),
        ((("manual", None),), MessageReason.SUPPRESSED),
        ((("erased", None),), MessageReason.SUPPRESSED),
        ((("unsubscribed", None),), None),
        ((("unsubscribed", None), ("bounce", None)), MessageReason.BOUNCED),
    ],
)
def test_suppressions_that_are_about_marketing_alone_bar_no_message(held, told):
    state = SubjectState(
        suppressions=tuple(
            Suppression(brand=BrandId(brand) if brand else None, reason=reason, entry=1)
            for reason, brand in held
        )
    )
    assert barred(state, BrandId("demo")) is told


def test_nobody_and_the_restricted_are_barred_before_all_else():
    demo = BrandId("demo")
    assert barred(None, demo) is MessageReason.ERASED
    assert barred(SubjectState(erased=True), demo) is MessageReason.ERASED
    assert barred(SubjectState(restricted=True), demo) is MessageReason.RESTRICTED
