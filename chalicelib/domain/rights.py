# SPDX-License-Identifier: Apache-2.0
"""Requests of people about their data: rights, deadlines, extensions, grounds to refuse.

Guarantees that every request has a deadline no later than the law's, that an extension or a refusal
names a reason of a closed list, and that an objection to direct marketing and a withdrawal are
never refused (docs/spec/rights.md). Holds ids and words of closed lists only.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId, JobId, SubjectId
from chalicelib.errors import Conflict, IllegalTransition, InputError

ANSWER_MONTHS = 1
"""Time to answer, in calendar months after receipt. Source: GDPR Art. 12(3)."""
EXTENDED_MONTHS = 3
"""The same with the two further months. Source: GDPR Art. 12(3)."""
GDPR_APPLIES_MS = 1_527_199_200_000
"""25 May 2018, 00:00 in Brussels: no request under the GDPR is older. Source: GDPR Art. 99(2)."""
MAX_RECEIVER_CHARS = 120
MAX_NOTE_CHARS = 2000
CLOCK_SLACK_MS = 60_000
"""How far an officer's clock may be ahead of ours, milliseconds."""
_SATURDAY = 5


class Right(StrEnum):
    """What a person may ask for. A withdrawal is recorded as ``consent.withdrawn`` alone."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    PORTABILITY = "portability"
    OBJECTION = "objection"
    WITHDRAWAL = "withdrawal"


class Medium(StrEnum):
    """How a request reached the controller."""

    PAGE = "page"
    LETTER = "letter"
    PHONE = "phone"
    REPLY = "reply"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """How a request reached the controller, and who took it.

    Attributes:
        received_ms: when it reached the controller.
        received_by: who took it, up to 120 characters; "" of a page.
        entered_by: id of the API key; "" when the person did it themselves.

    """

    medium: Medium
    received_ms: int
    received_by: str = ""
    entered_by: str = ""


class Status(StrEnum):
    """How a request stands."""

    OPEN = "open"
    EXTENDED = "extended"
    ANSWERED = "answered"
    REFUSED = "refused"


OPEN = frozenset({Status.OPEN, Status.EXTENDED})


class RestrictionGround(StrEnum):
    """Why processing is restricted (GDPR Art. 18(1)); the words of ``subject.restricted``."""

    ACCURACY_CONTESTED = "accuracy-contested"
    UNLAWFUL = "unlawful"
    LEGAL_CLAIM = "legal-claim"
    OBJECTION = "objection"


class ExtensionReason(StrEnum):
    """Why an answer takes longer (GDPR Art. 12(3)): the law knows these two."""

    COMPLEXITY = "complexity"
    NUMBER_OF_REQUESTS = "number-of-requests"


class RefusalGround(StrEnum):
    """Why a request is refused, in whole; the articles are `ARTICLES`."""

    MANIFESTLY_UNFOUNDED = "manifestly-unfounded"
    EXCESSIVE = "excessive"
    IDENTITY_NOT_SHOWN = "identity-not-shown"
    OTHERS_RIGHTS = "others-rights"
    DATA_ACCURATE = "data-accurate"
    NO_GROUND = "no-ground"
    EXPRESSION = "expression"
    LEGAL_DUTY = "legal-duty"
    PUBLIC_HEALTH = "public-health"
    ARCHIVING = "archiving"
    LEGAL_CLAIM = "legal-claim"
    NO_CONDITION = "no-condition"
    NOT_PORTABLE = "not-portable"


_ANY = (
    RefusalGround.MANIFESTLY_UNFOUNDED,
    RefusalGround.EXCESSIVE,
    RefusalGround.IDENTITY_NOT_SHOWN,
)
REFUSABLE: Mapping[Right, tuple[RefusalGround, ...]] = MappingProxyType(
    {
        Right.ACCESS: (*_ANY, RefusalGround.OTHERS_RIGHTS),
        Right.RECTIFICATION: (*_ANY, RefusalGround.DATA_ACCURATE),
        Right.ERASURE: (
            *_ANY,
            RefusalGround.NO_GROUND,
            RefusalGround.EXPRESSION,
            RefusalGround.LEGAL_DUTY,
            RefusalGround.PUBLIC_HEALTH,
            RefusalGround.ARCHIVING,
            RefusalGround.LEGAL_CLAIM,
        ),
        Right.RESTRICTION: (*_ANY, RefusalGround.NO_CONDITION),
        Right.PORTABILITY: (
            *_ANY,
            RefusalGround.NOT_PORTABLE,
            RefusalGround.OTHERS_RIGHTS,
        ),
        Right.OBJECTION: (),
        Right.WITHDRAWAL: (),
    }
)
"""The grounds each right may be refused on. An objection to direct marketing is absolute (GDPR
Art. 21(3)), and a consent can be withdrawn at any time (Art. 7(3)): neither has any."""


def article(right: Right, ground: RefusalGround) -> str:
    """Return the article a refusal rests on, such as ``GDPR Art. 17(3)(e)``.

    Raises:
        IllegalTransition: this right is never refused on this ground.
    """
    if ground not in REFUSABLE[right]:
        raise IllegalTransition(_NEVER if not REFUSABLE[right] else _NOT_ON_THIS)
    if ground is RefusalGround.OTHERS_RIGHTS and right is Right.PORTABILITY:
        return "GDPR Art. 20(4)"
    return f"GDPR Art. {ARTICLES[ground]}"


ARTICLES: Mapping[RefusalGround, str] = MappingProxyType(
    {
        RefusalGround.MANIFESTLY_UNFOUNDED: "12(5)",
        RefusalGround.EXCESSIVE: "12(5)",
        RefusalGround.IDENTITY_NOT_SHOWN: "12(2), 12(6)",
        RefusalGround.OTHERS_RIGHTS: "15(4)",
        RefusalGround.DATA_ACCURATE: "16",
        RefusalGround.NO_GROUND: "17(1)",
        RefusalGround.EXPRESSION: "17(3)(a)",
        RefusalGround.LEGAL_DUTY: "17(3)(b)",
        RefusalGround.PUBLIC_HEALTH: "17(3)(c)",
        RefusalGround.ARCHIVING: "17(3)(d)",
        RefusalGround.LEGAL_CLAIM: "17(3)(e)",
        RefusalGround.NO_CONDITION: "18(1)",
        RefusalGround.NOT_PORTABLE: "20(1)",
    }
)
_NEVER = (
    "An objection to direct marketing and a withdrawal of consent are never refused. "
    "The mail has stopped already; answer the request."
)
_NOT_ON_THIS = "This right cannot be refused on this ground; docs/spec/rights.md lists them."


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsRequest:
    """One request as recorded, for good.

    Attributes:
        sid: None when the request led to nobody here.
        mac: keyed MAC of the address it named when it led to nobody; gone once it is closed.
        received_ms: when it reached the controller. entered_ms: when it was recorded here.
        received_by: who took it, up to 120 characters; "" once the person was erased.
        entered_by: id of the API key; "" when the person did it themselves.
        due_ms, extended_until_ms: the last millisecond in which an answer is in time.
        restriction, extension, ground: why restricted, extended, refused.
        erasure: the erasure it led to.
        closed_by_erasure: the erasure of the person was the answer.
        lifted_ms: when the restriction it led to ended.
        note: sealed under the person's key.

    """

    id: JobId
    sid: SubjectId | None
    brand: BrandId
    right: Right
    medium: Medium
    received_ms: int
    entered_ms: int
    due_ms: int
    received_by: str = ""
    entered_by: str = ""
    status: Status = Status.OPEN
    extended_until_ms: int | None = None
    extension: ExtensionReason | None = None
    restriction: RestrictionGround | None = None
    ground: RefusalGround | None = None
    answered_ms: int | None = None
    erasure: JobId | None = None
    closed_by_erasure: bool = False
    lifted_ms: int | None = None
    mac: str | None = None
    note: bytes | None = None
    revision: int = 0

    @property
    def is_open(self) -> bool:
        """Whether an answer is still owed."""
        return self.status in OPEN

    @property
    def restricts(self) -> bool:
        """Whether it asked for a restriction that nobody lifted yet."""
        asks = self.right in (Right.RESTRICTION, Right.ERASURE)
        return asks and self.sid is not None and self.lifted_ms is None

    @property
    def deadline_ms(self) -> int:
        """The last millisecond in which an answer is in time, extension included."""
        return self.extended_until_ms or self.due_ms

    def is_late(self, now_ms: int) -> bool:
        """Say whether the answer came after the deadline, or is owed since."""
        return (self.answered_ms or now_ms) > self.deadline_ms


def last_day(received: date, months: int) -> date:
    """Return the last day of a period of months that a request received on a day begins.

    The same date of the last month, or its last day when it has no such date; from a Saturday or
    Sunday it moves to Monday. Public holidays differ by country and are left out, so that the day
    is never later than the law's.

    Example:
        >>> last_day(date(2027, 1, 31), 1)
        datetime.date(2027, 3, 1)

    Source: Regulation (EEC, Euratom) No 1182/71 Art. 3(1), 3(2)(c), 3(4); EDPB Guidelines 01/2022
    paragraphs 157-160.
    """
    years, month = divmod(received.month - 1 + months, 12)
    year, month = received.year + years, month + 1
    end = date(year, month, min(received.day, monthrange(year, month)[1]))
    beyond = end.weekday() - _SATURDAY
    return end if beyond < 0 else end + timedelta(days=2 - beyond)


def deadline(received_ms: int, zone: str, months: int = ANSWER_MONTHS) -> int:
    """Return the last millisecond of the period, in the controller's time zone (IANA name)."""
    there = ZoneInfo(zone)
    received = datetime.fromtimestamp(received_ms / 1000, there).date()
    after = last_day(received, months) + timedelta(days=1)
    midnight = datetime(after.year, after.month, after.day, tzinfo=there)
    return round(midnight.timestamp() * 1000) - 1


def require_receipt(received: Received, now_ms: int) -> None:
    """Check when and by whom a request was taken.

    Raises:
        InputError: a time to come or before the GDPR, no receiver, or more than one short line; or
            the medium is the person's own page.
    """
    if received.medium is Medium.PAGE:
        raise InputError("bad_medium", "What came by a page is recorded by the page itself.")
    if not GDPR_APPLIES_MS <= received.received_ms <= now_ms + CLOCK_SLACK_MS:
        raise InputError("bad_received_at", "Say when the request arrived; not a time to come.")
    taken = received.received_by.strip()
    if not taken or len(taken) > MAX_RECEIVER_CHARS or not taken.isprintable():
        raise InputError(
            "bad_received_by", "Say in one line of at most 120 characters who took the request."
        )


def via_of(medium: Medium) -> Via:
    """Return the word a ledger entry has for a medium."""
    if medium is Medium.PAGE:
        return Via.PAGE
    return Via.API if medium is Medium.API else Via.REPLY


def extend(
    request: RightsRequest, reason: ExtensionReason, now_ms: int, zone: str
) -> RightsRequest:
    """Return the request with two further months; one extended before as it is.

    Raises:
        IllegalTransition: the first month is over: the person had to be told within it.
        Conflict: it is closed.
    """
    _require_open(request)
    if request.status is Status.EXTENDED:
        return request
    if now_ms > request.due_ms:
        raise IllegalTransition(
            "The first month is over, and the person had to be told of an extension within it. "
            "Answer the request now."
        )
    until = deadline(request.received_ms, zone, EXTENDED_MONTHS)
    return replace(request, status=Status.EXTENDED, extension=reason, extended_until_ms=until)


def answer(request: RightsRequest, now_ms: int) -> RightsRequest:
    """Return the request answered; one answered before as it is.

    Raises:
        Conflict: it was refused.
    """
    if request.status is Status.ANSWERED:
        return request
    _require_open(request)
    return _closed(request, Status.ANSWERED, now_ms)


def refuse(request: RightsRequest, ground: RefusalGround, now_ms: int) -> RightsRequest:
    """Return the request refused; one refused on the same ground before as it is.

    Raises:
        IllegalTransition: this right is not refused on this ground.
        Conflict: it is closed.
    """
    if request.status is Status.REFUSED and request.ground is ground:
        return request
    _require_open(request)
    article(request.right, ground)
    return replace(_closed(request, Status.REFUSED, now_ms), ground=ground)


def forget(request: RightsRequest, now_ms: int) -> RightsRequest:
    """Return what stays of a request when its person was erased: ids, words and times."""
    if request.is_open:
        request = replace(_closed(request, Status.ANSWERED, now_ms), closed_by_erasure=True)
    return replace(request, note=None, received_by="", mac=None)


def lift(request: RightsRequest, now_ms: int) -> RightsRequest:
    """Return the request with the restriction it led to ended; one lifted before as it is.

    Raises:
        IllegalTransition: it led to no restriction.
        Conflict: an erasure that was asked for with it is still owed.
    """
    if request.lifted_ms is not None:
        return request
    if not request.restricts:
        raise IllegalTransition("This request led to no restriction; there is nothing to lift.")
    if request.right is Right.ERASURE and request.is_open:
        raise Conflict("The person asked to be erased, and that is still owed. Close it first.")
    return replace(request, lifted_ms=now_ms)


def _require_open(request: RightsRequest) -> None:
    if not request.is_open:
        raise Conflict("This request is closed already. Nothing was changed.")


def _closed(request: RightsRequest, status: Status, now_ms: int) -> RightsRequest:
    return replace(request, status=status, answered_ms=now_ms, mac=None)
