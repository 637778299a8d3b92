# SPDX-License-Identifier: Apache-2.0
"""Subscribers over the API: listed, looked at, and taken in on one of three bases.

Guarantees that nothing here makes a consent of its own, and that the ledger notes each look.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.enrolment import Enrolled, Enrolling, Person, Sale, Shown, bad_basis
from chalicelib.entrypoints.api.enrolment_schemas import BASES
from chalicelib.entrypoints.api.frame import (
    PAGED,
    Call,
    maybe_rfc3339,
    operation,
    page_answer,
    unix_ms,
)

if TYPE_CHECKING:
    from chalicelib.services.health_sight import HealthSeen
    from chalicelib.services.signup import Session
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
    gives="SubscriberWithHealth",
)
def get_subscriber(call: Call) -> Mapping[str, Any]:
    """Get one subscriber, and how well mail reaches them."""
    subscriber = call.container.subscribers.get(call.word("subscriber"))
    seen = call.container.health_sight.of(subscriber.id)
    return {**_shape(subscriber), "health": None if seen is None else _health(seen)}


def _basis_of(body: object) -> str:
    """The schema of the body's basis.

    Raises:
        InputError: it names none of the three, or none at all.
    """
    basis = body.get("basis") if isinstance(body, dict) else None
    if not isinstance(basis, str) or basis not in BASES:
        raise bad_basis()
    return BASES[Enrolling(basis)]


@operation(
    "POST",
    "/subscribers",
    KeyScope.MARKETING,
    status=201,
    takes="NewSubscriber",
    picks=_basis_of,
    statuses={"accepted": 202},
    gives="EnrolledSubscriber",
    conflicts=True,
)
def enrol_subscriber(call: Call) -> Mapping[str, Any]:
    """Take somebody in on a basis: double-opt-in, attested or soft-opt-in; none makes consent."""
    basis = Enrolling(call.body["basis"])
    enrolled = {
        Enrolling.DOUBLE_OPT_IN: _ask,
        Enrolling.ATTESTED: _attest,
        Enrolling.SOFT_OPT_IN: _buyer,
    }[basis](call)
    if basis is Enrolling.DOUBLE_OPT_IN:
        status = "accepted"
    else:
        status = "blocked" if enrolled.blocked else "recorded"
    return {
        "id": enrolled.sid,
        "basis": str(basis),
        "status": status,
        "reason": enrolled.blocked and str(enrolled.blocked),
        "hygiene": {
            "no_mail": enrolled.hygiene.no_mail,
            "disposable": enrolled.hygiene.disposable,
            "role": enrolled.hygiene.role,
            "suggestion": enrolled.hygiene.suggestion,
        },
    }


OPERATIONS = (list_subscribers, get_subscriber, enrol_subscriber)


def _ask(call: Call) -> Enrolled:
    fields = call.body.get("fields", {})
    return call.container.enrolment.ask(_person(call), _seen(call), fields, _session(call))


def _attest(call: Call) -> Enrolled:
    at_ms = unix_ms(call.body["at"], "at")
    return call.container.enrolment.attest(_person(call), _seen(call), at_ms, _session(call))


def _buyer(call: Call) -> Enrolled:
    body, sold, offered = call.body, call.body["sale"], call.body["objection_offered"]
    sale = Sale(
        reference=sold["reference"],
        product=sold["product"],
        at_ms=unix_ms(sold["at"], "sale.at"),
        objection_how=offered["how"],
        objection_at_ms=unix_ms(offered["at"], "objection_offered.at"),
    )
    person = _person(call)
    return call.container.enrolment.buyer(
        person, body["brand"], body.get("list"), body["purpose"], sale
    )


def _person(call: Call) -> Person:
    return Person(
        email=call.body["email"],
        language=call.body.get("language", ""),
        attributes=call.body.get("attributes", {}),
        entered_by=call.key_id,
    )


def _seen(call: Call) -> Shown:
    return Shown(
        form=call.body.get("form", ""),
        notice=call.body.get("notice", ""),
        boxes=call.body["boxes"],
        tag=call.body.get("tag", ""),
    )


def _session(call: Call) -> "Session":
    from chalicelib.services.signup import Session  # noqa: PLC0415  # loads cryptography

    visitor = call.body["visitor"]
    return Session(
        network=visitor["ip"],
        user_agent=visitor.get("user_agent", ""),
        page=visitor.get("page", ""),
        language=call.body.get("language", ""),
    )


def _health(seen: "HealthSeen") -> Mapping[str, Any]:
    return {
        "status": str(seen.status),
        "resting_until": maybe_rfc3339(seen.resting_until_ms),
        "story": [
            {
                "code": str(said.code),
                "at": maybe_rfc3339(said.at_ms),
                "days": said.days,
                "until": maybe_rfc3339(said.until_ms),
            }
            for said in seen.story
        ],
    }


def _shape(subscriber: "Subscriber") -> Mapping[str, Any]:
    return {
        "id": subscriber.id,
        "email": subscriber.email,
        "language": subscriber.language,
        "attributes": dict(subscriber.attributes),
        "lists": [{"id": list_id, "status": status} for list_id, status in subscriber.lists],
        "suppressed": subscriber.suppressed,
    }
