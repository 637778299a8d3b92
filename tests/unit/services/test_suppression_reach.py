# SPDX-License-Identifier: Apache-2.0
"""A suppression of a brand or a list: all that happens to it, from the operator to the erasure."""

import copy
import re
from dataclasses import replace

import pytest

from chalicelib.domain import preferences
from chalicelib.domain.campaigns import Content
from chalicelib.domain.events import EMAIL as BY_MAIL
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.reach import EVERYWHERE, Reach
from chalicelib.domain.state import Scope
from chalicelib.errors import InputError
from chalicelib.proof.leaf import parse_leaf
from chalicelib.services.entries import event_of_leaf
from tests.support.world import READER, World

EMAIL = "reader@example.org"
NEW = "new@example.net"
SECOND = BrandId("second")
DEMO, NEWSLETTER, WEEKLY = BrandId("demo"), ListId("newsletter"), ListId("weekly")
TO_NEWSLETTER, TO_WEEKLY = Reach(DEMO, BY_MAIL, NEWSLETTER), Reach(DEMO, BY_MAIL, WEEKLY)


@pytest.fixture
def world():
    made = World()
    made.setup.add_list(WEEKLY, DEMO, "Weekly letter")
    made.brands.create(replace(made.setup.brand(DEMO), id=SECOND, code="c2Vj"))
    return made


def reaches(world, email=EMAIL):
    """What the address is suppressed for, row by row."""
    return [(row.reach, row.reason) for row in world.suppressions.find(email)]


def held(world, sid):
    """What the subject's state says."""
    return [(x.reach, x.reason) for x in world.state(sid).suppressions]


def differences(world):
    world.settle()
    return {area.name: area.difference for area in world.fsck.run() if area.difference}


def mailed(world):
    """Whether the next campaign to the newsletter arrives."""
    before = len(world.mails)
    world.campaign()
    world.settle()
    return len(world.mails) > before


@pytest.mark.parametrize(
    ("reach", "arrives"),
    [(EVERYWHERE, False), (Reach(DEMO), False), (TO_NEWSLETTER, False), (TO_WEEKLY, True)],
)
def test_a_suppression_stops_the_campaigns_it_reaches_and_no_other(world, reach, arrives):
    sid = world.subscribe(EMAIL)
    row = world.suppressions.add(EMAIL, "manual", reach)
    assert (row.reach, row.reason) == (reach, "manual")
    assert reaches(world) == held(world, sid) == [(reach, "manual")]
    assert mailed(world) is arrives
    assert differences(world) == {}


def test_a_stranger_is_suppressed_for_a_list_and_takes_it_along(world):
    world.suppressions.add(EMAIL, "bounce", TO_NEWSLETTER)
    world.suppressions.add(EMAIL, "manual", TO_WEEKLY)
    (row, other) = world.suppressions.find(EMAIL)[::-1]
    assert (row.reach, other.reach) == (TO_WEEKLY, TO_NEWSLETTER)
    world.sign_up(EMAIL)
    world.settle()
    sid = world.ledger.lookup(world.ledger.mac(EMAIL)).sid
    assert held(world, sid) == [(TO_NEWSLETTER, "bounce"), (TO_WEEKLY, "manual")]
    world.confirmation.confirm(world.confirm_token(EMAIL), READER)
    world.settle()
    assert reaches(world) == held(world, sid) == [(TO_WEEKLY, "manual")]
    assert differences(world) == {}


def test_the_entry_names_the_list(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "manual", TO_WEEKLY)
    event = event_of_leaf(world.store.history(sid)[-1].leaf)
    assert (event.type, event.brand, event.lists) == ("suppression.added", DEMO, (WEEKLY,))
    world.suppressions.add(NEW, "manual", TO_WEEKLY)
    (stranger,) = world.suppressions.find(NEW)
    (leaf,) = [x.leaf for x in world.rows.outbox.values() if x.event == stranger.event]
    assert (parse_leaf(leaf).fields.brand, parse_leaf(leaf).fields.lists) == (DEMO, (WEEKLY,))


def test_each_reach_stands_for_itself_and_repeating_adds_nothing(world):
    sid = world.subscribe(EMAIL)
    for _ in range(2):
        for reason, reach in (("manual", TO_WEEKLY), ("bounce", EVERYWHERE), ("bounce", TO_WEEKLY)):
            world.suppressions.add(EMAIL, reason, reach)
    assert reaches(world) == [(EVERYWHERE, "bounce"), (TO_WEEKLY, "manual")]
    found = [(TO_WEEKLY, "manual"), (EVERYWHERE, "bounce"), (TO_WEEKLY, "bounce")]
    assert held(world, sid) == found
    assert world.types(sid).count("suppression.added") == 3


@pytest.mark.parametrize(
    ("reach", "objected"), [(EVERYWHERE, True), (Reach(DEMO), True), (TO_NEWSLETTER, False)]
)
def test_a_complaint_is_an_objection_as_far_as_it_reaches_and_not_of_one_list(
    world, reach, objected
):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "complaint", reach)
    assert bool(world.state(sid).objections) is objected
    other = world.subscribe(NEW)
    world.suppressions.add(NEW, "complaint", Reach(SECOND))
    assert not world.state(other).objections


@pytest.mark.parametrize(
    ("reach", "code"),
    [
        (Reach(BrandId("nobody")), "unknown_brand"),
        (Reach(DEMO, BY_MAIL, ListId("nothing")), "unknown_list"),
    ],
)
def test_what_is_not_there_cannot_be_named(world, reach, code):
    with pytest.raises(InputError) as refused:
        world.suppressions.require(reach)
    assert refused.value.code == code
    with pytest.raises(InputError):
        world.suppressions.add(EMAIL, "manual", reach)
    assert reaches(world) == []


def test_a_list_is_named_with_its_own_brand(world):
    with pytest.raises(InputError) as refused:
        world.suppressions.require(Reach(SECOND, BY_MAIL, WEEKLY))
    assert refused.value.code == "unknown_list"


def test_an_erased_address_keeps_the_operators_list_as_an_entry_of_no_chain(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "manual", TO_WEEKLY)
    world.suppressions.add(EMAIL, "bounce", TO_NEWSLETTER)
    world.shredder.shred(sid, "withdrawn", suppress=True)
    assert reaches(world) == [(EVERYWHERE, "erased"), (TO_WEEKLY, "manual")]
    for row in world.suppressions.find(EMAIL):
        assert world.store.locate(row.event).sid is None
        assert row.salt_key is not None
    assert differences(world) == {}
    new = world.subscribe(EMAIL)
    assert held(world, new) == [(TO_WEEKLY, "manual")]


def test_a_restored_backup_is_suppressed_as_far_as_before(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "manual", TO_WEEKLY)
    backup = copy.deepcopy((world.rows.vault, world.rows.audience, world.rows.lookups))
    world.shredder.shred(sid, "withdrawn", suppress=True)
    world.settle()
    for name, rows in zip(("vault", "audience", "lookups"), backup, strict=True):
        getattr(world.rows, name).update(rows)
    assert world.replay.run().again == 1
    assert reaches(world) == [(EVERYWHERE, "erased"), (TO_WEEKLY, "manual")]


def test_who_takes_another_address_takes_the_lists_along_and_leaves_them_behind(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "manual", TO_WEEKLY)
    world.suppressions.add(NEW, "bounce", TO_NEWSLETTER)
    access = world.access_links.open(world.access_links.make(sid, DEMO, "en"))
    world.address_change.ask(access, NEW, "en")
    world.settle()
    text = next(m.message.text for m in reversed(world.mails) if m.message.to == NEW)
    done = world.address_change.confirm(re.search(r"/address/([\w-]{43})", text)[1], READER)
    assert not done.is_blocked
    assert reaches(world, NEW) == [(TO_NEWSLETTER, "bounce"), (TO_WEEKLY, "manual")]
    assert reaches(world) == [(TO_WEEKLY, "manual")]
    assert held(world, sid) == [(TO_WEEKLY, "manual"), (TO_NEWSLETTER, "bounce")]
    assert differences(world) == {}


def test_a_list_says_itself_wherever_a_person_is_shown(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "manual", TO_WEEKLY)
    found = world.finder.find({"email": EMAIL}, "key")
    (stop,) = found.standing.suppressions
    assert (stop.brand, stop.list, stop.reason) == (DEMO, WEEKLY, "manual")
    assert not world.subscribers.get(sid).suppressed
    world.suppressions.add(EMAIL, "manual", Reach(DEMO))
    assert world.subscribers.get(sid).suppressed


def test_a_lost_row_of_a_list_is_a_difference(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "manual", TO_WEEKLY)
    world.suppressions.add(EMAIL, "manual")
    del world.rows.suppressions[world.ledger.mac(EMAIL)][TO_WEEKLY]
    assert list(differences(world)) == ["suppressions"]
    assert len(held(world, sid)) == 2


def test_a_test_mail_goes_to_who_is_suppressed_for_another_list_alone(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "manual", TO_WEEKLY)
    campaign = world.campaigns.create(
        name="News",
        list_id=NEWSLETTER,
        purpose=PurposeId("newsletter"),
        content=Content(subject="Hello", html="<p>Hello</p>"),
    ).campaign.id
    world.campaign_tests.send(campaign, EMAIL)
    assert world.mails[-1].message.to == EMAIL
    world.suppressions.add(EMAIL, "manual", TO_NEWSLETTER)
    with pytest.raises(InputError) as refused:
        world.campaign_tests.send(campaign, EMAIL)
    assert refused.value.code == "suppressed"
    assert len(held(world, sid)) == 2


def test_a_box_of_a_suppressed_list_gives_nothing(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "manual", TO_NEWSLETTER)
    state = world.state(sid)
    shown = preferences.offers(world.forms.of_brand(DEMO), state, Scope(DEMO, BY_MAIL), "en")
    assert preferences.closed(state, DEMO, shown) == {NEWSLETTER}
    assert preferences.bar(state, DEMO) is None
    ticked = [each.name for each in shown]
    fresh = [replace(each, given=False) for each in shown]
    decided = preferences.decide(fresh, ticked, None, {NEWSLETTER})
    assert (decided.changes, decided.barred) == ((), tuple(x for x in fresh if x.notice))
