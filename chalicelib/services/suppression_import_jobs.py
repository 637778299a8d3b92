# SPDX-License-Identifier: Apache-2.0
"""Jobs of files of suppressions: what is kept of one while it is worked on, and how it is shown.

Guarantees that a job holds no address: counts, lines, words of closed lists, and the wrapped key
of its file until that is destroyed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import JobId
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.domain.reach import wanted_reach
from chalicelib.domain.suppression_files import FileWish, RefusedRow

KIND: Final = "suppression-imports"
FOLDER: Final = "imports/"
"""The bucket destroys what lies there, and so does every erasure."""
MAX_TOLD: Final = 1_000
"""Refused rows that are told one by one; all are counted."""
KEY: Final = "key"
_COUNTS: Final = ("rows", "added", "known", "matched", "pushed", "not_pushed")


class Phase(StrEnum):
    """What is done with a file, in this order."""

    READ = "read"
    MATCH = "match"
    PUSH = "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionImport:
    """A file as it is shown.

    Attributes:
        rows: read so far. added, known: suppressions that are new, and those that stood before.
        matched: people of ours whose address a digest of the file stands for.
        refused: the first `MAX_TOLD` rows that suppress nobody; all of them are counted.
        pushed, not_pushed: put on SES's own list, and those it would not take.
    """

    id: JobId
    status: JobStatus
    created_ms: int
    rows: int = 0
    added: int = 0
    known: int = 0
    matched: int = 0
    pushed: int = 0
    not_pushed: int = 0
    refused: tuple[RefusedRow, ...] = ()
    refused_total: int = 0
    problem: str | None = None


def shown(job: Job) -> SuppressionImport:
    """Return a job as it is shown."""
    told = (pair.partition(":") for pair in job.progress.get("refused", "").split())
    return SuppressionImport(
        id=job.id,
        status=job.status,
        created_ms=job.created_ms,
        **{name: int(job.progress.get(name, "0")) for name in _COUNTS},
        refused=tuple(RefusedRow(line=int(line), why=why) for line, _, why in told),
        refused_total=int(job.progress.get("refused_total", "0")),
        problem=job.problem,
    )


def request_of(wish: FileWish, *, push: bool) -> dict[str, str]:
    """Return what is kept of what was asked."""
    return {
        "reason": wish.reason,
        "brand": wish.reach.brand or "",
        "list": wish.reach.list or "",
        "push": "yes" if push else "",
    }


def wish_of(job: Job) -> FileWish:
    """Return what holds for rows that say nothing themselves."""
    brand, list_id = job.request["brand"] or None, job.request["list"] or None
    reason = SuppressionReason(job.request["reason"])
    return FileWish(reason=reason, reach=wanted_reach(brand, list_id))


def place(job: Job) -> int:
    """Return how many rows of its phase are done."""
    return int(job.progress.get("at", "0"))


def noted(job: Job, **values: str | int) -> Job:
    """Return the job with these words in its progress."""
    told = {name: str(value) for name, value in values.items()}
    return replace(job, progress={**job.progress, **told})


def counted(job: Job, **counts: int) -> Job:
    """Return the job with these counts grown."""
    grown = {name: int(job.progress.get(name, "0")) + count for name, count in counts.items()}
    return noted(job, **grown)


def told(job: Job, refused: Sequence[RefusedRow]) -> Job:
    """Return the job with refused rows told, as far as there is room for them."""
    if not refused:
        return job
    before = job.progress.get("refused", "").split()
    pairs = [*before, *(f"{row.line}:{row.why}" for row in refused)][:MAX_TOLD]
    return counted(noted(job, refused=" ".join(pairs)), refused_total=len(refused))


def following(job: Job) -> Job:
    """Return the job at the beginning of its next phase, or ready."""
    phase = job.progress["phase"]
    if phase == Phase.READ and job.progress.get("digests"):
        return noted(job, phase=Phase.MATCH, at=0)
    if phase != Phase.PUSH and job.request["push"]:
        return noted(job, phase=Phase.PUSH, at=0)
    return ended(job, JobStatus.READY)


def ended(job: Job, status: JobStatus, problem: str | None = None) -> Job:
    """Return the job without the key of its file: nobody can read that any more."""
    left = {name: said for name, said in job.progress.items() if name != KEY}
    return replace(job, status=status, problem=problem, progress=left)
