# SPDX-License-Identifier: Apache-2.0
"""Requests nobody ever confirmed: found in the log itself, erased when their time is over.

Guarantees that a sign-up costs no write for this, that one run reads a bounded piece of the log
and the next goes on there, and that the worker decides anew on the whole chain before it erases.
"""

import logging
from collections.abc import Sequence

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.erasure import Ground, may_be_unconfirmed, said_no, was_never_confirmed
from chalicelib.domain.ids import EventId, encode_id
from chalicelib.ports.erasure import Erasures
from chalicelib.ports.ledger import LedgerStore, Located
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.system import Clock
from chalicelib.proof.leaf import ParsedLeaf, parse_leaf
from chalicelib.proof.tiles import TILE_WIDTH
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.erasure import SWEEP_AGAIN_MS
from chalicelib.services.published_log import PublishedLog, Tree
from chalicelib.services.shredding import Shredder
from chalicelib.vocabulary import EventType

log = logging.getLogger(__name__)

MAX_BUNDLES = 400
"""Bundles of 256 entries that one run reads."""
MAX_STATES = 100


class Unconfirmed:
    """Finds and erases people who never confirmed.

    Args:
        keep_days: days a request is kept.
    """

    def __init__(
        self,
        *,
        store: LedgerStore,
        records: Erasures,
        shredder: Shredder,
        published: PublishedLog,
        queues: Queues,
        clock: Clock,
        keep_days: int,
    ) -> None:
        self._store = store
        self._records = records
        self._shredder = shredder
        self._published = published
        self._queues = queues
        self._clock = clock
        self._keep_ms = keep_days * DAY_MS

    def search(self) -> int:
        """Queue the requests whose time is over; return how many.

        Raises:
            DependencyError: the next run does the same piece again; that is harmless.
        """
        tree = self._published.tree()
        if tree is None:
            return 0
        place = start = self._records.place()
        before_ms, queued = self._clock.now_ms() - self._keep_ms, 0
        for _ in range(MAX_BUNDLES):
            old = _old_leaves(tree, place, before_ms)
            if not old:
                break
            queued += self._queue(old)
            place += len(old)
            self._records.move(place)
        log.info("the search for unconfirmed requests went on", extra={"entries": place - start})
        return queued

    def _queue(self, leaves: Sequence[ParsedLeaf]) -> int:
        places = [
            found
            for leaf in leaves
            if leaf.fields.type is EventType.CONSENT_REQUESTED
            and (found := self._store.locate(EventId(encode_id(leaf.fields.event_id))))
        ]
        due = [
            found.event
            for start in range(0, len(places), MAX_STATES)
            for found in self._candidates(places[start : start + MAX_STATES])
        ]
        if due:
            messages: list[dict[str, object]] = [{"v": 1, "unconfirmed": event} for event in due]
            self._queues.send_all(Queue.ERASURES, messages)
        return len(due)

    def _candidates(self, places: Sequence[Located]) -> list[Located]:
        states = self._store.states([found.sid for found in places if found.sid])
        return [
            found
            for found in places
            if found.sid is not None
            and found.n is not None
            and may_be_unconfirmed(states.get(found.sid), found.n)
        ]

    def erase(self, request: EventId) -> bool:
        """Erase who made a request that was never confirmed; False when nobody is to be erased.

        Idempotency key: the request's event id. Whoever was erased already is swept again, which
        a message of their own brings about a quarter of an hour later.

        Raises:
            Conflict, DependencyError: repeat it.
        """
        found = self._store.locate(request)
        if found is None or found.sid is None or found.n is None:
            return False
        loaded = self._store.load(found.sid)
        state = loaded.state
        if state is not None and state.erased:
            self._shredder.sweep(found.sid, was_mailed=False)
            return False
        events = [event_of_leaf(entry.leaf) for entry in self._store.history(found.sid)]
        if not events or len(events) <= found.n or not may_be_unconfirmed(state, found.n):
            return False
        is_over = events[found.n].at_ms <= self._clock.now_ms() - self._keep_ms
        if state is None or not is_over or not was_never_confirmed(events):
            return False
        held = [row.reason for mac in loaded.macs for row in self._store.lookup(mac).suppressions]
        self._shredder.shred(
            found.sid,
            Ground.UNCONFIRMED,
            suppress=said_no(state, held),
            entries=state.entries,
        )
        # No record asks for the second sweep. Should this fail, the repeated message is it.
        again: dict[str, object] = {"v": 1, "unconfirmed": request}
        self._queues.send(Queue.ERASURES, again, delay_s=SWEEP_AGAIN_MS // 1000)
        return True


def _old_leaves(tree: Tree, place: int, before_ms: int) -> list[ParsedLeaf]:
    """Leaves from ``place`` to the end of its bundle, up to the first that is too young."""
    if place >= tree.checkpoint.size:
        return []
    bundle, skip = divmod(place, TILE_WIDTH)
    found = []
    for leaf in tree.leaves(bundle)[skip:]:
        parsed = parse_leaf(leaf)
        if parsed.fields.ts_ms > before_ms:
            break
        found.append(parsed)
    return found
