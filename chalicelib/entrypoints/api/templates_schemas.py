# SPDX-License-Identifier: Apache-2.0
"""The shapes of templates and of messages made from them.

Guarantees what `schemas` does. Which shape a template's body has follows from its kind, which
never changes.
"""

from typing import Final

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.content import FindingCode, Part, Severity
from chalicelib.domain.messages import SENTENCES, MessageReason, MessageStatus
from chalicelib.domain.templates import MAX_REASON_CHARS, TemplateKind
from chalicelib.entrypoints.api.shapes import (
    ADDRESS,
    COUNT,
    ID,
    LANGUAGE,
    MAX_HTML_CHARS,
    MAX_SUBJECT_CHARS,
    MAYBE,
    SLUG,
    TIME,
    Schema,
    closed,
    line,
    page_of,
    ref,
    shown,
)

OF_CAMPAIGNS: Final = (TemplateKind.HTML, TemplateKind.MJML)
_SOURCES: Final[Schema] = {
    "subject": line(MAX_SUBJECT_CHARS),
    "html": {"type": "string", "minLength": 1, "maxLength": MAX_HTML_CHARS},
    "text": {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": MAX_HTML_CHARS,
        "description": "null, or left out: made from the HTML.",
    },
}
_WORDS: Final[Schema] = {
    "type": "object",
    "properties": dict.fromkeys(LANGUAGES, ref("ServiceWords")),
    "additionalProperties": False,
    "minProperties": 1,
    "description": "By language. Who has none of these gets the brand's, else the first.",
}
_VERSION: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "description": "The current version; 409 when somebody else changed it meanwhile.",
}
_BEGINNING: Final[Schema] = {"id": SLUG, "brand": SLUG, "name": line()}
_SUMMARY: Final[Schema] = {
    "id": SLUG,
    "brand": SLUG,
    "name": {"type": "string"},
    "kind": {"type": "string", "enum": list(TemplateKind)},
    "version": _VERSION,
    "created_at": TIME,
    "changed_at": TIME,
}
_MESSAGE_STATUS: Final[Schema] = {"type": "string", "enum": list(MessageStatus)}
_REASONS: Final = " ".join(f"`{reason}`: {SENTENCES[reason]}" for reason in MessageReason)

_FOUND: Final[Schema] = {
    "code": {"type": "string", "enum": list(FindingCode)},
    "severity": {"type": "string", "enum": list(Severity)},
    "part": {"type": "string", "enum": list(Part)},
    "line": {"type": ["integer", "null"]},
    "sentence": {"type": "string"},
    "times": COUNT,
}
TEMPLATE_SCHEMAS: Final[dict[str, Schema]] = {
    "ServiceWords": closed(
        {
            **_SOURCES,
            "reason": {
                **line(MAX_REASON_CHARS),
                "description": "Why people get the mail, one plain sentence; stands in its footer.",
                "examples": ["You get this because you ordered from us."],
            },
        },
        "text",
    ),
    "NewCampaignTemplate": closed(
        {**_BEGINNING, "kind": {"type": "string", "enum": list(OF_CAMPAIGNS)}, **_SOURCES}, "text"
    ),
    "NewServiceTemplate": closed(
        {
            **_BEGINNING,
            "kind": {"type": "string", "enum": [TemplateKind.SERVICE.value]},
            "words": _WORDS,
        }
    ),
    "NewTemplate": {"oneOf": [ref("NewCampaignTemplate"), ref("NewServiceTemplate")]},
    "ChangedCampaignTemplate": closed({"version": _VERSION, "name": line(), **_SOURCES}, "text"),
    "ChangedServiceTemplate": closed({"version": _VERSION, "name": line(), "words": _WORDS}),
    "ChangedTemplate": {
        "oneOf": [ref("ChangedCampaignTemplate"), ref("ChangedServiceTemplate")],
    },
    "TemplateFinding": shown(
        {
            "language": {**MAYBE, "description": "Of a service's words; null of a campaign's."},
            **_FOUND,
        }
    ),
    "CampaignWarning": shown(_FOUND),
    "TemplateSummary": shown(_SUMMARY),
    "TemplatePage": page_of("TemplateSummary"),
    "Template": {
        **shown(_SUMMARY),
        "properties": {
            **_SUMMARY,
            "subject": {"type": "string"},
            "html": {"type": "string"},
            "text": MAYBE,
            "words": {
                "type": "object",
                "additionalProperties": {
                    **shown(
                        {
                            "subject": {"type": "string"},
                            "html": {"type": "string"},
                            "reason": {"type": "string"},
                        }
                    ),
                    "description": "And `text`, where one was written.",
                },
            },
            "findings": {"type": "array", "items": ref("TemplateFinding")},
        },
        "description": "`subject`, `html` and `text`; or, of kind `service`, `words`.",
    },
    "NewMessage": {
        **closed(
            {
                "email": ADDRESS,
                "subscriber": ID,
                "template": SLUG,
                "data": {
                    "type": "object",
                    "description": "What the template reads: text, whole numbers, true and false, "
                    "lists and objects of them.",
                },
                "language": {**LANGUAGE, "description": "Left out: the person's own."},
            },
            *("email", "subscriber", "language"),
        ),
        "oneOf": [{"required": ["email"]}, {"required": ["subscriber"]}],
    },
    "MessageStatus": shown({"id": ID, "status": _MESSAGE_STATUS}),
    "Message": shown(
        {
            "id": ID,
            "status": _MESSAGE_STATUS,
            "reason": {
                "type": ["string", "null"],
                "enum": [None, *(reason.value for reason in MessageReason)],
                "description": f"Why it failed or was refused. {_REASONS}",
            },
            "subscriber": ID,
            "template": SLUG,
            "language": LANGUAGE,
            "tries": COUNT,
            "created_at": TIME,
            "changed_at": TIME,
        }
    ),
}
