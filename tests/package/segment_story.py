# SPDX-License-Identifier: Apache-2.0
"""The walk's chapter about segments: counted, sampled, explained; what is measured, and forgotten.

It guarantees what `story` does: each step asserts what a person would see.
"""

import json
import time

from tests.package.installation import Installation

CAMPAIGN, DELIVERY = "wMHCw8TFxsfIycrLzM3Ozw", "0NHS09TV1tfY2drb"
PARTS = 16


def asked(site: Installation, email: str) -> None:
    """Everybody on the list is counted and some are named; one is explained and clicks."""
    bought = {"fact": "orders.count", "op": "gte", "value": 0}
    new = {"id": "all", "brand": "walk", "name": "All", "where": {"all": [bought]}}
    site.api("POST", "/segments", new, expect=201)
    words = {"segment": "all"}
    count = site.api("POST", "/segments/{segment}/count", {"list": "letters"}, expect=202, **words)
    assert site.consume("evaluate_segments", least=PARTS) == PARTS
    words["count"] = count["id"]
    told = site.api("GET", "/segments/{segment}/counts/{count}", query={"sample": "true"}, **words)
    assert told["matched"] == told["considered"] == len(told["sample"]) == 3
    why = site.api("POST", "/segments/{segment}/explain", {"email": email}, segment="all")
    assert why["matches"]
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    order = {"id": "9", "amount": 100, "currency": "SEK"}
    placed = {"brand": "walk", "email": email, "occurred_at": now, "id": "9", "order": order}
    site.api("POST", "/events", {**placed, "type": "order.placed"}, expect=201)
    _click(site, why["subscriber"])
    assert _kept(site, why["subscriber"]) == {"E", "N", "O"}


def forgotten(site: Installation, email: str) -> None:
    """Who objected meanwhile is forgotten by the message that the objection sent."""
    site.consume("sequence_ledger")
    assert site.consume("evaluate_segments") >= 1
    (found,) = site.api("GET", "/subscribers", query={"email": email})["items"]
    assert _kept(site, found["id"]) & {"E", "N", "O"} == set()


def _click(site: Installation, sid: str) -> None:
    """A link of a campaign is followed, as the pages note it, and becomes a fact."""
    database, number = site.client("dynamodb"), {"N": "1"}
    targets = {"brand": {"S": "walk"}, "list": {"S": "letters"}, "urls": {"L": []}}
    place = {"pk": {"S": f"LINKS#{CAMPAIGN}"}, "sk": {"S": "TARGETS"}, "v": number}
    database.put_item(TableName="kvitto-campaigns", Item={**place, **targets})
    at = {"N": str(time.time_ns() // 1_000_000)}
    hit = {"pk": {"S": f"S#{sid}"}, "sk": {"S": f"E#{CAMPAIGN}#{DELIVERY}#00000"}, "v": number}
    database.put_item(TableName="kvitto-activity", Item={**hit, "first_ms": at, "n": number})
    told = {"v": 1, "hit": DELIVERY, "kind": "clicked", "subscriber": sid, "campaign": CAMPAIGN}
    site.hand_over("evaluate_segments", [json.dumps(told)])


def _kept(site: Installation, sid: str) -> set[str]:
    """The kinds of rows that are kept of what somebody did."""
    rows = site.client("dynamodb").query(
        TableName="kvitto-activity",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"S#{sid}"}},
    )
    return {row["sk"]["S"].partition("#")[0] for row in rows["Items"]}
