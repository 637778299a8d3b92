# SPDX-License-Identifier: Apache-2.0
"""Files of suppressions over the API: brought in, watched, asked for, fetched."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.csv_rows import CSV, MEDIA_TYPE
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.reach import wanted_reach
from chalicelib.domain.suppression_files import ExportForm, FileWish
from chalicelib.entrypoints.api.frame import Call, operation, rfc3339
from chalicelib.entrypoints.exchange import Answer
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.services.suppression_exports import SuppressionExport
    from chalicelib.services.suppression_import_jobs import SuppressionImport

PLAIN: Final = "text/plain"
MAX_FILE_BYTES: Final = 4 * 1024 * 1024
"""What fits a Lambda answer of 6 MB once it is base64."""


@operation(
    "POST",
    "/suppressions/imports",
    KeyScope.COMPLIANCE,
    status=202,
    form="SuppressionUpload",
    raw=(CSV, PLAIN),
    gives="SuppressionImport",
    location="/suppressions/imports/{id}",
)
def import_suppressions(call: Call) -> Mapping[str, Any]:
    """Bring in a file of addresses or SHA-256 that must not be mailed; it is worked on later."""
    if call.raw is None:
        raise InputError(code="no_file", detail="No file was sent. Nothing was suppressed.")
    wish = read_wish(call.body)
    push = call.body.get("push") == "yes"
    return _imported(call.container.suppression_imports.ask(call.raw, wish, push=push))


@operation("GET", "/suppressions/imports/{import}", KeyScope.COMPLIANCE, gives="SuppressionImport")
def get_suppression_import(call: Call) -> Mapping[str, Any]:
    """Get how far a file is, and which of its rows suppress nobody: line and why, never what."""
    return _imported(call.container.suppression_imports.get(call.word("import")))


@operation(
    "POST",
    "/suppressions/exports",
    KeyScope.COMPLIANCE,
    status=202,
    takes="NewSuppressionExport",
    gives="SuppressionExport",
    location="/suppressions/exports/{id}",
)
def export_suppressions(call: Call) -> Mapping[str, Any]:
    """Ask for a file of every suppression; it is written down that somebody did."""
    form = ExportForm(call.body["form"])
    return _exported(call.container.suppression_exports.ask(form))


@operation("GET", "/suppressions/exports/{export}", KeyScope.COMPLIANCE, gives="SuppressionExport")
def get_suppression_export(call: Call) -> Mapping[str, Any]:
    """Get one export; it fails when somebody is erased, and can be asked for again."""
    return _exported(call.container.suppression_exports.get(call.word("export")))


@operation(
    "GET",
    "/suppressions/exports/{export}/csv",
    KeyScope.COMPLIANCE,
    media_type=CSV,
    conflicts=True,
)
def get_suppression_csv(call: Call) -> Answer:
    """Fetch the finished CSV; 409 until it is ready, 303 to an address when over 4 MiB."""
    return csv_answer(call.container, call.word("export"))


def read_wish(fields: Mapping[str, str]) -> FileWish:
    """Return what holds for rows that say nothing themselves.

    Raises:
        InputError: a list without its brand (``bad_reach``).
    """
    reach = wanted_reach(fields.get("brand") or None, fields.get("list") or None)
    reason = SuppressionReason(fields.get("reason") or SuppressionReason.MANUAL)
    return FileWish(reason=reason, reach=reach)


def csv_answer(container: "Container", export: str) -> Answer:
    """Return a finished file, or where to fetch it.

    Raises:
        InputError: ``export`` is not an id.
        NotFound: there is no such export, or its file is gone.
        Conflict: it is not ready yet, or there will be none.
    """
    exports = container.suppression_exports
    data = exports.file(export, MAX_FILE_BYTES)
    if data is None:
        return Answer(status=303, headers={"Location": exports.address(export)})
    name = f'attachment; filename="kvitto-suppressions-{export}.csv"'
    return Answer(body=data, content_type=MEDIA_TYPE, headers={"Content-Disposition": name})


OPERATIONS = (
    import_suppressions,
    get_suppression_import,
    export_suppressions,
    get_suppression_export,
    get_suppression_csv,
)


def _imported(found: "SuppressionImport") -> Mapping[str, Any]:
    return {
        "id": found.id,
        "status": found.status,
        "created_at": rfc3339(found.created_ms),
        "problem": found.problem,
        "rows": found.rows,
        "added": found.added,
        "known": found.known,
        "matched": found.matched,
        "rejected": [{"line": row.line, "why": row.why} for row in found.refused],
        "rejected_total": found.refused_total,
        "pushed": found.pushed,
        "not_pushed": found.not_pushed,
    }


def _exported(found: "SuppressionExport") -> Mapping[str, Any]:
    return {
        "id": found.id,
        "status": found.status,
        "created_at": rfc3339(found.created_ms),
        "expires_at": rfc3339(found.expires_ms),
        "problem": found.problem,
        "form": found.form,
        "rows": found.rows,
    }
