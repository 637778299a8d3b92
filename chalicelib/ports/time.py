# SPDX-License-Identifier: Apache-2.0
"""Time that somebody else vouches for: an RFC 3161 authority, and the stamps kept of the log.

Guarantees nothing about the authority's honesty; what `TimeAuthority.stamp` returns was verified
under the roots this installation trusts. Only checkpoints are stamped: they hold hashes alone.
"""

from dataclasses import dataclass
from typing import Protocol


class TimeAuthority(Protocol):
    """A time-stamping authority (RFC 3161) and the certificates it is trusted by."""

    @property
    def roots(self) -> tuple[bytes, ...]:
        """DER of each trusted root certificate; the policy names their hashes."""
        ...

    @property
    def certificates(self) -> bytes:
        """PEM of the roots and of any other certificate a chain may need."""
        ...

    @property
    def stamps(self) -> bool:
        """Whether new stamps can be had; False keeps old ones verifiable and makes none."""
        ...

    def stamp(self, data: bytes) -> bytes:
        """Return a verified ``TimeStampResp`` (DER) over ``data``.

        Raises:
            Throttled, Unavailable: no stamp now; ask again later.
            FatalError: the authority refuses, or its answer does not verify.

        """
        ...

    def verify(self, data: bytes, response: bytes) -> int:
        """Return the stamped time, Unix milliseconds.

        Raises:
            EvidenceError: not a stamp over ``data``, or not by an authority below a trusted root.

        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Where a time stamp is: the size of the stamped checkpoint and the stamped time."""

    size: int
    time_ms: int


class Anchors(Protocol):
    """The index of stamped checkpoints, sorted by size. Errors: `Throttled`, `Unavailable`."""

    def add(self, anchor: Anchor) -> None:
        """Record an anchor; repeating is harmless, because a size is stamped once."""
        ...

    def latest(self, size: int) -> Anchor | None:
        """Return the anchor of the largest size up to ``size``, read strongly."""
        ...

    def next_above(self, index: int) -> Anchor | None:
        """Return the anchor of the smallest size above ``index``, read strongly."""
        ...
