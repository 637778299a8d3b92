# SPDX-License-Identifier: Apache-2.0
"""The line in every mail that says how large the ledger is and what its root hash is.

Guarantees one read of a log's head in `FRESH_FOR_MS` and process, however many mails go out.
Whoever keeps a mail keeps a copy of that head: rewriting the log would need every mailbox.

Source: docs/spec/ledger.md, "The line in mails".
"""

from dataclasses import dataclass

from chalicelib.ports.ledger import Head, HeadStore
from chalicelib.ports.system import Clock

FRESH_FOR_MS = 60_000
"""How long a process repeats the head it read, milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointLine:
    """A checkpoint as mails name it: ``ledger <origin> <size> <root>``, the root in hex."""

    origin: str
    size: int
    root: str

    @classmethod
    def of(cls, origin: str, head: Head) -> "CheckpointLine":
        """Return the line of a head of the log ``origin``."""
        return cls(origin=origin, size=head.size, root=head.root.hex())


class CheckpointLines:
    """Reads the line for the mails of the next minute."""

    def __init__(self, *, heads: HeadStore, clock: Clock, origin: str) -> None:
        self._heads = heads
        self._clock = clock
        self._origin = origin
        self._kept: tuple[int, CheckpointLine] | None = None

    def latest(self) -> CheckpointLine | None:
        """Return the line, at most `FRESH_FOR_MS` old; None before the first checkpoint.

        Raises:
            DependencyError: the head cannot be read.

        """
        now_ms = self._clock.now_ms()
        if self._kept is None or now_ms - self._kept[0] >= FRESH_FOR_MS:
            head = self._heads.read()
            if head is None:
                return None  # The first one comes within seconds, and the next mail names it.
            self._kept = (now_ms, CheckpointLine.of(self._origin, head))
        return self._kept[1]
