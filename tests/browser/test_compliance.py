# SPDX-License-Identifier: Apache-2.0
"""A compliance officer at the console: from a pasted mail to a proof, and two keys erase."""

import subprocess
import sys

import pytest

from tests.browser.test_accessibility import check
from tests.support.browser import DESK, PHONE, press
from tests.support.local_run import ROOT, until

HOME = "/console/compliance"
HTML = "<html lang='en'><head><title>News</title></head><body><p>News</p></body></html>"


@pytest.fixture(scope="module")
def mailed(stack):
    """Somebody who got a campaign, and the mail they got."""
    address = stack.address("complainant")
    stack.subscribe(address)
    stack.finished(stack.send_campaign("A mail to complain about", HTML))
    return address, stack.mails(address)[-1]


@pytest.fixture(scope="module")
def second_key(stack):
    body = {"name": "second officer", "scopes": ["compliance"]}
    return stack.api("POST", "/api-keys", body).json["key"]


def at_compliance(page, hands, key):
    """Log in and go to the compliance page."""
    page.goto("/console")
    hands.type(page, page.get_by_label("API key"), key)
    hands.press(page, page.get_by_role("button", name="Log in"))
    hands.press(page, page.get_by_role("link", name="Compliance"))
    assert page.locator("h1").inner_text() == "Find a person"


def find(page, hands, clue):
    """Paste a clue, as a clipboard does, and press Find."""
    box = page.locator("#f-clue")
    hands.type(page, box, " ")
    box.evaluate("(box, text) => { box.value = text }", clue)
    hands.press(page, page.get_by_role("button", name="Find", exact=True))


def shown(page, heading):
    """Wait until the page, which looks again by itself, has this heading."""
    page.locator("h1", has_text=heading).wait_for(timeout=60_000)


def test_an_officer_goes_from_a_pasted_mail_to_a_proof_that_holds(
    visit, stack, hands, mailed, tmp_path
):
    address, mail = mailed
    page = visit(DESK, script=True).page
    at_compliance(page, hands, stack.api_key)
    find(page, hands, mail["raw"])
    assert page.locator("h1").inner_text() == address
    assert "Consent confirmed" in page.locator(".found").inner_text()
    hands.press(page, page.get_by_role("button", name="Make the proof"))
    shown(page, "The proof is ready")
    with page.expect_download() as given:
        hands.touch(page, page.get_by_role("link", name="Download"))
    bundle, policy = tmp_path / "bundle.zip", tmp_path / "policy.txt"
    given.value.save_as(bundle)
    policy.write_bytes(stack.get("/ledger/policy").body)
    command = [sys.executable, "tools/verify_proof.py", str(bundle), "--policy", str(policy)]
    verified = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stdout


def test_two_keys_erase_and_the_certificate_is_there_to_print(visit, stack, hands, second_key):
    address = stack.address("goodbye")
    stack.subscribe(address)
    first, second = visit(DESK).page, visit(PHONE).page
    at_compliance(first, hands, stack.api_key)
    find(first, hands, address)
    hands.press(first, first.get_by_role("button", name="Show what it would mean"))
    assert "Nothing has happened yet" in first.locator("main").inner_text()
    hands.press(first, first.get_by_role("button", name="Ask for the erasure"))
    assert first.get_by_role("button", name="Approve and erase").count() == 0
    reference = first.locator("dl code").first.inner_text()

    at_compliance(second, hands, second_key)
    hands.press(second, second.get_by_role("link", name=reference))
    hands.press(second, second.get_by_role("button", name="Approve and erase"))
    shown(second, "The person was erased")
    press(second, second.get_by_role("link", name="Open the certificate to print"))
    until(lambda: _certificate(second), "the certificate")
    assert address not in second.content()
    assert stack.subscriber(address) is None


def _certificate(page):
    if page.locator("h1").inner_text() == "Certificate of erasure":
        return True
    page.reload()
    return False


@pytest.mark.parametrize("language", ["en", "sv", "de", "fr"])
def test_the_compliance_pages_are_accessible_and_fit(visit, stack, mailed, language):
    scheme = "dark" if language == "en" else "light"
    page = visit(PHONE, scheme, script=True, language=language).page
    page.goto("/console/login")
    page.locator("#f-key").fill(stack.api_key)
    press(page, page.locator("main button"))
    page.goto(HOME)
    assert page.locator("html").get_attribute("lang") == language
    check(page)
    page.locator("#f-clue").fill("nobody@example.org")
    press(page, page.locator(f"form[action='{HOME}/search'] button"))
    check(page)
    page.locator("#f-clue").fill(mailed[0])
    press(page, page.locator(f"form[action='{HOME}/search'] button"))
    check(page)
    press(page, page.locator("form[action$='/proofs'] button"))
    page.locator("main a.button").wait_for(timeout=60_000)
    check(page)
    page.goto(f"{HOME}/erasures")
    check(page)


def test_the_pages_of_an_erasure_are_accessible_and_fit(visit, stack):
    address = stack.address("considered")
    stack.subscribe(address)
    page = visit(PHONE, script=True).page
    page.goto("/console/login")
    page.locator("#f-key").fill(stack.api_key)
    press(page, page.locator("main button"))
    page.goto(HOME)
    page.locator("#f-clue").fill(address)
    press(page, page.locator(f"form[action='{HOME}/search'] button"))
    press(page, page.locator("form[action$='/preview'] button"))
    check(page)
    press(page, page.locator("form[action$='/erasures'] button"))
    check(page)
    press(page, page.get_by_role("button", name="Cancel the erasure"))
    check(page)
