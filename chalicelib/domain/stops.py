# SPDX-License-Identifier: Apache-2.0
"""Why a campaign was stopped by the product itself, with the numbers it was stopped by.

Guarantees that a stop is told with what was counted at that moment, for ever the same text for the
same stop. Holds numbers and names of checks, nobody's data.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class StopWhy(StrEnum):
    """What stopped it; the same word is the campaign's problem."""

    COMPLAINTS = "complaints"
    """Too many of those who got it reported it as unwanted."""
    BOUNCES = "bounces"
    """Too many of its mails came back for good."""
    NOT_READY = "not_ready"
    """It is a large mailing, and the doctor found what keeps large mailings from arriving."""


RISKS: Final = frozenset(map(str, StopWhy))
"""Problems past which a campaign may go by somebody's word."""
BREAKERS: Final = RISKS - {StopWhy.NOT_READY}
"""Those past which it goes no other way: what came back stays so, while a sender may be mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop.

    Attributes:
        at_ms: when it was decided, Unix milliseconds.
        delivered: mails taken by the receiving servers, as counted then.
        bounced: mails that came back for good.
        complained: mails reported as unwanted.
        checks: ids of the doctor's checks that failed; of `NOT_READY` alone.

    """

    why: StopWhy
    at_ms: int
    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    checks: tuple[str, ...] = ()


def dump_stop(stop: Stop) -> str:
    """Return the stored form: JSON, members in a fixed order, those at their default left out."""
    members = {
        "why": str(stop.why),
        "at_ms": stop.at_ms,
        "delivered": stop.delivered,
        "bounced": stop.bounced,
        "complained": stop.complained,
        "checks": list(stop.checks),
    }
    return json.dumps({name: value for name, value in members.items() if value})


def load_stop(stored: str) -> Stop:
    """Return the stop that `dump_stop` gave."""
    members = json.loads(stored)
    return Stop(
        why=StopWhy(members["why"]),
        at_ms=members.get("at_ms", 0),
        delivered=members.get("delivered", 0),
        bounced=members.get("bounced", 0),
        complained=members.get("complained", 0),
        checks=tuple(members.get("checks", ())),
    )
