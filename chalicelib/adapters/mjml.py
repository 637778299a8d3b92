# SPDX-License-Identifier: Apache-2.0
"""MJML, a language for mails that fit every screen, turned into HTML.

Guarantees that the tags of the template stand in the HTML where they stood in the MJML; that the
mail names its language; and that the HTML fetches nothing the author did not name: the compiler
would otherwise add fonts and icons from third parties, who would learn who opens the mail.
Refuses, with the line, elements that MJML does not have (the compiler passes them through),
includes, scripts and whatever the compiler cannot read.

The compiler is native code that no time limit can stop and that a deep nesting would crash, so
all that decides how deep and how large it gets is bounded before it is called.

Source: MJML documentation, "Components" (documentation.mjml.io).
"""

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from chalicelib.adapters.css import refuse_import
from chalicelib.adapters.jinja_masks import OPEN, Masked, mask, numbers
from chalicelib.adapters.markup import VOID, Kind, Piece, scan
from chalicelib.adapters.open_elements import OpenElements, places
from chalicelib.adapters.template_rules import broken

MAX_SOURCE_BYTES: Final = 256 * 1024
MAX_OUTPUT_BYTES: Final = 1024 * 1024
MAX_WORK: Final = 4_000_000
"""Bytes of attributes an element may inherit, times elements."""
MAX_IMAGES: Final = 20
"""Images of a carousel: each repeats the styles of all."""
ELEMENTS: Final = frozenset(
    {"mjml", "mj-accordion", "mj-accordion-element", "mj-accordion-text", "mj-accordion-title"}
    | {"mj-all", "mj-attributes", "mj-body", "mj-breakpoint", "mj-button", "mj-carousel"}
    | {"mj-carousel-image", "mj-class", "mj-column", "mj-divider", "mj-group", "mj-head"}
    | {"mj-hero", "mj-image", "mj-navbar", "mj-navbar-link", "mj-preview", "mj-raw"}
    | {"mj-section", "mj-social", "mj-social-element", "mj-spacer", "mj-style", "mj-table"}
    | {"mj-text", "mj-title", "mj-wrapper"}
)
_TEXT_ONLY: Final = frozenset({"mj-accordion-title", "mj-preview", "mj-style", "mj-title"})
_REFUSED: Final = {
    "mj-include": "<mj-include> is not possible. Copy what it would include.",
    "mj-font": "A font from elsewhere would tell that place who opens the mail. Name fonts that "
    "people have, as in font-family: Arial, sans-serif.",
    "link": "A <link> would tell another place who opens the mail. Write styles into <mj-style>.",
    "script": "Mail programs run no scripts.",
}
_POSITION: Final = re.compile(r" in root template(?: at position (\d+):\d+)?")
_FETCHED: Final = re.compile(
    r"""(?:\bsrc=["']|\bbackground=["']|url\(\s*["']?)\s*(//|https?:[^"'\s)]*)"""
)
_CODE_OPEN: Final = "\u2e28"
_CODE_CLOSE: Final = "\u2e29"
_CODE: Final = re.compile(f"{_CODE_OPEN}([0-9a-f]+){_CODE_CLOSE}")
_QUOTE: Final = f"{_CODE_OPEN}22{_CODE_CLOSE}"
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_SPOILED: Final = re.compile(r'[\x00-\x1f"\\\x7f]|[^\x00-\x7f]')
_IN_WRAPPER: Final = (
    "Between the sections of a <mj-wrapper> no tag can stand. Put it into a section, or around "
    "the wrapper."
)
_LONE: Final = re.compile(r"<(?![A-Za-z/!?])")


def compile_mjml(source: str, *, language: str, part: str = "MJML") -> str:
    """Return the HTML template of the MJML template ``source``.

    Args:
        source: MJML with Jinja2 tags.
        language: BCP 47 tag of the mail, used where the source names none.
        part: what the source is called in errors.

    Raises:
        InputError: the source is not MJML, passes a bound, would fetch from a third party, or a
            tag would not stay in its place. The detail names the line.
    """
    if len(source.encode(errors="replace")) > MAX_SOURCE_BYTES:
        raise broken("It is larger than 256 KiB.")
    masked = mask(source, part, _TEXT_ONLY)
    root = _check(masked)
    ready, added = _with_language(masked.text, root, language)
    html = _decoded(_compiled(_encoded(ready), masked, added))
    if len(html.encode(errors="replace")) > MAX_OUTPUT_BYTES:
        raise broken("It grows larger than 1 MiB when it is turned into HTML.", part)
    _check_compiled(html, masked)
    return masked.unmask(html)


def _check(masked: Masked) -> Piece:
    """Return the start tag of the root, after all checks that need no compiler."""
    pieces = tuple(scan(masked.text, raw=()))
    roots = [each for each in pieces if each.kind is Kind.START]
    if not roots or roots[0].name != "mjml":
        raise broken("MJML begins with <mjml>.", masked.part, 1)
    reader = _Reader(masked)
    for piece in pieces:
        reader.add(piece)
    reader.close()
    return roots[0]


class _Reader:
    """Reads MJML as the compiler does, which is stricter than a browser."""

    def __init__(self, masked: Masked) -> None:
        self._masked = masked
        self._open = OpenElements(masked, xml=True)
        self._starts: list[Piece] = []
        self._places: dict[int, object] = {}
        self._inherited = 0
        self._longest = 0
        self._count = 0
        self._images = 0

    def add(self, piece: Piece) -> None:
        """Check one piece, and keep the count.

        Raises:
            InputError: it cannot be MJML, or a bound is passed.
        """
        held = self._masked.text[piece.start : piece.end]
        names = self._open.names
        place = (self._open.inner, piece.start if OPEN in held else 0)
        self._places |= dict.fromkeys(numbers(held), place)
        if piece.kind is Kind.START:
            self._start(piece, held, names)
        elif piece.kind is Kind.END:
            self._end(piece, names)
        elif piece.kind is Kind.TEXT:
            self._text(piece, held, names)
        elif piece.kind is Kind.UNFINISHED:
            raise self._fault("A tag or comment that opens here is not closed.", piece.start)
        elif piece.kind is Kind.DECLARATION:
            raise self._fault("MJML has no declarations (<! …> or <? …>).", piece.start)
        elif names[-1:] == ("mj-wrapper",) and numbers(held):
            raise self._fault(_IN_WRAPPER, piece.start)
        elif "--" in held[4:-3] or held.endswith("--->"):
            raise self._fault("A comment cannot hold two dashes in a row.", piece.start)
        self._open.add(piece)

    def close(self) -> None:
        """Check what only the whole tells.

        Raises:
            InputError: an element is not closed, a block ends in another element than it began
                in, or inherited attributes would fill the memory.
        """
        if self._open.names:
            name, start = self._open.names[-1], self._open.inner
            raise self._fault(f"<{name}> is not closed.", start)
        if (self._inherited + self._longest) * self._count > MAX_WORK:
            raise broken(
                "The attributes that elements inherit are too long for so many elements.",
                self._masked.part,
                self._masked.line(self._starts[0].start),
            )
        self._masked.check_places(self._places)

    def _start(self, piece: Piece, held: str, names: tuple[str, ...]) -> None:
        name = piece.name
        refused = _REFUSED.get(name.lower())
        if refused:
            raise self._fault(refused, piece.start)
        if name.lower().startswith("mj") and name not in ELEMENTS:
            raise self._fault(f"MJML has no element <{name}>.", piece.start)
        if any(each.end > each.start and not each.quoted for each in piece.attributes):
            raise self._fault("A value stands in quotes.", piece.start)
        self._starts.append(piece)
        size = len(held.encode())
        self._longest = max(self._longest, size)
        self._inherited += size if "mj-attributes" in names else 0
        self._count += name in ELEMENTS
        self._images = 0 if name == "mj-carousel" else self._images + (name == "mj-carousel-image")
        if self._images > MAX_IMAGES:
            raise self._fault(f"A carousel has at most {MAX_IMAGES} images.", piece.start)

    def _end(self, piece: Piece, names: tuple[str, ...]) -> None:
        if piece.name not in names[-1:] and piece.name.lower() not in VOID:
            inner = f"<{names[-1]}> is open." if names else "nothing is open."
            raise self._fault(f"</{piece.name}> does not belong here: {inner}", piece.start)

    def _text(self, piece: Piece, held: str, names: tuple[str, ...]) -> None:
        lone = _LONE.search(held)
        if lone:
            sentence = "A < that opens no element is written &lt;."
            raise self._fault(sentence, piece.start + lone.start())
        if names[-1:] == ("mj-style",):
            refuse_import(held, self._masked.part, self._masked.line(piece.start))
        if not names and held.strip():
            raise self._fault("Nothing stands outside <mjml>.", piece.start)

    def _fault(self, sentence: str, offset: int) -> Exception:
        return broken(sentence, self._masked.part, self._masked.line(offset))


def _with_language(text: str, root: Piece, language: str) -> tuple[str, int]:
    """Return ``text`` whose root names its language, and how many bytes that added."""
    if root.value(text, "lang"):
        return text, 0
    place = root.end - (2 if root.closed else 1)  # The compiler takes the last of two.
    added = f' lang="{escape(language)}"'
    return text[:place] + added + text[place:], len(added.encode())


def _encoded(text: str) -> str:
    r"""Return ``text`` with codes in place of characters the compiler would spoil.

    It writes the values of attributes as Rust shows strings to programmers: a line break becomes
    ``\n``, a quote gets a backslash, and an invisible or combining character becomes ``\u{…}``.
    """
    kept: list[str] = []
    place = 0
    for piece in scan(text, raw=()):
        for each in piece.attributes:
            kept.append(_NOT_ASCII.sub(_code, text[place : each.start]))
            kept.append(_SPOILED.sub(_code, text[each.start : each.end]))
            place = each.end
    return "".join(kept) + _NOT_ASCII.sub(_code, text[place:])


def _code(found: re.Match[str]) -> str:
    return f"{_CODE_OPEN}{ord(found[0]):x}{_CODE_CLOSE}"


def _decoded(text: str) -> str:
    return _CODE.sub(lambda code: chr(int(code[1], 16)), text.replace(_QUOTE, "&quot;"))


def _compiled(text: str, masked: Masked, added: int) -> str:
    """Return the HTML of ``text``; the compiler's own words end in the line of the source."""
    from mjml import mjml2html

    try:
        return mjml2html(text, fonts={})
    except ValueError as error:
        found = _POSITION.search(str(error))
        at = int(found[1]) if found and found[1] else _fault_at(text)
        before = _decoded(text.encode()[:at].decode(errors="ignore"))
        line = masked.line(max(0, len(before) - added))
        reason = _POSITION.sub("", str(error)).strip()
        raise broken(f"The MJML cannot be read here ({reason})", masked.part, line) from None


def _fault_at(text: str) -> int:
    """Return the byte at which the compiler stops reading, when it does not say.

    What is cut off before that point is merely unfinished; what is cut off after it is wrong.
    """
    from mjml import mjml2html

    ends = [piece.end for piece in scan(text, raw=())]
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        try:
            mjml2html(text[: ends[middle]], fonts={})
            low = middle + 1
        except ValueError as error:
            unfinished = "end of stream" in str(error)
            low, high = (middle + 1, high) if unfinished else (low, middle)
    return len(text[: ends[min(low, len(ends) - 1) - 1]].encode()) if low else 0


def _check_compiled(html: str, masked: Masked) -> None:
    """Check what the compiler made: every tag in its place, and nothing of a third party's."""
    for piece in scan(html):
        held = html[piece.start : piece.end]
        if piece.kind is Kind.START and piece.name.lower().startswith("mj-"):
            line = masked.line(max(0, masked.text.find(f"<{piece.name}")))
            raise broken(f"<{piece.name}> does not belong here", masked.part, line)
        inside = numbers(held[1:]) if piece.kind is Kind.COMMENT and "<!--j" in held[1:] else ()
        if inside:  # An element drawn for one program only; its comment would end here.
            raise masked.astray(inside[0])
    masked.check_kept(html)
    masked.check_places(places(html))
    for address, offset in _foreign(html, masked.text):
        raise broken(
            f"Opening the mail would fetch {address} from a third party. Give the element that "
            "shows it a picture of your own.",
            masked.part,
            masked.line(offset),
        )


def _foreign(html: str, text: str) -> Iterator[tuple[str, int]]:
    """Yield addresses the compiler brought in, with the offset of an element that asks for one."""
    for found in _FETCHED.finditer(html):
        if found[1] not in text:
            element = re.search(r"<mj-(?:accordion|carousel|social)\b", text)
            yield found[1], element.start() if element else 0
