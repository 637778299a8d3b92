# SPDX-License-Identifier: Apache-2.0
"""What runs by the clock. Each is harmless beside itself and beside the queues' consumers."""

from typing import TYPE_CHECKING

from chalicelib.entrypoints._runtime import job
from chalicelib.ports.outside import Queue
from chalicelib.vocabulary import EventType

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container


@job
def sequence_on_schedule(container: "Container") -> int:
    """Sequence what a lost wake-up left behind; return how many entries."""
    return container.sequencer.run()


@job
def anchor_on_schedule(container: "Container") -> int:
    """Have the latest checkpoint stamped with the time if the log grew; return 1 if it is."""
    return int(container.anchoring.anchor_latest())


@job
def advance_campaigns(container: "Container") -> int:
    """Start, finish, expire and wake campaigns; return how many run."""
    return container.watch.advance()


@job
def log_heartbeat(container: "Container") -> int:
    """Append a heartbeat, so that a log that stands still shows; return 1."""
    from chalicelib.services.ledger import Draft  # noqa: PLC0415  # loads cryptography

    container.ledger.record(Draft(type=EventType.LOG_HEARTBEAT, channel=None))
    return 1


@job
def sync_suppressions(container: "Container") -> int:
    """Have SES's list compared with our suppressions; return 1."""
    container.queues.send(Queue.SUPPRESSIONS, {"v": 1, "sync": True})
    return 1


@job
def refold_orders(container: "Container") -> int:
    """Take orders past their time out of what is known of people; return how many were done."""
    return container.refolding.run()


@job
def erase_unconfirmed(container: "Container") -> int:
    """Queue requests never confirmed, and finish erasures; return how many were queued."""
    try:
        container.erasures.go_on()
    finally:  # Neither waits for what is wrong with the other.
        queued = container.unconfirmed.search()
    return queued
