# SPDX-License-Identifier: Apache-2.0
"""What a worker does with one message about an import.

Guarantees that a lane goes on until it is at its end, that the last lane at its end moves the
import on, and that an import which must not go on is ended, with a sentence, and not tried again.

Idempotency key: the import; of a lane, its place.
"""

import logging

from chalicelib.domain.imports import Halted
from chalicelib.errors import NotFound, Overtaken
from chalicelib.ports.outside import Queue, Queues
from chalicelib.services.import_checking import ImportChecking
from chalicelib.services.import_reading import ImportReading
from chalicelib.services.import_running import ImportRunning
from chalicelib.services.import_stages import CHECK, DESTROY, READ, RUN, ImportStages

log = logging.getLogger(__name__)

WORKS = frozenset({READ, CHECK, RUN, DESTROY})
"""What a message can ask for."""
LOOK_AGAIN_S = 60
"""After so long a worker looks again at a lane that another one was at."""
OF_LANES = frozenset({CHECK, RUN})
"""What one can ask for of a lane."""


class ImportWork:
    """Works on imports."""

    def __init__(
        self,
        *,
        stages: ImportStages,
        reading: ImportReading,
        checking: ImportChecking,
        running: ImportRunning,
        queues: Queues,
    ) -> None:
        self._stages = stages
        self._reading = reading
        self._checking = checking
        self._running = running
        self._queues = queues

    def begin(self, import_id: str, work: str, until_ms: int) -> None:
        """Begin one of `WORKS`; an import that expired meanwhile is left.

        Raises:
            DependencyError: do it again.
        """
        try:
            if work == READ:
                self._reading.read(import_id, until_ms)
            elif work == CHECK:
                self._stages.begin_checking(import_id)
            elif work == RUN:
                self._stages.begin_running(import_id)
            else:
                self._stages.destroy(import_id)
        except NotFound:
            log.warning("an import is gone", extra={"import": import_id})

    def go_on(self, import_id: str, lane: str, work: str, until_ms: int) -> None:
        """Check or run a lane, and have the rest of it done when time runs out.

        Raises:
            Conflict, DependencyError: do it again; what is done stays done.
        """
        try:
            of = self._stages.require(import_id)
        except NotFound:
            log.warning("an import is gone", extra={"import": import_id})
            return
        try:
            if work == CHECK:
                finished = self._checking.check(import_id, lane, until_ms)
            else:
                finished = self._running.run(import_id, lane, until_ms)
        except Halted as halted:
            self._stages.fail(of, halted.failure)
        except Overtaken:
            # Should that worker die, or be this one whose last answer was lost, nobody else asks.
            log.info("another worker is at this lane", extra={"import": import_id, "lane": lane})
            self._ask(import_id, lane, work, delay_s=LOOK_AGAIN_S)
        except NotFound:
            # Checked anew meanwhile: who begins that opens its lanes, and asks for each of them.
            log.info("a lane is not begun", extra={"import": import_id, "lane": lane})
        else:
            if finished:
                self._stages.lane_ended(of.id)
            else:
                self._ask(import_id, lane, work)

    def _ask(self, import_id: str, lane: str, work: str, delay_s: int = 0) -> None:
        message = {"v": 1, "import": import_id, "lane": lane, "do": work}
        self._queues.send(Queue.IMPORTS, message, delay_s=delay_s)
