# SPDX-License-Identifier: Apache-2.0
"""What chunk rows of version 1 count: the people of an attempt by outcome, summed up again.

Guarantees that everybody is counted once: a round holds whom an earlier attempt settled, the row's
own counts whom the last one did, and neither is counted before it is committed or called unknown.
"""

from typing import Final

from chalicelib.adapters.dynamo.items import Item, require_number, require_text
from chalicelib.domain.campaigns import ChunkStatus, Progress

TOTAL: Final = "TOTAL"
"""Sort key of the row that holds how many people a shard plans."""
COUNTED: Final = frozenset({ChunkStatus.DONE, ChunkStatus.UNKNOWN})
"""States in which nobody of a chunk is open any more."""
PROJECTION: Final = (
    "pk, sk, v, #status, people, n_sent, n_rejected, n_unknown, skipped, at_ms, rounds"
)


def places(item: Item) -> tuple[int, ...] | None:
    """Return the places in a chunk that earlier attempts left unsettled; None: all of them."""
    stored = item.get("unsettled")
    return None if stored is None else tuple(int(place["N"]) for place in stored["L"])


class Tally:
    """Sums chunks into a progress."""

    def __init__(self) -> None:
        self.shards = 0
        self._planned = self._sent = self._rejected = self._unknown = 0
        self._skipped: dict[str, int] = {}
        self._commits_ms: list[int] = []

    def add(self, item: Item) -> None:
        """Count one row of a shard."""
        if require_text(item, "sk") == TOTAL:
            self.shards += 1
            self._planned += require_number(item, "people")
            return
        for earlier in item.get("rounds", {"L": []})["L"]:
            self._committed(earlier["M"])
        status = require_text(item, "status")
        if status == ChunkStatus.DONE:
            self._committed(item)
        elif status == ChunkStatus.UNKNOWN:
            self._settled(item)

    def _committed(self, item: Item) -> None:
        self._settled(item)
        self._sent += require_number(item, "n_sent")
        self._rejected += require_number(item, "n_rejected")
        self._commits_ms.append(require_number(item, "at_ms"))

    def _settled(self, item: Item) -> None:
        self._unknown += require_number(item, "n_unknown")
        for reason, count in item.get("skipped", {"M": {}})["M"].items():
            self._skipped[reason] = self._skipped.get(reason, 0) + int(count["N"])

    def progress(self) -> Progress:
        """Return the sums."""
        return Progress(
            planned=self._planned,
            sent=self._sent,
            rejected=self._rejected,
            unknown=self._unknown,
            skipped=dict(sorted(self._skipped.items())),
            first_ms=min(self._commits_ms, default=None),
            last_ms=max(self._commits_ms, default=None),
        )
