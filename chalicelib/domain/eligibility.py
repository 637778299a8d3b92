# SPDX-License-Identifier: Apache-2.0
"""May this message go to this subscriber now: the one function that answers.

Sendable = (live consent or live soft opt-in) and no objection, restriction or suppression.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.state import (
    MEASUREMENT,
    Consent,
    ConsentKey,
    ConsentStatus,
    Grade,
    Membership,
    Scope,
    SubjectState,
)


class SkipReason(StrEnum):
    """Why somebody planned did not get the message; each has a sentence in the API document."""

    ERASED = "erased"
    RESTRICTED = "restricted"
    SUPPRESSED = "suppressed"
    OBJECTED = "objected"
    NO_CONSENT = "no-consent"
    WEAK_EVIDENCE = "weak-evidence"
    NO_PROFILE = "no-profile"
    UNREADABLE = "unreadable"
    RENDERING = "rendering"
    CANCELLED = "cancelled"
    PAUSED = "paused"
    FREQUENCY = "frequency"
    RESTING = "resting"
    DOMAIN_STOPPED = "domain-stopped"


SENTENCES: Mapping[SkipReason, str] = {
    SkipReason.ERASED: "Nothing about the person is kept any more.",
    SkipReason.RESTRICTED: "The person asked that nothing is done with their data.",
    SkipReason.SUPPRESSED: "The address must not be mailed.",
    SkipReason.OBJECTED: "The person objected to the brand's mail.",
    SkipReason.NO_CONSENT: "No consent to this list and purpose, and no soft opt-in, stands.",
    SkipReason.WEAK_EVIDENCE: "The consent's evidence is weaker than asked for.",
    SkipReason.NO_PROFILE: "The person's data or key is gone.",
    SkipReason.UNREADABLE: "The person's data could not be opened.",
    SkipReason.RENDERING: "The content could not be made for this person.",
    SkipReason.CANCELLED: "The campaign was cancelled.",
    SkipReason.PAUSED: "The person paused mail until a later date.",
    SkipReason.FREQUENCY: "The person takes so many mails a week and has had them.",
    SkipReason.RESTING: "Mail to the address failed again and again; it is tried again later.",
    SkipReason.DOMAIN_STOPPED: "Too much came back from the mail provider; the rest is held back.",
}
"""One sentence for each reason, as the API document says them."""


class Basis(StrEnum):
    """What allows the message (GDPR Art. 6(1)(a); ePrivacy Directive Art. 13(2))."""

    CONSENT = "consent"
    SOFT_OPT_IN = "soft-opt-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The message may go; ``entry`` is the chain entry that allows it."""

    basis: Basis
    entry: int
    measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """The message must not go, and why."""

    reason: SkipReason


def decide(
    state: SubjectState | None,
    scope: Scope,
    list_id: ListId,
    purpose: PurposeId,
    minimum_grade: Grade = Grade.E,
) -> Allowed | Skipped:
    """Decide from a state read strongly after rendering and just before the send.

    Args:
        state: the subject's state; None when the subject no longer exists.
        minimum_grade: weakest evidence that is enough, ``A`` (strongest) to ``E``.

    Source: GDPR Art. 6, 7, 18, 21(3); ePrivacy Directive Art. 13.

    """
    if state is None or state.erased:
        return Skipped(reason=SkipReason.ERASED)
    if state.restricted:
        return Skipped(reason=SkipReason.RESTRICTED)
    if any(x.reach.covers(scope, list_id) for x in state.suppressions):
        return Skipped(reason=SkipReason.SUPPRESSED)
    if scope in state.objections:
        return Skipped(reason=SkipReason.OBJECTED)
    consent = state.consents.get(ConsentKey(*scope, list_id, purpose))
    measurement = state.consents.get(ConsentKey(*scope, list_id, MEASUREMENT))
    measured = measurement is not None and measurement.status is ConsentStatus.GIVEN
    if consent is not None and consent.status is ConsentStatus.GIVEN:
        if (consent.grade or Grade.E) > minimum_grade:
            return Skipped(reason=SkipReason.WEAK_EVIDENCE)
        return Allowed(basis=Basis.CONSENT, entry=consent.entry, measured=measured)
    ended = outlasts_sale(state, Membership(*scope, list_id), consent)
    if scope in state.soft_opt_ins and not ended:
        entry = state.soft_opt_ins[scope]
        return Allowed(basis=Basis.SOFT_OPT_IN, entry=entry, measured=measured)
    return Skipped(reason=SkipReason.NO_CONSENT)


def outlasts_sale(state: SubjectState, membership: Membership, consent: Consent | None) -> bool:
    """Say whether an end of this very consent, or of its whole list, stands.

    A sale is no answer to it, before or after it.

    Args:
        consent: to mail of the list; None where nothing was ever said of it.
    """
    is_stopped = consent is not None and consent.stopped is not None
    return is_stopped or membership in state.list_stops
