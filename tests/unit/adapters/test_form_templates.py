# SPDX-License-Identifier: Apache-2.0
"""A form with every type of field: its page, and the notice that shows all the page showed."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.forms import Look, NoticeRef, Scheme
from chalicelib.domain.signup import Problem
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST
from tests.support.form_examples import FULL_FORM

RENDERER = TemplateRenderer()
NOTICE = NoticeRef(language="en", sha256="11" * 32, text_sha256="22" * 32, published_ms=0)


class Tags(HTMLParser):
    """Every start tag, with its attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def page(language="en", form=FULL_FORM, **changes):
    data = {
        "language": language,
        "languages": LANGUAGES,
        "brand": DEMO_BRAND,
        "form": form,
        "notice": NOTICE,
        "values": {},
        "problems": {},
        "shown": "a-token",
        "tag": "",
        "changed": False,
    }
    return RENDERER.page("pages/form.html", data | changes)


def notice(name, language):
    data = {
        "base_url": "https://mail.example.org",
        "language": language,
        "brand": DEMO_BRAND,
        "form": FULL_FORM,
        "lists": [DEMO_LIST],
        "form_sha256": "33" * 32,
    }
    return RENDERER.page(name, data)


def named(html):
    return {x["name"]: x for _, x in Tags(html).found if "name" in x and "content" not in x}


def said(language):
    """Every text an operator wrote that a visitor reads."""
    texts = [FULL_FORM.title, FULL_FORM.promise, FULL_FORM.gift.name]
    texts += [x for item in FULL_FORM.fields for x in (item.label, item.hint) if x]
    texts += [choice.label for item in FULL_FORM.fields for choice in item.choices]
    texts += [box.text for box in FULL_FORM.boxes]
    return [words[language] for words in texts]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["notices/consent.html", "notices/consent.txt"])
def test_a_notice_shows_everything_the_form_shows(name, language):
    text = " ".join(unescape(notice(name, language)).split())
    assert [each for each in said(language) if each not in text] == []


def test_a_notice_names_the_stored_descriptor_once_in_each_of_its_two_forms():
    html, text = notice("notices/consent.html", "en"), notice("notices/consent.txt", "en")
    meta = f'<meta name="kvitto-form" content="sha256:{"33" * 32}">'
    assert html.index(meta) < html.index("</head>")
    assert f"kvitto-form sha256:{'33' * 32}\n" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_everything_too(language):
    text = " ".join(unescape(page(language)).split())
    assert [each for each in said(language) if each not in text] == []


def test_each_type_has_its_input_with_its_bounds():
    inputs = named(page())
    kinds = {item.name: inputs[item.name].get("type") for item in FULL_FORM.fields}
    assert kinds == {
        "email": "email",
        "name": "text",
        "beds": "number",
        "since": "date",
        "zone": None,
        "adult": "checkbox",
        "phone": "tel",
        "site": "url",
    }
    assert (inputs["beds"]["min"], inputs["beds"]["max"], inputs["beds"]["step"]) == (
        "1",
        "99",
        "1",
    )
    assert (inputs["since"]["min"], inputs["since"]["max"]) == ("1930-01-01", "2026-12-31")
    assert inputs["beds"]["aria-describedby"] == "h-beds"
    assert {inputs[n]["autocomplete"] for n in ("email", "phone", "site")} == {
        "email",
        "tel",
        "url",
    }


def test_ticks_and_consent_stand_in_groups_of_their_own():
    html = page()
    first, second = re.findall(r"<fieldset.*?</fieldset>", html, re.DOTALL)
    assert set(named(first)) == {"adult"}
    assert set(named(second)) == {"newsletter", "measurement"}
    assert "<legend>" in first
    assert "<legend>" in second


def test_nothing_is_ticked_or_chosen_beforehand():
    tags = Tags(page()).found
    assert not [x for _, x in tags if "checked" in x or "selected" in x]
    first = next(x for tag, x in tags if tag == "option")
    assert first["value"] == ""


def test_what_was_chosen_is_there_again():
    html = page(values={"zone": "2", "adult": "1", "beds": "120"}, problems={"beds": "bad_number"})
    tags = Tags(html).found
    assert [x["value"] for tag, x in tags if tag == "option" and "selected" in x] == ["2"]
    inputs = named(html)
    assert "checked" in inputs["adult"]
    assert inputs["beds"]["value"] == "120"
    assert inputs["beds"]["aria-describedby"] == "h-beds e-beds"


@pytest.mark.parametrize("name", [item.name for item in FULL_FORM.fields])
@pytest.mark.parametrize("problem", sorted(set(Problem) - {Problem.CONSENT_MISSING}))
def test_every_problem_is_said_at_its_field_and_above(name, problem):
    html = page(problems={name: problem})
    inputs = named(html)
    assert inputs[name]["aria-invalid"] == "true"
    assert f"e-{name}" in inputs[name]["aria-describedby"]
    assert f'href="#{inputs[name]["id"]}"' in html
    assert "None" not in html


def test_how_far_a_value_may_go_is_said_with_the_problem():
    assert "(1 – 99)" in page(problems={"beds": Problem.OUT_OF_RANGE})  # noqa: RUF001
    assert "(1930-01-01 – 2026-12-31)" in page(problems={"since": Problem.OUT_OF_RANGE})  # noqa: RUF001


def test_the_trap_is_hidden_from_people_screen_readers_and_password_managers():
    html = page()
    trap = named(html)["leave_empty"]
    assert (trap["autocomplete"], trap["tabindex"], trap["value"]) == ("off", "-1", "")
    assert {"data-1p-ignore", "data-bwignore"} <= set(trap)
    assert (trap["data-lpignore"], trap["data-form-type"]) == ("true", "other")
    assert '<div style="display:none" aria-hidden="true" hidden>' in html


def test_what_the_page_tells_of_itself_is_hidden_input():
    inputs = named(page(tag="spring"))
    assert inputs["shown"]["value"] == "a-token"
    assert inputs["shown_as"]["value"] == "page"
    assert inputs["tag"]["value"] == "spring"
    assert "tag" not in named(page())


def test_the_look_of_a_form_is_on_its_page():
    html = page()
    assert ":root{--button:#ffd400;--on-button:#000000;--accent:#7f6a00" in html
    assert ":root{--corner:14px}" in html
    assert "--button:" not in page(form=replace(FULL_FORM, look=Look()))


@pytest.mark.parametrize("scheme", [Scheme.LIGHT, Scheme.DARK])
def test_a_scheme_of_its_own_follows_no_system(scheme):
    html = page(form=replace(FULL_FORM, look=Look(accent="#ffd400", scheme=scheme)))
    assert "prefers-color-scheme" not in html
    assert f":root{{color-scheme:{scheme};" in html


def test_who_had_the_form_open_while_it_changed_is_told():
    assert 'role="alert"' in page(changed=True)
    assert 'role="alert"' not in page()
