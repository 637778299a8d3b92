# SPDX-License-Identifier: Apache-2.0
"""Subscribers over the API: nothing here makes consent; the ledger notes each look."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.frame import PAGED, Call, operation, page_answer

if TYPE_CHECKING:
    from chalicelib.services.subscribers import Subscriber


@operation(
    "GET",
    "/subscribers",
    KeyScope.MARKETING,
    KeyScope.COMPLIANCE,
    gives="SubscriberPage",
    queries=("email", *PAGED),
)
def list_subscribers(call: Call) -> Mapping[str, Any]:
    """List subscribers, or find the one with an address."""
    cursor, limit = call.paging()
    address = call.request.query.get("email")
    if address is not None:
        found = call.container.subscribers.by_address(address)
        return {"items": [_shape(item) for item in found], "next_cursor": None}
    return page_answer(call.container.subscribers.page(cursor, limit), _shape)


@operation(
    "GET",
    "/subscribers/{subscriber}",
    KeyScope.MARKETING,
    KeyScope.COMPLIANCE,
    gives="Subscriber",
)
def get_subscriber(call: Call) -> Mapping[str, Any]:
    """Get one subscriber."""
    return _shape(call.container.subscribers.get(call.word("subscriber")))


OPERATIONS = (list_subscribers, get_subscriber)


def _shape(subscriber: "Subscriber") -> Mapping[str, Any]:
    return {
        "id": subscriber.id,
        "email": subscriber.email,
        "language": subscriber.language,
        "attributes": dict(subscriber.attributes),
        "lists": [{"id": list_id, "status": status} for list_id, status in subscriber.lists],
        "suppressed": subscriber.suppressed,
    }
