# SPDX-License-Identifier: Apache-2.0
"""A campaign shown as one subscriber would get it, over the API: to whom, of whom, after what."""

import json
import logging

import pytest
from jsonschema import Draft202012Validator

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints import logs
from chalicelib.errors import Conflict, Unavailable
from tests.support.asking import DOCUMENT
from tests.support.faults import FailAlways, Moment
from tests.support.shop import objection

ANNA = "anna@example.org"
CAMPAIGN = {
    "name": "November",
    "list": "newsletter",
    "purpose": "newsletter",
    "subject": "News for {{ first_name }}",
    "html": "<h1>News</h1><p><a href='https://shop.example/'>Shop</a></p>"
    "{% if first_name == 'Bo' %}{{ nowhere }}{% endif %}",
}


@pytest.fixture
def sid(world):
    return world.subscribe(ANNA, first_name="Anna-canary", measurement="yes", language="sv")


@pytest.fixture
def path(api, sid):
    return api.post("/api/v1/campaigns", json=CAMPAIGN).headers["location"] + "/preview"


def shown(api, path, **who):
    reply = api.post(path, json=who or {"email": ANNA})
    assert reply.status == 200
    schema = {"$ref": "#/components/schemas/CampaignPreview", **DOCUMENT}
    Draft202012Validator(schema).validate(reply.json)
    return reply.json


def test_one_person_sees_their_own_mail_with_dead_links(api, path, sid):
    found = shown(api, path)
    assert found == shown(api, path, subscriber=sid)
    assert found["subject"] == "News for Anna-canary"
    assert (found["measured"], found["language"]) == (True, "sv")
    assert (found["would_be_mailed"], found["why_not"]) == (True, None)
    assert "<a href='#'>Shop</a>" in found["html"]
    assert "Du får det här mejlet" in found["text"]
    assert "shop.example" not in found["html"] + found["text"]


def test_why_not_is_told_and_of_who_objected_nothing_is_made(world, api, path, sid):
    objection(world, sid)
    found = shown(api, path)
    assert (found["would_be_mailed"], found["why_not"]) == (False, "objected")
    assert [found[name] for name in ("subject", "html", "text", "language")] == [None] * 4


def test_a_mail_that_cannot_be_made_is_a_finding_and_no_error(world, api, path):
    bo = world.subscribe("bo@example.org", first_name="Bo")
    found = shown(api, path, subscriber=bo)
    assert (found["html"], found["why_not"]) == (None, "rendering")
    flaw = found["findings"][0]
    assert (flaw["code"], flaw["severity"], flaw["part"]) == ("bad_template", "error", "html")
    assert flaw["line"] >= 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"email": ANNA, "subscriber": "A" * 22}, 422),
        ({"email": ANNA, "colour": "red"}, 422),
        ({"email": "no address"}, 422),
        ({"subscriber": "A"}, 422),
        ({"subscriber": "A" * 22}, 404),
        ({"email": "nobody@example.org"}, 404),
    ],
)
def test_a_preview_is_for_one_person_there_is(world, api, path, body, status):
    before = len(world.rows.outbox)
    assert api.post(path, json=body).status == status
    assert len(world.rows.outbox) == before


def test_a_campaign_there_is_not_is_not_found(api, sid):
    for campaign in ("A" * 22, "no-id"):
        assert api.post(f"/api/v1/campaigns/{campaign}/preview", json={"email": ANNA}).status == 404


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        (KeyScope.READ, 403),
        (KeyScope.COMPLIANCE, 403),
        (KeyScope.EVENTS, 403),
        (KeyScope.MARKETING, 200),
    ],
)
def test_keys_of_marketing_alone_may_look(world, api_as, path, sid, scope, status):
    before = world.types(sid)
    assert api_as(scope).post(path, json={"email": ANNA}).status == status
    assert (world.types(sid)[len(before) :] == ["data.unsealed"]) is (status == 200)


@pytest.mark.parametrize(("error", "status"), [(Unavailable("no"), 503), (Conflict("moved"), 409)])
def test_without_the_entry_nothing_is_shown(world, api, path, error, status):
    world.faults = FailAlways("LedgerStore.commit", Moment.BEFORE, error)
    reply = api.post(path, json={"email": ANNA})
    assert reply.status == status
    assert "canary" not in json.dumps(reply.json)


def test_of_a_person_nothing_is_logged_or_remembered(world, api, path, sid, caplog):
    with caplog.at_level(logging.DEBUG):
        headers = {"Idempotency-Key": "preview-1"}
        assert api.post(path, json={"email": ANNA}, headers=headers).status == 200
        bo = world.subscribe("bo@example.org", first_name="Bo")
        api.post(path, json={"subscriber": bo}, headers=headers)
    lines = "\n".join(logs.LineFormatter().format(record) for record in caplog.records)
    kept = str(world.outside_rows.requests) + str(world.catalog_rows)
    for canary in (ANNA, "canary"):
        assert canary not in lines + kept
