# SPDX-License-Identifier: Apache-2.0
"""`fsck` of people's rows: chains, keys, states, memberships, suppressions, lookups, the outbox.

Guarantees that every row that follows from a chain is derived from its entries anew. Opens what is
sealed only to compare it with the digests in the leaf; nothing of it is kept or shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from chalicelib.domain import consent
from chalicelib.domain.ids import EventId, SubjectId, decode_id, encode_id
from chalicelib.domain.standing import Standing, dump_standing, standing
from chalicelib.domain.state import SubjectState, memberships
from chalicelib.domain.suppressions import holds, outweighs
from chalicelib.errors import NotFound
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.audit import LedgerAudit, LookupRow, SubjectRows, SuppressionRow
from chalicelib.ports.keys import KeyWrapper
from chalicelib.ports.ledger import (
    LedgerStore,
    Loaded,
    Located,
    Pending,
    StoredEntry,
    Suppressed,
)
from chalicelib.proof.disclosure import disclose, disclosure_digest
from chalicelib.proof.leaf import ParsedLeaf, parse_leaf
from chalicelib.proof.merkle import leaf_hash
from chalicelib.proof.sealing import SubjectKeys, chain_tag
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.fsck import Areas, Difference, in_chunks, readable, require
from chalicelib.services.fsck_places import PlaceCheck

CHAINS, SEALED, STATES, MEMBERS = "chains", "sealed parts", "states", "memberships"
SUPPRESSIONS, LOOKUPS, ERASED, OUTBOX = "suppressions", "lookups", "erased chains", "outbox"
KEYS, PROFILES = "keys", "profiles"
_UNITS = {
    CHAINS: "entries",
    SEALED: "opened",
    STATES: "folded anew",
    MEMBERS: "people",
    SUPPRESSIONS: "by address",
    LOOKUPS: "rows",
    ERASED: "people",
    OUTBOX: "entries waiting",
    KEYS: "rows",
    PROFILES: "rows",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """A chain read strongly, and its leaves parsed."""

    sid: SubjectId
    loaded: Loaded
    entries: tuple[StoredEntry, ...]
    parsed: tuple[ParsedLeaf, ...]
    state: SubjectState


class PeopleCheck:
    """Compares people's rows with their chains."""

    def __init__(
        self,
        *,
        rows: LedgerAudit,
        places: PlaceCheck,
        store: LedgerStore,
        audience: AudienceStore,
        wrapper: KeyWrapper,
        origin: str,
    ) -> None:
        self._rows = rows
        self._places = places
        self._store = store
        self._audience = audience
        self._wrapper = wrapper
        self._origin = origin

    def run(self, areas: Areas) -> None:
        """Compare row by row; each person is read for themselves."""
        for name, unit in _UNITS.items():
            areas.add(name, unit)
        self._places.begin(areas)
        for row in self._rows.rows():
            match row:
                case SubjectRows():
                    areas.steady(partial(self._subject, areas, row))
                case LookupRow():
                    areas.count(LOOKUPS)
                    areas.steady(partial(self._lookup, row))
                case SuppressionRow():
                    areas.count(SUPPRESSIONS)
                    areas.steady(partial(self._suppression, row))
                case Pending():
                    areas.count(OUTBOX)
                    areas.steady(partial(self._pending, row))
                case Located():
                    self._places.saw(areas, row)
        self._places.finish(areas)
        self._holders(areas, KEYS, self._rows.key_holders())
        self._holders(areas, PROFILES, self._members())

    # One person

    def _subject(self, areas: Areas, row: SubjectRows) -> None:
        chain = self._read(row.sid)
        self._placed(chain)
        if chain.state.erased:
            self._erased(chain, row.sealed)
            areas.count(ERASED)
        else:
            self._living(chain)
            areas.count(SEALED, len(chain.entries))
            areas.count(MEMBERS)
        folded = chain.loaded.state == chain.state
        require(folded, STATES, f"the state of subject {row.sid} is not what its entries add up to")
        tip = leaf_hash(chain.entries[-1].leaf).hex()
        last = f"the state of subject {row.sid} names another last entry than its chain has"
        require(chain.loaded.last_leaf_hash == tip, STATES, last)
        areas.count(CHAINS, len(chain.entries))
        areas.count(STATES)

    def _read(self, sid: SubjectId) -> _Chain:
        loaded = self._store.load(sid)
        entries = self._store.history(sid)
        require(entries, CHAINS, f"subject {sid} has rows, but no entry")
        require(loaded.state, STATES, f"subject {sid} has entries, but no state")
        parsed = []
        for n, entry in enumerate(entries):
            name = f"entry {n} of subject {sid}"
            require(entry.n == n, CHAINS, f"{name} is missing")
            parsed.append(readable(partial(parse_leaf, entry.leaf), CHAINS, name))
            own = encode_id(parsed[n].fields.event_id) == entry.event
            require(own, CHAINS, f"{name} stands under the id of another event")
            late = n == 0 or parsed[n].fields.ts_ms >= parsed[n - 1].fields.ts_ms
            require(late, CHAINS, f"{name} is older than the entry before it")
        state = consent.fold(event_of_leaf(entry.leaf) for entry in entries)
        return _Chain(sid=sid, loaded=loaded, entries=entries, parsed=tuple(parsed), state=state)

    def _placed(self, chain: _Chain) -> None:
        """Every entry is in the log or waits; that the log has this leaf, `fsck_log` says."""
        for chunk in in_chunks(iter(chain.entries)):
            places = self._rows.places([entry.event for entry in chunk])
            for entry in chunk:
                name = f"entry {entry.n} of subject {chain.sid} ({entry.event})"
                place = places.get(entry.event)
                if place is not None:
                    own = (place.sid, place.n) == (chain.sid, entry.n)
                    require(own, CHAINS, f"{name} has a row that names another place")
                if place is None or place.index is None:
                    waits = self._rows.is_waiting(entry.event, entry.leaf, chain.sid)
                    require(waits, CHAINS, f"{name} is neither in the log nor in the outbox")

    def _living(self, chain: _Chain) -> None:
        sid, wrapped = chain.sid, chain.loaded.wrapped_key
        if wrapped is None:
            raise Difference(KEYS, f"subject {sid} has no key, and was not erased")
        raw = decode_id(sid)
        key = readable(lambda: self._wrapper.unwrap(raw, wrapped), KEYS, f"key of subject {sid}")
        keys = SubjectKeys(key, self._origin, raw)
        for entry, parsed in zip(chain.entries, chain.parsed, strict=True):
            name = f"entry {entry.n} of subject {sid}"
            require(parsed.tag == keys.tag(entry.n), CHAINS, f"{name} has the tag of another place")
            self._sealed(keys, entry, parsed, name)
        self._derived(chain)

    def _sealed(self, keys: SubjectKeys, entry: StoredEntry, parsed: ParsedLeaf, name: str) -> None:
        try:
            claims = readable(lambda: open_claims(keys, entry), SEALED, name)
        except NotFound:
            raise Difference(
                SEALED, f"{name} has no sealed part, and the person was not erased"
            ) from None
        texts = disclose(decode_id(entry.event), claims, keys)
        same = sorted(map(disclosure_digest, texts)) == list(parsed.digests)
        require(same, SEALED, f"{name} seals other data than its leaf commits to")

    def _derived(self, chain: _Chain) -> None:
        """Memberships, standing, lookups and suppressions that follow from the state."""
        sid, state = chain.sid, chain.state
        member = self._audience.members([sid]).get(sid)
        listed = dict(member.lists) if member else {}
        same = listed == dict(memberships(state))
        require(same, MEMBERS, f"subject {sid} is on other lists than its state says")
        stands = (member.standing if member else None) or dump_standing(Standing())
        same = stands == dump_standing(standing(state))
        require(same, MEMBERS, f"subject {sid} stands elsewhere than its state says")
        require(chain.loaded.macs, LOOKUPS, f"subject {sid} has no address to be found by")
        for mac in chain.loaded.macs:
            found = self._store.lookup(mac)
            leads = f"the lookup of an address of subject {sid} does not lead to it"
            require(found.sid == sid, LOOKUPS, leads)
            rows = {row.reach: row for row in found.suppressions}
            for held in state.suppressions:
                row = rows.get(held.reach)
                kept = row is not None and not outweighs(held.reason, [row.reason])
                lost = f"subject {sid} is suppressed ({held.reason}), its address is not"
                require(kept, SUPPRESSIONS, lost)
            self._mirrored(chain, rows.values())

    def _mirrored(self, chain: _Chain, rows: Iterable[Suppressed]) -> None:
        """A suppression that the chain recorded is in the state; a stranger's comes later."""
        own = {entry.event for entry in chain.entries}
        for row in rows:
            known = row.event not in own or holds(chain.state, row.reason, row.reach)
            missing = f"the address of subject {chain.sid} is suppressed ({row.reason}), they not"
            require(known, SUPPRESSIONS, missing)

    def _erased(self, chain: _Chain, sealed: int) -> None:
        sid = chain.sid
        require(chain.loaded.wrapped_key is None, ERASED, f"erased subject {sid} has a key")
        require(not chain.loaded.macs, ERASED, f"erased subject {sid} can be found by an address")
        left = sealed or any(entry.sealed is not None for entry in chain.entries)
        require(not left, ERASED, f"erased subject {sid} has a sealed part left")
        require(
            not self._audience.members([sid]), ERASED, f"erased subject {sid} has a profile left"
        )
        revealed = chain.parsed[-1].fields.erasure
        if revealed is None or revealed.chain_length != len(chain.entries) - 1:
            raise Difference(ERASED, f"the erasure of subject {sid} names another chain length")
        for entry, parsed in zip(chain.entries, chain.parsed, strict=True):
            own = parsed.tag == chain_tag(revealed.chain_key, entry.n)
            name = f"entry {entry.n} of erased subject {sid}"
            require(own, ERASED, f"{name} is not covered by the chain key its erasure reveals")

    # Single rows

    def _lookup(self, row: LookupRow) -> None:
        if self._store.lookup(row.mac).sid != row.sid:
            return  # It changed since the scan saw it.
        loaded = self._store.load(row.sid)
        exists = loaded.state is not None and row.mac in loaded.macs
        require(exists, LOOKUPS, f"a lookup leads to subject {row.sid}, who has no such address")

    def _suppression(self, row: SuppressionRow) -> None:
        found = self._store.lookup(row.mac)
        known: set[EventId] = set(self._rows.places([held.event for held in found.suppressions]))
        for held in found.suppressions:
            if held.event not in known and found.sid is not None:
                # The chain's own entry has no row before it is in the log.
                known |= {entry.event for entry in self._store.history(found.sid)}
            named = f"a suppression names entry {held.event}, which is not"
            require(held.event in known, SUPPRESSIONS, named)

    def _pending(self, row: Pending) -> None:
        if not self._rows.is_waiting(row.event, row.leaf, row.sid):
            return
        place = self._rows.places([row.event]).get(row.event)
        index = place.index if place else None
        twice = f"entry {row.event} waits in the outbox, and is in the log at {index}"
        require(index is None, OUTBOX, twice)
        readable(lambda: parse_leaf(row.leaf), OUTBOX, f"waiting entry {row.event}")
        if row.sid is not None and row.n is not None:
            stored = self._rows.entries([(row.sid, row.n)]).get((row.sid, row.n))
            own = stored is not None and stored.leaf == row.leaf
            where = f"entry {row.n} of subject {row.sid}"
            require(own, OUTBOX, f"waiting entry {row.event} is not {where}")

    def _holders(self, areas: Areas, name: str, sids: Iterator[SubjectId]) -> None:
        for chunk in in_chunks(sids):
            areas.count(name, len(chunk))
            areas.steady(partial(self._exist, name, chunk))

    def _exist(self, name: str, sids: Sequence[SubjectId]) -> None:
        states = self._store.states(sids)
        for sid in sids:
            require(sid in states, name, f"subject {sid} has a row, but no state")

    def _members(self) -> Iterator[SubjectId]:
        cursor = None
        while True:
            page = self._audience.page(cursor, 100)
            yield from (member.sid for member in page.members)
            cursor = page.cursor
            if cursor is None:
                return
