# SPDX-License-Identifier: Apache-2.0
"""The two reads before a call in memory, over the rows of the ledger and of the catalogue."""

import json
from collections.abc import Mapping, Sequence

from chalicelib.domain.frequency import NO_LIMIT, load_rhythm
from chalicelib.domain.ids import CampaignId, SubjectId
from chalicelib.domain.state import load_state
from chalicelib.errors import FatalError
from chalicelib.ports.send_reads import MAX_PEOPLE, LastLook, SealedReader
from tests.support.faults import Faults, no_faults, struck
from tests.support.memory_breakers import BreakerState
from tests.support.memory_catalog import CatalogRows, MemoryCampaigns
from tests.support.memory_ledger import MemoryRows


class MemorySendReads:
    """`ports.send_reads.SendReads` in memory."""

    def __init__(
        self,
        rows: MemoryRows,
        catalog: CatalogRows,
        faults: Faults = no_faults,
        held: BreakerState | None = None,
    ) -> None:
        self.rows = rows
        self.held = held if held is not None else BreakerState()
        self.faults = faults
        self._campaigns = MemoryCampaigns(catalog)

    def readers(
        self, sids: Sequence[SubjectId], *, strong: bool = False
    ) -> Mapping[SubjectId, SealedReader]:
        _check(sids)
        with struck(self.faults, "SendReads.readers"), self.rows.lock:
            return {
                sid: self._reader(sid)
                for sid in sids
                if sid in self.rows.audience and sid in self.rows.vault
            }

    def _reader(self, sid: SubjectId) -> SealedReader:
        row = self.rows.audience[sid]
        rhythm = row.rhythm
        return SealedReader(
            sealed=row.sealed,
            wrapped_key=self.rows.vault[sid],
            frequency=load_rhythm(json.loads(rhythm)).frequency if rhythm else NO_LIMIT,
            rest=row.rest,
        )

    def last_look(self, campaign: CampaignId, sids: Sequence[SubjectId]) -> LastLook:
        _check(sids)
        with struck(self.faults, "SendReads.last_look"), self.rows.lock:
            return LastLook(
                campaign=self._campaigns.get(campaign),
                stops=self.held.stops,
                states={
                    sid: load_state(self.rows.states[sid].text)
                    for sid in sids
                    if sid in self.rows.states
                },
            )


def _check(sids: Sequence[SubjectId]) -> None:
    if len(set(sids)) > MAX_PEOPLE:
        raise FatalError("at most 50 people are read at once")
