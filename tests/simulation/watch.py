# SPDX-License-Identifier: Apache-2.0
"""What must be true of the log after every step, whoever crashed and whatever came back.

I1 each accepted entry is in the log exactly once. I2 any two published checkpoints, the latest
and the kept ones, are of one tree. I3 an immutable object never changes and is never removed. I4
the head never shrinks and is never behind what is published. I9 tags are unique.
"""

import base64
from functools import lru_cache

from chalicelib.domain.ids import EventId
from chalicelib.ports.ledger import Head
from chalicelib.ports.outside import Blob
from chalicelib.proof import merkle
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.tiles import TILE_WIDTH, bundle_path, decode_bundle
from chalicelib.services.sequencing import CHECKPOINT, PREFIX
from tests.simulation.entries import ORIGIN
from tests.support.memory_ledger import MemoryRows
from tests.support.memory_outside import OutsideRows

STAGING, KEPT = f"{PREFIX}staging/", f"{PREFIX}checkpoints/"


class BrokenPromise(AssertionError):  # noqa: N818  # what happened, as it is printed
    """An invariant does not hold."""


@lru_cache(maxsize=4096)
def _leaves_of(bundle: bytes, width: int) -> tuple[tuple[bytes, ...], bytes]:
    """A bundle's leaves and the root over them."""
    leaves = decode_bundle(bundle, width)
    return leaves, merkle.root_of_hashes([merkle.leaf_hash(leaf) for leaf in leaves])


@lru_cache(maxsize=4096)
def _tag_of(leaf: bytes) -> bytes | None:
    return parse_leaf(leaf).tag


class Watch:
    """Sees every write as it happens."""

    def __init__(self, rows: MemoryRows, outside: OutsideRows, heads: list[Head | None]) -> None:
        self._rows = rows
        self._outside = outside
        self._heads = heads
        self._known: dict[EventId, int] = {}
        self._tags: set[bytes] = set()
        self._in_log: set[bytes] = set()
        self.leaves: list[bytes] = []
        self.published_size = 0
        self.kept: dict[str, bytes] = {}
        self.missing: dict[str, Blob] = {}
        self.rolled_back = False
        self._begin()

    def _begin(self) -> None:
        """Take over a log that was there before."""
        for key, blob in list(self._outside.blobs.items()):
            if key != CHECKPOINT:
                self.kept[key] = blob.data
        if CHECKPOINT in self._outside.blobs:
            self._published(self._outside.blobs[CHECKPOINT].data)
            self.published_size = len(self.leaves)

    @property
    def struck(self) -> bool:
        """Whether something happened that may halt the log."""
        return self.rolled_back or bool(self.missing)

    def wrote(self, kind: str, key: str, data: bytes) -> None:
        """Judge one write of an object."""
        if kind == "delete":
            _require(key.startswith(STAGING), f"I3: {key} was removed")
        elif key == CHECKPOINT:
            size = self._published(data)
            _require(size >= self.published_size, "I2: the published checkpoint went backwards")
            self.published_size = size
        else:
            _require(kind == "put_new", f"I3: {key} may be written over")
            # A staged batch may be removed and staged again, by somebody slow: it must be the same.
            _require(self.kept.setdefault(key, data) == data, f"I3: {key} changed")
            if key.startswith(KEPT):
                self._published(data)

    def moved(self, old: Head | None, new: Head) -> None:
        """Judge one move of the head."""
        if self.rolled_back:
            return
        _require(old is None or new.size >= old.size, "I4: the head shrank")
        _require(new.size >= self.published_size, "I4: the head is behind the checkpoint")

    def after(self, call: str) -> None:
        """Judge the rows after a call."""
        if call == "Outbox.locate":
            self._located()
        elif call == "Outbox.drop":
            for event, (leaf, waiting) in self.accepted().items():
                _require(waiting or leaf in self._in_log, f"I1: {event} was lost")

    def accepted(self) -> dict[EventId, tuple[bytes, bool]]:
        """Every entry committed by anyone: its leaf, and whether it still waits."""
        waiting = {row.event: row.leaf for row in self._rows.outbox.values()}
        found = {row.event: row.leaf for row in self._rows.entries.values()}
        found |= {event: leaf for event, (leaf, _) in self._rows.controller.items()}
        return {event: (leaf, event in waiting) for event, leaf in found.items()}

    def finished(self) -> None:
        """Judge a log with nothing left to do."""
        accepted = self.accepted()
        _require(not self._rows.outbox, "liveness: the outbox is not empty")
        for event, (leaf, _) in accepted.items():
            _require(leaf in self._in_log, f"I1: {event} is not in the log")
            place = self._rows.located.get(event)
            _require(place is not None and place.index is not None, f"I1: {event} has no index")
        _require(len(self.leaves) == len(self._in_log), "I1: an entry stands twice")
        head = self._heads[-1]
        _require(
            head is None or (head.staged is None and head.size == self.published_size),
            "liveness: the head is not finished and published",
        )

    def _located(self) -> None:
        for event, place in self._rows.located.items():
            if place.index is None:
                continue
            known = self._known.setdefault(event, place.index)
            _require(known == place.index, f"I1: {event} has a second index")
            leaf = self.leaves[known] if known < len(self.leaves) else b""
            _require(f'"id":"{event}"'.encode() in leaf, f"I1: {event} is not at its index")

    def _published(self, data: bytes) -> int:
        origin, size_text, root_text = data.decode().split("\n")[:3]
        size, root = int(size_text), base64.b64decode(root_text)
        _require(origin == ORIGIN, "the checkpoint of another log")
        leaves, computed = self._tree(size)
        _require(computed == root, "I2: a published root is not that of the stored entries")
        shorter = min(size, len(self.leaves))
        _require(leaves[:shorter] == self.leaves[:shorter], "I2: the log has forked")
        for leaf in leaves[shorter:]:
            _require(leaf not in self._in_log, "I1: an entry stands twice")
            self._in_log.add(leaf)
            tag = _tag_of(leaf)
            _require(tag is None or tag not in self._tags, "I9: a tag stands twice")
            if tag is not None:
                self._tags.add(tag)
        self.leaves.extend(leaves[shorter:])
        return size

    def _tree(self, size: int) -> tuple[list[bytes], bytes]:
        """The entries of a tree and its root, from what was ever stored and nothing else."""
        leaves: list[bytes] = []
        roots: list[bytes] = []
        for number in range(-(-size // TILE_WIDTH)):
            width = min(TILE_WIDTH, size - number * TILE_WIDTH)
            data = self.kept.get(PREFIX + bundle_path(number, width))
            _require(data is not None, "I2: a checkpoint was published before its entries")
            part, root = _leaves_of(data or b"", width)
            leaves += part
            roots.append(root)
        return leaves, merkle.root_of_hashes(roots) if roots else merkle.EMPTY_ROOT


def _require(holds: bool, promise: str) -> None:
    if not holds:
        raise BrokenPromise(promise)
