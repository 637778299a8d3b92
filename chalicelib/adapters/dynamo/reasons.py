# SPDX-License-Identifier: Apache-2.0
"""Why people left, as sums in the campaigns table.

Guarantees that a row holds numbers alone. A call whose first answer was lost may count twice.
Rows: `LEFT#B#<brand>`/`LEFT` and `LEFT#C#<campaign>`/`LEFT`, one attribute for each reason.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import ROW_VERSION, key, number, require_version

_LEFT: Final = "LEFT"
_OWN: Final = frozenset({"pk", "sk", "v"})


class DynamoReasons:
    """`Reasons` on DynamoDB."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def count(self, brand_id: str, campaign_id: str | None, reason: str) -> None:
        """Add one to a reason of the brand, and of the campaign when it is known."""
        self._add(f"B#{brand_id}", reason)
        if campaign_id is not None:
            self._add(f"C#{campaign_id}", reason)

    def of_brand(self, brand_id: str) -> Mapping[str, int]:
        """Return how often each reason was given."""
        return self._read(f"B#{brand_id}")

    def of_campaign(self, campaign_id: str) -> Mapping[str, int]:
        """Return how often each reason was given after a campaign's mail."""
        return self._read(f"C#{campaign_id}")

    def _add(self, whose: str, reason: str) -> None:
        with translated("count why somebody left"):
            client("dynamodb").update_item(
                TableName=self._table,
                Key=key(f"{_LEFT}#{whose}", _LEFT),
                UpdateExpression="SET v = :v ADD #reason :one",
                ExpressionAttributeNames={"#reason": reason},
                ExpressionAttributeValues={":v": number(ROW_VERSION), ":one": number(1)},
            )

    def _read(self, whose: str) -> Mapping[str, int]:
        with translated("read why people left"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=key(f"{_LEFT}#{whose}", _LEFT), ConsistentRead=True
            )
        item = answer.get("Item")
        if item is None:
            return {}
        row = require_version(item)
        return {name: int(value["N"]) for name, value in row.items() if name not in _OWN}
