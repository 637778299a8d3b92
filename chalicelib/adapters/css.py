# SPDX-License-Identifier: Apache-2.0
"""Style sheets of a mail, written into its elements for the programs that read nothing else.

Guarantees that a source without a ``<style>`` comes back as it was, byte for byte; that rules
which cannot be written into an element (``:hover``, ``@media``, another medium's) stay; that
every tag of the template stands where it stood; and that nothing is fetched. Refuses, with the
line, style sheets from elsewhere, which would tell a third party who opens the mail.

The inliner is native code that no time limit can stop, so all that decides how long it takes and
how deep it calls itself is bounded before it is called.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Final

from chalicelib.adapters.jinja_masks import COMMENT, MARK, Masked, mask, numbers
from chalicelib.adapters.markup import Kind, Piece, scan
from chalicelib.adapters.open_elements import OpenElements, places
from chalicelib.adapters.template_rules import broken

if TYPE_CHECKING:
    from css_inline import CSSInliner

MAX_BYTES: Final = 1024 * 1024
MAX_STYLE_BYTES: Final = 64 * 1024
MAX_PROPERTIES: Final = 150
MAX_WORK: Final = 16_000_000
"""Bytes of style sheets times elements."""
_SCREENS: Final = frozenset({"", "all", "screen"})
_LEFT: Final = "data-css-inline"
_LEFT_ALONE: Final = f' {_LEFT}="ignore" data-j=""'
_EMPTY: Final = re.compile(r"<style(?:\s[^<>]*)?>\s*</style>", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)")
_IMPORT: Final = re.compile(r"@import", re.IGNORECASE)
_PROPERTY: Final = re.compile(r"(?<![\w\\-])[\w\\-]++(?=\s*:)")
_NAME: Final = re.compile(r"\s*(?:--|-?[^\W\d])[\w-]*+\s*")
_REMARK: Final = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/")
_PUNCTUATION: Final = re.compile("[\"'();]")
_UNCOUNTED: Final = frozenset({"html", "head", "body", "tbody", "colgroup", "style"})
"""Elements that markup may leave to be implied, and the one that is used up."""
_BEFORE_ROWS: Final = frozenset({"caption", "colgroup", "thead"})
_OF_HEAD: Final = frozenset(
    {"base", "head", "html", "link", "meta", "noscript", "script", "style", "template", "title"}
)
_SPACE: Final = re.compile(r"\s+")
_REMOTE: Final = (
    "A style sheet from elsewhere would tell that place who opens the mail. Write its rules into "
    "a <style>."
)
_DRAWN: Final = "Mail programs do not show <{}>. Use a picture."
_VALUE_ONLY: Final = (
    "In a style attribute a tag stands for a value, as in color: {{ colour }}, or "
    "color: {{ 'red' if late else 'black' }}."
)
_SHEET: Final = (
    "In a <style> stand only expressions of fields, as in color: {{ colour }}. Put what depends "
    "on a block into a style attribute."
)


def inline_css(source: str, part: str = "HTML") -> str:
    """Return the template ``source`` with its style sheets written into its elements.

    Args:
        source: HTML with Jinja2 tags.
        part: what the source is called in errors.

    Raises:
        InputError: a style sheet comes from elsewhere; a bound is passed; a style cannot be
            read; or a tag would not stay in its place. The detail names the line.
    """
    masked = mask(source, part)
    pieces = tuple(scan(masked.text))
    _refuse_links(masked, pieces)
    if not any(each.kind is Kind.START and each.name.lower() == "style" for each in pieces):
        return source
    bounds = _Bounds(masked)
    for piece in pieces:
        bounds.add(piece)
    bounds.close()
    inlined = _inlined(masked, pieces)
    if len(inlined.encode(errors="replace")) > MAX_BYTES:
        raise broken("It grows larger than 1 MiB when its style sheets are written into it.", part)
    _check_unmoved(masked, inlined)
    return masked.unmask(inlined)


def refuse_import(sheet: str, part: str, line: int) -> None:
    """Refuse a style sheet that asks for another one, also when escapes hide it.

    Raises:
        InputError: it does.
    """
    found = _IMPORT.search(_ESCAPE.sub(_escaped, sheet))
    if found:
        raise broken(_REMOTE, part, line)


def _escaped(found: re.Match[str]) -> str:
    if found[2]:
        return found[2]
    code = int(found[1], 16)
    return chr(code) if code <= 0x10FFFF else " "  # noqa: PLR2004 - the last code point


def _refuse_links(masked: Masked, pieces: tuple[Piece, ...]) -> None:
    for piece in pieces:
        if piece.kind is Kind.START and piece.name.lower() == "link":
            rel = unescape(piece.value(masked.text, "rel") or "").lower().split()
            if "stylesheet" in rel or MARK.search(" ".join(rel)):
                raise broken(_REMOTE, masked.part, masked.line(piece.start))
        if piece.kind is Kind.RAW and piece.name.lower() == "style":
            sheet = masked.text[piece.start : piece.end]
            refuse_import(sheet, masked.part, masked.line(piece.start))


class _Bounds:
    """Adds up what decides how long the inliner is busy; refuses more than about a second."""

    def __init__(self, masked: Masked) -> None:
        self._masked = masked
        self._elements = OpenElements(masked)
        self._bytes = 0
        self._properties: set[str] = set()
        self._last_sheet = 0

    def add(self, piece: Piece) -> None:
        """Count one piece.

        Raises:
            InputError: a bound is passed.
        """
        self._elements.add(piece)
        name = piece.name.lower()
        if piece.kind is Kind.START:
            if name in {"svg", "math"}:
                raise self._fault(_DRAWN.format(name), piece.start)
            style = unescape(piece.value(self._masked.text, "style") or "")
            self._check_style(style, piece.start)
            self._properties.update(_PROPERTY.findall(style))
        elif piece.kind is Kind.RAW and name == "style":
            self._sheet(self._masked.text[piece.start : piece.end], piece.start)
        if len(self._properties) > MAX_PROPERTIES:
            sentence = f"The styles set more than {MAX_PROPERTIES} different properties."
            raise self._fault(sentence, piece.start)

    def close(self) -> None:
        """Check what only the whole tells.

        Raises:
            InputError: there is too much style for that many elements.
        """
        elements = self._elements.weight
        if self._bytes * elements > MAX_WORK:
            raise self._fault(
                f"{self._bytes:,} bytes of style sheets are too many for {elements:,} elements. "
                "Leave out rules that the mail does not need.",
                self._last_sheet,
            )

    def _sheet(self, sheet: str, start: int) -> None:
        self._bytes += len(sheet.encode())
        self._last_sheet = start
        if self._bytes > MAX_STYLE_BYTES:
            raise self._fault("The style sheets are larger than 64 KiB.", start)
        if any(not self._masked.tags[each].free for each in numbers(sheet)):
            raise self._fault(_SHEET, start)
        self._properties.update(_PROPERTY.findall(sheet))

    def _check_style(self, style: str, start: int) -> None:
        """Refuse declarations the inliner cannot read: it would name no line."""
        for declaration in _declarations(_REMARK.sub("", style)):
            name, colon, _ = declaration.partition(":")
            if declaration.strip() and not (colon and _NAME.fullmatch(name)):
                tagged = MARK.search(declaration)
                raise self._fault(_VALUE_ONLY if tagged else "A style cannot be read here.", start)

    def _fault(self, sentence: str, offset: int) -> Exception:
        return broken(sentence, self._masked.part, self._masked.line(offset))


def _declarations(style: str) -> Iterator[str]:
    """Yield what stands between the semicolons that are neither quoted nor in brackets."""
    start, depth, quote = 0, 0, ""
    for found in _PUNCTUATION.finditer(style):
        sign = found[0]
        if quote or sign in "\"'":
            quote = "" if sign == quote else quote or sign
        elif sign != ";":
            depth = max(0, depth + (1 if sign == "(" else -1))
        elif not depth:
            yield style[start : found.start()]
            start = found.end()
    yield style[start:]


def _inlined(masked: Masked, pieces: tuple[Piece, ...]) -> str:
    """Return the marked markup with its style sheets written into its elements."""
    from css_inline import InlineError

    kept: list[str] = []
    implied = _implied(masked.text, pieces)
    for place, piece in enumerate(pieces):
        held = masked.text[piece.start : piece.end]
        kept.append(implied.get(place, ""))
        sheet = piece.kind is Kind.START and piece.name.lower() == "style"
        media = (piece.value(masked.text, "media") or "").strip().lower()
        if sheet and media not in _SCREENS and piece.value(masked.text, _LEFT) is None:
            # The inliner would write the rules of a printer into the elements, too.
            held = f"{held[:6]}{_LEFT_ALONE}{held[6:]}"
        kept.append(held)
    try:
        inlined = _inliner().inline("".join(kept))
    except InlineError as error:
        first = next(each for each in pieces if each.name.lower() == "style")
        line = masked.line(first.start)
        raise broken(f"The styles cannot be read ({error})", masked.part, line) from None
    return _EMPTY.sub("", inlined.replace(_LEFT_ALONE, ""))


def _implied(text: str, pieces: tuple[Piece, ...]) -> dict[int, str]:
    """Return the start tags that markup may leave out, by the piece they stand before.

    Left to the inliner, they would come after the tags of the template that stand there, and a
    block would begin outside the element in which it ends.
    """
    found: dict[int, str] = {}
    for place, piece in enumerate(pieces):
        opens = piece.kind is Kind.START and piece.name.lower() == "table"
        if opens or (piece.kind is Kind.END and piece.name.lower() in _BEFORE_ROWS):
            rest = (pieces[later] for later in range(place + 1, len(pieces)))
            following = next((each for each in rest if not _is_blank(each, text)), None)
            if following is not None and following.name.lower() == "tr":
                found[place + 1] = "<tbody>"
    if not any(each.kind is Kind.START and each.name.lower() == "body" for each in pieces):
        found.setdefault(_body_place(text, pieces), "<body>")
    return found


def _is_blank(piece: Piece, text: str) -> bool:
    if piece.kind is Kind.TEXT:
        return not text[piece.start : piece.end].strip()
    return piece.kind is Kind.COMMENT


def _body_place(text: str, pieces: tuple[Piece, ...]) -> int:
    """Return the place of the first piece that cannot stand in a ``<head>``."""
    for place, piece in enumerate(pieces):
        if piece.kind is Kind.END and piece.name.lower() == "head":
            return place + 1
        held = text[piece.start : piece.end]
        in_head = piece.kind in {Kind.DECLARATION, Kind.RAW} or piece.name.lower() in _OF_HEAD
        if not in_head and (not _is_blank(piece, text) or COMMENT.fullmatch(held)):
            return place
    return len(pieces)


@cache
def _inliner() -> "CSSInliner":
    from css_inline import CSSInliner

    return CSSInliner(
        keep_style_tags=True,
        remove_inlined_selectors=True,
        keep_at_rules=True,
        keep_link_tags=True,
        load_remote_stylesheets=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """What a reader meets at one place: an element, a tag of the template or words."""

    what: str
    marks: tuple[int, ...]
    start: int


def _check_unmoved(masked: Masked, inlined: str) -> None:
    """Check that elements, words and tags follow each other as they did.

    A source without tags may be mended as a browser would mend it; one with tags may not, since
    what is mended between two tags can end up outside them.

    Raises:
        InputError: with the line of the tag beside which something was moved.
    """
    if not masked.tags:
        return
    sheet_marks = _marks_of_sheets(masked.text)
    before = _events(masked.text, sheet_marks)
    after = _events(inlined, sheet_marks)
    for place in range(max(len(before), len(after))):
        old = before[place] if place < len(before) else None
        new = after[place] if place < len(after) else None
        if old is None or new is None or (old.what, old.marks) != (new.what, new.marks):
            later = [mark for each in before[place:] for mark in each.marks]
            earlier = [mark for each in before[:place] for mark in each.marks]
            raise _moved(masked, [*later, *earlier[::-1]][0] if later or earlier else 0)
    stands = places(inlined).items()
    masked.check_places({each: place for each, place in stands if each not in sheet_marks})
    if not sheet_marks <= set(numbers(inlined)):
        raise masked.astray(min(sheet_marks - set(numbers(inlined))))


def _moved(masked: Masked, each: int) -> Exception:
    tag = masked.tags[each]
    return broken(
        f"Beside {tag.source} something would be moved, because an element is not closed or does "
        "not belong there. Put whole elements, and in a table whole rows or cells, between tags.",
        masked.part,
        tag.line,
    )


def _marks_of_sheets(text: str) -> frozenset[int]:
    return frozenset(
        each
        for piece in scan(text)
        if piece.kind is Kind.RAW and piece.name.lower() == "style"
        for each in numbers(text[piece.start : piece.end])
    )


def _events(text: str, sheet_marks: frozenset[int]) -> list[_Event]:
    """Return what a reader meets, without what markup may leave to be implied."""
    events: list[_Event] = []
    words: list[tuple[str, int]] = []
    for piece in scan(text):
        held = text[piece.start : piece.end]
        name = piece.name.lower()
        event = None
        if piece.kind is Kind.TEXT:
            words.append((held, piece.start))
        elif piece.kind is Kind.START and (name not in _UNCOUNTED or numbers(held)):
            event = f"<{name}>"
        elif piece.kind is Kind.COMMENT or (piece.kind is Kind.RAW and name != "style"):
            event = _read(MARK.sub("", held)) if piece.kind is Kind.RAW else ""
        marks = tuple(each for each in numbers(held) if each not in sheet_marks)
        if event or (event is not None and marks):
            events += [*_said(words), _Event(what=event, marks=marks, start=piece.start)]
            words = []
    return [*events, *_said(words)]


def _said(words: list[tuple[str, int]]) -> list[_Event]:
    said = _read("".join(text for text, _ in words))
    return [_Event(what=said, marks=(), start=words[0][1])] if said else []


def _read(text: str) -> str:
    return _SPACE.sub("", unescape(text))
