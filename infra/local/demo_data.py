# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: RUF001  (French apostrophes are meant)
"""The demo brand, list and form the local stack is seeded with: texts in four languages.

Guarantees that the texts are complete in every language of the product, and names nobody: the
controller and its addresses are examples (RFC 2606).
"""

from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.forms import Box, Field, FieldType, Form
from chalicelib.domain.ids import BrandId, FormId, ListId, PurposeId

DEMO_CREATED_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z: the same at every start, so that a seed is repeatable."""

DEMO_BRAND = Brand(
    id=BrandId("demo"),
    code="6b766974",
    name="Kvitto Demo",
    controller_name="Example Controller",
    postal_address="1 Example Street, 123 45 Example Town (example.org)",
    contact_address="privacy@example.org",
    from_address="newsletter@example.org",
)

DEMO_LIST = MailingList(
    id=ListId("newsletter"),
    brand=DEMO_BRAND.id,
    name="Newsletter",
    created_ms=DEMO_CREATED_MS,
)

_NEWSLETTER = Box(
    name="newsletter",
    purpose=PurposeId("newsletter"),
    mandatory=True,
    text={
        "en": (
            "Yes, Example Controller may send me the Kvitto Demo newsletter by e-mail. "
            "I can withdraw my consent at any time, with the link in every mail."
        ),
        "sv": (
            "Ja, Example Controller får skicka nyhetsbrevet från Kvitto Demo till mig med e-post. "
            "Jag kan när som helst återkalla mitt samtycke med länken i varje mejl."
        ),
        "de": (
            "Ja, Example Controller darf mir den Newsletter von Kvitto Demo per E-Mail senden. "
            "Ich kann meine Einwilligung jederzeit über den Link in jeder E-Mail widerrufen."
        ),
        "fr": (
            "Oui, Example Controller peut m’envoyer par courriel la newsletter de Kvitto Demo. "
            "Je peux retirer mon consentement à tout moment, avec le lien présent dans "
            "chaque courriel."
        ),
    },
)

_MEASUREMENT = Box(
    name="measurement",
    purpose=PurposeId("measurement"),
    text={
        "en": (
            "Example Controller may measure whether I open these mails and which links I follow, "
            "to make the newsletter better. I can withdraw this on its own at any time, and it "
            "then stops for mails already sent, too."
        ),
        "sv": (
            "Example Controller får mäta om jag öppnar mejlen och vilka länkar jag följer, för "
            "att göra nyhetsbrevet bättre. Jag kan när som helst återkalla just detta, och då "
            "upphör det även för mejl som redan skickats."
        ),
        "de": (
            "Example Controller darf messen, ob ich diese E-Mails öffne und welchen Links ich "
            "folge, um den Newsletter zu verbessern. Ich kann dies jederzeit gesondert "
            "widerrufen; es endet dann auch für bereits versandte E-Mails."
        ),
        "fr": (
            "Example Controller peut mesurer si j’ouvre ces courriels et quels liens je suis, afin "
            "d’améliorer la newsletter. Je peux retirer ce seul consentement à tout moment ; la "
            "mesure cesse alors aussi pour les courriels déjà envoyés."
        ),
    },
)

DEMO_FORM = Form(
    id=FormId("demo"),
    brand=DEMO_BRAND.id,
    lists=(DEMO_LIST.id,),
    version=1,
    title={
        "en": "The Kvitto Demo newsletter",
        "sv": "Nyhetsbrevet från Kvitto Demo",
        "de": "Der Newsletter von Kvitto Demo",
        "fr": "La newsletter de Kvitto Demo",
    },
    promise={
        "en": "One mail a month about what is new in Kvitto. Nothing else.",
        "sv": "Ett mejl i månaden om vad som är nytt i Kvitto. Inget annat.",
        "de": "Eine E-Mail im Monat über Neues in Kvitto. Sonst nichts.",
        "fr": "Un courriel par mois sur les nouveautés de Kvitto. Rien d’autre.",
    },
    fields=(
        Field(
            name="email",
            type=FieldType.EMAIL,
            label={
                "en": "E-mail address",
                "sv": "E-postadress",
                "de": "E-Mail-Adresse",
                "fr": "Adresse électronique",
            },
            required=True,
            max_chars=254,
            autocomplete="email",
        ),
        Field(
            name="first_name",
            type=FieldType.TEXT,
            label={"en": "First name", "sv": "Förnamn", "de": "Vorname", "fr": "Prénom"},
            autocomplete="given-name",
        ),
    ),
    boxes=(_NEWSLETTER, _MEASUREMENT),
)
