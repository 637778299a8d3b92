# SPDX-License-Identifier: Apache-2.0
"""An import moving from one stage to the next, by whoever finds that it may.

Guarantees that a stage is left once, by whoever stored so first; that what ended has no key before
its files are destroyed; and that asking again, after whatever crash, finishes what was begun.
Refuses to go on after an erasure: a file may hold whoever was erased.

Idempotency key: the import and its stage.
"""

import logging
from dataclasses import replace
from hashlib import sha256
from typing import Final

from chalicelib.domain.country_rules import Rules, rules_document
from chalicelib.domain.ids import decode_id
from chalicelib.domain.import_found import ReadFile
from chalicelib.domain.imports import (
    CHANNEL,
    KEEP_MS,
    RUN_ROUND,
    Failure,
    Halted,
    Happening,
    Import,
    ImportId,
    Mode,
    Problem,
    Stage,
)
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.exports import ExportFence
from chalicelib.ports.import_rows import CutOver, ImportFiles, ImportRows
from chalicelib.ports.ledger_groups import BEGINNING
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.system import Clock
from chalicelib.proof import canonical
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Draft, Ledger
from chalicelib.vocabulary import EventType

log = logging.getLogger(__name__)

READ: Final = "read"
CHECK: Final = "check"
RUN: Final = "run"
DESTROY: Final = "destroy"
NONE: Final = "There is no such import."


def rules_digest(rules: Rules) -> str:
    """Return SHA-256 (hex) of a country table: what a change of it commits to."""
    return sha256(canonical.encode(rules_document(rules))).hexdigest()


class ImportStages:
    """Moves imports on."""

    def __init__(
        self,
        *,
        rows: ImportRows,
        files: ImportFiles,
        fence: ExportFence,
        queues: Queues,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._rows = rows
        self._files = files
        self._fence = fence
        self._queues = queues
        self._ledger = ledger
        self._clock = clock

    def require(self, import_id: str) -> Import:
        """Return an import.

        Raises:
            InputError: it is not an id.
            NotFound: there is none.
        """
        decode_id(import_id)
        record = self._rows.get(import_id)
        if record is None:
            raise NotFound(NONE)
        return record

    def guard(self, record: Import) -> None:
        """Return when the import may go on: ask before whatever is read or written of its people.

        Raises:
            Halted: somebody was erased since it began, or it began too long ago.
        """
        if self._fence.place_of_imports() != record.fence:
            raise Halted(Problem.ERASURE)
        if self._clock.now_ms() - record.created_ms > KEEP_MS:
            raise Halted(Problem.TOO_OLD)

    def settled(self, record: Import) -> Import:
        """Return the import as it is, failed where it may not go on."""
        if record.has_ended:
            return record
        try:
            self.guard(record)
        except Halted as halted:
            return self.fail(record, halted.failure)
        return record

    def fail(self, of: Import, failure: Failure, found: ReadFile | None = None) -> Import:
        """End an import that cannot be finished; return it as it is then.

        One that ended, or is being read or checked anew meanwhile, stays as it is: what a late
        worker lacks is no loss. A part that an erasure destroyed is told as the erasure.

        Args:
            of: the import as the worker knows it.
            found: what was read of its file before it was refused.

        Raises:
            Conflict: it kept moving.
        """
        for _ in range(ATTEMPTS):
            record = self.require(of.id)
            if record.has_ended or _work(record) != _work(of):
                return record
            moved = self._fence.place_of_imports() != record.fence
            why = Failure(problem=Problem.ERASURE) if moved else failure
            ended = record.moved(Happening.FAIL, self._clock.now_ms())
            failed = replace(ended, failure=why, file=found or record.file)
            try:
                stored = self.end(failed)
            except Conflict:
                continue
            log.info("an import failed", extra={"import": record.id, "problem": why.problem})
            return stored
        raise Conflict(KEPT_MOVING)

    def end(self, ended: Import) -> Import:
        """Store an import as ended, and have its files destroyed: none opens without its key.

        Where nobody is told, because a process died in between, the bucket destroys them.

        Raises:
            Conflict: it moved on meanwhile.
        """
        stored = self._rows.replace(ended)
        self.ask(stored, DESTROY)
        return stored

    def destroy(self, import_id: str) -> None:
        """Destroy the files of an import that ended."""
        record = self.require(import_id)
        if record.has_ended:
            self._files.destroy(record.id)

    def ask(self, record: Import, work: str) -> None:
        """Have a worker begin `READ`, `CHECK`, `RUN` or `DESTROY`; repeating is harmless."""
        self._queues.send(Queue.IMPORTS, {"v": 1, "import": record.id, "do": work})

    def anew(self, record: Import) -> Import:
        """Store an import that was moved back, and have it read or checked anew.

        Raises:
            Conflict: it moved on meanwhile.
        """
        if record.stage is Stage.CHECKING:
            record = self.to_be_checked(record)
        stored = self._rows.replace(record)
        if stored.stage is Stage.CHECKING:
            self.ask(stored, CHECK)
        elif stored.stage is Stage.READING:
            self.ask(stored, READ)
        return stored

    def to_be_checked(self, record: Import) -> Import:
        """Return an import with the country table and the moment that it is judged by from now on.

        The table is kept with its files; nothing of the import is stored yet.
        """
        rules = self._rows.country_rules(record.target.brand).rules
        now_ms = self._clock.now_ms()
        judged_by = replace(record.judged_by, rules=rules_digest(rules), at_ms=now_ms)
        ready = replace(record, judged_by=judged_by, checks=record.checks + 1)
        self._files.put_rules(ready, rules)
        return ready

    def begin_checking(self, import_id: str) -> None:
        """Have every lane checked; again, where that was begun already."""
        record = self.require(import_id)
        if record.stage is Stage.CHECKING:
            self._rows.open_lanes(record.id, record.check_round)
            self._send_lanes(record, CHECK)

    def begin_running(self, import_id: str) -> None:
        """Have every lane written, once the ledger says what all of it rests on."""
        record = self.require(import_id)
        if record.stage is not Stage.RUNNING:
            return
        try:
            self.guard(record)
        except Halted as halted:
            self.fail(record, halted.failure)
            return
        if record.batch is not None:
            self._commit_to_statement(record)
        self._files.destroy_parts(record)
        self._rows.open_lanes(record.id, RUN_ROUND)
        self._send_lanes(record, RUN)

    def lane_ended(self, import_id: ImportId) -> None:
        """Move the import on when its last lane is at its end; otherwise nothing happens."""
        record = self.require(import_id)
        if record.stage not in (Stage.CHECKING, Stage.RUNNING) or not self._is_worked(record):
            return
        try:
            if record.stage is Stage.CHECKING:
                self._rows.replace(record.moved(Happening.CHECKED, self._clock.now_ms()))
            else:
                self._finish(record)
        except Conflict:
            log.info("an import moved on meanwhile", extra={"import": record.id})

    def _finish(self, record: Import) -> None:
        now_ms, target = self._clock.now_ms(), record.target
        if target.mode is Mode.CUT_OVER:
            moving = CutOver(brand=target.brand, list=target.list, last_ms=now_ms, last=record.id)
            self._rows.put_cut_over(moving)
        self.end(record.moved(Happening.RAN, now_ms))
        log.info("an import is done", extra={"import": record.id})

    def _is_worked(self, record: Import) -> bool:
        round_name = record.check_round if record.stage is Stage.CHECKING else RUN_ROUND
        lanes = self._rows.lanes(record.id, round_name)
        places = {lane: row.place for lane, row in lanes.items()}
        return all(
            places.get(lane, BEGINNING).chunk >= size.chunks for lane, size in record.sizes.items()
        )

    def _send_lanes(self, record: Import, work: str) -> None:
        lanes = [lane for lane, size in record.sizes.items() if size.chunks]
        bodies = [{"v": 1, "import": record.id, "lane": lane, "do": work} for lane in lanes]
        if bodies:
            self._queues.send_all(Queue.IMPORTS, bodies)
        else:
            self.lane_ended(record.id)

    def _commit_to_statement(self, record: Import) -> None:
        target = record.target
        draft = Draft(
            type=EventType.IMPORT_BATCH,
            brand=target.brand,
            channel=CHANNEL,
            lists=(target.list,),
            purposes=target.purposes,
            content_sha256=record.statement,
            event=record.batch,
        )
        try:
            self._ledger.publish(draft)
        except Conflict:
            log.info("the statement was committed to before", extra={"import": record.id})


def _work(of: Import) -> tuple[Stage, int, int]:
    """What tells one piece of work on an import from every other."""
    return of.stage, of.attempt, of.checks
