# SPDX-License-Identifier: Apache-2.0
"""One-click unsubscribe (RFC 8058): one POST, no login, no cookie, no expiry.

Guarantees that the withdrawal is in the ledger before the answer leaves, that a repeat answers
the same and appends nothing, and that an erased person's link answers the same again.
"""

from dataclasses import dataclass

from chalicelib.domain import consent
from chalicelib.domain.catalog import Brand
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.ids import SubjectId, encode_id
from chalicelib.domain.state import Scope
from chalicelib.errors import BadToken, NotFound
from chalicelib.ports.catalog import Brands
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.ledger import Chain, Draft, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.signup import Session
from chalicelib.vocabulary import EventType

_STOPS = (EventType.CONSENT_WITHDRAWN, EventType.OBJECTION_RECORDED, EventType.SUBJECT_ERASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed:
    """What the page may say: whose mail stops.

    Attributes:
        withdrawn: this very call appended the entry.
        entry: number in the subject's chain of the entry that stopped the mail, whenever that was.

    """

    brand: Brand
    sid: SubjectId
    withdrawn: bool
    entry: int | None = None


class Unsubscribe:
    """What an unsubscribe link does."""

    def __init__(self, *, ledger: Ledger, brands: Brands, tokens: LinkTokens) -> None:
        self._ledger = ledger
        self._brands = brands
        self._tokens = tokens

    def look(self, token: str) -> Brand:
        """Return the brand whose mail the link stops; reads nothing of the person.

        Raises:
            BadToken: the link was not made here.

        """
        return self._read(token)[1]

    def withdraw(self, token: str, session: Session, via: Via) -> Unsubscribed:
        """Stop all marketing of the brand by e-mail.

        A withdrawal where consent was the basis, an objection where soft opt-in was (GDPR
        Art. 7(3), 21(3)); both where both were.

        Raises:
            BadToken: the link was not made here.
            Conflict: the chain kept moving; nothing changed.
            DependencyError: nothing changed; try again.

        Source: RFC 8058 section 3.2.

        """
        payload, brand = self._read(token)
        scope = Scope(brand.id, EMAIL)
        claims = Claims(
            session=session.claim(),
            link={"delivery": encode_id(payload.delivery)} if any(payload.delivery) else None,
        )
        sid = SubjectId(encode_id(payload.sid))
        entry: int | None = None

        def decide(chain: Chain) -> list[Draft]:
            nonlocal entry
            drafts = [
                Draft(type=act, brand=brand.id, via=via, claims=claims)
                for act in consent.acts_of_withdrawal(chain.state, scope)
            ]
            entry = chain.state.entries + len(drafts) - 1 if drafts else None
            return drafts

        try:
            self._ledger.retrying(sid, decide)
        except NotFound:
            entry = None  # Erased: nothing is left that could be sent to.
        is_new = entry is not None
        if entry is None:
            entry = self._stopped_by(sid, brand)
        return Unsubscribed(brand=brand, sid=sid, withdrawn=is_new, entry=entry)

    def _stopped_by(self, sid: SubjectId, brand: Brand) -> int | None:
        """The latest entry that stopped the brand's mail; an erased chain ends with one that did.

        A repeat so gets the very page that the first press got: it tells the reader of a forwarded
        mail nothing of the person.
        """
        for entry in reversed(self._ledger.history(sid)):
            event = event_of_leaf(entry.leaf)
            if event.type in _STOPS and event.brand in (brand.id, None):
                return entry.n
        return None

    def _read(self, token: str) -> tuple[LinkPayload, Brand]:
        payload = self._tokens.read(LinkPurpose.UNSUBSCRIBE, token)
        brand = self._brands.by_code(payload.brand.hex())
        if brand is None:
            raise BadToken
        return payload, brand
