# SPDX-License-Identifier: Apache-2.0
"""A proof file stands on its own, has one spelling, and covers one leaf at one place."""

import pytest

from chalicelib.errors import BadSignature, BrokenProof, EvidenceError, Malformed
from chalicelib.proof import merkle, note, policy
from chalicelib.proof.checkpoint import Checkpoint, sign_checkpoint
from chalicelib.proof.tlog_proof import TlogProof

ORIGIN = "ledger.example.com/a"
SIGNER = note.Ed25519Signer(ORIGIN, bytes(32))
POLICY = policy.Policy(logs=(policy.Log(key=SIGNER.key),))
LEAVES = [b"leaf %d" % number for number in range(13)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


def read(level: int, index: int) -> bytes:
    return merkle.root_of_hashes(HASHES[index << level : (index + 1) << level])


def proof_of(index: int, extra: bytes | None = None) -> TlogProof:
    checkpoint = Checkpoint(origin=ORIGIN, size=13, root=merkle.root_of_hashes(HASHES))
    return TlogProof(
        index=index,
        hashes=merkle.inclusion_proof(index, 13, read),
        checkpoint=sign_checkpoint(checkpoint, [SIGNER]),
        extra=extra,
    )


@pytest.mark.parametrize("index", range(13))
def test_a_proof_survives_the_file_and_covers_its_leaf_only(index: int) -> None:
    proof = proof_of(index, extra=b"opaque" if index % 2 else None)
    parsed = TlogProof.parse(proof.encode())
    assert parsed == proof
    assert parsed.verify(LEAVES[index], POLICY).checkpoint.size == 13
    with pytest.raises(BrokenProof):
        parsed.verify(LEAVES[index - 1], POLICY)


def test_a_proof_of_a_tree_of_one_has_no_hashes() -> None:
    checkpoint = Checkpoint(origin=ORIGIN, size=1, root=HASHES[0])
    proof = TlogProof(index=0, hashes=(), checkpoint=sign_checkpoint(checkpoint, [SIGNER]))
    assert TlogProof.parse(proof.encode()) == proof
    proof.verify(LEAVES[0], POLICY)


def test_no_changed_byte_of_a_proof_verifies() -> None:
    data = proof_of(6).encode()
    for position in range(len(data)):
        for value in {0, 10, 32, 48, 61, data[position] ^ 1, data[position] ^ 0x80} - {
            data[position]
        }:
            changed = data[:position] + bytes([value]) + data[position + 1 :]
            with pytest.raises(EvidenceError):
                TlogProof.parse(changed).verify(LEAVES[6], POLICY)


def test_the_extra_line_is_kept_but_changes_no_verdict() -> None:
    parsed = TlogProof.parse(proof_of(6, extra=b"anything").encode())
    assert parsed.extra == b"anything"
    parsed.verify(LEAVES[6], POLICY)


def test_a_proof_under_another_logs_key_is_refused() -> None:
    other = note.Ed25519Signer(ORIGIN, bytes([1] * 32))
    with pytest.raises(BadSignature):
        proof_of(6).verify(LEAVES[6], policy.Policy(logs=(policy.Log(key=other.key),)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"@v1\n", b"@v1\r\n"),
        (b"@v1\n", b"@v1 \n"),
        (b"@v1\n", b"@v1\nextra \n"),
        (b"@v1\n", b"@v1\nextra QQ\n"),
        (b"@v1\n", b"@v1\nextra QQ==\nextra QQ==\n"),
        (b"index 6", b"index +6"),
        (b"index 6", b"index 06"),
        (b"index 6", b"index  6"),
        (b"index 6", b"Index 6"),
        (b"index 6\n", b""),
        (b"index 6\n", b"index 6\n\n"),
        (b"index 6\n", b"index 6\nQUJD\n"),
        (b"index 6\n", b"index 6\n" + (b"A" * 43 + b"=\n") * 64),
        (b"index 6\n", "index 6\n—\n".encode()),
        (b"\n\n", b"\n"),
    ],
)
def test_another_spelling_is_refused(before: bytes, after: bytes) -> None:
    data = proof_of(6).encode()
    assert before in data
    with pytest.raises(Malformed):
        TlogProof.parse(data.replace(before, after, 1))


def test_a_proof_over_two_megabytes_is_refused_unread() -> None:
    with pytest.raises(Malformed):
        TlogProof.parse(b"x" * 2_000_001)


def test_an_index_outside_63_bits_is_refused() -> None:
    for index in (-1, 2**63):
        with pytest.raises(Malformed):
            TlogProof(index=index, hashes=(), checkpoint=proof_of(0).checkpoint)
