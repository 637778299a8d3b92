# SPDX-License-Identifier: Apache-2.0
"""Pages of one partition, for the low-level DynamoDB client.

Guarantees that a page is read strongly, in the order of its sort keys, and that its cursor leads
back only into the same partition.
"""

from typing import Any

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.cursors import make_cursor, read_cursor
from chalicelib.adapters.dynamo.items import Item, key, of_partition


def read_page(
    what: str, table: str, partition: str, cursor: str | None, limit: int
) -> tuple[list[Item], str | None]:
    """Return up to ``limit`` (1 to 100) rows of a partition, and the cursor after the last.

    Raises:
        InputError: the cursor was not made for this partition.
    """
    start: dict[str, Any] = {}
    if cursor is not None:
        start["ExclusiveStartKey"] = key(partition, read_cursor(partition, cursor))
    with translated(what):
        answer = client("dynamodb").query(
            TableName=table, Limit=limit, ConsistentRead=True, **of_partition(partition), **start
        )
    last = answer.get("LastEvaluatedKey")
    return answer["Items"], make_cursor(partition, last["sk"]["S"]) if last else None
