# SPDX-License-Identifier: Apache-2.0
"""Asking for a link to one's own data, and the mail that brings it.

Guarantees that asking makes the same calls and gives the same answer whoever asks and whoever is
asked for; that the link goes to the stored address alone; and that a person gets at most one such
mail in 15 minutes and three in 24 hours. Refuses nobody for being restricted: rights stay open.
"""

import logging
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import (
    DELIVERY_ID_BYTES,
    RANDOM_ID_BYTES,
    BrandId,
    SubjectId,
    decode_id,
    encode_id,
)
from chalicelib.domain.networks import network_of
from chalicelib.errors import (
    BadToken,
    EvidenceError,
    NotFound,
    OverBudget,
)
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.catalog import Brands
from chalicelib.ports.outside import Activity, Queue, Queues
from chalicelib.ports.sending import Message, Outcome, Renderer
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.access_links import Access, AccessLinks
from chalicelib.services.checkpoint_line import CheckpointLines
from chalicelib.services.entries import open_profile
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.mail_claims import Claimed, claims_of, send, take, unspent
from chalicelib.services.service_mail import ServiceSender

log = logging.getLogger(__name__)

HOUR_S = 3600
PREFERENCES, RIGHTS = "preferences", "rights"
_PLACES = {RIGHTS: "#rights"}
"""Where on the page the mailed link leads, by what it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What the page before a fresh link may know: whose mail it was, and the way out of it."""

    sid: SubjectId
    brand: Brand
    unsubscribe_path: str


class AccessRequests:
    """Takes requests for a link; reads nothing of a person but whose address it is."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        brands: Brands,
        tokens: LinkTokens,
        activity: Activity,
        queues: Queues,
        clock: Clock,
        random: RandomBytes,
        per_hour: int,
    ) -> None:
        self._ledger = ledger
        self._brands = brands
        self._tokens = tokens
        self._activity = activity
        self._queues = queues
        self._clock = clock
        self._random = random
        self._per_hour = per_hour

    def look(self, token: str) -> Door:
        """Return what a mail's own link leads to; reads nothing of the person.

        Raises:
            BadToken: the link was not made here.
            DependencyError: nothing was decided.
        """
        payload = self._tokens.read(LinkPurpose.PREFERENCES, token)
        brand = self._brands.by_code(payload.brand.hex())
        if brand is None:
            raise BadToken
        return self._door(brand, payload)

    def door_of(self, access: Access) -> Door:
        """Return what an expired link leads to.

        Raises:
            NotFound: there is no such brand.
            DependencyError: nothing was decided.
        """
        brand = self._brands.get(access.brand)
        if brand is None:
            raise NotFound("This link is not known.")
        return self._door(
            brand,
            LinkPayload(
                sid=decode_id(access.sid),
                brand=bytes.fromhex(brand.code),
                delivery=bytes(DELIVERY_ID_BYTES),
            ),
        )

    def _door(self, brand: Brand, payload: LinkPayload) -> Door:
        way_out = self._tokens.mint(LinkPurpose.UNSUBSCRIBE, payload)
        return Door(
            sid=SubjectId(encode_id(payload.sid)),
            brand=brand,
            unsubscribe_path=f"/unsubscribe/{way_out}",
        )

    def by_token(self, token: str, network: str, language: str) -> Brand:
        """Have a fresh link mailed to whom a mail's own link belongs to.

        Raises:
            BadToken: the link was not made here.
            OverBudget: the network asked too often; nothing was queued.
            DependencyError: perhaps nothing was queued; asking again is harmless.
        """
        return self._ask(self.look(token), network, language)

    def again(self, access: Access, network: str, language: str) -> Brand:
        """Have a fresh link mailed to whom an expired one was for; raises as `by_token`."""
        return self._ask(self.door_of(access), network, language)

    def _ask(self, door: Door, network: str, language: str) -> Brand:
        self._spend(network)
        self._queue(door.sid, door.brand, language, PREFERENCES)
        return door.brand

    def by_address(self, brand: Brand, typed: str, network: str, language: str) -> None:
        """Have a fresh link mailed to an address, if we hold anything under it.

        The same calls for every address: a MAC, a lookup, one queue message.

        Raises:
            InputError: the address is malformed.
            OverBudget: the network asked too often; nothing that depends on the address ran.
            DependencyError: perhaps nothing was queued; asking again is harmless.
        """
        address = parse_address(typed)
        self._spend(network)
        nobody = SubjectId(encode_id(self._random(RANDOM_ID_BYTES)))
        found = self._ledger.lookup(self._ledger.mac(address.normal)).sid
        self._queue(found or nobody, brand, language, RIGHTS)

    def _spend(self, network: str) -> None:
        budget = "access#" + self._tokens.blind("network", network_of(network))
        if self._activity.count(budget, HOUR_S, self._clock.now_ms()) > self._per_hour:
            raise OverBudget(
                "Too many links were asked for from this network. Please try again in an hour."
            )

    def _queue(self, sid: SubjectId, brand: Brand, language: str, page: str) -> None:
        body = {"v": 1, "access": sid, "brand": brand.id, "language": language, "page": page}
        self._queues.send(Queue.CONFIRMATIONS, body)


class AccessMail:
    """Mails fresh links; the worker's part."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        audience: AudienceStore,
        links: AccessLinks,
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
        self._audience = audience
        self._links = links
        self._lines = lines
        self._brands = brands
        self._renderer = renderer
        self._sender = sender
        self._activity = activity
        self._clock = clock
        self._random = random
        self._base_url = base_url

    def send(self, sid: SubjectId, brand_id: BrandId, language: str, page: str) -> bool:
        """Mail a person a fresh link, if one is due; say whether one went out.

        Delivering the same request twice within 15 minutes mails once. An answer of SES that
        never came is not asked for again: the person can press the button once more.

        Raises:
            NotFound: there is no such brand.
            DependencyError: nothing was mailed; try again.
        """
        brand = self._brands.get(brand_id)
        if brand is None:
            raise NotFound("The brand of this request does not exist.")
        try:
            chain = self._ledger.open(sid)
        except NotFound:
            return False  # Erased, or nobody at all: nobody is left to write to.
        bounced = any(
            x.reason == SuppressionReason.BOUNCE and x.list is None
            for x in chain.state.suppressions
        )
        to = self._address(chain)
        if bounced or to is None:
            return False
        holder, claims = encode_id(self._random(RANDOM_ID_BYTES)), claims_of(f"access#{sid}")
        with unspent(self._activity, claims, holder):
            if not take(self._activity, claims, holder, self._clock.now_ms()):
                return False
            message = self._message(sid, brand, language, page, to)
        mail = Claimed(brand=brand, message=message, claims=claims, holder=holder)
        outcome = send(self._sender, self._activity, mail)
        if outcome is not Outcome.ACCEPTED:
            log.warning("an access mail was given up", extra={"outcome": outcome})
        return outcome is Outcome.ACCEPTED

    def _address(self, chain: Chain) -> str | None:
        member = self._audience.member(chain.sid)
        if member is None:
            return None
        try:
            return str(open_profile(chain.keys, member.sealed)["email"])
        except EvidenceError:
            return None

    def _message(self, sid: SubjectId, brand: Brand, language: str, page: str, to: str) -> Message:
        language = language if language in LANGUAGES else brand.default_language
        token = self._links.make(sid, brand.id, language)
        data: dict[str, Any] = {
            "language": language,
            "brand": brand,
            "access_url": f"{self._base_url}/preferences/{token}{_PLACES.get(page, '')}",
            "checkpoint": self._lines.latest(),
        }
        rendered = self._renderer.mail("access", data)
        return Message(to=to, subject=rendered.subject, html=rendered.html, text=rendered.text)
