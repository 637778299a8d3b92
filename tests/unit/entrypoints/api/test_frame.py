# SPDX-License-Identifier: Apache-2.0
"""Keys, scopes, bodies, paging and idempotency: the frame around every operation."""

import json
from pathlib import Path

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.frame import LEASE_S
from chalicelib.entrypoints.api.routes import OPERATIONS
from chalicelib.errors import Unavailable
from tests.support.faults import FailOnce, Moment, no_faults

DAY_MS = 24 * 3600 * 1000
LIST = {"id": "events", "brand": "demo", "name": "Events"}


def guarded():
    return [op for op in OPERATIONS if op.scopes]


def target(op):
    return "/api/v1" + op.path.replace("{", "").replace("}", "")


@pytest.mark.parametrize("op", guarded(), ids=lambda op: op.id)
@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer wrong-key-of-some-length", "Basic YTpi", "Bearer ö"]
)
def test_without_a_live_key_nothing_is_told(web, op, header):
    headers = {"Authorization": header} if header else {}
    reply = web.ask(op.method, target(op), headers=headers)
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert reply.json["code"] == "no_key"


@pytest.mark.parametrize("op", guarded(), ids=lambda op: op.id)
@pytest.mark.parametrize("scope", list(KeyScope))
def test_a_key_opens_exactly_what_its_scope_covers(api_as, op, scope):
    reads = KeyScope.READ in op.scopes and scope is not KeyScope.EVENTS
    opens = scope is KeyScope.ADMIN or scope in op.scopes or reads
    reply = api_as(scope).ask(op.method, target(op))
    assert (reply.status != 403) is opens


def test_a_revoked_key_is_no_key(api, world):
    made = api.post("/api/v1/api-keys", json={"name": "x", "scopes": ["read"]}).json
    world.key_ring.revoke(made["id"])
    headers = {"Authorization": "Bearer " + made["key"]}
    assert api.get("/api/v1/lists", headers=headers).status == 401


def test_the_description_needs_no_key(web):
    reply = web.get("/api/v1/openapi.json")
    assert reply.status == 200
    assert reply.json["openapi"] == "3.1.0"
    assert reply.json["servers"] == [{"url": "https://mail.example.org"}]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"id": "missing", "brand": "missing", "name": "missing"}),
        ({**LIST, "id": "No"}, {"id": "format"}),
        ({**LIST, "colour": "red"}, {"colour": "unknown"}),
        ({**LIST, "name": 5}, {"name": "type"}),
        ({**LIST, "name": "two\nlines"}, {"name": "format"}),
        ([], {"body": "type"}),
    ],
)
def test_a_body_that_does_not_fit_is_refused_member_by_member(api, body, errors):
    reply = api.post("/api/v1/lists", json=body)
    assert reply.status == 422
    assert {item["field"]: item["code"] for item in reply.json["errors"]} == errors


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {"Content-Type": "application/json"}, 400),
        (b'{"id":"a","id":"b"}', {"Content-Type": "application/json"}, 400),
        (b"id=a", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {}, 415),
        (b" " * 65_537, {"Content-Type": "application/json"}, 413),
    ],
)
def test_an_unreadable_body_is_a_problem(api, body, headers, status):
    reply = api.post("/api/v1/lists", body, headers=headers)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert reply.json["status"] == status


def test_a_campaign_may_be_larger_than_other_bodies(api):
    body = {"name": "a", "list": "newsletter", "purpose": "newsletter", "subject": "s"}
    large = f"<h1>Hello</h1><!--{'x' * 200_000}-->"
    assert api.post("/api/v1/campaigns", json={**body, "html": large}).status == 201
    assert api.post("/api/v1/campaigns", json={**body, "html": "x" * 263_000}).status == 413


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_wrong_method_is_a_problem_with_allow(api, method):
    reply = api.ask(method, "/api/v1/lists")
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert reply.json["code"] == "wrong_method"


@pytest.mark.parametrize(
    "limit",
    ["0", "101", "-1", "x", "1.5", "", "²", "1" * 5000, "00000000199999", "0" * 8 + "1" * 5000],
)
@pytest.mark.parametrize("noun", ["subscribers", "lists", "suppressions", "campaigns"])
def test_a_limit_is_1_to_100(api, noun, limit):
    assert api.get(f"/api/v1/{noun}?limit={limit}").status == 422


@pytest.mark.parametrize("cursor", ["x", "a" * 3000, "%00", "%C3%B6"])
@pytest.mark.parametrize("noun", ["lists", "subscribers"])
def test_a_cursor_of_somebody_else_is_refused(api, noun, cursor):
    assert api.get(f"/api/v1/{noun}?cursor={cursor}").status == 422


def test_cursors_walk_through_everything_once(api):
    for n in range(5):
        api.post("/api/v1/lists", json={**LIST, "id": f"events-{n}"})
    seen, cursor = [], ""
    while True:
        page = api.get(f"/api/v1/lists?limit=2{cursor}").json
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = "&cursor=" + page["next_cursor"]
    assert sorted(seen) == sorted({*seen, "newsletter"})
    assert len(seen) == 6


@pytest.mark.parametrize("word", ["%00", "a b", "..%2Fx", "x" * 300, "%F0%9F%98%80"])
@pytest.mark.parametrize(
    "path", ["lists", "forms", "brands", "campaigns", "subscribers", "proofs", "api-keys"]
)
def test_an_id_that_cannot_exist_is_a_404(api, path, word):
    assert api.get(f"/api/v1/{path}/{word}").status == 404
    assert api.get(f"/api/v1/{path}/none").status == 404


class TestIdempotencyKey:
    def test_a_repeat_gets_the_same_answer_and_changes_nothing(self, api):
        headers = {"Idempotency-Key": "one"}
        first = api.post("/api/v1/lists", json=LIST, headers=headers)
        again = api.post("/api/v1/lists", json=LIST, headers=headers)
        assert (again.status, again.json) == (first.status, first.json) == (201, first.json)
        assert again.headers["location"] == first.headers["location"] == "/api/v1/lists/events"
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers

    def test_another_body_or_address_under_the_same_key_is_refused(self, api):
        headers = {"Idempotency-Key": "one"}
        api.post("/api/v1/lists", json=LIST, headers=headers)
        other = api.post("/api/v1/lists", json={**LIST, "name": "Other"}, headers=headers)
        assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
        elsewhere = api.post(f"/api/v1/campaigns/{'A' * 22}/send", headers=headers)
        assert elsewhere.status == 422

    def test_it_belongs_to_the_api_key(self, api, api_as):
        headers = {"Idempotency-Key": "one"}
        api.post("/api/v1/lists", json=LIST, headers=headers)
        other = api_as(KeyScope.MARKETING).post("/api/v1/lists", json=LIST, headers=headers)
        assert (other.status, other.json["code"]) == (409, "conflict")

    def test_while_the_first_still_runs_the_second_is_a_conflict(self, api, world):
        inside = []
        add = world.setup.add_list

        def slow(*given):
            if not inside:
                inside.append(None)
                inside.append(api.post("/api/v1/lists", json=LIST, headers=headers))
            return add(*given)

        world.setup.add_list = slow
        headers = {"Idempotency-Key": "one"}
        assert api.post("/api/v1/lists", json=LIST, headers=headers).status == 201
        assert inside[1].status == 409

    def test_a_request_that_failed_may_be_sent_again(self, api, world):
        headers = {"Idempotency-Key": "one"}
        world.faults = FailOnce("Lists.create", Moment.BEFORE, Unavailable("lists: no answer"))
        assert api.post("/api/v1/lists", json=LIST, headers=headers).status == 503
        assert api.post("/api/v1/lists", json=LIST, headers=headers).status == 201

    @pytest.mark.parametrize("moment", Moment)
    def test_a_claim_that_failed_or_whose_answer_was_lost_frees_the_key_at_once(
        self, api, world, moment
    ):
        headers = {"Idempotency-Key": "one"}
        world.faults = FailOnce("Activity.begin_request", moment)
        assert api.post("/api/v1/lists", json=LIST, headers=headers).status == 503
        assert api.post("/api/v1/lists", json=LIST, headers=headers).status == 201

    def test_a_claim_nobody_could_give_back_ends_with_its_lease(self, api, world):
        headers = {"Idempotency-Key": "one"}

        def down(call: str, moment: Moment) -> None:
            if call == "Activity.abandon_request" or (
                call == "Activity.begin_request" and moment is Moment.AFTER
            ):
                raise Unavailable("activity: no answer")

        world.faults = down
        assert api.post("/api/v1/lists", json=LIST, headers=headers).status == 503
        world.faults = no_faults
        assert api.post("/api/v1/lists", json=LIST, headers=headers).status == 409
        world.time.advance(LEASE_S * 1000)
        assert api.post("/api/v1/lists", json=LIST, headers=headers).status == 201

    def test_a_refusal_is_told_even_when_the_claim_cannot_be_given_back(self, api, world):
        headers = {"Idempotency-Key": "one"}
        world.faults = FailOnce("Activity.abandon_request", Moment.BEFORE)
        missing = {**LIST, "brand": "none"}
        assert api.post("/api/v1/lists", json=missing, headers=headers).status in (404, 422)

    def test_the_lease_outlasts_the_function_by_a_little(self):
        config = json.loads(Path(".chalice/config.json").read_text())
        timeout_s = config["stages"]["live"]["lambda_functions"]["api_handler"]["lambda_timeout"]
        assert timeout_s < LEASE_S <= timeout_s + 10

    def test_after_a_day_it_is_forgotten(self, api, world):
        headers = {"Idempotency-Key": "one"}
        api.post("/api/v1/lists", json=LIST, headers=headers)
        world.time.advance(DAY_MS + 1000)
        assert api.post("/api/v1/lists", json=LIST, headers=headers).status == 409

    def test_if_the_answer_cannot_be_kept_it_is_given_all_the_same(self, api, world):
        headers = {"Idempotency-Key": "one"}
        world.faults = FailOnce("Activity.finish_request", Moment.BEFORE)
        assert api.post("/api/v1/lists", json=LIST, headers=headers).status == 201

    @pytest.mark.parametrize("key", ["", " a", "a" * 256, "å"])
    def test_it_is_printable_and_not_too_long(self, api, key):
        reply = api.post("/api/v1/lists", json=LIST, headers={"Idempotency-Key": key})
        assert (reply.status, reply.json["code"]) == (422, "bad_idempotency_key")

    def test_nothing_personal_and_no_secret_is_remembered(self, api, world):
        body = {"email": "visitor@example.org", "reason": "manual"}
        made = {"name": "x", "scopes": ["read"]}
        headers = {"Idempotency-Key": "one"}
        first = api.post("/api/v1/suppressions", json=body, headers=headers)
        again = api.post("/api/v1/suppressions", json=body, headers=headers)
        assert again.json == first.json
        headers = {"Idempotency-Key": "two"}
        shown = api.post("/api/v1/api-keys", json=made, headers=headers).json
        assert api.post("/api/v1/api-keys", json=made, headers=headers).json == {
            **shown,
            "key": None,
        }
        kept = json.dumps([str(row) for row in world.outside_rows.requests.values()])
        assert "visitor" not in kept
        assert shown["key"] not in kept
