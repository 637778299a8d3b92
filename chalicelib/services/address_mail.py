# SPDX-License-Identifier: Apache-2.0
"""The two mails of a change of address: a link to the new mailbox, a notice to the old one.

Guarantees that neither names the other address nor anything the person chose, that an address gets
at most one link in 15 minutes and three in 24 hours whoever asks, and that a change is told once.
"""

import logging
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.consent import LIFTED_BY_CONFIRMATION
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import RANDOM_ID_BYTES, SubjectId, encode_id
from chalicelib.errors import DependencyError, NotFound, Throttled
from chalicelib.ports.access import AddressLink, AddressWish, AddressWishes
from chalicelib.ports.catalog import Brands
from chalicelib.ports.outside import Activity
from chalicelib.ports.sending import Message, Outcome, Renderer, Sender
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.tokens import CONFIRM_BYTES, new_confirm_token
from chalicelib.services.address_change import KEPT_MS, address_before, wished_address
from chalicelib.services.checkpoint_line import CheckpointLines
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.services.mail_claims import claims_of, give_back, take

log = logging.getLogger(__name__)

TOLD_MS = 30 * DAY_MS
"""Longer than any queue keeps a message, milliseconds."""
_MAILABLE = LIFTED_BY_CONFIRMATION - {SuppressionReason.ERASED}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A mail to be, and the claims it may be sent under."""

    brand: Brand
    message: Message
    claims: tuple[str, ...]
    holder: str


class AddressMail:
    """Mails what a change of address needs; the worker's part."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        wishes: AddressWishes,
        lines: CheckpointLines,
        brands: Brands,
        renderer: Renderer,
        sender: Sender,
        activity: Activity,
        clock: Clock,
        random: RandomBytes,
        base_url: str,
    ) -> None:
        self._ledger = ledger
        self._wishes = wishes
        self._lines = lines
        self._brands = brands
        self._renderer = renderer
        self._sender = sender
        self._activity = activity
        self._clock = clock
        self._random = random
        self._base_url = base_url

    def ask(self, sid: SubjectId, wish_id: str) -> bool:
        """Mail the link of a person's newest wish to the new address, if one is due.

        Delivering the same message twice within 15 minutes mails once. An answer of SES that never
        came is not asked for again: the person can ask once more.

        Raises:
            NotFound: there is no such brand.
            DependencyError: nothing was mailed; try again.
        """
        wish, chain = self._wishes.of(sid), self._opened(sid)
        if chain is None or wish is None or wish.id != wish_id:
            return False
        if self._clock.now_ms() >= wish.expires_ms:
            return False
        held = self._ledger.lookup(wish.mac).suppressions
        if any(row.reason not in _MAILABLE for row in held):
            return False
        brand = self._brand(wish.brand)
        to = wished_address(chain.keys, wish)
        holder, claims = encode_id(self._random(RANDOM_ID_BYTES)), claims_of(f"address#{wish.mac}")
        try:
            if not take(self._activity, claims, holder, self._clock.now_ms()):
                return False
            message = self._message("address", brand, wish.language, to, self._url(wish))
        except DependencyError:
            give_back(self._activity, claims, holder)  # Else the next try would find the mail sent.
            raise
        return self._send(_Draft(brand=brand, message=message, claims=claims, holder=holder))

    def tell(self, sid: SubjectId, entry: int, language: str) -> bool:
        """Tell the old mailbox that mail goes to another address now, once for each change.

        Raises:
            NotFound: there is no such change, or no such brand.
            DependencyError: nothing was mailed; try again.
        """
        chain = self._opened(sid)
        if chain is None or _bounced(chain):
            return False
        to, brand_id = address_before(chain, entry, self._ledger)
        brand = self._brand(brand_id or "")
        holder, claims = encode_id(self._random(RANDOM_ID_BYTES)), (f"moved#{sid}#{entry}",)
        try:
            if not self._activity.claim(claims[0], holder, self._clock.now_ms(), TOLD_MS):
                return False
            message = self._message("address_changed", brand, language, to)
        except DependencyError:
            give_back(self._activity, claims, holder)
            raise
        return self._send(_Draft(brand=brand, message=message, claims=claims, holder=holder))

    def _send(self, draft: _Draft) -> bool:
        sent = self._sender.send_one(draft.brand.sender, draft.message)
        if sent.outcome is Outcome.RETRY:
            give_back(self._activity, draft.claims, draft.holder)
            raise Throttled("The mail service asked to wait; the request is kept.")
        if sent.outcome is not Outcome.ACCEPTED:
            log.warning("an address mail was given up", extra={"outcome": sent.outcome})
        return sent.outcome is Outcome.ACCEPTED

    def _opened(self, sid: SubjectId) -> Chain | None:
        try:
            return self._ledger.open(sid)
        except NotFound:
            return None  # Erased since: nobody is left to write to.

    def _brand(self, brand_id: str) -> Brand:
        brand = self._brands.get(brand_id)
        if brand is None:
            raise NotFound("The brand of this request does not exist.")
        return brand

    def _url(self, wish: AddressWish) -> str:
        token, digest = new_confirm_token(self._random(CONFIRM_BYTES))
        keep_ms = self._clock.now_ms() + KEPT_MS
        self._wishes.put_link(digest, AddressLink(sid=wish.sid, wish=wish.id), keep_ms)
        return f"{self._base_url}/address/{token}"

    def _message(self, name: str, brand: Brand, language: str, to: str, url: str = "") -> Message:
        data: dict[str, Any] = {
            "language": language if language in LANGUAGES else brand.default_language,
            "brand": brand,
            "address_url": url,
            "checkpoint": self._lines.latest(),
        }
        rendered = self._renderer.mail(name, data)
        return Message(to=to, subject=rendered.subject, html=rendered.html, text=rendered.text)


def _bounced(chain: Chain) -> bool:
    return any(x.reason == SuppressionReason.BOUNCE for x in chain.state.suppressions)
