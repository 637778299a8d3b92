# SPDX-License-Identifier: Apache-2.0
"""What becomes of each row of an import: mailed, waiting or never, and why.

Guarantees an answer for every pair of what the file says and what stands here, in one order: what
was said against mail comes before any claim for it. Refuses to bring anybody back: an import gives
only where nothing of the person's own stands, and a claim too weak for its country's rule waits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chalicelib.domain.country_rules import CountryRule
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.enrolment import OFFER_MS
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.import_rows import FileStatus, ImportRow
from chalicelib.domain.import_statement import Basis, DocumentKind
from chalicelib.domain.reach import Reached, reach_of
from chalicelib.domain.state import (
    Consent,
    ConsentKey,
    ConsentStatus,
    Grade,
    Membership,
    Scope,
    SubjectState,
)

MARGIN_MS: Final = DAY_MS
"""By so much an opt-out must be older than the person's own word here, to be the older one: the
zone of a file's times may be a mistaken one."""
_EVIDENCE_OF_OWN: Final = frozenset({Grade.A, Grade.B})


class Verdict(StrEnum):
    """What becomes of a row."""

    MAIL = "mail"
    WAIT = "wait"
    NEVER = "never"


class Act(StrEnum):
    """What is written of a row."""

    NOTHING = "nothing"
    GIVE = "give"
    SELL = "sell"
    HOLD = "hold"
    WITHDRAW = "withdraw"
    BOUNCE = "bounce"
    COMPLAIN = "complain"


class Why(StrEnum):
    """Why a row becomes what it becomes; each belongs to one verdict."""

    ERASED = "erased"
    RESTRICTED = "restricted"
    COMPLAINED = "complained"
    BOUNCED = "bounced"
    OPTED_OUT = "opted-out"
    SUPPRESSED = "suppressed"
    OBJECTED = "objected"
    WITHDRAWN = "withdrawn"
    KNOWN = "known"
    OLDER = "older-than-own-consent"
    PENDING = "pending"
    UNCONFIRMED = "unconfirmed"
    NO_MAIL = "no-mail"
    WEAK_EVIDENCE = "weak-evidence"
    NO_SOFT_OPT_IN = "no-soft-opt-in"
    NO_SALE = "no-sale"
    SILENT = "silent"
    CONSENT = "consent"
    SOFT_OPT_IN = "soft-opt-in"

    @property
    def verdict(self) -> Verdict:
        """What it means for mail."""
        return _MEANING[self][0]

    @property
    def act(self) -> Act:
        """What is written."""
        return _MEANING[self][1]

    @property
    def sentence(self) -> str:
        """One sentence, as the API document and the preview say it."""
        return _MEANING[self][2]


_MEANING: Final[Mapping[Why, tuple[Verdict, Act, str]]] = MappingProxyType(
    {
        Why.ERASED: (Verdict.NEVER, Act.NOTHING, "The person was erased and asked for no mail."),
        Why.RESTRICTED: (
            Verdict.NEVER,
            Act.NOTHING,
            "The person asked that nothing is done with their data.",
        ),
        Why.COMPLAINED: (Verdict.NEVER, Act.COMPLAIN, "The file says they complained about spam."),
        Why.BOUNCED: (Verdict.NEVER, Act.BOUNCE, "The file says the address does not work."),
        Why.OPTED_OUT: (Verdict.NEVER, Act.WITHDRAW, "The file says they opted out."),
        Why.SUPPRESSED: (Verdict.NEVER, Act.HOLD, "The address must not be mailed."),
        Why.OBJECTED: (Verdict.NEVER, Act.HOLD, "The person objected to the brand's mail."),
        Why.WITHDRAWN: (Verdict.NEVER, Act.HOLD, "The person ended it here; no file undoes that."),
        Why.KNOWN: (Verdict.MAIL, Act.NOTHING, "They may be mailed already; nothing changes."),
        Why.OLDER: (
            Verdict.MAIL,
            Act.NOTHING,
            "They confirmed here after the opt-out of the file; nothing changes.",
        ),
        Why.PENDING: (Verdict.WAIT, Act.HOLD, "They asked here, and have yet to confirm."),
        Why.UNCONFIRMED: (Verdict.WAIT, Act.HOLD, "The file does not say that they subscribed."),
        Why.NO_MAIL: (
            Verdict.WAIT,
            Act.HOLD,
            "No mail arrives at the domain of the address, as DNS says.",
        ),
        Why.WEAK_EVIDENCE: (
            Verdict.WAIT,
            Act.HOLD,
            "The file shows less than their country's rule asks for.",
        ),
        Why.NO_SOFT_OPT_IN: (
            Verdict.WAIT,
            Act.HOLD,
            "Their country's rule knows no mail on the basis of a sale.",
        ),
        Why.NO_SALE: (
            Verdict.WAIT,
            Act.HOLD,
            "The row shows no sale at which the objection was offered.",
        ),
        Why.SILENT: (
            Verdict.WAIT,
            Act.HOLD,
            "They did nothing for longer than their country's rule allows.",
        ),
        Why.CONSENT: (Verdict.MAIL, Act.GIVE, "The claim is as strong as their country asks."),
        Why.SOFT_OPT_IN: (Verdict.MAIL, Act.SELL, "A sale, with the objection offered at it."),
    }
)

_OF_FILE: Final = MappingProxyType(
    {
        FileStatus.COMPLAINED: Why.COMPLAINED,
        FileStatus.BOUNCED: Why.BOUNCED,
        FileStatus.OPTED_OUT: Why.OPTED_OUT,
    }
)


class Here(StrEnum):
    """What stands here about a row's person and what the import would give them."""

    NOTHING = "nothing"
    ERASED = "erased"
    RESTRICTED = "restricted"
    SUPPRESSED = "suppressed"
    OBJECTED = "objected"
    WITHDRAWN = "withdrawn"
    GIVEN = "given"
    SOLD = "sold"
    PENDING = "pending"


_OF_HERE: Final = MappingProxyType(
    {
        Here.RESTRICTED: Why.RESTRICTED,
        Here.SUPPRESSED: Why.SUPPRESSED,
        Here.OBJECTED: Why.OBJECTED,
        Here.WITHDRAWN: Why.WITHDRAWN,
        Here.GIVEN: Why.KNOWN,
        Here.PENDING: Why.PENDING,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What stands here.

    Attributes:
        own_ms: since when all that an opt-out would end rests on the person's own confirmation
            here; None where any of it rests on less, or nothing stands.
    """

    here: Here
    own_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what an import rests.

    Attributes:
        documents: kinds of documents stated for the whole import.
        objection_at_ms: since when every sale offered the objection; None where nobody said.
    """

    basis: Basis
    documents: frozenset[DocumentKind]
    now_ms: int
    objection_at_ms: int | None = None


def known_of(
    state: SubjectState | None,
    suppressed: Iterable[tuple[Reached, str]],
    wanted: tuple[ConsentKey, ...],
    scope: Scope,
) -> Known:
    """Return what stands here about somebody.

    Args:
        state: of the person; None where nobody has the address.
        suppressed: what the address is suppressed for: how far, and the reason.
        wanted: the consents the import would give.
        scope: its brand and channel.
    """
    lists = {key.list for key in wanted}
    reasons = {why for reach, why in suppressed if reach_of(reach).covers_any(scope, lists)}
    if state is None or state.erased:
        erased = state is not None or SuppressionReason.ERASED in reasons
        blocked = Here.SUPPRESSED if reasons else Here.NOTHING
        return Known(here=Here.ERASED if erased else blocked)
    here = _here(state, wanted, scope, is_suppressed=bool(reasons))
    return Known(here=here, own_ms=_own_since(state, scope))


def _here(
    state: SubjectState, wanted: tuple[ConsentKey, ...], scope: Scope, *, is_suppressed: bool
) -> Here:
    held = [state.consents.get(key) for key in wanted]
    is_barred = scope in state.stops or any(
        Membership(*key[:3]) in state.list_stops for key in wanted
    )
    if state.restricted:
        return Here.RESTRICTED
    lists = {key.list for key in wanted}
    if is_suppressed or any(x.reach.covers_any(scope, lists) for x in state.suppressions):
        return Here.SUPPRESSED
    if scope in state.objections:
        return Here.OBJECTED
    if held and all(x is not None and x.status is ConsentStatus.GIVEN for x in held):
        return Here.GIVEN
    if is_barred or any(_is_ended(x) for x in held):
        return Here.WITHDRAWN
    if any(x is not None and x.status is ConsentStatus.REQUESTED for x in held):
        return Here.PENDING
    return Here.SOLD if scope in state.soft_opt_ins else Here.NOTHING


def _is_ended(held: Consent | None) -> bool:
    if held is None or held.status is ConsentStatus.GIVEN:
        return False
    return held.status is not ConsentStatus.REQUESTED or held.stopped is not None


def _own_since(state: SubjectState, scope: Scope) -> int | None:
    """Since when everything of the brand is the person's own; the oldest of it decides."""
    live = [
        held
        for key, held in state.consents.items()
        if (key.brand, key.channel) == scope and held.status is ConsentStatus.GIVEN
    ]
    own = all(held.grade in _EVIDENCE_OF_OWN for held in live)
    if not live or not own or scope in state.soft_opt_ins:
        return None
    return min(held.since_ms for held in live)


def claimed_grade(row: ImportRow, documents: frozenset[DocumentKind]) -> Grade:
    """Return how much a file shows of one person's consent, ``A`` (most) to ``E``.

    A and B are double opt-ins by what the file claims; A with both times, the address of the
    opt-in, and documents of wording and confirmation mail. C is a time and an origin, D documents
    without one, E nothing. A claim never counts as more than D in the ledger.
    """
    shown = {DocumentKind.WORDING, DocumentKind.CONFIRMATION_MAIL} <= documents
    if row.is_double_opt_in:
        return Grade.A if shown and row.optin_ip else Grade.B
    stated = row.optin_ms is not None or row.confirm_ms is not None
    if row.double_opt_in and stated:
        return Grade.B
    if row.optin_ms is not None and (row.optin_ip or row.source):
        return Grade.C
    return Grade.D if documents else Grade.E


def ledger_grade(documents: frozenset[DocumentKind]) -> Grade:
    """Return what the ledger counts a file's claim as: somebody else's word, with or without."""
    return Grade.D if documents else Grade.E


def why(
    row: ImportRow, known: Known, rule: CountryRule, terms: Terms, *, no_mail: bool = False
) -> Why:
    """Return what becomes of a row, by the first of these that holds.

    Erased here; an end in the file (unless the person's own later word stands here); what stands
    here; what the file itself holds back; a domain that takes no mail; the basis and the country's
    rule; silence.

    Args:
        no_mail: no mail arrives at the domain of the address.
    """
    if known.here is Here.ERASED:
        return Why.ERASED
    if row.is_end:
        return Why.OLDER if _is_older(row, known) else _OF_FILE[row.status]
    if known.here is Here.SOLD and terms.basis is Basis.SOFT_OPT_IN:
        return Why.KNOWN
    if known.here in _OF_HERE:
        return _OF_HERE[known.here]
    if row.status is not FileStatus.SUBSCRIBED:
        return Why.UNCONFIRMED
    if no_mail:
        return Why.NO_MAIL
    return _by_rule(row, rule, terms)


def _is_older(row: ImportRow, known: Known) -> bool:
    """Whether an opt-out came before the person's own word, which is all that stands here."""
    return known.here is Here.GIVEN and is_outdated(row, known)


def is_outdated(row: ImportRow, known: Known) -> bool:
    """Say whether an opt-out came before the person's own word, which is all that stands here.

    What stands may be of other lists than the import's: those an opt-out of long ago does not end.
    """
    if row.status is not FileStatus.OPTED_OUT or row.ended_ms is None or known.own_ms is None:
        return False
    return row.ended_ms + MARGIN_MS <= known.own_ms


def _by_rule(row: ImportRow, rule: CountryRule, terms: Terms) -> Why:
    if terms.basis is Basis.CONSENT:
        if claimed_grade(row, terms.documents) > rule.consent_grade:
            return Why.WEAK_EVIDENCE
        return Why.SILENT if _is_silent(row, rule, terms) else Why.CONSENT
    if not rule.soft_opt_in:
        return Why.NO_SOFT_OPT_IN
    if not _was_offered(row, terms):
        return Why.NO_SALE
    return Why.SILENT if _is_silent(row, rule, terms) else Why.SOFT_OPT_IN


def _was_offered(row: ImportRow, terms: Terms) -> bool:
    """Whether the row names a sale, and the objection was offered at it (`require_offered`)."""
    sale = row.sale
    if sale is None or sale.at_ms is None or not sale.reference:
        return False
    offered = terms.objection_at_ms if sale.objection_at_ms is None else sale.objection_at_ms
    return offered is not None and offered <= sale.at_ms + OFFER_MS


def _is_silent(row: ImportRow, rule: CountryRule, terms: Terms) -> bool:
    if rule.silent_days is None:
        return False
    newest = row.newest_ms
    return newest is None or terms.now_ms - newest > rule.silent_days * DAY_MS
