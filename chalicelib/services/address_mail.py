# SPDX-License-Identifier: Apache-2.0
"""The two mails of a change of address: a link to the new mailbox, a notice to the old one.

Guarantees that neither names the other address nor anything the person chose, that an address gets
at most one link in 15 minutes and three in 24 hours whoever asks, that a change is told once, and
that what failed at the old mailbox keeps no mail from the new one.
"""

import logging
from dataclasses import replace
from typing import Any

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.event_kinds import LEFT_TAG
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.health import KEEP_HEALTH_MS, moved, rest_of
from chalicelib.domain.hygiene import renewed_ms
from chalicelib.domain.ids import RANDOM_ID_BYTES, SubjectId, encode_id
from chalicelib.domain.suppression_rules import LIFTED_BY_CONFIRMATION
from chalicelib.errors import NotFound
from chalicelib.ports.access import AddressLink, AddressWish, AddressWishes
from chalicelib.ports.catalog import Brands
from chalicelib.ports.hygiene import HealthStore, Rests, SuppressionIndex
from chalicelib.ports.outside import Activity
from chalicelib.ports.sending import Message, Outcome, Renderer
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.tokens import CONFIRM_BYTES, new_confirm_token
from chalicelib.services.address_change import KEPT_MS, address_before, wished_address
from chalicelib.services.checkpoint_line import CheckpointLines
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.services.mail_claims import Claimed, claims_of, send, take, unspent
from chalicelib.services.service_mail import ServiceSender
from chalicelib.services.suppression_digests import rows_by_digest

log = logging.getLogger(__name__)

TOLD_MS = 30 * DAY_MS
"""Longer than any queue keeps a message, milliseconds."""
_MAILABLE = LIFTED_BY_CONFIRMATION - {SuppressionReason.ERASED}


class AddressMail:
    """Mails what a change of address needs; the worker's part."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        index: SuppressionIndex,
        health: HealthStore,
        rests: Rests,
        wishes: AddressWishes,
        lines: CheckpointLines,
        brands: Brands,
        renderer: Renderer,
        sender: ServiceSender,
        activity: Activity,
        clock: Clock,
        random: RandomBytes,
        base_url: str,
    ) -> None:
        self._ledger = ledger
        self._index = index
        self._health = health
        self._rests = rests
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
        to = wished_address(chain.keys, wish)
        by_digest = rows_by_digest(self._ledger, self._index, parse_address(to))
        held = (*self._ledger.lookup(wish.mac).suppressions, *by_digest)
        if any(row.reason not in _MAILABLE for row in held if row.list is None):
            return False
        brand = self._brand(wish.brand)
        holder, claims = encode_id(self._random(RANDOM_ID_BYTES)), claims_of(f"address#{wish.mac}")
        with unspent(self._activity, claims, holder):
            if not take(self._activity, claims, holder, self._clock.now_ms()):
                return False
            message = self._message("address", brand, wish.language, to, self._url(wish))
            message = replace(message, answers_person=True)
        return self._send(Claimed(brand=brand, message=message, claims=claims, holder=holder))

    def tell(self, sid: SubjectId, entry: int, language: str) -> bool:
        """Tell the old mailbox that mail goes to another address now, once for each change.

        Raises:
            NotFound: there is no such change, or no such brand.
            Conflict, DependencyError: nothing was mailed; try again.
        """
        chain = self._opened(sid)
        if chain is None:
            return False
        left = address_before(chain, entry, self._ledger)
        self._begin_afresh(chain, left.at_ms)
        if _bounced(chain):
            return False
        brand = self._brand(left.brand or "")
        holder, claims = encode_id(self._random(RANDOM_ID_BYTES)), (f"moved#{sid}#{entry}",)
        with unspent(self._activity, claims, holder):
            if not self._activity.claim(claims[0], holder, self._clock.now_ms(), TOLD_MS):
                return False
            message = self._message("address_changed", brand, language, left.address)
            message = replace(message, tags=((LEFT_TAG, left.event),))
        return self._send(Claimed(brand=brand, message=message, claims=claims, holder=holder))

    def _begin_afresh(self, chain: Chain, moved_ms: int) -> None:
        """What failed at the old mailbox is not held against the new one."""
        row = self._health.read(chain.sid)
        left, revision = moved(row.health, moved_ms), row.revision
        if left != row.health:
            expires_ms = self._clock.now_ms() + KEEP_HEALTH_MS
            self._health.write(chain.sid, left, revision, expires_ms)
            revision += 1
        self._rests.set(chain.sid, rest_of(left, renewed_ms(chain.state)), revision)

    def _send(self, mail: Claimed) -> bool:
        outcome = send(self._sender, self._activity, mail)
        if outcome is not Outcome.ACCEPTED:
            log.warning("an address mail was given up", extra={"outcome": outcome})
        return outcome is Outcome.ACCEPTED

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
    return any(
        x.reason == SuppressionReason.BOUNCE and x.list is None for x in chain.state.suppressions
    )
