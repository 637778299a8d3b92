# SPDX-License-Identifier: Apache-2.0
"""A world beside SES's own list: who is on it since when, and what came of that."""

from chalicelib.domain.events import SuppressionReason
from chalicelib.ports.account_list import Listed
from chalicelib.ports.outside import Queue
from tests.support.world import World

READER_AT = "reader@example.org"
STRANGER = "stranger@example.org"
BOUNCE, COMPLAINT = SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT
HOUR_MS = 3_600_000


def put(world: World, address: str, reason: SuppressionReason = COMPLAINT, ago_ms: int = 0) -> None:
    """List an address as of ``ago_ms`` ago, to the second as SES may."""
    since_ms = (world.time.now_ms() - ago_ms) // 1_000 * 1_000
    world.account_list_rows.listed[address] = Listed(
        address=address, reason=reason, since_ms=since_ms
    )


def is_listed(world: World, address: str) -> bool:
    """Whether SES has the address on its list."""
    return address in world.account_list_rows.listed


def reasons(world: World, address: str) -> list[str]:
    """What the address is suppressed for here."""
    return [str(row.reason) for row in world.suppressions.find(address)]


def queued(world: World) -> list[dict[str, object]]:
    """Take the messages of the suppressions queue."""
    return world.messages.take(Queue.SUPPRESSIONS)
