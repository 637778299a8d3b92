# SPDX-License-Identifier: Apache-2.0
"""`fsck` of the rows that say where an entry is: no two in one place, and none in no place.

That every entry of the log has its row, `fsck_log` says; so a row too many shows in the count, and
only then are the rows compared one by one with the log.
"""

from functools import lru_cache

from chalicelib.domain.ids import EventId, encode_id
from chalicelib.errors import EvidenceError, NotFound
from chalicelib.ports.audit import LedgerAudit
from chalicelib.ports.ledger import HeadStore, Located, Outbox
from chalicelib.ports.outside import Blobs
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.tiles import TILE_WIDTH, read_leaves
from chalicelib.services.fsck import Areas, require
from chalicelib.services.sequencing import MAX_BATCH, tile_reader

PLACES = "places"
BUNDLES_KEPT = 64


class PlaceCheck:
    """Sees every index row of one scan, then judges them together."""

    def __init__(
        self, *, rows: LedgerAudit, outbox: Outbox, heads: HeadStore, blobs: Blobs
    ) -> None:
        self._rows = rows
        self._outbox = outbox
        self._heads = heads
        self._read = tile_reader(blobs)
        self._unplaced: set[EventId] = set()
        self._placed = 0

    def begin(self, areas: Areas) -> None:
        """Start a scan."""
        areas.add(PLACES, "index rows")
        self._unplaced.clear()
        self._placed = 0

    def saw(self, areas: Areas, place: Located) -> None:
        """Count one row; the controller's without an index must wait in the outbox."""
        areas.count(PLACES)
        if place.index is not None:
            self._placed += 1
        elif place.sid is None:
            self._unplaced.add(place.event)

    def finish(self, areas: Areas) -> None:
        """Judge what was seen."""
        areas.steady(self._nowhere)
        head = self._heads.read()
        size = head.size if head else 0
        if self._placed > size:
            areas.differs(PLACES, self._misplaced(size))

    def _nowhere(self) -> None:
        waiting: set[EventId] = set()
        if self._unplaced:
            waiting = {pending.event for pending in self._outbox.pending(MAX_BATCH)}
        for event in sorted(self._unplaced - waiting):
            place = self._rows.places([event]).get(event)
            known = place is None or place.index is not None
            require(known, PLACES, f"entry {event} is neither in the log nor in the outbox")

    def _misplaced(self, size: int) -> str:
        bundle = lru_cache(maxsize=BUNDLES_KEPT)(self._bundle)
        for row in self._rows.rows():
            if not isinstance(row, Located) or row.index is None:
                continue
            if row.index >= size:
                return f"entry {row.event} has index {row.index}, the log has {size} entries"
            number, at = divmod(row.index, TILE_WIDTH)
            events = bundle(number, size)
            if events and events[at] != row.event:
                return f"entry {row.event} has index {row.index}, where {events[at]} is"
        return f"{self._placed} entries have an index, the log has {size} entries"

    def _bundle(self, number: int, size: int) -> tuple[str, ...]:
        """Event ids of a bundle; none when it cannot be read, which `fsck_log` reports."""
        try:
            leaves = read_leaves(self._read, number, size)
            return tuple(encode_id(parse_leaf(leaf).fields.event_id) for leaf in leaves)
        except (EvidenceError, NotFound):
            return ()
