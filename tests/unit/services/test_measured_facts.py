# SPDX-License-Identifier: Apache-2.0
"""Hits made facts: once each, and only while the consent to measure stands."""

from dataclasses import replace

import pytest

from chalicelib.domain.facts import Measured
from chalicelib.domain.ids import CampaignId, DeliveryId, encode_id
from chalicelib.ports.outside import Queue
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.link_examples import (
    CAMPAIGN,
    DELIVERY,
    EMAIL,
    TARGETS,
    click,
    pixel,
)
from tests.support.shop import consent, kinds, known, objection, restriction
from tests.support.world import World


@pytest.fixture
def world():
    made = World()
    made.campaign_links.put(CAMPAIGN, TARGETS)
    return made


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL, measurement="yes")


def hit(world, sid, link=None):
    if link is None:
        world.measurement.see(pixel(world.tokens, sid).removeprefix("/o/"), record=True)
    else:
        world.measurement.follow(click(world.tokens, sid, link).removeprefix("/c/"), record=True)


def test_a_click_and_an_open_become_facts_once_each(world, sid):
    for link in (None, 0, 0, None):
        hit(world, sid, link)
    messages = world.messages.take(Queue.SEGMENTS)
    assert len(messages) == 2
    for message in messages * 3:
        world.handle(Queue.SEGMENTS, message)
    mail = known(world, sid).mail
    assert (mail.opened.times, mail.clicked.times) == (1, 1)
    assert mail.clicked.last_s == world.clock.now_ms() // 1000
    assert set(mail.clicked_campaigns.at_s) == {CAMPAIGN}


def test_another_link_of_the_mail_makes_it_later_and_not_more(world, sid):
    hit(world, sid, 0)
    world.settle(Queue.SEGMENTS)
    world.time.advance(2 * 86_400_000)
    hit(world, sid, 1)
    world.settle(Queue.SEGMENTS)
    clicked = known(world, sid).mail.clicked
    assert (clicked.times, clicked.last_s) == (1, world.clock.now_ms() // 1000)


@pytest.mark.parametrize("how", ["withdrawn", "objected", "restricted", "erased", "other list"])
def test_who_said_no_between_the_click_and_the_message_gets_no_fact(world, sid, how):
    hit(world, sid, 0)
    (message,) = world.messages.take(Queue.SEGMENTS)
    if how == "withdrawn":
        consent(world, sid)
    elif how == "objected":
        objection(world, sid)
    elif how == "restricted":
        restriction(world, sid)
    elif how == "erased":
        world.shredder.shred(sid, "withdrawn", suppress=False)
    else:
        world.link_rows.targets[CAMPAIGN] = replace(TARGETS, list="events")
    world.handle(Queue.SEGMENTS, message)
    assert "measurement" not in {row.kind for row in world.outside_rows.kept_events.values()}


def test_a_message_of_what_was_never_noted_decides_nothing(world, sid):
    assert not world.measured_facts.note(sid, CAMPAIGN, DELIVERY, Measured.OPENED)
    hit(world, sid, 0)
    elsewhere = DeliveryId(encode_id(bytes(12)))
    assert not world.measured_facts.note(sid, CAMPAIGN, DELIVERY, Measured.OPENED)
    assert not world.measured_facts.note(sid, CAMPAIGN, elsewhere, Measured.CLICKED)
    assert not world.measured_facts.note(sid, CampaignId("A" * 22), DELIVERY, Measured.CLICKED)
    assert kinds(world, sid) == []
    assert world.measured_facts.note(sid, CAMPAIGN, DELIVERY, Measured.CLICKED)


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(
    "call",
    ["Hits.of", "CampaignLinks.get", "LedgerStore.states", "FactStore.read", "FactStore.keep"],
)
def test_a_message_that_failed_anywhere_comes_again_and_counts_once(world, sid, call, moment):
    hit(world, sid, 0)
    (message,) = world.messages.take(Queue.SEGMENTS)
    world.faults = FailOnce(call, moment)
    with pytest.raises(Exception, match="fault"):
        world.handle(Queue.SEGMENTS, message)
    world.faults = no_faults
    world.handle(Queue.SEGMENTS, message)
    assert known(world, sid).mail.clicked.times == 1
