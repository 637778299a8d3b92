# SPDX-License-Identifier: Apache-2.0
"""The weekly slots that one attempt at a chunk holds for people who limited their mail.

Guarantees that a slot is held before the mail goes and is given back when it surely did not go. A
slot that cannot be given back counts for its week: one mail too few, never one too many.
"""

import logging
from collections.abc import Set as AbstractSet

from chalicelib.domain.ids import SubjectId
from chalicelib.errors import DependencyError
from chalicelib.ports.audience import FrequencyStore

log = logging.getLogger(__name__)


class Slots:
    """Takes slots, and gives back those that came to nothing."""

    def __init__(self, store: FrequencyStore) -> None:
        self._store = store
        self._held: dict[SubjectId, int] = {}

    def take(self, sid: SubjectId, at_ms: int) -> bool:
        """Hold a slot for a mail to ``sid``; False when none is free (or mail is paused by now).

        Raises:
            DependencyError: it is not known whether a slot is free; nobody may be mailed on it.
        """
        taken = self._store.take(sid, at_ms)
        if taken:
            self._held[sid] = at_ms
        return taken

    def keep(self, mailed: AbstractSet[SubjectId]) -> None:
        """Give back every slot but those of people who have, or may have, their mail."""
        for sid in [sid for sid in self._held if sid not in mailed]:
            try:
                self._store.give_back(sid, self._held.pop(sid))
            except DependencyError:
                log.warning("a slot of the week was not given back; one mail is counted too many")
