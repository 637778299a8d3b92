# SPDX-License-Identifier: Apache-2.0
"""Another address (docs/spec/rights.md section 6): its mailbox answers, or nothing changes."""

import re
from dataclasses import replace

import pytest

from chalicelib.domain.enrolment import Person, Shown
from chalicelib.domain.erasure import Stage
from chalicelib.domain.events import SuppressionReason, Via
from chalicelib.domain.ids import DELIVERY_ID_BYTES, BrandId, decode_id
from chalicelib.domain.rights import Right
from chalicelib.domain.state import ConsentStatus, Scope
from chalicelib.domain.suppressions import OPERATOR_REASONS
from chalicelib.errors import BadToken, Conflict, InputError, NotFound, OverBudget, Throttled
from chalicelib.ports.ledger import Lookup
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.address_change import LIFE_MS, PER_DAY, AddressStatus
from chalicelib.services.confirmation import LinkStatus
from chalicelib.services.entries import open_claims, open_profile
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM
from tests.support.faults import FailAlways, Moment, no_faults
from tests.support.memory_sending import accept
from tests.support.world import BASE_URL, READER, VISITOR, World

OLD, NEW, OTHER = "visitor@example.org", "new@example.net", "other@example.net"
DEMO = BrandId("demo")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    return world.subscribe(OLD, first_name="Ada")


@pytest.fixture
def access(world, sid):
    return world.access_links.open(world.access_links.make(sid, DEMO, "en"))


def token(world, to=NEW):
    """The token in the newest mail to a new address."""
    texts = [mail.message.text for mail in world.mails if mail.message.to == to]
    (found,) = set(re.findall(r"/address/([\w-]{43})\b", texts[-1]))
    return found


def ask(world, access, to=NEW):
    world.address_change.ask(access, to, "en")
    world.settle()


def profile(world, sid):
    chain = world.ledger.open(sid)
    return open_profile(chain.keys, world.audience.members([sid])[sid].sealed)


def mac(world, address):
    return world.ledger.mac(address)


def changes(world, sid):
    return world.types(sid).count("identifier.changed")


def mails_to(world, address):
    return [mail.message for mail in world.mails if mail.message.to == address]


def confirm(world, link, session=READER):
    return world.address_change.confirm(link, session)


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


def assert_whole(world):
    world.settle()
    assert not [area.line for area in world.fsck.run() if "DIFFERENCE" in area.line]


def racing(world, at, act):
    """Let ``act`` happen once, just before the call ``at``."""
    fired = []

    def strike(call, moment):
        if call == at and not fired:
            fired.append(call)
            act()

    world.faults = strike


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
        access = world.access_links.open(world.access_links.make(sid, DEMO, "en"))
    assert world.store.load(sid).macs == (mac(world, "n11@example.net"),)
    assert list(world.rows.lookups.values()) == [sid]
    assert_whole(world)


def test_two_people_who_want_one_address_do_not_share_it(world, sid, access):
    bert = world.subscribe("bert@example.org")
    theirs = world.access_links.open(world.access_links.make(bert, DEMO, "en"))
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


def test_after_an_erasure_the_link_is_not_known(world, sid, access):
    ask(world, access)
    link = token(world)
    world.shredder.shred(sid, "withdrawn", suppress=False)
    for act in (world.address_change.look, lambda text: confirm(world, text)):
        with pytest.raises(NotFound):
            act(link)
    assert not world.outside_rows.address_links
    assert not world.outside_rows.address_wishes


def test_an_erasure_while_the_button_is_pressed_wins(world, sid, access):
    ask(world, access)
    link = token(world)
    shred = lambda: world.shredder.shred(sid, "withdrawn", suppress=False)  # noqa: E731
    racing(world, "LedgerStore.commit", shred)
    with pytest.raises(NotFound):
        confirm(world, link)
    assert world.store.lookup(mac(world, NEW)).sid is None


def test_an_erasure_after_the_change_leaves_the_former_address_alone(world, sid, access):
    ask(world, access)
    confirm(world, token(world))
    theirs = world.subscribe(OLD)
    made = world.rights.by_person(sid, DEMO, Right.ERASURE, READER)
    world.settle()
    assert world.erasures.get(made.erasure).stage is Stage.ERASED
    found = world.store.lookup(mac(world, NEW))
    assert (found.sid, [row.reason for row in found.suppressions]) == (None, ["erased"])
    assert world.store.lookup(mac(world, OLD)) == Lookup(sid=theirs, suppressions=())
    assert_whole(world)


@pytest.mark.parametrize("owner", ["nobody", "another"])
def test_an_erasure_takes_only_lookups_that_lead_to_the_person(world, sid, owner):
    """Rows as they were before a change released the former address, and one lost since."""
    theirs = world.subscribe(OTHER)
    macs = (mac(world, OLD), mac(world, NEW if owner == "nobody" else OTHER))
    world.rows.states[sid] = replace(world.rows.states[sid], macs=macs)
    world.shredder.shred(sid, "withdrawn", suppress=True)
    assert world.store.lookup(mac(world, OLD)).sid is None
    assert world.store.lookup(mac(world, OTHER)) == Lookup(sid=theirs, suppressions=())


def test_the_search_finds_the_person_by_the_new_address_alone(world, sid, access):
    ask(world, access)
    confirm(world, token(world))
    assert world.finder.find({"email": NEW}, "key").sid == sid
    with pytest.raises(NotFound):
        world.finder.find({"email": OLD}, "key")


def leave(world, sid):
    """Stop all marketing of the brand, by the link in a mail."""
    url = world.tokens.unsubscribe_url(
        BASE_URL, DEMO_BRAND, decode_id(sid), bytes(DELIVERY_ID_BYTES)
    )
    world.unsubscribe.withdraw(url.rpartition("/")[2], READER, Via.LIST_UNSUB_POST)


def attest(world, address):
    """Have a shop claim that a box was ticked."""
    shown = Shown(form=DEMO_FORM.id, notice="", boxes={"newsletter": True})
    person = Person(email=address, entered_by="shop")
    world.enrolment.attest(person, shown, world.time.now_ms() - 1, VISITOR)


def moved(world, access):
    ask(world, access)
    assert confirm(world, token(world)).changed
    world.settle()
    world.time.advance(DAY)


def test_who_gets_the_former_mailbox_is_somebody_else(world, sid, access):
    moved(world, access)
    stranger = world.subscribe(OLD)
    assert stranger != sid
    assert profile(world, sid)["email"] == NEW
    assert profile(world, stranger)["attributes"] == {}
    before = len(world.mails)
    world.access_requests.by_address(DEMO_BRAND, OLD, READER.network, "en")
    world.settle()
    (mail,) = world.mails[before:]
    assert mail.message.to == OLD
    (link,) = set(re.findall(r"/preferences/([\w-]{43})\b", mail.message.text))
    assert world.access_links.open(link).sid == stranger
    assert_whole(world)


def test_a_link_mailed_to_the_former_address_before_the_change_gives_nothing_after_it(world):
    """Whoever reads that mailbox by now would else get a consent and the person's own address."""
    sid = world.subscribe(OLD)
    access = world.access_links.open(world.access_links.make(sid, DEMO, "en"))
    world.time.advance(16 * MINUTE)
    leave(world, sid)
    world.sign_up(OLD)
    world.settle()
    old_link = world.confirm_token(OLD)
    ask(world, access)
    confirm(world, token(world))
    entries = world.types(sid)
    assert world.confirmation.look(old_link).status is LinkStatus.OVERTAKEN
    assert world.confirmation.confirm(old_link, READER).status is LinkStatus.OVERTAKEN
    assert world.confirmation.again(old_link, READER).address is None
    assert world.types(sid) == entries
    assert profile(world, sid)["email"] == NEW


def test_a_request_whose_address_was_left_before_its_mail_went_is_not_mailed(world, sid, access):
    world.time.advance(16 * MINUTE)
    leave(world, sid)
    ask(world, access)
    link = token(world)
    world.signup.submit("demo", {"newsletter": "yes", "email": OLD}, VISITOR, "en")
    confirm(world, link)
    before = len(world.mails)
    world.settle()
    assert not [mail for mail in world.mails[before:] if "/confirm/" in mail.message.text]


def test_where_a_former_lookup_still_stands_its_mailbox_changes_nothing(world, sid, access):
    """Rows of a change made before the former address was released."""
    moved(world, access)
    leave(world, sid)
    old, new = mac(world, OLD), mac(world, NEW)
    world.rows.lookups[old] = sid
    world.rows.states[sid] = replace(world.rows.states[sid], macs=(old, new))
    world.sign_up(OLD)
    world.settle()
    link = world.confirm_token(OLD)
    consents = world.state(sid).consents
    assert world.confirmation.look(link).status is LinkStatus.OVERTAKEN
    assert world.confirmation.confirm(link, READER).status is LinkStatus.OVERTAKEN
    assert profile(world, sid)["email"] == NEW
    assert world.state(sid).consents == consents
    again = world.access_links.open(world.access_links.make(sid, DEMO, "en"))
    ask(world, again, OTHER)
    assert confirm(world, token(world, OTHER)).changed
    assert world.store.load(sid).macs == (mac(world, OTHER),)
    assert world.rows.lookups == {mac(world, OTHER): sid}
    assert_whole(world)


@pytest.mark.parametrize("reason", list(OPERATOR_REASONS))
def test_what_the_person_is_suppressed_for_stays_with_both_and_joins_them_nowhere(
    world, sid, access, reason
):
    ask(world, access)
    world.suppressions.add(OLD, reason)
    confirm(world, token(world))
    (left,) = world.store.lookup(mac(world, OLD)).suppressions
    (taken,) = world.store.lookup(mac(world, NEW)).suppressions
    assert (left.reason, taken.reason) == (reason, reason)
    assert left.salt_key is not None
    assert world.store.locate(left.event).sid is None
    assert left.event not in {taken.event, *(x.event for x in world.store.history(sid))}
    assert_whole(world)


@pytest.mark.parametrize("way", ["sign-up", "attest"])
def test_an_address_blocked_for_good_is_not_freed_by_leaving_it(world, sid, access, way):
    ask(world, access)
    world.suppressions.add(OLD, "manual")
    confirm(world, token(world))
    world.settle()
    world.time.advance(DAY)
    before = len(world.mails)
    if way == "sign-up":
        world.sign_up(OLD)
    else:
        attest(world, OLD)
    world.campaign()
    world.settle()
    assert len(world.mails) == before


def test_a_no_stays_with_the_former_address_until_its_mailbox_says_yes(world, sid, access):
    """Else another system's list would bring mail to a mailbox that is perhaps still read."""
    ask(world, access)
    leave(world, sid)
    confirm(world, token(world))
    world.settle()
    (left,) = world.store.lookup(mac(world, OLD)).suppressions
    assert (left.brand, left.reason) == (DEMO, "complaint")
    world.time.advance(DAY)
    before = len(world.mails)
    attest(world, OLD)
    world.campaign()
    world.settle()
    assert len(world.mails) == before
    world.subscribe(OLD)
    assert not world.store.lookup(mac(world, OLD)).suppressions
    assert_whole(world)


def test_a_profile_is_written_and_mailed_to_as_it_is_now_never_as_it_was(world, sid, access):
    """A moment after the change a read that may be old still shows the former address."""
    moved(world, access)
    world.faults = FailAlways("AudienceStore.members", Moment.BEFORE, Throttled("too old to use"))
    changes = {"first_name": "Augusta"}
    world.rights.by_person(sid, DEMO, Right.RECTIFICATION, READER, changes=changes)
    world.access_requests.by_address(DEMO_BRAND, NEW, READER.network, "en")
    ask(world, access, OTHER)
    assert [mail.message.to for mail in world.mails[-2:]] == [NEW, OTHER]
    world.faults = no_faults
    assert profile(world, sid)["email"] == NEW
    assert profile(world, sid)["attributes"] == {"first_name": "Augusta"}


def test_a_link_in_an_old_mail_still_stops_the_persons_mail(world, sid, access):
    moved(world, access)
    leave(world, sid)
    assert ConsentStatus.GIVEN not in {each.status for each in world.state(sid).consents.values()}


@pytest.mark.parametrize("reason", [SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT])
def test_a_suppression_of_the_new_address_comes_with_it(world, sid, access, reason):
    world.suppressions.add(NEW, reason)
    ask(world, access)
    done = confirm(world, token(world))
    assert done.changed
    assert done.is_blocked
    assert [x.reason for x in world.state(sid).suppressions] == [reason]
    assert not world.store.lookup(mac(world, OLD)).suppressions
    before = len(world.mails)
    world.campaign()
    world.settle()
    assert len(world.mails) <= before + 1, "the notice alone"
    assert_whole(world)


@pytest.mark.parametrize("reason", ["manual", "unsubscribed"])
def test_to_an_address_that_an_operator_blocked_no_mail_goes(world, access, reason):
    world.suppressions.add(NEW, reason)
    before = len(world.mails)
    ask(world, access)
    assert len(world.mails) == before


def test_to_an_address_whose_owner_was_erased_no_mail_goes(world, access):
    theirs = world.subscribe(NEW)
    world.shredder.shred(theirs, "withdrawn", suppress=True)
    before = len(world.mails)
    ask(world, access)
    assert len(world.mails) == before


def test_a_suppression_of_the_person_covers_the_new_address(world, sid, access):
    ask(world, access)
    world.suppressions.add(OLD, "manual")
    confirm(world, token(world))
    assert [x.reason for x in world.store.lookup(mac(world, NEW)).suppressions] == ["manual"]
    assert_whole(world)


def test_a_restricted_person_changes_the_address_and_stays_restricted(world, sid, access):
    world.rights.by_person(sid, DEMO, Right.RESTRICTION, READER)
    ask(world, access)
    assert confirm(world, token(world)).changed
    assert world.state(sid).restricted
    assert profile(world, sid)["email"] == NEW


def test_objections_and_withdrawals_stay(world, sid, access):
    world.rights.by_person(sid, DEMO, Right.OBJECTION, READER)
    ask(world, access)
    confirm(world, token(world))
    state = world.state(sid)
    assert Scope(DEMO, "email") in state.objections
    assert ConsentStatus.GIVEN not in {each.status for each in state.consents.values()}


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
