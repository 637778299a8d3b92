# SPDX-License-Identifier: Apache-2.0
"""Pages without a journey of their own, and the headers and methods of all of them."""

import pytest

from chalicelib.entrypoints.addresses import CUT_OFF
from chalicelib.errors import FatalError

PAGES = ["/", "/forms/demo", "/privacy/demo", "/confirm/x", "/unsubscribe/x", "/console/login"]


def test_the_start_page_says_what_this_is(web):
    reply = web.get("/")
    assert (reply.status, reply.heading) == (200, "Kvitto")


def test_the_icon_browsers_ask_for_is_an_empty_answer(web):
    assert web.get("/favicon.ico").status == 204


def test_the_checkpoint_is_text_that_may_be_cached_briefly(web, world):
    world.settle()
    reply = web.get("/ledger/checkpoint")
    assert reply.status == 200
    assert reply.text.startswith(world.settings.ledger_origin + "\n")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["cache-control"] == "public, max-age=2"


def test_before_the_first_checkpoint_there_is_a_404(web, world):
    world.outside_rows.blobs.pop("log/checkpoint", None)
    assert web.get("/ledger/checkpoint").status == 404


def test_the_policy_names_the_logs_key(web, world):
    reply = web.get("/ledger/policy")
    assert reply.body == world.policy
    assert reply.text.startswith(f"log {world.settings.ledger_origin}+")


def test_a_brand_without_its_own_privacy_page_has_ours(web):
    reply = web.get("/privacy/demo?language=sv")
    assert reply.status == 200
    assert "Example Controller" in reply.text
    assert web.get("/privacy/none").status == 404


@pytest.mark.parametrize("path", PAGES)
def test_every_page_carries_the_security_headers(web, path):
    headers = web.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "form-action 'self'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert "set-cookie" not in headers


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_wrong_method_is_405_with_allow_in_our_own_words(web, path, method):
    reply = web.ask(method, path)
    assert reply.status == 405
    assert {"GET", "HEAD", "OPTIONS"} <= set(reply.headers["allow"].split(", "))
    assert "Nothing was changed" in reply.text


@pytest.mark.parametrize("path", PAGES)
def test_head_answers_as_get_does_without_a_body(web, path):
    got, head = web.get(path), web.ask("HEAD", path)
    assert head.body == b""
    assert (head.status, head.headers) == (got.status, got.headers)


def test_options_names_the_methods(web):
    reply = web.ask("OPTIONS", "/forms/demo")
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["allow"] == "GET, HEAD, POST, OPTIONS"


def test_a_failure_of_ours_is_a_page_with_the_incident_and_no_words_of_it(web, world, caplog):
    def fail(_form_id):
        raise FatalError("the shelf is broken")

    world.signup.form = fail
    reply = web.get("/forms/demo")
    assert reply.status == 500
    assert "shelf" not in reply.text
    (record,) = caplog.records
    assert record.incident in reply.text


def test_a_failure_while_showing_a_failure_is_still_a_page(web, world):
    world.__dict__.pop("renderer")
    world.__dict__["renderer"] = None
    reply = web.get("/forms/demo")
    assert reply.status == 500
    assert "Something went wrong" in reply.text


@pytest.mark.parametrize("name", CUT_OFF)
def test_a_link_cut_off_before_its_last_part_is_a_page_that_says_so(web, name):
    reply = web.ask("GET", f"/{name}", headers={"Accept-Language": "sv"})
    assert (reply.status, reply.heading) == (404, "Här finns inget")
    assert web.post(f"/{name}", form={}).status == 405
