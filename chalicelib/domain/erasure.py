# SPDX-License-Identifier: Apache-2.0
"""Erasures: grounds, stages, the two-key rule, and who counts as never confirmed.

Guarantees that no one key can both ask for and approve an erasure. Holds ids only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.events import Event, SuppressionReason, Via
from chalicelib.domain.ids import EventId, JobId, SubjectId
from chalicelib.domain.state import ConsentStatus, SubjectState
from chalicelib.errors import Conflict, IllegalTransition
from chalicelib.vocabulary import EventType


class Ground(StrEnum):
    """Why a person is erased (GDPR Art. 17(1)); the words of the ledger entry."""

    NOT_NEEDED = "not-needed"
    WITHDRAWN = "withdrawn"
    OBJECTION = "objection"
    UNLAWFUL = "unlawful"
    LEGAL_DUTY = "legal-duty"
    CHILD = "child"
    UNCONFIRMED = "unconfirmed"


REQUESTABLE = tuple(ground for ground in Ground if ground is not Ground.UNCONFIRMED)
"""Grounds a person may give; ``unconfirmed`` is the clock's alone."""


class Search(StrEnum):
    """What the daily run looks for in the log: people whom nothing keeps any longer."""

    UNCONFIRMED = "unconfirmed"
    """They asked and never confirmed."""
    WAITING = "waiting"
    """A file claimed their consent, less than its country asks for, and they never acted."""


class Stage(StrEnum):
    """Where an erasure is (docs/spec/erasure.md §1)."""

    REQUESTED = "requested"
    APPROVED = "approved"
    ERASED = "erased"
    CANCELLED = "cancelled"


OPEN = frozenset({Stage.REQUESTED, Stage.APPROVED})
PERSON = "person"
"""Stands for an API key's id where the person asked for their own erasure; no key has this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One erasure as recorded, for good.

    Attributes:
        requested_by, approved_by: ids of API keys, or `PERSON`.
        suppress: keep a suppression of the address by keyed MAC.
        country: country (ISO 3166-1) whose consequences were asked for; None: all known.
        event, entry, erased_ms: the ``subject.erased`` entry: id, number in its chain, time.

    """

    id: JobId
    sid: SubjectId
    ground: Ground
    suppress: bool
    requested_by: str
    requested_ms: int
    country: str | None = None
    language: str = "en"
    stage: Stage = Stage.REQUESTED
    approved_by: str | None = None
    approved_ms: int | None = None
    event: EventId | None = None
    entry: int | None = None
    erased_ms: int | None = None
    revision: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done or cancelled."""
        return self.stage in OPEN


def approve(erasure: Erasure, key_id: str, now_ms: int) -> Erasure:
    """Return the erasure approved by ``key_id``; one approved before as it is.

    Raises:
        IllegalTransition: the key is the one that asked.
        Conflict: it was cancelled.
    """
    if erasure.stage is Stage.CANCELLED:
        raise Conflict("This erasure was cancelled. Ask for a new one; nothing was erased.")
    if erasure.stage is not Stage.REQUESTED:
        return erasure
    if key_id == erasure.requested_by:
        raise IllegalTransition(
            "An erasure is approved with another API key than the one that asked for it. "
            "Nothing was erased; let a colleague approve it with their own key."
        )
    return replace(erasure, stage=Stage.APPROVED, approved_by=key_id, approved_ms=now_ms)


def approve_by_person(erasure: Erasure, suppress: bool, now_ms: int) -> Erasure:  # noqa: FBT001
    """Return the erasure approved by the person it erases, who proved that the mailbox is theirs.

    Whether a note is kept that nobody writes to them again is theirs to say, too.

    The rule of two keys binds keys of the controller: no one of them erases anybody. It never
    stands between a person and their own erasure.
    """
    if erasure.stage is not Stage.REQUESTED:
        return erasure
    return replace(
        erasure,
        stage=Stage.APPROVED,
        suppress=suppress,
        approved_by=PERSON,
        approved_ms=now_ms,
    )


def cancel(erasure: Erasure) -> Erasure:
    """Return the erasure cancelled; the restriction of the person stays.

    Raises:
        IllegalTransition: it was approved already.
    """
    if erasure.stage is Stage.CANCELLED:
        return erasure
    if erasure.stage is not Stage.REQUESTED:
        raise IllegalTransition("This erasure was approved already; nothing can stop it any more.")
    return replace(erasure, stage=Stage.CANCELLED)


_KEPT_FOR = frozenset(
    {
        EventType.CONSENT_CONFIRMED,
        EventType.CONSENT_RENEWED,
        EventType.CONSENT_CHANGED,
        EventType.CONSENT_IMPORTED,
        EventType.BASIS_RECORDED,
        EventType.SUBJECT_RESTRICTED,
        EventType.SUBJECT_ERASED,
    }
)
_ENDS = frozenset({EventType.CONSENT_WITHDRAWN, EventType.OBJECTION_RECORDED})
"""What a person said against mail stands in the way of every later file, with their address."""
_ANSWERS = frozenset({EventType.RIGHT_ANSWERED, EventType.RIGHT_REFUSED})


def may_be_unconfirmed(state: SubjectState | None, request_entry: int) -> bool:
    """Say whether the state alone lets the request at ``request_entry`` lead to an erasure."""
    if state is None or state.erased or state.restricted:
        return False
    if state.last_request != request_entry or state.soft_opt_ins:
        return False
    return all(consent.status is not ConsentStatus.GIVEN for consent in state.consents.values())


def was_never_confirmed(events: Iterable[Event]) -> bool:
    """Say whether a whole chain holds requests alone: no basis ever, no restriction, no hold.

    Nor a request about the person's data that still waits for its answer: to erase is none.
    """
    holds = owed = 0
    for event in events:
        if event.type in _KEPT_FOR:
            return False
        holds += event.type is EventType.HOLD_PLACED
        holds -= event.type is EventType.HOLD_RELEASED
        owed += event.type is EventType.RIGHT_REQUESTED
        owed -= event.type in _ANSWERS
    return holds <= 0 and owed <= 0


def may_wait_in_vain(state: SubjectState | None) -> bool:
    """Say whether the state alone lets a claim that waits lead to an erasure."""
    if state is None or state.erased or state.restricted or state.soft_opt_ins:
        return False
    return all(consent.status is not ConsentStatus.GIVEN for consent in state.consents.values())


def waits_in_vain(events: Iterable[Event], claim: int, *, claims_ms: int, requests_ms: int) -> bool:
    """Say whether the claim at entry ``claim`` is all that keeps its person, and its time is over.

    Its time is not over while another claim's or a request's is not.

    Args:
        events: the whole chain, in order.
        claims_ms, requests_ms: claims and requests of after these moments are kept, Unix ms.
    """
    latest, holds, owed = -1, 0, 0
    for number, event in enumerate(events):
        is_claim = event.type is EventType.CONSENT_IMPORTED and event.via is Via.OPERATOR
        if is_claim:
            latest = number
        elif event.type in _KEPT_FOR or event.type in _ENDS:
            return False
        young_ms = claims_ms if is_claim else requests_ms
        if (is_claim or event.type is EventType.CONSENT_REQUESTED) and event.at_ms > young_ms:
            return False
        holds += event.type is EventType.HOLD_PLACED
        holds -= event.type is EventType.HOLD_RELEASED
        owed += event.type is EventType.RIGHT_REQUESTED
        owed -= event.type in _ANSWERS
    return latest == claim and holds <= 0 and owed <= 0


def said_no(state: SubjectState, held: Iterable[str]) -> bool:
    """Say whether the person refused, withdrew, objected or complained: that must outlive them.

    So must every suppression that stood before our mail: else whoever types a stranger's address
    into a form, and waits, would end it. That this mail itself came back is forgotten with them.

    Args:
        held: reasons their address is suppressed for; the chain may never have heard of them.
    """
    answers = (ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN)
    # A request after it, which anybody may type, takes an answer's place and not its meaning.
    ended = any(x.status in answers or x.stopped is not None for x in state.consents.values())
    bounces = [x for x in state.suppressions if x.reason == SuppressionReason.BOUNCE]
    mail = state.entries if state.last_mail is None else state.last_mail
    ours = {x.reason for x in bounces} if all(x.entry > mail for x in bounces) else set()
    told = bool({*held, *(x.reason for x in state.suppressions)} - ours)
    return bool(ended or told or state.stops or state.list_stops or state.objections)
