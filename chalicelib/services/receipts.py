# SPDX-License-Identifier: Apache-2.0
"""Receipts: what a person can see, keep and check of their own act, by the link they were shown.

Guarantees that a receipt of a confirmation opens only the confirming entry and the sign-up it
answers, that every other receipt opens nothing, and that reading one changes nothing. Nothing is
shown of an erased person.
"""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.events import Event
from chalicelib.domain.forms import Form
from chalicelib.domain.ids import BrandId, EventId, SubjectId, decode_id, encode_id
from chalicelib.errors import BadToken, NotFound
from chalicelib.ports.catalog import Brands, Forms, Lists
from chalicelib.ports.ledger import LedgerStore, StoredEntry
from chalicelib.ports.outside import Blobs
from chalicelib.proof.disclosure import Claims, disclose
from chalicelib.proof.tlog_proof import TlogProof
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.ledger import Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.published_log import PublishedLog, Tree
from chalicelib.vocabulary import EventType

NOBODY = "This receipt is not known."


class ReceiptStatus(StrEnum):
    """What a receipt can show."""

    READY = "ready"
    PENDING = "pending"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptEntry:
    """One entry on a receipt.

    Attributes:
        proof: None until a published checkpoint covers the entry.
        claims, disclosures: what was sealed, opened; empty where nothing is opened.

    """

    event: Event
    leaf: bytes
    proof: TlogProof | None = None
    claims: Claims | None = None
    disclosures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt as its page shows it.

    Attributes:
        entry: the act; None once the person is erased.
        request: the sign-up it answers; only on the receipt of a confirmation.
        sentences: what stood beside the boxes that were ticked, in the language it was shown in.
        language: of those sentences.
        notice: bytes of the page that the sign-up showed.

    """

    status: ReceiptStatus
    brand: Brand
    entry: ReceiptEntry | None = None
    request: ReceiptEntry | None = None
    lists: tuple[MailingList, ...] = ()
    sentences: tuple[str, ...] = ()
    language: str = ""
    notice: bytes | None = None

    @property
    def entries(self) -> tuple[tuple[str, ReceiptEntry], ...]:
        """The entries with the names their files and marks have, in the order they were made."""
        named = (("signup", self.request), ("act", self.entry))
        return tuple((name, entry) for name, entry in named if entry is not None)

    @property
    def is_open(self) -> bool:
        """Whether it shows the person's own values."""
        return self.request is not None


class Receipts:
    """Makes receipt links, and reads what they lead to."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        published: PublishedLog,
        tokens: LinkTokens,
        brands: Brands,
        lists: Lists,
        forms: Forms,
        blobs: Blobs,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._published = published
        self._tokens = tokens
        self._brands = brands
        self._lists = lists
        self._forms = forms
        self._blobs = blobs

    def token(self, sid: SubjectId, brand: BrandId, entry: int) -> str:
        """Return the token of an entry just written; for a confirmation it opens what was sealed.

        Raises:
            NotFound: there is no such brand.
            DependencyError: the keeper of the keys did not answer.

        """
        found = self._brands.get(brand)
        if found is None:
            raise NotFound("There is no such brand.")
        payload = LinkPayload.of_entry(decode_id(sid), bytes.fromhex(found.code), entry)
        return self._tokens.mint(LinkPurpose.RECEIPT, payload)

    def read(self, token: str) -> Receipt:
        """Return what the link leads to; appends nothing.

        Raises:
            BadToken: the link was not made here.
            NotFound: no such entry was ever written.
            EvidenceError: what is stored does not hold.

        """
        payload = self._tokens.read(LinkPurpose.RECEIPT, token)
        brand = self._brands.by_code(payload.brand.hex())
        if brand is None:
            raise BadToken
        sid = SubjectId(encode_id(payload.sid))
        loaded = self._store.load(sid)
        if loaded.state is None or loaded.state.erased or loaded.wrapped_key is None:
            return self._of_erased(sid, brand)
        stored = self._stored(sid, payload.entry)
        tree = self._published.tree()
        if event_of_leaf(stored.leaf).type is not EventType.CONSENT_CONFIRMED:
            return self._receipt(brand, self._shown(stored, tree), None)
        chain = self._ledger.opened(sid, loaded)

        def opened(entry: StoredEntry) -> ReceiptEntry:
            claims = open_claims(chain.keys, entry)
            texts = disclose(decode_id(entry.event), claims, chain.keys)
            return self._shown(entry, tree, claims, texts)

        act = opened(stored)
        return self._receipt(brand, act, opened(self._request(sid, act)))

    def _of_erased(self, sid: SubjectId, brand: Brand) -> Receipt:
        if not self._store.history(sid, 0, 0):
            raise NotFound(NOBODY)
        return Receipt(status=ReceiptStatus.ERASED, brand=brand)

    def _stored(self, sid: SubjectId, n: int) -> StoredEntry:
        found = self._store.history(sid, n, n)
        if not found:
            raise NotFound(NOBODY)
        return found[0]

    def _request(self, sid: SubjectId, act: ReceiptEntry) -> StoredEntry:
        """The sign-up that a confirmation names in its sealed part."""
        link = (act.claims.link if act.claims else None) or {}
        located = self._store.locate(EventId(str(link.get("request"))))
        if located is None or located.sid != sid or located.n is None:
            raise NotFound(NOBODY)
        return self._stored(sid, located.n)

    def _shown(
        self,
        stored: StoredEntry,
        tree: Tree | None,
        claims: Claims | None = None,
        disclosures: tuple[str, ...] = (),
    ) -> ReceiptEntry:
        index = self._published.index(stored.event, tree)
        proof = None
        if tree is not None and index is not None:
            proof = TlogProof(index=index, hashes=tree.path(index), checkpoint=tree.note)
        return ReceiptEntry(
            event=event_of_leaf(stored.leaf),
            leaf=stored.leaf,
            proof=proof,
            claims=claims,
            disclosures=disclosures,
        )

    def _receipt(self, brand: Brand, act: ReceiptEntry, request: ReceiptEntry | None) -> Receipt:
        is_ready = all(each.proof for each in (act, request) if each is not None)
        found = (self._lists.get(each) for each in act.event.lists)
        notice = act.event.notice if request is not None else None
        page = self._blobs.get(f"notice/{notice}.html") if notice else None
        form = self._form(request)
        language = _language(form, request)
        return Receipt(
            status=ReceiptStatus.READY if is_ready else ReceiptStatus.PENDING,
            brand=brand,
            entry=act,
            request=request,
            lists=tuple(each for each in found if each is not None),
            sentences=form.sentences(act.event.purposes, language) if form else (),
            language=language,
            notice=page.data if page else None,
        )

    def _form(self, request: ReceiptEntry | None) -> Form | None:
        choice = (request.claims.choice if request and request.claims else None) or {}
        name, version = choice.get("form"), choice.get("version")
        if not isinstance(name, str) or not isinstance(version, int):
            return None
        return self._forms.get(name, version)


def _language(form: Form | None, request: ReceiptEntry | None) -> str:
    """The language of the notice that was shown: who reads the receipt may have another."""
    if form is None or request is None:
        return ""
    said = [ref.language for ref in form.notices if ref.sha256 == request.event.notice]
    session = (request.claims.session if request.claims else None) or {}
    return said[0] if said else str(session.get("lang", ""))
