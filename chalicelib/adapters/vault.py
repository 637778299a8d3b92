# SPDX-License-Identifier: Apache-2.0
"""`ports.keys.KeyWrapper`: subject keys wrapped here, under an epoch key that KMS wraps.

Guarantees that a subject costs no KMS call, and that the epoch key is in memory for at most 5
minutes and stored nowhere but as KMS ciphertext (vault table, ``EPOCH``/``<epoch n10>``).
Refuses an epoch row that KMS does not open for exactly that epoch number.

Source: AWS KMS API Reference, GenerateDataKey and Decrypt (encryption context).
"""

from typing import Final

from chalicelib.adapters.aws import client, error_code, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    key,
    number,
    of_partition,
    require_binary,
    require_text,
    require_version,
)
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.sealing import KEY_BYTES, NONCE_BYTES, BadSeal, Kek, wrapped_epoch

CACHE_MS: Final = 5 * 60_000
FIRST_EPOCH: Final = 1
_ALTERED: Final = frozenset({"IncorrectKeyException", "InvalidCiphertextException"})


class EpochKeyWrapper:
    """Wraps with the newest epoch's key and unwraps with whichever epoch a wrapped key names."""

    def __init__(self, *, key_id: str, vault_table: str, clock: Clock, random: RandomBytes) -> None:
        self._key_id = key_id
        self._table = vault_table
        self._clock = clock
        self._random = random
        self._opened: dict[int, tuple[Kek, int]] = {}
        self._newest: tuple[int, int] | None = None

    def wrap(self, sid: bytes, key: bytes) -> bytes:
        """Return ``key`` wrapped for ``sid`` (16 bytes): 65 bytes under the newest epoch."""
        return self.kek(self._newest_epoch()).wrap(sid, key, self._random(NONCE_BYTES))

    def unwrap(self, sid: bytes, wrapped: bytes) -> bytes:
        """Return the subject key.

        Raises:
            EvidenceError: the wrapped bytes are not this subject's, were altered, or belong to an
                epoch whose key is gone.
        """
        return self.kek(wrapped_epoch(wrapped)).unwrap(sid, wrapped)

    def kek(self, epoch: int) -> Kek:
        """Return the epoch's key, at most 5 minutes after KMS opened it.

        Raises:
            EvidenceError: there is no such epoch, or KMS does not open its row for it.
        """
        opened = self._opened.get(epoch)
        if opened is not None and self._is_fresh(opened[1]):
            return opened[0]
        self._opened.pop(epoch, None)
        read_ms = self._clock.now_ms()
        kek = self._open(epoch)
        self._opened[epoch] = (kek, read_ms)
        return kek

    def _newest_epoch(self) -> int:
        if self._newest is not None and self._is_fresh(self._newest[1]):
            return self._newest[0]
        read_ms = self._clock.now_ms()
        row = self._newest_row()
        if row is None:
            self._make(FIRST_EPOCH)
            row = self._newest_row()
        if row is None:
            raise FatalError("the vault lost its epoch key as it was made")
        epoch = int(require_text(row, "sk"))
        self._newest = (epoch, read_ms)
        return epoch

    def _is_fresh(self, read_ms: int) -> bool:
        return 0 <= self._clock.now_ms() - read_ms < CACHE_MS

    def _newest_row(self) -> Item | None:
        with translated("read the newest epoch"):
            answer = client("dynamodb").query(
                TableName=self._table,
                **of_partition("EPOCH"),
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=1,
            )
        return require_version(answer["Items"][0]) if answer["Items"] else None

    def _make(self, epoch: int) -> None:
        """Store a new epoch key unless somebody else just did: then theirs is used."""
        with translated("make an epoch key"):
            answer = client("kms").generate_data_key(
                KeyId=self._key_id, NumberOfBytes=KEY_BYTES, EncryptionContext=_context(epoch)
            )
        try:
            with translated("store an epoch key"):
                client("dynamodb").put_item(
                    TableName=self._table,
                    Item={
                        **_row_key(epoch),
                        "v": number(ROW_VERSION),
                        "wrapped_key": binary(answer["CiphertextBlob"]),
                    },
                    ConditionExpression="attribute_not_exists(pk)",
                )
        except Conflict:
            return

    def _open(self, epoch: int) -> Kek:
        from botocore.exceptions import ClientError

        with translated(f"read epoch {epoch}"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=_row_key(epoch), ConsistentRead=True
            )
        if "Item" not in answer:
            raise BadSeal("a wrapped subject key names an epoch that does not exist")
        ciphertext = require_binary(require_version(answer["Item"]), "wrapped_key")
        with translated(f"open the key of epoch {epoch}"):
            try:
                opened = client("kms").decrypt(
                    KeyId=self._key_id,
                    CiphertextBlob=ciphertext,
                    EncryptionContext=_context(epoch),
                )
            except ClientError as error:
                if error_code(error) in _ALTERED:
                    raise BadSeal("KMS does not open the stored epoch key") from None
                raise
        return Kek(epoch, opened["Plaintext"])


def _row_key(epoch: int) -> dict[str, dict[str, str]]:
    return key("EPOCH", f"{epoch:010d}")


def _context(epoch: int) -> dict[str, str]:
    return {"kvitto": "vault-epoch", "epoch": str(epoch)}
