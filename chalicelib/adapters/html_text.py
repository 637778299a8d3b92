# SPDX-License-Identifier: Apache-2.0
"""Plain text from HTML: the text part of a mail whose author wrote none.

Guarantees that every visible word and every link target of the HTML is in the text, in order,
and that the same HTML gives the same text. Scripts, styles and comments are left out.

Source: WHATWG HTML, 13.1.2.4 "Optional tags".
"""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Final

from chalicelib.errors import InputError

_UNSEEN: Final = frozenset({"script", "style", "template", "title"})
_IN_HEAD: Final = frozenset({"base", "head", "html", "link", "meta", "noscript"}) | _UNSEEN
"""Every other start tag ends a head, whose end tag may be left out."""
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_PARAGRAPHS: Final = frozenset(
    {"blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"}
)
_LINES: Final = frozenset(
    {"address", "article", "dd", "div", "dt", "footer", "form", "header", "li", "main", "section"}
    | {"tr"}
)
_SPACES: Final = re.compile(r"[ \t\r\n\f\xa0]+")
_MANY_BREAKS: Final = re.compile(r"\n{3,}")


def html_to_text(html: str, links: Mapping[str, tuple[str, str]] | None = None) -> str:
    """Return the text of ``html``: blocks on lines of their own, links as ``words (target)``.

    Args:
        links: by a mark in place of a target, the target that the mark stands for, and what is
            shown for it.

    Raises:
        InputError: a declaration such as ``<![`` is malformed.

    Example:
        >>> html_to_text('<p>Hello, <a href="https://example.org/">read on</a></p>')
        'Hello, read on (https://example.org/)'
    """
    reader = _Reader(links or {})
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:  # The standard library's way to say that a declaration is malformed.
        raise InputError("bad_html", "A declaration (<! …>) cannot be read.") from None
    return tidy("".join(reader.parts))


def tidy(text: str) -> str:
    """Return ``text`` without blank space at line ends and with at most one empty line in a row."""
    text = "\n".join([line.rstrip() for line in text.split("\n")])
    if "\n\n\n" in text:  # Hardly any mail; the rest costs far more.
        text = _MANY_BREAKS.sub("\n\n", text)
    return text.strip()


class _Reader(HTMLParser):
    """Collects visible text; ``parts`` joined is the result before tidying."""

    def __init__(self, shown: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._shown = shown
        self._in_head = False
        self._unseen = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif not self._unseen:
            self._in_head = tag == "head" or (self._in_head and tag in _IN_HEAD)
            if not self._in_head:
                self._open(tag, dict(attrs))

    def _open(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag in _PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in _LINES or tag == "br":
            self.parts.append("\n")
        if tag == "li":
            self.parts.append("- ")
        elif tag in {"td", "th"}:
            self._words(" ")
        elif tag == "img":
            self._words(attributes.get("alt") or "")
        elif tag == "a":
            self._links.append((attributes.get("href") or "", len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "head":
            self._in_head = False
        elif self._unseen or self._in_head or tag in _VOID:
            return
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        elif tag in _PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in _LINES and tag not in {"li", "tr"}:
            self.parts.append("\n")

    def _end_link(self, target: str, start: int) -> None:
        held = "".join(self.parts[start:])
        words = held.strip()
        named, shown = self._shown.get(target, (target, target))
        if words == named and shown != named:
            self.parts[start:] = [held.replace(named, shown)]
        elif named and not named.startswith("#") and words != named:
            self.parts.append(f" ({shown})" if words else shown)

    def handle_data(self, data: str) -> None:
        if not (self._unseen or self._in_head):
            self._words(data)

    def _words(self, data: str) -> None:
        words = _SPACES.sub(" ", data)
        if not self.parts or self.parts[-1].endswith(("\n", " ")):
            words = words.lstrip(" ")
        if words:
            self.parts.append(words)
