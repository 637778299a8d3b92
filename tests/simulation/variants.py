# SPDX-License-Identifier: Apache-2.0
"""Sequencers with one thing wrong each. The simulation is worth what it finds in them."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.errors import Conflict
from chalicelib.ports.ledger import Head
from chalicelib.ports.outside import Blob
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.tiles import RightEdge
from chalicelib.services import sequencing
from chalicelib.services.sequencing import CHECKPOINT, PREFIX, TEXT, Sequencer, Staged
from tests.simulation.entries import ORIGIN
from tests.simulation.simulation import BOTH, QUIET, ROLLBACK
from tests.simulation.watch import STAGING


class NoIfMatch(Sequencer):
    """Writes `checkpoint` over whatever is there."""

    def _publish_checkpoint(self, head: Head, published: tuple[Checkpoint, str] | None) -> None:
        if published is None or published[0].size < head.size:
            self._blobs.put(CHECKPOINT, head.checkpoint, TEXT)


class LostRaceIsFine(Sequencer):
    """Takes a checkpoint that somebody else replaced for its own."""

    def _publish_checkpoint(self, head: Head, published: tuple[Checkpoint, str] | None) -> None:
        try:
            super()._publish_checkpoint(head, published)
        except Conflict:
            return


class HeadReadFirst(Sequencer):
    """Reads the head before the published checkpoint."""

    def _read(self) -> tuple[Blob | None, Head | None]:
        head = self._heads.read()
        return self._blobs.get(CHECKPOINT), head


class NoRollbackCheck(Sequencer):
    """Signs on top of any head."""

    def _require_no_rollback(self, published: Blob | None, head: Head | None) -> None:
        return


class FirstReadTrusted(Sequencer):
    """Does not compare its batch with what is published by the time it publishes."""

    def _require_one_tree(self, seen: Checkpoint, head: Head, new: dict[str, bytes]) -> None:
        return


class LostCheckpointIgnored(Sequencer):
    """Takes a missing checkpoint for a log that never published one."""

    def _require_published(self) -> None:
        return

    def _require_extends(
        self, head: Head, staged: Staged, grown_from: Head | None
    ) -> tuple[Checkpoint, str] | None:
        if self._blobs.get(CHECKPOINT) is None:
            return None
        return super()._require_extends(head, staged, grown_from)


class OtherBytesIgnored(Sequencer):
    """Does not look at what stands where it wants to write."""

    def _publish(self, key: str, data: bytes, content_type: str) -> None:
        self._blobs.put_new(key, data, content_type)


class KeptBeforePublished(Sequencer):
    """Keeps a checkpoint under its size before it is the published one."""

    def _publish_checkpoint(self, head: Head, published: tuple[Checkpoint, str] | None) -> None:
        self._publish(f"{PREFIX}checkpoints/{head.size}", head.checkpoint, TEXT)
        super()._publish_checkpoint(head, published)


class SettledBeforePublished(Sequencer):
    """Tells entries their index, and drops them, before the tree is published."""

    def _finish(self, head: Head, staged: Staged, grown_from: Head | None = None) -> None:
        self._outbox.settle([(pending, index) for index, pending in staged.indexed])
        super()._finish(head, staged, grown_from)


class HeadClearedFirst(Sequencer):
    """Says that a batch is finished before its entries left the outbox."""

    def _finish(self, head: Head, staged: Staged, grown_from: Head | None = None) -> None:
        cleared = Head(size=head.size, root=head.root, checkpoint=head.checkpoint, staged=None)
        published = self._require_extends(head, staged, grown_from)
        for path, data in staged.objects:
            self._publish(PREFIX + path, data, sequencing.BINARY)
        self._publish_checkpoint(head, published)
        self._publish(f"{PREFIX}checkpoints/{head.size}", head.checkpoint, TEXT)
        self._heads.swap(head, cleared)
        self._outbox.settle([(pending, index) for index, pending in staged.indexed])


class StaleEdge(Sequencer):
    """Grows from the right edge it remembers, whatever the head says."""

    def _right_edge(self, head: Head | None) -> RightEdge:
        return self._edge or super()._right_edge(head)


def no_staging(**ports: Any) -> Sequencer:
    """Does not write the batch down before the head moves."""
    put_new = ports["blobs"].put_new

    def forget(key: str, data: bytes, content_type: str) -> bool:
        return key.startswith(STAGING) or bool(put_new(key, data, content_type))

    ports["blobs"].put_new = forget
    return Sequencer(**ports)


def no_swap(**ports: Any) -> Sequencer:
    """Moves the head without comparing."""
    heads = ports["heads"]
    swap = heads.swap
    heads.swap = lambda _expected, new: swap(heads.rows.heads.get(ORIGIN), new)
    return Sequencer(**ports)


BROKEN: Mapping[Callable[..., Sequencer], str] = {
    NoIfMatch: QUIET,
    LostRaceIsFine: ROLLBACK,
    HeadReadFirst: QUIET,
    NoRollbackCheck: ROLLBACK,
    FirstReadTrusted: ROLLBACK,
    LostCheckpointIgnored: BOTH,
    OtherBytesIgnored: ROLLBACK,
    KeptBeforePublished: ROLLBACK,
    SettledBeforePublished: QUIET,
    HeadClearedFirst: QUIET,
    StaleEdge: QUIET,
    no_staging: QUIET,
    no_swap: QUIET,
}
"""What is wrong, and the misfortune that brings it out; most need none."""
