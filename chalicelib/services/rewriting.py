# SPDX-License-Identifier: Apache-2.0
"""Rewriting somebody's facts over a store where others write them, too.

Guarantees that every change was decided from what was stored when it was written, or is decided
anew; that it may be stopped at any moment and repeated. Refuses to touch the data of who asked for
a restriction (GDPR Art. 18(2)).
"""

from collections.abc import Callable, Iterable

from chalicelib.domain.ids import SubjectId
from chalicelib.errors import Conflict, Unavailable
from chalicelib.ports.facts import FactChange, FactStore, Held
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.sealed_facts import FactPeople, KnownPerson

TRIES = 16
"""Times somebody's facts are read anew when they moved on in between."""
FIRST_WAIT_MS = 8
LONGEST_WAIT_MS = 250
KEPT_MOVING = (
    "Too much happened at once about one person. Nothing was lost: send it again in a moment."
)
"""What is said when that many changes in a row were overtaken."""


class Rewriting:
    """Writes what is decided of a person's facts and rows, and begins anew when overtaken."""

    def __init__(
        self, people: FactPeople, facts: FactStore, clock: Clock, random: RandomBytes
    ) -> None:
        self._people = people
        self._facts = facts
        self._clock = clock
        self._random = random

    def person(
        self, sid: SubjectId, changes: Callable[[KnownPerson, Held], Iterable[FactChange]]
    ) -> int:
        """Write the changes one after the other, and return how many rows went.

        Raises:
            DependencyError: it may be half done; nothing is lost by doing it again.
            EvidenceError: a row does not open, so that nobody can tell whether it has to go.
        """
        gone = 0
        for attempt in range(TRIES):
            person = self._people.known(sid)
            held = self._facts.read(sid)
            if person is None or person.standing.restricted or held is None:
                return gone
            try:
                for change in changes(person, held):
                    self._facts.keep(change)
                    gone += len(change.forget_events) + len(change.forget_orders)
            except Conflict:
                wait(attempt, self._clock, self._random)
            else:
                return gone
        raise Unavailable(KEPT_MOVING)


def tags_of(kind: str, rows: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the tags of those rows (kind, tag) that are of ``kind``."""
    return tuple(tag for of, tag in rows if of == kind)


def wait(attempt: int, clock: Clock, random: RandomBytes) -> None:
    """Let who was first finish: half to the whole of a doubling, bounded span.

    Args:
        attempt: how many were overtaken before this one, from 0.
    """
    span = min(FIRST_WAIT_MS << attempt, LONGEST_WAIT_MS)
    clock.sleep_ms(span // 2 + span * int.from_bytes(random(2), "big") // 2 // 65_536)
