# SPDX-License-Identifier: Apache-2.0
"""One-click unsubscribe (RFC 8058): one POST or one mail, no login, no cookie, no expiry.

Guarantees that the withdrawal is in the ledger before the answer leaves, that a repeat answers
the same and appends nothing, and that an erased person's link answers the same again. What may be
said afterwards is made of the brand's data alone: the reader may hold a forwarded mail.
"""

from dataclasses import dataclass

from chalicelib.domain import consent
from chalicelib.domain.catalog import Brand, MailingList, UnsubscribeScope
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import EMAIL, Event, Via
from chalicelib.domain.ids import (
    RANDOM_ID_BYTES,
    DeliveryId,
    SubjectId,
    encode_id,
)
from chalicelib.domain.leaving import LeavingReason, Stop, acts_of_leaving
from chalicelib.domain.state import Scope, SubjectState
from chalicelib.errors import BadToken, NotFound
from chalicelib.ports.catalog import Brands, Campaigns, Lists, Reasons
from chalicelib.ports.outside import Activity
from chalicelib.ports.runs import Deliveries
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.ledger import Chain, Draft, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.signup import Session
from chalicelib.vocabulary import EventType

REASON_EVERY_MS = 30 * DAY_MS
"""How long a link that gave a reason counts no other."""
_STOPS = (EventType.CONSENT_WITHDRAWN, EventType.OBJECTION_RECORDED, EventType.SUBJECT_ERASED)
_BY_MAIL: dict[str, JsonValue] = {"medium": "reply"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What a link stops.

    Attributes:
        mailing_list: the list whose mail stops; None: all marketing of the brand.

    """

    brand: Brand
    payload: LinkPayload
    mailing_list: MailingList | None = None

    @property
    def sid(self) -> SubjectId:
        """Whose mail it is."""
        return SubjectId(encode_id(self.payload.sid))

    def covers(self, event: Event) -> bool:
        """Whether an entry of the person's chain stopped what this link stops."""
        if event.type not in _STOPS or event.brand not in (self.brand.id, None):
            return False
        stops = self.mailing_list.id if self.mailing_list else None
        return not event.lists or stops in event.lists

    def stops(self, state: SubjectState) -> tuple[Stop, ...]:
        """What is to be appended, decided on the person's state; nothing when it is stopped."""
        scope = Scope(self.brand.id, EMAIL)
        if self.mailing_list is None:
            return tuple(Stop(act=act) for act in consent.acts_of_withdrawal(state, scope))
        return acts_of_leaving(state, scope, self.mailing_list.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed:
    """What was done.

    Attributes:
        mailing_list: the list whose mail stops; None: all marketing of the brand.
        withdrawn: this very call appended the entry.
        entry: number in the subject's chain of the entry that stopped the mail, whenever that was.

    """

    brand: Brand
    sid: SubjectId
    withdrawn: bool
    entry: int | None = None
    mailing_list: MailingList | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What stops and what goes on, by name: the same for everybody who holds such a link."""

    stopped: tuple[str, ...] = ()
    lists_left: tuple[str, ...] = ()
    other_brands: tuple[str, ...] = ()


class Unsubscribe:
    """What an unsubscribe link or address does."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        brands: Brands,
        lists: Lists,
        campaigns: Campaigns,
        deliveries: Deliveries,
        reasons: Reasons,
        activity: Activity,
        tokens: LinkTokens,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._ledger = ledger
        self._brands = brands
        self._lists = lists
        self._campaigns = campaigns
        self._deliveries = deliveries
        self._reasons = reasons
        self._activity = activity
        self._tokens = tokens
        self._clock = clock
        self._random = random

    def look(self, token: str) -> Leaving:
        """Return what the link stops; reads nothing of the person.

        Raises:
            BadToken: the link was not made here.

        """
        return self._leaving(token)

    def withdraw(
        self, token: str, session: Session, via: Via, *, everything: bool = False
    ) -> Unsubscribed:
        """Stop all marketing of the brand by e-mail, or of the list if the brand says so.

        A withdrawal where consent was the basis, an objection where soft opt-in was (GDPR
        Art. 7(3), 21(3)); both where both were.

        Args:
            everything: stop all of the brand, whatever the brand says.

        Raises:
            BadToken: the link was not made here.
            Conflict: the chain kept moving; nothing changed.
            DependencyError: nothing changed; try again.

        Source: RFC 8058 section 3.2.

        """
        leaving = self._whole(token) if everything else self._leaving(token)
        entry = self._stop(leaving, via, session.claim())
        return Unsubscribed(
            brand=leaving.brand,
            sid=leaving.sid,
            withdrawn=entry is not None,
            entry=self._stopped_by(leaving) if entry is None else entry,
            mailing_list=leaving.mailing_list,
        )

    def withdraw_by_mail(self, local_part: str) -> bool:
        """Stop all marketing of the brand for who wrote to the address in a mail's header.

        Args:
            local_part: what stands before the ``@``; its case does not matter.

        Returns:
            Whether this very call appended the entry.

        Raises:
            BadToken: the address was not made here.
            Conflict: the chain kept moving; nothing changed.
            DependencyError: nothing changed; try again.

        Source: RFC 2369 section 3.2.

        """
        payload = self._tokens.read(LinkPurpose.MAILTO, local_part)
        leaving = Leaving(brand=self._brand(payload), payload=payload)
        return self._stop(leaving, Via.REPLY, _BY_MAIL) is not None

    def extent(self, done: Unsubscribed | Leaving) -> Extent:
        """Return by name what the link stops and what goes on, from the brand's data alone."""
        brand, chosen = done.brand, done.mailing_list
        lists = self._lists.of_brand(brand.id)
        return Extent(
            stopped=tuple(x.name for x in lists if chosen is None or x.id == chosen.id),
            lists_left=tuple(x.name for x in lists if chosen and x.id != chosen.id),
            other_brands=tuple(
                other.name
                for other in self._brands.all()
                if other.id != brand.id and other.controller_name == brand.controller_name
            ),
        )

    def tell(self, token: str, reason: LeavingReason) -> Leaving:
        """Count why somebody left, once in 30 days for a link; of whom is kept nowhere.

        Raises:
            BadToken: the link was not made here.
            DependencyError: nothing was counted; or it was, and the answer was lost.

        """
        leaving = self._leaving(token)
        holder = encode_id(self._random(RANDOM_ID_BYTES))
        claim = f"left#{self._tokens.blind('left', token)}"
        if self._activity.claim(claim, holder, self._clock.now_ms(), REASON_EVERY_MS):
            seen = self._deliveries.delivery(_delivery(leaving.payload))
            self._reasons.count(leaving.brand.id, seen.row.campaign if seen else None, reason)
        return leaving

    def choose_token(self, token: str) -> str:
        """Return the preference page's token for who holds this link.

        Raises:
            BadToken: the link was not made here.

        """
        payload = self._tokens.read(LinkPurpose.UNSUBSCRIBE, token)
        return self._tokens.mint(LinkPurpose.PREFERENCES, payload)

    def _stop(self, leaving: Leaving, via: Via, session: dict[str, JsonValue]) -> int | None:
        """Append what stops the mail; return the last entry's number, None when there was none."""
        payload = leaving.payload
        claims = Claims(
            session=session,
            link={"delivery": encode_id(payload.delivery)} if any(payload.delivery) else None,
        )
        entry: int | None = None

        def decide(chain: Chain) -> list[Draft]:
            nonlocal entry
            drafts = [
                Draft(
                    type=stop.act,
                    brand=leaving.brand.id,
                    lists=stop.lists,
                    via=via,
                    claims=claims,
                )
                for stop in leaving.stops(chain.state)
            ]
            entry = chain.state.entries + len(drafts) - 1 if drafts else None
            return drafts

        try:
            self._ledger.retrying(leaving.sid, decide)
        except NotFound:
            return None  # Erased: nothing is left that could be sent to.
        return entry

    def _stopped_by(self, leaving: Leaving) -> int | None:
        """The latest entry that stopped the mail; an erased chain ends with one that did.

        A repeat so gets the very page that the first press got: it tells the reader of a forwarded
        mail nothing of the person.
        """
        for entry in reversed(self._ledger.history(leaving.sid)):
            if leaving.covers(event_of_leaf(entry.leaf)):
                return entry.n
        return None

    def _leaving(self, token: str) -> Leaving:
        """What a link stops: the list it was mailed to if the brand narrows it and that is known.

        Of an unknown delivery nobody can say which list it was: everything stops.
        """
        whole = self._whole(token)
        brand, payload = whole.brand, whole.payload
        if brand.unsubscribe_scope is UnsubscribeScope.BRAND or not any(payload.delivery):
            return whole
        seen = self._deliveries.delivery(_delivery(payload))
        campaign = self._campaigns.get(seen.row.campaign) if seen else None
        mailing_list = self._lists.get(campaign.list) if campaign else None
        if mailing_list is None or mailing_list.brand != brand.id:
            return whole
        return Leaving(brand=brand, payload=payload, mailing_list=mailing_list)

    def _whole(self, token: str) -> Leaving:
        payload = self._tokens.read(LinkPurpose.UNSUBSCRIBE, token)
        return Leaving(brand=self._brand(payload), payload=payload)

    def _brand(self, payload: LinkPayload) -> Brand:
        brand = self._brands.by_code(payload.brand.hex())
        if brand is None:
            raise BadToken
        return brand


def _delivery(payload: LinkPayload) -> DeliveryId:
    return DeliveryId(encode_id(payload.delivery))
