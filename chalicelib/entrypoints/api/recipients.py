# SPDX-License-Identifier: Apache-2.0
"""Everybody in a campaign over the API, with what became of them.

Guarantees random ids and nothing else of a person: nothing is opened for an answer.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.accounting import read_asked
from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.frame import PAGED, Call, operation, page_answer

if TYPE_CHECKING:
    from chalicelib.services.recipients import Accounted


@operation(
    "GET",
    "/campaigns/{campaign}/recipients",
    KeyScope.READ,
    gives="RecipientPage",
    queries=("outcome", "reason", *PAGED),
)
def list_recipients(call: Call) -> Mapping[str, Any]:
    """List who is planned and what became of them; a page may be empty and not the last."""
    query = call.request.query
    asked = read_asked(
        [query["outcome"]] if "outcome" in query else [],
        [query["reason"]] if "reason" in query else [],
    )
    page = call.container.recipients.page(call.word("campaign"), asked, *call.paging())
    return page_answer(page, _shape)


OPERATIONS = (list_recipients,)


def _shape(person: "Accounted") -> Mapping[str, Any]:
    return {
        "subscriber": person.sid,
        "outcome": person.account,
        "reason": person.reason,
        "message_id": person.message_id,
    }
