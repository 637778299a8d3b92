# SPDX-License-Identifier: Apache-2.0
"""Lambda's part of the local stack: queues and schedules that call the product's handlers.

It guarantees events in Lambda's shape, one batch at a time for each queue, and Lambda's own reading
of an answer: what is not named in `batchItemFailures` is deleted, an answer that names an unknown
message or a handler that raises fails the whole batch.
It refuses to wait as long as the cloud: a failed message comes back after two seconds instead of
the queue's visibility timeout, so that a person sees the retry, and a batch is gathered for one
second at most. Everything else about it, dead-letter queues included, is the queue's own doing.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import re
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import ScheduledEventConfig, SQSEventConfig
from chalice.local import LambdaContext

Handler = Callable[[dict[str, Any], Any], Any]
_LONG_POLL_SECONDS = 1
"""Well below the five seconds that the product's SQS client waits for an answer."""
_RECEIVED_AT_ONCE = 10
_RETRY_SECONDS = 2
_LONGEST_WINDOW_SECONDS = 1
_TIMEOUT_MS = 60_000
_PAUSE_AFTER_ERROR_SECONDS = 0.5
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNIT_MINUTES = {"minute": 1, "hour": 60, "day": 1440}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueWork:
    """One queue and the handler it feeds."""

    name: str
    handler: Handler
    queue_url: str
    batch_size: int
    window_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledWork:
    """One schedule and the handler it calls; the period in seconds."""

    name: str
    handler: Handler
    period_seconds: float


def queue_work(module: Any, queues: Mapping[str, str]) -> tuple[QueueWork, ...]:
    """Return the work of every queue handler that the app registers.

    Args:
        module: the imported app module.
        queues: handler name to queue URL, as the template wires them.

    Raises:
        LookupError: a registered handler has no queue in the template.
    """
    work = []
    for source in module.app.event_sources:
        if isinstance(source, SQSEventConfig):
            name = source.handler_string.rpartition(".")[2]
            if name not in queues:
                raise LookupError(f"The template wires no queue to the handler {name}.")
            work.append(
                QueueWork(
                    name=name,
                    handler=getattr(module, name),
                    queue_url=queues[name],
                    batch_size=source.batch_size,
                    window_seconds=source.maximum_batching_window_in_seconds,
                )
            )
    return tuple(work)


def scheduled_work(module: Any, *, minute_seconds: float) -> tuple[ScheduledWork, ...]:
    """Return the work of every scheduled handler that the app registers.

    Args:
        minute_seconds: how long one minute of a schedule lasts here.

    Raises:
        ValueError: a schedule is not a rate.
    """
    work = []
    for source in module.app.event_sources:
        if isinstance(source, ScheduledEventConfig):
            expression = source.schedule_expression
            text = expression if isinstance(expression, str) else expression.to_string()
            matched = _RATE.fullmatch(text)
            if matched is None:
                raise ValueError(f"The local stack runs rates only, not {text}.")
            minutes = int(matched.group(1)) * _UNIT_MINUTES[matched.group(2)]
            name = source.handler_string.rpartition(".")[2]
            work.append(
                ScheduledWork(
                    name=name,
                    handler=getattr(module, name),
                    period_seconds=minutes * minute_seconds,
                )
            )
    return tuple(work)


class Consumers:
    """Threads that run the work until told to stop.

    Args:
        new_client: returns an SQS client for a queue's thread; all may get the same.
    """

    def __init__(
        self,
        queues: tuple[QueueWork, ...],
        schedules: tuple[ScheduledWork, ...],
        new_client: Callable[[], Any],
    ) -> None:
        self._stop = threading.Event()
        names = [work.name for work in queues] + [work.name for work in schedules]
        self._hands = {name: threading.Lock() for name in names}
        self._threads = [
            threading.Thread(
                target=self._poll, args=(work, new_client), name=work.name, daemon=True
            )
            for work in queues
        ] + [
            threading.Thread(target=self._tick, args=(work,), name=work.name, daemon=True)
            for work in schedules
        ]

    def start(self, but: Collection[str] = ()) -> None:
        """Start the work of every handler but those named, which a later call starts."""
        for thread in self._threads:
            if thread.ident is None and thread.name not in but:
                thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Let work in hand finish, at most so long, and start no more.

        Who only waits for messages is not waited for: a long poll ends with its connection.
        """
        self._stop.set()
        deadline = time.monotonic() + timeout_seconds
        for hands in self._hands.values():
            # Kept, so that what arrives from now on finds no hands.
            hands.acquire(timeout=max(0.05, deadline - time.monotonic()))

    def _poll(self, work: QueueWork, new_client: Callable[[], Any]) -> None:
        sqs = new_client()
        while not self._stop.is_set():
            try:
                if messages := self._receive(sqs, work, _LONG_POLL_SECONDS, work.batch_size):
                    with self._hands[work.name]:
                        self._handle(sqs, work, messages)
            except (BotoCoreError, ClientError) as error:
                if self._stop.wait(_PAUSE_AFTER_ERROR_SECONDS):
                    return
                print(
                    f"{work.name}: the queue did not answer ({type(error).__name__})",
                    file=sys.stderr,
                )

    def _handle(self, sqs: Any, work: QueueWork, messages: list[dict[str, Any]]) -> None:
        """Deliver what was received, in a batch as full as Lambda would make it."""
        if len(messages) < work.batch_size and work.window_seconds:
            self._stop.wait(min(work.window_seconds, _LONGEST_WINDOW_SECONDS))
            messages = messages + self._drain(sqs, work, work.batch_size - len(messages))
        self._deliver(sqs, work, messages)

    def _receive(
        self, sqs: Any, work: QueueWork, wait_seconds: int, limit: int
    ) -> list[dict[str, Any]]:
        answer = sqs.receive_message(
            QueueUrl=work.queue_url,
            MaxNumberOfMessages=min(limit, _RECEIVED_AT_ONCE),
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def _drain(self, sqs: Any, work: QueueWork, limit: int) -> list[dict[str, Any]]:
        """Return what else is there now, at most ``limit`` messages."""
        messages: list[dict[str, Any]] = []
        while len(messages) < limit:
            more = self._receive(sqs, work, 0, limit - len(messages))
            if not more:
                break
            messages += more
        return messages

    def _deliver(self, sqs: Any, work: QueueWork, messages: list[dict[str, Any]]) -> None:
        """Call the handler with one batch, delete what succeeded, return what failed."""
        answer: Any
        try:
            answer = work.handler(sqs_event(messages, work.queue_url), lambda_context(work.name))
        except Exception:  # noqa: BLE001 - a handler that raises fails its batch, as in Lambda
            traceback.print_exc()
            answer = {"batchItemFailures": [{"itemIdentifier": ""}]}
        failed = failures(answer, [message["MessageId"] for message in messages])
        done = [m for m in messages if m["MessageId"] not in failed]
        for start in range(0, len(done), _RECEIVED_AT_ONCE):
            sqs.delete_message_batch(
                QueueUrl=work.queue_url,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]}
                    for n, m in enumerate(done[start : start + _RECEIVED_AT_ONCE])
                ],
            )
        for message in messages:
            if message["MessageId"] in failed:
                sqs.change_message_visibility(
                    QueueUrl=work.queue_url,
                    ReceiptHandle=message["ReceiptHandle"],
                    VisibilityTimeout=_RETRY_SECONDS,
                )

    def _tick(self, work: ScheduledWork) -> None:
        while not self._stop.wait(work.period_seconds):
            try:
                with self._hands[work.name]:
                    work.handler(scheduled_event(work.name), lambda_context(work.name))
            except Exception:  # noqa: BLE001 - the next tick comes all the same
                traceback.print_exc()


def failures(answer: Any, message_ids: list[str]) -> frozenset[str]:
    """Return the ids of the messages that an answer leaves in the queue.

    >>> sorted(failures({"batchItemFailures": [{"itemIdentifier": "a"}]}, ["a", "b"]))
    ['a']
    >>> sorted(failures({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, ["a", "b"]))
    ['a', 'b']
    """
    if not isinstance(answer, Mapping) or not answer.get("batchItemFailures"):
        return frozenset()
    try:
        named = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
    except (KeyError, TypeError):
        return frozenset(message_ids)
    return frozenset(named if named <= set(message_ids) else message_ids)


def sqs_event(messages: list[dict[str, Any]], queue_url: str) -> dict[str, Any]:
    """Return received messages as Lambda hands them to a function."""
    account, name = queue_url.rsplit("/", 2)[-2:]
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {
                    name: {
                        "dataType": value["DataType"],
                        "stringListValues": [],
                        "binaryListValues": [],
                        **({"stringValue": value["StringValue"]} if "StringValue" in value else {}),
                    }
                    for name, value in message.get("MessageAttributes", {}).items()
                },
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:eu-north-1:{account}:{name}",
                "awsRegion": "eu-north-1",
            }
            for message in messages
        ]
    }


def scheduled_event(name: str) -> dict[str, Any]:
    """Return what EventBridge hands to a scheduled function."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),  # noqa: TID251 - the emulator makes its own ids
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": datetime.fromtimestamp(time.time_ns() / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "eu-north-1",
        "resources": [f"arn:aws:events:eu-north-1:123456789012:rule/{name}"],
        "detail": {},
    }


def lambda_context(name: str) -> Any:
    """Return the context a function gets."""
    return LambdaContext(name, memory_size=512, max_runtime_ms=_TIMEOUT_MS)
