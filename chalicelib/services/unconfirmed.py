# SPDX-License-Identifier: Apache-2.0
"""Requests nobody ever confirmed, and claims that wait: found in the log, erased in their time.

Guarantees that neither a sign-up nor an import costs a write for this, that one run reads a bounded
piece of the log for each and the next goes on there, and that the worker decides anew on the whole
chain before it erases.
"""

import logging
from collections.abc import Sequence

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.erasure import (
    Ground,
    Search,
    may_be_unconfirmed,
    may_wait_in_vain,
    said_no,
    waits_in_vain,
    was_never_confirmed,
)
from chalicelib.domain.events import Event, Via
from chalicelib.domain.ids import EventId, encode_id
from chalicelib.domain.state import SubjectState
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
_GROUNDS = {Search.UNCONFIRMED: Ground.UNCONFIRMED, Search.WAITING: Ground.NOT_NEEDED}


class Unconfirmed:
    """Finds and erases people who never confirmed.

    Args:
        keep_days: days a request is kept.
        keep_waiting_days: days a file's claim is kept that gives nothing.
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
        keep_waiting_days: int,
    ) -> None:
        self._store = store
        self._records = records
        self._shredder = shredder
        self._published = published
        self._queues = queues
        self._clock = clock
        self._keep_ms = {
            Search.UNCONFIRMED: keep_days * DAY_MS,
            Search.WAITING: keep_waiting_days * DAY_MS,
        }

    def search(self) -> int:
        """Queue the requests and claims whose time is over; return how many.

        Raises:
            DependencyError: the next run does the same piece again; that is harmless.
        """
        tree = self._published.tree()
        return 0 if tree is None else sum(self._search(tree, search) for search in Search)

    def _search(self, tree: Tree, search: Search) -> int:
        place = start = self._records.place(search)
        before_ms, queued = self._before_ms(search), 0
        for _ in range(MAX_BUNDLES):
            old = _old_leaves(tree, place, before_ms)
            if not old:
                break
            queued += self._queue(search, old)
            place += len(old)
            self._records.move(place, search)
        log.info(
            "the search for people nothing keeps went on",
            extra={"search": search, "entries": place - start},
        )
        return queued

    def _before_ms(self, search: Search) -> int:
        return self._clock.now_ms() - self._keep_ms[search]

    def _queue(self, search: Search, leaves: Sequence[ParsedLeaf]) -> int:
        places = [
            found
            for leaf in leaves
            if _is_looked_for(search, leaf)
            and (found := self._store.locate(EventId(encode_id(leaf.fields.event_id))))
        ]
        due = [
            found.event
            for start in range(0, len(places), MAX_STATES)
            for found in self._candidates(search, places[start : start + MAX_STATES])
        ]
        if due:
            messages: list[dict[str, object]] = [{"v": 1, str(search): event} for event in due]
            self._queues.send_all(Queue.ERASURES, messages)
        return len(due)

    def _candidates(self, search: Search, places: Sequence[Located]) -> list[Located]:
        states = self._store.states([found.sid for found in places if found.sid])
        return [
            found
            for found in places
            if found.sid is not None
            and found.n is not None
            and _may_be_due(search, states.get(found.sid), found.n)
        ]

    def erase(self, request: EventId) -> bool:
        """Erase who made a request that was never confirmed; False when nobody is to be erased.

        Idempotency key: the request's event id. Whoever was erased already is swept again, which
        a message of their own brings about a quarter of an hour later.

        Raises:
            Conflict, DependencyError: repeat it.
        """
        return self._erase(Search.UNCONFIRMED, request)

    def erase_waiting(self, claim: EventId) -> bool:
        """Erase whom nothing but a claim that waits keeps; otherwise as `erase`.

        Idempotency key: the claim's event id.

        Raises:
            Conflict, DependencyError: repeat it.
        """
        return self._erase(Search.WAITING, claim)

    def _erase(self, search: Search, event: EventId) -> bool:
        found = self._store.locate(event)
        if found is None or found.sid is None or found.n is None:
            return False
        loaded = self._store.load(found.sid)
        state = loaded.state
        if state is not None and state.erased:
            self._shredder.sweep(found.sid, was_mailed=False)
            return False
        events = [event_of_leaf(entry.leaf) for entry in self._store.history(found.sid)]
        if state is None or not self._is_due(search, state, events, found.n):
            return False
        held = [row.reason for mac in loaded.macs for row in self._store.lookup(mac).suppressions]
        self._shredder.shred(
            found.sid,
            _GROUNDS[search],
            suppress=said_no(state, held),
            entries=state.entries,
            was_mailed=False,
        )
        # No record asks for the second sweep. Should this fail, the repeated message is it.
        again: dict[str, object] = {"v": 1, str(search): event}
        self._queues.send(Queue.ERASURES, again, delay_s=SWEEP_AGAIN_MS // 1000)
        return True

    def _is_due(self, search: Search, state: SubjectState, events: Sequence[Event], n: int) -> bool:
        """Whether the whole chain says so, too."""
        if len(events) <= n or not _may_be_due(search, state, n):
            return False
        if search is Search.WAITING:
            return waits_in_vain(
                events,
                n,
                claims_ms=self._before_ms(Search.WAITING),
                requests_ms=self._before_ms(Search.UNCONFIRMED),
            )
        return events[n].at_ms <= self._before_ms(search) and was_never_confirmed(events)


def _is_looked_for(search: Search, leaf: ParsedLeaf) -> bool:
    fields = leaf.fields
    if search is Search.UNCONFIRMED:
        return fields.type is EventType.CONSENT_REQUESTED
    return fields.type is EventType.CONSENT_IMPORTED and fields.via == Via.OPERATOR


def _may_be_due(search: Search, state: SubjectState | None, n: int) -> bool:
    if search is Search.UNCONFIRMED:
        return may_be_unconfirmed(state, n)
    return may_wait_in_vain(state)


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
