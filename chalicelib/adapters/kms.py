# SPDX-License-Identifier: Apache-2.0
"""Key ports on AWS KMS: address MACs, checkpoint signatures and the keys of links.

Guarantees that the address key and the log key never leave KMS, and that link keys are stored
only wrapped. Refuses to sign with Ed25519ph: no verifier of signed notes would accept it.
"""

from collections.abc import Sequence
from typing import Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    key,
    number,
    of_partition,
    query,
    require_binary,
    require_number,
    require_text,
    require_version,
)
from chalicelib.domain.ids import encode_id
from chalicelib.errors import BadSignature, Conflict, FatalError
from chalicelib.ports.keys import MAX_MESSAGE_BYTES
from chalicelib.ports.system import Clock
from chalicelib.proof.tokens import MASTER_KEY_BYTES, MAX_KEY_ID

MAC_CALLS: Final = 4
"""Of KMS at once, for many addresses: a call waits a few milliseconds and computes nothing here."""
CACHE_MS: Final = 5 * 60_000
SETTLING_MS: Final = 2 * CACHE_MS
"""A new link key makes no links until every process that reads them has surely seen it."""


class KmsAddressMac:
    """`ports.keys.AddressMac` by KMS ``GenerateMac`` under an ``HMAC_256`` key."""

    def __init__(self, *, key_id: str, controller: str) -> None:
        self._key_id = key_id
        self._prefix = b"cl1/email\0" + controller.encode() + b"\0"

    def mac(self, normal_address: str) -> str:
        """Return the MAC of a normalised address as base64url, 43 characters."""
        with translated("compute an address MAC"):
            answer = client("kms").generate_mac(
                KeyId=self._key_id,
                Message=self._prefix + normal_address.encode(),
                MacAlgorithm="HMAC_SHA_256",
            )
        return encode_id(answer["Mac"])

    def macs(self, normal_addresses: Sequence[str]) -> tuple[str, ...]:
        """Return the MAC of each address, in their order; four are asked for at a time.

        Raises:
            DependencyError: one could not be computed; none is returned.
        """
        from concurrent.futures import ThreadPoolExecutor

        if len(normal_addresses) <= 1:
            return tuple(map(self.mac, normal_addresses))
        client("kms")  # Before there are threads that would each ask for it.
        with ThreadPoolExecutor(max_workers=MAC_CALLS) as pool:
            return tuple(pool.map(self.mac, normal_addresses))


class KmsLogSigner:
    """`ports.keys.LogSigner` by a KMS key of spec ``ECC_NIST_EDWARDS25519``."""

    def __init__(self, *, key_id: str) -> None:
        self._key_id = key_id
        self._public: bytes | None = None

    @property
    def public_key(self) -> bytes:
        """The 32 raw public key bytes, asked for once a process.

        Raises:
            FatalError: the key is of another kind.
        """
        if self._public is None:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
            from cryptography.hazmat.primitives.serialization import load_der_public_key

            with translated("read the log's public key"):
                answer = client("kms").get_public_key(KeyId=self._key_id)
            loaded = load_der_public_key(answer["PublicKey"])
            if not isinstance(loaded, Ed25519PublicKey):
                raise FatalError("the log key is not an Ed25519 key")
            self._public = loaded.public_bytes_raw()
        return self._public

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature of ``message``, verified before it is returned.

        Raises:
            FatalError: the message is longer than 4,096 bytes.
            BadSignature: KMS returned a signature that its own public key does not accept.
        """
        if len(message) > MAX_MESSAGE_BYTES:
            raise FatalError("a message to sign is at most 4,096 bytes")
        with translated("sign a checkpoint"):
            answer = client("kms").sign(
                KeyId=self._key_id,
                Message=message,
                MessageType="RAW",
                SigningAlgorithm="ED25519_SHA_512",
            )
        signature = bytes(answer["Signature"])
        self._require_valid(signature, message)
        return signature

    def _require_valid(self, signature: bytes, message: bytes) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            raise BadSignature("KMS returned a signature that does not verify") from None


class KmsLinkKeys:
    """`ports.keys.LinkKeys`: rows ``LINKKEYS``/``<key id>``, each a KMS-wrapped master key.

    The first is made at first use. Opened keys stay in memory for at most 5 minutes.
    """

    def __init__(self, *, key_id: str, campaigns_table: str, clock: Clock) -> None:
        self._key_id = key_id
        self._table = campaigns_table
        self._clock = clock
        self._cached: tuple[tuple[int, bytes], ...] = ()
        self._read_ms = 0

    def masters(self) -> tuple[tuple[int, bytes], ...]:
        """Return (key id 0..255, 32-byte master key) pairs, the one for new links first."""
        now_ms = self._clock.now_ms()
        if not self._cached or not 0 <= now_ms - self._read_ms < CACHE_MS:
            rows = self._rows()
            if not rows:
                self._make(0)
                rows = self._rows()
            self._cached = tuple((_id_of(row), self._open(row)) for row in _ordered(rows, now_ms))
            self._read_ms = now_ms
        return self._cached

    def rotate(self) -> int:
        """Add a key and return its id; it makes new links 10 minutes from now.

        Raises:
            Conflict: somebody else is adding a key, or 256 exist.
        """
        newest = max((_id_of(row) for row in self._rows()), default=-1)
        if newest >= MAX_KEY_ID:
            raise Conflict("no more link keys can be added: 256 exist")
        if not self._make(newest + 1):
            raise Conflict("somebody else added a link key at the same time")
        return newest + 1

    def _rows(self) -> list[Item]:
        rows = query(
            "read the link keys",
            client("dynamodb"),
            TableName=self._table,
            **of_partition("LINKKEYS"),
            ConsistentRead=True,
        )
        return [require_version(row) for row in rows]

    def _make(self, key_id: int) -> bool:
        with translated("make a link key"):
            answer = client("kms").generate_data_key(
                KeyId=self._key_id,
                NumberOfBytes=MASTER_KEY_BYTES,
                EncryptionContext=_context(key_id),
            )
        try:
            with translated("store a link key"):
                client("dynamodb").put_item(
                    TableName=self._table,
                    Item={
                        **key("LINKKEYS", f"{key_id:03d}"),
                        "v": number(ROW_VERSION),
                        "wrapped_key": binary(answer["CiphertextBlob"]),
                        "made_ms": number(self._clock.now_ms()),
                    },
                    ConditionExpression="attribute_not_exists(pk)",
                )
        except Conflict:
            return False
        return True

    def _open(self, row: Item) -> bytes:
        with translated("open a link key"):
            answer = client("kms").decrypt(
                KeyId=self._key_id,
                CiphertextBlob=require_binary(row, "wrapped_key"),
                EncryptionContext=_context(_id_of(row)),
            )
        return bytes(answer["Plaintext"])


def _id_of(row: Item) -> int:
    return int(require_text(row, "sk"))


def _context(key_id: int) -> dict[str, str]:
    return {"kvitto": "link-key", "id": str(key_id)}


def _ordered(rows: list[Item], now_ms: int) -> list[Item]:
    """Newest first, but keys still settling last; the very first key has nobody to wait for."""
    newest_first = sorted(rows, key=_id_of, reverse=True)
    settled = [
        row for row in newest_first if now_ms - require_number(row, "made_ms") >= SETTLING_MS
    ]
    settling = [row for row in newest_first if row not in settled]
    return settled + settling if settled else settling[::-1]
