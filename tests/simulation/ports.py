# SPDX-License-Identifier: Apache-2.0
"""The contract-tested fakes, made as coarse as the services behind the real adapters.

A Query over shards is no snapshot, a batch write can be half done, and an SDK that asks again
after a lost answer reports the condition that it broke itself.
"""

from collections.abc import Callable, Sequence
from random import Random  # noqa: TID251  # seeded: a failing run replays exactly

from chalicelib.ports.ledger import Head, Located, Pending
from tests.support.faults import Faults
from tests.support.memory_ledger import MemoryHeadStore, MemoryOutbox, MemoryRows
from tests.support.memory_outside import MemoryBlobs, OutsideRows

BATCH = 3
"""Rows of one write here; 25 in DynamoDB."""
Chance = Callable[[], bool]


class PagedOutbox(MemoryOutbox):
    """`Outbox` read in pages with time between them, and settled in small batches."""

    def __init__(self, rows: MemoryRows, faults: Faults, random: Random) -> None:
        super().__init__(rows, faults)
        self._random = random

    def pending(self, limit: int) -> tuple[Pending, ...]:
        shards = sorted({shard for shard, _ in self.rows.outbox})
        self._random.shuffle(shards)
        cut = self._random.randint(0, len(shards))
        found: list[Pending] = []
        for page in (shards[:cut], shards[cut:]):
            with self._call("Outbox.pending") as rows:
                found += [row for key, row in rows.outbox.items() if key[0] in page]
        return tuple(sorted(found, key=lambda row: row.key[1])[:limit])

    def settle(self, indexed: Sequence[tuple[Pending, int]]) -> None:
        parts = [indexed[at : at + BATCH] for at in range(0, len(indexed), BATCH)]
        for part in parts:
            with self._call("Outbox.locate") as rows:
                for row, index in part:
                    rows.located[row.event] = Located(
                        event=row.event, sid=row.sid, n=row.n, index=index
                    )
        for part in parts:
            with self._call("Outbox.drop") as rows:
                for row, _ in part:
                    rows.outbox.pop(row.key, None)


class WatchedHeads(MemoryHeadStore):
    """`HeadStore` that tells a watcher of every move."""

    def __init__(
        self,
        origin: str,
        rows: MemoryRows,
        faults: Faults,
        moved: Callable[[Head | None, Head], None],
    ) -> None:
        super().__init__(origin, rows, faults)
        self._moved = moved

    def swap(self, expected: Head | None, new: Head) -> None:
        with self._call("HeadStore.swap"):
            MemoryHeadStore(self._origin, self.rows).swap(expected, new)
            self._moved(expected, new)


class WatchedBlobs(MemoryBlobs):
    """`Blobs` that tells a watcher what was written, at once and before anything else happens."""

    def __init__(
        self,
        rows: OutsideRows,
        faults: Faults,
        watch: Callable[[str, str, bytes], None],
        asked_twice: Chance,
    ) -> None:
        super().__init__(rows, faults)
        self._watch = watch
        self._asked_twice = asked_twice

    def put_new(self, key: str, data: bytes, content_type: str) -> bool:
        with self._call("Blobs.put_new"):
            made = MemoryBlobs(self.rows).put_new(key, data, content_type)
            if made:
                self._watch("put_new", key, data)
        return made and not self._asked_twice()

    def put(self, key: str, data: bytes, content_type: str, if_match: str | None = None) -> None:
        with self._call("Blobs.put"):
            MemoryBlobs(self.rows).put(key, data, content_type, if_match)
            self._watch("put", key, data)

    def delete(self, key: str) -> None:
        with self._call("Blobs.delete"):
            self._watch("delete", key, b"")
            MemoryBlobs(self.rows).delete(key)
