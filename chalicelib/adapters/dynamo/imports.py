# SPDX-License-Identifier: Apache-2.0
"""`ports.import_rows.ImportRows` on DynamoDB: the campaigns table.

Rows: `IMPORT#<id>`/`J` the record · `IMPORT#<id>`/`L#<round>-<lane>` a lane, counted on by
`ledger_groups` · `IMPORTS`/<created, 13 digits>_<id> to page · `IMPORTFILE#<keyed MAC>`/<way> the
import that a file came with first · `IMPORTRULES`/<brand> · `IMPORTCUTOVER`/<brand>_<list>. Those
of an import expire after 400 days.
"""

import json
from dataclasses import replace
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.cursors import make_cursor, read_cursor
from chalicelib.adapters.dynamo.import_items import (
    VERSION,
    expires,
    moving_item,
    moving_of,
    record_item,
    record_key,
    record_of,
)
from chalicelib.adapters.dynamo.items import (
    Item,
    conditionally,
    key,
    number,
    of_partition,
    query,
    read_all,
    require_number,
    require_text,
    require_version,
    text,
)
from chalicelib.adapters.dynamo.ledger_groups import counts_of, lane_item, lane_key, place_of
from chalicelib.adapters.dynamo.ledger_rows import put_new
from chalicelib.domain.country_rules import Rules, load_rules, rules_document
from chalicelib.domain.ids import BrandId
from chalicelib.domain.imports import LANES, Import, ImportId, step_lane
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.import_rows import CountryTable, CutOver, LaneRow
from chalicelib.ports.system import Clock, RandomBytes

_PAGES: Final = "IMPORTS"
_RULES: Final = "IMPORTRULES"
_MOVINGS: Final = "IMPORTCUTOVER"


class DynamoImportRows:
    """Records and lanes of imports."""

    def __init__(self, campaigns_table: str, clock: Clock, random: RandomBytes) -> None:
        self._table = campaigns_table
        self._clock = clock
        self._random = random

    def create(self, record: Import) -> None:
        """Store a new import.

        Raises:
            Conflict: it exists.
        """
        listed = {
            **key(_PAGES, f"{record.created_ms:013d}_{record.id}"),
            "v": VERSION,
            "expires_at": expires(record.created_ms),
        }
        writes = [
            put_new(self._table, record_item(record)),
            {"Put": {"TableName": self._table, "Item": listed}},
        ]
        with translated("begin an import"):
            client("dynamodb").transact_write_items(TransactItems=writes)

    def get(self, import_id: str) -> Import | None:
        """Return an import, read strongly, or None."""
        item = self._item("read an import", record_key(import_id))
        return None if item is None else record_of(item)

    def replace(self, record: Import) -> Import:
        """Store an import in place of the one with this revision; return it with its new one.

        Raises:
            Conflict: its revision is another by now, or it is gone.
        """
        following = replace(record, revision=record.revision + 1)
        stored, _ = conditionally(
            "move an import",
            client("dynamodb").put_item,
            TableName=self._table,
            Item=record_item(following),
            ConditionExpression="v = :v AND revision = :revision",
            ExpressionAttributeValues={":v": VERSION, ":revision": number(record.revision)},
        )
        if stored is None:
            raise Conflict("The import moved on since it was read. Please look at it again.")
        return following

    def page(self, cursor: str | None, limit: int) -> tuple[tuple[Import, ...], str | None]:
        """Return up to ``limit`` (1 to 100) imports, the latest first, and the next cursor.

        Raises:
            InputError: the cursor is not ours.
        """
        start: dict[str, Any] = {}
        if cursor is not None:
            start["ExclusiveStartKey"] = key(_PAGES, read_cursor(_PAGES, cursor))
        with translated("page imports"):
            answer = client("dynamodb").query(
                TableName=self._table,
                Limit=limit,
                ConsistentRead=True,
                ScanIndexForward=False,
                **of_partition(_PAGES),
                **start,
            )
        listed = [require_text(row, "sk") for row in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        return self._records(listed), make_cursor(_PAGES, last["sk"]["S"]) if last else None

    def file_first(
        self, mac: str, way: str, import_id: ImportId, instead_of: ImportId | None = None
    ) -> ImportId | None:
        """Note that a file is imported in a way; return the earlier import that did, if another.

        Raises:
            FatalError: the row is of an unknown schema version.
        """
        item = {
            **key(f"IMPORTFILE#{mac}", way),
            "v": VERSION,
            "import": text(import_id),
            "expires_at": expires(self._clock.now_ms()),
        }
        earlier = text(import_id if instead_of is None else instead_of)
        stored, old = conditionally(
            "note the file of an import",
            client("dynamodb").put_item,
            TableName=self._table,
            Item=item,
            ConditionExpression="attribute_not_exists(pk) OR (v = :v AND #import IN (:me, :old))",
            ExpressionAttributeNames={"#import": "import"},
            ExpressionAttributeValues={":v": VERSION, ":me": text(import_id), ":old": earlier},
        )
        return ImportId(require_text(old, "import")) if stored is None else None

    def open_lanes(self, import_id: ImportId, round_name: str) -> None:
        """Have every one of the 64 lanes of a round begin; those that did are left as they are."""
        begun = self.lanes(import_id, round_name)
        until = expires(self._clock.now_ms())
        for lane in LANES:
            if lane not in begun:
                conditionally(
                    "begin a lane of an import",
                    client("dynamodb").put_item,
                    TableName=self._table,
                    Item={**lane_item(import_id, step_lane(round_name, lane)), "expires_at": until},
                    ConditionExpression="attribute_not_exists(pk)",
                )

    def lane(self, import_id: ImportId, round_name: str, lane: str) -> LaneRow:
        """Return a lane, read strongly.

        Raises:
            NotFound: it was never opened, or is gone.
        """
        item = self._item(
            "read a lane of an import", lane_key(import_id, step_lane(round_name, lane))
        )
        if item is None:
            raise NotFound("There is no such lane of an import.")
        return _lane(item)

    def lanes(self, import_id: ImportId, round_name: str) -> dict[str, LaneRow]:
        """Return every lane of a round, read strongly; empty before `open_lanes`."""
        begin = require_text(lane_key(import_id, step_lane(round_name, "")), "sk")
        rows = query(
            "read the lanes of an import",
            client("dynamodb"),
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :lanes)",
            ExpressionAttributeValues={
                ":pk": text(f"IMPORT#{import_id}"),
                ":lanes": text(begin),
            },
        )
        return {require_text(row, "sk").removeprefix(begin): _lane(row) for row in rows}

    def country_rules(self, brand: BrandId) -> CountryTable:
        """Return a brand's table, read strongly."""
        item = self._item("read the country table of a brand", key(_RULES, brand))
        if item is None:
            return CountryTable(rules=load_rules(None), revision=0)
        rules = load_rules(json.loads(require_text(require_version(item), "rules")))
        return CountryTable(rules=rules, revision=require_number(item, "revision"))

    def put_country_rules(self, brand: BrandId, rules: Rules, revision: int) -> CountryTable:
        """Store a brand's table in place of the one with this revision.

        Raises:
            Conflict: its revision is another by now.
        """
        values = {":v": VERSION, ":revision": number(revision)}
        stored, _ = conditionally(
            "store the country table of a brand",
            client("dynamodb").put_item,
            TableName=self._table,
            Item={
                **key(_RULES, brand),
                "v": VERSION,
                "revision": number(revision + 1),
                "rules": text(json.dumps(rules_document(rules))),
            },
            **(
                {
                    "ConditionExpression": "v = :v AND revision = :revision",
                    "ExpressionAttributeValues": values,
                }
                if revision
                else {"ConditionExpression": "attribute_not_exists(pk)"}
            ),
        )
        if stored is None:
            raise Conflict("The table changed since it was read. Please look at it again.")
        return CountryTable(rules=rules, revision=revision + 1)

    def cut_overs(self) -> tuple[CutOver, ...]:
        """Return every moving, ended ones too."""
        rows = query(
            "list movings from earlier tools",
            client("dynamodb"),
            TableName=self._table,
            ConsistentRead=True,
            **of_partition(_MOVINGS),
        )
        return tuple(map(moving_of, rows))

    def put_cut_over(self, moving: CutOver) -> None:
        """Store how a moving stands; the latest stands."""
        with translated("note a moving from an earlier tool"):
            client("dynamodb").put_item(TableName=self._table, Item=moving_item(moving))

    def _item(self, what: str, item_key: Item) -> Item | None:
        with translated(what):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=item_key, ConsistentRead=True
            )
        item: Item | None = answer.get("Item")
        return item

    def _records(self, listed: list[str]) -> tuple[Import, ...]:
        """Records in the order they are listed in; one that expired meanwhile is left out."""
        ids = [each.partition("_")[2] for each in listed]
        if not ids:
            return ()
        asked = {"Keys": [record_key(each) for each in ids], "ConsistentRead": True}
        rows = read_all(
            "read imports",
            client("dynamodb"),
            {self._table: asked},
            self._clock,
            self._random,
        )
        found = {each.id: each for each in map(record_of, rows[self._table])}
        return tuple(found[ImportId(each)] for each in ids if each in found)


def _lane(item: Item) -> LaneRow:
    return LaneRow(place=place_of(item), counts=counts_of(item))
