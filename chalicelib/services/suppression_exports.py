# SPDX-License-Identifier: Apache-2.0
"""Exports of every suppression: with the addresses of those we know, or with SHA-256 alone.

Guarantees, beyond what `export_files` does of every export, that the ledger says so
(``list.exported``) before anybody is opened. Of an address that is nobody's only its keyed MAC is
known: this installation reads it back, and nobody else can use it.

Idempotency key of a part: the job, and where in the list of MACs it begins.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from chalicelib.domain.ids import JobId
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.domain.suppression_files import ExportForm
from chalicelib.errors import Conflict
from chalicelib.ports.outside import Queue
from chalicelib.services.export_files import KEEP_MS, ExportFiles, ExportPorts, Written
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.services.suppression_export_parts import ROWS, SuppressionWriter
from chalicelib.vocabulary import EventType

KIND: Final = "suppression-exports"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionExport:
    """An export as it is shown. ``rows`` is None until it is ready."""

    id: JobId
    status: JobStatus
    form: ExportForm
    created_ms: int
    rows: int | None = None
    problem: str | None = None

    @property
    def expires_ms(self) -> int:
        """When its file is given out no more, Unix milliseconds."""
        return self.created_ms + KEEP_MS


class SuppressionExports(ExportFiles):
    """Exports of suppressions."""

    kind = KIND
    queue = Queue.SUPPRESSIONS

    def __init__(self, *, writer: SuppressionWriter, ledger: Ledger, ports: ExportPorts) -> None:
        super().__init__(ports)
        self._writer = writer
        self._ledger = ledger

    def ask(self, form: ExportForm) -> SuppressionExport:
        """Ask for an export; the ledger says so first.

        Raises:
            DependencyError: the entry could not be written; nothing was asked for.
        """
        # Its id is random: only a repeat of this very write can find it there already.
        with suppress(Conflict):
            self._ledger.publish(Draft(type=EventType.LIST_EXPORTED, reason="migration"))
        return _shown(self._begun({"form": form}))

    def get(self, export_id: str) -> SuppressionExport:
        """Return an export as it is now.

        Raises:
            InputError: ``export_id`` is not an id.
            NotFound: there is no such export.
        """
        job = self._job(export_id)
        return _shown(job, self._problem(job))

    def _written(self, job: Job, after: str | None) -> Written:
        return self._writer.part(_form_of(job), after)


def _form_of(job: Job) -> ExportForm:
    return ExportForm(job.request["form"])


def _shown(job: Job, problem: str | None = None) -> SuppressionExport:
    """An export as it is shown; with a ``problem`` it has failed."""
    status = job.status if problem is None else JobStatus.FAILED
    return SuppressionExport(
        id=job.id,
        status=status,
        form=_form_of(job),
        created_ms=job.created_ms,
        rows=int(job.progress[ROWS]) if status is JobStatus.READY else None,
        problem=problem,
    )
