# SPDX-License-Identifier: Apache-2.0
"""SES's template language, the part the product uses: replacement of {{name}} and {{name.inner}}.

It guarantees that values go in as they are: SES escapes nothing.
It refuses blocks such as {{#each}} and names that the data lack; SES then accepts the call and
reports a Rendering Failure event, and so does the caller of this module.

Source: https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLACE = re.compile(r"\{\{\{?\s*([^{}]*?)\s*\}?\}\}")
_NAME = re.compile(r"[A-Za-z0-9_$-]+(?:\.[A-Za-z0-9_$-]+)*")


class RenderingError(Exception):
    """The template cannot be rendered with these data."""


def render(template: str, data: Mapping[str, Any]) -> str:
    """Return the template with every place filled in.

    Raises:
        RenderingError: a name is missing from the data, or the place is not a plain name.

    >>> render("Hej {{name}}!", {"name": "Ada"})
    'Hej Ada!'
    """

    def fill(found: re.Match[str]) -> str:
        name = found.group(1)
        if not _NAME.fullmatch(name):
            raise RenderingError(f"Unsupported template expression '{name[:40]}'.")
        value: Any = data
        for step in name.split("."):
            if not isinstance(value, Mapping) or step not in value:
                raise RenderingError(f"Attribute '{name}' is not present in the rendering data.")
            value = value[step]
        return value if isinstance(value, str) else json.dumps(value)

    return _PLACE.sub(fill, template)


def merged(default: str | None, replacement: str | None) -> dict[str, Any]:
    """Return the template's data: the default's, replaced name by name.

    Raises:
        RenderingError: one of them is not a JSON object.
    """
    together: dict[str, Any] = {}
    for text in (default, replacement):
        try:
            given = json.loads(text or "{}")
        except ValueError as error:
            raise RenderingError("Template data is not JSON.") from error
        if not isinstance(given, dict):
            raise RenderingError("Template data is not a JSON object.")
        together |= given
    return together
