# SPDX-License-Identifier: Apache-2.0
"""The pages of the people who run an installation: mailbox, start page, console, proof."""

import re
import subprocess
import sys

import pytest

from chalicelib.domain.catalog import LANGUAGES
from tests.support.browser import (
    DESK,
    PHONE,
    SMALL_PHONE,
    assert_accessible,
    assert_fits,
    assert_focused,
    enter,
    is_given,
    press,
)
from tests.support.form_bodies import all_kinds
from tests.support.local_run import ROOT, until

HTML = "<html lang='en'><head><title>News</title></head><body><p>Smörgås 🥪</p></body></html>"


@pytest.fixture(scope="module")
def campaign(stack):
    """A sent campaign: its id and a person who got it, and one it skipped."""
    reader, skipped = stack.address("reader"), stack.address("suppressed")
    for address in (reader, skipped):
        stack.subscribe(address)
    refused = stack.api("POST", "/suppressions", {"email": skipped, "reason": "bounce"})
    assert refused.status == 201, refused.text
    made = stack.send_campaign("Smörgås 🥪", HTML)
    stack.finished(made)
    return made, reader


@pytest.fixture(scope="module")
def full_form(stack):
    """A form with a field of every type, sites it is allowed on, and something for the lint."""
    promise = {**dict.fromkeys(LANGUAGES, "One letter a month."), "en": "News"}
    body = all_kinds("console", origins=["https://www.example.org"], promise=promise)
    made = stack.api("POST", "/forms", body)
    assert made.status == 201, made.text
    return "console"


def logged_in(page, stack, hands):
    page.goto("/console")
    hands.type(page, page.get_by_label("API key"), stack.api_key)
    enter(page)
    assert page.locator("h1").inner_text() == "Overview"


def test_a_mail_is_found_and_read_in_four_views(visit, stack, hands, campaign):
    page = visit(DESK).open("/local/mailbox")
    assert page.locator(".list a").count() > 1
    hands.type(page, page.get_by_role("searchbox"), campaign[1].upper())
    enter(page)
    assert set(page.locator(".who").all_inner_texts()) == {campaign[1]}
    # Campaigns of other tests go to the whole list, this reader included.
    hands.press(page, page.locator(".list a").filter(has_text="Smörgås 🥪"))

    assert "Smörgås 🥪" in page.frame_locator("iframe").locator("body").inner_text()
    hands.press(page, page.get_by_role("link", name="Text"))
    assert "Smörgås 🥪" in page.locator(".view pre").inner_text()
    hands.press(page, page.get_by_role("link", name="Headers"))
    assert "List-Unsubscribe=One-Click" in page.locator(".view").inner_text()
    hands.press(page, page.get_by_role("link", name="Source"))
    assert re.search(r"^MIME-Version: 1\.0$", page.locator(".view pre").inner_text(), re.MULTILINE)


def test_a_search_without_result_offers_the_way_back(visit, hands, campaign):
    page = visit(SMALL_PHONE, "dark").open("/local/mailbox?q=nobody@example.org")
    hands.press(page, page.get_by_role("link", name="Show all mail"))
    assert page.locator(".list a").count() > 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_mailbox_is_accessible_and_fits(visit, campaign, scheme):
    page = visit(SMALL_PHONE, scheme, script=True).open("/local/mailbox")
    message = page.locator(".list a").first.get_attribute("href")
    for path in (
        "/local/mailbox",
        "/local/mailbox?q=nobody@example.org",
        "/local/mailbox/none",
        *(f"{message}?view={view}" for view in ("html", "text", "headers", "source")),
    ):
        for size in (SMALL_PHONE, PHONE, DESK):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.goto(path)
            assert_fits(page)
        assert_accessible(page)


def test_the_console_shows_a_campaign_to_a_key_and_to_nothing_else(visit, stack, hands, campaign):
    page = visit(DESK).open("/console")
    hands.type(page, page.get_by_label("API key"), "this is no key of this installation")
    enter(page)
    alert = page.get_by_role("alert")
    assert_focused(alert)
    assert "not a live key" in alert.inner_text()

    logged_in(page, stack, hands)
    hands.press(page, page.locator(f"a[href*='/{campaign[0]}?']"))
    numbers = dict(
        zip(
            page.locator(".numbers dt").all_inner_texts(),
            page.locator(".numbers dd").all_inner_texts(),
            strict=True,
        )
    )
    shown = stack.api("GET", f"/campaigns/{campaign[0]}").json
    assert int(numbers["Planned"]) == shown["planned"] >= 2
    assert int(numbers["Sent"]) == shown["sent"]
    assert int(numbers["Skipped"]) == sum(shown["skipped"].values()) >= 1
    assert page.get_by_role("cell", name="suppressed").is_visible()

    hands.press(page, page.get_by_role("button", name="Log out"))
    assert page.locator("h1").inner_text() == "Log in"
    page.go_back()
    assert page.locator("h1").inner_text() == "Log in"
    page.goto(f"/console/campaigns/{campaign[0]}")
    assert page.locator("h1").inner_text() == "Log in"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_console_is_accessible_and_fits(visit, stack, campaign, scheme):
    page = visit(SMALL_PHONE, scheme, script=True).open("/console/login")
    assert_accessible(page)
    page.get_by_label("API key").fill("wrong")
    press(page, page.get_by_role("button", name="Log in"))
    assert_accessible(page)
    page.get_by_label("API key").fill(stack.api_key)
    press(page, page.get_by_role("button", name="Log in"))
    campaigns = [f"/console/campaigns{part}" for part in ("", f"/{campaign[0]}", "/none")]
    for path in ("/console", *campaigns, "/"):
        for size in (SMALL_PHONE, PHONE, DESK):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.goto(path)
            assert_fits(page)
        assert_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_forms_in_the_console_are_accessible_and_fit(visit, stack, full_form, scheme):
    page = visit(PHONE, scheme, script=True).open("/console/login")
    page.get_by_label("API key").fill(stack.api_key)
    press(page, page.get_by_role("button", name="Log in"))
    for path in ("/console/forms", f"/console/forms/{full_form}", "/console/forms/none"):
        for size in (SMALL_PHONE, PHONE, DESK):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.goto(path)
            assert_fits(page)
            page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
            assert_fits(page)
        assert_accessible(page)


def test_a_snippet_is_selected_with_keys_and_is_what_the_api_gives(visit, stack, hands, full_form):
    page = visit(DESK).open("/console")
    logged_in(page, stack, hands)
    hands.press(page, page.get_by_role("link", name="Forms"))
    hands.press(page, page.locator(f"a[href*='/{full_form}?']"))
    hands.press(page, page.get_by_role("link", name="Deutsch", exact=True))
    area = page.get_by_label("Snippet without JavaScript, German")
    hands.touch(page, area)
    page.keyboard.press("Control+A")
    page.keyboard.type("typing changes nothing")
    given = stack.api("GET", f"/forms/{full_form}/snippet?language=de").json
    assert area.input_value() == given["html"]
    selected = "it => it.value.slice(it.selectionStart, it.selectionEnd)"
    assert area.evaluate(selected) == given["html"]
    assert page.get_by_label("Script tag, German").input_value() == given["script"]

    notice = page.locator("a[href^='/console/notices/']").first
    hands.press(page, notice)
    assert page.locator("h1").is_visible()


def test_a_complaint_shows_in_the_mailbox_and_ends_the_mails(visit, stack, hands):
    address = stack.address("complaint", "simulator.amazonses.com")
    stack.subscribe(address)
    stack.finished(stack.send_campaign("First", HTML))
    page = visit().page

    page.goto(f"/local/mailbox?q={address.replace('+', '%2B')}")
    assert page.locator(".badge.bad").first.inner_text() == "Complained"
    until(lambda: "complaint" in stack.suppressions(address), "the suppression")
    stack.finished(second := stack.send_campaign("Second", HTML))
    logged_in(page, stack, hands)
    page.goto(f"/console/campaigns/{second}")
    assert page.locator(".state").inner_text() == "sent"
    assert not is_given(stack, address)
    assert not [mail for mail in stack.mails(address) if mail["subject"] == "Second"]


def test_a_proof_is_verified_with_the_key_shown_on_the_start_page(visit, stack, hands, tmp_path):
    address = stack.address("proven")
    stack.subscribe(address)
    page = visit(DESK).open("/")
    hands.press(page, page.get_by_role("link", name="its public key"))
    policy = tmp_path / "policy.txt"
    policy.write_text(page.locator("body").inner_text() + "\n")
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(stack.export_proof(email=address))

    command = [sys.executable, "tools/verify_proof.py", str(bundle), "--policy", str(policy)]
    verified = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stdout
    assert "PASS signature:" in verified.stdout
