# SPDX-License-Identifier: Apache-2.0
"""`ports.facts.FactScan` on DynamoDB: reads of ids alone; nothing sealed leaves the tables.

Guarantees whole answers or an error. Who has an order due is asked of the audience, shard by
shard; of whom rows are kept, of the whole activity table, which only an operator's check does.
"""

from collections.abc import Iterator
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.activity import events_key
from chalicelib.adapters.dynamo.facts import DUE
from chalicelib.adapters.dynamo.items import (
    number,
    of_partition,
    query,
    require_text,
    require_version,
    text,
)
from chalicelib.domain.ids import SubjectId
from chalicelib.ports.facts import event_row, order_row

_PEOPLE: Final = events_key(SubjectId(""))


class DynamoFactScan:
    """`FactScan` on DynamoDB: a filtered Query of a shard, a filtered Scan of the activity."""

    def __init__(self, *, audience_table: str, activity_table: str) -> None:
        self._audience = audience_table
        self._activity = activity_table

    def due(self, shard: str, day: int | None) -> Iterator[SubjectId]:
        """Yield who has an order due by ``day``; None: who has an order at all. By id."""
        request: dict[str, Any] = {
            "TableName": self._audience,
            **of_partition(shard),
            "ProjectionExpression": "pk, sk, v",
            "FilterExpression": "attribute_exists(#due)",
            "ExpressionAttributeNames": {"#due": DUE},
        }
        if day is not None:
            request["FilterExpression"] = "#due <= :day"
            request["ExpressionAttributeValues"] |= {":day": number(day)}
        for row in query(f"read who is due in shard {shard}", client("dynamodb"), **request):
            yield SubjectId(require_text(require_version(row), "sk"))

    def holders(self) -> Iterator[SubjectId]:
        """Yield of whom events or orders are kept, each once: a partition is read in one piece."""
        request: dict[str, Any] = {
            "TableName": self._activity,
            "ProjectionExpression": "pk",
            "FilterExpression": "begins_with(pk, :people) AND "
            "(begins_with(sk, :event) OR begins_with(sk, :order))",
            "ExpressionAttributeValues": {
                ":people": text(_PEOPLE),
                ":event": text(event_row("")),
                ":order": text(order_row("")),
            },
        }
        last: str | None = None
        while True:
            with translated("read of whom events and orders are kept"):
                answer = client("dynamodb").scan(**request)
            for row in answer["Items"]:
                found = require_text(row, "pk").removeprefix(_PEOPLE)
                if found != last:
                    yield SubjectId(found)
                last = found
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
