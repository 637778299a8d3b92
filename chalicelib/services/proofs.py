# SPDX-License-Identifier: Apache-2.0
"""Proof bundles: asked for, built by a worker, fetched.

Guarantees that the ``bundle.exported`` entry, which commits to every byte of the manifest, is in
the log and proven before a bundle can be fetched; that a job row holds nothing personal; and that
a job ends within about an hour, ready or failed with a sentence.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.domain.ids import RANDOM_ID_BYTES, EventId, JobId, SubjectId, encode_id
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.errors import (
    Conflict,
    DependencyError,
    KvittoError,
    NotFound,
)
from chalicelib.ports.catalog import Jobs, Page
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof import bundle
from chalicelib.proof.bundle import Prepared
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.event_types import RULES
from chalicelib.proof.tlog_proof import TlogProof
from chalicelib.services.dossier import Dossier, Wish, read_chain_key, read_dossier
from chalicelib.services.evidence import Gatherer
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.published_log import PublishedLog
from chalicelib.services.selection import NOBODY, subject_of
from chalicelib.services.unsealing import Look, Unsealing, UnsealReason
from chalicelib.services.wishes import Wishes
from chalicelib.vocabulary import EventType

__all__ = ["Proofs", "Wish"]

log = logging.getLogger(__name__)

KIND = "proofs"
RETRY_S = 1
"""How long a job that waits for the log stays out of sight, seconds."""
PATIENCE_MS = 3600 * 1000
"""How long a job may wait for the log or a quiet chain before it fails, milliseconds."""
GIVE_UP_MS = PATIENCE_MS + 15 * 60 * 1000
"""Age at which a job is not even tried again, milliseconds: a try that is cut off by the function's
own timeout never gets to say so."""
ADDRESS_LASTS_S = 300
GONE = "The person's data is no longer there."
TOO_LONG = (
    "The proof could not be made within an hour: the log or another service it needs was behind. "
    "Nothing was lost; please ask for the proof again."
)
DAMAGED = (
    "The proof could not be made: something stored for it is damaged or cannot be read. Nothing "
    "was changed; the log of this installation names the fault."
)
EXPORT_REASONS = RULES[EventType.BUNDLE_EXPORTED].reasons
"""Words a leaf may hold; any other reason is kept sealed beside it."""

Resolver = Callable[[str], SubjectId | None]
"""From what a selector holds to the person, or None."""


class Proofs:
    """Proof jobs.

    Args:
        by_message: finds the person a Message-ID belongs to.
        by_erasure: finds the person an erasure is about.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        published: PublishedLog,
        gatherer: Gatherer,
        wishes: Wishes,
        jobs: Jobs,
        blobs: Blobs,
        queues: Queues,
        tokens: LinkTokens,
        unsealing: Unsealing,
        by_message: Resolver,
        by_erasure: Resolver,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._ledger = ledger
        self._published = published
        self._gatherer = gatherer
        self._wishes = wishes
        self._jobs = jobs
        self._blobs = blobs
        self._queues = queues
        self._tokens = tokens
        self._unsealing = unsealing
        self._clock = clock
        self._random = random
        self._resolvers: Mapping[str, Resolver] = {
            "erasure": by_erasure,
            "message_id": by_message,
        }

    def request(self, selector: Mapping[str, str], wish: Wish, key: str = "") -> Job:
        """Ask for a bundle about the person that ``selector`` names; the ledger says so first.

        Args:
            selector: exactly one of ``email``, ``token`` (an unsubscribe link or its token),
                ``message_id`` (of a mail that was sent), ``subscriber`` or ``erasure`` (an id).
            key: id of the API key that asks.

        Raises:
            InputError: not exactly one selector, or a malformed one.
            NotFound: nobody is found by it.
            Conflict, DependencyError: the entry could not be written; nothing was asked for.
        """
        sid, clue = self._subject(selector)
        self._unsealing.person(sid, Look(reason=UnsealReason.PROOF, clue=clue, key=key))
        job_id = JobId(encode_id(self._random(RANDOM_ID_BYTES)))
        job = Job(
            id=job_id,
            kind=KIND,
            status=JobStatus.PENDING,
            created_ms=self._clock.now_ms(),
            request={"sid": sid, **self._wishes.seal(sid, job_id, wish)},
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
            EvidenceError, FatalError: something stored is damaged; the same.
        """
        job = self.get(job_id)
        if job.status is not JobStatus.PENDING:
            return True
        age_ms = self._clock.now_ms() - job.created_ms
        if age_ms >= GIVE_UP_MS:
            return self._fail(job, TOO_LONG)
        is_late = age_ms >= PATIENCE_MS
        try:
            done = self._export(job) if "event" not in job.progress else self._finish(job)
        except Conflict:
            done = False  # An entry came in between, or another worker: neither is a failure.
        except KvittoError as error:
            problem = self._end_of(job, error, is_late=is_late)
            if problem is None:
                raise
            return self._fail(job, problem)
        if done:
            return True
        if is_late:
            return self._fail(self.get(job_id), TOO_LONG)
        self._queues.send(Queue.PROOFS, {"v": 1, "job": job.id}, delay_s=RETRY_S)
        return False

    def _end_of(self, job: Job, error: KvittoError, *, is_late: bool) -> str | None:
        """Why the error ends the job; None when another try may help, or the hour is not over."""
        if isinstance(error, DependencyError):
            return TOO_LONG if is_late else None
        if isinstance(error, NotFound) and self._is_gone(job):
            return GONE
        if not (is_late or isinstance(error, NotFound)):
            return None
        log.error("a proof is given up: %s", error, extra={"job": job.id}, exc_info=error)
        return DAMAGED

    def _is_gone(self, job: Job) -> bool:
        """Whether the person was erased since the job was asked for."""
        if "key" in job.request:
            return False  # They were erased before; the proof is of what is left.
        try:
            self._ledger.open(SubjectId(job.request["sid"]))
        except NotFound:
            return True
        return False

    def _fail(self, job: Job, problem: str) -> bool:
        if job.status is JobStatus.PENDING:
            self._jobs.replace(replace(job, status=JobStatus.FAILED, problem=problem))
        return True

    def _subject(self, selector: Mapping[str, str]) -> tuple[SubjectId, str]:
        given = {name: value for name, value in selector.items() if value}
        resolved = given.keys() & self._resolvers.keys()
        if len(given) != 1 or not resolved:
            return subject_of(given, self._ledger, self._tokens), "".join(given)
        (name,) = resolved
        found = self._resolvers[name](given[name])
        if found is None:
            raise NotFound(NOBODY)
        return found, name

    def _export(self, job: Job) -> bool:
        """Fix the bundle's content and commit to it in the subject's chain."""
        sid = SubjectId(job.request["sid"])
        wish = self._wishes.open(sid, job.id, job.request)
        dossier = read_dossier(self._ledger, sid, wish)
        evidence = self._gatherer.gather(job.id, dossier, wish)
        if evidence is None:
            self._ledger.wake_sequencer()
            return False
        prepared = bundle.prepare(evidence)
        event = self._ledger.new_event_id()
        key = f"{_folder(sid, is_erased=dossier.chain is None)}{job.id}-{event}.prepared"
        self._blobs.put(key, bundle.archive(dict(prepared.files)), "application/zip")
        try:
            self._commit(dossier, prepared, event, wish)
        except Conflict:
            self._blobs.delete(key)
            raise
        progress = {"event": event, "prepared": key, "n": str(len(dossier.pages))}
        self._jobs.replace(replace(job, progress=progress))
        return False

    def _commit(self, dossier: Dossier, prepared: Prepared, event: EventId, wish: Wish) -> None:
        """Log the export: as the chain's next entry, or outside it when the chain has ended."""
        draft = Draft(
            type=EventType.BUNDLE_EXPORTED,
            channel=None,
            reason=wish.reason if wish.reason in EXPORT_REASONS else None,
            manifest_sha256=prepared.manifest_sha256,
            event=event,
        )
        if dossier.chain is None:
            self._ledger.publish(draft)
            return
        claims = Claims(choice=self._wishes.document(wish))
        self._ledger.append(dossier.chain, [replace(draft, claims=claims)])

    def _finish(self, job: Job) -> bool:
        """Prove the export entry and close the bundle."""
        tree = self._published.tree()
        index = self._published.index(EventId(job.progress["event"]), tree)
        if tree is None or index is None:
            return False
        sid, n = SubjectId(job.request["sid"]), int(job.progress["n"])
        chain_key, is_erased = read_chain_key(self._ledger, sid)
        blob = self._blobs.get(job.progress["prepared"])
        if blob is None:
            raise NotFound("the prepared bundle is gone")
        prepared = bundle.reopen(blob.data, chain_key, n)
        if is_erased and not prepared.erased:
            raise NotFound("the person was erased since")
        finished = bundle.finish(
            prepared,
            tree.leaf(index) if is_erased else self._ledger.history(sid, n, n)[0].leaf,
            TlogProof(index=index, hashes=tree.path(index), checkpoint=tree.note),
            tree.since(prepared.checkpoint),
        )
        key = f"{_folder(sid, is_erased=is_erased)}{job.id}.zip"
        self._blobs.put(key, finished, "application/zip")
        if not is_erased and read_chain_key(self._ledger, sid)[1]:
            # The erasure's sweep may have come before the file. Any later one finds it.
            self._blobs.delete(key)
            raise NotFound("the person was erased since")
        self._jobs.replace(replace(job, status=JobStatus.READY, blob=key))
        self._blobs.delete(job.progress["prepared"])
        return True


def _folder(sid: SubjectId, *, is_erased: bool) -> str:
    """Where the bundle is kept: an erasure deletes the person's own folder, and later once more."""
    return "bundles/of-the-erased/" if is_erased else f"bundles/{sid}/"
