# SPDX-License-Identifier: Apache-2.0
"""Recipients' domains of which too much came back: shown, and let go on by somebody's word.

Guarantees that a domain let go on is judged by what is sent to it from then on, and that nothing
already counted counts twice.
"""

from chalicelib.domain.breakers import Level, Note
from chalicelib.errors import NotFound
from chalicelib.ports.breakers import About, BreakerRows
from chalicelib.ports.system import Clock


class StoppedDomains:
    """Shows and releases domains."""

    def __init__(self, *, rows: BreakerRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    def standing(self) -> tuple[Note, ...]:
        """Return the stops, then the warnings, each by name.

        Raises:
            DependencyError: they cannot be read now.
        """
        found = self._rows.domains(self._clock.now_ms())
        return tuple(sorted(found, key=lambda note: (note.level is Level.WARN, note.name)))

    def release(self, key: str) -> Note:
        """Let mail go to a domain again, and return why it was held.

        Those left out meanwhile are reached by a retry of their campaign.

        Raises:
            NotFound: it is not held.
            DependencyError: it is held or not; come again.
        """
        found = self._rows.note(About.DOMAIN, key, self._clock.now_ms())
        if found is None or found.level is not Level.STOP:
            raise NotFound("Mail to such a domain is not held back.")
        self._rows.release(About.DOMAIN, key)
        return found
