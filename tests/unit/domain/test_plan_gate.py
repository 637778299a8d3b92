# SPDX-License-Identifier: Apache-2.0
"""When a planned campaign may go: every status, with and without errors."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.ids import SHARDS
from chalicelib.domain.plan_gate import RENDERING, Gate, Ready, decide, missing, resumed
from chalicelib.domain.runs import Totals
from chalicelib.errors import IllegalTransition
from tests.support.catalog_examples import CAMPAIGN

SOME = Totals(people=dict.fromkeys(SHARDS[:-1], 3))
WHOLE = Totals(people=dict.fromkeys(SHARDS, 3), render_errors=dict.fromkeys(SHARDS, 0))
FAILING = replace(WHOLE, render_errors={**WHOLE.render_errors, "b": 2})
S = CampaignStatus


SMALL = Ready(large=False)
ILL = Ready(large=True, blocking=("dkim",))


def campaign(status, **changes):
    return replace(CAMPAIGN, status=status, started_ms=1, finished_ms=None, **changes)


@pytest.mark.parametrize(
    ("status", "totals", "changes", "gate"),
    [
        (S.SENDING, Totals(), {}, Gate.WAIT),
        (S.SENDING, SOME, {}, Gate.WAIT),
        (S.SENDING, WHOLE, {}, Gate.OPEN),
        (S.SENDING, FAILING, {}, Gate.STOP),
        (S.SENDING, FAILING, {"problem": "planning"}, Gate.STOP),
        (S.SENDING, FAILING, {"problem": RENDERING}, Gate.OPEN),
        (S.SENDING, SOME, {"problem": RENDERING}, Gate.WAIT),
        (S.PAUSED, WHOLE, {}, Gate.WAIT),
        (S.PAUSED, FAILING, {"problem": RENDERING}, Gate.WAIT),
        (S.CANCELLED, SOME, {}, Gate.WAIT),
        (S.CANCELLED, FAILING, {}, Gate.OPEN),
        (S.SENT, WHOLE, {}, Gate.WAIT),
        (S.SENDING, FAILING, {"go_ms": 7}, Gate.PASSED),
        (S.SENDING, Totals(), {"go_ms": 7}, Gate.PASSED),
        (S.PAUSED, WHOLE, {"go_ms": 7}, Gate.PASSED),
    ],
)
def test_the_decision(status, totals, changes, gate):
    assert decide(campaign(status, **changes), totals, SMALL) is gate


@pytest.mark.parametrize(
    ("status", "totals", "changes", "ready", "gate"),
    [
        (S.SENDING, WHOLE, {}, None, Gate.ASK),
        (S.SENDING, WHOLE, {}, Ready(large=True), Gate.OPEN),
        (S.SENDING, WHOLE, {}, ILL, Gate.NOT_READY),
        (S.SENDING, WHOLE, {}, Ready(large=False, blocking=("dkim",)), Gate.OPEN),
        (S.SENDING, WHOLE, {"problem": "not_ready"}, ILL, Gate.NOT_READY),
        (S.SENDING, WHOLE, {"risk_accepted": True}, None, Gate.OPEN),
        (S.SENDING, WHOLE, {"risk_accepted": True}, ILL, Gate.OPEN),
        (S.SENDING, FAILING, {"risk_accepted": True}, ILL, Gate.STOP),
        (S.SENDING, FAILING, {}, None, Gate.STOP),
        (S.SENDING, FAILING, {"problem": RENDERING}, ILL, Gate.NOT_READY),
        (S.SENDING, SOME, {}, ILL, Gate.WAIT),
        (S.PAUSED, WHOLE, {}, ILL, Gate.WAIT),
        (S.CANCELLED, WHOLE, {}, None, Gate.OPEN),
        (S.CANCELLED, WHOLE, {}, ILL, Gate.OPEN),
        (S.SENDING, WHOLE, {"go_ms": 7}, ILL, Gate.PASSED),
    ],
)
def test_a_large_mailing_goes_only_where_nothing_is_known_to_keep_it_from_arriving(
    status, totals, changes, ready, gate
):
    assert decide(campaign(status, **changes), totals, ready) is gate


def test_what_was_not_started_or_is_over_waits():
    assert decide(replace(CAMPAIGN, started_ms=None), WHOLE, SMALL) is Gate.WAIT
    assert decide(replace(campaign(S.SENT), finished_ms=9, go_ms=2), WHOLE, SMALL) is Gate.WAIT


def test_missing_shards_are_those_without_a_number():
    assert missing(SOME, SHARDS) == SHARDS[-1:]
    assert missing(WHOLE, SHARDS) == ()


def test_who_resumes_without_leaving_anybody_out_is_stopped_again():
    stopped = campaign(S.PAUSED, problem=RENDERING)
    assert decide(resumed(stopped, skip_rendering=False), FAILING, SMALL) is Gate.STOP
    assert decide(resumed(stopped, skip_rendering=True), FAILING, SMALL) is Gate.OPEN


def test_only_what_stopped_a_campaign_can_be_skipped():
    assert resumed(campaign(S.PAUSED), skip_rendering=True).problem is None
    with pytest.raises(IllegalTransition):
        resumed(campaign(S.SENDING, problem=RENDERING), skip_rendering=True)
