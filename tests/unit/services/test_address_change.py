# SPDX-License-Identifier: Apache-2.0
"""Another address (docs/spec/rights.md section 6): its mailbox answers, or nothing changes."""

import re

import pytest

from chalicelib.errors import BadToken, Conflict, InputError, NotFound, OverBudget, Throttled
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.address_change import LIFE_MS, PER_DAY, AddressStatus
from chalicelib.services.entries import open_claims
from chalicelib.vocabulary import EventType
from tests.support.address_changes import (
    DAY,
    HOUR,
    MINUTE,
    NEW,
    OLD,
    OTHER,
    access_of,
    ask,
    assert_whole,
    changes,
    confirm,
    mac,
    mails_to,
    profile,
    racing,
    token,
)
from tests.support.faults import FailAlways, Moment, no_faults
from tests.support.memory_sending import accept
from tests.support.world import READER


@pytest.fixture
def sid(world):
    return world.subscribe(OLD, first_name="Ada")


def test_asking_writes_nothing_into_the_chain_and_mails_the_new_address_alone(world, sid, access):
    entries, before = world.types(sid), len(world.mails)
    ask(world, access)
    assert world.types(sid) == entries
    assert profile(world, sid)["email"] == OLD
    (mail,) = world.mails[before:]
    assert mail.message.to == NEW
    assert mail.message.tags == ()
    for hidden in (OLD, "Ada", sid):
        assert hidden not in mail.message.subject + mail.message.text + mail.message.html


def test_neither_the_queue_nor_a_row_shows_an_address(world, sid, access):
    world.address_change.ask(access, NEW, "en")
    (body,) = world.messages.take(Queue.CONFIRMATIONS)
    assert body == {"v": 1, "address": sid, "wish": body["wish"]}
    assert NEW.encode() not in world.outside_rows.address_wishes[sid].sealed


def test_looking_changes_nothing_however_often(world, sid, access):
    ask(world, access)
    entries, queued = dict(world.rows.entries), len(world.outside_rows.messages)
    for _ in range(3):
        look = world.address_change.look(token(world))
        assert (look.status, look.address) == (AddressStatus.OPEN, NEW)
    assert world.rows.entries == entries
    assert len(world.outside_rows.messages) == queued


def test_the_button_changes_profile_lookup_and_chain_in_one_append(world, sid, access):
    ask(world, access)
    commits = []
    world.faults = lambda call, moment: commits.append(call) if call.endswith("commit") else None
    done = confirm(world, token(world))
    world.faults = no_faults
    assert (done.status, done.changed) == (AddressStatus.DONE, True)
    assert len(set(commits)) == 1
    assert world.types(sid)[-1] == "identifier.changed"
    assert profile(world, sid)["email"] == NEW
    assert profile(world, sid)["attributes"] == {"first_name": "Ada"}
    assert world.store.lookup(mac(world, NEW)).sid == sid
    assert world.store.lookup(mac(world, OLD)).sid is None
    assert world.store.load(sid).macs == (mac(world, NEW),)


def test_the_entry_seals_both_addresses_and_its_leaf_shows_none(world, sid, access):
    ask(world, access)
    confirm(world, token(world))
    chain = world.ledger.open(sid)
    entry = world.store.history(sid)[-1]
    claims = open_claims(chain.keys, entry)
    assert claims.subject == {"email": NEW, "email_before": OLD}
    assert claims.session == READER.claim()
    for hidden in (NEW, OLD, mac(world, NEW), mac(world, OLD)):
        assert hidden.encode() not in entry.leaf
    assert b'"via":"page"' in entry.leaf


def test_consents_carry_over_and_the_next_campaign_goes_to_the_new_address(world, sid, access):
    consents = world.state(sid).consents
    ask(world, access)
    confirm(world, token(world))
    assert world.state(sid).consents == consents
    before = len(world.mails)
    world.settle()
    world.campaign()
    world.settle()
    assert [mail.message.to for mail in world.mails[before:]] == [OLD, NEW]


def test_the_old_address_gets_one_notice_that_names_no_new_one(world, sid, access):
    ask(world, access)
    confirm(world, token(world))
    (body,) = world.messages.take(Queue.CONFIRMATIONS)
    assert not {OLD, NEW} & {str(value) for value in body.values()}
    before = len(world.mails)
    for _ in range(3):
        world.handle(Queue.CONFIRMATIONS, body)
    (mail,) = world.mails[before:]
    assert mail.message.to == OLD
    assert NEW not in mail.message.subject + mail.message.text + mail.message.html
    assert world.brands.get("demo").contact_address in mail.message.text


def test_a_notice_that_could_not_be_queued_comes_with_the_next_press(world, sid, access):
    ask(world, access)
    link = token(world)
    world.faults = FailAlways("Queues.send", Moment.BEFORE, Throttled("send"))
    with pytest.raises(Throttled):
        confirm(world, link)
    world.faults = no_faults
    assert changes(world, sid) == 1
    assert confirm(world, link).status is AddressStatus.DONE
    world.settle()
    assert mails_to(world, OLD)[-1].subject != mails_to(world, OLD)[0].subject


def test_pressing_twice_changes_once(world, sid, access):
    ask(world, access)
    link = token(world)
    assert confirm(world, link).changed
    again = confirm(world, link)
    assert (again.status, again.changed) == (AddressStatus.DONE, False)
    assert changes(world, sid) == 1
    assert world.address_change.look(link).status is AddressStatus.DONE


def test_two_presses_at_once_change_once(world, sid, access):
    ask(world, access)
    link, seen = token(world), []
    racing(world, "LedgerStore.commit", lambda: seen.append(confirm(world, link)))
    second = confirm(world, link)
    assert seen[0].changed
    assert (second.status, second.changed) == (AddressStatus.DONE, False)
    assert changes(world, sid) == 1


def test_a_newer_wish_ends_the_older_link_before_and_after_it_is_answered(world, sid, access):
    ask(world, access)
    older = token(world)
    world.time.advance(MINUTE)
    ask(world, access, OTHER)
    assert confirm(world, older).status is AddressStatus.OVERTAKEN
    assert changes(world, sid) == 0
    assert confirm(world, token(world, OTHER)).changed
    assert confirm(world, older).status is AddressStatus.OVERTAKEN
    assert profile(world, sid)["email"] == OTHER


def test_a_wish_that_comes_while_the_button_is_pressed_lets_one_of_both_win(world, sid, access):
    ask(world, access)
    link = token(world)
    racing(world, "LedgerStore.commit", lambda: ask(world, access, OTHER))
    confirm(world, link)
    assert confirm(world, token(world, OTHER)).status is AddressStatus.OVERTAKEN
    assert (changes(world, sid), profile(world, sid)["email"]) == (1, NEW)


def test_a_link_used_up_works_no_more_after_the_way_back(world, sid, access):
    ask(world, access)
    first = token(world)
    confirm(world, first)
    world.settle()
    world.time.advance(HOUR)
    ask(world, access, OLD)
    assert confirm(world, token(world, OLD)).changed
    assert profile(world, sid)["email"] == OLD
    assert confirm(world, first).status is AddressStatus.OVERTAKEN
    assert profile(world, sid)["email"] == OLD
    assert world.store.load(sid).macs == (mac(world, OLD),)
    assert world.store.lookup(mac(world, NEW)).sid is None
    assert_whole(world)


def test_after_a_day_the_link_has_expired_and_later_still_says_so(world, sid, access):
    ask(world, access)
    link = token(world)
    world.time.advance(LIFE_MS - 1)
    assert world.address_change.look(link).status is AddressStatus.OPEN
    world.time.advance(1)
    assert world.address_change.look(link).status is AddressStatus.EXPIRED
    assert confirm(world, link).status is AddressStatus.EXPIRED
    assert changes(world, sid) == 0


def test_a_change_that_was_made_is_still_done_when_the_day_is_over(world, sid, access):
    ask(world, access)
    link = token(world)
    confirm(world, link)
    world.time.advance(2 * DAY)
    assert world.address_change.look(link).status is AddressStatus.DONE


def test_an_address_with_a_record_of_its_own_is_refused_only_in_its_own_mailbox(world, sid, access):
    theirs = world.subscribe(NEW)
    before = len(world.mails)
    ask(world, access)
    ask(world, access, OTHER)
    known, unknown = world.mails[before:]
    strip = re.compile(r"/address/[\w-]+")
    assert strip.sub("", known.message.text) == strip.sub("", unknown.message.text)
    ask(world, access)
    assert len(world.mails) == before + 2, "one mail to an address in 15 minutes"
    world.time.advance(16 * MINUTE)
    ask(world, access)
    refused = confirm(world, token(world))
    assert (refused.status, refused.changed) == (AddressStatus.TAKEN, False)
    assert changes(world, sid) == changes(world, theirs) == 0
    assert profile(world, sid)["email"] == OLD
    assert world.store.lookup(mac(world, NEW)).sid == theirs


def test_who_signs_up_with_it_while_the_button_is_pressed_keeps_it(world, sid, access):
    ask(world, access)
    link = token(world)
    racing(world, "LedgerStore.commit", lambda: world.sign_up(NEW))
    assert confirm(world, link).status is AddressStatus.TAKEN
    assert changes(world, sid) == 0


def test_who_moves_often_is_found_by_one_address_and_erased_by_one_transaction(world, sid, access):
    for n in range(12):
        ask(world, access, f"n{n}@example.net")
        assert confirm(world, token(world, f"n{n}@example.net")).changed
        world.time.advance(HOUR * 6)
        access = access_of(world, sid)
    assert world.store.load(sid).macs == (mac(world, "n11@example.net"),)
    assert list(world.rows.lookups.values()) == [sid]
    assert_whole(world)


def test_two_people_who_want_one_address_do_not_share_it(world, sid, access):
    bert = world.subscribe("bert@example.org")
    theirs = access_of(world, bert)
    ask(world, access)
    mine = token(world)
    world.time.advance(16 * MINUTE)
    ask(world, theirs)
    yours = token(world)
    seen = []
    racing(world, "LedgerStore.commit", lambda: seen.append(confirm(world, yours)))
    assert confirm(world, mine).status is AddressStatus.TAKEN
    assert seen[0].changed
    assert world.store.lookup(mac(world, NEW)).sid == bert


def test_the_address_one_has_is_no_change(world, sid, access):
    assert not world.address_change.ask(access, "VISITOR@example.org ", "en")
    assert not world.messages.take(Queue.CONFIRMATIONS)


def test_a_malformed_address_is_refused(world, sid, access):
    with pytest.raises(InputError):
        world.address_change.ask(access, "no address", "en")
    assert not world.messages.take(Queue.CONFIRMATIONS)


def test_an_address_that_no_mail_reaches_is_refused_before_anything_is_looked_up_by_it(
    world, sid, access
):
    calls = []
    world.faults = lambda call, _: calls.append(call)
    with pytest.raises(InputError) as raised:
        world.address_change.ask(access, "new@shop.nomail.test", "en")
    assert raised.value.code == "undeliverable_address"
    assert not [call for call in calls if call.startswith(("AddressMac", "AddressWishes"))]
    assert not world.messages.take(Queue.CONFIRMATIONS)


def test_a_person_asks_for_at_most_five_mails_a_day(world, sid, access):
    for number in range(PER_DAY):
        ask(world, access, f"n{number}@example.net")
    with pytest.raises(OverBudget):
        ask(world, access)


def test_an_address_gets_at_most_three_mails_a_day(world, sid, access):
    for _ in range(5):
        ask(world, access)
        world.time.advance(16 * MINUTE)
    assert len(mails_to(world, NEW)) == 3


def test_a_mail_that_ses_puts_off_is_sent_with_the_next_try(world, sid, access):
    world.address_change.ask(access, NEW, "en")
    (body,) = world.messages.take(Queue.CONFIRMATIONS)
    world.mailbox.answer = lambda _: Sent(outcome=Outcome.RETRY)
    with pytest.raises(Throttled):
        world.handle(Queue.CONFIRMATIONS, body)
    world.mailbox.answer = accept
    world.handle(Queue.CONFIRMATIONS, body)
    assert confirm(world, token(world)).changed


def test_a_message_delivered_late_or_twice_mails_once(world, sid, access):
    world.address_change.ask(access, NEW, "en")
    (body,) = world.messages.take(Queue.CONFIRMATIONS)
    ask(world, access, OTHER)
    world.handle(Queue.CONFIRMATIONS, body)
    assert not mails_to(world, NEW), "a wish that a newer one replaced is not mailed"
    assert len(mails_to(world, OTHER)) == 1


def test_a_forged_link_leads_nowhere(world, sid):
    with pytest.raises(BadToken):
        world.address_change.look("short")
    with pytest.raises(NotFound):
        world.address_change.look("A" * 43)


def test_a_chain_that_keeps_moving_changes_nothing_and_says_so(world, sid, access):
    ask(world, access)
    link = token(world)
    world.faults = FailAlways("LedgerStore.commit", Moment.BEFORE, Conflict("moved on"))
    with pytest.raises(Conflict):
        confirm(world, link)
    world.faults = no_faults
    assert changes(world, sid) == 0


def test_the_fold_knows_the_change_and_keeps_everything(world, sid, access):
    ask(world, access)
    before = world.state(sid)
    confirm(world, token(world))
    after = world.state(sid)
    assert after.entries == before.entries + 1
    assert (after.consents, after.objections, after.suppressions) == (
        before.consents,
        before.objections,
        before.suppressions,
    )
    assert world.types(sid)[-1] == EventType.IDENTIFIER_CHANGED
