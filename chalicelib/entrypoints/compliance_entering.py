# SPDX-License-Identifier: Apache-2.0
"""The form an officer enters a rights request with: who and when it means, what is wrong in it.

Guarantees that every problem is named by its field, all of them at once and in the form's order,
before anything is recorded. What only the records know, such as whom a link leads to, is not
looked up here.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.erasure import REQUESTABLE
from chalicelib.domain.rights import (
    GDPR_APPLIES_MS,
    MAX_NOTE_CHARS,
    Medium,
    Received,
    RestrictionGround,
    Right,
    require_receipt,
)
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

NOON_H = 12
"""A date without a time stands for its noon: the deadline asks for the day alone."""
ENTERED = tuple(medium for medium in Medium if medium is not Medium.PAGE)

_GROUNDS = frozenset({"", *RestrictionGround})
_ERASURES = frozenset({"", *REQUESTABLE})

Fields = Mapping[str, str]


class Wrong(StrEnum):
    """What is wrong with a field; the page has a sentence for each."""

    NO_PERSON = "no_person"
    UNREAD = "unread"
    NOBODY = "nobody"
    NO_RIGHT = "no_right"
    NO_BRAND = "no_brand"
    NO_MEDIUM = "no_medium"
    NO_DAY = "no_day"
    NO_RECEIVER = "no_receiver"
    NOT_OFFERED = "not_offered"
    LONG_NOTE = "long_note"
    NOTE_OF_STRANGER = "note_of_stranger"


def wrong_fields(container: "Container", fields: Fields) -> dict[str, Wrong]:
    """Return what is wrong with each field of the form, in the form's order; {} for nothing."""
    chosen = selector(fields)
    by = fields.get("received_by", "")
    checked = (
        ("who", Wrong.NO_PERSON, any(chosen.values())),
        ("who", Wrong.UNREAD, not any(chosen.values()) or _is_read(chosen)),
        ("right", Wrong.NO_RIGHT, fields.get("right") in set(Right)),
        ("brand", Wrong.NO_BRAND, container.brands.get(fields.get("brand", "")) is not None),
        ("medium", Wrong.NO_MEDIUM, fields.get("medium") in ENTERED),
        ("received_on", Wrong.NO_DAY, _is_day(container, fields)),
        ("received_by", Wrong.NO_RECEIVER, _is_taken(GDPR_APPLIES_MS, by, GDPR_APPLIES_MS)),
        ("restriction", Wrong.NOT_OFFERED, fields.get("restriction", "") in _GROUNDS),
        ("erasure", Wrong.NOT_OFFERED, fields.get("erasure", "") in _ERASURES),
        ("note", Wrong.LONG_NOTE, len(note_of(fields) or "") <= MAX_NOTE_CHARS),
    )
    return {field: wrong for field, wrong, is_right in checked if not is_right}


def selector(fields: Fields) -> dict[str, str]:
    """Return who is meant, as the services ask: an id, an address, or a link."""
    who = fields.get("who", "").strip()
    if subscriber := fields.get("subscriber"):
        return {"subscriber": subscriber}
    return {"email" if "@" in who and "/" not in who else "token": who}


def note_of(fields: Fields) -> str | None:
    """Return the note as typed; None without one."""
    return fields.get("note", "").replace("\r\n", "\n") or None


def received_ms(container: "Container", fields: Fields) -> int:
    """Return noon of the day, where the brand's controller is; of today at the latest now.

    Raises:
        InputError: no date.
    """
    brand = container.brands.get(fields.get("brand", ""))
    zone = ZoneInfo(brand.zone if brand else "UTC")
    now_ms = container.clock.now_ms()
    try:
        day = datetime.strptime(fields.get("received_on", ""), "%Y-%m-%d")  # noqa: DTZ007  # see zone
    except ValueError:
        raise InputError("bad_received_at", "Say on which day it arrived.") from None
    noon_ms = round(day.replace(hour=NOON_H, tzinfo=zone).timestamp() * 1000)
    is_today = day.date() == datetime.fromtimestamp(now_ms / 1000, zone).date()
    return min(noon_ms, now_ms) if is_today else noon_ms


def _is_read(chosen: Mapping[str, str]) -> bool:
    try:
        if "email" in chosen:
            parse_address(chosen["email"])
    except InputError:
        return False
    return True


def _is_day(container: "Container", fields: Fields) -> bool:
    try:
        at_ms = received_ms(container, fields)
    except InputError:
        return False
    return _is_taken(at_ms, "-", container.clock.now_ms())


def _is_taken(at_ms: int, by: str, now_ms: int) -> bool:
    try:
        require_receipt(Received(medium=Medium.LETTER, received_ms=at_ms, received_by=by), now_ms)
    except InputError:
        return False
    return True
