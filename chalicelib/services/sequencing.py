# SPDX-License-Identifier: Apache-2.0
"""The sequencer: committed entries become a signed, published tree.

Guarantees, under any number of sequencers and a crash before or after any call: each entry gets
one index; any two published checkpoints are consistent; immutable objects are never overwritten;
the head never shrinks. It halts (`FatalError`) rather than sign a fork. Safety rests on the
head's compare-and-swap alone; waking is an optimisation.

Source: docs/spec/ledger.md; the order of steps is Sunlight's (staging, swap, idempotent publish).
"""

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.ids import EventId, SubjectId
from chalicelib.errors import Conflict, EvidenceError, FatalError, NotFound
from chalicelib.ports.keys import LogSigner
from chalicelib.ports.ledger import Head, HeadStore, Outbox, Pending
from chalicelib.ports.outside import Blob, Blobs
from chalicelib.proof import canonical, note
from chalicelib.proof.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from chalicelib.proof.tiles import (
    EMPTY_EDGE,
    Growth,
    RightEdge,
    TileReader,
    grow,
    load_right_edge,
    prove_consistency,
)

log = logging.getLogger(__name__)

PREFIX = "log/"
CHECKPOINT = f"{PREFIX}checkpoint"
MAX_BATCH = 10_000
"""Entries one signed batch holds at most."""
MAX_ROUNDS = 20
"""Batches one run sequences before it leaves the rest to the next wake."""
BINARY = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"
LOST_CHECKPOINT = (
    "the published checkpoint is gone: restore its last version; signing without it could fork "
    "the log"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSigner:
    """A `proof.note.Signer` over the log key."""

    name: str
    key: LogSigner

    @property
    def algorithm(self) -> note.Algorithm:
        """Ed25519, as tlog-tiles requires of a log that talks to witnesses."""
        return note.Algorithm.ED25519

    @property
    def key_id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        return note.key_id_of(self.name, self.algorithm, self.key.public_key)

    def sign(self, message: bytes) -> bytes:
        """Sign a note's text."""
        return self.key.sign(message)


class Bell(Protocol):
    """Is told what was published. It must not fail, and must not wait."""

    def published(self, size: int) -> None:
        """Hear that the checkpoint of ``size`` is published; it may be told twice."""
        ...


class Sequencer:
    """Runs the commit protocol over one log.

    Args:
        bell: told of every checkpoint after all else is done; None: nobody listens.
    """

    def __init__(
        self,
        *,
        heads: HeadStore,
        outbox: Outbox,
        blobs: Blobs,
        signer: LogSigner,
        origin: str,
        bell: Bell | None = None,
    ) -> None:
        self._heads = heads
        self._outbox = outbox
        self._blobs = blobs
        self._signer = signer
        self._origin = origin
        self._bell = bell
        self._edge: RightEdge | None = None

    @property
    def log_key(self) -> note.VerifierKey:
        """The log's public key as policies and verifiers name it."""
        return note.VerifierKey(
            name=self._origin,
            algorithm=note.Algorithm.ED25519,
            public_key=self._signer.public_key,
        )

    def run(self) -> int:
        """Sequence until the outbox is empty and return how many entries were.

        Raises:
            FatalError: head, published checkpoint and stored objects disagree; a person decides.
            EvidenceError: an object of the log was altered; a person decides.
            DependencyError: run again later; whatever was committed will be finished then.

        """
        done = 0
        for _ in range(MAX_ROUNDS):
            try:
                batch = self._round()
            except Conflict:
                continue  # Another sequencer won; its batch is read and finished next round.
            if batch is None:
                return done
            done += batch
        log.info("the sequencer left work for its next run", extra={"sequenced": done})
        return done

    def _round(self) -> int | None:
        """Finish a staged batch (0), or sequence a new one (its size), or find nothing (None)."""
        published, head = self._read()
        self._require_no_rollback(published, head)
        if head is not None and head.staged is not None:
            self._finish(head, self._read_staged(head))
            return 0
        batch = self._outbox.pending(MAX_BATCH)
        if not batch:
            return None
        grown = grow(self._right_edge(head), [pending.leaf for pending in batch])
        staged = Staged(
            objects=grown.objects, indexed=tuple(enumerate(batch, start=grown.first_index))
        )
        new = self._stage(grown, staged)
        self._heads.swap(head, new)
        self._edge = grown.edge
        self._finish(new, staged, head)
        return len(batch)

    def _read(self) -> tuple[Blob | None, Head | None]:
        """What is published, then the head: the other order halts falsely."""
        published = self._blobs.get(CHECKPOINT)
        return published, self._heads.read()

    def _require_no_rollback(self, published: Blob | None, head: Head | None) -> None:
        if head is not None:
            self._verified(head.checkpoint, head.size, head.root)
        if published is None:
            if head is not None and head.staged is None:
                self._require_published()  # The first may have been, between the two reads.
            return
        seen = verify_checkpoint(published.data, self.log_key)
        if (
            head is None
            or seen.size > head.size
            or (seen.size == head.size and seen.root != head.root)
        ):
            raise FatalError(
                "the published checkpoint is ahead of the stored head: the head was rolled back; "
                "signing now would fork the log"
            )

    def _require_published(self) -> None:
        if self._blobs.get(CHECKPOINT) is None:
            raise FatalError(LOST_CHECKPOINT)

    def _verified(self, checkpoint: bytes, size: int, root: bytes) -> None:
        seen = verify_checkpoint(checkpoint, self.log_key)
        if (seen.size, seen.root) != (size, root):
            raise FatalError("the stored head does not say what its checkpoint says")

    def _right_edge(self, head: Head | None) -> RightEdge:
        if head is None:
            return EMPTY_EDGE
        if self._edge and (self._edge.size, self._edge.root) == (head.size, head.root):
            return self._edge
        try:
            return load_right_edge(head.size, head.root, tile_reader(self._blobs))
        except NotFound as missing:
            raise FatalError(f"{missing}; restore it from an older version") from None

    def _stage(self, grown: Growth, staged: "Staged") -> Head:
        sizes = f"{grown.first_index}-{grown.new_size}"
        key = f"{PREFIX}staging/{sizes}-{grown.new_root.hex()}"
        # Equal sizes and root mean equal leaves in equal order: an existing object is this one.
        self._blobs.put_new(key, staged.encode(), BINARY)
        signer = CheckpointSigner(name=self._origin, key=self._signer)
        checkpoint = Checkpoint(origin=self._origin, size=grown.new_size, root=grown.new_root)
        return Head(
            size=grown.new_size,
            root=grown.new_root,
            checkpoint=sign_checkpoint(checkpoint, [signer]),
            staged=key,
        )

    def _read_staged(self, head: Head) -> "Staged":
        blob = self._blobs.get(head.staged or "")
        if blob is None:
            if self._heads.read() != head:
                raise Conflict("another sequencer finished the batch meanwhile")
            raise FatalError("a committed batch is not in staging; the log cannot be completed")
        return Staged.decode(blob.data)

    def _finish(self, head: Head, staged: "Staged", grown_from: Head | None = None) -> None:
        """Publish a committed batch; every step may have been done before.

        Nothing is kept under the head's size, and nothing leaves the outbox, before the one
        published checkpoint is this batch's or a later one of the same tree.
        """
        published = self._require_extends(head, staged, grown_from)
        for path, data in staged.objects:
            self._publish(PREFIX + path, data, BINARY)
        self._publish_checkpoint(head, published)
        self._publish(_kept(head), head.checkpoint, TEXT)
        self._outbox.settle([(pending, index) for index, pending in staged.indexed])
        try:
            self._heads.swap(
                head, Head(size=head.size, root=head.root, checkpoint=head.checkpoint, staged=None)
            )
        except Conflict:
            log.info("another sequencer finished the batch first")
        if head.staged is not None:
            self._blobs.delete(head.staged)
        if self._bell is not None:
            self._bell.published(head.size)

    def _require_extends(
        self, head: Head, staged: "Staged", grown_from: Head | None
    ) -> tuple[Checkpoint, str] | None:
        """Return what is published now and its tag, of the same tree as the batch; None: nothing.

        It is read anew: the head may have been rolled back between our reads and our swap, and
        then the swap took place on a head that was not the log's last.
        """
        published = self._blobs.get(CHECKPOINT)
        if published is None:
            if staged.indexed[0][0] > 0 or self._blobs.get(_kept(head)) is not None:
                self._require_published()
                raise Conflict("another sequencer published the first checkpoint meanwhile")
            return None
        seen = verify_checkpoint(published.data, self.log_key)
        if grown_from is None or published.data != grown_from.checkpoint:
            self._require_one_tree(seen, head, dict(staged.objects))
        return seen, published.etag

    def _require_one_tree(self, seen: Checkpoint, head: Head, new: dict[str, bytes]) -> None:
        stored = tile_reader(self._blobs)
        (size, root), (later, later_root) = sorted([(seen.size, seen.root), (head.size, head.root)])
        reader = TileReader(later, lambda path: new[path] if path in new else stored(path))
        try:
            prove_consistency(reader, size, root, later_root)
        except (EvidenceError, NotFound) as problem:
            raise FatalError(
                "the committed batch and the published checkpoint cannot be shown to be of one "
                f"tree ({problem}): publishing could fork the log"
            ) from None

    def _publish(self, key: str, data: bytes, content_type: str) -> None:
        if self._blobs.put_new(key, data, content_type):
            return
        existing = self._blobs.get(key)
        if existing is None or existing.data != data:
            raise FatalError(f"{key} exists with other bytes: the log has forked")

    def _publish_checkpoint(self, head: Head, published: tuple[Checkpoint, str] | None) -> None:
        """Replace exactly the checkpoint that was compared, and never by an older one.

        Raises:
            Conflict: somebody else replaced it meanwhile: everything must be read again.

        """
        if published is None:
            if not self._blobs.put_new(CHECKPOINT, head.checkpoint, TEXT):
                raise Conflict("the first checkpoint is published already")
            return
        seen, etag = published
        if seen.size < head.size:
            self._blobs.put(CHECKPOINT, head.checkpoint, TEXT, if_match=etag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A batch as staged: every object to publish and every entry's index."""

    objects: tuple[tuple[str, bytes], ...]
    indexed: tuple[tuple[int, Pending], ...]

    def encode(self) -> bytes:
        """Return the staging object's bytes, schema version 1."""
        return canonical.encode(
            {
                "v": 1,
                "objects": [[path, _b64(data)] for path, data in self.objects],
                "entries": [
                    [index, *item.key, item.event, item.sid or "", -1 if item.n is None else item.n]
                    for index, item in self.indexed
                ],
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "Staged":
        """Return the batch `encode` wrote; leaves are left out, nobody needs them again.

        Raises:
            FatalError: another schema version.

        """
        document = canonical.decode(data)
        if not isinstance(document, dict) or document.get("v") != 1:
            raise FatalError("a staged batch has a version this code cannot read")
        return cls(
            objects=tuple((path, base64.b64decode(text)) for path, text in document["objects"]),
            indexed=tuple(_pending(*row) for row in document["entries"]),
        )


def _pending(index: int, pk: str, sk: str, event: str, sid: str, n: int) -> tuple[int, Pending]:
    return index, Pending(
        key=(pk, sk),
        event=EventId(event),
        leaf=b"",
        sid=SubjectId(sid) if sid else None,
        n=None if n < 0 else n,
    )


def _kept(head: Head) -> str:
    return f"{PREFIX}checkpoints/{head.size}"


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def read_checkpoint(blobs: Blobs) -> bytes:
    """Return the latest published checkpoint.

    Raises:
        NotFound: nothing has been published yet.

    """
    blob = blobs.get(CHECKPOINT)
    if blob is None:
        raise NotFound("The ledger has no checkpoint yet; the first entry makes one.")
    return blob.data


def tile_reader(blobs: Blobs) -> Callable[[str], bytes]:
    """Return a function that reads a log object by its tlog-tiles path.

    The function raises `NotFound` when there is no such object.
    """

    def read(path: str) -> bytes:
        blob = blobs.get(PREFIX + path)
        if blob is None:
            raise NotFound(f"the log's object {path} is missing")
        return blob.data

    return read
