# SPDX-License-Identifier: Apache-2.0
"""API keys over the API: made, shown once, listed without their text, revoked."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.api_keys import ApiKey, KeyScope
from chalicelib.entrypoints.api.frame import (
    PAGED,
    Call,
    maybe_rfc3339,
    operation,
    page_answer,
    rfc3339,
)


@operation("GET", "/api-keys", KeyScope.ADMIN, gives="ApiKeyPage", queries=PAGED)
def list_api_keys(call: Call) -> Mapping[str, Any]:
    """List API keys, revoked ones among them."""
    return page_answer(call.container.key_ring.page(*call.paging()), _shape)


@operation(
    "POST",
    "/api-keys",
    KeyScope.ADMIN,
    status=201,
    takes="NewApiKey",
    gives="MadeApiKey",
    location="/api-keys/{id}",
    secret=("key",),
)
def create_api_key(call: Call) -> Mapping[str, Any]:
    """Make an API key and show it this once."""
    scopes = [KeyScope(scope) for scope in call.body["scopes"]]
    text, key = call.container.key_ring.create(call.body["name"], scopes)
    return {**_shape(key), "key": text}


@operation("GET", "/api-keys/{api_key}", KeyScope.ADMIN, gives="ApiKey")
def get_api_key(call: Call) -> Mapping[str, Any]:
    """Get one API key, without its text."""
    return _shape(call.container.key_ring.get(call.word("api_key")))


@operation("DELETE", "/api-keys/{api_key}", KeyScope.ADMIN, status=204, conflicts=True)
def revoke_api_key(call: Call) -> None:
    """Revoke an API key and end the console sessions made with it; repeating is harmless."""
    call.container.key_ring.revoke(call.word("api_key"))


OPERATIONS = (list_api_keys, create_api_key, get_api_key, revoke_api_key)


def _shape(key: ApiKey) -> Mapping[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": rfc3339(key.created_ms),
        "revoked_at": maybe_rfc3339(key.revoked_ms),
    }
