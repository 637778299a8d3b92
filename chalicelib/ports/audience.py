# SPDX-License-Identifier: Apache-2.0
"""Subscribers' profiles and who is on a list. Sealed where it is personal, plain where counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.frequency import NO_LIMIT, Frequency, Rhythm
from chalicelib.domain.ids import ListId, SubjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A subject's audience row. ``wrapped_key`` is read with it where the caller may unwrap.

    Attributes:
        standing: as `domain.standing.dump_standing` made it; None in a row older than that.
        sent_ms: when the mails of the last seven days took their slots, as `Rhythm` says.
        rest: as of `ports.send_reads.SealedReader`.
    """

    sid: SubjectId
    sealed: bytes
    lists: tuple[tuple[ListId, str], ...]
    wrapped_key: bytes | None = None
    frequency: Frequency = NO_LIMIT
    standing: str | None = None
    sent_ms: tuple[int, ...] = ()
    rest: int | None = None

    @property
    def rhythm(self) -> Rhythm:
        """How often they want to be written to, and were."""
        return Rhythm(frequency=self.frequency, sent_ms=self.sent_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPage:
    """One page of members; ``cursor`` None at the end."""

    members: tuple[Member, ...]
    cursor: str | None


class AudienceStore(Protocol):
    """Rows are written only inside a ledger append; this port reads them.

    Reads are eventually consistent unless said otherwise: they choose whom to consider, never
    whom to send to. Errors: `Throttled`, `Unavailable`.
    """

    def members(self, sids: Sequence[SubjectId]) -> dict[SubjectId, Member]:
        """Return rows with wrapped keys of at most 50 subjects, one batch read of two tables."""
        ...

    def member(self, sid: SubjectId) -> Member | None:
        """Return one subject's row with its wrapped key, read strongly; None where there is none.

        For who writes the profile anew, or mails to the address it holds.
        """
        ...

    def on_list(self, shard: str, list_id: ListId, *statuses: str) -> Iterator[SubjectId]:
        """Yield the subjects of a shard whose membership of ``list_id`` is one of ``statuses``.

        Each once, in order of their ids; at least one status is named.
        """
        ...

    def page(self, cursor: str | None, limit: int) -> MemberPage:
        """Return up to ``limit`` (1 to 100) members in shard and id order, with wrapped keys.

        Raises:
            InputError: the cursor was not made by this method.

        """
        ...


class FrequencyStore(Protocol):
    """How often a subject wants to be written to; kept on the audience row, erased with it.

    Reads are strong and writes conditional: of slots taken at once, never more succeed than the
    cap allows. Errors besides those named: `Throttled` (also when the row kept changing),
    `Unavailable`.
    """

    def get(self, sid: SubjectId) -> Frequency:
        """Return what the person chose; no limit where they chose nothing or have no row."""
        ...

    def put(self, sid: SubjectId, frequency: Frequency) -> None:
        """Keep what the person chose; slots already taken stay counted.

        Raises:
            NotFound: the subject has no audience row (any more); none is made.

        """
        ...

    def take(self, sid: SubjectId, at_ms: int) -> bool:
        """Count one mail at ``at_ms`` (Unix milliseconds) if a slot is free; say whether it was.

        False when the cap of the last seven days is used up, during a pause, or without a row.
        Without a cap nothing is counted. A write whose answer is lost may count twice: too few
        mails then, never too many.
        """
        ...

    def give_back(self, sid: SubjectId, at_ms: int) -> None:
        """Forget one slot taken at ``at_ms``: that mail surely did not go. No slot: nothing."""
        ...
