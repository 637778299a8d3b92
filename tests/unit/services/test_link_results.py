# SPDX-License-Identifier: Apache-2.0
"""What was counted of a campaign's links, target by target."""

import pytest

from chalicelib.domain.measurement import Counted
from chalicelib.errors import NotFound
from tests.support.link_examples import DELIVERY, EMAIL, TARGETS, URLS, click, pixel
from tests.support.world import World


@pytest.fixture
def world():
    return World()


def test_a_campaign_without_links_has_no_results_and_an_unknown_one_is_not_found(world):
    results = world.link_results.of(world.campaign())
    assert (results.links, results.opened) == ((), Counted())
    with pytest.raises(NotFound):
        world.link_results.of("A" * 22)


def test_the_results_name_every_target_also_those_nobody_followed(world):
    sid = world.subscribe(EMAIL, measurement="yes")
    made = world.campaign()
    world.campaign_links.put(made, TARGETS)
    for whose in ({"sid": sid}, {"sid": sid}, {"sid": sid, "delivery": DELIVERY[::-1]}, {}):
        path = click(world.tokens, link=1, campaign=made, **whose)
        world.measurement.follow(path.removeprefix("/c/"), record=True)
    opened = pixel(world.tokens, sid, campaign=made).removeprefix("/o/")
    world.measurement.see(opened, record=True)
    results = world.link_results.of(made)
    assert [(each.number, each.url) for each in results.links] == list(enumerate(URLS))
    assert [each.counted for each in results.links] == [
        Counted(),
        Counted(personal=2, unmeasured=1),
        Counted(),
    ]
    assert results.opened == Counted(personal=1)
