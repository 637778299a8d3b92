# SPDX-License-Identifier: Apache-2.0
"""`fsck` of the log: head, tiles, checkpoints, the entries' rows and the notices they name.

Guarantees that the tree is grown anew from the entry bundles alone, one bundle at a time, and
compared with every object that some published checkpoint needed. Memory holds the sizes of the
checkpoints and the hashes of the notices, nothing else that grows.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256

from chalicelib.domain.ids import EventId, encode_id
from chalicelib.errors import NotFound
from chalicelib.ports.audit import LedgerAudit, ObjectAudit
from chalicelib.ports.ledger import HeadStore
from chalicelib.ports.outside import Blobs
from chalicelib.proof import canonical, note
from chalicelib.proof.checkpoint import Checkpoint, verify_checkpoint
from chalicelib.proof.leaf import LeafFields, parse_leaf
from chalicelib.proof.tiles import (
    EMPTY_EDGE,
    TILE_WIDTH,
    ReadObject,
    RightEdge,
    bundle_path,
    decode_bundle,
    grow,
    tile_path,
)
from chalicelib.services.fsck import Areas, Difference, in_chunks, readable, require
from chalicelib.services.import_rules import RULES_FOLDER
from chalicelib.services.import_statements import FOLDER as STATEMENTS
from chalicelib.services.sequencing import CHECKPOINT, PREFIX, tile_reader
from chalicelib.vocabulary import EventType

HEAD, TILES, CHECKPOINTS, ENTRIES, NOTICES = "head", "tiles", "checkpoints", "entries", "notices"
_KEPT = f"{PREFIX}checkpoints/"
_PARTIAL = ".p/"
_DESCRIPTOR = re.compile(rb'<meta name="kvitto-form" content="sha256:([0-9a-f]{64})">')
"""What a notice page says its form showed; pages of earlier builds say nothing."""


class LogCheck:
    """Compares the log with its own entries."""

    def __init__(
        self,
        *,
        heads: HeadStore,
        blobs: Blobs,
        objects: ObjectAudit,
        rows: LedgerAudit,
        key: note.VerifierKey,
    ) -> None:
        self._heads = heads
        self._blobs = blobs
        self._objects = objects
        self._rows = rows
        self._key = key
        self._published: set[str] = set()
        self._named: dict[str, int] = {}

    def run(self, areas: Areas) -> None:
        """Compare; a log that cannot be read on is left at its first difference."""
        areas.add(HEAD, "entries committed")
        areas.add(TILES, "objects")
        areas.add(CHECKPOINTS, "checkpoints")
        areas.add(ENTRIES, "entries")
        areas.add(NOTICES, "notices and privacy pages")
        self._published.clear()
        self._named.clear()
        areas.steady(lambda: self._head(areas))
        try:
            latest = self._latest()
            if latest is not None:
                self._walk(areas, latest)
        except Difference as found:
            areas.differs(found.area, found.sentence)
        for hash_, index in self._named.items():
            if hash_ not in self._published:
                areas.differs(
                    NOTICES, f"entry {index} names notice {hash_}, which no entry published"
                )

    def _latest(self) -> Checkpoint | None:
        published = self._blobs.get(CHECKPOINT)
        if published is None:
            return None
        data = published.data
        return readable(
            lambda: verify_checkpoint(data, self._key), CHECKPOINTS, "the published checkpoint"
        )

    def _head(self, areas: Areas) -> None:
        latest = self._latest()
        head = self._heads.read()
        if head is None:
            require(latest is None, HEAD, "there is a published checkpoint, but no head")
            return
        seen = readable(lambda: verify_checkpoint(head.checkpoint, self._key), HEAD, "the head")
        says = (seen.size, seen.root) == (head.size, head.root)
        require(says, HEAD, f"the head says size {head.size}, its checkpoint {seen.size}")
        size = latest.size if latest else 0
        behind = f"the head is at size {head.size}, the published checkpoint at {size}"
        require(head.size == size or (head.staged and head.size > size), HEAD, behind)
        same = latest is None or latest.size != head.size or latest.root == head.root
        require(same, HEAD, f"head and published checkpoint differ at size {head.size}")
        areas.count(HEAD, head.size)

    def _walk(self, areas: Areas, latest: Checkpoint) -> None:
        sizes = self._kept_sizes(areas, latest.size)
        read = tile_reader(self._blobs)
        edge, seen = EMPTY_EDGE, frozenset[str]()
        for number in range(-(-latest.size // TILE_WIDTH)):
            first = number * TILE_WIDTH
            leaves = _bundle(read, number, min(TILE_WIDTH, latest.size - first))
            self._entries(areas, first, leaves)
            cuts = [size for size in sizes if first < size <= first + len(leaves)]
            for cut in sorted({*cuts, first + len(leaves)}):
                grown = grow(edge, leaves[edge.size - first : cut - first])
                edge = grown.edge
                whole = [item for item in grown.objects if _PARTIAL not in item[0]]
                needed = dict(_edge_objects(edge)) if cut in cuts or cut == latest.size else {}
                self._objects_are(areas, [*whole, *needed.items()], seen)
                seen = frozenset(needed) or seen
                if cut in cuts:
                    self._kept_is(areas, edge)
        require(edge.root == latest.root, TILES, "the entries do not lead to the published root")

    def _kept_sizes(self, areas: Areas, latest: int) -> tuple[int, ...]:
        sizes = []
        for key in self._objects.keys(_KEPT):
            digits = key.removeprefix(_KEPT)
            if not digits.isdecimal():
                areas.differs(CHECKPOINTS, f"{key} is not the name of a checkpoint")
            elif int(digits) <= latest:
                sizes.append(int(digits))
        head = self._heads.read()
        if latest not in sizes and head is not None and head.staged is None:
            areas.differs(CHECKPOINTS, f"{_KEPT}{latest} is missing")
        return tuple(sorted(sizes))

    def _kept_is(self, areas: Areas, edge: RightEdge) -> None:
        areas.count(CHECKPOINTS)
        key = f"{_KEPT}{edge.size}"
        blob = self._blobs.get(key)
        try:
            data = blob.data if blob else b""
            kept = readable(lambda: verify_checkpoint(data, self._key), CHECKPOINTS, key)
        except Difference as found:
            areas.differs(found.area, found.sentence)
            return
        if (kept.size, kept.root) != (edge.size, edge.root):
            areas.differs(CHECKPOINTS, f"{key} is not the root of the first {edge.size} entries")

    def _objects_are(
        self, areas: Areas, objects: Sequence[tuple[str, bytes]], seen: frozenset[str]
    ) -> None:
        for path, data in objects:
            if path in seen:
                continue
            areas.count(TILES)
            blob = self._blobs.get(PREFIX + path)
            if blob is None:
                areas.differs(TILES, f"{path} is missing")
            elif blob.data != data:
                areas.differs(TILES, f"{path} is not what the entries hash to")

    def _entries(self, areas: Areas, first: int, leaves: Sequence[bytes]) -> None:
        """Compare entries with the rows that say where they are, and with their chains."""
        for chunk in in_chunks(enumerate(leaves, start=first)):
            fields = {}
            for index, leaf in chunk:
                parsed = readable(partial(parse_leaf, leaf), ENTRIES, f"entry {index}")
                fields[index] = parsed.fields
                self._notice(areas, index, parsed.fields)
            areas.steady(partial(self._rows_of, chunk, fields))
            areas.count(ENTRIES, len(chunk))

    def _rows_of(self, chunk: Sequence[tuple[int, bytes]], fields: dict[int, LeafFields]) -> None:
        events = {index: EventId(encode_id(each.event_id)) for index, each in fields.items()}
        places = self._rows.places(tuple(events.values()))
        owned = [(place.sid, place.n) for place in places.values()]
        stored = self._rows.entries(
            [(sid, n) for sid, n in owned if sid is not None and n is not None]
        )
        for index, leaf in chunk:
            name = f"entry {index} of the log ({events[index]})"
            place = places.get(events[index])
            if place is None:
                raise Difference(ENTRIES, f"{name} has no row that says where it is")
            require(place.index == index, ENTRIES, f"{name} has a row with index {place.index}")
            if place.sid is None or place.n is None:
                continue
            entry = stored.get((place.sid, place.n))
            where = f"entry {place.n} of subject {place.sid}"
            require(entry and entry.leaf == leaf, ENTRIES, f"{name} is not {where}")

    def _notice(self, areas: Areas, index: int, fields: LeafFields) -> None:
        hash_ = fields.notice_sha256
        if fields.type is EventType.NOTICE_PUBLISHED and hash_ is not None:
            if hash_ not in self._published:
                page = self._stored(areas, f"notice/{hash_}.html", hash_, index)
                for found in _DESCRIPTOR.findall(page):
                    form = found.decode("ascii")
                    self._stored(areas, f"forms/{form}.json", form, index)
                self._publication(areas, index, fields)
            self._published.add(hash_)
        elif fields.type is EventType.POLICY_CHANGED and fields.brand and fields.content_sha256:
            self._policy(areas, index, fields.content_sha256)
        elif fields.type is EventType.IMPORT_BATCH and fields.content_sha256:
            stated = fields.content_sha256
            self._stored(areas, f"{STATEMENTS}{stated}.json", stated, index)
        elif hash_ is not None:
            self._named.setdefault(hash_, index)

    def _policy(self, areas: Areas, index: int, hash_: str) -> None:
        """A brand's privacy page, or its country table: a table is never the bytes of a page."""
        table = f"{RULES_FOLDER}{hash_}.json"
        is_table = self._blobs.size(table) is not None
        self._stored(areas, table if is_table else f"privacy/{hash_}.html", hash_, index)

    def _stored(self, areas: Areas, key: str, hash_: str, index: int) -> bytes:
        """Compare an object with its hash; return its bytes, none when it is missing."""
        areas.count(NOTICES)
        blob = self._blobs.get(key)
        if blob is None:
            areas.differs(NOTICES, f"entry {index} names {key}, which is missing")
        elif sha256(blob.data).hexdigest() != hash_:
            areas.differs(NOTICES, f"entry {index} names {key}, which has other bytes")
        return b"" if blob is None else blob.data

    def _publication(self, areas: Areas, index: int, fields: LeafFields) -> None:
        """A notice's plain text, where it is kept beside the entry that published it."""
        key = f"notice/{fields.notice_sha256}.published"
        blob = self._blobs.get(key)
        if blob is None:
            return  # A notice of an older version: its text is an object of its own.
        data = blob.data
        kept = readable(lambda: canonical.decode(data), NOTICES, key)
        text = kept.get("text") if isinstance(kept, dict) else None
        same = isinstance(text, str) and (
            sha256(text.encode()).hexdigest() == fields.content_sha256
        )
        if not same:
            areas.differs(NOTICES, f"entry {index} names a text that {key} does not hold")


def _bundle(read: ReadObject, number: int, width: int) -> tuple[bytes, ...]:
    path = bundle_path(number, width)
    try:
        data = read(path)
    except NotFound:
        raise Difference(TILES, f"{path} is missing: nothing after it can be compared") from None
    return readable(lambda: decode_bundle(data, width), TILES, path)


def _edge_objects(edge: RightEdge) -> Iterator[tuple[str, bytes]]:
    """The partial objects that a checkpoint of the edge's size needs."""
    for level, hashes in enumerate(edge.tiles):
        if hashes:
            index = edge.size // TILE_WIDTH ** (level + 1)
            yield tile_path(level, index, len(hashes)), b"".join(hashes)
    if edge.bundle:
        yield bundle_path(edge.size // TILE_WIDTH, edge.size % TILE_WIDTH), edge.bundle
