# SPDX-License-Identifier: Apache-2.0
"""Which elements are open at a place of a mail's markup, within bounds.

Guarantees a bound on how many elements a browser's tree of the markup holds and how deep it is,
before native code that can be stopped by nothing builds one. Counts as that code does where it
repeats an element: one such as ``<b>`` that is not closed comes back in each that follows.

Source: WHATWG HTML, 13.2.4.3 "The list of active formatting elements".
"""

from typing import Final

from chalicelib.adapters.jinja_masks import COMMENT, MARK, Masked, number
from chalicelib.adapters.markup import VOID, Kind, Piece, scan
from chalicelib.adapters.template_rules import broken

MAX_ELEMENTS: Final = 5_000
MAX_DEPTH: Final = 100
MAX_ATTRIBUTES: Final = 100
_REPEATED: Final = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong"}
    | {"tt", "u"}
)
_CLOSING_THEMSELVES: Final = frozenset({"dd", "dt", "li", "option", "p", "tbody", "td", "th", "tr"})
_WALLS: Final = frozenset({"table", "td", "th", "caption", "template"})
_OF_TABLES: Final = _WALLS | {"tbody", "thead", "tfoot", "tr", "html", "body"}


class OpenElements:
    """Follows pieces of markup; ``weight`` is the number of elements, repeated ones included.

    Args:
        masked: where the pieces are from, for the line of errors; None counts without bounds.
        xml: whether names are case-sensitive and every element is closed by its own end tag.
    """

    def __init__(self, masked: Masked | None, *, xml: bool = False) -> None:
        self.weight = 0
        self._masked = masked
        self._xml = xml
        self._open: list[tuple[str, int]] = []
        self._lost = 0

    @property
    def inner(self) -> int:
        """Where the innermost open element began; -1 outside all."""
        return self._open[-1][1] if self._open else -1

    @property
    def names(self) -> tuple[str, ...]:
        """The open elements, outermost first."""
        return tuple(name for name, _ in self._open)

    def add(self, piece: Piece) -> None:
        """Open or close what ``piece`` opens or closes.

        Raises:
            InputError: a bound is passed; the detail names the line.
        """
        name = piece.name if self._xml else piece.name.lower()
        if piece.kind is Kind.START:
            self._start(name, piece)
        elif piece.kind is Kind.END:
            self._end(name)

    def _start(self, name: str, piece: Piece) -> None:
        ended = not self._xml and name in _CLOSING_THEMSELVES
        if ended and self._open and self._open[-1][0] == name:
            self._open.pop()
        repeated = sum(each in _REPEATED for each, _ in self._open)
        self.weight += 1 + repeated + self._lost
        if name not in VOID and not (piece.closed and self._xml):
            self._open.append((name, piece.start))
        if self._masked is not None:
            self._check(self._masked, piece)

    def _check(self, masked: Masked, piece: Piece) -> None:
        fault = None
        if self.weight > MAX_ELEMENTS:
            fault = f"There are more than {MAX_ELEMENTS:,} elements."
        elif len(self._open) > MAX_DEPTH:
            fault = f"More than {MAX_DEPTH} elements are open here. Close those that have ended."
        elif len(piece.attributes) > MAX_ATTRIBUTES:
            fault = f"An element has more than {MAX_ATTRIBUTES} attributes."
        if fault:
            raise broken(fault, masked.part, masked.line(piece.start))

    def _end(self, name: str) -> None:
        for place in range(len(self._open) - 1, -1, -1):
            each = self._open[place][0]
            if each == name:
                if not self._xml and name not in _REPEATED:
                    self._lost += sum(x in _REPEATED for x, _ in self._open[place + 1 :])
                del self._open[place:]
                return
            if each in _WALLS and name not in _OF_TABLES and not self._xml:
                return


def places(text: str) -> dict[int, object]:
    """Return where the mark of each tag of a template stands: in which element, or which value.

    Args:
        text: HTML with marks, each of its elements closed by an end tag.
    """
    elements = OpenElements(None)
    found: dict[int, object] = {}
    for piece in scan(text):
        held = text[piece.start : piece.end]
        for mark in MARK.finditer(held):
            offset = piece.start + mark.start()
            at = (each.start for each in piece.attributes if each.start <= offset < each.end)
            alone = COMMENT.fullmatch(held)
            found[number(mark)] = elements.inner if alone else (piece.start, next(at, 0))
        elements.add(piece)
    return found
