# SPDX-License-Identifier: Apache-2.0
"""Why an address stands where it stands, as codes and times that every page puts into words.

Guarantees that the story is made of the record alone, so that the same events in any order tell
the same; that what decides comes first; and that nothing the person's latest confirmation
overtook is told. Names nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.health import (
    WINDOW_MS,
    Health,
    HealthStatus,
    resting_until_ms,
    since,
    status,
)


class Code(StrEnum):
    """What can be said of an address; the same in every language and for ever."""

    COMPLAINED = "complained"
    REFUSED = "refused"
    RESTING = "resting"
    SOFT_DAYS = "soft-days"
    FULL_DAYS = "full-days"
    EXPIRED_DAYS = "expired-days"
    DELIVERED = "delivered"
    RENEWED = "renewed"
    GOOD = "good"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One sentence of the story. Times are Unix milliseconds.

    Attributes:
        at_ms: when it happened, for the last time.
        days: on how many days mail failed since the last that arrived.
        until_ms: how long the address rests.
    """

    code: Code
    at_ms: int | None = None
    days: int | None = None
    until_ms: int | None = None


def story(health: Health, now_ms: int, renewed_ms: int | None) -> tuple[Said, ...]:
    """Return what there is to say of an address at ``now_ms``, what decides first.

    Args:
        renewed_ms: when the person last confirmed by their own act (`hygiene.renewed_ms`).

    Example:
        >>> [str(said.code) for said in story(Health(), 0, None)]
        ['unproven']
    """
    return tuple(_story(since(health, renewed_ms), now_ms, renewed_ms))


def _story(live: Health, now_ms: int, renewed_ms: int | None) -> Iterator[Said]:
    if live.complained_ms is not None:
        yield Said(code=Code.COMPLAINED, at_ms=live.complained_ms)
    if live.bounced_ms is not None:
        yield Said(code=Code.REFUSED, at_ms=live.bounced_ms)
    until_ms = resting_until_ms(live)
    if until_ms is not None and until_ms > now_ms:
        yield Said(code=Code.RESTING, until_ms=until_ms)
    marks = {
        Code.SOFT_DAYS: live.soft_ms,
        Code.FULL_DAYS: live.full_ms,
        Code.EXPIRED_DAYS: live.expired_ms,
    }
    for code, times in marks.items():
        if times and now_ms - times[-1] < WINDOW_MS:
            yield Said(code=code, at_ms=times[-1], days=len(times))
    if live.delivered_ms is not None:
        yield Said(code=Code.DELIVERED, at_ms=live.delivered_ms)
    if renewed_ms is not None:
        yield Said(code=Code.RENEWED, at_ms=renewed_ms)
    stands = status(live, now_ms, renewed_ms)
    if stands is HealthStatus.GOOD:
        yield Said(code=Code.GOOD)
    elif stands is HealthStatus.UNPROVEN:
        yield Said(code=Code.UNPROVEN)
