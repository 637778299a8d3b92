# SPDX-License-Identifier: Apache-2.0
"""HTML made of pieces that cannot be confused with text.

Guarantees that every string is escaped unless it is `Markup` made here, and that characters which
would turn or hide what stands beside them are shown by number instead.
"""

import unicodedata
from collections.abc import Iterable
from html import escape
from typing import Final

_SHOWN_AS_NUMBER: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_HARMLESS: Final = frozenset("\n\t\u00ad\u200c\u200d")
_VOID: Final = frozenset({"meta", "br"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: str) -> Markup:
    """`value` as HTML: itself if it is `Markup`, else escaped."""
    if isinstance(value, Markup):
        return value
    return Markup(escape(visible(value)))


def visible(value: str) -> str:
    """`value` with controls, direction marks and lone surrogates written as ⟨U+202E⟩."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(
        f"⟨U+{ord(char):04X}⟩"
        if char not in _HARMLESS and unicodedata.category(char) in _SHOWN_AS_NUMBER
        else char
        for char in value.replace("\r\n", "\n")
    )


def element(name: str, /, *content: str, **attributes: str) -> Markup:
    """One element; a trailing underscore of an attribute's name is dropped, `_` becomes `-`."""
    stated = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(value))}"'
        for key, value in attributes.items()
    )
    if name in _VOID:
        return Markup(f"<{name}{stated}>")
    return Markup(f"<{name}{stated}>{join(content)}</{name}>")


def join(pieces: Iterable[str], between: str = "") -> Markup:
    """Pieces in a row, each escaped unless it is `Markup`."""
    return Markup(text(between).join(text(piece) for piece in pieces))


def section(title: str, *content: str, annex: bool = False) -> Markup:
    """A titled part of the page; an annex starts on a page of its own when printed."""
    kind = {"class_": "annex"} if annex else {}
    return element("section", element("h2", title), *content, **kind)


def pairs(rows: Iterable[tuple[str, str]]) -> Markup:
    """A list of names and values."""
    return element(
        "dl", *(element("div", element("dt", name), element("dd", value)) for name, value in rows)
    )


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Markup:
    """A table whose cells name their column, so that a narrow screen can stack them."""
    titles = element("tr", *(element("th", title, scope="col") for title in head))
    body = (
        element(
            "tr",
            *(
                element("td", element("span", title, class_="label"), element("div", cell))
                for title, cell in zip(head, row, strict=True)
            ),
        )
        for row in rows
    )
    return element("table", element("thead", titles), element("tbody", *body))


def bullets(items: Iterable[str]) -> Markup:
    """A list of sentences."""
    return element("ul", *(element("li", item) for item in items))


def link(name: str) -> Markup:
    """A link to a file of the bundle."""
    return element("a", name, href=name)
