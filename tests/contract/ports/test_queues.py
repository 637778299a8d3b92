# SPDX-License-Identifier: Apache-2.0
"""`ports.outside.Queues` as promised, by the fake and by SQS's adapter alike."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.sqs import SqsQueues
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue, Queues
from tests.support.memory_outside import MemoryQueues, OutsideRows


@dataclass(slots=True, kw_only=True)
class Arrangement:
    """The port, and a way to see what arrived."""

    queues: Queues
    arrived: Callable[[Queue], list[dict[str, object]]]


@pytest.fixture
def urls(aws: None) -> dict[Queue, str]:
    sqs = clients.client("sqs")
    return {each: sqs.create_queue(QueueName=f"kvitto-{each}")["QueueUrl"] for each in Queue}


def receive_all(url: str) -> list[dict[str, object]]:
    bodies: list[dict[str, object]] = []
    while True:
        answer = clients.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        messages = answer.get("Messages", [])
        if not messages:
            return bodies
        bodies += [json.loads(each["Body"]) for each in messages]


@pytest.fixture(params=["memory", "sqs"])
def arrangement(request: pytest.FixtureRequest) -> Arrangement:
    if request.param == "memory":
        queues = MemoryQueues(OutsideRows())
        return Arrangement(queues=queues, arrived=queues.take)
    urls = request.getfixturevalue("urls")
    return Arrangement(queues=SqsQueues(urls), arrived=lambda queue: receive_all(urls[queue]))


def test_a_message_arrives_on_its_queue_alone(arrangement):
    arrangement.queues.send(Queue.PLANS, {"v": 1, "campaign": "demo"})
    assert arrangement.arrived(Queue.CHUNKS) == []
    assert arrangement.arrived(Queue.PLANS) == [{"v": 1, "campaign": "demo"}]


@pytest.mark.parametrize("count", [0, 1, 10, 11, 25])
def test_many_messages_all_arrive(arrangement, count):
    bodies: list[dict[str, object]] = [{"number": number} for number in range(count)]
    arrangement.queues.send_all(Queue.CHUNKS, bodies)
    arrived = arrangement.arrived(Queue.CHUNKS)
    assert sorted(each["number"] for each in arrived) == list(range(count))


def test_a_delayed_message_waits(urls):
    SqsQueues(urls).send(Queue.SEQUENCING, {"wake": 1}, delay_s=900)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    attributes = clients.client("sqs").get_queue_attributes(
        QueueUrl=urls[Queue.SEQUENCING], AttributeNames=names
    )["Attributes"]
    assert [attributes[name] for name in names] == ["0", "1"]


def refusing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[list[str]]:
    """Refuse the last entry of the first ``times`` batches, as SQS may with an answer 200."""
    client = clients.client("sqs")
    real, seen = client.send_message_batch, []

    def send_message_batch(QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: N803 -- the SDK's own argument name
        seen.append([each["Id"] for each in Entries])
        if len(seen) > times:
            return real(QueueUrl=QueueUrl, Entries=Entries)
        kept = Entries[:-1]
        answer = real(QueueUrl=QueueUrl, Entries=kept) if kept else {}
        return {**answer, "Failed": [{"Id": Entries[-1]["Id"], "SenderFault": False}]}

    monkeypatch.setattr(client, "send_message_batch", send_message_batch)
    return seen


def test_a_refused_entry_alone_is_sent_once_more(urls, monkeypatch):
    seen = refusing(monkeypatch, times=1)
    SqsQueues(urls).send_all(Queue.CHUNKS, [{"n": 0}, {"n": 1}, {"n": 2}])
    assert seen == [["0", "1", "2"], ["2"]]
    assert len(receive_all(urls[Queue.CHUNKS])) == 3


def test_an_entry_refused_twice_is_an_error(urls, monkeypatch):
    refusing(monkeypatch, times=2)
    with pytest.raises(Unavailable):
        SqsQueues(urls).send_all(Queue.CHUNKS, [{"n": 0}, {"n": 1}])
