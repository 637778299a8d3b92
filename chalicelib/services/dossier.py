# SPDX-License-Identifier: Apache-2.0
"""One person's chain, read for a proof: living with its key, or erased with its chain key alone.

Guarantees that nothing is opened but what was asked for, and nothing at all of an erased person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain as one_after_another

from chalicelib.domain.events import Event
from chalicelib.domain.ids import EventId, SubjectId, decode_id
from chalicelib.errors import NotFound
from chalicelib.ports.ledger import StoredEntry
from chalicelib.proof.disclosure import Claims, disclose
from chalicelib.proof.leaf import Erasure, parse_leaf
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.vocabulary import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the bundle is to show and why. Empty lists or purposes mean all of them."""

    lists: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    recipient: str | None = None
    reason: str | None = None
    language: str = "en"
    exporter: str = "operator"

    def covers(self, event: Event) -> bool:
        """Whether an entry's sealed part is needed for what was asked; the rest stays closed."""
        if event.type is EventType.DATA_UNSEALED:
            return not self.lists and not self.purposes  # Who looked belongs to no list.
        lists = not self.lists or not event.lists or bool(set(self.lists) & set(event.lists))
        named = set(self.purposes) & set(event.purposes)
        purposes = not self.purposes or not event.purposes or bool(named)
        return lists and purposes and event.type is not EventType.BUNDLE_EXPORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One entry of the chain.

    Attributes:
        claims: its sealed part, opened; None where it stays closed or is gone.

    """

    entry: StoredEntry
    event: Event
    claims: Claims | None

    @property
    def n(self) -> int:
        """Its number in the chain."""
        return self.entry.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A chain as read.

    Attributes:
        chain: None once the person is erased.
        address: how the bundle speaks of the person, also where nothing that says it is opened.
        chain_key: what shows which leaves are this chain, 32 bytes.

    """

    sid: SubjectId
    chain: Chain | None
    address: str
    chain_key: bytes
    pages: tuple[Page, ...]

    @property
    def keys(self) -> SubjectKeys | None:
        """The person's keys, while they exist."""
        return self.chain.keys if self.chain else None

    def disclosures(self, page: Page) -> tuple[str, ...]:
        """Return the opened disclosures of an entry."""
        if page.claims is None or self.keys is None:
            return ()
        return disclose(decode_id(page.entry.event), page.claims, self.keys)


def read_dossier(ledger: Ledger, sid: SubjectId, wish: Wish) -> Dossier:
    """Return the person's whole chain, opened where the wish asks for it.

    Raises:
        NotFound: there is no such person, or nothing of them is left that could be shown.

    """
    try:
        chain = ledger.open(sid)
    except NotFound:
        return _erased(ledger, sid)
    # The chain as read: what comes in meanwhile is not in this bundle.
    entries = ledger.history(sid, 0, chain.state.entries - 1)
    pages = []
    for entry in entries:
        event = event_of_leaf(entry.leaf)
        claims = open_claims(chain.keys, entry) if wish.covers(event) else None
        pages.append(Page(entry=entry, event=event, claims=claims))
    return Dossier(
        sid=sid,
        chain=chain,
        address=_address(chain, entries),
        chain_key=chain.keys.chain_key,
        pages=tuple(pages),
    )


def read_chain_key(ledger: Ledger, sid: SubjectId) -> tuple[bytes, bool]:
    """Return the chain key, and whether the chain has ended with an erasure.

    Raises:
        NotFound: as `read_dossier`.

    """
    try:
        return ledger.open(sid).keys.chain_key, False
    except NotFound:
        return _erasure(ledger.history(sid)).chain_key, True


def _address(chain: Chain, entries: Sequence[StoredEntry]) -> str:
    """The address of the latest entry that showed it to be theirs, else the first that is named."""
    requests = {entry.event: entry for entry in entries}

    def shown(entry: StoredEntry) -> StoredEntry | None:
        event = event_of_leaf(entry.leaf)
        if event.type is EventType.CONSENT_CONFIRMED:
            link = open_claims(chain.keys, entry).link or {}
            return requests.get(EventId(str(link.get("request"))))
        return entry if event.type is EventType.IDENTIFIER_CHANGED else None

    own = (told for entry in reversed(entries) if (told := shown(entry)) is not None)
    claims = (open_claims(chain.keys, entry) for entry in one_after_another(own, entries))
    return next((str(each.subject["email"]) for each in claims if each.subject), "")


def _erased(ledger: Ledger, sid: SubjectId) -> Dossier:
    entries = ledger.history(sid)
    pages = tuple(
        Page(entry=entry, event=event_of_leaf(entry.leaf), claims=None) for entry in entries
    )
    chain_key = _erasure(entries).chain_key
    return Dossier(sid=sid, chain=None, address="", chain_key=chain_key, pages=pages)


def _erasure(entries: Sequence[StoredEntry]) -> Erasure:
    """What the last entry reveals of the chain it ended."""
    erasure = parse_leaf(entries[-1].leaf).fields.erasure if entries else None
    if erasure is None:
        raise NotFound("There is no such subscriber.")
    return erasure
