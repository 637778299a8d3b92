# SPDX-License-Identifier: Apache-2.0
"""The two reads before a call to SES: whom to make mail for, and the last look.

Guarantees every implementation gives: one request each, and a whole answer or an error. What could
not be read is never told as absent: who is absent in the last look has nothing that allows a mail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from chalicelib.domain.breakers import NO_STOPS, Stops
from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.frequency import NO_LIMIT, Frequency
from chalicelib.domain.ids import CampaignId, SubjectId
from chalicelib.domain.state import SubjectState

MAX_PEOPLE: Final = 50
"""As many as a call to SES takes; two keys each, and BatchGetItem reads 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedReader:
    """What a mail to one person is made of. Empty ``sealed``: no profile was ever written.

    Attributes:
        rest: until when the address rests, Unix milliseconds; None: no failure counts
            (`domain.health.rest_of`).

    """

    sealed: bytes
    wrapped_key: bytes
    frequency: Frequency = NO_LIMIT
    rest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLook:
    """What stands at one moment; nothing else decides who may be mailed.

    Attributes:
        campaign: None where there is no such campaign any more.
        states: of everybody asked for who has one.
        stops: what came back or was complained of too often.

    """

    campaign: Campaign | None
    states: Mapping[SubjectId, SubjectState]
    stops: Stops = NO_STOPS


class SendReads(Protocol):
    """Errors of both: `Throttled`, `Unavailable`. At most `MAX_PEOPLE` are asked for at once."""

    def readers(
        self, sids: Sequence[SubjectId], *, strong: bool = False
    ) -> Mapping[SubjectId, SealedReader]:
        """Return profiles with their keys; who lacks either is left out.

        Args:
            strong: who was erased before the call is surely left out; else a moment later.

        """
        ...

    def last_look(self, campaign: CampaignId, sids: Sequence[SubjectId]) -> LastLook:
        """Return the campaign and everybody's state, read strongly in one request."""
        ...
