# SPDX-License-Identifier: Apache-2.0
"""`RunStore` on DynamoDB: the lease of a run, and the marks by which its chunks are sent.

Guarantees that a mark is one update conditional on the view it was made from, so that DynamoDB
alone decides who calls SES. Refuses to take an update that met its own mark, repeated by the SDK
because an answer was lost, for somebody else's. Rows: `adapters.dynamo.run_rows`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chalicelib.adapters.aws import client
from chalicelib.adapters.dynamo import deliveries
from chalicelib.adapters.dynamo.items import (
    Item,
    binary,
    conditionally,
    number,
    put_all,
    query,
    require_number,
    text,
    text_of,
)
from chalicelib.adapters.dynamo.run_rows import (
    CHUNK_VERSION,
    HOLDS,
    KNOWN,
    MARKED_NAMES,
    chunk_key,
    chunk_rows,
    lease_key,
    marking,
    message_ids_value,
    outcome_values,
    ref_of,
    view_of,
)
from chalicelib.domain.campaigns import ChunkRef, ChunkStatus
from chalicelib.domain.outcomes import given_back, tell
from chalicelib.domain.runs import ChunkView, Mark, RunRef, Settled
from chalicelib.errors import Conflict, FatalError, Throttled
from chalicelib.ports.sending import DeliveryRow
from chalicelib.ports.system import Clock, RandomBytes

_TRIES: Final = 5
"""Each try that fails meets what events told a moment ago; they tell of a chunk a few times."""
_KEEP_LEASE_S: Final = 7 * 24 * 3600
"""A lease row means nothing once it ended; it is removed so much later."""


class DynamoRuns:
    """`RunStore` on DynamoDB: a run costs one update and one Query, a chunk in it two updates."""

    def __init__(self, campaigns_table: str, clock: Clock, random: RandomBytes) -> None:
        self._table = campaigns_table
        self._clock = clock
        self._random = random

    def lease(self, run: RunRef, owner: str, now_ms: int, lease_ms: int) -> int:
        """Take a run and return how often it was taken without an end, this time included.

        Raises:
            Conflict: another worker's lease has not ended.
        """
        until_ms = now_ms + lease_ms
        answer, old = conditionally(
            "lease a run",
            client("dynamodb").update_item,
            known=KNOWN,
            TableName=self._table,
            Key=lease_key(run),
            UpdateExpression=(
                "SET v = :v, #owner = :owner, lease_ms = :until, expires_at = :gone ADD tries :one"
            ),
            ConditionExpression="attribute_not_exists(pk) OR (v = :v AND lease_ms < :now)",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={
                ":v": number(CHUNK_VERSION),
                ":owner": text(owner),
                ":until": number(until_ms),
                ":now": number(now_ms),
                ":gone": number(until_ms // 1000 + _KEEP_LEASE_S),
                ":one": number(1),
            },
            ReturnValues="ALL_NEW",
        )
        row: Item = old if answer is None else answer["Attributes"]
        if text_of(row, "owner") != owner:
            raise Conflict(f"run {run.first} of shard {run.shard} is another worker's")
        return require_number(row, "tries")

    def close(self, run: RunRef, owner: str, *, counted: bool) -> None:
        """Give a run back before its lease ends; harmless when it is not ``owner``'s any more."""
        conditionally(
            "close a run",
            client("dynamodb").update_item,
            known=KNOWN,
            TableName=self._table,
            Key=lease_key(run),
            UpdateExpression="SET lease_ms = :ended ADD tries :less",
            ConditionExpression="v = :v AND #owner = :owner AND lease_ms > :ended",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={
                ":v": number(CHUNK_VERSION),
                ":owner": text(owner),
                ":ended": number(0),
                ":less": number(0 if counted else -1),
            },
        )

    def view(self, run: RunRef) -> tuple[ChunkView, ...]:
        """Return every chunk of the run, in order, read strongly."""
        last = run.first + run.count - 1
        rows = query(
            "view a run",
            client("dynamodb"),
            TableName=self._table,
            **chunk_rows(run.campaign, run.shard, f"{run.first:07d}", f"{last:07d}"),
            ConsistentRead=True,
        )
        found = {}
        for item in rows:
            chunk = ref_of(item, run.campaign, run.shard)
            found[chunk] = view_of(item, chunk)
        return tuple(found.get(chunk) or ChunkView(chunk=chunk) for chunk in run.chunks)

    def dispatch(self, mark: Mark, rows: Sequence[DeliveryRow]) -> None:
        """Write the mark on condition that its view still holds, then every row.

        Raises:
            Conflict: the chunk was marked by another since the view, or this mark is past.
            Throttled: not every row was stored.
            FatalError: the rows are not one for each person dispatched.
        """
        if len(rows) != mark.people:
            raise FatalError("a mark has one delivery row for each person dispatched")
        change, condition, names, values = marking(mark)
        met = self._update("mark a chunk", mark.chunk, change, condition, names, values)
        # The SDK repeats a call whose answer was lost: then this very mark is there.
        if met is not None and not mark.begun(met):
            raise _lost(mark)
        items = [deliveries.to_item(row) for row in rows]
        dynamodb = client("dynamodb")
        put_all("write deliveries", dynamodb, self._table, items, self._clock, self._random)

    def commit(self, mark: Mark, settled: Settled) -> None:
        """Write what came of a mark, merged with what events told meanwhile.

        Raises:
            Conflict: the chunk is not held by this mark, or was given back by it.
            FatalError: the outcome cannot have come of this mark; nothing was written.
        """
        settled.require_of(mark)
        ids = message_ids_value(mark, settled.message_ids)
        seen = mark.codes
        for _ in range(_TRIES):
            codes = tell(seen, settled.codes)
            met = self._leave(
                "commit a chunk",
                mark,
                seen,
                codes,
                ", ids = :ids, at_ms = :at",
                {":ids": ids, ":at": number(settled.at_ms)},
            )
            if met is None:
                return
            if not mark.holds(met) or met.codes is None:
                raise _lost(mark)
            if tell(met.codes, settled.codes) == met.codes:
                return
            seen = met.codes
        raise Throttled("commit a chunk: its row changed again and again")

    def release(self, mark: Mark) -> None:
        """Open everybody dispatched by a mark of which SES surely took nobody.

        Raises:
            Conflict: the mark was committed, or called unknown, before.
        """
        seen = mark.codes
        for _ in range(_TRIES):
            met = self._leave("release a chunk", mark, seen, given_back(seen), "", {})
            if met is None or not mark.holds(met) or met.codes is None:
                return
            if met.status is not ChunkStatus.DISPATCHED:
                if mark.opened(met.codes):
                    return
                raise _lost(mark)
            seen = met.codes
        raise Throttled("release a chunk: its row changed again and again")

    def _leave(
        self,
        what: str,
        mark: Mark,
        seen: bytes,
        codes: bytes,
        more: str,
        values: Mapping[str, Any],
    ) -> ChunkView | None:
        """Leave a mark's chunk with ``codes`` where it has those ``seen``; else what it met."""
        return self._update(
            what,
            mark.chunk,
            f"SET #status = :status, #out = :out{more}",
            f"{HOLDS} AND #out = :seen",
            MARKED_NAMES,
            {**outcome_values(mark, codes), ":seen": binary(seen), **values},
        )

    def _update(
        self,
        what: str,
        chunk: ChunkRef,
        change: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> ChunkView | None:
        """Update a chunk on a condition; return None, or the row it met instead."""
        answer, old = conditionally(
            what,
            client("dynamodb").update_item,
            known=KNOWN,
            TableName=self._table,
            Key=chunk_key(chunk),
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        if answer is not None:
            return None
        return view_of(old, chunk) if old else ChunkView(chunk=chunk)


def _lost(mark: Mark) -> Conflict:
    chunk = mark.chunk
    return Conflict(f"chunk {chunk.number} of shard {chunk.shard} is not this mark's")
