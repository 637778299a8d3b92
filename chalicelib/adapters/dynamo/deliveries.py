# SPDX-License-Identifier: Apache-2.0
"""Delivery rows: who was about to be mailed, and the strongest thing SES said since.

Guarantees that folding events gives the same row in any order and however often they come: the
higher rank stays, of equals the earlier. Rows: `D#<delivery>`/`D` in the campaigns table.
"""

from typing import Any

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    conditionally,
    key,
    number,
    number_of,
    require_number,
    require_text,
    require_version,
    text,
    text_of,
)
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.ports.sending import DeliveryRow, DeliverySeen


def to_item(row: DeliveryRow) -> dict[str, Any]:
    """Return the stored form of a row nothing was observed of yet."""
    return {
        **key(f"D#{row.delivery}", "D"),
        "v": number(ROW_VERSION),
        "campaign": text(row.campaign),
        "sid": text(row.sid),
        "chunk": text(row.chunk),
        "basis": text(row.basis),
        "entry": number(row.entry),
        "measured": {"BOOL": row.measured},
        "at_ms": number(row.at_ms),
    }


def from_item(item: Item) -> DeliverySeen:
    """Return what a stored row says.

    Raises:
        FatalError: the row is of an unknown schema version or not whole.
    """
    require_version(item)
    return DeliverySeen(
        row=DeliveryRow(
            delivery=DeliveryId(require_text(item, "pk").removeprefix("D#")),
            campaign=CampaignId(require_text(item, "campaign")),
            sid=SubjectId(require_text(item, "sid")),
            chunk=require_text(item, "chunk"),
            basis=require_text(item, "basis"),
            entry=require_number(item, "entry"),
            measured=item.get("measured") == {"BOOL": True},
            at_ms=require_number(item, "at_ms"),
        ),
        event=text_of(item, "event"),
        event_ms=number_of(item, "event_ms"),
        message_id=text_of(item, "message_id"),
    )


def read(table: str, delivery: DeliveryId) -> DeliverySeen | None:
    """Return a delivery's row, read strongly, or None."""
    with translated("read a delivery"):
        answer = client("dynamodb").get_item(
            TableName=table, Key=key(f"D#{delivery}", "D"), ConsistentRead=True
        )
    item = answer.get("Item")
    return None if item is None else from_item(item)


def observe(
    table: str, delivery: DeliveryId, event: str, rank: int, at_ms: int, message_id: str
) -> bool:
    """Fold one SES event into the row. False when nothing changed or there is no such row."""
    done, _ = conditionally(
        "record a delivery's event",
        client("dynamodb").update_item,
        TableName=table,
        Key=key(f"D#{delivery}", "D"),
        UpdateExpression=(
            "SET #event = :event, event_rank = :rank, event_ms = :at, message_id = :id"
        ),
        ConditionExpression=(
            "v = :v AND (attribute_not_exists(event_rank) OR event_rank < :rank"
            " OR (event_rank = :rank AND event_ms > :at))"
        ),
        ExpressionAttributeNames={"#event": "event"},
        ExpressionAttributeValues={
            ":v": number(ROW_VERSION),
            ":event": text(event),
            ":rank": number(rank),
            ":at": number(at_ms),
            ":id": text(message_id),
        },
    )
    return done is not None


class DynamoDeliveries:
    """`ports.runs.Deliveries` on DynamoDB: one read, or one update, of one row."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def delivery(self, delivery: DeliveryId) -> DeliverySeen | None:
        """Return a delivery's row, read strongly, or None."""
        return read(self._table, delivery)

    def observe(
        self, delivery: DeliveryId, event: str, rank: int, at_ms: int, message_id: str
    ) -> bool:
        """Fold one SES event into the row: the higher rank stays. False when nothing changed."""
        return observe(self._table, delivery, event, rank, at_ms, message_id)
