# SPDX-License-Identifier: Apache-2.0
"""`ports.ledger.Outbox` and `HeadStore` on DynamoDB: what waits for the log, and its head.

Guarantees that an entry leaves the outbox only after its index row is stored, and that the head
changes only from exactly the head its writer read.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    binary,
    delete_all,
    key,
    number,
    of_partition,
    put_all,
    require_binary,
    require_number,
    require_version,
    text,
    text_of,
)
from chalicelib.adapters.dynamo.ledger_rows import located_item, pending_of
from chalicelib.domain.ids import SHARDS
from chalicelib.ports.ledger import Head, Pending
from chalicelib.ports.system import Clock, RandomBytes


class DynamoOutbox:
    """Entries committed and not yet in the log, in 16 partitions of the ledger table."""

    def __init__(self, *, ledger_table: str, clock: Clock, random: RandomBytes) -> None:
        self._table = ledger_table
        self._clock = clock
        self._random = random

    def pending(self, limit: int) -> tuple[Pending, ...]:
        """Return up to ``limit`` entries over all shards, read strongly, oldest first.

        The shards take turns, so that a full one does not keep the others waiting.
        """
        found: list[Pending] = []
        waiting: dict[str, Any] = dict.fromkeys(SHARDS)
        while waiting and len(found) < limit:
            share = max(1, (limit - len(found)) // len(waiting))
            for shard in tuple(waiting):
                if len(found) == limit:
                    break
                page, start = self._page(shard, share, waiting[shard])
                found.extend(page)
                if start is None:
                    del waiting[shard]
                else:
                    waiting[shard] = start
        return tuple(sorted(found, key=lambda entry: entry.key[1]))

    def settle(self, indexed: Sequence[tuple[Pending, int]]) -> None:
        """Record each entry's log index and drop it from the outbox; repeating is harmless."""
        rows = {
            entry.event: located_item(entry.event, entry.sid, entry.n, index)
            for entry, index in indexed
        }
        keys = dict.fromkeys(entry.key for entry, _ in indexed)
        dynamodb = client("dynamodb")
        store = (dynamodb, self._table)
        put_all("index entries", *store, list(rows.values()), self._clock, self._random)
        done = [key(pk, sk) for pk, sk in keys]
        delete_all("settle the outbox", *store, done, self._clock, self._random)

    def _page(self, shard: str, limit: int, start: Any) -> tuple[list[Pending], Any]:
        request: dict[str, Any] = {
            "TableName": self._table,
            **of_partition(f"Q#{shard}"),
            "ConsistentRead": True,
            "Limit": limit,
        }
        if start is not None:
            request["ExclusiveStartKey"] = start
        with translated(f"read outbox shard {shard}"):
            answer = client("dynamodb").query(**request)
        return [pending_of(row) for row in answer["Items"]], answer.get("LastEvaluatedKey")


class DynamoHeadStore:
    """The head of the log ``origin``: one row of the ledger table."""

    def __init__(self, *, ledger_table: str, origin: str) -> None:
        self._table = ledger_table
        self._key = key(f"HEAD#{origin}", "HEAD")

    def read(self) -> Head | None:
        """Return the head, read strongly; None before the log's first checkpoint."""
        with translated("read the log's head"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=self._key, ConsistentRead=True
            )
        if "Item" not in answer:
            return None
        item = require_version(answer["Item"])
        return Head(
            size=require_number(item, "size"),
            root=require_binary(item, "root"),
            checkpoint=require_binary(item, "checkpoint"),
            staged=text_of(item, "staged"),
        )

    def swap(self, expected: Head | None, new: Head) -> None:
        """Replace ``expected`` by ``new``.

        Raises:
            Conflict: the head is not ``expected`` (its size, root and staged key). When the SDK
                had to ask twice, it may be ``new`` already: read again before deciding anything.
            Unavailable: the outcome is unknown; the caller must stop and read again later.
        """
        item = {
            **self._key,
            "v": number(ROW_VERSION),
            "size": number(new.size),
            "root": binary(new.root),
            "checkpoint": binary(new.checkpoint),
        }
        if new.staged is not None:
            item["staged"] = text(new.staged)
        with translated(f"move the log's head to size {new.size}"):
            client("dynamodb").put_item(TableName=self._table, Item=item, **_unchanged(expected))


def _unchanged(expected: Head | None) -> dict[str, Any]:
    if expected is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    values = {
        ":v": number(ROW_VERSION),
        ":size": number(expected.size),
        ":root": binary(expected.root),
    }
    staged = "attribute_not_exists(staged)"
    if expected.staged is not None:
        staged = "staged = :staged"
        values[":staged"] = text(expected.staged)
    return {
        "ConditionExpression": f"v = :v AND #size = :size AND root = :root AND {staged}",
        "ExpressionAttributeNames": {"#size": "size"},
        "ExpressionAttributeValues": values,
    }
