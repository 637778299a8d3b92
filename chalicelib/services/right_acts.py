# SPDX-License-Identifier: Apache-2.0
"""What a request about a person's data writes into their chain.

Guarantees that the request and what takes effect at once are entries of one append, and that their
leaves hold words of closed lists only; who took a letter and when is sealed beside them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from chalicelib.domain.consent import acts_of_withdrawal
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.forms import MAX_TYPED_CHARS
from chalicelib.domain.ids import decode_id
from chalicelib.domain.rights import Medium, Right, RightsRequest, via_of
from chalicelib.domain.state import Scope
from chalicelib.errors import InputError
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.erasure import RESTRICTED_FOR
from chalicelib.services.ledger import Chain, Draft
from chalicelib.services.signup import Session
from chalicelib.vocabulary import EventType

MAX_CHANGES = 40
MAX_NAME_CHARS = 40
LANGUAGE = "language"
"""The one change that is of the profile itself; all others are of an attribute."""


def about(made: RightsRequest, event: EventType, claims: Claims | None = None) -> Draft:
    """Return the ``right.*`` entry that says how a request stands."""
    by_us = Via.PAGE if made.medium is Medium.PAGE else Via.OPERATOR
    return Draft(
        type=event,
        brand=made.brand,
        channel=None,
        reason=made.right,
        via=via_of(made.medium) if event is EventType.RIGHT_REQUESTED else by_us,
        claims=claims or Claims(),
    )


def drafts_of(
    made: RightsRequest, chain: Chain, claims: Claims, *, answered: bool
) -> tuple[Draft, ...]:
    """Return the request, what takes effect at once, and the answer when this is it.

    A withdrawal is no ``right.*`` event: of it only ``consent.withdrawn`` is left, or nothing when
    the mail has stopped already.
    """
    acts = acts_of(made, chain, claims)
    if made.right is Right.WITHDRAWAL:
        return acts
    asked = about(made, EventType.RIGHT_REQUESTED, claims)
    told = (about(made, EventType.RIGHT_ANSWERED, Claims(link=claims.link)),) if answered else ()
    return (asked, *acts, *told)


def acts_of(made: RightsRequest, chain: Chain, claims: Claims) -> tuple[Draft, ...]:
    """Return what takes effect at once; a second restriction says nothing new."""
    via = via_of(made.medium)
    if made.right is Right.WITHDRAWAL:
        stops = acts_of_withdrawal(chain.state, Scope(made.brand, EMAIL))
        return tuple(Draft(type=stop, brand=made.brand, via=via, claims=claims) for stop in stops)
    if made.right is Right.OBJECTION:
        objection = EventType.OBJECTION_RECORDED
        return (Draft(type=objection, brand=made.brand, via=via, claims=claims),)
    reasons = {Right.RESTRICTION: made.restriction, Right.ERASURE: RESTRICTED_FOR}
    reason = reasons.get(made.right)
    if reason is None or chain.state.restricted:
        return ()
    restricted = EventType.SUBJECT_RESTRICTED
    return (Draft(type=restricted, channel=None, reason=reason, via=via, claims=claims),)


def chosen(made: RightsRequest, session: Session, changes: Mapping[str, str] | None) -> Claims:
    """Return what is sealed of a request that a person made themselves, from a page."""
    choice: dict[str, JsonValue] | None = {**changes} if changes else None
    return Claims(session=session.claim(), choice=choice, link={"rights_request": made.id})


def taken(made: RightsRequest) -> Claims:
    """Return what is sealed of a request that an officer entered: how, when and by whom taken."""
    received = datetime.fromtimestamp(made.received_ms / 1000, UTC).isoformat(timespec="seconds")
    return Claims(
        session={
            "medium": str(made.medium),
            "received_at": received.replace("+00:00", "Z"),
            "received_by": made.received_by,
        },
        link={"rights_request": made.id, "key": made.entered_by},
    )


def open_note(chain: Chain, request: RightsRequest) -> str | None:
    """Return what an officer noted of a request; None without a note."""
    if request.note is None:
        return None
    return chain.keys.open_event(decode_id(request.id), request.note).decode("utf-8")


def require_changes(changes: Mapping[str, str]) -> None:
    """Check what a person says is right.

    Raises:
        InputError: nothing at all, too much, or what no form could have asked for.
    """
    usable = all(
        name.isprintable()
        and 1 <= len(name) <= MAX_NAME_CHARS
        and (value.isprintable() or not value)
        for name, value in changes.items()
    )
    is_long = sum(len(value) for value in changes.values()) > MAX_TYPED_CHARS
    if not changes or len(changes) > MAX_CHANGES or is_long or not usable:
        raise InputError("bad_changes", "Say what is to be changed, each in one line.")


def changed(profile: Mapping[str, JsonValue], changes: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return a profile with what the person says is right; an empty value takes an attribute away.

    The address is no attribute: another address is a new sign-up with its own confirmation.
    """
    held = profile.get("attributes")
    attributes = {**(held if isinstance(held, dict) else {}), **changes}
    attributes.pop(LANGUAGE, None)
    return {
        **profile,
        LANGUAGE: changes.get(LANGUAGE) or profile[LANGUAGE],
        "attributes": {name: value for name, value in attributes.items() if value != ""},
    }
