# SPDX-License-Identifier: Apache-2.0
"""The preference centre's pages and its mail, in every language and state."""

import re

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.preferences import Bar
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM
from tests.support.preference_examples import (
    PATH,
    TOKEN,
    centre,
    centre_data,
    preference_pages,
    saved_data,
)

RENDERER = TemplateRenderer()
URL = f"https://news.example.org{PATH}"
CHECKPOINT = {"origin": "log.example.org/demo", "size": 12, "root": "Q3Vyc29y"}


def page(name, data):
    return RENDERER.page(f"pages/{name}.html", data)


def inputs(html):
    """Attributes of each input by its name."""
    tags = re.findall(r"<(?:input|select)([^>]*)>", html)
    read = [dict(re.findall(r'([\w-]+)(?:="([^"]*)")?', tag)) for tag in tags]
    return {found["name"]: found for found in read}


def mail(language, **changes):
    data = {
        "language": language,
        "brand": DEMO_BRAND,
        "access_url": URL,
        "checkpoint": CHECKPOINT,
    }
    return RENDERER.mail("access", data | changes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_access_mail_holds_the_link_how_long_it_works_and_who_sends_it(language):
    found = mail(language)
    assert found.subject in page(
        "preferences_mailed", preference_pages(language)["preferences_mailed"]
    )
    assert DEMO_BRAND.name in found.subject
    for part in (found.html, found.text):
        for said in (URL, "60", DEMO_BRAND.controller_name, "ledger log.example.org/demo 12"):
            assert said in part
    assert not re.search(r"<(img|script|link|iframe)|url\(", found.html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_ticks_what_is_given_and_says_each_problem_twice(language):
    found = inputs(page("preferences", centre_data(language)))
    boxes = {
        name: "checked" in each for name, each in found.items() if each.get("type") == "checkbox"
    }
    assert boxes == {"newsletter.newsletter": True, "newsletter.measurement": False}
    problems = {"pause": "bad_pause", "a-first_name": "too_long"}
    html = page("preferences", centre_data(language, problems=problems))
    for name in problems:
        wrong = inputs(html)[name]
        assert wrong["aria-invalid"] == "true"
        assert f'id="{wrong["aria-describedby"]}"' in html
        assert f'href="#{wrong["id"]}"' in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_saved_page_says_in_words_what_was_given_and_taken(language):
    html = page("preferences_saved", saved_data(language))
    for said in (
        *(box.text[language] for box in DEMO_FORM.boxes),
        "Grace",
        "Deutsch",
        "2026-12-01",
    ):
        assert said in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "changes",
    [
        {"bar": Bar.RESTRICTED},
        {"bar": Bar.SUPPRESSED},
        {"is_objected": True},
        {"is_customer": True},
    ],
)
def test_what_keeps_mail_away_is_said_at_the_top(language, changes):
    html = page("preferences", centre_data(language, centre=centre(language, **changes)))
    assert html.index('<p class="quote">') < html.index("<form")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_the_language_of_the_page(language):
    english = set(words("en"))
    if language != "en":
        assert not english & set(words(language))


def words(language):
    """The texts of our own, longer than a word: data is cut out."""
    for name, data in preference_pages(language).items():
        if name != "own_data":
            html = re.sub(r"(?s)<(style|details)>.*?</\1>", "", page(name, data))
            for text in re.findall(r">([^<>]{25,})<", html):
                if not any(known in text for known in ("Example", "example", "UTC")):
                    yield text.strip()


def test_the_file_of_one_s_data_leads_nowhere():
    data = preference_pages("en")["own_data"] | {"is_file": True, "path": ""}
    html = page("own_data", data)
    assert "/preferences/" not in html
    assert TOKEN not in html
    assert "<form" not in html
