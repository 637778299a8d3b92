# SPDX-License-Identifier: Apache-2.0
"""Blobs, queues, and short-lived activity: idempotency keys, budgets, SES events."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.event_tallies import OfNobody, WhyNobody
from chalicelib.domain.ids import SubjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """An object's bytes and its entity tag."""

    data: bytes
    etag: str


class Blobs(Protocol):
    """Objects. A put that returned is durable; reads see it at once.

    Errors: `Throttled`, `Unavailable`.
    """

    def get(self, key: str) -> Blob | None:
        """Return the object, or None when there is none."""
        ...

    def get_range(self, key: str, first: int, last: int) -> bytes:
        """Return bytes ``first`` to ``last`` inclusive, fewer at the end of the object.

        Raises:
            NotFound: no such object.

        """
        ...

    def put_new(self, key: str, data: bytes, content_type: str) -> bool:
        """Create an immutable object; False when the key exists (compare it yourself)."""
        ...

    def put(self, key: str, data: bytes, content_type: str, if_match: str | None = None) -> None:
        """Write an object that may change.

        Raises:
            Conflict: ``if_match`` was given and the object's tag is another.

        """
        ...

    def size(self, key: str) -> int | None:
        """Return the object's length in bytes, or None."""
        ...

    def address(self, key: str, lasts_s: int) -> str:
        """Return an address anybody may fetch the object from for ``lasts_s`` seconds."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; removing what is not there is fine."""
        ...

    def delete_all(self, prefix: str) -> int:
        """Destroy every object below ``prefix`` in every version; return how many versions.

        Raises:
            FatalError: the prefix does not end in a slash.

        """
        ...


class Queue(StrEnum):
    """The queues we write to."""

    CONFIRMATIONS = "confirmations"
    PLANS = "plans"
    CHUNKS = "chunks"
    SEQUENCING = "sequencing"
    PROOFS = "proofs"
    ERASURES = "erasures"
    ANCHORS = "anchors"
    SEGMENTS = "segments"
    SUPPRESSIONS = "suppressions"
    IMPORTS = "imports"


class Queues(Protocol):
    """At least once, in no promised order. Messages are ids only, never personal data."""

    def send(self, queue: Queue, body: dict[str, object], delay_s: int = 0) -> None:
        """Put one message on ``queue``, to be seen after ``delay_s`` (0 to 900) seconds."""
        ...

    def send_all(self, queue: Queue, bodies: Sequence[dict[str, object]]) -> None:
        """Put many messages; raises `Unavailable` unless every one was accepted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to run what an idempotency key names; ``nonce`` tells it from every other."""

    key: str
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The answer given to an idempotency key, and the digest of what was asked."""

    request_sha256: str
    status: int | None
    body: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One normalised SES event about one recipient; the raw part is sealed or absent.

    Attributes:
        why_nobody: why it is nobody's, which is counted; None: it is somebody's, or not counted.
    """

    key: str
    sid: SubjectId | None
    mac: str | None
    type: str
    at_ms: int
    sealed: bytes | None
    why_nobody: WhyNobody | None = None


class Activity(Protocol):
    """What expires. Errors: `Throttled`, `Unavailable`."""

    def count(self, budget: str, window_s: int, now_ms: int) -> int:
        """Add one to the fixed-window counter ``budget`` and return its value."""
        ...

    def begin_request(
        self, attempt: Attempt, request_sha256: str, now_ms: int, *, lease_s: int, keep_s: int
    ) -> Remembered | None:
        """Claim an idempotency key: None when it is new, else what is remembered of it.

        A claim without an answer is a lease: after ``lease_s`` whoever made it cannot be running
        any more, and the key is new. A claim of this very attempt is no other's: it is new too.
        """
        ...

    def finish_request(self, attempt: Attempt, status: int, body: str) -> None:
        """Remember the answer given by ``attempt``, for what is left of ``keep_s``.

        Raises:
            Conflict: the claim is gone, or another attempt's by now.
        """
        ...

    def abandon_request(self, attempt: Attempt) -> None:
        """Forget the attempt's own claim: its request failed without a lasting effect."""
        ...

    def claim(self, key: str, holder: str, now_ms: int, lasts_ms: int) -> bool:
        """Hold ``key`` for ``holder`` until ``lasts_ms`` have passed.

        True when it is free, has run out, or is this holder's already; False while another's.
        """
        ...

    def unclaim(self, key: str, holder: str) -> None:
        """Give a claim back; another's claim, or none, is left as it is."""
        ...

    def record_event(self, event: StoredEvent, keep_s: int) -> bool:
        """Store an SES event once; False when it was there already.

        An event of nobody adds one to its day's count, in the same step: a repeat adds none.
        """
        ...

    def of_nobody(self, first_day: int, days: int) -> Sequence[OfNobody]:
        """Return the counts of ``days`` (1 to 60) days from ``first_day``, in order.

        Raises:
            FatalError: so many days are not read at once.
        """
        ...
