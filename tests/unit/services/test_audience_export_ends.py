# SPDX-License-Identifier: Apache-2.0
"""Who ended it is exported as somebody who did, though a sale named the list."""

import pytest

from chalicelib.domain.enrolment import Person, Sale
from chalicelib.domain.frequency import Frequency
from chalicelib.services.preferences import Wish
from tests.support.address_changes import MINUTE, access_of
from tests.support.exported import DEMO, NEWS, exported, kvitto, table, tables
from tests.support.world import READER, World

ANNA = "anna@example.org"


@pytest.fixture
def world():
    """Anna confirmed, bought, and took the box away on her own page."""
    world = World()
    sid = world.subscribe(ANNA)
    sold = Sale(
        reference="1001",
        product="pots",
        at_ms=world.time.now_ms() - MINUTE,
        objection_how="a box at the till",
        objection_at_ms=world.time.now_ms() - MINUTE,
    )
    world.enrolment.buyer(Person(email=ANNA), DEMO, NEWS, "newsletter", sold)
    assert kvitto(world)[ANNA]["status"] == "subscribed"
    access = access_of(world, sid)
    mark = world.preferences.show(access, "en").mark
    nothing = Wish(ticked=set(), mark=mark, language="en", frequency=Frequency())
    world.preferences.save(access, nothing, READER, "en")
    return world


def test_a_buyer_who_unticks_the_box_is_told_as_opted_out_to_every_tool(world):
    assert kvitto(world)[ANNA]["status"] == "opted-out"
    (listed,) = table(exported(world, "listmonk")[1])
    assert listed["status"] == "blocklisted"
    (sent,) = table(exported(world, "brevo")[1], ";")
    assert sent["EMAIL_BLACKLISTED"] == "1"
    by_file = {name: len(rows) for name, rows in tables(exported(world, "mailchimp")[1]).items()}
    assert by_file == {"subscribed": 0, "unsubscribed": 1, "cleaned": 0, "nonsubscribed": 0}


def test_nobody_who_ended_it_is_in_a_file_of_the_subscribed(world):
    assert not kvitto(world, "subscribed")
