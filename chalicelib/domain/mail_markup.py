# SPDX-License-Identifier: Apache-2.0
"""The elements and words of a mail's HTML, as the checks of content look at them.

Guarantees that every start tag becomes one element, every run of words one text, both in their
order, and that each knows the element around it, however broken the markup; in time proportional
to its length. What splits the source into these events is an adapter: here is no parser.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

FILLED: Final = "\ue000"
"""Stands in values, words and style sheets for what the template fills in."""
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"}
    | {"source", "track", "wbr"}
)
_CELLS: Final = frozenset({"td", "th", "p"})
_ROWS: Final = _CELLS | {"tr"}
_P: Final = frozenset({"p"})
_ENDED_BY: Final[Mapping[str, frozenset[str]]] = {
    "td": _CELLS,
    "th": _CELLS,
    "tr": _ROWS,
    "tbody": _ROWS | {"tbody", "thead"},
    "tfoot": _ROWS | {"tbody", "thead"},
    "li": frozenset({"li", "p"}),
    "dt": frozenset({"dd", "dt", "p"}),
    "dd": frozenset({"dd", "dt", "p"}),
} | dict.fromkeys(
    {"address", "blockquote", "center", "div", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
    | {"ol", "p", "pre", "section", "table", "ul"},
    _P,
)
"""Open elements that a start tag ends, where their own end tag was left out."""


@dataclass(frozen=True, slots=True)
class Start:
    """A start tag: name and attributes' names in lower case, values decoded, at an offset."""

    name: str
    attributes: Mapping[str, str]
    at: int


@dataclass(frozen=True, slots=True)
class End:
    """An end tag."""

    name: str


@dataclass(frozen=True, slots=True)
class Words:
    """Text, decoded, with `FILLED` for what the template writes; without its statements."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet, and the media it is for ("" for all)."""

    css: str
    media: str
    at: int


Event = Start | End | Words | Sheet


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One element, and what is around it: its parent, and the nearest link and table."""

    name: str
    attributes: Mapping[str, str]
    at: int
    parent: "Element | None"
    link_around: "Element | None" = None
    table_around: "Element | None" = None

    @property
    def own_link(self) -> bool:
        """Whether it is a link."""
        return self.name == "a" and "href" in self.attributes

    @property
    def link(self) -> "Element | None":
        """The nearest link: the element itself, or one it stands in."""
        return self if self.own_link else self.link_around

    @property
    def table(self) -> "Element | None":
        """The nearest table, likewise."""
        return self if self.name == "table" else self.table_around


@dataclass(frozen=True, slots=True)
class Text:
    """Words that are not blank, and the element they stand in."""

    text: str
    at: int
    parent: Element | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The HTML of a mail.

    Args:
        line: the line of the source at an offset; None if the source was compiled.
    """

    elements: tuple[Element, ...]
    texts: tuple[Text, ...]
    sheets: tuple[Sheet, ...]
    line: Callable[[int], int | None]


def mail_of(events: Iterable[Event], line: Callable[[int], int | None]) -> Mail:
    """Return the mail that ``events``, in order, are of."""
    tree = _Tree()
    for event in events:
        match event:
            case Start():
                tree.start(event)
            case End():
                tree.end(event.name)
            case Words():
                if event.text.strip():
                    tree.texts.append(Text(event.text, event.at, tree.inner))
            case Sheet():
                tree.sheets.append(event)
    return Mail(
        elements=tuple(tree.elements),
        texts=tuple(tree.texts),
        sheets=tuple(tree.sheets),
        line=line,
    )


class _Tree:
    """Follows which elements are open."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self.texts: list[Text] = []
        self.sheets: list[Sheet] = []
        self._open: list[Element] = []
        self._names: dict[str, int] = {}

    @property
    def inner(self) -> Element | None:
        """The innermost open element."""
        return self._open[-1] if self._open else None

    def start(self, tag: Start) -> None:
        """Add an element."""
        ended = _ENDED_BY.get(tag.name, frozenset())
        while self._open and self._open[-1].name in ended:
            self._pop()
        around = self.inner
        element = Element(
            tag.name,
            tag.attributes,
            tag.at,
            around,
            around and around.link,
            around and around.table,
        )
        self.elements.append(element)
        if tag.name not in _VOID:
            self._open.append(element)
            self._names[tag.name] = self._names.get(tag.name, 0) + 1

    def end(self, name: str) -> None:
        """Close the innermost element of that name and all in it; nothing if none is open."""
        if self._names.get(name):
            while self._pop() != name:
                pass

    def _pop(self) -> str:
        name = self._open.pop().name
        self._names[name] -= 1
        return name
