# SPDX-License-Identifier: Apache-2.0
"""Customer events over the API: a shop's order, cart or visit, one or several in a request.

Guarantees that of several events each stands for itself: what is wrong with one stops no other,
and when the request fails half-way, sending it all again counts nothing twice. An event's own id
does what an Idempotency-Key does elsewhere, so no answer is remembered.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.customer_event_body import EventError
from chalicelib.entrypoints.api.events_schemas import MAX_EVENTS
from chalicelib.entrypoints.api.frame import Call, operation

if TYPE_CHECKING:
    from chalicelib.services.customer_events import Taken

MAX_BYTES: Final = 256 * 1024
_SEVERAL: Final = "events"


@operation(
    "POST",
    "/events",
    KeyScope.EVENTS,
    KeyScope.MARKETING,
    statuses={"kept": 201},
    takes="NewEvents",
    gives="EventAnswer",
    max_bytes=MAX_BYTES,
    judges=True,
    looks=True,
)
def tell_events(call: Call) -> Mapping[str, Any]:
    """Tell what somebody did in another system: an event, or up to 25; each counts once."""
    if _SEVERAL in call.body:
        events = _several(call.body)
        return {"items": [_one(call, event, place) for place, event in enumerate(events)]}
    return _shape(call.container.customer_events.take(call.body))


OPERATIONS = (tell_events,)


def _several(body: Mapping[str, Any]) -> list[object]:
    problems = {name: "unknown" for name in body if name != _SEVERAL}
    events = body[_SEVERAL]
    if not isinstance(events, list):
        problems[_SEVERAL] = "wrong_type"
    elif not events:
        problems[_SEVERAL] = "empty"
    elif len(events) > MAX_EVENTS:
        problems[_SEVERAL] = "too_many"
    if problems:
        raise EventError(problems)
    return list(events)


def _one(call: Call, event: object, place: int) -> Mapping[str, Any]:
    try:
        taken = call.container.customer_events.take(event, f"{_SEVERAL}[{place}]")
    except EventError as error:
        own = event.get("id") if isinstance(event, dict) else None
        return {
            "id": own if isinstance(own, str) else None,
            "status": "refused",
            "reason": None,
            "errors": [{"field": field, "code": code} for field, code in error.problems.items()],
        }
    return {**_shape(taken), "errors": []}


def _shape(taken: "Taken") -> Mapping[str, Any]:
    return {"id": taken.id, "status": taken.status, "reason": taken.reason}
