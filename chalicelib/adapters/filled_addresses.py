# SPDX-License-Identifier: Apache-2.0
"""Refuses a mail in which a person's own words could choose where it leads.

Guarantees that whatever is filled in stands behind the site of every address that leads somewhere,
in any element, in conditional comments for Outlook and where scripts are off; and that nothing is
filled in between the values of an element, where it could add an attribute: of two of one name a
browser takes the first. Addresses of pictures lead nowhere and are not looked at.

Source: WHATWG HTML, 13.2.5.33 "Attribute name state", 4.2.5.3 "Pragma directives".
"""

import re
from collections.abc import Iterator
from typing import Final

from chalicelib.adapters.jinja_masks import CLOSE, MARK, OPEN, Masked, number
from chalicelib.adapters.mail_links import HOST, Line, decoded, is_site_filled
from chalicelib.adapters.markup import RAW_HTML, Attribute, Kind, Piece, scan
from chalicelib.adapters.template_rules import broken

_RAW: Final = RAW_HTML - {"noembed", "noframes", "noscript"}
"""Mail programs run no scripts: to them, the content of ``<noscript>`` is markup."""
_CONDITIONAL: Final = re.compile(rf"<!--(?:\s|{OPEN}\d+{CLOSE})*\[if\b", re.IGNORECASE)
_PRINT: Final = re.compile(r"\{%[-+]?\s*print\b")
_REFRESH: Final = re.compile(r"[\s\d.;,]*(?:url\s*=\s*)?[\"']?\s*", re.IGNORECASE)
_LEADING: Final = frozenset({"action", "formaction", "href"})
_LEADING_OF: Final = frozenset(
    {("embed", "src"), ("frame", "src"), ("iframe", "src"), ("object", "data")}
)
_WHOLE: Final = frozenset({"ping", "srcdoc"})
"""A list of addresses, and a page: wherever something is filled in, a site could be."""
_UNQUOTED: Final = (
    "A tag is filled in here without quotes around it, so what somebody entered could become an "
    'attribute. Write the value in quotes, as in title="{{ … }}".'
)
_WRITTEN_OUT: Final = "The template fills in “{}”, which could name another site. Write it out."
_UNFINISHED: Final = "A tag or comment that opens here is not closed."


def check_filled(masked: Masked, line: Line) -> None:
    """Check every element of a mail.

    Raises:
        InputError: the site of an address is filled in, or something outside of quotes, with the
            author's line.
    """
    checker = _Checker(masked, line)
    for piece in scan(masked.text, _RAW):
        checker.check(masked.text, piece, 0)
        if piece.kind is Kind.COMMENT and _CONDITIONAL.match(masked.text, piece.start):
            # A comment in it opens none: to other readers it is one already.
            held = masked.text[piece.start : piece.end].replace("<!--", " " * len("<!--"))
            for each in scan(held, _RAW):
                checker.check(held, each, piece.start)


class _Checker:
    def __init__(self, masked: Masked, line: Line) -> None:
        self._masked = masked
        self._line = line

    def check(self, text: str, piece: Piece, offset: int) -> None:
        """Check one piece of ``text``, which stands at ``offset`` of the mail."""
        if piece.kind not in (Kind.START, Kind.UNFINISHED):
            return
        if OPEN not in text[piece.start : piece.end]:
            return
        quoted = {
            mark.start()
            for each in piece.attributes
            if each.quoted
            for mark in MARK.finditer(text, each.start, each.end)
        }
        for mark in MARK.finditer(text, piece.start, piece.end):
            if mark.start() not in quoted and self._writes(mark):
                sentence = _UNFINISHED if piece.kind is Kind.UNFINISHED else _UNQUOTED
                raise self._fault(sentence, offset + mark.start(), mark[0])
        for each, sentence in self._astray(text, piece):
            raise self._fault(sentence, offset + each.start, text[each.start : each.end])

    def _astray(self, text: str, piece: Piece) -> Iterator[tuple[Attribute, str]]:
        """Yield the attributes that could lead elsewhere, and why they are refused."""
        element = piece.name.lower()
        refreshes = element == "meta" and self._refreshes(text, piece)
        for each in piece.attributes:
            name = MARK.sub("", each.name).lower().rpartition(":")[2]
            value = decoded(text[each.start : each.end])
            if name in _WHOLE and any(self._writes(mark) for mark in MARK.finditer(value)):
                yield each, _WRITTEN_OUT.format(name)
            if refreshes and name == "content":
                value = _REFRESH.sub("", value, count=1)
            elif name not in _LEADING and (element, name) not in _LEADING_OF:
                continue
            if is_site_filled(value, self._masked):
                yield each, HOST

    @staticmethod
    def _refreshes(text: str, piece: Piece) -> bool:
        said = decoded(piece.value(text, "http-equiv") or "").strip().lower()
        return said == "refresh" or MARK.search(said) is not None

    def _writes(self, mark: re.Match[str]) -> bool:
        tag = self._masked.tags[number(mark)]
        return not tag.statement or _PRINT.match(tag.source) is not None

    def _fault(self, sentence: str, offset: int, raw: str) -> Exception:
        return broken(sentence, self._masked.part, self._line(offset, raw))
