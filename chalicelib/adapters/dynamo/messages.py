# SPDX-License-Identifier: Apache-2.0
"""`ports.messages.MessageStore` on the activity table.

Rows: `MSG#<id>`/`MSG` is a message; `P#<subject id>`/`MSG#<id>` lets an erasure find it and is
written first: a message that is there can always be found. Both expire.
"""

from dataclasses import replace
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.access import links_key
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    binary_of,
    conditionally,
    key,
    number,
    query,
    require_number,
    require_text,
    require_version,
    text,
    text_of,
)
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.domain.messages import MessageReason, MessageStatus, ServiceMessage
from chalicelib.errors import Conflict

KIND: Final = "MSG"
_VERSION: Final = number(ROW_VERSION)


class DynamoMessages:
    """`MessageStore` on DynamoDB."""

    def __init__(self, activity_table: str) -> None:
        self._table = activity_table

    def create(self, message: ServiceMessage, keep_ms: int) -> None:
        """Store a new message until some time after ``keep_ms`` (Unix milliseconds).

        Raises:
            Conflict: there is one with its id.
        """
        kept: dict[str, Any] = {"v": _VERSION, "expires_at": number(keep_ms // 1_000 + 1)}
        place = {**key(links_key(message.sid), f"{KIND}#{message.id}"), **kept}
        with translated("note a person's message"):
            client("dynamodb").put_item(TableName=self._table, Item=place)
        with translated("store a message"):
            client("dynamodb").put_item(
                TableName=self._table,
                Item={**message_key(message.id), **kept, **_made(message), **_changing(message)},
                ConditionExpression="attribute_not_exists(pk)",
            )

    def get(self, message_id: str) -> ServiceMessage | None:
        """Return the message, or None."""
        with translated("read a message"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=message_key(message_id), ConsistentRead=True
            )
        row = answer.get("Item")
        return None if row is None else message_of(row)

    def replace(self, message: ServiceMessage) -> ServiceMessage:
        """Store a change of a message as read, and return it with its new revision.

        Raises:
            Conflict: it was changed since it was read, or is gone.
        """
        after = following(message)
        changes = _changing(after)
        sets = ", ".join(f"#{name} = :{name}" for name in changes)
        gone = [name for name in ("sealed", "reason") if getattr(after, name) is None]
        removes = f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
        done, _ = conditionally(
            "change a message",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=message_key(message.id),
            UpdateExpression=f"SET {sets}{removes}",
            ConditionExpression="v = :v AND #revision = :before",
            ExpressionAttributeNames={f"#{name}": name for name in (*changes, *gone)},
            ExpressionAttributeValues={
                ":v": _VERSION,
                ":before": number(message.revision),
                **{f":{name}": value for name, value in changes.items()},
            },
        )
        if done is None:
            raise Conflict("the message changed since it was read, or is gone")
        return after

    def of(self, sid: SubjectId) -> tuple[ServiceMessage, ...]:
        """Return what is kept of the person's messages, oldest first."""
        places = query(
            "list a person's messages",
            client("dynamodb"),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :kind)",
            ExpressionAttributeValues={":pk": text(links_key(sid)), ":kind": text(f"{KIND}#")},
            ConsistentRead=True,
        )
        names = [require_text(require_version(row), "sk") for row in places]
        found = [self.get(name.removeprefix(f"{KIND}#")) for name in names]
        return tuple(sorted((each for each in found if each is not None), key=when))


def when(message: ServiceMessage) -> tuple[int, str]:
    """Return what a person's messages are sorted by."""
    return message.created_ms, message.id


def following(message: ServiceMessage) -> ServiceMessage:
    """Return the message as it is once its change is stored."""
    return replace(message, revision=message.revision + 1)


def message_key(message_id: str) -> dict[str, dict[str, str]]:
    """Return the key of a message."""
    return key(f"{KIND}#{message_id}", KIND)


def placed(name: str) -> dict[str, dict[str, str]] | None:
    """Return the key of the message that a row of a person's names; None where it names none."""
    kind, _, message_id = name.partition("#")
    return message_key(message_id) if kind == KIND else None


def message_of(item: Item) -> ServiceMessage:
    """Return the message a row holds."""
    row = require_version(item)
    reason = text_of(row, "reason")
    return ServiceMessage(
        id=require_text(row, "pk").removeprefix(f"{KIND}#"),
        sid=SubjectId(require_text(row, "sid")),
        brand=BrandId(require_text(row, "brand")),
        template=require_text(row, "template"),
        language=require_text(row, "language"),
        asked=require_text(row, "asked"),
        created_ms=require_number(row, "created_ms"),
        changed_ms=require_number(row, "changed_ms"),
        sealed=binary_of(row, "sealed"),
        status=MessageStatus(require_text(row, "status")),
        reason=None if reason is None else MessageReason(reason),
        tries=require_number(row, "tries"),
        until_ms=require_number(row, "until_ms"),
        revision=require_number(row, "revision"),
    )


def _made(message: ServiceMessage) -> dict[str, Any]:
    """What never changes, with the text, which is only ever deleted."""
    made: dict[str, Any] = {
        "sid": text(message.sid),
        "brand": text(message.brand),
        "template": text(message.template),
        "language": text(message.language),
        "asked": text(message.asked),
        "created_ms": number(message.created_ms),
    }
    return made if message.sealed is None else {**made, "sealed": binary(message.sealed)}


def _changing(message: ServiceMessage) -> dict[str, Any]:
    changing: dict[str, Any] = {
        "status": text(message.status),
        "tries": number(message.tries),
        "until_ms": number(message.until_ms),
        "changed_ms": number(message.changed_ms),
        "revision": number(message.revision),
    }
    return changing if message.reason is None else {**changing, "reason": text(message.reason)}
