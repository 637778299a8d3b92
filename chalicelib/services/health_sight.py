# SPDX-License-Identifier: Apache-2.0
"""How well mail reaches a subscriber, for who may see the subscriber, and for themselves.

Guarantees that what is shown is what sending goes by: the record, and the person's own latest
confirmation. Changes nothing, and names nobody.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.domain.health import Health, HealthStatus, resting_until_ms, since, status
from chalicelib.domain.health_story import Said, story
from chalicelib.domain.hygiene import renewed_ms
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.state import SubjectState
from chalicelib.ports.hygiene import HealthStore
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSeen:
    """Where an address stands, and why.

    Attributes:
        resting_until_ms: campaigns skip the address until then, Unix milliseconds; None: not now.
        health: the record itself.
    """

    status: HealthStatus
    resting_until_ms: int | None
    story: tuple[Said, ...]
    health: Health


class HealthSight:
    """Reads health records."""

    def __init__(self, *, store: LedgerStore, health: HealthStore, clock: Clock) -> None:
        self._store = store
        self._health = health
        self._clock = clock

    def of(self, sid: SubjectId) -> HealthSeen | None:
        """Return how well mail reaches somebody; None: they were erased, or never were.

        Raises:
            DependencyError: it could not be read.
        """
        state = self._store.states([sid]).get(sid)
        return None if state is None or state.erased else self.seen(sid, state)

    def seen(self, sid: SubjectId, state: SubjectState) -> HealthSeen:
        """Return how well mail reaches somebody whose state was read already."""
        health, now_ms = self._health.read(sid).health, self._clock.now_ms()
        renewed = renewed_ms(state)
        until_ms = resting_until_ms(since(health, renewed))
        return HealthSeen(
            status=status(health, now_ms, renewed),
            resting_until_ms=until_ms if until_ms is not None and until_ms > now_ms else None,
            story=story(health, now_ms, renewed),
            health=health,
        )


def told(seen: HealthSeen) -> list[JsonValue]:
    """Return the story as data, for a page to put into words; times are in ISO 8601."""
    return [
        {
            "code": str(said.code),
            "at": _time(said.at_ms),
            "days": said.days,
            "until": _time(said.until_ms),
        }
        for said in seen.story
    ]


def _time(unix_ms: int | None) -> str | None:
    if unix_ms is None:
        return None
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="seconds")
