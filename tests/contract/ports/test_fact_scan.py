# SPDX-License-Identifier: Apache-2.0
"""What every `FactScan` guarantees, on the fake and on DynamoDB's adapter."""

from dataclasses import replace

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.fact_scan import DynamoFactScan
from chalicelib.domain.customer_events import Kind
from chalicelib.domain.ids import SHARDS, shard_of
from chalicelib.ports.facts import FactChange, KeptEvent, KeptOrder, due_day
from chalicelib.ports.outside import StoredEvent
from tests.contract.ports.conftest import ACTIVITY, AUDIENCE
from tests.contract.ports.test_fact_store import ANNA, BO, LONG_MS, Everything
from tests.support.appends import first_append, subject
from tests.support.memory_facts import MemoryFactScan

EVENT = KeptEvent(tag="event-1", kind=Kind.ORDER, sealed=b"sealed event", until_ms=LONG_MS)
ORDER = KeptOrder(tag="order-1", sealed=b"sealed order", until_ms=LONG_MS)
FIRST = FactChange(
    sid=ANNA, entries=1, revision=0, facts=b"facts", due_day=21_000, event=EVENT, order=ORDER
)


@pytest.fixture(params=["memory", "dynamo"])
def people(request):
    if request.param == "dynamo":
        request.getfixturevalue("tables")
    made = Everything(request.param)
    if request.param == "dynamo":
        made.scan = DynamoFactScan(audience_table=AUDIENCE, activity_table=ACTIVITY)
    else:
        made.scan = MemoryFactScan(made.facts.rows, made.outside)
    return made


def due(people, day):
    return [sid for shard in SHARDS for sid in people.scan.due(shard, day)]


def test_somebody_is_due_on_the_day_and_after_and_not_before(people):
    assert due(people, None) == []
    people.facts.keep(FIRST)
    assert people.facts.read(ANNA).due_day == 21_000
    assert [due(people, day) for day in (20_999, 21_000, 21_001)] == [[], [ANNA], [ANNA]]
    assert list(people.scan.due(shard_of(ANNA), None)) == [ANNA]


def test_the_last_change_says_when_and_one_without_a_day_ends_it(people):
    people.facts.keep(FIRST)
    later = replace(FIRST, revision=1, due_day=22_000, event=None, order=None)
    people.facts.keep(later)
    assert (due(people, 21_500), due(people, 22_000)) == ([], [ANNA])
    people.facts.keep(replace(later, revision=2, due_day=None))
    assert due(people, None) == []
    held = people.facts.read(ANNA)
    assert (held.facts, held.due_day, held.revision) == (b"facts", None, 3)


def test_people_of_a_shard_come_by_their_ids(people):
    names = [f"person {n}" for n in range(40)]
    for name in names:
        people.ledger.commit(first_append(name))
        change = replace(FIRST, sid=subject(name), due_day=1, event=None, order=None)
        people.facts.keep(change)
    for shard in SHARDS:
        expected = sorted(sid for sid in map(subject, names) if shard_of(sid) == shard)
        assert list(people.scan.due(shard, 1)) == expected


def test_everybody_with_an_event_or_an_order_is_a_holder_once(people):
    assert list(people.scan.holders()) == []
    people.facts.keep(FIRST)
    people.facts.keep(replace(FIRST, revision=1, event=replace(EVENT, tag="event-2"), order=None))
    people.facts.keep(FactChange(sid=BO, entries=1, revision=0, facts=None, event=EVENT))
    assert sorted(people.scan.holders()) == sorted([ANNA, BO])


def test_other_rows_of_a_person_make_no_holder(people):
    mail = StoredEvent(key="e1", sid=ANNA, mac=None, type="Send", at_ms=1_000, sealed=b"mail")
    people.activity.record_event(mail, 60)
    assert list(people.scan.holders()) == []


@pytest.mark.parametrize("people", ["dynamo"], indirect=True)
def test_no_page_border_loses_or_repeats_anybody(people, monkeypatch):
    people.facts.keep(FIRST)
    people.facts.keep(FactChange(sid=BO, entries=1, revision=0, facts=None, event=EVENT))
    dynamodb = clients.client("dynamodb")
    real = dynamodb.scan
    monkeypatch.setattr(dynamodb, "scan", lambda **request: real(**request, Limit=1))
    assert sorted(people.scan.holders()) == sorted([ANNA, BO])


def test_the_day_is_one_on_which_the_whole_first_second_is_past(people):
    assert due_day(0, order_days=10) == 41
    assert due_day(86_399, order_days=10) == 41
    assert due_day(86_400, order_days=10) == 42
