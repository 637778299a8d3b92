# SPDX-License-Identifier: Apache-2.0
"""The parameters of a sign-up that are ours, whatever fields a form has.

Guarantees one spelling for each; refuses nothing: `domain.forms` keeps forms from using them.
"""

from enum import StrEnum


class Parameter(StrEnum):
    """HTTP parameters of a sign-up that are no field of its form."""

    LANGUAGE = "language"
    LANG = "lang"
    NOTICE = "notice"
    ALTCHA = "altcha"
    LEAVE_EMPTY = "leave_empty"
    SHOWN = "shown"
    SHOWN_AS = "shown_as"
    TAG = "tag"
    STEP = "step"


RESERVED_NAMES = frozenset(Parameter)
"""What no field or box may be called."""


class ShownAs(StrEnum):
    """What the visitor had before them; the client says it, except for the API."""

    PAGE = "page"
    SNIPPET = "snippet"
    EMBED = "embed"
    JSON = "json"
    API = "api"
    UNKNOWN = "unknown"


MAX_TAG_CHARS = 64
_CLAIMABLE = frozenset({ShownAs.PAGE, ShownAs.SNIPPET, ShownAs.EMBED, ShownAs.JSON})


def shown_as_of(text: str) -> ShownAs:
    """Return what a public form's parameter claims; `ShownAs.UNKNOWN` for anything else."""
    return ShownAs(text) if text in _CLAIMABLE else ShownAs.UNKNOWN


def tag_of(text: str) -> str:
    """Return the campaign tag: 1 to 64 printable characters, else none at all ("")."""
    tag = text.strip()
    return tag if len(tag) <= MAX_TAG_CHARS and tag.isprintable() else ""
