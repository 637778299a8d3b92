# SPDX-License-Identifier: Apache-2.0
"""The shapes of finding: what is asked with, and what is told of a person.

Guarantees that an answer about an erased person has the same members, null where nothing is left.
"""

from typing import Final

from chalicelib.entrypoints.api.shapes import (
    ADDRESS,
    BOOLEAN,
    COUNT,
    ID,
    LANGUAGE,
    MAYBE,
    MAYBE_TIME,
    SLUG,
    TIME,
    Schema,
    closed,
    ref,
    shown,
)
from chalicelib.proof.event_types import RULES
from chalicelib.vocabulary import EventType

CLUES: Final = ("email", "link", "message_id", "eml")
"""What a complainant has: exactly one."""
UNSEAL_REASONS: Final = RULES[EventType.DATA_UNSEALED].reasons
"""Why data is opened: a closed list, because it stands in the public ledger."""
MAX_MAIL_CHARS: Final = 1 << 20
_REASON: Final[Schema] = {"type": "string", "enum": sorted(UNSEAL_REASONS)}

FINDING_SCHEMAS: Final[dict[str, Schema]] = {
    "Search": {
        **closed(
            {
                "email": ADDRESS,
                "link": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 8000,
                    "description": "Any link of a mail, or its token; junk around it is fine.",
                },
                "message_id": {"type": "string", "minLength": 1, "maxLength": 1000},
                "eml": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_MAIL_CHARS,
                    "description": "A mail's source; forwarded mails in it are looked into.",
                },
                "reason": _REASON,
            },
            *(*CLUES, "reason"),
        ),
        "oneOf": [{"required": [name]} for name in CLUES],
    },
    "Finding": shown(
        {
            "subscriber": ID,
            "email": {**MAYBE, "description": "Null: erased."},
            "language": MAYBE,
            "understood": {"type": "array", "items": {"type": "string"}},
            "mails": {"type": "array", "items": ref("FoundMail")},
            "state": shown(
                {
                    "suppressed": BOOLEAN,
                    "objected": BOOLEAN,
                    "restricted": BOOLEAN,
                    "erased": BOOLEAN,
                    "erasure": {**MAYBE, "description": "Leads to the certificate."},
                    "consents": {
                        "type": "array",
                        "items": shown(
                            {
                                **dict.fromkeys(("brand", "list", "purpose"), SLUG),
                                "status": {"type": "string"},
                                "since": TIME,
                                "entry": COUNT,
                            }
                        ),
                    },
                    "objections": {"type": "array", "items": ref("Stop")},
                    "suppressions": {"type": "array", "items": ref("Stop")},
                }
            ),
        }
    ),
    "FoundMail": shown(
        {
            "campaign": {**MAYBE, "description": "Null: a confirmation mail."},
            **dict.fromkeys(("name", "subject", "delivery", "message_id"), MAYBE),
            "at": MAYBE_TIME,
            "event": {**MAYBE, "description": "The strongest thing Amazon SES said."},
            "event_at": MAYBE_TIME,
            "answer": {
                **MAYBE,
                "description": "The receiving server's own words; of a campaign's mails only of "
                "those that did not arrive.",
            },
            "entry": {"anyOf": [ref("FoundEntry"), {"type": "null"}]},
        }
    ),
    "FoundEntry": shown(
        {
            "n": COUNT,
            "id": ID,
            "type": {"type": "string"},
            "at": TIME,
            "index": {"type": ["integer", "null"], "description": "Place in the log."},
        }
    ),
    "Stop": shown(
        {
            "brand": {**MAYBE, "description": "Null: every brand."},
            "list": {**MAYBE, "description": "Null: every list."},
            "reason": {"type": "string"},
            "since": TIME,
            "entry": COUNT,
        }
    ),
    "TimelineQuestion": closed(
        {
            "language": LANGUAGE,
            "open": {**BOOLEAN, "description": "With the sealed values; default false."},
            "reason": _REASON,
        },
        *("language", "open", "reason"),
    ),
    "Timeline": shown(
        {
            "items": {"type": "array", "items": ref("TimelineItem")},
            "next_cursor": {"type": "null"},
        }
    ),
    "TimelineItem": shown(
        {
            "n": COUNT,
            "at": TIME,
            "type": {"type": "string"},
            "sentence": {"type": "string"},
            **dict.fromkeys(("brand", "via", "reason"), MAYBE),
            **{name: {"type": "array", "items": SLUG} for name in ("lists", "purposes")},
            "index": {"type": ["integer", "null"], "description": "Place in the log."},
            "opened": {
                "type": ["object", "null"],
                "description": "Sealed claims by name; null where they were not asked for.",
                "additionalProperties": {"type": "object"},
            },
        }
    ),
}
