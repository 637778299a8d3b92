# SPDX-License-Identifier: Apache-2.0
"""Appending to a subject's chain: the only way any consent changes.

Guarantees that state, entries, sealed data, lookup, memberships and standing change in one
transaction decided on the chain as it was read; that time never decreases along a chain; and that
nothing a leaf shows is personal. Refuses to append to a chain whose key is gone.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Unpack

from chalicelib.domain.account_list import has_come_back, held_message
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import (
    RANDOM_ID_BYTES,
    EventId,
    SubjectId,
    decode_id,
    encode_id,
)
from chalicelib.domain.reach import EVERYWHERE, Reached
from chalicelib.domain.state import SubjectState, load_state
from chalicelib.errors import Conflict, DependencyError, NotFound, StateError
from chalicelib.ports.keys import AddressMac, KeyWrapper
from chalicelib.ports.ledger import LedgerStore, Loaded, Lookup, StoredEntry
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.sealing import KEY_BYTES, SubjectKeys
from chalicelib.services.drafting import NO_LEAF, Chain, Changes, Draft, Drafting

__all__ = ["ATTEMPTS", "KEPT_MOVING", "NO_LEAF", "Chain", "Draft", "Ledger"]

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""Times a decision is taken anew when the chain moved on in between."""
KEPT_MOVING = "Too much happened at once; nothing was changed. Please try again."
"""What is said when that many decisions in a row were overtaken."""

_ANYBODYS_STATE = (
    '{"v":1,"n":4,"ms":1,"c":[["a","email","a","a",{"status":"given","since_ms":1,"entry":2,'
    '"grade":"B"}]],"o":[],"s":[],"b":[],"x":[[null,"manual",3]],"rq":0,"ml":1,"mt":[1],'
    '"r":false,"e":false}'
)
"""Read in a stranger's stead: what most people's state holds, but for hashes, and a suppression."""


class Ledger(Drafting):
    """Appends entries and reads chains; every service that touches consent holds one."""

    def __init__(
        self,
        *,
        store: LedgerStore,
        wrapper: KeyWrapper,
        address_mac: AddressMac,
        queues: Queues,
        clock: Clock,
        random: RandomBytes,
        origin: str,
        controller: str,
    ) -> None:
        super().__init__(clock=clock, random=random, origin=origin, controller=controller)
        self._store = store
        self._wrapper = wrapper
        self._address_mac = address_mac
        self._queues = queues

    def mac(self, normal_address: str) -> str:
        """Return the keyed MAC of a normalised address (`domain.addresses.Address.normal`)."""
        return self._address_mac.mac(normal_address)

    def macs(self, normal_addresses: Sequence[str]) -> tuple[str, ...]:
        """Return the MAC of each address in order. For imports: it waits less than one by one."""
        return self._address_mac.macs(normal_addresses)

    def lookup(self, mac: str) -> Lookup:
        """Return what is known of a MAC."""
        return self._store.lookup(mac)

    def start(self, mac: str) -> Chain:
        """Return the empty chain of a new subject with fresh id and key; nothing is stored yet."""
        sid = SubjectId(encode_id(self._random(RANDOM_ID_BYTES)))
        key = self._random(KEY_BYTES)
        return Chain(
            sid=sid,
            state=SubjectState(),
            macs=(mac,),
            last_leaf_hash=None,
            wrapped_key=self._wrapper.wrap(decode_id(sid), key),
            keys=self._keys(sid, key),
            is_new=True,
        )

    def start_or_open(self, mac: str, sid: SubjectId | None) -> Chain:
        """Return the chain of ``sid``, or a new one when it is None, by the same calls.

        Either way a fresh key is made and wrapped, one subject and one state are read and one key
        unwrapped, so that a known and an unknown address cannot be told apart (promise 9,
        docs/architecture.md; ``make bench`` measures it).

        Raises:
            Conflict: the subject went away since it was looked up.
        """
        fresh = self.start(mac)
        loaded = self._store.load(sid or fresh.sid)
        if sid is None:
            load_state(_ANYBODYS_STATE)
            self._wrapper.unwrap(decode_id(fresh.sid), fresh.wrapped_key)
            return fresh
        return self._opened(sid, loaded, Conflict("The subscriber was erased meanwhile."))

    def open(self, sid: SubjectId) -> Chain:
        """Return the subject's chain, read strongly.

        Raises:
            NotFound: there is no such subject, or its key is gone.
            EvidenceError: the vault's key is not this subject's.

        """
        return self.opened(sid, self._store.load(sid))

    def opened(self, sid: SubjectId, loaded: Loaded) -> Chain:
        """Return the chain of a subject that was just read; raises as `open` does."""
        return self._opened(sid, loaded, NotFound("There is no such subscriber."))

    def _opened(self, sid: SubjectId, loaded: Loaded, missing: StateError) -> Chain:
        if loaded.state is None or loaded.wrapped_key is None:
            raise missing
        key = self._wrapper.unwrap(decode_id(sid), loaded.wrapped_key)
        return Chain(
            sid=sid,
            state=loaded.state,
            macs=loaded.macs,
            last_leaf_hash=loaded.last_leaf_hash,
            wrapped_key=loaded.wrapped_key,
            keys=self._keys(sid, key),
        )

    def keys_of(self, sid: SubjectId, wrapped_key: bytes) -> SubjectKeys:
        """Return the subject's keys from an already read vault row."""
        return self._keys(sid, self._wrapper.unwrap(decode_id(sid), wrapped_key))

    def _keys(self, sid: SubjectId, key: bytes) -> SubjectKeys:
        return SubjectKeys(key, self._origin, decode_id(sid))

    def append(
        self,
        chain: Chain,
        drafts: Sequence[Draft],
        *,
        wake: bool = True,
        **changes: Unpack[Changes],
    ) -> Chain:
        """Append ``drafts`` as one transaction and return the chain after it.

        Args:
            wake: tell the sequencer; the caller passes False when its own message will.
            changes: what changes besides the chain (`Changes`).

        Raises:
            Conflict: the chain moved on since it was read, the token was used, or the MAC moved
                to leads to somebody else; nothing changed.

        """
        drafted = self.drafted(chain, drafts, **changes)
        self._store.commit(drafted.append)
        if wake or drafted.ended:
            self.wake_sequencer(forget=chain.sid if drafted.ended else None)
        if has_come_back(chain.state, drafted.after.state):
            self._ask_list(chain.sid)
        return drafted.after

    def _ask_list(self, sid: SubjectId) -> None:
        """Have SES's own list compared: it may keep mail from somebody who has come back."""
        try:
            self._queues.send(Queue.SUPPRESSIONS, held_message(sid))
        except DependencyError:
            log.warning("SES's list is not asked now; the next mail that it holds back asks again")

    def retrying(
        self,
        sid: SubjectId,
        decide: Callable[[Chain], Sequence[Draft]],
        chain: Chain | None = None,
    ) -> Chain:
        """Open the chain, append what ``decide`` returns, and decide anew if it moved on.

        An empty decision appends nothing. A ``chain`` the caller holds already is tried first.

        Raises:
            Conflict: the chain kept moving; nothing was appended.
            NotFound: there is no such subject.

        """
        for _ in range(ATTEMPTS):
            chain = chain or self.open(sid)
            drafts = decide(chain)
            if not drafts:
                return chain
            try:
                return self.append(chain, drafts)
            except Conflict:
                chain = None
        raise Conflict(KEPT_MOVING)

    def record(self, draft: Draft) -> EventId:
        """Append an entry of no subject's chain, such as ``notice.published``."""
        event_id = draft.event or self.new_event_id()
        self.publish(replace(draft, event=event_id))
        return event_id

    def publish(self, draft: Draft, *, wake: bool = True) -> bytes:
        """Append an entry of no subject's chain and return its leaf.

        Raises:
            Conflict: an entry with the draft's id was written before.

        """
        event_id = draft.event or self.new_event_id()
        leaf = self.controller_leaf(draft, event_id)
        self._store.append_controller_entry(event_id, leaf, None)
        if wake:
            self.wake_sequencer()
        return leaf

    def suppress_stranger(
        self, mac: str, reason: SuppressionReason, reach: Reached = EVERYWHERE
    ) -> None:
        """Suppress an address that belongs to no subject: a row by MAC, and its entry."""
        row, leaf = self.suppression_of(mac, reason, reach)
        self._store.append_controller_entry(row.event, leaf, None, (row,))
        self.wake_sequencer()

    def wake_sequencer(self, *, forget: SubjectId | None = None) -> None:
        """Ask for a checkpoint soon. Only an optimisation: a schedule does it anyway.

        Args:
            forget: of whom something may not be known any more. It goes with the same message, so
                that who leaves waits for one call and no more; whoever sequences passes it on.
        """
        message: dict[str, object] = {"v": 1}
        try:
            self._queues.send(
                Queue.SEQUENCING, message if forget is None else {**message, "forget": forget}
            )
        except DependencyError:
            log.warning("the sequencer could not be woken; the schedule will run it")

    def history(
        self, sid: SubjectId, first: int = 0, last: int | None = None
    ) -> tuple[StoredEntry, ...]:
        """Return entries of a chain in order."""
        return self._store.history(sid, first, last)
