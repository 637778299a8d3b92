# SPDX-License-Identifier: Apache-2.0
"""A mail to be looked at: the same, but nothing in it leads anywhere.

Guarantees that every address a reader could follow or send a form to is ``#``, however its tag is
written, and that all else stays as it is, byte for byte. Pictures stay: they are what is looked at.
Comments stay, which no browser follows.
"""

import re
from typing import Final

from chalicelib.adapters.markup import RAW_HTML, Kind, scan

DEAD: Final = "#"
_LEADS: Final = frozenset({"action", "formaction", "href", "ping", "xlink:href"})
_RAW: Final = RAW_HTML - {"noscript"}
"""Elements that hold text alone; where a mail is looked at no script runs."""
_ADDRESS: Final = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)
_AFTER: Final = re.compile(r"[).,;:!?\]}\"'”»]*$")
"""What ends a sentence and not an address."""


def dead_html(html: str) -> str:
    """Return ``html`` with ``#`` in place of all that leads somewhere.

    Example:
        >>> dead_html('<a class=b href=https://example.org/>Read</a>')
        '<a class=b href="#">Read</a>'
    """
    pieces: list[str] = []
    place = 0
    for tag in scan(html, _RAW):
        if tag.kind is not Kind.START:
            continue
        for each in tag.attributes:
            if each.name.lower() in _LEADS and each.end > each.start:
                dead = DEAD if each.quoted else f'"{DEAD}"'
                pieces += [html[place : each.start], dead]
                place = each.end
    return "".join([*pieces, html[place:]])


def dead_text(text: str) -> str:
    """Return ``text`` with ``#`` in place of web addresses.

    Example:
        >>> dead_text("Read on (https://example.org/).")
        'Read on (#).'
    """
    return _ADDRESS.sub(_dead, text)


def _dead(found: re.Match[str]) -> str:
    after = _AFTER.search(found[0])
    return DEAD + (after[0] if after else "")
