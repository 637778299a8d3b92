# SPDX-License-Identifier: Apache-2.0
"""What SES's events told of campaigns' mails, chunk by chunk, and how far its events have come.

Rows hold places in chunks and times, nobody's name. Errors of every call: `Throttled`,
`Unavailable`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.campaigns import ChunkRef
from chalicelib.domain.folding import Told
from chalicelib.domain.ids import CampaignId


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """All that is known of a chunk before a write and after it."""

    before: Told
    known: Told


class Folds(Protocol):
    """Sets of places that only grow."""

    def add(self, chunk: ChunkRef, told: Told) -> Added:
        """Add what is told in one write and return all that is known; repeating is harmless.

        Of several who add the same, one alone is told that it was not known before.
        """
        ...

    def give_up(self, chunk: ChunkRef, places: Iterable[int]) -> Told:
        """Note places as given up and return all that is known; repeating is harmless."""
        ...

    def of_chunk(self, chunk: ChunkRef) -> Told:
        """Return what is known of a chunk, read strongly."""
        ...

    def of_campaign(self, campaign: CampaignId) -> Iterator[Told]:
        """Yield what is known of each chunk something was heard of; it may lag behind."""
        ...


class Watermark(Protocol):
    """The time of the latest event that was ever kept."""

    def note(self, at_ms: int) -> None:
        """Raise it to ``at_ms``; never lowers it."""
        ...

    def latest_ms(self) -> int | None:
        """Return it; None: no event was ever kept."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A campaign somebody's outcome is unknown of; ``notes`` how often that was noted."""

    campaign: CampaignId
    notes: int


class UnresolvedCampaigns(Protocol):
    """Campaigns to be looked at until nobody's outcome is unknown."""

    def note(self, campaign: CampaignId, now_ms: int, *, at_once: bool = False) -> None:
        """Have it looked at: when it is not waiting for a look already, or else ``at_once``, now.

        What is noted while somebody looks is looked at again.
        """
        ...

    def due(self, now_ms: int) -> tuple[Unresolved, ...]:
        """Return the campaigns whose look is due."""
        ...

    def postpone(self, seen: Unresolved, until_ms: int) -> None:
        """Look again at ``until_ms``, unless it was noted since ``seen``."""
        ...

    def drop(self, seen: Unresolved) -> None:
        """Look no more, unless it was noted since ``seen``."""
        ...
