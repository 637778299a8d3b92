# SPDX-License-Identifier: Apache-2.0
"""Who is asked before a mailing goes, and what then stands in its way."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.deliverability import CheckId
from chalicelib.domain.ids import BrandId
from chalicelib.domain.plan_gate import Ready
from chalicelib.domain.rate import Quota as RateQuota
from chalicelib.errors import NotFound, Unavailable
from chalicelib.services.readiness import Readiness
from infra.local.demo_data import DEMO_BRAND
from tests.support.planning import PlanWorld

LARGE = 100


class Quota:
    """A sender that was used today, or that does not answer."""

    def __init__(self, sent=0):
        self.sent, self.asked = sent, 0

    def quota(self):
        self.asked += 1
        if self.sent is None:
            raise Unavailable("SES is away")
        return RateQuota(per_second=14, daily=1_000, daily_left=1_000 - self.sent)


def readiness(world, sender):
    return Readiness(doctor=world.doctor, brands=world.brands, sender=sender, bulk_from=LARGE)


def break_dkim(world):
    """Let SES say that it signs nothing for the brand's domain."""
    facts = world.sender_facts
    (name,) = facts.identities
    dkim = replace(facts.identities[name].dkim, signing=False)
    facts.identities[name] = replace(facts.identities[name], dkim=dkim)


def test_a_small_mailing_asks_nobody():
    world, sender = PlanWorld(), Quota(sent=None)
    break_dkim(world)
    assert readiness(world, sender).of(DEMO_BRAND.id, 9) == Ready(large=False)
    assert (sender.asked, world.sender_facts.calls) == (0, [])


@pytest.mark.parametrize(
    ("people", "sent", "large"),
    [(10, 0, False), (10, 89, False), (10, 90, True), (99, 0, False), (100, 0, True)],
)
def test_what_the_account_sent_today_counts(people, sent, large):
    assert readiness(PlanWorld(), Quota(sent)).of(DEMO_BRAND.id, people).large is large


def test_of_a_large_mailing_what_fails_and_is_asked_for_is_told():
    world = PlanWorld()
    assert readiness(world, Quota()).of(DEMO_BRAND.id, LARGE) == Ready(large=True)
    break_dkim(world)
    found = readiness(world, Quota()).of(DEMO_BRAND.id, LARGE)
    assert str(CheckId.DKIM) in found.blocking


def test_what_cannot_be_looked_up_stands_in_nobodys_way():
    world = PlanWorld()
    world.sender_facts.silent |= {"account", "identity", "configuration_set", "destinations"}
    assert readiness(world, Quota()).of(DEMO_BRAND.id, LARGE) == Ready(large=True)


def test_without_the_days_number_nobody_guesses():
    with pytest.raises(Unavailable):
        readiness(PlanWorld(), Quota(sent=None)).of(DEMO_BRAND.id, 10)
    with pytest.raises(NotFound):
        readiness(PlanWorld(), Quota()).of(BrandId("nobody"), LARGE)


class TestTheGate:
    @pytest.fixture
    def world(self):
        world = PlanWorld(bulk_from=2)
        world.sids = [world.subscribe(f"reader{n}@example.org") for n in range(3)]
        return world

    def test_a_large_campaign_of_who_is_not_ready_stops_before_anybody_is_mailed(self, world):
        break_dkim(world)
        campaign = world.started()
        world.plan()
        stopped = world.now(campaign)
        assert (stopped.status, stopped.problem) == (CampaignStatus.PAUSED, "not_ready")
        assert str(CheckId.DKIM) in stopped.stop.checks
        assert (stopped.go_ms, world.run_messages()) == (None, [])

    def test_it_goes_once_that_is_mended(self, world):
        break_dkim(world)
        campaign = world.started()
        world.plan()
        world.sender_facts.identities = PlanWorld().sender_facts.identities
        world.campaigns.resume(campaign.id, skip_rendering=False)
        world.plan()
        assert world.now(campaign).go_ms is not None

    def test_it_is_stopped_again_when_nothing_was_mended(self, world):
        break_dkim(world)
        campaign = world.started()
        world.plan()
        accepted = replace(
            world.now(campaign), status=CampaignStatus.SENDING, risk_accepted=True, problem=None
        )
        resumed = replace(accepted, risk_accepted=False)
        world.campaign_rows.replace(resumed)
        world.campaign_messages.plan(world.now(campaign))
        world.plan()
        assert world.now(campaign).problem == "not_ready"
        world.campaign_rows.replace(replace(accepted, revision=world.now(campaign).revision))
        world.campaign_messages.plan(world.now(campaign))
        world.plan()
        assert world.now(campaign).go_ms is not None

    def test_a_dry_run_says_so_beforehand(self, world):
        break_dkim(world)
        campaign_id = world.draft()
        world.dry_runs.ask(campaign_id)
        world.plan()
        ready = world.dry_runs.get(campaign_id).ready
        assert ready.large
        assert str(CheckId.DKIM) in ready.blocking
