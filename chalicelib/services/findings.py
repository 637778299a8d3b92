# SPDX-License-Identifier: Apache-2.0
"""What is told of a person who was found: the mail, the entry that allowed it, the state now.

Guarantees that every time and entry named stands in the chain as read, and that what servers said
is opened with the person's own key; of an erased person only what stays readable is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain.erasure import Erasure
from chalicelib.domain.events import Event
from chalicelib.domain.ids import BrandId, CampaignId, DeliveryId, EventId, ListId, SubjectId
from chalicelib.domain.ses_events import parse
from chalicelib.domain.state import ConsentKey, ConsentStatus
from chalicelib.errors import EvidenceError, InputError
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.erasure import Erasures
from chalicelib.ports.ledger import LedgerStore, StoredEntry
from chalicelib.ports.mails import MailStore
from chalicelib.ports.sending import DeliverySeen
from chalicelib.ports.traces import Traces
from chalicelib.services.entries import event_of_leaf, open_claims, open_profile
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.services.mail_record import open_answer
from chalicelib.services.mail_sight import MailSight
from chalicelib.services.stored_events import open_stored
from chalicelib.services.unsealing import Unsealed
from chalicelib.vocabulary import EventType

MAX_SOURCES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a lead names: a delivery of a campaign, or the request a confirmation mail answers."""

    delivery: DeliveryId | None = None
    campaign: CampaignId | None = None
    request: EventId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEntry:
    """An entry of the chain. ``index`` None: not yet in the log."""

    n: int
    event: EventId
    type: EventType
    at_ms: int
    index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMail:
    """One mail that a clue led through.

    Attributes:
        campaign: None of a confirmation mail.
        at_ms: when it was handed to SES; None when no record of that is left.
        event, event_ms: the strongest thing SES said of it, and when.
        answer: the receiving server's own words; None once they expired.
        entry: what allowed it.
    """

    campaign: CampaignId | None
    name: str | None = None
    subject: str | None = None
    delivery: DeliveryId | None = None
    at_ms: int | None = None
    message_id: str | None = None
    event: str | None = None
    event_ms: int | None = None
    answer: str | None = None
    entry: FoundEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNow:
    """How one consent stands, and since when (Unix milliseconds)."""

    key: ConsentKey
    status: ConsentStatus
    since_ms: int
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What keeps mail away: an objection or a suppression.

    Attributes:
        brand: None: every brand. list: None: every list of it.
    """

    brand: BrandId | None
    reason: str
    since_ms: int
    entry: int
    list: ListId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand with a person. ``erasure`` leads to the certificate."""

    consents: tuple[ConsentNow, ...]
    objections: tuple[Stop, ...]
    suppressions: tuple[Stop, ...]
    is_restricted: bool
    is_erased: bool
    erasure: Erasure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Who was found. ``email`` None: erased."""

    sid: SubjectId
    email: str | None
    language: str | None
    mails: tuple[FoundMail, ...]
    standing: Standing
    clue: str = ""
    understood: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A chain as read: entries with what they show."""

    person: Unsealed
    entries: Sequence[StoredEntry]
    events: Sequence[Event]


class Findings:
    """Gathers what is told; writes nothing."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        audience: AudienceStore,
        campaigns: Campaigns,
        sight: MailSight,
        mails: MailStore,
        traces: Traces,
        erasures: Erasures,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._audience = audience
        self._campaigns = campaigns
        self._sight = sight
        self._mails = mails
        self._traces = traces
        self._erasures = erasures

    def of(self, person: Unsealed, sources: Sequence[Source]) -> Finding:
        """Return what is told of a person whose opening is on record."""
        entries = self._ledger.history(person.sid, 0, person.state.entries - 1)
        events = tuple(event_of_leaf(entry.leaf) for entry in entries)
        read = _Read(person=person, entries=entries, events=events)
        profile = self._profile(person.sid, person.chain)
        return Finding(
            sid=person.sid,
            email=profile.get("email"),
            language=profile.get("language"),
            mails=tuple(self._mail(read, source) for source in sources[:MAX_SOURCES]),
            standing=self._standing(person, events),
        )

    def _profile(self, sid: SubjectId, chain: Chain | None) -> Mapping[str, str]:
        member = self._audience.members([sid]).get(sid) if chain else None
        if chain is None or member is None:
            return {}
        profile = open_profile(chain.keys, member.sealed)
        return {name: str(profile[name]) for name in ("email", "language") if name in profile}

    def _mail(self, read: _Read, source: Source) -> FoundMail:
        if source.request is not None:
            return self._confirmation(read, source.request)
        campaign = self._campaigns.get(source.campaign) if source.campaign else None
        mail = FoundMail(
            campaign=source.campaign,
            name=campaign.name if campaign else None,
            subject=campaign.subject if campaign else None,
            delivery=source.delivery,
        )
        seen = self._sight.delivery(source.delivery) if source.delivery else None
        if seen is None:
            return mail
        return replace(
            mail,
            at_ms=seen.row.at_ms,
            message_id=seen.message_id,
            event=seen.event,
            event_ms=seen.event_ms,
            answer=self._answer(read.person, seen),
            entry=self._entry(read, seen.row.entry),
        )

    def _answer(self, person: Unsealed, seen: DeliverySeen) -> str | None:
        """What the receiving server said, from the sealed event that the delivery row rests on."""
        if person.chain is None or seen.event is None:
            return None
        for stored in self._traces.events(person.sid):
            if (stored.type, stored.at_ms) != (seen.event, seen.event_ms) or stored.sealed is None:
                continue
            try:
                raw = open_stored(person.chain.keys, stored.key, stored.sealed)
                said = [
                    event.diagnostic for event in parse(raw) if event.message_id == seen.message_id
                ]
            except (EvidenceError, InputError):
                continue  # Another person's event cannot be told; the row's own words stand.
            if said:
                return said[0]
        return None

    def _confirmation(self, read: _Read, request: EventId) -> FoundMail:
        """The mail that answered a sign-up; the request's own entry allowed it."""
        place = next((entry.n for entry in read.entries if entry.event == request), None)
        mail = FoundMail(campaign=None)
        if place is None:
            return mail
        mail = replace(mail, entry=self._entry(read, place))
        sent = self._sent(read, request)
        if sent is not None:
            mail = replace(mail, at_ms=sent[0], message_id=sent[1])
        chain = read.person.chain
        kept = [each for each in self._mails.read(read.person.sid) if each.request == place]
        answer = open_answer(chain.keys, kept[0]) if chain and kept else None
        if answer is None:
            return mail
        return replace(
            mail,
            message_id=answer.message_id,
            event=answer.event,
            event_ms=answer.at_ms,
            answer=answer.said,
        )

    def _sent(self, read: _Read, request: EventId) -> tuple[int, str | None] | None:
        """When the answer to a request was handed to SES, and SES's id of it."""
        chain = read.person.chain
        if chain is None:
            return None
        for entry, event in zip(read.entries, read.events, strict=True):
            if event.type is EventType.CONSENT_MAIL_SENT:
                link = open_claims(chain.keys, entry).link or {}
                if link.get("request") == request:
                    return event.at_ms, str(link.get("message_id") or "") or None
        return None

    def _entry(self, read: _Read, n: int) -> FoundEntry | None:
        if n >= len(read.entries):
            return None
        entry, event = read.entries[n], read.events[n]
        located = self._store.locate(entry.event)
        return FoundEntry(
            n=n,
            event=entry.event,
            type=event.type,
            at_ms=event.at_ms,
            index=located.index if located else None,
        )

    def _standing(self, person: Unsealed, events: Sequence[Event]) -> Standing:
        state = person.state
        return Standing(
            consents=tuple(
                ConsentNow(key=key, status=now.status, since_ms=now.since_ms, entry=now.entry)
                for key, now in sorted(state.consents.items())
            ),
            objections=tuple(
                Stop(brand=scope.brand, reason="objection", since_ms=events[n].at_ms, entry=n)
                for scope, n in sorted(state.objections.items())
            ),
            suppressions=tuple(
                Stop(
                    brand=each.brand,
                    reason=each.reason,
                    since_ms=events[each.entry].at_ms,
                    entry=each.entry,
                    list=each.list,
                )
                for each in state.suppressions
            ),
            is_restricted=state.restricted,
            is_erased=state.erased,
            erasure=self._erasures.of(person.sid) if state.erased else None,
        )
