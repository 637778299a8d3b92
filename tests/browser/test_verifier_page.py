# SPDX-License-Identifier: Apache-2.0
"""The verifier's page: for a compliance officer or a judge, from a file, without a network."""

import base64
import re

import pytest

from chalicelib.proof import bundle
from tests.support.browser import DESK, PHONE, SMALL_PHONE, assert_accessible, assert_fits
from tests.support.differential_corpus import good
from tools import make_page_hashes

PAGE = make_page_hashes.PAGE
SOURCE = PAGE.read_text(encoding="utf-8")
LANGUAGES = ("en", "sv", "de", "fr")
NO_ED25519 = """
const importKey = crypto.subtle.importKey.bind(crypto.subtle);
crypto.subtle.importKey = (form, key, how, ...rest) => how === "Ed25519"
  ? Promise.reject(new DOMException("", "NotSupportedError")) : importKey(form, key, how, ...rest);
"""
NO_CRYPTOGRAPHY = "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });"
DROP = """([name, text]) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  transfer.items.add(new File([bytes], name));
  window.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
}"""


@pytest.fixture
def files(tmp_path):
    """A bundle, one with an edited report, and the policy."""
    kept = good("withdrawn by page")
    finished = kept.finished()
    edited = {**finished, "report.html": b"<p>Trust me.</p>"}
    for name, data in (
        ("proof.zip", bundle.archive(finished)),
        ("edited.zip", bundle.archive(edited)),
        ("policy.txt", kept.policy),
        ("no.zip", b"not a zip"),
    ):
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.fixture
def opened(browser):
    """Open the page from its file; it must ask nobody and complain of nothing."""
    contexts, asked, complaints = [], [], []

    def begin(size=PHONE, scheme="light", language="en", before=""):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, locale=language
        )
        contexts.append(context)
        context.add_init_script(before)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(PAGE.as_uri())
        return page

    yield begin
    for context in contexts:
        context.close()
    assert set(asked) <= {PAGE.as_uri()}
    assert complaints == []


def choose(page, files, bundle_name, policy="policy.txt"):
    if policy:
        page.set_input_files("#policy", files / policy)
    page.set_input_files("#bundle", files / bundle_name)
    page.wait_for_selector("#result:not([hidden])")
    return [item.text_content() for item in page.query_selector_all("#verdicts li p:first-child")]


def test_its_policy_admits_only_its_own_style_and_script():
    assert make_page_hashes.with_hashes(SOURCE) == SOURCE
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', SOURCE)
    assert policy
    assert re.fullmatch(
        r"default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; "
        r"base-uri 'none'; form-action 'none'",
        policy[1],
    )
    assert not re.search(r"https?://|fetch\(|XMLHttpRequest|innerHTML|eval\(", SOURCE)


def test_it_is_one_file_that_can_be_read_in_an_afternoon():
    assert SOURCE.count("\n") <= 900


def test_its_words_stand_in_every_language():
    table = SOURCE[SOURCE.index("const WORDS = {") :].partition("\n};")[0]
    for line in table.split("\n")[1:]:
        texts = re.findall(r'"([^"]+)"', line)
        assert len(texts) == len(LANGUAGES), line
        assert len({text.count("%s") for text in texts}) == 1


@pytest.mark.parametrize("size", [SMALL_PHONE, PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_result_fits_and_is_accessible(opened, files, size, scheme):
    page = opened(size, scheme)
    choose(page, files, "proof.zip")
    assert_fits(page)
    assert_accessible(page)


def test_a_good_bundle_is_said_to_be_good(opened, files):
    page = opened()
    lines = choose(page, files, "proof.zip")
    assert "PASS signature: both checkpoints are signed by the log example.com/ledger" in lines
    assert len(lines) == 10
    status = page.locator("#status")
    assert status.get_attribute("role") == "status"
    assert "good" in (status.get_attribute("class") or "")
    assert "were not changed since. Not proven: witnesses, time." in status.inner_text()
    assert "visitor@example.org" in page.locator("#about").inner_text()
    assert "consent.withdrawn" in page.locator("#entries").inner_text()


def test_an_edited_bundle_is_said_not_to_be_relied_on(opened, files):
    page = opened(language="sv")
    lines = choose(page, files, "edited.zip")
    assert lines[0] == "FAIL integrity: a file is extra, missing or not the one listed"
    assert "Lita inte på paketet" in page.locator("#status").inner_text()
    assert page.locator("html").get_attribute("lang") == "sv"


def test_without_a_policy_from_elsewhere_the_log_is_nobodys(opened, files):
    page = opened()
    choose(page, files, "proof.zip", policy="")
    assert "something needed is not shown" in page.locator("#status").inner_text()


def test_what_is_no_bundle_gets_a_sentence_and_no_verdict(opened, files):
    page = opened()
    page.set_input_files("#bundle", files / "no.zip")
    page.wait_for_function("document.getElementById('status').textContent.endsWith('.')")
    assert "not a zip archive" in page.locator("#status").inner_text()
    assert page.locator("#result").is_hidden()


def test_a_browser_without_ed25519_proves_no_signature(opened, files):
    lines = choose(opened(before=NO_ED25519), files, "proof.zip")
    assert "NOT PROVEN signature: this browser cannot check Ed25519 signatures" in lines
    assert not any(line.startswith("PASS signature") for line in lines)


def test_a_browser_without_cryptography_says_so(opened, files):
    page = opened(before=NO_CRYPTOGRAPHY)
    page.set_input_files("#bundle", files / "proof.zip")
    page.wait_for_function("document.getElementById('status').textContent.endsWith('.')")
    assert "can check nothing here" in page.locator("#status").inner_text()


def test_files_can_be_dropped_and_the_language_changed_by_keyboard(opened, files):
    page = opened()
    for name in ("policy.txt", "proof.zip"):
        page.evaluate(DROP, [name, _b64((files / name).read_bytes())])
    page.wait_for_selector("#result:not([hidden])")
    page.locator("#language").focus()
    page.keyboard.press("D")
    assert page.title() == "Einwilligungsnachweis prüfen"
    assert "Nicht bewiesen" in page.locator("#status").inner_text()


def _b64(data):
    return base64.b64encode(data).decode()


def test_what_is_printed_is_the_result_alone(opened, files):
    page = opened(DESK)
    choose(page, files, "proof.zip")
    page.emulate_media(media="print")
    assert page.locator(".choice").is_hidden()
    assert page.locator("#print").is_hidden()
    assert page.locator("#verdicts").is_visible()
