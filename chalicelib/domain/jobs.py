# SPDX-License-Identifier: Apache-2.0
"""Jobs: work asked for over the API and fetched later.

Guarantees that a job holds ids and sealed wishes, never an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.domain.ids import JobId


class JobStatus(StrEnum):
    """Where a job is."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job.

    Attributes:
        kind: the API noun, such as ``proofs``.
        request: what was asked, free of personal data (a subject id, never an address).
        progress: what the worker has fixed so far, so that a repeat continues and not restarts.
        blob: key of the finished file, once ready.
        problem: a sentence for the person who asked, once failed.

    """

    id: JobId
    kind: str
    status: JobStatus
    created_ms: int
    request: Mapping[str, str] = field(default_factory=dict)
    progress: Mapping[str, str] = field(default_factory=dict)
    blob: str | None = None
    problem: str | None = None
    revision: int = 0
