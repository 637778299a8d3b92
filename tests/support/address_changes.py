# SPDX-License-Identifier: Apache-2.0
"""Another address wished for and answered on the product in memory, and what came of it."""

import re
from collections.abc import Callable
from typing import Any

from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.services.access_links import Access
from chalicelib.services.address_change import AddressAnswer
from chalicelib.services.entries import open_profile
from chalicelib.services.signup import Session
from tests.support.faults import Moment
from tests.support.world import READER, World

OLD, NEW, OTHER = "visitor@example.org", "new@example.net", "other@example.net"
DEMO = BrandId("demo")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def access_of(world: World, sid: SubjectId) -> Access:
    """What a mailed link to the preference centre opens."""
    return world.access_links.open(world.access_links.make(sid, DEMO, "en"))


def token(world: World, to: str = NEW) -> str:
    """The token in the newest mail to a new address."""
    texts = [mail.message.text for mail in world.mails if mail.message.to == to]
    (found,) = set(re.findall(r"/address/([\w-]{43})\b", texts[-1]))
    return found


def ask(world: World, access: Access, to: str = NEW) -> None:
    """Wish for another address; its mail goes out."""
    world.address_change.ask(access, to, "en")
    world.settle()


def confirm(world: World, link: str, session: Session = READER) -> AddressAnswer:
    """Press the button behind the link in that mail."""
    return world.address_change.confirm(link, session)


def profile(world: World, sid: SubjectId) -> dict[str, Any]:
    """What is known of somebody, opened."""
    chain = world.ledger.open(sid)
    return open_profile(chain.keys, world.audience.members([sid])[sid].sealed)


def mac(world: World, address: str) -> str:
    """By which an address is found."""
    return world.ledger.mac(address)


def changes(world: World, sid: SubjectId) -> int:
    """How often the address was changed."""
    return world.types(sid).count("identifier.changed")


def mails_to(world: World, address: str) -> list[Any]:
    """What was mailed to an address."""
    return [mail.message for mail in world.mails if mail.message.to == address]


def assert_whole(world: World) -> None:
    """Everything stored agrees."""
    world.settle()
    assert not [area.line for area in world.fsck.run() if "DIFFERENCE" in area.line]


def racing(world: World, at: str, act: Callable[[], object]) -> None:
    """Let ``act`` happen once, just before the call ``at``."""
    fired = []

    def strike(call: str, moment: Moment) -> None:
        if call == at and not fired:
            fired.append(call)
            act()

    world.faults = strike
