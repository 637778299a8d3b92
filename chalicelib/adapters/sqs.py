# SPDX-License-Identifier: Apache-2.0
"""Messages to SQS.

Guarantees that a send that returned was accepted by SQS, all of it. A message may arrive twice:
SQS says so, and so does a retry after a lost answer.

Source: Amazon SQS API Reference, SendMessageBatch (10 entries; a partial failure answers 200).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from chalicelib.adapters.aws import client, translated
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue

MAX_BATCH: Final = 10
_TRIES: Final = 2


class SqsQueues:
    """`Queues` on SQS; ``urls`` holds the URL of each queue that this process writes to."""

    def __init__(self, urls: Mapping[Queue, str]) -> None:
        self._urls = dict(urls)

    def send(self, queue: Queue, body: dict[str, object], delay_s: int = 0) -> None:
        """Put one message on ``queue``, to be seen after ``delay_s`` (0 to 900) seconds."""
        with translated(f"send to {queue}"):
            client("sqs").send_message(
                QueueUrl=self._urls[queue], MessageBody=_text(body), DelaySeconds=delay_s
            )

    def send_all(self, queue: Queue, bodies: Sequence[dict[str, object]]) -> None:
        """Put many messages, ten a call; what SQS refused is sent once more.

        Raises:
            Unavailable: some message was refused twice; others may have been accepted.
        """
        for start in range(0, len(bodies), MAX_BATCH):
            self._send_batch(queue, [_text(body) for body in bodies[start : start + MAX_BATCH]])

    def _send_batch(self, queue: Queue, texts: Sequence[str]) -> None:
        left = {str(number): text for number, text in enumerate(texts)}
        for _ in range(_TRIES):
            with translated(f"send to {queue}"):
                answer = client("sqs").send_message_batch(
                    QueueUrl=self._urls[queue],
                    Entries=[{"Id": number, "MessageBody": text} for number, text in left.items()],
                )
            accepted = {entry["Id"] for entry in answer.get("Successful", ())}
            left = {number: text for number, text in left.items() if number not in accepted}
            if not left:
                return
        raise Unavailable(f"send to {queue}: {len(left)} messages were refused")


def _text(body: Mapping[str, object]) -> str:
    return json.dumps(body, separators=(",", ":"), sort_keys=True, allow_nan=False)
