# SPDX-License-Identifier: Apache-2.0
"""Proofs of logging that stand on their own (c2sp.org/tlog-proof@v1).

Guarantees one spelling per proof and that `verify` returns only what a policy and a Merkle path
both vouch for. Refuses to read anything into the extra data: nobody signs it.
"""

from dataclasses import dataclass
from typing import Final, Self

from chalicelib.errors import Malformed
from chalicelib.proof import merkle, note
from chalicelib.proof.checkpoint import Checkpoint, parse_decimal
from chalicelib.proof.policy import Policy, VerifiedCheckpoint

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES: Final = 2_000_000
_MAX_HASHES: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """An entry's index, its audit path and the signed checkpoint the path leads to.

    Attributes:
        index: zero-based index of the entry.
        hashes: 32-byte audit path, the leaf's sibling first.
        checkpoint: the signed note, verbatim.
        extra: opaque and unauthenticated, or None.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be written as a proof and read back."""
        if not 0 <= self.index <= merkle.MAX_SIZE:
            raise Malformed("an entry index is outside 0 to 2^63 - 1")
        if len(self.hashes) > _MAX_HASHES or any(
            len(value) != merkle.HASH_BYTES for value in self.hashes
        ):
            raise Malformed("an audit path holds at most 63 hashes of 32 bytes")
        if self.extra == b"":
            raise Malformed("a proof without extra data has no extra line")
        Checkpoint.of_note(self.checkpoint)

    def encode(self) -> bytes:
        """The proof file; parsing it gives an equal proof."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {note.encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [note.encode_base64(value) for value in self.hashes]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The proof in a `.tlog-proof` file; its checkpoint is kept verbatim and unchecked.

        Raises:
            Malformed: over 2,000,000 bytes, another header, a line out of place, a value in
                another spelling, or no well-formed signed checkpoint.

        Source: c2sp.org/tlog-proof, Format.
        """
        if len(data) > MAX_PROOF_BYTES:
            raise Malformed(f"a proof is larger than {MAX_PROOF_BYTES} bytes")
        head, blank, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("a proof holds other than ASCII before its checkpoint") from error
        if not blank or lines.pop(0) != HEADER:
            raise Malformed(f"a proof begins with {HEADER} and ends with a checkpoint")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = note.decode_base64(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise Malformed("a proof lacks its index line")
        index = parse_decimal(lines.pop(0).removeprefix("index "))
        hashes = tuple(note.decode_base64(line) for line in lines)
        return cls(index=index, hashes=hashes, checkpoint=checkpoint, extra=extra)

    def verify(self, leaf: bytes, policy: Policy) -> VerifiedCheckpoint:
        """The checkpoint that covers `leaf` at this index, as `policy` accepts it.

        Raises:
            Malformed: the index is outside the tree.
            BadSignature: no log that the policy lists signed, or a known signature is wrong.
            QuorumNotMet: too few known witnesses cosigned.
            BrokenProof: the path does not lead from the leaf to the root.

        Source: c2sp.org/tlog-proof, Verifying a tlog proof.
        """
        verified = policy.verify(self.checkpoint)
        tree = verified.checkpoint
        hash_of_leaf = merkle.leaf_hash(leaf)
        merkle.verify_inclusion(hash_of_leaf, self.index, tree.size, self.hashes, tree.root)
        return verified
