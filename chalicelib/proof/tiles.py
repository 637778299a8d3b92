# SPDX-License-Identifier: Apache-2.0
"""The log's objects as c2sp.org/tlog-tiles lays them out: hash tiles and entry bundles.

Guarantees that `grow` yields exactly the objects a longer tree needs, from a right edge that was
checked against a root; storage is never trusted. Performs no I/O: callers pass a `ReadObject`.
Refuses entries above 65,535 bytes and objects of any size but the one the tree size demands.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from chalicelib.errors import BrokenProof, Malformed, NotFound
from chalicelib.proof import merkle

TILE_WIDTH: Final = 256
MAX_LEAF_BYTES: Final = 65_535
"""What a uint16 length in an entry bundle can say."""
_WIDTH_BITS: Final = 8

ReadObject: TypeAlias = Callable[[str], bytes]
"""Path to stored bytes (content encoding undone); raises NotFound when there is no object."""


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """The path of a hash tile, e.g. `tile/0/x001/234.p/17`; 256 hashes wide means full.

    Raises:
        Malformed: level outside 0..63, negative index, or width outside 1..256.

    Source: c2sp.org/tlog-tiles, Merkle Tree.
    """
    if not 0 <= level <= 63:  # noqa: PLR2004  # the bound of tlog-tiles
        raise Malformed("a tile level is outside 0 to 63")
    return f"tile/{level}/{_index_path(index, width)}"


def bundle_path(index: int, width: int = TILE_WIDTH) -> str:
    """The path of an entry bundle, e.g. `tile/entries/000.p/3`; 256 entries means full.

    Raises:
        Malformed: negative index or width outside 1..256.

    Source: c2sp.org/tlog-tiles, Log entries.
    """
    return f"tile/entries/{_index_path(index, width)}"


def encode_bundle(leaves: Iterable[bytes]) -> bytes:
    """Each leaf after its length as a big-endian uint16.

    Raises:
        Malformed: a leaf is longer than 65,535 bytes.
    """
    parts: list[bytes] = []
    for leaf in leaves:
        if len(leaf) > MAX_LEAF_BYTES:
            raise Malformed("a leaf is longer than 65,535 bytes")
        parts += (len(leaf).to_bytes(2, "big"), leaf)
    return b"".join(parts)


def decode_bundle(bundle: bytes, width: int) -> tuple[bytes, ...]:
    """Exactly `width` leaves (0..256) and not a byte more.

    Raises:
        Malformed: the bundle ends early, holds more, or `width` is out of range.
    """
    if not 0 <= width <= TILE_WIDTH:
        raise Malformed("an entry bundle holds 1 to 256 entries")
    leaves: list[bytes] = []
    position = 0
    for _ in range(width):
        end = position + 2 + int.from_bytes(bundle[position : position + 2], "big")
        if position + 2 > len(bundle) or end > len(bundle):
            raise Malformed("an entry bundle ends inside an entry")
        leaves.append(bundle[position + 2 : end])
        position = end
    if position != len(bundle):
        raise Malformed("an entry bundle holds more than its path says")
    return tuple(leaves)


def read_leaves(read: ReadObject, number: int, size: int) -> tuple[bytes, ...]:
    """The leaves of entry bundle `number` in a log of `size` entries; 256 but in the last one.

    Raises:
        Malformed: the stored bundle does not hold exactly these entries.
        NotFound: `read` has no such object.
    """
    width = min(TILE_WIDTH, size - number * TILE_WIDTH)
    return decode_bundle(read(bundle_path(number, width)), width)


@dataclass(frozen=True, slots=True, kw_only=True)
class RightEdge:
    """All that is needed of a tree to append to it: its partial tiles and its partial bundle.

    Attributes:
        size: entries in the tree.
        tiles: per level the hashes of the partial tile, () where the level has none.
        bundle: the encoded partial entry bundle, b"" when size is a multiple of 256.
    """

    size: int
    tiles: tuple[tuple[bytes, ...], ...]
    bundle: bytes

    @property
    def root(self) -> bytes:
        """The root of the tree, from the partial tiles alone."""
        return _root_of_edge(self.tiles)


EMPTY_EDGE: Final = RightEdge(size=0, tiles=(), bundle=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The result of appending: what to sign and what to write.

    Attributes:
        first_index: index of the first appended leaf, which is the old size.
        new_size: entries after appending.
        new_root: 32-byte root at `new_size`.
        objects: (path, bytes) of every new full or partial bundle and tile, none twice.
        edge: the right edge to append to next.
    """

    first_index: int
    new_size: int
    new_root: bytes
    objects: tuple[tuple[str, bytes], ...]
    edge: RightEdge


def right_edge_paths(size: int) -> tuple[str, ...]:
    """The objects `load_right_edge` reads for a tree of `size` entries, so they can be prefetched.

    Raises:
        Malformed: `size` is negative or not below 2^63.
    """
    _require_size(size)
    paths = [
        tile_path(level, size >> _WIDTH_BITS * (level + 1), width)
        for level, width in enumerate(_edge_widths(size))
        if width
    ]
    if size % TILE_WIDTH:
        paths.append(bundle_path(size // TILE_WIDTH, size % TILE_WIDTH))
    return tuple(paths)


def load_right_edge(size: int, root: bytes, read: ReadObject) -> RightEdge:
    """The right edge of the tree with this size and root, whatever the storage claims.

    Raises:
        Malformed: an object has the wrong length, or `size` is out of range.
        BrokenProof: the tiles do not lead to `root`, or the bundle is not what they hash.
        NotFound: `read` has no such object.
    """
    _require_size(size)
    tiles = tuple(
        _read_tile(read, level, size >> _WIDTH_BITS * (level + 1), width) if width else ()
        for level, width in enumerate(_edge_widths(size))
    )
    if _root_of_edge(tiles) != root:
        raise BrokenProof("the stored right-edge tiles do not lead to the root")
    width = size % TILE_WIDTH
    bundle = read(bundle_path(size // TILE_WIDTH, width)) if width else b""
    hashes = tuple(merkle.leaf_hash(leaf) for leaf in decode_bundle(bundle, width))
    if hashes != (tiles[0] if tiles else ()):
        raise BrokenProof("the stored entry bundle is not what its tile hashes")
    return RightEdge(size=size, tiles=tiles, bundle=bundle)


def grow(edge: RightEdge, leaves: Sequence[bytes]) -> Growth:
    """The tree after appending `leaves` in order, and exactly the objects to write for it.

    No leaves, no objects. How the leaves are split into calls changes which partial objects
    appear, never a full object and never the root.

    Raises:
        Malformed: a leaf is longer than 65,535 bytes, or the tree would reach 2^63 entries.
    """
    new_size = edge.size + len(leaves)
    _require_size(new_size)
    objects, bundle = _grow_bundles(edge, leaves)
    added = [merkle.leaf_hash(leaf) for leaf in leaves]
    tiles: list[tuple[bytes, ...]] = []
    level = 0
    while added or level < len(edge.tiles):
        held = edge.tiles[level] if level < len(edge.tiles) else ()
        full, partial = _cut([*held, *added])
        index = edge.size >> _WIDTH_BITS * (level + 1)
        objects += [
            (tile_path(level, index + n), b"".join(hashes)) for n, hashes in enumerate(full)
        ]
        if added and partial:
            path = tile_path(level, index + len(full), len(partial))
            objects.append((path, b"".join(partial)))
        tiles.append(tuple(partial))
        added = [merkle.root_of_hashes(hashes) for hashes in full]
        level += 1
    new_edge = RightEdge(size=new_size, tiles=tuple(tiles), bundle=bundle)
    return Growth(
        first_index=edge.size,
        new_size=new_size,
        new_root=new_edge.root,
        objects=tuple(objects),
        edge=new_edge,
    )


class TileReader:
    """Subtree hashes of one tree from its stored tiles; each tile is read at most once.

    Usable as a `merkle.HashReader`. What it returns is unchecked: use `prove_inclusion` and
    `prove_consistency`, which let no proof out that does not lead to the root.
    """

    def __init__(self, size: int, read: ReadObject) -> None:
        """Read for the tree of `size` entries (0 <= size < 2^63) through `read`."""
        _require_size(size)
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], tuple[bytes, ...]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The hash over leaves `index * 2**level` up to `(index + 1) * 2**level`.

        Raises:
            Malformed: that subtree is not complete in this tree, or a tile has a wrong length.
            NotFound: a tile is missing.
        """
        if level < 0 or index < 0 or (index + 1) << level > self.size:
            raise Malformed("the subtree is not complete in a tree of this size")
        tile_level, height = divmod(level, _WIDTH_BITS)
        first = index << height
        start = first % TILE_WIDTH
        tile = self._tile(tile_level, first // TILE_WIDTH)
        return merkle.root_of_hashes(tile[start : start + (1 << height)])

    def _tile(self, level: int, index: int) -> tuple[bytes, ...]:
        key = (level, index)
        if key not in self._tiles:
            hashes_in_level = self.size >> _WIDTH_BITS * level
            width = min(TILE_WIDTH, hashes_in_level - index * TILE_WIDTH)
            self._tiles[key] = _read_tile(self._read, level, index, width)
        return self._tiles[key]


def prove_inclusion(reader: TileReader, index: int, root: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """The hash of leaf `index` and its audit path, verified against `root`.

    Raises:
        Malformed: the index is outside the tree, or a tile has a wrong length.
        BrokenProof: the stored tiles do not lead to `root`.
        NotFound: a tile is missing.
    """
    proof = merkle.inclusion_proof(index, reader.size, reader)
    leaf = reader(0, index)
    merkle.verify_inclusion(leaf, index, reader.size, proof, root)
    return leaf, proof


def prove_consistency(
    reader: TileReader, old_size: int, old_root: bytes, root: bytes
) -> tuple[bytes, ...]:
    """The proof that the reader's tree extends the old one, verified against both roots.

    Raises:
        Malformed: not 0 < old_size <= size, or a tile has a wrong length.
        BrokenProof: the stored tiles do not lead to both roots.
        NotFound: a tile is missing.
    """
    proof = merkle.consistency_proof(old_size, reader.size, reader)
    merkle.verify_consistency(old_size, reader.size, old_root, root, proof)
    return proof


def _index_path(index: int, width: int) -> str:
    if index < 0 or not 1 <= width <= TILE_WIDTH:
        raise Malformed("a tile index is negative or its width outside 1 to 256")
    path = f"{index % 1000:03d}"
    while index := index // 1000:
        path = f"x{index % 1000:03d}/{path}"
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def _read_tile(read: ReadObject, level: int, index: int, width: int) -> tuple[bytes, ...]:
    """The first `width` hashes of a tile; a pruned partial tile is taken from the full one."""
    try:
        data = read(tile_path(level, index, width))
        stored_width = width
    except NotFound:
        if width == TILE_WIDTH:
            raise
        data = read(tile_path(level, index))
        stored_width = TILE_WIDTH
    if len(data) != stored_width * merkle.HASH_BYTES:
        raise Malformed("a stored tile does not have the length its path says")
    return tuple(_hashes(data))[:width]


def _hashes(data: bytes) -> Iterator[bytes]:
    for position in range(0, len(data), merkle.HASH_BYTES):
        yield data[position : position + merkle.HASH_BYTES]


def _edge_widths(size: int) -> Iterator[int]:
    """Hashes in the partial tile of each level, for every level that holds any hash."""
    while size:
        yield size % TILE_WIDTH
        size //= TILE_WIDTH


def _root_of_edge(tiles: Sequence[Sequence[bytes]]) -> bytes:
    """Fold the partial tiles upwards: each level's hashes, then what the levels below left over."""
    rest: list[bytes] = []
    for hashes in tiles:
        level = [*hashes, *rest]
        rest = [merkle.root_of_hashes(level)] if level else []
    return rest[0] if rest else merkle.EMPTY_ROOT


def _grow_bundles(
    edge: RightEdge, leaves: Sequence[bytes]
) -> tuple[list[tuple[str, bytes]], bytes]:
    """The bundles to write and the encoded partial bundle that remains."""
    index, held = divmod(edge.size, TILE_WIDTH)
    prefix, objects = edge.bundle, []
    start = 0
    while start < len(leaves):
        taken = leaves[start : start + TILE_WIDTH - held]
        start, width = start + len(taken), held + len(taken)
        prefix += encode_bundle(taken)
        objects.append((bundle_path(index, width), prefix))
        if width == TILE_WIDTH:
            index, held, prefix = index + 1, 0, b""
    return objects, prefix


def _cut(hashes: list[bytes]) -> tuple[list[list[bytes]], list[bytes]]:
    """Full tiles of 256 hashes, and the partial tile that is left."""
    whole = len(hashes) - len(hashes) % TILE_WIDTH
    full = [hashes[start : start + TILE_WIDTH] for start in range(0, whole, TILE_WIDTH)]
    return full, hashes[whole:]


def _require_size(size: int) -> None:
    if not 0 <= size <= merkle.MAX_SIZE:
        raise Malformed("a tree size is outside 0 to 2^63 - 1")
