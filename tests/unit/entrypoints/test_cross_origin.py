# SPDX-License-Identifier: Apache-2.0
"""Scripts of other sites: who may send JSON to a form and read its answers."""

import pytest

from infra.local.demo_data import DEMO_FORM
from tests.support.form_bodies import form_body

SITE, STRANGER = "https://www.example.org", "https://www.example.com"
OURS = "https://mail.example.org"
FILLED = {"email": "visitor@example.org", "newsletter": True}
NEARLY = (
    "http://www.example.org",
    "https://www.example.org:8443",
    "https://www.example.org.example.com",
    "https://example.org",
    "https://WWW.example.org",
    "null",
    "",
)


def allowed(reply):
    return reply.headers.get("access-control-allow-origin")


@pytest.fixture
def embedded(web, api):
    """The path of a form that one other site may embed."""
    made = api.post("/api/v1/forms", json=form_body("shop", origins=[SITE]))
    assert made.status == 201, made.text
    return "/forms/shop"


@pytest.mark.parametrize("path", ["", "/challenge", "/descriptor", "/embed.json"])
def test_a_browser_that_asks_first_is_told_what_a_named_site_may_send(web, embedded, path):
    reply = web.ask("OPTIONS", embedded + path, headers={"Origin": SITE})
    assert (reply.status, reply.body) == (204, b"")
    assert allowed(reply) == SITE
    assert reply.headers["access-control-allow-methods"] == "GET, POST"
    assert reply.headers["access-control-allow-headers"] == "content-type"
    assert reply.headers["access-control-max-age"] == "600"
    assert reply.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize("origin", [STRANGER, *NEARLY])
def test_another_site_is_told_nothing(web, embedded, origin):
    reply = web.ask("OPTIONS", embedded, headers={"Origin": origin})
    assert reply.status == 204
    assert not any(name.startswith("access-control") for name in reply.headers)
    assert reply.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", [SITE, OURS])
def test_json_of_a_named_site_and_of_our_own_is_taken_and_its_answer_readable(
    web, world, embedded, origin
):
    reply = web.post(embedded, json=FILLED, headers={"Origin": origin})
    assert (reply.status, allowed(reply), reply.headers["vary"]) == (202, origin, "Origin")
    assert "access-control-allow-credentials" not in reply.headers
    assert len(world.rows.entries) == 1


@pytest.mark.parametrize("origin", [STRANGER, *NEARLY])
def test_json_of_any_other_site_is_refused_in_words_and_stores_nothing(
    web, world, embedded, origin
):
    reply = web.post(embedded, json=FILLED, headers={"Origin": origin})
    assert (reply.status, reply.json["code"]) == (403, "foreign_origin")
    assert "Nothing was changed" in reply.json["detail"]
    assert allowed(reply) is None
    assert reply.headers["vary"] == "Origin"
    assert len(world.rows.entries) == 0


def test_json_without_an_origin_is_no_browsers_and_taken(web, embedded):
    reply = web.post(embedded, json=FILLED)
    assert (reply.status, reply.headers["vary"]) == (202, "Origin")


@pytest.mark.parametrize("origin", [SITE, STRANGER, "null"])
def test_a_plain_form_is_taken_from_every_page(web, world, embedded, origin):
    form = {"email": "visitor@example.org", "newsletter": "1"}
    reply = web.post(embedded, form=form, headers={"Origin": origin})
    assert reply.status == 200
    assert len(world.rows.entries) == 1


@pytest.mark.parametrize(
    ("body", "status"), [({"email": "nobody"}, 422), ({"email": 5}, 422), ([], 400)]
)
def test_a_named_site_can_read_refusals_too(web, embedded, body, status):
    reply = web.post(embedded, json=body, headers={"Origin": SITE})
    assert (reply.status, allowed(reply)) == (status, SITE)


def test_a_site_may_be_told_when_to_come_back(web, world, embedded):
    for _ in range(world.settings.signups_per_hour):
        world.gate.enter("192.0.2.7")
    reply = web.post(embedded, json=FILLED, headers={"Origin": SITE})
    assert (reply.status, allowed(reply)) == (429, SITE)
    assert reply.headers["access-control-expose-headers"] == "Retry-After"
    assert int(reply.headers["retry-after"]) > 0


@pytest.mark.parametrize("path", ["/challenge", "/descriptor", "/embed.json"])
def test_what_a_site_needs_to_submit_is_readable_to_it_alone(web, embedded, path):
    assert allowed(web.get(embedded + path, headers={"Origin": SITE})) == SITE
    assert allowed(web.get(embedded + path, headers={"Origin": STRANGER})) is None


def test_one_forms_sites_are_not_anothers(web, embedded):
    assert DEMO_FORM.origins == ()
    reply = web.post("/forms/demo", json=FILLED, headers={"Origin": SITE})
    assert reply.status == 403


def test_a_form_that_does_not_exist_is_not_found_from_anywhere(web):
    reply = web.post("/forms/none", json=FILLED, headers={"Origin": STRANGER})
    assert (reply.status, allowed(reply)) == (404, None)
    assert web.ask("OPTIONS", "/forms/none", headers={"Origin": STRANGER}).status == 204
