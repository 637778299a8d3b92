# SPDX-License-Identifier: Apache-2.0
"""Erasing again whom a restored backup brought back (docs/spec/erasure.md §6).

Guarantees that after a run no person whose erasure is in the log has a key, a profile, a lookup
or a sealed part in the tables, and that an address whose lookup came back is suppressed as the
erasure left it. Reads the whole log and whole tables: for a command.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

from chalicelib.domain import consent
from chalicelib.domain.erasure import Ground, Search, Stage, said_no
from chalicelib.domain.ids import EventId, SubjectId, encode_id, vault_reference
from chalicelib.domain.state import SubjectState
from chalicelib.ports.erasure import Erasures, PersonalData, Shred
from chalicelib.ports.ledger import LedgerStore, StoredEntry
from chalicelib.proof.leaf import ParsedLeaf, parse_leaf
from chalicelib.proof.merkle import leaf_hash
from chalicelib.proof.tiles import TILE_WIDTH
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.published_log import PublishedLog
from chalicelib.services.shredding import Shredder

log = logging.getLogger(__name__)

PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A ``subject.erased`` entry as the log holds it."""

    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a run did: erasures in the log, and how many people were erased again."""

    erasures: int
    again: int


class Replay:
    """Walks the log and erases again."""

    def __init__(
        self,
        *,
        store: LedgerStore,
        records: Erasures,
        data: PersonalData,
        shredder: Shredder,
        published: PublishedLog,
    ) -> None:
        self._store = store
        self._records = records
        self._data = data
        self._shredder = shredder
        self._published = published

    def run(self) -> Replayed:
        """Erase again everybody whose erasure is in the log and who is back; safe to repeat.

        Raises:
            DependencyError: run it again.
            EvidenceError: the log's objects are damaged; nothing is known of the rest.
        """
        erased = dict(self._erasures())
        again: set[SubjectId] = set()
        if erased:
            for sid, has_data in self._data.subjects():
                logged = erased.get(vault_reference(sid))
                if logged is None or sid in again:
                    continue
                if self._again(sid, logged, is_back=has_data):
                    again.add(sid)
        again |= set(self._unpublished())
        for search in Search:  # Whom the clock erased has no record: search from the start.
            self._records.move(0, search)
        log.info("erasures were replayed", extra={"erasures": len(erased), "again": len(again)})
        return Replayed(erasures=len(erased), again=len(again))

    def _unpublished(self) -> Iterator[SubjectId]:
        """Erase anew who was erased by a record whose entry never came into the log."""
        cursor = None
        while True:
            page = self._records.page(cursor, PAGE)
            for record in page.items:
                if record.stage is not Stage.ERASED:
                    continue
                if self._store.load(record.sid).wrapped_key is not None:
                    done = self._shredder.shred(record.sid, record.ground, suppress=record.suppress)
                    self._records.replace(
                        replace(record, event=done.event, entry=done.entry, erased_ms=done.at_ms)
                    )
                    yield record.sid
            cursor = page.cursor
            if cursor is None:
                return

    def _erasures(self) -> Iterator[tuple[str, Logged]]:
        tree = self._published.tree()
        if tree is None:
            return
        for first in range(0, tree.checkpoint.size, TILE_WIDTH):
            for index, leaf in enumerate(tree.leaves(first // TILE_WIDTH), first):
                revealed = parse_leaf(leaf).fields.erasure
                if revealed is not None:
                    yield revealed.vault_ref, Logged(index=index, leaf=leaf)

    def _again(self, sid: SubjectId, logged: Logged, *, is_back: bool) -> bool:
        """Whether anything of the person was back, which is gone now."""
        loaded = self._store.load(sid)
        parsed = parse_leaf(logged.leaf)
        state = loaded.state or SubjectState()
        swept = self._shredder.sweep(sid)
        if state.erased and not (is_back or loaded.macs or swept):
            return False
        found = {mac: self._store.lookup(mac) for mac in loaded.macs}
        # The address of somebody who signed up anew since is theirs, with all it is suppressed for.
        macs = tuple(mac for mac, known in found.items() if known.sid in (None, sid))
        held = [row.reason for mac in macs for row in found[mac].suppressions]
        kept = self._shredder.kept(macs, suppress=self._suppresses(sid, state, parsed, held))
        self._data.shred_again(
            Shred(
                sid=sid,
                entry=_entry(parsed, logged.leaf),
                state=_ended(state, parsed, logged.leaf),
                last_leaf_hash=leaf_hash(logged.leaf).hex(),
                macs=macs,
                kept=tuple(row for row, _ in kept),
                recorded=tuple((row.event, leaf) for row, leaf in kept),
            ),
            logged.index,
        )
        return True

    def _suppresses(
        self, sid: SubjectId, state: SubjectState, parsed: ParsedLeaf, held: list[str]
    ) -> bool:
        """Whether the erasure kept the address suppressed; when nothing says so, it did."""
        record = self._records.of(sid)
        if record is not None:
            return record.suppress
        return parsed.fields.reason != Ground.UNCONFIRMED or said_no(state, held)


def _entry(parsed: ParsedLeaf, leaf: bytes) -> StoredEntry:
    revealed = parsed.fields.erasure
    return StoredEntry(
        n=revealed.chain_length if revealed else 0,
        event=EventId(encode_id(parsed.fields.event_id)),
        leaf=leaf,
        sealed=None,
    )


def _ended(state: SubjectState, parsed: ParsedLeaf, leaf: bytes) -> SubjectState:
    """The state with the erasure as its last entry; entries the backup lacks stay lacking."""
    revealed = parsed.fields.erasure
    if state.erased or revealed is None:
        return state
    if state.entries == revealed.chain_length:
        return consent.fold([event_of_leaf(leaf)], state)
    return replace(
        state, erased=True, entries=revealed.chain_length + 1, last_ms=parsed.fields.ts_ms
    )
