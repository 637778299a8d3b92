# SPDX-License-Identifier: Apache-2.0
"""The Merkle mathematics agrees with a naive reading of RFC 6962 and refuses everything else."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import BrokenProof, EvidenceError, Malformed
from chalicelib.proof import merkle

MAX_NAIVE_SIZE = 600
LEAF_HASHES = [merkle.leaf_hash(b"%d" % number) for number in range(MAX_NAIVE_SIZE)]
_ROOTS: dict[tuple[int, int], bytes] = {}


def naive_root(start: int, end: int) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word, remembered per range."""
    if end == start:
        return sha256(b"").digest()
    if end - start == 1:
        return LEAF_HASHES[start]
    if (start, end) not in _ROOTS:
        k = 1
        while k * 2 < end - start:
            k *= 2
        left, right = naive_root(start, start + k), naive_root(start + k, end)
        _ROOTS[start, end] = sha256(b"\x01" + left + right).digest()
    return _ROOTS[start, end]


def naive_path(index: int, start: int, end: int) -> tuple[bytes, ...]:
    """PATH of RFC 6962 section 2.1.1."""
    if end - start == 1:
        return ()
    k = 1
    while k * 2 < end - start:
        k *= 2
    if index < start + k:
        return (*naive_path(index, start, start + k), naive_root(start + k, end))
    return (*naive_path(index, start + k, end), naive_root(start, start + k))


def naive_subproof(old: int, start: int, end: int, *, whole: bool) -> tuple[bytes, ...]:
    """SUBPROOF of RFC 6962 section 2.1.2, with `old` as an absolute position."""
    if old == end:
        return () if whole else (naive_root(start, end),)
    k = 1
    while k * 2 < end - start:
        k *= 2
    if old <= start + k:
        rest = naive_subproof(old, start, start + k, whole=whole)
        return (*rest, naive_root(start + k, end))
    rest = naive_subproof(old, start + k, end, whole=False)
    return (*rest, naive_root(start, start + k))


def read(level: int, index: int) -> bytes:
    return naive_root(index << level, (index + 1) << level)


def test_roots_equal_the_naive_recursion_for_every_size_to_600() -> None:
    for size in range(MAX_NAIVE_SIZE + 1):
        expected = naive_root(0, size)
        assert merkle.root_of_hashes(LEAF_HASHES[:size]) == expected
        assert merkle.root_from_reader(size, read) == expected


@pytest.mark.parametrize("size", [*range(1, 70), 127, 128, 129, 255, 256, 257, 511, 600])
def test_every_proof_equals_the_naive_recursion_and_verifies(size: int) -> None:
    root = naive_root(0, size)
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, read)
        assert proof == naive_path(index, 0, size)
        merkle.verify_inclusion(LEAF_HASHES[index], index, size, proof, root)
    for old in range(1, size + 1):
        proof = merkle.consistency_proof(old, size, read)
        assert proof == naive_subproof(old, 0, size, whole=True)
        merkle.verify_consistency(old, size, naive_root(0, old), root, proof)


sizes = st.integers(1, MAX_NAIVE_SIZE)


@settings(deadline=None)
@given(size=sizes, data=st.data())
def test_an_inclusion_proof_holds_for_nothing_else(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, MAX_NAIVE_SIZE).filter(lambda n: n != index))
    proof, root = list(merkle.inclusion_proof(index, size, read)), naive_root(0, size)
    leaf = LEAF_HASHES[index]
    with pytest.raises(EvidenceError):
        merkle.verify_inclusion(leaf, other, size, proof, root)
    with pytest.raises(EvidenceError):
        merkle.verify_inclusion(LEAF_HASHES[other - 1], index, size, [*proof, leaf], root)
    with pytest.raises(BrokenProof):
        merkle.verify_inclusion(leaf, index, size, proof, sha256(root).digest())
    if proof:
        position = data.draw(st.integers(0, len(proof) - 1))
        with pytest.raises(BrokenProof):
            merkle.verify_inclusion(
                leaf, index, size, proof[:position] + proof[position + 1 :], root
            )
        proof[position] = sha256(proof[position]).digest()
        with pytest.raises(BrokenProof):
            merkle.verify_inclusion(leaf, index, size, proof, root)


@settings(deadline=None)
@given(old=sizes, new=sizes, data=st.data())
def test_a_consistency_proof_holds_for_nothing_else(
    old: int, new: int, data: st.DataObject
) -> None:
    old, new = min(old, new), max(old, new)
    old_root, new_root = naive_root(0, old), naive_root(0, new)
    proof = list(merkle.consistency_proof(old, new, read))
    wrong = sha256(b"other").digest()
    for roots in ((wrong, new_root), (old_root, wrong)):
        with pytest.raises(BrokenProof):
            merkle.verify_consistency(old, new, *roots, proof)
    with pytest.raises(BrokenProof):
        merkle.verify_consistency(old, new, old_root, new_root, [*proof, wrong])
    if proof:
        position = data.draw(st.integers(0, len(proof) - 1))
        shorter = proof[:position] + proof[position + 1 :]
        altered = [*proof[:position], wrong, *proof[position + 1 :]]
        for broken in (shorter, altered, []):
            with pytest.raises(BrokenProof):
                merkle.verify_consistency(old, new, old_root, new_root, broken)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_that_is_not_32_bytes_is_refused_in_every_place(length: int) -> None:
    bad, good = b"\0" * length, b"\0" * 32
    with pytest.raises(Malformed):
        merkle.node_hash(bad, good)
    with pytest.raises(Malformed):
        merkle.node_hash(good, bad)
    with pytest.raises(Malformed):
        merkle.root_of_hashes([bad])
    with pytest.raises(Malformed):
        merkle.verify_inclusion(bad, 0, 1, (), good)
    with pytest.raises(Malformed):
        merkle.verify_inclusion(good, 0, 1, (), bad)
    with pytest.raises(Malformed):
        merkle.verify_inclusion(good, 0, 2, (bad,), good)
    with pytest.raises(Malformed):
        merkle.verify_consistency(1, 1, bad, bad, ())
    with pytest.raises(Malformed):
        merkle.verify_consistency(1, 2, good, good, (bad,))
    with pytest.raises(Malformed):
        merkle.root_from_reader(3, lambda _level, _index: bad)


def test_sizes_and_indices_outside_the_tree_are_refused() -> None:
    one = b"\0" * 32
    for index, size in ((-1, 1), (1, 1), (0, 0), (0, -1), (0, 2**63)):
        with pytest.raises(Malformed):
            merkle.verify_inclusion(one, index, size, (), one)
        with pytest.raises(Malformed):
            merkle.inclusion_proof(index, size, read)
    for old, new in ((0, 0), (0, 1), (2, 1), (-1, 1), (1, 2**63)):
        with pytest.raises(Malformed):
            merkle.verify_consistency(old, new, one, one, ())
        with pytest.raises(Malformed):
            merkle.consistency_proof(old, new, read)
    with pytest.raises(Malformed):
        merkle.root_from_reader(-1, read)


def test_a_path_longer_than_63_hashes_is_refused_quickly() -> None:
    one = b"\0" * 32
    with pytest.raises(BrokenProof):
        merkle.verify_consistency(3, 5, one, one, [one] * 100_000)
