# SPDX-License-Identifier: Apache-2.0
"""A campaign that stopped itself over the API: why, and by which word it goes on."""

import pytest

from chalicelib.domain.breakers import Counts, Level, Note
from chalicelib.domain.stops import StopWhy
from chalicelib.ports.breakers import About

COUNTED = Counts(delivered=1_000, hard=7, complained=3)


@pytest.fixture
def stopped(world):
    campaign = world.campaign()
    world.settle()
    world.subscribe("reader@example.org")
    campaign = world.campaign("Other")
    world.mails.clear()
    note = Note(
        key=campaign,
        level=Level.STOP,
        why=StopWhy.COMPLAINTS,
        counts=COUNTED,
        at_ms=world.time.now_ms(),
    )
    world.breaker_rows.stop(About.CAMPAIGN, note)
    world.settle()
    world.watch.advance()
    return f"/api/v1/campaigns/{campaign}"


def test_it_is_paused_and_says_why_with_its_numbers(api, stopped):
    seen = api.get(stopped).json
    assert (seen["status"], seen["problem"]) == ("paused", "complaints")
    assert seen["stopped"] == {
        "why": "complaints",
        "delivered": 1_000,
        "bounced": 7,
        "complained": 3,
        "checks": [],
        "at": seen["stopped"]["at"],
    }
    assert seen["warning"] is None


def test_it_goes_on_only_by_the_word(api, stopped, world):
    refused = api.post(f"{stopped}/resume")
    assert (refused.status, refused.json["code"]) == (409, "risk_not_accepted")
    assert "accept_risk=true" in refused.json["detail"]
    assert api.post(f"{stopped}/resume?accept_risk=perhaps").json["code"] == "bad_accept_risk"
    assert api.get(stopped).json["status"] == "paused"
    assert world.mails == []
    assert api.post(f"{stopped}/resume?accept_risk=true").status == 202
    world.settle()
    world.watch.advance()
    seen = api.get(stopped).json
    assert (seen["status"], seen["problem"], seen["stopped"]) == ("sent", None, None)
    assert seen["sent"] == 1
