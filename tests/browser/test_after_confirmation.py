# SPDX-License-Identifier: Apache-2.0
"""Around the confirmation with a browser: a wrong address, an expired link, a page to go on to."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest

from tests.support.browser import (
    DESK,
    PHONE,
    SMALL_PHONE,
    assert_accessible,
    assert_fits,
    is_given,
)
from tests.support.expiry import let_expire


@contextmanager
def own_site():
    """The operator's own site on another origin, and what browsers ask it for."""
    asked = []

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Referer"), self.headers.get("Cookie")))
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Thanks</title><h1>Thanks</h1>")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def new_form(stack, name, **members):
    """Publish a form of its own beside the demo form."""
    body = stack.api("GET", "/forms/demo").json
    wanted = ("brand", "lists", "title", "promise", "fields", "boxes")
    form = {member: body[member] for member in wanted}
    for field in form["fields"]:
        for gone in [key for key, value in field.items() if value is None or value == []]:
            del field[gone]
    answer = stack.api("POST", "/forms", {"id": name, **form, **members})
    assert answer.status == 201, answer.text


def asked_at(stack, form, address):
    """Sign up at a form and return the path of the link that is mailed."""
    answer = stack.post_form(f"/forms/{form}", {"email": address, "newsletter": "yes"})
    assert answer.status == 200, answer.text
    return stack.confirm_link(address)


@pytest.mark.parametrize("script", [False, True])
def test_a_confirmation_leads_on_to_the_operators_page(visit, stack, hands, script):
    with own_site() as (site, asked):
        name = f"onward-{hands.__class__.__name__.lower()}-{int(script)}"
        new_form(stack, name, redirect_url=f"{site}/thanks?x=1")
        address = stack.address("onward")
        page = going_on(visit, site, script).page
        page.goto(asked_at(stack, name, address))
        assert asked == []
        hands.press(page, page.get_by_role("button", name="Yes, confirm"))
        assert page.url == f"{site}/thanks?x=1"
        assert asked[0] == ("/thanks?x=1", None, None)
        assert is_given(stack, address)


def going_on(visit, site, script):
    """A visit that may go to one more site."""
    made = visit(PHONE, script=script)
    made.context.route(f"{site}/**", lambda route: route.continue_())
    return made


def test_an_expired_link_becomes_a_new_mail_with_one_press(visit, stack, hands):
    page = visit(SMALL_PHONE, "dark", script=True).page
    address = stack.address("late")
    stack.sign_up(address)
    old = stack.confirm_link(address)
    let_expire(stack, old)
    mails = len(stack.mails(address))

    page.goto(old)
    assert page.locator("h1").inner_text() == "This link has expired"
    assert_fits(page)
    assert_accessible(page)
    hands.press(page, page.get_by_role("button", name="Send me a new mail"))
    assert page.locator("h1").inner_text() == "Check your mail"
    assert page.get_by_text(address).is_visible()
    assert_fits(page)
    assert_accessible(page)
    # The rule for mails holds: the first one went out less than 15 minutes ago.
    assert len(stack.mails(address)) == mails
    page.go_back()
    assert page.locator("h1").inner_text() == "This link has expired"


def test_a_mistyped_address_is_mended_with_one_press(visit, stack, hands):
    page = visit(SMALL_PHONE, script=True).page
    right = stack.address("typo", "gmail.com")
    wrong = right.replace("gmail", "gmaill")
    page.goto("/forms/demo")
    hands.type(page, page.locator("#f-email"), wrong)
    hands.type(page, page.locator("#f-first_name"), "Åsa")
    hands.tick(page, page.locator("#f-newsletter"))
    hands.press(page, page.get_by_role("button", name="Sign up"))
    assert page.get_by_role("heading", name=f"Did you mean {right}?").is_visible()
    assert_fits(page)
    assert_accessible(page)
    hands.press(page, page.get_by_role("button", name="Yes, send the mail there"))
    assert page.get_by_text(right, exact=True).is_visible()
    assert "Did you mean" not in page.content()
    assert urlsplit(page.url).query == ""
    stack.confirm_link(right)


def test_a_wrong_address_is_corrected_and_nothing_else_is_typed_again(visit, stack, hands):
    page = visit(DESK).page
    wrong, right = stack.address("wrong"), stack.address("right")
    page.goto("/forms/demo")
    hands.type(page, page.locator("#f-email"), wrong)
    hands.tick(page, page.locator("#f-newsletter"))
    hands.press(page, page.get_by_role("button", name="Sign up"))
    field = page.get_by_label("E-mail address")
    assert field.input_value() == wrong
    field.fill("")
    hands.type(page, field, right)
    hands.press(page, page.get_by_role("button", name="Send the mail to this address"))
    assert page.locator("h1").inner_text() == "Check your mail"
    hands.press(page, page.get_by_role("button", name="Send the mail to this address"))
    stack.post_form(stack.confirm_link(right), {"answer": "confirm"})
    assert is_given(stack, right)
