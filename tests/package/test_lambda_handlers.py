# SPDX-License-Identifier: Apache-2.0
"""Every handler of the unzipped package, run by Lambda's own runtime client in a fresh process.

The process sees the package and the standard library; AWS is an emulator on loopback. What is
proved is that the package is complete: entry points, templates, dependencies, service data.
"""

import json

import pytest

from tests.package import lambda_events
from tests.package.templates import HTTP, QUEUE_HANDLERS, SCHEDULE_HANDLERS

NOT_JSON = "this is not JSON"
SES_EVENT = {
    "eventType": "Delivery",
    "mail": {
        "timestamp": "2026-11-22T12:00:00.000Z",
        "source": "news@example.org",
        "messageId": "0110019385b0a0f0-5c0f7a1e-7d5c-4f6e-9a0c-3b2d1e0f9a8b-000000",
        "destination": ["success@simulator.amazonses.com"],
        "headersTruncated": False,
        "headers": [],
        "commonHeaders": {},
        "tags": {"ses:configuration-set": ["kvitto"]},
    },
    "delivery": {
        "timestamp": "2026-11-22T12:00:01.000Z",
        "processingTimeMillis": 1000,
        "recipients": ["success@simulator.amazonses.com"],
        "smtpResponse": "250 ok",
        "reportingMTA": "a8-70.smtp-out.amazonses.com",
    },
}
# A message of each queue that can be finished although nothing was ever stored.
FINISHED = {
    "app.record_ses_events": SES_EVENT,
    "app.sequence_ledger": {"v": 1},
}


def body_of(reply):
    assert not reply.failed, reply.value
    return lambda_events.body_of(reply.value)


def test_the_api_describes_itself_from_the_package(start):
    reply = start(HTTP).invoke(lambda_events.http("GET", "/api/v1/openapi.json"))
    assert reply.value["statusCode"] == 200, reply.value
    assert json.loads(body_of(reply))["openapi"].startswith("3.1")


def test_a_page_renders_from_the_packages_own_templates_after_asking_the_database(start):
    """An unknown form: the trimmed SDK looks the row up, the page comes from templates/."""
    reply = start(HTTP).invoke(
        lambda_events.http(
            "GET", "/forms/unknown", route="/forms/{form_id}", parameters={"form_id": "unknown"}
        )
    )
    assert reply.value["statusCode"] == 404, reply.value
    assert "<html" in body_of(reply)


def test_a_form_post_is_read_and_answered(start):
    reply = start(HTTP).invoke(
        lambda_events.http(
            "POST",
            "/forms/unknown",
            route="/forms/{form_id}",
            parameters={"form_id": "unknown"},
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body="email=visitor%40example.org",
        )
    )
    assert reply.value["statusCode"] == 404, reply.value
    assert "visitor" not in body_of(reply)


def test_a_key_is_asked_for_before_anything_is_told(start):
    reply = start(HTTP).invoke(lambda_events.http("GET", "/api/v1/lists"))
    assert reply.value["statusCode"] == 401, reply.value


@pytest.mark.parametrize("handler", sorted(QUEUE_HANDLERS))
def test_a_consumer_hands_back_only_the_record_it_could_not_read(start, handler):
    """One record is bad; the good one, where one can be good on an empty store, is done."""
    function = start(handler)
    good = [FINISHED[handler]] if handler in FINISHED else []
    reply = function.invoke(lambda_events.sqs("kvitto-queue", [*good, NOT_JSON]))
    assert not reply.failed, reply.value
    bad = {"itemIdentifier": lambda_events.message_id(len(good))}
    assert reply.value == {"batchItemFailures": [bad]}, function.printed()


@pytest.mark.parametrize("handler", sorted(QUEUE_HANDLERS))
def test_a_consumer_prints_nothing_of_a_message_it_cannot_read(start, handler):
    function = start(handler)
    function.invoke(lambda_events.sqs("kvitto-queue", ["visitor@example.org is not JSON"]))
    assert "visitor@" not in function.printed()


@pytest.mark.parametrize("handler", sorted(SCHEDULE_HANDLERS))
def test_a_schedule_runs_on_an_empty_installation(start, handler):
    function = start(handler)
    reply = function.invoke(lambda_events.schedule(f"kvitto-{handler.rsplit('.', 1)[-1]}"))
    assert not reply.failed, function.printed()


def test_a_second_event_is_served_by_the_same_process(start):
    function = start("app.sequence_ledger")
    for _ in range(2):
        reply = function.invoke(lambda_events.sqs("kvitto-sequencing", [{"v": 1}]))
        assert reply.value == {"batchItemFailures": []}, function.printed()
