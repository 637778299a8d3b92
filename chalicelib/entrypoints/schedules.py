# SPDX-License-Identifier: Apache-2.0
"""What runs by the clock. Each is harmless beside itself and beside the queues' consumers."""

from typing import TYPE_CHECKING

from chalicelib.entrypoints._runtime import job
from chalicelib.vocabulary import EventType

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container


@job
def sequence_on_schedule(container: "Container") -> int:
    """Sequence what a lost wake-up left behind; return how many entries."""
    return container.sequencer.run()


@job
def advance_campaigns(container: "Container") -> int:
    """Finish, expire and wake campaigns; return how many run."""
    return container.campaigns.advance()


@job
def log_heartbeat(container: "Container") -> int:
    """Append a heartbeat, so that a log that stands still shows; return 1."""
    from chalicelib.services.ledger import Draft  # noqa: PLC0415  # loads cryptography

    container.ledger.record(Draft(type=EventType.LOG_HEARTBEAT, channel=None))
    return 1
