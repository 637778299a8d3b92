# SPDX-License-Identifier: Apache-2.0
"""`ports.segments` on DynamoDB: the campaigns table.

Rows: `SEGMENT`/<id> · `LIFECYCLE`/<brand>. The document is JSON text; beside it stand the fields of
forms it asks about, each with the type it had, so that it reads the same after a form has changed.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.campaign_models import CAMPAIGNS
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    key,
    number,
    of_partition,
    query,
    require_number,
    require_text,
    require_version,
    text,
    text_of,
)
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.forms import FieldType
from chalicelib.domain.ids import BrandId, CampaignId
from chalicelib.domain.lifecycle import Rules, dump_rules, fields_of_rules, parse_rules
from chalicelib.domain.segments import Segment, SegmentError, SegmentId, dump, fields_of, parse
from chalicelib.errors import FatalError
from chalicelib.ports.catalog import Page

T = TypeVar("T")

SEGMENTS: Final = "SEGMENT"
LIFECYCLES: Final = "LIFECYCLE"
_OVER: Final = (CampaignStatus.SENT, CampaignStatus.CANCELLED)
_NEW: Final[Mapping[str, Any]] = {"ConditionExpression": "attribute_not_exists(pk)"}


class DynamoSegments:
    """`SegmentStore` on DynamoDB."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def get(self, segment_id: str) -> Segment | None:
        """Return the segment, or None."""
        row = _read("read a segment", self._table, key(SEGMENTS, segment_id))
        return None if row is None else segment_of(row)

    def create(self, segment: Segment) -> None:
        """Store a new segment; `Conflict` when its id exists."""
        _put("create a segment", self._table, segment_item(segment), _NEW)

    def replace(self, segment: Segment) -> None:
        """Store ``segment`` over the version before its own.

        Raises:
            Conflict: there is no such segment, or it has another version by now.
        """
        item = segment_item(segment)
        _put("replace a segment", self._table, item, _of_version(segment.version - 1))

    def delete(self, segment: Segment) -> None:
        """Delete the segment.

        Raises:
            Conflict: there is none of this version any more.
        """
        with translated("delete a segment"):
            client("dynamodb").delete_item(
                TableName=self._table,
                Key=key(SEGMENTS, segment.id),
                **_of_version(segment.version),
            )

    def page(self, cursor: str | None, limit: int) -> Page[Segment]:
        """Return up to ``limit`` (1 to 100) segments by id.

        Raises:
            InputError: the cursor was not made by this method.
        """
        rows, after = read_page("list segments", self._table, SEGMENTS, cursor, limit)
        return Page(items=tuple(segment_of(row) for row in rows), cursor=after)

    def awaited_by(self, segment_id: str) -> tuple[CampaignId, ...]:
        """Return the campaigns by id that name a segment and are neither sent nor cancelled."""
        request = of_partition(CAMPAIGNS)
        request["ExpressionAttributeValues"] |= {
            ":segment": text(segment_id),
            ":sent": text(_OVER[0]),
            ":cancelled": text(_OVER[1]),
        }
        rows = query(
            "list a segment's campaigns",
            client("dynamodb"),
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="#segment = :segment AND NOT #status IN (:sent, :cancelled)",
            ProjectionExpression="pk, sk, v",
            ExpressionAttributeNames={"#segment": "segment", "#status": "status"},
            **request,
        )
        return tuple(CampaignId(require_text(require_version(row), "sk")) for row in rows)


class DynamoLifecycles:
    """`LifecycleStore` on DynamoDB."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def get(self, brand_id: str) -> Rules | None:
        """Return the brand's rules, or None where it made none."""
        row = _read("read life-cycle rules", self._table, key(LIFECYCLES, brand_id))
        return None if row is None else rules_of(row)

    def put(self, brand_id: str, rules: Rules) -> None:
        """Store ``rules`` over the version before their own; version 1 over none.

        Raises:
            Conflict: the brand's rules have another version by now.
        """
        before = _NEW if rules.version == 1 else _of_version(rules.version - 1)
        _put("store life-cycle rules", self._table, rules_item(brand_id, rules), before)


def _read(what: str, table: str, item_key: Item) -> Item | None:
    with translated(what):
        answer = client("dynamodb").get_item(TableName=table, Key=item_key, ConsistentRead=True)
    row: Item | None = answer.get("Item")
    return row


def _put(what: str, table: str, item: Item, condition: Mapping[str, Any]) -> None:
    with translated(what):
        client("dynamodb").put_item(TableName=table, Item=item, **condition)


def _of_version(version: int) -> dict[str, Any]:
    """The condition that a row of ours is there and has this version."""
    return {
        "ConditionExpression": "v = :v AND version = :version",
        "ExpressionAttributeValues": {":v": number(ROW_VERSION), ":version": number(version)},
    }


def segment_item(segment: Segment) -> Item:
    """Return the row of a segment."""
    return {
        **key(SEGMENTS, segment.id),
        "v": number(ROW_VERSION),
        "brand": text(segment.brand),
        "name": text(segment.name),
        "document": text(_json(dump(segment.where))),
        "fields": text(_json(fields_of(segment.where))),
        "version": number(segment.version),
        "created_ms": number(segment.created_ms),
        "changed_ms": number(segment.changed_ms),
    }


def segment_of(item: Item) -> Segment:
    """Return the segment a row holds."""
    where, document = _parsed(item, lambda document, fields: (parse(document, fields), document))
    return Segment(
        id=SegmentId(require_text(item, "sk")),
        brand=BrandId(require_text(item, "brand")),
        name=require_text(item, "name"),
        where=where,
        source=document,
        version=require_number(item, "version"),
        created_ms=require_number(item, "created_ms"),
        changed_ms=require_number(item, "changed_ms"),
    )


def rules_item(brand_id: str, rules: Rules) -> Item:
    """Return the row of a brand's rules."""
    return {
        **key(LIFECYCLES, brand_id),
        "v": number(ROW_VERSION),
        "document": text(_json(dump_rules(rules))),
        "fields": text(_json(fields_of_rules(rules))),
        "version": number(rules.version),
    }


def rules_of(item: Item) -> Rules:
    """Return the rules a row holds."""
    return _parsed(item, parse_rules)


def _parsed(item: Item, read: Callable[[Any, Mapping[str, FieldType]], T]) -> T:
    """Return what ``read`` makes of the row's document and the field types it was written with.

    Raises:
        FatalError: the row is not one that this code wrote.
    """
    kind = text_of(require_version(item), "pk")
    document, fields = (json.loads(require_text(item, name)) for name in ("document", "fields"))
    try:
        return read(document, {name: FieldType(told) for name, told in fields.items()})
    except (SegmentError, ValueError):
        raise FatalError(f"a stored {kind} cannot be read") from None


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
