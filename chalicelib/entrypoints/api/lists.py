# SPDX-License-Identifier: Apache-2.0
"""Lists over the API: what people join."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.catalog import MailingList
from chalicelib.entrypoints.api.frame import PAGED, Call, operation, page_answer, rfc3339


@operation("GET", "/lists", KeyScope.READ, gives="ListPage", queries=PAGED)
def list_lists(call: Call) -> Mapping[str, Any]:
    """List lists."""
    return page_answer(call.container.setup.lists(*call.paging()), _shape)


@operation(
    "POST",
    "/lists",
    KeyScope.MARKETING,
    status=201,
    takes="NewList",
    gives="List",
    location="/lists/{id}",
    conflicts=True,
)
def create_list(call: Call) -> Mapping[str, Any]:
    """Make a list; its id stands in the public ledger, so it should say nothing intimate."""
    body = call.body
    return _shape(call.container.setup.add_list(body["id"], body["brand"], body["name"]))


@operation("GET", "/lists/{list}", KeyScope.READ, gives="List")
def get_list(call: Call) -> Mapping[str, Any]:
    """Get one list."""
    return _shape(call.container.setup.list(call.word("list")))


OPERATIONS = (list_lists, create_list, get_list)


def _shape(item: MailingList) -> Mapping[str, Any]:
    return {
        "id": item.id,
        "brand": item.brand,
        "name": item.name,
        "created_at": rfc3339(item.created_ms),
    }
