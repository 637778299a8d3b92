# SPDX-License-Identifier: Apache-2.0
"""`ports.facts.FactStore` on the audience row, and on rows of the person's activity partition.

Guarantees one transaction for a change, conditional on the facts' revision, on the chain's length
and on the event being new. Never makes an audience row. An order's row has no condition of its
own: whoever changes one raises the revision.

Rows: audience `<shard>`/`<subject id>`, attributes `facts` (sealed), `fv` (revision) and `due` (the
day on which the oldest order is past its time) · activity `S#<subject id>`/`N#<event tag>` and
`S#<subject id>`/`O#<order tag>`; both expire.

Source: Amazon DynamoDB API Reference, TransactWriteItems (100 actions; CancellationReasons stand
in the order of the actions).
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.activity import events_key
from chalicelib.adapters.dynamo.items import (
    MS_PER_S,
    ROW_VERSION,
    Item,
    binary,
    binary_of,
    expiry,
    key,
    number,
    number_of,
    query,
    read_all,
    require_binary,
    require_number,
    require_text,
    require_version,
    text,
    wait_ms,
)
from chalicelib.adapters.dynamo.ledger_rows import (
    check,
    put_new,
    state_key,
    subject_key,
    update,
)
from chalicelib.domain.customer_events import Kind
from chalicelib.domain.ids import SubjectId
from chalicelib.errors import Throttled
from chalicelib.ports.facts import (
    FactChange,
    Held,
    KeptEvent,
    KeptOrder,
    event_row,
    order_row,
)
from chalicelib.ports.system import Clock, RandomBytes

DUE: Final = "due"
"""Attribute of an audience row: the day on which its oldest order is past its time."""
TRANSACTION_TRIES: Final = 4
"""A row in somebody else's transaction is free again within milliseconds."""
_FAILED: Final = "ConditionalCheckFailed"
_VERSION: Final = number(ROW_VERSION)


class DynamoFactStore:
    """`FactStore` on DynamoDB: one batch read, one transaction."""

    def __init__(
        self,
        *,
        ledger_table: str,
        audience_table: str,
        activity_table: str,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._ledger = ledger_table
        self._audience = audience_table
        self._activity = activity_table
        self._clock = clock
        self._random = random

    def read(
        self, sid: SubjectId, *, event: str | None = None, order: str | None = None
    ) -> Held | None:
        """Return what is held of somebody, one strong batch read; None without an audience row."""
        names = [event_row(event)] if event is not None else []
        names += [order_row(order)] if order is not None else []
        requests: dict[str, dict[str, Any]] = {
            self._audience: {
                "Keys": [subject_key(sid)],
                "ConsistentRead": True,
                "ProjectionExpression": f"pk, v, facts, fv, {DUE}",
            }
        }
        if names:
            keys = [key(events_key(sid), name) for name in names]
            requests[self._activity] = {"Keys": keys, "ConsistentRead": True}
        rows = read_all(
            f"read facts of subject {sid}",
            client("dynamodb"),
            requests,
            self._clock,
            self._random,
        )
        if not rows[self._audience]:
            return None
        person = require_version(rows[self._audience][0])
        kept = {require_text(row, "sk"): row for row in rows.get(self._activity, ())}
        found = kept.get(order_row(order)) if order is not None else None
        return Held(
            facts=binary_of(person, "facts"),
            revision=number_of(person, "fv") or 0,
            known=event is not None and event_row(event) in kept,
            order=None if found is None else _order(found),
            due_day=number_of(person, DUE),
        )

    def keep(self, change: FactChange) -> bool:
        """Write a change; False: its event was counted before, and nothing was written.

        Raises:
            Conflict: facts or chain moved on since they were read, or the person is gone.
        """
        writes = self._writes(change)
        attempt = 1
        while True:
            try:
                return _transact(change, writes)
            except Throttled:
                if attempt == TRANSACTION_TRIES:
                    raise
                self._clock.sleep_ms(wait_ms(attempt, self._random))
                attempt += 1

    def events(self, sid: SubjectId) -> tuple[KeptEvent, ...]:
        """Return all events kept of somebody, by tag."""
        return tuple(_event(row) for row in self._rows(sid, event_row("")))

    def orders(self, sid: SubjectId) -> tuple[KeptOrder, ...]:
        """Return all orders kept of somebody, of every brand, by tag."""
        return tuple(_order(row) for row in self._rows(sid, order_row("")))

    def _rows(self, sid: SubjectId, beginning: str) -> Iterator[Item]:
        return query(
            f"read events and orders of subject {sid}",
            client("dynamodb"),
            TableName=self._activity,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :kind)",
            ExpressionAttributeValues={":pk": text(events_key(sid)), ":kind": text(beginning)},
            ConsistentRead=True,
        )

    def _writes(self, change: FactChange) -> list[dict[str, Any]]:
        """The event's own row first: `_transact` asks for the reason that stands there."""
        sid, writes = change.sid, list[dict[str, Any]]()
        if change.event is not None:
            writes.append(put_new(self._activity, _event_item(sid, change.event)))
        chain = {":n": number(change.entries), ":v": _VERSION}
        writes.append(check(self._ledger, state_key(sid), "n = :n AND v = :v", chain))
        writes.append(self._facts_write(change))
        if change.order is not None:
            item = _order_item(sid, change.order)
            writes.append({"Put": {"TableName": self._activity, "Item": item}})
        forgotten = [event_row(tag) for tag in change.forget_events]
        forgotten += [order_row(tag) for tag in change.forget_orders]
        for name in forgotten:
            gone = key(events_key(sid), name)
            writes.append({"Delete": {"TableName": self._activity, "Key": gone}})
        return writes

    def _facts_write(self, change: FactChange) -> dict[str, Any]:
        values: dict[str, Any] = {":v": _VERSION, ":new": number(change.revision + 1)}
        # A row that is gone has no version either, so neither condition makes one.
        condition = "v = :v AND attribute_not_exists(fv)"
        if change.revision:
            condition = "v = :v AND fv = :old"
            values[":old"] = number(change.revision)
        known: dict[str, Any] = {
            "facts": None if change.facts is None else binary(change.facts),
            DUE: None if change.due_day is None else number(change.due_day),
        }
        changed = "SET fv = :new"
        for name, value in known.items():
            if value is not None:
                changed += f", {name} = :{name}"
                values[f":{name}"] = value
        gone = [name for name, value in known.items() if value is None]
        changed += f" REMOVE {', '.join(gone)}" if gone else ""
        row = subject_key(change.sid)
        return update(self._audience, row, changed, values, condition=condition)


def _transact(change: FactChange, writes: Sequence[dict[str, Any]]) -> bool:
    """Write all; False when the event's row was there, whatever else failed beside it."""
    from botocore.exceptions import ClientError

    # The SDK's own repeat of a request whose answer was lost says the same token, and succeeds.
    token = hashlib.sha256(repr(writes).encode()).hexdigest()[:36]
    with translated(f"keep facts of subject {change.sid}"):
        try:
            client("dynamodb").transact_write_items(TransactItems=writes, ClientRequestToken=token)
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", ())
            if change.event is None or not reasons or reasons[0].get("Code") != _FAILED:
                raise
            return False
    return True


def _event_item(sid: SubjectId, event: KeptEvent) -> Item:
    return {
        **key(events_key(sid), event_row(event.tag)),
        "v": _VERSION,
        "kind": text(event.kind.value),
        "sealed": binary(event.sealed),
        "expires_at": expiry(event.until_ms),
    }


def _order_item(sid: SubjectId, order: KeptOrder) -> Item:
    return {
        **key(events_key(sid), order_row(order.tag)),
        "v": _VERSION,
        "sealed": binary(order.sealed),
        "expires_at": expiry(order.until_ms),
    }


def _event(row: Item) -> KeptEvent:
    require_version(row)
    return KeptEvent(
        tag=require_text(row, "sk").removeprefix(event_row("")),
        kind=Kind(require_text(row, "kind")),
        sealed=require_binary(row, "sealed"),
        until_ms=require_number(row, "expires_at") * MS_PER_S,
    )


def _order(row: Item) -> KeptOrder:
    require_version(row)
    return KeptOrder(
        tag=require_text(row, "sk").removeprefix(order_row("")),
        sealed=require_binary(row, "sealed"),
        until_ms=require_number(row, "expires_at") * MS_PER_S,
    )
