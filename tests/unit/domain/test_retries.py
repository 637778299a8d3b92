# SPDX-License-Identifier: Apache-2.0
import hashlib

import pytest

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.ids import CampaignId, decode_id
from chalicelib.domain.outcomes import NEXT, OutcomeCode
from chalicelib.domain.retries import (
    WhyNot,
    places_again,
    require_over,
    retry_id,
    start_event,
    why_not,
)
from chalicelib.errors import IllegalTransition, InputError

PARENT = CampaignId("AAAAAAAAAAAAAAAAAAAAAA")
TABLE = {
    OutcomeCode.OPEN: WhyNot.NOT_OVER,
    OutcomeCode.DISPATCHED: WhyNot.NOT_OVER,
    OutcomeCode.SENT: WhyNot.HAS_IT,
    OutcomeCode.REJECTED: None,
    OutcomeCode.UNKNOWN: WhyNot.MAY_HAVE_IT,
    OutcomeCode.RESOLVED_SENT: WhyNot.HAS_IT,
    OutcomeCode.UNSENT: WhyNot.NOT_ASKED_FOR,
    OutcomeCode.FAILED: None,
    OutcomeCode.EARLIER: WhyNot.NOT_NOTED,
    OutcomeCode.ERASED: WhyNot.LEFT_OUT,
    OutcomeCode.RESTRICTED: WhyNot.LEFT_OUT,
    OutcomeCode.SUPPRESSED: WhyNot.LEFT_OUT,
    OutcomeCode.OBJECTED: WhyNot.LEFT_OUT,
    OutcomeCode.NO_CONSENT: WhyNot.LEFT_OUT,
    OutcomeCode.WEAK_EVIDENCE: WhyNot.LEFT_OUT,
    OutcomeCode.NO_PROFILE: None,
    OutcomeCode.UNREADABLE: None,
    OutcomeCode.RENDERING: None,
    OutcomeCode.CANCELLED: WhyNot.LEFT_OUT,
    OutcomeCode.PAUSED: WhyNot.LEFT_OUT,
    OutcomeCode.FREQUENCY: WhyNot.LEFT_OUT,
    OutcomeCode.RESTING: WhyNot.LEFT_OUT,
    OutcomeCode.DOMAIN_STOPPED: None,
}


@pytest.mark.parametrize("code", OutcomeCode)
def test_who_is_sent_to_again_is_this_table(code):
    assert why_not(code, unsent=False) is TABLE[code]
    asked = None if code is OutcomeCode.UNSENT else TABLE[code]
    assert why_not(code, unsent=True) is asked


@pytest.mark.parametrize("unsent", [False, True])
def test_nobody_who_may_become_sent_is_sent_to_again_but_the_unsent_asked_for(unsent):
    sent = {OutcomeCode.SENT, OutcomeCode.RESOLVED_SENT}
    may_become = sent | {code for code, following in NEXT.items() if following & sent}
    again = {code for code in OutcomeCode if why_not(code, unsent=unsent) is None}
    assert again & may_become == ({OutcomeCode.UNSENT} if unsent else set())


def test_places_are_those_of_the_table_and_none_of_a_row_that_names_nobody():
    codes = bytes(OutcomeCode)
    again = [code for code, reason in TABLE.items() if reason is None]
    assert [codes[place] for place in places_again(codes, unsent=False)] == again
    assert len(places_again(codes, unsent=True)) == len(again) + 1
    assert places_again(None, unsent=True) == ()


@pytest.mark.parametrize("status", CampaignStatus)
@pytest.mark.parametrize("complete", [False, True])
def test_only_a_campaign_that_was_sent_and_is_over_is_retried(status, complete):
    if status is CampaignStatus.SENT and complete:
        require_over(status, complete=complete)
        return
    with pytest.raises(IllegalTransition, match="Nothing was changed"):
        require_over(status, complete=complete)


def test_a_retry_has_one_id_and_a_retry_of_it_another():
    child = retry_id(PARENT)
    assert decode_id(child) == hashlib.sha256(bytes(16) + b"retry").digest()[:16]
    assert len({PARENT, child, retry_id(child)}) == 3
    with pytest.raises(InputError):
        retry_id(CampaignId("spring"))


def test_the_entry_of_its_start_has_one_id_which_is_nobody_elses():
    child = retry_id(PARENT)
    assert (
        decode_id(start_event(child)) == hashlib.sha256(decode_id(child) + b"start").digest()[:16]
    )
    assert len({PARENT, child, start_event(child), start_event(PARENT)}) == 4
