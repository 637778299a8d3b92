# SPDX-License-Identifier: Apache-2.0
"""Yesterday's code, kept as it was: chunk claims, delivery rows and shard totals of version 1.

Guarantees that at most one owner ever dispatches a chunk: the mark is one conditional update on
the claim's owner, so a clock that runs ahead can take a claim away but never dispatch beside it.
Refuses to move a chunk backwards, except by `release`, when an attempt sent nothing, and by a
commit that leaves somebody unsettled; what is settled stays, as rounds.

Rows: `K#<campaign>#<shard>`/`<number, 7 digits>` a chunk; the same key with `TOTAL` what the shard
plans; `D#<delivery>`/`D` a delivery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from chalicelib.adapters.aws import client
from chalicelib.adapters.dynamo import chunk_counts, deliveries
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    conditionally,
    key,
    number,
    of_partition,
    put_all,
    query,
    require_text,
    require_version,
    text,
    text_of,
)
from chalicelib.domain.campaigns import ChunkRef, ChunkStatus, Progress
from chalicelib.domain.ids import SHARDS, CampaignId, DeliveryId
from chalicelib.errors import Conflict
from chalicelib.ports.sending import DeliveryRow, DeliverySeen
from chalicelib.ports.system import Clock, RandomBytes
from tests.support.former_port import ChunkResult, Claim

_NOBODY: Final[Mapping[str, int]] = MappingProxyType({})
_OWNED: Final = "#owner = :owner AND v = :v"
_NAMES: Final = {"#status": "status", "#owner": "owner"}


class DynamoChunks:
    """`ChunkStore` on DynamoDB; four writes of a chunk and one of each delivery."""

    def __init__(self, campaigns_table: str, clock: Clock, random: RandomBytes) -> None:
        self._table = campaigns_table
        self._clock = clock
        self._random = random

    def claim(self, chunk: ChunkRef, owner: str, now_ms: int, lease_ms: int) -> Claim | None:
        """Claim it. None when done or dispatched; `Conflict` while another lease lives."""
        row, old = self._change(
            "claim a chunk",
            chunk,
            "SET #status = :claimed, #owner = :owner, lease_ms = :lease, v = :v ADD claims :one",
            "attribute_not_exists(pk) OR (v = :v AND (#status = :partial"
            " OR (#status = :claimed AND (lease_ms < :now OR #owner = :owner))))",
            owner,
            {
                ":claimed": text(ChunkStatus.CLAIMED),
                ":partial": text(ChunkStatus.PARTIAL),
                ":lease": number(now_ms + lease_ms),
                ":now": number(now_ms),
                ":one": number(1),
            },
        )
        if row is not None:
            return Claim(unsettled=chunk_counts.places(row))
        if require_text(old, "status") == ChunkStatus.CLAIMED:
            raise Conflict(f"chunk {chunk.number} of shard {chunk.shard} is claimed already")
        return None

    def dispatch(
        self,
        chunk: ChunkRef,
        owner: str,
        rows: Sequence[DeliveryRow],
        now_ms: int,
        skipped: Mapping[str, int] = _NOBODY,
    ) -> None:
        """Mark the chunk dispatched (conditionally on the claim), then write its rows.

        Raises:
            Conflict: the claim is no longer ``owner``'s.
            Throttled: not every row was stored; nothing may be sent before `release`.
        """
        values = {
            ":claimed": text(ChunkStatus.CLAIMED),
            ":dispatched": text(ChunkStatus.DISPATCHED),
            ":now": number(now_ms),
            ":people": number(len(rows)),
            ":skipped": people(skipped),
        }
        done, old = self._change(
            "mark a chunk dispatched",
            chunk,
            "SET #status = :dispatched, dispatched_ms = :now, people = :people, skipped = :skipped",
            f"{_OWNED} AND #status = :claimed",
            owner,
            values,
        )
        # The SDK repeats a call whose answer was lost: then this very call's mark is there.
        ours = (text_of(old, "owner"), old.get("status"), old.get("dispatched_ms"))
        if done is None and ours != (owner, values[":dispatched"], values[":now"]):
            raise Conflict(f"chunk {chunk.number} of shard {chunk.shard} is not this owner's")
        items = [deliveries.to_item(row) for row in rows]
        dynamodb = client("dynamodb")
        put_all("write deliveries", dynamodb, self._table, items, self._clock, self._random)

    def release(self, chunk: ChunkRef, owner: str) -> None:
        """Give back a chunk dispatched or claimed when this attempt surely sent nothing of it.

        Raises:
            Conflict: it is not ``owner``'s, or was committed or turned unknown already.
        """
        done, old = self._change(
            "release a chunk",
            chunk,
            "SET #status = :claimed, lease_ms = :never, released_by = :owner"
            " REMOVE #owner, dispatched_ms, people, skipped",
            f"{_OWNED} AND #status IN (:claimed, :dispatched)",
            owner,
            {
                ":claimed": text(ChunkStatus.CLAIMED),
                ":dispatched": text(ChunkStatus.DISPATCHED),
                ":never": number(0),
            },
        )
        if done is None and text_of(old, "released_by") != owner:
            raise Conflict(f"chunk {chunk.number} of shard {chunk.shard} is not this owner's")

    def commit(self, chunk: ChunkRef, owner: str, result: ChunkResult) -> None:
        """Add what this attempt settled; an outcome that comes late replaces unknown.

        Raises:
            Conflict: it is not ``owner``'s, or somebody was sent to without `dispatch`.
        """
        if result.unsettled:
            self._commit_part(chunk, owner, result)
            return
        values = {
            ":done": text(ChunkStatus.DONE),
            ":dispatched": text(ChunkStatus.DISPATCHED),
            ":unknown": text(ChunkStatus.UNKNOWN),
            ":at": number(result.at_ms),
            ":sent": number(result.sent),
            ":rejected": number(result.rejected),
            ":lost": number(result.unknown),
            ":skipped": people(result.skipped),
            ":ids": ids(result),
        }
        allowed = ":dispatched, :unknown"
        if not result.sent + result.rejected + result.unknown:
            # Everybody was skipped, so there was nothing to dispatch.
            allowed += ", :claimed"
            values[":claimed"] = text(ChunkStatus.CLAIMED)
        done, old = self._change(
            "commit a chunk",
            chunk,
            "SET #status = :done, at_ms = :at, n_sent = :sent, n_rejected = :rejected,"
            " n_unknown = :lost, skipped = :skipped, message_ids = :ids REMOVE unsettled",
            f"{_OWNED} AND #status IN ({allowed})",
            owner,
            values,
        )
        repeated = (text_of(old, "owner"), old.get("status")) == (owner, values[":done"])
        if done is None and not repeated:
            raise Conflict(f"chunk {chunk.number} of shard {chunk.shard} is not this owner's")

    def _commit_part(self, chunk: ChunkRef, owner: str, result: ChunkResult) -> None:
        """Keep the settled as a round of their own; the chunk can be claimed for the others."""
        values = {
            ":partial": text(ChunkStatus.PARTIAL),
            ":dispatched": text(ChunkStatus.DISPATCHED),
            ":never": number(0),
            ":none": {"L": []},
            ":round": {"L": [{"M": round_of(result)}]},
            ":unsettled": {"L": [number(place) for place in result.unsettled]},
        }
        done, old = self._change(
            "commit part of a chunk",
            chunk,
            "SET #status = :partial, lease_ms = :never, unsettled = :unsettled,"
            " rounds = list_append(if_not_exists(rounds, :none), :round)"
            " REMOVE dispatched_ms, people, skipped",
            f"{_OWNED} AND #status = :dispatched",
            owner,
            values,
        )
        ours = text_of(old, "owner") == owner
        if done is None and ours and text_of(old, "status") in chunk_counts.COUNTED:
            # It was called unknown meanwhile: nobody of it may be sent to any more.
            unknown = result.unknown + len(result.unsettled)
            self.commit(chunk, owner, replace(result, unknown=unknown, unsettled=()))
        elif done is None and not (ours and old.get("status") == values[":partial"]):
            raise Conflict(f"chunk {chunk.number} of shard {chunk.shard} is not this owner's")

    def expire(self, campaign: CampaignId, shard: str, before_ms: int) -> int:
        """Turn chunks dispatched before ``before_ms`` and not committed to unknown; count them."""
        values = {":dispatched": text(ChunkStatus.DISPATCHED), ":before": number(before_ms)}
        condition = "#status = :dispatched AND dispatched_ms < :before"
        stale = query(
            "find stale chunks",
            client("dynamodb"),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk < :total",
            FilterExpression=condition,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":pk": text(_pk(campaign, shard)),
                ":total": text(chunk_counts.TOTAL),
                **values,
            },
            ConsistentRead=True,
        )
        return sum(self._turn_unknown(require_version(item), condition, values) for item in stale)

    def _turn_unknown(self, item: Item, condition: str, values: Mapping[str, Any]) -> bool:
        answer, _ = conditionally(
            "turn a chunk unknown",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=key(require_text(item, "pk"), require_text(item, "sk")),
            UpdateExpression="SET #status = :unknown, at_ms = dispatched_ms, n_unknown = people",
            ConditionExpression=condition,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={**values, ":unknown": text(ChunkStatus.UNKNOWN)},
        )
        return answer is not None

    def finished(self, campaign: CampaignId, shard: str) -> frozenset[int]:
        """Return the numbers of a shard's chunks that are done or unknown."""
        rows = query(
            "find finished chunks",
            client("dynamodb"),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk < :total",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":pk": text(_pk(campaign, shard)),
                ":total": text(chunk_counts.TOTAL),
            },
            ProjectionExpression="pk, sk, v, #status",
        )
        return frozenset(
            int(require_text(item, "sk"))
            for item in map(require_version, rows)
            if require_text(item, "status") in chunk_counts.COUNTED
        )

    def planned(self, campaign: CampaignId, shard: str, people: int) -> None:
        """Record how many people a shard plans; repeating is harmless.

        Raises:
            Conflict: another number was recorded before; a plan never changes.
        """
        done, _ = conditionally(
            "record a shard's total",
            client("dynamodb").put_item,
            TableName=self._table,
            Item={
                **key(_pk(campaign, shard), chunk_counts.TOTAL),
                "v": number(ROW_VERSION),
                "people": number(people),
            },
            ConditionExpression="attribute_not_exists(pk) OR (v = :v AND people = :people)",
            ExpressionAttributeValues={":people": number(people), ":v": number(ROW_VERSION)},
        )
        if done is None:
            raise Conflict(f"shard {shard} planned another number of people before")

    def progress(self, campaign: CampaignId) -> tuple[Progress, int]:
        """Return the campaign's progress and how many shards (0 to 16) are planned.

        Eventually consistent: it may lag behind a commit, and never counts anybody twice.
        """
        tally = chunk_counts.Tally()
        for shard in SHARDS:
            rows = query(
                "read progress",
                client("dynamodb"),
                TableName=self._table,
                **of_partition(_pk(campaign, shard)),
                ProjectionExpression=chunk_counts.PROJECTION,
                ExpressionAttributeNames={"#status": "status"},
            )
            for item in rows:
                tally.add(require_version(item))
        return tally.progress(), tally.shards

    def delivery(self, delivery: DeliveryId) -> DeliverySeen | None:
        """Return a delivery's row, read strongly, or None."""
        return deliveries.read(self._table, delivery)

    def observe(
        self, delivery: DeliveryId, event: str, rank: int, at_ms: int, message_id: str
    ) -> bool:
        """Fold one SES event into the row: the higher rank stays. False when nothing changed."""
        return deliveries.observe(self._table, delivery, event, rank, at_ms, message_id)

    def _change(
        self,
        what: str,
        chunk: ChunkRef,
        change: str,
        condition: str,
        owner: str,
        values: Mapping[str, Any],
    ) -> tuple[Item | None, Item]:
        """Update a chunk on a condition; return the row after it, or None and the row it met."""
        answer, old = conditionally(
            what,
            client("dynamodb").update_item,
            TableName=self._table,
            Key=key(_pk(chunk.campaign, chunk.shard), f"{chunk.number:07d}"),
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues={
                ":owner": text(owner),
                ":v": number(ROW_VERSION),
                **values,
            },
            ReturnValues="ALL_NEW",
        )
        return (None if answer is None else answer["Attributes"]), old


def _pk(campaign: CampaignId, shard: str) -> str:
    return f"K#{campaign}#{shard}"


def people(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return counts by reason as an attribute."""
    return {"M": {reason: number(count) for reason, count in sorted(counts.items())}}


def ids(result: ChunkResult) -> dict[str, Any]:
    """Return an attempt's SES ids, by place in the chunk, as an attribute."""
    return {"L": [text(i) if i else {"NULL": True} for i in result.message_ids]}


def round_of(result: ChunkResult) -> dict[str, Any]:
    """Return what an attempt settled, to be kept beside what later ones settle."""
    return {
        "at_ms": number(result.at_ms),
        "n_sent": number(result.sent),
        "n_rejected": number(result.rejected),
        "n_unknown": number(result.unknown),
        "skipped": people(result.skipped),
        "message_ids": ids(result),
    }
