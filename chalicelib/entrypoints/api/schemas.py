# SPDX-License-Identifier: Apache-2.0
"""Every shape of the API, once: bodies are checked against them and the description shows them.

Guarantees that request schemas are closed (an unknown member is refused, never ignored) and that
answer schemas are open: members may be added, never renamed.

Source: JSON Schema 2020-12, as OpenAPI 3.1 uses it.
"""

from typing import Final

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.catalog import UnsubscribeScope
from chalicelib.domain.erasure import REQUESTABLE, Ground, Stage
from chalicelib.domain.leaving import LeavingReason
from chalicelib.entrypoints.api.account_schemas import ACCOUNT_SCHEMAS
from chalicelib.entrypoints.api.campaign_preview_schemas import CAMPAIGN_PREVIEW_SCHEMAS
from chalicelib.entrypoints.api.campaign_retry_schemas import CAMPAIGN_RETRY_SCHEMAS
from chalicelib.entrypoints.api.campaign_schemas import CAMPAIGN_SCHEMAS
from chalicelib.entrypoints.api.deliverability_schemas import DELIVERABILITY_SCHEMAS
from chalicelib.entrypoints.api.enrolment_schemas import ENROLMENT_SCHEMAS
from chalicelib.entrypoints.api.events_schemas import EVENTS_SCHEMAS
from chalicelib.entrypoints.api.finding_schemas import FINDING_SCHEMAS
from chalicelib.entrypoints.api.form_schemas import FORM_SCHEMAS
from chalicelib.entrypoints.api.health_schemas import HEALTH_SCHEMAS
from chalicelib.entrypoints.api.import_schemas import IMPORT_SCHEMAS
from chalicelib.entrypoints.api.rights_schemas import RIGHTS_SCHEMAS
from chalicelib.entrypoints.api.segments_schemas import SEGMENT_SCHEMAS
from chalicelib.entrypoints.api.shapes import (
    ADDRESS,
    BOOLEAN,
    COUNT,
    ID,
    LANGUAGE,
    MAYBE_TIME,
    SLUG,
    TIME,
    Schema,
    closed,
    line,
    listed,
    one_of,
    page_of,
    shown,
    whole,
)
from chalicelib.entrypoints.api.suppression_schemas import SUPPRESSION_SCHEMAS
from chalicelib.entrypoints.api.templates_schemas import TEMPLATE_SCHEMAS
from chalicelib.proof.event_types import RULES
from chalicelib.vocabulary import EventType

EXPORT_REASONS: Final = RULES[EventType.BUNDLE_EXPORTED].reasons
"""Why a bundle is exported: a closed list, because it stands in the public ledger."""
KEY_SCOPE: Final[Schema] = one_of(KeyScope)
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
    "default_language": LANGUAGE,
    "time_zone": {"type": "string", "pattern": whole("[A-Za-z0-9_+/-]{1,64}")},
    "unsubscribe_scope": one_of(
        UnsubscribeScope, "What one unsubscribe stops: the brand, or the list the mail went to."
    ),
    "keep_orders": {
        **BOOLEAN,
        "description": "Whether orders that its shop tells of are kept; false deletes those kept.",
    },
}
_BRAND_CHANGES: Final[Schema] = {
    name: shape for name, shape in _BRAND.items() if name not in ("id", "from_address")
}
_LEAVING_REASONS: Final[Schema] = {
    **shown({str(reason): COUNT for reason in LeavingReason}),
    "description": "How often people said why they left; counted without them.",
}
SELECTORS: Final = ("email", "token", "message_id", "subscriber", "erasure")
"""What a proof may name its person by: exactly one."""
_COUNTED: Final[Schema] = {
    "personal": {**COUNT, "description": "Mails of people who consent to it, each once."},
    "unmeasured": {**COUNT, "description": "Each time it was anybody else."},
}
_KEY: Final[Schema] = {
    "id": ID,
    "name": {"type": "string"},
    "scopes": {"type": "array", "items": KEY_SCOPE},
    "created_at": TIME,
    "revoked_at": MAYBE_TIME,
}

SCHEMAS: Final[dict[str, Schema]] = {
    **ACCOUNT_SCHEMAS,
    **CAMPAIGN_SCHEMAS,
    **CAMPAIGN_PREVIEW_SCHEMAS,
    **CAMPAIGN_RETRY_SCHEMAS,
    **DELIVERABILITY_SCHEMAS,
    **ENROLMENT_SCHEMAS,
    **EVENTS_SCHEMAS,
    **FINDING_SCHEMAS,
    **HEALTH_SCHEMAS,
    **RIGHTS_SCHEMAS,
    **FORM_SCHEMAS,
    **IMPORT_SCHEMAS,
    **SEGMENT_SCHEMAS,
    **TEMPLATE_SCHEMAS,
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
            "suggestion": {
                "type": "string",
                "description": "The address that was probably meant, where one looks mistyped.",
            },
            "errors": {
                "type": "array",
                "items": shown({"field": {"type": "string"}, "code": {"type": "string"}}),
            },
        },
        "required": ["type", "title", "status", "detail", "code"],
    },
    "NewBrand": closed(
        _BRAND,
        *("privacy_url", "default_language", "time_zone", "unsubscribe_scope", "keep_orders"),
    ),
    "BrandChange": {**closed(_BRAND_CHANGES, *_BRAND_CHANGES), "minProperties": 1},
    "Brand": shown(_BRAND),
    "BrandSeen": shown({**_BRAND, "unsubscribe_reasons": _LEAVING_REASONS}),
    "BrandPage": page_of("Brand"),
    "NewList": closed({"id": SLUG, "brand": SLUG, "name": line()}),
    "List": shown({"id": SLUG, "brand": SLUG, "name": {"type": "string"}, "created_at": TIME}),
    "ListPage": page_of("List"),
    "CampaignLinks": shown(
        {
            "links": {
                "type": "array",
                "items": shown({"number": COUNT, "url": {"type": "string"}, **_COUNTED}),
                "description": "In the order of the mail; empty before the campaign is started.",
            },
            "opened": shown(_COUNTED),
        }
    ),
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
    **SUPPRESSION_SCHEMAS,
    "NewProof": {
        **closed(
            {
                "email": ADDRESS,
                "token": {"type": "string", "pattern": whole("[!-~]{1,500}")},
                "message_id": {"type": "string", "pattern": whole("[!-~]{1,500}")},
                "subscriber": ID,
                "erasure": ID,
                "lists": listed(SLUG, 0, 20),
                "purposes": listed(SLUG, 0, 20),
                "recipient": line(200),
                "reason": {**line(200), "examples": sorted(EXPORT_REASONS)},
                "language": LANGUAGE,
            },
            *(*SELECTORS, "lists", "purposes"),
            *("recipient", "reason", "language"),
        ),
        "oneOf": [{"required": [name]} for name in SELECTORS],
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
    "NewErasure": {
        **closed(
            {
                "email": ADDRESS,
                "token": {"type": "string", "pattern": whole("[!-~]{1,500}")},
                "subscriber": ID,
                "ground": {"type": "string", "enum": list(REQUESTABLE)},
                "suppress": {**BOOLEAN, "description": "Keep a keyed MAC so that nobody writes."},
                "country": {
                    "type": "string",
                    "pattern": whole("[A-Z]{2}"),
                    "description": "ISO 3166-1: whose consequences are told; all known if absent.",
                },
                "language": LANGUAGE,
            },
            *("email", "token", "subscriber", "ground", "suppress", "country", "language"),
        ),
        "oneOf": [{"required": [name]} for name in ("email", "token", "subscriber")],
    },
    "Erasure": shown(
        {
            "id": ID,
            "status": {"type": "string", "enum": ["pending", "ready", "failed"]},
            "stage": {"type": "string", "enum": list(Stage)},
            "created_at": TIME,
            "approved_at": MAYBE_TIME,
            "erased_at": MAYBE_TIME,
            "subscriber": ID,
            "ground": {"type": "string", "enum": list(Ground)},
            "suppress": BOOLEAN,
            "problem": {"type": ["string", "null"]},
            "consequences": {
                "type": "array",
                "items": shown({"country": {"type": "string"}, "sentence": {"type": "string"}}),
                "description": "What will no longer be provable; `*` holds in every country.",
            },
        }
    ),
    "ErasurePage": page_of("Erasure"),
    "ErasureCertificate": shown(
        {
            "reference": {**ID, "description": "Names the erasure, also in `POST /proofs`."},
            "origin": {"type": "string"},
            "entry": ID,
            "index": COUNT,
            "leaf": {"type": "string", "description": "The entry's exact bytes."},
            "leaf_sha256": {"type": "string", "description": "RFC 6962 leaf hash, hex."},
            "checkpoint": {"type": "string"},
            "kid": {"type": "string"},
            "entries_erased": COUNT,
            "ground": {"type": "string", "enum": list(Ground)},
            "suppressed": BOOLEAN,
            "erased_at": TIME,
            "final_after": TIME,
        }
    ),
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
