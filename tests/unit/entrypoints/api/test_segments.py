# SPDX-License-Identifier: Apache-2.0
"""Segments and life-cycle rules over the API: written, checked, changed, deleted, refused."""

import json

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.lifecycle import DEFAULT_RULES, dump_rules
from chalicelib.domain.segment_facts import CATALOGUE
from chalicelib.entrypoints.api.form_shapes import form_shape
from chalicelib.ports.outside import Queue
from tests.support.form_examples import FULL_FORM

OURS = ("version", "notices", "findings")
GARDEN = {k: v for k, v in json.loads(json.dumps(form_shape(FULL_FORM, ()))).items()
          if k not in OURS}  # fmt: skip
BUYERS = {"fact": "orders.count", "op": "gte", "value": 2}
OPENERS = {"fact": "mail.opened.last", "op": "gte", "value": {"ago": {"days": 90}}}
NEW = {"id": "regulars", "brand": "demo", "name": "Regulars", "where": {"all": [BUYERS, OPENERS]}}
WRONG = {"any": [BUYERS, {"fact": "orders.cuont", "op": "gte", "value": 2}, {"all": []}]}
PLACES = {("where.any[1].fact", "unknown_fact"), ("where.any[2].all", "empty")}
CAMPAIGN = {
    "name": "November",
    "list": "newsletter",
    "purpose": "newsletter",
    "subject": "Hello",
    "html": "<p>Hello {{ first_name | default('you') }}</p>",
}
SECOND = {
    "id": "second",
    "name": "Second",
    "controller_name": "Example Controller",
    "postal_address": "1 Example Street",
    "contact_address": "privacy@example.org",
    "from_address": "second@example.org",
}
RULES = {
    "version": 0,
    "stage": [{"is": "loyalty", "where": BUYERS}, {"is": "discovery"}],
    "activity": [{"is": "active", "where": OPENERS}],
}


def places(reply):
    assert (reply.status, reply.json["code"]) == (422, "bad_segment")
    return {(each["field"], each["code"]) for each in reply.json["errors"]}


@pytest.fixture
def made(api):
    reply = api.post("/api/v1/segments", json=NEW)
    assert reply.status == 201
    return reply


class TestWriting:
    def test_a_segment_is_written_shown_and_listed(self, api, made):
        shown = made.json
        assert {name: shown[name] for name in NEW} == NEW
        assert shown["version"] == 1
        assert shown["created_at"] == shown["changed_at"]
        assert [(w["place"], w["code"]) for w in shown["warnings"]] == [
            ("where.all[1]", "needs_measurement")
        ]
        assert made.headers["location"] == "/api/v1/segments/regulars"
        assert api.get(made.headers["location"]).json == shown
        assert api.get("/api/v1/segments").json == {"items": [shown], "next_cursor": None}

    def test_an_id_is_taken_once_and_two_are_addresses_of_ours(self, api, made):
        assert api.post("/api/v1/segments", json={**NEW, "name": "Others"}).status == 409
        assert api.get("/api/v1/segments/regulars").json == made.json
        for word in ("check", "facts"):
            reply = api.post("/api/v1/segments", json={**NEW, "id": word})
            assert reply.json["errors"] == [{"field": "id", "code": "reserved"}]

    def test_what_cannot_be_used_is_named_at_its_place_and_nothing_is_stored(self, api):
        reply = api.post("/api/v1/segments", json={**NEW, "where": WRONG})
        assert places(reply) == PLACES
        assert "orders.count" in reply.json["detail"]
        assert api.get("/api/v1/segments").json["items"] == []

    def test_a_repeat_gets_the_first_answer(self, api):
        headers = {"Idempotency-Key": "regulars-1"}
        first = api.post("/api/v1/segments", json=NEW, headers=headers)
        again = api.post("/api/v1/segments", json=NEW, headers=headers)
        assert (again.status, again.json) == (201, first.json)
        assert again.headers["idempotency-replayed"] == "true"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"brand": "nobody"}, "unknown_brand"),
            ({"name": " "}, "bad_text"),
            ({"name": "two\nlines"}, "invalid_body"),
            ({"where": []}, "invalid_body"),
            ({"wehre": {}}, "invalid_body"),
        ],
    )
    def test_a_body_that_cannot_be_used_is_refused(self, api, change, code):
        reply = api.post("/api/v1/segments", json={**NEW, **change})
        assert (reply.status, reply.json["code"]) == (422, code)
        assert api.get("/api/v1/segments/regulars").status == 404

    def test_pages_lead_on(self, api):
        for name in "abc":
            assert api.post("/api/v1/segments", json={**NEW, "id": name}).status == 201
        first = api.get("/api/v1/segments?limit=2").json
        rest = api.get(f"/api/v1/segments?limit=2&cursor={first['next_cursor']}").json
        assert [each["id"] for each in first["items"] + rest["items"]] == ["a", "b", "c"]
        assert api.get("/api/v1/segments?cursor=nonsense").status == 422


class TestChanging:
    def test_a_change_names_the_version_it_was_made_from(self, api, world, made):
        world.time.advance(1_000)
        body = {"version": 1, "name": "Buyers", "where": BUYERS}
        reply = api.ask("PUT", "/api/v1/segments/regulars", json=body)
        assert reply.status == 200
        assert reply.json["version"] == 2
        assert (reply.json["name"], reply.json["where"]) == ("Buyers", BUYERS)
        assert reply.json["changed_at"] > made.json["changed_at"] == reply.json["created_at"]
        again = api.ask("PUT", "/api/v1/segments/regulars", json=body)
        assert again.status == 409
        assert "is 2" in again.json["detail"]
        assert api.get("/api/v1/segments/regulars").json == reply.json

    def test_a_bad_change_changes_nothing(self, api, made):
        body = {"version": 1, "name": "Buyers", "where": WRONG}
        assert places(api.ask("PUT", "/api/v1/segments/regulars", json=body)) == PLACES
        assert api.get("/api/v1/segments/regulars").json == made.json

    def test_nothing_of_an_unknown_id_is_changed_shown_or_deleted(self, api):
        body = {"version": 1, "name": "Buyers", "where": BUYERS}
        assert api.ask("PUT", "/api/v1/segments/nobody", json=body).status == 404
        for method in ("GET", "DELETE"):
            for name in ("nobody", "No_Slug", "x" * 256):
                assert api.ask(method, f"/api/v1/segments/{name}").status == 404

    def test_it_is_deleted_once_no_campaign_waits_for_it(self, api, made):
        draft = api.post("/api/v1/campaigns", json={**CAMPAIGN, "segment": "regulars"}).json["id"]
        refused = api.ask("DELETE", "/api/v1/segments/regulars")
        assert refused.status == 409
        assert draft in refused.json["detail"]
        assert api.post(f"/api/v1/campaigns/{draft}/cancel").status == 202
        assert api.ask("DELETE", "/api/v1/segments/regulars").status == 204
        assert api.get("/api/v1/segments/regulars").status == 404


class TestChecking:
    def test_findings_are_told_and_nothing_is_stored(self, api):
        body = {"brand": "demo", "where": NEW["where"]}
        reply = api.post("/api/v1/segments/check", json=body)
        (found,) = reply.json["findings"]
        assert (found["place"], found["code"]) == ("where.all[1]", "needs_measurement")
        assert found["sentence"].endswith(".")
        assert api.get("/api/v1/segments").json["items"] == []

    def test_what_cannot_be_used_is_refused_as_when_it_is_stored(self, api):
        body = {"brand": "demo", "where": WRONG}
        assert places(api.post("/api/v1/segments/check", json=body)) == PLACES

    def test_the_deepest_and_widest_that_is_allowed_is_read(self, api):
        where = {"fact": "orders.last", "op": "between", "value": [{"ago": {"days": 9}}] * 2}
        for _ in range(7):
            where = {"all": [where]}
        assert api.post("/api/v1/segments/check", json={"brand": "demo", "where": where}).json == {
            "findings": []
        }
        rules = {**RULES, "stage": [{"is": "loyalty", "where": where}]}
        assert api.ask("PUT", "/api/v1/brands/demo/lifecycle", json=rules).status == 200
        deeper = {"brand": "demo", "where": {"all": [where]}}
        assert places(api.post("/api/v1/segments/check", json=deeper)) == {
            ("where" + ".all[0]" * 8, "too_deep")
        }


class TestFacts:
    def test_every_fact_of_the_brand_is_listed_the_fields_of_its_forms_first(self, api):
        assert api.post("/api/v1/forms", json=GARDEN).status == 201
        items = api.get("/api/v1/segments/facts?brand=demo").json["items"]
        fields = [each["fact"] for each in items if each["fact"].startswith("field.")]
        names = ("adult", "beds", "first_name", "name", "phone", "since", "site", "zone")
        assert fields == [f"field.{name}" for name in names]
        assert [each["fact"] for each in items[len(fields) :]] == list(CATALOGUE)
        known = {each["fact"]: each for each in items}
        assert known["field.zone"] == {
            "fact": "field.zone",
            "kind": "declared",
            "type": "word",
            "ops": ["eq", "ne", "in", "not_in", "exists", "missing"],
            "qualifiers": [],
            "purpose": None,
            "words": ["1", "2"],
            "sentence": "What was answered in the field zone of a form.",
        }
        assert known["consent"]["qualifiers"] == ["list", "purpose"]
        assert known["consent"]["words"] == ["given", "not_given"]
        assert known["cart.at"]["purpose"] == "profiling"

    @pytest.mark.parametrize(
        ("query", "code"),
        [("", "bad_brand"), ("?brand=", "bad_brand"), ("?brand=nobody", "unknown_brand")],
    )
    def test_it_is_asked_of_a_brand(self, api, query, code):
        reply = api.get(f"/api/v1/segments/facts{query}")
        assert (reply.status, reply.json["code"]) == (422, code)


class TestLifeCycle:
    def test_the_default_has_version_0(self, api):
        shown = api.get("/api/v1/brands/demo/lifecycle").json
        warnings = shown.pop("warnings")
        assert shown == dump_rules(DEFAULT_RULES)
        assert ("stage[1].where.any[1]", "needs_profiling") in {
            (each["place"], each["code"]) for each in warnings
        }

    def test_a_change_names_the_version_it_was_made_from(self, api):
        reply = api.ask("PUT", "/api/v1/brands/demo/lifecycle", json=RULES)
        assert reply.status == 200
        assert reply.json["version"] == 1
        assert (reply.json["stage"], reply.json["activity"]) == (RULES["stage"], RULES["activity"])
        assert reply.json["facts"]["birth_date"] == "birth_date"
        assert api.get("/api/v1/brands/demo/lifecycle").json == reply.json
        again = api.ask("PUT", "/api/v1/brands/demo/lifecycle", json=RULES)
        assert again.status == 409
        sent = {name: reply.json[name] for name in ("version", "facts", "stage", "activity")}
        second = api.ask("PUT", "/api/v1/brands/demo/lifecycle", json=sent)
        assert second.json["version"] == 2

    def test_what_cannot_be_used_is_named_at_its_place_and_nothing_is_stored(self, api):
        stage = [
            {"is": "loyal", "where": {"fact": "lifecycle.stage", "op": "eq", "value": "decision"}},
            {"is": "decision", "where": {"all": [BUYERS, {"fact": "list", "op": "exists"}]}},
        ]
        rules = {**RULES, "facts": {"city": "Town Hall"}, "stage": stage}
        assert places(api.ask("PUT", "/api/v1/brands/demo/lifecycle", json=rules)) == {
            ("stage[0].is", "not_one_of"),
            ("stage[0].where.fact", "recursive"),
            ("stage[1].where.all[1].list", "missing"),
            ("facts.city", "format"),
        }
        assert api.get("/api/v1/brands/demo/lifecycle").json["version"] == 0

    def test_a_brand_that_is_none_has_none(self, api):
        assert api.get("/api/v1/brands/nobody/lifecycle").status == 404
        assert api.ask("PUT", "/api/v1/brands/nobody/lifecycle", json=RULES).status == 404


class TestCampaigns:
    def test_a_campaign_shows_the_segment_it_names(self, api, made):
        draft = api.post("/api/v1/campaigns", json={**CAMPAIGN, "segment": "regulars"}).json["id"]
        assert api.get(f"/api/v1/campaigns/{draft}").json["segment"] == "regulars"
        whole = api.post("/api/v1/campaigns", json=CAMPAIGN).json["id"]
        assert api.get(f"/api/v1/campaigns/{whole}").json["segment"] is None

    def test_a_change_names_another_or_the_whole_list(self, api, made):
        other = {**NEW, "id": "others"}
        assert api.post("/api/v1/segments", json=other).status == 201
        draft = api.post("/api/v1/campaigns", json={**CAMPAIGN, "segment": "regulars"}).json["id"]
        where = f"/api/v1/campaigns/{draft}"
        for revision, (change, named) in enumerate(
            [
                ({"segment": "others"}, "others"),
                ({"name": "N"}, "others"),
                ({"segment": None}, None),
            ]
        ):
            assert api.ask("PATCH", where, json={"revision": revision, **change}).status == 200
            assert api.get(where).json["segment"] == named
        unknown = api.ask("PATCH", where, json={"revision": 3, "segment": "nobody"})
        assert (unknown.status, unknown.json["code"]) == (422, "unknown_segment")

    def test_a_campaign_to_a_segment_is_not_sent_to_the_whole_list(self, api, world, made):
        draft = api.post("/api/v1/campaigns", json={**CAMPAIGN, "segment": "regulars"}).json["id"]
        assert api.post(f"/api/v1/campaigns/{draft}/send").status == 409
        assert world.messages.take(Queue.PLANS) == []

    def test_a_segment_must_exist_and_be_of_the_lists_brand(self, api, made):
        assert api.post("/api/v1/brands", json=SECOND).status == 201
        letters = {"id": "letters", "brand": "second", "name": "Letters"}
        assert api.post("/api/v1/lists", json=letters).status == 201
        for change, code in (
            ({"segment": "nobody"}, "unknown_segment"),
            ({"segment": "regulars", "list": "letters"}, "segment_of_another_brand"),
        ):
            reply = api.post("/api/v1/campaigns", json={**CAMPAIGN, **change})
            assert (reply.status, reply.json["code"]) == (422, code)
        assert api.get("/api/v1/campaigns").json["items"] == []


class TestScopes:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/segments", NEW),
            ("POST", "/segments/check", {"brand": "demo", "where": BUYERS}),
            ("PUT", "/segments/regulars", {"version": 1, "name": "B", "where": BUYERS}),
            ("DELETE", "/segments/regulars", None),
            ("PUT", "/brands/demo/lifecycle", RULES),
        ],
    )
    def test_only_marketing_writes(self, api_as, made, method, path, body):
        for scope, expected in ((KeyScope.READ, 403), (KeyScope.COMPLIANCE, 403)):
            assert api_as(scope).ask(method, f"/api/v1{path}", json=body).status == expected
        assert api_as(KeyScope.MARKETING).ask(method, f"/api/v1{path}", json=body).status != 403

    def test_reading_is_enough_to_look(self, api_as, made):
        reader = api_as(KeyScope.READ)
        for path in ("/segments", "/segments/regulars", "/segments/facts?brand=demo",
                     "/brands/demo/lifecycle"):  # fmt: skip
            assert reader.get(f"/api/v1{path}").status == 200
