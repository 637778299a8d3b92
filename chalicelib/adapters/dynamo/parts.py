# SPDX-License-Identifier: Apache-2.0
"""Parts of a work that is done shard by shard: a row each, put once, all of them read together.

Rows: `<work>#<id>`/<shard>; they expire.
"""

from chalicelib.adapters.aws import client
from chalicelib.adapters.dynamo.items import Item, conditionally, of_partition, query


class PartRows:
    """The part rows of one kind of work, named in what is said when the store fails."""

    def __init__(self, table: str, work: str) -> None:
        self._table = table
        self._work = work

    def put(self, row: Item) -> None:
        """Store a row once; one of its shard that is there already stands."""
        conditionally(
            f"store a part of a {self._work}",
            client("dynamodb").put_item,
            TableName=self._table,
            Item=row,
            ConditionExpression="attribute_not_exists(pk)",
        )

    def of(self, partition: str) -> tuple[Item, ...]:
        """Return the rows stored so far, by shard, read strongly."""
        rows = query(
            f"read the parts of a {self._work}",
            client("dynamodb"),
            TableName=self._table,
            ConsistentRead=True,
            **of_partition(partition),
        )
        return tuple(rows)
