# SPDX-License-Identifier: Apache-2.0
"""SES's inline templates: replacement of {{name}} and nothing more.

It guarantees that values go in as they are: SES escapes nothing.
It refuses, for the whole call, whatever else braces could mean: blocks, nested attributes, blank
space or a third brace beside a name, an escaping backslash, braces that do not pair up. Where AWS
leaves open what SES would make of it, a template that relies on it must not pass here. A name the
data lack is found later: SES accepts the call and reports a Rendering Failure event, and so does
the caller of this module.

Source: Amazon SES API reference v2, Template ("Amazon SES supports only simple substitions when
you send email using the SendEmail or SendBulkEmail operations and you provide the full template
content in the request"); https://github.com/aws/aws-sdk-js-v3/issues/6657 (the refusal's words);
https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_PAIR = re.compile(r"\{\{|\}\}")
_PLACE = re.compile(r"(\{\{[A-Za-z][A-Za-z0-9_]*\}\})")
_KEPT_TEMPLATES = 16


class UnsupportedError(Exception):
    """The template holds more than places for names."""


class RenderingError(Exception):
    """The template cannot be rendered with these data."""


def render(template: str, data: Mapping[str, Any]) -> str:
    """Return the template with every place filled in.

    Raises:
        UnsupportedError: the template holds more than places for names.
        RenderingError: a name is missing from the data.

    >>> render("Hej {{name}}!", {"name": "Ada"})
    'Hej Ada!'
    """
    filled: list[str] = []
    for index, piece in enumerate(pieces(template)):
        if index % 2 and piece not in data:
            raise RenderingError(f"Attribute '{piece}' is not present in the rendering data.")
        value = data[piece] if index % 2 else piece
        filled.append(value if isinstance(value, str) else json.dumps(value))
    return "".join(filled)


@lru_cache(maxsize=_KEPT_TEMPLATES)
def pieces(template: str) -> tuple[str, ...]:
    """Return text and names by turns; the first and the last are text.

    Raises:
        UnsupportedError: the template holds more than places for names.
    """
    found = _PLACE.split(template)
    for index, piece in enumerate(found):
        if index % 2:
            continue
        before, after = index > 0, index + 1 < len(found)
        edges = (piece[:1] if before else "") + (piece[-1:] if after else "")
        if _PAIR.search(piece) or set(edges) & set("\\{}"):
            raise UnsupportedError("Template contains unsupported operations.")
    return tuple(piece[2:-2] if index % 2 else piece for index, piece in enumerate(found))


def data_of(default: str | None, replacement: str | None) -> dict[str, Any]:
    """Return an entry's data: its replacements or, where it has none, the template's own.

    AWS does not say whether the two are merged name by name, so nothing may rely on it.

    Raises:
        RenderingError: one of them is not a JSON object.
    """
    own, given = (_object(text) for text in (default, replacement))
    return given or own


def _object(text: str | None) -> dict[str, Any]:
    try:
        given = json.loads(text or "{}")
    except ValueError as error:
        raise RenderingError("Template data is not JSON.") from error
    if not isinstance(given, dict):
        raise RenderingError("Template data is not a JSON object.")
    return given
