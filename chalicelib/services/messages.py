# SPDX-License-Identifier: Apache-2.0
"""Messages of a service to one person: taken in, sealed, mailed at least once.

Guarantees that a message goes only to somebody known who may be written to, judged when it is taken
in and again just before it goes; that each try sends the same words, from the person's row to
their mailbox without a stop in a queue, a log or a tag; and that a request repeated under its key,
also after an answer was lost, makes one message. Refuses whoever is unknown, and stores nothing.

Idempotency key: the message's id. Specification: docs/spec/sending.md §12.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.ids import RANDOM_ID_BYTES, SubjectId, decode_id, encode_id
from chalicelib.domain.messages import (
    KEPT_MS,
    MAX_TRIES,
    SENTENCES,
    TAG,
    MessageReason,
    MessageStatus,
    ServiceMessage,
    barred,
    begun,
    given_back,
    over,
)
from chalicelib.domain.templates import Template
from chalicelib.errors import (
    Conflict,
    DependencyError,
    EvidenceError,
    InputError,
    NotFound,
    NotMailable,
    Throttled,
    Unavailable,
)
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.catalog import Brands
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.messages import MessageStore
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.sending import Message, Outcome, Sent
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.ports.templates import ServiceMails, TemplateStore
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.sealing import NONCE_BYTES
from chalicelib.services.entries import open_profile
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.message_record import open_message, seal_message
from chalicelib.services.selection import subject_at
from chalicelib.services.service_mail import ServiceSender

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 256 * 1024
"""Of a filled message, its HTML and its text together: its row must fit into 400 KB."""
_BLIND_BYTES = 32
_STRANGER = "There is no subscriber with this id or address; a message goes to nobody else."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A message somebody asks for.

    Attributes:
        email: the person's address; or ``subscriber``, their id.
        language: one of `LANGUAGES`; None is the person's own.
        once: names this request and no other: who asks, and their Idempotency-Key; "" names none.
    """

    template: str
    data: Mapping[str, object]
    email: str | None = None
    subscriber: str | None = None
    language: str | None = None
    once: str = ""


class Messages:
    """Takes messages in."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        audience: AudienceStore,
        templates: TemplateStore,
        mails: ServiceMails,
        brands: Brands,
        messages: MessageStore,
        tokens: LinkTokens,
        queues: Queues,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._audience = audience
        self._templates = templates
        self._mails = mails
        self._brands = brands
        self._messages = messages
        self._tokens = tokens
        self._queues = queues
        self._clock = clock
        self._random = random

    def accept(self, asked: Asked) -> ServiceMessage:
        """Keep a message and have it mailed; the same request again is the same message.

        Raises:
            InputError: no such template of a service, a malformed address, data the template
                cannot be filled with, or another request under the same key.
            NotFound: nobody is known by this id or address; nothing was kept.
            NotMailable: the person must not be written to; nothing was kept.
            DependencyError: perhaps it was kept; asking again under the same key makes no second.
        """
        message_id, digest = self._id(asked), self._digest(asked)
        known = self._messages.get(message_id) if asked.once else None
        if known is None:
            message = self._made(asked, message_id, digest)
            try:
                self._messages.create(message, message.created_ms + KEPT_MS)
            except Conflict:
                known = self._messages.get(message_id)
            else:
                return self._queued(message)
        if known is None or known.asked != digest:
            raise InputError(
                code="idempotency_key_reused",
                detail="This Idempotency-Key came with another request before. Use a fresh one.",
            )
        return known if known.is_over else self._queued(known)

    def get(self, message_id: str) -> ServiceMessage:
        """Return what became of a message.

        Raises:
            InputError: this is not an id.
            NotFound: there is none, no more, or its person was erased.
        """
        decode_id(message_id)
        message = self._messages.get(message_id)
        if message is None or self._clock.now_ms() >= message.created_ms + KEPT_MS:
            raise NotFound("There is no message with this id. Messages are kept for 7 days.")
        return message

    def _queued(self, message: ServiceMessage) -> ServiceMessage:
        self._queues.send(Queue.CONFIRMATIONS, {"v": 1, "message": message.id})
        return message

    def _id(self, asked: Asked) -> str:
        if not asked.once:
            return encode_id(self._random(RANDOM_ID_BYTES))
        named = self._tokens.blind("message", asked.once)
        return encode_id(decode_id(named, _BLIND_BYTES)[:RANDOM_ID_BYTES])

    def _digest(self, asked: Asked) -> str:
        said = (asked.template, asked.data, asked.email, asked.subscriber, asked.language)
        document = json.dumps(said, sort_keys=True).encode()
        return self._tokens.blind("message-asked", hashlib.sha256(document).hexdigest())

    def _made(self, asked: Asked, message_id: str, digest: str) -> ServiceMessage:
        template, brand = self._template(asked.template)
        chain = self._chain(asked)
        reason = barred(chain.state, brand.id)
        profile = _profile(self._audience, chain)
        if reason is None and profile is None:
            reason = MessageReason.UNREADABLE
        if reason is not None or profile is None:
            raise _not_mailable(asked, reason or MessageReason.UNREADABLE)
        own = profile.get("language")
        language = template.language(
            asked.language or (str(own) if own in LANGUAGES else None), brand.default_language
        )
        rendered = self._mails.render(template.words[language], brand, language, asked.data)
        if len(rendered.html.encode()) + len(rendered.text.encode()) > MAX_MESSAGE_BYTES:
            raise InputError("message_too_large", "A message has at most 256 KiB when filled.")
        now_ms, nonce = self._clock.now_ms(), self._random(NONCE_BYTES)
        return ServiceMessage(
            id=message_id,
            sid=chain.sid,
            brand=brand.id,
            template=template.id,
            language=language,
            asked=digest,
            created_ms=now_ms,
            changed_ms=now_ms,
            sealed=seal_message(chain.keys, message_id, rendered, nonce),
        )

    def _template(self, template_id: str) -> tuple[Template, Brand]:
        template = self._templates.get(template_id)
        brand = self._brands.get(template.brand) if template else None
        if template is None or brand is None or not template.words:
            raise InputError(
                code="unknown_template",
                detail="There is no template of kind service with this id.",
            )
        return template, brand

    def _chain(self, asked: Asked) -> Chain:
        sid = SubjectId(asked.subscriber) if asked.subscriber else None
        if asked.email is not None:
            sid = subject_at(asked.email, self._ledger, _STRANGER)
        if sid is None:
            raise NotFound(_STRANGER)
        try:
            return self._ledger.open(sid)
        except NotFound:
            state = self._store.states([sid]).get(sid)
            if state is not None and state.erased:
                raise _not_mailable(asked, MessageReason.ERASED) from None
            raise NotFound(_STRANGER) from None


class MessageMail:
    """Mails messages; the worker's part."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        audience: AudienceStore,
        brands: Brands,
        messages: MessageStore,
        sender: ServiceSender,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._audience = audience
        self._brands = brands
        self._messages = messages
        self._sender = sender
        self._clock = clock

    def send(self, message_id: str) -> MessageStatus | None:
        """Mail a message that waits, and return where it is then; None when there is none.

        A repeat after it is over does nothing. An answer of SES or of the store that is lost may
        mail it again, three times at most.

        Raises:
            NotFound: its brand does not exist.
            Conflict: another worker may be mailing it.
            DependencyError: it was not mailed, or nobody knows; try again.
        """
        waiting = self._messages.get(message_id)
        if waiting is None or self._clock.now_ms() >= waiting.created_ms + KEPT_MS:
            return None
        if waiting.is_over:
            return waiting.status
        message = self._messages.replace(begun(waiting, self._clock.now_ms()))
        if message.is_over:
            return self._told(message)
        try:
            brand = self._brand(message)
            mail = self._mail(message)
        except DependencyError:
            self._give_back(message, untried=True)
            raise
        if isinstance(mail, MessageReason):
            return self._end(message, MessageStatus.REFUSED, mail)
        return self._settled(message, self._sender.send_one(brand.sender, mail))

    def _settled(self, message: ServiceMessage, sent: Sent) -> MessageStatus:
        match sent.outcome:
            case Outcome.ACCEPTED:
                return self._end(message, MessageStatus.SENT)
            case Outcome.REJECTED:
                return self._end(message, MessageStatus.FAILED, MessageReason.REJECTED)
            case Outcome.RETRY:
                self._give_back(message, untried=True)
                raise Throttled("The mail service asked to wait; the message is kept.")
        if message.tries >= MAX_TRIES:
            return self._end(message, MessageStatus.FAILED, MessageReason.NO_ANSWER)
        self._give_back(message, untried=False)
        raise Unavailable("The mail service did not answer; the message is kept.")

    def _brand(self, message: ServiceMessage) -> Brand:
        brand = self._brands.get(message.brand)
        if brand is None:
            raise NotFound("The brand of this message does not exist.")
        return brand

    def _mail(self, message: ServiceMessage) -> Message | MessageReason:
        """The mail, or why it must not go: read strongly, and last."""
        try:
            chain = self._ledger.open(message.sid)
        except NotFound:
            return MessageReason.ERASED
        reason = barred(chain.state, message.brand)
        profile = _profile(self._audience, chain)
        if reason is not None or profile is None:
            return reason or MessageReason.UNREADABLE
        try:
            rendered = open_message(chain.keys, message)
        except EvidenceError:
            return MessageReason.UNREADABLE
        return Message(
            to=str(profile["email"]),
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            tags=((TAG, message.id),),
        )

    def _give_back(self, message: ServiceMessage, *, untried: bool) -> None:
        """Let the next try begin at once; if that fails, the lease ends."""
        try:
            self._messages.replace(given_back(message, self._clock.now_ms(), untried=untried))
        except (Conflict, DependencyError) as error:
            extra = {"service_message": message.id}
            log.warning("a message waits for its lease: %s", error, extra=extra)

    def _end(
        self, message: ServiceMessage, status: MessageStatus, reason: MessageReason | None = None
    ) -> MessageStatus:
        return self._told(
            self._messages.replace(over(message, status, self._clock.now_ms(), reason))
        )

    def _told(self, message: ServiceMessage) -> MessageStatus:
        if message.reason is not None:
            log.warning(
                "a message was given up",
                extra={
                    "service_message": message.id,
                    "outcome": message.status,
                    "reason": message.reason,
                },
            )
        return message.status


def _profile(audience: AudienceStore, chain: Chain) -> dict[str, JsonValue] | None:
    """The person's profile, with their address; None where it cannot be opened."""
    member = audience.member(chain.sid)
    if member is None:
        return None
    try:
        profile = open_profile(chain.keys, member.sealed)
    except EvidenceError:
        return None
    return profile if profile.get("email") else None


def _not_mailable(asked: Asked, reason: MessageReason) -> NotMailable:
    member = "subscriber" if asked.email is None else "email"
    return NotMailable(f"{SENTENCES[reason]} Nothing was stored or sent.", {member: reason})
