# SPDX-License-Identifier: Apache-2.0
"""The two mails about another address; what they lead to is in `test_address_change`."""

from contextlib import suppress

import pytest

from chalicelib.domain.ids import BrandId
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import World

OLD, NEW = "visitor@example.org", "new@example.net"


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("call", ["Activity.claim", "AddressWishes.put_link", "Blobs.get"])
def test_a_service_that_fails_before_the_mail_loses_nobody_their_link(call, moment):
    """The queue hands the request over again, within the quarter of an hour it claimed."""
    world = World()
    sid = world.subscribe(OLD)
    links = world.access_links
    world.address_change.ask(links.open(links.make(sid, BrandId("demo"), "en")), NEW, "en")
    (body,) = world.messages.take(Queue.CONFIRMATIONS)
    world.faults = FailOnce(call, moment)
    with suppress(Unavailable):
        world.handle(Queue.CONFIRMATIONS, body)
    world.faults = no_faults
    world.handle(Queue.CONFIRMATIONS, body)
    assert [mail.message.to for mail in world.mails].count(NEW) == 1
