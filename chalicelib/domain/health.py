# SPDX-License-Identifier: Apache-2.0
"""How well mail reaches an address, as a record that any order of the same events builds alike.

Guarantees that `observe` is commutative, associative over a history and idempotent: SNS repeats,
shuffles and delays. Passing failures are counted by the day, forgotten after a delivery or 90
days, and at most make an address rest; only a final refusal or a complaint outlasts a delivery.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import orjson

from chalicelib.domain.durations import DAY_MS
from chalicelib.errors import FatalError

WINDOW_MS = 90 * DAY_MS
"""Failures older than this, seen from the newest one, no longer count."""
DAYS_KEPT = 8
"""Failing days kept for each kind: more than any limit below."""
KEEP_HEALTH_MS = 400 * DAY_MS
"""How long a health record lives after its latest change, milliseconds."""

HEALTH_VERSION = 1
"""Schema version written. Code reads its own and the previous one; 1 is the first."""


class EventKind(StrEnum):
    """What an SES event means for the address.

    Attributes:
        AUTOMATIC: a machine of the receiver answered, so mail arrives.
        HELD: SES keeps an earlier refusal of the address on its own list, and sent nothing.
        LISTED: SES keeps an earlier complaint there, and sent nothing.
        LEFT: the person opted out by way of SES's own contact list.
    """

    SENT = "sent"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    AUTOMATIC = "automatic"
    SOFT = "soft"
    FULL = "full"
    EXPIRED = "expired"
    CONTENT = "content"
    PERMANENT = "permanent"
    COMPLAINT = "complaint"
    HELD = "held"
    LISTED = "listed"
    PRAISED = "praised"
    LEFT = "left"
    NEUTRAL = "neutral"


class HealthStatus(StrEnum):
    """Where an address stands; the later in this list, the worse."""

    UNPROVEN = "unproven"
    GOOD = "good"
    SHAKY = "shaky"
    RESTING = "resting"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many failing days in a row, without a delivery, make an address rest, and how long."""

    days: int
    rest_ms: int


LIMITS: Mapping[EventKind, Limit] = MappingProxyType(
    {
        EventKind.SOFT: Limit(days=5, rest_ms=30 * DAY_MS),
        EventKind.FULL: Limit(days=3, rest_ms=30 * DAY_MS),
        EventKind.EXPIRED: Limit(days=3, rest_ms=60 * DAY_MS),
    }
)


RECORDED = frozenset({*LIMITS, EventKind.DELIVERED, EventKind.PERMANENT, EventKind.COMPLAINT})
"""What `observe` keeps; every other kind leaves the record as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is remembered of an address, without the address. Times are Unix milliseconds.

    Attributes:
        delivered_ms: the latest delivery.
        soft_ms: passing failures since, the latest of each day, oldest first; so the next two.
        full_ms: full mailbox.
        expired_ms: the receiving server never answered in time (status 4.4.7).
        bounced_ms: the latest final refusal.
        complained_ms: the latest complaint.
    """

    delivered_ms: int | None = None
    soft_ms: tuple[int, ...] = ()
    full_ms: tuple[int, ...] = ()
    expired_ms: tuple[int, ...] = ()
    bounced_ms: int | None = None
    complained_ms: int | None = None


def observe(health: Health, kind: EventKind, at_ms: int) -> Health:
    """Return the record with one more event; repeating or reordering events changes nothing.

    What SES remembers (`EventKind.HELD`, `EventKind.LISTED`) happened at another time than the
    event and changes nothing here: see `chalicelib.domain.hygiene.counted_as`.
    """
    match kind:
        case EventKind.DELIVERED:
            return since(replace(health, delivered_ms=_later(health.delivered_ms, at_ms)), None)
        case EventKind.SOFT:
            marked = replace(health, soft_ms=(*health.soft_ms, at_ms))
        case EventKind.FULL:
            marked = replace(health, full_ms=(*health.full_ms, at_ms))
        case EventKind.EXPIRED:
            marked = replace(health, expired_ms=(*health.expired_ms, at_ms))
        case EventKind.PERMANENT:
            return replace(health, bounced_ms=_later(health.bounced_ms, at_ms))
        case EventKind.COMPLAINT:
            return replace(health, complained_ms=_later(health.complained_ms, at_ms))
        case _:
            return health
    return since(marked, None)


def since(health: Health, renewed_ms: int | None) -> Health:
    """Return only what still counts after a delivery, and after ``renewed_ms``.

    Args:
        renewed_ms: when the person last confirmed, which proves that mail reaches them and that
            they want it; None when they never did.
    """
    cleared = max(health.delivered_ms or 0, renewed_ms or 0)
    return Health(
        delivered_ms=health.delivered_ms,
        soft_ms=_counted(health.soft_ms, cleared),
        full_ms=_counted(health.full_ms, cleared),
        expired_ms=_counted(health.expired_ms, cleared),
        bounced_ms=_unless_before(health.bounced_ms, renewed_ms),
        complained_ms=_unless_before(health.complained_ms, renewed_ms),
    )


def moved(health: Health, at_ms: int) -> Health:
    """Return what still counts once mail goes to another mailbox: no passing failure before that.

    Example:
        >>> moved(Health(soft_ms=(5,)), 9) == Health()
        True
    """
    return replace(
        health,
        soft_ms=_counted(health.soft_ms, at_ms),
        full_ms=_counted(health.full_ms, at_ms),
        expired_ms=_counted(health.expired_ms, at_ms),
    )


def resting_until_ms(health: Health) -> int | None:
    """Return when the address may be tried again, Unix milliseconds; None when it may be now."""
    marks = {
        EventKind.SOFT: health.soft_ms,
        EventKind.FULL: health.full_ms,
        EventKind.EXPIRED: health.expired_ms,
    }
    ends = [
        times[-1] + LIMITS[kind].rest_ms
        for kind, times in marks.items()
        if len(times) >= LIMITS[kind].days
    ]
    return max(ends, default=None)


def rest_of(health: Health, renewed_ms: int | None) -> int | None:
    """Return what sending must know of an address: until when it rests, Unix milliseconds.

    0: it does not rest, but a failure counts, so that the next delivery has something to clear.
    None: nothing counts. A time that has passed is returned as it is: the record alone decides.

    Args:
        renewed_ms: as for `since`.
    """
    live = since(health, renewed_ms)
    if not (live.soft_ms or live.full_ms or live.expired_ms):
        return None
    return resting_until_ms(live) or 0


def status(health: Health, now_ms: int, renewed_ms: int | None = None) -> HealthStatus:
    """Return where the address stands at ``now_ms`` (``renewed_ms`` as for `since`)."""
    live = since(health, renewed_ms)
    if live.complained_ms is not None:
        return HealthStatus.COMPLAINED
    if live.bounced_ms is not None:
        return HealthStatus.BOUNCED
    if (resting_until_ms(live) or 0) > now_ms:
        return HealthStatus.RESTING
    failures = (*live.soft_ms, *live.full_ms, *live.expired_ms)
    if any(now_ms - at_ms < WINDOW_MS for at_ms in failures):
        return HealthStatus.SHAKY
    if live.delivered_ms is not None or renewed_ms is not None:
        return HealthStatus.GOOD
    return HealthStatus.UNPROVEN


def _counted(times: tuple[int, ...], cleared_ms: int) -> tuple[int, ...]:
    """The latest failure of each day after ``cleared_ms``, within the window, newest days only."""
    if not times:
        return ()
    newest = max(times)
    days: dict[int, int] = {}
    for at_ms in times:
        if at_ms > cleared_ms and newest - at_ms < WINDOW_MS:
            days[at_ms // DAY_MS] = max(at_ms, days.get(at_ms // DAY_MS, at_ms))
    return tuple(sorted(days.values())[-DAYS_KEPT:])


def _later(known_ms: int | None, at_ms: int) -> int:
    return at_ms if known_ms is None else max(known_ms, at_ms)


def _unless_before(at_ms: int | None, renewed_ms: int | None) -> int | None:
    if at_ms is None or (renewed_ms is not None and at_ms < renewed_ms):
        return None
    return at_ms


def dump_health(health: Health) -> str:
    """Return the compact JSON stored for the record; it names nobody."""
    document = {
        "v": HEALTH_VERSION,
        "d": health.delivered_ms,
        "s": list(health.soft_ms),
        "f": list(health.full_ms),
        "x": list(health.expired_ms),
        "b": health.bounced_ms,
        "c": health.complained_ms,
    }
    return orjson.dumps(document).decode()


def load_health(text: str) -> Health:
    """Return the record `dump_health` wrote.

    Raises:
        FatalError: the row has another schema version; it must not be guessed at.
    """
    document: dict[str, Any] = orjson.loads(text)
    if document["v"] != HEALTH_VERSION:
        raise FatalError(
            f"a health row has schema version {document['v']!r}; this code cannot read it"
        )
    return Health(
        delivered_ms=document["d"],
        soft_ms=tuple(document["s"]),
        full_ms=tuple(document["f"]),
        expired_ms=tuple(document["x"]),
        bounced_ms=document["b"],
        complained_ms=document["c"],
    )
