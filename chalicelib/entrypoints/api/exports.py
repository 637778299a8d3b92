# SPDX-License-Identifier: Apache-2.0
"""Exports of people with their addresses over the API: asked for, watched, fetched."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.accounting import read_asked
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.audience_exports import read_wish
from chalicelib.domain.csv_rows import CSV
from chalicelib.entrypoints.api.frame import Call, operation, rfc3339
from chalicelib.entrypoints.exchange import ZIP, Answer
from chalicelib.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.services.export_jobs import Export

MAX_FILE_BYTES = 4 * 1024 * 1024
"""What fits a Lambda answer of 6 MB once it is base64."""


def _whose(body: object) -> str:
    is_audience = isinstance(body, dict) and "format" in body
    return "NewAudienceExport" if is_audience else "NewCampaignExport"


@operation(
    "POST",
    "/exports",
    KeyScope.MARKETING,
    status=202,
    takes="NewExport",
    picks=_whose,
    gives="Export",
    location="/exports/{id}",
)
def request_export(call: Call) -> Mapping[str, Any]:
    """Ask for a file of a campaign's or a brand's people; it is written down that somebody did."""
    body, exports = call.body, call.container.exports
    if "format" in body:
        wish = read_wish(body["format"], body["brand"], body.get("list"), body.get("statuses", ()))
        return _shape(exports.ask_audience(wish))
    asked = read_asked(body["outcomes"], body.get("reasons", ()))
    return _shape(exports.ask(body["campaign"], asked))


@operation("GET", "/exports/{export}", KeyScope.MARKETING, gives="Export")
def get_export(call: Call) -> Mapping[str, Any]:
    """Get one export; it fails when somebody is erased, and can be asked for again."""
    return _shape(call.container.exports.get(call.word("export")))


@operation("GET", "/exports/{export}/csv", KeyScope.MARKETING, media_type=CSV, conflicts=True)
def get_export_csv(call: Call) -> Answer:
    """Fetch the finished CSV; 409 until it is ready, 303 to an address when over 4 MiB."""
    return file_answer(call.container, call.word("export"), CSV)


@operation("GET", "/exports/{export}/zip", KeyScope.MARKETING, media_type=ZIP, conflicts=True)
def get_export_zip(call: Call) -> Answer:
    """Fetch the finished ZIP of a mailchimp export; otherwise as the CSV of the others."""
    return file_answer(call.container, call.word("export"), ZIP)


def file_answer(container: "Container", export: str, wanted: str) -> Answer:
    """Return a finished file, or where to fetch it.

    Args:
        wanted: `CSV` or `ZIP`.

    Raises:
        InputError: ``export`` is not an id.
        NotFound: there is no such export, its file is gone, or it is of the other kind.
        Conflict: it is not ready yet, or there will be none.

    """
    exports = container.exports
    media_type = exports.get(export).media_type
    if not media_type.startswith(wanted):
        other = "zip" if media_type == ZIP else "csv"
        raise NotFound(f"The file of this export is a {other.upper()}: fetch it at /{other}.")
    data = exports.file(export, MAX_FILE_BYTES)
    if data is None:
        return Answer(status=303, headers={"Location": exports.address(export)})
    ending = "zip" if media_type == ZIP else "csv"
    name = f'attachment; filename="kvitto-export-{export}.{ending}"'
    return Answer(body=data, content_type=media_type, headers={"Content-Disposition": name})


OPERATIONS = (request_export, get_export, get_export_csv, get_export_zip)


def _shape(export: "Export") -> Mapping[str, Any]:
    return {
        "id": export.id,
        "status": export.status,
        "created_at": rfc3339(export.created_ms),
        "expires_at": rfc3339(export.expires_ms),
        "problem": export.problem,
        "campaign": export.campaign,
        "outcomes": sorted(export.asked.outcomes) if export.asked else [],
        "reasons": sorted(export.asked.reasons) if export.asked else [],
        "audience": _audience(export),
        "people": export.people,
        "without_address": export.unopened,
    }


def _audience(export: "Export") -> Mapping[str, Any] | None:
    wish = export.wish
    if wish is None:
        return None
    return {
        "format": wish.format,
        "brand": wish.brand,
        "list": wish.list,
        "statuses": sorted(wish.statuses),
    }
