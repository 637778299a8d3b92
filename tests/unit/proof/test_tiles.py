# SPDX-License-Identifier: Apache-2.0
"""Tiles and bundles are the same however a log was filled, and storage is never believed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import BrokenProof, EvidenceError, Malformed, NotFound
from chalicelib.proof import merkle, tiles

LEAVES = [b"leaf %d" % number for number in range(1500)]
LEAF_HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


class MemoryObjects(dict[str, bytes]):
    """Stored objects that may be written once and report what is missing."""

    def write(self, growth: tiles.Growth) -> None:
        for path, data in growth.objects:
            assert path not in self, f"{path} was written twice"
            self[path] = data

    def read(self, path: str) -> bytes:
        try:
            return self[path]
        except KeyError:
            raise NotFound(path) from None


def fill(size: int, batches: list[int]) -> tuple[MemoryObjects, tiles.RightEdge]:
    """A log of `size` leaves appended in batches of these sizes, repeated as needed."""
    stored, edge = MemoryObjects(), tiles.EMPTY_EDGE
    turn = 0
    while edge.size < size:
        count = min(batches[turn % len(batches)], size - edge.size)
        growth = tiles.grow(edge, LEAVES[edge.size : edge.size + count])
        assert growth.first_index == edge.size
        if turn < len(batches) or growth.new_size == size:
            assert growth.new_root == merkle.root_of_hashes(LEAF_HASHES[: growth.new_size])
        stored.write(growth)
        edge, turn = growth.edge, turn + 1
    return stored, edge


@settings(deadline=None)
@given(size=st.integers(0, 1500), batches=st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_any_split_into_batches_gives_the_same_full_objects_and_edge(
    size: int, batches: list[int]
) -> None:
    at_once, edge_at_once = fill(size, [max(size, 1)])
    stored, edge = fill(size, batches)
    assert edge == edge_at_once
    assert {path: stored[path] for path in at_once} == dict(at_once)
    assert all(".p/" in path for path in stored.keys() - at_once.keys())


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 513, 1500])
def test_the_right_edge_loads_from_exactly_the_paths_it_names(size: int) -> None:
    stored, edge = fill(size, [size or 1])
    wanted = tiles.right_edge_paths(size)
    only_these = MemoryObjects({path: stored[path] for path in wanted})
    assert tiles.load_right_edge(size, edge.root, only_these.read) == edge
    if wanted:
        assert all(".p/" in path for path in wanted)


@pytest.mark.parametrize("size", [3, 257, 700])
def test_a_right_edge_is_refused_after_any_stored_byte_changed(size: int) -> None:
    stored, edge = fill(size, [size])
    for path in tiles.right_edge_paths(size):
        for position in range(0, len(stored[path]), 1 + len(stored[path]) // 40):
            data = bytearray(stored[path])
            data[position] ^= 1 << position % 8
            changed = MemoryObjects({**stored, path: bytes(data)})
            with pytest.raises(EvidenceError):
                tiles.load_right_edge(size, edge.root, changed.read)
        for cut in (stored[path][:-1], stored[path] + b"\0", b""):
            with pytest.raises(EvidenceError):
                tiles.load_right_edge(size, edge.root, MemoryObjects({**stored, path: cut}).read)


def test_a_right_edge_of_another_root_is_refused() -> None:
    stored, _ = fill(300, [300])
    with pytest.raises(BrokenProof):
        tiles.load_right_edge(300, merkle.EMPTY_ROOT, stored.read)
    with pytest.raises(BrokenProof):
        tiles.load_right_edge(0, b"\0" * 32, stored.read)


def test_every_inclusion_and_consistency_proof_comes_out_of_tiles_verified() -> None:
    stored, edge = fill(700, [700])
    reader = tiles.TileReader(700, stored.read)
    for index in range(0, 700, 7):
        leaf, _ = tiles.prove_inclusion(reader, index, edge.root)
        assert leaf == merkle.leaf_hash(LEAVES[index])
    for old in range(1, 701, 9):
        old_root = merkle.root_of_hashes(LEAF_HASHES[:old])
        tiles.prove_consistency(reader, old, old_root, edge.root)


def test_no_proof_leaves_tiles_that_do_not_lead_to_the_root() -> None:
    stored, edge = fill(700, [700])
    tile = bytearray(stored["tile/0/000"])
    tile[5 * 32] ^= 1
    reader = tiles.TileReader(700, MemoryObjects({**stored, "tile/0/000": bytes(tile)}).read)
    with pytest.raises(BrokenProof):
        tiles.prove_inclusion(reader, 5, edge.root)
    with pytest.raises(BrokenProof):
        tiles.prove_consistency(reader, 6, edge.root, edge.root)


def test_a_pruned_partial_tile_is_read_from_the_full_one() -> None:
    stored, _ = fill(600, [100])
    small = tiles.TileReader(100, stored.read)
    root = merkle.root_from_reader(100, small)
    del stored["tile/0/000.p/100"]
    again = tiles.TileReader(100, stored.read)
    assert tiles.prove_inclusion(again, 42, root)[0] == merkle.leaf_hash(LEAVES[42])


def test_a_missing_tile_is_reported_as_missing() -> None:
    stored, edge = fill(600, [600])
    del stored["tile/0/000"]
    with pytest.raises(NotFound):
        tiles.prove_inclusion(tiles.TileReader(600, stored.read), 0, edge.root)


def test_each_tile_is_read_at_most_once_and_a_path_needs_few() -> None:
    stored, edge = fill(1500, [1500])
    seen: list[str] = []

    def counting(path: str) -> bytes:
        seen.append(path)
        return stored.read(path)

    reader = tiles.TileReader(1500, counting)
    for index in (3, 4, 5):
        tiles.prove_inclusion(reader, index, edge.root)
    assert len(seen) == len(set(seen)) <= 4


def test_a_subtree_that_is_not_complete_is_refused() -> None:
    stored, _ = fill(3, [3])
    reader = tiles.TileReader(3, stored.read)
    for level, index in ((1, 1), (2, 0), (0, 3), (-1, 0), (0, -1)):
        with pytest.raises(Malformed):
            reader(level, index)


def test_appending_nothing_writes_nothing() -> None:
    _, edge = fill(300, [300])
    growth = tiles.grow(edge, ())
    assert growth.objects == ()
    assert growth.edge == edge
    assert growth.new_root == edge.root


def test_a_leaf_over_65535_bytes_cannot_enter_and_65535_can() -> None:
    tiles.grow(tiles.EMPTY_EDGE, [b"x" * 65_535])
    with pytest.raises(Malformed):
        tiles.grow(tiles.EMPTY_EDGE, [b"x" * 65_536])


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_round_trips_and_only_at_its_own_width(leaves: list[bytes]) -> None:
    bundle = tiles.encode_bundle(leaves)
    assert tiles.decode_bundle(bundle, len(leaves)) == tuple(leaves)
    for width in (len(leaves) + 1, len(leaves) - 1):
        with pytest.raises(Malformed):
            tiles.decode_bundle(bundle, width)
    with pytest.raises(Malformed):
        tiles.decode_bundle(bundle + b"\0", len(leaves))


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700])
def test_a_log_s_bundles_hold_its_leaves_in_order(size: int) -> None:
    leaves = tuple(b"leaf %d" % index for index in range(size))
    stored = dict(tiles.grow(tiles.EMPTY_EDGE, leaves).objects)
    read = [
        leaf
        for number in range(-(-size // tiles.TILE_WIDTH))
        for leaf in tiles.read_leaves(stored.__getitem__, number, size)
    ]
    assert tuple(read) == leaves
    with pytest.raises(Malformed):
        tiles.read_leaves(lambda _: tiles.encode_bundle(leaves[:1]), 0, 2)


def test_paths_are_those_of_the_specification() -> None:
    assert tiles.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tiles.tile_path(63, 0, 255) == "tile/63/000.p/255"
    assert tiles.bundle_path(1000, 1) == "tile/entries/x001/000.p/1"
    for level, index, width in ((64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(Malformed):
            tiles.tile_path(level, index, width)


def test_sizes_outside_63_bits_are_refused() -> None:
    for size in (-1, 2**63):
        with pytest.raises(Malformed):
            tiles.right_edge_paths(size)
        with pytest.raises(Malformed):
            tiles.TileReader(size, MemoryObjects().read)
