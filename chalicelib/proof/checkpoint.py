# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: the signed statement of a log's size and root (c2sp.org/tlog-checkpoint).

Guarantees exactly three lines, one spelling per value, and the log's own signature on whatever
`verify_checkpoint` returns. Refuses extension lines, which no auditor of this log could check,
and signing under a name other than the origin.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from chalicelib.errors import BadSignature, Malformed
from chalicelib.proof import merkle, note

_LINES: Final = 3
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A log's origin, number of entries and 32-byte RFC 6962 root.

    Construction raises Malformed for an origin that cannot be a key name, a size outside
    0..2^63 - 1, a root that is not 32 bytes, or an empty tree with another root than its own.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be written as a checkpoint and read back."""
        note.require_key_name(self.origin)
        if not 0 <= self.size <= merkle.MAX_SIZE:
            raise Malformed("a tree size is outside 0 to 2^63 - 1")
        if len(self.root) != merkle.HASH_BYTES:
            raise Malformed("a root is not 32 bytes")
        if self.size == 0 and self.root != merkle.EMPTY_ROOT:
            raise Malformed("an empty tree has only one root")

    @property
    def text(self) -> str:
        """The three lines that are signed, each ending in a newline."""
        return f"{self.origin}\n{self.size}\n{note.encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint that is written as `text`, and in no other way.

        Raises:
            Malformed: not exactly origin, decimal size and base64 root, each with a newline.

        Source: c2sp.org/tlog-checkpoint, Note text.
        """
        lines = text.split("\n")
        if len(lines) != _LINES + 1 or lines[_LINES]:
            raise Malformed("a checkpoint has exactly three lines")
        origin, size, root, _ = lines
        return cls(origin=origin, size=parse_decimal(size), root=note.decode_base64(root))

    @classmethod
    def of_note(cls, data: bytes) -> Self:
        """The checkpoint in a signed note: read, not verified.

        Raises:
            Malformed: not a signed note, or its text is no checkpoint.
        """
        return cls.parse(note.parse_note(data).text)


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[note.Signer]) -> bytes:
    """The signed note of `checkpoint`, one line by each of the log's own signers.

    Callers must never sign two checkpoints of one origin that are inconsistent.

    Raises:
        Malformed: no signer, or a signer whose name is not the origin.
        DependencyError: a signer could not be reached; nothing was signed.
    """
    if any(signer.name != checkpoint.origin for signer in signers):
        raise Malformed("a log signs only under its origin")
    return note.sign_note(checkpoint.text, signers).encode()


def verify_checkpoint(data: bytes, key: note.VerifierKey) -> Checkpoint:
    """The checkpoint in a signed note, only if the log with this Ed25519 key signed it.

    Raises:
        Malformed: not a signed checkpoint, or the key is not of type 0x01.
        BadSignature: the key did not sign it, or it is the checkpoint of another origin.
    """
    parsed = note.parse_note(data)
    note.verify_note(parsed, [note.Ed25519Verifier(key=key)])
    checkpoint = Checkpoint.parse(parsed.text)
    if checkpoint.origin != key.name:
        raise BadSignature("the checkpoint belongs to another log than the key")
    return checkpoint


def parse_decimal(digits: str) -> int:
    """A non-negative ASCII decimal below 2^63 without leading zeros.

    Raises:
        Malformed: any other text.
    """
    if not _DECIMAL.fullmatch(digits) or int(digits) > merkle.MAX_SIZE:
        raise Malformed("a number is not a plain decimal below 2^63")
    return int(digits)
