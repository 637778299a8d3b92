# SPDX-License-Identifier: Apache-2.0
"""The lint of content: what keeps people from reading a mail, said before anybody gets it.

Guarantees that the same mail gives the same findings, errors first; that each says what is wrong
and what to do; and time in proportion to the mail. It looks at all branches of a template as if
they followed each other, and at no picture: that it finds nothing is no proof that all can read
the mail.

Source: WCAG 2.2 (1.1.1, 1.3.1, 1.4.3, 1.4.10, 2.4.4, 2.4.6, 3.1.1).
Specification: docs/spec/content.md.
"""

from collections.abc import Iterator
from typing import Final

from chalicelib.domain.content import (
    CLIP_BYTES,
    Finding,
    FindingCode,
    Part,
    collected,
    finding,
)
from chalicelib.domain.contrast_lint import contrast_findings, declares_scheme
from chalicelib.domain.layout_lint import layout_findings
from chalicelib.domain.mail_markup import FILLED, Element, Mail

MAX_SHOWN: Final = 80
"""Characters of an address that a finding shows."""
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_LEVELS: Final = {str(level): level for level in range(1, 7)}
_FIRST_LEVEL: Final = 2
"""The deepest a first heading can be, and what one without a level is."""
_OF_DATA: Final = frozenset({"caption", "th"})
LANGUAGE: Final = "its language"
VIEWPORT: Final = "that it fits the screen"
SCHEME: Final = "which color schemes it is made for"


def lint(mail: Mail, *, language: str, size_bytes: int) -> tuple[Finding, ...]:
    """Return what is to be mended in the HTML of a mail.

    Args:
        mail: the HTML as compiled, style sheets written into its elements.
        language: BCP 47 tag of the campaign.
        size_bytes: of the HTML as compiled, with the footer, as UTF-8.
    """
    return collected(
        [
            *_pictures(mail),
            *_links(mail),
            *_headings(mail),
            *_tables(mail),
            *_language(mail, language),
            *_head(mail),
            *contrast_findings(mail),
            *layout_findings(mail),
            *_size(size_bytes),
        ]
    )


def layout_tables(mail: Mail) -> tuple[Element, ...]:
    """Return the tables that hold no data as far as one can tell, and do not say so.

    A table says that it holds data with a ``<th>`` or a ``<caption>``, or by any role.
    """
    of_data = {
        each.table
        for each in mail.elements
        if each.name in _OF_DATA or (each.name == "td" and "scope" in each.attributes)
    }
    return tuple(
        each
        for each in mail.elements
        if each.name == "table" and each not in of_data and "role" not in each.attributes
    )


def missing_in_head(mail: Mail) -> tuple[str, ...]:
    """Return which of `LANGUAGE`, `VIEWPORT` and `SCHEME` the mail does not say."""
    names = {
        each.attributes.get("name", "").lower() for each in mail.elements if each.name == "meta"
    }
    said = {
        LANGUAGE: _stated_language(mail) is not None,
        VIEWPORT: "viewport" in names,
        SCHEME: declares_scheme(mail),
    }
    return tuple(what for what, is_said in said.items() if not is_said)


def _pictures(mail: Mail) -> Iterator[Finding]:
    for each in mail.elements:
        is_button = each.name == "input" and each.attributes.get("type", "").lower() == "image"
        is_area = each.name == "area" and "href" in each.attributes
        if (each.name == "img" or is_button or is_area) and "alt" not in each.attributes:
            shown = _shown(each.attributes.get("src") or each.attributes.get("href") or "")
            yield finding(FindingCode.IMG_WITHOUT_ALT, Part.HTML, mail.line(each.at), shown)


def _links(mail: Mail) -> Iterator[Finding]:
    """Yield the links that say nothing; one whose picture has no alt is told with the picture."""
    named = {text.parent.link for text in mail.texts if text.parent}
    for each in mail.elements:
        is_picture = each.name == "img" and each.attributes.get("alt") != ""
        if is_picture or each.attributes.get("aria-label") or each.attributes.get("title"):
            named.add(each.link)
    for each in mail.elements:
        if each.own_link and each not in named:
            shown = _shown(each.attributes["href"])
            yield finding(FindingCode.LINK_WITHOUT_WORDS, Part.HTML, mail.line(each.at), shown)


def _headings(mail: Mail) -> Iterator[Finding]:
    deepest, found = _FIRST_LEVEL, False
    for each in mail.elements:
        level = _HEADINGS.get(each.name)
        if each.attributes.get("role", "").lower() == "heading":
            level = _LEVELS.get(each.attributes.get("aria-level", "").strip(), _FIRST_LEVEL)
        if level is None:
            continue
        if level > deepest:
            line = mail.line(each.at)
            yield finding(FindingCode.HEADING_SKIPPED, Part.HTML, line, level, deepest)
        deepest, found = level + 1, True
    if not found:
        yield finding(FindingCode.NO_HEADING, Part.HTML, None)


def _tables(mail: Mail) -> Iterator[Finding]:
    for each in layout_tables(mail):
        yield finding(FindingCode.LAYOUT_TABLE_UNMARKED, Part.HTML, mail.line(each.at))


def _language(mail: Mail, language: str) -> Iterator[Finding]:
    stated = _stated_language(mail)
    if stated is None or FILLED in stated.attributes["lang"]:
        return
    lang = stated.attributes["lang"].strip()
    if lang.lower().partition("-")[0] != language.lower().partition("-")[0]:
        line = mail.line(stated.at)
        yield finding(FindingCode.LANGUAGE_DIFFERS, Part.HTML, line, _shown(lang), language)


def _stated_language(mail: Mail) -> Element | None:
    """Return the element that says the language of the whole: one that holds the first words."""
    first = mail.texts[0].at if mail.texts else None
    for each in mail.elements:
        if first is not None and each.at > first:
            return None
        if each.attributes.get("lang", "").strip():
            return each
    return None


def _head(mail: Mail) -> Iterator[Finding]:
    missing = missing_in_head(mail)
    if missing:
        *others, last = missing
        told = f"{', '.join(others)} and {last}" if others else last
        yield finding(FindingCode.HEAD_INCOMPLETE, Part.HTML, None, told)


def _size(size_bytes: int) -> Iterator[Finding]:
    if size_bytes > CLIP_BYTES:
        yield finding(
            FindingCode.OVER_102_KB, Part.HTML, None, f"{size_bytes:,}", f"{CLIP_BYTES:,}"
        )


def _shown(address: str) -> str:
    """Return the end of an address, which tells pictures apart; without what a template fills."""
    plain = " ".join(address.replace(FILLED, "…").split())
    return plain if len(plain) <= MAX_SHOWN else f"…{plain[-MAX_SHOWN:]}"
