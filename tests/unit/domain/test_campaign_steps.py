# SPDX-License-Identifier: Apache-2.0
"""What the clock does with a started campaign."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaign_steps import (
    STALLED_MS,
    Look,
    Step,
    stalled,
    step,
    wakes,
)
from chalicelib.domain.campaigns import CampaignStatus
from tests.support.catalog_examples import CAMPAIGN

S = CampaignStatus
START = 1_000_000
SOON, LATE = START + STALLED_MS, START + STALLED_MS + 1
PLANNING, PLANNED = Look(whole=False), Look(whole=True)
OVER = Look(whole=True, is_open=False)


def campaign(status=S.SENDING, go_ms=None, **changes):
    return replace(
        CAMPAIGN, status=status, started_ms=START, go_ms=go_ms, finished_ms=None, **changes
    )


@pytest.mark.parametrize(
    ("status", "go_ms", "look", "now_ms", "wanted"),
    [
        (S.SENDING, None, PLANNING, SOON, Step.WAIT),
        (S.SENDING, None, PLANNING, LATE, Step.PLAN),
        (S.CANCELLED, None, PLANNING, LATE, Step.PLAN),
        (S.PAUSED, None, PLANNING, LATE, Step.WAIT),
        (S.SENDING, None, PLANNED, START, Step.GATE),
        (S.CANCELLED, None, PLANNED, START, Step.GATE),
        (S.PAUSED, None, PLANNED, LATE, Step.WAIT),
        (S.SENDING, START, PLANNED, SOON, Step.WAIT),
        (S.SENDING, START, PLANNED, LATE, Step.SEND),
        (S.CANCELLED, START, PLANNED, LATE, Step.SEND),
        (S.PAUSED, START, PLANNED, LATE, Step.WAIT),
        (S.SENDING, START, replace(PLANNED, moved_ms=LATE), LATE, Step.WAIT),
        (S.SENDING, START, OVER, START, Step.FINISH),
        (S.PAUSED, START, OVER, START, Step.FINISH),
        (S.CANCELLED, START, OVER, START, Step.FINISH),
        (S.SENT, START, OVER, START, Step.FINISH),
    ],
)
def test_the_step(status, go_ms, look, now_ms, wanted):
    assert step(campaign(status, go_ms), look, now_ms) is wanted


def test_patience_doubles_while_nothing_moves_and_begins_anew_when_something_does():
    woken = campaign(go_ms=START, woken_ms=START + 5, wakes=2)
    assert wakes(woken, PLANNED) == 2
    assert not stalled(woken, PLANNED, woken.woken_ms + 4 * STALLED_MS)
    assert stalled(woken, PLANNED, woken.woken_ms + 4 * STALLED_MS + 1)
    moved = replace(PLANNED, moved_ms=START + 6)
    assert wakes(woken, moved) == 0
    assert stalled(woken, moved, START + 6 + STALLED_MS + 1)


def test_patience_has_an_end():
    woken = campaign(go_ms=START, woken_ms=START, wakes=99)
    assert stalled(woken, PLANNED, START + 32 * STALLED_MS + 1)
