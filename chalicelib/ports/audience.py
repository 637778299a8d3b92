# SPDX-License-Identifier: Apache-2.0
"""Subscribers' profiles and who is on a list. Sealed where it is personal, plain where counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.ids import ListId, SubjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A subject's audience row. ``wrapped_key`` is read with it where the caller may unwrap."""

    sid: SubjectId
    sealed: bytes
    lists: tuple[tuple[ListId, str], ...]
    wrapped_key: bytes | None = None


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

    def on_list(self, shard: str, list_id: ListId, status: str) -> Iterator[SubjectId]:
        """Yield the subjects of a shard whose membership of ``list_id`` is ``status``."""
        ...

    def page(self, cursor: str | None, limit: int) -> MemberPage:
        """Return up to ``limit`` (1 to 100) members in shard and id order, with wrapped keys.

        Raises:
            InputError: the cursor was not made by this method.

        """
        ...
