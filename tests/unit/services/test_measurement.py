# SPDX-License-Identifier: Apache-2.0
"""Clicks and opens: decided at the hit, written after it, in nobody's way."""

import logging
from dataclasses import replace

import pytest

from chalicelib.domain.facts import Measured
from chalicelib.domain.measurement import Counted, Hit, Spot
from chalicelib.errors import BadToken, FatalError, NotFound, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import FailAlways, Moment
from tests.support.link_examples import (
    CAMPAIGN,
    DELIVERY,
    DEMO,
    EMAIL,
    NEWSLETTER,
    TARGETS,
    URLS,
    click,
    pixel,
)
from tests.support.world import World


@pytest.fixture
def world():
    made = World()
    made.campaign_links.put(CAMPAIGN, TARGETS)
    return made


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL, measurement="yes")


def follow(world, sid, link=0, **more):
    token = click(world.tokens, sid, link, **more).removeprefix("/c/")
    return world.measurement.follow(token, record=True)


def see(world, sid, **more):
    world.measurement.see(pixel(world.tokens, sid, **more).removeprefix("/o/"), record=True)


def spot(link):
    return Spot(campaign=CAMPAIGN, delivery=DELIVERY, link=link)


def test_a_click_of_who_consents_is_kept_with_their_id_and_counted_once(world, sid):
    assert follow(world, sid, 1) == URLS[1]
    first_ms = world.clock.now_ms()
    world.time.advance(1_000)
    follow(world, sid, 1)
    see(world, sid)
    assert world.hits.of(sid) == (
        Hit(spot=spot(1), first_ms=first_ms, times=2),
        Hit(spot=spot(None), first_ms=world.clock.now_ms(), times=1),
    )
    assert world.hits.counts(CAMPAIGN) == {1: Counted(personal=1), None: Counted(personal=1)}


def test_without_consent_a_number_grows_and_nothing_else_is_written(world):
    sid = world.subscribe(EMAIL)
    before = world.outside_rows.hits.copy()
    for _ in range(2):
        assert follow(world, sid) == URLS[0]
        see(world, sid)
    assert world.outside_rows.hits == before == {}
    counted = Counted(unmeasured=2)
    assert world.hits.counts(CAMPAIGN) == {0: counted, None: counted}


def test_the_campaigns_own_token_is_nobodys_and_asks_for_no_state(world, sid):
    world.faults = FailAlways("LedgerStore.states", Moment.BEFORE, Unavailable("no state"))
    token = click(world.tokens).removeprefix("/c/")
    assert world.measurement.follow(token, record=True) == URLS[0]
    assert world.hits.counts(CAMPAIGN) == {0: Counted(unmeasured=1)}
    assert not world.outside_rows.hits


STOPS = {
    "restricted": Draft(
        type=EventType.SUBJECT_RESTRICTED, channel=None, reason="accuracy-contested"
    ),
    "objected": Draft(type=EventType.OBJECTION_RECORDED, brand=DEMO, via="page"),
    "withdrawn": Draft(
        type=EventType.CONSENT_WITHDRAWN,
        brand=DEMO,
        lists=(NEWSLETTER,),
        purposes=("measurement",),
        via="page",
    ),
}


@pytest.mark.parametrize("how", [*STOPS, "erased"])
def test_whoever_said_no_after_the_mail_went_is_only_counted(world, sid, how):
    """The token in the mail stays as it was: the state at the click decides."""
    if how == "erased":
        world.shredder.shred(sid, "withdrawn", suppress=False)
    else:
        world.ledger.append(world.ledger.open(sid), [STOPS[how]])
    assert follow(world, sid) == URLS[0]
    see(world, sid)
    assert not world.outside_rows.hits
    counted = Counted(unmeasured=1)
    assert world.hits.counts(CAMPAIGN) == {0: counted, None: counted}


def test_consent_on_another_list_of_the_brand_is_not_consent_on_this_one(world, sid):
    world.link_rows.targets[CAMPAIGN] = replace(TARGETS, list="events")
    follow(world, sid)
    assert not world.outside_rows.hits


def test_nothing_is_noted_where_a_program_only_looks_ahead(world, sid):
    token = click(world.tokens, sid).removeprefix("/c/")
    assert world.measurement.follow(token, record=False) == URLS[0]
    world.measurement.see(pixel(world.tokens, sid).removeprefix("/o/"), record=False)
    assert not world.outside_rows.hits
    assert world.hits.counts(CAMPAIGN) == {}


@pytest.mark.parametrize("link", [len(URLS), 500, 65_535])
def test_a_number_the_campaign_does_not_have_leads_nowhere(world, sid, link):
    with pytest.raises(NotFound):
        follow(world, sid, link)
    assert not world.outside_rows.hits


def test_a_campaign_without_targets_and_a_token_of_another_purpose_lead_nowhere(world, sid):
    other = "A" * 21 + "A"
    with pytest.raises(NotFound):
        follow(world, sid, campaign=other)
    with pytest.raises(NotFound):
        see(world, sid, campaign=other)
    with pytest.raises(BadToken):
        world.measurement.follow(pixel(world.tokens, sid).removeprefix("/o/") + "AAA", record=True)


@pytest.mark.parametrize("error", [Unavailable("it did not answer"), FatalError("a row of v 9")])
@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("call", ["LedgerStore.states", "Hits.record", "Hits.count"])
def test_who_clicks_arrives_whatever_cannot_be_written(world, sid, caplog, call, moment, error):
    world.faults = FailAlways(call, moment, error)
    with caplog.at_level(logging.WARNING):
        assert follow(world, sid, 2) == URLS[2]
        see(world, sid)
    assert [record.campaign for record in caplog.records] == [CAMPAIGN] * 2
    assert sid not in caplog.text
    assert DELIVERY not in caplog.text


def test_without_the_targets_nobody_knows_the_way(world, sid):
    world.faults = FailAlways("CampaignLinks.get", Moment.BEFORE, Unavailable("no answer"))
    with pytest.raises(Unavailable):
        follow(world, sid)


def test_nothing_of_it_is_an_entry(world, sid):
    entries = dict(world.rows.entries)
    follow(world, sid)
    see(world, sid)
    assert world.rows.entries == entries


def test_the_first_of_each_asks_by_ids_alone_for_a_fact_of_the_person(world, sid):
    for _ in range(2):
        follow(world, sid, 1)
        see(world, sid)
    told = {"v": 1, "hit": DELIVERY, "subscriber": sid, "campaign": CAMPAIGN}
    assert world.messages.take(Queue.SEGMENTS) == [
        {**told, "kind": Measured.CLICKED.value},
        {**told, "kind": Measured.OPENED.value},
    ]


def test_of_who_does_not_consent_no_message_is_sent(world):
    other = world.subscribe("other@example.org")
    follow(world, other)
    world.measurement.follow(click(world.tokens).removeprefix("/c/"), record=True)
    assert world.messages.take(Queue.SEGMENTS) == []


def test_who_clicks_arrives_though_no_fact_can_be_asked_for(world, sid):
    world.faults = FailAlways("Queues.send", Moment.BEFORE, Unavailable("no"))
    assert follow(world, sid, 1) == URLS[1]
    assert world.hits.counts(CAMPAIGN) == {1: Counted(personal=1)}
