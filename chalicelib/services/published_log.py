# SPDX-License-Identifier: Apache-2.0
"""The published log as a proof reads it: one checkpoint, and paths and entries under it.

Guarantees that every path was verified against the checkpoint's root before it is returned, and
that reading for one entry takes a few objects however long the log is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from chalicelib.domain.ids import EventId
from chalicelib.errors import NotFound
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.outside import Blobs
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.evidence import ProvenEntry
from chalicelib.proof.tiles import (
    TILE_WIDTH,
    TileReader,
    prove_consistency,
    prove_inclusion,
    read_leaves,
)
from chalicelib.services.sequencing import read_checkpoint, tile_reader

BUNDLES_KEPT: Final = 4
"""Entry bundles a tree holds at a time: what is published together stands together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The log at its latest checkpoint, for reading proofs."""

    note: bytes
    checkpoint: Checkpoint
    reader: TileReader = field(repr=False)
    read: Callable[[str], bytes] = field(repr=False)
    bundles: dict[int, tuple[bytes, ...]] = field(default_factory=dict, repr=False)

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the audit path of the entry at ``index``."""
        return prove_inclusion(self.reader, index, self.checkpoint.root)[1]

    def prove(self, leaf: bytes, index: int, disclosures: tuple[str, ...] = ()) -> ProvenEntry:
        """Return the entry with its path."""
        return ProvenEntry(leaf=leaf, index=index, path=self.path(index), disclosures=disclosures)

    def leaf(self, index: int) -> bytes:
        """Return the entry at ``index`` as the log holds it; its path says whether it is so."""
        return self.leaves(index // TILE_WIDTH)[index % TILE_WIDTH]

    def leaves(self, number: int) -> tuple[bytes, ...]:
        """Return the entries of bundle ``number``, `TILE_WIDTH` but in the log's last."""
        if number not in self.bundles:
            for oldest in list(self.bundles)[: len(self.bundles) + 1 - BUNDLES_KEPT]:
                del self.bundles[oldest]
            self.bundles[number] = read_leaves(self.read, number, self.checkpoint.size)
        return self.bundles[number]

    def since(self, old: Checkpoint) -> tuple[bytes, ...]:
        """Return the consistency proof from an older checkpoint of this log."""
        return prove_consistency(self.reader, old.size, old.root, self.checkpoint.root)


class PublishedLog:
    """Where entries are in the published log."""

    def __init__(self, *, store: LedgerStore, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs

    def tree(self) -> Tree | None:
        """Return the log at its latest checkpoint; None before its first."""
        try:
            return self.latest()
        except NotFound:
            return None

    def latest(self) -> Tree:
        """Return the log at its latest checkpoint.

        Raises:
            NotFound: it has none yet.
        """
        data = read_checkpoint(self._blobs)
        checkpoint = Checkpoint.of_note(data)
        read = tile_reader(self._blobs)
        reader = TileReader(checkpoint.size, read)
        return Tree(note=data, checkpoint=checkpoint, reader=reader, read=read)

    def index(self, event: EventId, tree: Tree | None) -> int | None:
        """Return the entry's index, once the published tree covers it."""
        found = self._store.locate(event)
        if tree is None or found is None or found.index is None:
            return None
        return found.index if found.index < tree.checkpoint.size else None
