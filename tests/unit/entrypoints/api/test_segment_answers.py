# SPDX-License-Identifier: Apache-2.0
"""Segments counted, sampled and explained over the API, from an order to a withdrawal."""

import json
import logging

import pytest
from jsonschema import Draft202012Validator

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints import logs
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue
from tests.support.asking import DOCUMENT
from tests.support.faults import FailAlways, Moment
from tests.support.shop import BUYER, consent, objection, placed, viewed

PATH = "/api/v1/segments"
VIEWERS = {
    "id": "viewers",
    "brand": "demo",
    "name": "Viewers",
    "where": {
        "all": [
            {"fact": "orders.count", "op": "gte", "value": 1},
            {"fact": "site.products", "op": "contains", "value": "pots"},
        ]
    },
}


@pytest.fixture
def sid(world):
    return world.subscribe(BUYER)


@pytest.fixture
def segment(api):
    assert api.post(PATH, json=VIEWERS).status == 201
    return f"{PATH}/viewers"


def fits(name, document):
    schema = {"$ref": f"#/components/schemas/{name}", **DOCUMENT}
    Draft202012Validator(schema).validate(document)


def counted(world, api, segment, query=""):
    asked = api.post(f"{segment}/count", json={})
    assert (asked.status, asked.json["status"], asked.json["matched"]) == (202, "pending", None)
    address = asked.headers["location"]
    assert api.get(address).json == asked.json
    world.settle(Queue.SEGMENTS)
    reply = api.get(address + query)
    assert (reply.status, reply.json["status"]) == (200, "ready")
    fits("SegmentCount", reply.json)
    return reply.json


def explained(api, segment, **who):
    reply = api.post(f"{segment}/explain", json=who or {"email": BUYER})
    assert reply.status == 200
    fits("SegmentExplanation", reply.json)
    return reply.json


def test_an_order_a_segment_its_count_why_and_a_withdrawal(world, api, segment, sid):
    consent(world, sid, "profiling")
    for told in (placed("e1", "4711"), viewed("e2")):
        assert api.post("/api/v1/events", json=told).status == 201
    world.subscribe("other@example.org")
    found = counted(world, api, segment)
    numbers = ("considered", "matched", "excluded", "unreadable", "without_key", "sample")
    assert [found[name] for name in numbers] == [2, 1, 0, 0, 0, None]

    why = explained(api, segment)
    assert (why["subscriber"], why["matches"], why["excluded"]) == (sid, True, None)
    assert [(each["place"], each["holds"]) for each in why["clauses"]] == [
        ("where.all[0]", True),
        ("where.all[1]", True),
    ]
    assert why["lifecycle"] == {"stage": "decision", "activity": "new"}

    consent(world, sid)
    why = explained(api, segment, subscriber=sid)
    assert (why["matches"], why["clauses"][1]["why"]) == (False, "not_allowed")
    assert counted(world, api, segment)["matched"] == 0

    objection(world, sid)
    world.settle(Queue.SEQUENCING)
    why = explained(api, segment)
    assert (why["excluded"], why["clauses"]) == ("objected", [])
    assert why["lifecycle"] == {"stage": None, "activity": None}
    found = counted(world, api, segment)
    assert (found["matched"], found["excluded"]) == (0, 1)
    assert world.facts.read(sid).facts is None


def test_a_sample_shows_addresses_after_one_entry_and_to_marketing_alone(
    world, api, api_as, segment, sid
):
    consent(world, sid, "profiling")
    for told in (placed("e1", "4711"), viewed("e2")):
        api.post("/api/v1/events", json=told)
    before = sum(b"data.unsealed" in each.leaf for each in world.rows.outbox.values())
    found = counted(world, api, segment, "?sample=true")
    assert found["sample"] == [{"id": sid, "email": BUYER}]
    unsealed = [each for each in world.rows.outbox.values() if b"data.unsealed" in each.leaf]
    assert len(unsealed) == before + 1
    address = f"{segment}/counts/{found['id']}"
    reader = api_as(KeyScope.READ)
    assert reader.get(address).json["sample"] is None
    assert reader.get(address + "?sample=true").status == 403
    assert api.get(address + "?sample=yes").json["code"] == "bad_sample"
    world.faults = FailAlways(
        "LedgerStore.append_controller_entry", Moment.BEFORE, Unavailable("no")
    )
    assert api.get(address + "?sample=true").status == 503
    assert api.get(address).status == 200


def test_a_pending_count_has_no_sample_and_writes_no_entry(world, api, segment):
    asked = api.post(f"{segment}/count", json={}).json
    world.faults = FailAlways(
        "LedgerStore.append_controller_entry", Moment.BEFORE, Unavailable("no")
    )
    reply = api.get(f"{segment}/counts/{asked['id']}?sample=true")
    assert (reply.status, reply.json) == (200, asked)


def test_a_fifth_count_is_told_to_come_again(api, segment):
    for _ in range(4):
        assert api.post(f"{segment}/count", json={}).status == 202
    reply = api.post(f"{segment}/count", json={})
    assert (reply.status, reply.json["code"]) == (429, "throttled")
    assert reply.headers["retry-after"]
    assert "Four counts" in reply.json["detail"]


def test_a_repeat_under_its_key_starts_no_second_count(world, api, segment):
    headers = {"Idempotency-Key": "count-1"}
    first = api.post(f"{segment}/count", json={"list": "newsletter"}, headers=headers)
    again = api.post(f"{segment}/count", json={"list": "newsletter"}, headers=headers)
    assert again.json == first.json
    assert len(world.messages.take(Queue.SEGMENTS)) == 16


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"email": BUYER, "subscriber": "A" * 22}, 422),
        ({"email": BUYER, "colour": "red"}, 422),
        ({"email": BUYER, "at": "yesterday"}, 422),
        ({"email": "no address"}, 422),
        ({"subscriber": "A"}, 422),
        ({"subscriber": "A" * 22}, 404),
        ({"email": "nobody@example.org"}, 404),
    ],
)
def test_an_explanation_is_of_one_person_there_is(api, segment, sid, body, status):
    assert api.post(f"{segment}/explain", json=body).status == status


def test_what_is_not_there_is_not_found(api, segment, sid):
    assert api.post(f"{PATH}/others/count", json={}).status == 404
    assert api.post(f"{PATH}/others/explain", json={"email": BUYER}).status == 404
    for name in ("A" * 22, "no-id"):
        assert api.get(f"{segment}/counts/{name}").status == 404
    wrong = api.post(f"{segment}/count", json={"list": "nowhere"})
    assert (wrong.status, wrong.json["code"]) == (422, "unknown_list")


@pytest.mark.parametrize(
    ("scope", "count", "explain"),
    [
        (KeyScope.READ, 403, 403),
        (KeyScope.COMPLIANCE, 403, 200),
        (KeyScope.MARKETING, 202, 200),
        (KeyScope.EVENTS, 403, 403),
    ],
)
def test_who_may_count_and_who_may_ask_why(api_as, segment, sid, scope, count, explain):
    asker = api_as(scope)
    assert asker.post(f"{segment}/count", json={}).status == count
    assert asker.post(f"{segment}/explain", json={"email": BUYER}).status == explain


def test_of_a_person_nothing_is_logged_queued_or_remembered(world, api, segment, sid, caplog):
    with caplog.at_level(logging.DEBUG):
        api.post("/api/v1/events", json=placed("e1", "order-canary-1"))
        headers = {"Idempotency-Key": "explain-1"}
        api.post(f"{segment}/explain", json={"email": BUYER}, headers=headers)
        asked = api.post(f"{segment}/count", json={}).json
        messages = world.messages.take(Queue.SEGMENTS)
        for message in messages:
            world.handle(Queue.SEGMENTS, message)
        api.get(f"{segment}/counts/{asked['id']}?sample=true")
    lines = "\n".join(logs.LineFormatter().format(record) for record in caplog.records)
    kept = json.dumps(messages) + str(world.outside_rows.requests) + str(world.catalog_rows)
    for canary in (BUYER, "order-canary-1"):
        assert canary not in lines + kept
