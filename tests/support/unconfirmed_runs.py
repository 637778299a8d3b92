# SPDX-License-Identifier: Apache-2.0
"""The daily search for people whose time without a confirmation is over, and what it searches."""

from typing import Any

from chalicelib.domain.ids import BrandId
from tests.support.world import World

NEWSLETTER: dict[str, Any] = {
    "brand": BrandId("demo"),
    "lists": ("newsletter",),
    "purposes": ("newsletter",),
}
"""What an entry about the demo's newsletter names."""


def run(world: World) -> int:
    """Search, work through the messages, and return how many were found."""
    found = world.unconfirmed.search()
    world.settle()
    return found
