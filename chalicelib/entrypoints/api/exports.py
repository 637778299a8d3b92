# SPDX-License-Identifier: Apache-2.0
"""Exports of a campaign's people with their addresses over the API: asked for, watched, fetched."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.accounting import read_asked
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.csv_rows import CSV, MEDIA_TYPE
from chalicelib.entrypoints.api.frame import Call, operation, rfc3339
from chalicelib.entrypoints.exchange import Answer

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.services.exports import Export

MAX_FILE_BYTES = 4 * 1024 * 1024
"""What fits a Lambda answer of 6 MB once it is base64."""


@operation(
    "POST",
    "/exports",
    KeyScope.MARKETING,
    status=202,
    takes="NewExport",
    gives="Export",
    location="/exports/{id}",
)
def request_export(call: Call) -> Mapping[str, Any]:
    """Ask for a CSV file of a campaign's people; it is written down that somebody asked."""
    body = call.body
    asked = read_asked(body["outcomes"], body.get("reasons", ()))
    return _shape(call.container.exports.ask(body["campaign"], asked))


@operation("GET", "/exports/{export}", KeyScope.MARKETING, gives="Export")
def get_export(call: Call) -> Mapping[str, Any]:
    """Get one export; it fails when somebody is erased, and can be asked for again."""
    return _shape(call.container.exports.get(call.word("export")))


@operation("GET", "/exports/{export}/csv", KeyScope.MARKETING, media_type=CSV, conflicts=True)
def get_export_csv(call: Call) -> Answer:
    """Fetch the finished file; 409 until it is ready, 303 to an address when over 4 MiB."""
    return csv_answer(call.container, call.word("export"))


def csv_answer(container: "Container", export: str) -> Answer:
    """Return a finished file, or where to fetch it.

    Raises:
        InputError: ``export`` is not an id.
        NotFound: there is no such export, or its file is gone.
        Conflict: it is not ready yet, or there will be none.

    """
    exports = container.exports
    data = exports.file(export, MAX_FILE_BYTES)
    if data is None:
        return Answer(status=303, headers={"Location": exports.address(export)})
    name = f'attachment; filename="kvitto-export-{export}.csv"'
    return Answer(body=data, content_type=MEDIA_TYPE, headers={"Content-Disposition": name})


OPERATIONS = (request_export, get_export, get_export_csv)


def _shape(export: "Export") -> Mapping[str, Any]:
    return {
        "id": export.id,
        "status": export.status,
        "created_at": rfc3339(export.created_ms),
        "expires_at": rfc3339(export.expires_ms),
        "problem": export.problem,
        "campaign": export.campaign,
        "outcomes": sorted(export.asked.outcomes),
        "reasons": sorted(export.asked.reasons),
        "people": export.people,
        "without_address": export.unopened,
    }
