# SPDX-License-Identifier: Apache-2.0
"""moto's queues, made safe for several threads and proportional to the work asked for.

It guarantees that a queue changes under its own lock, so that a message sent while another is
deleted is not lost and none is received twice at once; that neither sending nor receiving one
message counts the whole queue; that a delete walks the queue once; and that a waiting receiver sees
delayed and returning messages within a tenth of a second.
"""

from __future__ import annotations

from functools import cache
from threading import local
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Queue, SQSBackend

_LOOK_AGAIN_SECONDS = 0.1
_REST_SECONDS = 0.5

_this_thread = local()
_original: dict[str, Any] = {
    "attributes": vars(Queue)["attributes"].fget,
    "wait_for_messages": Queue.wait_for_messages,
    "receive_message": SQSBackend.receive_message,
    "send_message": SQSBackend.send_message,
}


@cache
def apply() -> None:
    """Put the safer paths in place, once per process."""
    for owner, name, replacement in (
        (Queue, "messages", property(_messages)),
        (Queue, "attributes", property(_attributes)),
        (Queue, "wait_for_messages", _wait_for_messages),
        (Queue, "delete_message", _delete_message),
        (SQSBackend, "receive_message", _receive_message),
        (SQSBackend, "send_message", _send_message),
        (SQSBackend, "is_message_valid_based_on_retention_period", _is_still_kept),
    ):
        setattr(owner, name, replacement)


def _messages(self: Any) -> list[Any]:
    """Return the messages that may be received now."""
    now = unix_time_millis()
    return [m for m in self._messages if now > m.visible_at and now >= m.delayed_until]


def _attributes(self: Any) -> Any:
    """Return the attributes; while a message is sent to a standard queue, none of them matters."""
    if getattr(_this_thread, "sends", False) and not self.fifo_queue:
        return {}
    return _original["attributes"](self)


def _send_message(self: Any, *args: Any, **kwargs: Any) -> Any:
    _this_thread.sends = True
    try:
        return _original["send_message"](self, *args, **kwargs)
    finally:
        _this_thread.sends = False


def _receive_message(self: Any, queue_name: str, *args: Any, **kwargs: Any) -> Any:
    # Waiting for messages releases this lock, however deeply it is held.
    with self.get_queue(queue_name)._messages_lock:  # noqa: SLF001 - the queue's own lock
        return _original["receive_message"](self, queue_name, *args, **kwargs)


def _is_still_kept(self: Any, queue_name: str, message: Any) -> bool:
    # moto asks for all attributes here, and so counts the whole queue for every message received.
    kept_ms = int(self.get_queue(queue_name).message_retention_period) * 1_000
    return bool(message.sent_timestamp + kept_ms > unix_time_millis())


def _wait_for_messages(self: Any, timeout: float) -> None:
    # A new message wakes the waiter; delayed and returning ones are only found by looking again,
    # and an empty queue has none of those.
    longest = _LOOK_AGAIN_SECONDS if self._messages else _REST_SECONDS
    _original["wait_for_messages"](self, min(timeout, longest))


def _delete_message(self: Any, receipt_handle: str) -> None:
    with self._messages_lock:
        if receipt_handle in self.deleted_messages:
            return
        for position, message in enumerate(self._messages):
            if message.had_receipt_handle(receipt_handle):
                self.pending_messages.discard(message)
                self.deleted_messages.update(message.all_receipt_handles)
                del self._messages[position]
                return
    raise ReceiptHandleIsInvalid
