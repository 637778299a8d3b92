# SPDX-License-Identifier: Apache-2.0
"""Files of exports: each is a job, written part by part, and given out for five days.

Guarantees that no file is given out that was begun before the latest erasure, or that is older than
`KEEP_MS`; that a message that comes twice, and an answer that is lost, lead to one file; that an
upload that comes to nothing is abandoned here, or by the bucket within two days; and that messages
and keys of files hold random ids.
What is in a file, and what a job says of it, is for each kind of export to tell.

Idempotency key of a part: the job, and where in it the part begins.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from chalicelib.domain.csv_rows import MEDIA_TYPE
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import RANDOM_ID_BYTES, JobId, decode_id, encode_id
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.errors import Conflict, KvittoError, NotFound
from chalicelib.ports.catalog import Jobs
from chalicelib.ports.exports import FOLDER, ExportFence, Uploads
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.system import Clock, RandomBytes

log = logging.getLogger(__name__)

KEEP_MS: Final = 5 * DAY_MS
"""How long a file is given out from when it was asked for; the bucket destroys it within seven
days."""
GIVE_UP_MS: Final = 6 * 3600 * 1000
"""Age at which an export that is not ready has failed, milliseconds."""
ADDRESS_LASTS_S: Final = 300
PART_BYTES: Final = 6 * 1024 * 1024
"""Where a part ends: above the five MiB S3 asks of every part but the last."""
NONE: Final = "There is no such export."
NOT_READY: Final = "The export is not ready yet. Please ask again shortly."
TOO_LONG: Final = (
    "The export could not be made within six hours: a service it needs was behind, or something "
    "stored is damaged. Nothing was lost; please ask for it again."
)
GONE: Final = (
    "Somebody was erased since this export was begun, and every export goes with an erasure. "
    "Please ask for it again."
)
OLD: Final = "This export is older than five days, so its file is gone. Please ask for a new one."


class ExportError(KvittoError):
    """There will be no file, however often it is tried; its text tells who asked why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileType:
    """What sort of file an export is; ``ending`` is that of its key."""

    ending: str
    media_type: str


CSV_FILE: Final = FileType(ending="csv", media_type=MEDIA_TYPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Some bytes of a file.

    Attributes:
        counts: of what is in these bytes; the job keeps their sums under the same names.
        after: where the next begin; None after the last.
        is_short: they are fewer than a part of an upload has, and not the last.
    """

    data: bytes
    counts: Mapping[str, int]
    after: str | None
    is_short: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPorts:
    """What every kind of export is made with."""

    fence: ExportFence
    uploads: Uploads
    blobs: Blobs
    jobs: Jobs
    queues: Queues
    clock: Clock
    random: RandomBytes


class ExportFiles(ABC):
    """Files of one kind of export.

    Attributes:
        kind: the API's noun for its jobs.
        queue: where the message for each part goes.
    """

    kind: ClassVar[str]
    queue: ClassVar[Queue]

    def __init__(self, ports: ExportPorts) -> None:
        self._fence = ports.fence
        self._uploads = ports.uploads
        self._blobs = ports.blobs
        self._jobs = ports.jobs
        self._queues = ports.queues
        self._clock = ports.clock
        self._random = ports.random

    @abstractmethod
    def _written(self, job: Job, after: str | None) -> Written:
        """Return the bytes of a job's file from ``after`` on; None begins.

        Raises:
            Conflict: it has to be begun anew.
            ExportError: there will be no file.
        """

    def _file_type(self, job: Job) -> FileType:  # noqa: ARG002  # of some kinds it tells
        """Return what sort of file a job makes."""
        return CSV_FILE

    def file(self, export_id: str, most_bytes: int) -> bytes | None:
        """Return the finished file; None when it is larger than ``most_bytes``.

        Raises:
            InputError: ``export_id`` is not an id.
            NotFound: there is no such export, or its file is gone.
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
            NotFound: what it is of is gone.
        """
        job = self._jobs.get(self.kind, export_id)
        if job is None or job.status is not JobStatus.PENDING:
            return
        if self._is_late(job):
            self._fail(job, TOO_LONG)
            return
        begun = replace(job, progress={**self._attempt_of(job), "by": self._fresh()})
        try:
            self._part(begun)
        except Conflict:
            # Its upload is gone: another worker's, or the bucket's own clock was first.
            log.warning("an export is begun anew", extra={"job": job.id})
            self._restart(begun)
        except ExportError as error:
            self._fail(begun, str(error))

    def _begun(self, request: Mapping[str, str]) -> Job:
        """Store a new job, and ask for its first part."""
        job = Job(
            id=JobId(self._fresh()),
            kind=self.kind,
            status=JobStatus.PENDING,
            created_ms=self._clock.now_ms(),
            request=request,
        )
        self._jobs.create(job)
        self._go_on(job)
        return job

    def _job(self, export_id: str) -> Job:
        """Return a job.

        Raises:
            InputError: ``export_id`` is not an id.
            NotFound: there is no such export.
        """
        decode_id(export_id)
        job = self._jobs.get(self.kind, export_id)
        if job is None:
            raise NotFound(NONE)
        return job

    def _problem(self, job: Job) -> str | None:
        """Return why there is no file and will be none, or None."""
        if job.status is JobStatus.FAILED:
            return job.problem
        if job.created_ms + KEEP_MS <= self._clock.now_ms():
            return OLD
        if job.status is JobStatus.PENDING:
            return TOO_LONG if self._is_late(job) else None
        return None if self._fence.place() == job.progress["fence"] else GONE

    def _attempt_of(self, job: Job) -> Mapping[str, str]:
        """What is known of a file; of a new one, what must be before anybody is opened.

        Whoever is erased from then on moves the fence. Each attempt has a file of its own: what a
        slow worker still writes is in none that is given out.
        """
        if "fence" in job.progress:
            return job.progress
        return {"fence": self._fence.place(), "file": self._fresh()}

    def _fresh(self) -> str:
        return encode_id(self._random(RANDOM_ID_BYTES))

    def _part(self, job: Job) -> None:
        progress = job.progress
        if self._fence.place() != progress["fence"]:
            self._restart(job)
            return
        part = self._written(job, progress.get("after"))
        counted = {
            name: str(int(progress.get(name, "0")) + number) for name, number in part.counts.items()
        }
        part = replace(part, data=self._rest(job) + part.data)
        if part.is_short and len(part.data) < PART_BYTES:
            self._put_off(job, part, counted)
        elif part.after is None and "upload" not in progress:
            self._blobs.put(self._key(job), part.data, self._file_type(job).media_type)
            self._end(job, counted)
        else:
            self._upload(job, part, counted)

    def _rest(self, job: Job) -> bytes:
        """What was too little for a part of an upload."""
        if "rest" not in job.progress:
            return b""
        blob = self._blobs.get(_rest_key(job))
        if blob is None:
            raise Conflict("an erasure took what was written so far")
        return blob.data

    def _put_off(self, job: Job, part: Written, counted: Mapping[str, str]) -> None:
        """Keep what is too little for a part, under a name that no other worker writes to."""
        kept = {**job.progress, **counted, "rest": self._fresh(), "after": str(part.after)}
        later = replace(job, progress=kept)
        self._blobs.put(_rest_key(later), part.data, self._file_type(job).media_type)
        if self._replace(later):
            self._go_on(later)

    def _upload(self, job: Job, part: Written, counted: Mapping[str, str]) -> None:
        """Keep a part of a file of several."""
        key = self._key(job)
        progress = {name: said for name, said in job.progress.items() if name != "rest"}
        begun = progress.get("upload")
        upload = begun or self._uploads.begin(key, self._file_type(job).media_type)
        tags = progress.get("tags", "").split()
        if part.data:  # Nobody may be left for the last one.
            tags.append(self._uploads.part(key, upload, len(tags) + 1, part.data))
        kept = {**progress, **counted, "upload": upload, "tags": " ".join(tags)}
        if part.after is not None:
            if self._replace(replace(job, progress={**kept, "after": str(part.after)})):
                self._go_on(job)
            elif begun is None:
                self._uploads.abandon(key, upload)
            return
        if self._fence.place() != progress["fence"]:
            self._restart(replace(job, progress=kept))
            return
        self._uploads.complete(key, upload, tags)
        self._end(job, counted)

    def _end(self, job: Job, counted: Mapping[str, str]) -> None:
        """Give the file out, unless somebody was erased since it was begun.

        Whoever is erased from here on moves the fence before the files are destroyed, this one too.
        """
        if self._fence.place() != job.progress["fence"]:
            self._restart(job)
            return
        progress = {**counted, "fence": job.progress["fence"], "by": job.progress["by"]}
        ready = replace(job, status=JobStatus.READY, progress=progress, blob=self._key(job))
        if self._replace(ready):
            log.info("an export is ready", extra={"job": job.id})

    def _restart(self, job: Job) -> None:
        """Begin anew, on what is there now, with another file."""
        self._abandon(job)
        if self._replace(replace(job, progress={"by": job.progress["by"]})):
            self._go_on(job)

    def _fail(self, job: Job, problem: str) -> None:
        """Say that there will be no file."""
        self._abandon(job)
        self._replace(replace(job, status=JobStatus.FAILED, problem=problem))

    def _abandon(self, job: Job) -> None:
        """Destroy what was uploaded of a file that will not be finished."""
        upload = job.progress.get("upload")
        if upload is not None:
            self._uploads.abandon(self._key(job), upload)

    def _replace(self, job: Job) -> bool:
        """Store a job; False: another worker's account of it stands, equal but for ``by``."""
        try:
            self._jobs.replace(job)
        except Conflict:
            # The SDK repeats a write whose answer was lost: then this very account is there.
            met = self._jobs.get(self.kind, job.id)
            return met is not None and replace(met, revision=job.revision) == job
        return True

    def _go_on(self, job: Job) -> None:
        self._queues.send(self.queue, {"v": 1, "export": job.id})

    def _finished(self, export_id: str) -> str:
        """The blob key of a finished export's file."""
        job = self._job(export_id)
        problem = self._problem(job)
        if problem is not None or job.blob is None:
            raise Conflict(problem or NOT_READY)
        return job.blob

    def _is_late(self, job: Job) -> bool:
        return self._clock.now_ms() - job.created_ms >= GIVE_UP_MS

    def _key(self, job: Job) -> str:
        """Of the file that an attempt makes."""
        return f"{FOLDER}{job.id}-{job.progress['file']}.{self._file_type(job).ending}"


def _rest_key(job: Job) -> str:
    return f"{FOLDER}{job.id}-{job.progress['rest']}.rest"
