# SPDX-License-Identifier: Apache-2.0
"""Reads the HTML of a campaign into the elements and words that the checks of content look at.

Guarantees that every start tag, text and style sheet of the source is in what it returns, at its
offset, and that of a tag of the template nothing remains but the place it fills. Conditional
comments are comments: what Outlook alone reads is not looked at.
"""

from collections.abc import Iterator
from html import unescape

from chalicelib.adapters.jinja_masks import MARK, Masked, mask, number
from chalicelib.adapters.markup import Kind, Piece, scan
from chalicelib.domain.mail_markup import FILLED, End, Event, Mail, Sheet, Start, Words, mail_of


def read_mail(html: str, *, lines: bool = True, part: str = "HTML") -> Mail:
    """Return the mail whose template is ``html``.

    Args:
        lines: whether the lines of ``html`` are the author's; not so once it was compiled.
        part: what the source is called in errors.

    Raises:
        InputError: the template cannot be read, see `adapters.jinja_masks.mask`.
    """
    masked = mask(html, part)
    return mail_of(_events(masked), masked.line if lines else _no_line)


def _no_line(_offset: int) -> None:
    return None


def _events(masked: Masked) -> Iterator[Event]:
    media = ""
    for piece in scan(masked.text):
        held = masked.text[piece.start : piece.end]
        match piece.kind:
            case Kind.START:
                attributes = _attributes(masked.text, piece)
                media = attributes.get("media", "")
                yield Start(piece.name.lower(), attributes, piece.start)
            case Kind.END:
                yield End(piece.name.lower())
            case Kind.TEXT:
                yield Words(_decoded(held), piece.start)
            case Kind.COMMENT:
                mark = MARK.fullmatch(held)
                if mark and not masked.tags[number(mark)].statement:
                    yield Words(FILLED, piece.start)
            case Kind.RAW if piece.name.lower() == "style":
                yield Sheet(MARK.sub(FILLED, held), media, piece.start)


def _attributes(text: str, piece: Piece) -> dict[str, str]:
    """Return the attributes of a start tag; of two of one name the first counts."""
    found: dict[str, str] = {}
    for each in piece.attributes:
        value = text[each.start : each.end]
        found.setdefault(each.name.lower(), MARK.sub(FILLED, _decoded(value)))
    return found


def _decoded(text: str) -> str:
    return unescape(text) if "&" in text else text
