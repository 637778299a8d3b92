# SPDX-License-Identifier: Apache-2.0
"""`ports.erasure.Erasures` on DynamoDB: records of erasures in the campaigns table, for good.

Rows: `ERASURE`/<id> · `ERASEE`/<sid> names the person's latest · `ERASING`/<id> while something is
left to do · `ERASEPLACE`/`PLACE` and `WAITING` where the searches of the daily run go on.
"""

from dataclasses import replace
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    key,
    number,
    number_of,
    of_partition,
    query,
    require_number,
    require_text,
    require_version,
    text,
    text_of,
)
from chalicelib.adapters.dynamo.ledger_rows import put_new
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.domain.erasure import Erasure, Ground, Search, Stage
from chalicelib.domain.ids import EventId, JobId, SubjectId
from chalicelib.ports.catalog import Page

_ERASURE: Final = "ERASURE"
_ERASING: Final = "ERASING"
_PLACES: Final = {
    Search.UNCONFIRMED: key("ERASEPLACE", "PLACE"),
    Search.WAITING: key("ERASEPLACE", "WAITING"),
}
_VERSION: Final = number(ROW_VERSION)
_UNFINISHED: Final = frozenset({Stage.APPROVED, Stage.ERASED})


class DynamoErasures:
    """Records of erasures."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def get(self, erasure_id: str) -> Erasure | None:
        """Return the record, read strongly, or None."""
        row = self._read("read an erasure", key(_ERASURE, erasure_id))
        return None if row is None else erasure_of(row)

    def of(self, sid: SubjectId) -> Erasure | None:
        """Return the person's latest erasure, read strongly, or None."""
        row = self._read("read a person's erasure", _latest_key(sid))
        return None if row is None else self.get(require_text(row, "erasure"))

    def create(self, erasure: Erasure, after: Erasure | None) -> None:
        """Store a new record as its person's latest, the one before being ``after``.

        Raises:
            Conflict: the person's latest is another by now.
        """
        latest: dict[str, Any] = {
            "TableName": self._table,
            "Item": {**_latest_key(erasure.sid), "v": _VERSION, "erasure": text(erasure.id)},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if after is not None:
            latest["ConditionExpression"] = "erasure = :after"
            latest["ExpressionAttributeValues"] = {":after": text(after.id)}
        with translated("record an erasure"):
            client("dynamodb").transact_write_items(
                TransactItems=[put_new(self._table, erasure_item(erasure)), {"Put": latest}]
            )

    def replace(self, erasure: Erasure) -> Erasure:
        """Store ``erasure`` over the row of its ``revision``; return it with the next one.

        Raises:
            Conflict: the row changed since it was read.
        """
        following = replace(erasure, revision=erasure.revision + 1)
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": erasure_item(following),
            "ConditionExpression": "v = :v AND revision = :revision",
            "ExpressionAttributeValues": {":v": _VERSION, ":revision": number(erasure.revision)},
        }
        writes = [{"Put": put}]
        if erasure.stage in _UNFINISHED:
            pointer = {**key(_ERASING, erasure.id), "v": _VERSION}
            writes.append({"Put": {"TableName": self._table, "Item": pointer}})
        with translated("record how an erasure stands"):
            client("dynamodb").transact_write_items(TransactItems=writes)
        return following

    def unfinished(self) -> tuple[Erasure, ...]:
        """Return every approved or erased one that `finish` was not called for."""
        rows = query(
            "list unfinished erasures",
            client("dynamodb"),
            TableName=self._table,
            **of_partition(_ERASING),
        )
        found = (self.get(require_text(row, "sk")) for row in rows)
        return tuple(erasure for erasure in found if erasure is not None)

    def finish(self, erasure: Erasure) -> None:
        """Nothing is left to do; repeating is harmless."""
        with translated("finish an erasure"):
            client("dynamodb").delete_item(TableName=self._table, Key=key(_ERASING, erasure.id))

    def page(self, cursor: str | None, limit: int) -> Page[Erasure]:
        """Return up to ``limit`` (1 to 100) records, ordered by id.

        Raises:
            InputError: the cursor was not made by this method.
        """
        rows, after = read_page("page erasures", self._table, _ERASURE, cursor, limit)
        return Page(items=tuple(erasure_of(row) for row in rows), cursor=after)

    def place(self, search: Search = Search.UNCONFIRMED) -> int:
        """Return the log index at which a search goes on."""
        row = self._read("read the search's place", _PLACES[search])
        return 0 if row is None else require_number(row, "place")

    def move(self, place: int, search: Search = Search.UNCONFIRMED) -> None:
        """Store that index."""
        with translated("move the search's place"):
            client("dynamodb").put_item(
                TableName=self._table,
                Item={**_PLACES[search], "v": _VERSION, "place": number(place)},
            )

    def _read(self, what: str, item_key: Item) -> Item | None:
        with translated(what):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=item_key, ConsistentRead=True
            )
        row = answer.get("Item")
        return None if row is None else require_version(row)


def _latest_key(sid: SubjectId) -> dict[str, dict[str, str]]:
    return key("ERASEE", sid)


def erasure_item(erasure: Erasure) -> Item:
    """Return the row of a record: what is unknown is absent."""
    item: dict[str, Any] = {
        **key(_ERASURE, erasure.id),
        "v": _VERSION,
        "sid": text(erasure.sid),
        "ground": text(erasure.ground),
        "suppress": {"BOOL": erasure.suppress},
        "requested_by": text(erasure.requested_by),
        "requested_ms": number(erasure.requested_ms),
        "language": text(erasure.language),
        "stage": text(erasure.stage),
        "revision": number(erasure.revision),
    }
    for name in ("country", "approved_by", "event"):
        if (word := getattr(erasure, name)) is not None:
            item[name] = text(word)
    for name in ("approved_ms", "entry", "erased_ms"):
        if (count := getattr(erasure, name)) is not None:
            item[name] = number(count)
    return item


def erasure_of(item: Item) -> Erasure:
    """Return the record a row holds."""
    require_version(item)
    event = text_of(item, "event")
    return Erasure(
        id=JobId(require_text(item, "sk")),
        sid=SubjectId(require_text(item, "sid")),
        ground=Ground(require_text(item, "ground")),
        suppress=item.get("suppress") == {"BOOL": True},
        requested_by=require_text(item, "requested_by"),
        requested_ms=require_number(item, "requested_ms"),
        country=text_of(item, "country"),
        language=require_text(item, "language"),
        stage=Stage(require_text(item, "stage")),
        approved_by=text_of(item, "approved_by"),
        approved_ms=number_of(item, "approved_ms"),
        event=EventId(event) if event is not None else None,
        entry=number_of(item, "entry"),
        erased_ms=number_of(item, "erased_ms"),
        revision=require_number(item, "revision"),
    )
