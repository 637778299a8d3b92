# SPDX-License-Identifier: Apache-2.0
"""One-click unsubscribe: in the ledger before the answer, once, for ever."""

from dataclasses import replace

import pytest

from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import ConsentStatus
from chalicelib.errors import BadToken, Unavailable
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import FailOnce, Moment
from tests.support.world import VISITOR, World

LISTS = (ListId("newsletter"),)
PURPOSES = (PurposeId("measurement"), PurposeId("newsletter"))


@pytest.fixture
def world():
    return World()


@pytest.fixture
def reader(world):
    """A subscriber and the token of their newest mail."""
    sid = world.subscribe("visitor@example.org", measurement="yes")
    world.campaign()
    world.settle()
    url = dict(world.mails[-1].message.headers)["List-Unsubscribe"]
    return sid, url.strip("<>").rpartition("/")[2]


def test_one_post_withdraws_every_purpose_of_the_brand_in_one_entry(world, reader):
    sid, token = reader
    assert world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST).withdrawn
    assert world.types(sid)[-1] == "consent.withdrawn"
    statuses = {consent.status for consent in world.state(sid).consents.values()}
    assert statuses == {ConsentStatus.WITHDRAWN}


def test_a_repeat_answers_the_same_and_appends_nothing(world, reader):
    sid, token = reader
    first = world.unsubscribe.withdraw(token, VISITOR, Via.PAGE)
    again = world.unsubscribe.withdraw(token, VISITOR, Via.PAGE)
    assert again.brand == first.brand
    assert not again.withdrawn
    assert world.types(sid).count("consent.withdrawn") == 1


def test_an_unsubscribe_with_nothing_live_is_remembered_once(world, reader):
    """The consent ran out before the link of an old mail was used: the word still counts."""
    sid, token = reader
    ends = {"brand": BrandId("demo"), "lists": LISTS, "purposes": PURPOSES}
    expired = Draft(type=EventType.CONSENT_EXPIRED, **ends)
    world.ledger.append(world.ledger.open(sid), [expired])
    assert world.unsubscribe.withdraw(token, VISITOR, Via.PAGE).withdrawn
    assert not world.unsubscribe.withdraw(token, VISITOR, Via.PAGE).withdrawn
    assert world.types(sid)[-2:] == ["consent.expired", "consent.withdrawn"]
    renewed = replace(expired, type=EventType.CONSENT_RENEWED, notice="11" * 32)
    world.ledger.append(world.ledger.open(sid), [renewed])
    statuses = {consent.status for consent in world.state(sid).consents.values()}
    assert statuses == {ConsentStatus.WITHDRAWN}


def test_looking_changes_nothing_and_reads_nothing_of_the_person(world, reader):
    _, token = reader
    calls = []
    world.faults = lambda call, moment: calls.append(call)
    assert world.unsubscribe.look(token).id == "demo"
    assert not any(call.startswith("LedgerStore") for call in calls)


def test_an_erased_persons_link_answers_the_same(world, reader):
    sid, token = reader
    del world.rows.states[sid]
    del world.rows.vault[sid]
    answer = world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST)
    assert (answer.brand.id, answer.withdrawn) == ("demo", False)


def test_old_links_work_after_the_keys_were_rotated(world, reader):
    sid, token = reader
    world.link_keys.rotate()
    assert world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST).withdrawn
    assert world.types(sid)[-1] == "consent.withdrawn"


def test_every_changed_character_is_refused(world, reader):
    _, token = reader
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(BadToken):
            world.unsubscribe.look(token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize("moment", list(Moment))
def test_broken_at_its_transaction_it_can_be_repeated_and_counts_once(world, reader, moment):
    sid, token = reader
    world.faults = FailOnce("LedgerStore.commit", moment)
    with pytest.raises(Unavailable):
        world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST)
    world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST)
    assert world.types(sid).count("consent.withdrawn") == 1


def test_a_queue_that_is_down_does_not_stop_a_withdrawal(world, reader):
    sid, token = reader
    world.faults = FailOnce("Queues.send", Moment.BEFORE)
    assert world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST).withdrawn
    assert world.types(sid)[-1] == "consent.withdrawn"
