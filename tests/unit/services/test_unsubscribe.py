# SPDX-License-Identifier: Apache-2.0
"""One-click unsubscribe: in the ledger before the answer, once, for ever."""

from collections import Counter
from dataclasses import replace

import pytest

from chalicelib.domain.catalog import UnsubscribeScope
from chalicelib.domain.eligibility import Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId, decode_id
from chalicelib.domain.leaving import LeavingReason
from chalicelib.domain.state import ConsentStatus, Scope
from chalicelib.errors import BadToken, Unavailable
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import FailOnce, Moment, no_faults
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
    assert world.unsubscribe.look(token).brand.id == "demo"
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


def test_an_unsubscribe_is_one_transaction_and_its_reads(world, reader):
    _, token = reader
    world.unsubscribe.look(token)
    calls = Counter()
    world.faults = lambda call, moment: calls.update([call] if moment is Moment.BEFORE else [])
    done = world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST)
    assert calls == {
        "LinkKeys.masters": 1,
        "Brands.by_code": 1,
        "LedgerStore.load": 1,
        "KeyWrapper.unwrap": 1,
        "LedgerStore.commit": 1,
        "Queues.send": 1,
    }
    calls.clear()
    world.unsubscribe.extent(done)
    assert calls == {"Lists.of_brand": 1, "Brands.all": 1}


def test_an_unsubscribe_at_once_from_many_places_is_one_entry(world, reader):
    """The chain moved on between the read and the write: decided anew, and found done."""
    sid, token = reader
    raced = []

    def race(call, moment):
        if call == "LedgerStore.commit" and moment is Moment.BEFORE:
            world.faults = no_faults
            raced.append(world.unsubscribe.withdraw(token, VISITOR, Via.PAGE))

    world.faults = race
    last = world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST)
    assert (raced[0].withdrawn, last.withdrawn) == (True, False)
    assert last.entry == raced[0].entry
    assert world.types(sid).count("consent.withdrawn") == 1


class TestByMail:
    def address(self, world, sid):
        return world.tokens.unsubscribe_local_part(world.brands.get("demo"), decode_id(sid))

    def test_a_mail_to_the_address_withdraws_everything_of_the_brand_once(self, world, reader):
        sid, _ = reader
        assert world.unsubscribe.withdraw_by_mail(self.address(world, sid).upper())
        assert not world.unsubscribe.withdraw_by_mail(self.address(world, sid))
        last = world.store.history(sid)[-1]
        event = event_of_leaf(last.leaf)
        assert (str(event.type), event.via, event.lists) == ("consent.withdrawn", Via.REPLY, ())
        statuses = {consent.status for consent in world.state(sid).consents.values()}
        assert statuses == {ConsentStatus.WITHDRAWN}

    def test_seals_by_what_way_it_came_and_nothing_of_the_mail(self, world, reader):
        sid, _ = reader
        world.unsubscribe.withdraw_by_mail(self.address(world, sid))
        chain = world.ledger.open(sid)
        claims = open_claims(chain.keys, world.store.history(sid)[-1])
        assert claims.session == {"medium": "reply"}
        assert set(claims.link) == {"previous"}

    def test_an_erased_persons_address_appends_nothing(self, world, reader):
        sid, _ = reader
        address = self.address(world, sid)
        del world.rows.states[sid]
        del world.rows.vault[sid]
        assert not world.unsubscribe.withdraw_by_mail(address)

    def test_a_links_token_is_no_address(self, world, reader):
        with pytest.raises(BadToken):
            world.unsubscribe.withdraw_by_mail(reader[1])


class TestOneListOnly:
    @pytest.fixture(autouse=True)
    def narrowed(self, world):
        world.setup.change_brand("demo", {"unsubscribe_scope": UnsubscribeScope.LIST})

    def last(self, world, sid):
        return event_of_leaf(world.store.history(sid)[-1].leaf)

    def test_every_purpose_of_the_list_stops_and_the_brand_does_not(self, world, reader):
        sid, token = reader
        assert world.unsubscribe.withdraw(token, VISITOR, Via.PAGE).mailing_list.id == "newsletter"
        assert (self.last(world, sid).lists, self.last(world, sid).purposes) == (LISTS, ())
        state = world.state(sid)
        assert {c.status for c in state.consents.values()} == {ConsentStatus.WITHDRAWN}
        assert not state.stops

    def test_a_soft_opt_in_is_objected_to_as_a_whole(self, world, reader):
        sid, token = reader
        sale = Draft(type=EventType.BASIS_RECORDED, brand=BrandId("demo"), purposes=PURPOSES[1:])
        world.ledger.append(world.ledger.open(sid), [sale])
        world.unsubscribe.withdraw(token, VISITOR, Via.PAGE)
        assert world.types(sid)[-2:] == ["consent.withdrawn", "objection.recorded"]
        assert world.state(sid).objections

    def test_a_list_nobody_agreed_to_is_left_once_for_an_import_to_come_upon(self, world, reader):
        """The mail of a list that a person is no member of, such as one imported."""
        sid, token = reader
        world.catalog_rows.campaigns = {
            key: replace(campaign, list=ListId("events"), purpose=PurposeId("events"))
            for key, campaign in world.catalog_rows.campaigns.items()
        }
        world.setup.add_list("events", "demo", "Events")
        first = world.unsubscribe.withdraw(token, VISITOR, Via.PAGE)
        again = world.unsubscribe.withdraw(token, VISITOR, Via.PAGE)
        assert (first.withdrawn, again.withdrawn) == (True, False)
        assert again.entry == first.entry
        assert self.last(world, sid).lists == ("events",)
        assert self.last(world, sid).purposes == ()

    @pytest.mark.parametrize("later", [EventType.CONSENT_IMPORTED, EventType.BASIS_RECORDED])
    def test_the_list_stays_left_where_its_consent_had_ended_before(self, world, reader, later):
        """By a single purpose of it, as the preference page does; a claim may name another."""
        sid, token = reader
        demo, other = BrandId("demo"), PurposeId("offers")
        ended = Draft(
            type=EventType.CONSENT_WITHDRAWN,
            brand=demo,
            lists=LISTS,
            purposes=PURPOSES,
            via=Via.PAGE,
        )
        world.ledger.append(world.ledger.open(sid), [ended])
        assert world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST).withdrawn
        assert not world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST).withdrawn
        claim = Draft(type=later, brand=demo, lists=LISTS, purposes=(other,), via=Via.API)
        world.ledger.append(world.ledger.open(sid), [claim])
        found = decide(world.state(sid), Scope(demo, EMAIL), LISTS[0], other)
        assert found == Skipped(reason=SkipReason.NO_CONSENT)

    def test_after_a_brand_wide_stop_a_list_adds_nothing(self, world, reader):
        sid, token = reader
        whole = world.unsubscribe.withdraw(token, VISITOR, Via.PAGE, everything=True)
        again = world.unsubscribe.withdraw(token, VISITOR, Via.PAGE)
        assert not again.withdrawn
        assert again.entry == whole.entry
        assert world.types(sid).count("consent.withdrawn") == 1

    def test_the_address_in_the_header_stops_the_whole_brand(self, world, reader):
        sid, _ = reader
        brand = world.brands.get("demo")
        local = world.tokens.unsubscribe_local_part(brand, decode_id(sid))
        assert world.unsubscribe.withdraw_by_mail(local)
        assert self.last(world, sid).lists == ()


def test_a_reason_that_could_not_be_counted_changes_nothing(world, reader):
    sid, token = reader
    entries = len(world.types(sid))
    world.faults = FailOnce("Reasons.count", Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.unsubscribe.tell(token, LeavingReason.OTHER)
    assert len(world.types(sid)) == entries
