# SPDX-License-Identifier: Apache-2.0
"""Double opt-in: the page that only shows, and the POST that confirms, refuses or asks anew.

Guarantees that a link gives consent at most once, never after a withdrawal made since and never
for a mailbox that its person has left, that the entry is in the ledger before the visitor is told,
and that only a link whose time is over, and nothing else, asks for a new mail.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.domain import consent
from chalicelib.domain.addresses import parse_address
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.forms import Form
from chalicelib.domain.ids import EventId
from chalicelib.domain.signup import COOLDOWN_MS
from chalicelib.domain.sources import page_of_request, source_of
from chalicelib.domain.state import ConsentStatus, Scope, SubjectState, consent_keys
from chalicelib.domain.suppression_rules import in_the_way
from chalicelib.errors import Conflict, FatalError, NotFound
from chalicelib.ports.catalog import Brands, Forms, Lists
from chalicelib.ports.ledger import Asked, ConfirmToken, LedgerStore
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.tokens import confirm_token_hash
from chalicelib.services.entries import event_of_leaf, open_claims, open_profile
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What asking for a new mail came to.

    Attributes:
        link: the old link as it stands.
        address: as typed, where the request is made anew; None: nothing was asked.
        form: the form in its current version; None when it is no more.
        known: by field name, what may be filled in again where the form changed; never a tick.

    """

    link: Link
    address: str | None = None
    form: Form | None = None
    known: Mapping[str, str] = field(default_factory=dict)


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
        queues: Queues,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._brands = brands
        self._lists = lists
        self._forms = forms
        self._queues = queues
        self._clock = clock

    def look(self, token_text: str) -> Link:
        """Return what the link can do; changes nothing.

        Raises:
            BadToken: the text is no confirmation token.
            NotFound: no such link was ever mailed, or the person was erased since.

        """
        asked = self._asked(token_text)
        return self._link(asked, self._opened(asked))

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

    def again(self, token_text: str, session: Session) -> Again:
        """Make the request of an expired link anew, with the very same choices.

        Nothing is asked where the form says something else by now: the person is to read it.
        Repeated within the time in which no second mail goes out, it is the same request.

        Raises:
            BadToken, NotFound, Conflict: as `confirm`.
            DependencyError: perhaps nobody is mailed; asking again is harmless.

        """
        for _ in range(ATTEMPTS):
            asked = self._asked(token_text)
            token, chain = asked.token, self._opened(asked)
            link = self._link(asked, chain)
            if link.status is not LinkStatus.EXPIRED:
                return Again(link=link)
            claims = _claims(chain, asked)
            form = self._forms.latest(token.form)
            if form is None or form.version != token.form_version:
                return Again(link=link, form=form, known=self._known(claims, token, form))
            request = self._asked_lately(token, chain.state)
            if request is None:
                request = self._ledger.new_event_id()
                draft = _repeated(claims, token, link.brand, session, request)
                try:
                    self._ledger.append(chain, [draft], signup=True, wake=False)
                except Conflict:
                    continue
            self._queues.send(Queue.CONFIRMATIONS, {"v": 1, "request": request})
            typed = str((claims.subject or {})["email_as_typed"])
            return Again(link=link, form=form, address=typed)
        raise Conflict(KEPT_MOVING)

    def _asked_lately(self, token: ConfirmToken, state: SubjectState) -> EventId | None:
        """The same request, made so short a time ago that no other could be mailed yet."""
        latest = state.last_request
        if latest is None or latest <= token.request_entry:
            return None
        entry = self._ledger.history(token.sid, latest, latest)[0]
        event = event_of_leaf(entry.leaf)
        same = (event.brand, event.lists, event.purposes, event.notice)
        if same != (token.brand, token.lists, token.purposes, token.notice):
            return None
        return entry.event if self._clock.now_ms() - event.at_ms < COOLDOWN_MS else None

    def _known(self, claims: Claims, token: ConfirmToken, form: Form | None) -> Mapping[str, str]:
        """What was typed, for the form as it is now: no tick is ever made for somebody."""
        before = self._forms.get(token.form, token.form_version)
        fields = (claims.choice or {}).get("fields")
        if form is None or before is None or not isinstance(fields, dict):
            return {}
        typed = {item.name for item in before.facts} & {item.name for item in form.facts}
        return {name: str(value) for name, value in fields.items() if name in typed}

    def _answer(self, token_text: str, session: Session, act: EventType) -> Link:
        for _ in range(ATTEMPTS):
            asked = self._asked(token_text)
            token, chain = asked.token, self._opened(asked)
            link = self._link(asked, chain)
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

    def _asked(self, token_text: str) -> Asked:
        found = self._store.asked(confirm_token_hash(token_text))
        if found is None:
            raise NotFound("This confirmation link is not known.")
        return found

    def _opened(self, asked: Asked) -> Chain:
        return self._ledger.opened(asked.token.sid, asked.subject)

    def _link(self, asked: Asked, chain: Chain) -> Link:
        token = asked.token
        brand = self._brands.get(token.brand)
        if brand is None:
            raise NotFound("This confirmation link is not known.")
        found = (self._lists.get(list_id) for list_id in token.lists)
        return Link(
            status=self._status(chain, asked),
            token=token,
            brand=brand,
            lists=tuple(item for item in found if item is not None),
        )

    def _status(self, chain: Chain, asked: Asked) -> LinkStatus:
        token, state = asked.token, chain.state
        answered = _answered(token, state)
        if token.used_ms is not None or answered is LinkStatus.CONFIRMED:
            return answered
        may = consent.may_confirm(
            state, token.request_entry, token.brand, EMAIL, token.lists, token.purposes
        )
        if not may or not _is_current(chain, asked):
            return LinkStatus.OVERTAKEN
        if self._clock.now_ms() >= token.expires_ms:
            return LinkStatus.EXPIRED
        return LinkStatus.OPEN

    def _profile(self, chain: Chain, asked: Asked) -> Mapping[str, JsonValue]:
        """The profile with what the confirmed request told us: only now is it the person's word."""
        token = asked.token
        profile = open_profile(chain.keys, asked.profile) if asked.profile else {}
        claims = _claims(chain, asked)
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
            "source": source_of(claims.choice or {}, claims.session or {}),
        }


def _claims(chain: Chain, asked: Asked) -> Claims:
    """The sealed part of the request that the link was mailed for."""
    if asked.request is None:
        raise FatalError("a confirm token leads to no request")
    return open_claims(chain.keys, asked.request)


def _is_current(chain: Chain, asked: Asked) -> bool:
    """Whether the link's mailbox is the person's: one they left may be somebody else's by now."""
    held = open_profile(chain.keys, asked.profile).get("email") if asked.profile else None
    mailed = (_claims(chain, asked).subject or {}).get("email")
    if not isinstance(held, str) or not isinstance(mailed, str):
        return False
    return held == mailed or parse_address(held).normal == parse_address(mailed).normal


def _answered(token: ConfirmToken, state: SubjectState) -> LinkStatus:
    """What the link's own wishes have come to, whoever answered them."""
    scope = Scope(token.brand, EMAIL)
    wanted = consent_keys(scope, token.lists, token.purposes)
    found = [state.consents.get(key) for key in wanted]
    met = in_the_way(state, scope, token.lists)
    blocked = scope in state.objections or bool(met)
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


def _repeated(
    claims: Claims, token: ConfirmToken, brand: Brand, session: Session, request: EventId
) -> Draft:
    """The same request once more: what was shown and chosen then, asked for by this browser."""
    choice: dict[str, JsonValue] = {**(claims.choice or {}), "repeats": token.request}
    page = page_of_request(choice, claims.session or {})
    privacy = brand.linked_privacy(token.language)
    told = {"page": page, "privacy": privacy}
    return Draft(
        type=EventType.CONSENT_REQUESTED,
        event=request,
        brand=token.brand,
        lists=token.lists,
        purposes=token.purposes,
        notice=token.notice,
        claims=Claims(
            subject=claims.subject,
            session={**session.claim(), "lang": token.language},
            choice={**choice, **{name: value for name, value in told.items() if value}},
        ),
    )
