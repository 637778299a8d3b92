# SPDX-License-Identifier: Apache-2.0
"""The API's own description, assembled from the operations that answer.

Guarantees that every operation, status and header stands in it: there is no second list.

Source: OpenAPI Specification 3.1.0.
"""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.domain.csv_rows import CSV
from chalicelib.domain.import_statement import DocumentKind
from chalicelib.entrypoints.api.account_schemas import OUTCOME, REASON
from chalicelib.entrypoints.api.frame import (
    BASE,
    DEFAULT_LIMIT,
    IDEMPOTENCY_KEY,
    MAX_CURSOR_CHARS,
    MAX_IDEMPOTENCY_CHARS,
    MAX_LIMIT,
    Operation,
)
from chalicelib.entrypoints.api.schemas import SCHEMAS
from chalicelib.entrypoints.api.shapes import ADDRESS, LANGUAGE, SLUG, one_of, ref, whole
from chalicelib.entrypoints.bodies import MULTIPART
from chalicelib.entrypoints.exchange import JSON, PROBLEM, ZIP

VERSION = "1"
_PARAMETER = re.compile(r"{(\w+)}")
_QUERIES: Mapping[str, Mapping[str, Any]] = {
    "cursor": {
        "description": "`next_cursor` of the page before.",
        "schema": {"type": "string", "maxLength": MAX_CURSOR_CHARS},
    },
    "limit": {
        "description": "Most items of a page.",
        "schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "default": DEFAULT_LIMIT,
        },
    },
    "email": {
        "description": "An address; then the answer holds what belongs to it, on one page.",
        "schema": ADDRESS,
    },
    "language": {"description": "One of the form's languages.", "schema": LANGUAGE},
    "outcome": {"description": "Only people of whom this is said.", "schema": OUTCOME},
    "reason": {"description": "Only people skipped for this.", "schema": REASON},
    "brand": {"description": "A brand's id.", "required": True, "schema": SLUG},
    "kind": {
        "description": "What a document shows.",
        "required": True,
        "schema": one_of(DocumentKind),
    },
    "open": {
        "description": "`true`: only what is still owed, by deadline.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    "skip_rendering": {
        "description": "`true`: whose mail cannot be made is left out, and the others get theirs.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    "accept_risk": {
        "description": "`true`: it goes on although the product stopped it. What was counted until "
        "now counts no more; what comes back from now on may stop it again.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    "sample": {
        "description": "`true`: name some who match; it is written down that somebody looked.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
}
_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "Location": {
        "description": "Address of what was made, or of what is to be fetched.",
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "`true` when this answer was given before.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"schema": {"type": "string"}},
    "Content-Disposition": {"schema": {"type": "string"}},
}
_IDEMPOTENCY: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Repeating a POST with the same key within 24 hours repeats its answer.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_IDEMPOTENCY_CHARS,
        "pattern": whole(IDEMPOTENCY_KEY),
    },
}
_REFUSALS: Mapping[int, str] = {
    400: "The body could not be read.",
    401: "No live API key came with the request.",
    403: "The key lacks the scope.",
    404: "There is nothing with this id.",
    409: "The present state does not allow it.",
    413: "The body is too large.",
    415: "The body is of another type than this reads.",
    422: "The request cannot be used; `code` and `errors` say why. Nothing was changed.",
    429: "Too much at once.",
    500: "Something went wrong on our side.",
    503: "A service we depend on did not answer.",
}
_FILES = (ZIP, CSV)
_ELSEWHERE: Mapping[str, Any] = {
    "description": "The file is large: fetch it at `Location`, within five minutes, without a key.",
    "headers": {"Location": {"$ref": "#/components/headers/Location"}},
}
_REFUSAL_HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def document(operations: Iterable[Operation], server: str = "/") -> dict[str, Any]:
    """Return the OpenAPI document of ``operations``."""
    paths: dict[str, dict[str, Any]] = {}
    for op in operations:
        paths.setdefault(BASE + op.path, {})[op.method.lower()] = _described(op)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kvitto",
            "version": VERSION,
            "description": "E-mail marketing that can prove every consent. "
            "Members may be added to answers, never renamed.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "headers": _HEADERS,
            "responses": {str(status): _refusal(status) for status in _REFUSALS},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def statuses(op: Operation) -> tuple[int, ...]:
    """Return every status but success that an operation can answer with."""
    found = {429, 500, 503}
    if op.scopes:
        found |= {401, 403}
    if op.reads or op.method == "POST":
        found |= {400, 409, 413, 422}
    if op.reads:
        found |= {415}
    if op.reads or op.finds or _PARAMETER.search(op.path):
        found |= {404}
    if op.queries:
        found |= {422}
    if op.conflicts:
        found |= {409}
    return tuple(sorted(found | {400, 413}))


def _described(op: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": op.id,
        "tags": [op.noun],
        "summary": op.summary,
        "parameters": _parameters(op),
        "responses": {
            **{
                str(status): _success(op, status)
                for status in sorted({op.status, *op.statuses.values()})
            },
            **({"303": _ELSEWHERE} if op.media_type in _FILES else {}),
            **{
                str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses(op)
            },
        },
        "security": [{"key": []}] if op.scopes else [],
    }
    if op.scopes:
        described["description"] = f"Needs a key with the scope {' or '.join(op.scopes)}."
    if op.reads:
        described["requestBody"] = {"required": True, "content": _bodies(op)}
    return described


def _bodies(op: Operation) -> dict[str, Any]:
    shaped = ((JSON, op.takes), (MULTIPART, op.form))
    return {
        **{kind: {"schema": ref(name)} for kind, name in shaped if name},
        **{kind: {} for kind in op.raw},
    }


def _parameters(op: Operation) -> list[dict[str, Any]]:
    path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": whole("[A-Za-z0-9_-]{1,256}")},
        }
        for name in _PARAMETER.findall(op.path)
    ]
    query = [{"name": name, "in": "query", **_QUERIES[name]} for name in op.queries]
    return path + query + ([dict(_IDEMPOTENCY)] if _is_remembered(op) else [])


def _is_remembered(op: Operation) -> bool:
    return op.method == "POST" and not op.looks


def _success(op: Operation, status: int) -> dict[str, Any]:
    names = [
        *(("Location",) if op.location else ()),
        *(("Idempotency-Replayed",) if _is_remembered(op) else ()),
        *(("Content-Disposition",) if op.media_type in _FILES else ()),
    ]
    success: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if names:
        success["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if op.gives:
        success["content"] = {op.media_type: {"schema": ref(op.gives)}}
        if op.has_page:
            success["content"]["text/html"] = {}
    elif op.status != HTTPStatus.NO_CONTENT:
        success["content"] = {op.media_type: {}}
    return success


def _refusal(status: int) -> dict[str, Any]:
    refusal: dict[str, Any] = {
        "description": _REFUSALS[status],
        "content": {PROBLEM: {"schema": ref("Problem")}},
    }
    names = _REFUSAL_HEADERS.get(status, ())
    if names:
        refusal["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return refusal
