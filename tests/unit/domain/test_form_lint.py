# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: RUF001  (French apostrophes are meant)
"""The lint names dark patterns in four languages, and leaves plain words alone."""

import unicodedata
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


HONEST = {
    "en": (
        (
            "Example Controller may send me its weekly newsletter by e-mail. If I don't want it"
            " any more, I can unsubscribe at any time."
        ),
        (
            "Send me news of Example Controller by e-mail. Example Controller does not share my"
            " address with anybody. I can withdraw at any time with one click."
        ),
        (
            "Example Controller may e-mail me the week's menu, which I can order by phone. I "
            "can unsubscribe with one click in any mail."
        ),
        (
            "Example Controller may e-mail me offers; my data is never passed on to others. I "
            "can withdraw my consent at any time."
        ),
        (
            "Example Controller may e-mail me about new tracks and concerts. I can unsubscribe "
            "at any time."
        ),
        (
            "The association Example Controller may send me e-mails about safety measures on "
            "the river. Unsubscribe at any time."
        ),
        (
            "Example Controller may send me a newsletter with gifts to personalise. I can "
            "unsubscribe any time."
        ),
        (
            "Example Controller may send me the newsletter. I do not have to be a customer, and"
            " I can unsubscribe at any time."
        ),
        (
            "Example Controller may send me the newsletter. Example Controller will not call me"
            " or text me. I can unsubscribe at any time."
        ),
        (
            "Example Controller may send me the newsletter about once a month, without "
            "measuring whether I open it. I can withdraw at any time."
        ),
        (
            "Example Controller may e-mail me when I have left something in my basket. Example "
            "Controller never sells or gives my address to anybody. Unsubscribe any time."
        ),
        (
            "Example Controller may send me the newsletter. The privacy notice says what "
            "happens to my data. I can unsubscribe at any time."
        ),
        (
            "Yes, Example Controller may e-mail me news about bread, cake and opening hours. No"
            " data is passed to third parties. I can withdraw at any time."
        ),
        (
            "Example Controller may send me the newsletter. I don't pay anything for it and can"
            " unsubscribe at any time."
        ),
    ),
    "sv": (
        (
            "Example Controller får skicka nyhetsbrevet till mig med e-post. Om jag inte vill "
            "ha det längre kan jag avregistrera mig när som helst."
        ),
        (
            "Example Controller får skicka nyhetsbrev till mig. Example Controller kommer inte "
            "att lämna ut mina uppgifter till någon. Jag kan återkalla när som helst."
        ),
        (
            "Example Controller får mejla mig veckans meny, som jag kan beställa per telefon. "
            "Jag kan avregistrera mig när som helst."
        ),
        (
            "Example Controller får skicka nyhetsbrev till mig. Mina uppgifter delas inte med "
            "andra. Jag kan avregistrera mig med ett klick."
        ),
        (
            "Föreningen Example Controller får skicka nyhetsbrev till mig. Adressen säljs "
            "aldrig. Jag kan återkalla mitt samtycke när som helst."
        ),
        (
            "Ja, skicka mig Example Controllers nyhetsbrev. När jag inte vill ha det längre "
            "avregistrerar jag mig."
        ),
        (
            "Example Controller får skicka nyhetsbrev till mig om hur vi mäter och väger mjöl. "
            "Jag kan avsluta när som helst."
        ),
    ),
    "de": (
        (
            "Die Example Controller darf mir ihren Newsletter per E-Mail senden. Sie wird meine"
            " Daten nicht an Dritte weitergeben. Ich kann jederzeit widerrufen."
        ),
        (
            "Example Controller darf mir Angebote per E-Mail senden, die ich telefonisch "
            "bestellen kann. Abmelden kann ich mich jederzeit."
        ),
        (
            "Ich möchte den Newsletter der Example Controller erhalten. Wenn ich das nicht mehr"
            " möchte, kann ich mich jederzeit abmelden."
        ),
        (
            "Example Controller darf mir Neuigkeiten senden. Ich brauche dafür kein Konto und "
            "kann mich jederzeit abmelden."
        ),
        (
            "Example Controller darf mir Angebote zu Geschenken zum Personalisieren per E-Mail "
            "senden. Ich kann jederzeit widerrufen."
        ),
        (
            "Example Controller darf mir den Newsletter senden, ohne ihn auszuwerten. Ich kann "
            "jederzeit widerrufen."
        ),
        (
            "Ich stimme zu, dass Example Controller mir Angebote senden darf. Mehr: "
            "Datenschutzerklärung. Ich kann jederzeit widerrufen."
        ),
        (
            "Der Verein Example Controller darf mir Einladungen per E-Mail senden. Meine "
            "Adresse wird er niemals verkaufen oder weitergeben. Ich kann jederzeit widerrufen."
        ),
        (
            "Ich möchte keine Termine verpassen: Der Verein Example Controller darf mir seinen "
            "Newsletter senden. Ich kann jederzeit widerrufen."
        ),
    ),
    "fr": (
        (
            "Example Controller peut m’envoyer sa lettre par courriel. Si je ne souhaite pas la"
            " recevoir plus longtemps, je peux me désabonner à tout moment."
        ),
        (
            "Example Controller peut m’envoyer sa lettre, sans communiquer mon adresse à "
            "quiconque. Je peux retirer mon accord à tout moment."
        ),
        (
            "Example Controller peut m’envoyer le menu, que je peux commander par téléphone. Je"
            " peux me désinscrire à tout moment."
        ),
        (
            "Example Controller peut m’envoyer des offres d’objets à personnaliser. Je peux me "
            "désinscrire à tout moment."
        ),
        (
            "Example Controller s’engage à ne pas transmettre mes données à des tiers et peut "
            "m’envoyer sa lettre. Je peux me désinscrire à tout moment."
        ),
        (
            "Example Controller peut m’envoyer sa lettre. Je n’ai pas besoin de compte. Je peux"
            " me désinscrire à tout moment."
        ),
        (
            "Example Controller peut m’envoyer sa lettre, sans mesurer si je l’ouvre. Je peux "
            "retirer mon consentement à tout moment."
        ),
    ),
}
"""Texts of a bakery, a shop and an association that have nothing to hide."""
HONEST_TICKS = {
    "en": ("I do not eat nuts.", "I don’t live here.", "Please do not call me by phone."),
    "sv": ("Jag vill inte ha nötter.", "Jag är över 16 år."),
    "de": ("Ich mag keine Nüsse.", "Ich möchte nicht angerufen werden."),
    "fr": ("Je ne mange pas de noix.", "Je n’ai pas d’allergie."),
}
DENIED_TOO_LITTLE = {
    "en": "Send me news. It costs me nothing and you may share my address with advertisers.",
    "sv": "Skicka nyhetsbrevet till mig, och inte bara det: ni får dela mina uppgifter.",
    "de": "Den Newsletter senden und nicht nur meine Adresse an Werbende weitergeben.",
    "fr": "M’envoyer la lettre. Cela ne coûte rien et permet de transmettre mes données.",
}
SHAMED = {
    "en": ("I don’t want to save money.", "I do not care about my health.", "I hate discounts."),
    "sv": ("Jag vill inte ha några rabatter.", "Jag missar hellre allt."),
    "de": ("Ich brauche keine Angebote.", "Ich will lieber mehr bezahlen."),
    "fr": ("Je ne veux pas d’offres.", "Je préfère payer plus cher."),
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


def test_two_boxes_that_must_both_be_ticked_are_one_box_of_two_purposes():
    first, second, *_ = DEMO_FORM.boxes
    form = replace(DEMO_FORM, boxes=(first, replace(second, mandatory=True)))
    found = errors(lint(form, DEMO_BRAND))
    assert {(x.code, x.place) for x in found} == {
        (FindingCode.BUNDLED, f"boxes.{second.name}.mandatory")
    }
    assert {x.language for x in found} == set(LANGUAGES)


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


def every(texts):
    return [(language, text) for language, several in texts.items() for text in several]


@pytest.mark.parametrize(("language", "text"), every(HONEST))
def test_an_honest_text_has_nothing_to_mend(language, text):
    assert codes(boxed(text, language)) == set()


@pytest.mark.parametrize(("language", "text"), every(HONEST_TICKS))
def test_a_plain_fact_that_says_no_to_something_else_is_no_shaming(language, text):
    tick = Field(name="fact", type=FieldType.TICK, label={language: text})
    assert not lint(replace(DEMO_FORM, fields=(*DEMO_FORM.fields, tick)), DEMO_BRAND)


@pytest.mark.parametrize(("language", "text"), DENIED_TOO_LITTLE.items())
def test_a_no_to_something_else_hides_no_second_purpose(language, text):
    assert FindingCode.BUNDLED in codes(boxed(text, language))


@pytest.mark.parametrize(("language", "text"), every(SHAMED))
def test_a_choice_worded_to_shame_is_found_without_no_thanks(language, text):
    assert FindingCode.SHAMING in codes(boxed(text, language))


def test_a_letter_and_its_accent_written_apart_are_the_same_word():
    text = unicodedata.normalize("NFD", CLEAN["newsletter"]["sv"])
    assert not codes(boxed(text, "sv"))


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
