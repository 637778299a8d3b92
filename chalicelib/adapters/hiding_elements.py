# SPDX-License-Identifier: Apache-2.0
"""Whether what is put at a place of a mail would be hidden by an element that is open there.

Guarantees that an element which a browser closes by itself hides nothing after it, and that one
such as ``<b>``, which a browser opens anew, still does. Looks at up to 16 of the mails that the
conditions of a template make, where those of one level take the same branch: so an element that
one condition opens and the next one of its kind closes is closed. What a browser moves out of a
table counts as in it.

Source: WHATWG HTML, 13.2.4.2 "The stack of open elements", 13.2.6.4.7 "in body".
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from html import unescape
from typing import Final, NamedTuple

from jinja2 import nodes

from chalicelib.adapters.markup import VOID, Kind, Piece, scan

MAX_OPEN: Final = 500
"""Many more than a compiled mail has open; the last of them counts as one that hides."""
MAX_WAYS: Final = 16
UNFINISHED: Final = "A tag or comment"

_HIDING: Final = frozenset(
    {"audio", "canvas", "datalist", "details", "dialog", "iframe", "noembed", "noframes"}
    | {"noscript", "object", "plaintext", "script", "select", "style", "template", "textarea"}
    | {"title", "video", "xmp"}
)
_WHOLE: Final = frozenset({"html", "head", "body"})
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_MARKERS: Final = frozenset({"applet", "caption", "marquee", "object", "td", "template", "th"})
_WALLS: Final = _MARKERS | {"table"}
_CELLS: Final = frozenset({"caption", "td", "th"})
_GROUPS: Final = frozenset({"colgroup", "tbody", "tfoot", "thead"})
_IN_TABLES: Final = _CELLS | _GROUPS | {"tr"}
_OF_TABLES: Final = _IN_TABLES | {"table"}
_PARAGRAPH_WALLS: Final = _WALLS | {"button"}
_ITEM_WALLS: Final = _WALLS | {"ol", "ul"}
_FORMATTING: Final = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong"}
    | {"tt", "u"}
)
_ENDS_PARAGRAPH: Final = _HEADINGS | frozenset(
    {"address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "dir"}
    | {"div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header"}
    | {"hgroup", "hr", "li", "listing", "main", "menu", "nav", "ol", "p", "plaintext", "pre"}
    | {"search", "section", "summary", "ul", "xmp"}
)
"""A table is none of them: without a doctype, it stands in the paragraph."""
_BLOCKS: Final = _ENDS_PARAGRAPH | _OF_TABLES | _WALLS | {"button", "select"}
_SPECIAL: Final = _BLOCKS - {"dialog"}
"""An end tag of any other element does not reach out of one of these."""
_OUT_OF_ITEM: Final = _SPECIAL - {"address", "div", "p"}
_ENDED: Final[dict[str, tuple[tuple[Collection[str], Collection[str]], ...]]] = {
    "li": (({"li"}, _OUT_OF_ITEM),),
    **dict.fromkeys(("dd", "dt"), (({"dd", "dt"}, _OUT_OF_ITEM),)),
    **dict.fromkeys(_CELLS, ((_CELLS, {"table"}),)),
    "tr": ((_CELLS, {"table"}), ({"tr"}, {"table"})),
    **dict.fromkeys(_GROUPS, ((_CELLS, {"table"}), ({"tr"}, {"table"}), (_GROUPS, {"table"}))),
    "option": (({"option"}, {"select"}),),
    "optgroup": (({"option"}, {"select"}), ({"optgroup"}, {"select"})),
    "select": (({"select"}, _WALLS),),
    "button": (({"button"}, _WALLS),),
}
"""By the name of a start tag: what it ends, and what it does not reach out of."""
_REMARK: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_DECLARED: Final = re.compile(
    r"(?:^|;)\s*(display|visibility)\s*:\s*([a-z-]+)\s*(!\s*important)?", re.IGNORECASE
)
_HIDDEN: Final = frozenset(
    {("display", "none"), ("visibility", "hidden"), ("visibility", "collapse")}
)


def hider_after(shown: Sequence[nodes.Node]) -> str | None:
    """Return what is open after these nodes and hides what follows; None if nothing.

    Returns:
        An element, as ``<div>``, or `UNFINISHED`.
    """
    branches, levels = _size(shown)
    while branches**levels > MAX_WAYS and levels > 1:
        levels -= 1
    ways = min(branches**levels, MAX_WAYS)
    mails = {"".join(_words(shown, _Way(each, branches, levels), 0)) for each in range(ways)}
    return next((found for found in map(_hider, sorted(mails)) if found is not None), None)


class _Way(NamedTuple):
    """Which branch is taken, by the level of a condition: the digits of a number."""

    number: int
    base: int
    levels: int

    def branch(self, level: int) -> int:
        """Return the branch, from 0, that conditions of a level take if they have it."""
        place: int = self.base ** (level % self.levels)
        return self.number // place % self.base


def _size(shown: Iterable[nodes.Node]) -> tuple[int, int]:
    """Return the most branches of a condition, and how many conditions are in each other."""
    branches, levels = 1, 1
    for node in shown:
        inside, deeper = _size(node.iter_child_nodes())
        is_if = isinstance(node, nodes.If)
        branches = max(branches, inside, len(node.elif_) + 2 if isinstance(node, nodes.If) else 1)
        levels = max(levels, deeper + 1 if is_if and inside > 1 else deeper)
    return branches, levels


def _words(shown: Iterable[nodes.Node], way: _Way, level: int) -> Iterator[str]:
    """Yield the words of a mail; a 0 for what is filled in."""
    for node in shown:
        if isinstance(node, nodes.TemplateData):
            yield node.data
        elif isinstance(node, nodes.If):
            branches = [node.body, *(each.body for each in node.elif_), node.else_]
            taken = min(way.branch(level), len(branches) - 1)
            yield from _words(branches[taken], way, level + 1)
        elif isinstance(node, nodes.For):
            yield from _words([*node.body, *node.else_], way, level)
        elif isinstance(node, nodes.Output):
            yield from _words(node.nodes, way, level)
        elif isinstance(node, nodes.Expr):
            yield "0"


def _hider(html: str) -> str | None:
    elements = _Stack()
    for piece in scan(html):
        if piece.kind is Kind.UNFINISHED:
            return UNFINISHED
        if piece.kind is Kind.START:
            elements.start(piece.name.lower(), hides=_hides(piece, html))
        elif piece.kind is Kind.END:
            elements.end(piece.name.lower())
    elements.start("div", hides=False)  # As the footer begins.
    return elements.hider()


def _hides(piece: Piece, html: str) -> bool:
    """Say whether an element hides what is in it, by its name, its style or its attribute."""
    if piece.name.lower() in _HIDING or piece.value(html, "hidden") is not None:
        return True
    style = _REMARK.sub(" ", unescape(piece.value(html, "style") or ""))
    last: dict[str, tuple[bool, str]] = {}
    for found in _DECLARED.finditer(style):
        name, important = found[1].lower(), bool(found[3])
        if important or not last.get(name, (False,))[0]:
            last[name] = important, found[2].lower()
    return any((name, value) in _HIDDEN for name, (_, value) in last.items())


class _Stack:
    """The open elements, outermost first, as a browser keeps them."""

    def __init__(self) -> None:
        self._open: list[tuple[str, bool]] = []

    def hider(self) -> str | None:
        """Return the outermost element that hides."""
        return next((f"<{name}>" for name, hides in self._open if hides), None)

    def start(self, name: str, *, hides: bool) -> None:
        """Open an element, after what its start tag ends."""
        if name in _WHOLE or (name in _IN_TABLES and not self._is_in_table()):
            return
        if name == "a":
            self._end_formatting("a")
        for names, walls in _ENDED.get(name, ()):
            self._end(names, walls)
        if name in _ENDS_PARAGRAPH:
            self._end({"p"}, _PARAGRAPH_WALLS)
        if name in _HEADINGS and self._open and self._open[-1][0] in _HEADINGS:
            self._open.pop()
        if name not in VOID and len(self._open) < MAX_OPEN:
            self._open.append((name, hides or len(self._open) == MAX_OPEN - 1))

    def end(self, name: str) -> None:
        """Close an element, if its end tag reaches it."""
        if name in _FORMATTING:
            self._end_formatting(name)
        elif name in _OF_TABLES:
            self._end({name}, {"table", "template"})
        elif name in _HEADINGS:
            self._end(_HEADINGS, _WALLS)
        elif name == "p":
            self._end({"p"}, _PARAGRAPH_WALLS)
        elif name == "li":
            self._end({"li"}, _ITEM_WALLS)
        else:
            self._end({name}, _WALLS if name in _BLOCKS else _SPECIAL)

    def _is_in_table(self) -> bool:
        """Say whether parts of a table count here; a browser drops them elsewhere."""
        return any(name in {"table", "template"} for name, _ in self._open)

    def _end(self, names: Collection[str], walls: Collection[str]) -> None:
        """Close the innermost element of these names, and what is in it."""
        for place in range(len(self._open) - 1, -1, -1):
            name = self._open[place][0]
            if name in names:
                self._open[place:] = self._coming_back(place)
                return
            if name in walls:
                return

    def _coming_back(self, place: int) -> list[tuple[str, bool]]:
        """Return what a browser opens anew, once the element at ``place`` is closed."""
        kept: list[tuple[str, bool]] = []
        for each, (name, hides) in enumerate(self._open[place:]):
            if name in _MARKERS:
                kept = []
            elif each and hides and name in _FORMATTING:
                kept.append((name, hides))
        return kept

    def _end_formatting(self, name: str) -> None:
        """Close such an element; a block within stays open."""
        for place in range(len(self._open) - 1, -1, -1):
            each = self._open[place][0]
            if each == name:
                if any(inner in _SPECIAL for inner, _ in self._open[place + 1 :]):
                    del self._open[place]
                else:
                    self._open[place:] = self._coming_back(place)
                return
            if each in _MARKERS:
                return
