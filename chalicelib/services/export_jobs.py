# SPDX-License-Identifier: Apache-2.0
"""Jobs of exports: what is kept of one while it is made, and how it is shown.

Guarantees that a job holds random ids, ids an operator chose and words of closed lists, and that
what is shown is what it holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.domain.accounting import Asked, read_asked
from chalicelib.domain.audience_exports import AudienceWish, read_wish
from chalicelib.domain.export_rows import FILES
from chalicelib.domain.ids import JobId
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.services.export_files import CSV_FILE, KEEP_MS, FileType

KIND: Final = "exports"
_ZIP_FILE: Final = FileType(ending="zip", media_type="application/zip")
_PEOPLE: Final = "people"
_UNOPENED: Final = "unopened"


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
        return file_type(self.wish).media_type


def file_type(wish: AudienceWish | None) -> FileType:
    """Return what sort of file an export is: a ZIP where it is several tables."""
    is_zip = wish is not None and len(FILES[wish.format]) > 1
    return _ZIP_FILE if is_zip else CSV_FILE


def counted(people: int, unopened: int) -> Mapping[str, int]:
    """Return what a job counts of a part, as `Export` tells it."""
    return {_PEOPLE: people, _UNOPENED: unopened}


def asked_of(job: Job) -> Asked:
    """Return whom of a campaign's people a job is of."""
    return read_asked(job.request["outcomes"].split(), job.request["reasons"].split())


def wish_of(job: Job) -> AudienceWish | None:
    """Return what was asked of a brand's people; None for a campaign's."""
    asked = job.request
    if "format" not in asked:
        return None
    return read_wish(asked["format"], asked["brand"], asked["list"], asked["statuses"].split())


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
        people=int(counts[_PEOPLE]) if counts else None,
        unopened=int(counts[_UNOPENED]) if counts else None,
    )
