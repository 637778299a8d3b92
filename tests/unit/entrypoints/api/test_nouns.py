# SPDX-License-Identifier: Apache-2.0
"""Each noun of the API: its shapes and its rules, as other people's scripts use them."""

import io
import json
import re
import zipfile
from datetime import datetime, timedelta, timezone

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.durations import DAY_MS
from chalicelib.entrypoints.api.frame import rfc3339
from tests.support import ses_documents as docs

EMAIL = "visitor@example.org"
NOBODY = "A" * 22
BRAND = {
    "id": "second",
    "name": "Second Brand",
    "controller_name": "Example Controller",
    "postal_address": "1 Example Street",
    "contact_address": "privacy@example.org",
    "from_address": "second@example.org",
}
FORM = {
    "id": "short",
    "brand": "demo",
    "lists": ["newsletter"],
    "title": {"en": "News"},
    "promise": {"en": "Once a month."},
    "fields": [{"name": "email", "type": "email", "label": {"en": "E-mail"}}],
    "boxes": [{"name": "news", "purpose": "newsletter", "text": {"en": "Yes."}, "mandatory": True}],
}
CAMPAIGN = {
    "name": "November",
    "list": "newsletter",
    "purpose": "newsletter",
    "subject": "Hello",
    "html": "<p>Hello {{ first_name | default('you') }}</p>",
}


class TestBrands:
    def test_are_made_shown_and_listed(self, api):
        made = api.post("/api/v1/brands", json=BRAND)
        assert made.status == 201
        added = {"privacy_url": None, "default_language": "en", "time_zone": "UTC"}
        reasons = ("too-many", "not-relevant", "never-signed-up", "other")
        added |= {
            "unsubscribe_scope": "brand",
            "keep_orders": True,
            "unsubscribe_reasons": dict.fromkeys(reasons, 0),
        }
        assert made.json == {**BRAND, **added}
        assert api.get(made.headers["location"]).json == made.json
        items = api.get("/api/v1/brands").json["items"]
        assert [item["id"] for item in items] == ["demo", "second"]

    def test_an_id_is_taken_once(self, api):
        assert api.post("/api/v1/brands", json={**BRAND, "id": "demo"}).status == 409

    @pytest.mark.parametrize(
        "change",
        [
            {"from_address": "nobody"},
            {"default_language": "xx"},
            {"privacy_url": "http://example.org"},
            {"name": ""},
            {"code": "00000000"},
        ],
    )
    def test_a_bad_one_is_refused(self, api, change):
        assert api.post("/api/v1/brands", json={**BRAND, **change}).status == 422

    def test_can_be_changed_but_for_id_and_sender(self, api, world):
        world.reasons.count("demo", None, "too-many")
        change = {"name": "Renamed", "unsubscribe_scope": "list", "privacy_url": None}
        changed = api.ask("PATCH", "/api/v1/brands/demo", json=change)
        assert changed.status == 200
        assert {name: changed.json[name] for name in change} == change
        assert changed.json["unsubscribe_reasons"]["too-many"] == 1
        assert api.get("/api/v1/brands/demo").json == changed.json

    @pytest.mark.parametrize(
        "change",
        [{}, {"id": "other"}, {"from_address": "a@example.org"}, {"unsubscribe_scope": "all"}],
    )
    def test_a_bad_change_is_refused(self, api, change):
        assert api.ask("PATCH", "/api/v1/brands/demo", json=change).status == 422

    def test_only_an_administrator_changes_one(self, api_as):
        asker = api_as(KeyScope.READ, KeyScope.MARKETING, KeyScope.COMPLIANCE)
        assert asker.ask("PATCH", "/api/v1/brands/demo", json={"name": "x"}).status == 403


class TestLists:
    def test_are_made_shown_and_listed(self, api):
        made = api.post(
            "/api/v1/lists", json={"id": "events", "brand": "demo", "name": "Événements"}
        )
        assert made.status == 201
        assert api.get("/api/v1/lists/events").json == made.json
        assert made.json["created_at"] == "2026-11-23T12:00:01.000Z"

    def test_need_a_brand(self, api):
        reply = api.post("/api/v1/lists", json={"id": "events", "brand": "none", "name": "x"})
        assert (reply.status, reply.json["code"]) == (422, "unknown_brand")


class TestForms:
    def test_are_published_with_their_notices(self, api, web):
        made = api.post("/api/v1/forms", json=FORM)
        assert made.status == 201
        (notice,) = made.json["notices"]
        assert notice["language"] == "en"
        assert api.get("/api/v1/forms/short").json == made.json
        assert web.get("/forms/short").heading == "News"

    @pytest.mark.parametrize(
        "change",
        [
            {"lists": ["none"]},
            {"lists": []},
            {"boxes": [{**FORM["boxes"][0], "mandatory": False}]},
            {"fields": []},
            {"fields": [{**FORM["fields"][0], "name": "language"}]},
            {"fields": [{**FORM["fields"][0], "type": "file"}]},
            {"fields": [*FORM["fields"], {**FORM["fields"][0], "name": "other"}]},
            {"fields": [{**FORM["fields"][0], "name": "news"}]},
            {"title": {"sv": "Nyheter"}},
            {"title": {"xx": "News"}},
            {"title": {"en": "News\n"}},
            {"id": "short\n"},
            {"boxes": [{**FORM["boxes"][0], "purpose": "newsletter\n"}]},
            {"boxes": [{**FORM["boxes"][0], "name": "news\n"}]},
        ],
    )
    def test_a_bad_one_is_refused_and_publishes_nothing(self, api, world, change):
        before = len(world.rows.controller)
        assert api.post("/api/v1/forms", json={**FORM, **change}).status == 422
        assert len(world.rows.controller) == before


class TestCampaigns:
    def test_are_written_started_and_watched(self, api, world):
        world.subscribe(EMAIL)
        made = api.post("/api/v1/campaigns", json=CAMPAIGN)
        assert made.status == 201
        told = made.json
        warnings = told.pop("warnings")
        assert told == {"id": told["id"], "status": "draft", "revision": 0}
        assert {each["severity"] for each in warnings} == {"warning"}
        path = made.headers["location"]
        assert api.get(path).json["planned"] == 0
        assert api.post(path + "/test", json={"to": "me@example.org"}).json["status"] == "tested"
        assert api.post(path + "/send").json["status"] == "sending"
        world.settle()
        seen = api.get(path).json
        numbers = {
            n: seen[n] for n in ("status", "planned", "sent", "skipped", "rejected", "unknown")
        }
        assert numbers == {
            "status": "sent",
            "planned": 1,
            "sent": 1,
            "skipped": {},
            "rejected": 0,
            "unknown": 0,
        }
        assert api.get("/api/v1/campaigns").json["items"][0]["name"] == "November"

    def test_follow_their_life_cycle(self, api, world):
        path = api.post("/api/v1/campaigns", json=CAMPAIGN).headers["location"]
        assert api.post(path + "/pause").status == 409
        world.subscribe(EMAIL)
        untested = api.post(path + "/send")
        assert (untested.status, untested.json["code"]) == (409, "not_tested")
        assert "Send a test" in untested.json["detail"]
        api.post(path + "/test", json={"to": "me@example.org"})
        for act, status in (
            ("send", "sending"),
            ("pause", "paused"),
            ("resume", "sending"),
            ("cancel", "cancelled"),
        ):
            reply = api.post(f"{path}/{act}")
            assert (reply.status, reply.json["status"]) == (202, status)
        refused = api.post(path + "/send")
        assert (refused.status, refused.json["code"]) == (409, "illegal_transition")

    def test_a_test_goes_to_one_address(self, api, world):
        path = api.post("/api/v1/campaigns", json=CAMPAIGN).headers["location"]
        assert api.post(path + "/test", json={"to": "me@example.org"}).status == 202
        assert [mail.message.to for mail in world.mails] == ["me@example.org"]
        assert api.post(path + "/test", json={"to": "nobody"}).status == 422
        assert api.post(path + "/test").status == 415

    def test_are_changed_by_who_read_what_they_are(self, api):
        strict = {**CAMPAIGN, "minimum_grade": "B"}
        path = api.post("/api/v1/campaigns", json=strict).headers["location"]
        api.post(path + "/test", json={"to": "me@example.org"})
        seen = api.get(path).json
        told = {name: seen[name] for name in ("minimum_grade", "tested", "problem", "status")}
        assert told == {
            "minimum_grade": "B",
            "tested": True,
            "problem": None,
            "status": "tested",
        }
        change = {"revision": seen["revision"], "subject": "Later", "minimum_grade": "E"}
        changed = api.ask("PATCH", path, json=change)
        assert (changed.status, changed.json["status"]) == (200, "draft")
        late = api.ask("PATCH", path, json=change)
        assert (late.status, late.json["code"]) == (409, "conflict")
        seen = api.get(path).json
        told = (seen["subject"], seen["minimum_grade"], seen["tested"], seen["revision"])
        assert told == ("Later", "E", False, changed.json["revision"])

    @pytest.mark.parametrize(
        "change",
        [
            {},
            {"revision": 0},
            {"subject": "x"},
            {"revision": 0, "minimum_grade": "F"},
            {"revision": 0, "html": "{{ broken"},
            {"revision": 0, "status": "sent"},
            {"revision": -1, "name": "x"},
        ],
    )
    def test_a_bad_change_is_refused(self, api, change):
        path = api.post("/api/v1/campaigns", json=CAMPAIGN).headers["location"]
        assert api.ask("PATCH", path, json=change).status == 422
        assert api.get(path).json["revision"] == 0

    def test_wait_for_their_time(self, api, world):
        path = api.post("/api/v1/campaigns", json=CAMPAIGN).headers["location"]
        at_ms = world.time.now_ms() + 3_600_000
        local = datetime.fromtimestamp(at_ms / 1000, timezone(timedelta(hours=2))).isoformat()
        assert api.post(path + "/schedule", json={"at": local}).json["code"] == "not_tested"
        api.post(path + "/test", json={"to": "me@example.org"})
        reply = api.post(path + "/schedule", json={"at": local})
        assert (reply.status, reply.json["status"]) == (202, "scheduled")
        (listed,) = api.get("/api/v1/campaigns").json["items"]
        assert listed["scheduled_at"] == api.get(path).json["scheduled_at"] == rfc3339(at_ms)
        assert api.post(path + "/unschedule").json["status"] == "tested"
        assert api.get(path).json["scheduled_at"] is None

    @pytest.mark.parametrize(
        "at", ["tomorrow", "2099-01-01T00:00:00", "2020-01-01T00:00:00Z", 1, "2099-01-01T00:00:00Z"]
    )
    def test_a_time_that_cannot_be_meant_is_refused(self, api, at):
        path = api.post("/api/v1/campaigns", json=CAMPAIGN).headers["location"]
        api.post(path + "/test", json={"to": "me@example.org"})
        assert api.post(path + "/schedule", json={"at": at}).status == 422
        assert api.get(path).json["status"] == "tested"

    @pytest.mark.parametrize(
        "change",
        [
            {"list": "none"},
            {"html": "{{ broken"},
            {"subject": "a\nb"},
            {"subject": "a\n"},
            {"purpose": "newsletter\n"},
            {"segment": "x"},
        ],
    )
    def test_a_bad_one_is_refused(self, api, change):
        assert api.post("/api/v1/campaigns", json={**CAMPAIGN, **change}).status == 422
        assert api.get("/api/v1/campaigns").json["items"] == []

    @pytest.mark.parametrize("act", ["send", "pause", "resume", "cancel"])
    def test_an_unknown_one_is_a_404(self, api, act):
        assert api.post(f"/api/v1/campaigns/{NOBODY}/{act}").status == 404


class TestSubscribers:
    def test_are_found_by_address_and_by_id(self, api, world):
        sid = world.subscribe(EMAIL, first_name="Ann")
        (found,) = api.get("/api/v1/subscribers?email=visitor%40example.org").json["items"]
        assert found == {
            "id": sid,
            "email": EMAIL,
            "language": "en",
            "attributes": {"first_name": "Ann"},
            "lists": [{"id": "newsletter", "status": "given"}],
            "suppressed": False,
        }
        whole = api.get(f"/api/v1/subscribers/{sid}").json
        assert {name: whole[name] for name in found} == found
        assert api.get("/api/v1/subscribers").json["items"] == [found]

    def test_one_is_told_with_how_well_mail_reaches_them_and_why(self, api, world):
        sid = world.subscribe(EMAIL)
        (renewed, good) = api.get(f"/api/v1/subscribers/{sid}").json["health"]["story"]
        assert (renewed["code"], good["code"]) == ("renewed", "good")
        world.time.advance(5 * DAY_MS)
        for day in range(3):
            at = rfc3339(world.time.now_ms() - (3 - day) * DAY_MS)
            full = docs.bounce(kind="Transient", subtype="MailboxFull", status="4.2.2", at=at)
            world.feedback.record(json.dumps(docs.only_aws_tags(full)))
        told = api.get(f"/api/v1/subscribers/{sid}").json["health"]
        assert told["status"] == "resting"
        resting, full_days, *_ = told["story"]
        until = told["resting_until"]
        assert resting == {"code": "resting", "at": None, "days": None, "until": until}
        assert full_days == {"code": "full-days", "at": at, "days": 3, "until": None}

    def test_nobody_is_an_empty_page(self, api):
        reply = api.get("/api/v1/subscribers?email=nobody@example.org")
        assert (reply.status, reply.json) == (200, {"items": [], "next_cursor": None})

    def test_a_malformed_address_is_refused(self, api):
        reply = api.get("/api/v1/subscribers?email=nobody")
        assert (reply.status, reply.json["code"]) == (422, "malformed_address")


class TestEventsOfNobody:
    def test_are_counted_by_day_why_and_type_and_name_nobody(self, api, world):
        at = rfc3339(world.time.now_ms())
        for stranger in ("one@example.net", "two@example.net"):
            world.feedback.record(json.dumps(docs.bounce(stranger, at=at, tags={})))
        reply = api.get("/api/v1/suppressions/events-of-nobody")
        told = {"day": at[:10], "why": "unmatched", "type": "Bounce", "events": 2}
        assert reply.json == {"items": [told]}
        world.time.advance(14 * DAY_MS)
        assert api.get("/api/v1/suppressions/events-of-nobody").json == {"items": []}


class TestSuppressions:
    def test_are_added_looked_up_and_listed_without_the_address(self, api, world):
        world.subscribe(EMAIL)
        body = {"email": EMAIL, "reason": "manual"}
        made = api.post("/api/v1/suppressions", json=body)
        assert made.status == 201
        assert {**made.json, **body} == made.json
        (found,) = api.get(f"/api/v1/suppressions?email={EMAIL}").json["items"]
        listed = api.get("/api/v1/suppressions")
        assert listed.json["items"] == [found]
        assert EMAIL not in listed.text
        assert api.get(f"/api/v1/subscribers?email={EMAIL}").json["items"][0]["suppressed"]

    def test_one_of_a_list_is_told_apart_from_one_of_everything(self, api, world):
        world.subscribe(EMAIL)
        body = {"email": EMAIL, "reason": "manual", "brand": "demo", "list": "newsletter"}
        made = api.post("/api/v1/suppressions", json=body)
        assert made.status == 201
        assert {**made.json, **body, "channel": "email"} == made.json
        assert not api.get(f"/api/v1/subscribers?email={EMAIL}").json["items"][0]["suppressed"]
        body = {"email": EMAIL, "reason": "bounce", "channel": "email"}
        assert api.post("/api/v1/suppressions", json=body).json["list"] is None
        found = api.get(f"/api/v1/suppressions?email={EMAIL}").json["items"]
        assert [(x["brand"], x["list"], x["reason"]) for x in found] == [
            (None, None, "bounce"),
            ("demo", "newsletter", "manual"),
        ]
        assert api.get("/api/v1/suppressions").json["items"] == found

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"email": "nobody"}, "malformed_address"),
            ({"reason": ""}, "invalid_body"),
            ({"list": "newsletter"}, "bad_reach"),
            ({"brand": "nobody"}, "unknown_brand"),
            ({"brand": "demo", "list": "nothing"}, "unknown_list"),
            ({"channel": "phone"}, "invalid_body"),
            ({"since": "2026-01-01"}, "invalid_body"),
        ],
    )
    def test_a_bad_one_is_refused(self, api, more, code):
        made = api.post("/api/v1/suppressions", json={"email": EMAIL, "reason": "manual", **more})
        assert (made.status, made.json["code"]) == (422, code)
        assert api.get("/api/v1/suppressions").json["items"] == []


class TestProofs:
    @pytest.mark.parametrize("selector", ["email", "subscriber", "token"])
    def test_are_asked_for_built_and_fetched(self, api, world, selector):
        sid = world.subscribe(EMAIL)
        world.campaign()
        world.settle()
        link = dict(world.mails[-1].message.headers)["List-Unsubscribe"].strip("<>")
        named = {"email": EMAIL, "subscriber": sid, "token": link}
        made = api.post(
            "/api/v1/proofs", json={selector: named[selector], "reason": "access-request"}
        )
        assert (made.status, made.json["status"]) == (202, "pending")
        path = made.headers["location"]
        assert api.get(path + "/bundle").status == 409
        world.settle()
        assert api.get(path).json["status"] == "ready"
        bundle = api.get(path + "/bundle", headers={"Accept": "*/*"})
        assert (bundle.status, bundle.headers["content-type"]) == (200, "application/zip")
        assert re.fullmatch(
            r'attachment; filename="kvitto-proof-[\w-]{22}\.zip"',
            bundle.headers["content-disposition"],
        )
        assert "manifest.json" in zipfile.ZipFile(io.BytesIO(bundle.body)).namelist()
        assert [item["id"] for item in api.get("/api/v1/proofs").json["items"]] == [made.json["id"]]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"email": EMAIL, "subscriber": NOBODY},
            {"lists": []},
            {"email": EMAIL, "reason": "two\nlines"},
        ],
    )
    def test_exactly_one_selector_and_a_one_line_reason_are_needed(self, api, body):
        assert api.post("/api/v1/proofs", json=body).status == 422

    @pytest.mark.parametrize(
        "body", [{"email": "nobody@example.org"}, {"subscriber": NOBODY}, {"token": "nonsense"}]
    )
    def test_somebody_unknown_is_a_404(self, api, body):
        assert api.post("/api/v1/proofs", json=body).status == 404


class TestApiKeys:
    def test_are_shown_once_and_never_again(self, api):
        made = api.post("/api/v1/api-keys", json={"name": "Deploy", "scopes": ["read"]})
        assert made.status == 201
        assert made.json["key"].startswith("kv_")
        shown = api.get(made.headers["location"])
        assert made.json["key"] not in shown.text
        assert "key" not in shown.json
        assert made.json["key"] not in api.get("/api/v1/api-keys").text

    def test_are_revoked_for_good_and_revoking_again_is_harmless(self, api):
        made = api.post("/api/v1/api-keys", json={"name": "Deploy", "scopes": ["read"]})
        for _ in range(2):
            reply = api.ask("DELETE", made.headers["location"])
            assert (reply.status, reply.body) == (204, b"")
        assert api.get(made.headers["location"]).json["revoked_at"] is not None
        assert api.ask("DELETE", f"/api/v1/api-keys/{NOBODY}").status == 404

    @pytest.mark.parametrize("scopes", [[], ["root"], ["read", "read"]])
    def test_need_a_scope(self, api, scopes):
        assert api.post("/api/v1/api-keys", json={"name": "x", "scopes": scopes}).status == 422
