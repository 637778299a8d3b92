# SPDX-License-Identifier: Apache-2.0
"""The shapes of people accounted for, and of exports, in the API.

Guarantees that request schemas are closed and that answer schemas are open, as all of `schemas`.

Source: JSON Schema 2020-12, as OpenAPI 3.1 uses it.
"""

from typing import Final

from chalicelib.domain.accounting import REASONS, Account
from chalicelib.domain.export_rows import ExportFormat, ExportStatus
from chalicelib.domain.jobs import JobStatus
from chalicelib.entrypoints.api.shapes import (
    COUNT,
    ID,
    MAYBE,
    SLUG,
    TIME,
    Schema,
    closed,
    listed,
    page_of,
    ref,
    shown,
)

OUTCOME: Final[Schema] = {
    "type": "string",
    "enum": list(Account),
    "description": "As in the campaign's answer. `planned`: nothing came of it yet. `earlier`: "
    "settled by the first version of sending, which counted people and did not keep who was which.",
}
REASON: Final[Schema] = {"type": "string", "enum": list(REASONS)}
FORMAT: Final[Schema] = {
    "type": "string",
    "enum": list(ExportFormat),
    "description": "Whose import reads it; `mailchimp` is a ZIP.",
}
STATUS: Final[Schema] = {
    "type": "string",
    "enum": list(ExportStatus),
    "description": "`waiting`: they asked and have yet to confirm, or a file claims a consent that "
    "is held back.",
}
_MAYBE_COUNT: Final[Schema] = {**COUNT, "type": ["integer", "null"]}

ACCOUNT_SCHEMAS: Final[dict[str, Schema]] = {
    "Recipient": shown(
        {
            "subscriber": ID,
            "outcome": OUTCOME,
            "reason": {
                "type": ["string", "null"],
                "enum": [*REASONS, None],
                "description": "Why somebody skipped was, as under `skipped` of the campaign.",
            },
            "message_id": {**MAYBE, "description": "SES's id, where its answer came."},
        }
    ),
    "RecipientPage": page_of("Recipient"),
    "NewExport": {"oneOf": [ref("NewCampaignExport"), ref("NewAudienceExport")]},
    "NewAudienceExport": closed(
        {
            "format": FORMAT,
            "brand": SLUG,
            "list": {**SLUG, "description": "Every format but `kvitto` is of one list: name it."},
            "statuses": {
                **listed(STATUS, 1),
                "description": "Only people who stand so; everybody when it is left out.",
            },
        },
        "list",
        "statuses",
    ),
    "NewCampaignExport": closed(
        {
            "campaign": ID,
            "outcomes": listed(OUTCOME, 1),
            "reasons": {
                **listed(REASON, 1),
                "description": "Only people skipped for one of these.",
            },
        },
        "reasons",
    ),
    "ExportedAudience": shown(
        {
            "format": FORMAT,
            "brand": SLUG,
            "list": MAYBE,
            "statuses": {"type": "array", "items": STATUS},
        }
    ),
    "Export": shown(
        {
            "id": ID,
            "status": {"type": "string", "enum": list(JobStatus)},
            "created_at": TIME,
            "expires_at": {**TIME, "description": "When its file is given out no more."},
            "problem": MAYBE,
            "campaign": {**MAYBE, "description": "Null in an export of a brand's people."},
            "outcomes": {"type": "array", "items": OUTCOME},
            "reasons": {"type": "array", "items": REASON},
            "audience": {"oneOf": [ref("ExportedAudience"), {"type": "null"}]},
            "people": {**_MAYBE_COUNT, "description": "Rows of the file; null until it is ready."},
            "without_address": {
                **_MAYBE_COUNT,
                "description": "Whose address is empty: erased, or it does not open. Of a brand's "
                "people: who is left out because theirs does not open.",
            },
        }
    ),
}
