# SPDX-License-Identifier: Apache-2.0
"""`ports.time.Anchors` on DynamoDB: one row for each stamped checkpoint, in the ledger table.

Guarantees that the nearest anchor on either side of a place in the log is one read of one row.
"""

from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    key,
    number,
    require_number,
    require_version,
    text,
)
from chalicelib.ports.time import Anchor

SIZE_DIGITS: Final = 20
"""Zero-padded, so that the order of the sort key is the order of the numbers."""


class DynamoAnchors:
    """The anchors of the log ``origin``."""

    def __init__(self, *, ledger_table: str, origin: str) -> None:
        self._table = ledger_table
        self._partition = f"A#{origin}"

    def add(self, anchor: Anchor) -> None:
        """Record an anchor; repeating is harmless, because a size is stamped once."""
        item = {
            **key(self._partition, _sort(anchor.size)),
            "v": number(ROW_VERSION),
            "time_ms": number(anchor.time_ms),
        }
        with translated(f"index the anchor of size {anchor.size}"):
            client("dynamodb").put_item(TableName=self._table, Item=item)

    def latest(self, size: int) -> Anchor | None:
        """Return the anchor of the largest size up to ``size``, read strongly."""
        return self._nearest("sk <= :sk", size, ascending=False)

    def next_above(self, index: int) -> Anchor | None:
        """Return the anchor of the smallest size above ``index``, read strongly."""
        return self._nearest("sk > :sk", index, ascending=True)

    def _nearest(self, side: str, size: int, *, ascending: bool) -> Anchor | None:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": f"pk = :pk AND {side}",
            "ExpressionAttributeValues": {":pk": text(self._partition), ":sk": text(_sort(size))},
            "ConsistentRead": True,
            "ScanIndexForward": ascending,
            "Limit": 1,
        }
        with translated("find an anchor"):
            rows = client("dynamodb").query(**request)["Items"]
        if not rows:
            return None
        row = require_version(rows[0])
        return Anchor(size=int(row["sk"]["S"]), time_ms=require_number(row, "time_ms"))


def _sort(size: int) -> str:
    return f"{size:0{SIZE_DIGITS}d}"
