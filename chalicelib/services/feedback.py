# SPDX-License-Identifier: Apache-2.0
"""SES's feedback: from an event to the delivery row, the address's health and the ledger.

Guarantees that the same events, repeated, shuffled or late by days, end in the same state: every
step is a join or looks at what is there first, and the stored event comes last, so that a crash
anywhere is healed by the queue's next delivery. Keeps of a stranger only the MAC, and of SES's own
open and click tracking, which must be off, nothing about a person.
"""

import hashlib
import logging
from dataclasses import dataclass

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.event_kinds import LEFT_TAG, classify, rank
from chalicelib.domain.events import EMAIL
from chalicelib.domain.health import EventKind, observe
from chalicelib.domain.hygiene import (
    Owed,
    counted_as,
    owed,
    react,
    renewed_ms,
    scopes_of,
    stranger_reason,
)
from chalicelib.domain.ids import (
    DELIVERY_ID_BYTES,
    DeliveryId,
    EventId,
    SubjectId,
    decode_id,
    encode_id,
)
from chalicelib.domain.ses_events import SesEvent, SesType, parse
from chalicelib.domain.state import Scope
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.hygiene import HealthStore
from chalicelib.ports.ledger import LedgerStore, Located
from chalicelib.ports.mails import MailStore
from chalicelib.ports.outside import Activity, StoredEvent
from chalicelib.ports.runs import Deliveries
from chalicelib.ports.sending import DeliverySeen
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.ports.traces import MailTrace, Traces
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.sealing import NONCE_BYTES
from chalicelib.services.ledger import ATTEMPTS, Chain, Ledger
from chalicelib.services.mail_record import REQUEST_TAG, MailAnswer, seal_answer
from chalicelib.services.suppressions import Change, Suppressor, objections_to

log = logging.getLogger(__name__)

KEEP_EVENTS_S = 180 * 24 * 3600
"""How long a stored event lives, seconds."""
KEEP_TRACES_MS = 400 * DAY_MS
"""How long a mail is found by its Message-ID after SES's first event of it, milliseconds."""
KEEP_HEALTH_MS = 400 * DAY_MS
"""How long a health record lives after its latest change, milliseconds."""
DELIVERY_TAG = "r"
"""The message tag that holds the delivery id (docs/spec/sending.md)."""
TRACKING = frozenset({SesType.OPEN, SesType.CLICK})
ANSWERS = frozenset({SesType.DELIVERY, SesType.BOUNCE, SesType.REJECT, SesType.DELIVERY_DELAY})
"""Events that say how a mail was received: kept beside the confirmation mail they are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Whom an event is about: their chain, or only a MAC, or nobody known."""

    chain: Chain | None
    mac: str | None
    seen: DeliverySeen | None
    request: Located | None = None

    @property
    def key(self) -> str | None:
        """The key of the health record."""
        return self.chain.sid if self.chain else self.mac


class Feedback:
    """Records what SES says about messages."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        mails: MailStore,
        suppressor: Suppressor,
        deliveries: Deliveries,
        campaigns: Campaigns,
        health: HealthStore,
        activity: Activity,
        traces: Traces,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._ledger = ledger
        self._ledger_store = store
        self._mails = mails
        self._suppressor = suppressor
        self._deliveries = deliveries
        self._campaigns = campaigns
        self._health = health
        self._activity = activity
        self._traces = traces
        self._clock = clock
        self._random = random

    def record(self, raw_message: str) -> None:
        """Record every event in one queue message.

        Idempotency key: message id, type, recipient and time of the event, for each recipient.

        Raises:
            InputError: the message is not a JSON object; nothing was recorded.
            Conflict: somebody's chain or health kept changing; repeat the whole message.
            DependencyError: repeat the whole message; what was recorded is not recorded again.
        """
        for event in parse(raw_message):
            self.record_event(event)

    def record_event(self, event: SesEvent) -> None:
        """Record one event; raises what `record` raises."""
        if event.type is SesType.SEND and DELIVERY_TAG not in event.tags:
            return  # A service mail: its own ledger entry already says that SES took it.
        at_ms = self._clock.now_ms() if event.at_ms is None else event.at_ms
        if event.type in TRACKING:
            found = _Found(chain=None, mac=None, seen=None)
        else:
            found = self._find(event)
        self._keep_trace(event, found, at_ms)
        weight = rank(event)
        if found.seen is not None and weight:
            self._deliveries.observe(
                found.seen.row.delivery, str(event.type), weight, at_ms, event.message_id
            )
        self._keep_answer(event, found, weight, at_ms)
        kind = EventKind.NEUTRAL if self._was_left(event, found) else _heeded(event)
        self._change_ledger(event, found, kind, at_ms)
        if found.key is not None:
            self._change_health(found.key, found.chain, kind, at_ms)
        self._store(event, found, at_ms)

    def _find(self, event: SesEvent) -> _Found:
        """By a tag of the mail; else, or once they are erased, by the address's MAC."""
        seen = self._delivery(event)
        request = self._located(event, REQUEST_TAG) if seen is None else None
        named = request or self._located(event, LEFT_TAG)
        sid = seen.row.sid if seen else named.sid if named else None
        chain = self._open(sid) if sid else None
        if chain is not None:
            return _Found(chain=chain, mac=None, seen=seen, request=request)
        mac = self._mac(event.recipient or "")
        sid = self._ledger.lookup(mac).sid if mac else None
        chain = self._open(sid) if sid else None
        return _Found(chain=chain, mac=mac, seen=seen)

    def _was_left(self, event: SesEvent, found: _Found) -> bool:
        """Whether a mailbox answers that its person has left since: it says nothing of the new one.

        A complaint is the person's word, whichever mailbox it came from.
        """
        if event.type is not SesType.BOUNCE or found.chain is None or event.sent_to is None:
            return False
        mac = self._mac(event.sent_to)
        return mac is not None and mac not in found.chain.macs

    def _delivery(self, event: SesEvent) -> DeliverySeen | None:
        tag = event.tags.get(DELIVERY_TAG)
        if tag is None or not event.alone:
            return None
        try:
            decode_id(tag, DELIVERY_ID_BYTES)
        except InputError:
            return None  # Somebody else's message under the same configuration set.
        return self._deliveries.delivery(DeliveryId(tag))

    def _located(self, event: SesEvent, name: str) -> Located | None:
        """The sign-up or the change of address whose mail this is about, by the mail's tag."""
        tag = event.tags.get(name)
        if tag is None or not event.alone:
            return None
        try:
            decode_id(tag)
        except InputError:
            return None  # Somebody else's message under the same configuration set.
        return self._ledger_store.locate(EventId(tag))

    def _keep_trace(self, event: SesEvent, found: _Found, at_ms: int) -> None:
        """Let the mail be found by its Message-ID: one write for a mail, by its first event.

        Before the delivery row learns of the id, so that a crash in between is healed.
        """
        if not event.message_id:
            return
        if found.seen is not None and found.seen.message_id is None:
            trace = MailTrace(delivery=found.seen.row.delivery)
        elif found.request is not None and event.type in ANSWERS:
            trace = MailTrace(request=found.request.event)
        else:
            return
        self._traces.keep(event.message_id, trace, at_ms + KEEP_TRACES_MS)

    def _keep_answer(self, event: SesEvent, found: _Found, weight: int, at_ms: int) -> None:
        """Keep how a confirmation mail was received, for the proof of its person."""
        chain, request = found.chain, found.request
        if chain is None or request is None or request.n is None or event.type not in ANSWERS:
            return
        answer = MailAnswer(
            event=str(event.type),
            at_ms=at_ms,
            message_id=event.message_id,
            said=event.diagnostic,
        )
        sealed = seal_answer(chain.keys, request.n, answer, self._random(NONCE_BYTES))
        self._mails.answer(chain.sid, request.n, sealed, weight, at_ms)

    def _open(self, sid: SubjectId) -> Chain | None:
        try:
            return self._ledger.open(sid)
        except NotFound:
            return None

    def _mac(self, address: str) -> str | None:
        try:
            return self._ledger.mac(parse_address(address).normal)
        except InputError:
            return None  # A server may report any text as its final recipient.

    def _change_ledger(self, event: SesEvent, found: _Found, kind: EventKind, at_ms: int) -> None:
        reason = stranger_reason(kind)
        if reason is None:
            return
        if found.chain is None:
            if found.mac is not None:
                self._suppressor.suppress_mac(found.mac, reason)
            return
        campaign = found.seen.row.campaign if found.seen else None
        scope = self._scope(campaign)
        claims = Claims(
            link={"feedback_id": event.feedback_id or "", "message_id": event.message_id}
        )

        def decide(chain: Chain) -> Change:
            against = (*scopes_of(chain.state, EMAIL), *((scope,) if scope else ()))
            return self._change(chain, owed(chain.state, kind, at_ms, against), campaign, claims)

        self._suppressor.apply(found.chain, decide)

    def _scope(self, campaign_id: str | None) -> Scope | None:
        campaign = self._campaigns.get(campaign_id) if campaign_id else None
        return Scope(campaign.brand, EMAIL) if campaign else None

    def _change(self, chain: Chain, lacking: Owed, campaign: str | None, claims: Claims) -> Change:
        if lacking.reason is None:
            return Change(drafts=objections_to(chain, lacking.objections, campaign, claims))
        return self._suppressor.change(
            chain, lacking.reason, scopes=lacking.objections, campaign=campaign, claims=claims
        )

    def _change_health(self, key: str, chain: Chain | None, kind: EventKind, at_ms: int) -> None:
        renewed = renewed_ms(chain.state) if chain else None
        for _ in range(ATTEMPTS):
            row = self._health.read(key)
            now_ms = self._clock.now_ms()
            if observe(row.health, kind, at_ms) == row.health:
                return
            reaction = react(row.health, kind, at_ms, now_ms, renewed)
            try:
                self._health.write(key, reaction.health, row.revision, now_ms + KEEP_HEALTH_MS)
            except Conflict:
                continue
            log.info(
                reaction.rule.sentence,
                extra={"event": kind, "before": reaction.before, "after": reaction.after},
            )
            return
        raise Conflict("The health of an address kept changing; the event is kept.")

    def _store(self, event: SesEvent, found: _Found, at_ms: int) -> None:
        key = _event_key(event, found)
        sealed = None
        if found.chain is not None:
            nonce = self._random(NONCE_BYTES)
            sealed = found.chain.keys.seal_event(key.encode(), event.raw.encode(), nonce)
        self._activity.record_event(
            StoredEvent(
                key=key,
                sid=found.chain.sid if found.chain else None,
                mac=None if found.chain else found.mac,
                type=str(event.type),
                at_ms=at_ms,
                sealed=sealed,
            ),
            KEEP_EVENTS_S,
        )


def _heeded(event: SesEvent) -> EventKind:
    """What an event counts as here, where nobody asks SES's own list since when it says so.

    What SES remembers counts as new, and mail that SES kept back from somebody who opted out by
    way of its contact list as refused: the safe side for who is mailed.
    """
    kind = classify(event)
    if kind is EventKind.LEFT:
        return EventKind.PERMANENT if event.type is SesType.BOUNCE else EventKind.NEUTRAL
    return counted_as(kind, confirmed=False)


def _event_key(event: SesEvent, found: _Found) -> str:
    """The same for every repeat of an event about one recipient, and nothing to read from it."""
    who = found.seen.row.delivery if found.seen else found.mac or ""
    if found.request is not None:
        who = found.request.event
    parts = (event.message_id, event.name, who, "" if event.at_ms is None else str(event.at_ms))
    return encode_id(hashlib.sha256("\0".join(parts).encode()).digest())
