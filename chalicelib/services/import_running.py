# SPDX-License-Identifier: Apache-2.0
"""The run of an import: every row of a lane is decided anew and written.

Guarantees that every person is written exactly once, ends before everything else, whatever is
killed and however often; that nothing of a row is written after somebody was erased since the
import began; and that the sequencer is woken once a chunk. Refuses to run what nobody answered for.

Idempotency key: the lane and its place.
"""

from collections.abc import Callable, Sequence
from functools import partial

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.imports import RUN_ROUND, Import, Stage, step_lane
from chalicelib.ports.catalog import Brands
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.import_rows import ImportFiles, ImportRows
from chalicelib.ports.ledger import Loaded, Lookup
from chalicelib.ports.ledger_groups import Group, GroupStore
from chalicelib.ports.outside import Blobs
from chalicelib.ports.system import Clock
from chalicelib.proof import canonical
from chalicelib.services.group_append import Decided, GroupAppender, Lane, Row, Seen
from chalicelib.services.import_acts import ImportActs, Written
from chalicelib.services.import_checking import judging_of
from chalicelib.services.import_lanes import LaneReader, Line
from chalicelib.services.import_stages import ImportStages
from chalicelib.services.import_statements import FOLDER
from chalicelib.services.ledger import Ledger
from chalicelib.services.mail_domains import ManyMailDomains
from chalicelib.services.suppression_digests import names_of_digests
from chalicelib.services.suppressions import Suppressor


class ImportRunning:
    """Runs lanes."""

    def __init__(
        self,
        *,
        stages: ImportStages,
        rows: ImportRows,
        files: ImportFiles,
        store: GroupStore,
        index: SuppressionIndex,
        ledger: Ledger,
        suppressor: Suppressor,
        mail_domains: ManyMailDomains,
        brands: Brands,
        blobs: Blobs,
        clock: Clock,
    ) -> None:
        self._stages = stages
        self._rows = rows
        self._files = files
        self._store = store
        self._index = index
        self._ledger = ledger
        self._suppressor = suppressor
        self._mail_domains = mail_domains
        self._brands = brands
        self._blobs = blobs
        self._clock = clock

    def run(self, import_id: str, lane: str, until_ms: int) -> bool:
        """Write a lane from where it stands; False when time ran out before its end.

        A lane of an import that is not running is at its end.

        Raises:
            NotFound: there is no such import, or its lanes were not opened.
            Halted: it must not go on.
            Overtaken: another worker is at this lane; it goes on from where that one stopped.
            Conflict: somebody in the lane kept changing; the rows before theirs are written.
        """
        of = self._stages.require(import_id)
        if of.stage is not Stage.RUNNING:
            return True
        at = self._rows.lane(of.id, RUN_ROUND, lane).place
        reader = LaneReader(
            files=self._files,
            of=of,
            lane=lane,
            macs=self._ledger.macs,
            no_mail=self._mail_domains.take_none,
        )
        if at.chunk >= reader.size.chunks:
            return True
        acts, appender = self._acts(of), self._appender(of)
        step = Lane(owner=of.id, lane=step_lane(RUN_ROUND, lane))
        while at.chunk < reader.size.chunks:
            if self._clock.now_ms() >= until_ms:
                return False
            if self._stages.require(of.id).stage is not Stage.RUNNING:
                return True
            self._stages.guard(of)
            lines = reader.chunk(at.chunk).lines
            at = appender.append_chunk(step, at, [_row(acts, line) for line in lines])
        return True

    def _acts(self, of: Import) -> ImportActs:
        brand = self._brands.get(of.target.brand)
        written = Written(
            judging=judging_of(self._files, of),
            batch=of.batch,
            objection_how=self._objection_how(of),
            language=brand.default_language if brand else LANGUAGES[0],
        )
        return ImportActs(ledger=self._ledger, suppressor=self._suppressor, written=written)

    def _objection_how(self, of: Import) -> str:
        """What the statement says of the sales of all rows; "" where it rests on no sale."""
        blob = self._blobs.get(f"{FOLDER}{of.statement}.json") if of.statement else None
        said = canonical.decode(blob.data) if blob else None
        return str(said.get("objection_how", "")) if isinstance(said, dict) else ""

    def _appender(self, of: Import) -> GroupAppender:
        guarded = _GuardedStore(self._store, partial(self._stages.guard, of))
        return GroupAppender(ledger=self._ledger, store=guarded, index=self._index)


class _GuardedStore:
    """Asks whether the import may go on before every transaction."""

    def __init__(self, store: GroupStore, guard: Callable[[], None]) -> None:
        self._store = store
        self._guard = guard

    def lookup_many(self, macs: Sequence[str]) -> dict[str, Lookup]:
        """As `GroupStore` says."""
        return self._store.lookup_many(macs)

    def load_many(self, sids: Sequence[SubjectId]) -> dict[SubjectId, Loaded]:
        """As `GroupStore` says."""
        return self._store.load_many(sids)

    def commit_group(self, group: Group) -> None:
        """As `GroupStore` says, and not after an erasure."""
        self._guard()
        self._store.commit_group(group)


def _row(acts: ImportActs, line: Line) -> Row:
    def decide(seen: Seen) -> Decided:
        return acts.decided(line.row, seen, line.counter, no_mail=line.no_mail)

    return Row(mac=line.mac, decide=decide, digests=names_of_digests(line.row.address))
