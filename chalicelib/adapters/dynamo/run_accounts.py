# SPDX-License-Identifier: Apache-2.0
"""`ChunkAccounts` and `PlanTotals` on DynamoDB: who is accounted for, and who was planned.

Guarantees that everybody is counted once, whichever version wrote their row: a row of version 2 by
its people's codes, and by its rounds of version 1 those it took over. Refuses to resolve a chunk
that changed since it was read. Rows: `adapters.dynamo.run_rows`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo import chunk_counts
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    conditionally,
    key,
    number,
    number_of,
    of_partition,
    query,
    require_binary,
    require_number,
    require_text,
    require_version,
    text,
)
from chalicelib.adapters.dynamo.run_rows import (
    CHUNK_VERSION,
    KNOWN,
    LAST,
    chunk_key,
    chunk_rows,
    partition,
    ref_of,
    rounds_of,
    view_of,
)
from chalicelib.domain.campaigns import ChunkRef, ChunkStatus
from chalicelib.domain.ids import SHARDS, CampaignId
from chalicelib.domain.outcomes import (
    Counted,
    OutcomeCode,
    Tally,
    expired,
    require_codes,
    resolve,
    status_of,
)
from chalicelib.domain.runs import ChunkView, Totals
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.runs import MessagePlace

_PROGRESS: Final = f"{chunk_counts.PROJECTION}, #out"
_AS_READ: Final = "v = :v AND #out = :seen"
_NAMES: Final = {"#status": "status", "#out": "out"}


class DynamoChunkAccounts:
    """`ChunkAccounts` on DynamoDB."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def expire(self, campaign: CampaignId, shard: str, before_ms: int) -> int:
        """Turn who was dispatched before ``before_ms`` and not committed to unknown."""
        request = chunk_rows(campaign, shard)
        request["ExpressionAttributeValues"] |= {
            ":dispatched": text(ChunkStatus.DISPATCHED),
            ":before": number(before_ms),
        }
        rows = query(
            "find stale chunks",
            client("dynamodb"),
            TableName=self._table,
            **request,
            FilterExpression="#status = :dispatched AND dispatched_ms < :before",
            ExpressionAttributeNames={"#status": "status"},
            ConsistentRead=True,
        )
        views = [view_of(item, ref_of(item, campaign, shard)) for item in rows]
        return sum(self._expire(view) for view in views)

    def _expire(self, view: ChunkView) -> bool:
        """Call a chunk unknown where it is as it was read; else it waits for the next time."""
        values: dict[str, Any] = {
            ":v": number(view.version),
            ":dispatched": text(ChunkStatus.DISPATCHED),
            ":round": number(view.round),
        }
        where = "v = :v AND #status = :dispatched AND #round = :round"
        if view.codes is None:
            change, names = _FORMER_UNKNOWN, {"#status": "status", "#round": "claims"}
            values[":status"] = text(ChunkStatus.UNKNOWN)
        else:
            codes = expired(view.codes)
            change, names = _OUTCOME, {**_NAMES, "#round": "round"}
            where += " AND #out = :seen"
            values |= {":status": text(status_of(codes)), ":out": binary(codes)}
            values[":seen"] = binary(view.codes)
        return self._update("call a chunk unknown", view.chunk, change, where, names, values)[0]

    def resolve(self, view: ChunkView, told: Mapping[int, OutcomeCode]) -> bool:
        """Tell of places whose answer is lost what SES's events say; False: the chunk changed."""
        if view.codes is None:
            raise FatalError("a chunk of version 1 does not say who is unknown")
        codes = resolve(view.codes, told)
        if codes == view.codes:
            return True
        done, met = self._update(
            "resolve a chunk",
            view.chunk,
            _OUTCOME,
            _AS_READ,
            _NAMES,
            {
                ":v": number(CHUNK_VERSION),
                ":seen": binary(view.codes),
                ":status": text(status_of(codes)),
                ":out": binary(codes),
            },
        )
        return done or (bool(met) and view_of(met, view.chunk).codes == codes)

    def finished(self, campaign: CampaignId, shard: str) -> frozenset[int]:
        """Return the numbers of a shard's chunks that are done or unknown."""
        rows = query(
            "find finished chunks",
            client("dynamodb"),
            TableName=self._table,
            **chunk_rows(campaign, shard),
            ExpressionAttributeNames={"#status": "status"},
            ProjectionExpression="pk, sk, v, #status",
        )
        return frozenset(
            int(require_text(item, "sk"))
            for item in rows
            if require_text(require_version(item, KNOWN), "status") in chunk_counts.COUNTED
        )

    def chunks(self, campaign: CampaignId, shard: str) -> Iterator[ChunkView]:
        """Yield every chunk of a shard that has a row, by number, read strongly."""
        rows = query(
            "read a shard's chunks",
            client("dynamodb"),
            TableName=self._table,
            **chunk_rows(campaign, shard),
            ConsistentRead=True,
        )
        for item in rows:
            yield view_of(item, ref_of(item, campaign, shard))

    def find_message(self, campaign: CampaignId, message_id: str) -> MessagePlace | None:
        """Return whose message an id of SES is; None: nobody's in this campaign."""
        for shard in SHARDS:
            for view in self.chunks(campaign, shard):
                if message_id in view.message_ids:
                    place = view.message_ids.index(message_id)
                    return MessagePlace(chunk=view.chunk, place=place)
        return None

    def progress(self, campaign: CampaignId) -> tuple[Counted, int]:
        """Return everybody by outcome, and how many shards (0 to 16) are planned."""
        earlier: dict[str, int] = {}
        tally, former = Tally(), chunk_counts.Tally()
        for shard in SHARDS:
            rows = query(
                "read progress",
                client("dynamodb"),
                TableName=self._table,
                **of_partition(partition(campaign, shard)),
                ProjectionExpression=_PROGRESS,
                ExpressionAttributeNames=_NAMES,
            )
            for item in rows:
                sort_key = require_text(require_version(item, KNOWN), "sk")
                if sort_key == chunk_counts.TOTAL:
                    # A campaign begun under version 1 has its totals here.
                    earlier[shard] = require_number(item, "people")
                elif sort_key <= LAST:
                    _count(item, tally, former)
        # Read last, so that nobody is accounted for who is not planned.
        totals = {**earlier, **DynamoPlanTotals(self._table).totals(campaign).people}
        return tally.counted(sum(totals.values()), former.progress()), len(totals)

    def _update(
        self,
        what: str,
        chunk: ChunkRef,
        change: str,
        where: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> tuple[bool, Item]:
        answer, met = conditionally(
            what,
            client("dynamodb").update_item,
            known=KNOWN,
            TableName=self._table,
            Key=chunk_key(chunk),
            UpdateExpression=change,
            ConditionExpression=where,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        return answer is not None, met


_OUTCOME: Final = "SET #status = :status, #out = :out"
_FORMER_UNKNOWN: Final = "SET #status = :status, at_ms = dispatched_ms, n_unknown = people"


def _count(item: Item, tally: Tally, former: chunk_counts.Tally) -> None:
    """Count a chunk: by its codes, and what version 1 counted in it by its rounds."""
    if require_number(item, "v") == ROW_VERSION:
        former.add(item)
        return
    tally.add(require_codes(require_binary(item, "out")), number_of(item, "at_ms"))
    if rounds_of(item):
        status = text(ChunkStatus.PARTIAL)
        former.add({"sk": item["sk"], "status": status, "rounds": item["rounds"]})


class DynamoPlanTotals:
    """`PlanTotals` on DynamoDB: one row, one update a shard."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def planned(
        self, campaign: CampaignId, shard: str, people: int, render_errors: int = 0
    ) -> Totals:
        """Record what a shard plans and return all that is planned; repeating is harmless.

        Raises:
            Conflict: another number was recorded before; a plan never changes.
        """
        totals = self._update(
            "record a shard's total",
            campaign,
            "SET v = :v, #n = if_not_exists(#n, :people), #e = if_not_exists(#e, :errors)",
            "attribute_not_exists(pk) OR v = :v",
            {"#n": f"n{shard}", "#e": f"e{shard}"},
            {":people": number(people), ":errors": number(render_errors)},
        )
        if totals is None or totals.people[shard] != people:
            raise Conflict(f"shard {shard} planned another number of people before")
        return totals

    def go(self, campaign: CampaignId, now_ms: int) -> Totals:
        """Let the whole plan go, once; the first time stands.

        Raises:
            Conflict: a shard is not planned yet.
        """
        totals = self._update(
            "let a plan go",
            campaign,
            "SET go_ms = if_not_exists(go_ms, :now)",
            " AND ".join(("v = :v", *(f"attribute_exists(n{shard})" for shard in SHARDS))),
            {},
            {":now": number(now_ms)},
        )
        if totals is None:
            raise Conflict("a shard of the campaign is not planned yet")
        return totals

    def totals(self, campaign: CampaignId) -> Totals:
        """Return what is planned, read strongly."""
        with translated("read a plan's totals"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=_totals_key(campaign), ConsistentRead=True
            )
        item = answer.get("Item")
        return Totals() if item is None else _totals(item)

    def _update(
        self,
        what: str,
        campaign: CampaignId,
        change: str,
        where: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> Totals | None:
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": _totals_key(campaign),
            "UpdateExpression": change,
            "ConditionExpression": where,
            "ExpressionAttributeValues": {":v": number(ROW_VERSION), **values},
            "ReturnValues": "ALL_NEW",
        }
        if names:
            request["ExpressionAttributeNames"] = names
        answer, _ = conditionally(what, client("dynamodb").update_item, **request)
        return None if answer is None else _totals(answer["Attributes"])


def _totals_key(campaign: CampaignId) -> dict[str, dict[str, str]]:
    return key(f"P#{campaign}", "TOTALS")


def _totals(item: Item) -> Totals:
    require_version(item)
    shards = [shard for shard in SHARDS if f"n{shard}" in item]
    return Totals(
        people={shard: require_number(item, f"n{shard}") for shard in shards},
        render_errors={shard: require_number(item, f"e{shard}") for shard in shards},
        go_ms=number_of(item, "go_ms"),
    )
