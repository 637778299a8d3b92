# SPDX-License-Identifier: Apache-2.0
"""The shapes of a campaign shown as one subscriber would get it.

Guarantees what `schemas` does.
"""

from typing import Final

from chalicelib.domain.content import Part, Severity
from chalicelib.domain.previews import ORDER, SENTENCES
from chalicelib.entrypoints.api.shapes import (
    ADDRESS,
    BOOLEAN,
    COUNT,
    ID,
    LANGUAGE,
    MAYBE,
    Schema,
    closed,
    ref,
    shown,
)

_REASONS: Final = " ".join(f"`{reason}`: {SENTENCES[reason]}" for reason in ORDER)

CAMPAIGN_PREVIEW_SCHEMAS: Final[dict[str, Schema]] = {
    "AskedPreview": {
        **closed({"email": ADDRESS, "subscriber": ID}, "email", "subscriber"),
        "oneOf": [{"required": ["email"]}, {"required": ["subscriber"]}],
    },
    "CampaignPreview": shown(
        {
            "subject": {
                **MAYBE,
                "description": "Null, as are `html`, `text` and `language`, where no mail can be "
                "made, or none may be: of who is `restricted` or `objected`.",
            },
            "html": {
                **MAYBE,
                "description": "Every link leads to `#`; there is no token in it and no pixel.",
            },
            "text": {**MAYBE, "description": "Web addresses are `#`."},
            "language": {
                **LANGUAGE,
                "type": ["string", "null"],
                "enum": [*LANGUAGE["enum"], None],
                "description": "Of the words that are ours, such as the footer.",
            },
            "measured": {
                **BOOLEAN,
                "description": "They consented to it, so the mail would have a pixel and links "
                "of their own.",
            },
            "would_be_mailed": {
                **BOOLEAN,
                "description": "As things stand now: whether it would go to them if it were sent.",
            },
            "why_not": {**MAYBE, "enum": [*ORDER, None], "description": _REASONS},
            "findings": {"type": "array", "items": ref("PreviewFinding")},
        }
    ),
    "PreviewFinding": shown(
        {
            "code": {"type": "string"},
            "severity": {"type": "string", "enum": list(Severity)},
            "part": {**MAYBE, "enum": [*Part, None]},
            "line": {"type": ["integer", "null"], "minimum": 1},
            "sentence": {
                "type": "string",
                "description": "Of a mail that cannot be made it may name what the person wrote.",
            },
            "times": COUNT,
        }
    ),
}
