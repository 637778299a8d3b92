# SPDX-License-Identifier: Apache-2.0
"""The shapes of enrolment: one body for each basis, and one answer.

Guarantees that each basis asks for all that it rests on: a body that lacks a piece is refused.
"""

from typing import Final

from chalicelib.domain.enrolment import Blocked, Enrolling
from chalicelib.domain.forms import MAX_TYPED_CHARS
from chalicelib.domain.parameters import MAX_TAG_CHARS
from chalicelib.entrypoints.api.shapes import (
    ADDRESS,
    BOOLEAN,
    LANGUAGE,
    PARAMETER,
    SLUG,
    TIME,
    Schema,
    closed,
    line,
    one_of,
    ref,
    shown,
    whole,
)

MAX_VALUES: Final = 40
MAX_VALUE_CHARS: Final = 1000
BASES: Final = {
    Enrolling.DOUBLE_OPT_IN: "EnrolByDoubleOptIn",
    Enrolling.ATTESTED: "EnrolAttested",
    Enrolling.SOFT_OPT_IN: "EnrolBySoftOptIn",
}
"""Basis -> name of the schema of its body."""
_NOTICE: Final[Schema] = {
    "type": "string",
    "pattern": whole("[0-9a-f]{64}"),
    "description": "SHA-256 of the notice that was shown.",
}
_BOXES: Final[Schema] = {
    "type": "object",
    "description": "State of each box as the person sent it off; an absent box was not ticked.",
    "propertyNames": {"pattern": PARAMETER},
    "additionalProperties": BOOLEAN,
    "minProperties": 1,
    "maxProperties": MAX_VALUES,
}
_TEXTS: Final[Schema] = {
    "type": "object",
    "propertyNames": {"pattern": PARAMETER},
    "additionalProperties": line(MAX_VALUE_CHARS),
    "maxProperties": MAX_VALUES,
}
_ATTRIBUTES: Final[Schema] = {
    **_TEXTS,
    "description": f"Kept with a new profile; {MAX_TYPED_CHARS} characters together at most.",
}
_VISITOR: Final[Schema] = closed(
    {
        "ip": {
            "type": "string",
            "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}],
            "maxLength": 45,
            "description": "Network address the person's act came from.",
        },
        "user_agent": line(500),
        "page": {**line(500), "description": "Address of the page the person was on."},
    },
    *("user_agent", "page"),
)
_TAG: Final[Schema] = {**line(MAX_TAG_CHARS), "description": "Campaign tag of your own."}


def _basis(basis: Enrolling) -> Schema:
    return {"type": "string", "const": str(basis)}


ENROLMENT_SCHEMAS: Final[dict[str, Schema]] = {
    "NewSubscriber": {
        "oneOf": [ref(name) for name in BASES.values()],
        "discriminator": {
            "propertyName": "basis",
            "mapping": {
                str(basis): f"#/components/schemas/{name}" for basis, name in BASES.items()
            },
        },
    },
    "EnrolByDoubleOptIn": closed(
        {
            "basis": _basis(Enrolling.DOUBLE_OPT_IN),
            "email": ADDRESS,
            "form": SLUG,
            "boxes": _BOXES,
            "visitor": _VISITOR,
            "notice": _NOTICE,
            "fields": {**_TEXTS, "description": "The form's other fields, by name."},
            "language": LANGUAGE,
            "tag": _TAG,
        },
        *("notice", "fields", "language", "tag"),
    ),
    "EnrolAttested": {
        **closed(
            {
                "basis": _basis(Enrolling.ATTESTED),
                "email": ADDRESS,
                "form": SLUG,
                "notice": _NOTICE,
                "boxes": _BOXES,
                "at": {**TIME, "description": "When the person sent the boxes off."},
                "visitor": _VISITOR,
                "language": LANGUAGE,
                "attributes": _ATTRIBUTES,
                "tag": _TAG,
            },
            *("form", "notice", "language", "attributes", "tag"),
        ),
        "anyOf": [{"required": ["form"]}, {"required": ["notice"]}],
    },
    "EnrolBySoftOptIn": closed(
        {
            "basis": _basis(Enrolling.SOFT_OPT_IN),
            "email": ADDRESS,
            "brand": SLUG,
            "list": {**SLUG, "description": "Where campaigns find the person; without it, none."},
            "purpose": SLUG,
            "sale": closed({"reference": line(200), "product": line(200), "at": TIME}),
            "objection_offered": closed({"how": line(500), "at": TIME}),
            "language": LANGUAGE,
            "attributes": _ATTRIBUTES,
        },
        *("list", "language", "attributes"),
    ),
    "EnrolledSubscriber": shown(
        {
            "id": {"type": ["string", "null"], "description": "Null: the answer tells nothing."},
            "basis": one_of(Enrolling),
            "status": {"type": "string", "enum": ["accepted", "recorded", "blocked"]},
            "reason": {
                "type": ["string", "null"],
                "enum": [None, *(str(reason) for reason in Blocked)],
                "description": "What stands in the way, when blocked: nothing will be sent on it.",
            },
            "hygiene": {
                **shown(
                    {
                        "no_mail": {
                            "type": "boolean",
                            "description": "No mail arrives at the domain, as DNS says.",
                        },
                        "disposable": {"type": "boolean"},
                        "role": {"type": "boolean", "description": "Several people read it."},
                        "suggestion": {
                            "type": ["string", "null"],
                            "description": "The address that was probably meant.",
                        },
                    }
                ),
                "description": "What the address looks like, whoever has it.",
            },
        }
    ),
}
