# SPDX-License-Identifier: Apache-2.0
"""What the ledger's entries add up to for one subject, and the stored form of it.

`SubjectState` is only ever made by `domain.consent.fold`; the stored row is a cache of it that
can be rebuilt from the entries at any time. It holds no personal data.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.reach import Reach
from chalicelib.errors import FatalError

STATE_VERSION = 1
"""Schema version written where no suppression is of a single list."""
LISTS_VERSION = 2
"""Schema version written where one is: code that knows nothing of it must stop, not mail."""
READABLE_VERSIONS = (STATE_VERSION, LISTS_VERSION)


MEASUREMENT = PurposeId("measurement")
"""Opens and personal clicks are recorded only under this purpose."""
PROFILING = PurposeId("profiling")
"""Visits, views, documents, baskets and events are known only under this purpose."""
NO_MEMBERSHIP = frozenset({MEASUREMENT, PROFILING})
"""Purposes that say what may be known of somebody; they put nobody on a list, and no mail goes out
under them."""


class ConsentStatus(StrEnum):
    """State of one consent, in the words of W3C DPV's ``ConsentStatus``."""

    REQUESTED = "requested"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"


class Grade(StrEnum):
    """How strong the evidence of a consent is; ``A`` is the strongest."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


class ConsentKey(NamedTuple):
    """What a consent is about: one purpose of one list of one brand over one channel."""

    brand: BrandId
    channel: str
    list: ListId
    purpose: PurposeId


class Scope(NamedTuple):
    """A brand over a channel: what an objection or a brand-wide withdrawal covers."""

    brand: BrandId
    channel: str


class Membership(NamedTuple):
    """A list of one brand over one channel."""

    brand: BrandId
    channel: str
    list: ListId


SOFT_OPT_IN = "soft-opt-in"
"""Status on a list of somebody who is written to because of a sale, without any consent."""


def consent_keys(
    scope: Scope, lists: Iterable[ListId], purposes: Iterable[PurposeId]
) -> tuple[ConsentKey, ...]:
    """Return every consent that the lists and purposes name together, in their order.

    Example:
        >>> consent_keys(Scope(BrandId("demo"), "email"), [ListId("news")], [])
        ()
    """
    named = tuple(purposes)
    return tuple(ConsentKey(*scope, lst, pur) for lst in lists for pur in named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One consent as it stands.

    Attributes:
        entry: number, in the subject's chain, of the entry that made it so.
        since_ms: when, Unix milliseconds.
        stopped: entry number of its last withdrawal, refusal, expiry or invalidation, or None.

    """

    status: ConsentStatus
    since_ms: int
    entry: int
    notice: str | None = None
    grade: Grade | None = None
    stopped: int | None = None


_CONSENT_MEMBERS = tuple(member.name for member in fields(Consent))


class Suppression(NamedTuple):
    """The subject's address must not be mailed.

    Attributes:
        brand: None: by every brand. list: None: about every list of it.
    """

    brand: BrandId | None
    reason: str
    entry: int
    channel: str = EMAIL
    list: ListId | None = None

    @property
    def reach(self) -> Reach:
        """What mail it keeps away."""
        return Reach(self.brand, self.channel, self.list)

    @property
    def is_plain(self) -> bool:
        """Whether it is of e-mail as a whole, which the first schema version can say."""
        return self.list is None and self.channel == EMAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectState:
    """Everything the rules need to know about a subject.

    Attributes:
        entries: length of the chain; the next entry has this number.
        last_ms: time of the last entry, Unix milliseconds.
        consents: by what they are about.
        soft_opt_ins: entry number of the live soft opt-in per scope (ePrivacy Art. 13(2)).
        soft_lists: entry number of the latest soft opt-in that named the list.
        stops: entry number of the last brand-wide end (withdrawal, objection, refusal, expiry or
            invalidation) per scope.
        list_stops: entry number of the last withdrawal that named a whole list, not its purposes.
        objections: entry number of the live objection per scope (GDPR Art. 21(2)).
        suppressions: live ones.
        last_request: entry number of the latest ``consent.requested``, or None.
        last_mail: entry number of the latest ``consent.mail_sent``, or None.
        mails_ms: times of the latest confirmation mails, oldest first, at most three.

    """

    entries: int = 0
    last_ms: int = 0
    consents: Mapping[ConsentKey, Consent] = field(default_factory=dict)
    soft_opt_ins: Mapping[Scope, int] = field(default_factory=dict)
    soft_lists: Mapping[Membership, int] = field(default_factory=dict)
    stops: Mapping[Scope, int] = field(default_factory=dict)
    list_stops: Mapping[Membership, int] = field(default_factory=dict)
    objections: Mapping[Scope, int] = field(default_factory=dict)
    suppressions: tuple[Suppression, ...] = ()
    last_request: int | None = None
    last_mail: int | None = None
    mails_ms: tuple[int, ...] = ()
    restricted: bool = False
    erased: bool = False


def dump_state(state: SubjectState) -> str:
    """Return the compact JSON stored in the subject's STATE row."""

    def scoped(values: Mapping[Scope, int]) -> list[list[Any]]:
        return sorted([*scope, entry] for scope, entry in values.items())

    narrow = [x for x in state.suppressions if not x.is_plain]
    document = {
        "v": LISTS_VERSION if narrow else STATE_VERSION,
        "n": state.entries,
        "ms": state.last_ms,
        "c": sorted([*key, _drop_none(consent)] for key, consent in state.consents.items()),
        "o": scoped(state.objections),
        "s": scoped(state.stops),
        "b": scoped(state.soft_opt_ins),
        "x": [list(x[:3]) for x in state.suppressions if x.is_plain],
        "rq": state.last_request,
        "ml": state.last_mail,
        "mt": list(state.mails_ms),
        "r": state.restricted,
        "e": state.erased,
    }
    if state.soft_lists:  # Absent before there was such a thing, so that older rows stay the same.
        document["bl"] = sorted([*key, entry] for key, entry in state.soft_lists.items())
    if state.list_stops:
        document["sl"] = sorted([*key, entry] for key, entry in state.list_stops.items())
    if narrow:
        document["xs"] = [[x.brand, x.channel, x.list, x.reason, x.entry] for x in narrow]
    return orjson.dumps(document).decode()


def load_state(text: str) -> SubjectState:
    """Return the state a STATE row holds, of this schema version or the previous one.

    Raises:
        FatalError: the row has another version; it must not be guessed at.

    """
    document = orjson.loads(text)
    if document["v"] not in READABLE_VERSIONS:
        raise FatalError(
            f"a STATE row has schema version {document['v']!r}; this code cannot read it"
        )

    def scoped(rows: list[list[Any]]) -> dict[Scope, int]:
        return {Scope(brand, channel): entry for brand, channel, entry in rows}

    return SubjectState(
        entries=document["n"],
        last_ms=document["ms"],
        consents={ConsentKey(*row[:4]): _consent(row[4]) for row in document["c"]},
        objections=scoped(document["o"]),
        stops=scoped(document["s"]),
        soft_opt_ins=scoped(document["b"]),
        soft_lists={Membership(*row[:3]): row[3] for row in document.get("bl", ())},
        list_stops={Membership(*row[:3]): row[3] for row in document.get("sl", ())},
        suppressions=_suppressions(document["x"], document.get("xs", ())),
        last_request=document["rq"],
        last_mail=document["ml"],
        mails_ms=tuple(document["mt"]),
        restricted=document["r"],
        erased=document["e"],
    )


def _suppressions(
    plain: Sequence[list[Any]], narrow: Sequence[list[Any]]
) -> tuple[Suppression, ...]:
    """All of them in the order of their entries, in which they were folded."""
    found = [Suppression(*row) for row in plain]
    if not narrow:
        return tuple(found)
    for brand, channel, list_id, reason, entry in narrow:
        found.append(Suppression(brand, reason, entry, channel, list_id))
    return tuple(sorted(found, key=lambda x: x.entry))


def _drop_none(consent: Consent) -> dict[str, Any]:
    # By name: `asdict` copies every value, and a state is written at every entry.
    members = ((name, getattr(consent, name)) for name in _CONSENT_MEMBERS)
    return {name: value for name, value in members if value is not None}


def _consent(row: dict[str, Any]) -> Consent:
    grade = row.get("grade")
    return Consent(
        status=ConsentStatus(row["status"]),
        since_ms=row["since_ms"],
        entry=row["entry"],
        notice=row.get("notice"),
        grade=Grade(grade) if grade else None,
        stopped=row.get("stopped"),
    )


def memberships(state: SubjectState) -> tuple[tuple[ListId, str], ...]:
    """Return each list's status for the audience row: that of its consent to be written to.

    `NO_MEMBERSHIP` makes nobody a member; where several purposes of a list differ, the one that
    lets most through stands: given, then requested, then the newest.
    A list that a sale brought in is `SOFT_OPT_IN`, unless a consent to it was given or ended.
    """
    best: dict[ListId, Consent] = {}
    for key, consent in sorted(state.consents.items()):
        if key.purpose in NO_MEMBERSHIP:
            continue
        held = best.get(key.list)
        if held is None or openness(consent) > openness(held):
            best[key.list] = consent
    found = {key.list: SOFT_OPT_IN for key in state.soft_lists}
    for list_id, consent in best.items():
        pending = consent.status is ConsentStatus.REQUESTED and consent.stopped is None
        if not (pending and list_id in found):
            found[list_id] = str(consent.status)
    return tuple(sorted(found.items()))


def openness(consent: Consent) -> tuple[bool, bool, int]:
    """Return how much a consent lets through; of a list's purposes the greatest is the list's."""
    return (
        consent.status is ConsentStatus.GIVEN,
        consent.status is ConsentStatus.REQUESTED,
        consent.entry,
    )
