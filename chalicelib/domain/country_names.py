# SPDX-License-Identifier: Apache-2.0
"""Codes of countries, and the names that files have for those nearest to the shipped rules.

Guarantees every officially assigned two-letter code, and names in English, Swedish, German and
French and in the country's own language.

Source: ISO 3166-1 alpha-2; Unicode CLDR 46, territory names.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_ASSIGNED: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR"
    " BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ"
    " EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW"
    " GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY"
    " KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV"
    " MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY"
    " QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG"
    " TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM"
    " ZW"
)
CODES: Final = frozenset(_ASSIGNED.split())

_SOLD: Final = "ac ag ai bz cc co fm gg im io la ly me mu nu pw sc sh tk to tv vc ws"
GENERIC_DOMAINS: Final = frozenset(_SOLD.split())
"""Country domains that are sold to everybody: they say nothing of where somebody lives."""

_NAMES: Final = {
    "SE": "sweden sverige schweden suède suede",
    "DE": "germany tyskland deutschland allemagne",
    "FR": "france frankrike frankreich",
    "DK": "denmark danmark dänemark danemark",
    "NO": "norway norge norwegen norvège norvege",
    "FI": "finland finnland finlande suomi",
    "IS": "iceland island islande ísland",
    "AT": "austria österrike österreich oesterreich autriche",
    "CH": "switzerland schweiz suisse svizzera",
    "BE": "belgium belgien belgique belgië",
    "NL": "netherlands nederländerna niederlande pays-bas nederland",
    "LU": "luxembourg luxemburg",
    "ES": "spain spanien espagne españa",
    "IT": "italy italien italie italia",
    "PT": "portugal",
    "PL": "poland polen pologne polska",
    "IE": "ireland irland irlande",
    "GB": "united-kingdom storbritannien grossbritannien großbritannien royaume-uni england uk",
    "US": "united-states usa förenta-staterna etats-unis états-unis vereinigte-staaten",
}
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        spelling.casefold(): code
        for code, names in _NAMES.items()
        for name in names.split()
        for spelling in (name, name.replace("-", " "))
    }
)
"""Casefolded name → code."""
