# SPDX-License-Identifier: Apache-2.0
"""Everybody in a campaign listed and exported over the API: who may, what comes, what does not."""

import csv
import io
import logging

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints import logs
from chalicelib.entrypoints.api import exports
from chalicelib.ports.outside import Queue
from tests.support.account_examples import sent_campaign

CANARY = "canary@example.org"
EXPORTS = "/api/v1/exports"


@pytest.fixture
def campaign(world):
    world.subscribe(CANARY)
    world.subscribe("bo@example.org")
    return sent_campaign(world)


def asked(campaign, **more):
    return {"campaign": campaign, "outcomes": ["sent"], **more}


def test_people_are_listed_by_pages_with_what_became_of_them(api, campaign):
    path = f"/api/v1/campaigns/{campaign}/recipients"
    first = api.get(f"{path}?limit=1").json
    (one,) = first["items"]
    assert one.keys() == {"subscriber", "outcome", "reason", "message_id"}
    assert (one["outcome"], one["reason"]) == ("sent", None)
    assert one["message_id"]
    second = api.get(f"{path}?limit=1&cursor={first['next_cursor']}").json
    assert second["items"][0]["subscriber"] != one["subscriber"]
    assert api.get(f"{path}?outcome=sent").json["items"] == [one, *second["items"]]
    assert api.get(f"{path}?outcome=rejected").json == {"items": [], "next_cursor": None}
    assert api.get(f"{path}?reason=no-consent").json["items"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("outcome=mailed", "bad_outcome"),
        ("outcome=", "bad_outcome"),
        ("reason=bored", "bad_reason"),
        ("outcome=sent&reason=erased", "reason_without_skipped"),
        ("cursor=x", "bad_cursor"),
        ("limit=0", "bad_limit"),
    ],
)
def test_what_a_listing_does_not_know_is_refused(api, campaign, query, code):
    reply = api.get(f"/api/v1/campaigns/{campaign}/recipients?{query}")
    assert (reply.status, reply.json["code"]) == (422, code)


def test_an_export_is_asked_for_made_and_fetched(api, world, campaign):
    made = api.post(EXPORTS, json=asked(campaign))
    assert (made.status, made.json["status"], made.json["people"]) == (202, "pending", None)
    address = made.headers["location"]
    assert api.get(f"{address}/csv").status == 409
    world.settle(Queue.SEGMENTS)
    shown = api.get(address).json
    assert (shown["status"], shown["people"], shown["without_address"]) == ("ready", 2, 0)
    assert (shown["outcomes"], shown["reasons"]) == (["sent"], [])
    file = api.get(f"{address}/csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    name = f"kvitto-export-{shown['id']}.csv"
    assert file.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert file.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(file.text, newline=""), strict=True))
    assert {row["address"] for row in rows} == {CANARY, "bo@example.org"}


def test_a_large_file_is_fetched_from_the_store(api, world, campaign, monkeypatch):
    address = api.post(EXPORTS, json=asked(campaign)).headers["location"]
    world.settle(Queue.SEGMENTS)
    monkeypatch.setattr(exports, "MAX_FILE_BYTES", 10)
    reply = api.get(f"{address}/csv")
    assert reply.status == 303
    assert "canary" not in reply.headers["location"]


def test_a_request_repeated_under_its_key_makes_no_second_export(api, world, campaign):
    key = {"Idempotency-Key": "once"}
    first = api.post(EXPORTS, json=asked(campaign), headers=key)
    again = api.post(EXPORTS, json=asked(campaign), headers=key)
    assert (first.json, again.status) == (again.json, 202)
    assert len(world.messages.take(Queue.SEGMENTS)) == 1
    other = api.post(EXPORTS, json=asked(campaign, reasons=["erased"]), headers=key)
    assert other.status == 422


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"outcomes": []}, 422),
        ({"outcomes": ["mailed"]}, 422),
        ({"outcomes": ["sent", "sent"]}, 422),
        ({"reasons": ["erased"]}, 422),
        ({"outcomes": ["skipped"], "reasons": []}, 422),
        ({"campaign": "x"}, 422),
        ({"email": CANARY}, 422),
        ({"campaign": "A" * 22}, 404),
    ],
)
def test_a_request_that_names_nobody_is_refused(api, world, campaign, change, status):
    assert api.post(EXPORTS, json={**asked(campaign), **change}).status == status
    assert world.messages.take(Queue.SEGMENTS) == []


def test_addresses_need_the_scope_that_sees_subscribers_and_a_listing_any(api_as, campaign):
    reader, marketer = api_as(KeyScope.READ), api_as(KeyScope.MARKETING)
    listing = f"/api/v1/campaigns/{campaign}/recipients"
    assert reader.get(listing).status == marketer.get(listing).status == 200
    assert api_as(KeyScope.EVENTS).get(listing).status == 403
    assert reader.post(EXPORTS, json=asked(campaign)).status == 403
    address = marketer.post(EXPORTS, json=asked(campaign)).headers["location"]
    for path in (address, f"{address}/csv"):
        assert reader.get(path).status == 403
        assert marketer.get(path).status in (200, 409)


def test_a_listing_opens_nobody_and_names_no_address(api, world, campaign, caplog):
    calls = []
    world.faults = lambda call, _: calls.append(call)
    with caplog.at_level(logging.DEBUG):
        reply = api.get(f"/api/v1/campaigns/{campaign}/recipients")
    assert not {call for call in calls if call.startswith(("SendReads", "KeyWrapper", "Audience"))}
    lines = [logs.LineFormatter().format(record) for record in caplog.records]
    assert all("canary" not in text for text in (reply.text, *lines))


def test_an_export_that_is_not_there_is_not_found(api):
    for path in ("A" * 22, "x", "A" * 22 + "/csv"):
        assert api.get(f"{EXPORTS}/{path}").status == 404


def whole(**more):
    return {"format": "kvitto", "brand": "demo", **more}


def test_a_brands_people_are_asked_for_made_and_fetched(api, world, campaign):
    made = api.post(EXPORTS, json=whole(list="newsletter", statuses=["subscribed"]))
    assert (made.status, made.json["campaign"], made.json["outcomes"]) == (202, None, [])
    assert made.json["audience"] == {
        "format": "kvitto",
        "brand": "demo",
        "list": "newsletter",
        "statuses": ["subscribed"],
    }
    address = made.headers["location"]
    assert api.get(f"{address}/csv").status == 409
    world.settle(Queue.SEGMENTS)
    shown = api.get(address).json
    assert (shown["status"], shown["people"], shown["without_address"]) == ("ready", 2, 0)
    file = api.get(f"{address}/csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    rows = list(csv.DictReader(io.StringIO(file.text, newline=""), strict=True))
    assert {row["email"] for row in rows} == {CANARY, "bo@example.org"}
    assert api.get(f"{address}/zip").status == 404


def test_a_zip_is_fetched_as_one(api, world, campaign):
    made = api.post(EXPORTS, json=whole(format="mailchimp", list="newsletter"))
    world.settle(Queue.SEGMENTS)
    address = made.headers["location"]
    file = api.get(f"{address}/zip")
    assert file.headers["content-type"] == "application/zip"
    name = f"kvitto-export-{made.json['id']}.zip"
    assert file.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert file.body.startswith(b"PK")
    assert api.get(f"{address}/csv").status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"format": "excel"}, 422),
        ({"format": "mailchimp"}, 422),
        ({"statuses": []}, 422),
        ({"statuses": ["happy"]}, 422),
        ({"brand": "nobody"}, 404),
        ({"list": "nothing"}, 404),
        ({"campaign": "A" * 22}, 422),
        ({"email": CANARY}, 422),
    ],
)
def test_a_brands_export_of_nothing_there_is_refused(api, world, change, status):
    assert api.post(EXPORTS, json={**whole(), **change}).status == status
    assert world.messages.take(Queue.SEGMENTS) == []
