# SPDX-License-Identifier: Apache-2.0
"""Everybody planned has one word, the words add up to the campaign's answer, and reasons are asked
for only of those who have one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.accounting import REASONS, Account, read_asked, told
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.outcomes import Tally
from chalicelib.errors import InputError
from tests.support.account_examples import EVERYBODY

TABLE = {
    Code.OPEN: ("planned", None),
    Code.DISPATCHED: ("planned", None),
    Code.SENT: ("sent", None),
    Code.REJECTED: ("rejected", None),
    Code.UNKNOWN: ("unknown", None),
    Code.RESOLVED_SENT: ("sent", None),
    Code.UNSENT: ("skipped", "unsent"),
    Code.FAILED: ("skipped", "failed"),
    Code.EARLIER: ("earlier", None),
    Code.ERASED: ("skipped", "erased"),
    Code.RESTRICTED: ("skipped", "restricted"),
    Code.SUPPRESSED: ("skipped", "suppressed"),
    Code.OBJECTED: ("skipped", "objected"),
    Code.NO_CONSENT: ("skipped", "no-consent"),
    Code.WEAK_EVIDENCE: ("skipped", "weak-evidence"),
    Code.NO_PROFILE: ("skipped", "no-profile"),
    Code.UNREADABLE: ("skipped", "unreadable"),
    Code.RENDERING: ("skipped", "rendering"),
    Code.CANCELLED: ("skipped", "cancelled"),
    Code.PAUSED: ("skipped", "paused"),
    Code.FREQUENCY: ("skipped", "frequency"),
    Code.RESTING: ("skipped", "resting"),
    Code.DOMAIN_STOPPED: ("skipped", "domain-stopped"),
}


def test_every_code_has_its_word_and_reason() -> None:
    assert {code: told(code) for code in Code} == TABLE
    assert {reason for _, reason in TABLE.values() if reason} == set(REASONS)


@given(st.lists(st.sampled_from(tuple(Code)), max_size=40))
def test_the_words_add_up_to_the_campaigns_answer(codes: list[Code]) -> None:
    tally = Tally()
    tally.add(bytes(codes), None)
    progress = tally.counted(len(codes)).progress
    said = [told(code) for code in codes]
    for account, count in (
        (Account.SENT, progress.sent),
        (Account.REJECTED, progress.rejected),
        (Account.UNKNOWN, progress.unknown),
        (Account.SKIPPED, sum(progress.skipped.values())),
    ):
        assert sum(word is account for word, _ in said) == count
    for reason in REASONS:
        assert sum(why == reason for _, why in said) == progress.skipped.get(reason, 0)


@pytest.mark.parametrize(
    ("outcomes", "reasons", "codes"),
    [
        ([], [], set(Code)),
        (["sent"], [], {Code.SENT, Code.RESOLVED_SENT}),
        (["planned", "earlier"], [], {Code.OPEN, Code.DISPATCHED, Code.EARLIER}),
        (["rejected", "unknown"], [], {Code.REJECTED, Code.UNKNOWN}),
        ([], ["failed", "unsent"], {Code.FAILED, Code.UNSENT}),
        (["skipped"], ["no-consent"], {Code.NO_CONSENT}),
        (["skipped", "sent"], ["erased"], {Code.ERASED}),
        (["skipped"], [], {code for code, (word, _) in TABLE.items() if word == "skipped"}),
    ],
)
def test_who_is_asked_for(outcomes: list[str], reasons: list[str], codes: set[Code]) -> None:
    assert read_asked(outcomes, reasons).codes == codes


def test_who_asks_for_nothing_in_particular_asks_for_everybody() -> None:
    assert read_asked([], []) == EVERYBODY


@pytest.mark.parametrize(
    ("outcomes", "reasons", "code"),
    [
        (["mailed"], [], "bad_outcome"),
        ([""], [], "bad_outcome"),
        (["skipped"], ["bored"], "bad_reason"),
        (["sent"], ["erased"], "reason_without_skipped"),
    ],
)
def test_a_word_nobody_knows_is_refused(outcomes: list[str], reasons: list[str], code: str) -> None:
    with pytest.raises(InputError) as refused:
        read_asked(outcomes, reasons)
    assert refused.value.code == code
