# SPDX-License-Identifier: Apache-2.0
"""Exports of every suppression: with the addresses of those we know, or with SHA-256 alone.

Guarantees that the ledger says so (``list.exported``) before anybody is opened, and that no file
is given out that was begun before the latest erasure or is older than `KEEP_MS`. Job rows, messages
and keys of files hold no address. Of an address that is nobody's only its keyed MAC is known: this
installation reads it back, and nobody else can use it.

Idempotency key of a part: the job, and where in the list of MACs it begins.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from chalicelib.domain.csv_rows import MEDIA_TYPE
from chalicelib.domain.ids import RANDOM_ID_BYTES, JobId, decode_id, encode_id
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.domain.suppression_files import ExportForm
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.catalog import Jobs
from chalicelib.ports.exports import FOLDER, ExportFence, Uploads
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.export_jobs import KEEP_MS
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.services.suppression_export_parts import SuppressionWriter
from chalicelib.vocabulary import EventType

log = logging.getLogger(__name__)

KIND: Final = "suppression-exports"
ADDRESS_LASTS_S: Final = 300
GIVE_UP_MS: Final = 6 * 3600 * 1000
"""Age at which an export that is not ready has failed, milliseconds."""
NOT_READY: Final = "The export is not ready yet. Please ask again shortly."
TOO_LONG: Final = (
    "The export could not be made within six hours. Nothing was lost; please ask for it again."
)
GONE: Final = (
    "Somebody was erased since this export was begun, and every export goes with an erasure. "
    "Please ask for it again."
)
OLD: Final = "This export is older than five days, so its file is gone. Please ask for a new one."


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionExport:
    """An export as it is shown. ``rows`` is None until it is ready."""

    id: JobId
    status: JobStatus
    form: ExportForm
    created_ms: int
    rows: int | None = None
    problem: str | None = None

    @property
    def expires_ms(self) -> int:
        """When its file is given out no more, Unix milliseconds."""
        return self.created_ms + KEEP_MS


class SuppressionExports:
    """Exports of suppressions."""

    def __init__(
        self,
        *,
        writer: SuppressionWriter,
        ledger: Ledger,
        fence: ExportFence,
        uploads: Uploads,
        blobs: Blobs,
        jobs: Jobs,
        queues: Queues,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._writer = writer
        self._ledger = ledger
        self._fence = fence
        self._uploads = uploads
        self._blobs = blobs
        self._jobs = jobs
        self._queues = queues
        self._clock = clock
        self._random = random

    def ask(self, form: ExportForm) -> SuppressionExport:
        """Ask for an export; the ledger says so first.

        Raises:
            DependencyError: the entry could not be written; nothing was asked for.
        """
        # Its id is random: only a repeat of this very write can find it there already.
        with suppress(Conflict):
            self._ledger.publish(Draft(type=EventType.LIST_EXPORTED, reason="migration"))
        job = Job(
            id=JobId(self._fresh()),
            kind=KIND,
            status=JobStatus.PENDING,
            created_ms=self._clock.now_ms(),
            request={"form": form},
        )
        self._jobs.create(job)
        self._go_on(job)
        return self._shown(job)

    def get(self, export_id: str) -> SuppressionExport:
        """Return an export as it is now.

        Raises:
            InputError: ``export_id`` is not an id.
            NotFound: there is no such export.
        """
        return self._shown(self._job(export_id))

    def file(self, export_id: str, most_bytes: int) -> bytes | None:
        """Return the finished file; None when it is larger than ``most_bytes``.

        Raises:
            InputError, NotFound: as `get`, or the file is gone.
            Conflict: it is not ready yet, or there will be none.
        """
        key = self._finished(export_id)
        size = self._blobs.size(key)
        if size is not None and size > most_bytes:
            return None
        blob = self._blobs.get(key)
        if blob is None:
            raise NotFound(GONE)
        return blob.data

    def address(self, export_id: str) -> str:
        """Return an address from which the finished file can be fetched for five minutes.

        Raises:
            InputError, NotFound, Conflict: as `file`.
        """
        return self._blobs.address(self._finished(export_id), ADDRESS_LASTS_S)

    def make(self, export_id: str) -> None:
        """Write the next part of an export, and ask for the one after it.

        Raises:
            DependencyError: nothing of the part was kept; do it again.
        """
        job = self._jobs.get(KIND, export_id)
        if job is None or job.status is not JobStatus.PENDING:
            return
        if self._is_late(job):
            self._stored(replace(job, status=JobStatus.FAILED, problem=TOO_LONG))
            return
        if job.progress.get("fence") != self._fence.place():
            # Begun, or begun anew: whoever is erased from here on moves the fence once more.
            fresh = {"fence": self._fence.place(), "file": self._fresh()}
            begun = self._stored(replace(job, progress=fresh))
            if begun is None:
                return
            job = begun
        try:
            done = self._part(job)
        except Conflict:
            # Its upload is gone: another worker's, or the bucket's own clock was first.
            log.warning("an export is begun anew", extra={"job": job.id})
            done = replace(job, progress={})
        if self._stored(done) is not None and done.status is JobStatus.PENDING:
            self._go_on(done)

    def _part(self, job: Job) -> Job:
        """The job with its next part written."""
        progress, key = dict(job.progress), _key(job)
        part = self._writer.part(ExportForm(job.request["form"]), progress.get("after"))
        rows = int(progress.get("rows", "0")) + part.rows
        if part.after is None and "upload" not in progress:
            self._blobs.put(key, part.data, MEDIA_TYPE)
            return _ready(job, key, rows)
        upload = progress.get("upload") or self._uploads.begin(key, MEDIA_TYPE)
        tags = progress.get("tags", "").split()
        if part.data:
            tags.append(self._uploads.part(key, upload, len(tags) + 1, part.data))
        if part.after is None:
            self._uploads.complete(key, upload, tags)
            return _ready(job, key, rows)
        written = {"upload": upload, "tags": " ".join(tags), "after": part.after}
        return replace(job, progress={**progress, **written, "rows": str(rows)})

    def _stored(self, job: Job) -> Job | None:
        """Store a job; None where another worker is ahead."""
        try:
            return self._jobs.replace(job)
        except Conflict:
            return None

    def _shown(self, job: Job) -> SuppressionExport:
        problem = self._problem(job)
        status = JobStatus.FAILED if problem else job.status
        is_ready = status is JobStatus.READY
        return SuppressionExport(
            id=job.id,
            status=status,
            form=ExportForm(job.request["form"]),
            created_ms=job.created_ms,
            rows=int(job.progress["rows"]) if is_ready else None,
            problem=problem,
        )

    def _problem(self, job: Job) -> str | None:
        """Why there is no file and will be none, or None."""
        if job.status is JobStatus.FAILED:
            return job.problem
        if job.created_ms + KEEP_MS <= self._clock.now_ms():
            return OLD
        if job.status is JobStatus.PENDING:
            return TOO_LONG if self._is_late(job) else None
        return None if self._fence.place() == job.progress["fence"] else GONE

    def _finished(self, export_id: str) -> str:
        """The blob key of a finished export's file."""
        job = self._job(export_id)
        problem = self._problem(job)
        if problem is not None or job.blob is None:
            raise Conflict(problem or NOT_READY)
        return job.blob

    def _job(self, export_id: str) -> Job:
        decode_id(export_id)
        job = self._jobs.get(KIND, export_id)
        if job is None:
            raise NotFound("There is no such export.")
        return job

    def _is_late(self, job: Job) -> bool:
        return self._clock.now_ms() - job.created_ms >= GIVE_UP_MS

    def _fresh(self) -> str:
        return encode_id(self._random(RANDOM_ID_BYTES))

    def _go_on(self, job: Job) -> None:
        self._queues.send(Queue.SUPPRESSIONS, {"v": 1, "export": job.id})


def _key(job: Job) -> str:
    """Of the file that an attempt makes: each has its own, and only the last is given out."""
    return f"{FOLDER}{job.id}-{job.progress['file']}.csv"


def _ready(job: Job, key: str, rows: int) -> Job:
    progress = {"fence": job.progress["fence"], "rows": str(rows)}
    return replace(job, status=JobStatus.READY, progress=progress, blob=key)
