# SPDX-License-Identifier: Apache-2.0
"""The segments queue: what its consumer takes, what goes back alone, and that nothing leaks."""

import json
import logging

import pytest

from chalicelib.domain.ids import SHARDS
from chalicelib.entrypoints import logs
from chalicelib.entrypoints.queues import sequence_ledger
from chalicelib.entrypoints.segment_queue import evaluate_segments
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue
from tests.support.account_examples import EVERYBODY
from tests.support.faults import FailAlways, Moment
from tests.support.link_examples import CAMPAIGN, DELIVERY, EMAIL, TARGETS, click
from tests.support.shop import consent, event, kinds, known, placed, viewed

SECRET = "canary@example.org"
ID = "A" * 22


def records(*bodies):
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def failed(answer):
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def deliver(*messages):
    return failed(evaluate_segments(records(*(json.dumps(each) for each in messages))))


@pytest.mark.parametrize("body", ["not JSON " + SECRET, "[]", '{"v":1', ""])
def test_a_message_nobody_can_read_goes_back_and_is_not_printed(world, caplog, body):
    with caplog.at_level(logging.INFO):
        assert failed(evaluate_segments(records(body))) == ["m0"]
    assert all(SECRET not in logs.LineFormatter().format(record) for record in caplog.records)


@pytest.mark.parametrize(
    "message",
    [
        {"v": 2, "forget": ID},
        {"v": 1},
        {"v": 1, "forget": SECRET},
        {"v": 1, "forget": 5},
        {"v": 1, "count": ID},
        {"v": 1, "count": ID, "shard": "g"},
        {"v": 1, "count": ID, "shard": ["0"]},
        {"v": 1, "count": SECRET, "shard": "0"},
        {"v": 1, "export": 5},
        {"v": 1, "export": SECRET},
        {"v": 1, "hit": DELIVERY, "kind": "delivered", "subscriber": ID, "campaign": ID},
        {"v": 1, "hit": DELIVERY, "subscriber": ID, "campaign": ID},
        {"v": 1, "hit": ID, "kind": "opened", "subscriber": ID, "campaign": ID},
        {"v": 1, "hit": DELIVERY, "kind": "opened", "subscriber": SECRET, "campaign": ID},
        {"v": 1, "hit": DELIVERY, "kind": "opened", "subscriber": ID},
    ],
)
def test_a_message_of_another_shape_goes_back_by_itself(world, caplog, message):
    """Sixty times, and then to the dead letters; it keeps no other waiting."""
    good = {"v": 1, "forget": ID}
    with caplog.at_level(logging.INFO):
        assert deliver(good, message, good) == ["m1"]
    assert all(SECRET not in logs.LineFormatter().format(record) for record in caplog.records)


def test_a_count_of_sixteen_messages_is_made_once_however_often_they_come(world):
    world.subscribe(EMAIL)
    everybody = {"fact": "orders.last", "op": "missing"}
    world.segments.create(segment_id="all", brand_id="demo", name="All", where=everybody)
    asked = world.segment_counts.start("all")
    messages = world.messages.take(Queue.SEGMENTS)
    assert len(messages) == len(SHARDS)
    assert deliver(*messages, *messages) == []
    assert world.segment_counts.get("all", asked.id).matched == 1


def test_a_count_that_is_gone_is_no_reason_to_come_again(world):
    assert deliver({"v": 1, "count": ID, "shard": "0"}) == []


def test_an_export_is_made_once_however_often_its_message_comes(world):
    world.subscribe(EMAIL)
    campaign = world.campaign()
    world.settle()
    asked = world.exports.ask(campaign, EVERYBODY)
    messages = world.messages.take(Queue.SEGMENTS)
    assert messages == [{"v": 1, "export": asked.id}]
    assert deliver(*messages, *messages, {"v": 1, "export": ID}) == []
    assert world.exports.get(asked.id).people == 1


def test_a_withdrawal_an_objection_and_the_end_of_a_restriction_are_forgotten_by_message(world):
    sid = world.subscribe(EMAIL, measurement="yes")
    consent(world, sid, "measurement", "profiling")
    world.fact_folder.keep(sid, event(viewed("e1", subscriber=sid)))
    world.fact_folder.keep(sid, event(placed("e2", "1", subscriber=sid)))
    world.campaign_links.put(CAMPAIGN, TARGETS)
    world.measurement.follow(click(world.tokens, sid, 0).removeprefix("/c/"), record=True)
    assert deliver(*world.messages.take(Queue.SEGMENTS)) == []
    assert kinds(world, sid) == ["measurement", "order", "profiling"]

    world.messages.take(Queue.SEQUENCING)
    consent(world, sid)
    told = [json.dumps(each) for each in world.messages.take(Queue.SEQUENCING)]
    assert failed(sequence_ledger(records("{}", *told))) == ["m0"]
    messages = world.messages.take(Queue.SEGMENTS)
    assert messages == [{"v": 1, "forget": sid}]
    assert deliver(*messages, *messages) == []
    assert kinds(world, sid) == ["order"]
    assert not world.outside_rows.hits
    facts = known(world, sid)
    assert (facts.mail, facts.site) == (None, None)
    assert facts.orders.count == 1


def test_a_store_that_does_not_answer_gives_the_message_back(world):
    sid = world.subscribe(EMAIL)
    world.faults = FailAlways("LedgerStore.load", Moment.BEFORE, Unavailable("no answer"))
    assert deliver({"v": 1, "forget": sid}) == ["m0"]
