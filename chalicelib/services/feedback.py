# SPDX-License-Identifier: Apache-2.0
"""SES's feedback: from an event to the delivery row, the address's health and the ledger.

Guarantees that the same events, repeated, shuffled or late by days, end in the same state: every
step is a join or looks at what is there first, and the stored event comes last, so that a crash
anywhere is healed by the queue's next delivery. Keeps of a stranger only the MAC, and of SES's own
open and click tracking, which must be off, nothing about a person.
"""

import hashlib
import logging
from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.domain.account_list import held_message
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.event_kinds import classify, rank
from chalicelib.domain.event_tallies import WhyNobody
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.folding import HEEDED_TAG
from chalicelib.domain.health import (
    KEEP_HEALTH_MS,
    LIMITS,
    RECORDED,
    EventKind,
    Health,
    rest_of,
)
from chalicelib.domain.hygiene import (
    Reaction,
    counted_as,
    has_confirmed,
    owed,
    react,
    renewed_ms,
    scopes_of,
    stranger_reason,
    withdrawals,
)
from chalicelib.domain.ids import encode_id
from chalicelib.domain.ses_events import SesEvent, SesType, parse
from chalicelib.domain.state import Scope
from chalicelib.errors import Conflict
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.hygiene import HealthRow, HealthStore, Rests
from chalicelib.ports.mails import MailStore
from chalicelib.ports.outside import Activity, Queue, Queues, StoredEvent
from chalicelib.ports.runs import Deliveries
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.ports.traces import MailTrace, Traces
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.sealing import NONCE_BYTES
from chalicelib.services.feedback_subject import DELIVERY_TAG, FeedbackSubjects, Found
from chalicelib.services.ledger import ATTEMPTS, Chain, Draft
from chalicelib.services.mail_record import MailAnswer, seal_answer
from chalicelib.services.stored_events import seal_stored
from chalicelib.services.suppressions import Change, Suppressor, objections_to

log = logging.getLogger(__name__)

KEEP_EVENTS_S = 180 * 24 * 3600
"""How long a stored event lives, seconds."""
KEEP_TRACES_MS = 400 * DAY_MS
"""How long a mail is found by its Message-ID after SES's first event of it, milliseconds."""
LATEST_MS: Mapping[SesType, int] = MappingProxyType(
    {
        SesType.BOUNCE: 14 * DAY_MS,
        SesType.DELIVERY_DELAY: 14 * DAY_MS,
        SesType.COMPLAINT: 90 * DAY_MS,
    }
)
"""How long after SES took a mail the clock of a reporting server is believed, milliseconds. Servers
give up on a mail within days; people do complain about old ones."""
TRACKING = frozenset({SesType.OPEN, SesType.CLICK})
ANSWERS = frozenset({SesType.DELIVERY, SesType.BOUNCE, SesType.REJECT, SesType.DELIVERY_DELAY})
"""Events that say how a mail was received: kept beside the confirmation mail they are about."""


class Feedback:
    """Records what SES says about messages."""

    def __init__(
        self,
        *,
        subjects: FeedbackSubjects,
        mails: MailStore,
        suppressor: Suppressor,
        deliveries: Deliveries,
        campaigns: Campaigns,
        health: HealthStore,
        rests: Rests,
        activity: Activity,
        traces: Traces,
        queues: Queues,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._subjects = subjects
        self._mails = mails
        self._suppressor = suppressor
        self._deliveries = deliveries
        self._campaigns = campaigns
        self._health = health
        self._rests = rests
        self._activity = activity
        self._traces = traces
        self._queues = queues
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
        at_ms = _happened_ms(event, self._clock.now_ms())
        found = Found() if event.type in TRACKING else self._subjects.of(event)
        self._keep_trace(event, found, at_ms)
        weight = rank(event)
        if found.seen is not None and weight:
            self._deliveries.observe(
                found.seen.row.delivery, str(event.type), weight, at_ms, event.message_id
            )
        self._keep_answer(event, found, weight, at_ms)
        kind = _heeded(event, found)
        if kind in _ASKED and found.chain is not None:
            self._queues.send(Queue.SUPPRESSIONS, held_message(found.chain.sid))
        if kind in _FELT and self._subjects.was_left(event, found):
            kind = EventKind.NEUTRAL
        self._change_ledger(event, found, kind, at_ms)
        if found.key is not None and kind in RECORDED:
            self._change_health(event, found, kind, at_ms)
        self._store(event, found, at_ms)

    def _keep_trace(self, event: SesEvent, found: Found, at_ms: int) -> None:
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

    def _keep_answer(self, event: SesEvent, found: Found, weight: int, at_ms: int) -> None:
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

    def _change_ledger(self, event: SesEvent, found: Found, kind: EventKind, at_ms: int) -> None:
        reason = stranger_reason(kind)
        if found.why_nobody is WhyNobody.FORWARDED:
            return  # Whose mail it was is not known, and the mailbox is a third person's.
        if found.chain is None:
            if found.mac is not None and reason is not None:
                self._suppressor.suppress_mac(found.mac, reason)
            return
        if reason is None and kind is not EventKind.LEFT:
            return
        campaign = found.seen.row.campaign if found.seen else None
        scope = self._scope(campaign)
        claims = Claims(
            link={"feedback_id": event.feedback_id or "", "message_id": event.message_id}
        )

        def decide(chain: Chain) -> Change:
            known = scopes_of(chain.state, EMAIL)
            if kind is EventKind.LEFT:
                left = (scope,) if scope else known
                return Change(drafts=_withdrawn(chain, at_ms, left, campaign, claims))
            against = (*known, *((scope,) if scope else ()))
            lacking = owed(chain.state, kind, at_ms, against)
            if lacking.reason is None:
                return Change(drafts=objections_to(chain, lacking.objections, campaign, claims))
            return self._suppressor.change(
                chain,
                lacking.reason,
                scopes=lacking.objections,
                campaign=campaign,
                claims=claims,
                since_ms=at_ms,
            )

        self._suppressor.apply(found.chain, decide)

    def _scope(self, campaign_id: str | None) -> Scope | None:
        campaign = self._campaigns.get(campaign_id) if campaign_id else None
        return Scope(campaign.brand, EMAIL) if campaign else None

    def _change_health(self, event: SesEvent, found: Found, kind: EventKind, at_ms: int) -> None:
        """Keep what the event says of the address, and of a subscriber whether mail must rest."""
        renewed = renewed_ms(found.chain.state) if found.chain else None
        for _ in range(ATTEMPTS):
            row = self._health.read(found.key or "")
            now_ms = self._clock.now_ms()
            reaction = react(row.health, kind, at_ms, now_ms, renewed)
            revision = row.revision
            if reaction.health != row.health:
                try:
                    expires_ms = now_ms + KEEP_HEALTH_MS
                    self._health.write(found.key or "", reaction.health, revision, expires_ms)
                except Conflict:
                    continue
                revision += 1
                _tell(kind, reaction)
            if found.chain is not None and _may_rest(event, kind, row, reaction.health, renewed):
                until_ms = rest_of(reaction.health, renewed)
                self._rests.set(found.chain.sid, until_ms, revision)
            return
        raise Conflict("The health of an address kept changing; the event is kept.")

    def _store(self, event: SesEvent, found: Found, at_ms: int) -> None:
        key = _event_key(event, found)
        sealed = None
        if found.chain is not None:
            nonce = self._random(NONCE_BYTES)
            sealed = seal_stored(found.chain.keys, key, event.raw, nonce)
        self._activity.record_event(
            StoredEvent(
                key=key,
                sid=found.chain.sid if found.chain else None,
                mac=None if found.chain else found.mac,
                type=str(event.type),
                at_ms=at_ms,
                sealed=sealed,
                why_nobody=found.why_nobody,
            ),
            KEEP_EVENTS_S,
        )


def _happened_ms(event: SesEvent, now_ms: int) -> int:
    """When an event happened, Unix milliseconds: never before SES took the mail it is about.

    A bounce and a complaint are dated by the clock of the server that reports them, which may be
    wrong; so they are never later than `LATEST_MS` after that, whenever they are read.

    Source: AWS SES Developer Guide, bounce object and complaint object, ``timestamp``.
    """
    if event.at_ms is None:
        return now_ms
    if event.sent_ms is None:
        return event.at_ms
    at_ms = max(event.at_ms, event.sent_ms)
    latest_ms = LATEST_MS.get(event.type)
    return at_ms if latest_ms is None else min(at_ms, event.sent_ms + latest_ms)


_FELT = RECORDED | {EventKind.LEFT}
"""What changes something for the person: only then it matters which mailbox answered."""


_ASKED = frozenset({EventKind.HELD, EventKind.LISTED})
"""What SES remembers of somebody who has confirmed: the date on its list decides, not this event's
(`chalicelib.services.account_list`)."""


def _heeded(event: SesEvent, found: Found) -> EventKind:
    """What an event counts as: what SES remembers of who never confirmed counts as new."""
    confirmed = found.chain is not None and has_confirmed(found.chain.state)
    return counted_as(classify(event), confirmed=confirmed)


def _withdrawn(
    chain: Chain, at_ms: int, scopes: tuple[Scope, ...], campaign: str | None, claims: Claims
) -> tuple[Draft, ...]:
    """The entries of somebody who left by way of SES's own contact list."""
    return tuple(
        Draft(
            type=act,
            brand=scope.brand,
            channel=scope.channel,
            via=Via.LIST_UNSUB_POST,
            campaign=campaign,
            claims=claims,
        )
        for act, scope in withdrawals(chain.state, at_ms, scopes)
    )


def _may_rest(
    event: SesEvent, kind: EventKind, row: HealthRow, after: Health, renewed: int | None
) -> bool:
    """Whether sending must be told, also where nothing changed: a crash may have come before it.

    Not of a delivery to somebody of whom nothing counted before and nothing counts now, which is
    all there is to say of most.
    """
    if kind not in LIMITS and kind is not EventKind.DELIVERED:
        return False
    if kind in LIMITS or after == row.health or HEEDED_TAG in event.tags:
        return True
    return rest_of(row.health, renewed) is not None or rest_of(after, renewed) is not None


def _tell(kind: EventKind, reaction: Reaction) -> None:
    if reaction.before is not reaction.after:
        log.info(
            reaction.rule.sentence,
            extra={
                "event": kind,
                "rule": reaction.rule.code,
                "before": reaction.before,
                "after": reaction.after,
            },
        )


def _event_key(event: SesEvent, found: Found) -> str:
    """The same for every repeat of an event about one recipient, and nothing to read from it."""
    who = found.seen.row.delivery if found.seen else found.mac or ""
    if found.request is not None:
        who = found.request.event
    parts = (event.message_id, event.name, who, "" if event.at_ms is None else str(event.at_ms))
    return encode_id(hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest())
