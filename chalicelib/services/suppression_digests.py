# SPDX-License-Identifier: Apache-2.0
"""Suppressions by a SHA-256 that came with a file: they wait under its keyed MAC for their address.

Guarantees that whoever turns up with such an address takes the suppression over in the transaction
that writes anything of them: from then on it is one of their address, and ends as any other does.
The digest's row stays without its key, which says that it was taken over: the same file once more
brings nothing back. An installation that never read such a file pays one small read for it, and no
call of KMS.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.addresses import Address
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import EventId
from chalicelib.domain.reach import Reach
from chalicelib.domain.suppression_files import digest_name, digests_of
from chalicelib.domain.suppressions import outweighs
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.ledger import Lookup, ReachOfMac, Suppressed
from chalicelib.ports.ledger_groups import MAX_READ, GroupStore
from chalicelib.services.drafting import Draft, suppression_draft
from chalicelib.services.ledger import Ledger
from chalicelib.vocabulary import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDigests:
    """What the digests of an address are suppressed for.

    Attributes:
        macs: of the digests; none where no digest was ever suppressed.
        rows: nobody took them over yet.
        spent: of rows that somebody took over; they say nothing now.
    """

    macs: tuple[str, ...] = ()
    rows: tuple[Suppressed, ...] = ()
    spent: frozenset[ReachOfMac] = frozenset()


class ManyDigests:
    """Reads the digests of many addresses at once, for the preview of an import and its run."""

    def __init__(self, *, ledger: Ledger, index: SuppressionIndex, store: GroupStore) -> None:
        self._ledger = ledger
        self._index = index
        self._store = store

    def read(self, names: Mapping[str, Sequence[str]]) -> dict[str, OfDigests]:
        """Return what is known by the digests of each address, by the address's MAC.

        To be asked before the addresses are looked up: who takes a suppression over in between is
        then suppressed by both, and never by neither.

        Args:
            names: what the MACs of each address's digests are made of (`names_of_digests`).
        """
        if not self._index.has_digests():
            return dict.fromkeys(names, OfDigests())
        wanted = sorted({name for some in names.values() for name in some})
        made = dict(zip(wanted, self._ledger.macs(wanted), strict=True))
        found = self._found(sorted(made.values()))
        return {
            mac: _of_digests({made[name]: found[made[name]] for name in some})
            for mac, some in names.items()
        }

    def _found(self, macs: Sequence[str]) -> dict[str, tuple[Suppressed, ...]]:
        found: dict[str, tuple[Suppressed, ...]] = {}
        for start in range(0, len(macs), MAX_READ):
            some = self._store.lookup_many(macs[start : start + MAX_READ])
            found |= {mac: known.suppressions for mac, known in some.items()}
        return found


def _of_digests(found: Mapping[str, tuple[Suppressed, ...]]) -> OfDigests:
    every = [row for rows in found.values() for row in rows]
    return OfDigests(
        macs=tuple(found),
        rows=waiting(every),
        spent=frozenset((row.mac, row.reach) for row in every if row.salt_key is None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """What turns suppressions by digest into suppressions of an address.

    Attributes:
        drafts: all entries for the chain; the rows name some of them.
        rows: of the address. spent: the digests' own, taken over.
    """

    drafts: tuple[Draft, ...] = ()
    rows: tuple[Suppressed, ...] = ()
    spent: tuple[Suppressed, ...] = ()


def names_of_digests(address: Address) -> tuple[str, ...]:
    """Return what the keyed MACs are made of under which an address may be suppressed as well."""
    return tuple(map(digest_name, digests_of(address)))


def rows_by_digest(
    ledger: Ledger, index: SuppressionIndex, address: Address
) -> tuple[Suppressed, ...]:
    """Return what the digests of an address are suppressed for and nobody took over."""
    if not index.has_digests():
        return ()
    macs = ledger.macs(names_of_digests(address))
    return tuple(row for mac in macs for row in waiting(ledger.lookup(mac).suppressions))


def waiting(rows: Iterable[Suppressed]) -> tuple[Suppressed, ...]:
    """Return a digest's rows that nobody took over yet."""
    return tuple(row for row in rows if row.salt_key is not None)


def standing(known: Lookup) -> tuple[Suppressed, ...]:
    """Return the rows of a MAC but those of a digest that was taken over: they say nothing now."""
    return waiting(known.suppressions) if known.sid is None else known.suppressions


def taken_over(
    drafts: Sequence[Draft],
    found: Sequence[Suppressed],
    held: Mapping[str, Iterable[Suppressed]],
    new_event_id: Callable[[], EventId],
) -> TakenOver:
    """Return what takes suppressions by digest over to an address.

    Args:
        drafts: entries decided on already; what they say is not said twice.
        found: the digests' rows.
        held: what each MAC of the person is suppressed for already.
    """
    named = [_named(draft, found, new_event_id) for draft in drafts]
    events = {_said(draft): draft.event for draft in named if draft.event is not None}
    known = {mac: list(rows) for mac, rows in held.items()}
    rows: dict[ReachOfMac, Suppressed] = {}
    for row in found:
        event = events.get((row.reach, row.reason))
        if event is None:  # Their state has it, for whatever reason: the entry says from where.
            event = new_event_id()
            named.append(replace(suppression_draft(row.reason, row.reach), event=event))
        for mac, old in known.items():
            if outweighs(row.reason, [each.reason for each in old if each.reach == row.reach]):
                rows[mac, row.reach] = replace(row, mac=mac, event=event, salt_key=None)
                old.append(row)
    spent = tuple(replace(row, salt_key=None) for row in found)
    return TakenOver(drafts=tuple(named), rows=tuple(rows.values()), spent=spent)


def _said(draft: Draft) -> tuple[Reach, str | None]:
    """What an entry suppresses, and why."""
    list_id = draft.lists[0] if draft.lists else None
    return Reach(draft.brand, draft.channel or EMAIL, list_id), draft.reason


def _named(draft: Draft, found: Iterable[Suppressed], new_event_id: Callable[[], EventId]) -> Draft:
    """An entry that says what a digest's row does, under an id that rows can name."""
    is_one = draft.type is EventType.SUPPRESSION_ADDED and draft.event is None
    if is_one and any(_said(draft) == (row.reach, row.reason) for row in found):
        return replace(draft, event=new_event_id())
    return draft
