# SPDX-License-Identifier: Apache-2.0
"""Takes ``{% raw %}`` out of a template, so that what is put into it later is read everywhere.

Guarantees that the mail stays the same, save line breaks at its very end, and that every tag keeps
its line.
"""

import re
from typing import Final

from jinja2 import TemplateSyntaxError

from chalicelib.adapters.sandbox import Sandbox
from chalicelib.adapters.template_rules import broken

SHOWN_BRACE: Final = "{{ '{' }}"
"""A brace that opens no tag, whatever follows it."""
_RAW: Final = re.compile(r"\{%[-+]?\s*raw\b")
_DASH_BEFORE: Final = re.compile(r"-[%}#]\}\s*\Z")
_DASH_AFTER: Final = re.compile(r"\{[%{#]-")
_OPENING: Final = re.compile(r"\{(?=[{%#]|\Z)")


def without_raw(source: str, part: str) -> str:
    """Return ``source`` with the braces of raw blocks shown by expressions instead.

    Args:
        part: what the source is called in errors.

    Raises:
        InputError: the source cannot be read.

    Example:
        >>> without_raw("a {% raw %}{{ b }}{% endraw %}", "HTML")
        "a {{ '{' }}{ b }}"
    """
    if not _RAW.search(source):
        return source
    chunks: list[tuple[bool, str]] = []
    line = 1
    try:
        for at, kind, value in Sandbox(autoescape=True).lex(source):
            if at > line and (kind == "data" or kind.endswith("_begin")):
                breaks = "\n" * (at - line)  # They stood beside a tag with a dash.
                chunks.append((False, f"{{#{breaks}#}}"))
                line = at
            if kind not in {"raw_begin", "raw_end"}:
                chunks.append((kind == "data", value))
                line += value.count("\n")
    except TemplateSyntaxError as error:
        raise broken(f"{error.message}", part, error.lineno) from None
    return "".join(
        _shown(value, *_around(chunks, place)) if is_words else value
        for place, (is_words, value) in enumerate(chunks)
    )


def _around(chunks: list[tuple[bool, str]], place: int) -> tuple[str, str]:
    """Return what stands before and after words, remarks left out."""
    before = (chunks[each][1] for each in range(place - 1, -1, -1))
    after = (chunks[each][1] for each in range(place + 1, len(chunks)))
    return (
        next((text for text in before if text and not _is_remark(text)), ""),
        next((text for text in after if text and not _is_remark(text)), ""),
    )


def _is_remark(text: str) -> bool:
    return text.startswith("{#") and text.endswith("#}")


def _shown(text: str, before: str, after: str) -> str:
    """Return words with the braces shown that would open a tag, and the space a dash would take."""
    lead = text[: len(text) - len(text.lstrip())] if _DASH_BEFORE.search(before) else ""
    rest = text[len(lead) :]
    is_last = _DASH_AFTER.match(after) or not after
    tail = rest[len(rest.rstrip()) :] if is_last else ""
    words = _OPENING.sub(SHOWN_BRACE, rest[: len(rest) - len(tail)])
    return "".join((_quoted(lead), words, _quoted(tail)))


def _quoted(blank: str) -> str:
    return f"{{{{ '{blank}' }}}}" if blank else ""
