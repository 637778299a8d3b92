# SPDX-License-Identifier: Apache-2.0
"""The doctor: a report in every case, whatever does not answer, and a budget for whoever asks."""

import threading
import time
from dataclasses import replace

import pytest

from chalicelib.domain.deliverability import CheckId, Verdict
from chalicelib.domain.dns_records import NOTHING_KNOWN
from chalicelib.errors import NotFound, OverBudget, Unavailable
from chalicelib.services import doctor as services
from infra.local.demo_data import DEMO_BRAND
from tests.support.memory_deliverability import ACCOUNT, REGION, identity, plant
from tests.support.world import World


@pytest.fixture
def world():
    return World(region=REGION)


def examined(world):
    return world.doctor.examine(world.setup.brand("demo"))


def verdicts(report):
    return {check.id: check.verdict for check in report.checks}


def test_a_brand_with_which_all_is_right_is_ready_and_every_check_is_told_in_order(world):
    report = examined(world)
    assert [check.id for check in report.checks] == list(CheckId)
    assert {check.code: check.verdict for check in report.checks if check.verdict != "ok"} == {}
    assert report.verdict is Verdict.OK
    assert report.ready
    assert report.address == DEMO_BRAND.from_address


@pytest.mark.parametrize(
    ("source", "unknown"),
    [
        ("account", {"sending", "production-access", "quota", "tracking"}),
        ("identity", {"identity", "dkim", "mail-from", "spf", "alignment"}),
        ("configuration_set", {"sending", "tracking", "suppression"}),
        ("destinations", {"events", "tracking"}),
    ],
)
def test_a_source_that_does_not_answer_makes_its_own_checks_unknown_and_nothing_else(
    world, source, unknown
):
    world.sender_facts.silent.add(source)
    report = examined(world)
    found = {check for check, verdict in verdicts(report).items() if verdict is Verdict.UNKNOWN}
    if source == "account":
        unknown = unknown | {"suppression"}
    assert found == unknown
    assert report.ready, "what is not known holds nothing back"


def test_dns_that_does_not_answer_makes_its_checks_unknown_and_takes_no_brand_its_readiness(world):
    world.dns.ask = lambda *_: NOTHING_KNOWN
    report = examined(world)
    unknown = {check for check, verdict in verdicts(report).items() if verdict is Verdict.UNKNOWN}
    assert unknown == {"from-domain", "dkim", "mail-from", "spf", "dmarc", "alignment"}
    assert report.ready


def test_who_was_asked_too_often_is_asked_again_after_a_second(world):
    world.sender_facts.busy.update({"identity": 2, "account": 2})
    before_ms = world.time.now_ms()
    assert examined(world).verdict is Verdict.OK
    assert world.time.now_ms() - before_ms == 4 * services.AGAIN_MS


def test_who_is_asked_too_often_again_and_again_is_not_known(world):
    world.sender_facts.busy["account"] = 99
    assert verdicts(examined(world))["production-access"] is Verdict.UNKNOWN
    assert world.sender_facts.calls.count("account") == services.TRIES


def test_the_nearest_identity_above_signs_and_an_address_of_its_own_comes_first(world):
    facts = world.sender_facts
    own = replace(identity(DEMO_BRAND.from_address), mail_from=None, verified=False)
    facts.identities = {"example.org": identity(), DEMO_BRAND.from_address: own}
    assert examined(world).ready
    facts.identities.pop("example.org")
    assert verdicts(examined(world))["identity"] is Verdict.FAIL


def test_after_the_deadline_nothing_is_asked_and_the_rest_is_not_known(world, monkeypatch):
    monkeypatch.setattr(services, "DEADLINE_MS", 1_000)
    ended = threading.Event()

    def stuck(_name):
        ended.wait(10)
        raise Unavailable("stuck")

    world.sender_facts.identity = stuck
    real = world.dns.ask

    def slow(name, kind, within_ms):
        world.time.advance(600)
        return real(name, kind, within_ms)

    world.dns.ask = slow
    began = time.monotonic()
    report = examined(world)
    took = time.monotonic() - began
    ended.set()
    assert took < 3
    assert verdicts(report)["identity"] is Verdict.UNKNOWN
    assert verdicts(report)["dmarc"] is Verdict.UNKNOWN


def test_no_name_is_looked_up_twice(world):
    examined(world)
    assert len(world.dns.asked) == len(set(world.dns.asked))


def test_the_page_of_ours_is_asked_for_only_where_others_can_reach_it(world):
    examined(world)
    assert world.own_page.asked == ["https://mail.example.org/ledger/policy"]
    local = World(region=REGION, base_url="http://127.0.0.1:8000")
    assert verdicts(examined(local))["one-click"] is Verdict.WARN
    assert local.own_page.asked == []


def test_another_brand_of_another_domain_is_examined_as_itself(world):
    world.setup.add_brand(
        replace(DEMO_BRAND, id="shop", code="00000001", from_address="news@shop.example")
    )
    report = world.doctor.asked("shop", "key")
    assert not report.ready
    assert "identity" in report.blocking
    world.sender_facts.identities["shop.example"] = identity("shop.example")
    plant(world.dns.zone, "shop.example")
    assert world.doctor.asked("shop", "key").ready


def test_a_key_asks_sixty_times_an_hour_and_another_key_still_may(world):
    for _ in range(services.PER_HOUR):
        world.doctor.asked("demo", "one")
    with pytest.raises(OverBudget):
        world.doctor.asked("demo", "one")
    world.doctor.asked("demo", "two")
    world.time.advance(3_600_000)
    world.doctor.asked("demo", "one")


def test_a_campaign_nothing_was_heard_of_for_an_hour_is_told(world):
    world.subscribe("reader@example.org")
    world.campaign()
    world.settle()
    assert verdicts(examined(world))["events"] is Verdict.OK
    sent_ms = world.time.now_ms()
    world.time.advance(3_700_000)
    assert verdicts(examined(world))["events"] is Verdict.FAIL
    world.watermark.note(sent_ms)
    assert verdicts(examined(world))["events"] is Verdict.OK


def test_a_campaign_that_mailed_nobody_is_not_waited_for(world):
    world.subscribe("reader@example.org")
    world.suppressions.add("reader@example.org", "manual")
    world.campaign()
    world.settle()
    world.time.advance(3_700_000)
    assert verdicts(examined(world))["events"] is Verdict.OK


def test_the_quota_of_the_day_is_held_against_the_largest_campaign_of_the_last_month(world):
    for number in range(3):
        world.subscribe(f"reader{number}@example.org")
    world.campaign()
    world.settle()
    world.sender_facts.told = replace(ACCOUNT, per_day=2)
    assert verdicts(examined(world))["quota"] is Verdict.WARN
    world.sender_facts.told = replace(ACCOUNT, per_day=3)
    assert verdicts(examined(world))["quota"] is Verdict.OK
    world.sender_facts.told = replace(ACCOUNT, per_day=2)
    world.time.advance(31 * 24 * 3_600_000)
    assert verdicts(examined(world))["quota"] is Verdict.OK


def test_what_was_sent_of_late_may_be_unreadable_and_the_rest_is_told(world, monkeypatch):
    def unreadable(_brand):
        raise Unavailable("no answer")

    monkeypatch.setattr(world.lists, "of_brand", unreadable)
    assert examined(world).ready


def test_an_unknown_brand_is_not_found_and_costs_nothing(world):
    with pytest.raises(NotFound):
        world.doctor.asked("nobody", "one")
    assert world.outside_rows.counters == {}


def test_our_own_policy_begins_with_what_the_doctor_looks_for(world):
    assert world.settings.ledger_origin in world.policy.decode().partition("\n")[0]
