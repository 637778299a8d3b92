# SPDX-License-Identifier: Apache-2.0
"""Erasures over the API: two keys, consequences before approval, a certificate after it."""

import json

import pytest

from chalicelib.domain.api_keys import KeyScope

EMAIL = "reader@example.org"
NOUN = "/api/v1/erasures"


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


@pytest.fixture
def colleague(api_as):
    """A second person of the compliance office."""
    return api_as(KeyScope.COMPLIANCE)


def erased(world, api, colleague, **body):
    asked = api.post(NOUN, json={"email": EMAIL, **body})
    assert colleague.post(f"{NOUN}/{asked.json['id']}/approve").status == 202
    world.settle()
    return asked.json["id"]


def test_a_request_is_answered_with_what_will_no_longer_be_provable(world, api, sid):
    asked = api.post(NOUN, json={"email": EMAIL, "country": "DE", "language": "de"})
    assert asked.status == 202
    assert asked.headers["location"] == f"{NOUN}/{asked.json['id']}"
    assert (asked.json["status"], asked.json["stage"]) == ("pending", "requested")
    assert [each["country"] for each in asked.json["consequences"]] == ["*", "DE"]
    assert "I ZR 164/09" in asked.json["consequences"][1]["sentence"]
    assert world.state(sid).restricted
    assert EMAIL not in asked.text


def test_the_selector_may_be_a_subscriber_and_exactly_one_is_needed(api, sid):
    assert api.post(NOUN, json={"subscriber": sid}).status == 202
    assert api.post(NOUN, json={"subscriber": sid, "email": EMAIL}).status == 422
    assert api.post(NOUN, json={}).status == 422
    assert api.post(NOUN, json={"email": "nobody@example.org"}).status == 404


@pytest.mark.parametrize(
    "change", [{"ground": "unconfirmed"}, {"ground": "spite"}, {"country": "Sweden"}]
)
def test_what_no_person_may_ask_for_is_refused_and_changes_nothing(world, api, sid, change):
    assert api.post(NOUN, json={"email": EMAIL, **change}).status == 422
    assert not world.state(sid).restricted


def test_the_key_that_asked_cannot_approve(world, api, sid):
    asked = api.post(NOUN, json={"email": EMAIL}).json["id"]
    refused = api.post(f"{NOUN}/{asked}/approve")
    assert (refused.status, refused.json["code"]) == (409, "illegal_transition")
    world.settle()
    assert sid in world.rows.vault


@pytest.mark.parametrize("scope", [KeyScope.READ, KeyScope.MARKETING])
def test_only_compliance_asks_looks_and_approves(api, api_as, sid, scope):
    asked = api.post(NOUN, json={"email": EMAIL}).json["id"]
    asker = api_as(scope)
    assert asker.post(NOUN, json={"email": EMAIL}).status == 403
    assert asker.get(f"{NOUN}/{asked}").status == 403
    assert asker.post(f"{NOUN}/{asked}/approve").status == 403
    assert asker.post(f"{NOUN}/{asked}/cancel").status == 403


def test_an_approved_erasure_becomes_ready(world, api, colleague, sid):
    done = api.get(f"{NOUN}/{erased(world, api, colleague)}").json
    assert (done["status"], done["stage"], done["subscriber"]) == ("ready", "erased", sid)
    assert done["approved_at"]
    assert done["erased_at"]
    assert sid not in world.rows.vault
    assert [item["id"] for item in api.get(NOUN).json["items"]] == [done["id"]]


def test_a_cancelled_one_says_that_nothing_was_erased(api, colleague, sid):
    asked = api.post(NOUN, json={"email": EMAIL}).json["id"]
    assert api.post(f"{NOUN}/{asked}/cancel").status == 202
    shown = api.get(f"{NOUN}/{asked}").json
    assert (shown["status"], shown["stage"]) == ("failed", "cancelled")
    assert "Nothing was erased" in shown["problem"]
    assert colleague.post(f"{NOUN}/{asked}/approve").status == 409


def test_the_certificate_waits_for_the_erasure(api, sid):
    asked = api.post(NOUN, json={"email": EMAIL}).json["id"]
    assert api.get(f"{NOUN}/{asked}/certificate").status == 409
    assert api.get(f"{NOUN}/{'A' * 22}/certificate").status == 404


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Certificate of erasure"),
        ("sv", "Intyg om radering"),
        ("de", "Löschbescheinigung"),
        ("fr", "Attestation d"),
    ],
)
def test_the_certificate_is_json_or_a_page_in_four_languages(
    world, api, colleague, sid, language, title
):
    place = f"{NOUN}/{erased(world, api, colleague, ground='objection')}/certificate"
    shown = api.get(place)
    assert json.loads(shown.json["leaf"])["rsn"] == shown.json["ground"] == "objection"
    assert shown.json["suppressed"] is True
    page = api.get(f"{place}?language={language}", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert title in page.heading
    assert shown.json["kid"] in page.text
    assert sid not in page.text + shown.text
    assert EMAIL not in page.text + shown.text


def test_a_repeated_request_under_its_key_changes_nothing(world, api, sid):
    headers = {"Idempotency-Key": "erase-1"}
    first = api.post(NOUN, json={"email": EMAIL}, headers=headers)
    again = api.post(NOUN, json={"email": EMAIL}, headers=headers)
    assert again.json == first.json
    assert again.headers["idempotency-replayed"] == "true"
    assert EMAIL not in repr(world.outside_rows.requests)
