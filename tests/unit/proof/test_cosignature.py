# SPDX-License-Identifier: Apache-2.0
"""A witness's time counts only with the witness's signature over that very checkpoint and time."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from chalicelib.errors import BadSignature, Malformed
from chalicelib.proof import cosignature
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.note import Algorithm, VerifierKey

CHECKPOINT = Checkpoint(origin="ledger.example.com/a", size=7, root=bytes(range(32)))
TIME_S = 1_795_435_200


def ed25519() -> tuple[cosignature.CosignatureVerifier, bytes]:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key = VerifierKey(
        name="w.example.org",
        algorithm=Algorithm.COSIGNATURE_ED25519,
        public_key=private.public_key().public_bytes_raw(),
    )
    raw = private.sign(cosignature.ed25519_message(CHECKPOINT.text, TIME_S))
    return cosignature.CosignatureVerifier(key=key), TIME_S.to_bytes(8, "big") + raw


def ml_dsa() -> tuple[cosignature.CosignatureVerifier, bytes]:
    private = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    key = VerifierKey(
        name="w.example.org",
        algorithm=Algorithm.COSIGNATURE_ML_DSA_44,
        public_key=private.public_key().public_bytes_raw(),
    )
    raw = private.sign(cosignature.ml_dsa_message(CHECKPOINT, "w.example.org", TIME_S))
    return cosignature.CosignatureVerifier(key=key), TIME_S.to_bytes(8, "big") + raw


@pytest.mark.parametrize("make", [ed25519, ml_dsa])
def test_a_cosignature_holds_for_its_checkpoint_and_time_only(make: object) -> None:
    verifier, signature = ed25519() if make is ed25519 else ml_dsa()
    verifier.verify(CHECKPOINT.text, signature)
    assert cosignature.cosignature_time(signature) == TIME_S
    other = Checkpoint(origin=CHECKPOINT.origin, size=8, root=CHECKPOINT.root)
    with pytest.raises(BadSignature):
        verifier.verify(other.text, signature)
    for position in (0, 7, 8, len(signature) - 1):
        changed = bytearray(signature)
        changed[position] ^= 1
        with pytest.raises(BadSignature):
            verifier.verify(CHECKPOINT.text, bytes(changed))
    for cut in (b"", signature[:7], signature[:8], signature[:-1], signature + b"\0"):
        with pytest.raises(BadSignature):
            verifier.verify(CHECKPOINT.text, cut)


def test_the_ed25519_message_is_the_published_one() -> None:
    """The worked message of c2sp.org/tlog-cosignature, Ed25519 signed message."""
    body = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    expected = f"cosignature/v1\ntime 1679315147\n{body}".encode()
    assert cosignature.ed25519_message(body, 1_679_315_147) == expected


def test_the_ml_dsa_message_has_the_published_structure() -> None:
    message = cosignature.ml_dsa_message(CHECKPOINT, "w", 3)
    expected = b"subtree/v1\n\0" + b"\x01w" + (3).to_bytes(8, "big")
    expected += bytes([len(CHECKPOINT.origin)]) + CHECKPOINT.origin.encode()
    expected += bytes(8) + (7).to_bytes(8, "big") + CHECKPOINT.root
    assert message == expected


def test_names_too_long_for_an_ml_dsa_message_are_refused() -> None:
    cosignature.ml_dsa_message(CHECKPOINT, "w" * 255, 0)
    with pytest.raises(BadSignature):
        cosignature.ml_dsa_message(CHECKPOINT, "w" * 256, 0)


def test_a_log_key_is_no_witness_key() -> None:
    key = VerifierKey(name="w", algorithm=Algorithm.ED25519, public_key=bytes(32))
    with pytest.raises(Malformed):
        cosignature.CosignatureVerifier(key=key)
