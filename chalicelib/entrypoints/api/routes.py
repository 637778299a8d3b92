# SPDX-License-Identifier: Apache-2.0
"""Every operation of the API, declared once: the routes and the description come from this list."""

from itertools import groupby
from typing import Any

from chalice.app import Blueprint

from chalicelib.entrypoints.api import (
    api_keys,
    brands,
    campaigns,
    erasures,
    finding,
    forms,
    lists,
    proofs,
    rights_requests,
    subscribers,
    suppressions,
)
from chalicelib.entrypoints.api.frame import BASE, Call, operation
from chalicelib.entrypoints.api.openapi import document
from chalicelib.entrypoints.routing import route


@operation("GET", "/openapi.json")
def get_openapi(call: Call) -> dict[str, Any]:
    """Get this description; no key is needed."""
    return document(OPERATIONS, call.container.settings.base_url)


OPERATIONS = (
    get_openapi,
    *subscribers.OPERATIONS,
    *finding.OPERATIONS,
    *lists.OPERATIONS,
    *forms.OPERATIONS,
    *brands.OPERATIONS,
    *campaigns.OPERATIONS,
    *suppressions.OPERATIONS,
    *proofs.OPERATIONS,
    *erasures.OPERATIONS,
    *rights_requests.OPERATIONS,
    *api_keys.OPERATIONS,
)

endpoints = Blueprint(__name__)
for _path, _group in groupby(sorted(OPERATIONS, key=lambda op: op.path), key=lambda op: op.path):
    route(endpoints, BASE + _path, {op.method: op.served() for op in _group})
