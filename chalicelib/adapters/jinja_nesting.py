# SPDX-License-Identifier: Apache-2.0
"""Refuses templates that would exhaust Jinja2's parser, before it sees them.

Guarantees that what passes is parsed without running out of stack; the parser itself would only
say that something, somewhere, is too deep. Whatever it cannot split is left for the parser to tell.
"""

from typing import Final

from jinja2 import TemplateSyntaxError

from chalicelib.adapters.sandbox import Sandbox
from chalicelib.adapters.template_rules import MAX_DEPTH, MAX_NODES, broken

MAX_BRACKETS: Final = 20
MAX_SIGNS: Final = 500
"""Names, signs and values in one tag; a list of 100 items has 200."""
MAX_NUMBER_CHARS: Final = 20
_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")
_BEFORE: Final = frozenset({"not", "-", "+"})
_BLOCKS: Final = frozenset({"for", "if"})
_ENDS: Final = frozenset({"endfor", "endif"})
_TOO_DEEP: Final = "This template is too long or too deeply nested."
_LONG_NUMBER: Final = f"A number has at most {MAX_NUMBER_CHARS} digits."


def refuse_deep(source: str, part: str) -> None:
    """Refuse a source that nests too deeply.

    Raises:
        InputError: it does, or a number in it is too long; the detail names the line.
    """
    reader = _Reader(part)
    try:
        for line, kind, value in Sandbox(autoescape=True).lex(source):
            if kind != "whitespace":
                reader.add(line, kind, value)
    except TemplateSyntaxError as error:
        raise broken(f"{error.message}", part, error.lineno) from None


class _Reader:
    """Counts what is open in a tag, and which blocks are."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._blocks = 0
        self._tags = 0
        self._new_tag()

    def _new_tag(self) -> None:
        self._signs = self._brackets = self._before = 0

    def add(self, line: int, kind: str, value: str) -> None:
        """Count one token."""
        if kind == "data" or kind.endswith(("_begin", "_end")):
            self._new_tag()
            self._tags += kind.endswith("_begin")
            if self._tags > MAX_NODES:
                raise broken(_TOO_DEEP, self._part, line)
            return
        self._signs += 1
        self._before = self._before + 1 if value in _BEFORE else 0
        if kind == "operator":
            self._brackets += (value in _OPENING) - (value in _CLOSING)
        elif kind == "name" and self._signs == 1:
            self._blocks += (value in _BLOCKS) - (value in _ENDS)
        elif kind in {"integer", "float"} and len(value) > MAX_NUMBER_CHARS:
            raise broken(_LONG_NUMBER, self._part, line)
        if (
            self._signs > MAX_SIGNS
            or max(self._brackets, self._before) > MAX_BRACKETS
            or self._blocks > MAX_DEPTH
        ):
            raise broken(_TOO_DEEP, self._part, line)
