# SPDX-License-Identifier: Apache-2.0
"""Facts grow by events alone that the chain allows, each once, whatever fails or comes between."""

from dataclasses import replace
from itertools import permutations

import pytest

from chalicelib.domain.customer_events import Ignored
from chalicelib.domain.facts import Behaviour, Measured, Sum, Tally
from chalicelib.domain.ids import CampaignId, DeliveryId
from chalicelib.errors import Conflict, Throttled, Unavailable
from chalicelib.services.facts_folder import KNOWN, NOBODY, FactFolder, Folded, Folding
from chalicelib.services.rewriting import TRIES
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.memory_facts import MemoryFactStore
from tests.support.shop import (
    BUYER,
    DEMO,
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

KEPT = Folded(folding=Folding.KEPT)
DAY_MS = 86_400_000
CAMPAIGN, DELIVERY = CampaignId("c" * 22), DeliveryId("d" * 16)
CALLS = (
    "LedgerStore.load",
    "KeyWrapper.unwrap",
    "FactStore.read",
    "FactStore.keep",
    "FactStore.orders",
)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    return world.subscribe(BUYER)


def keep(world, sid, *told):
    return [world.fact_folder.keep(sid, event(each)) for each in told]


def opened(at_ms=1_000_000, measured=Measured.OPENED):
    return Behaviour(measured=measured, brand=DEMO, campaign=CAMPAIGN, occurred_ms=at_ms)


def ignored(reason):
    return Folded(folding=Folding.IGNORED, reason=reason)


def while_it(world, call, moment, act):
    """Let ``act`` happen once, before or after the next ``call``."""
    pending = [act]

    def strike(name, when):
        if (name, when) == (call, moment) and pending:
            pending.pop()()

    world.faults = strike


def stored(world, sid):
    """Facts and orders in clear, as what is sealed has a nonce of its own each time."""
    person, held = world.fact_people.known(sid), world.facts.read(sid)
    orders = {kept.tag: person.open_order(kept) for kept in world.facts.orders(sid)}
    return person.open_facts(held.facts), orders


STORY = (
    placed("e1", "1", 1_000, ago_days=9),
    placed("e2", "2", 500, ago_days=5),
    refunded("e3", "1", 300),
    cancelled("e4", "2"),
    placed("e5", "1", 900, ago_days=11),
)


def test_whatever_the_order_the_same_facts_and_orders_come_of_events():
    found = set()
    for way in list(permutations(STORY))[::7]:
        world = World()
        sid = world.subscribe(BUYER)
        assert keep(world, sid, *way, *way) == [KEPT] * 5 + [KNOWN] * 5
        facts, orders = stored(world, sid)
        found.add(repr((facts, sorted(orders.items()))))
        assert facts.of(DEMO).orders.sums == {"SEK": Sum(1, 600)}
    assert len(found) == 1


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("call", CALLS)
def test_what_fails_anywhere_is_told_again_and_counts_once(world, sid, call, nth, moment):
    keep(world, sid, *STORY[:3])
    before = stored(world, sid)
    world.faults = FailOnce(call, moment, nth=nth)
    try:
        keep(world, sid, STORY[3])
    except Unavailable:
        world.faults = no_faults
        lost = (call, moment) == ("FactStore.keep", Moment.AFTER)
        assert (stored(world, sid) == before) is not lost
        assert keep(world, sid, STORY[3]) == [KNOWN if lost else KEPT]
    world.faults = no_faults
    assert keep(world, sid, *STORY) == [KNOWN, KNOWN, KNOWN, KNOWN, KEPT]
    assert known(world, sid).orders.sums == {"SEK": Sum(1, 600)}


def test_the_chain_decides_and_no_copy_of_it(world, sid):
    row = world.rows.audience[sid]
    says_given = '{"g":{"demo/newsletter":["profiling"]},"v":1}'
    world.rows.audience[sid] = replace(row, standing=says_given)
    assert keep(world, sid, viewed("e1")) == [ignored(Ignored.NO_CONSENT)]
    consent(world, sid, "profiling")
    world.rows.audience[sid] = replace(world.rows.audience[sid], standing='{"v":1,"r":true}')
    assert keep(world, sid, viewed("e1")) == [KEPT]


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (consent, Ignored.NO_CONSENT),
        (objection, Ignored.OBJECTED),
        (restriction, Ignored.RESTRICTED),
    ],
)
def test_a_withdrawal_between_reading_and_writing_is_obeyed(world, sid, act, reason):
    consent(world, sid, "profiling")
    while_it(world, "FactStore.keep", Moment.BEFORE, lambda: act(world, sid))
    assert keep(world, sid, viewed("e1")) == [ignored(reason)]
    assert world.facts.events(sid) == ()
    assert known(world, sid).site is None


def test_who_is_erased_between_reading_and_writing_is_nobody(world, sid):
    def erase():
        world.shredder.shred(sid, "withdrawn", suppress=False)

    while_it(world, "FactStore.keep", Moment.BEFORE, erase)
    assert keep(world, sid, placed("e1", "1")) == [NOBODY]
    assert sid not in world.rows.audience
    assert not world.outside_rows.kept_events
    assert not world.outside_rows.kept_orders


def test_two_at_once_both_count(world, sid):
    def another():
        keep(world, sid, placed("e2", "2"))

    while_it(world, "FactStore.keep", Moment.BEFORE, another)
    assert keep(world, sid, placed("e1", "1")) == [KEPT]
    assert known(world, sid).orders.count == 2


class TornReads(MemoryFactStore):
    """Batch reads that are no snapshot: an order as it was, facts as they are a moment later."""

    def __init__(self, world, between):
        super().__init__(world.rows, world.outside_rows)
        self.between = list(between)

    def read(self, sid, *, event=None, order=None):
        before = super().read(sid, order=order)
        if self.between:
            self.between.pop()()
        return replace(super().read(sid, event=event), order=before.order)


def test_an_order_is_read_after_the_facts_it_is_part_of(world, sid):
    keep(world, sid, placed("e1", "1", 1_000))

    def another(number):
        return lambda: keep(world, sid, refunded(f"other {number}", "1", 10))

    torn = FactFolder(
        people=world.fact_people,
        facts=TornReads(world, [another(number) for number in range(5)]),
        forgetting=world.forgetting,
        clock=world.time,
        random=world.random,
    )
    assert torn.keep(sid, event(refunded("e2", "1", 10))) == KEPT
    assert known(world, sid).orders.sums == {"SEK": Sum(1, 940)}
    (order,) = stored(world, sid)[1].values()
    assert len(order.refunds) == 6


def test_who_is_always_overtaken_is_told_to_come_back_and_nothing_was_written(world, sid):
    world.faults = FailAlways("FactStore.keep", Moment.BEFORE, Conflict("overtaken"))
    with pytest.raises(Unavailable, match="Nothing was lost"):
        keep(world, sid, placed("e1", "1"))
    world.faults = no_faults
    assert len(world.time.slept_ms) == TRIES
    assert 0 < sum(world.time.slept_ms) < 4_000
    assert world.facts.events(sid) == ()
    assert keep(world, sid, placed("e1", "1")) == [KEPT]


def test_a_throttled_store_is_the_callers_to_try_again(world, sid):
    world.faults = FailOnce("FactStore.keep", Moment.BEFORE, Throttled("slow down"))
    with pytest.raises(Throttled):
        keep(world, sid, placed("e1", "1"))
    assert keep(world, sid, placed("e1", "1")) == [KEPT]


@pytest.mark.parametrize("next_event", [viewed("e9"), placed("e9", "9")])
def test_the_next_event_forgets_what_a_withdrawal_left(world, sid, next_event):
    consent(world, sid, "profiling", "measurement")
    keep(world, sid, viewed("e1"), placed("e2", "1"))
    world.fact_folder.note(sid, opened(), DELIVERY)
    consent(world, sid)
    keep(world, sid, next_event)
    facts = known(world, sid)
    assert (facts.site, facts.mail, facts.cart) == (None, None, None)
    assert set(kinds(world, sid)) == {"order"}
    assert facts.orders is not None


def test_what_is_forgotten_counts_anew_when_it_is_agreed_to_again(world, sid):
    consent(world, sid, "measurement")
    assert world.fact_folder.note(sid, opened(), DELIVERY) == KEPT
    consent(world, sid)
    assert world.fact_folder.note(sid, opened(), DELIVERY) == ignored(Ignored.NO_CONSENT)
    assert known(world, sid).mail is None
    consent(world, sid, "measurement")
    assert world.fact_folder.note(sid, opened(), DELIVERY) == KEPT
    assert known(world, sid).mail.opened == Tally(1, 1_000)


def test_a_mail_opened_again_is_counted_once_and_its_time_rises_once_a_day(world, sid):
    consent(world, sid, "measurement")
    later = [(0, KEPT, 1_000), (DAY_MS - 1, KNOWN, 1_000), (DAY_MS, KNOWN, 87_400)]
    for after_ms, folded, last_s in [*later, (0, KNOWN, 87_400)]:
        assert world.fact_folder.note(sid, opened(1_000_000 + after_ms), DELIVERY) == folded
        assert known(world, sid).mail.opened == Tally(1, last_s)
    assert world.fact_folder.note(sid, opened(measured=Measured.CLICKED), DELIVERY) == KEPT
    another = DeliveryId("e" * 16)
    assert world.fact_folder.note(sid, opened(), another) == KEPT
    assert known(world, sid).mail.opened == Tally(2, 87_400)
    assert kinds(world, sid) == ["measurement"] * 3


def test_nothing_is_measured_of_nobody_or_without_consent(world, sid):
    assert world.fact_folder.note("A" * 22, opened(), DELIVERY) == NOBODY
    consent(world, sid, "profiling")
    assert world.fact_folder.note(sid, opened(), DELIVERY) == ignored(Ignored.NO_CONSENT)
    assert world.facts.events(sid) == ()


def test_a_mail_whose_part_is_gone_but_not_its_row_is_left_alone(world, sid):
    consent(world, sid, "measurement")
    world.fact_folder.note(sid, opened(), DELIVERY)
    row = world.rows.audience[sid]
    world.rows.audience[sid] = replace(row, facts=None)
    assert world.fact_folder.note(sid, opened(9 * DAY_MS), DELIVERY) == KNOWN
    assert known(world, sid).mail is None


def test_a_brand_that_keeps_no_orders_ignores_them_and_keeps_an_account(world, sid):
    world.setup.change_brand(DEMO, {"keep_orders": False})
    folded = world.fact_folder.keep(sid, event(placed("e1", "1")))
    assert (folded.folding, folded.reason) == (Folding.IGNORED, Ignored.ORDERS_OFF)
    assert world.fact_folder.keep(sid, event(body("e2", "signup"))).folding is Folding.KEPT
    assert known(world, sid).orders is None


def test_the_next_event_forgets_orders_of_a_brand_that_stopped_to_keep_them(world, sid):
    world.fact_folder.keep(sid, event(placed("e1", "1")))
    world.setup.change_brand(DEMO, {"keep_orders": False})
    assert world.fact_folder.keep(sid, event(body("e2", "signup"))).folding is Folding.KEPT
    assert known(world, sid).orders is None
    assert (world.facts.orders(sid), len(world.facts.events(sid))) == ((), 1)
    world.setup.change_brand(DEMO, {"keep_orders": True})
    assert world.fact_folder.keep(sid, event(placed("e3", "3"))).folding is Folding.KEPT


def test_the_facts_say_when_their_oldest_order_is_past_its_time(world, sid):
    assert world.facts.read(sid).due_day is None
    world.fact_folder.keep(sid, event(placed("e1", "1", ago_days=5)))
    first = world.facts.read(sid).due_day
    world.fact_folder.keep(sid, event(placed("e2", "2", ago_days=15)))
    assert world.facts.read(sid).due_day == first - 10
    world.fact_folder.keep(sid, event(cancelled("e3", "2")))
    assert world.facts.read(sid).due_day == first
    world.fact_folder.keep(sid, event(cancelled("e4", "1")))
    assert world.facts.read(sid).due_day is None
