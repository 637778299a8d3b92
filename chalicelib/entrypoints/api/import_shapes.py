# SPDX-License-Identifier: Apache-2.0
"""An import as the API shows it.

Guarantees that what is shown is about the file and about numbers, never about one person.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.import_found import ReadFile, TableSeen
from chalicelib.domain.import_rows import Note
from chalicelib.domain.import_verdicts import Verdict
from chalicelib.domain.imports import ENDED, Import, Stage
from chalicelib.domain.jobs import JobStatus
from chalicelib.entrypoints.api.frame import maybe_rfc3339, rfc3339

if TYPE_CHECKING:
    from chalicelib.domain.import_statement import Document
    from chalicelib.ports.import_rows import CutOver
    from chalicelib.services.import_report import Preview

_REJECTED, _NOTE = "rejected:", "note:"


def import_shape(record: Import) -> Mapping[str, Any]:
    """Return an import as lists show it."""
    target, read_as, judged_by = record.target, record.read_as, record.judged_by
    failure, found = record.failure, record.file
    return {
        "id": record.id,
        "status": status_of_stage(record.stage),
        "stage": record.stage,
        "problem": failure and failure.sentence,
        "problem_code": failure and (failure.code or str(failure.problem)),
        "brand": target.brand,
        "list": target.list,
        "purposes": list(target.purposes),
        "mode": target.mode,
        "opt_outs": target.opt_outs,
        "basis": judged_by.basis,
        "objection_at": maybe_rfc3339(judged_by.objection_at_ms),
        "country": judged_by.country or None,
        "zone": read_as.zone,
        "dates": read_as.dates,
        "tables": [_table(each) for each in found.tables] if found else [],
        "documents": [document_shape(each) for each in judged_by.documents],
        "rows": found.counts.get("rows", 0) if found else None,
        "asks": list(asks_of(record)),
        "rejected": counted(found, _REJECTED),
        "notes": counted(found, _NOTE),
        "same_as": record.same_as,
        "created_at": rfc3339(record.created_ms),
        "stage_since": rfc3339(record.at_ms),
    }


def seen_shape(record: Import, found: "Preview", form_link: str | None) -> Mapping[str, Any]:
    """Return an import with what it comes to.

    Args:
        form_link: address of a form of its list, where who must wait can say yes themselves.
    """
    return {
        **import_shape(record),
        "progress": {"rows": found.rows, "of": found.of},
        "preview": _preview(found) if record.file else None,
        "form_link": form_link,
    }


def cut_over_shape(moving: "CutOver") -> Mapping[str, Any]:
    """Return how the moving from an earlier tool stands."""
    return {
        "brand": moving.brand,
        "list": moving.list,
        "last_import": moving.last,
        "last_at": rfc3339(moving.last_ms),
        "ended_at": maybe_rfc3339(moving.ended_ms),
    }


def status_of_stage(stage: Stage) -> JobStatus:
    """Return a stage as a job's status: pending until it ended."""
    if stage not in ENDED:
        return JobStatus.PENDING
    return JobStatus.READY if stage is Stage.DONE else JobStatus.FAILED


def asks_of(record: Import) -> tuple[str, ...]:
    """Return what of an import's mapping would let more of the file be read."""
    unread = counted(record.file, _NOTE).get(Note.TIME, 0)
    return ("dates",) if unread and record.read_as.dates is None else ()


def counted(found: ReadFile | None, kind: str) -> Mapping[str, int]:
    """Return what reading counted under names that begin with ``kind``, without it."""
    counts = found.counts if found else {}
    return {name.removeprefix(kind): n for name, n in counts.items() if name.startswith(kind)}


def document_shape(document: "Document") -> Mapping[str, Any]:
    """Return a document of a statement."""
    return {"kind": document.kind, "sha256": document.sha256, "bytes": document.size}


def _preview(found: "Preview") -> Mapping[str, Any]:
    return {
        "written": found.is_written,
        "countries": [
            {
                "country": each.country,
                **{str(verdict): each.of(verdict) for verdict in Verdict},
                "why": {str(why): people for why, people in each.why.items()},
            }
            for each in found.countries
        ],
        "duplicates": found.duplicates,
        "passed_over": found.passed_over,
        "alike": found.alike,
    }


def _table(table: TableSeen) -> Mapping[str, Any]:
    columns = zip(table.headers, table.fields, strict=True)
    return {
        "format": table.format,
        "columns": [{"header": header, "as": field} for header, field in columns],
        "encoding": table.encoding,
        "count": table.count,
    }
