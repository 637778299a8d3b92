# SPDX-License-Identifier: Apache-2.0
"""What will no longer be provable after an erasure: one sentence a country, in four languages.

Information for the person who approves, not legal advice; the general sentence says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

GENERAL: Final = "*"
COUNTRIES: Final = ("SE", "DE", "FR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """One sentence; ``country`` is an ISO 3166-1 code, or ``*`` for every country."""

    country: str
    sentence: str


def consequences(country: str | None, language: str) -> tuple[Consequence, ...]:
    """Return the general sentence, then that of ``country`` if it has one, or all when None.

    Example:
        >>> [each.country for each in consequences("SE", "sv")]
        ['*', 'SE']
    """
    wanted = COUNTRIES if country is None else (country,)
    texts = _SENTENCES.get(language, _SENTENCES["en"])
    return tuple(
        Consequence(country=each, sentence=texts[each])
        for each in (GENERAL, *wanted)
        if each in texts
    )


_SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        GENERAL: (
            "After the erasure nobody can show any more what this person agreed to, under which "
            "address or from where, although GDPR Art. 7(1) leaves the burden of showing consent "
            "for mail already sent with the controller; that entries existed, when, and that they "
            "were erased on this ground stays provable. This is information, not legal advice."
        ),
        "SE": (
            "Sweden: should the Consumer Agency or a recipient object to mail already sent "
            "(section 19 of the Marketing Act, 2008:486), this person's prior consent can no "
            "longer be shown."
        ),
        "DE": (
            "Germany: the sender bears the burden of proving each single consent with its content "
            "(BGH, 10 February 2011, I ZR 164/09; section 7 UWG), and for mail already sent to "
            "this person that proof can no longer be brought, neither against them nor against a "
            "competitor or association."
        ),
        "FR": (
            "France: consent to electronic prospecting (Art. L. 34-5 CPCE; GDPR Art. 7(1)) can no "
            "longer be shown to the CNIL for this person, nor in a dispute about mail already sent."
        ),
    },
    "sv": {
        GENERAL: (
            "Efter raderingen kan ingen längre visa vad den här personen samtyckte till, med "
            "vilken adress eller varifrån, fast bevisbördan för samtycket till redan skickad "
            "e-post enligt artikel 7.1 i GDPR ligger kvar hos den personuppgiftsansvarige; att "
            "poster fanns, när, och att de raderades på den här grunden går fortfarande att "
            "bevisa. Detta är information, inte juridisk rådgivning."
        ),
        "SE": (
            "Sverige: om Konsumentverket eller en mottagare invänder mot redan skickad e-post "
            "(19 § marknadsföringslagen, 2008:486) kan personens förhandssamtycke inte längre "
            "visas."
        ),
        "DE": (
            "Tyskland: avsändaren har bevisbördan för varje enskilt samtycke och dess innehåll "
            "(BGH 10 februari 2011, I ZR 164/09; 7 § UWG), och för redan skickad e-post till "
            "personen kan det beviset inte längre föras, varken mot personen eller mot en "
            "konkurrent eller förening."
        ),
        "FR": (
            "Frankrike: samtycket till elektronisk direktreklam (artikel L. 34-5 CPCE; artikel 7.1 "
            "i GDPR) kan inte längre visas för CNIL när det gäller personen, och inte heller i en "
            "tvist om redan skickad e-post."
        ),
    },
    "de": {
        GENERAL: (
            "Nach der Löschung kann niemand mehr zeigen, worin diese Person unter welcher Adresse "
            "und von wo aus eingewilligt hat, obwohl die Beweislast für die Einwilligung in "
            "bereits versandte E-Mails nach Art. 7 Abs. 1 DSGVO beim Verantwortlichen bleibt; dass "
            "es Einträge gab, wann, und dass sie aus diesem Grund gelöscht wurden, bleibt "
            "beweisbar. Dies ist eine Information, keine Rechtsberatung."
        ),
        "SE": (
            "Schweden: Wenden sich die Verbraucherbehörde oder ein Empfänger gegen bereits "
            "versandte E-Mails (§ 19 des schwedischen Marketinggesetzes, 2008:486), lässt sich "
            "die vorherige Einwilligung dieser Person nicht mehr zeigen."
        ),
        "DE": (
            "Deutschland: Der Werbende muss jede einzelne Einwilligung mit ihrem Inhalt beweisen "
            "(BGH, 10. Februar 2011, I ZR 164/09; § 7 UWG), und für bereits an diese Person "
            "versandte E-Mails lässt sich dieser Beweis weder ihr noch einem Mitbewerber oder "
            "Verband gegenüber mehr führen."
        ),
        "FR": (
            "Frankreich: Die Einwilligung in elektronische Werbung (Art. L. 34-5 CPCE; Art. 7 "
            "Abs. 1 DSGVO) lässt sich für diese Person weder gegenüber der CNIL noch in einem "
            "Streit über bereits versandte E-Mails mehr zeigen."
        ),
    },
    "fr": {
        GENERAL: (
            "Après l'effacement, plus personne ne peut montrer à quoi cette personne a consenti, "
            "sous quelle adresse ni d'où, alors que l'article 7, paragraphe 1, du RGPD laisse au "
            "responsable du traitement la charge de prouver le consentement aux courriels déjà "
            "envoyés ; il reste démontrable que des inscriptions ont existé, quand, et qu'elles "
            "ont été effacées pour ce motif. Ceci est une information, non un conseil juridique."
        ),
        "SE": (
            "Suède : si l'agence de la consommation ou un destinataire conteste des courriels déjà "
            "envoyés (article 19 de la loi sur le marketing, 2008:486), le consentement préalable "
            "de cette personne ne peut plus être montré."
        ),
        "DE": (
            "Allemagne : l'expéditeur doit prouver chaque consentement et son contenu (BGH, "
            "10 février 2011, I ZR 164/09 ; article 7 UWG), et pour les courriels déjà envoyés à "
            "cette personne cette preuve ne peut plus être apportée, ni face à elle ni face à un "
            "concurrent ou à une association."
        ),
        "FR": (
            "France : le consentement à la prospection électronique (article L. 34-5 du CPCE ; "
            "article 7, paragraphe 1, du RGPD) ne peut plus être démontré à la CNIL pour cette "
            "personne, ni dans un litige sur des courriels déjà envoyés."
        ),
    },
}
