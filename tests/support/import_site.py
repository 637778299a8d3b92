# SPDX-License-Identifier: Apache-2.0
"""Imports over the fakes from where their file was read: rows in lanes, check, run, and report."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chalicelib.adapters.import_files import SealedImportFiles
from chalicelib.domain import consent
from chalicelib.domain.addresses import parse_address
from chalicelib.domain.country_rules import SHIPPED, Rules
from chalicelib.domain.ids import BrandId, EventId, ListId, PurposeId, SubjectId, encode_id
from chalicelib.domain.import_found import LaneSize, ReadFile
from chalicelib.domain.import_lines import activity_line, row_line
from chalicelib.domain.import_rows import Activity, FileStatus, ImportRow, RowSale
from chalicelib.domain.imports import (
    Happening,
    Import,
    ImportId,
    JudgedBy,
    Mode,
    OptOuts,
    Stage,
    Target,
)
from chalicelib.domain.state import SubjectState
from chalicelib.ports.import_rows import Kind
from chalicelib.proof.disclosure import Claims
from chalicelib.services.entries import event_of_leaf, open_claims, open_profile
from chalicelib.services.import_checking import ImportChecking
from chalicelib.services.import_report import KEPT, ImportReport, Preview
from chalicelib.services.import_running import ImportRunning
from chalicelib.services.import_sorting import lane_of
from chalicelib.services.import_stages import ImportStages
from chalicelib.services.mail_domains import ManyMailDomains
from tests.support.clock import START_MS
from tests.support.memory_catalog import MemoryBrands
from tests.support.memory_dns import MemoryDns
from tests.support.memory_exports import MemoryExportFence
from tests.support.memory_imports import ImportStored, MemoryImportRows
from tests.support.memory_keys import MemoryKeyWrapper
from tests.support.memory_ledger import MemoryGroupStore
from tests.support.memory_outside import MemoryBlobs, MemoryQueues
from tests.support.people import NEWS, People

DEMO, LIST = BrandId("demo"), ListId("newsletter")
BATCH = EventId("BBBBBBBBBBBBBBBBBBBBBA")
PLENTY_MS = 10**15
YEAR_MS = 365 * 86_400_000
OPTED_IN = START_MS - YEAR_MS
"""When people opted in at the earlier tool, if nothing else is said."""
SALE = RowSale(
    reference="A-1",
    product="bread",
    at_ms=OPTED_IN,
    objection_how="",
    objection_at_ms=None,
)
"""A row's sale that says nothing of the objection."""


def row(address: str, status: FileStatus = FileStatus.SUBSCRIBED, **said: object) -> ImportRow:
    """Return a row as strong as B, unless more is said."""
    values: dict[str, object] = {
        "line": 2,
        "optin_ms": OPTED_IN,
        "optin_ip": "192.0.2.1",
        "confirm_ms": OPTED_IN + 60_000,
        "confirm_ip": "192.0.2.2",
        "country": "SE",
        "zone": "utc",
    }
    return ImportRow(address=parse_address(address), status=status, **(values | said))  # type: ignore[arg-type]


def ended(address: str, status: FileStatus = FileStatus.OPTED_OUT, **said: object) -> ImportRow:
    """Return a row of somebody who left the earlier tool, at a time nobody knows."""
    return row(address, status, **said)


@dataclass(slots=True, kw_only=True)
class ImportSite:
    """Stores of imports beside those of people; ``faults`` of these reaches all of them."""

    people: People = field(default_factory=People)
    stored: ImportStored = field(init=False)
    dns: MemoryDns = field(default_factory=MemoryDns)
    made: int = 0

    def __post_init__(self) -> None:
        self.stored = ImportStored(ledger=self.people.rows)

    def _strike(self, call: str, moment: object) -> None:
        self.people.faults(call, moment)  # type: ignore[arg-type]

    @property
    def rows(self) -> MemoryImportRows:
        return MemoryImportRows(self.stored, self._strike)

    @property
    def blobs(self) -> MemoryBlobs:
        return MemoryBlobs(self.people.outside, self._strike)

    @property
    def files(self) -> SealedImportFiles:
        wrapper = MemoryKeyWrapper(faults=self._strike)
        return SealedImportFiles(blobs=self.blobs, wrapper=wrapper, random=self.people.random)

    @property
    def fence(self) -> MemoryExportFence:
        return MemoryExportFence(self.people.outside, self._strike)

    @property
    def store(self) -> MemoryGroupStore:
        return MemoryGroupStore(self.people.rows, self._strike)

    @property
    def stages(self) -> ImportStages:
        return ImportStages(
            rows=self.rows,
            files=self.files,
            fence=self.fence,
            queues=MemoryQueues(self.people.outside, self._strike),
            ledger=self.people.ledger,
            clock=self.people.clock,
        )

    @property
    def checking(self) -> ImportChecking:
        """What a fresh process makes of the stored rows; so are the next two."""
        return ImportChecking(
            stages=self.stages,
            rows=self.rows,
            files=self.files,
            store=self.store,
            index=self.people.index,
            ledger=self.people.ledger,
            mail_domains=ManyMailDomains(dns=self.dns, clock=self.people.clock),
            clock=self.people.clock,
        )

    @property
    def running(self) -> ImportRunning:
        return ImportRunning(
            stages=self.stages,
            rows=self.rows,
            files=self.files,
            store=self.store,
            index=self.people.index,
            ledger=self.people.ledger,
            suppressor=self.people.suppressor,
            mail_domains=ManyMailDomains(dns=self.dns, clock=self.people.clock),
            brands=MemoryBrands(self.people.catalog, self._strike),
            blobs=self.blobs,
            clock=self.people.clock,
        )

    @property
    def report(self) -> ImportReport:
        return ImportReport(stages=self.stages, rows=self.rows, files=self.files)

    def laid(
        self,
        rows: Sequence[ImportRow],
        *,
        purposes: Sequence[PurposeId] = (NEWS,),
        mode: Mode = Mode.IMPORT,
        opt_outs: OptOuts = OptOuts.BRAND,
        judged_by: JudgedBy | None = None,
        rules: Rules = SHIPPED,
        activities: Sequence[Activity] = (),
        lane: str = "",
        chunk_rows: int = 500,
    ) -> Import:
        """Return an import whose file was read and is to be checked.

        Args:
            lane: of everybody; "": each in their own.
        """
        self.made += 1
        import_id = ImportId(encode_id(self.people.random(16)))
        now_ms = self.people.clock.now_ms()
        by = judged_by or JudgedBy()
        record = Import(
            id=import_id,
            target=Target(
                brand=DEMO, list=LIST, purposes=tuple(purposes), mode=mode, opt_outs=opt_outs
            ),
            created_ms=now_ms,
            created_by="key",
            judged_by=replace(by, at_ms=by.at_ms or now_ms),
            stage=Stage.CHECKING,
            fence=self.fence.place_of_imports(),
            key=self.files.new_key(import_id),
            attempt=1,
            checks=1,
            batch=BATCH,
        )
        lanes = self._lay(record, rows, activities, lane, chunk_rows)
        self.files.put_rules(record, rules)
        found = ReadFile(mac="mac", lanes=lanes, counts={"rows": len(rows), KEPT: len(rows)})
        record = replace(record, file=found)
        self.rows.create(record)
        self.rows.open_lanes(record.id, record.check_round)
        return record

    def _lay(
        self,
        of: Import,
        rows: Sequence[ImportRow],
        activities: Sequence[Activity],
        lane: str,
        chunk_rows: int,
    ) -> dict[str, LaneSize]:
        lines: dict[str, dict[Kind, list[bytes]]] = {}
        for each in rows:
            own = lane or lane_of(of.id, each.address.normal)
            kind = Kind.ENDS if each.is_end else Kind.GOES
            lines.setdefault(own, {}).setdefault(kind, []).append(row_line(each))
        for activity in activities:
            own = lane or lane_of(of.id, activity.address.normal)
            told = lines.setdefault(own, {}).setdefault(Kind.HISTORY, [])
            told.append(activity_line(activity))
        sizes = {}
        for name, kinds in lines.items():
            chunks = {kind: _cut(found, chunk_rows) for kind, found in kinds.items()}
            for kind, cut in chunks.items():
                for number, some in enumerate(cut):
                    self.files.put_rows(of, name, kind, number, some)
            sizes[name] = LaneSize(
                ends=len(chunks.get(Kind.ENDS, ())),
                goes=len(chunks.get(Kind.GOES, ())),
                history=len(chunks.get(Kind.HISTORY, ())),
            )
        return sizes

    def check(self, of: Import) -> Preview:
        """Work through every lane of the check and return the preview."""
        for lane in self.get(of).file.lanes:  # type: ignore[union-attr]
            assert self.checking.check(of.id, lane, PLENTY_MS)
            self.stages.lane_ended(of.id)
        return self.report.preview(of.id)

    def answer_for(self, of: Import) -> None:
        """Begin the run, as if somebody had."""
        moved = self.get(of).moved(Happening.RUN, self.people.clock.now_ms())
        self.rows.replace(moved)
        self.rows.open_lanes(of.id, "r")

    def run(self, of: Import) -> Preview:
        """Work through every lane of the run and return what was written."""
        for lane in self.get(of).file.lanes:  # type: ignore[union-attr]
            assert self.running.run(of.id, lane, PLENTY_MS)
            self.stages.lane_ended(of.id)
        return self.report.preview(of.id)

    def take(self, *rows: ImportRow, **how: object) -> Preview:
        """Import rows from lanes to the end; return what was written."""
        of = self.laid(rows, **how)  # type: ignore[arg-type]
        self.check(of)
        if not self.get(of).file.lanes:  # type: ignore[union-attr]
            return self.report.preview(of.id)
        self.answer_for(of)
        return self.run(of)

    def get(self, of: Import) -> Import:
        found = self.rows.get(of.id)
        assert found is not None
        return found

    def sid(self, address: str) -> SubjectId | None:
        return self.people.rows.lookups.get(self.people.mac(address))

    def state(self, address: str) -> SubjectState | None:
        """Return the state of whoever has an address; None where nobody has."""
        sid = self.sid(address)
        return None if sid is None else self.people.state(sid)

    def types(self, address: str) -> list[str]:
        sid = self.sid(address)
        found = self.people.ledger.history(sid) if sid else ()
        return [str(event_of_leaf(entry.leaf).type) for entry in found]

    def claims(self, address: str, n: int = -1) -> Claims:
        """Return what is sealed with somebody's entry, by default the last one."""
        sid = self.sid(address)
        assert sid is not None
        chain = self.people.ledger.open(sid)
        return open_claims(chain.keys, self.people.ledger.history(sid)[n])

    def profile(self, address: str) -> dict[str, object]:
        sid = self.sid(address)
        assert sid is not None
        chain = self.people.ledger.open(sid)
        return dict(open_profile(chain.keys, self.people.rows.audience[sid].sealed))

    def require_whole(self) -> None:
        """Everybody's state is a fold of their entries, and each entry waits to be sequenced."""
        rows = self.people.rows
        for sid, stored in rows.states.items():
            chain = self.people.ledger.open(sid)
            entries = [rows.entries[sid, n] for n in range(chain.state.entries)]
            assert consent.fold([event_of_leaf(x.leaf) for x in entries]) == chain.state
            assert [rows.lookups[mac] for mac in stored.macs] == [sid]
            waiting = [x.n for x in rows.outbox.values() if x.sid == sid]
            assert sorted(waiting) == [x.n for x in entries]  # type: ignore[type-var]


def _cut(lines: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    return [lines[at : at + size] for at in range(0, len(lines), size)]
