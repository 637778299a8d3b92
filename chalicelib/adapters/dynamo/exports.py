# SPDX-License-Identifier: Apache-2.0
"""`ports.exports.ExportFence` on DynamoDB: one row of the campaigns table.

Row: `EXPORTS`/`FENCE` with `v` and `place`, 16 random bytes as text, put anew at every move.
"""

from typing import Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    key,
    number,
    require_text,
    require_version,
    text,
)
from chalicelib.domain.ids import RANDOM_ID_BYTES, encode_id
from chalicelib.ports.system import RandomBytes

_KEY: Final = key("EXPORTS", "FENCE")


class DynamoExportFence:
    """`ExportFence` on DynamoDB."""

    def __init__(self, campaigns_table: str, random: RandomBytes) -> None:
        self._table = campaigns_table
        self._random = random

    def place(self) -> str:
        """Return where it stands, read strongly; "" when nobody was ever erased.

        Raises:
            FatalError: the row is of an unknown schema version.
        """
        with translated("read the fence of exports"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=_KEY, ConsistentRead=True
            )
        item = answer.get("Item")
        return "" if item is None else require_text(require_version(item), "place")

    def move(self) -> None:
        """Put it where it never stood before."""
        place = text(encode_id(self._random(RANDOM_ID_BYTES)))
        with translated("move the fence of exports"):
            client("dynamodb").put_item(
                TableName=self._table, Item={**_KEY, "v": number(ROW_VERSION), "place": place}
            )
