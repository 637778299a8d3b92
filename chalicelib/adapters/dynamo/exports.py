# SPDX-License-Identifier: Apache-2.0
"""`ports.exports.ExportFence` on DynamoDB: two rows of the campaigns table.

Rows: `EXPORTS`/`FENCE`, and `EXPORTS`/`CALENDAR` for erasures that end exports alone, each with `v`
and `place`, 16 random bytes as text, put anew at every move.
"""

from typing import Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    key,
    number,
    require_text,
    require_version,
    text,
)
from chalicelib.domain.ids import RANDOM_ID_BYTES, encode_id
from chalicelib.ports.system import RandomBytes

_ALL: Final = key("EXPORTS", "FENCE")
_CALENDAR: Final = key("EXPORTS", "CALENDAR")


class DynamoExportFence:
    """`ExportFence` on DynamoDB."""

    def __init__(self, campaigns_table: str, random: RandomBytes) -> None:
        self._table = campaigns_table
        self._random = random

    def place(self) -> str:
        """Return where it stands for exports, read strongly; "" when nobody was ever erased.

        Raises:
            FatalError: a row is of an unknown schema version.
        """
        return ".".join(filter(None, (self._place(_ALL), self._place(_CALENDAR))))

    def place_of_imports(self) -> str:
        """Return where it stands for imports, read strongly.

        Raises:
            FatalError: as `place`.
        """
        return self._place(_ALL)

    def move(self) -> None:
        """Put it where it never stood before."""
        self._move(_ALL)

    def move_exports(self) -> None:
        """Put it where it never stood before, for exports alone."""
        self._move(_CALENDAR)

    def _place(self, row: Item) -> str:
        with translated("read the fence of exports"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=row, ConsistentRead=True
            )
        item = answer.get("Item")
        return "" if item is None else require_text(require_version(item), "place")

    def _move(self, row: Item) -> None:
        place = text(encode_id(self._random(RANDOM_ID_BYTES)))
        with translated("move the fence of exports"):
            client("dynamodb").put_item(
                TableName=self._table, Item={**row, "v": number(ROW_VERSION), "place": place}
            )
