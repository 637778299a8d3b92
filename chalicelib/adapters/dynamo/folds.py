# SPDX-License-Identifier: Apache-2.0
"""`Folds`, `Watermark` and `UnresolvedCampaigns` on DynamoDB.

Guarantees one write for all that is told of a chunk at once, by adding to sets of numbers: no read
comes before it, and no two writers lose each other's places. Rows of the campaigns table:
`F#<campaign>#<shard>`/`<number, 7 digits>` with a set for each kind of event, `WM`/`SES`, and
`UNRESOLVED`/`<campaign>`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    conditionally,
    key,
    number,
    number_of,
    of_partition,
    query,
    require_number,
    require_text,
    require_version,
)
from chalicelib.domain.campaigns import ChunkRef
from chalicelib.domain.folding import Heard, Told
from chalicelib.domain.ids import SHARDS, CampaignId
from chalicelib.errors import FatalError
from chalicelib.ports.folds import Added, Unresolved

_GIVEN_UP: Final = "u"
_OURS: Final = "(attribute_not_exists(v) OR v = :v)"
_WATERMARK: Final = key("WM", "SES")
_UNRESOLVED: Final = "UNRESOLVED"


class DynamoFolds:
    """`Folds` on DynamoDB."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def add(self, chunk: ChunkRef, told: Told) -> Added:
        """Add what is told in one write and return all that is known."""
        sets = {str(heard): places for heard, places in told.by_kind.items()}
        before = self._add(chunk, sets)
        return Added(before=before, known=before | told)

    def give_up(self, chunk: ChunkRef, places: Iterable[int]) -> Told:
        """Note places as given up and return all that is known."""
        given_up = frozenset(places)
        return self._add(chunk, {_GIVEN_UP: given_up}) | Told(given_up=given_up)

    def _add(self, chunk: ChunkRef, sets: Mapping[str, frozenset[int]]) -> Told:
        """Add to the sets, and return what was known before."""
        if not sets or not all(sets.values()):
            raise FatalError("nothing is told of a chunk; there is nothing to write")
        answer, _ = conditionally(
            "fold events of a chunk",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=chunk_key(chunk),
            UpdateExpression="SET v = :v ADD " + ", ".join(f"#{name} :{name}" for name in sets),
            ConditionExpression=_OURS,
            ExpressionAttributeNames={f"#{name}": name for name in sets},
            ExpressionAttributeValues={
                ":v": number(ROW_VERSION),
                **{f":{name}": _numbers(places) for name, places in sets.items()},
            },
            ReturnValues="ALL_OLD",
        )
        if answer is None:
            raise FatalError("a chunk's events are of a version this code does not know")
        before = answer.get("Attributes")
        return Told() if before is None else _told(before)

    def of_chunk(self, chunk: ChunkRef) -> Told:
        """Return what is known of a chunk, read strongly."""
        with translated("read a chunk's events"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=chunk_key(chunk), ConsistentRead=True
            )
        item = answer.get("Item")
        return Told() if item is None else _told(item)

    def of_campaign(self, campaign: CampaignId) -> Iterator[Told]:
        """Yield what is known of each chunk something was heard of; it may lag behind."""
        for shard in SHARDS:
            rows = query(
                "read a campaign's events",
                client("dynamodb"),
                TableName=self._table,
                **of_partition(_partition(campaign, shard)),
            )
            yield from map(_told, rows)


class DynamoWatermark:
    """`Watermark` on DynamoDB, in one row."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def note(self, at_ms: int) -> None:
        """Raise it to ``at_ms``; never lowers it."""
        conditionally(
            "note how far events have come",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=_WATERMARK,
            UpdateExpression="SET v = :v, at_ms = :at",
            ConditionExpression=f"{_OURS} AND (attribute_not_exists(at_ms) OR at_ms < :at)",
            ExpressionAttributeValues={":v": number(ROW_VERSION), ":at": number(at_ms)},
        )

    def latest_ms(self) -> int | None:
        """Return it; None: no event was ever kept."""
        with translated("read how far events have come"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=_WATERMARK, ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else number_of(require_version(item), "at_ms")


class DynamoUnresolvedCampaigns:
    """`UnresolvedCampaigns` on DynamoDB: a row a campaign."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def note(self, campaign: CampaignId, now_ms: int, *, at_once: bool = False) -> None:
        """Have it looked at: when it is not waiting for a look already, or else ``at_once``."""
        when = ":now" if at_once else "if_not_exists(next_ms, :now)"
        answer, _ = conditionally(
            "note a campaign with unknown outcomes",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=key(_UNRESOLVED, campaign),
            UpdateExpression=f"SET v = :v, next_ms = {when} ADD notes :one",
            ConditionExpression=_OURS,
            ExpressionAttributeValues={
                ":v": number(ROW_VERSION),
                ":now": number(now_ms),
                ":one": number(1),
            },
        )
        if answer is None:
            raise FatalError("a campaign's look is of a version this code does not know")

    def due(self, now_ms: int) -> tuple[Unresolved, ...]:
        """Return the campaigns whose look is due."""
        rows = query(
            "list campaigns with unknown outcomes",
            client("dynamodb"),
            TableName=self._table,
            **of_partition(_UNRESOLVED),
            ConsistentRead=True,
        )
        return tuple(
            Unresolved(
                campaign=CampaignId(require_text(row, "sk")), notes=require_number(row, "notes")
            )
            for row in map(require_version, rows)
            if require_number(row, "next_ms") <= now_ms
        )

    def postpone(self, seen: Unresolved, until_ms: int) -> None:
        """Look again at ``until_ms``, unless it was noted since ``seen``."""
        conditionally(
            "look at a campaign later",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=key(_UNRESOLVED, seen.campaign),
            UpdateExpression="SET next_ms = :until",
            ConditionExpression="v = :v AND notes = :notes",
            ExpressionAttributeValues={**_as(seen), ":until": number(until_ms)},
        )

    def drop(self, seen: Unresolved) -> None:
        """Look no more, unless it was noted since ``seen``."""
        conditionally(
            "look at a campaign no more",
            client("dynamodb").delete_item,
            TableName=self._table,
            Key=key(_UNRESOLVED, seen.campaign),
            ConditionExpression="v = :v AND notes = :notes",
            ExpressionAttributeValues=_as(seen),
        )


def _as(seen: Unresolved) -> dict[str, Any]:
    return {":v": number(ROW_VERSION), ":notes": number(seen.notes)}


def _partition(campaign: CampaignId, shard: str) -> str:
    return f"F#{campaign}#{shard}"


def chunk_key(chunk: ChunkRef) -> dict[str, dict[str, str]]:
    """Return the key of what is told of a chunk."""
    return key(_partition(chunk.campaign, chunk.shard), f"{chunk.number:07d}")


def _numbers(places: Iterable[int]) -> dict[str, list[str]]:
    return {"NS": [str(place) for place in sorted(places)]}


def _told(item: Item) -> Told:
    require_version(item)
    sets = {
        name: frozenset(map(int, item[name]["NS"]))
        for name in (*map(str, Heard), _GIVEN_UP)
        if name in item
    }
    given_up = sets.pop(_GIVEN_UP, frozenset())
    return Told.of({Heard(name): places for name, places in sets.items()}) | Told(given_up=given_up)
