# SPDX-License-Identifier: Apache-2.0
"""Exports of people with their addresses: asked for, written part by part, fetched.

Guarantees that the ledger says so before anybody is opened (``data.unsealed`` of a campaign's
people, ``list.exported`` of a brand's), that everybody asked for has a row, and that no file is
given out that was begun before the latest erasure, or that is older than `KEEP_MS`. Job rows,
messages and keys of files hold no address. Refuses an export of a campaign whose people are not all
planned, and of a brand or a list that is not there.

Idempotency key of a part: the job, and where in it the part begins.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from chalicelib.domain.accounting import Asked
from chalicelib.domain.audience_exports import AudienceWish
from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.ids import RANDOM_ID_BYTES, JobId, decode_id, encode_id
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.domain.stored_zip import TooLargeError
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.catalog import Brands, Campaigns, Jobs, Lists
from chalicelib.ports.exports import FOLDER, ExportFence, Uploads
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.audience_export import AudienceWriter
from chalicelib.services.export_jobs import (
    KEEP_MS,
    KIND,
    Export,
    Written,
    asked_of,
    export_of,
    key_of,
    media_type,
    wish_of,
)
from chalicelib.services.export_parts import PART_BYTES, ExportWriter
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.services.recipients import FIRST, Spot
from chalicelib.services.unsealing import Unsealing
from chalicelib.vocabulary import EventType

__all__ = ["KEEP_MS", "KIND", "Export", "Exports"]

log = logging.getLogger(__name__)

GIVE_UP_MS: Final = 6 * 3600 * 1000
"""Age at which an export that is not ready has failed, milliseconds."""
ADDRESS_LASTS_S: Final = 300
NONE: Final = "There is no such export."
EARLY: Final = (
    "Not everybody in this campaign is planned yet, so an export would leave people out. Nothing "
    "was made: ask again when it is sending."
)
TOO_LONG: Final = (
    "The export could not be made within six hours: a service it needs was behind, or something "
    "stored is damaged. Nothing was lost; please ask for it again."
)
TOO_LARGE: Final = (
    "A ZIP of this list would have 4 GiB or more, which many tools do not open. Nothing was lost;"
    " please ask for it in the format kvitto."
)
MIGRATION: Final = "migration"
GONE: Final = (
    "Somebody was erased since this export was begun, and every export goes with an erasure. "
    "Please ask for it again."
)
OLD: Final = "This export is older than five days, so its file is gone. Please ask for a new one."
NOT_READY: Final = "The export is not ready yet. Please ask again shortly."


class Exports:
    """Exports."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        brands: Brands,
        lists: Lists,
        writer: ExportWriter,
        audience_writer: AudienceWriter,
        fence: ExportFence,
        uploads: Uploads,
        blobs: Blobs,
        jobs: Jobs,
        queues: Queues,
        unsealing: Unsealing,
        ledger: Ledger,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._campaigns = campaigns
        self._brands = brands
        self._lists = lists
        self._writer = writer
        self._audience_writer = audience_writer
        self._fence = fence
        self._uploads = uploads
        self._blobs = blobs
        self._jobs = jobs
        self._queues = queues
        self._unsealing = unsealing
        self._ledger = ledger
        self._clock = clock
        self._random = random

    def ask(self, campaign_id: str, asked: Asked) -> Export:
        """Ask for an export; the ledger says so first.

        Raises:
            NotFound: there is no such campaign.
            Conflict: not everybody in it is planned yet; nothing was asked for.
            DependencyError: the entry could not be written; nothing was asked for.

        """
        campaign = self._campaign(campaign_id)
        if campaign.go_ms is None and campaign.finished_ms is None:
            raise Conflict(EARLY)
        self._unsealing.listing()
        return self._begun(
            {
                "campaign": campaign.id,
                "outcomes": " ".join(sorted(asked.outcomes)),
                "reasons": " ".join(sorted(asked.reasons)),
            }
        )

    def ask_audience(self, wish: AudienceWish) -> Export:
        """Ask for an export of a brand's people; the ledger says so first.

        Raises:
            NotFound: there is no such brand, or it has no such list.
            DependencyError: the entry could not be written; nothing was asked for.

        """
        if self._brands.get(wish.brand) is None:
            raise NotFound("There is no such brand.")
        if wish.list is not None:
            held = self._lists.get(wish.list)
            if held is None or held.brand != wish.brand:
                raise NotFound("The brand has no such list.")
        draft = Draft(
            type=EventType.LIST_EXPORTED,
            brand=wish.brand,
            lists=() if wish.list is None else (wish.list,),
            reason=MIGRATION,
        )
        # Its id is random: only a repeat of this very write can find it there already.
        with suppress(Conflict):
            self._ledger.publish(draft)
        return self._begun(wish.as_request())

    def _begun(self, request: Mapping[str, str]) -> Export:
        job = Job(
            id=JobId(self._fresh()),
            kind=KIND,
            status=JobStatus.PENDING,
            created_ms=self._clock.now_ms(),
            request=request,
        )
        self._jobs.create(job)
        self._go_on(job)
        return export_of(job)

    def get(self, export_id: str) -> Export:
        """Return an export as it is now.

        Raises:
            InputError: ``export_id`` is not an id.
            NotFound: there is no such export.

        """
        job = self._job(export_id)
        return export_of(job, self._problem(job))

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
            NotFound: the campaign is gone.

        """
        job = self._jobs.get(KIND, export_id)
        if job is None or job.status is not JobStatus.PENDING:
            return
        if self._is_late(job):
            self._replace(replace(job, status=JobStatus.FAILED, problem=TOO_LONG))
            return
        begun = replace(job, progress={**self._attempt_of(job), "by": self._fresh()})
        try:
            self._part(begun)
        except Conflict:
            # Its upload is gone: another worker's, or the bucket's own clock was first.
            log.warning("an export is begun anew", extra={"job": job.id})
            self._restart(begun)
        except TooLargeError:
            self._replace(replace(begun, status=JobStatus.FAILED, problem=TOO_LARGE))

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
        part = self._written(job)
        counted = {
            "people": str(int(progress.get("people", "0")) + part.people),
            "unopened": str(int(progress.get("unopened", "0")) + part.unopened),
        }
        part = replace(part, data=self._rest(job) + part.data)
        if part.is_short and len(part.data) < PART_BYTES:
            self._put_off(job, part, counted)
        elif part.after is None and "upload" not in progress:
            self._blobs.put(key_of(job), part.data, media_type(wish_of(job)))
            self._end(job, counted)
        else:
            self._upload(job, part, counted)

    def _written(self, job: Job) -> Written:
        """The next bytes of what is asked for."""
        wish, after = wish_of(job), job.progress.get("after")
        if wish is not None:
            return self._audience_writer.part(wish, after, job.created_ms)
        campaign = self._campaign(job.request["campaign"])
        part = self._writer.part(
            campaign, asked_of(job), FIRST if after is None else Spot.read(after)
        )
        return Written(
            data=part.data,
            people=part.people,
            unopened=part.unopened,
            after=None if part.after is None else str(part.after),
        )

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
        self._blobs.put(_rest_key(later), part.data, media_type(wish_of(job)))
        if self._replace(later):
            self._go_on(later)

    def _upload(self, job: Job, part: Written, counted: Mapping[str, str]) -> None:
        """Keep a part of a file of several."""
        key = key_of(job)
        progress = {name: said for name, said in job.progress.items() if name != "rest"}
        begun = progress.get("upload")
        upload = begun or self._uploads.begin(key, media_type(wish_of(job)))
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
        ready = replace(job, status=JobStatus.READY, progress=progress, blob=key_of(job))
        if self._replace(ready):
            log.info("an export is ready", extra={"job": job.id})

    def _restart(self, job: Job) -> None:
        """Begin anew, on what is there now, with another file."""
        upload = job.progress.get("upload")
        if upload is not None:
            self._uploads.abandon(key_of(job), upload)
        if self._replace(replace(job, progress={"by": job.progress["by"]})):
            self._go_on(job)

    def _replace(self, job: Job) -> bool:
        """Store a job; False: another worker's account of it stands, equal but for ``by``."""
        try:
            self._jobs.replace(job)
        except Conflict:
            # The SDK repeats a write whose answer was lost: then this very account is there.
            met = self._jobs.get(KIND, job.id)
            return met is not None and replace(met, revision=job.revision) == job
        return True

    def _go_on(self, job: Job) -> None:
        self._queues.send(Queue.SEGMENTS, {"v": 1, "export": job.id})

    def _campaign(self, campaign_id: str) -> Campaign:
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        return campaign

    def _job(self, export_id: str) -> Job:
        decode_id(export_id)
        job = self._jobs.get(KIND, export_id)
        if job is None:
            raise NotFound(NONE)
        return job

    def _finished(self, export_id: str) -> str:
        """The blob key of a finished export's file."""
        job = self._job(export_id)
        problem = self._problem(job)
        if problem is not None or job.blob is None:
            raise Conflict(problem or NOT_READY)
        return job.blob

    def _problem(self, job: Job) -> str | None:
        """Why there is no file and will be none, or None."""
        if job.status is JobStatus.FAILED:
            return job.problem
        if job.created_ms + KEEP_MS <= self._clock.now_ms():
            return OLD
        if job.status is JobStatus.PENDING:
            return TOO_LONG if self._is_late(job) else None
        return None if self._fence.place() == job.progress["fence"] else GONE

    def _is_late(self, job: Job) -> bool:
        return self._clock.now_ms() - job.created_ms >= GIVE_UP_MS


def _rest_key(job: Job) -> str:
    return f"{FOLDER}{job.id}-{job.progress['rest']}.rest"
