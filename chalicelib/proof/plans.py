# SPDX-License-Identifier: Apache-2.0
"""A campaign's plan as a Merkle tree: its root for the ledger, and the path of one record.

Guarantees that root and paths are those of RFC 6962 over the 28-byte records of the sixteen
manifests in shard order (docs/spec/proof-bundle.md section 1.2), from a stream of records and
later from the hashes of whole blocks alone, so that nobody reads a million records for one person.
Performs no I/O. Refuses an index whose length is not the one its counts demand.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.errors import Malformed
from chalicelib.proof import merkle

RECORD_BYTES: Final = 28
BLOCK_BITS: Final = 8
BLOCK_RECORDS: Final = 1 << BLOCK_BITS
"""Records under one stored hash."""
SHARD_COUNT: Final = 16
_MAGIC: Final = b"KVPLAN\x00\x01"
_COUNT_BYTES: Final = 4
_HEAD_BYTES: Final = len(_MAGIC) + SHARD_COUNT * _COUNT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanIndex:
    """What is kept of a plan beside its manifests.

    Attributes:
        counts: records of each shard, in shard order.
        blocks: the hash over every whole block of 256 records, in order.
    """

    counts: tuple[int, ...]
    blocks: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Records in the whole plan."""
        return sum(self.counts)

    def start(self, shard: int) -> int:
        """The place in the plan of a shard's first record."""
        return sum(self.counts[:shard])

    def encode(self) -> bytes:
        """The stored form: magic and version, sixteen big-endian counts, the blocks' hashes."""
        counts = b"".join(count.to_bytes(_COUNT_BYTES, "big") for count in self.counts)
        return _MAGIC + counts + b"".join(self.blocks)

    @classmethod
    def decode(cls, data: bytes) -> "PlanIndex":
        """The index that `encode` wrote.

        Raises:
            Malformed: another version, or a length its counts do not demand.
        """
        if not data.startswith(_MAGIC) or len(data) < _HEAD_BYTES:
            raise Malformed("not the index of a plan")
        counts = tuple(
            int.from_bytes(data[at : at + _COUNT_BYTES], "big")
            for at in range(len(_MAGIC), _HEAD_BYTES, _COUNT_BYTES)
        )
        hashes = data[_HEAD_BYTES:]
        if len(hashes) != sum(counts) // BLOCK_RECORDS * merkle.HASH_BYTES:
            raise Malformed("the index of a plan has not a hash for every whole block")
        step = merkle.HASH_BYTES
        blocks = tuple(hashes[at : at + step] for at in range(0, len(hashes), step))
        return cls(counts=counts, blocks=blocks)


class PlanHasher:
    """Builds index and root from records as they come; keeps less than a block of them."""

    def __init__(self) -> None:
        """Begin with an empty plan."""
        self._blocks: list[bytes] = []
        self._rest: list[bytes] = []

    def add(self, records: bytes) -> None:
        """Take the next records, whole ones.

        Raises:
            Malformed: the bytes end inside a record.
        """
        self._rest += record_hashes(records)
        whole = len(self._rest) - len(self._rest) % BLOCK_RECORDS
        for start in range(0, whole, BLOCK_RECORDS):
            self._blocks.append(merkle.root_of_hashes(self._rest[start : start + BLOCK_RECORDS]))
        del self._rest[:whole]

    def root(self) -> bytes:
        """The root over everything taken so far."""
        rest = [merkle.root_of_hashes(self._rest)] if self._rest else []
        return merkle.root_of_hashes([*self._blocks, *rest])

    def index(self, counts: Sequence[int]) -> PlanIndex:
        """The index of the plan, whose shards hold ``counts`` records.

        Raises:
            Malformed: the counts do not add up to what was taken.
        """
        taken = len(self._blocks) * BLOCK_RECORDS + len(self._rest)
        if len(counts) != SHARD_COUNT or sum(counts) != taken:
            raise Malformed("a plan holds other numbers of records than its shards")
        return PlanIndex(counts=tuple(counts), blocks=tuple(self._blocks))


def record_hashes(records: bytes) -> Iterable[bytes]:
    """The leaf hash of each of some whole records.

    Raises:
        Malformed: the bytes end inside a record.
    """
    if len(records) % RECORD_BYTES:
        raise Malformed("a record of a plan is not whole")
    return [
        merkle.leaf_hash(records[at : at + RECORD_BYTES])
        for at in range(0, len(records), RECORD_BYTES)
    ]


def prove_record(
    plan: PlanIndex, index: int, root: bytes, read: Callable[[int, int], bytes]
) -> tuple[bytes, ...]:
    """The audit path of record ``index``, verified against ``root``.

    Args:
        read: returns the bytes of the records from the first place up to the second, exclusive;
            called at most twice, each time for at most 256 records.

    Raises:
        Malformed: the index is outside the plan, or a record is not whole.
        BrokenProof: what is stored does not lead to ``root``.
    """
    kept: dict[int, list[bytes]] = {}

    def leaves(block: int) -> list[bytes]:
        if block not in kept:
            start = block * BLOCK_RECORDS
            kept[block] = list(record_hashes(read(start, min(start + BLOCK_RECORDS, plan.size))))
        return kept[block]

    def subtree(level: int, place: int) -> bytes:
        if level >= BLOCK_BITS:
            width = 1 << level - BLOCK_BITS
            return merkle.root_of_hashes(plan.blocks[place * width : (place + 1) * width])
        first = (place << level) % BLOCK_RECORDS
        block = (place << level) // BLOCK_RECORDS
        return merkle.root_of_hashes(leaves(block)[first : first + (1 << level)])

    path = merkle.inclusion_proof(index, plan.size, subtree)
    merkle.verify_inclusion(subtree(0, index), index, plan.size, path, root)
    return path
