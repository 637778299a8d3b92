# SPDX-License-Identifier: Apache-2.0
"""`ports.links` as promised, by the fakes and by DynamoDB's adapters alike."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.recent import RecentLinks
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import CampaignId, DeliveryId, encode_id
from chalicelib.domain.measurement import HIT_DAYS, Counted, Hit, Spot
from chalicelib.errors import Conflict, FatalError
from tests.contract.ports.conftest import ACTIVITY, AUDIENCE, CAMPAIGNS, LEDGER, VAULT
from tests.support.appends import subject
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.link_examples import CAMPAIGN, DELIVERY, TARGETS
from tests.support.memory_erasure import MemoryPersonalData
from tests.support.memory_ledger import MemoryRows
from tests.support.memory_links import LinkRows, MemoryCampaignLinks, MemoryHits
from tests.support.memory_outside import OutsideRows

STORED = Path(__file__).parents[2] / "data" / "v1" / "link_rows.json"
OTHER = CampaignId(encode_id(b"another campaign"))
LATER = DeliveryId(encode_id(b"\xff" * 12))
ADA, BO = subject("ada"), subject("bo")
CLICK = Spot(campaign=CAMPAIGN, delivery=DELIVERY, link=1)
OPEN = replace(CLICK, link=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Links and hits, with what an erasure reaches of the same rows."""

    links: Any
    hits: Any
    data: Any


@pytest.fixture(params=["memory", "dynamo"])
def ports(request):
    if request.param == "memory":
        rows, outside = LinkRows(), OutsideRows()
        return Ports(
            links=MemoryCampaignLinks(rows),
            hits=MemoryHits(rows, outside),
            data=MemoryPersonalData(MemoryRows(), outside),
        )
    return request.getfixturevalue("dynamo")


@pytest.fixture
def dynamo(tables):
    from chalicelib.adapters.dynamo.erasure import DynamoPersonalData
    from chalicelib.adapters.dynamo.links import DynamoCampaignLinks, DynamoHits

    return Ports(
        links=DynamoCampaignLinks(CAMPAIGNS),
        hits=DynamoHits(activity_table=ACTIVITY, campaigns_table=CAMPAIGNS, random=SeededRandom()),
        data=DynamoPersonalData(
            ledger_table=LEDGER,
            vault_table=VAULT,
            audience_table=AUDIENCE,
            activity_table=ACTIVITY,
            clock=FakeClock(),
            random=SeededRandom(),
        ),
    )


def test_targets_are_put_once_and_stay(ports):
    assert ports.links.get(CAMPAIGN) is None
    for _ in range(2):
        ports.links.put(CAMPAIGN, TARGETS)
    with pytest.raises(Conflict):
        ports.links.put(CAMPAIGN, replace(TARGETS, urls=TARGETS.urls[:1]))
    assert ports.links.get(CAMPAIGN) == TARGETS
    assert ports.links.get(OTHER) is None
    ports.links.put(OTHER, replace(TARGETS, urls=()))
    assert ports.links.get(OTHER).urls == ()


def test_a_process_reads_the_targets_of_a_campaign_once(ports):
    rows = LinkRows()
    recent = RecentLinks(MemoryCampaignLinks(rows), FakeClock())
    assert recent.get(CAMPAIGN) is None, "that there are none is not remembered"
    recent.put(CAMPAIGN, TARGETS)
    assert recent.get(CAMPAIGN) == TARGETS
    rows.targets.clear()
    assert recent.get(CAMPAIGN) == TARGETS


def test_a_persons_hits_are_kept_with_the_first_time_and_how_often(ports):
    assert ports.hits.record(ADA, CLICK, START_MS)
    assert not ports.hits.record(ADA, CLICK, START_MS + 5)
    assert ports.hits.record(ADA, OPEN, START_MS + 7)
    assert ports.hits.record(BO, CLICK, START_MS + 9)
    assert ports.hits.of(ADA) == (
        Hit(spot=CLICK, first_ms=START_MS, times=2),
        Hit(spot=OPEN, first_ms=START_MS + 7, times=1),
    )
    assert ports.hits.of(subject("cy")) == ()


def test_a_persons_hits_are_found_by_campaign_and_by_mail(ports):
    spots = (
        CLICK,
        replace(CLICK, link=65_535),
        replace(CLICK, delivery=LATER),
        replace(CLICK, campaign=OTHER),
    )
    for spot in spots:
        ports.hits.record(ADA, spot, START_MS)
    assert {hit.spot for hit in ports.hits.of(ADA)} == set(spots)
    assert [hit.spot for hit in ports.hits.of(ADA, CAMPAIGN)] == list(spots[:3])
    assert [hit.spot for hit in ports.hits.of(ADA, CAMPAIGN, DELIVERY)] == list(spots[:2])
    assert ports.hits.of(BO, CAMPAIGN) == ()


def test_hits_are_forgotten_at_the_places_named_and_nowhere_else(ports):
    for spot in (CLICK, OPEN, replace(CLICK, campaign=OTHER)):
        for sid in (ADA, BO):
            ports.hits.record(sid, spot, START_MS)
    ports.hits.count(CAMPAIGN, 1, personal=True)
    for _ in range(2):
        ports.hits.forget(ADA, [OPEN, CLICK])
    ports.hits.forget(ADA, [])
    assert [hit.spot for hit in ports.hits.of(ADA)] == [replace(CLICK, campaign=OTHER)]
    assert len(ports.hits.of(BO)) == 3
    assert ports.hits.counts(CAMPAIGN) == {1: Counted(personal=1)}
    assert ports.hits.record(ADA, CLICK, START_MS)


def test_counters_add_up_by_link_and_kind(ports):
    for _ in range(40):
        ports.hits.count(CAMPAIGN, 1, personal=False)
    for link in (1, 1, None, 499):
        ports.hits.count(CAMPAIGN, link, personal=True)
    ports.hits.count(OTHER, 1, personal=True)
    assert ports.hits.counts(CAMPAIGN) == {
        1: Counted(personal=2, unmeasured=40),
        None: Counted(personal=1),
        499: Counted(personal=1),
    }
    assert ports.hits.counts(OTHER) == {1: Counted(personal=1)}


def test_an_erasure_leaves_nothing_of_a_persons_hits_and_all_of_the_sums(ports):
    for spot in (CLICK, OPEN, replace(CLICK, campaign=OTHER)):
        for sid in (ADA, BO):
            ports.hits.record(sid, spot, START_MS)
            ports.hits.count(spot.campaign, spot.link, personal=True)
    before = ports.hits.counts(CAMPAIGN)
    assert ports.data.sweep(ADA) == 3
    assert ports.hits.of(ADA) == ()
    assert len(ports.hits.of(BO)) == 3
    assert ports.hits.counts(CAMPAIGN) == before
    assert ports.data.sweep(ADA) == 0


def test_what_was_on_its_way_when_somebody_was_erased_goes_with_the_second_sweep(ports):
    ports.data.sweep(ADA)
    ports.hits.record(ADA, CLICK, START_MS)
    assert ports.data.sweep(ADA) == 1
    assert ports.hits.of(ADA) == ()


def stored(table):
    return clients.client("dynamodb").scan(TableName=table)["Items"]


def test_a_persons_row_says_when_it_may_go_and_holds_no_more_than_it_must(dynamo):
    for later_ms in (0, DAY_MS):
        dynamo.hits.record(ADA, CLICK, START_MS + later_ms)
    (row,) = stored(ACTIVITY)
    assert set(row) == {"pk", "sk", "v", "kind", "first_ms", "n", "expires_at"}
    assert row["kind"] == {"S": "clicked"}
    until_ms = START_MS + HIT_DAYS * DAY_MS
    assert 0 <= int(row["expires_at"]["N"]) * 1_000 - until_ms <= 1_000


def test_a_counters_row_holds_a_number_and_nothing_of_who_was_counted(dynamo):
    for _ in range(60):
        dynamo.hits.count(CAMPAIGN, 0, personal=False)
    rows = stored(CAMPAIGNS)
    assert {key for row in rows for key in row} == {"pk", "sk", "v", "unmeasured"}
    assert 8 < len(rows) <= 16, "a crowd writes to many rows"
    assert sum(int(row["unmeasured"]["N"]) for row in rows) == 60


@pytest.mark.parametrize("read", ["targets", "hits", "counts"])
def test_rows_of_another_version_are_not_guessed_at(dynamo, read):
    dynamo.links.put(CAMPAIGN, TARGETS)
    dynamo.hits.record(ADA, CLICK, START_MS)
    dynamo.hits.count(CAMPAIGN, 1, personal=True)
    for table in (CAMPAIGNS, ACTIVITY):
        for row in stored(table):
            clients.client("dynamodb").put_item(TableName=table, Item={**row, "v": {"N": "9"}})
    calls = {
        "targets": lambda: dynamo.links.get(CAMPAIGN),
        "hits": lambda: dynamo.hits.of(ADA),
        "counts": lambda: dynamo.hits.counts(CAMPAIGN),
    }
    with pytest.raises(FatalError):
        calls[read]()


def test_todays_code_reads_yesterdays_rows(dynamo):
    """tests/data/v1/link_rows.json was written once and stays; a change needs a new version."""
    kept = json.loads(STORED.read_text())
    for table, rows in ((CAMPAIGNS, kept["campaigns"]), (ACTIVITY, kept["activity"])):
        for row in rows:
            clients.client("dynamodb").put_item(TableName=table, Item=row)
    assert dynamo.links.get(CAMPAIGN) == TARGETS
    assert dynamo.hits.of(ADA) == (
        Hit(spot=CLICK, first_ms=START_MS, times=2),
        Hit(spot=OPEN, first_ms=START_MS + 7, times=1),
    )
    assert dynamo.hits.counts(CAMPAIGN) == {
        1: Counted(personal=2, unmeasured=40),
        None: Counted(personal=1, unmeasured=3),
    }


def test_todays_code_writes_the_same_rows(dynamo):
    kept = json.loads(STORED.read_text())
    dynamo.links.put(CAMPAIGN, TARGETS)
    assert stored(CAMPAIGNS) == [row for row in kept["campaigns"] if "urls" in row]
    for spot, at_ms in ((CLICK, START_MS), (CLICK, START_MS + 5), (OPEN, START_MS + 7)):
        dynamo.hits.record(ADA, spot, at_ms)
    assert sorted(stored(ACTIVITY), key=lambda row: row["sk"]["S"]) == kept["activity"]
