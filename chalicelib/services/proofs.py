# SPDX-License-Identifier: Apache-2.0
"""Proof bundles: asked for, built by a worker, fetched.

Guarantees that the ``bundle.exported`` entry, which commits to every byte of the manifest, is in
the log and proven before a bundle can be fetched; that a job row holds nothing personal; and that
a job ends within about an hour, ready or failed with a sentence.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.events import Event
from chalicelib.domain.ids import RANDOM_ID_BYTES, EventId, JobId, SubjectId, decode_id, encode_id
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.errors import BadToken, Conflict, DependencyError, InputError, NotFound
from chalicelib.ports.catalog import Brands, Jobs, Page
from chalicelib.ports.ledger import LedgerStore, StoredEntry
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof import bundle, canonical, note
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.disclosure import Claims, disclose
from chalicelib.proof.event_types import RULES
from chalicelib.proof.evidence import Evidence, NoticeFile, ProvenEntry
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.sealing import NONCE_BYTES
from chalicelib.proof.tiles import (
    TILE_WIDTH,
    TileReader,
    bundle_path,
    decode_bundle,
    prove_consistency,
    prove_inclusion,
)
from chalicelib.proof.tlog_proof import TlogProof
from chalicelib.proof.tokens import LinkPurpose
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.ledger import Chain, Draft, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.sequencing import read_checkpoint, tile_reader
from chalicelib.vocabulary import EventType

KIND = "proofs"
RETRY_S = 1
"""How long a job that waits for the log stays out of sight, seconds."""
PATIENCE_MS = 3600 * 1000
"""How long a job may wait for the log or a quiet chain before it fails, milliseconds."""
ADDRESS_LASTS_S = 300
GONE = "The person's data is no longer there."
TOO_LONG = (
    "The proof could not be made within an hour: the log or another service it needs was behind. "
    "Nothing was lost; please ask for the proof again."
)
EXPORT_REASONS = RULES[EventType.BUNDLE_EXPORTED].reasons
"""Words a leaf may hold; any other reason is kept sealed beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the bundle is to show and why. Empty lists or purposes mean all of them."""

    lists: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    recipient: str | None = None
    reason: str | None = None
    language: str = "en"
    exporter: str = "operator"

    def document(self) -> dict[str, JsonValue]:
        """Return the wish as JSON, to be sealed under the subject's key."""
        return {
            "exporter": self.exporter,
            "language": self.language,
            "lists": list(self.lists),
            "purposes": list(self.purposes),
            "reason": self.reason,
            "recipient": self.recipient,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The log at its latest checkpoint, for reading proofs."""

    note: bytes
    checkpoint: Checkpoint
    reader: TileReader = field(repr=False)

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the audit path of the entry at ``index``."""
        return prove_inclusion(self.reader, index, self.checkpoint.root)[1]


class Proofs:
    """Proof jobs."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        jobs: Jobs,
        brands: Brands,
        blobs: Blobs,
        queues: Queues,
        tokens: LinkTokens,
        clock: Clock,
        random: RandomBytes,
        policy: bytes,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._jobs = jobs
        self._brands = brands
        self._blobs = blobs
        self._queues = queues
        self._tokens = tokens
        self._clock = clock
        self._random = random
        self._policy = policy

    def request(self, selector: Mapping[str, str], wish: Wish) -> Job:
        """Ask for a bundle about the person that ``selector`` names.

        Args:
            selector: exactly one of ``email``, ``token`` (an unsubscribe link or its token) or
                ``subscriber`` (an id).

        Raises:
            InputError: not exactly one selector, or a malformed one.
            NotFound: nobody is found by it.
        """
        chain = self._ledger.open(self._subject(selector))
        job_id = JobId(encode_id(self._random(RANDOM_ID_BYTES)))
        sealed = chain.keys.seal_event(
            decode_id(job_id), canonical.encode(wish.document()), self._random(NONCE_BYTES)
        )
        job = Job(
            id=job_id,
            kind=KIND,
            status=JobStatus.PENDING,
            created_ms=self._clock.now_ms(),
            request={"sid": chain.sid, "wish": base64.b64encode(sealed).decode("ascii")},
        )
        self._jobs.create(job)
        self._queues.send(Queue.PROOFS, {"v": 1, "job": job.id})
        return job

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            NotFound: there is no such job, or it is older than 7 days.
        """
        job = self._jobs.get(KIND, job_id)
        if job is None:
            raise NotFound("There is no such proof; proofs are kept for 7 days.")
        return job

    def page(self, cursor: str | None, limit: int) -> Page[Job]:
        """Return one page of jobs."""
        return self._jobs.page(KIND, cursor, limit)

    def bundle(self, job_id: str) -> bytes:
        """Return the finished zip.

        Raises:
            NotFound: there is no such job, or its file is gone.
            Conflict: it is not ready yet, or failed.
        """
        blob = self._blobs.get(self._finished(job_id))
        if blob is None:
            raise NotFound("The file of this proof is gone; please ask for a new one.")
        return blob.data

    def address(self, job_id: str) -> str:
        """Return an address from which the finished zip can be fetched for five minutes.

        Raises:
            NotFound, Conflict: as `bundle`.
        """
        return self._blobs.address(self._finished(job_id), ADDRESS_LASTS_S)

    def _finished(self, job_id: str) -> str:
        """The blob key of a finished job's zip."""
        job = self.get(job_id)
        if job.status is not JobStatus.READY or job.blob is None:
            raise Conflict(job.problem or "The proof is not ready yet. Please ask again shortly.")
        return job.blob

    def build(self, job_id: str) -> bool:
        """Work on a job; False when it must wait, and was queued again.

        It waits for the log, and when the chain moved on while its entries were being exported.
        Idempotency key: the job id. A crash at worst leaves one more export entry in the chain.

        Raises:
            NotFound: there is no such job.
            DependencyError: try again; after `PATIENCE_MS` the job fails instead.
        """
        job = self.get(job_id)
        if job.status is not JobStatus.PENDING:
            return True
        is_late = self._clock.now_ms() - job.created_ms >= PATIENCE_MS
        try:
            done = self._export(job) if "event" not in job.progress else self._finish(job)
        except NotFound:
            return self._fail(job, GONE)
        except Conflict:
            done = False  # An entry came in between, or another worker: neither is a failure.
        except DependencyError:
            if is_late:
                return self._fail(job, TOO_LONG)
            raise
        if done:
            return True
        if is_late:
            return self._fail(self.get(job_id), TOO_LONG)
        self._queues.send(Queue.PROOFS, {"v": 1, "job": job.id}, delay_s=RETRY_S)
        return False

    def _fail(self, job: Job, problem: str) -> bool:
        if job.status is JobStatus.PENDING:
            self._jobs.replace(replace(job, status=JobStatus.FAILED, problem=problem))
        return True

    def _subject(self, selector: Mapping[str, str]) -> SubjectId:
        given = {name: value for name, value in selector.items() if value}
        if len(given) != 1:
            raise InputError(
                code="bad_selector", detail="Name the person by exactly one of the selectors."
            )
        ((name, value),) = given.items()
        if name == "email":
            found = self._ledger.lookup(self._ledger.mac(parse_address(value).normal)).sid
            if found is None:
                raise NotFound("Nobody is found by this.")
            return found
        if name == "token":
            text = value.rstrip("/").rpartition("/")[2]
            try:
                payload = self._tokens.read(LinkPurpose.UNSUBSCRIBE, text)
            except BadToken:
                raise NotFound("Nobody is found by this.") from None
            return SubjectId(encode_id(payload.sid))
        decode_id(value)
        return SubjectId(value)

    def _export(self, job: Job) -> bool:
        """Fix the bundle's content and commit to it in the subject's chain."""
        chain = self._ledger.open(SubjectId(job.request["sid"]))
        tree = self._tree()
        # The chain as read: what comes in meanwhile is not in this bundle.
        entries = self._ledger.history(chain.sid, 0, chain.state.entries - 1)
        places = [self._index(entry.event, tree) for entry in entries]
        if tree is None or None in places:
            self._ledger.wake_sequencer()
            return False
        wish = self._wish(job, chain)
        prepared = bundle.prepare(
            self._evidence(job, chain, tree, list(zip(entries, places, strict=True)), wish)
        )
        event = self._ledger.new_event_id()
        key = f"bundles/{chain.sid}/{job.id}-{event}.prepared"
        self._blobs.put(key, bundle.archive(dict(prepared.files)), "application/zip")
        draft = Draft(
            type=EventType.BUNDLE_EXPORTED,
            channel=None,
            reason=wish.reason if wish.reason in EXPORT_REASONS else None,
            manifest_sha256=prepared.manifest_sha256,
            claims=Claims(choice=wish.document()),
            event=event,
        )
        try:
            self._ledger.append(chain, [draft])
        except Conflict:
            self._blobs.delete(key)
            raise
        self._jobs.replace(
            replace(job, progress={"event": event, "prepared": key, "n": str(len(entries))})
        )
        return False

    def _finish(self, job: Job) -> bool:
        """Prove the export entry and close the bundle."""
        tree = self._tree()
        index = self._index(EventId(job.progress["event"]), tree)
        if tree is None or index is None:
            return False
        sid, n = SubjectId(job.request["sid"]), int(job.progress["n"])
        chain = self._ledger.open(sid)
        blob = self._blobs.get(job.progress["prepared"])
        if blob is None:
            raise NotFound("the prepared bundle is gone")
        prepared = bundle.reopen(blob.data, chain.keys.chain_key, n)
        old = prepared.checkpoint
        finished = bundle.finish(
            prepared,
            self._ledger.history(sid, n, n)[0].leaf,
            TlogProof(index=index, hashes=tree.path(index), checkpoint=tree.note),
            prove_consistency(tree.reader, old.size, old.root, tree.checkpoint.root),
        )
        key = f"bundles/{sid}/{job.id}.zip"
        self._blobs.put(key, finished, "application/zip")
        self._jobs.replace(replace(job, status=JobStatus.READY, blob=key))
        self._blobs.delete(job.progress["prepared"])
        return True

    def _wish(self, job: Job, chain: Chain) -> Wish:
        sealed = base64.b64decode(job.request["wish"])
        document = canonical.decode(chain.keys.open_event(decode_id(job.id), sealed))
        if not isinstance(document, dict):
            raise NotFound("the job's wish is unreadable")
        return Wish(
            lists=_texts(document["lists"]),
            purposes=_texts(document["purposes"]),
            recipient=_text(document["recipient"]),
            reason=_text(document["reason"]),
            language=str(document["language"]),
            exporter=str(document["exporter"]),
        )

    def _tree(self) -> Tree | None:
        try:
            data = read_checkpoint(self._blobs)
        except NotFound:
            return None
        checkpoint = Checkpoint.parse(note.parse_note(data).text)
        reader = TileReader(checkpoint.size, tile_reader(self._blobs))
        return Tree(note=data, checkpoint=checkpoint, reader=reader)

    def _index(self, event: EventId, tree: Tree | None) -> int | None:
        """The entry's index, once the published tree covers it."""
        found = self._store.locate(event)
        if tree is None or found is None or found.index is None:
            return None
        return found.index if found.index < tree.checkpoint.size else None

    def _evidence(
        self,
        job: Job,
        chain: Chain,
        tree: Tree,
        placed: Sequence[tuple[StoredEntry, int | None]],
        wish: Wish,
    ) -> Evidence:
        events = [event_of_leaf(entry.leaf) for entry, _ in placed]
        claims = [open_claims(chain.keys, entry) for entry, _ in placed]
        brand = next((self._brands.get(event.brand) for event in events if event.brand), None)
        email = next((item.subject["email"] for item in claims if item.subject), "")
        return Evidence(
            bundle_id=job.id,
            controller=f"{brand.controller_name}, {brand.postal_address}" if brand else "",
            subject=str(email),
            exporter=wish.exporter,
            created_ms=self._clock.now_ms(),
            policy=self._policy,
            checkpoint=tree.note,
            chain_key=chain.keys.chain_key,
            entries=tuple(
                ProvenEntry(
                    leaf=entry.leaf,
                    index=index or 0,
                    path=tree.path(index or 0),
                    disclosures=disclose(decode_id(entry.event), opened, chain.keys)
                    if _asked_for(event, wish)
                    else (),
                )
                for (entry, index), event, opened in zip(placed, events, claims, strict=True)
            ),
            notices=self._notices(events, tree),
            language=wish.language,
            lists=wish.lists,
            purposes=wish.purposes,
            recipient=wish.recipient,
            reason=wish.reason,
        )

    def _notices(self, events: Sequence[Event], tree: Tree) -> tuple[NoticeFile, ...]:
        wanted = sorted({event.notice for event in events if event.notice})
        return tuple(self._notice(sha256, tree) for sha256 in wanted)

    def _notice(self, sha256: str, tree: Tree) -> NoticeFile:
        html = self._blobs.get(f"notice/{sha256}.html")
        text = self._blobs.get(f"notice/{sha256}.txt")
        published = self._blobs.get(f"notice/{sha256}.event")
        if html is None:
            raise NotFound("a notice that an entry names is missing")
        event = EventId(published.data.decode("ascii")) if published else None
        index = self._index(event, tree) if event else None
        if text is None or index is None:
            return NoticeFile(html=html.data)
        width = min(TILE_WIDTH, tree.checkpoint.size - index // TILE_WIDTH * TILE_WIDTH)
        read = tile_reader(self._blobs)
        leaves = decode_bundle(read(bundle_path(index // TILE_WIDTH, width)), width)
        leaf = leaves[index % TILE_WIDTH]
        parse_leaf(leaf)
        return NoticeFile(
            html=html.data,
            text=text.data,
            publication=ProvenEntry(leaf=leaf, index=index, path=tree.path(index)),
        )


def _asked_for(event: Event, wish: Wish) -> bool:
    """Whether the entry's sealed part is needed for what was asked; the rest stays closed."""
    lists = not wish.lists or not event.lists or bool(set(wish.lists) & set(event.lists))
    purposes = (
        not wish.purposes or not event.purposes or bool(set(wish.purposes) & set(event.purposes))
    )
    return lists and purposes and event.type is not EventType.BUNDLE_EXPORTED


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _text(value: JsonValue) -> str | None:
    return None if value is None else str(value)
