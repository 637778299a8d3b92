# SPDX-License-Identifier: Apache-2.0
"""Witness cosignatures on checkpoints (c2sp.org/tlog-cosignature), Ed25519 and ML-DSA-44.

Guarantees that a time is returned only from a cosignature that verified: the time is inside the
signed message. Refuses to produce cosignatures; a log must not be its own witness.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from chalicelib.errors import BadSignature, Malformed
from chalicelib.proof import merkle
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.note import Algorithm, VerifierKey, verify_ed25519

_TIMESTAMP_BYTES: Final = 8
_MAX_LABEL_BYTES: Final = 255
WITNESS_ALGORITHMS: Final = (Algorithm.COSIGNATURE_ED25519, Algorithm.COSIGNATURE_ML_DSA_44)
"""Signature types a witness may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignatureVerifier:
    """Verifies one witness's cosignatures; construction refuses keys of other types."""

    key: VerifierKey

    def __post_init__(self) -> None:
        """Refuse keys of other signature types."""
        if self.key.algorithm not in WITNESS_ALGORITHMS:
            raise Malformed("a cosignature needs a key of type 0x04 or 0x06")

    @property
    def name(self) -> str:
        """The witness's key name."""
        return self.key.name

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id."""
        return self.key.key_id

    def verify(self, text: str, signature: bytes) -> None:
        """Returns only if `signature` (timestamp first) is this witness's over checkpoint `text`.

        Raises:
            BadSignature: it is not.
            Malformed: the text is not a checkpoint.
        """
        time_s = cosignature_time(signature)
        raw = signature[_TIMESTAMP_BYTES:]
        if self.key.algorithm is Algorithm.COSIGNATURE_ED25519:
            verify_ed25519(self.key.public_key, raw, ed25519_message(text, time_s))
        else:
            message = ml_dsa_message(Checkpoint.parse(text), self.key.name, time_s)
            _verify_ml_dsa(self.key.public_key, raw, message)


def cosignature_time(signature: bytes) -> int:
    """The time a cosignature states, in seconds since the epoch; meaningless before verifying.

    Raises:
        BadSignature: too short to state a time, or a time of 2^63 or more.
    """
    time_s = int.from_bytes(signature[:_TIMESTAMP_BYTES], "big")
    if len(signature) < _TIMESTAMP_BYTES or time_s > merkle.MAX_SIZE:
        raise BadSignature("a cosignature states no valid time")
    return time_s


def ed25519_message(text: str, time_s: int) -> bytes:
    """What an Ed25519 witness signs for checkpoint `text` at `time_s` seconds since the epoch.

    Source: c2sp.org/tlog-cosignature, Ed25519 signed message.
    """
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def ml_dsa_message(checkpoint: Checkpoint, witness_name: str, time_s: int) -> bytes:
    """What an ML-DSA-44 witness signs for `checkpoint` at `time_s` seconds since the epoch.

    Raises:
        BadSignature: the witness name or origin is longer than 255 bytes.

    Source: c2sp.org/tlog-cosignature, ML-DSA-44 signed message.
    """
    return b"".join(
        (
            b"subtree/v1\n\0",
            _with_length(witness_name.encode()),
            time_s.to_bytes(_TIMESTAMP_BYTES, "big"),
            _with_length(checkpoint.origin.encode()),
            (0).to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _with_length(label: bytes) -> bytes:
    if len(label) > _MAX_LABEL_BYTES:
        raise BadSignature("a name is too long for an ML-DSA-44 cosignature")
    return bytes([len(label)]) + label


def _verify_ml_dsa(public_key: bytes, signature: bytes, message: bytes) -> None:
    try:
        MLDSA44PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as error:
        raise BadSignature("an ML-DSA-44 cosignature does not verify") from error
