# SPDX-License-Identifier: Apache-2.0
"""Jobs of exports: what is kept of one while it is made, and how it is shown.

Guarantees that a job holds random ids, ids an operator chose and words of closed lists, and that
what is shown is what it holds.
"""

from dataclasses import dataclass
from typing import Final

from chalicelib.domain.accounting import Asked, read_asked
from chalicelib.domain.audience_exports import AudienceWish, read_wish
from chalicelib.domain.csv_rows import MEDIA_TYPE
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.export_rows import FILES
from chalicelib.domain.ids import JobId
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.ports.exports import FOLDER

KIND: Final = "exports"
KEEP_MS: Final = 5 * DAY_MS
"""How long a file is given out from when it was asked for; the bucket destroys it within seven
days."""
_ZIP: Final = "application/zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export as it is shown: of a campaign's people, or of a brand's.

    Attributes:
        campaign, asked: None for a brand's.
        wish: None for a campaign's.
        problem: a sentence for who asked, where there is no file and will be none.
        people: rows; None until it is ready.
        unopened: whose address could not be opened: of a campaign they have a row without one, of
            a brand none.

    """

    id: JobId
    status: JobStatus
    created_ms: int
    campaign: str | None = None
    asked: Asked | None = None
    wish: AudienceWish | None = None
    problem: str | None = None
    people: int | None = None
    unopened: int | None = None

    @property
    def expires_ms(self) -> int:
        """When its file is given out no more, Unix milliseconds."""
        return self.created_ms + KEEP_MS

    @property
    def media_type(self) -> str:
        """Of its file."""
        return media_type(self.wish)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Some bytes of a file.

    Attributes:
        people, unopened: as `Export` counts them, of these bytes.
        after: where the next begin; None after the last.
        is_short: they are fewer than a part of an upload has, and not the last.

    """

    data: bytes
    people: int
    unopened: int
    after: str | None
    is_short: bool = False


def is_zip(wish: AudienceWish | None) -> bool:
    """Say whether a file is a ZIP of tables."""
    return wish is not None and len(FILES[wish.format]) > 1


def media_type(wish: AudienceWish | None) -> str:
    """Return the media type of an export's file."""
    return _ZIP if is_zip(wish) else MEDIA_TYPE


def asked_of(job: Job) -> Asked:
    """Return whom of a campaign's people a job is of."""
    return read_asked(job.request["outcomes"].split(), job.request["reasons"].split())


def wish_of(job: Job) -> AudienceWish | None:
    """Return what was asked of a brand's people; None for a campaign's."""
    asked = job.request
    if "format" not in asked:
        return None
    return read_wish(asked["format"], asked["brand"], asked["list"], asked["statuses"].split())


def key_of(job: Job) -> str:
    """Return the key of the file that an attempt makes."""
    ending = "zip" if is_zip(wish_of(job)) else "csv"
    return f"{FOLDER}{job.id}-{job.progress['file']}.{ending}"


def export_of(job: Job, problem: str | None = None) -> Export:
    """Return an export as it is shown; with a ``problem`` it has failed."""
    status = job.status if problem is None else JobStatus.FAILED
    counts = job.progress if status is JobStatus.READY else {}
    wish = wish_of(job)
    return Export(
        id=job.id,
        campaign=job.request["campaign"] if wish is None else None,
        asked=asked_of(job) if wish is None else None,
        wish=wish,
        status=status,
        created_ms=job.created_ms,
        problem=problem,
        people=int(counts["people"]) if counts else None,
        unopened=int(counts["unopened"]) if counts else None,
    )
