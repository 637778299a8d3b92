# SPDX-License-Identifier: Apache-2.0
"""DMARC records: which one holds for a domain, and which domains count as one sender.

Guarantees that any text is read without a fault, that a name with several records has none, and
that only texts that begin as DMARC records do are looked at.

Source: RFC 9989 sections 4.10 (the tree walk), 4.7 (tags); it has no ``pct``, ``rf`` and ``ri``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.domain.dns_records import Ask, DnsAnswer, with_parents

OLD_TAGS: Final = ("pct", "rf", "ri")
POLICIES: Final = ("none", "quarantine", "reject")
MAX_LABELS: Final = 8
_BEGINS: Final = re.compile(r"v\s*=\s*DMARC1(\s*;|\s|$)")
_VALUE_CHARS: Final = re.compile(r"[^\x21-\x3a\x3c-\x7e ]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AtName:
    """What is at ``_dmarc`` of one domain.

    Attributes:
        texts: its DMARC records, however they read.
        unknown: it could not be looked up.
    """

    domain: str
    texts: tuple[str, ...] = ()
    unknown: bool = False

    @property
    def tags(self) -> Mapping[str, str] | None:
        """The tags of its one record that can be read, or None."""
        found = tags_of(self.texts[0]) if len(self.texts) == 1 else {}
        return found if found.get("p") in POLICIES else None


def tags_of(text: str) -> dict[str, str]:
    """Return a record's tags; of those given twice the first; ``p`` in lower case.

    Example:
        >>> tags_of("v=DMARC1; P=None; rua=mailto:a@example.org")
        {'v': 'DMARC1', 'p': 'none', 'rua': 'mailto:a@example.org'}
    """
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, is_tag, value = part.partition("=")
        if is_tag:
            found.setdefault(name.strip().lower(), value.strip())
    return {**found, **({"p": found["p"].lower()} if "p" in found else {})}


def walked(domain: str, ask: Ask) -> tuple[AtName, ...]:
    """Return what is at a domain and at those above it, until one says that it is the top."""
    found = []
    for name in _names(domain):
        answer = ask(f"_dmarc.{name}", "TXT")
        texts = tuple(text for text in answer.values if _BEGINS.match(text))
        at = AtName(domain=name, texts=texts, unknown=answer.answer is DnsAnswer.UNKNOWN)
        found.append(at)
        psd = _psd(at)
        if psd == "n" or (psd == "y" and name != domain):
            break
    return tuple(found)


def _names(domain: str) -> Iterator[str]:
    yield domain
    above = with_parents(domain, 1)[1:]
    labels = domain.count(".") + 1
    yield from above if labels <= MAX_LABELS else above[labels - MAX_LABELS :]


def _psd(at: AtName) -> str:
    return (at.tags or {}).get("psd", "").lower()


def organisation(walk: tuple[AtName, ...]) -> str:
    """Return the domain under which all belongs to one sender, by a walk from one of its names."""
    start = walk[0].domain
    top = walk[-1]
    if _psd(top) == "n":
        return top.domain
    if _psd(top) == "y" and top.domain != start:
        return next(x for x in reversed(with_parents(start, 1)) if x.endswith("." + top.domain))
    having = [at.domain for at in walk if at.tags is not None]
    return having[-1] if having else start


def in_force(walk: tuple[AtName, ...]) -> AtName | None:
    """Return where the record that holds for the walk's first domain is, or None."""
    top = organisation(walk)
    names = (walk[0].domain, top, walk[-1].domain)
    return next((at for name in names for at in walk if at.domain == name and at.tags), None)


def mended(tags: Mapping[str, str], reports_to: str) -> str:
    """Return a record that says the same, asks for reports, and has no tag that no longer counts.

    Example:
        >>> mended({"v": "DMARC1", "p": "none", "pct": "50"}, "a@example.org")
        'v=DMARC1; p=none; rua=mailto:a@example.org'
    """
    policy = tags.get("p", "")
    kept = {"p": policy if policy in POLICIES else POLICIES[0]}
    dropped = {"v", "p", *OLD_TAGS} | ({"t"} if tags.get("t", "").lower() == "y" else set())
    kept |= {
        name: value for name, value in tags.items() if name not in dropped and _is_clean(value)
    }
    if not kept.get("rua"):
        kept["rua"] = f"mailto:{reports_to}"
    return "; ".join(("v=DMARC1", *(f"{name}={value}" for name, value in kept.items() if value)))


def _is_clean(value: str) -> bool:
    return not _VALUE_CHARS.search(value)
