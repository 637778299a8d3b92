# SPDX-License-Identifier: Apache-2.0
"""Suppression: an address that must not be mailed, whether or not it belongs to a subscriber.

Guarantees that every suppression has its ledger entry, that one of a subscriber's address is in
their state by the same transaction, and that no weaker reason ever replaces a stronger one. A
complaint of a subscriber is an objection to every brand they have to do with as well, so that a
confirmation, which lifts it for the address, brings back only the brand it names.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.events import EMAIL, SuppressionReason, Via
from chalicelib.domain.hygiene import scopes_before_request, scopes_of
from chalicelib.domain.ids import BrandId
from chalicelib.domain.state import Scope
from chalicelib.domain.suppressions import OPERATOR_REASONS, holds, outweighs
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.catalog import Page
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.ledger import Suppressed
from chalicelib.ports.system import Clock
from chalicelib.proof.disclosure import Claims
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Chain, Draft, Ledger
from chalicelib.vocabulary import EventType

Drafts = tuple[Draft, ...]
EVERY_BRAND: BrandId | None = None
"""Scope of what this service adds: the address, for whichever brand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Entries to append to one chain, and the rows by MAC they record."""

    drafts: tuple[Draft, ...] = ()
    rows: tuple[Suppressed, ...] = ()


class Suppressor:
    """Writes suppressions: the one way in for operators, bounces and complaints."""

    def __init__(self, *, ledger: Ledger, index: SuppressionIndex, clock: Clock) -> None:
        self._ledger = ledger
        self._index = index
        self._clock = clock

    def change(
        self,
        chain: Chain,
        reason: SuppressionReason,
        *,
        scopes: Iterable[Scope] = (),
        campaign: str | None = None,
        claims: Claims | None = None,
    ) -> Change:
        """Return what suppresses the subject's addresses for every brand; nothing if it is so.

        Args:
            scopes: what is objected to besides; a complaint always objects to every brand the
                person has to do with.
        """
        known = scopes_of(chain.state, EMAIL) if reason is SuppressionReason.COMPLAINT else ()
        scopes = sorted({*scopes, *known})
        objections = objections_to(chain, scopes, campaign, claims)
        if holds(chain.state, reason):
            return Change(drafts=objections)
        held = self._rows_of(chain)
        event = self._ledger.new_event_id()
        draft = Draft(
            type=EventType.SUPPRESSION_ADDED,
            reason=reason,
            campaign=campaign,
            claims=claims or Claims(),
            event=event,
        )
        now_ms = self._clock.now_ms()
        rows = tuple(
            Suppressed(mac=mac, brand=EVERY_BRAND, reason=reason, since_ms=now_ms, event=event)
            for mac, old in held.items()
            if outweighs(reason, [row.reason for row in old if row.brand is EVERY_BRAND])
        )
        # What the state lacks comes first: a confirmation lifts rows by what the state shows.
        before = [
            x
            for x in self._missing(chain, held)
            if (x.brand, x.reason) != (None, reason) and not _names(x, scopes)
        ]
        return Change(drafts=(*before, draft, *objections), rows=rows)

    def apply(self, chain: Chain, decide: Callable[[Chain], Change]) -> Chain:
        """Append what ``decide`` returns for the chain, and decide anew if it moved on.

        Raises:
            Conflict: the chain kept moving; nothing was appended.
            NotFound: the subject was erased meanwhile.
        """
        for _ in range(ATTEMPTS):
            change = decide(chain)
            if not change.drafts:
                break
            try:
                chain = self._ledger.append(chain, change.drafts, suppress=change.rows)
            except Conflict:
                chain = self._ledger.open(chain.sid)
                continue
            break
        else:
            raise Conflict(KEPT_MOVING)
        if chain.state.suppressions:
            for mac in chain.macs:
                self._index.note(mac)
        return chain

    def suppress_mac(
        self, mac: str, reason: SuppressionReason, claims: Claims | None = None
    ) -> None:
        """Suppress an address for every brand, whoever it belongs to by now.

        Raises:
            Conflict: the subject's chain kept moving; nothing was appended.
        """
        chain = self._chain_of(mac)
        if chain is None:
            rows = self._ledger.lookup(mac).suppressions
            if outweighs(reason, [row.reason for row in rows if row.brand is EVERY_BRAND]):
                self._ledger.suppress_stranger(mac, reason, EVERY_BRAND)
            self._index.note(mac)
            # Somebody may have signed up in between: then their state must know as well.
            chain = self._chain_of(mac)
        if chain is not None:
            self.apply(chain, lambda now: self.change(now, reason, claims=claims))

    def _chain_of(self, mac: str) -> Chain | None:
        sid = self._ledger.lookup(mac).sid
        try:
            return self._ledger.open(sid) if sid else None
        except NotFound:
            return None  # Being erased: the row by MAC alone outlives them.

    def mirror(self, chain: Chain) -> Chain:
        """Bring into the subject's state what its addresses were suppressed for before it existed.

        Whoever mails somebody new calls this before deciding, because a sign-up itself must not
        differ between known, unknown and suppressed addresses (promise 9, docs/architecture.md).

        Raises:
            Conflict: the chain kept moving; nothing was appended.
        """
        return self.apply(chain, lambda now: Change(drafts=self.unheard(now)))

    def unheard(self, chain: Chain) -> Drafts:
        """Return the entries that bring into the state what only the rows by MAC say so far."""
        return self._missing(chain, self._rows_of(chain))

    def _missing(self, chain: Chain, held: Mapping[str, tuple[Suppressed, ...]]) -> Drafts:
        """Entries for what the rows by MAC hold and the subject's state does not."""
        found = {(row.brand, row.reason) for rows in held.values() for row in rows}
        drafts = tuple(
            Draft(type=EventType.SUPPRESSION_ADDED, brand=brand, reason=reason)
            for brand, reason in sorted(found, key=str)
            if not holds(chain.state, reason, brand)
        )
        complained = any(
            (x.brand, x.reason) == (EVERY_BRAND, SuppressionReason.COMPLAINT) for x in drafts
        )
        if not complained:
            return drafts
        before = scopes_before_request(chain.state, self._asked(chain))
        return (*drafts, *objections_to(chain, before))

    def _asked(self, chain: Chain) -> Scope | None:
        """What the latest request asks to join."""
        n = chain.state.last_request
        if n is None:
            return None
        (entry,) = self._ledger.history(chain.sid, n, n)
        event = event_of_leaf(entry.leaf)
        return Scope(event.brand, event.channel) if event.brand and event.channel else None

    def _rows_of(self, chain: Chain) -> dict[str, tuple[Suppressed, ...]]:
        return {mac: self._ledger.lookup(mac).suppressions for mac in chain.macs}


def objections_to(
    chain: Chain,
    scopes: Iterable[Scope],
    campaign: str | None = None,
    claims: Claims | None = None,
) -> Drafts:
    """Return the entries that make a complaint an objection to each scope not objected to yet."""
    return tuple(
        Draft(
            type=EventType.OBJECTION_RECORDED,
            brand=scope.brand,
            channel=scope.channel,
            via=Via.COMPLAINT,
            campaign=campaign,
            claims=claims or Claims(),
        )
        for scope in scopes
        if scope not in chain.state.objections
    )


def _names(draft: Draft, scopes: Iterable[Scope]) -> bool:
    objected = draft.type is EventType.OBJECTION_RECORDED
    return objected and any((draft.brand, draft.channel) == scope for scope in scopes)


class Suppressions:
    """What an operator does with suppressions."""

    def __init__(self, *, ledger: Ledger, suppressor: Suppressor, index: SuppressionIndex) -> None:
        self._ledger = ledger
        self._suppressor = suppressor
        self._index = index

    def add(self, address: str, reason: str) -> Suppressed:
        """Suppress an address for every brand and return its row; repeating changes nothing.

        Args:
            reason: ``manual``, ``bounce``, ``complaint`` or ``unsubscribed``; a heavier one that
                is there already stays. Any other words count as ``manual`` and are kept sealed
                with a subscriber's entry.

        Raises:
            InputError: not an address we could write to.
            Conflict: too much happened to the subscriber at once; nothing was changed.
            NotFound: a new confirmation lifted it again before it could be shown.
        """
        mac = self._ledger.mac(parse_address(address).normal)
        known = reason in OPERATOR_REASONS
        self._suppressor.suppress_mac(
            mac,
            SuppressionReason(reason) if known else SuppressionReason.MANUAL,
            None if known else Claims(choice={"reason": reason}),
        )
        for row in self._ledger.lookup(mac).suppressions:
            if row.brand is EVERY_BRAND:
                return row
        raise NotFound(
            "A new confirmation lifted the suppression again. Add it anew if it must stay."
        )

    def find(self, address: str) -> tuple[Suppressed, ...]:
        """Return the suppressions of an address, none when it may be mailed.

        Raises:
            InputError: not an address we could write to.
        """
        return self._ledger.lookup(self._ledger.mac(parse_address(address).normal)).suppressions

    def page(self, cursor: str | None, limit: int) -> Page[Suppressed]:
        """Return suppressions in a fixed order, by keyed MAC; ``limit`` counts addresses.

        A page may be short or empty before the last one: addresses lifted since are left out.

        Raises:
            InputError: the cursor was not made by this method.
        """
        found = self._index.page(cursor, limit)
        rows = tuple(row for mac in found.items for row in self._ledger.lookup(mac).suppressions)
        return Page(items=rows, cursor=found.cursor)
