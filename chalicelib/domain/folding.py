# SPDX-License-Identifier: Apache-2.0
"""What SES's events told of a chunk: for each kind of event, the places in the chunk it came for.

Guarantees that sets of places only grow, so that the same events, repeated, shuffled or late, end
in the same sets. Refuses to read a tag that is not wholly of our making.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.domain.campaigns import MAX_RECIPIENTS_PER_CALL, ChunkRef
from chalicelib.domain.event_kinds import RANKS, rank
from chalicelib.domain.ids import CampaignId, decode_id
from chalicelib.domain.ses_events import SesEvent, SesType
from chalicelib.errors import InputError

CAMPAIGN_TAG: Final = "c"
"""The message tag that holds the campaign's id."""
PLACE_TAG: Final = "a"
"""The message tag that holds shard, chunk and place; of mails of version 1 no place."""
HEEDED_TAG: Final = "h"
"""The message tag of a mail to an address that failed before: its delivery has marks to clear."""
FOLDED: Final = frozenset({SesType.SEND, SesType.DELIVERY})
"""Of a mail with a place all there is to keep of these is the place, unless it is heeded."""

_PLACE: Final = re.compile(r"([0-9a-f])-(0|[1-9][0-9]{0,6})-(0|[1-9][0-9]?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPlace:
    """Whose mail it is: a chunk, and the place in it from 0."""

    chunk: ChunkRef
    place: int

    @property
    def name(self) -> str:
        """What the message tag and the delivery row of the mail call it: never a person."""
        return f"{self.chunk.name}-{self.place}"

    @classmethod
    def read(cls, campaign: CampaignId, name: str) -> "MailPlace | None":
        """Return what `name` gave; None: another's text, or version 1's without a place."""
        found = _PLACE.fullmatch(name)
        if found is None or int(found[3]) >= MAX_RECIPIENTS_PER_CALL:
            return None
        chunk = ChunkRef(campaign=campaign, shard=found[1], number=int(found[2]))
        return cls(chunk=chunk, place=int(found[3]))


class Heard(StrEnum):
    """What was heard of a mail; the letter names the set of places in the stored row.

    Attributes:
        SENT: SES took it, and tries.
        DELIVERED: the receiving server took it.
        BOUNCED: it was refused, or came back.
        FLAGGED: a complaint; or SES took it and then did not send it.

    """

    SENT = "s"
    DELIVERED = "d"
    BOUNCED = "b"
    FLAGGED = "x"


_HEARD: Final[Mapping[SesType, Heard]] = {
    SesType.SEND: Heard.SENT,
    SesType.DELIVERY_DELAY: Heard.SENT,
    SesType.DELIVERY: Heard.DELIVERED,
    SesType.BOUNCE: Heard.BOUNCED,
    SesType.COMPLAINT: Heard.FLAGGED,
    SesType.REJECT: Heard.FLAGGED,
    SesType.RENDERING_FAILURE: Heard.FLAGGED,
}


def heard_of(event: SesEvent) -> Heard | None:
    """Return what an event tells of its mail; None: nothing that SES did with it.

    An automatic reply that comes as a bounce, and a report that the mail is no spam, tell only
    that it was sent.

    """
    heard = _HEARD.get(event.type)
    if heard in (Heard.BOUNCED, Heard.FLAGGED) and rank(event) < RANKS[SesType.DELIVERY]:
        return Heard.SENT
    return heard


def is_heeded(event: SesEvent) -> bool:
    """Whether an event of `FOLDED` says something of the address besides: that mail arrives."""
    return event.type is SesType.DELIVERY and HEEDED_TAG in event.tags


def place_of(event: SesEvent) -> MailPlace | None:
    """Return the place of the mail an event is about, by its tags alone; None: it has none."""
    campaign = event.tags.get(CAMPAIGN_TAG)
    if campaign is None or not event.alone:
        return None
    try:
        decode_id(campaign)
    except InputError:
        return None  # Somebody else's message under the same configuration set.
    return MailPlace.read(CampaignId(campaign), event.tags.get(PLACE_TAG, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Places of one chunk by what was heard of them.

    Attributes:
        given_up: places called unsent because nothing had been heard of them for long.

    """

    sent: frozenset[int] = frozenset()
    delivered: frozenset[int] = frozenset()
    bounced: frozenset[int] = frozenset()
    flagged: frozenset[int] = frozenset()
    given_up: frozenset[int] = frozenset()

    @classmethod
    def of(cls, heard: Mapping[Heard, Iterable[int]]) -> "Told":
        """Return what is heard as sets."""
        return cls(
            sent=frozenset(heard.get(Heard.SENT, ())),
            delivered=frozenset(heard.get(Heard.DELIVERED, ())),
            bounced=frozenset(heard.get(Heard.BOUNCED, ())),
            flagged=frozenset(heard.get(Heard.FLAGGED, ())),
        )

    def __or__(self, other: "Told") -> "Told":
        """Return what two accounts tell together."""
        return Told(
            sent=self.sent | other.sent,
            delivered=self.delivered | other.delivered,
            bounced=self.bounced | other.bounced,
            flagged=self.flagged | other.flagged,
            given_up=self.given_up | other.given_up,
        )

    @property
    def heard(self) -> frozenset[int]:
        """Places SES surely took the mail of: it said something of it."""
        return self.sent | self.delivered | self.bounced | self.flagged

    @property
    def by_kind(self) -> Mapping[Heard, frozenset[int]]:
        """The places of each kind of which there are any."""
        every = {
            Heard.SENT: self.sent,
            Heard.DELIVERED: self.delivered,
            Heard.BOUNCED: self.bounced,
            Heard.FLAGGED: self.flagged,
        }
        return {heard: places for heard, places in every.items() if places}

    def strongest(self, place: int, own: str | None = None) -> str | None:
        """Return the name of the strongest event of a mail.

        Args:
            own: the strongest on the mail's own row, where all but `FOLDED` events are.

        """
        final = own is not None and own not in _PASSING
        if final and (own != SesType.BOUNCE or place in self.bounced):
            return own
        if place in self.bounced:
            return str(SesType.BOUNCE)
        if place in self.delivered:
            return str(SesType.DELIVERY)
        return own or (str(SesType.SEND) if place in self.sent else None)


_PASSING: Final = frozenset({SesType.SEND, SesType.DELIVERY_DELAY, SesType.DELIVERY})
"""What a later event may outweigh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What became of the mails SES took, each counted once.

    Attributes:
        delivered: taken by the receiving server, and nothing came back.
        bounced: refused, or came back, also after a delivery.
        complained: delivered, and reported as unwanted.
        refused: taken by SES, which then did not send them.
        waiting: nothing is known but that SES took them.

    """

    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    refused: int = 0
    waiting: int = 0


def results_of(chunks: Iterable[Told]) -> Results:
    """Return the sums over a campaign's chunks."""
    delivered = bounced = complained = refused = waiting = 0
    for told in chunks:
        complaints = (told.flagged & told.delivered) - told.bounced
        refusals = told.flagged - told.delivered - told.bounced
        good = told.delivered - told.bounced - complaints
        bounced += len(told.bounced)
        complained += len(complaints)
        refused += len(refusals)
        delivered += len(good)
        waiting += len(told.sent - told.bounced - told.delivered - told.flagged)
    return Results(
        delivered=delivered,
        bounced=bounced,
        complained=complained,
        refused=refused,
        waiting=waiting,
    )
