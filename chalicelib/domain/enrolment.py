# SPDX-License-Identifier: Apache-2.0
"""Enrolment through another system of the controller: on which bases, and what stands in the way.

Guarantees that there are three bases and no other, and that what blocks somebody is named from
the folded state alone. Refuses whatever would make a consent of no act of the person's own.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.domain.eligibility import outlasts_sale
from chalicelib.domain.forms import MAX_TYPED_CHARS
from chalicelib.domain.ids import ListId, SubjectId
from chalicelib.domain.state import ConsentKey, ConsentStatus, Membership, Scope, SubjectState
from chalicelib.errors import InputError

MAX_AGE_MS = 30 * DAY_MS
"""An attested act is at most so old: what is older is an import of a file."""
SKEW_MS = 5 * MINUTE_MS
"""Clocks of other systems may be so far apart from ours."""
OFFER_MS = DAY_MS
"""An objection offered this much later than the sale was not offered at the sale."""


class Enrolling(StrEnum):
    """The bases of `POST /subscribers`."""

    DOUBLE_OPT_IN = "double-opt-in"
    ATTESTED = "attested"
    SOFT_OPT_IN = "soft-opt-in"


class Blocked(StrEnum):
    """Why nothing will be sent on what was recorded; it stays in the ledger as claimed."""

    RESTRICTED = "restricted"
    SUPPRESSED = "suppressed"
    OBJECTED = "objected"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is enrolled, as the other system has them. ``language`` "" is the brand's own.

    Attributes:
        attributes: kept with a new profile; somebody known keeps theirs.
        entered_by: id of the API key that states all this.
    """

    email: str
    language: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    entered_by: str = ""

    def __post_init__(self) -> None:
        # Every run over a segment reads and opens the profile: it stays as short as a form's.
        if sum(map(len, self.attributes.values())) > MAX_TYPED_CHARS:
            raise InputError(
                code="bad_attributes",
                detail=f"Attributes have {MAX_TYPED_CHARS:,} characters together at most.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the person saw and did: a form or its notice, and the boxes as they were sent.

    Attributes:
        form: its id; "" finds the form by ``notice``.
        notice: SHA-256 (hex) of the notice shown; "" takes the form's in the language.
        boxes: box name → whether it was ticked; a box that is absent was not.
        tag: of a campaign; "" for none.
    """

    form: str
    notice: str
    boxes: Mapping[str, bool]
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """The sale a soft opt-in rests on, and the objection offered at it; times in Unix ms."""

    reference: str
    product: str
    at_ms: int
    objection_how: str
    objection_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hygiene:
    """What an address looks like, whoever has it; it is told, and nothing is refused for it.

    Attributes:
        no_mail: no mail arrives at its domain, as DNS says.
        disposable: its mailbox is one that is thrown away.
        role: several people tend to read it.
        suggestion: the address that was probably meant.
    """

    no_mail: bool = False
    disposable: bool = False
    role: bool = False
    suggestion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What came of it. ``sid`` is None for a double opt-in: its answer tells nothing."""

    basis: Enrolling
    hygiene: Hygiene
    sid: SubjectId | None = None
    blocked: Blocked | None = None


def bad_basis() -> InputError:
    """Return the refusal that names the three bases and why there is no other."""
    return InputError(
        code="bad_basis",
        detail="A basis is double-opt-in (a mail asks the person; only their own confirmation"
        " gives consent), attested (the person ticked unticked boxes of a published form in"
        " another system of yours, which states notice, boxes, time and origin) or soft-opt-in"
        " (a sale, with the objection offered at it). Nobody becomes a subscriber without one: an"
        " address alone, a bought list or a box ticked beforehand is no consent (GDPR Art. 4(11),"
        " 7(1)). Nothing was stored.",
    )


def require_recent(at_ms: int, now_ms: int) -> None:
    """Refuse a time of an attested act that is over 30 days old or lies in the future.

    Raises:
        InputError: code ``bad_time``.
    """
    require_past(at_ms, now_ms, "The time of the person's act")
    if now_ms - at_ms > MAX_AGE_MS:
        raise InputError(
            code="bad_time",
            detail="The person's act is more than 30 days old. Start a double opt-in instead.",
        )


def require_past(at_ms: int, now_ms: int, what: str) -> None:
    """Refuse a time that lies in the future by more than clocks differ.

    Raises:
        InputError: code ``bad_time``.
    """
    if at_ms > now_ms + SKEW_MS:
        raise InputError(code="bad_time", detail=f"{what} lies in the future.")


def require_offered(sale_ms: int, offered_ms: int) -> None:
    """Refuse an objection that was not offered when the address was obtained.

    Raises:
        InputError: code ``bad_objection_offer``.

    Source: ePrivacy Directive 2002/58/EC Art. 13(2): "at the time of their collection".
    """
    if offered_ms > sale_ms + OFFER_MS:
        raise InputError(
            code="bad_objection_offer",
            detail="A soft opt-in needs the objection to be offered when the address is obtained,"
            " at the sale; this one was offered later.",
        )


def consent_blocked(state: SubjectState, wanted: Iterable[ConsentKey]) -> Blocked | None:
    """Return what keeps an attested consent from being used; None when all of it stands."""
    for key in wanted:
        above = _above(state, Scope(key.brand, key.channel), (key.list,))
        if above is not None:
            return above
        held = state.consents.get(key)
        if held is None:
            return Blocked.WITHDRAWN  # Somebody who said no to the whole brand.
        if held.status is not ConsentStatus.GIVEN:
            fresh = held.status is ConsentStatus.REQUESTED and held.stopped is None
            return Blocked.PENDING if fresh else Blocked.WITHDRAWN
    return None


def sale_blocked(state: SubjectState, wanted: Iterable[ConsentKey], scope: Scope) -> Blocked | None:
    """Return what keeps a soft opt-in from being used; None when it stands.

    Args:
        wanted: the consents that would do the same, whose end stands in its way; none where the
            sale names no list.
    """
    wanted = tuple(wanted)
    above = _above(state, scope, {key.list for key in wanted})
    if above is not None:
        return above
    stopped = any(
        outlasts_sale(state, Membership(*key[:3]), state.consents.get(key)) for key in wanted
    )
    if scope not in state.soft_opt_ins or stopped:
        return Blocked.WITHDRAWN
    return None


def _above(state: SubjectState, scope: Scope, lists: Collection[ListId]) -> Blocked | None:
    """What outranks every consent and sale."""
    if state.restricted or state.erased:
        return Blocked.RESTRICTED
    if any(x.reach.covers_any(scope, lists) for x in state.suppressions):
        return Blocked.SUPPRESSED
    return Blocked.OBJECTED if scope in state.objections else None
