# SPDX-License-Identifier: Apache-2.0
"""By which address a proof speaks of the person: the one that an entry showed theirs last."""

import pytest

from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId
from chalicelib.proof.disclosure import Claims
from chalicelib.services.dossier import Wish, read_dossier
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.world import World

FIRST, SECOND, THIRD = "visitor@example.org", "new@example.net", "third@example.net"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    return world.subscribe(FIRST)


def append(world, sid, *drafts):
    world.ledger.append(world.ledger.open(sid), drafts)


def change(before, after):
    claims = Claims(subject={"email": after, "email_before": before})
    return Draft(type=EventType.IDENTIFIER_CHANGED, brand=BrandId("demo"), claims=claims)


def ask(event, email):
    claims = Claims(subject={"email": email, "email_as_typed": email})
    return about(EventType.CONSENT_REQUESTED, event=event, claims=claims)


def confirm(event):
    link = {"request": event} if event else None
    return about(EventType.CONSENT_CONFIRMED, via=Via.PAGE, claims=Claims(link=link))


def about(act, **more):
    """The act about the demo's list."""
    asked = {"brand": BrandId("demo"), "lists": ("newsletter",), "purposes": ("newsletter",)}
    return Draft(type=act, notice="0" * 64, **asked, **more)


def address(world, sid):
    return read_dossier(world.ledger, sid, Wish()).address


def test_it_is_the_one_that_was_confirmed(world, sid):
    assert address(world, sid) == FIRST


def test_after_a_change_it_is_the_new_one(world, sid):
    append(world, sid, change(FIRST, SECOND))
    assert address(world, sid) == SECOND
    append(world, sid, change(SECOND, THIRD))
    assert address(world, sid) == THIRD


def test_after_a_confirmation_it_is_the_one_that_was_confirmed_last(world, sid):
    """Of chains from before a former address led to nobody."""
    request = world.ledger.new_event_id()
    append(world, sid, change(FIRST, SECOND), ask(request, FIRST))
    assert address(world, sid) == SECOND, "whoever asks has shown nothing"
    append(world, sid, confirm(request))
    assert address(world, sid) == FIRST


def test_of_somebody_who_only_asked_it_is_the_one_they_typed(world):
    world.sign_up(FIRST)
    (sid,) = world.rows.lookups.values()
    assert address(world, sid) == FIRST


def test_an_answer_that_names_no_request_says_nothing(world, sid):
    append(world, sid, change(FIRST, SECOND), confirm(None))
    assert address(world, sid) == SECOND
