# SPDX-License-Identifier: Apache-2.0
"""Signed notes as c2sp.org/signed-note defines them, with Ed25519 keys.

Guarantees that text leaves `verify_note` only after a trusted key's signature on it was checked,
and that a note keeps signature lines it does not know. Refuses every deviation from the format,
and a note on which a trusted key's signature is wrong, whoever else signed it.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from chalicelib.errors import BadSignature, Malformed

MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100
KEY_ID_BYTES: Final = 4
ED25519_KEY_BYTES: Final = 32
_DASH: Final = "\N{EM DASH} "


class Algorithm(IntEnum):
    """Signature type bytes we read. Source: c2sp.org/signed-note, Signature types."""

    ED25519 = 0x01
    COSIGNATURE_ED25519 = 0x04
    COSIGNATURE_ML_DSA_44 = 0x06


_PUBLIC_KEY_BYTES: Final = {
    Algorithm.ED25519: ED25519_KEY_BYTES,
    Algorithm.COSIGNATURE_ED25519: ED25519_KEY_BYTES,
    Algorithm.COSIGNATURE_ML_DSA_44: 1312,
}


class Signer(Protocol):
    """Signs note text under one name; the private key may live elsewhere, e.g. in KMS."""

    @property
    def name(self) -> str:
        """The key name on the signature line; for a log, its origin."""

    @property
    def key_id(self) -> bytes:
        """The 4 bytes `key_id_of` gives for name, algorithm and public key."""

    @property
    def algorithm(self) -> Algorithm:
        """The signature type."""

    def sign(self, message: bytes) -> bytes:
        """The signature over exactly these bytes, without the key id.

        Raises:
            DependencyError: the key could not be reached; nothing was signed.
        """


class Verifier(Protocol):
    """Checks one trusted key's signatures over note text."""

    @property
    def name(self) -> str:
        """The key name this verifier answers for."""

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id this verifier answers for."""

    def verify(self, text: str, signature: bytes) -> None:
        """Returns only if `signature` (without the key id) is this key's over `text`.

        Raises:
            BadSignature: it is not.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key in the form of a vkey: `<name>+<hex key id>+<base64 type and key>`.

    Construction raises Malformed for a name or key that no vkey can hold.
    Source: c2sp.org/signed-note, Verifier keys.
    """

    name: str
    algorithm: Algorithm
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be written as a vkey and read back."""
        require_key_name(self.name)
        if len(self.public_key) != _PUBLIC_KEY_BYTES[self.algorithm]:
            raise Malformed("a public key does not have the length of its signature type")

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256 over name, newline, type byte and key."""
        return key_id_of(self.name, self.algorithm, self.public_key)

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """The key that `vkey` encodes.

        Raises:
            Malformed: not a vkey, a signature type other than 0x01, 0x04 and 0x06, or a key id
                that does not belong to the key.
        """
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        material = decode_base64(encoded)
        if not material or material[0] not in tuple(Algorithm):
            raise Malformed("a verifier key has an unknown signature type")
        key = cls(name=name, algorithm=Algorithm(material[0]), public_key=material[1:])
        if key_id != key.key_id.hex():
            raise Malformed("a verifier key does not have the key id it states")
        return key

    def __str__(self) -> str:
        """The vkey text."""
        material = bytes([self.algorithm]) + self.public_key
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(material)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ed25519Verifier:
    """Verifies plain note signatures (type 0x01) by one Ed25519 key."""

    key: VerifierKey

    def __post_init__(self) -> None:
        """Refuse keys of other signature types."""
        if self.key.algorithm is not Algorithm.ED25519:
            raise Malformed("a plain note signature needs an Ed25519 key of type 0x01")

    @property
    def name(self) -> str:
        """The key name."""
        return self.key.name

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id."""
        return self.key.key_id

    def verify(self, text: str, signature: bytes) -> None:
        """Returns only if `signature` is this key's over `text`.

        Raises:
            BadSignature: it is not.
        """
        verify_ed25519(self.key.public_key, signature, text.encode())


class Ed25519Signer:
    """Signs note text with an Ed25519 key held in memory: what the test vectors are made with."""

    algorithm: Final = Algorithm.ED25519

    def __init__(self, name: str, seed: bytes) -> None:
        """Take the 32-byte private seed of RFC 8032.

        Raises:
            Malformed: the seed is not 32 bytes, or the name cannot be a key name.
        """
        if len(seed) != ED25519_KEY_BYTES:
            raise Malformed("an Ed25519 seed is 32 bytes")
        self._private_key = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = VerifierKey(
            name=name,
            algorithm=Algorithm.ED25519,
            public_key=self._private_key.public_key().public_bytes_raw(),
        )
        self.name = name
        self.key_id = self.key.key_id

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature over `message`. Source: RFC 8032 section 5.1.6."""
        return self._private_key.sign(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line: who claims to have signed, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be written as a signature line and read back."""
        require_key_name(self.name)
        if len(self.key_id) != KEY_ID_BYTES or not self.signature:
            raise Malformed("a signature line needs a 4-byte key id and a signature")

    def __str__(self) -> str:
        """The line without its newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A well-formed note whose signatures nobody has checked yet.

    Attributes:
        text: the signed text, ending in a newline.
        signatures: every line in order, known or not.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        """Refuse text that could not be written as a note and read back."""
        if not self.text.endswith("\n") or any(c < " " and c != "\n" for c in self.text):
            raise Malformed("note text must end in a newline and hold no control character")
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise Malformed(f"a note carries 1 to {MAX_SIGNATURES} signatures")

    def encode(self) -> bytes:
        """The note as bytes; parsing them gives an equal note."""
        lines = "".join(f"{signature}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}".encode()


def parse_note(data: bytes) -> Note:
    """The note in `data`, every signature line kept and none checked.

    Raises:
        Malformed: not UTF-8, over 1,000,000 bytes, a control character, no blank line before the
            signatures, or a line that is not exactly `— <name> <base64>`.

    Source: c2sp.org/signed-note, Format.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise Malformed(f"a note is larger than {MAX_NOTE_BYTES} bytes")
    try:
        content = data.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise Malformed("a note is not UTF-8") from error
    text, blank, lines = content.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise Malformed("a note needs a blank line and then whole signature lines")
    signatures = tuple(_parse_line(line) for line in lines[:-1].split("\n"))
    return Note(text=text + "\n", signatures=signatures)


def sign_note(text: str, signers: Iterable[Signer]) -> Note:
    """The note over `text` with one line by each signer, in the order given.

    Raises:
        Malformed: the text does not end in a newline or holds a control character, or there is
            no signer.
        DependencyError: a signer could not be reached.
    """
    message = text.encode()
    signatures = tuple(
        NoteSignature(name=signer.name, key_id=signer.key_id, signature=signer.sign(message))
        for signer in signers
    )
    return Note(text=text, signatures=signatures)


def verify_note(note: Note, verifiers: Sequence[Verifier]) -> tuple[NoteSignature, ...]:
    """The signatures by trusted keys, each checked; lines of other keys are passed over.

    Raises:
        BadSignature: no trusted key signed, a trusted key's signature is wrong, or two verifiers
            answer for the same name and key id.

    Source: c2sp.org/signed-note, Signatures.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    if len(known) != len(verifiers):
        raise BadSignature("two trusted keys share a name and key id")
    checked: list[NoteSignature] = []
    for line in note.signatures:
        verifier = known.get((line.name, line.key_id))
        if verifier is not None:
            verifier.verify(note.text, line.signature)
            checked.append(line)
    if not checked:
        raise BadSignature("no trusted key signed the note")
    return tuple(checked)


def key_id_of(name: str, algorithm: Algorithm, public_key: bytes) -> bytes:
    """The 4-byte key id. Source: c2sp.org/signed-note, Signatures."""
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public_key).digest()[:KEY_ID_BYTES]


def verify_ed25519(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Returns only if the 32-byte key made the 64-byte signature over `message`.

    Raises:
        BadSignature: it did not, or the key is no point of the curve.

    Source: RFC 8032 section 5.1.7.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("an Ed25519 signature does not verify") from error


def require_key_name(name: str) -> None:
    """Returns only for a non-empty name without Unicode spaces, plus or control characters.

    Raises:
        Malformed: the name breaks that rule or is not valid Unicode.
    """
    try:
        name.encode("utf-8", "strict")
    except UnicodeEncodeError as error:
        raise Malformed("a key name is not valid Unicode") from error
    if not name or any(c.isspace() or c == "+" or c < " " for c in name):
        raise Malformed("a key name must be non-empty, without spaces or plus")


def encode_base64(data: bytes) -> str:
    """Standard padded base64. Source: RFC 4648 section 4."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """The bytes whose only standard padded base64 form is `text`.

    Raises:
        Malformed: any other text, also one with loose trailing bits.

    Source: RFC 4648 sections 3.5 and 4.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("a base64 value is not valid") from error
    if encode_base64(data) != text:
        raise Malformed("a base64 value is not in its only canonical form")
    return data


def _parse_line(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH):
        raise Malformed("a signature line does not begin with a dash and a space")
    material = decode_base64(encoded)
    return NoteSignature(
        name=name, key_id=material[:KEY_ID_BYTES], signature=material[KEY_ID_BYTES:]
    )
