# SPDX-License-Identifier: Apache-2.0
"""The shapes of rights requests: what is entered, and how a request stands.

Guarantees that no answer but the one to a question for it holds a note.
"""

from typing import Final

from chalicelib.domain.erasure import REQUESTABLE
from chalicelib.domain.rights import (
    MAX_NOTE_CHARS,
    MAX_RECEIVER_CHARS,
    ExtensionReason,
    Medium,
    RefusalGround,
    RestrictionGround,
    Right,
    Status,
)
from chalicelib.entrypoints.api.shapes import (
    ADDRESS,
    BOOLEAN,
    ID,
    LANGUAGE,
    MAYBE,
    MAYBE_TIME,
    SLUG,
    TIME,
    Schema,
    closed,
    line,
    one_of,
    page_of,
    shown,
    whole,
)

SELECTORS: Final = ("email", "token", "subscriber")
ENTERED: Final = tuple(str(medium) for medium in Medium if medium is not Medium.PAGE)
"""Media an officer may name; what comes by a page is recorded by it."""


def _maybe(words: type[ExtensionReason | RefusalGround | RestrictionGround]) -> Schema:
    return {"type": ["string", "null"], "enum": [*(str(word) for word in words), None]}


RIGHTS_SCHEMAS: Final[dict[str, Schema]] = {
    "NewRightsRequest": {
        **closed(
            {
                "email": ADDRESS,
                "token": {"type": "string", "pattern": whole("[!-~]{1,500}")},
                "subscriber": ID,
                "right": one_of(Right),
                "brand": SLUG,
                "medium": {"type": "string", "enum": list(ENTERED)},
                "received_at": {
                    **TIME,
                    "maxLength": 40,
                    "description": "Not to come, and no earlier than 25 May 2018.",
                },
                "received_by": {**line(MAX_RECEIVER_CHARS), "description": "Who took it."},
                "note": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_NOTE_CHARS,
                    "description": "Sealed under the person's key.",
                },
                "restriction_ground": one_of(RestrictionGround),
                "erasure_ground": {"type": "string", "enum": list(REQUESTABLE)},
                "suppress": {
                    **BOOLEAN,
                    "description": "Of an erasure: keep a keyed MAC so that nobody writes.",
                },
                "language": LANGUAGE,
            },
            *SELECTORS,
            *("note", "restriction_ground", "erasure_ground", "suppress", "language"),
        ),
        "oneOf": [{"required": [name]} for name in SELECTORS],
    },
    "RightsExtension": closed({"reason": one_of(ExtensionReason)}),
    "RightsRefusal": closed({"ground": one_of(RefusalGround)}),
    "RightsLift": closed(
        {"told": {"const": True, "description": "The person was told before (GDPR Art. 18(3))."}}
    ),
    "RightsRequest": shown(
        {
            "id": ID,
            "right": one_of(Right),
            "status": one_of(Status),
            "brand": SLUG,
            "subscriber": {**MAYBE, "description": "Null: the address led to nobody."},
            "medium": one_of(Medium),
            "received_at": TIME,
            "received_by": {"type": "string"},
            "entered_at": TIME,
            "due_at": {**TIME, "description": "The last moment of the first month."},
            "extended_until": MAYBE_TIME,
            "overdue": BOOLEAN,
            "answered_at": MAYBE_TIME,
            "restriction_ground": _maybe(RestrictionGround),
            "extension_reason": _maybe(ExtensionReason),
            "refusal_ground": _maybe(RefusalGround),
            "refusal_article": MAYBE,
            "erasure": {**MAYBE, "description": "The erasure it led to."},
            "closed_by_erasure": BOOLEAN,
            "lifted_at": MAYBE_TIME,
            "has_note": BOOLEAN,
            "to_tell": {**MAYBE, "description": "What the person is to be told next."},
        }
    ),
    "RightsRequestPage": page_of("RightsRequest"),
    "RightsNote": shown({"note": MAYBE}),
}
