# SPDX-License-Identifier: Apache-2.0
"""Files of suppressions over the API: brought in, watched, asked for, fetched."""

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.ports.outside import Queue
from tests.support.import_uploads import FORM_WITH_FILE, form_with_file

IMPORTS, EXPORTS = "/api/v1/suppressions/imports", "/api/v1/suppressions/exports"
ANNA, STRANGER = "anna@example.org", "stranger@example.org"
LIST = STRANGER.encode()
NOTHING = ("known", "matched", "rejected_total", "pushed", "not_pushed")


def uploaded(api, data: bytes | None = LIST, **fields):
    return api.post(IMPORTS, form_with_file(fields, data), headers={"Content-Type": FORM_WITH_FILE})


def test_a_file_is_brought_in_by_a_form(api, world):
    made = uploaded(api, reason="bounce", brand="demo", list="newsletter", push="no")
    assert (made.status, made.json["status"]) == (202, "pending")
    world.settle(Queue.SUPPRESSIONS)
    found = api.get(made.headers["location"]).json
    assert found == {
        "id": made.json["id"],
        "status": "ready",
        "created_at": made.json["created_at"],
        "problem": None,
        "rejected": [],
    } | dict.fromkeys(("rows", "added"), 1) | dict.fromkeys(NOTHING, 0)
    (row,) = api.get(f"/api/v1/suppressions?email={STRANGER}").json["items"]
    assert (row["brand"], row["list"], row["reason"]) == ("demo", "newsletter", "bounce")


@pytest.mark.parametrize("kind", ["text/csv", "text/plain", "text/plain; charset=utf-8"])
def test_or_as_it_is(api, world, kind):
    data = f"email,reason\n{STRANGER},spam\nnobody,\n".encode()
    made = api.post(IMPORTS, data, headers={"Content-Type": kind})
    assert made.status == 202
    world.settle(Queue.SUPPRESSIONS)
    found = api.get(made.headers["location"])
    assert found.json["rejected"] == [{"line": 3, "why": "malformed_address"}]
    assert (found.json["added"], found.json["rejected_total"]) == (1, 1)
    assert "nobody" not in found.text
    assert STRANGER not in found.text


def test_the_same_request_again_is_the_same_file(api, world):
    headers = {"Content-Type": "text/plain", "Idempotency-Key": "once"}
    first = api.post(IMPORTS, STRANGER.encode(), headers=headers)
    again = api.post(IMPORTS, STRANGER.encode(), headers=headers)
    assert first.json["id"] == again.json["id"]
    assert len(world.messages.take(Queue.SUPPRESSIONS)) == 1


@pytest.mark.parametrize(
    ("data", "fields", "code"),
    [
        (b"", {}, "empty"),
        (b"reason\nbounce\n", {}, "no_address_column"),
        (LIST, {"list": "newsletter"}, "bad_reach"),
        (LIST, {"brand": "gone"}, "unknown_brand"),
        (LIST, {"brand": "demo", "list": "gone"}, "unknown_list"),
        (LIST, {"reason": "erased"}, "invalid_body"),
        (LIST, {"push": "maybe"}, "invalid_body"),
        (LIST, {"since": "2020"}, "invalid_body"),
    ],
)
def test_what_cannot_be_taken_in_is_refused_and_nothing_is_suppressed(api, data, fields, code):
    reply = uploaded(api, data, **fields)
    assert (reply.status, reply.json["code"]) == (422, code)
    assert api.get("/api/v1/suppressions").json["items"] == []


def test_other_types_and_no_file_are_refused(api):
    kinds = {"Content-Type": "application/json"}
    assert api.post(IMPORTS, b"{}", headers=kinds).status == 415
    assert uploaded(api, None).status == 422


def test_an_export_is_asked_for_and_fetched(api, world):
    world.subscribe(ANNA)
    api.post("/api/v1/suppressions", json={"email": ANNA, "reason": "manual"})
    made = api.post(EXPORTS, json={"form": "plain"})
    assert (made.status, made.json["status"], made.json["rows"]) == (202, "pending", None)
    place = made.headers["location"]
    assert api.get(f"{place}/csv").status == 409
    world.settle(Queue.SUPPRESSIONS)
    assert api.get(place).json["rows"] == 1
    file = api.get(f"{place}/csv")
    assert file.headers["content-disposition"].endswith(f'{made.json["id"]}.csv"')
    assert ANNA in file.text
    assert api.post(EXPORTS, json={"form": "md5"}).status == 422


def test_a_large_export_is_fetched_elsewhere(api, world, monkeypatch):
    world.suppressions.add(STRANGER, "manual")
    made = api.post(EXPORTS, json={"form": "sha256"})
    world.settle(Queue.SUPPRESSIONS)
    monkeypatch.setattr("chalicelib.entrypoints.api.suppression_files.MAX_FILE_BYTES", 10)
    reply = api.get(f"{made.headers['location']}/csv")
    assert reply.status == 303


@pytest.mark.parametrize("scope", [KeyScope.READ, KeyScope.MARKETING])
def test_only_compliance_may(api, world, scope):
    key = world.key_ring.create("other", [scope])[0]
    headers = {"Authorization": f"Bearer {key}"}
    assert api.post(EXPORTS, json={"form": "plain"}, headers=headers).status == 403
    text = headers | {"Content-Type": "text/plain"}
    assert api.post(IMPORTS, b"a@example.org", headers=text).status == 403
    for place in (IMPORTS, EXPORTS):
        assert api.get(f"{place}/{'A' * 22}", headers=headers).status == 403


def test_what_is_not_there_is_a_404(api):
    for place in (f"{IMPORTS}/{{}}", f"{EXPORTS}/{{}}", f"{EXPORTS}/{{}}/csv"):
        assert api.get(place.format("A" * 22)).status == 404
        assert api.get(place.format("short")).status == 404
