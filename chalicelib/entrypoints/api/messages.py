# SPDX-License-Identifier: Apache-2.0
"""Messages of a service over the API: one to one known person, from a template.

Guarantees that a request repeated under its Idempotency-Key makes one message, for as long as the
message is kept. Refuses who is unknown or must not be written to, and stores nothing of them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.frame import Call, operation, rfc3339

if TYPE_CHECKING:
    from chalicelib.domain.messages import ServiceMessage


@operation(
    "POST",
    "/messages",
    KeyScope.MARKETING,
    status=202,
    takes="NewMessage",
    gives="MessageStatus",
    location="/messages/{id}",
    conflicts=True,
)
def send_message(call: Call) -> Mapping[str, Any]:
    """Mail a known person something they wait for; nothing in it is counted."""
    from chalicelib.services.messages import Asked  # noqa: PLC0415  # loads cryptography

    body = call.body
    wanted = call.request.headers.get("idempotency-key")
    message = call.container.service_messages.accept(
        Asked(
            template=body["template"],
            data=body["data"],
            email=body.get("email"),
            subscriber=body.get("subscriber"),
            language=body.get("language"),
            once="" if wanted is None else f"{call.key_id}#{wanted}",
        )
    )
    return {"id": message.id, "status": message.status}


@operation("GET", "/messages/{message}", KeyScope.READ, gives="Message")
def get_message(call: Call) -> Mapping[str, Any]:
    """Get what became of a message; it is kept for 7 days."""
    return _shape(call.container.service_messages.get(call.word("message")))


OPERATIONS = (send_message, get_message)


def _shape(message: "ServiceMessage") -> Mapping[str, Any]:
    return {
        "id": message.id,
        "status": message.status,
        "reason": message.reason,
        "subscriber": message.sid,
        "template": message.template,
        "language": message.language,
        "tries": message.tries,
        "created_at": rfc3339(message.created_ms),
        "changed_at": rfc3339(message.changed_ms),
    }
