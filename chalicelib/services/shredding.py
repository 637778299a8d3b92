# SPDX-License-Identifier: Apache-2.0
"""Destroying one person's key and data, with the ledger entry that says so.

Guarantees (docs/spec/erasure.md §2) that the entry and the deletion of the key are one
transaction, that every step after a crash can simply be done again, and that no leaf or hash of
the log changes. Refuses to erase an erased chain twice: it only sweeps again.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

from chalicelib.domain.erasure import Ground
from chalicelib.domain.ids import EventId, SubjectId, vault_reference
from chalicelib.domain.reach import Reach
from chalicelib.domain.rights import forget
from chalicelib.domain.suppressions import kept_after_erasure
from chalicelib.errors import Conflict, EvidenceError, NotFound
from chalicelib.ports.erasure import PersonalData, Shred
from chalicelib.ports.exports import FOLDER, IMPORTS, ExportFence
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.ledger import LedgerStore, StoredEntry, Suppressed
from chalicelib.ports.outside import Blobs
from chalicelib.ports.rights import RightsRecords
from chalicelib.ports.system import Clock
from chalicelib.proof.leaf import Erasure as Revealed
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Chain, Draft, Ledger
from chalicelib.vocabulary import EventType

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shredded:
    """The entry that ended a chain."""

    event: EventId
    entry: int
    at_ms: int


class Shredder:
    """Erases people.

    Args:
        window_ms: the vault's recovery window, milliseconds.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        data: PersonalData,
        index: SuppressionIndex,
        rights: RightsRecords,
        blobs: Blobs,
        fence: ExportFence,
        clock: Clock,
        window_ms: int,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._data = data
        self._index = index
        self._rights = rights
        self._blobs = blobs
        self._fence = fence
        self._clock = clock
        self._window_ms = window_ms

    def shred(
        self,
        sid: SubjectId,
        ground: Ground,
        *,
        suppress: bool,
        entries: int | None = None,
        was_mailed: bool = True,
    ) -> Shredded:
        """Erase a person, or finish what was begun; repeating is harmless.

        Args:
            entries: length of the chain the caller decided on, when another would change its mind.
            was_mailed: as in `sweep`.

        Raises:
            NotFound: there never was such a person.
            Conflict: the chain kept moving, or has not that length; nothing was destroyed.
            EvidenceError: the vault's key is not this person's; nothing was destroyed.
        """
        done = self._ended(sid)
        if done is None:
            # Before the key goes, too: from then on a stranger has the address, and an import that
            # is running would take them in again.
            self._move_fence(was_mailed=was_mailed)
            done = self._end(sid, ground, suppress=suppress, entries=entries)
        self.sweep(sid, was_mailed=was_mailed)
        self._ledger.wake_sequencer()
        log.info("a person was erased", extra={"event": done.event, "ground": ground})
        return done

    def sweep(self, sid: SubjectId, *, was_mailed: bool = True) -> int:
        """Destroy what a chain without a key still has; harmless to repeat.

        Requests about the person's data that were still owed are closed: the erasure answers them.

        Nothing tells in which exports and files of imports a person is, so all of them go.

        Args:
            was_mailed: False: nobody may ever have sent them a campaign. Such are erased by the
                calendar, some every day, which ends exports and no import; files of imports that
                name them go within seven days anyway.

        Returns:
            How many rows were deleted or emptied; no object is counted.

        Raises:
            Conflict, DependencyError: something may be left; sweep again.
        """
        # First the fence: no export that was begun before it moved is given out any more, not even
        # one whose file is written after these were destroyed, and no import goes on.
        self._move_fence(was_mailed=was_mailed)
        self._blobs.delete_all(FOLDER)
        if was_mailed:
            self._blobs.delete_all(IMPORTS)
        swept = self._data.sweep(sid)
        for asked in self._rights.of(sid):
            left = forget(asked, self._clock.now_ms())
            if left != asked:
                self._rights.replace(asked, left)
                swept += 1
        self._blobs.delete_all(f"bundles/{sid}/")
        return swept

    def _move_fence(self, *, was_mailed: bool) -> None:
        if was_mailed:
            self._fence.move()
        else:
            self._fence.move_exports()

    def _ended(self, sid: SubjectId) -> Shredded | None:
        state = self._store.load(sid).state
        if state is None or not state.erased:
            return None
        (last,) = self._ledger.history(sid, state.entries - 1, state.entries - 1)
        return _shredded(last)

    def _end(
        self, sid: SubjectId, ground: Ground, *, suppress: bool, entries: int | None
    ) -> Shredded:
        for _ in range(ATTEMPTS):
            chain = self._own(self._ledger.open(sid))
            if entries not in (None, chain.state.entries):
                raise Conflict("The person did something meanwhile; nothing was erased.")
            self._ahead(chain, suppress=suppress)
            decided = self._decide(chain, ground, suppress=suppress)
            try:
                self._data.shred(decided)
            except Conflict:
                ended = self._ended(sid)  # Another worker's, or our own whose answer was lost.
                if ended is None:
                    continue
                return ended
            return _shredded(decided.entry)
        raise Conflict(KEPT_MOVING)

    def _own(self, chain: Chain) -> Chain:
        """The chain without addresses that lead to somebody else: all of theirs stays theirs."""
        found = {mac: self._ledger.lookup(mac).sid for mac in chain.macs}
        own = tuple(mac for mac, leads_to in found.items() if leads_to in (None, chain.sid))
        return replace(chain, macs=own)

    def _ahead(self, chain: Chain, *, suppress: bool) -> None:
        """What can only be found while the key is there, and takes nothing from anybody."""
        # The chain as read: what came since may be why it is not shredded after all.
        history = self._ledger.history(chain.sid, 0, chain.state.entries - 1)
        self._data.forget_ahead(tuple(_tokens(chain, history)), chain.macs)
        for mac in chain.macs:
            if suppress:
                self._index.note(mac)
            else:
                self._index.forget(mac)

    def _decide(self, chain: Chain, ground: Ground, *, suppress: bool) -> Shred:
        now_ms = max(self._clock.now_ms(), chain.state.last_ms + 1)
        revealed = Revealed(
            chain_key=chain.keys.chain_key,
            chain_length=chain.state.entries,
            vault_ref=vault_reference(chain.sid),
            final_after_ms=now_ms + self._window_ms,
        )
        draft = Draft(type=EventType.SUBJECT_ERASED, channel=None, reason=ground, erasure=revealed)
        (entry,), after = self._ledger.grown(chain, [draft], now_ms)
        kept = self.kept(chain.macs, suppress=suppress)
        return Shred(
            sid=chain.sid,
            entry=replace(entry, sealed=None),
            state=after.state,
            last_leaf_hash=after.last_leaf_hash or "",
            macs=chain.macs,
            kept=tuple(row for row, _ in kept),
            recorded=tuple((row.event, leaf) for row, leaf in kept),
        )

    def kept(self, macs: Iterable[str], *, suppress: bool) -> list[tuple[Suppressed, bytes]]:
        """Return the suppressions that replace those held now, each with its entry's leaf.

        The entries are new: those of the rows held now stand in the person's chain.
        """
        return [
            self._ledger.suppression_of(mac, reason, reach)
            for mac in macs
            for reach, reason in kept_after_erasure(self._held(mac), suppress=suppress)
        ]

    def _held(self, mac: str) -> list[tuple[Reach, str]]:
        return [(row.reach, row.reason) for row in self._ledger.lookup(mac).suppressions]


def _tokens(chain: Chain, history: Iterable[StoredEntry]) -> Iterable[str]:
    """Hashes of the confirm tokens that the chain's sealed parts name."""
    for entry in history:
        try:
            token = (open_claims(chain.keys, entry).link or {}).get("token_sha256")
        except (NotFound, EvidenceError):
            continue  # A damaged part must not save a person's data from erasure.
        if isinstance(token, str) and token:
            yield token


def _shredded(entry: StoredEntry) -> Shredded:
    at_ms = event_of_leaf(entry.leaf).at_ms
    return Shredded(event=entry.event, entry=entry.n, at_ms=at_ms)
