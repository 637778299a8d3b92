# SPDX-License-Identifier: Apache-2.0
"""Where the tags, attribute values, comments and texts of a mail's markup begin and end.

Guarantees that the pieces, joined, are the source, character by character; that every source is
read, however broken, in one pass; and that a ``>`` in quotes, a tag in a comment and the content
of a ``<style>`` are told apart as a browser does. Builds no tree and mends nothing.

Source: WHATWG HTML, 13.2.5 "Tokenization".
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

RAW_HTML: Final = frozenset(
    {"iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "textarea"}
    | {"title", "xmp"}
)
"""Elements in which a ``<`` opens nothing but their own end tag."""
VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"}
    | {"source", "track", "wbr"}
)
"""Elements that have no end tag."""

_NAME: Final = re.compile(r"[A-Za-z][^\s/>]*")
_COMMENT_END: Final = re.compile(r"--!?>")
_GAP: Final = re.compile(r"[\s/]*")
_ATTRIBUTE: Final = re.compile(
    r"""(?P<name>=?[^\s/>=]*)(?P<value>\s*=\s*(?:"(?P<two>[^"]*)"|'(?P<one>[^']*)'"""
    r"""|(?P<bare>[^\s>"'][^\s>]*)))?"""
)
_OPEN_QUOTE: Final = re.compile(r"""\s*=\s*["']""")


class Kind(StrEnum):
    """What a piece of markup is."""

    START = "start"
    END = "end"
    TEXT = "text"
    RAW = "raw"
    COMMENT = "comment"
    DECLARATION = "declaration"
    UNFINISHED = "unfinished"
    """A tag, comment or declaration that the source ends in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of a start tag; ``start`` and ``end`` enclose its value, without quotes."""

    name: str
    start: int
    end: int
    quoted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of the source from ``start`` to ``end``.

    Args:
        name: of a tag, as written; of a raw text, that of the element it is in.
        closed: whether a start tag ends in ``/>``.
    """

    kind: Kind
    start: int
    end: int
    name: str = ""
    attributes: tuple[Attribute, ...] = ()
    closed: bool = False

    def value(self, source: str, name: str) -> str | None:
        """Return the value of the attribute ``name`` (lower case), "" if it has none."""
        for each in self.attributes:
            if each.name.lower() == name:
                return source[each.start : each.end]
        return None


def scan(source: str, raw: Collection[str] = RAW_HTML) -> Iterator[Piece]:
    """Yield the pieces of ``source`` in order.

    Args:
        raw: names, in lower case, of the elements whose content is text to the end tag.

    Example:
        >>> [piece.kind.value for piece in scan('<p title="a > b">x</p>')]
        ['start', 'text', 'end']
    """
    place = 0
    while place < len(source):
        opened = _next_tag(source, place)
        if opened > place:
            yield Piece(kind=Kind.TEXT, start=place, end=opened)
        if opened == len(source):
            return
        piece = _read(source, opened)
        yield piece
        place = piece.end
        if piece.kind is Kind.START and piece.name.lower() in raw:
            end = _raw_end(source, place, piece.name.lower())
            if end > place:
                yield Piece(kind=Kind.RAW, start=place, end=end, name=piece.name)
            place = end


def _next_tag(source: str, place: int) -> int:
    """Return where the next ``<`` stands that opens something, else the end."""
    while (place := source.find("<", place)) >= 0:
        following = source[place + 1 : place + 2]
        if following in ("!", "?", "/") or (following.isascii() and following.isalpha()):
            return place
        place += 1
    return len(source)


def _raw_end(source: str, place: int, name: str) -> int:
    if name == "plaintext":
        return len(source)
    end = re.compile(rf"</{re.escape(name)}(?=[\s/>])", re.IGNORECASE).search(source, place)
    return end.start() if end else len(source)


def _read(source: str, start: int) -> Piece:
    """Return the piece that opens at ``start``."""
    if source.startswith("<!--", start):
        for short in ("<!-->", "<!--->"):
            if source.startswith(short, start):
                return Piece(kind=Kind.COMMENT, start=start, end=start + len(short))
        closing = _COMMENT_END.search(source, start + 4)
        if closing is None:
            return Piece(kind=Kind.UNFINISHED, start=start, end=len(source))
        return Piece(kind=Kind.COMMENT, start=start, end=closing.end())
    kind = Kind.END if source.startswith("</", start) else Kind.START
    named = _NAME.match(source, start + (2 if kind is Kind.END else 1))
    if named is None:
        end = source.find(">", start) + 1
        done = Kind.DECLARATION if end else Kind.UNFINISHED
        return Piece(kind=done, start=start, end=end or len(source))
    return _read_tag(source, start, kind, named)


def _read_tag(source: str, start: int, kind: Kind, named: re.Match[str]) -> Piece:
    attributes: list[Attribute] = []
    place = named.end()
    while (gap := _GAP.match(source, place)) and not source.startswith(">", gap.end()):
        found = _ATTRIBUTE.match(source, gap.end())
        if found is None or not found[0] or _OPEN_QUOTE.match(source, found.end()):
            return Piece(kind=Kind.UNFINISHED, start=start, end=len(source), name=named[0])
        attributes.append(_attribute(found))
        place = found.end()
    end = source.index(">", place)
    return Piece(
        kind=kind,
        start=start,
        end=end + 1,
        name=named[0],
        attributes=tuple(attributes),
        closed=source.endswith("/", place, end),
    )


def _attribute(found: re.Match[str]) -> Attribute:
    which = next((each for each in ("two", "one", "bare") if found[each] is not None), "name")
    start, end = found.span(which)
    return Attribute(
        name=found["name"],
        start=end if which == "name" else start,
        end=end,
        quoted=which in {"two", "one"},
    )
