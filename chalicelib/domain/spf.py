# SPDX-License-Identifier: Apache-2.0
"""SPF records: what one says of SES, and how it is changed so that it lets SES send.

Guarantees that any text is read without a fault, and that a record made here is one that
`walk` finds nothing in.

Source: RFC 7208 sections 4.5 (which records count), 4.6 (terms), 5.2 (include), 6.1 (redirect) and
11.1 (at most ten lookups).
"""

import re
from dataclasses import dataclass, field
from typing import Final

from chalicelib.domain.dns_records import Ask, DnsAnswer

SES: Final = "amazonses.com"
WANTED: Final = f"v=spf1 include:{SES} ~all"
MAX_LOOKUPS: Final = 10
_MECHANISM: Final = re.compile(
    r"(?P<sign>[+?~-]?)(?:(?P<all>all)|(?P<name>include|exists|ip4|ip6):(?P<of>[^\s:]\S*)"
    r"|(?P<plain>a|mx|ptr)(?P<where>[:/]\S+)?)",
    re.IGNORECASE,
)
_MODIFIER: Final = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>\S*)", re.IGNORECASE)
_ASKING: Final = frozenset({"include", "exists", "a", "mx", "ptr"})


@dataclass(slots=True, kw_only=True)
class Walk:
    """What following a record came to.

    Attributes:
        lets_ses: a server of SES passes.
        ending: sign of its ``all``: ``+``, ``-``, ``~`` or ``?``; "" when there is none.
        wrong: the first term that is none; "" when there is none such.
        missing: the first name it leads to that has no record, or several.
        unknown: some name could not be looked up.
    """

    lets_ses: bool = False
    ending: str = ""
    lookups: int = 0
    wrong: str = ""
    missing: str = ""
    unknown: bool = False
    seen: set[str] = field(default_factory=set)


def spf_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the texts that count as SPF records.

    Example:
        >>> spf_records(("v=spf1 -all", "v=spf10 -all", "google-site-verification=x"))
        ('v=spf1 -all',)
    """
    return tuple(text for text in texts if text.lower() == "v=spf1" or _begins(text))


def _begins(text: str) -> bool:
    return text.lower().startswith("v=spf1 ")


def walk(record: str, ask: Ask) -> Walk:
    """Follow a record through all it includes, as far as lookups are allowed."""
    found = Walk()
    found.lets_ses, found.ending = _follow(record, ask, found)
    return found


def _follow(record: str, ask: Ask, found: Walk) -> tuple[bool, str]:
    """Return whether a server of SES passes, and how the record ends."""
    lets, redirect = False, ""
    for term in record.split()[1:]:
        mechanism = _MECHANISM.fullmatch(term)
        if mechanism is None:
            modifier = _MODIFIER.fullmatch(term)
            if modifier is None:
                found.wrong = found.wrong or term
            elif modifier["name"].lower() == "redirect":
                redirect = modifier["value"]
            continue
        if mechanism["all"]:
            return lets, mechanism["sign"] or "+"
        name = (mechanism["name"] or mechanism["plain"]).lower()
        if name in _ASKING:
            found.lookups += 1
        if name == "include":
            passes = _included(mechanism["of"], ask, found)
            lets = lets or (passes and mechanism["sign"] in ("", "+"))
    if not redirect:
        return lets, ""
    found.lookups += 1
    led, ending = _at(redirect, ask, found)
    return lets or led, ending


def _included(name: str, ask: Ask, found: Walk) -> bool:
    return _at(name, ask, found)[0]


def _at(name: str, ask: Ask, found: Walk) -> tuple[bool, str]:
    """Follow the record at a name; that of SES needs no further lookup."""
    name = name.lower().rstrip(".")
    if name == SES:
        return True, "-"
    if found.lookups > MAX_LOOKUPS or "%" in name or name in found.seen:
        return False, ""
    found.seen.add(name)
    answer = ask(name, "TXT")
    if answer.answer is DnsAnswer.UNKNOWN:
        found.unknown = True
        return False, ""
    records = spf_records(answer.values)
    if len(records) != 1:
        found.missing = found.missing or name
        return False, ""
    return _follow(records[0], ask, found)


def with_ses(*records: str) -> str:
    """Return one record that lets SES send, and whoever the given ones name.

    Example:
        >>> with_ses("v=spf1 mx +all")
        'v=spf1 mx include:amazonses.com ~all'
    """
    kept: list[str] = []
    ending = ""
    for term in (term for record in records for term in record.split()[1:]):
        mechanism = _MECHANISM.fullmatch(term)
        if mechanism and mechanism["all"]:
            ending = ending or term
        elif term not in kept and not _is_about_ses(mechanism):
            kept.append(term)
    redirects = [term for term in kept if term.lower().startswith("redirect=")]
    if redirects and not ending:
        rest = [term for term in kept if term not in redirects]
        return " ".join(("v=spf1", *rest, f"include:{SES}", redirects[0]))
    kept = [term for term in kept if term not in redirects]
    closed = ending if ending[:1] in ("-", "~") else "~all"
    return " ".join(("v=spf1", *kept, f"include:{SES}", closed))


def _is_about_ses(mechanism: re.Match[str] | None) -> bool:
    if mechanism is None or (mechanism["name"] or "").lower() != "include":
        return False
    return (mechanism["of"] or "").lower().rstrip(".") == SES
