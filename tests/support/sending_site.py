# SPDX-License-Identifier: Apache-2.0
"""An installation with readers by the thousand: the local stack's AWS here, the product on it.

It guarantees real adapters against moto and our own SES endpoint, over HTTP on 127.0.0.1, and one
clock for the product and for SES, which a test sets ahead. Readers are put into the tables as rows
that the product's own code opens: as many double opt-ins would take longer than the test.
"""

import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters import aws
from chalicelib.bootstrap import Container
from chalicelib.config import Settings
from chalicelib.domain.campaigns import Act, CampaignStatus, Content, Recipient, read_records
from chalicelib.domain.ids import SHARDS, CampaignId, PurposeId
from chalicelib.domain.runs import ChunkView
from chalicelib.entrypoints import queues
from chalicelib.services.plans import manifest_key
from infra.bench.crowd import KEK
from infra.bench.people import LIST, VAULT, dynamo_rows, people
from infra.bench.worlds import subscriber_state
from infra.local import demo, ses_endpoint
from infra.local.consumers import sqs_event
from tests.support.emulator import start_empty
from tests.support.moved_clock import MovedClock

HTML = "<h1>Hello {{ first_name }}</h1><p><a href='https://example.com/spring'>Spring</a></p>"
DOMAIN = "example.org"
_ORIGIN = "localhost/kvitto/sending"
_AT_ONCE = 25
"""Rows in one BatchWriteItem."""
_RECEIVED = 10
_EVENTS_AT_ONCE = 1_000
_HEADER_BYTES = 8
_BETWEEN_LOOKS_S = 1.0
_EPOCH = "0000000001"


class SendingSite:
    """The installation; `container` is that of the process that is never killed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = MovedClock()
        monkeypatch.setattr(ses_endpoint, "now_ms", self.clock.now_ms)
        started, self.ses = start_empty()
        seed = folder / "log.key"
        seed.write_bytes(bytes(range(32)))
        self.environment: dict[str, str] = {
            **started["environment"],
            "KVITTO_BASE_URL": "http://127.0.0.1:8000",
            "KVITTO_LEDGER_ORIGIN": _ORIGIN,
            "KVITTO_CONTROLLER": "controller",
            "KVITTO_LOG_KEY": f"file:{seed}",
        }
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        aws.forget_clients()
        settings = Settings.from_env()
        demo.prepare(settings, "sending-local-key-0123456789")
        self.container = Container(settings)
        vars(self.container)["clock"] = self.clock
        monkeypatch.setattr(bootstrap, "container", lambda: self.container)
        self.chunks_url = self.environment["KVITTO_CHUNKS_QUEUE"]
        self._events_url = started["queues"]["record_ses_events"]
        self.addresses: dict[str, str] = {}
        self._heard = 0

    def add_readers(self, count: int) -> None:
        """Bring in ``count`` confirmed readers, each with a key, a profile and a state."""
        kms, dynamodb = aws.client("kms"), aws.client("dynamodb")
        wrapped = kms.encrypt(
            KeyId=self.environment["KVITTO_VAULT_KEY"],
            Plaintext=KEK,
            EncryptionContext={"kvitto": "vault-epoch", "epoch": "1"},
        )["CiphertextBlob"]
        epoch = {"pk": {"S": "EPOCH"}, "sk": {"S": _EPOCH}, "v": {"N": "1"}}
        dynamodb.put_item(TableName=VAULT, Item={**epoch, "wrapped_key": {"B": wrapped}})
        rows = []
        for number, person in enumerate(people(count, _ORIGIN, subscriber_state(), [DOMAIN])):
            self.addresses[person.sid] = f"reader{number}@{DOMAIN}"
            rows += [
                (table, {"PutRequest": {"Item": _typed(row)}}) for table, row in dynamo_rows(person)
            ]
        for start in range(0, len(rows), _AT_ONCE):
            asked: dict[str, list[Any]] = {}
            for table, request in rows[start : start + _AT_ONCE]:
                asked.setdefault(table, []).append(request)
            assert not dynamodb.batch_write_item(RequestItems=asked)["UnprocessedItems"]

    def tested(self) -> CampaignId:
        """Write a campaign to everybody, and send the test of it."""
        made = self.container.campaigns.create(
            name="Spring",
            list_id=LIST,
            purpose=PurposeId("newsletter"),
            content=Content(subject="Spring", html=HTML),
        ).campaign.id
        self.container.campaign_tests.send(made, "tester@example.org")
        return made

    def started(self) -> CampaignId:
        """Start and plan a campaign to everybody; its runs wait in their queue."""
        made = self.tested()
        self.container.campaigns.act(made, Act.SEND)
        for shard in SHARDS:
            self.container.shard_planner.plan(made, shard)
        return made

    def status(self, campaign: CampaignId) -> CampaignStatus:
        """How far it is."""
        found = self.container.campaign_rows.get(campaign)
        assert found is not None
        return found.status

    def finish(self, campaign: CampaignId, most_seconds: float) -> None:
        """Have the clock look after the campaign until everybody in it is accounted for."""
        latest = time.monotonic() + most_seconds
        while self.status(campaign) is not CampaignStatus.SENT:
            assert time.monotonic() < latest, "a campaign did not come to its end"
            time.sleep(_BETWEEN_LOOKS_S)
            self.container.watch.advance()

    def mailed(self, campaign: CampaignId) -> Counter[tuple[str, str]]:
        """How many mails of the campaign SES took, by address and delivery."""
        return Counter(
            (mail.draft.destination.addresses[0], mail.tags["r"])
            for mail in self.ses.mailbox.to_address(None)
            if mail.tags.get("c") == campaign
        )

    def people_of(self, campaign: CampaignId) -> Iterator[tuple[Recipient, int]]:
        """Everybody planned, and what is known of them."""
        for shard in SHARDS:
            key = manifest_key(campaign, shard)
            length = self.container.blobs.size(key) or 0
            planned = self.container.blobs.get_range(key, _HEADER_BYTES, length)
            codes = b"".join(map(_codes, self.container.chunk_accounts.chunks(campaign, shard)))
            yield from zip(read_records(planned), codes, strict=True)

    def delivery_rows(self) -> set[str]:
        """Deliveries that a row was written of before SES was called."""
        table = self.environment["KVITTO_CAMPAIGNS_TABLE"]
        pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        keys = [item["pk"]["S"] for page in pages for item in page["Items"]]
        return {key.removeprefix("D#") for key in keys if key.startswith("D#")}

    def hear(self) -> None:
        """Hand over SES's events, of each mail that it sent and that it arrived, as they come."""
        heard, wanted = 0, 2 * self.ses.mailbox.accepted - self._heard
        while heard < wanted:
            messages = self.receive(self._events_url, _EVENTS_AT_ONCE)
            if messages:
                event = sqs_event(messages, self._events_url)
                assert queues.record_ses_events(event) == {"batchItemFailures": []}
                self.delete(self._events_url, messages)
            heard += len(messages)
        self._heard += heard

    def receive(self, url: str, limit: int) -> list[dict[str, Any]]:
        """Receive what is there, at most ``limit`` messages; wait a little for the first."""
        sqs = aws.client("sqs")
        found: list[dict[str, Any]] = []
        while len(found) < limit:
            wait_s = 0 if found else 1
            answer = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=_RECEIVED, WaitTimeSeconds=wait_s
            )
            if not answer.get("Messages"):
                break
            found += answer["Messages"]
        return found

    def delete(self, url: str, messages: list[dict[str, Any]]) -> None:
        """Delete messages received."""
        for start in range(0, len(messages), _RECEIVED):
            entries = [
                {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                for place, message in enumerate(messages[start : start + _RECEIVED])
            ]
            aws.client("sqs").delete_message_batch(QueueUrl=url, Entries=entries)


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the SDK takes it: bytes, where DynamoDB's own JSON has base64."""
    return {
        name: {"B": b64decode(value["B"])} if "B" in value else value for name, value in row.items()
    }


def _codes(view: ChunkView) -> bytes:
    assert view.codes is not None
    return view.codes
