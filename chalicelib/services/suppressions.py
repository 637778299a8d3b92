# SPDX-License-Identifier: Apache-2.0
"""Suppression: an address that must not be mailed, whether or not it belongs to a subscriber.

Guarantees that every suppression has its ledger entry, that one of a subscriber's address is in
their state by the same transaction, and that no weaker reason ever replaces a stronger one. A
complaint of a subscriber is an objection to every brand they have to do with as well, so that a
confirmation, which lifts it for the address, brings back only the brand it names.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from chalicelib.domain.addresses import Address, parse_address
from chalicelib.domain.events import Event, SuppressionReason, Via
from chalicelib.domain.hygiene import scopes_before_request, scopes_of
from chalicelib.domain.ids import EventId
from chalicelib.domain.reach import EVERYWHERE, Reach
from chalicelib.domain.state import Scope
from chalicelib.domain.suppressions import OPERATOR_REASONS, holds, outweighs
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.ports.catalog import Brands, Lists, Page
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.ledger import Suppressed
from chalicelib.ports.system import Clock
from chalicelib.proof.disclosure import Claims
from chalicelib.services.drafting import suppression_draft
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Chain, Draft, Ledger
from chalicelib.services.suppression_digests import (
    rows_by_digest,
    standing,
    taken_over,
)
from chalicelib.vocabulary import EventType

Drafts = tuple[Draft, ...]
HeldRows = Mapping[str, tuple[Suppressed, ...]]
"""Suppressions by MAC."""
NOTHING_READ: HeldRows = MappingProxyType({})


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
        reach: Reach = EVERYWHERE,
        held: HeldRows = NOTHING_READ,
        since_ms: int | None = None,
    ) -> Change:
        """Return what suppresses the subject's addresses as far as ``reach``; nothing if it is so.

        Args:
            scopes: what is objected to besides; a complaint always objects to every brand the
                person has to do with, or to the one it reaches. One about a single list does not:
                the objection would reach further than what was said.
            held: rows that were read already; those of other MACs are looked up.
            since_ms: when it happened, if not just now, Unix milliseconds: a complaint then
                objects to nothing that the person has asked for since.
        """
        complained = reason is SuppressionReason.COMPLAINT and reach.list is None
        known = self._scopes_at(chain, reach.channel, since_ms) if complained else ()
        scopes = sorted({*scopes, *(scope for scope in known if reach.covers(scope))})
        objections = objections_to(chain, scopes, campaign, claims)
        if holds(chain.state, reason, reach):
            return Change(drafts=objections)
        held = self._rows_of(chain, held)
        event = self._ledger.new_event_id()
        draft = replace(
            suppression_draft(reason, reach),
            campaign=campaign,
            claims=claims or Claims(),
            event=event,
        )
        rows = self._rows(draft, reach, held, event)
        # What the state lacks comes first: a confirmation lifts rows by what the state shows.
        same = suppression_draft(reason, reach)
        before = [x for x in self._missing(chain, held) if x != same and not _names(x, scopes)]
        return Change(drafts=(*before, draft, *objections), rows=rows)

    def _rows(
        self, draft: Draft, reach: Reach, held: HeldRows, event: EventId
    ) -> tuple[Suppressed, ...]:
        """Rows of the MACs that hold nothing as heavy of that reach."""
        reason, now_ms = str(draft.reason), self._clock.now_ms()
        return tuple(
            Suppressed(
                mac=mac,
                brand=reach.brand,
                reason=reason,
                since_ms=now_ms,
                event=event,
                channel=reach.channel,
                list=reach.list,
            )
            for mac, old in held.items()
            if outweighs(reason, [row.reason for row in old if row.reach == reach])
        )

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
        self,
        mac: str,
        reason: SuppressionReason,
        claims: Claims | None = None,
        *,
        reach: Reach = EVERYWHERE,
    ) -> bool:
        """Suppress an address as far as ``reach``, whoever it belongs to by now; say if it is new.

        Raises:
            Conflict: the subject's chain kept moving; nothing was appended.
        """
        chain, is_new = self._chain_of(mac), False
        if chain is None:
            rows = self._ledger.lookup(mac).suppressions
            if outweighs(reason, [row.reason for row in rows if row.reach == reach]):
                self._ledger.suppress_stranger(mac, reason, reach)
                is_new = True
            self._index.note(mac)
            # Somebody may have signed up in between: then their state must know as well.
            chain = self._chain_of(mac)
        if chain is not None:
            before, decide = chain.state.entries, self.change
            after = self.apply(chain, lambda now: decide(now, reason, claims=claims, reach=reach))
            is_new = is_new or after.state.entries > before
        return is_new

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

    def meet(self, chain: Chain, address: Address) -> Chain:
        """As `mirror`, and for what a SHA-256 of the address was suppressed for (`heard`).

        Raises:
            Conflict: the chain kept moving; nothing was appended.
            NotFound: the subject was erased meanwhile.
        """
        return self.apply(chain, lambda now: self.heard(now, address))

    def heard(self, chain: Chain, address: Address) -> Change:
        """Return what brings into a chain all that an address was suppressed for before.

        Args:
            address: of the person whose chain it is, or will be.
        """
        held = self._rows_of(chain, NOTHING_READ)
        found = rows_by_digest(self._ledger, self._index, address)
        drafts = self._missing(chain, {**held, "": found})
        if not found:
            return Change(drafts=drafts)
        taken = taken_over(drafts, found, held, self._ledger.new_event_id)
        for row in taken.rows:
            self._index.note(row.mac)  # Before it stands; too much is harmless here.
        return Change(drafts=taken.drafts, rows=(*taken.rows, *taken.spent))

    def unheard(self, chain: Chain, held: HeldRows = NOTHING_READ) -> Drafts:
        """Return the entries that bring into the state what only the rows by MAC say so far.

        Args:
            held: rows that were read already; those of other MACs are looked up.
        """
        return self._missing(chain, self._rows_of(chain, held))

    def _missing(self, chain: Chain, held: HeldRows) -> Drafts:
        """Entries for what the rows by MAC hold and the subject's state does not."""
        found = {(row.reach, row.reason) for rows in held.values() for row in rows}
        lacking = [
            (reach, reason)
            for reach, reason in sorted(found, key=lambda each: (each[0].order, each[1]))
            if not holds(chain.state, reason, reach)
        ]
        drafts = tuple(suppression_draft(reason, reach) for reach, reason in lacking)
        if (EVERYWHERE, SuppressionReason.COMPLAINT) not in lacking:
            return drafts
        before = scopes_before_request(chain.state, self._asked(chain))
        return (*drafts, *objections_to(chain, before))

    def _scopes_at(self, chain: Chain, channel: str, since_ms: int | None) -> tuple[Scope, ...]:
        """The brands the person had to do with when something happened; None: now."""
        known = scopes_of(chain.state, channel)
        asked = None if since_ms is None else self._latest_request(chain)
        if asked is None or since_ms is None or asked.at_ms < since_ms:
            return known
        before = scopes_before_request(chain.state, self._asked(chain))
        return tuple(scope for scope in before if scope in known)

    def _asked(self, chain: Chain) -> Scope | None:
        """What the latest request asks to join."""
        asked = self._latest_request(chain)
        if asked is None or asked.brand is None or asked.channel is None:
            return None
        return Scope(asked.brand, asked.channel)

    def _latest_request(self, chain: Chain) -> Event | None:
        n = chain.state.last_request
        if n is None:
            return None
        (entry,) = self._ledger.history(chain.sid, n, n)
        return event_of_leaf(entry.leaf)

    def _rows_of(self, chain: Chain, held: HeldRows) -> HeldRows:
        return {
            mac: held[mac] if mac in held else self._ledger.lookup(mac).suppressions
            for mac in chain.macs
        }


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

    def __init__(
        self,
        *,
        ledger: Ledger,
        suppressor: Suppressor,
        index: SuppressionIndex,
        brands: Brands,
        lists: Lists,
    ) -> None:
        self._ledger = ledger
        self._suppressor = suppressor
        self._index = index
        self._brands = brands
        self._lists = lists

    def add(self, address: str, reason: str, reach: Reach = EVERYWHERE) -> Suppressed:
        """Suppress an address and return its row of that reach; repeating changes nothing.

        Args:
            reason: ``manual``, ``bounce``, ``complaint`` or ``unsubscribed``; a heavier one that
                is there already stays. Any other words count as ``manual`` and are kept sealed
                with a subscriber's entry.

        Raises:
            InputError: not an address we could write to, or no such brand or list.
            Conflict: too much happened to the subscriber at once; nothing was changed.
            NotFound: a new confirmation lifted it again before it could be shown.
        """
        mac = self._ledger.mac(parse_address(address).normal)
        self.require(reach)
        known = reason in OPERATOR_REASONS
        self._suppressor.suppress_mac(
            mac,
            SuppressionReason(reason) if known else SuppressionReason.MANUAL,
            None if known else Claims(choice={"reason": reason}),
            reach=reach,
        )
        for row in self._ledger.lookup(mac).suppressions:
            if row.reach == reach:
                return row
        raise NotFound(
            "A new confirmation lifted the suppression again. Add it anew if it must stay."
        )

    def require(self, reach: Reach) -> None:
        """Refuse a reach that names what is not there.

        Raises:
            InputError: code ``unknown_brand`` or ``unknown_list``.
        """
        if reach.brand is not None and self._brands.get(reach.brand) is None:
            raise InputError(code="unknown_brand", detail="There is no brand with this id.")
        found = self._lists.get(reach.list) if reach.list is not None else None
        if reach.list is not None and (found is None or found.brand != reach.brand):
            raise InputError(code="unknown_list", detail="The brand has no list with this id.")

    def find(self, address: str) -> tuple[Suppressed, ...]:
        """Return the suppressions of an address, none when it may be mailed.

        Those of its SHA-256 are among them until somebody takes them over.

        Raises:
            InputError: not an address we could write to.
        """
        found = parse_address(address)
        held = self._ledger.lookup(self._ledger.mac(found.normal)).suppressions
        return (*held, *rows_by_digest(self._ledger, self._index, found))

    def page(self, cursor: str | None, limit: int) -> Page[Suppressed]:
        """Return suppressions in a fixed order, by keyed MAC; ``limit`` counts addresses.

        A page may be short or empty before the last one: addresses lifted since
        and digests taken over are left out.

        Raises:
            InputError: the cursor was not made by this method.
        """
        found = self._index.page(cursor, limit)
        rows = tuple(row for mac in found.items for row in standing(self._ledger.lookup(mac)))
        return Page(items=rows, cursor=found.cursor)
