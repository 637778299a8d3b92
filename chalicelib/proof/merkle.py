# SPDX-License-Identifier: Apache-2.0
"""RFC 6962 Merkle tree hashing, proofs and their verification.

Guarantees that a verifier returns only when the proof holds; it raises otherwise and never
answers False. Refuses every hash that is not 32 bytes, so that no truncated or padded value can
slip through a comparison.
"""

import hmac
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final, TypeAlias

from chalicelib.errors import BrokenProof, Malformed

HASH_BYTES: Final = 32
MAX_SIZE: Final = 2**63 - 1
EMPTY_ROOT: Final = sha256(b"").digest()

HashReader: TypeAlias = Callable[[int, int], bytes]
"""`(level, index)` to the hash over leaves `index * 2**level` up to `(index + 1) * 2**level`."""


def leaf_hash(leaf: bytes) -> bytes:
    """The 32-byte hash of a leaf, which no node can share. Source: RFC 6962 section 2.1."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32-byte hash of a node over two 32-byte hashes. Source: RFC 6962 section 2.1.

    Raises:
        Malformed: a child is not 32 bytes.
    """
    if len(left) != HASH_BYTES or len(right) != HASH_BYTES:
        raise Malformed("a Merkle hash is not 32 bytes")
    return sha256(b"\x01" + left + right).digest()


def root_of_hashes(hashes: Sequence[bytes]) -> bytes:
    """The root over consecutive subtree hashes of one height; the last may be a smaller one.

    The answer for no hashes is `EMPTY_ROOT`. Pairing neighbours and carrying an odd last hash up
    gives the same tree as RFC 6962's split at the largest power of two.

    Raises:
        Malformed: a hash is not 32 bytes.
    """
    row = list(hashes)
    if not row:
        return EMPTY_ROOT
    _require_hashes(*row)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return row[0]


def root_from_reader(size: int, read: HashReader) -> bytes:
    """The root of the tree of `size` leaves, from O(log size) reads.

    Raises:
        Malformed: `size` is negative or not below 2^63, or a hash read is not 32 bytes.
    """
    _require_size(size)
    return _range_root(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: HashReader) -> tuple[bytes, ...]:
    """The audit path of leaf `index` in the tree of `size` leaves, sibling of the leaf first.

    Raises:
        Malformed: not 0 <= index < size < 2^63, or a hash read is not 32 bytes.

    Source: RFC 6962 section 2.1.1.
    """
    _require_size(size)
    if not 0 <= index < size:
        raise Malformed("the entry index is not inside the tree")
    siblings: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _largest_power_below(end - start)
        if index < split:
            siblings.append(_range_root(split, end, read))
            end = split
        else:
            siblings.append(_range_root(start, split, read))
            start = split
    return tuple(reversed(siblings))


def consistency_proof(old_size: int, new_size: int, read: HashReader) -> tuple[bytes, ...]:
    """The proof that the tree of `new_size` leaves begins with the tree of `old_size` leaves.

    Raises:
        Malformed: not 0 < old_size <= new_size < 2^63, or a hash read is not 32 bytes.

    Source: RFC 6962 section 2.1.2.
    """
    _require_size(new_size)
    if not 0 < old_size <= new_size:
        raise Malformed("the old tree must hold an entry and be no larger than the new one")
    hashes: list[bytes] = []
    start, end = 0, new_size
    while old_size != end:
        split = start + _largest_power_below(end - start)
        if old_size <= split:
            hashes.append(_range_root(split, end, read))
            end = split
        else:
            hashes.append(_range_root(start, split, read))
            start = split
    if start:
        # The old root is not itself a node of the new tree, so its last subtree is needed.
        hashes.append(_range_root(start, end, read))
    return tuple(reversed(hashes))


def root_from_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that `proof` leads to from the leaf hash; says nothing about who vouches for it.

    Raises:
        Malformed: not 0 <= index < size < 2^63, or a hash is not 32 bytes.
        BrokenProof: the proof has another length than index and size require.

    Source: RFC 9162 section 2.1.3.2.
    """
    _require_size(size)
    if not 0 <= index < size:
        raise Malformed("the entry index is not inside the tree")
    _require_hashes(leaf_hash, *proof)
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise BrokenProof("the inclusion proof has the wrong number of hashes")
    node = leaf_hash
    for level, sibling in enumerate(proof[:inner]):
        node = node_hash(sibling, node) if index >> level & 1 else node_hash(node, sibling)
    for sibling in proof[inner:]:
        node = node_hash(sibling, node)
    return node


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Returns only if the leaf with this hash is entry `index` of the tree with this root.

    Raises:
        Malformed: not 0 <= index < size < 2^63, or a hash is not 32 bytes.
        BrokenProof: the proof does not lead from the leaf to the root.

    Source: RFC 9162 section 2.1.3.2.
    """
    _require_hashes(root)
    if not hmac.compare_digest(root_from_inclusion(leaf_hash, index, size, proof), root):
        raise BrokenProof("the inclusion proof does not lead to the root")


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Returns only if the new tree begins with exactly the old tree.

    An old size of 0 is refused: everything extends the empty tree, so a proof of it shows
    nothing and accepting one would only hide a caller's mistake.

    Raises:
        Malformed: not 0 < old_size <= new_size < 2^63, or a hash is not 32 bytes.
        BrokenProof: the proof does not lead to both roots.

    Source: RFC 9162 section 2.1.4.2.
    """
    _require_size(new_size)
    if not 0 < old_size <= new_size:
        raise Malformed("the old tree must hold an entry and be no larger than the new one")
    _require_hashes(old_root, new_root, *proof)
    if old_size == new_size:
        if proof or not hmac.compare_digest(old_root, new_root):
            raise BrokenProof("trees of one size must have one root and need no proof")
        return
    # A tree whose size is a power of two is a node of the new tree: its root starts the path.
    path = tuple(proof) if old_size & (old_size - 1) else (old_root, *proof)
    if not path:
        raise BrokenProof("the consistency proof has too few hashes")
    old_seen, new_seen = _roots_of_consistency(old_size, new_size, path)
    if not hmac.compare_digest(old_seen, old_root):
        raise BrokenProof("the consistency proof does not lead to the old root")
    if not hmac.compare_digest(new_seen, new_root):
        raise BrokenProof("the consistency proof does not lead to the new root")


def _roots_of_consistency(
    old_size: int, new_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Old and new root as `path` builds them up from their last common subtree, its first hash."""
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise BrokenProof("the consistency proof has too many hashes")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise BrokenProof("the consistency proof has too few hashes")
    return old, new


def _require_size(size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise Malformed("a tree size is outside 0 to 2^63 - 1")


def _require_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise Malformed("a Merkle hash is not 32 bytes")


def _largest_power_below(count: int) -> int:
    """The largest power of two that is smaller than `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def _range_root(start: int, end: int, read: HashReader) -> bytes:
    """Root over leaves start..end, where start is a multiple of a power of two >= end - start."""
    hashes = [_require_read(read, level, index) for level, index in _subtrees(start, end)]
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def _subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees that fill start..end, widest first."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _require_read(read: HashReader, level: int, index: int) -> bytes:
    value = read(level, index)
    _require_hashes(value)
    return value
