# SPDX-License-Identifier: Apache-2.0
"""The preference centre: what a person gave and told us, and what they change of it themselves.

Guarantees that what a page changes of consents and profile is one append, decided on the chain as
it is then and only while the boxes are still those of the page; and that a page too old changes
nothing. Nothing here appends by being looked at.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain import consent, preferences
from chalicelib.domain.catalog import LANGUAGES, Brand, MailingList
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.forms import Field, FieldType, Form
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import BrandId, ListId, SubjectId
from chalicelib.domain.preferences import Bar, Decision, Offer
from chalicelib.domain.rights import Right
from chalicelib.domain.state import Scope
from chalicelib.errors import NotFound
from chalicelib.ports.audience import AudienceStore, FrequencyStore
from chalicelib.ports.catalog import Brands, Forms, Lists
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.access_links import Access
from chalicelib.services.dossier import Dossier, read_dossier
from chalicelib.services.dossier import Wish as Everything
from chalicelib.services.entries import open_profile
from chalicelib.services.ledger import Chain, Draft, Ledger
from chalicelib.services.preference_acts import PageClaims, draft_of
from chalicelib.services.reasons_to_mail import Reason, reasons
from chalicelib.services.receipts import Receipts
from chalicelib.services.rights import RightsDesk
from chalicelib.services.signup import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is kept of one visit."""

    at_ms: int
    network: str
    browser: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """The page as a person sees it.

    Attributes:
        offers: every box, by list.
        mark: digest of the boxes; a page whose mark is another is out of date.
        lists: by id, those that a box names.
        forms: those the boxes come from, each with its notice.
        reasons: why mail is sent: each live basis.
        profile: address, language, attributes, source.
        steps: what is kept of each visit: when, network address, browser; oldest first.
        fields: what may be corrected here, by attribute.
        bar: why nothing new can be given now.
        is_objected: an objection stands. is_customer: mail is sent because of a sale, whatever is
            ticked.
    """

    brand: Brand
    offers: tuple[Offer, ...]
    mark: str
    lists: Mapping[ListId, MailingList]
    forms: tuple[Form, ...]
    reasons: tuple[Reason, ...]
    profile: Mapping[str, JsonValue]
    steps: tuple[Step, ...]
    fields: tuple[Field, ...]
    frequency: Frequency
    bar: Bar | None
    is_objected: bool
    is_customer: bool

    @property
    def source(self) -> tuple[str, ...]:
        """Where the person signed up: form, page, campaign tag, as far as known."""
        held = self.profile.get("source")
        return tuple(str(each) for each in held.values()) if isinstance(held, dict) else ()

    @property
    def attributes(self) -> dict[str, str]:
        """What the person told us beside their address, by name."""
        held = self.profile.get("attributes")
        return {name: str(each) for name, each in held.items()} if isinstance(held, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A page as saved.

    Attributes:
        ticked: names of the boxes that came back ticked.
        mark: of the page.
        told: attributes as they should be (empty: taken away), those of the page alone.
    """

    ticked: Collection[str]
    mark: str
    language: str
    frequency: Frequency
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a saved page did.

    Attributes:
        is_stale: the boxes had changed since; nothing was changed.
        changes: corrected values by name, ``language`` among them.
        entry: number in the chain of the last entry about consents.
    """

    decision: Decision = field(default_factory=Decision)
    is_stale: bool = False
    changes: Mapping[str, str] = field(default_factory=dict)
    frequency: Frequency | None = None
    entry: int | None = None

    @property
    def is_changed(self) -> bool:
        """Whether anything is other than before."""
        return bool(self.decision.changes or self.changes or self.frequency is not None)


class Preferences:
    """What a fresh link opens."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        audience: AudienceStore,
        frequency: FrequencyStore,
        brands: Brands,
        lists: Lists,
        forms: Forms,
        receipts: Receipts,
        rights: RightsDesk,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._audience = audience
        self._frequency = frequency
        self._brands = brands
        self._lists = lists
        self._forms = forms
        self._receipts = receipts
        self._rights = rights
        self._clock = clock

    def show(self, access: Access, language: str) -> Centre:
        """Return the page; changes nothing.

        Args:
            language: of the page: its boxes speak and are agreed to in it.

        Raises:
            NotFound: the person was erased meanwhile.
            DependencyError: nothing can be shown now.
        """
        dossier = read_dossier(self._ledger, access.sid, Everything())
        chain = dossier.chain
        if chain is None:
            raise NotFound("This link is not known.")
        brand = self._brand(access.brand)
        scope = Scope(brand.id, EMAIL)
        forms = self._published(brand.id)
        shown = preferences.offers(forms, chain.state, scope, language)
        found = (self._lists.get(each) for each in dict.fromkeys(offer.list for offer in shown))
        return Centre(
            brand=brand,
            offers=shown,
            mark=preferences.mark(shown),
            lists={each.id: each for each in found if each is not None},
            forms=forms,
            reasons=self._reasons(dossier, brand),
            profile=self._profile(chain),
            steps=_steps(dossier),
            fields=_fields(forms),
            frequency=self._frequency.get(access.sid),
            bar=preferences.bar(chain.state, brand.id),
            is_objected=scope in chain.state.objections,
            is_customer=scope in chain.state.soft_opt_ins,
        )

    def save(self, access: Access, wish: Wish, session: Session, language: str) -> Saved:
        """Do what a saved page asks for.

        Raises:
            NotFound: the person was erased meanwhile; nothing was changed.
            InputError: a corrected value cannot be kept; nothing was changed.
            Conflict: the chain kept moving; nothing was changed.
            DependencyError: perhaps not everything was saved; saving again is harmless.
        """
        changes = _changes(self._profile(self._ledger.open(access.sid)), wish)
        consents = _Consents()

        def decide(chain: Chain) -> list[Draft]:
            nonlocal consents
            consents = self._consents(chain, access, wish, session, language)
            return list(consents.drafts)

        try:
            if changes:
                self._rights.by_person(
                    access.sid,
                    access.brand,
                    Right.RECTIFICATION,
                    session,
                    changes=changes,
                    beside=decide,
                )
            else:
                self._ledger.retrying(access.sid, decide)
        except _StaleError:
            return Saved(is_stale=True)
        return Saved(
            decision=consents.decision,
            changes=changes,
            frequency=self._keep_rhythm(access.sid, wish.frequency),
            entry=consents.entry,
        )

    def _keep_rhythm(self, sid: SubjectId, wish: Frequency) -> Frequency | None:
        """Store how often the person wants mail; None where they want it as before."""
        before = self._frequency.get(sid)
        if not before.paused(self._clock.now_ms()):
            before = replace(before, paused_until_ms=None)  # A pause that is over is none.
        if wish == before:
            return None
        self._frequency.put(sid, wish)
        return wish

    def labels(self, brand: BrandId, language: str) -> dict[str, str]:
        """Return what the brand's forms call each attribute."""
        return {
            each.name: each.label.get(language) or next(iter(each.label.values()), each.name)
            for each in _fields(self._published(brand))
        }

    def stop(self, access: Access, session: Session) -> int | None:
        """Stop all marketing mail of the brand, as an unsubscribe link does.

        Returns:
            Number in the chain of the entry that says so; None where it had stopped already.

        Raises:
            NotFound, Conflict, DependencyError: as `save`.
        """
        scope = Scope(access.brand, EMAIL)
        claims = Claims(session=session.claim(), link={"access": access.token_sha256})
        made = 0

        def decide(chain: Chain) -> list[Draft]:
            nonlocal made
            acts = consent.acts_of_withdrawal(chain.state, scope)
            made = len(acts)
            return [Draft(type=act, brand=scope.brand, via=Via.PAGE, claims=claims) for act in acts]

        chain = self._ledger.retrying(access.sid, decide)
        return chain.state.entries - 1 if made else None

    def _consents(
        self, chain: Chain, access: Access, wish: Wish, session: Session, language: str
    ) -> "_Consents":
        """What the page changes of the consents of a chain as it is now.

        Raises:
            _StaleError: its boxes are not those of the page.
        """
        brand = self._brand(access.brand)
        forms = self._published(brand.id)
        shown = preferences.offers(forms, chain.state, Scope(brand.id, EMAIL), language)
        barrier = preferences.bar(chain.state, brand.id)
        shut = preferences.closed(chain.state, brand.id, shown)
        decision = preferences.decide(shown, wish.ticked, barrier, shut)
        if not decision.changes:
            return _Consents(decision=decision)
        if wish.mark != preferences.mark(shown):
            raise _StaleError
        proof = PageClaims(
            brand=brand.id,
            email=str(self._profile(chain).get("email", "")),
            session={**session.claim(), "lang": language},
            token_sha256=access.token_sha256,
            privacy=brand.linked_privacy(language),
        )
        drafts = tuple(draft_of(change, proof) for change in decision.changes)
        entry = chain.state.entries + len(drafts) - 1
        return _Consents(decision=decision, drafts=drafts, entry=entry)

    def _brand(self, brand_id: BrandId) -> Brand:
        brand = self._brands.get(brand_id)
        if brand is None:
            raise NotFound("This link is not known.")
        return brand

    def _published(self, brand_id: BrandId) -> tuple[Form, ...]:
        return tuple(form for form in self._forms.of_brand(brand_id) if form.notices)

    def _profile(self, chain: Chain) -> dict[str, JsonValue]:
        member = self._audience.member(chain.sid)
        return open_profile(chain.keys, member.sealed) if member and member.sealed else {}

    def _reasons(self, dossier: Dossier, brand: Brand) -> tuple[Reason, ...]:
        def receipt(entry: int) -> str:
            return f"/receipt/{self._receipts.token(dossier.sid, brand.id, entry)}"

        return reasons(dossier, Scope(brand.id, EMAIL), self._forms, receipt)


class _StaleError(Exception):
    """The boxes changed since the page was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Consents:
    """What a page does to the consents; ``entry`` is the number of the last of its entries."""

    decision: Decision = field(default_factory=Decision)
    drafts: tuple[Draft, ...] = ()
    entry: int | None = None


def _changes(profile: Mapping[str, JsonValue], wish: Wish) -> dict[str, str]:
    """What the page says otherwise than we know it."""
    held = profile.get("attributes")
    known = held if isinstance(held, dict) else {}
    changes = {name: new for name, new in wish.told.items() if new != str(known.get(name, ""))}
    if wish.language in LANGUAGES and wish.language != profile.get("language"):
        changes["language"] = wish.language
    return changes


def _fields(forms: Sequence[Form]) -> tuple[Field, ...]:
    """What the brand's forms ask for beside the address; of fields of one name, the first."""
    found: dict[str, Field] = {}
    for form in forms:
        for each in form.facts:
            if each.type is not FieldType.EMAIL and each.name != "language":
                found.setdefault(each.name, each)
    return tuple(found.values())


def _steps(dossier: Dossier) -> tuple[Step, ...]:
    sessions = ((page, (page.claims.session if page.claims else None)) for page in dossier.pages)
    return tuple(
        Step(
            at_ms=page.event.at_ms,
            network=str(session.get("ip", "")),
            browser=str(session.get("ua", "")),
        )
        for page, session in sessions
        if session and session.get("ip")
    )
