# SPDX-License-Identifier: Apache-2.0
"""Health records in the activity table, rests in the audience, suppressed MACs in the ledger.

Guarantees that a health record is only replaced by who read its present revision, and that a rest
makes no row. Holds no address: a record is found by subject id or keyed MAC, and says only when
mail failed or arrived.

Rows: activity `H#<subject id or MAC>`/`H` · audience `rest` and `rest_rev` of a subject's row ·
ledger `XL#<shard>`/`<MAC>`, 16 shards.
"""

import hashlib
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.cursors import bad_cursor, make_cursor, read_cursor
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    conditionally,
    expiry,
    key,
    number,
    of_partition,
    require_number,
    require_text,
    require_version,
    text,
)
from chalicelib.adapters.dynamo.ledger_rows import REST, subject_key
from chalicelib.domain.health import Health, dump_health, load_health
from chalicelib.domain.ids import SHARDS, SubjectId
from chalicelib.errors import Conflict
from chalicelib.ports.catalog import Page
from chalicelib.ports.hygiene import HealthRow

_CURSOR: Final = "SUPPRESSION"
_DIGESTS: Final = key("XL#digests", "ANY")
"""Of no shard, so no page shows it."""


class DynamoHealthStore:
    """`HealthStore` on DynamoDB: one strong read, one conditional write."""

    def __init__(self, activity_table: str) -> None:
        self._table = activity_table

    def read(self, key: str) -> HealthRow:
        """Return the record, read strongly; an empty one of revision 0 when there is none."""
        with translated("read a health record"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=_health_key(key), ConsistentRead=True
            )
        item: Item = answer.get("Item", {})
        if not item:
            return HealthRow(health=Health(), revision=0)
        row = require_version(item)
        return HealthRow(
            health=load_health(require_text(row, "health")),
            revision=require_number(row, "revision"),
        )

    def write(self, key: str, health: Health, revision: int, expires_ms: int) -> None:
        """Store ``health`` over the row of ``revision``; it disappears after ``expires_ms``.

        Raises:
            Conflict: the row changed since it was read.
        """
        answer, _ = conditionally(
            "write a health record",
            client("dynamodb").put_item,
            TableName=self._table,
            Item={
                **_health_key(key),
                "v": number(ROW_VERSION),
                "health": text(dump_health(health)),
                "revision": number(revision + 1),
                "expires_at": expiry(expires_ms),
            },
            **_unchanged_since(revision),
        )
        if answer is None:
            raise Conflict("the health record changed since it was read")


def _unchanged_since(revision: int) -> dict[str, Any]:
    if revision == 0:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "revision = :revision",
        "ExpressionAttributeValues": {":revision": number(revision)},
    }


def _health_key(owner: str) -> dict[str, dict[str, str]]:
    return key(f"H#{owner}", "H")


class DynamoRests:
    """`Rests` on DynamoDB: one conditional write of a row that is there."""

    def __init__(self, audience_table: str) -> None:
        self._table = audience_table

    def set(self, sid: SubjectId, until_ms: int | None, revision: int) -> None:
        """Keep until when the address rests; a later revision of the record stays."""
        change, values = "SET rest_rev = :revision", {":revision": number(revision)}
        if until_ms is None:
            change += f" REMOVE {REST}"
        else:
            change += f", {REST} = :until"
            values[":until"] = number(until_ms)
        known = "(attribute_not_exists(rest_rev) OR rest_rev <= :revision)"
        # The first revision follows no other, unless it follows one of a record that expired.
        condition = "" if revision == 1 else f" AND {known}"
        conditionally(
            "keep whether an address rests",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=subject_key(sid),
            UpdateExpression=change,
            ConditionExpression=f"attribute_exists(pk){condition}",
            ExpressionAttributeValues=values,
        )


class DynamoSuppressionIndex:
    """`SuppressionIndex` on DynamoDB, in order of shard and MAC."""

    def __init__(self, ledger_table: str) -> None:
        self._table = ledger_table

    def note(self, mac: str) -> None:
        """Add ``mac``; repeating is harmless."""
        with translated("list a suppression"):
            client("dynamodb").put_item(
                TableName=self._table,
                Item={**key(f"XL#{_shard(mac)}", mac), "v": number(ROW_VERSION)},
            )

    def forget(self, mac: str) -> None:
        """Remove ``mac``; repeating is harmless."""
        with translated("take a suppression off the list"):
            client("dynamodb").delete_item(TableName=self._table, Key=key(f"XL#{_shard(mac)}", mac))

    def note_digests(self) -> None:
        """Say that some of the MACs are of digests; repeating is harmless."""
        with translated("note that digests are suppressed"):
            client("dynamodb").put_item(
                TableName=self._table, Item={**_DIGESTS, "v": number(ROW_VERSION)}
            )

    def has_digests(self) -> bool:
        """Return whether that was ever said, read strongly."""
        with translated("see whether digests are suppressed"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=_DIGESTS, ConsistentRead=True
            )
        return "Item" in answer

    def page(self, cursor: str | None, limit: int) -> Page[str]:
        """Return up to ``limit`` (1 to 100) MACs in a fixed order.

        Raises:
            InputError: the cursor was not made by this method.
        """
        shard, after = ("0", "") if cursor is None else _position(read_cursor(_CURSOR, cursor))
        found: list[str] = []
        for each in SHARDS[SHARDS.index(shard) :]:
            found += self._of_shard(each, after if each == shard else "", limit + 1 - len(found))
            if len(found) > limit:
                last = found[limit - 1]
                at = make_cursor(_CURSOR, f"{_shard(last)}{last}")
                return Page(items=tuple(found[:limit]), cursor=at)
        return Page(items=tuple(found), cursor=None)

    def _of_shard(self, shard: str, after: str, limit: int) -> list[str]:
        request = of_partition(f"XL#{shard}")
        if after:
            request["ExclusiveStartKey"] = key(f"XL#{shard}", after)
        with translated("page suppressions"):
            answer = client("dynamodb").query(TableName=self._table, Limit=limit, **request)
        return [require_text(require_version(item), "sk") for item in answer.get("Items", ())]


def _shard(mac: str) -> str:
    """The MAC's own letters would do in DynamoDB, but 64 shards are many to page over."""
    return hashlib.sha256(mac.encode()).hexdigest()[0]


def _position(place: str) -> tuple[str, str]:
    shard, mac = place[:1], place[1:]
    if not mac or _shard(mac) != shard:
        raise bad_cursor()
    return shard, mac
