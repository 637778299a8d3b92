# SPDX-License-Identifier: Apache-2.0
"""Who is shown subscribers is in the ledger first; a chain is touched only for one person."""

import pytest

from chalicelib.errors import NotFound, Unavailable
from chalicelib.proof.event_types import RULES
from chalicelib.proof.leaf import parse_leaf
from chalicelib.services.unsealing import UnsealReason
from chalicelib.vocabulary import EventType
from tests.support.faults import FailOnce, Moment
from tests.support.world import World

EMAIL = "reader@example.org"


@pytest.fixture
def world():
    made = World()
    made.subscribe(EMAIL)
    return made


def support_entries(world):
    """Entries of nobody's chain that wait for the log and say that data was opened."""
    leaves = [parse_leaf(row.leaf) for row in world.outbox.pending(100) if row.sid is None]
    return [one for one in leaves if one.fields.type is EventType.DATA_UNSEALED]


def test_the_reasons_are_those_a_leaf_may_have():
    assert set(UnsealReason) == RULES[EventType.DATA_UNSEALED].reasons


def test_each_look_at_subscribers_is_one_entry_in_nobodys_chain(world):
    (sid,) = world.rows.states
    chain = world.types(sid)
    world.subscribers.page(None, 50)
    world.subscribers.by_address(EMAIL)
    world.subscribers.get(sid)
    found = support_entries(world)
    assert [one.fields.reason for one in found] == ["support"] * 3
    assert world.types(sid) == chain


def test_who_finds_nobody_leaves_no_entry(world):
    assert world.subscribers.by_address("nobody@example.org") == ()
    with pytest.raises(NotFound):
        world.subscribers.get("A" * 22)
    assert support_entries(world) == []


@pytest.mark.parametrize("look", ["page", "by_address", "get"])
def test_without_its_entry_nobody_is_shown(world, look):
    (sid,) = world.rows.states
    arguments = {"page": (None, 50), "by_address": (EMAIL,), "get": (sid,)}[look]
    call = "LedgerStore.append_controller_entry"
    world.faults = FailOnce(call, Moment.BEFORE)
    with pytest.raises(Unavailable):
        getattr(world.subscribers, look)(*arguments)
