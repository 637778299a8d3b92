# SPDX-License-Identifier: Apache-2.0
"""Every shape of the API, once: bodies are checked against them and the description shows them.

Guarantees that request schemas are closed (an unknown member is refused, never ignored) and that
answer schemas are open: members may be added, never renamed.

Source: JSON Schema 2020-12, as OpenAPI 3.1 uses it.
"""

from typing import Any, Final

from chalicelib.domain.catalog import LANGUAGES, MAX_FIELDS, MAX_NAME_CHARS
from chalicelib.domain.suppressions import OPERATOR_REASONS
from chalicelib.proof.event_types import RULES
from chalicelib.vocabulary import EventType

Schema = dict[str, Any]


def whole(pattern: str) -> str:
    r"""Return the pattern of texts that are wholly ``pattern``, in Python and ECMAScript alike.

    Python's ``$`` alone lets a text end in one line break more.

    Example:
        >>> whole("[a-z]+")
        '^[a-z]+(?!\\n)$'
    """
    return rf"^{pattern}(?!\n)$"


MAX_ADDRESS_CHARS: Final = 254
MAX_SUBJECT_CHARS: Final = 500
MAX_HTML_CHARS: Final = 262_144
MAX_SENTENCE_CHARS: Final = 2000
SLUG: Final[Schema] = {"type": "string", "pattern": whole("[a-z0-9][a-z0-9-]{0,31}")}
ID: Final[Schema] = {"type": "string", "pattern": whole("[A-Za-z0-9_-]{21}[AQgw]")}
"""Base64url of 16 bytes: its last character carries two bits."""
EXPORT_REASONS: Final = RULES[EventType.BUNDLE_EXPORTED].reasons
"""Why a bundle is exported: a closed list, because it stands in the public ledger."""
LINE: Final = whole(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")
PARAMETER: Final = whole("[a-z][a-z0-9_]{0,31}")
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
MAYBE_TIME: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
BOOLEAN: Final[Schema] = {"type": "boolean"}
CAMPAIGN_STATUS: Final[Schema] = {
    "type": "string",
    "enum": ["draft", "sending", "paused", "sent", "cancelled"],
}
KEY_SCOPE: Final[Schema] = {
    "type": "string",
    "enum": ["read", "marketing", "compliance", "admin"],
}


def line(max_chars: int = MAX_NAME_CHARS) -> Schema:
    """Return the schema of one line of text, not empty."""
    return {"type": "string", "minLength": 1, "maxLength": max_chars, "pattern": LINE}


def texts(max_chars: int) -> Schema:
    """Return the schema of a text by language."""
    return {
        "type": "object",
        "properties": {code: line(max_chars) for code in LANGUAGES},
        "additionalProperties": False,
        "minProperties": 1,
    }


def listed(item: Schema, least: int = 0, most: int | None = None) -> Schema:
    """Return the schema of a list without repetitions."""
    bounds = {} if most is None else {"maxItems": most}
    return {"type": "array", "items": item, "minItems": least, "uniqueItems": True, **bounds}


def closed(properties: Schema, *optional: str) -> Schema:
    """Return a request schema: all but the optional members are required, no other exists."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def shown(properties: Schema) -> Schema:
    """Return an answer schema: every member is there; others may come."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def page_of(name: str) -> Schema:
    """Return the schema of one page of a named schema."""
    return shown(
        {
            "items": {"type": "array", "items": ref(name)},
            "next_cursor": {"type": ["string", "null"]},
        }
    )


def ref(name: str) -> Schema:
    """Return a reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


ADDRESS: Final[Schema] = {
    "type": "string",
    "format": "email",
    "minLength": 3,
    "maxLength": MAX_ADDRESS_CHARS,
}
_LANGUAGE: Final[Schema] = {"type": "string", "enum": list(LANGUAGES)}
_BRAND: Final[Schema] = {
    "id": SLUG,
    "name": line(),
    "controller_name": line(),
    "postal_address": line(300),
    "contact_address": ADDRESS,
    "from_address": ADDRESS,
    "privacy_url": {
        "type": ["string", "null"],
        "maxLength": 500,
        "pattern": whole("https://[!-~]+"),
    },
    "default_language": _LANGUAGE,
}
_FIELD: Final[Schema] = {
    "name": {"type": "string", "pattern": PARAMETER},
    "type": {"type": "string", "enum": ["email", "text"]},
    "label": texts(200),
    "required": BOOLEAN,
    "max_chars": {"type": "integer", "minimum": 1, "maximum": 1000},
    "autocomplete": {"type": "string", "pattern": whole("[a-z][a-z0-9 -]{0,60}")},
}
_BOX: Final[Schema] = {
    "name": {"type": "string", "pattern": PARAMETER},
    "purpose": SLUG,
    "text": texts(MAX_SENTENCE_CHARS),
    "mandatory": BOOLEAN,
}
_FORM: Final[Schema] = {
    "id": SLUG,
    "brand": SLUG,
    "lists": listed(SLUG, 1, 20),
    "title": texts(MAX_NAME_CHARS),
    "promise": texts(MAX_SENTENCE_CHARS),
}
_CAMPAIGN: Final[Schema] = {
    "id": ID,
    "name": {"type": "string"},
    "brand": SLUG,
    "list": SLUG,
    "purpose": SLUG,
    "status": CAMPAIGN_STATUS,
    "created_at": TIME,
}
_KEY: Final[Schema] = {
    "id": ID,
    "name": {"type": "string"},
    "scopes": {"type": "array", "items": KEY_SCOPE},
    "created_at": TIME,
    "revoked_at": MAYBE_TIME,
}

SCHEMAS: Final[dict[str, Schema]] = {
    "Problem": {
        "type": "object",
        "description": "Problem details, RFC 9457.",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string"},
            "incident": {"type": "string"},
            "errors": {
                "type": "array",
                "items": shown({"field": {"type": "string"}, "code": {"type": "string"}}),
            },
        },
        "required": ["type", "title", "status", "detail", "code"],
    },
    "NewBrand": closed(_BRAND, "privacy_url", "default_language"),
    "Brand": shown(_BRAND),
    "BrandPage": page_of("Brand"),
    "NewList": closed({"id": SLUG, "brand": SLUG, "name": line()}),
    "List": shown({"id": SLUG, "brand": SLUG, "name": {"type": "string"}, "created_at": TIME}),
    "ListPage": page_of("List"),
    "NewForm": closed(
        {
            **_FORM,
            "fields": {
                "type": "array",
                "items": closed(_FIELD, "required", "max_chars", "autocomplete"),
                "minItems": 1,
                "maxItems": MAX_FIELDS,
            },
            "boxes": {
                "type": "array",
                "items": closed(_BOX, "mandatory"),
                "minItems": 1,
                "maxItems": MAX_FIELDS,
            },
        }
    ),
    "Form": shown(
        {
            **_FORM,
            "version": {"type": "integer", "minimum": 1},
            "fields": {"type": "array", "items": shown(_FIELD)},
            "boxes": {"type": "array", "items": shown(_BOX)},
            "notices": {
                "type": "array",
                "items": shown(
                    {
                        "language": _LANGUAGE,
                        "sha256": {"type": "string"},
                        "text_sha256": {"type": "string"},
                        "published_at": TIME,
                    }
                ),
            },
        }
    ),
    "FormPage": page_of("Form"),
    "NewCampaign": closed(
        {
            "name": line(),
            "list": SLUG,
            "purpose": SLUG,
            "subject": line(MAX_SUBJECT_CHARS),
            "html": {"type": "string", "minLength": 1, "maxLength": MAX_HTML_CHARS},
            "text": {"type": ["string", "null"], "minLength": 1, "maxLength": MAX_HTML_CHARS},
        },
        "text",
    ),
    "CampaignStatus": shown({"id": ID, "status": CAMPAIGN_STATUS}),
    "CampaignSummary": shown(_CAMPAIGN),
    "CampaignPage": page_of("CampaignSummary"),
    "Campaign": shown(
        {
            **_CAMPAIGN,
            "subject": {"type": "string"},
            "planned": COUNT,
            "sent": COUNT,
            "skipped": {"type": "object", "additionalProperties": COUNT},
            "rejected": COUNT,
            "unknown": COUNT,
            "rate": {"type": "number", "minimum": 0, "description": "Accepted mails a second."},
            "started_at": MAYBE_TIME,
            "finished_at": MAYBE_TIME,
        }
    ),
    "CampaignTest": closed({"to": ADDRESS}),
    "Subscriber": shown(
        {
            "id": ID,
            "email": {"type": "string"},
            "language": {"type": "string"},
            "attributes": {"type": "object", "additionalProperties": {"type": "string"}},
            "lists": {
                "type": "array",
                "items": shown({"id": SLUG, "status": {"type": "string"}}),
            },
            "suppressed": BOOLEAN,
        }
    ),
    "SubscriberPage": page_of("Subscriber"),
    "NewSuppression": closed(
        {"email": ADDRESS, "reason": {**line(200), "examples": sorted(OPERATOR_REASONS)}}
    ),
    "Suppression": shown(
        {
            "address_mac": {
                "type": "string",
                "description": "Keyed MAC of the address; the address itself is not kept.",
            },
            "brand": {"type": ["string", "null"], "description": "Null: every brand."},
            "reason": {"type": "string"},
            "since": TIME,
            "entry": {"type": "string", "description": "Id of its ledger entry."},
        }
    ),
    "SuppressionPage": page_of("Suppression"),
    "AddedSuppression": {
        "allOf": [ref("Suppression"), shown({"email": {"type": "string"}})],
    },
    "NewProof": {
        **closed(
            {
                "email": ADDRESS,
                "token": {"type": "string", "pattern": whole("[!-~]{1,500}")},
                "subscriber": ID,
                "lists": listed(SLUG, 0, 20),
                "purposes": listed(SLUG, 0, 20),
                "recipient": line(200),
                "reason": {**line(200), "examples": sorted(EXPORT_REASONS)},
                "language": _LANGUAGE,
            },
            *("email", "token", "subscriber", "lists", "purposes"),
            *("recipient", "reason", "language"),
        ),
        "oneOf": [{"required": [name]} for name in ("email", "token", "subscriber")],
    },
    "Job": shown(
        {
            "id": ID,
            "status": {"type": "string", "enum": ["pending", "ready", "failed"]},
            "created_at": TIME,
            "problem": {"type": ["string", "null"]},
        }
    ),
    "JobPage": page_of("Job"),
    "NewApiKey": closed({"name": line(), "scopes": listed(KEY_SCOPE, 1)}),
    "ApiKey": shown(_KEY),
    "ApiKeyPage": page_of("ApiKey"),
    "MadeApiKey": shown(
        {
            **_KEY,
            "key": {
                "type": ["string", "null"],
                "description": "The key, shown this once; null in a repeated answer.",
            },
        }
    ),
}
