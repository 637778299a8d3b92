# SPDX-License-Identifier: Apache-2.0
"""The neutral mail that answers a logged request, sent by a worker.

Guarantees that the mail holds nothing the visitor typed but the address it goes to, and that it
is sent only for a ``consent.requested`` entry that exists and is the person's latest.
"""

import hashlib
import logging
from dataclasses import dataclass
from email.utils import formataddr

from chalicelib.domain.catalog import Brand
from chalicelib.domain.events import EMAIL, Event
from chalicelib.domain.ids import DELIVERY_ID_BYTES, EventId, decode_id
from chalicelib.domain.signup import Mail, decide_mail
from chalicelib.domain.state import ConsentKey
from chalicelib.errors import NotFound, Throttled, Unavailable
from chalicelib.ports.catalog import Brands, Forms, Lists
from chalicelib.ports.ledger import ConfirmToken, HeadStore, LedgerStore
from chalicelib.ports.sending import Message, Outcome, Renderer, Sender
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof import canonical
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.tokens import LinkPayload, LinkPurpose, new_confirm_token
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.ledger import Chain, Draft, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.suppressions import Suppressor
from chalicelib.vocabulary import EventType

log = logging.getLogger(__name__)

TOKEN_LIFE_MS = 72 * 3600 * 1000
TEMPLATES = {Mail.CONFIRM: "confirm", Mail.ALREADY_SUBSCRIBED: "already_subscribed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A logged request as the worker reads it back; ``to`` never leaves the worker but by mail."""

    request: EventId
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
        heads: HeadStore,
        brands: Brands,
        lists: Lists,
        forms: Forms,
        renderer: Renderer,
        tokens: LinkTokens,
        sender: Sender,
        clock: Clock,
        random: RandomBytes,
        base_url: str,
        origin: str,
    ) -> None:
        self._ledger = ledger
        self._suppressor = suppressor
        self._store = store
        self._heads = heads
        self._brands = brands
        self._lists = lists
        self._forms = forms
        self._renderer = renderer
        self._tokens = tokens
        self._sender = sender
        self._clock = clock
        self._random = random
        self._base_url = base_url
        self._origin = origin

    def send(self, request: EventId) -> Mail:
        """Mail the answer to a logged request, if one is due; say which.

        Idempotency key: the request id. A repeat after the ``consent.mail_sent`` entry sends
        nothing; a crash between mail and entry may mail twice, which is harmless.

        Raises:
            NotFound: there is no such request.
            DependencyError: nothing was decided, or the mail's outcome is unknown; try again.

        """
        found = self._store.locate(request)
        if found is None or found.sid is None or found.n is None:
            raise NotFound("There is no such request.")
        try:
            chain = self._suppressor.mirror(self._ledger.open(found.sid))
        except NotFound:
            return Mail.NONE  # Erased since: nobody is left to write to.
        entry = self._ledger.history(found.sid, found.n, found.n)[0]
        event = event_of_leaf(entry.leaf)
        brand = self._brands.get(event.brand or "")
        if brand is None:
            raise NotFound("The brand of this request does not exist.")
        kind = decide_mail(chain.state, found.n, _wanted(event, brand), self._clock.now_ms())
        if kind is Mail.NONE:
            self._ledger.wake_sequencer()
            return kind
        claims = open_claims(chain.keys, entry)
        choice = claims.choice or {}
        version = choice.get("version")
        asked = Asked(
            request=request,
            form=str(choice.get("form", "")),
            form_version=version if isinstance(version, int) else 0,
            entry=found.n,
            event=event,
            language=str((claims.session or {}).get("lang", brand.default_language)),
            to=str((claims.subject or {})["email"]),
        )
        return self._mail(kind, chain, brand, asked)

    def _mail(self, kind: Mail, chain: Chain, brand: Brand, asked: "Asked") -> Mail:
        text, token_sha256 = new_confirm_token(self._random(32))
        if kind is Mail.CONFIRM:
            self._store.put_token(
                ConfirmToken(
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
            )
        message = self._message(kind, chain, brand, asked, text)
        sent = self._sender.send_one(formataddr((brand.name, brand.from_address)), message)
        if sent.outcome is Outcome.RETRY:
            raise Throttled("The mail service asked to wait; the request is kept.")
        if sent.outcome is Outcome.UNKNOWN:
            raise Unavailable("The mail service did not answer; the request is kept.")
        if sent.outcome is Outcome.REJECTED:
            log.warning("a confirmation mail was refused by SES", extra={"request": asked.request})
            self._ledger.wake_sequencer()
            return Mail.NONE
        draft = Draft(
            type=EventType.CONSENT_MAIL_SENT,
            brand=brand.id,
            lists=asked.event.lists,
            purposes=asked.event.purposes,
            content_sha256=_content_hash(message),
            claims=Claims(
                link={
                    "message_id": sent.message_id or "",
                    "request": asked.request,
                    "token_sha256": token_sha256 if kind is Mail.CONFIRM else "",
                }
            ),
        )
        self._ledger.retrying(
            chain.sid, lambda now: [] if (now.state.last_mail or -1) > asked.entry else [draft]
        )
        return kind

    def _message(
        self, kind: Mail, chain: Chain, brand: Brand, asked: "Asked", token: str
    ) -> Message:
        head = self._heads.read()
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
                "checkpoint": {"origin": self._origin, "size": head.size, "root": head.root.hex()}
                if head
                else None,
            },
        )
        return Message(
            to=asked.to, subject=rendered.subject, html=rendered.html, text=rendered.text
        )

    def _unsubscribe_url(self, brand: Brand, chain: Chain) -> str:
        payload = LinkPayload(
            sid=decode_id(chain.sid),
            brand=bytes.fromhex(brand.code),
            delivery=bytes(DELIVERY_ID_BYTES),
        )
        return f"{self._base_url}/unsubscribe/{self._tokens.mint(LinkPurpose.UNSUBSCRIBE, payload)}"

    def _names(self, event: Event) -> tuple[str, ...]:
        found = (self._lists.get(list_id) for list_id in event.lists)
        return tuple(item.name for item in found if item is not None)

    def _sentences(self, asked: "Asked") -> tuple[str, ...]:
        """The very sentences that were ticked, in the visitor's language."""
        form = self._forms.get(asked.form, asked.form_version)
        if form is None:
            return ()
        return tuple(
            box.text.get(asked.language) or next(iter(box.text.values()))
            for box in form.boxes
            if box.purpose in asked.event.purposes
        )


def _wanted(event: Event, brand: Brand) -> tuple[ConsentKey, ...]:
    return tuple(
        ConsentKey(brand.id, EMAIL, lst, pur) for lst in event.lists for pur in event.purposes
    )


def _content_hash(message: Message) -> str:
    document = {"html": message.html, "subject": message.subject, "text": message.text}
    return hashlib.sha256(canonical.encode(document)).hexdigest()
