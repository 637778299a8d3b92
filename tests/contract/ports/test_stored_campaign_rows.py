# SPDX-License-Identifier: Apache-2.0
"""Today's code reads yesterday's rows: tests/data/v1/campaign_rows.json was written once and stays.

The file holds a row of every kind and state in the campaigns and activity tables, in DynamoDB's
own JSON, binary as base64. A change that breaks these tests changes stored data: it needs a new
schema version, not a new file.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.campaign_fingerprint import source_digest
from chalicelib.domain.campaigns import CampaignStatus, ChunkRef, Progress
from chalicelib.domain.ids import DeliveryId, SubjectId
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.rate import Quota
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.outside import Attempt, Remembered, StoredEvent
from chalicelib.ports.sending import DeliveryRow
from tests.support.catalog_examples import BRAND, CAMPAIGN, CONTENT, FORM, JOB, KEY, LIST
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.former_port import ChunkResult, Claim
from tests.support.stored_campaigns import beside

STORED = Path(__file__).parents[2] / "data" / "v1" / "campaign_rows.json"
CAMPAIGNS, ACTIVITY = "kvitto-campaigns", "kvitto-activity"
DAY_S = 86_400
QUOTA = Quota(per_second=100.0)
"""99 a second for campaigns."""

WITH_TEXT = replace(CONTENT, text="Hello")
SECOND = replace(FORM, version=2, title={"en": "News, again"})
SENDING = replace(
    CAMPAIGN,
    source_sha256=source_digest(WITH_TEXT),
    status=CampaignStatus.SENDING,
    segment="all",
    content_sha256="33" * 32,
    chunk_size=14,
    started_ms=START_MS + 1,
    planned=4,
)
CANCELLED = replace(
    CAMPAIGN,
    id="cancelled",
    status=CampaignStatus.CANCELLED,
    content_sha256="44" * 32,
    started_ms=START_MS + 1,
    woken_ms=START_MS + 2,
    wakes=3,
)
REVOKED = replace(KEY, revoked_ms=START_MS + 2)
READY = replace(
    JOB, status=JobStatus.READY, progress={"size": "7"}, blob="bundles/a.zip", problem="none"
)
EVENT = StoredEvent(
    key="0100-aa#Bounce",
    sid=SubjectId("DDDDDDDDDDDDDDDDDDDDDA"),
    mac="m" * 43,
    type="Bounce",
    at_ms=START_MS,
    sealed=b"\x01sealed",
)
STRANGER = replace(EVENT, key="0100-bb#Bounce", sid=None, sealed=None)
BEGUN = Attempt(key="begun", nonce="first")
ANSWERED = Attempt(key="answered", nonce="second")


def chunk(number: int, shard: str = "3") -> ChunkRef:
    return ChunkRef(campaign=CAMPAIGN.id, shard=shard, number=number)


def delivery(number: int) -> DeliveryRow:
    return DeliveryRow(
        delivery=DeliveryId(f"delivery-{number:07d}"),
        campaign=CAMPAIGN.id,
        sid=SubjectId("DDDDDDDDDDDDDDDDDDDDDA"),
        chunk="3/0000000",
        basis="consent",
        entry=1,
        measured=number == 1,
        at_ms=START_MS,
    )


class Stores:
    """Every adapter over the two tables."""

    def __init__(self) -> None:
        from chalicelib.adapters.dynamo import catalog
        from chalicelib.adapters.dynamo.activity import DynamoActivity
        from chalicelib.adapters.dynamo.rate import DynamoRateSlot
        from tests.support.former_chunks import DynamoChunks

        self.brands = catalog.DynamoBrands(CAMPAIGNS)
        self.lists = catalog.DynamoLists(CAMPAIGNS)
        self.forms = catalog.DynamoForms(CAMPAIGNS)
        self.campaigns = catalog.DynamoCampaigns(CAMPAIGNS)
        self.keys = catalog.DynamoApiKeys(CAMPAIGNS)
        self.jobs = catalog.DynamoJobs(CAMPAIGNS)
        self.chunks = DynamoChunks(CAMPAIGNS, FakeClock(), SeededRandom())
        self.rate = DynamoRateSlot(CAMPAIGNS)
        self.activity = DynamoActivity(ACTIVITY)


def begin(stores: Stores, attempt: Attempt, asked: str) -> Remembered | None:
    return stores.activity.begin_request(attempt, asked, START_MS, lease_s=35, keep_s=DAY_S)


def tell_the_story(stores: Stores) -> None:
    """Set up, publish, send with every end a chunk can have, and let feedback come in."""
    stores.brands.create(BRAND)
    stores.lists.create(LIST)
    stores.forms.create(FORM)
    stores.forms.publish(SECOND)
    stores.campaigns.create(CAMPAIGN, CONTENT)
    stores.campaigns.replace(SENDING, WITH_TEXT)
    stores.campaigns.create(replace(CAMPAIGN, id="draft"), CONTENT)
    stores.campaigns.create(CANCELLED, CONTENT)
    stores.keys.create(KEY)
    stores.keys.replace(REVOKED)
    stores.jobs.create(JOB)
    stores.jobs.replace(READY)
    stores.chunks.planned(CAMPAIGN.id, "3", 4)
    for number in range(5):
        stores.chunks.claim(chunk(number), "a", START_MS, 60_000)
    for number in range(1, 5):
        at_ms = START_MS + (0 if number == 3 else 10)
        stores.chunks.dispatch(chunk(number), "a", (delivery(number),), at_ms, {"withdrawn": 1})
    outcome = ChunkResult(
        sent=1,
        rejected=0,
        unknown=0,
        skipped={"withdrawn": 1},
        message_ids=("0100-aa", None),
        at_ms=START_MS + 20,
    )
    stores.chunks.commit(chunk(2), "a", outcome)
    stores.chunks.expire(CAMPAIGN.id, "3", START_MS + 5)
    stores.chunks.release(chunk(4), "a")
    send_in_parts(stores)
    stores.chunks.observe(delivery(2).delivery, "bounce", 5, START_MS + 30, "0100-aa")
    stores.rate.note(QUOTA, START_MS)
    stores.rate.reserve(99, START_MS)
    stores.activity.count("signups/a", 3_600, START_MS)
    begin(stores, BEGUN, "11" * 32)
    begin(stores, ANSWERED, "22" * 32)
    stores.activity.finish_request(ANSWERED, 201, "{}")
    stores.activity.record_event(EVENT, DAY_S)
    stores.activity.record_event(STRANGER, DAY_S)


def send_in_parts(stores: Stores) -> None:
    """Shard 4: SES took one of two people; the other waits, is lost, is sent, is claimed again."""
    stores.chunks.planned(CAMPAIGN.id, "4", 8)
    for number in range(4):
        part = chunk(number, "4")
        stores.chunks.claim(part, "a", START_MS, 60_000)
        stores.chunks.dispatch(part, "a", (delivery(10 + number),), START_MS)
        stores.chunks.commit(part, "a", replace(late(), unsettled=(1,)))
        if number:
            stores.chunks.claim(part, "b", START_MS + 50, 60_000)
        if number in (1, 2):
            at_ms = START_MS + 50 * number
            stores.chunks.dispatch(part, "b", (delivery(20 + number),), at_ms)
    stores.chunks.expire(CAMPAIGN.id, "4", START_MS + 60)
    rest = replace(late(), message_ids=(None, "0100-dd"), at_ms=START_MS + 110)
    stores.chunks.commit(chunk(2, "4"), "b", rest)


def stored_rows() -> list[dict[str, Any]]:
    """Every row of the two tables, with its table, ordered by key, binary as base64."""
    found = []
    for table in (ACTIVITY, CAMPAIGNS):
        pages = clients.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        found += [{"table": table, "item": plain(i)} for page in pages for i in page["Items"]]
    return sorted(found, key=lambda x: (x["table"], x["item"]["pk"]["S"], x["item"]["sk"]["S"]))


def plain(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in item.items()
    }


def restore(**changed: Any) -> None:
    """Put yesterday's rows into the tables, with ``changed`` attributes in each."""
    for row in json.loads(STORED.read_text()):
        item = {
            name: {"B": base64.b64decode(value["B"])} if "B" in value else value
            for name, value in row["item"].items()
        }
        clients.client("dynamodb").put_item(TableName=row["table"], Item={**item, **changed})


@pytest.fixture
def yesterday(tables: None) -> Stores:
    """The tables as an earlier version of the product left them."""
    restore()
    return Stores()


def test_the_same_story_is_still_stored_as_the_same_rows(tables):
    tell_the_story(Stores())
    expected = [each for row in json.loads(STORED.read_text()) for each in moved(row)]
    assert sorted(stored_rows(), key=key_of) == sorted(expected, key=key_of)


def moved(row: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """How a row stands today.

    An event of a subject is below its subject, so that it is erased; the quota is with the rate;
    what a campaign says is beside its row.
    """
    item = row["item"]
    if item["pk"]["S"] == "CAMPAIGN":
        return beside(row)
    if item["pk"]["S"].startswith("V#") and "sid" in item:
        below = {"pk": {"S": f"S#{item['sid']['S']}"}, "sk": item["pk"]}
        return ({**row, "item": {**item, **below}},)
    if item["pk"]["S"] == "RATE":
        quota = {"quota_milli": {"N": "100000"}, "quota_ms": {"N": str(START_MS)}}
        return ({**row, "item": {**item, **quota}},)
    return (row,)


def key_of(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["table"], row["item"]["pk"]["S"], row["item"]["sk"]["S"]


def test_the_file_holds_every_kind_of_row():
    rows = [row["item"] for row in json.loads(STORED.read_text())]
    kinds = {(row["pk"]["S"] + "#").partition("#")[0] for row in rows}
    catalogue = {"BRAND", "BRANDCODE", "LIST", "FORM", "CAMPAIGN", "SENDING", "KEY", "KEYDIGEST"}
    assert kinds == catalogue | {"JOB", "K", "D", "RATE", "B", "R", "V"}
    chunks = [row["status"]["S"] for row in rows if row["pk"]["S"][:2] == "K#" and "status" in row]
    twice = ["claimed", "done", "unknown"]
    assert sorted(chunks) == sorted([*twice, *twice, "claimed", "dispatched", "partial"])
    assert {row["v"]["N"] for row in rows} == {"1"}


def test_yesterdays_catalogue_is_read_as_it_was(yesterday):
    assert yesterday.brands.get(BRAND.id) == yesterday.brands.by_code(BRAND.code) == BRAND
    assert yesterday.lists.get(LIST.id) == LIST
    assert yesterday.forms.get(FORM.id) == SECOND
    assert yesterday.forms.get(FORM.id, 1) == FORM
    sending = replace(SENDING, revision=1)
    assert yesterday.campaigns.get(CAMPAIGN.id) == sending
    assert yesterday.campaigns.get("draft") == replace(CAMPAIGN, id="draft")
    assert yesterday.campaigns.content(CAMPAIGN.id) == WITH_TEXT
    assert yesterday.campaigns.content("draft") == CONTENT
    assert yesterday.campaigns.unfinished() == (sending, CANCELLED)
    assert yesterday.keys.by_digest(KEY.digest) == REVOKED
    assert yesterday.jobs.get(JOB.kind, JOB.id) == replace(READY, revision=1)


def test_what_yesterdays_campaign_says_moves_beside_it_when_it_changes(yesterday):
    sending = yesterday.campaigns.get(CAMPAIGN.id)
    with pytest.raises(Conflict):
        yesterday.campaigns.replace(SENDING)
    paused = yesterday.campaigns.replace(replace(sending, status=CampaignStatus.PAUSED))
    assert yesterday.campaigns.get(CAMPAIGN.id) == paused
    assert yesterday.campaigns.content(CAMPAIGN.id) == WITH_TEXT
    (row,) = [
        row["item"]
        for row in stored_rows()
        if row["item"]["sk"]["S"] == CAMPAIGN.id and row["item"]["pk"]["S"] == "CAMPAIGN"
    ]
    assert not {"html", "text"} & row.keys()


def test_yesterdays_campaign_goes_on_where_it_stopped(yesterday):
    progress, shards = yesterday.chunks.progress(CAMPAIGN.id)
    assert shards == 2
    assert progress == Progress(
        planned=12,
        sent=6,
        unknown=2,
        skipped={"withdrawn": 2},
        first_ms=START_MS + 20,
        last_ms=START_MS + 110,
    )
    claims = [yesterday.chunks.claim(chunk(n), "c", START_MS + 90_000, 1) for n in range(5)]
    assert claims == [Claim(), None, None, None, Claim()]
    yesterday.chunks.commit(chunk(1), "a", late())
    assert yesterday.chunks.progress(CAMPAIGN.id)[0].sent == 7
    claims = [yesterday.chunks.claim(chunk(n, "4"), "c", START_MS + 90_000, 1) for n in range(4)]
    assert claims == [Claim(unsettled=(1,)), None, None, Claim(unsettled=(1,))]
    assert yesterday.chunks.finished(CAMPAIGN.id, "4") == {1, 2}
    seen = yesterday.chunks.delivery(delivery(2).delivery)
    assert seen is not None
    assert (seen.row, seen.event, seen.event_ms) == (delivery(2), "bounce", START_MS + 30)
    assert seen.message_id == "0100-aa"
    unseen = yesterday.chunks.delivery(delivery(1).delivery)
    assert unseen is not None
    assert (unseen.row, unseen.event) == (delivery(1), None)
    yesterday.rate.note(QUOTA, START_MS)
    assert yesterday.rate.reserve(1, START_MS).start_ms == START_MS + 1_000


def late() -> ChunkResult:
    return ChunkResult(
        sent=1, rejected=0, unknown=0, skipped={}, message_ids=("0100-cc",), at_ms=START_MS + 40
    )


def test_yesterdays_activity_still_counts(yesterday):
    assert yesterday.activity.count("signups/a", 3_600, START_MS) == 2
    begun = Remembered(request_sha256="11" * 32, status=None, body=None)
    assert begin(yesterday, replace(BEGUN, nonce="x"), "11" * 32) == begun
    answered = Remembered(request_sha256="22" * 32, status=201, body="{}")
    assert begin(yesterday, replace(ANSWERED, nonce="x"), "22" * 32) == answered
    assert yesterday.activity.record_event(STRANGER, DAY_S) is False
    # Once more in its new place: the former row expires, and nothing counts events.
    assert yesterday.activity.record_event(EVENT, DAY_S) is True
    assert yesterday.activity.record_event(EVENT, DAY_S) is False


READS = {
    "brands": lambda s: s.brands.get(BRAND.id),
    "brand codes": lambda s: s.brands.by_code(BRAND.code),
    "lists": lambda s: s.lists.get(LIST.id),
    "forms": lambda s: s.forms.get(FORM.id),
    "form versions": lambda s: s.forms.get(FORM.id, 1),
    "campaigns": lambda s: s.campaigns.get(CAMPAIGN.id),
    "contents": lambda s: s.campaigns.content(CAMPAIGN.id),
    "sending": lambda s: s.campaigns.unfinished(),
    "keys": lambda s: s.keys.page(None, 10),
    "key digests": lambda s: s.keys.by_digest(KEY.digest),
    "jobs": lambda s: s.jobs.page(JOB.kind, None, 10),
    "chunks": lambda s: s.chunks.claim(chunk(0), "b", START_MS + 90_000, 1),
    "finished chunks": lambda s: s.chunks.finished(CAMPAIGN.id, "3"),
    "stale chunks": lambda s: s.chunks.expire(CAMPAIGN.id, "3", START_MS + 90_000),
    "totals": lambda s: s.chunks.planned(CAMPAIGN.id, "3", 4),
    "progress": lambda s: s.chunks.progress(CAMPAIGN.id),
    "deliveries": lambda s: s.chunks.delivery(delivery(1).delivery),
    "events of deliveries": lambda s: s.chunks.observe(delivery(1).delivery, "b", 9, 1, "x"),
    "rate": lambda s: s.rate.reserve(1, START_MS),
    "requests": lambda s: begin(s, replace(ANSWERED, nonce="x"), "22" * 32),
    "abandoned requests": lambda s: s.activity.abandon_request(BEGUN),
    "budgets": lambda s: s.activity.count("signups/a", 3_600, START_MS),
    "events": lambda s: s.activity.record_event(STRANGER, DAY_S),
}


@pytest.mark.parametrize("kind", READS)
def test_rows_of_a_later_schema_version_are_never_guessed_at(tables, kind):
    restore(v={"N": "2"})
    before = stored_rows()
    with pytest.raises(FatalError):
        READS[kind](Stores())
    assert stored_rows() == before
