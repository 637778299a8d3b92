# SPDX-License-Identifier: Apache-2.0
"""Re-deriving everything from the log's entries and comparing it with what is stored.

Guarantees that nothing is written, that the first difference of every area is named in words with
ids only, and that a difference which is gone a moment later is none: the installation may be at
work meanwhile. Whoever runs it needs rights of their own (docs/operations.md).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol, TypeVar

from chalicelib.errors import EvidenceError
from chalicelib.ports.system import Clock

LOOKS: Final = 3
"""Times a row is read before a difference counts."""
BETWEEN_LOOKS_MS: Final = 500
CHUNK: Final = 100

T = TypeVar("T")


class Difference(Exception):  # noqa: N818  # what was found, as it is printed
    """Stored data are not what the entries say.

    Args:
        area: name of the area it belongs to.
        sentence: what differs: ids, hashes and numbers, never a person's data.
    """

    def __init__(self, area: str, sentence: str) -> None:
        """Keep both apart."""
        super().__init__(area, sentence)
        self.area = area
        self.sentence = sentence


@dataclass(slots=True, kw_only=True)
class Area:
    """One kind of stored data and how its comparison went.

    Attributes:
        unit: what was counted.
        difference: the first one, None while all agree.
        differences: how many there were.
    """

    name: str
    unit: str
    checked: int = 0
    difference: str | None = None
    differences: int = 0

    @property
    def line(self) -> str:
        """The line a person reads."""
        counted = f"{self.name}: {self.checked} {self.unit}"
        if self.difference is None:
            return f"{counted}, OK"
        more = f" (and {self.differences - 1} more)" if self.differences > 1 else ""
        return f"{counted}, DIFFERENCE: {self.difference}{more}"


class Areas:
    """The areas of one run, by name."""

    def __init__(self, clock: Clock) -> None:
        """Wait by ``clock`` before a second look."""
        self._clock = clock
        self._areas: dict[str, Area] = {}

    def add(self, name: str, unit: str) -> None:
        """Have an area of this name."""
        self._areas[name] = Area(name=name, unit=unit)

    def count(self, name: str, number: int = 1) -> None:
        """Count what was compared."""
        self._areas[name].checked += number

    def differs(self, name: str, sentence: str) -> None:
        """Record a difference; the first is the one named."""
        area = self._areas[name]
        area.differences += 1
        area.difference = area.difference or sentence

    def steady(self, look: Callable[[], None]) -> bool:
        """Compare, and again after a moment if there is a difference; record one that stays.

        Args:
            look: raises `Difference`.
        """
        for attempt in range(1, LOOKS + 1):
            try:
                look()
            except Difference as found:
                if attempt == LOOKS:
                    self.differs(found.area, found.sentence)
                    return False
                self._clock.sleep_ms(BETWEEN_LOOKS_MS)
            else:
                break
        return True

    def __iter__(self) -> Iterator[Area]:
        """Yield the areas in the order they were added."""
        return iter(self._areas.values())


class Check(Protocol):
    """One part of the comparison."""

    def run(self, areas: Areas) -> None:
        """Compare, and record in ``areas`` what was seen."""
        ...


class Fsck:
    """The whole comparison."""

    def __init__(self, *, checks: Sequence[Check], clock: Clock) -> None:
        """Run ``checks`` in their order."""
        self._checks = checks
        self._clock = clock

    def run(self) -> tuple[Area, ...]:
        """Compare everything once.

        Raises:
            DependencyError: something could not be read; nothing is known of the rest.
        """
        areas = Areas(self._clock)
        for check in self._checks:
            check.run(areas)
        return tuple(areas)


def in_chunks(items: Iterator[T], size: int = CHUNK) -> Iterator[tuple[T, ...]]:
    """Yield the items in tuples of ``size``, the last one shorter."""
    while chunk := tuple(islice(items, size)):
        yield chunk


def require(holds: object, area: str, sentence: str) -> None:
    """Raise `Difference` unless ``holds``."""
    if not holds:
        raise Difference(area, sentence)


def readable(read: Callable[[], T], area: str, what: str) -> T:
    """Return what ``read`` returns; evidence it refuses is a difference named by ``what``.

    Raises:
        Difference: ``read`` raised `EvidenceError`.
    """
    try:
        return read()
    except EvidenceError as problem:
        raise Difference(area, f"{what}: {problem}") from None
