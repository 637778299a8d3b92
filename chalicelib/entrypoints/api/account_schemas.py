# SPDX-License-Identifier: Apache-2.0
"""The shapes of people accounted for, and of exports, in the API.

Guarantees that request schemas are closed and that answer schemas are open, as all of `schemas`.

Source: JSON Schema 2020-12, as OpenAPI 3.1 uses it.
"""

from typing import Final

from chalicelib.domain.accounting import REASONS, Account
from chalicelib.domain.jobs import JobStatus
from chalicelib.entrypoints.api.shapes import (
    COUNT,
    ID,
    MAYBE,
    TIME,
    Schema,
    closed,
    listed,
    page_of,
    shown,
)

OUTCOME: Final[Schema] = {
    "type": "string",
    "enum": list(Account),
    "description": "As in the campaign's answer. `planned`: nothing came of it yet. `earlier`: "
    "settled by the first version of sending, which counted people and did not keep who was which.",
}
REASON: Final[Schema] = {"type": "string", "enum": list(REASONS)}
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
    "NewExport": closed(
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
    "Export": shown(
        {
            "id": ID,
            "status": {"type": "string", "enum": list(JobStatus)},
            "created_at": TIME,
            "expires_at": {**TIME, "description": "When its file is given out no more."},
            "problem": MAYBE,
            "campaign": ID,
            "outcomes": {"type": "array", "items": OUTCOME},
            "reasons": {"type": "array", "items": REASON},
            "people": {**_MAYBE_COUNT, "description": "Rows of the file; null until it is ready."},
            "without_address": {
                **_MAYBE_COUNT,
                "description": "Of those, whose address is empty: erased, or it does not open.",
            },
        }
    ),
}
