# SPDX-License-Identifier: Apache-2.0
"""`ports.traces.Traces` on the activity table.

Guarantees one plain put for a mail. Rows: `M#<SHA-256 of SES's message id, hex>`/`M`; the events
are those of `adapters.dynamo.activity`, and no other rows of their partition.
"""

import hashlib

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.activity import events_key
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary_of,
    key,
    number,
    query,
    require_number,
    require_text,
    require_version,
    text,
    text_of,
)
from chalicelib.domain.ids import DeliveryId, EventId, SubjectId
from chalicelib.ports.outside import StoredEvent
from chalicelib.ports.traces import MailTrace


class DynamoTraces:
    """Message-IDs and events."""

    def __init__(self, activity_table: str) -> None:
        self._table = activity_table

    def keep(self, message_id: str, trace: MailTrace, until_ms: int) -> None:
        """Let `find` find the mail until some time after ``until_ms``; repeating is harmless."""
        item = {
            **trace_key(message_id),
            "v": number(ROW_VERSION),
            "expires_at": number(until_ms // 1_000),
        }
        if trace.delivery is not None:
            item["delivery"] = text(trace.delivery)
        if trace.request is not None:
            item["request"] = text(trace.request)
        with translated("keep a message id"):
            client("dynamodb").put_item(TableName=self._table, Item=item)

    def find(self, message_id: str) -> MailTrace | None:
        """Return what SES's id of a mail stands for, or None."""
        with translated("find a message id"):
            answer = client("dynamodb").get_item(TableName=self._table, Key=trace_key(message_id))
        item = answer.get("Item")
        if item is None:
            return None
        delivery, request = text_of(require_version(item), "delivery"), text_of(item, "request")
        return MailTrace(
            delivery=None if delivery is None else DeliveryId(delivery),
            request=None if request is None else EventId(request),
        )

    def events(self, sid: SubjectId) -> tuple[StoredEvent, ...]:
        """Return the person's stored SES events, oldest first; eventually consistent."""
        rows = query(
            "read a person's events",
            client("dynamodb"),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
            ExpressionAttributeValues={":pk": text(events_key(sid)), ":event": text("V#")},
        )
        return tuple(sorted((_event(require_version(row)) for row in rows), key=_when))


def trace_key(message_id: str) -> dict[str, dict[str, str]]:
    """Return the key of a mail's row."""
    return key(f"M#{hashlib.sha256(message_id.encode()).hexdigest()}", "M")


def _event(row: Item) -> StoredEvent:
    sid, mac = text_of(row, "sid"), text_of(row, "mac")
    return StoredEvent(
        key=require_text(row, "sk").removeprefix("V#"),
        sid=None if sid is None else SubjectId(sid),
        mac=mac,
        type=require_text(row, "event_type"),
        at_ms=require_number(row, "at_ms"),
        sealed=binary_of(row, "sealed"),
    )


def _when(event: StoredEvent) -> tuple[int, str]:
    return event.at_ms, event.key
