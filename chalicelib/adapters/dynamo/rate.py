# SPDX-License-Identifier: Apache-2.0
"""The rate slot of the account and Region, on one row of the campaigns table.

Guarantees that no two reservations overlap: each is one conditional update of the row, decided by
DynamoDB and not by what a worker read before. Row: `RATE`/`SES`.
"""

from typing import Any

from chalicelib.adapters.aws import client
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    conditionally,
    key,
    number,
    require_number,
    require_version,
)
from chalicelib.domain.rate import US_PER_MS, interval_us, start_ms
from chalicelib.errors import Throttled


class DynamoRateSlot:
    """`RateSlot` on DynamoDB: one update while sending is steady, two after a pause."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def reserve(self, recipients: int, per_second: float, now_ms: int) -> int:
        """Reserve sending ``recipients`` and return when it may start, Unix milliseconds.

        An update that reached DynamoDB twice (its first answer was lost) reserves the time twice:
        sending is then slower for one call, never too fast.
        """
        take = interval_us(recipients, per_second)
        now = number(now_ms * US_PER_MS)
        values = {":take": number(take), ":v": number(ROW_VERSION)}
        append = "SET free_us = free_us + :take"
        row = self._update(append, "free_us >= :now AND v = :v", {**values, ":now": now})
        if row is None:
            row = self._update(
                "SET free_us = :end, v = :v",
                "attribute_not_exists(free_us) OR (free_us < :now AND v = :v)",
                {":now": now, ":v": values[":v"], ":end": number(now_ms * US_PER_MS + take)},
            )
        if row is None:
            # Somebody reserved in between. The row only ever moves forward, so now it is ahead.
            row = self._update(append, "attribute_exists(free_us) AND v = :v", values)
        if row is None:
            raise Throttled("reserve a rate slot: its row vanished meanwhile")
        return start_ms(require_number(row, "free_us") - take)

    def _update(self, change: str, condition: str, values: dict[str, Any]) -> Item | None:
        answer, _ = conditionally(
            "reserve a rate slot",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=key("RATE", "SES"),
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )
        return None if answer is None else require_version(answer["Attributes"])
