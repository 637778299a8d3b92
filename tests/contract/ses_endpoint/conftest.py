# SPDX-License-Identifier: Apache-2.0
"""One emulator for all tests of the SES endpoint, with the resources of the real templates."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from infra.local.ses_endpoint import SesEndpoint
from infra.local.template_reader import Endpoints, client
from tests.support.emulator import start_empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """The started emulator and its clients."""

    endpoint: SesEndpoint
    ses: Any
    sqs: Any
    events_url: str
    ses_url: str

    def control(self, method: str, name: str, **body: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.ses_url}/local/ses/{name}",
            method=method,
            data=json.dumps(body).encode() if method != "GET" else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def mailbox(self, query: str = "") -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.ses_url}/local/mailbox.json{query}") as answer:
            return json.load(answer)["messages"]

    def events(self, message_id: str, expected: int) -> list[dict[str, Any]]:
        """Return the events of one message, waiting until as many have come."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + 5
        while len(found) < expected and time.monotonic() < deadline:
            answer = self.sqs.receive_message(
                QueueUrl=self.events_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for message in answer.get("Messages", ()):
                self.sqs.delete_message(
                    QueueUrl=self.events_url, ReceiptHandle=message["ReceiptHandle"]
                )
                record = json.loads(message["Body"])
                if record["mail"]["messageId"] == message_id:
                    found.append(record)
        return found


@pytest.fixture(scope="module")
def started() -> Iterator[Local]:
    running, endpoint = start_empty()
    environment = running["environment"]
    endpoints = Endpoints(
        aws_url=environment["AWS_ENDPOINT_URL"],
        ses_url=environment["AWS_ENDPOINT_URL_SESV2"],
        region=environment["AWS_REGION"],
    )
    begun = Local(
        endpoint=endpoint,
        ses=client("sesv2", endpoints),
        sqs=client("sqs", endpoints),
        events_url=running["queues"]["record_ses_events"],
        ses_url=endpoints.ses_url,
    )
    yield begun
    begun.ses.close()
    begun.sqs.close()


@pytest.fixture
def local(started: Local) -> Iterator[Local]:
    started.control("DELETE", "faults")
    started.control("PUT", "quota", max_send_rate=500, max_24_hour_send=1e6, sent=0)
    started.control("DELETE", "mailbox")
    yield started
    started.control("PUT", "latency", milliseconds=0)
    started.control("PUT", "sending", enabled=True)
    started.control("PUT", "events", delay_milliseconds=0, copies=1)


@pytest.fixture
def send(local: Local) -> Callable[..., str]:
    """Return a function that sends one simple mail and returns its message id."""

    def send_one(to: str, **changed: Any) -> str:
        body: dict[str, Any] = {
            "FromEmailAddress": '"Demo" <news@example.com>',
            "Destination": {"ToAddresses": [to]},
            "ConfigurationSetName": "kvitto",
            "EmailTags": [{"Name": "r", "Value": "AbC-_9"}],
            "Content": {
                "Simple": {
                    "Subject": {"Data": "Höstens brev"},
                    "Body": {"Text": {"Data": "Hej å"}, "Html": {"Data": "<p>Hej å</p>"}},
                    "Headers": [
                        {"Name": "List-Unsubscribe", "Value": "<https://example.com/u>"},
                        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                    ],
                }
            },
        }
        return local.ses.send_email(**(body | changed))["MessageId"]

    return send_one
