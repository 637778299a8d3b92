# SPDX-License-Identifier: Apache-2.0
"""The sixteen parts of a dry run.

Guarantees every implementation gives, and the contract suite checks: a part once stored never
changes, and all parts stored are read. They hold numbers and random ids, and disappear some time
after they are told to. Reads are strong. Errors: `Throttled`, `Unavailable`.
"""

from typing import Protocol

from chalicelib.domain.dry_runs import DryRunPart


class DryRunParts(Protocol):
    """Parts of dry runs."""

    def put(self, run: str, part: DryRunPart, until_ms: int) -> None:
        """Store a part once; one of this shard that is there already stands.

        Args:
            run: the dry run's random id.
            until_ms: it disappears some time after this, Unix milliseconds.
        """
        ...

    def of(self, run: str) -> tuple[DryRunPart, ...]:
        """Return the parts stored so far, by shard."""
        ...
