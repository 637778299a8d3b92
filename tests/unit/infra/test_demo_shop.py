# SPDX-License-Identifier: Apache-2.0
"""The demo's shop gives a marketer something to find, and leaves the first people alone."""

import pytest

from chalicelib.domain.customer_event_body import read_event
from infra.local import demo
from infra.local.demo_shop import demo_events
from tests.support.clock import START_MS
from tests.support.shop import known
from tests.support.world import World


@pytest.fixture
def world():
    made = World()
    made.people = {n: made.subscribe(demo.address(n)) for n in range(1, 10)}
    return made


def test_every_event_is_one_that_the_api_takes():
    for number, told in demo_events(START_MS):
        assert number > 2
        read_event({**told, "email": demo.address(number)}, START_MS)
    names = [told["id"] for _, told in demo_events(START_MS)]
    assert len(set(names)) == len(names)


def test_orders_visits_a_cart_and_an_account_are_known_afterwards(world):
    demo.shop(world, 25)
    third, sixth = known(world, world.people[3]), known(world, world.people[6])
    assert (third.orders.count, third.orders.sums["SEK"].net) == (3, 269_700)
    assert third.site.visits.times == sixth.site.visits.times == 1
    assert known(world, world.people[9]).cart.products == ("pots",)
    assert known(world, world.people[8]).signup_s is not None
    for number in (1, 2):
        person = known(world, world.people[number])
        assert (person.orders, person.site, person.cart) == (None, None, None)


def test_doing_it_again_counts_and_appends_nothing(world):
    demo.shop(world, 25)
    entries, first = dict(world.rows.entries), known(world, world.people[3])
    demo.shop(world, 25)
    assert (dict(world.rows.entries), known(world, world.people[3])) == (entries, first)


def test_behaviour_is_told_of_who_consented_alone_and_membership_stays(world):
    demo.shop(world, 25)
    agreed = {
        number
        for number, sid in world.people.items()
        if any(key.purpose == "profiling" for key in world.state(sid).consents)
    }
    assert agreed == {3, 6, 9}
    assert all(row.lists == (("newsletter", "given"),) for row in world.rows.audience.values())


def test_fewer_people_have_fewer_events(world):
    demo.shop(world, 2)
    assert not world.outside_rows.kept_events


def test_an_event_that_was_not_kept_stops_the_start(world):
    world.setup.change_brand("demo", {"keep_orders": False})
    with pytest.raises(RuntimeError, match="demo-order-1 was ignored"):
        demo.shop(world, 25)
