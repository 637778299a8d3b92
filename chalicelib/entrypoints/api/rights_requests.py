# SPDX-License-Identifier: Apache-2.0
"""Rights requests over the API: enter what came by letter, answer, extend, refuse, lift.

Guarantees that an objection, a withdrawal and a restriction are in the ledger before the answer
leaves, and that no answer holds anything of the person but random ids.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.erasure import Ground
from chalicelib.domain.rights import (
    ExtensionReason,
    Medium,
    Received,
    RefusalGround,
    RestrictionGround,
    Right,
    article,
)
from chalicelib.domain.telling import Told, to_tell
from chalicelib.entrypoints.api.frame import (
    PAGED,
    Call,
    maybe_rfc3339,
    operation,
    page_answer,
    rfc3339,
)
from chalicelib.entrypoints.api.rights_schemas import SELECTORS
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.domain.rights import RightsRequest

_PATH = "/rights-requests/{request}"
_TOLD: Mapping[Told, str] = {
    Told.ANSWER: (
        "Tell the person what was done, or what they asked to see, before the deadline "
        "(GDPR Art. 12(3)); then record the answer here."
    ),
    Told.EXTENDED: (
        "Tell the person within the first month that the answer takes longer, and why "
        "(GDPR Art. 12(3))."
    ),
    Told.REFUSED: (
        "Tell the person without delay why, and that they may complain to a supervisory authority "
        "or go to court (GDPR Art. 12(4))."
    ),
    Told.RESTRICTED: (
        "Before the restriction is lifted, the person is to be told (GDPR Art. 18(3))."
    ),
    Told.LIFTED: (
        "The restriction has ended, unless another request of the person still restricts; the "
        "person was to be told before (GDPR Art. 18(3)). What they withdrew or objected to stays "
        "ended."
    ),
}


@operation(
    "GET",
    "/rights-requests",
    KeyScope.COMPLIANCE,
    gives="RightsRequestPage",
    queries=(*PAGED, "open"),
)
def list_rights_requests(call: Call) -> Mapping[str, Any]:
    """List rights requests; with `open=true` those still owed, by deadline."""
    wanted = call.request.query.get("open", "false")
    if wanted not in ("true", "false"):
        raise InputError("bad_open", "The query member open is true or false.")
    page = call.container.rights.page(*call.paging(), open_only=wanted == "true")
    now_ms = call.container.clock.now_ms()
    return page_answer(page, lambda each: shape(each, now_ms))


@operation(
    "POST",
    "/rights-requests",
    KeyScope.COMPLIANCE,
    status=201,
    takes="NewRightsRequest",
    gives="RightsRequest",
    location="/rights-requests/{id}",
    echoed=("received_by",),
)
def enter_rights_request(call: Call) -> Mapping[str, Any]:
    """Record a request that came by letter, phone or reply; it takes effect at once."""
    from chalicelib.services.rights import Erase  # noqa: PLC0415  # loads cryptography

    body = call.body
    made = call.container.rights.by_officer(
        {name: body[name] for name in SELECTORS if name in body},
        Right(body["right"]),
        body["brand"],
        Received(
            medium=Medium(body["medium"]),
            received_ms=moment(body["received_at"]),
            received_by=body["received_by"],
            entered_by=call.key_id,
        ),
        note=body.get("note"),
        ground=RestrictionGround(body.get("restriction_ground", RestrictionGround.OBJECTION)),
        erase=Erase(
            ground=Ground(body.get("erasure_ground", Ground.WITHDRAWN)),
            suppress=body.get("suppress", True),
            language=body.get("language", "en"),
        ),
    )
    return _shown(call, made)


@operation("GET", _PATH, KeyScope.COMPLIANCE, gives="RightsRequest")
def get_rights_request(call: Call) -> Mapping[str, Any]:
    """Get one rights request."""
    return _shown(call, call.container.rights.get(call.word("request")))


@operation("POST", f"{_PATH}/answer", KeyScope.COMPLIANCE, gives="RightsRequest")
def answer_rights_request(call: Call) -> Mapping[str, Any]:
    """Record that the person got their answer."""
    return _shown(call, call.container.right_answers.answer(call.word("request"), call.key_id))


@operation(
    "POST",
    f"{_PATH}/extend",
    KeyScope.COMPLIANCE,
    takes="RightsExtension",
    gives="RightsRequest",
)
def extend_rights_request(call: Call) -> Mapping[str, Any]:
    """Take two further months; the person is to be told why within the first."""
    reason = ExtensionReason(call.body["reason"])
    return _shown(
        call, call.container.right_answers.extend(call.word("request"), reason, call.key_id)
    )


@operation(
    "POST",
    f"{_PATH}/refuse",
    KeyScope.COMPLIANCE,
    takes="RightsRefusal",
    gives="RightsRequest",
)
def refuse_rights_request(call: Call) -> Mapping[str, Any]:
    """Refuse a request on a ground of the law; objections and withdrawals have none."""
    ground = RefusalGround(call.body["ground"])
    return _shown(
        call, call.container.right_answers.refuse(call.word("request"), ground, call.key_id)
    )


@operation("POST", f"{_PATH}/lift", KeyScope.COMPLIANCE, takes="RightsLift", gives="RightsRequest")
def lift_restriction(call: Call) -> Mapping[str, Any]:
    """End the restriction a request led to, once the person was told."""
    return _shown(call, call.container.right_answers.lift(call.word("request"), call.key_id))


@operation("POST", f"{_PATH}/note", KeyScope.COMPLIANCE, gives="RightsNote", looks=True)
def read_rights_note(call: Call) -> Mapping[str, Any]:
    """Read the sealed note of a request; an entry of the ledger says so first."""
    return {"note": call.container.rights.note(call.word("request"), call.key_id)}


OPERATIONS = (
    list_rights_requests,
    enter_rights_request,
    get_rights_request,
    answer_rights_request,
    extend_rights_request,
    refuse_rights_request,
    lift_restriction,
    read_rights_note,
)


def moment(text: str) -> int:
    """Return a time as the API writes it, Unix milliseconds.

    Example:
        >>> moment("2026-01-01T01:00:00+01:00")
        1767225600000

    Raises:
        InputError: no RFC 3339 time with its offset.
    """
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError
        return round(found.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InputError(
            "bad_received_at", "Say when it arrived with its offset, as 2026-01-31T12:00:00Z."
        ) from None


def _shown(call: Call, request: "RightsRequest") -> Mapping[str, Any]:
    return shape(request, call.container.clock.now_ms())


def shape(request: "RightsRequest", now_ms: int) -> Mapping[str, Any]:
    """Return a request in the API's shape; ``overdue`` is judged at ``now_ms``."""
    ground, told = request.ground, to_tell(request)
    return {
        "id": request.id,
        "right": request.right,
        "status": request.status,
        "brand": request.brand,
        "subscriber": request.sid,
        "medium": request.medium,
        "received_at": rfc3339(request.received_ms),
        "received_by": request.received_by,
        "entered_at": rfc3339(request.entered_ms),
        "due_at": rfc3339(request.due_ms),
        "extended_until": maybe_rfc3339(request.extended_until_ms),
        "overdue": request.is_open and request.is_late(now_ms),
        "answered_at": maybe_rfc3339(request.answered_ms),
        "restriction_ground": request.restriction,
        "extension_reason": request.extension,
        "refusal_ground": ground,
        "refusal_article": article(request.right, ground) if ground else None,
        "erasure": request.erasure,
        "closed_by_erasure": request.closed_by_erasure,
        "lifted_at": maybe_rfc3339(request.lifted_ms),
        "has_note": request.note is not None,
        "to_tell": _TOLD[told] if told else None,
    }
