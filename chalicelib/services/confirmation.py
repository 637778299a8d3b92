# SPDX-License-Identifier: Apache-2.0
"""Double opt-in: the page that only shows, and the POST that confirms or refuses.

Guarantees that a link gives consent at most once and never after a withdrawal made since, and
that the entry is in the ledger before the visitor is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain import consent
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.state import ConsentStatus, Scope, SubjectState, consent_keys
from chalicelib.errors import Conflict, FatalError, NotFound
from chalicelib.ports.catalog import Brands, Forms, Lists
from chalicelib.ports.ledger import Asked, ConfirmToken, LedgerStore
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.tokens import confirm_token_hash
from chalicelib.services.entries import open_claims, open_profile
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Chain, Draft, Ledger
from chalicelib.services.signup import Session
from chalicelib.vocabulary import EventType


class LinkStatus(StrEnum):
    """What a confirmation link can still do."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A confirmation link as its page shows it.

    Attributes:
        changed: this very call did it.
        entry: number in the chain of the entry that this very call appended.

    """

    status: LinkStatus
    token: ConfirmToken
    brand: Brand
    lists: tuple[MailingList, ...]
    changed: bool = False
    entry: int | None = None


class Confirmation:
    """What the link in a confirmation mail does."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        brands: Brands,
        lists: Lists,
        forms: Forms,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._brands = brands
        self._lists = lists
        self._forms = forms
        self._clock = clock

    def look(self, token_text: str) -> Link:
        """Return what the link can do; changes nothing.

        Raises:
            BadToken: the text is no confirmation token.
            NotFound: no such link was ever mailed, or the person was erased since.

        """
        asked = self._asked(token_text)
        return self._link(asked.token, self._opened(asked).state)

    def confirm(self, token_text: str, session: Session) -> Link:
        """Give the consent the link asks for, once.

        Raises:
            BadToken, NotFound: as `look`.
            Conflict: the chain kept moving; nothing changed.

        """
        return self._answer(token_text, session, EventType.CONSENT_CONFIRMED)

    def refuse(self, token_text: str, session: Session) -> Link:
        """Record that the request was not the reader's, or is no longer wanted.

        Raises:
            BadToken, NotFound, Conflict: as `confirm`.

        """
        return self._answer(token_text, session, EventType.CONSENT_REFUSED)

    def _answer(self, token_text: str, session: Session, act: EventType) -> Link:
        for _ in range(ATTEMPTS):
            asked = self._asked(token_text, whole=act is EventType.CONSENT_CONFIRMED)
            token, chain = asked.token, self._opened(asked)
            link = self._link(token, chain.state)
            if link.status is not LinkStatus.OPEN:
                return link
            profile = self._profile(chain, asked) if act is EventType.CONSENT_CONFIRMED else None
            try:
                after = self._ledger.append(
                    chain,
                    [_draft(token, session, act)],
                    profile=profile,
                    consume_token=token.token_sha256,
                )
            except Conflict:
                continue
            status = _answered(token, after.state)
            return Link(
                status=status,
                token=token,
                brand=link.brand,
                lists=link.lists,
                changed=True,
                entry=after.state.entries - 1,
            )
        raise Conflict(KEPT_MOVING)

    def _asked(self, token_text: str, *, whole: bool = False) -> Asked:
        found = self._store.asked(confirm_token_hash(token_text), whole=whole)
        if found is None:
            raise NotFound("This confirmation link is not known.")
        return found

    def _opened(self, asked: Asked) -> Chain:
        return self._ledger.opened(asked.token.sid, asked.subject)

    def _link(self, token: ConfirmToken, state: SubjectState) -> Link:
        brand = self._brands.get(token.brand)
        if brand is None:
            raise NotFound("This confirmation link is not known.")
        found = (self._lists.get(list_id) for list_id in token.lists)
        return Link(
            status=self._status(token, state),
            token=token,
            brand=brand,
            lists=tuple(item for item in found if item is not None),
        )

    def _status(self, token: ConfirmToken, state: SubjectState) -> LinkStatus:
        answered = _answered(token, state)
        if token.used_ms is not None or answered is LinkStatus.CONFIRMED:
            return answered
        may = consent.may_confirm(
            state, token.request_entry, token.brand, EMAIL, token.lists, token.purposes
        )
        if not may:
            return LinkStatus.OVERTAKEN
        if self._clock.now_ms() >= token.expires_ms:
            return LinkStatus.EXPIRED
        return LinkStatus.OPEN

    def _profile(self, chain: Chain, asked: Asked) -> Mapping[str, JsonValue]:
        """The profile with what the confirmed request told us: only now is it the person's word."""
        token = asked.token
        if asked.request is None:
            raise FatalError("a confirm token leads to no request")
        profile = open_profile(chain.keys, asked.profile) if asked.profile else {}
        claims = open_claims(chain.keys, asked.request)
        form = self._forms.get(token.form, token.form_version)
        fields = (claims.choice or {}).get("fields")
        told = form.attributes(fields) if form and isinstance(fields, dict) else {}
        held = profile.get("attributes")
        return {
            **profile,
            "email": (claims.subject or {})["email"],
            "language": token.language,
            "attributes": {
                **(held if isinstance(held, dict) else {}),
                **told,
            },
        }


def _answered(token: ConfirmToken, state: SubjectState) -> LinkStatus:
    """What the link's own wishes have come to, whoever answered them."""
    scope = Scope(token.brand, EMAIL)
    wanted = consent_keys(scope, token.lists, token.purposes)
    found = [state.consents.get(key) for key in wanted]
    blocked = scope in state.objections or bool(state.suppressions)
    if not blocked and all(item and item.status is ConsentStatus.GIVEN for item in found):
        return LinkStatus.CONFIRMED
    if any(item and item.status is ConsentStatus.REFUSED for item in found):
        return LinkStatus.REFUSED
    return LinkStatus.OVERTAKEN


def _draft(token: ConfirmToken, session: Session, act: EventType) -> Draft:
    confirmed = act is EventType.CONSENT_CONFIRMED
    return Draft(
        type=act,
        brand=token.brand,
        lists=token.lists,
        purposes=token.purposes,
        notice=token.notice if confirmed else None,
        via=Via.PAGE,
        claims=Claims(
            session=session.claim(),
            link={"request": token.request, "token_sha256": token.token_sha256},
        ),
    )
