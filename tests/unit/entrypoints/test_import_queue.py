# SPDX-License-Identifier: Apache-2.0
"""The imports queue: what its consumer takes, what goes back alone, and that nothing leaks."""

import json
import logging

import pytest

from chalicelib.domain.import_wishes import NewImport
from chalicelib.domain.imports import Stage
from chalicelib.entrypoints import logs
from chalicelib.entrypoints.import_queue import import_people
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue
from tests.support.faults import FailAlways, Moment, no_faults

SECRET = "canary@example.org"
ID = "A" * 22
FILE = f"email,optin_time,optin_ip,country\n{SECRET},2024-01-02T03:04:05Z,192.0.2.1,SE\n"


def records(*bodies):
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def failed(answer):
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def deliver(*messages):
    return failed(import_people(records(*(json.dumps(each) for each in messages))))


def work(world):
    """Every message the consumer is sent, until there is none; returned as they were."""
    seen = []
    while taken := world.messages.take(Queue.IMPORTS):
        seen += taken
        assert deliver(*taken) == []
    return seen


@pytest.mark.parametrize("body", ["not JSON " + SECRET, "[]", '{"v":1', ""])
def test_a_message_nobody_can_read_goes_back_and_is_not_printed(world, caplog, body):
    with caplog.at_level(logging.INFO):
        assert failed(import_people(records(body))) == ["m0"]
    assert all(SECRET not in logs.LineFormatter().format(record) for record in caplog.records)


@pytest.mark.parametrize(
    "message",
    [
        {"v": 2, "import": ID, "do": "read"},
        {"v": 1, "do": "read"},
        {"v": 1, "import": ID},
        {"v": 1, "import": SECRET, "do": "read"},
        {"v": 1, "import": 5, "do": "read"},
        {"v": 1, "import": ID, "do": "delete"},
        {"v": 1, "import": ID, "do": ["read"]},
        {"v": 1, "import": ID, "do": "check", "lane": "64"},
        {"v": 1, "import": ID, "do": "check", "lane": 17},
        {"v": 1, "import": ID, "do": "check", "lane": ["17"]},
        {"v": 1, "import": ID, "do": "check", "lane": None},
        {"v": 1, "import": ID, "do": "check", "lane": SECRET},
        {"v": 1, "import": ID, "do": "read", "lane": "17"},
        {"v": 1, "import": ID, "do": "destroy", "lane": "17"},
    ],
)
def test_a_message_of_another_shape_goes_back_by_itself(world, caplog, message):
    good = {"v": 1, "import": ID, "do": "read"}
    with caplog.at_level(logging.INFO):
        assert deliver(good, message, good) == ["m1"]
    assert all(SECRET not in logs.LineFormatter().format(record) for record in caplog.records)


def test_a_file_is_read_and_checked_by_messages_that_name_nobody(world, caplog):
    desk = world.import_desk
    record = desk.new(NewImport(brand="demo", list="newsletter"), "key")
    desk.put_part(record.id, 1, FILE.encode())
    desk.uploaded(record.id, 1)
    with caplog.at_level(logging.DEBUG):
        seen = work(world)
    assert desk.get(record.id).stage is Stage.PREVIEW
    assert [each["do"] for each in seen] == ["read", "check"]
    assert SECRET not in repr(seen)
    assert all(SECRET not in logs.LineFormatter().format(each) for each in caplog.records)


def test_a_message_comes_again_when_a_service_did_not_answer(world):
    desk = world.import_desk
    record = desk.new(NewImport(brand="demo", list="newsletter"), "key")
    desk.put_part(record.id, 1, FILE.encode())
    desk.uploaded(record.id, 1)
    (message,) = world.messages.take(Queue.IMPORTS)
    world.faults = FailAlways("Blobs.get", Moment.BEFORE, Unavailable("no answer"))
    assert deliver(message) == []
    (again,) = [each for each in world.outside_rows.messages if each.queue is Queue.IMPORTS]
    assert (json.loads(again.body), again.delay_s) == (message, 60)
    assert desk.get(record.id).stage is Stage.READING
    world.faults = FailAlways("Queues.send", Moment.BEFORE, Unavailable("no answer"))
    assert deliver({"v": 1, "import": record.id, "do": "destroy"}) == []
    world.faults = no_faults
    work(world)
    assert desk.get(record.id).stage is Stage.PREVIEW
