# SPDX-License-Identifier: Apache-2.0
"""moto's quadratic paths, made proportional to the work asked for.

It guarantees the same answers as unpatched moto (tests/contract/moto runs the same probes against
both):
- a transaction keeps copies of the items it names instead of whole tables, and puts exactly those
  back when it fails;
- a Query by partition looks at that partition instead of every item;
- an item in an answer is written out directly instead of by trying every type against every
  spelling of its name;
- a handler class is inspected once, not for every request;
- queues are as `moto_queues` says.
It adds what moto leaves to luck: one DynamoDB call runs at a time.
It refuses another moto than the one it was written against: these are internals.
"""

from __future__ import annotations

import base64
import copy
from functools import cache
from threading import RLock
from typing import Any

import moto
from moto.core import responses, serialize
from moto.dynamodb import models as dynamodb_models
from moto.dynamodb import responses as dynamodb_responses
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from infra.local import moto_queues

EXPECTED_MOTO = "5.2.5"

# Position of the index name among the arguments of Table.query after the hash key.
_INDEX_NAME = 6

_dynamodb_lock = RLock()
_in_transaction: list[bool] = []


@cache
def apply() -> None:
    """Put the faster paths in place, once per process.

    Raises:
        RuntimeError: another version of moto is installed.
    """
    if moto.__version__ != EXPECTED_MOTO:
        raise RuntimeError(
            f"moto {EXPECTED_MOTO} is needed and {moto.__version__} is installed: "
            "the local stack patches moto's internals."
        )
    _serialise_dynamodb()
    _copy_only_named_items()
    _query_one_partition()
    responses.method_names_from_class = cache(responses.method_names_from_class)  # type: ignore[attr-defined]
    _write_items_directly()
    moto_queues.apply()


def _serialise_dynamodb() -> None:
    """Run one DynamoDB call at a time."""
    original = dynamodb_responses.DynamoHandler.call_action

    def call_action(self: Any) -> Any:
        with _dynamodb_lock:
            return original(self)

    dynamodb_responses.DynamoHandler.call_action = call_action  # type: ignore[method-assign]


class _Copy:
    """The `copy` module as moto's models see it: a table is not copied inside a transaction."""

    copy = staticmethod(copy.copy)

    @staticmethod
    def deepcopy(value: Any, memo: Any = None) -> Any:
        if _in_transaction and isinstance(value, Table):
            return value
        return copy.deepcopy(value, memo)


def _copy_only_named_items() -> None:
    """Let a transaction remember the items it names, and restore those when it fails."""
    backend = dynamodb_models.DynamoDBBackend
    original = backend.transact_write_items

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        with _dynamodb_lock:
            before = _named_items(self, transact_items)
            streamed = {id(t): (t, len(t.stream_shard.items)) for t, *_ in before if t.stream_shard}
            _in_transaction.append(True)
            try:
                original(self, transact_items)
            except BaseException:
                for table, hash_key, range_key, item in before:
                    _put_back(table, hash_key, range_key, item)
                for table, length in streamed.values():
                    del table.stream_shard.items[length:]
                raise
            finally:
                _in_transaction.pop()

    backend.transact_write_items = transact_write_items  # type: ignore[method-assign]
    dynamodb_models.copy = _Copy  # type: ignore[assignment,attr-defined]


def _named_items(backend: Any, transact_items: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return (table, hash key, range key, copy of the item or None) of each item named.

    An operation too malformed to name an item is left out: it cannot write one either.
    """
    named = []
    for operation in transact_items:
        for kind, details in operation.items():
            if not isinstance(details, dict):
                continue
            table = backend.tables.get(details.get("TableName"))
            key = details.get("Item" if kind == "Put" else "Key")
            if table is None or not isinstance(key, dict) or table.hash_key_attr not in key:
                continue
            hash_key = DynamoType(key[table.hash_key_attr])
            range_key = None
            if table.has_range_key:
                if table.range_key_attr not in key:
                    continue
                range_key = DynamoType(key[table.range_key_attr])
            named.append(
                (table, hash_key, range_key, copy.deepcopy(_stored(table, hash_key, range_key)))
            )
    return named


def _stored(table: Any, hash_key: DynamoType, range_key: DynamoType | None) -> Any:
    """Return the stored item or None, without creating the empty partition a defaultdict would."""
    if hash_key not in table.items:
        return None
    found = table.items[hash_key]
    return found.get(range_key) if range_key is not None else found


def _put_back(table: Any, hash_key: DynamoType, range_key: DynamoType | None, item: Any) -> None:
    """Store an item as it was, or remove it when it did not exist."""
    if range_key is None:
        if item is None:
            table.items.pop(hash_key, None)
        else:
            table.items[hash_key] = item
    elif item is None:
        table.items.get(hash_key, {}).pop(range_key, None)
    else:
        table.items[hash_key][range_key] = item


def _query_one_partition() -> None:
    """Let a Query of the table itself see one partition, sorted by plain values."""
    original = Table.query

    def query(self: Any, hash_key: DynamoType | None, *args: Any, **kwargs: Any) -> Any:
        index_name = kwargs.get("index_name", args[_INDEX_NAME] if args[_INDEX_NAME:] else None)
        if index_name or hash_key is None:
            return original(self, hash_key, *args, **kwargs)
        if hash_key not in self.items:
            partition = []
        elif self.has_range_key:
            partition = sorted(
                self.items[hash_key].values(), key=lambda item: item.range_key.cast_value
            )
        else:
            partition = [self.items[hash_key]]
        view = copy.copy(self)
        view.all_items = lambda: partition
        return original(view, hash_key, *args, **kwargs)

    Table.query = query  # type: ignore[method-assign]


def _write_items_directly() -> None:
    """Write an attribute value of an answer by its own type."""
    serializer = serialize.BaseJSONSerializer
    original = serializer._serialize_type_structure  # noqa: SLF001 - what is patched

    def structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and key and isinstance(value, dict) and len(value) == 1:
            serialized[key] = _attribute_value(value)
        else:
            original(self, serialized, value, shape, key)

    serializer._serialize_type_structure = structure  # type: ignore[method-assign]  # noqa: SLF001


def _attribute_value(value: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute value as DynamoDB's JSON spells it: binary in base64, numbers as text."""
    kind, held = next(iter(value.items()))
    match kind:
        case "B":
            return {"B": _base64(held)}
        case "BS":
            return {"BS": [_base64(item) for item in held]}
        case "M":
            return {"M": {name: _attribute_value(item) for name, item in held.items()}}
        case "L":
            return {"L": [_attribute_value(item) for item in held]}
        case "S" | "N":
            return {kind: str(held)}
        case _:
            return {kind: held}


def _base64(held: bytes | str) -> str:
    """Return bytes, or text standing for them, in base64."""
    return base64.b64encode(held.encode() if isinstance(held, str) else held).decode()
