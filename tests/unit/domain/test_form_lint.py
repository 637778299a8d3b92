# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: RUF001  (French apostrophes are meant)
"""The lint names dark patterns in four languages, and leaves plain words alone."""

from dataclasses import replace

import pytest

from chalicelib.domain import form_words
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.form_lint import FindingCode, errors, lint
from chalicelib.domain.forms import Field, FieldType, Form, Gift
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM
from tests.support.form_examples import FULL_FORM

CLEAN = {box.name: box.text for box in DEMO_FORM.boxes}
TABLES = (
    form_words.WITHDRAWAL,
    form_words.SHAMING,
    form_words.VAGUE,
    form_words.IN_RETURN,
    *form_words.ACTS.values(),
)
BUNDLED = {
    "en": "Send me the newsletter and share my data with advertisers.",
    "sv": "Skicka nyhetsbrevet till mig och dela mina uppgifter med annonsörer.",
    "de": "Den Newsletter per E-Mail senden und meine Daten an Werbende weitergeben.",
    "fr": "M’envoyer la newsletter et transmettre mes données à des annonceurs.",
}
WITH_TERMS = {
    "en": "I accept the terms and you may send me news.",
    "sv": "Jag godkänner villkoren och ni får skicka nyhetsbrev till mig.",
    "de": "Ich akzeptiere die AGB und möchte den Newsletter erhalten.",
    "fr": "J’accepte les conditions et souhaite recevoir la newsletter.",
}
SHAMING = {
    "en": "No thanks, I'd rather pay full price.",
    "sv": "Nej tack, jag betalar hellre fullt pris.",
    "de": "Nein danke, ich zahle lieber den vollen Preis.",
    "fr": "Non merci, je préfère payer plein tarif.",
}
VAGUE = {
    "en": "Example Controller and its partners may write to me.",
    "sv": "Example Controller och dess samarbetspartner får skriva till mig.",
    "de": "Example Controller und seine Partner dürfen mir schreiben.",
    "fr": "Example Controller et ses partenaires peuvent m’écrire.",
}


def boxed(text: str, language: str) -> Form:
    """The demo form in one language, its mandatory box saying ``text``."""
    box = replace(DEMO_FORM.boxes[0], text={language: text})
    return replace(DEMO_FORM, boxes=(box,))


def codes(form: Form) -> set[FindingCode]:
    return {finding.code for finding in lint(form, DEMO_BRAND)}


def test_every_table_has_every_language():
    assert all(set(table) == set(LANGUAGES) for table in TABLES)


@pytest.mark.parametrize("form", [DEMO_FORM, FULL_FORM], ids=["demo", "full"])
def test_a_plain_form_has_nothing_to_mend(form):
    assert lint(form, DEMO_BRAND) == ()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("texts", [BUNDLED, WITH_TERMS], ids=["sharing", "terms"])
def test_a_box_of_two_purposes_is_an_error(language, texts):
    found = errors(lint(boxed(texts[language], language), DEMO_BRAND))
    assert [(x.code, x.language, x.place) for x in found] == [
        (FindingCode.BUNDLED, language, "boxes.newsletter.text")
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_consent_in_a_tick_is_an_error_and_terms_in_it_are_not(language):
    tick = Field(name="terms", type=FieldType.TICK, label={language: WITH_TERMS[language]})
    form = replace(DEMO_FORM, fields=(*DEMO_FORM.fields, tick))
    (found,) = errors(lint(form, DEMO_BRAND))
    assert (found.code, found.place) == (FindingCode.BUNDLED, "fields.terms.label")
    plain = {
        "en": "I accept the terms of the course.",
        "sv": "Jag godkänner kursens villkor.",
        "de": "Ich akzeptiere die AGB.",
        "fr": "J’accepte les conditions du cours.",
    }
    tick = replace(tick, label={language: plain[language]})
    assert not lint(replace(DEMO_FORM, fields=(*DEMO_FORM.fields, tick)), DEMO_BRAND)


@pytest.mark.parametrize("language", LANGUAGES)
def test_shaming_is_an_error(language):
    assert FindingCode.SHAMING in {
        x.code for x in errors(lint(boxed(SHAMING[language], language), DEMO_BRAND))
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_gift_that_the_box_does_not_name_is_an_error(language):
    gift = Gift(name={language: "Calendar"}, url="https://example.org/calendar")
    form = replace(boxed(CLEAN["newsletter"][language], language), gift=gift)
    (found,) = errors(lint(form, DEMO_BRAND))
    assert found.code is FindingCode.GIFT_PRICE
    assert "Calendar" in found.detail
    said = boxed(CLEAN["newsletter"][language] + " + calendar", language)
    assert not lint(replace(said, gift=gift), DEMO_BRAND)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_leave_the_purpose_open_are_warned_of(language):
    form = boxed(VAGUE[language], language)
    assert FindingCode.VAGUE_PURPOSE in codes(form)
    assert not errors(lint(form, DEMO_BRAND))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_without_controller_or_withdrawal_is_warned_of(language):
    assert codes(boxed("Ja. Oui.", language)) == {
        FindingCode.MISSING_CONTROLLER,
        FindingCode.MISSING_WITHDRAWAL,
    }


def test_a_promise_of_nothing_is_warned_of():
    form = replace(DEMO_FORM, promise={**DEMO_FORM.promise, "sv": "Nyheter!"})
    (found,) = lint(form, DEMO_BRAND)
    assert (found.code, found.language, found.place) == (
        FindingCode.MISSING_PROMISE,
        "sv",
        "promise",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Example Controller may e-mail me. I can withdraw at any time, by post or by phone.",
        "Example Controller may send me news; I can unsubscribe, or send me a note.",
    ],
)
def test_how_consent_is_withdrawn_is_no_second_purpose(text):
    assert codes(boxed(text, "en")) == set()
