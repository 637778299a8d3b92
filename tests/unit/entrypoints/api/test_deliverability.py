# SPDX-License-Identifier: Apache-2.0
"""The doctor over the API: what it answers, to whom, and how often."""

from dataclasses import replace

import pytest

from chalicelib import bootstrap
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.breakers import Counts, Level, Note
from chalicelib.domain.deliverability import CheckId
from chalicelib.domain.stops import StopWhy
from chalicelib.ports.breakers import About
from chalicelib.services import doctor
from infra.local.demo_data import DEMO_BRAND
from tests.support.memory_deliverability import ACCOUNT, REGION
from tests.support.world import World


@pytest.fixture
def world(monkeypatch):
    made = World(region=REGION)
    monkeypatch.setattr(bootstrap, "container", lambda: made)
    return made


def test_a_brand_is_examined_check_by_check(api_as, world):
    reply = api_as(KeyScope.READ).get("/api/v1/deliverability?brand=demo")
    assert reply.status == 200
    found = reply.json
    assert (found["brand"], found["from"]) == ("demo", DEMO_BRAND.from_address)
    assert (found["verdict"], found["ready"], found["bulk_from"]) == ("ok", True, 5_000)
    assert [check["id"] for check in found["checks"]] == list(CheckId)
    assert found["providers"] == [
        {"id": each, "ready": True, "blocking": []} for each in ("gmail", "yahoo", "microsoft")
    ]


def test_what_is_missing_is_told_with_the_record_to_publish_and_who_asks_for_it(api_as, world):
    world.dns.set("_dmarc.example.org", "TXT")
    world.own_page.line = "something else"
    found = api_as(KeyScope.READ).get("/api/v1/deliverability?brand=demo").json
    (check,) = [check for check in found["checks"] if check["id"] == "dmarc"]
    assert check == {
        "id": "dmarc",
        "code": "dmarc_none",
        "verdict": "fail",
        "sentence": "There is no DMARC record for example.org: publish this one.",
        "records": [
            {
                "type": "TXT",
                "name": "_dmarc.example.org",
                "value": "v=DMARC1; p=none; rua=mailto:privacy@example.org",
            }
        ],
        "required_by": ["gmail", "yahoo", "microsoft"],
    }
    assert (found["verdict"], found["ready"]) == ("fail", False)
    assert found["providers"] == [
        {"id": "gmail", "ready": False, "blocking": ["dmarc", "one-click"]},
        {"id": "yahoo", "ready": False, "blocking": ["dmarc", "one-click"]},
        {"id": "microsoft", "ready": False, "blocking": ["dmarc"]},
    ]


def test_what_nobody_asks_for_keeps_nobody_from_sending(api_as, world):
    world.sender_facts.told = replace(ACCOUNT, engagement=True)
    found = api_as(KeyScope.READ).get("/api/v1/deliverability?brand=demo").json
    assert (found["verdict"], found["ready"]) == ("fail", True)


def test_it_wants_a_brand_that_exists_and_a_key_that_may_read(api_as, web):
    reader = api_as(KeyScope.READ)
    assert reader.get("/api/v1/deliverability").status == 422
    assert reader.get("/api/v1/deliverability?brand=nobody").status == 404
    assert api_as(KeyScope.EVENTS).get("/api/v1/deliverability?brand=demo").status == 403
    assert web.get("/api/v1/deliverability?brand=demo").status == 401


def test_a_key_has_sixty_examinations_an_hour(api_as, world, monkeypatch):
    monkeypatch.setattr(doctor, "PER_HOUR", 2)
    reader = api_as(KeyScope.READ)
    answers = [reader.get("/api/v1/deliverability?brand=demo") for _ in range(3)]
    assert [reply.status for reply in answers] == [200, 200, 429]
    assert answers[-1].headers["retry-after"] == "3600"


def test_nothing_is_stored_but_the_count(api_as, world):
    before = (dict(world.outside_rows.blobs), len(world.outside_rows.messages))
    api_as(KeyScope.READ).get("/api/v1/deliverability?brand=demo")
    assert (dict(world.outside_rows.blobs), len(world.outside_rows.messages)) == before
    ((budget, _), count), *more = [
        item for item in world.outside_rows.counters.items() if item[0][0].startswith("doctor#")
    ]
    assert (count, more) == (1, [])
    assert "example" not in budget


def held(world, level=Level.STOP, key="gmx", name="gmx"):
    counts = Counts(delivered=180, hard=20, complained=2)
    at_ms = world.time.now_ms()
    note = Note(key=key, level=level, why=StopWhy.BOUNCES, counts=counts, at_ms=at_ms, name=name)
    rows = world.breaker_rows
    if level is Level.STOP:
        rows.stop(About.DOMAIN, note)
    else:
        rows.warn(About.DOMAIN, note)
    return note


def test_domains_of_which_much_came_back_are_told_with_their_numbers(api_as, world):
    api = api_as(KeyScope.READ)
    assert api.get("/api/v1/deliverability/domains").json == {"items": [], "next_cursor": None}
    held(world, Level.WARN, "A" * 43, "company.example")
    held(world)
    page = api.get("/api/v1/deliverability/domains").json
    assert [(each["domain"], each["level"]) for each in page["items"]] == [
        ("gmx", "stop"),
        ("company.example", "warn"),
    ]
    assert page["items"][0] == {
        "id": "gmx",
        "domain": "gmx",
        "level": "stop",
        "why": "bounces",
        "delivered": 180,
        "bounced": 20,
        "complained": 2,
        "rate": 0.1,
        "at": page["items"][0]["at"],
    }
    (check,) = [
        check
        for check in api.get("/api/v1/deliverability?brand=demo").json["checks"]
        if check["id"] == "rates"
    ]
    assert (check["code"], check["verdict"]) == ("rates_stopped", "fail")
    assert "gmx" in check["sentence"]


def test_a_marketer_lets_mail_go_to_a_domain_again_once(api_as, world):
    held(world)
    path = "/api/v1/deliverability/domains/gmx/resume"
    assert api_as(KeyScope.READ).post(path).status == 403
    assert world.breakers_held.stops.domains == {"gmx"}
    api = api_as(KeyScope.MARKETING)
    told = api.post(path)
    assert (told.status, told.json["domain"]) == (202, "gmx")
    assert world.breakers_held.stops.domains == set()
    assert api.post(path).status == 404


def test_a_domain_that_is_only_near_a_stop_is_not_let_go(api_as, world):
    held(world, Level.WARN)
    path = "/api/v1/deliverability/domains/gmx/resume"
    assert api_as(KeyScope.MARKETING).post(path).status == 404
    assert [note.level for note in world.stopped_domains.standing()] == [Level.WARN]
