# SPDX-License-Identifier: Apache-2.0
"""A fragment of one of our own pages as data, so that a script builds it without parsing markup.

Guarantees that every word and link of the fragment is in its parts, in order; of attributes, only
the target of a link is kept. Refuses nothing: the fragment is ours.
"""

from html.parser import HTMLParser
from typing import Any


def parts_of(fragment: str) -> list[Any]:
    """Return a fragment's parts.

    A part is a list: an element's name, then what is in it, which is text, further parts, and
    links as ``{"href", "text"}``.

    Example:
        >>> parts_of('<p>See <a href="/x">this</a>.</p>')
        [['p', 'See ', {'href': '/x', 'text': 'this'}, '.']]
    """
    parser = _Parts()
    parser.feed(fragment)
    parser.close()
    return parser.parts


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[Any] = []
        self._open: list[list[Any]] = []
        self._link: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        within = self._open[-1] if self._open else self.parts
        if tag == "a":
            self._link = {"href": dict(attrs).get("href") or "", "text": ""}
            within.append(self._link)
            return
        if tag == "br":
            within.append([tag])
            return
        part: list[Any] = [tag]
        within.append(part)
        self._open.append(part)

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        if tag == "a":
            self._link = None
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Keep the text of elements; between them stands white space alone."""
        text = data.replace("\n", " ")
        if self._link is not None:
            self._link["text"] += text
        elif self._open:
            self._open[-1].append(text)
