# SPDX-License-Identifier: Apache-2.0
"""A chain read as a story: each consent, from what began it to what ended it.

Guarantees that report and record tell the same, and only what leaves and opened disclosures say.
Refuses to judge whether a consent is valid: that is a lawyer's work.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from chalicelib.proof import base64url
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.disclosure import open_disclosure
from chalicelib.proof.evidence import DeliveryLine, Evidence, ProvenEntry
from chalicelib.proof.leaf import LeafFields, ParsedLeaf, parse_leaf
from chalicelib.vocabulary import EventType

_STARTS: Final = frozenset(
    {
        EventType.CONSENT_REQUESTED,
        EventType.CONSENT_IMPORTED,
        EventType.BASIS_RECORDED,
    }
)
_ANSWERS: Final = frozenset(
    {EventType.CONSENT_CONFIRMED, EventType.CONSENT_RENEWED, EventType.CONSENT_REFUSED}
)
_ENDINGS: Final = frozenset(
    {
        EventType.CONSENT_WITHDRAWN,
        EventType.CONSENT_EXPIRED,
        EventType.CONSENT_INVALIDATED,
        EventType.OBJECTION_RECORDED,
    }
)
_NOES: Final = frozenset(
    {EventType.CONSENT_REFUSED, EventType.CONSENT_WITHDRAWN, EventType.OBJECTION_RECORDED}
)
_STOPS: Final = frozenset({EventType.SUPPRESSION_ADDED, EventType.SUBJECT_RESTRICTED})
_LIFTED: Final = (EventType.HOLD_RELEASED, "ended")
_PERSONS_OWN: Final = frozenset({None, "page", "list-unsub-post", "reply"})


Place = tuple[str, str]
"""A list and a purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One entry and what of it is opened.

    Attributes:
        n: number in the chain. index: place in the log.
        opened: claims by name; an empty object where nothing was recorded.
    """

    n: int
    index: int
    fields: LeafFields
    opened: Mapping[str, Mapping[str, JsonValue]]

    def value(self, claim: str, member: str) -> JsonValue:
        """One member of an opened claim; None where it is closed or was not recorded."""
        return self.opened.get(claim, {}).get(member)

    def text(self, claim: str, member: str) -> str | None:
        """As `value`, as text; None where empty."""
        value = self.value(claim, member)
        return None if value in (None, "") else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One consent, claimed or real, or soft opt-in.

    Attributes:
        start: the request, import or recorded sale; or the answer, where nothing came before it.
        mail: the confirmation mail.
        answer: what the person answered to it.
        changes: what came later and ended nothing.
        end: what ended it altogether.
        before: of what only the controller states, the person's latest earlier no that concerns
            it; such a statement lifts none.
        left: each list and purpose that nothing took back; None where ``start`` does not name
            both.
    """

    start: Told
    mail: Told | None = None
    answer: Told | None = None
    changes: tuple[Told, ...] = ()
    end: Told | None = None
    before: Told | None = None
    left: frozenset[Place] | None = None

    @property
    def is_in_part(self) -> bool:
        """Whether something of it was taken back, and not all."""
        return self.end is None and self.left not in (None, _places(self.start.fields))

    @property
    def is_attested(self) -> bool:
        """Whether another system of the controller states it, and no import of a file."""
        fields = self.start.fields
        return fields.type is EventType.CONSENT_IMPORTED and fields.via == "api"

    @property
    def is_waiting(self) -> bool:
        """Whether it came with a file and the controller holds it back: no mail rests on it."""
        fields = self.start.fields
        return fields.type is EventType.CONSENT_IMPORTED and fields.via == "operator"

    @property
    def is_given(self) -> bool:
        """Whether an entry says that consent was given here, and did not only come with a file."""
        return self.answer is not None and self.answer.fields.type != EventType.CONSENT_REFUSED

    @property
    def is_double_opt_in(self) -> bool:
        """Whether request, mail and the person's own answer are all there."""
        asked = self.start.fields.type is EventType.CONSENT_REQUESTED and self.mail is not None
        return (
            asked and self.is_given and self.answer is not None
        ) and self.answer.fields.via in _PERSONS_OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Mails of campaigns after the end of a consent, by what they rest on."""

    on_nothing_later: tuple[DeliveryLine, ...]
    on_a_later_entry: tuple[DeliveryLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A whole chain: every entry, and those that matter most.

    Attributes:
        consents: those asked for, by when they began.
        stops: suppressions, restrictions and what ended those.
        moves: changes of the address.
        erasure: the last entry, if it is one.
        log: what every proof of the bundle leads to.
    """

    entries: tuple[Told, ...]
    consents: tuple[Consent, ...]
    stops: tuple[Told, ...]
    moves: tuple[Told, ...]
    erasure: Told | None
    log: Checkpoint

    @property
    def last(self) -> Told:
        """The last entry of the chain."""
        return self.entries[-1]


def read_story(evidence: Evidence, leaves: Sequence[ParsedLeaf]) -> Story:
    """The story of a chain whose leaves `evidence.entries` hold in the same order.

    Raises:
        Malformed: a disclosure is not in its form.
    """
    entries = tuple(
        _told(n, entry, parsed.fields)
        for n, (entry, parsed) in enumerate(zip(evidence.entries, leaves, strict=True))
    )
    consents = tuple(
        consent for consent in _consents(entries) if _is_asked(evidence, consent.start.fields)
    )
    erasures = [told for told in entries if told.fields.erasure is not None]
    return Story(
        entries=entries,
        consents=consents,
        stops=tuple(told for told in entries if _is_stop(told.fields)),
        moves=tuple(told for told in entries if told.fields.type is EventType.IDENTIFIER_CHANGED),
        erasure=erasures[-1] if erasures else None,
        log=Checkpoint.of_note(evidence.checkpoint),
    )


def sent_after(evidence: Evidence, consent: Consent) -> Sent:
    """Mails of campaigns that the end of `consent` covers, handed over after it."""
    end = consent.end
    if end is None:
        return Sent(on_nothing_later=(), on_a_later_entry=())
    covered = {
        file.campaign
        for file in evidence.campaigns
        if _takes_back(end.fields, parse_leaf(file.commitment.leaf).fields)
    }
    late = tuple(
        line
        for line in evidence.deliveries
        if line.campaign in covered and line.at_ms > end.fields.ts_ms
    )
    return Sent(
        on_nothing_later=tuple(line for line in late if (line.entry or 0) <= end.n),
        on_a_later_entry=tuple(line for line in late if (line.entry or 0) > end.n),
    )


def shown_sentence(evidence: Evidence, told: Told, purpose: str) -> str | None:
    """The sentence beside a purpose's box, only if the notice of this entry holds those words."""
    sentence = dict(evidence.party.purpose_names).get(purpose)
    for notice in evidence.notices:
        if notice.sha256 == told.fields.notice_sha256 and sentence and notice.text:
            return sentence if sentence.encode() in notice.text else None
    return None


def overlaps(one: LeafFields, other: LeafFields) -> bool:
    """Whether two entries speak of a common brand, list and purpose; absent means all."""
    return (None in (one.brand, other.brand) or one.brand == other.brand) and all(
        not mine or not theirs or bool(set(mine) & set(theirs))
        for mine, theirs in ((one.lists, other.lists), (one.purposes, other.purposes))
    )


def _covers(ending: LeafFields, start: LeafFields) -> bool:
    """Whether an ending leaves nothing of what began with `start`."""
    return overlaps(ending, start) and all(
        not mine or (bool(theirs) and set(theirs) <= set(mine))
        for mine, theirs in ((ending.lists, start.lists), (ending.purposes, start.purposes))
    )


def _is_stop(fields: LeafFields) -> bool:
    return fields.type in _STOPS or (fields.type, fields.reason) == _LIFTED


def _is_asked(evidence: Evidence, fields: LeafFields) -> bool:
    return all(
        not asked or not named or bool(set(asked) & set(named))
        for asked, named in ((evidence.lists, fields.lists), (evidence.purposes, fields.purposes))
    )


def _told(n: int, entry: ProvenEntry, fields: LeafFields) -> Told:
    opened = dict(open_disclosure(text) for text in entry.disclosures)
    return Told(
        n=n,
        index=entry.index,
        fields=fields,
        opened={name: value or {} for name, value in opened.items()},
    )


def _consents(entries: Iterable[Told]) -> Iterable[Consent]:
    """Each consent of a chain; an entry joins the latest open one that it can belong to."""
    found: list[Consent] = []
    noes: list[Told] = []
    for told in entries:
        kind = told.fields.type
        if kind in _NOES or kind is EventType.CONSENT_CHANGED:
            noes.append(told)
        if kind is EventType.CONSENT_REQUESTED:
            found.append(_begun(told))
        elif kind in _STARTS:
            found.append(replace(_begun(told), before=_earlier_no(noes, told.fields)))
        elif kind is EventType.CONSENT_MAIL_SENT:
            _join(found, told, "mail")
        elif kind in _ANSWERS:
            if not _join(found, told, "answer"):
                _renew(found, told)
        elif kind is EventType.CONSENT_CHANGED:
            found = _changed(found, told)
        elif kind in _ENDINGS:
            found = [_later(consent, told) for consent in found]
    return found


def _earlier_no(noes: Sequence[Told], claimed: LeafFields) -> Told | None:
    """The latest entry by which something of what is claimed was refused or taken back."""
    return next((told for told in reversed(noes) if _takes_back(told.fields, claimed)), None)


def _takes_back(no: LeafFields, claimed: LeafFields) -> bool:
    """Whether an entry leaves out, refuses or ends something of what is claimed after it."""
    if no.type is not EventType.CONSENT_CHANGED:
        return overlaps(no, claimed)
    # A change names what stays: what it does not name was taken back.
    same = no.brand == claimed.brand and bool(set(no.lists) & set(claimed.lists))
    return same and bool(set(claimed.purposes) - set(no.purposes))


def _join(found: list[Consent], told: Told, place: str) -> bool:
    """Set a mail or answer into the request it names, else into the latest that lacks one."""
    request = told.text("link", "request")
    for position in reversed(range(len(found))):
        consent = found[position]
        fields = consent.start.fields
        if fields.type is not EventType.CONSENT_REQUESTED or consent.end is not None:
            continue
        if getattr(consent, place) is not None or not overlaps(told.fields, fields):
            continue
        if request is not None and request != event_name(consent.start):
            continue
        is_mail = place == "mail"
        found[position] = replace(consent, mail=told) if is_mail else replace(consent, answer=told)
        return True
    return False


def _renew(found: list[Consent], told: Told) -> None:
    """An answer without a request: a renewal of what is given, or a consent of its own."""
    for position in reversed(range(len(found))):
        consent = found[position]
        if consent.is_given and consent.end is None and overlaps(told.fields, consent.start.fields):
            found[position] = _later(consent, told)
            return
    found.append(replace(_begun(told), answer=told))


def _changed(found: Sequence[Consent], told: Told) -> list[Consent]:
    """A change on the person's own page: it joins what it leaves, or begins what it gives anew."""
    joined = [_later(consent, told) for consent in found]
    standing = [
        consent
        for consent in found
        if consent.end is None
        and not consent.is_waiting
        and (consent.is_given or consent.start.fields.type is not EventType.CONSENT_REQUESTED)
        and overlaps(told.fields, consent.start.fields)
    ]
    left = {place for consent in standing for place in consent.left or ()}
    begun = {place for consent in standing for place in _places(consent.start.fields) or ()}
    is_back = any(_names(told.fields, place) for place in begun - left)
    gives = told.fields.notice_sha256 is not None
    if gives and (is_back or not standing):
        return [*joined, replace(_begun(told), answer=told)]
    return joined


def _later(consent: Consent, told: Told) -> Consent:
    """The consent with an entry that came after it; several that take a part each end it."""
    start, kind = consent.start.fields, told.fields.type
    concerns = overlaps(told.fields, start) or (
        kind is EventType.CONSENT_CHANGED and _takes_back(told.fields, start)
    )
    if consent.end is not None or not concerns:
        return consent
    left = _left(consent, told.fields)
    ends = kind in _ENDINGS and _covers(told.fields, start)
    if ends or left == frozenset():
        return replace(consent, end=told, left=left)
    return replace(consent, changes=(*consent.changes, told), left=left)


def _begun(told: Told) -> Consent:
    return Consent(start=told, left=_places(told.fields))


def _places(fields: LeafFields) -> frozenset[Place] | None:
    named = frozenset(product(fields.lists, fields.purposes))
    return named or None


def _left(consent: Consent, later: LeafFields) -> frozenset[Place] | None:
    """What of a consent nothing took back, after one more entry that concerns it."""
    left = consent.left
    if left is None:
        return None
    if later.type is EventType.CONSENT_CHANGED:
        # What a change names of its lists stands, and nothing else of them does.
        return frozenset(x for x in left if x[0] not in later.lists or _names(later, x))
    if later.type in _ENDINGS:
        return frozenset(x for x in left if not _names(later, x))
    return left


def _names(fields: LeafFields, place: Place) -> bool:
    """Whether an entry speaks of a list and a purpose; absent means all."""
    return (not fields.lists or place[0] in fields.lists) and (
        not fields.purposes or place[1] in fields.purposes
    )


def event_name(told: Told) -> str:
    """The event's id as other entries name it."""
    return base64url.encode(told.fields.event_id)
