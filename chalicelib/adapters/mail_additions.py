# SPDX-License-Identifier: Apache-2.0
"""What a mail gets that its author left out: language, head, marked tables, a place for a pixel.

Guarantees that nothing the author wrote is changed, and that each addition is one that the
findings tell of (`domain.content_lint`), save the place for the pixel, which shows nothing.
"""

from collections.abc import Iterator
from html import escape
from typing import Final

from chalicelib.adapters.jinja_masks import MARK, Masked, number
from chalicelib.adapters.mail_edits import PIXEL, Edit
from chalicelib.adapters.markup import Kind, Piece, scan
from chalicelib.domain.content_lint import (
    LANGUAGE,
    SCHEME,
    VIEWPORT,
    layout_tables,
    missing_in_head,
)
from chalicelib.domain.contrast_lint import color_scheme
from chalicelib.domain.mail_markup import Mail

_VIEWPORT: Final = '<meta name="viewport" content="width=device-width, initial-scale=1">'
_SCHEME: Final = '<meta name="color-scheme" content="{}">'
_LAYOUT: Final = ' role="presentation"'


def additions(masked: Masked, mail: Mail, language: str) -> Iterator[Edit]:
    """Yield the edits that add what is missing.

    Args:
        masked: the HTML as compiled.
        mail: the same, read.
        language: BCP 47 tag of the campaign.
    """
    pieces = tuple(scan(masked.text))
    starts = [each for each in pieces if each.kind is Kind.START]
    yield from _in_head(masked, pieces, mail, language)
    tables = {each.at for each in layout_tables(mail)}
    for piece in starts:
        if piece.start in tables:
            yield _inside(piece, _LAYOUT)
    yield _pixel(masked, pieces)


def _inside(piece: Piece, text: str) -> Edit:
    """Return the edit that adds an attribute; the first of two of one name counts."""
    place = piece.start + 1 + len(piece.name)
    return Edit(place, place, text)


def _in_head(
    masked: Masked, pieces: tuple[Piece, ...], mail: Mail, language: str
) -> Iterator[Edit]:
    missing = missing_in_head(mail)
    roots = [each for each in pieces if each.kind is Kind.START and each.name.lower() == "html"]
    heads = [each for each in pieces if each.kind is Kind.START and each.name.lower() == "head"]
    begin = _begin(masked, pieces)
    if LANGUAGE in missing:
        lang = f' lang="{escape(language)}"'
        for root in roots:
            yield _inside(root, lang)
        if not roots:
            yield Edit(begin, begin, f"<html{lang}>")
    metas = _VIEWPORT if VIEWPORT in missing else ""
    if SCHEME in missing:
        metas += _SCHEME.format(color_scheme(mail))
    if metas:
        for place in [each.end for each in heads or roots] or [begin]:
            yield Edit(place, place, metas)


def _begin(masked: Masked, pieces: tuple[Piece, ...]) -> int:
    """Return where the mail begins: after its doctype."""
    for piece in pieces:
        held = masked.text[piece.start : piece.end]
        if piece.kind is Kind.DECLARATION and held.lower().startswith("<!doctype"):
            return piece.end
        if piece.kind is not Kind.COMMENT and held.strip():
            break
    return 0


def _pixel(masked: Masked, pieces: tuple[Piece, ...]) -> Edit:
    """Return the edit that marks the place of the pixel: the last end of the body, else the end."""
    blocks: dict[int, tuple[int, int]] = {}
    for mark in MARK.finditer(masked.text):
        block = masked.tags[number(mark)].block
        if block is not None:
            blocks[block] = (blocks.get(block, (mark.start(), 0))[0], mark.end())
    for piece in reversed(pieces):
        is_end = piece.kind is Kind.END and piece.name.lower() == "body"
        if is_end and not any(first < piece.start < last for first, last in blocks.values()):
            return Edit(piece.start, piece.start, PIXEL)
    return Edit(len(masked.text), len(masked.text), PIXEL)
