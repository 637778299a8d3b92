# SPDX-License-Identifier: Apache-2.0
"""Forgetting: what may no longer be known goes with all its rows, and nothing else does."""

from dataclasses import replace

import pytest

from chalicelib.domain.facts import Behaviour, Measured
from chalicelib.domain.ids import CampaignId, DeliveryId, ListId
from chalicelib.domain.measurement import Spot, Targets
from chalicelib.errors import Conflict, Unavailable
from chalicelib.ports import facts as facts_port
from chalicelib.ports.outside import Queue
from chalicelib.services import forgetting as module
from chalicelib.services.ledger import Draft
from chalicelib.services.right_answers import RESTRICTION_ENDED
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.shop import (
    BUYER,
    DEMO,
    NEWSLETTER,
    OTHER,
    body,
    cancelled,
    consent,
    event,
    kinds,
    known,
    objection,
    placed,
    refunded,
    restriction,
    viewed,
)
from tests.support.world import World

CAMPAIGN = CampaignId("c" * 22)


@pytest.fixture
def world():
    made = World()
    made.setup.add_brand(replace(DEMO_BRAND, id=OTHER, code="6f746872"))
    return made


@pytest.fixture
def sid(world):
    """Somebody of whom there is an event of every kind, and orders of two brands."""
    made = world.subscribe(BUYER)
    consent(world, made, "measurement", "profiling")
    for told in (
        placed("e1", "1"),
        cancelled("e2", "2"),
        body("e3", "signup"),
        viewed("e4"),
        placed("e5", "1", brand=OTHER),
        body("e6", "cart.updated", cart={"amount": 0, "currency": "SEK", "items": []}),
    ):
        world.fact_folder.keep(made, event(told))
    for measured in Measured:
        behaviour = Behaviour(measured=measured, brand=DEMO, campaign=CAMPAIGN, occurred_ms=1_000)
        world.fact_folder.note(made, behaviour, DeliveryId("d" * 16))
    return made


def brands_of_orders(world, sid):
    person = world.fact_people.known(sid)
    return [order.brand for _, order in person.opened(world.facts.orders(sid))]


def test_who_changed_nothing_keeps_everything(world, sid):
    before = world.facts.read(sid), world.facts.events(sid), world.facts.orders(sid)
    assert world.forgetting.person(sid) == 0
    assert (world.facts.read(sid), world.facts.events(sid), world.facts.orders(sid)) == before


@pytest.mark.parametrize(
    ("left", "gone", "parts"),
    [
        (["profiling"], 2, ("mail",)),
        (["measurement"], 2, ("site", "cart")),
        ([], 4, ("mail", "site", "cart")),
    ],
)
def test_withdrawn_purposes_take_their_parts_and_rows_alone(world, sid, left, gone, parts):
    before, of_other = known(world, sid), known(world, sid, OTHER)
    consent(world, sid, *left)
    assert world.forgetting.person(sid) == gone
    assert known(world, sid) == replace(before, **dict.fromkeys(parts))
    assert known(world, sid, OTHER) == of_other
    assert set(kinds(world, sid)) == {"order", "signup", *left}
    assert len(world.facts.orders(sid)) == 3
    assert world.forgetting.person(sid) == 0


def test_an_objection_takes_all_of_its_brand_and_nothing_of_another(world, sid):
    of_other = known(world, sid, OTHER)
    objection(world, sid)
    assert world.forgetting.person(sid) == 9
    assert known(world, sid) == replace(of_other, orders=None)
    assert known(world, sid, OTHER) == of_other
    assert kinds(world, sid) == ["order"]
    assert brands_of_orders(world, sid) == [OTHER]


def test_when_nothing_is_left_no_facts_are_stored(world, sid):
    for brand in (DEMO, OTHER):
        objection(world, sid, brand)
    world.forgetting.person(sid)
    held = world.facts.read(sid)
    assert held.facts is None
    assert held.revision > 0
    assert world.facts.events(sid) == world.facts.orders(sid) == ()


def test_rows_of_which_the_facts_say_nothing_go_as_well(world):
    sid = world.subscribe(BUYER)
    world.fact_folder.keep(sid, event(refunded("e1", "1")))
    objection(world, sid)
    assert world.forgetting.person(sid) == 2
    assert world.facts.events(sid) == world.facts.orders(sid) == ()


def test_during_a_restriction_nothing_is_touched(world, sid):
    consent(world, sid)
    objection(world, sid)
    restriction(world, sid)
    before = world.facts.read(sid), world.facts.events(sid), world.facts.orders(sid)
    assert world.forgetting.person(sid) == 0
    assert (world.facts.read(sid), world.facts.events(sid), world.facts.orders(sid)) == before


def test_of_nobody_and_of_who_was_erased_there_is_nothing_to_forget(world, sid):
    assert world.forgetting.person("A" * 22) == 0
    world.shredder.shred(sid, "withdrawn", suppress=False)
    assert world.forgetting.person(sid) == 0


@pytest.fixture
def two_rows_at_a_time(monkeypatch):
    monkeypatch.setattr(module, "MAX_FORGOTTEN", 2)


@pytest.mark.usefixtures("two_rows_at_a_time")
@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5])
def test_who_stops_half_way_finishes_when_it_is_done_again(world, sid, nth, moment):
    for name in ("7", "8"):
        world.fact_folder.keep(sid, event(placed(f"e{name}", name)))
    of_other = known(world, sid, OTHER)
    objection(world, sid)
    world.faults = FailOnce("FactStore.keep", moment, nth=nth)
    with pytest.raises(Unavailable):
        world.forgetting.person(sid)
    world.faults = no_faults
    person, held = world.fact_people.known(sid), world.facts.read(sid)
    facts = person.open_facts(held.facts)
    assert person.permitted(facts) != facts, "it shows that there is more to do"
    assert world.forgetting.person(sid) > 0
    assert known(world, sid, OTHER) == of_other
    assert known(world, sid) == replace(of_other, orders=None)
    assert brands_of_orders(world, sid) == [OTHER]
    assert kinds(world, sid) == ["order"]


@pytest.mark.usefixtures("two_rows_at_a_time")
def test_it_starts_anew_when_somebody_was_faster(world, sid):
    objection(world, sid)
    world.faults = FailOnce("FactStore.keep", Moment.BEFORE, Conflict("overtaken"), nth=2)
    assert world.forgetting.person(sid) == 9
    assert world.facts.orders(sid)


def test_who_is_always_overtaken_says_so(world, sid):
    objection(world, sid)
    world.faults = FailAlways("FactStore.keep", Moment.BEFORE, Conflict("overtaken"))
    with pytest.raises(Unavailable, match="Nothing was lost"):
        world.forgetting.person(sid)


def test_no_more_rows_go_at_once_than_a_store_takes():
    assert module.MAX_FORGOTTEN == facts_port.MAX_FORGOTTEN


# Links followed and mails opened, by the list the mail was of.


@pytest.fixture
def spots(world, sid):
    """One of the newsletter and one of another brand's list, which was never measured."""
    world.campaign_links.put(CAMPAIGN, Targets(brand=DEMO, list=NEWSLETTER, urls=()))
    far = CampaignId("f" * 22)
    world.campaign_links.put(far, Targets(brand=OTHER, list=ListId("far"), urls=()))
    made = [
        Spot(campaign=each, delivery=DeliveryId("d" * 16), link=link)
        for each in (CAMPAIGN, far)
        for link in (0, None)
    ]
    for spot in made:
        world.hits.record(sid, spot, 1_000)
    return made


def test_only_those_of_lists_that_may_be_measured_are_left(world, sid, spots):
    assert world.forgetting.person(sid) == 2
    assert [hit.spot for hit in world.hits.of(sid)] == spots[:2]
    assert world.forgetting.person(sid) == 0


def test_a_withdrawal_and_an_objection_leave_none(world, sid, spots):
    consent(world, sid, "profiling")
    world.settle(Queue.SEQUENCING, Queue.SEGMENTS)
    assert world.hits.of(sid) == ()


def test_an_objection_leaves_none_of_the_brand(world, sid, spots):
    objection(world, sid)
    world.settle(Queue.SEQUENCING, Queue.SEGMENTS)
    assert world.hits.of(sid) == ()


def test_a_restriction_keeps_them_until_it_ends(world, sid, spots):
    restriction(world, sid)
    assert not [told for told in world.messages.take(Queue.SEQUENCING) if "forget" in told]
    assert world.forgetting.person(sid) == 0
    assert len(world.hits.of(sid)) == 4
    draft = Draft(type=EventType.HOLD_RELEASED, channel=None, reason=RESTRICTION_ENDED)
    world.ledger.append(world.ledger.open(sid), [draft])
    assert world.messages.take(Queue.SEQUENCING) == [{"v": 1, "forget": sid}]
    assert world.forgetting.person(sid) == 2


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("call", ["Hits.of", "Hits.forget", "CampaignLinks.get"])
def test_stopped_anywhere_it_is_finished_by_the_next(world, sid, spots, call, moment):
    world.faults = FailOnce(call, moment)
    with pytest.raises(Unavailable):
        world.forgetting.person(sid)
    world.faults = no_faults
    world.forgetting.person(sid)
    assert len(world.hits.of(sid)) == 2


def test_what_is_noted_under_a_consent_given_meanwhile_stays(world, sid, spots):
    """The hits are read before the chain: those after it are under the consent it shows."""
    consent(world, sid)

    def agreeing(call, moment):
        if (call, moment) == ("Hits.of", Moment.AFTER):
            world.faults = no_faults
            consent(world, sid, "measurement")

    world.faults = agreeing
    world.forgetting.person(sid)
    assert len(world.hits.of(sid)) == 2
