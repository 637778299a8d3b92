# SPDX-License-Identifier: Apache-2.0
"""What the API's schemas are made of.

Guarantees that request schemas are closed (an unknown member is refused, never ignored) and that
answer schemas are open: members may be added, never renamed.

Source: JSON Schema 2020-12, as OpenAPI 3.1 uses it.
"""

from collections.abc import Iterable
from typing import Any, Final

from chalicelib.domain.catalog import LANGUAGES, MAX_NAME_CHARS

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
LINE: Final = whole(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")
PARAMETER: Final = whole("[a-z][a-z0-9_]{0,31}")
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
MAYBE: Final[Schema] = {"type": ["string", "null"]}
MAYBE_TIME: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
BOOLEAN: Final[Schema] = {"type": "boolean"}


def line(max_chars: int = MAX_NAME_CHARS) -> Schema:
    """Return the schema of one line of text, not empty."""
    return {"type": "string", "minLength": 1, "maxLength": max_chars, "pattern": LINE}


def one_of(words: Iterable[str], description: str = "") -> Schema:
    """Return the schema of one word of a closed vocabulary."""
    told = {"description": description} if description else {}
    return {"type": "string", "enum": [str(word) for word in words], **told}


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
LANGUAGE: Final[Schema] = {"type": "string", "enum": list(LANGUAGES)}
