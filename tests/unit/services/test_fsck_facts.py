# SPDX-License-Identifier: Apache-2.0
"""The comparison names whose facts hold what they may not, and rows of nobody; never a content."""

from dataclasses import replace

import pytest

from chalicelib.domain.erasure import Ground
from chalicelib.domain.ids import SubjectId
from chalicelib.ports.outside import Queue
from tests.support.shop import BUYER, consent, event, objection, placed, restriction, viewed
from tests.support.world import World

SECRET = "pots-of-gold"
STRANGER = SubjectId("A" * 22)


@pytest.fixture
def world():
    made = World()
    made.settle()
    return made


@pytest.fixture
def sid(world):
    """Somebody with an order and a visit."""
    made = world.subscribe(BUYER)
    consent(world, made, "profiling")
    for told in (placed("e1", "1"), viewed("e2", SECRET)):
        world.fact_folder.keep(made, event(told))
    world.settle()
    return made


def areas(world):
    world.settle()
    return {area.name: area for area in world.fsck.run()}


def found(world):
    """Differences by area."""
    return {name: area.difference for name, area in areas(world).items() if area.difference}


def found_now(world):
    """Differences by area, while messages wait."""
    return {area.name: area.difference for area in world.fsck.run() if area.difference}


def test_an_honest_installation_has_no_difference_and_everybody_was_looked_at(world, sid):
    seen = areas(world)
    assert (seen["facts"].checked, seen["events and orders"].checked) == (1, 1)
    assert seen["facts"].line == "facts: 1 people, OK"
    assert found(world) == {}


def test_what_a_withdrawal_left_is_counted_and_not_shown(world, sid):
    # The message that makes it forgotten is lost.
    consent(world, sid)
    world.messages.take(Queue.SEGMENTS)
    said = found_now(world)
    assert said == {
        "facts": f"1 parts of what is known of subject {sid} may be known no longer",
        "events and orders": f"1 events or orders of subject {sid} may be kept no longer",
    }
    assert SECRET not in repr(said)
    world.forgetting.person(sid)
    assert found(world) == {}


def test_after_an_objection_orders_are_left_over_too(world, sid):
    objection(world, sid)
    world.messages.take(Queue.SEGMENTS)
    said = found_now(world)
    assert said["facts"].startswith("2 parts ")
    assert said["events and orders"].startswith("3 events or orders ")


def test_a_restriction_makes_nothing_a_leftover(world, sid):
    consent(world, sid)
    restriction(world, sid)
    assert found(world) == {}


def test_orders_of_a_brand_that_keeps_none_are_no_difference(world, sid):
    world.setup.change_brand("demo", {"keep_orders": False})
    assert found(world) == {}


def test_rows_of_somebody_erased_are_named(world, sid):
    kept = dict(world.outside_rows.kept_orders)
    world.shredder.shred(sid, Ground.WITHDRAWN, suppress=False)
    assert found(world) == {}
    world.outside_rows.kept_orders.update(kept)
    nobody = f"events or orders of subject {sid} are kept, who has no profile"
    assert found(world) == {"events and orders": nobody}


def test_rows_of_nobody_are_named(world, sid):
    (event_row,) = list(world.outside_rows.kept_events.values())[:1]
    world.outside_rows.kept_events[STRANGER, "tag"] = replace(event_row, tag="tag")
    nobody = f"events or orders of subject {STRANGER} are kept, who has no profile"
    assert found(world) == {"events and orders": nobody}


def test_facts_and_rows_that_do_not_open_are_named(world, sid):
    row = world.rows.audience[sid]
    world.rows.audience[sid] = replace(row, facts=row.facts[:-1] + b"x")
    (key,) = world.outside_rows.kept_orders
    order = world.outside_rows.kept_orders[key]
    world.outside_rows.kept_orders[key] = replace(order, sealed=order.sealed[:-1] + b"x")
    said = found(world)
    assert said["facts"].startswith(f"facts of subject {sid}: ")
    assert said["events and orders"].startswith(f"a row of facts of subject {sid}: ")
