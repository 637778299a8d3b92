# SPDX-License-Identifier: Apache-2.0
"""Events of other systems: whom they are about, what is refused, what nothing is kept of."""

import logging

import pytest

from chalicelib.domain.customer_event_body import EventError
from chalicelib.domain.facts import Sum
from tests.support.shop import (
    BUYER,
    body,
    consent,
    known,
    objection,
    placed,
    refunded,
    restriction,
    viewed,
)
from tests.support.world import World

NOBODY = "A" * 22


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    return world.subscribe(BUYER)


def took(world, told):
    taken = world.customer_events.take(told)
    return taken.status, taken.reason


def test_an_order_is_kept_once_however_its_person_is_named(world, sid):
    assert took(world, placed("e1", "4711")) == ("kept", None)
    assert took(world, placed("e1", "4711", subscriber=sid)) == ("known", None)
    assert took(world, placed("e2", "4712", subscriber=sid)) == ("kept", None)
    assert known(world, sid).orders.sums == {"SEK": Sum(2, 2_000)}


def test_spelling_of_the_address_does_not_matter(world, sid):
    assert took(world, placed("e1", "4711", email=" Buyer@EXAMPLE.org ")) == ("kept", None)
    assert known(world, sid).orders.count == 1


@pytest.mark.parametrize("who", [{"email": "nobody@example.org"}, {"subscriber": NOBODY}])
def test_of_somebody_unknown_nothing_is_stored(world, sid, who):
    before = repr(world.rows), repr(world.outside_rows)
    assert took(world, placed("e1", "4711", **who)) == ("ignored", "unknown-person")
    assert (repr(world.rows), repr(world.outside_rows)) == before


def test_who_was_erased_is_unknown(world, sid):
    took(world, placed("e1", "4711"))
    world.shredder.shred(sid, "withdrawn", suppress=False)
    for who in ({}, {"subscriber": sid}):
        assert took(world, placed("e2", "4711", **who)) == ("ignored", "unknown-person")


def test_an_event_makes_nobody_a_subscriber_and_no_entry(world, sid):
    before = world.types(sid), world.state(sid)
    took(world, body("e1", "signup"))
    took(world, body("e2", "signup", email="nobody@example.org"))
    assert (world.types(sid), world.state(sid)) == before
    assert len(world.rows.states) == 1


def test_each_reason_to_ignore_an_event_is_told(world, sid):
    assert took(world, viewed("e1")) == ("ignored", "no-consent")
    consent(world, sid, "profiling")
    assert took(world, viewed("e1")) == ("kept", None)
    objection(world, sid)
    assert took(world, placed("e2", "4711")) == ("ignored", "objected")
    restriction(world, sid)
    assert took(world, placed("e2", "4711")) == ("ignored", "restricted")


def test_orders_of_who_is_suppressed_or_has_not_confirmed_are_kept(world, sid):
    world.suppressions.add(BUYER, "manual")
    assert took(world, placed("e1", "4711")) == ("kept", None)
    world.sign_up("new@example.org")
    assert took(world, placed("e1", "4711", email="new@example.org")) == ("kept", None)


def test_a_refund_in_another_currency_is_kept_and_said(world, sid):
    assert took(world, placed("e1", "4711")) == ("kept", None)
    assert took(world, refunded("e2", "4711", currency="EUR")) == ("kept", "currency-differs")
    assert took(world, refunded("e2", "4711", currency="EUR")) == ("known", None)
    assert known(world, sid).orders.sums == {"SEK": Sum(1, 1_000)}


@pytest.mark.parametrize(
    ("place", "change", "problem"),
    [
        ("", {"brand": "none"}, {"brand": "unknown_brand"}),
        ("events[3]", {"brand": "none"}, {"events[3].brand": "unknown_brand"}),
        ("events[3]", {"occurred_at": "today"}, {"events[3].occurred_at": "not_a_time"}),
        ("", {"subscriber": NOBODY, "email": BUYER}, {"email": "exactly_one"}),
    ],
)
def test_what_breaks_a_rule_is_refused_at_its_place(world, sid, place, change, problem):
    with pytest.raises(EventError) as refused:
        world.customer_events.take({**placed("e1", "4711"), **change}, place)
    assert refused.value.problems == problem
    assert world.facts.events(sid) == ()


def test_how_old_an_order_may_be_is_a_setting():
    world = World(keep_orders_days=10)
    sid = world.subscribe(BUYER)
    assert took(world, placed("e1", "4711", ago_days=9)) == ("kept", None)
    with pytest.raises(EventError) as refused:
        took(world, placed("e2", "4712", ago_days=11))
    assert refused.value.problems == {"occurred_at": "too_old"}
    (event,), (order,) = world.facts.events(sid), world.facts.orders(sid)
    in_days = (event.until_ms - world.time.now_ms()) / 86_400_000
    assert 30.9 < in_days < 31.1
    assert order.until_ms == event.until_ms


def test_no_log_line_is_written_of_a_person(world, sid, caplog):
    with caplog.at_level(logging.DEBUG):
        for told in (placed("e1", "4711"), viewed("e2"), placed("e3", "1", email="x@example.org")):
            took(world, told)
    assert not [record for record in caplog.records if record.name.startswith("chalicelib")]
