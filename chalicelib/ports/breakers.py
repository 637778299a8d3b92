# SPDX-License-Identifier: Apache-2.0
"""Counts of what came back and was complained of, and what is held because of them.

Rows hold numbers, campaigns' ids and keys of recipients' domains; a domain's own name only where
at least a hundred mails went to it. Errors of every call: `Throttled`, `Unavailable`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.breakers import Counts, Harm, Note, Stops
from chalicelib.domain.folding import MailPlace
from chalicelib.domain.ids import CampaignId


class About(StrEnum):
    """What a note is about; the letter is part of its row's key."""

    CAMPAIGN = "C"
    DOMAIN = "D"


class Tripped(StrEnum):
    """What came of a stop."""

    NEW = "new"
    BEFORE = "before"
    """It stands, or stood and was noted: nothing was changed."""
    FULL = "full"
    """So many are held that no more fit; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmed:
    """A mail, what it counts against the sender as, and where besides its campaign.

    Attributes:
        domain: key of the recipient's domain. day: the mail was sent on, as `day_of` writes it.
    """

    mail: MailPlace
    harm: Harm
    domain: str
    day: str


class BreakerRows(Protocol):
    """Counters that only grow, and the few things held."""

    def harm(self, harmed: Sequence[Harmed]) -> frozenset[Harmed]:
        """Count each for its campaign and its domain's day, all of one or none of it.

        Idempotency key of each: the mail and the harm. Returns what was not counted before; after
        an error any of them may be counted: repeat all.
        """
        ...

    def deliver(self, campaign: CampaignId, mails: int, quiet: int) -> Counts:
        """Count deliveries of a campaign, and return what `of_campaign` would."""
        ...

    def deliver_to(self, domain: str, day: str, mails: int) -> Counts:
        """Count deliveries to a domain, and return the counts of that day alone."""
        ...

    def of_campaign(self, campaign: CampaignId) -> Counts:
        """Return what was counted since the campaign was last released, read strongly."""
        ...

    def of_domain(self, domain: str, now_ms: int) -> Counts:
        """Return the counts of the days that are judged together now, read strongly."""
        ...

    def stops(self) -> Stops:
        """Return what is held, read strongly."""
        ...

    def stop(self, about: About, note: Note) -> Tripped:
        """Hold it, and keep the note, both or neither; a repeat changes nothing."""
        ...

    def warn(self, about: About, note: Note) -> None:
        """Keep the note for a week, unless one stands."""
        ...

    def note(self, about: About, key: str, now_ms: int) -> Note | None:
        """Return the note that stands, read strongly."""
        ...

    def domains(self, now_ms: int) -> tuple[Note, ...]:
        """Return the notes that stand about domains, by key."""
        ...

    def settle(self, campaign: CampaignId) -> None:
        """Hold a campaign no more, since it is over; its note stays."""
        ...

    def release(self, about: About, key: str) -> None:
        """Hold it no more, drop its note, and judge it by what is counted from now on."""
        ...
