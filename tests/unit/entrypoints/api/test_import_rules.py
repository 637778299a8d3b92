# SPDX-License-Identifier: Apache-2.0
"""A brand's country table over the API: read by many, changed by few, committed to."""

import json
from hashlib import sha256

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.country_rules import SHIPPED
from tests.support.import_uploads import FORM_WITH_FILE, form_with_file

RULES = "/api/v1/brands/demo/import-rules"
TABLES = "imported/rules/"


def sent(api, world):
    """The address of an import whose file was read and checked."""
    new = {"brand": "demo", "list": "newsletter"}
    headers = {"Content-Type": FORM_WITH_FILE}
    reply = api.post("/api/v1/imports", form_with_file(new), headers=headers)
    world.settle()
    return reply.headers["location"]


def test_a_brand_has_the_shipped_table_until_it_writes_its_own(api):
    table = api.get(RULES).json
    assert table["version"] == 0
    assert {each["country"] for each in table["rules"]} == set(SHIPPED)
    assert all(each["is_shipped"] and each["why"] for each in table["rules"])


def test_a_change_is_committed_to_decides_and_can_be_taken_back(api, world):
    rule = {
        "country": "DE",
        "consent_grade": "C",
        "soft_opt_in": True,
        "silent_days": None,
        "why": "Our counsel says so.",
    }
    reply = api.ask("PUT", RULES, json={"version": 0, "rules": [rule]})
    assert (reply.status, reply.json["version"]) == (200, 1)
    mine = next(each for each in reply.json["rules"] if each["country"] == "DE")
    assert (mine["why"], mine["is_shipped"]) == ("Our counsel says so.", False)
    leaves = [json.loads(item.leaf) for item in world.rows.outbox.values()]
    committed = {each["cnt"] for each in leaves if each["typ"] == "policy.changed"}
    tables = {k: v for k, v in world.outside_rows.blobs.items() if k.startswith(TABLES)}
    (key, blob), *others = tables.items()
    assert key == f"{TABLES}{sha256(blob.data).hexdigest()}.json"
    assert (others, key.removeprefix(TABLES)[:-5] in committed) == ([], True)
    seen = api.get(sent(api, world)).json
    assert {x["country"]: x["mail"] for x in seen["preview"]["countries"]}["DE"] == 1
    back = api.ask("PUT", RULES, json={"version": 1, "rules": []}).json
    assert all(each["is_shipped"] for each in back["rules"])


def test_the_same_table_again_is_no_change(api, world):
    held = api.get(RULES).json["rules"]
    rules = [{n: v for n, v in each.items() if n != "is_shipped"} for each in held]
    reply = api.ask("PUT", RULES, json={"version": 0, "rules": rules})
    assert (reply.status, reply.json["version"]) == (200, 0)


@pytest.mark.parametrize(
    ("changed", "version", "status"),
    [
        ({}, 1, 409),
        ({"why": ""}, 0, 422),
        ({"country": "XX"}, 0, 422),
        ({"country": "se"}, 0, 422),
        ({"silent_days": 0}, 0, 422),
        ({"consent_grade": "F"}, 0, 422),
    ],
)
def test_what_cannot_be_used_changes_nothing(api, changed, version, status):
    rule = {
        "country": "DE",
        "consent_grade": "E",
        "soft_opt_in": True,
        "silent_days": None,
        "why": "Ours.",
    }
    body = {"version": version, "rules": [rule | changed]}
    assert api.ask("PUT", RULES, json=body).status == status
    assert api.get(RULES).json["version"] == 0


def test_a_looser_rule_without_a_reason_and_a_rule_twice_are_refused(api):
    rule = {"country": "*", "consent_grade": "E", "soft_opt_in": False, "silent_days": None}
    for rules in ([rule], [rule | {"why": "Ours."}] * 2):
        reply = api.ask("PUT", RULES, json={"version": 0, "rules": rules})
        assert (reply.status, reply.json["code"]) == (422, "bad_import_rules")


def test_who_may_only_market_reads_them(api_as):
    marketer = api_as(KeyScope.MARKETING)
    assert marketer.get(RULES).status == 200
    assert marketer.ask("PUT", RULES, json={"version": 0, "rules": []}).status == 403


def test_a_brand_that_is_not_there_has_none(api):
    assert api.get("/api/v1/brands/none/import-rules").status == 404
