# SPDX-License-Identifier: Apache-2.0
"""Why each shipped import rule is as it is, one sentence each in the four languages.

Guarantees a source that a lawyer can look up. It is what the product's authors read, and not legal
advice: whoever mails has their own counsel check it.
"""

from collections.abc import Mapping
from typing import Final

WHY: Final[Mapping[str, Mapping[str, str]]] = {
    "SE": {
        "en": "The Marketing Act (marknadsföringslagen) § 19 asks for consent before the mail, or"
        " a sale with the objection offered; a time and an origin are the least that shows a"
        " consent (GDPR Art. 7(1)).",
        "sv": "Marknadsföringslagen 19 § kräver samtycke före mejlet, eller en försäljning där man"
        " fick säga nej; en tid och ett ursprung är det minsta som visar ett samtycke (GDPR art."
        " 7.1).",
        "de": "Das Marktgesetz (marknadsföringslagen) § 19 verlangt eine Einwilligung vor der"
        " E-Mail oder einen Verkauf mit angebotenem Widerspruch; Zeit und Herkunft sind das"
        " Mindeste, was eine Einwilligung zeigt (Art. 7 Abs. 1 DSGVO).",
        "fr": "La loi sur le marketing (marknadsföringslagen), § 19, exige un consentement avant"
        " le courriel, ou une vente où l’opposition a été proposée\u00a0; une date et une origine"
        " sont le minimum qui montre un consentement (RGPD art. 7.1).",
    },
    "DE": {
        "en": "UWG § 7(2) and (3); the courts (BGH I ZR 164/09, OLG München 29 U 1682/12) want"
        " each person's own declaration documented: a double opt-in is what holds.",
        "sv": "UWG § 7 st. 2–3; domstolarna (BGH I ZR 164/09, OLG München 29 U 1682/12) vill ha"
        " varje persons egen förklaring dokumenterad: det som håller är double opt-in.",
        "de": "UWG § 7 Abs. 2 und 3; die Gerichte (BGH I ZR 164/09, OLG München 29 U 1682/12)"
        " verlangen, dass die Erklärung jeder Person dokumentiert ist: Was hält, ist das"
        " Double-Opt-in.",
        "fr": "UWG § 7 al. 2 et 3\u00a0; les tribunaux (BGH I ZR 164/09, OLG München 29 U 1682/12)"
        " veulent la déclaration de chaque personne documentée\u00a0: c’est le double opt-in qui"
        " tient.",
    },
    "FR": {
        "en": "CPCE art. L34-5 and GDPR Art. 7(1); by the practice of the CNIL nobody is mailed"
        " three years after their last sign of interest (have counsel check that).",
        "sv": "CPCE art. L34-5 och GDPR art. 7.1; enligt CNIL:s praxis mejlas ingen tre år efter"
        " sitt senaste livstecken (låt en jurist kontrollera det).",
        "de": "CPCE Art. L34-5 und Art. 7 Abs. 1 DSGVO; nach der Praxis der CNIL erhält drei Jahre"
        " nach dem letzten Kontakt niemand mehr E-Mails (bitte rechtlich prüfen lassen).",
        "fr": "CPCE art. L34-5 et RGPD art. 7.1\u00a0; selon la pratique de la CNIL, plus de"
        " courriel trois ans après le dernier contact (à faire vérifier par un juriste).",
    },
    "*": {
        "en": "A country of which no rule is known here: the strictest one, until you write yours.",
        "sv": "Ett land vars regel inte är känd här: den strängaste, tills du skriver din egen.",
        "de": "Ein Land, dessen Regel hier nicht bekannt ist: die strengste, bis Sie eine eigene"
        " schreiben.",
        "fr": "Un pays dont aucune règle n’est connue ici\u00a0: la plus stricte, jusqu’à ce que"
        " vous écriviez la vôtre.",
    },
}
