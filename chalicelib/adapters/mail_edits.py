# SPDX-License-Identifier: Apache-2.0
"""Changes to a mail's markup, made while its template's tags are hidden, and put in at once.

Guarantees that all but the places named stays as it is, byte for byte, and that the two names of
ours become tags of the template, whatever stands beside them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chalicelib.adapters.jinja_masks import Masked
from chalicelib.adapters.split_mail import PIXEL_NAME, TOKEN_NAME

TOKEN: Final = "\ue002m"
"""Stands for the token of a counted link; no source holds its first character."""
PIXEL: Final = "\ue002o"


@dataclass(frozen=True, slots=True)
class Edit:
    """``text`` in place of what stands from ``start`` to ``end`` of marked markup."""

    start: int
    end: int
    text: str


def edited(masked: Masked, edits: Iterable[Edit]) -> str:
    """Return the marked text with all edits made; those of one place in their order."""
    pieces: list[str] = []
    place = 0
    for edit in sorted(edits, key=lambda each: each.start):
        pieces += [masked.text[place : edit.start], edit.text]
        place = edit.end
    return "".join([*pieces, masked.text[place:]])


def with_names(source: str) -> str:
    """Return a template with tags of ours in their places."""
    # A brace right before a tag would become a part of it.
    for mark, name in ((TOKEN, TOKEN_NAME), (PIXEL, PIXEL_NAME)):
        tag = f"{{{{ {name} }}}}"
        source = source.replace(f"{{{mark}", f"{{\n{tag}").replace(mark, tag)
    return source
