# SPDX-License-Identifier: Apache-2.0
"""The sixteen parts of a count: what a segment found in each shard of the audience.

Guarantees every implementation gives, and the contract suite checks: a part once stored never
changes, and all parts stored are read. They hold numbers and random ids, and disappear some time
after they are told to. Reads are strong. Errors: `Throttled`, `Unavailable`.
"""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.ids import JobId, SubjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What `services.segment_run.ShardResult` says of one shard."""

    shard: str
    considered: int
    matched: int
    excluded: int
    unreadable: int
    keyless: int
    sample: tuple[SubjectId, ...]


class CountParts(Protocol):
    """Parts of counts."""

    def put(self, job: JobId, part: Part, until_ms: int) -> None:
        """Store a part once; one of this shard that is there already stands.

        Args:
            until_ms: it disappears some time after this, Unix milliseconds.
        """
        ...

    def of(self, job: JobId) -> tuple[Part, ...]:
        """Return the parts stored so far, by shard."""
        ...
