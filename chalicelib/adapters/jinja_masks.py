# SPDX-License-Identifier: Apache-2.0
"""Hides the tags of a template from tools that know only markup, and puts them back.

Guarantees that what comes back holds every tag, as written, and that each stands where it stood
in relation to its neighbours; refuses, with the line, whatever a tool moved, lost or repeated so
that the mail would say something else. Jinja2's own comments are left out: they say nothing.

A tag among text becomes an HTML comment, which tools leave in place even between the rows of a
table, where text would be moved out; a tag in a value, a style or a title becomes two characters
of the private use area around its number.

Source: WHATWG HTML, 13.2.6.1 ("foster parent").
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from html import unescape
from sys import maxsize
from typing import Final

from jinja2 import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from chalicelib.adapters.markup import RAW_HTML, Kind, Piece, scan
from chalicelib.adapters.template_rules import MAX_NODES, broken

OPEN: Final = "\ue000"
CLOSE: Final = "\ue001"
COMMENT: Final = re.compile(r"<!--j(\d+)-->")
MARK: Final = re.compile(rf"<!--j(\d+)-->|{OPEN}(\d+){CLOSE}")
_RESERVED: Final = re.compile(r"[\ue000-\ue002]|<!--j\d+-->")
_RESERVED_HERE: Final = "A character here is reserved (U+E000 to U+E002, <!--j0-->)."
_STRETCH: Final = re.compile(f"[^\n{OPEN}{CLOSE}]+")
_IN_VALUE: Final = re.compile(rf"{OPEN}(\d+){CLOSE}")
_BRACES: Final = re.compile(rf"\{{(?=([{{%#]|<!--j\d|{OPEN}))")
_BLOCKS: Final = frozenset({"for", "if", "raw"})
_OUTSIDE: Final = (
    "A tag stands here in place of a name in markup. Put {% if %} around the whole element, or "
    "the tag into a value in quotes."
)
_JOINED: Final = "Two braces would come together here and open a tag. Write {{ '{' }} to show one."
_MISREAD: Final = (Kind.TEXT, Kind.DECLARATION)
_DECLARED: Final = "A tag cannot stand in a declaration (<! …> or <? …>)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One tag or expression of a template.

    Args:
        line: of the source, from 1.
        statement: whether it is ``{% … %}``, which must neither move nor be repeated.
        block: which if, for or raw it opens, divides or ends; None if none.
        before: how many statements stand before it.
        free: whether it says the same wherever it stands: an expression outside every block
            whose names are bound by no loop and no set.
    """

    source: str
    line: int
    statement: bool
    block: int | None
    before: int
    free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A template as markup alone.

    Args:
        text: the source with a mark in place of each tag.
        tags: in order; a mark holds the index.
        lines: (offset in ``text``, line of the source) of each run between two tags.
        part: what the source is called in errors.
    """

    text: str
    tags: tuple[Tag, ...]
    lines: tuple[tuple[int, int], ...]
    part: str

    def line(self, offset: int) -> int:
        """Return the line of the source at ``offset`` of ``text``."""
        start, line = self.lines[max(0, bisect_right(self.lines, (offset, maxsize)) - 1)]
        return line + self.text.count("\n", start, offset)

    def unmask(self, text: str) -> str:
        """Return ``text`` with every mark turned back into its tag.

        Raises:
            InputError: a brace written as an entity became one that opens a tag.
        """
        if len(_BRACES.findall(text)) > len(_BRACES.findall(self.text)):
            raise broken(_JOINED, self.part, self._line_of_entity())
        return MARK.sub(lambda mark: self.tags[number(mark)].source, text)

    def check_kept(self, text: str) -> None:
        """Check that ``text`` has each statement once, in order, and no expression astray.

        Raises:
            InputError: with the line of the first tag that was lost, repeated or moved.
        """
        passed, seen = 0, set()
        order = [each for each, tag in enumerate(self.tags) if tag.statement]
        for mark in MARK.finditer(text):
            each = number(mark)
            tag = self.tags[each]
            if tag.statement:
                if order[passed : passed + 1] != [each]:
                    raise self.astray(each if each in seen else order[passed])
                passed += 1
            elif not tag.free and tag.before != passed:
                raise self.astray(each)
            seen.add(each)
        lost = next((each for each in range(len(self.tags)) if each not in seen), None)
        if lost is not None:
            raise self.astray(lost)

    def check_places(self, places: dict[int, object]) -> None:
        """Check that what opens, divides and ends one block stands in one place.

        Args:
            places: where each tag stands: equal for those side by side in one element or value.

        Raises:
            InputError: a block begins in one element and ends in another.
        """
        blocks: dict[int, object] = {}
        for each, place in sorted(places.items()):
            block = self.tags[each].block
            if block is not None and blocks.setdefault(block, place) != place:
                raise broken(
                    f"{self.tags[each].source} does not stand in the same element as the tag "
                    "it belongs to. Put whole elements between them.",
                    self.part,
                    self.tags[each].line,
                )

    def astray(self, each: int) -> Exception:
        """Return the error for a tag that cannot stay where it is."""
        tag = self.tags[each]
        hint = (
            "Put it around a whole element; for a value, use {{ 'a' if name else 'b' }}."
            if tag.statement
            else "Put it into the text of an element, or into the value of an attribute."
        )
        return broken(
            f"{tag.source} stands where it would be moved, repeated or lost. {hint}",
            self.part,
            tag.line,
        )

    def _line_of_entity(self) -> int | None:
        found = re.search(r"&(?:#0*123|#x0*7b|lbrace|lcub)\b", self.text, re.IGNORECASE)
        return self.line(found.start()) if found else None


def number(mark: re.Match[str]) -> int:
    """Return which tag a mark stands for."""
    return int(mark[1] or mark[2])


def numbers(text: str) -> tuple[int, ...]:
    """Return which tags the marks in ``text`` stand for."""
    return tuple(number(mark) for mark in MARK.finditer(text))


def mask(source: str, part: str, raw: Collection[str] = RAW_HTML) -> Masked:
    r"""Return ``source`` with a mark in place of every tag.

    Args:
        part: what the source is called in errors.
        raw: elements whose content is text, see `adapters.markup.scan`.

    Raises:
        InputError: it cannot be read, has more than 5,000 tags, holds a mark already, be it as
            entities, or has a tag where markup has a name.

    Example:
        >>> mask('<p title="{{ a }}">{{ b }}</p>', "HTML").text
        '<p title="\\ue0000\\ue001"><!--j1--></p>'
    """
    reserved = _RESERVED.search(source)
    if reserved:
        line = source.count("\n", 0, reserved.start()) + 1
        raise broken(_RESERVED_HERE, part, line)
    tags, runs = _Reader(part).read(source)
    text = "".join(run for run, _ in runs)
    _refuse_forged(text, runs, part)
    if len(_BRACES.findall(text)) > sum(len(_BRACES.findall(run)) for run, _ in runs):
        raise broken(_JOINED, part)  # Around a comment, which is gone now.
    pieces: list[str] = []
    for piece in scan(text, raw):
        held = text[piece.start : piece.end]
        if OPEN in held:
            _check_outside(piece, text, tags, part)
        pieces.append(_IN_VALUE.sub(r"<!--j\1-->", held) if piece.kind is Kind.TEXT else held)
    return Masked(
        text="".join(pieces), tags=tags, lines=tuple(_lines(runs, "".join(pieces))), part=part
    )


def _refuse_forged(text: str, runs: list[tuple[str, int]], part: str) -> None:
    """Refuse what is a mark once entities are read, or now that comments of Jinja2 are gone."""
    for stretch in _STRETCH.finditer(text):
        held = stretch[0]
        if ("&" in held or "<!--j" in held) and _RESERVED.search(unescape(held)):
            raise broken(_RESERVED_HERE, part, _line_at(stretch.start(), runs))


def _line_at(offset: int, runs: list[tuple[str, int]]) -> int | None:
    """Return the line of the source at an offset of the joined runs."""
    for run, line in runs:
        if offset < len(run):
            return line + run.count("\n", 0, offset)
        offset -= len(run)
    return None


def _lines(runs: list[tuple[str, int]], text: str) -> Iterator[tuple[int, int]]:
    """Yield where in ``text`` each run begins, now that marks among text have grown."""
    marks = MARK.finditer(text)
    place = 0
    for run, line in runs:
        yield place, line
        place = next(marks).end() if run.startswith(OPEN) else place + len(run)


def _check_outside(piece: Piece, text: str, tags: tuple[Tag, ...], part: str) -> None:
    """Refuse a mark in the name of a tag or an attribute, in an end tag or a declaration."""
    inside = [(each.start, each.end) for each in piece.attributes]
    for mark in _IN_VALUE.finditer(text, piece.start, piece.end):
        line = tags[int(mark[1])].line
        named = text.endswith(("<", "</"), 0, mark.start()) and piece.kind in _MISREAD
        if piece.kind is Kind.DECLARATION and not named:
            raise broken(_DECLARED, part, line)
        valued = any(start <= mark.start() < end for start, end in inside)
        if named or (piece.kind in (Kind.START, Kind.END) and not valued):
            raise broken(_OUTSIDE, part, line)
        if piece.kind is Kind.UNFINISHED:
            raise broken("A tag or comment that opens here is not closed.", part, line)


class _Reader:
    """Splits a source into tags and the runs between them."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._tags: list[Tag] = []
        self._names: list[frozenset[str]] = []
        self._runs: list[tuple[str, int]] = [("", 1)]
        self._blocks: list[tuple[str, int]] = []
        self._count = 0
        self._statements = 0
        self._bound: set[str] = set()

    def read(self, source: str) -> tuple[tuple[Tag, ...], list[tuple[str, int]]]:
        """Return the tags, and (text or mark, line) of every run."""
        held: list[tuple[str, str]] = []
        start = 1
        try:
            for line, kind, value in _lexer().lex(source):
                if kind == "data":
                    self._runs.append((value, line))
                    continue
                start = start if held else line
                held.append((kind, value))
                if kind.endswith("_end") or kind == "raw_begin":
                    self._add(held, start)
                    held.clear()
        except TemplateSyntaxError as error:
            raise broken(f"{error.message}", self._part, error.lineno) from None
        if held:
            raise broken("A tag is not closed", self._part, start)
        if self._blocks:
            keyword, block = self._blocks[-1]
            line = next(tag.line for tag in self._tags if tag.block == block)
            raise broken(f"{{% {keyword} %}} is not ended", self._part, line)
        tags = zip(self._tags, self._names, strict=True)
        free = (replace(tag, free=tag.free and not names & self._bound) for tag, names in tags)
        return tuple(free), self._runs

    def _add(self, tokens: list[tuple[str, str]], line: int) -> None:
        source = "".join(value for _, value in tokens)
        if source.startswith("{#"):
            return
        if len(self._tags) >= MAX_NODES:
            raise broken("This template is too long or too deeply nested.", self._part, line)
        statement = source.startswith("{%")
        block = self._block(tokens, line) if statement else None
        self._runs.append((f"{OPEN}{len(self._tags)}{CLOSE}", line))
        self._names.append(frozenset(value for kind, value in tokens if kind == "name"))
        self._tags.append(
            Tag(
                source=source,
                line=line,
                statement=statement,
                block=block,
                before=self._statements,
                free=not statement and not self._blocks,
            )
        )
        self._statements += statement

    def _block(self, tokens: list[tuple[str, str]], line: int) -> int | None:
        """Return the block a statement opens, divides or ends."""
        words = [value for kind, value in tokens if kind in {"name", "operator"}]
        keyword = words[0] if words else ""
        keyword = {"raw_begin": "raw", "raw_end": "endraw"}.get(tokens[0][0], keyword)
        if keyword in {"for", "set"}:
            end = "in" if keyword == "for" else "="
            self._bound.update(words[1 : words.index(end) if end in words else None])
        if keyword in _BLOCKS:
            self._count += 1
            self._blocks.append((keyword, self._count))
            return self._count
        ended = keyword.removeprefix("end") if keyword.startswith("end") else ""
        if ended in _BLOCKS or keyword in {"else", "elif"}:
            if not self._blocks or ended not in {"", self._blocks[-1][0]}:
                raise broken(f"{{% {keyword} %}} belongs to nothing", self._part, line)
            return self._blocks.pop()[1] if ended else self._blocks[-1][1]
        return None


@cache
def _lexer() -> ImmutableSandboxedEnvironment:
    """Return what splits a source as Jinja2 itself does when the mail is filled."""
    return ImmutableSandboxedEnvironment(autoescape=True)
