# SPDX-License-Identifier: Apache-2.0
"""Every operation of the API, for its description; `addresses` has their paths."""

from typing import Any

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
from chalicelib.entrypoints.api.frame import Call, operation
from chalicelib.entrypoints.api.openapi import document


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
