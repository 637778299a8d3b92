# SPDX-License-Identifier: Apache-2.0
"""The address somebody left and the one they have: what each is found, suppressed or erased by."""

import re
from dataclasses import replace

import pytest

from chalicelib.domain.enrolment import Person, Shown
from chalicelib.domain.erasure import Stage
from chalicelib.domain.events import SuppressionReason, Via
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import DELIVERY_ID_BYTES, decode_id
from chalicelib.domain.reach import Reach
from chalicelib.domain.rights import Right
from chalicelib.domain.state import ConsentStatus, Scope
from chalicelib.domain.suppressions import OPERATOR_REASONS
from chalicelib.errors import NotFound, Throttled
from chalicelib.ports.ledger import Lookup
from chalicelib.services.confirmation import LinkStatus
from chalicelib.services.ledger import Draft
from chalicelib.services.preferences import Wish
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM
from tests.support.address_changes import (
    DAY,
    DEMO,
    MINUTE,
    NEW,
    OLD,
    OTHER,
    access_of,
    ask,
    assert_whole,
    confirm,
    mac,
    profile,
    racing,
    token,
)
from tests.support.exported import NEWS, import_file
from tests.support.faults import FailAlways, Moment, no_faults
from tests.support.world import BASE_URL, READER, VISITOR


@pytest.fixture
def sid(world):
    return world.subscribe(OLD, first_name="Ada")


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
    access = access_of(world, sid)
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
    again = access_of(world, sid)
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


def test_a_list_that_was_left_does_not_come_to_the_former_address_by_an_old_file(world):
    """Else an export of the earlier tool would bring mail to a mailbox that is perhaps read."""
    sid = world.subscribe(OLD)
    access = access_of(world, sid)
    mark = world.preferences.show(access, "en").mark
    nothing = Wish(ticked=set(), mark=mark, language="en", frequency=Frequency())
    world.preferences.save(access, nothing, READER, "en")
    moved(world, access)
    (left,) = world.store.lookup(mac(world, OLD)).suppressions
    assert (left.reach, left.reason) == (Reach(DEMO, "email", NEWS), "complaint")
    assert not world.store.lookup(mac(world, NEW)).suppressions
    before = len(world.mails)
    file = f"email,optin_time,confirm_time,optin_ip\n{OLD},2021-03-04,2021-03-04,192.0.2.1\n"
    assert import_file(world, file.encode()) == {"*": {"suppressed": 1}}
    world.campaign()
    world.settle()
    assert len(world.mails) == before
    world.subscribe(OLD)
    assert not world.store.lookup(mac(world, OLD)).suppressions
    assert_whole(world)


def test_who_comes_back_to_an_address_with_ended_lists_has_them_by_their_own_box(world, sid):
    access = access_of(world, sid)
    list_stop = Draft(type=EventType.CONSENT_WITHDRAWN, brand=DEMO, via=Via.PAGE, lists=(NEWS,))
    world.ledger.append(world.ledger.open(sid), [list_stop])
    moved(world, access)
    again = access_of(world, sid)
    ask(world, again, OLD)
    assert confirm(world, token(world, OLD)).changed
    assert [x.reach for x in world.state(sid).suppressions] == [Reach(DEMO, "email", NEWS)]
    assert_whole(world)
    mark = world.preferences.show(again, "en").mark
    box = Wish(ticked={"newsletter.newsletter"}, mark=mark, language="en", frequency=Frequency())
    world.preferences.save(again, box, READER, "en")
    assert not world.state(sid).suppressions
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
