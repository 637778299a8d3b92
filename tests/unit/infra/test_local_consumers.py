# SPDX-License-Identifier: Apache-2.0
"""Queues and schedules call handlers as Lambda does."""

from types import SimpleNamespace

import pytest
from chalice import Chalice, Rate

from infra.local.consumers import failures, queue_work, scheduled_work, sqs_event


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (None, []),
        ({}, []),
        ({"batchItemFailures": []}, []),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, ["a"]),
        ({"batchItemFailures": [{"itemIdentifier": "z"}]}, ["a", "b"]),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, ["a", "b"]),
        ({"batchItemFailures": [{"wrong": "a"}]}, ["a", "b"]),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, ["a", "b"]),
    ],
)
def test_answers_are_read_as_lambda_reads_them(answer: object, left: list[str]) -> None:
    assert sorted(failures(answer, ["a", "b"])) == left


def module() -> SimpleNamespace:
    app = Chalice(app_name="tiny")

    @app.on_sqs_message(queue="kvitto-chunks", batch_size=25, maximum_batching_window_in_seconds=1)
    def send_chunks(event):
        return {"seen": [record.body for record in event]}

    @app.schedule(Rate(2, unit=Rate.HOURS))
    def log_heartbeat(event):
        return event.detail_type

    return SimpleNamespace(app=app, send_chunks=send_chunks, log_heartbeat=log_heartbeat)


def test_work_comes_from_the_apps_own_registrations() -> None:
    (work,) = queue_work(module(), {"send_chunks": "http://q/1/kvitto-chunks"})
    assert (work.name, work.batch_size, work.window_seconds) == ("send_chunks", 25, 1)
    received = {"MessageId": "m", "ReceiptHandle": "r", "Body": "b", "MD5OfBody": "5"}
    event = sqs_event([received], work.queue_url)
    assert event["Records"][0]["eventSourceARN"].endswith(":1:kvitto-chunks")
    assert work.handler(event, None) == {"seen": ["b"]}
    (ticked,) = scheduled_work(module(), minute_seconds=60)
    assert (ticked.name, ticked.period_seconds) == ("log_heartbeat", 7200)


def test_a_handler_without_a_queue_in_the_template_is_refused() -> None:
    with pytest.raises(LookupError, match="send_chunks"):
        queue_work(module(), {})
