# SPDX-License-Identifier: Apache-2.0
"""Which claimed evidence a country's law lets a brand mail on; the operator's to change.

Guarantees that every country has a rule: one the table does not name has the strictest that ships
with it. Refuses to loosen that one without a reason in writing. None of it is legal advice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from chalicelib.domain.country_names import CODES, GENERIC_DOMAINS, NAMES
from chalicelib.domain.country_words import WHY
from chalicelib.domain.state import Grade
from chalicelib.errors import FatalError, InputError

RULES_VERSION: Final = 1
ELSEWHERE: Final = "*"
"""The rule of every country that has none of its own."""
MAX_WHY_CHARS: Final = 500
MAX_SILENT_DAYS: Final = 3_650
_DOMAIN_CODES: Final = MappingProxyType({"uk": "GB"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryRule:
    """What a claim of a file must show before its person is mailed.

    Attributes:
        country: ISO 3166-1 alpha-2, or `ELSEWHERE`.
        consent_grade: weakest claimed evidence of a consent that is enough, ``A`` to ``E``.
        soft_opt_in: whether a sale with the objection offered at it is a basis at all.
        silent_days: somebody who did nothing for longer waits; None looks at no such thing.
        why: one sentence by language; a rule of the operator's own has one for all ("").
    """

    country: str
    consent_grade: Grade
    soft_opt_in: bool
    silent_days: int | None = None
    why: Mapping[str, str]

    def __post_init__(self) -> None:
        known = self.country == ELSEWHERE or self.country in CODES
        if not known:
            raise _bad("A country is two capital letters of ISO 3166-1, or * for all others.")
        if self.silent_days is not None and not 1 <= self.silent_days <= MAX_SILENT_DAYS:
            raise _bad(f"A silence is 1 to {MAX_SILENT_DAYS:,} days long, or not looked at.")
        if any(len(text) > MAX_WHY_CHARS for text in self.why.values()):
            raise _bad(f"A reason has {MAX_WHY_CHARS} characters at most.")

    def reason(self, language: str) -> str:
        """Return the sentence in a language, else the operator's own, else the English one."""
        return self.why.get(language) or self.why.get("") or self.why.get("en", "")


Rules = Mapping[str, CountryRule]
"""By country; always with `ELSEWHERE`."""


def _shipped(country: str, grade: Grade, *, soft: bool, silent: int | None = None) -> CountryRule:
    return CountryRule(
        country=country,
        consent_grade=grade,
        soft_opt_in=soft,
        silent_days=silent,
        why=WHY[country],
    )


_ALL: Final = (
    _shipped("SE", Grade.C, soft=True),
    _shipped("DE", Grade.B, soft=True),
    _shipped("FR", Grade.C, soft=True, silent=1_095),
    _shipped(ELSEWHERE, Grade.B, soft=False),
)
SHIPPED: Final[Rules] = MappingProxyType({rule.country: rule for rule in _ALL})
"""What a brand has until it writes its own."""


def rule_of(rules: Rules, country: str) -> CountryRule:
    """Return the rule of a country, `ELSEWHERE`'s where it has none of its own."""
    return rules.get(country) or rules[ELSEWHERE]


def stricter(one: CountryRule, other: CountryRule) -> CountryRule:
    """Return the stricter of two in each of their parts, under the country of the stricter one."""
    first, second = sorted((one, other), key=_strictness)
    days = [x.silent_days for x in (one, other) if x.silent_days is not None]
    return CountryRule(
        country=first.country,
        consent_grade=min(one.consent_grade, other.consent_grade),
        soft_opt_in=first.soft_opt_in and second.soft_opt_in,
        silent_days=min(days, default=None),
        why=first.why,
    )


def _strictness(rule: CountryRule) -> tuple[Grade, bool, int, str]:
    return (
        rule.consent_grade,
        rule.soft_opt_in,
        rule.silent_days or MAX_SILENT_DAYS + 1,
        rule.country,
    )


def country_code(text: str) -> str | None:
    """Return the code of a country's code or name; "" for an empty cell, None for no country.

    Example:
        >>> country_code("Sverige"), country_code("de"), country_code("Atlantis")
        ('SE', 'DE', None)
    """
    word = text.strip()
    if not word:
        return ""
    code = word.upper()
    if code in CODES:
        return code
    return _DOMAIN_CODES.get(word.lower()) or NAMES.get(word.casefold())


def domain_country(domain: str) -> str:
    """Return the country of a domain's last label; "" where it has none.

    Example:
        >>> domain_country("mail.example.de"), domain_country("example.com")
        ('DE', '')
    """
    label = domain.rpartition(".")[2].lower()
    code = _DOMAIN_CODES.get(label, label.upper())
    return code if code in CODES and label not in GENERIC_DOMAINS else ""


def rule_for(
    rules: Rules, stated: str | None, domain: str, import_country: str
) -> tuple[str, CountryRule]:
    """Return the country a row counts for, and the rule it is judged by.

    Args:
        stated: the country of the row's own column: a code, "" where it says nothing, None where
            it says something that is no country.
        domain: of the address.
        import_country: code stated for the whole import, or "".
    """
    if stated is None:
        return ELSEWHERE, rules[ELSEWHERE]
    if stated:
        return stated, rule_of(rules, stated)
    guesses = [code for code in (import_country, domain_country(domain)) if code]
    if not guesses:
        return ELSEWHERE, rules[ELSEWHERE]
    found = sorted(guesses, key=lambda code: _strictness(rule_of(rules, code)))
    return found[0], stricter(rule_of(rules, found[0]), rule_of(rules, found[-1]))


def loosens(rule: CountryRule) -> bool:
    """Whether a rule lets more through than the shipped one of its country."""
    shipped = rule_of(SHIPPED, rule.country)
    longest = MAX_SILENT_DAYS + 1
    return (
        rule.consent_grade > shipped.consent_grade
        or rule.soft_opt_in > shipped.soft_opt_in
        or (rule.silent_days or longest) > (shipped.silent_days or longest)
    )


def stated_rule(
    country: str, grade: Grade, *, soft: bool, silent: int | None, why: str = ""
) -> CountryRule:
    """Return a rule as somebody states it; one that asks what the shipped one does is that one.

    Args:
        why: their own reason; that of the shipped rule, in any language, is none of their own.

    Raises:
        InputError: ``bad_import_rules``: no such country, too long a reason or silence.
    """
    rule = CountryRule(
        country=country,
        consent_grade=grade,
        soft_opt_in=soft,
        silent_days=silent,
        why={"": why.strip()} if why.strip() else {},
    )
    shipped = SHIPPED.get(country)
    if shipped is None or why.strip() not in ("", *shipped.why.values()):
        return rule
    return shipped if replace(rule, why=shipped.why) == shipped else rule


def own_rules(changed: Iterable[CountryRule], held: Rules = SHIPPED) -> Rules:
    """Return the table with rules of the operator's own put into it.

    Raises:
        InputError: ``bad_import_rules``: a rule twice, or one that lets more through than the
            shipped rule of that country without saying why.
    """
    table = dict(held)
    seen: set[str] = set()
    for rule in changed:
        if rule.country in seen:
            raise _bad(f"There are two rules of {rule.country}.")
        seen.add(rule.country)
        if loosens(rule) and not rule.why.get("", "").strip():
            raise _bad(
                f"The rule of {rule.country} lets more through than the one that ships with"
                " Kvitto. Write down why; the ledger keeps that you changed it."
            )
        table[rule.country] = rule
    return MappingProxyType(table)


def rules_document(rules: Rules) -> dict[str, Any]:
    """Return the table as it is kept and committed to; equal tables are equal documents."""
    return {
        "v": RULES_VERSION,
        "rules": [
            {
                "country": rule.country,
                "consent_grade": str(rule.consent_grade),
                "soft_opt_in": rule.soft_opt_in,
                "silent_days": rule.silent_days,
                "why": dict(sorted(rule.why.items())),
            }
            for rule in sorted(rules.values(), key=lambda each: each.country)
        ],
    }


def load_rules(document: Mapping[str, Any] | None) -> Rules:
    """Return the table that `rules_document` wrote; of a brand without any, the shipped one.

    Raises:
        FatalError: it has a schema version this code does not know.
    """
    if document is None:
        return SHIPPED
    if document.get("v") != RULES_VERSION:
        raise FatalError("stored import rules have a schema version this code does not know")
    read = (
        CountryRule(
            country=row["country"],
            consent_grade=Grade(row["consent_grade"]),
            soft_opt_in=row["soft_opt_in"],
            silent_days=row["silent_days"],
            why=MappingProxyType(dict(row["why"])),
        )
        for row in document["rules"]
    )
    return MappingProxyType({**SHIPPED, **{rule.country: rule for rule in read}})


def _bad(detail: str) -> InputError:
    return InputError(code="bad_import_rules", detail=f"{detail} Nothing was changed.")
