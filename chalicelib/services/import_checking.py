# SPDX-License-Identifier: Apache-2.0
"""The dry run of an import: what would become of every row, counted; nothing is written of anybody.

Guarantees that every row of a lane is counted exactly once, however often a worker is killed; that
the MAC of an address is asked for once, for preview and run together; and that a row is judged by
the suppressions its run will see, those by digest among them. Refuses to read on after an erasure.

Idempotency key: the lane and its place.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from chalicelib.domain.import_judging import ALIKE, GONE, LEFT_OUT, ROWS, Judging, here_of, judged
from chalicelib.domain.import_verdicts import Known
from chalicelib.domain.imports import Import, Stage, step_lane
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.import_rows import ImportFiles, ImportRows
from chalicelib.ports.ledger import Loaded, Suppressed
from chalicelib.ports.ledger_groups import MAX_READ, Group, GroupStore, Place, Step
from chalicelib.ports.system import Clock
from chalicelib.services.import_lanes import ChunkLines, LaneReader, Line
from chalicelib.services.import_stages import ImportStages
from chalicelib.services.ledger import Ledger
from chalicelib.services.mail_domains import ManyMailDomains
from chalicelib.services.suppression_digests import ManyDigests, names_of_digests

PIECE_ROWS: Final = 2 * MAX_READ
"""Rows counted in one write: it names each of their counters, and has room for so many."""


class ImportChecking:
    """Checks lanes."""

    def __init__(
        self,
        *,
        stages: ImportStages,
        rows: ImportRows,
        files: ImportFiles,
        store: GroupStore,
        index: SuppressionIndex,
        ledger: Ledger,
        mail_domains: ManyMailDomains,
        clock: Clock,
    ) -> None:
        self._stages = stages
        self._rows = rows
        self._files = files
        self._store = store
        self._ledger = ledger
        self._digests = ManyDigests(ledger=ledger, index=index, store=store)
        self._mail_domains = mail_domains
        self._clock = clock

    def check(self, import_id: str, lane: str, until_ms: int) -> bool:
        """Check a lane from where it stands; False when time ran out before its end.

        A lane of an import that is not being checked is at its end.

        Raises:
            NotFound: there is no such import.
            Halted: it must not go on.
            Overtaken: another worker is at this lane; it goes on from where that one stopped.
        """
        of = self._stages.require(import_id)
        if of.stage is not Stage.CHECKING:
            return True
        at = self._rows.lane(of.id, of.check_round, lane).place
        reader = LaneReader(
            files=self._files,
            of=of,
            lane=lane,
            macs=self._ledger.macs,
            no_mail=self._mail_domains.take_none,
        )
        judging: Judging | None = None
        while at.chunk < reader.size.chunks:
            if self._clock.now_ms() >= until_ms:
                return False
            self._stages.guard(of)
            judging = judging or judging_of(self._files, of)
            chunk = reader.chunk(at.chunk)
            here = at.chunk
            while at.chunk == here:
                at = self._check(of, lane, judging, chunk, at)
        return True

    def _check(
        self, of: Import, lane: str, judging: Judging, chunk: ChunkLines, at: Place
    ) -> Place:
        """Count a piece of a chunk; the last one counts what is left out of it as well."""
        some = chunk.lines[at.done : at.done + PIECE_ROWS]
        done = at.done + len(some)
        is_last = done >= len(chunk.lines)
        counts = Counter(chunk.left_out if is_last else {})
        counts[LEFT_OUT] = counts.total()
        counts[ROWS] = len(some) + counts[LEFT_OUT]
        for start in range(0, len(some), MAX_READ):
            lines = some[start : start + MAX_READ]
            known = self._known(judging, lines)
            for line in lines:
                found = judged(judging, line.row, known[line.mac], no_mail=line.no_mail)
                counts[line.counter or found.counter] += 1
                counts[ALIKE] += line.alike
        after = Place(at.chunk + 1, 0) if is_last else Place(at.chunk, done)
        name = step_lane(of.check_round, lane)
        step = Step(owner=of.id, lane=name, before=at, after=after, counts=+counts)
        self._store.commit_group(Group(appends=(), step=step))
        return after

    def _known(self, judging: Judging, lines: Sequence[Line]) -> Mapping[str, Known]:
        """What stands here about each address, by MAC; read in the order of a run."""
        names = {line.mac: names_of_digests(line.row.address) for line in lines}
        by_digest = self._digests.read(names)
        looked_up = self._store.lookup_many(sorted(names))
        sids = sorted({found.sid for found in looked_up.values() if found.sid is not None})
        loaded = self._store.load_many(sids) if sids else {}
        return {
            mac: _known(
                judging,
                (*found.suppressions, *by_digest[mac].rows),
                None if found.sid is None else loaded[found.sid],
            )
            for mac, found in looked_up.items()
        }


def judging_of(files: ImportFiles, of: Import) -> Judging:
    """Return on what an import is judged; preview and run are judged by the same."""
    return Judging(target=of.target, by=of.judged_by, rules=files.rules(of))


def _known(judging: Judging, rows: Sequence[Suppressed], loaded: Loaded | None) -> Known:
    """As a run sees it: of somebody who is being erased there is nothing left to go by."""
    if loaded is not None and (loaded.state is None or loaded.wrapped_key is None):
        return GONE
    reasons = tuple((each.reach, each.reason) for each in rows)
    return here_of(judging, loaded.state if loaded else None, reasons)
