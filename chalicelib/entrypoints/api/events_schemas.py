# SPDX-License-Identifier: Apache-2.0
"""The shapes of customer events: one for each type, several of them, and what became of them.

Guarantees that they say what `domain.customer_event_body` takes. That reader judges the body, with
problems at its own places; of several events each is judged alone, so one says nothing of another.
"""

from typing import Final

from chalicelib.domain.currencies import MINOR_DIGITS
from chalicelib.domain.customer_event_body import (
    MAX_AMOUNT,
    MAX_ITEMS,
    MAX_NAME_BYTES,
    MAX_PROPERTIES,
    MAX_QUANTITY,
    MAX_TEXT_BYTES,
    MAX_TOKEN_BYTES,
    MAX_URL_BYTES,
)
from chalicelib.domain.customer_events import CURRENCY_DIFFERS, CustomerEventType, Ignored
from chalicelib.entrypoints.api.shapes import (
    ADDRESS,
    BOOLEAN,
    ID,
    MAYBE,
    SLUG,
    TIME,
    Schema,
    closed,
    ref,
    shown,
    whole,
)

MAX_EVENTS: Final = 25
"""The most events of one request."""
OUTSIDE_ID: Final[Schema] = {
    "type": "string",
    "pattern": whole("[!-~]([ -~]{0,126}[!-~])?"),
    "description": "The sender's own. The same id of the same brand is the same event or order.",
}
_WORD: Final[Schema] = {"type": "string", "pattern": whole("[a-z][a-z0-9_.]{0,31}")}
_CURRENCY: Final[Schema] = {"type": "string", "enum": sorted(MINOR_DIGITS)}


def _text(max_chars: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": max_chars}


def _number(least: int, most: int = MAX_AMOUNT) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


_AMOUNT: Final[Schema] = {**_number(0), "description": "Minor units: 12900 is 129.00 SEK."}
_ITEM: Final[Schema] = closed(
    {
        "product": _text(MAX_NAME_BYTES),
        "name": _text(MAX_TEXT_BYTES),
        "quantity": _number(1, MAX_QUANTITY),
        "amount": {**_number(0), "description": "Of one piece, minor units."},
    },
    *("name", "quantity", "amount"),
)
_ITEMS: Final[Schema] = {"type": "array", "items": _ITEM, "maxItems": MAX_ITEMS}
_PROPERTIES: Final[Schema] = {
    "type": "object",
    "maxProperties": MAX_PROPERTIES,
    "propertyNames": {"pattern": _WORD["pattern"]},
    "additionalProperties": {
        "anyOf": [_text(MAX_TEXT_BYTES), _number(-MAX_AMOUNT), BOOLEAN],
    },
}
_MEMBERS: Final[dict[CustomerEventType, Schema]] = {
    CustomerEventType.ORDER_PLACED: {
        "order": closed(
            {"id": OUTSIDE_ID, "amount": _AMOUNT, "currency": _CURRENCY, "items": _ITEMS}, "items"
        )
    },
    CustomerEventType.ORDER_REFUNDED: {
        "order": closed({"id": OUTSIDE_ID, "amount": _number(1), "currency": _CURRENCY})
    },
    CustomerEventType.ORDER_CANCELLED: {"order": closed({"id": OUTSIDE_ID})},
    CustomerEventType.SIGNUP: {},
    CustomerEventType.CART_UPDATED: {
        "cart": closed({"amount": _AMOUNT, "currency": _CURRENCY, "items": _ITEMS})
    },
    CustomerEventType.PRODUCT_VIEWED: {"product": _text(MAX_NAME_BYTES)},
    CustomerEventType.PAGE_VISITED: {"page": _text(MAX_URL_BYTES)},
    CustomerEventType.DOCUMENT_REQUESTED: {"document": _text(MAX_NAME_BYTES)},
    CustomerEventType.CUSTOM: {"name": _WORD, "properties": _PROPERTIES},
}


def _event(of_type: CustomerEventType, members: Schema) -> Schema:
    common: Schema = {
        "id": OUTSIDE_ID,
        "type": {"type": "string", "enum": [of_type.value]},
        "brand": SLUG,
        "email": ADDRESS,
        "subscriber": ID,
        "occurred_at": TIME,
        "campaign": _text(MAX_TOKEN_BYTES),
    }
    optional = ("email", "subscriber", "campaign", "properties")
    one_of: list[Schema] = [{"required": ["email"]}, {"required": ["subscriber"]}]
    return {**closed({**common, **members}, *optional), "oneOf": one_of}


_TAKEN: Final[Schema] = {
    "id": MAYBE,
    "status": {"type": "string", "enum": ["kept", "known", "ignored"]},
    "reason": {
        "type": ["string", "null"],
        "enum": [None, *(reason.value for reason in Ignored), CURRENCY_DIFFERS],
        "description": f"Why nothing was kept; or `{CURRENCY_DIFFERS}`: a refund counts 0.",
    },
}
_ONE_OF_SEVERAL: Final[Schema] = {
    **_TAKEN,
    "status": {"type": "string", "enum": ["kept", "known", "ignored", "refused"]},
    "errors": {
        "type": "array",
        "items": shown({"field": {"type": "string"}, "code": {"type": "string"}}),
        "description": "Why it was refused, by place; empty else.",
    },
}

EVENTS_SCHEMAS: Final[dict[str, Schema]] = {
    "NewEvent": {"oneOf": [_event(of_type, members) for of_type, members in _MEMBERS.items()]},
    "SeveralEvents": closed(
        {
            "events": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_EVENTS,
                "items": {"description": "Each as a single event; one that is not is `refused`."},
            }
        }
    ),
    "NewEvents": {"oneOf": [ref("NewEvent"), ref("SeveralEvents")]},
    "TakenEvent": shown(_TAKEN),
    "TakenEvents": shown({"items": {"type": "array", "items": shown(_ONE_OF_SEVERAL)}}),
    "EventAnswer": {"anyOf": [ref("TakenEvent"), ref("TakenEvents")]},
}
