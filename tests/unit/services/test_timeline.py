# SPDX-License-Identifier: Apache-2.0
"""A chain in words: every entry, the look itself among them, closed unless asked for."""

import pytest

from chalicelib.errors import NotFound, Unavailable
from chalicelib.proof.words import TABLES
from chalicelib.services.unsealing import Look, UnsealReason
from tests.support.faults import FailOnce, Moment
from tests.support.world import VISITOR, World

EMAIL = "reader@example.org"
LOOK = Look(reason=UnsealReason.SEARCH, clue="subscriber", key="k" * 22)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


def test_it_says_every_entry_in_order_and_the_look_last(world, sid):
    items = world.timelines.read(sid, LOOK, "en")
    assert [str(item.fields.type) for item in items] == world.types(sid)
    assert [item.n for item in items] == [0, 1, 2, 3]
    assert items[2].sentence == (
        "Consent confirmed, on a page of the controller; e-mail from demo (lists: newsletter;"
        " purposes: newsletter)."
    )
    assert items[3].sentence == "Sealed data opened by the controller (search)."
    assert [item.index is None for item in items] == [False, False, False, True]


@pytest.mark.parametrize("language", TABLES)
def test_it_speaks_every_language(world, sid, language):
    said = world.timelines.read(sid, LOOK, language)[0].sentence
    assert TABLES[language]["event.consent.requested"] in said


def test_sealed_values_stay_closed_unless_asked_for(world, sid):
    assert {item.opened for item in world.timelines.read(sid, LOOK, "en")} == {None}
    opened = world.timelines.read(sid, LOOK, "en", opened=True)[0].opened
    assert opened["subject"]["email"] == EMAIL
    assert opened["session"]["ip"] == VISITOR.network


def test_of_the_erased_it_shows_the_entries_and_opens_nothing(world, sid):
    asked = world.erasures.request({"email": EMAIL}, key_id="one")
    world.erasures.approve(asked.id, "two")
    world.settle()
    before = sum(located.sid is None for located in world.rows.located.values())
    items = world.timelines.read(sid, LOOK, "en", opened=True)
    assert str(items[-1].fields.type) == "subject.erased"
    assert {item.opened for item in items} == {None}
    assert sum(located.sid is None for located in world.rows.located.values()) == before + 1


def test_without_its_entry_nothing_is_read_out(world, sid):
    world.faults = FailOnce("LedgerStore.commit", Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.timelines.read(sid, LOOK, "en")


def test_nobody_has_none(world):
    with pytest.raises(NotFound):
        world.timelines.read("A" * 22, LOOK, "en")
    with pytest.raises(NotFound):
        world.timelines.read("x", LOOK, "en")
