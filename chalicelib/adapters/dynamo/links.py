# SPDX-License-Identifier: Apache-2.0
"""`ports.links` on DynamoDB: two writes at most for a click.

Guarantees that a campaign's targets are put once and never changed, and that a counter's row
holds numbers alone. A person's rows stand in the partition that an erasure sweeps
(`activity.events_key`), so none can be missed. Counters are spread over sixteen partitions by
chance: everybody clicks in the same hour.

Rows: campaigns `LINKS#<campaign>`/`TARGETS` and `LC#<campaign>#<0…f>`/`<link>` · activity
`S#<subject id>`/`E#<campaign>#<delivery>#<link>`, which expires. `<link>` is five digits, or
`open`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.activity import events_key
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    conditionally,
    key,
    number,
    number_of,
    of_partition,
    query,
    require_number,
    require_text,
    require_version,
    text,
)
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import BrandId, CampaignId, DeliveryId, ListId, SubjectId
from chalicelib.domain.measurement import HIT_DAYS, Counted, Hit, Spot, Targets
from chalicelib.errors import Conflict
from chalicelib.ports.system import RandomBytes

_KIND: Final = "E#"
_OPEN: Final = "open"
_SPREAD: Final = "0123456789abcdef"
_VERSION: Final = number(ROW_VERSION)


class DynamoCampaignLinks:
    """`CampaignLinks` on DynamoDB."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def put(self, campaign: CampaignId, targets: Targets) -> None:
        """Store the targets before the first mail goes; the same again is harmless."""
        done, old = conditionally(
            "store where links lead",
            client("dynamodb").put_item,
            TableName=self._table,
            Item={
                **_targets_key(campaign),
                "v": _VERSION,
                "brand": text(targets.brand),
                "list": text(targets.list),
                "urls": {"L": [text(url) for url in targets.urls]},
            },
            ConditionExpression="attribute_not_exists(pk)",
        )
        if done is None and _targets(old) != targets:
            raise Conflict("the links of this campaign lead elsewhere already")

    def get(self, campaign: CampaignId) -> Targets | None:
        """Return a campaign's targets, or None."""
        with translated("read where links lead"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=_targets_key(campaign), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else _targets(require_version(item))


class DynamoHits:
    """`Hits` on DynamoDB."""

    def __init__(self, *, activity_table: str, campaigns_table: str, random: RandomBytes) -> None:
        self._activity = activity_table
        self._campaigns = campaigns_table
        self._random = random

    def record(self, sid: SubjectId, spot: Spot, now_ms: int) -> bool:
        """Remember one more of a person; True the first time."""
        with translated("remember a click"):
            answer = client("dynamodb").update_item(
                TableName=self._activity,
                Key=key(events_key(sid), _KIND + _named(spot)),
                UpdateExpression=(
                    "SET v = :v, kind = :kind, first_ms = if_not_exists(first_ms, :now),"
                    " expires_at = if_not_exists(expires_at, :gone) ADD n :one"
                ),
                ExpressionAttributeValues={
                    ":v": _VERSION,
                    ":kind": text("opened" if spot.link is None else "clicked"),
                    ":now": number(now_ms),
                    ":gone": number((now_ms + HIT_DAYS * DAY_MS) // 1_000 + 1),
                    ":one": number(1),
                },
                ReturnValues="UPDATED_NEW",
            )
        return require_number(answer["Attributes"], "n") == 1

    def count(self, campaign: CampaignId, link: int | None, *, personal: bool) -> None:
        """Add one to a link of the campaign, or with None to its opens."""
        shard = _SPREAD[self._random(1)[0] % len(_SPREAD)]
        with translated("count a click"):
            client("dynamodb").update_item(
                TableName=self._campaigns,
                Key=key(_counters(campaign, shard), _link_name(link)),
                UpdateExpression="SET v = :v ADD #which :one",
                ExpressionAttributeNames={"#which": "personal" if personal else "unmeasured"},
                ExpressionAttributeValues={":v": _VERSION, ":one": number(1)},
            )

    def of(
        self,
        sid: SubjectId,
        campaign: CampaignId | None = None,
        delivery: DeliveryId | None = None,
    ) -> tuple[Hit, ...]:
        """Return what is remembered of a person, by campaign, delivery and link."""
        beginning = _KIND
        if campaign is not None:
            beginning += f"{campaign}#" + (f"{delivery}#" if delivery is not None else "")
        rows = query(
            "read a person's clicks",
            client("dynamodb"),
            TableName=self._activity,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :kind)",
            ExpressionAttributeValues={":pk": text(events_key(sid)), ":kind": text(beginning)},
            ConsistentRead=True,
        )
        return tuple(_hit(require_version(row)) for row in rows)

    def forget(self, sid: SubjectId, spots: Iterable[Spot]) -> None:
        """Remember no more of a person at these places; what was counted stays counted."""
        for spot in spots:
            with translated("forget a click"):
                client("dynamodb").delete_item(
                    TableName=self._activity, Key=key(events_key(sid), _KIND + _named(spot))
                )

    def counts(self, campaign: CampaignId) -> Mapping[int | None, Counted]:
        """Return what was counted by link, None for opens."""
        found: dict[int | None, Counted] = {}
        for shard in _SPREAD:
            request: dict[str, Any] = of_partition(_counters(campaign, shard))
            for row in query(
                "read how often links were followed",
                client("dynamodb"),
                TableName=self._campaigns,
                **request,
            ):
                link = _link_of(require_text(require_version(row), "sk"))
                before = found.get(link, Counted())
                found[link] = Counted(
                    personal=before.personal + (number_of(row, "personal") or 0),
                    unmeasured=before.unmeasured + (number_of(row, "unmeasured") or 0),
                )
        return found


def _targets_key(campaign: CampaignId) -> dict[str, dict[str, str]]:
    return key(f"LINKS#{campaign}", "TARGETS")


def _targets(item: Item) -> Targets:
    urls: Any = item["urls"]["L"]
    return Targets(
        brand=BrandId(require_text(item, "brand")),
        list=ListId(require_text(item, "list")),
        urls=tuple(str(url["S"]) for url in urls),
    )


def _counters(campaign: CampaignId, shard: str) -> str:
    return f"LC#{campaign}#{shard}"


def _link_name(link: int | None) -> str:
    return _OPEN if link is None else f"{link:05}"


def _link_of(name: str) -> int | None:
    return None if name == _OPEN else int(name)


def _named(spot: Spot) -> str:
    return f"{spot.campaign}#{spot.delivery}#{_link_name(spot.link)}"


def _hit(row: Item) -> Hit:
    campaign, delivery, link = require_text(row, "sk").removeprefix(_KIND).split("#")
    return Hit(
        spot=Spot(
            campaign=CampaignId(campaign), delivery=DeliveryId(delivery), link=_link_of(link)
        ),
        first_ms=require_number(row, "first_ms"),
        times=require_number(row, "n"),
    )
