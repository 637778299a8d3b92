# SPDX-License-Identifier: Apache-2.0
"""How far SES's list was compared, in one row of the campaigns table.

Guarantees that it is only replaced by who read its present revision. Holds times and counts: never
an address, nor SES's token, which may hold one.

Row: campaigns `AL`/`SES`.
"""

from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    conditionally,
    key,
    number,
    number_of,
    require_number,
    require_version,
)
from chalicelib.domain.account_list import Comparison
from chalicelib.errors import Conflict
from chalicelib.ports.account_list import ComparisonRow

_KEY: Final = key("AL", "SES")
_NUMBERS: Final = ("done_ms", "step_ms", "seen", "added", "removed")


class DynamoComparisons:
    """`Comparisons` on DynamoDB: one strong read, one conditional write."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def read(self) -> ComparisonRow:
        """Return it, read strongly; a fresh one of revision 0 when nothing was compared yet."""
        with translated("read how far SES's list was compared"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=_KEY, ConsistentRead=True
            )
        item: Item = answer.get("Item", {})
        if not item:
            return ComparisonRow(comparison=Comparison(), revision=0)
        row = require_version(item)
        return ComparisonRow(
            comparison=Comparison(
                **{name: require_number(row, name) for name in _NUMBERS},
                run_ms=number_of(row, "run_ms"),
            ),
            revision=require_number(row, "revision"),
        )

    def write(self, comparison: Comparison, revision: int) -> None:
        """Store it over the row of ``revision``.

        Raises:
            Conflict: the row changed since it was read.
        """
        item: dict[str, Any] = {
            **_KEY,
            "v": number(ROW_VERSION),
            "revision": number(revision + 1),
            **{name: number(getattr(comparison, name)) for name in _NUMBERS},
        }
        if comparison.run_ms is not None:
            item["run_ms"] = number(comparison.run_ms)
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if revision:
            condition = {
                "ConditionExpression": "revision = :revision",
                "ExpressionAttributeValues": {":revision": number(revision)},
            }
        answer, _ = conditionally(
            "note how far SES's list was compared",
            client("dynamodb").put_item,
            TableName=self._table,
            Item=item,
            **condition,
        )
        if answer is None:
            raise Conflict("how far SES's list was compared changed since it was read")
