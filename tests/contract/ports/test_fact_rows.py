# SPDX-License-Identifier: Apache-2.0
"""What the DynamoDB fact store asks and writes; today's code reads yesterday's rows.

tests/data/v1/fact_rows.json was written once and stays. A change that breaks its tests changes
stored data: it needs a new schema version, not a new file.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.facts import TRANSACTION_TRIES, DynamoFactStore
from chalicelib.adapters.dynamo.ledger_rows import subject_key
from chalicelib.domain.customer_events import (
    CustomerEvent,
    Item,
    Kind,
    OrderPlaced,
    dump_event,
    load_event,
)
from chalicelib.domain.fact_document import dump_facts, load_facts
from chalicelib.domain.facts import fold
from chalicelib.domain.ids import decode_id
from chalicelib.domain.orders import dump_order, load_order, with_order_event
from chalicelib.errors import Conflict, FatalError, Throttled
from chalicelib.ports.facts import (
    FactChange,
    KeptEvent,
    KeptOrder,
    event_row,
    kept_until_ms,
    order_row,
)
from chalicelib.proof.sealing import SubjectKeys
from tests.contract.ports.conftest import ACTIVITY, AUDIENCE, LEDGER, ORIGIN
from tests.support.appends import BRAND, first_append, next_append, subject
from tests.support.clock import START_MS, FakeClock, SeededRandom

STORED = Path(__file__).parents[2] / "data" / "v1" / "fact_rows.json"
ANNA = subject("anna")
KEYS = SubjectKeys(bytes(range(32)), ORIGIN, decode_id(ANNA))
EVENT_TAG, ORDER_TAG = "ZXZlbnQgdGFnIG9uZQAAAA", "b3JkZXIgdGFnIG9uZQAAAA"
BOUGHT = CustomerEvent(
    id="shop-1",
    brand=BRAND,
    occurred_ms=START_MS + 250,
    what=OrderPlaced(
        order="4711", amount=129_900, currency="SEK", items=(Item(product="garden-tools"),)
    ),
)
JOINED = with_order_event(None, BOUGHT, EVENT_TAG)
FACTS = fold([(EVENT_TAG, BOUGHT)])


def sealed_change():
    """The first event of a person, sealed as it is in production, under nonces that repeat."""
    random, until_ms = SeededRandom(), kept_until_ms(Kind.ORDER, BOUGHT.occurred_ms)
    event = KEYS.seal_event(event_row(EVENT_TAG).encode(), dump_event(BOUGHT), random(12))
    order = KEYS.seal_event(order_row(ORDER_TAG).encode(), dump_order(JOINED), random(12))
    return FactChange(
        sid=ANNA,
        entries=1,
        revision=0,
        facts=KEYS.seal_facts(dump_facts(FACTS), random(12)),
        event=KeptEvent(tag=EVENT_TAG, kind=Kind.ORDER, sealed=event, until_ms=until_ms),
        order=KeptOrder(tag=ORDER_TAG, sealed=order, until_ms=until_ms),
    )


CHANGE = sealed_change()
AGAIN = replace(CHANGE, revision=1, event=replace(CHANGE.event, tag="another"))


@pytest.fixture
def facts(dynamo):
    dynamo.ledger.commit(first_append("anna"))
    return DynamoFactStore(
        ledger_table=LEDGER,
        audience_table=AUDIENCE,
        activity_table=ACTIVITY,
        clock=FakeClock(),
        random=SeededRandom(),
    )


def stored_rows():
    """The rows as JSON: audience, then activity, binary as base64."""
    dynamodb = clients.client("dynamodb")
    audience = dynamodb.get_item(TableName=AUDIENCE, Key=subject_key(ANNA))["Item"]
    kept = dynamodb.scan(TableName=ACTIVITY)["Items"]
    return {
        "audience": [_as_json({name: audience[name] for name in ("pk", "sk", "v", "facts", "fv")})],
        "activity": [_as_json(row) for row in sorted(kept, key=lambda row: row["sk"]["S"])],
    }


def _as_json(row):
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in row.items()
    }


def restore(**changed):
    for table, rows in json.loads(STORED.read_text()).items():
        for row in rows:
            item = {
                name: {"B": base64.b64decode(value["B"])} if "B" in value else value
                for name, value in row.items()
            }
            name = {"audience": AUDIENCE, "activity": ACTIVITY}[table]
            clients.client("dynamodb").put_item(TableName=name, Item={**item, **changed})


def test_the_same_event_is_still_stored_as_the_same_rows(facts):
    facts.keep(CHANGE)
    assert stored_rows() == json.loads(STORED.read_text())


def test_yesterdays_rows_are_read_and_opened_as_they_were(facts):
    restore()
    held = facts.read(ANNA, event=EVENT_TAG, order=ORDER_TAG)
    assert (held.revision, held.known) == (1, True)
    assert load_facts(KEYS.open_facts(held.facts)) == FACTS
    assert facts.orders(ANNA) == (held.order,)
    order = KEYS.open_event(order_row(ORDER_TAG).encode(), held.order.sealed)
    assert load_order(order) == JOINED
    (kept,) = facts.events(ANNA)
    assert kept.kind is Kind.ORDER
    assert load_event(KEYS.open_event(event_row(kept.tag).encode(), kept.sealed)) == BOUGHT
    assert facts.keep(AGAIN)


def test_rows_of_a_later_version_are_neither_guessed_at_nor_written_over(facts):
    restore(v={"N": "9"})
    for read in (facts.events, facts.orders, facts.read):
        with pytest.raises(FatalError):
            read(ANNA)
    with pytest.raises(Conflict):
        facts.keep(AGAIN)
    clients.client("dynamodb").update_item(
        TableName=AUDIENCE,
        Key=subject_key(ANNA),
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"N": "1"}},
    )
    with pytest.raises(FatalError):
        facts.read(ANNA, order=ORDER_TAG)


def test_every_row_says_when_it_may_go_and_only_the_kind_is_in_the_clear(facts):
    facts.keep(CHANGE)
    for row in stored_rows()["activity"]:
        until_ms = int(row["expires_at"]["N"]) * 1000
        assert 0 <= until_ms - CHANGE.order.until_ms < 1000
        clear = {"pk", "sk", "v", "expires_at"} | ({"kind"} if row["sk"]["S"][0] == "N" else set())
        assert row.keys() - {"sealed"} == clear
        assert row["pk"] == {"S": f"S#{ANNA}"}


def test_an_append_and_an_event_leave_each_others_attributes_alone(facts, dynamo):
    facts.keep(CHANGE)
    before = stored_rows()
    dynamo.ledger.commit(next_append("anna", 1, profile=first_append("anna").profile))
    assert stored_rows() == before
    assert dynamo.audience.member(ANNA).sealed == b"profile anna"


def test_an_event_is_one_batch_read_and_one_transaction_of_four_rows(facts):
    sent = []
    clients.client("dynamodb").meta.events.register(
        "provide-client-params.dynamodb.*",
        lambda params, model, **_: sent.append((model.name, params)),
    )
    facts.read(ANNA, event=EVENT_TAG, order=ORDER_TAG)
    facts.keep(CHANGE)
    (read, asked), (wrote, written) = sent
    assert (read, wrote) == ("BatchGetItem", "TransactWriteItems")
    assert all(table["ConsistentRead"] for table in asked["RequestItems"].values())
    kinds = [next(iter(write)) for write in written["TransactItems"]]
    assert kinds == ["Put", "ConditionCheck", "Update", "Put"]


def cancelling(monkeypatch, *reasons, times):
    """Make the next transactions be cancelled for ``reasons``; return what was asked."""
    dynamodb = clients.client("dynamodb")
    real, calls = dynamodb.transact_write_items, []

    def call(**request):
        calls.append(request)
        if len(calls) > times:
            return real(**request)
        answer = {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "CancellationReasons": [{"Code": code} for code in reasons],
        }
        raise ClientError(answer, "TransactWriteItems")

    monkeypatch.setattr(dynamodb, "transact_write_items", call)
    return calls


def test_a_row_busy_in_another_transaction_is_asked_for_again(facts, monkeypatch):
    calls = cancelling(monkeypatch, "None", "TransactionConflict", times=2)
    assert facts.keep(CHANGE)
    assert len(calls) == 3
    assert len({call["ClientRequestToken"] for call in calls}) == 1


def test_a_row_that_stays_busy_is_throttled_after_a_bounded_number_of_tries(facts, monkeypatch):
    calls = cancelling(monkeypatch, "TransactionConflict", times=99)
    with pytest.raises(Throttled):
        facts.keep(CHANGE)
    assert len(calls) == TRANSACTION_TRIES


def test_only_the_events_own_row_says_that_it_was_counted(facts, monkeypatch):
    cancelling(monkeypatch, "ConditionalCheckFailed", "TransactionConflict", times=1)
    assert not facts.keep(CHANGE)
    cancelling(monkeypatch, "ConditionalCheckFailed", times=1)
    with pytest.raises(Conflict):
        facts.keep(replace(CHANGE, event=None))
    cancelling(monkeypatch, "None", "ConditionalCheckFailed", times=1)
    with pytest.raises(Conflict):
        facts.keep(CHANGE)
