# SPDX-License-Identifier: Apache-2.0
"""`ports.erasure.PersonalData` on DynamoDB: the one adapter that deletes vault rows.

Guarantees that the entry of an erasure and the deletion of the key are one transaction, and that
every other deletion can be repeated. Leaves and folded states stay.

Source: Amazon DynamoDB API Reference, TransactWriteItems (100 actions, one per row).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.access import linked, links_key
from chalicelib.adapters.dynamo.activity import events_key
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    conditionally,
    delete_all,
    key,
    number,
    of_partition,
    put_all,
    query,
    require_text,
    text,
)
from chalicelib.adapters.dynamo.ledger_rows import (
    entry_item,
    entry_of,
    located_item,
    lookup_delete,
    lookup_key,
    pending_item,
    put_new,
    state_key,
    subject_key,
    suppression_key,
    token_key,
)
from chalicelib.adapters.dynamo.messages import placed
from chalicelib.adapters.dynamo.suppression_rows import suppressions_item
from chalicelib.domain.ids import SHARDS, SubjectId
from chalicelib.domain.state import dump_state
from chalicelib.ports.erasure import Shred
from chalicelib.ports.system import Clock, RandomBytes

_VERSION: Final = number(ROW_VERSION)
_ENTRY: Final = "E#"
_STATE: Final = "STATE"


class DynamoPersonalData:
    """A person's rows in four tables."""

    def __init__(
        self,
        *,
        ledger_table: str,
        vault_table: str,
        audience_table: str,
        activity_table: str,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._ledger = ledger_table
        self._vault = vault_table
        self._audience = audience_table
        self._activity = activity_table
        self._clock = clock
        self._random = random

    def shred(self, shred: Shred) -> None:
        """Append the entry and destroy key, profile and lookups, all or nothing.

        Raises:
            Conflict: the chain moved on, or has ended; nothing was destroyed.
        """
        writes = [
            put_new(self._ledger, entry_item(shred.sid, shred.entry)),
            put_new(
                self._ledger,
                pending_item(shred.entry.event, shred.entry.leaf, shred.sid, shred.entry.n),
            ),
            self._state_write(shred, unchanged=True),
            _delete(self._vault, subject_key(shred.sid), "attribute_exists(pk)"),
            _delete(self._audience, subject_key(shred.sid)),
            *(lookup_delete(self._ledger, mac, shred.sid) for mac in shred.macs),
            *self._suppression_writes(shred),
        ]
        with translated(f"shred subject {shred.sid}"):
            client("dynamodb").transact_write_items(TransactItems=writes)

    def shred_again(self, shred: Shred, index: int) -> None:
        """Destroy again what a restored backup brought back, and end the chain as before."""
        entry = shred.entry
        writes = [
            _delete(self._vault, subject_key(shred.sid)),
            _delete(self._audience, subject_key(shred.sid)),
            _put(self._ledger, entry_item(shred.sid, entry)),
            _put(self._ledger, located_item(entry.event, shred.sid, entry.n, index)),
            self._state_write(shred, unchanged=False),
            *self._suppression_writes(shred),
        ]
        for mac in shred.macs:
            # Somebody who signed up anew since has the row; then it is not this person's.
            conditionally(
                "delete a lookup again",
                client("dynamodb").delete_item,
                TableName=self._ledger,
                Key=lookup_key(mac),
                ConditionExpression="v = :v AND sid = :sid",
                ExpressionAttributeValues={":v": _VERSION, ":sid": text(shred.sid)},
            )
        with translated(f"shred subject {shred.sid} again"):
            client("dynamodb").transact_write_items(TransactItems=writes)

    def _state_write(self, shred: Shred, *, unchanged: bool) -> dict[str, Any]:
        """The whole row anew: nothing that an answered link left in it stays."""
        item = {
            **state_key(shred.sid),
            "v": _VERSION,
            "n": number(shred.state.entries),
            "folded": text(dump_state(shred.state)),
            "tip": text(shred.last_leaf_hash),
            "macs": {"L": []},
        }
        put: dict[str, Any] = {"TableName": self._ledger, "Item": item}
        if unchanged:
            put["ConditionExpression"] = "n = :expected AND v = :v"
            put["ExpressionAttributeValues"] = {":expected": number(shred.entry.n), ":v": _VERSION}
        return {"Put": put}

    def _suppression_writes(self, shred: Shred) -> list[dict[str, Any]]:
        writes: list[dict[str, Any]] = []
        for event, leaf in shred.recorded:
            writes.append(put_new(self._ledger, located_item(event, None, None)))
            writes.append(put_new(self._ledger, pending_item(event, leaf, None, None)))
        for mac in shred.macs:
            kept = [row for row in shred.kept if row.mac == mac]
            if kept:
                writes.append(_put(self._ledger, suppressions_item(mac, kept)))
            else:
                writes.append(_delete(self._ledger, suppression_key(mac)))
        return writes

    def forget_ahead(self, tokens_sha256: Sequence[str], macs: Sequence[str]) -> None:
        """Delete confirm tokens by their hash (hex), and health records of ``macs``."""
        tokens = [token_key(token) for token in dict.fromkeys(tokens_sha256)]
        self._delete(self._ledger, tokens)
        self._delete(self._activity, [_health_key(mac) for mac in dict.fromkeys(macs)])

    def sweep(self, sid: SubjectId) -> int:
        """Delete what is sealed in the chain, all else of the person's rows, events and health."""
        sealed, other = [], []
        for row in self._partition(self._ledger, f"S#{sid}"):
            sk = require_text(row, "sk")
            if sk.startswith(_ENTRY):
                entry = entry_of(row)
                if entry.sealed is not None:
                    sealed.append(entry_item(sid, replace(entry, sealed=None)))
            elif sk != _STATE:
                other.append(key(f"S#{sid}", sk))
        put_all(
            "empty the sealed part of entries",
            client("dynamodb"),
            self._ledger,
            sealed,
            self._clock,
            self._random,
        )
        self._delete(self._ledger, other)
        events = [
            key(require_text(row, "pk"), require_text(row, "sk"))
            for row in self._partition(self._activity, events_key(sid))
        ]
        links = [require_text(row, "sk") for row in self._partition(self._activity, links_key(sid))]
        # A link or message first: without it, its place would find nothing when this runs again.
        named = (placed(name) or linked(name) for name in links)
        self._delete(self._activity, [found for found in named if found])
        places = [key(links_key(sid), name) for name in links]
        self._delete(self._activity, [*events, *places, _health_key(sid)])
        return len(sealed) + len(other) + len(events) + len(links)

    def subjects(self) -> Iterator[tuple[SubjectId, bool]]:
        """Yield everybody, in no order, perhaps repeatedly; True with a key or a profile."""
        for table in (self._vault, self._audience):
            for shard in SHARDS:
                for row in self._partition(table, shard):
                    yield SubjectId(require_text(row, "sk")), True
        request: dict[str, Any] = {
            "TableName": self._ledger,
            "FilterExpression": "sk = :state",
            "ProjectionExpression": "pk",
            "ExpressionAttributeValues": {":state": text(_STATE)},
        }
        while True:
            with translated("read every state"):
                answer = client("dynamodb").scan(**request)
            for row in answer["Items"]:
                yield SubjectId(require_text(row, "pk").removeprefix("S#")), False
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _partition(self, table: str, pk: str) -> Iterator[Item]:
        return query(
            "read a partition to be erased",
            client("dynamodb"),
            TableName=table,
            **of_partition(pk),
            ConsistentRead=True,
        )

    def _delete(self, table: str, keys: Sequence[Item]) -> None:
        delete_all(
            "delete a person's rows", client("dynamodb"), table, keys, self._clock, self._random
        )


def _health_key(owner: str) -> dict[str, dict[str, str]]:
    return key(f"H#{owner}", "H")


def _put(table: str, item: Item) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": item}}


def _delete(table: str, item_key: Item, condition: str | None = None) -> dict[str, Any]:
    request: dict[str, Any] = {"TableName": table, "Key": item_key}
    if condition is not None:
        request["ConditionExpression"] = condition
    return {"Delete": request}
