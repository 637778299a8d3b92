# SPDX-License-Identifier: Apache-2.0
"""The neutral mail that answers a logged request, sent by a worker.

Guarantees that the mail holds nothing the visitor typed but the address it goes to, and that it
is sent only for a ``consent.requested`` entry that exists and is the person's latest.
"""

import hashlib
import logging
from dataclasses import dataclass

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.catalog import Brand
from chalicelib.domain.events import EMAIL, Event
from chalicelib.domain.ids import DELIVERY_ID_BYTES, EventId, decode_id
from chalicelib.domain.signup import COOLDOWN_MS, Mail, decide_mail
from chalicelib.domain.state import ConsentKey, Scope, SubjectState, consent_keys
from chalicelib.errors import NotFound, Throttled, Unavailable
from chalicelib.ports.catalog import Brands, Forms, Lists
from chalicelib.ports.ledger import ConfirmToken, LedgerStore, StoredEntry
from chalicelib.ports.mails import MailStore
from chalicelib.ports.outside import Activity
from chalicelib.ports.sending import Message, Outcome, Renderer, Sent
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.sealing import NONCE_BYTES
from chalicelib.proof.tokens import CONFIRM_BYTES, new_confirm_token
from chalicelib.services.checkpoint_line import CheckpointLines
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.ledger import Chain, Draft, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.mail_record import REQUEST_TAG, mail_document, seal_mail
from chalicelib.services.service_mail import ServiceSender
from chalicelib.services.suppressions import Suppressor
from chalicelib.vocabulary import EventType

log = logging.getLogger(__name__)

TOKEN_LIFE_MS = 72 * 3600 * 1000
"""How long a confirmation link can be answered, milliseconds."""
UNKNOWN_WINDOW_S = 24 * 3600
UNKNOWN_TRIES = 2
"""Mails sent for one request when SES keeps giving no answer: each of them may have arrived."""
TEMPLATES = {Mail.CONFIRM: "confirm", Mail.ALREADY_SUBSCRIBED: "already_subscribed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A logged request as the worker reads it back; ``to`` never leaves the worker but by mail."""

    request: EventId
    wanted: tuple[ConsentKey, ...]
    entry: int
    event: Event
    form: str
    form_version: int
    language: str
    to: str


class ConfirmationMail:
    """Sends the mail a request asks for."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        suppressor: Suppressor,
        store: LedgerStore,
        mails: MailStore,
        lines: CheckpointLines,
        brands: Brands,
        lists: Lists,
        forms: Forms,
        renderer: Renderer,
        tokens: LinkTokens,
        sender: ServiceSender,
        activity: Activity,
        clock: Clock,
        random: RandomBytes,
        base_url: str,
    ) -> None:
        self._ledger = ledger
        self._suppressor = suppressor
        self._store = store
        self._mails = mails
        self._lines = lines
        self._brands = brands
        self._lists = lists
        self._forms = forms
        self._renderer = renderer
        self._tokens = tokens
        self._sender = sender
        self._activity = activity
        self._clock = clock
        self._random = random
        self._base_url = base_url

    def send(self, request: EventId) -> Mail:
        """Mail the answer to a logged request, if one is due; say which.

        Idempotency key: the request id. A repeat after the ``consent.mail_sent`` entry sends
        nothing; a crash between mail and entry, or no answer of SES, may mail twice at most.

        Raises:
            NotFound: there is no such request.
            DependencyError: nothing was decided, or the mail's outcome is unknown; try again.

        """
        found = self._store.locate(request)
        if found is None or found.sid is None or found.n is None:
            raise NotFound("There is no such request.")
        try:
            chain = self._ledger.open(found.sid)
        except NotFound:
            return Mail.NONE  # Erased since: nobody is left to write to.
        entry, *later = self._ledger.history(found.sid, found.n, chain.state.entries - 1)
        if any(event_of_leaf(x.leaf).type is EventType.IDENTIFIER_CHANGED for x in later):
            return Mail.NONE  # They have left that mailbox: it may be somebody else's.
        brand = self._brands.get(event_of_leaf(entry.leaf).brand or "")
        if brand is None:
            raise NotFound("The brand of this request does not exist.")
        asked = _asked(chain, entry, brand)
        try:
            chain = self._suppressor.meet(chain, parse_address(asked.to))
        except NotFound:
            return Mail.NONE
        kind = self._due(chain.state, asked)
        if kind is not Mail.NONE:
            kind = self._mail(kind, chain, brand, asked)
        if kind is Mail.NONE:
            self._ledger.wake_sequencer()
        return kind

    def _due(self, state: SubjectState | None, asked: Asked) -> Mail:
        if state is None:
            return Mail.NONE  # Erased meanwhile.
        return decide_mail(state, asked.entry, asked.wanted, self._clock.now_ms())

    def _mail(self, kind: Mail, chain: Chain, brand: Brand, asked: Asked) -> Mail:
        text, token_sha256 = new_confirm_token(self._random(CONFIRM_BYTES))
        message = self._message(kind, chain, brand, asked, text)
        claim = f"confirmation#{chain.sid}"
        if not self._activity.claim(claim, asked.request, self._clock.now_ms(), COOLDOWN_MS):
            return Mail.NONE  # Another request of the same person is being answered.
        # Read again after rendering: a withdrawal meanwhile is an answer, too.
        if self._due(self._store.states([chain.sid]).get(chain.sid), asked) is not kind:
            return Mail.NONE
        if kind is Mail.CONFIRM:
            self._store.put_token(self._token(token_sha256, chain, brand, asked))
        document = mail_document(brand.sender, message)
        nonce = self._random(NONCE_BYTES)
        # Before the send: what left must be found, what is found may not have left.
        self._mails.put(chain.sid, asked.entry, seal_mail(chain.keys, asked.entry, document, nonce))
        sent = self._sender.send_one(brand.sender, message)
        if sent.outcome is not Outcome.ACCEPTED:
            return self._not_accepted(sent, claim, asked)
        draft = _draft(brand, asked, document, sent, token_sha256 if kind is Mail.CONFIRM else "")
        self._ledger.retrying(
            chain.sid,
            lambda now: [] if (now.state.last_mail or -1) > asked.entry else [draft],
            chain,
        )
        return kind

    def _not_accepted(self, sent: Sent, claim: str, asked: Asked) -> Mail:
        """Ask for another try where one may be made; `Mail.NONE` where none may."""
        if sent.outcome is Outcome.RETRY:
            self._activity.unclaim(claim, asked.request)
            raise Throttled("The mail service asked to wait; the request is kept.")
        if sent.outcome is Outcome.UNKNOWN:
            tries = self._activity.count(
                f"confirmation#{asked.request}", UNKNOWN_WINDOW_S, self._clock.now_ms()
            )
            if tries < UNKNOWN_TRIES:
                raise Unavailable("The mail service did not answer; the request is kept.")
        log.warning(
            "a confirmation mail was given up",
            extra={"request": asked.request, "outcome": sent.outcome},
        )
        return Mail.NONE

    def _token(self, token_sha256: str, chain: Chain, brand: Brand, asked: Asked) -> ConfirmToken:
        return ConfirmToken(
            token_sha256=token_sha256,
            sid=chain.sid,
            request=asked.request,
            request_entry=asked.entry,
            form=asked.form,
            form_version=asked.form_version,
            brand=brand.id,
            lists=asked.event.lists,
            purposes=asked.event.purposes,
            notice=asked.event.notice or "",
            language=asked.language,
            expires_ms=self._clock.now_ms() + TOKEN_LIFE_MS,
        )

    def _message(self, kind: Mail, chain: Chain, brand: Brand, asked: Asked, token: str) -> Message:
        confirm_url = f"{self._base_url}/confirm/{token}"
        rendered = self._renderer.mail(
            TEMPLATES[kind],
            {
                "language": asked.language,
                "brand": brand,
                "lists": self._names(asked.event),
                "sentences": self._sentences(asked),
                "requested_ms": asked.event.at_ms,
                "confirm_url": confirm_url,
                "cancel_url": f"{confirm_url}?act=refuse",
                "unsubscribe_url": self._unsubscribe_url(brand, chain)
                if kind is Mail.ALREADY_SUBSCRIBED
                else None,
                "checkpoint": self._lines.latest(),
            },
        )
        return Message(
            to=asked.to,
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            tags=((REQUEST_TAG, asked.request),),
            answers_person=True,
        )

    def _unsubscribe_url(self, brand: Brand, chain: Chain) -> str:
        sid, no_delivery = decode_id(chain.sid), bytes(DELIVERY_ID_BYTES)
        return self._tokens.unsubscribe_url(self._base_url, brand, sid, no_delivery)

    def _names(self, event: Event) -> tuple[str, ...]:
        found = (self._lists.get(list_id) for list_id in event.lists)
        return tuple(item.name for item in found if item is not None)

    def _sentences(self, asked: Asked) -> tuple[str, ...]:
        """The very sentences that were ticked, in the visitor's language."""
        form = self._forms.get(asked.form, asked.form_version)
        return form.sentences(asked.event.purposes, asked.language) if form else ()


def _asked(chain: Chain, entry: StoredEntry, brand: Brand) -> Asked:
    event = event_of_leaf(entry.leaf)
    claims = open_claims(chain.keys, entry)
    choice = claims.choice or {}
    version = choice.get("version")
    return Asked(
        request=entry.event,
        wanted=consent_keys(Scope(brand.id, EMAIL), event.lists, event.purposes),
        form=str(choice.get("form", "")),
        form_version=version if isinstance(version, int) else 0,
        entry=entry.n,
        event=event,
        language=str((claims.session or {}).get("lang", brand.default_language)),
        to=str((claims.subject or {})["email"]),
    )


def _draft(brand: Brand, asked: Asked, document: bytes, sent: Sent, token_sha256: str) -> Draft:
    return Draft(
        type=EventType.CONSENT_MAIL_SENT,
        brand=brand.id,
        lists=asked.event.lists,
        purposes=asked.event.purposes,
        content_sha256=hashlib.sha256(document).hexdigest(),
        claims=Claims(
            link={
                "message_id": sent.message_id or "",
                "request": asked.request,
                "token_sha256": token_sha256,
            }
        ),
    )
