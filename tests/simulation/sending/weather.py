# SPDX-License-Identifier: Apache-2.0
"""How rough one life is: drawn once, so that some are quiet and some have everything at once."""

from dataclasses import dataclass
from random import Random  # noqa: TID251  # seeded: a failing run replays exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What may go wrong in one life.

    Attributes:
        rate: the chance that a call fails.
        stalls: the chance that one takes very long.
        partly: the chance that a batch is written in part.
        moods: the chance that SES refuses a mail.
        skews: whether clocks are wrong.
    """

    rate: float
    stalls: float
    partly: float
    moods: float
    skews: bool


DULL = frozenset(
    {
        "Blobs.size",
        "ChunkStore.expire",
        "ChunkAccounts.chunks",
        "ChunkAccounts.expire",
        "KeyWrapper.kek",
        "KeyWrapper.unwrap",
    }
)
"""Calls between which nobody else is let in: they are many and change nothing for others."""
WRITES = frozenset(
    {
        *(f"RunStore.{act}" for act in ("dispatch", "commit", "release")),
        *(f"ChunkStore.{act}" for act in ("claim", "dispatch", "commit", "release", "expire")),
        *(f"ChunkAccounts.{act}" for act in ("expire", "resolve")),
    }
)
"""Calls after which a chunk may be another."""
GRAVE = frozenset({"Sender", "RunStore", "ChunkStore"})
"""Ports whose calls fail, and take long, more often than others here."""
CALM = Weather(rate=0.0, stalls=0.0, partly=0.0, moods=0.0, skews=False)


def drawn(random: Random) -> Weather:
    """Draw the weather of a life."""
    return Weather(
        rate=random.choice((0.0, 0.002, 0.006, 0.015)),
        stalls=random.choice((0.0, 0.0, 0.002, 0.006)),
        partly=random.choice((0.0, 0.0, 0.02, 0.1)),
        moods=random.choice((0.0, 0.0, 0.02, 0.3)),
        skews=random.choice((True, False)),
    )
