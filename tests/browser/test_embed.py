# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: RUF001  (French apostrophes are meant)
"""The sign-up form on a page of somebody else: another origin, a strict policy, one script tag."""

import json
import re

import pytest

from chalicelib.domain.catalog import LANGUAGES
from tests.support.browser import (
    DESK,
    HANDS,
    PHONE,
    SMALL_PHONE,
    assert_accessible,
    assert_fits,
    is_given,
)
from tests.support.embedded import LOOSE_ENDS, fill, heading, send, sent_to
from tests.support.form_bodies import all_kinds

WORDS = {
    "en": ("Sign up", "Check your mail", "Please confirm your sign-up to Kvitto Demo"),
    "sv": ("Anmäl mig", "Titta i din e-post", "Bekräfta din anmälan till Kvitto Demo"),
    "de": (
        "Anmelden",
        "Sehen Sie in Ihr Postfach",
        "Bitte bestätigen Sie Ihre Anmeldung bei Kvitto Demo",
    ),
    "fr": (
        "S’inscrire",
        "Consultez votre messagerie",
        "Merci de confirmer votre inscription à Kvitto Demo",
    ),
}
KEYS = HANDS["keys"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_visitor_of_another_site_signs_up_with_keys_alone(guest, stack, site, form, language):
    visitor = guest(SMALL_PHONE if language in ("de", "fr") else PHONE, "dark")
    embedded = visitor.open(site.embed(form, page_language=language) + "?name=visitor#top")
    page, address = visitor.page, stack.address(f"embedded-{language}")
    button, title, subject = WORDS[language]

    KEYS.type(page, embedded.locator("#f-email"), address)
    KEYS.tick(page, embedded.locator("#f-newsletter"))
    KEYS.touch(page, embedded.get_by_role("button", name=button))

    assert sent_to(embedded, title) == address
    assert_fits(page)
    assert embedded.evaluate(LOOSE_ENDS) == []
    shown = embedded.locator("dd").all_inner_texts()
    mail = stack.wait_mail(address, subject)
    assert shown == [mail["from"].split("<")[-1].rstrip(">"), mail["subject"]]
    assert not is_given(stack, address)
    stack.post_form(stack.confirm_link(address), {"answer": "confirm"})
    assert is_given(stack, address)
    (posted,) = visitor.posted
    assert posted.header_value("referer") == f"{site.origin}/news"
    told = json.loads(posted.post_data or "")
    assert (told["language"], told["shown_as"], told["measurement"]) == (language, "embed", False)
    assert told["altcha"]
    assert told["shown"]


def test_nothing_is_asked_for_before_somebody_touches_the_form(guest, site, form):
    visitor = guest()
    asked = []
    visitor.context.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    embedded = visitor.open(site.embed(form))
    visitor.page.wait_for_timeout(200)
    assert asked == ["news", "embed.js"]
    with visitor.page.expect_request_finished(lambda done: done.url.endswith("/challenge")):
        embedded.locator("#f-email").focus()


def test_a_double_press_sends_once(guest, stack, site, form):
    visitor = guest()
    embedded = visitor.open(site.embed(form))
    address = stack.address("hasty")
    fill(embedded, address)
    embedded.locator("button[type=submit]").dblclick()
    assert sent_to(embedded) == address
    assert len(visitor.posted) == 1


def test_a_language_that_the_script_came_without_is_asked_for(guest, stack, site):
    body = all_kinds("many-words", more_choices=48, origins=[site.origin])
    made = stack.api("POST", "/forms", body)
    assert made.status == 201, made.text
    visitor = guest(SMALL_PHONE)
    address = stack.address("patient")
    visitor.page.route("**/embed.json*", lambda route: route.abort())
    embedded = visitor.open(site.embed("many-words", language="fr"))
    link = embedded.get_by_role("link", name="Ouvrir le formulaire")
    assert link.get_attribute("href") == f"{stack.base_url}/forms/many-words?language=fr"
    assert_fits(visitor.page)
    assert_accessible(visitor.page)

    visitor.page.unroute("**/embed.json*")
    visitor.page.reload()
    embedded.locator("#f-tea").wait_for()
    fill(embedded, address)
    embedded.locator("#f-adult").check()
    send(embedded)
    assert sent_to(embedded, WORDS["fr"][1]) == address
    assert_accessible(visitor.page)


def test_a_site_that_the_form_does_not_name_leads_to_the_forms_own_page(guest, stack, site):
    visitor = guest()
    embedded = visitor.open(site.embed("demo", language="sv"))
    assert embedded.locator("input").count() == 0
    link = embedded.get_by_role("link")
    assert link.get_attribute("href") == f"{stack.base_url}/forms/demo?language=sv"
    assert_accessible(visitor.page)


def test_a_field_of_every_kind_can_be_filled_in(guest, stack, site):
    made = stack.api("POST", "/forms", all_kinds("every-kind", origins=[site.origin]))
    assert made.status == 201, made.text
    visitor = guest(SMALL_PHONE)
    embedded = visitor.open(site.embed("every-kind"))
    address = stack.address("thorough")
    fill(embedded, address)
    embedded.locator("#f-age").fill("12")
    embedded.locator("#f-born").fill("2024-02-29")
    embedded.locator("#f-site").fill("not a place")
    send(embedded)
    alert = embedded.get_by_role("alert")
    assert "Age: This is outside what the form allows. Please check it. (16 – 120)" in (
        alert.inner_text()
    )
    assert "(≤ 2020-01-01)" in alert.inner_text()
    assert "Website: This does not look like a web address." in alert.inner_text()
    assert "I am over 16.: Please tick this box to go on." in alert.inner_text()
    assert embedded.locator("#f-age").get_attribute("aria-describedby") == "h-age e-age"
    assert embedded.evaluate(LOOSE_ENDS) == []
    assert_fits(visitor.page)
    assert_accessible(visitor.page)

    embedded.locator("#f-age").fill("61")
    embedded.locator("#f-born").fill("1963-02-28")
    embedded.locator("#f-site").fill("https://www.example.org/about")
    embedded.locator("#f-tea").select_option("green")
    embedded.locator("#f-phone").fill("+46 8 123 45 67")
    embedded.locator("#f-adult").check()
    send(embedded)
    assert sent_to(embedded) == address
    told = json.loads(visitor.posted[-1].post_data or "")
    assert {name: told[name] for name in ("age", "born", "tea", "adult")} == {
        "age": "61",
        "born": "1963-02-28",
        "tea": "green",
        "adult": True,
    }


def test_the_tag_may_stand_in_the_head_and_name_place_language_and_campaign(
    guest, stack, site, form
):
    visitor = guest()
    tag = site.tag(form, target="#below", language="fr", tag="spring")
    embedded = visitor.open(site.add("/head", "", head=tag))
    assert visitor.page.locator("#below > kvitto-form").count() == 1
    assert heading(embedded).inner_text() == "La newsletter de Kvitto Demo"
    assert embedded.locator("section").get_attribute("lang") == "fr"
    fill(embedded, stack.address("spring"))
    send(embedded)
    sent_to(embedded, WORDS["fr"][1])
    assert json.loads(visitor.posted[0].post_data or "")["tag"] == "spring"


def test_two_forms_on_one_page_are_two_forms(guest, stack, site, form):
    visitor = guest()
    visitor.page.goto(site.add("/two", site.tag(form) + site.tag(form, language="sv")))
    forms = visitor.page.locator("kvitto-form")
    forms.nth(1).locator("section").wait_for()
    titles = forms.locator("h2").all_inner_texts()
    assert titles == ["The Kvitto Demo newsletter", "Nyhetsbrevet från Kvitto Demo"]


def test_the_long_text_of_the_notice_comes_when_it_is_opened(guest, stack, site, form):
    visitor = guest(SMALL_PHONE, "dark")
    embedded = visitor.open(site.embed(form))
    summary = embedded.locator("summary")
    KEYS.touch(visitor.page, summary)
    embedded.get_by_text("How you withdraw").wait_for()
    page = stack.get("/forms/demo").text
    for sentence in embedded.locator("details h3").all_inner_texts():
        assert f"<h2>{sentence}</h2>" in page
    assert_fits(visitor.page)
    assert_accessible(visitor.page)


@pytest.mark.parametrize(
    ("language", "scheme"), [*((code, "light") for code in LANGUAGES), ("de", "dark")]
)
def test_an_embedded_form_is_accessible_in_every_language(guest, site, form, language, scheme):
    visitor = guest(PHONE, scheme)
    embedded = visitor.open(site.embed(form, language=language))
    for width, height in (SMALL_PHONE, DESK, PHONE):
        visitor.page.set_viewport_size({"width": width, "height": height})
        assert_fits(visitor.page)
    assert_accessible(visitor.page)
    send(embedded)
    assert_accessible(visitor.page)


def test_the_sites_own_styles_do_not_reach_the_form(guest, site, form):
    visitor = guest()
    embedded = visitor.open(site.embed(form))
    size = "button => [button.offsetWidth, button.offsetHeight]"
    before = embedded.locator("button[type=submit]").evaluate(size)
    visitor.page.evaluate("""() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('html{font-size:62.5%} button,label{display:none} *{color:#eee}');
      document.adoptedStyleSheets = [sheet];
    }""")
    assert embedded.locator("button[type=submit]").evaluate(size) == before
    ink = embedded.locator("h2").evaluate("title => getComputedStyle(title).color")
    assert ink == "rgb(28, 29, 31)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_javascript_the_snippet_signs_up_from_any_site(guest, stack, site, form, language):
    snippet = stack.api("GET", f"/forms/{form}/snippet?language={language}").json["html"]
    visitor = guest(SMALL_PHONE, script=False)
    page, address = visitor.page, stack.address(f"snippet-{language}")
    page.goto(site.add("/plain", snippet, language, posts=True))
    assert_fits(page)
    assert not page.locator("input[name=leave_empty]").is_visible()

    KEYS.type(page, page.locator("input[type=email]"), address)
    KEYS.tick(page, page.locator("input[name=newsletter]"))
    KEYS.press(page, page.get_by_role("button", name=WORDS[language][0]))

    assert page.url == f"{stack.base_url}/forms/{form}"
    assert re.sub(r"\s+", " ", page.locator("h1").inner_text()) == WORDS[language][1]
    assert page.get_by_text(address).first.is_visible()
    stack.wait_mail(address, WORDS[language][2])
