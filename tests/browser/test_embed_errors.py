# SPDX-License-Identifier: Apache-2.0
"""An embedded form tells what is wrong where it is, and loses nothing that was typed."""

import json

import pytest

from tests.support.browser import (
    HANDS,
    SMALL_PHONE,
    assert_accessible,
    assert_fits,
    assert_focused,
)
from tests.support.embedded import LOOSE_ENDS, fill, send, sent_to
from tests.support.form_bodies import form_body
from tests.support.host_site import published

KEYS = HANDS["keys"]


def test_errors_are_announced_focused_and_told_beside_the_fields(guest, site, form):
    visitor = guest(SMALL_PHONE)
    embedded = visitor.open(site.embed(form))
    embedded.locator("#f-first_name").fill("Åsa <b>")
    send(embedded)

    alert = embedded.get_by_role("alert")
    assert_focused(alert)
    assert "Nothing of this has been stored or sent yet." in alert.inner_text()
    for name, says in (("email", "Please fill in"), ("newsletter", "Without this consent")):
        input_ = embedded.locator(f"#f-{name}")
        assert input_.get_attribute("aria-invalid") == "true"
        described = embedded.locator(f"#{input_.get_attribute('aria-describedby')}")
        assert described.inner_text().startswith(says)
    assert embedded.locator("#f-first_name").get_attribute("aria-invalid") is None
    assert embedded.evaluate(LOOSE_ENDS) == []
    assert_fits(visitor.page)
    assert_accessible(visitor.page)
    assert visitor.posted == []

    KEYS.touch(visitor.page, alert.get_by_role("button", name="Your consent"))
    assert_focused(embedded.locator("#f-newsletter"))
    assert embedded.locator("#f-first_name").input_value() == "Åsa <b>"


def test_what_only_the_server_finds_wrong_is_told_the_same_way(guest, stack, site, form):
    visitor = guest()
    embedded = visitor.open(site.embed(form))
    fill(embedded, "visitor@example")
    send(embedded)

    alert = embedded.get_by_role("alert")
    alert.wait_for()
    assert_focused(alert)
    assert "E-mail address: This does not look like an e-mail address." in alert.inner_text()
    assert embedded.locator("#f-email").input_value() == "visitor@example"
    assert embedded.locator("#f-newsletter").is_checked()
    address = stack.address("mended")
    embedded.locator("#f-email").fill(address)
    send(embedded)
    assert sent_to(embedded) == address


def test_a_filled_trap_is_one_visible_step_and_no_loss(guest, stack, site, form):
    visitor = guest(scheme="dark")
    embedded = visitor.open(site.embed(form))
    address = stack.address("helped")
    trap = embedded.locator("#f-leave_empty")
    assert not trap.is_visible()
    assert trap.evaluate("input => [input.autocomplete, input.tabIndex]") == ["off", -1]
    trap.evaluate("input => { input.value = 'filled by a program'; }")
    fill(embedded, address)
    send(embedded)

    assert sent_to(embedded, "One more step") == address
    assert stack.mails(address) == []
    assert_accessible(visitor.page)
    KEYS.touch(visitor.page, embedded.get_by_role("button"))
    assert sent_to(embedded) == address
    stack.confirm_link(address)


@pytest.mark.parametrize("is_meant", [True, False])
def test_the_extra_step_offers_the_address_that_was_probably_meant(
    guest, stack, site, form, is_meant
):
    visitor = guest()
    embedded = visitor.open(site.embed(form))
    typed, meant = (
        f"visitor.step.{is_meant}@{host}".lower() for host in ("gmaill.com", "gmail.com")
    )
    trap = embedded.locator("#f-leave_empty")
    trap.evaluate("input => { input.value = 'filled by a program'; }")
    fill(embedded, typed)
    send(embedded)

    assert sent_to(embedded, "One more step") == typed
    assert embedded.get_by_text(f"Did you mean {meant}?").is_visible()
    assert_accessible(visitor.page)
    name = "Yes, send the mail there" if is_meant else "Yes, sign up"
    KEYS.touch(visitor.page, embedded.get_by_role("button", name=name))
    chosen = meant if is_meant else typed
    assert sent_to(embedded) == chosen
    assert stack.wait_mail(chosen, "Please confirm")
    assert stack.mails(typed if is_meant else meant) == []


def test_where_no_mail_arrives_the_address_that_was_probably_meant_has_a_button(
    guest, stack, site, form
):
    # A slip whose domain takes no mail; others here are taken.
    told = {"name": "hotmaill.con", "type": "MX", "values": ["0 ."]}
    stack.ask("PUT", "/local/dns", json.dumps(told), {"Content-Type": "application/json"})
    visitor = guest()
    embedded = visitor.open(site.embed(form))
    fill(embedded, "visitor.embed@hotmaill.con")
    send(embedded)
    summary = embedded.get_by_role("alert")
    summary.wait_for()
    assert_focused(summary)
    assert "No mail arrives at hotmaill.con. Please check it." in summary.inner_text()
    assert embedded.locator("#e-email").inner_text().startswith("No mail arrives at hotmaill.con.")
    assert embedded.locator("#f-newsletter").is_checked()
    assert_accessible(visitor.page)
    assert_fits(visitor.page)
    meant = embedded.get_by_role("button", name="Yes, send the mail there")
    KEYS.touch(visitor.page, meant)
    assert sent_to(embedded) == "visitor.embed@hotmail.com"
    assert stack.mails("visitor.embed@hotmaill.con") == []


def test_a_network_over_its_budget_is_told_in_words_and_nothing_is_lost(guest, stack, site, form):
    visitor = guest()
    embedded = visitor.open(site.embed(form))
    path = f"{stack.base_url}/forms/{form}"
    refusal = {"Access-Control-Allow-Origin": site.origin, "Content-Type": "application/json"}
    visitor.page.route(path, lambda route: route.fulfill(status=429, headers=refusal, body="{}"))
    address = stack.address("late")
    fill(embedded, address)
    send(embedded)

    alert = embedded.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text().startswith("Too many at once")
    assert "in an hour" in alert.inner_text()
    visitor.page.unroute(path)
    send(embedded)
    assert sent_to(embedded) == address


def test_without_a_network_nothing_typed_is_lost(guest, stack, site, form):
    visitor = guest(SMALL_PHONE)
    embedded = visitor.open(site.embed(form))
    address = stack.address("tunnel")
    visitor.context.set_offline(True)
    fill(embedded, address)
    send(embedded)

    alert = embedded.get_by_role("alert")
    alert.wait_for()
    assert_focused(alert)
    assert "What you typed is still here." in alert.inner_text()
    assert_fits(visitor.page)
    assert_accessible(visitor.page)
    assert embedded.locator("#f-email").input_value() == address
    visitor.context.set_offline(False)
    send(embedded)
    assert sent_to(embedded) == address


def test_a_mistyped_address_is_suggested_and_can_be_corrected(guest, stack, site, form):
    visitor = guest()
    embedded = visitor.open(site.embed(form))
    fill(embedded, "visitor.embedded@gmaill.com")
    send(embedded)
    assert sent_to(embedded) == "visitor.embedded@gmaill.com"
    assert_accessible(visitor.page)

    embedded.get_by_role("button", name="Yes, send the mail there").click()
    embedded.locator(".quote", has_text="@gmail.com").wait_for()
    assert stack.wait_mail("visitor.embedded@gmail.com", "Please confirm")

    corrected = embedded.locator("#f-email")
    corrected.fill("no address")
    embedded.get_by_role("button", name="Send the mail to this address").click()
    assert_focused(embedded.get_by_role("alert"))
    assert corrected.get_attribute("aria-invalid") == "true"
    address = stack.address("corrected")
    corrected.fill(address)
    embedded.get_by_role("button", name="Send the mail to this address").click()
    embedded.locator(".quote", has_text=address).wait_for()
    stack.confirm_link(address)


def test_a_form_changed_meanwhile_is_shown_as_it_is_now_with_what_was_typed(guest, stack, site):
    form_id = published(stack, "changing", site)
    visitor = guest()
    embedded = visitor.open(site.embed(form_id))
    address = stack.address("patient")
    fill(embedded, address)
    body = form_body(form_id, version=1, origins=[site.origin])
    body["promise"]["en"] = "Two mails a month."
    changed = stack.api("PUT", f"/forms/{form_id}", body)
    assert changed.status == 200, changed.text
    send(embedded)

    alert = embedded.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text().startswith("This form has changed")
    assert embedded.get_by_text("Two mails a month.").is_visible()
    assert embedded.locator("#f-email").input_value() == address
    assert stack.mails(address) == []
    # A tick made beside other words is no consent to these.
    assert not embedded.locator("#f-newsletter").is_checked()
    embedded.locator("#f-newsletter").check()
    send(embedded)
    assert sent_to(embedded) == address


def test_a_changed_form_that_cannot_be_read_right_now_is_asked_for_again(guest, stack, site):
    form_id = published(stack, "changing-unread", site)
    visitor = guest()
    embedded = visitor.open(site.embed(form_id))
    address = stack.address("unread")
    fill(embedded, address)
    body = form_body(form_id, version=1, origins=[site.origin])
    assert stack.api("PUT", f"/forms/{form_id}", body).status == 200
    visitor.page.route(
        "**/embed.json*",
        lambda route: route.fulfill(
            status=503, json={}, headers={"Access-Control-Allow-Origin": site.origin}
        ),
    )
    send(embedded)

    alert = embedded.get_by_role("alert")
    alert.wait_for()
    assert "What you typed is still here." in alert.inner_text()
    link = alert.get_by_role("link")
    assert link.get_attribute("href").endswith(f"/forms/{form_id}?language=en")
    visitor.page.unroute("**/embed.json*")
    send(embedded)
    alert.get_by_text("This form has changed").wait_for()
    assert embedded.locator("#f-email").input_value() == address
