# SPDX-License-Identifier: Apache-2.0
"""A checkpoint has one spelling and is believed only under its own log's signature."""

import pytest

from chalicelib.errors import BadSignature, EvidenceError, Malformed
from chalicelib.proof import note
from chalicelib.proof.checkpoint import (
    Checkpoint,
    parse_decimal,
    sign_checkpoint,
    verify_checkpoint,
)
from chalicelib.proof.merkle import EMPTY_ROOT

ORIGIN = "ledger.example.com/a"
SIGNER = note.Ed25519Signer(ORIGIN, bytes(32))
CHECKPOINT = Checkpoint(origin=ORIGIN, size=7, root=bytes(range(32)))


def test_a_signed_checkpoint_comes_back() -> None:
    signed = sign_checkpoint(CHECKPOINT, [SIGNER])
    assert verify_checkpoint(signed, SIGNER.key) == CHECKPOINT
    assert Checkpoint.parse(CHECKPOINT.text) == CHECKPOINT


def test_no_changed_byte_of_a_signed_checkpoint_verifies() -> None:
    signed = sign_checkpoint(CHECKPOINT, [SIGNER])
    for position in range(len(signed)):
        for value in (0, 10, 32, 43, 48, 255, signed[position] ^ 1):
            changed = signed[:position] + bytes([value]) + signed[position + 1 :]
            if changed != signed:
                with pytest.raises(EvidenceError):
                    verify_checkpoint(changed, SIGNER.key)


def test_a_checkpoint_of_another_origin_is_refused_though_the_signature_holds() -> None:
    foreign = Checkpoint(origin="ledger.example.com/b", size=7, root=bytes(32))
    with pytest.raises(Malformed):
        sign_checkpoint(foreign, [SIGNER])
    signed = note.sign_note(foreign.text, [SIGNER]).encode()
    with pytest.raises(BadSignature):
        verify_checkpoint(signed, SIGNER.key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        CHECKPOINT.text[:-1],
        CHECKPOINT.text + "extension\n",
        CHECKPOINT.text + "\n",
        CHECKPOINT.text.replace("\n7\n", "\n07\n"),
        CHECKPOINT.text.replace("\n7\n", "\n+7\n"),
        CHECKPOINT.text.replace("\n7\n", "\n\u0667\n"),
        CHECKPOINT.text.replace("\n7\n", "\n\n"),
        CHECKPOINT.text.replace("\n7\n", "\n9223372036854775808\n"),
        CHECKPOINT.text.replace("\n7\n", "\n0\n"),
        CHECKPOINT.text.replace("=\n", "\n"),
        CHECKPOINT.text.replace("Hh8=", "Hh9="),
        CHECKPOINT.text.replace("AAEC", "AAE="),
        CHECKPOINT.text.replace(ORIGIN, "a b"),
        CHECKPOINT.text.replace(ORIGIN, ""),
    ],
    ids=repr,
)
def test_text_that_is_not_exactly_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


def test_the_empty_log_has_a_checkpoint() -> None:
    empty = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
    assert verify_checkpoint(sign_checkpoint(empty, [SIGNER]), SIGNER.key) == empty


@pytest.mark.parametrize("size", [-1, 2**63])
def test_sizes_outside_63_bits_are_refused(size: int) -> None:
    with pytest.raises(Malformed):
        Checkpoint(origin=ORIGIN, size=size, root=bytes(32))


def test_a_root_that_is_not_32_bytes_is_refused() -> None:
    for root in (b"", bytes(31), bytes(33)):
        with pytest.raises(Malformed):
            Checkpoint(origin=ORIGIN, size=1, root=root)


def test_the_largest_size_is_read() -> None:
    assert parse_decimal("9223372036854775807") == 2**63 - 1
