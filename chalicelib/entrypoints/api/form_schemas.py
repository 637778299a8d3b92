# SPDX-License-Identifier: Apache-2.0
"""The schemas of forms. A box or field has no member that could tick or choose beforehand.

Guarantees what `schemas` does; what a form answers can be sent again, but ``notices`` and
``findings``, which are ours.
"""

from typing import Final

from chalicelib.domain.catalog import LANGUAGES, MAX_NAME_CHARS
from chalicelib.domain.form_lint import FindingCode, Severity
from chalicelib.domain.forms import (
    MAX_CHOICE_CHARS,
    MAX_CHOICES,
    MAX_CORNER_PX,
    MAX_FIELDS,
    MAX_FILL_S,
    MAX_LINK_CHARS,
    MAX_NUMBER,
    MAX_ORIGINS,
    FieldType,
    Rule,
    Scheme,
)
from chalicelib.domain.parameters import RESERVED_NAMES
from chalicelib.entrypoints.api.shapes import (
    BOOLEAN,
    COUNT,
    LANGUAGE,
    MAX_SENTENCE_CHARS,
    PARAMETER,
    SLUG,
    TIME,
    Schema,
    closed,
    line,
    listed,
    page_of,
    shown,
    texts,
    whole,
)

OWN_WORD: Final = "check"
"""``/forms/check`` is an address of ours, so no form has this id."""
_NAME: Final[Schema] = {
    "type": "string",
    "pattern": PARAMETER,
    "not": {"enum": sorted(RESERVED_NAMES)},
}
_LINK: Final[Schema] = {
    "type": "string",
    "maxLength": MAX_LINK_CHARS,
    "pattern": whole("https?://[!-~]+"),
    "description": "`https`; `http` only of this machine.",
}
_MAYBE_LINK: Final[Schema] = {**_LINK, "type": ["string", "null"]}
_HINT: Final[Schema] = {
    "type": "object",
    "properties": {code: line(300) for code in LANGUAGES},
    "additionalProperties": False,
}
_BOUND: Final[Schema] = {
    "type": ["integer", "null"],
    "minimum": -MAX_NUMBER,
    "maximum": MAX_NUMBER,
}
_DAY: Final[Schema] = {"type": ["string", "null"], "pattern": whole(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")}
_CHOICE: Final[Schema] = {
    "value": {
        "type": "string",
        "maxLength": MAX_CHOICE_CHARS,
        "pattern": whole("[A-Za-z0-9][A-Za-z0-9_.-]*"),
    },
    "label": texts(200),
}
_FIELD: Final[Schema] = {
    "name": _NAME,
    "type": {
        "type": "string",
        "enum": list(FieldType),
        "description": "`tick` is a plain fact, such as terms; consent is a box.",
    },
    "label": texts(300),
    "required": BOOLEAN,
    "max_chars": {"type": "integer", "minimum": 1, "maximum": 1000},
    "autocomplete": {"type": "string", "pattern": whole("[a-z][a-z0-9 -]{0,60}")},
    "hint": _HINT,
    "choices": {"type": "array", "items": closed(_CHOICE), "maxItems": MAX_CHOICES},
    "min": _BOUND,
    "max": _BOUND,
    "earliest": _DAY,
    "latest": _DAY,
}
_BOX: Final[Schema] = {
    "name": _NAME,
    "purpose": SLUG,
    "text": texts(MAX_SENTENCE_CHARS),
    "mandatory": BOOLEAN,
}
_LOOK: Final[Schema] = {
    "accent": {"type": "string", "pattern": whole("#[0-9a-f]{6}")},
    "corner_px": {"type": "integer", "minimum": 0, "maximum": MAX_CORNER_PX},
    "scheme": {"type": "string", "enum": list(Scheme)},
}
_RULE: Final[Schema] = {"type": "string", "enum": list(Rule)}
_GUARD: Final[Schema] = {
    "disposable": _RULE,
    "role": _RULE,
    "min_fill_s": {"type": "integer", "minimum": 0, "maximum": MAX_FILL_S},
    "no_mail": {
        **_RULE,
        "description": "What is done with an address at whose domain no mail arrives, as DNS says.",
    },
}
_GIFT: Final[Schema] = {"name": texts(MAX_NAME_CHARS), "url": _LINK}
_ORIGIN: Final[Schema] = {"type": "string", "pattern": whole(r"https?://[a-z0-9.:\[\]-]{1,255}")}
_FORM: Final[Schema] = {
    "id": SLUG,
    "brand": SLUG,
    "lists": listed(SLUG, 1, 20),
    "title": texts(MAX_NAME_CHARS),
    "promise": texts(MAX_SENTENCE_CHARS),
    "redirect_url": _MAYBE_LINK,
    "origins": {
        **listed(_ORIGIN, 0, MAX_ORIGINS),
        "description": "Sites whose scripts may submit the form, compared exactly.",
    },
}
_ASKED: Final = ("name", "type", "label")
_SETTINGS: Final = ("redirect_url", "origins", "gift", "look", "guard")
_NEW: Final[Schema] = {
    **_FORM,
    "id": {**SLUG, "not": {"const": OWN_WORD}},
    "gift": {**closed(_GIFT), "type": ["object", "null"]},
    "look": closed(_LOOK, *_LOOK),
    "guard": closed(_GUARD, *_GUARD),
    "fields": {
        "type": "array",
        "items": closed(
            _FIELD, *(name for name in _FIELD if name not in ("name", "type", "label"))
        ),
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
_VERSION: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 999_999}
_FINDINGS: Final[Schema] = {
    "type": "array",
    "description": "What the lint names; an error keeps a form from being published.",
    "items": shown(
        {
            "code": {"type": "string", "enum": list(FindingCode)},
            "severity": {"type": "string", "enum": list(Severity)},
            "language": LANGUAGE,
            "place": {"type": "string"},
            "detail": {"type": "string"},
        }
    ),
}

FORM_SCHEMAS: Final[dict[str, Schema]] = {
    "NewForm": closed(_NEW, *_SETTINGS),
    "ChangedForm": closed(
        {**_NEW, "version": {**_VERSION, "description": "The current one, as you read it."}},
        *_SETTINGS,
    ),
    "Form": shown(
        {
            **_FORM,
            "gift": {**shown(_GIFT), "type": ["object", "null"]},
            "look": shown(_LOOK),
            "guard": shown(_GUARD),
            "version": _VERSION,
            "fields": {
                "type": "array",
                "items": shown({**_FIELD, "choices": {"type": "array", "items": shown(_CHOICE)}}),
            },
            "boxes": {"type": "array", "items": shown(_BOX)},
            "notices": {
                "type": "array",
                "items": shown(
                    {
                        "language": LANGUAGE,
                        "sha256": {"type": "string"},
                        "text_sha256": {"type": "string"},
                        "form_sha256": {
                            "type": "string",
                            "description": "Of the stored descriptor; empty before there was one.",
                        },
                        "published_at": TIME,
                    }
                ),
            },
            "findings": _FINDINGS,
        }
    ),
    "FormPage": page_of("Form"),
    "FormFindings": shown({"findings": _FINDINGS}),
    "Snippet": shown(
        {
            "language": LANGUAGE,
            "version": {**COUNT, "description": "The form's version it was made from."},
            "html": {"type": "string", "description": "Works without JavaScript, on any site."},
            "script": {"type": "string", "description": "One tag instead, where scripts may run."},
        }
    ),
}
