# SPDX-License-Identifier: Apache-2.0
"""Time anchors: an outside authority stamps the log's checkpoints.

Guarantees that what is stamped is a published checkpoint, byte for byte, and that a stamp is made
only while no entry after it is older than `FRESH_MS`, so that no honest entry ever falls before
the bound it gives; that each size is stamped once, whatever crashed meanwhile; and that nothing
waits for the authority: the sequencer only leaves a message.

Source: docs/spec/proof-bundle.md section 5.1; docs/adr/0018-time-anchors-and-their-roots.md.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.ids import SHARDS
from chalicelib.errors import BrokenProof, DependencyError, KvittoError, Malformed, NotFound
from chalicelib.ports.ledger import Outbox
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.system import Clock
from chalicelib.ports.time import Anchor, Anchors, TimeAuthority
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.tiles import TILE_WIDTH, read_leaves
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.sequencing import CHECKPOINT, PREFIX, tile_reader

log = logging.getLogger(__name__)

EVERY_MS = 3600 * 1000
"""How old the last anchor may become while the log grows, milliseconds."""
ASK_AGAIN_MS = 5 * 60 * 1000
"""How long a process that asked for an anchor waits before it looks for it, milliseconds."""
FRESH_MS = 2 * 60 * 1000
"""Oldest entry, milliseconds, that may be outside a checkpoint when it is stamped. The verifier
allows five minutes; the rest is for a slow answer and for clocks that differ."""
CLOCKS_DIFFER_MS = 60 * 1000
"""A stamp whose time is further than this from ours is not kept, milliseconds."""
MAX_NEWER = 4 * TILE_WIDTH
"""Entries after a checkpoint whose age is looked at; with more, a later checkpoint is due."""
NOTE = "text/plain; charset=utf-8"
RESPONSE = "application/timestamp-reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A stamped checkpoint: the exact note, the ``TimeStampResp`` (DER), the stamped time."""

    size: int
    note: bytes
    response: bytes
    time_ms: int


class AnchorBell:
    """Asks for an anchor when one is due; between two that are due it makes no call."""

    def __init__(self, *, anchors: Anchors, queues: Queues, clock: Clock) -> None:
        self._anchors = anchors
        self._queues = queues
        self._clock = clock
        self._quiet_until_ms = 0

    def published(self, size: int) -> None:
        """Ask for an anchor of the checkpoint just published, if the last is an hour old.

        It never fails: an anchor that was not asked for now is asked for by the next run.
        """
        now_ms = self._clock.now_ms()
        if now_ms < self._quiet_until_ms:
            return
        try:
            last = self._anchors.latest(size)
            if last is not None and now_ms - last.time_ms < EVERY_MS:
                self._quiet_until_ms = last.time_ms + EVERY_MS
                return
            self._queues.send(Queue.ANCHORS, {"v": 1, "size": size})
            self._quiet_until_ms = now_ms + ASK_AGAIN_MS
        except DependencyError as error:
            log.warning("an anchor was not asked for: %s", error)


class Anchoring:
    """Stamps checkpoints and finds the stamps that bound an entry."""

    def __init__(
        self,
        *,
        anchors: Anchors,
        authority: TimeAuthority,
        outbox: Outbox,
        blobs: Blobs,
        clock: Clock,
        origin: str,
    ) -> None:
        self._anchors = anchors
        self._authority = authority
        self._outbox = outbox
        self._blobs = blobs
        self._clock = clock
        self._origin = origin

    def anchor(self, size: int) -> bool:
        """Stamp the published checkpoint of ``size``, or the latest when that one is too old.

        Idempotency key: the size. A dependency that is down is only logged: whoever publishes the
        next checkpoint asks again, and the hourly schedule alarms.

        Returns:
            Whether an anchor of it, or of a later checkpoint, exists now.

        Raises:
            EvidenceError, FatalError: a checkpoint or an answer does not hold.
        """
        try:
            asked = self._blobs.get(f"{PREFIX}checkpoints/{size}")
            if asked is not None and self._stamp(asked.data):
                return True
            return self.anchor_latest()
        except DependencyError as error:
            log.warning("a checkpoint was not stamped: %s", error, extra={"size": size})
            return False

    def anchor_latest(self) -> bool:
        """Stamp the latest checkpoint, if the log has grown since the last anchor.

        Raises:
            DependencyError: try again later; what was stamped is found then.
            EvidenceError, FatalError: as `anchor`.
        """
        latest = self._blobs.get(CHECKPOINT)
        return latest is not None and self._stamp(latest.data)

    def ensure(self, checkpoint_note: bytes) -> bool:
        """Stamp exactly this checkpoint, best effort; say whether it is stamped.

        It never fails: a bundle without a stamp says so itself.
        """
        try:
            return self._stamp(checkpoint_note)
        except KvittoError as error:
            level = logging.WARNING if isinstance(error, DependencyError) else logging.ERROR
            extra = {"problem": type(error).__name__}
            log.log(level, "a proof goes without its own time stamp: %s", error, extra=extra)
            return False

    def around(self, indices: Sequence[int], size: int) -> tuple[Stamped, ...]:
        """Return the anchors that bound the entries at ``indices``, by size, each once.

        For each index: the one of the largest size up to it, and the one of the smallest size
        above it, as far as they exist and are not above ``size``, the tree the reader has.

        Raises:
            NotFound: an indexed anchor's files are gone.
            DependencyError: try again later.
        """
        found: dict[int, Anchor] = {}
        same_until = -1
        for index in sorted(set(indices)):
            if index < same_until:
                continue  # No anchor lies between this entry and the one before it.
            before = self._anchors.latest(min(index, size))
            after = self._anchors.next_above(index)
            same_until = after.size if after is not None else size
            found |= {
                anchor.size: anchor
                for anchor in (before, after)
                if anchor is not None and anchor.size <= size
            }
        return tuple(self._read(found[each]) for each in sorted(found))

    def _read(self, anchor: Anchor) -> Stamped:
        text = self._blobs.get(note_key(anchor.size))
        response = self._blobs.get(response_key(anchor.size))
        if text is None or response is None:
            raise NotFound("the files of a time anchor are missing")
        return Stamped(
            size=anchor.size, note=text.data, response=response.data, time_ms=anchor.time_ms
        )

    def _stamp(self, checkpoint_note: bytes) -> bool:
        checkpoint = Checkpoint.of_note(checkpoint_note)
        if checkpoint.origin != self._origin:
            raise Malformed("a checkpoint to stamp is another log's")
        size = checkpoint.size
        last = self._anchors.latest(size)
        if last is not None and last.size == size:
            return True
        kept = self._blobs.get(response_key(size))
        if kept is not None:
            # A crash came before the index.
            return self._index(size, self._authority.verify(checkpoint_note, kept.data))
        if not self._authority.stamps or not self._is_fresh(size):
            return False
        response = self._authority.stamp(checkpoint_note)
        stamped_ms = self._authority.verify(checkpoint_note, response)
        differ_ms = stamped_ms - self._clock.now_ms()
        if abs(differ_ms) > CLOCKS_DIFFER_MS:
            # Kept, it could put honest entries outside their bounds for ever.
            log.error(
                "a time stamp was thrown away: the authority's clock and ours differ",
                extra={"differ_ms": differ_ms},
            )
            return False
        self._keep(note_key(size), checkpoint_note, NOTE)
        if not self._blobs.put_new(response_key(size), response, RESPONSE):
            kept = self._blobs.get(response_key(size))  # Another process was faster; its counts.
            if kept is not None:
                stamped_ms = self._authority.verify(checkpoint_note, kept.data)
        return self._index(size, stamped_ms)

    def _index(self, size: int, time_ms: int) -> bool:
        self._anchors.add(Anchor(size=size, time_ms=time_ms))
        log.info("a checkpoint was stamped", extra={"size": size})
        return True

    def _keep(self, key: str, data: bytes, content_type: str) -> None:
        if self._blobs.put_new(key, data, content_type):
            return
        kept = self._blobs.get(key)
        if kept is None or kept.data != data:
            raise BrokenProof(f"{key} exists with other bytes")

    def _is_fresh(self, size: int) -> bool:
        """Whether every entry outside the first ``size`` is younger than `FRESH_MS`.

        The outbox is read first: what leaves it meanwhile is then seen in the published log.
        """
        oldest_ms = self._clock.now_ms() - FRESH_MS
        waiting = [pending.leaf for pending in self._outbox.pending(len(SHARDS))]
        published = self._blobs.get(CHECKPOINT)
        if published is None:
            return False
        newest = Checkpoint.of_note(published.data).size
        if not size <= newest <= size + MAX_NEWER:
            return False
        newer = self._leaves(size, newest)
        return all(event_of_leaf(leaf).at_ms >= oldest_ms for leaf in (*waiting, *newer))

    def _leaves(self, first: int, end: int) -> list[bytes]:
        """Return the log's leaves from index ``first`` up to but without ``end``."""
        if first == end:
            return []
        read = tile_reader(self._blobs)
        leaves: list[bytes] = []
        for number in range(first // TILE_WIDTH, -(-end // TILE_WIDTH)):
            leaves += read_leaves(read, number, end)[max(0, first - number * TILE_WIDTH) :]
        return leaves


def note_key(size: int) -> str:
    """Return where the stamped note of a size is kept."""
    return f"anchors/{size}.note"


def response_key(size: int) -> str:
    """Return where the time stamp of a size is kept."""
    return f"anchors/{size}.tsr"
