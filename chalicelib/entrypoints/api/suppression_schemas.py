# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of suppressions over the API."""

from typing import Final

from chalicelib.domain.events import EMAIL
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.suppression_files import ExportForm
from chalicelib.domain.suppressions import OPERATOR_REASONS
from chalicelib.entrypoints.api.import_schemas import FORM_FILE
from chalicelib.entrypoints.api.shapes import (
    ADDRESS,
    BOOLEAN,
    COUNT,
    ID,
    MAYBE,
    MAYBE_TIME,
    SLUG,
    TIME,
    Schema,
    closed,
    line,
    page_of,
    ref,
    shown,
)

_EVERY: Final = ["string", "null"]
_FORM: Final[Schema] = {"type": "string", "enum": list(ExportForm)}

SUPPRESSION_SCHEMAS: Final[dict[str, Schema]] = {
    "NewSuppression": closed(
        {
            "email": ADDRESS,
            "reason": {**line(200), "examples": sorted(OPERATOR_REASONS)},
            "brand": {**SLUG, "description": "Without it: every brand."},
            "list": {**SLUG, "description": "Needs its brand; without it: every list."},
            "channel": {"enum": [EMAIL], "default": EMAIL},
        },
        *("brand", "list", "channel"),
    ),
    "Suppression": shown(
        {
            "address_mac": {
                "type": "string",
                "description": "Keyed MAC of the address; the address itself is not kept.",
            },
            "brand": {"type": _EVERY, "description": "Null: every brand."},
            "list": {"type": _EVERY, "description": "Null: every list."},
            "channel": {"type": "string"},
            "reason": {"type": "string"},
            "since": TIME,
            "entry": {"type": "string", "description": "Id of its ledger entry."},
        }
    ),
    "SuppressionPage": page_of("Suppression"),
    "SuppressionUpload": closed(
        {
            "file": FORM_FILE,
            "reason": {"type": "string", "enum": sorted(OPERATOR_REASONS)},
            "brand": SLUG,
            "list": {**SLUG, "description": "Needs its brand."},
            "push": {
                "type": "string",
                "enum": ["no", "yes"],
                "description": "`yes`: bounces and complaints of every brand go on the list of"
                " Amazon SES, too.",
            },
        },
        *("reason", "brand", "list", "push"),
    ),
    "SuppressionImport": shown(
        {
            "id": ID,
            "status": {"type": "string", "enum": list(JobStatus)},
            "created_at": TIME,
            "problem": MAYBE,
            "rows": COUNT,
            "added": COUNT,
            "known": COUNT,
            "matched": {**COUNT, "description": "People of ours whom a digest stands for."},
            "rejected": {
                "type": "array",
                "description": "The first 1,000.",
                "items": shown({"line": COUNT, "why": {"type": "string"}}),
            },
            "rejected_total": COUNT,
            "pushed": COUNT,
            "not_pushed": COUNT,
        }
    ),
    "NewSuppressionExport": closed({"form": _FORM}),
    "SuppressionExport": shown(
        {
            "id": ID,
            "status": {"type": "string", "enum": list(JobStatus)},
            "created_at": TIME,
            "expires_at": TIME,
            "problem": MAYBE,
            "form": _FORM,
            "rows": {"type": ["integer", "null"], "description": "Null until it is ready."},
        }
    ),
    "AddedSuppression": {
        "allOf": [
            ref("Suppression"),
            shown(
                {
                    "email": {"type": "string"},
                    "pushed": {
                        **BOOLEAN,
                        "description": "It is on SES's own list, too: a bounce or complaint of "
                        "every brand.",
                    },
                }
            ),
        ],
    },
    "SuppressionSyncQueued": shown({"status": {"type": "string", "enum": ["queued"]}}),
    "SuppressionSync": shown(
        {
            "synced_until": {
                **MAYBE_TIME,
                "description": "Everything SES dates before this was compared; null: nothing yet. "
                "A day behind at the least: what is newer is told by events.",
            },
            "ran_at": MAYBE_TIME,
            "seen": COUNT,
            "added": {**COUNT, "description": "Suppressions made here."},
            "removed": {**COUNT, "description": "Taken off SES's list: they confirmed since."},
        }
    ),
}
