# SPDX-License-Identifier: Apache-2.0
"""Suppressions over the API: added and looked up by address, listed without any."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.account_list import LISTED_REASONS
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.events import EMAIL, SuppressionReason
from chalicelib.domain.reach import EVERYWHERE, wanted_reach
from chalicelib.entrypoints.api.frame import PAGED, Call, operation, page_answer, rfc3339

if TYPE_CHECKING:
    from chalicelib.ports.ledger import Suppressed


@operation(
    "GET",
    "/suppressions",
    KeyScope.COMPLIANCE,
    gives="SuppressionPage",
    queries=("email", *PAGED),
)
def list_suppressions(call: Call) -> Mapping[str, Any]:
    """List suppressions, or those of one address; a page may be short before the last."""
    cursor, limit = call.paging()
    address = call.request.query.get("email")
    if address is not None:
        found = call.container.suppressions.find(address)
        return {"items": [_shape(item) for item in found], "next_cursor": None}
    return page_answer(call.container.suppressions.page(cursor, limit), _shape)


@operation(
    "POST",
    "/suppressions",
    KeyScope.COMPLIANCE,
    status=201,
    takes="NewSuppression",
    gives="AddedSuppression",
    echoed=("email",),
    conflicts=True,
)
def add_suppression(call: Call) -> Mapping[str, Any]:
    """Suppress an address for every brand, a brand or a list; repeating changes nothing."""
    body, address = call.body, call.body["email"]
    reach = wanted_reach(body.get("brand"), body.get("list"), body.get("channel", EMAIL))
    added = call.container.suppressions.add(address, body["reason"], reach)
    pushed = False
    if reach == EVERYWHERE and body["reason"] in LISTED_REASONS:
        reason = SuppressionReason(body["reason"])
        pushed = call.container.account_list_sync.outbound(address, reason, waits=False)
    return {**_shape(added), "email": address, "pushed": pushed}


OPERATIONS = (list_suppressions, add_suppression)


def _shape(row: "Suppressed") -> Mapping[str, Any]:
    return {
        "address_mac": row.mac,
        "brand": row.brand,
        "list": row.list,
        "channel": row.channel,
        "reason": row.reason,
        "since": rfc3339(row.since_ms),
        "entry": row.event,
    }
