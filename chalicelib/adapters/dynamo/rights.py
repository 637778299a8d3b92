# SPDX-License-Identifier: Apache-2.0
"""`ports.rights.RightsRecords` on DynamoDB: the campaigns table, for good.

Rows: `RIGHT`/<id> · `RIGHTOF#<sid>`/<id> · `RIGHTDUE`/<deadline, 13 digits>_<id> while an answer is
owed, so that the desk reads by deadline.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    binary_of,
    key,
    number,
    number_of,
    of_partition,
    query,
    read_all,
    require_number,
    require_text,
    require_version,
    text,
    text_of,
)
from chalicelib.adapters.dynamo.ledger_rows import put_new
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.domain.ids import BrandId, JobId, SubjectId
from chalicelib.domain.rights import (
    ExtensionReason,
    Medium,
    RefusalGround,
    RestrictionGround,
    Right,
    RightsRequest,
    Status,
)
from chalicelib.ports.catalog import Page
from chalicelib.ports.system import Clock, RandomBytes

_RIGHT: Final = "RIGHT"
_DUE: Final = "RIGHTDUE"
_VERSION: Final = number(ROW_VERSION)
_MAX_READ: Final = 100
"""Keys in one BatchGetItem."""


class DynamoRightsRecords:
    """Records of rights requests."""

    def __init__(self, campaigns_table: str, clock: Clock, random: RandomBytes) -> None:
        self._table = campaigns_table
        self._clock = clock
        self._random = random

    def get(self, request_id: str) -> RightsRequest | None:
        """Return the record, read strongly, or None."""
        with translated("read a rights request"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=key(_RIGHT, request_id), ConsistentRead=True
            )
        row = answer.get("Item")
        return None if row is None else right_of(row)

    def of(self, sid: SubjectId) -> tuple[RightsRequest, ...]:
        """Return every record of a person, read strongly, in no meaningful order."""
        rows = query(
            "list a person's rights requests",
            client("dynamodb"),
            TableName=self._table,
            **of_partition(_of(sid)),
            ConsistentRead=True,
        )
        return self._records([require_text(row, "sk") for row in rows])

    def create(self, request: RightsRequest) -> None:
        """Store a new record.

        Raises:
            Conflict: there is one with this id.
        """
        writes = [put_new(self._table, right_item(request))]
        if request.sid is not None:
            writes.append(self._put({**key(_of(request.sid), request.id), "v": _VERSION}))
        if request.is_open:
            writes.append(self._put(_due_item(request)))
        with translated("record a rights request"):
            client("dynamodb").transact_write_items(TransactItems=writes)

    def replace(self, before: RightsRequest, after: RightsRequest) -> RightsRequest:
        """Store ``after`` over the row ``before`` was read from; return it with the next revision.

        Raises:
            Conflict: the row changed since it was read.
        """
        following = replace(after, revision=before.revision + 1)
        put = self._put(right_item(following))
        put["Put"] |= {
            "ConditionExpression": "v = :v AND revision = :revision",
            "ExpressionAttributeValues": {":v": _VERSION, ":revision": number(before.revision)},
        }
        writes, old, new = [put], _due_key(before), _due_key(after)
        if before.is_open and (not after.is_open or old != new):
            writes.append({"Delete": {"TableName": self._table, "Key": old}})
        if after.is_open:
            writes.append(self._put(_due_item(after)))
        with translated("record how a rights request stands"):
            client("dynamodb").transact_write_items(TransactItems=writes)
        return following

    def page(self, cursor: str | None, limit: int, *, open_only: bool) -> Page[RightsRequest]:
        """Return up to ``limit`` (1 to 100) records: the owed ones by deadline, or all by id.

        Raises:
            InputError: the cursor was not made by this method for the same kind of page.
        """
        partition = _DUE if open_only else _RIGHT
        rows, after = read_page("page rights requests", self._table, partition, cursor, limit)
        if open_only:
            found = self._records([require_text(row, "request") for row in rows])
            # One closed between the two reads is left out.
            items = tuple(sorted((each for each in found if each.is_open), key=_order))
        else:
            items = tuple(right_of(row) for row in rows)
        return Page(items=items, cursor=after)

    def _records(self, ids: Sequence[str]) -> tuple[RightsRequest, ...]:
        found: list[RightsRequest] = []
        for start in range(0, len(ids), _MAX_READ):
            keys = [key(_RIGHT, each) for each in ids[start : start + _MAX_READ]]
            rows = read_all(
                "read rights requests",
                client("dynamodb"),
                {self._table: {"Keys": keys, "ConsistentRead": True}},
                self._clock,
                self._random,
            )
            found += [right_of(row) for row in rows[self._table]]
        return tuple(found)

    def _put(self, item: Item) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item}}


def _of(sid: SubjectId) -> str:
    return f"RIGHTOF#{sid}"


def _order(request: RightsRequest) -> tuple[int, str]:
    return request.deadline_ms, request.id


def _due_key(request: RightsRequest) -> dict[str, dict[str, str]]:
    return key(_DUE, f"{request.deadline_ms:013}_{request.id}")


def _due_item(request: RightsRequest) -> Item:
    return {**_due_key(request), "v": _VERSION, "request": text(request.id)}


_WORDS: Final = (
    *("sid", "received_by", "entered_by", "extension", "restriction", "ground"),
    *("erasure", "mac"),
)
_TIMES: Final = ("extended_until_ms", "answered_ms", "lifted_ms")


def right_item(request: RightsRequest) -> Item:
    """Return the row of a record: what is unknown or empty is absent."""
    item: dict[str, Any] = {
        **key(_RIGHT, request.id),
        "v": _VERSION,
        "brand": text(request.brand),
        "right": text(request.right),
        "medium": text(request.medium),
        "status": text(request.status),
        "received_ms": number(request.received_ms),
        "entered_ms": number(request.entered_ms),
        "due_ms": number(request.due_ms),
        "revision": number(request.revision),
    }
    for name in _WORDS:
        if word := getattr(request, name):
            item[name] = text(word)
    for name in _TIMES:
        if (at_ms := getattr(request, name)) is not None:
            item[name] = number(at_ms)
    if request.note is not None:
        item["note"] = binary(request.note)
    if request.closed_by_erasure:
        item["closed_by_erasure"] = {"BOOL": True}
    return item


def right_of(item: Item) -> RightsRequest:
    """Return the record a row holds."""
    require_version(item)
    words = {name: text_of(item, name) for name in _WORDS}
    sid, erasure, ground = words["sid"], words["erasure"], words["ground"]
    extension, restriction = words["extension"], words["restriction"]
    return RightsRequest(
        id=JobId(require_text(item, "sk")),
        sid=SubjectId(sid) if sid else None,
        brand=BrandId(require_text(item, "brand")),
        right=Right(require_text(item, "right")),
        medium=Medium(require_text(item, "medium")),
        received_ms=require_number(item, "received_ms"),
        entered_ms=require_number(item, "entered_ms"),
        due_ms=require_number(item, "due_ms"),
        received_by=words["received_by"] or "",
        entered_by=words["entered_by"] or "",
        status=Status(require_text(item, "status")),
        extended_until_ms=number_of(item, "extended_until_ms"),
        extension=ExtensionReason(extension) if extension else None,
        restriction=RestrictionGround(restriction) if restriction else None,
        ground=RefusalGround(ground) if ground else None,
        answered_ms=number_of(item, "answered_ms"),
        erasure=JobId(erasure) if erasure else None,
        closed_by_erasure=item.get("closed_by_erasure") == {"BOOL": True},
        lifted_ms=number_of(item, "lifted_ms"),
        mac=words["mac"],
        note=binary_of(item, "note"),
        revision=require_number(item, "revision"),
    )
