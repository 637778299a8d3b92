# SPDX-License-Identifier: Apache-2.0
"""DynamoDB that always says yes: stores what it is given, answers what it has, checks nothing.

It guarantees that every item, and so every capacity unit counted from it, is what the product
wrote. Unless told otherwise it takes every condition as met, so it shows what the good case costs
and proves nothing about safety; the contract suite does that. An expression it does not know is an
error, not a guess.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from infra.bench.capacity import item_bytes, read_units, write_units
from infra.bench.conditions import met
from infra.bench.crowd import Crowd

Item: TypeAlias = dict[str, dict[str, Any]]
Request: TypeAlias = Mapping[str, Any]

_ZERO = {"N": "0"}
PAGE_BYTES = 1024 * 1024
"""A Query answers at most this much. Source: Amazon DynamoDB API Reference, Query."""
_CLAUSES = re.compile(r"\b(SET|REMOVE|ADD)\s")
_DEFAULT = re.compile(r"if_not_exists\((\S+), (:\w+)\)")
_RANGE = re.compile(r"(?:AND \(?)(\S+) (BETWEEN|<=|>=|<|>|=) (:\w+)(?: AND (:\w+))?")
_PREFIX = re.compile(r"begins_with\((\S+), (:\w+)\)")
_TESTS: Mapping[str, Callable[[str, str, str], bool]] = {
    "BETWEEN": lambda sk, low, high: low <= sk <= high,
    "<": lambda sk, bound, _: sk < bound,
    ">": lambda sk, bound, _: sk > bound,
    "<=": lambda sk, bound, _: sk <= bound,
    ">=": lambda sk, bound, _: sk >= bound,
    "=": lambda sk, bound, _: sk == bound,
}


class ConditionFailedError(Exception):
    """An update whose condition the row does not meet; its argument is the row."""


class NullDynamo:
    """Tables by name; each partition a dict of rows by sort key, or a part of the `crowd`.

    With ``checks`` the conditions of single puts and updates are kept: for workers who compete.
    """

    def __init__(self) -> None:
        self.crowd: Crowd | None = None
        self.checks = False
        self.tables: dict[str, dict[str, dict[str, Item]]] = {}
        self.units: dict[str, float] = {"write": 0.0, "read": 0.0}

    def answer(self, operation: str, request: Request) -> dict[str, Any]:
        """Return the answer to one request.

        Raises:
            KeyError: an operation or expression that is not known here.
        """
        return _OPERATIONS[operation](self, request)

    def store(self, table: str, item: Item, *, transaction: bool = False) -> None:
        """Keep ``item`` over what was there."""
        rows = self.tables.setdefault(table, {}).setdefault(item["pk"]["S"], {})
        old = rows.get(item["sk"]["S"])
        rows[item["sk"]["S"]] = item
        size = max(item_bytes(item), item_bytes(old) if old else 0)
        self.units["write"] += write_units(size, transaction=transaction)

    def _find(self, table: str, key: Item) -> Item | None:
        return self.tables.get(table, {}).get(key["pk"]["S"], {}).get(key["sk"]["S"])

    def _put(self, request: Request) -> dict[str, Any]:
        if self.checks:
            old = self._find(request["TableName"], request["Item"]) or {}
            if not met(request, old):
                raise ConditionFailedError(old)
        self.store(request["TableName"], request["Item"])
        return {}

    def _update(self, request: Request, *, transaction: bool = False) -> dict[str, Any]:
        old = self._find(request["TableName"], request["Key"]) or {}
        if self.checks and not met(request, old):
            raise ConditionFailedError(old)
        item = {**request["Key"], **old}
        _apply(item, request)
        self.store(request["TableName"], item, transaction=transaction)
        told = {"ALL_NEW": item, "ALL_OLD": old}.get(request.get("ReturnValues", ""))
        return {"Attributes": told} if told else {}

    def _delete(self, request: Request, *, transaction: bool = False) -> dict[str, Any]:
        key = request["Key"]
        rows = self.tables.get(request["TableName"], {}).get(key["pk"]["S"], {})
        old = rows.pop(key["sk"]["S"], None)
        size = item_bytes(old) if old else 0
        self.units["write"] += write_units(size, transaction=transaction)
        return {}

    def _get(self, request: Request) -> dict[str, Any]:
        item = self._find(request["TableName"], request["Key"])
        strong = bool(request.get("ConsistentRead"))
        self.units["read"] += read_units([item_bytes(item or {})], strong=strong)
        return {"Item": item} if item else {}

    def _batch_get(self, request: Request) -> dict[str, Any]:
        answers: dict[str, list[Item]] = {}
        for table, wanted in request["RequestItems"].items():
            found = [self._find(table, key) for key in wanted["Keys"]]
            sizes = [item_bytes(item or {}) for item in found]
            strong = bool(wanted.get("ConsistentRead"))
            self.units["read"] += read_units(sizes, strong=strong)
            answers[table] = [item for item in found if item]
        return {"Responses": answers, "UnprocessedKeys": {}}

    def _batch_write(self, request: Request) -> dict[str, Any]:
        for table, writes in request["RequestItems"].items():
            for write in writes:
                if "PutRequest" in write:
                    self.store(table, write["PutRequest"]["Item"])
                else:
                    self._delete({"TableName": table, **write["DeleteRequest"]})
        return {"UnprocessedItems": {}}

    def _transact(self, request: Request) -> dict[str, Any]:
        for action in request["TransactItems"]:
            ((kind, one),) = action.items()
            if kind == "Put":
                self.store(one["TableName"], one["Item"], transaction=True)
            elif kind == "Update":
                self._update(one, transaction=True)
            elif kind == "Delete":
                self._delete(one, transaction=True)
            else:
                item = self._find(one["TableName"], one["Key"])
                size = item_bytes(item) if item else 0
                self.units["write"] += write_units(size, transaction=True)
        return {}

    def _query(self, request: Request) -> dict[str, Any]:
        found: list[Item] = []
        size = 0
        last = None
        for item in self._matching(request):
            if size > PAGE_BYTES or len(found) == request.get("Limit", -1):
                last = found[-1]
                break
            found.append(item)
            size += item_bytes(item)
        strong = bool(request.get("ConsistentRead"))
        self.units["read"] += read_units([size], strong=strong)
        answer: dict[str, Any] = {
            "Items": [_projected(item, request) for item in found],
            "Count": len(found),
            "ScannedCount": len(found),
        }
        if last:
            answer["LastEvaluatedKey"] = {"pk": last["pk"], "sk": last["sk"]}
        return answer

    def _matching(self, request: Request) -> Iterator[Item]:
        expression = request["KeyConditionExpression"].replace("(", "").replace(")", "")
        values = request["ExpressionAttributeValues"]
        table, pk = request["TableName"], values[re.findall(r":\w+", expression)[0]]["S"]
        bound = _RANGE.search(expression)
        prefix = _PREFIX.search(request["KeyConditionExpression"])
        begin = values[prefix[2]]["S"] if prefix else ""
        after = request.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")
        if self.crowd is not None and self.crowd.has(table, pk):
            yield from self.crowd.rows(table, pk, after=after, between=_between(bound, values))
            return
        rows = self.tables.get(table, {}).get(pk, {})
        for sk in sorted(rows):
            if (after and sk <= after) or not sk.startswith(begin):
                continue
            if bound is None or _TESTS[bound[2]](
                sk, values[bound[3]]["S"], values[bound[4]]["S"] if bound[4] else ""
            ):
                yield rows[sk]


_OPERATIONS: Mapping[str, Callable[[NullDynamo, Request], dict[str, Any]]] = {
    "PutItem": NullDynamo._put,  # noqa: SLF001 -- the table of this class's own methods
    "UpdateItem": NullDynamo._update,  # noqa: SLF001
    "DeleteItem": NullDynamo._delete,  # noqa: SLF001
    "GetItem": NullDynamo._get,  # noqa: SLF001
    "BatchGetItem": NullDynamo._batch_get,  # noqa: SLF001
    "BatchWriteItem": NullDynamo._batch_write,  # noqa: SLF001
    "TransactWriteItems": NullDynamo._transact,  # noqa: SLF001
    "Query": NullDynamo._query,  # noqa: SLF001
}


def _apply(item: Item, request: Request) -> None:
    """Change ``item`` as an update expression says."""
    names = request.get("ExpressionAttributeNames", {})
    values = request.get("ExpressionAttributeValues", {})
    parts = _CLAUSES.split(request["UpdateExpression"])
    for clause, text in zip(parts[1::2], parts[2::2], strict=True):
        for change in _DEFAULT.sub(partial(_stored_or, item, names), text).split(","):
            words = change.split()
            name = names.get(words[0], words[0])
            if clause == "REMOVE":
                item.pop(name, None)
            elif clause == "ADD":
                item[name] = _sum(item.get(name, _ZERO), values[words[1]])
            else:
                terms = [
                    values[w] if w[0] == ":" else item.get(names.get(w, w), _ZERO)
                    for w in words[2::2]
                ]
                item[name] = terms[0] if len(terms) == 1 else _sum(*terms)


def _stored_or(item: Item, names: Mapping[str, str], found: re.Match[str]) -> str:
    """Return which of the two an `if_not_exists` stands for."""
    return found[1] if names.get(found[1], found[1]) in item else found[2]


def _sum(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    for kind in ("NS", "SS"):
        if kind in right:
            return {kind: sorted({*left.get(kind, ()), *right[kind]})}
    return {"N": str(int(left["N"]) + int(right["N"]))}


def _between(bound: re.Match[str] | None, values: Item) -> tuple[str, str] | None:
    if bound is None:
        return None
    if bound[2] != "BETWEEN":
        raise KeyError(bound[2])
    return values[bound[3]]["S"], values[bound[4]]["S"]


def _projected(item: Item, request: Request) -> Item:
    if "ProjectionExpression" not in request:
        return item
    names = request.get("ExpressionAttributeNames", {})
    wanted = [names.get(x.strip(), x.strip()) for x in request["ProjectionExpression"].split(",")]
    return {name: item[name] for name in wanted if name in item}
