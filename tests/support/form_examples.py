# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: RUF001  (French apostrophes are meant)
"""A form with a field of every type, every setting, and all four languages."""

from chalicelib.domain.forms import Box, Choice, Field, FieldType, Form, Gift, Guard, Look, Rule
from chalicelib.domain.ids import BrandId, FormId, ListId, PurposeId


def said(en: str, sv: str, de: str, fr: str) -> dict[str, str]:
    """One text in the four languages."""
    return {"en": en, "sv": sv, "de": de, "fr": fr}


FULL_FORM = Form(
    id=FormId("full"),
    brand=BrandId("demo"),
    lists=(ListId("newsletter"),),
    version=1,
    title=said(
        "Letters for gardeners",
        "Brev till odlare",
        "Briefe für Gärtnerinnen und Gärtner",
        "Lettres aux jardiniers",
    ),
    promise=said(
        "One mail a month about what to sow now.",
        "Ett mejl i månaden om vad som ska sås nu.",
        "Eine E-Mail im Monat darüber, was jetzt gesät wird.",
        "Un courriel par mois sur ce qu’il faut semer maintenant.",
    ),
    fields=(
        Field(
            name="email",
            type=FieldType.EMAIL,
            label=said("E-mail address", "E-postadress", "E-Mail-Adresse", "Adresse électronique"),
            required=True,
            max_chars=254,
            autocomplete="email",
        ),
        Field(
            name="name",
            type=FieldType.TEXT,
            label=said("Name", "Namn", "Name", "Nom"),
            autocomplete="name",
        ),
        Field(
            name="beds",
            type=FieldType.NUMBER,
            label=said("Beds", "Odlingsbäddar", "Beete", "Planches de culture"),
            hint=said("From 1 to 99.", "Från 1 till 99.", "Von 1 bis 99.", "De 1 à 99."),
            min=1,
            max=99,
        ),
        Field(
            name="since",
            type=FieldType.DATE,
            label=said(
                "Gardening since", "Odlar sedan", "Gärtnert seit", "Vous jardinez depuis le"
            ),
            earliest="1930-01-01",
            latest="2026-12-31",
        ),
        Field(
            name="zone",
            type=FieldType.CHOICE,
            label=said("Growing zone", "Odlingszon", "Klimazone", "Zone de culture"),
            required=True,
            choices=(
                Choice(value="1", label=said("Mild", "Mild", "Mild", "Douce")),
                Choice(value="2", label=said("Cold", "Kall", "Kalt", "Froide")),
            ),
        ),
        Field(
            name="adult",
            type=FieldType.TICK,
            label=said(
                "I am over 16.", "Jag är över 16 år.", "Ich bin über 16.", "J’ai plus de 16 ans."
            ),
            hint=said(
                "The law asks for it.",
                "Lagen kräver det.",
                "Das Gesetz verlangt es.",
                "La loi l’exige.",
            ),
            required=True,
        ),
        Field(
            name="phone",
            type=FieldType.PHONE,
            label=said("Phone", "Telefon", "Telefon", "Téléphone"),
            max_chars=30,
            autocomplete="tel",
        ),
        Field(
            name="site",
            type=FieldType.URL,
            label=said("Web page", "Webbsida", "Webseite", "Site web"),
            max_chars=200,
            autocomplete="url",
        ),
    ),
    boxes=(
        Box(
            name="newsletter",
            purpose=PurposeId("newsletter"),
            mandatory=True,
            text=said(
                "Yes, Example Controller may send me the garden letter by e-mail; the sowing "
                "calendar is given in return. I can withdraw at any time.",
                "Ja, Example Controller får skicka trädgårdsbrevet till mig med e-post; "
                "såkalendern ges i utbyte. Jag kan återkalla när som helst.",
                "Ja, Example Controller darf mir den Garten-Newsletter per E-Mail senden; dafür "
                "gibt es den Saatkalender. Ich kann jederzeit widerrufen.",
                "Oui, Example Controller peut m’envoyer la lettre du jardin par courriel ; le "
                "calendrier des semis est remis en échange. Je peux retirer mon consentement "
                "à tout moment.",
            ),
        ),
        Box(
            name="measurement",
            purpose=PurposeId("measurement"),
            text=said(
                "Example Controller may measure whether I open these mails. I can withdraw this "
                "on its own.",
                "Example Controller får mäta om jag öppnar mejlen. Jag kan återkalla just detta.",
                "Example Controller darf messen, ob ich diese E-Mails öffne. Ich kann dies "
                "gesondert widerrufen.",
                "Example Controller peut mesurer si j’ouvre ces courriels. Je peux retirer ce seul "
                "consentement.",
            ),
        ),
    ),
    gift=Gift(
        name=said("Sowing calendar", "Såkalender", "Saatkalender", "Calendrier des semis"),
        url="https://www.example.org/calendar.pdf",
    ),
    redirect_url="https://www.example.org/welcome?from=letters",
    look=Look(accent="#ffd400", corner_px=14),
    origins=("https://www.example.org", "http://127.0.0.1:8099"),
    guard=Guard(disposable=Rule.REFUSE, role=Rule.STEP, min_fill_s=3, no_mail=Rule.STEP),
)
