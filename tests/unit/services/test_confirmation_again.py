# SPDX-License-Identifier: Apache-2.0
"""An expired link asks for a new mail, and for nothing else: every order, every race."""

from dataclasses import replace

import pytest

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import Via
from chalicelib.domain.signup import COOLDOWN_MS
from chalicelib.domain.state import ConsentKey, ConsentStatus
from chalicelib.errors import BadToken, Conflict, NotFound, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.confirmation import LinkStatus
from chalicelib.services.confirmation_mail import TOKEN_LIFE_MS
from chalicelib.services.entries import event_of_leaf, open_claims
from tests.support.faults import FailAlways, FailOnce, Moment
from tests.support.world import READER, VISITOR, World

ADDRESS = "visitor@example.org"
NEWSLETTER = ConsentKey("demo", "email", "newsletter", "newsletter")


@pytest.fixture
def world():
    return World()


@pytest.fixture
def expired(world):
    """The token of a link whose time is over."""
    return expired_link(world, first_name="Kim", measurement="yes")


def expired_link(world, **fields):
    world.sign_up(ADDRESS, language="sv", **fields)
    world.settle()
    world.time.advance(TOKEN_LIFE_MS)
    return world.confirm_token(ADDRESS)


def sid_of(world):
    (sid,) = world.rows.vault
    return sid


def status(world):
    consent = world.state(sid_of(world)).consents.get(NEWSLETTER)
    return consent and consent.status


def requests(world):
    return world.types(sid_of(world)).count("consent.requested")


def claims(world, number):
    chain = world.ledger.open(sid_of(world))
    return open_claims(chain.keys, world.store.history(sid_of(world))[number])


def at_commit(world, act):
    """Let ``act`` happen between the next decision and its transaction, once."""
    done = []

    def race(call, moment):
        if call == "LedgerStore.commit" and moment is Moment.BEFORE and not done:
            done.append(True)
            act()

    world.faults = race
    return done


def unsubscribe(world):
    """What any older newsletter's footer does, also for somebody who never confirmed."""
    from chalicelib.domain.ids import DELIVERY_ID_BYTES, decode_id

    brand = world.brands.get("demo")
    url = world.tokens.unsubscribe_url(
        "https://mail.example.org", brand, decode_id(sid_of(world)), bytes(DELIVERY_ID_BYTES)
    )
    world.unsubscribe.withdraw(url.rpartition("/")[2], VISITOR, Via.LIST_UNSUB_POST)


def test_asking_again_is_a_new_request_with_the_very_same_choices(world, expired):
    before = claims(world, 0)
    again = world.confirmation.again(expired, READER)
    assert again.address == ADDRESS
    assert world.types(sid_of(world))[-1] == "consent.requested"
    old, new = (world.store.history(sid_of(world))[n] for n in (0, 2))
    after = claims(world, 2)
    assert after.subject == before.subject
    repeated = {key: value for key, value in after.choice.items() if key in before.choice}
    assert repeated == before.choice
    assert after.choice["repeats"] == old.event
    assert after.session["ip"] == READER.network
    assert after.session["lang"] == "sv"
    first, second = event_of_leaf(old.leaf), event_of_leaf(new.leaf)
    assert replace(second, at_ms=first.at_ms) == first
    assert status(world) is ConsentStatus.REQUESTED


def test_the_new_mail_comes_in_the_visitors_language_and_its_link_confirms(world, expired):
    world.confirmation.again(expired, READER)
    world.settle()
    fresh = world.confirm_token(ADDRESS)
    assert fresh != expired
    assert len(world.mails) == 2
    assert world.mails[1].message.subject == world.mails[0].message.subject
    assert world.confirmation.look(expired).status is LinkStatus.EXPIRED
    assert world.confirmation.confirm(expired, READER).changed is False
    assert world.confirmation.confirm(fresh, READER).status is LinkStatus.CONFIRMED
    assert world.subscribers.get(sid_of(world)).attributes == {"first_name": "Kim"}
    assert world.subscribers.get(sid_of(world)).language == "sv"


@pytest.mark.parametrize("look", ["look", "confirm", "refuse"])
def test_only_asking_asks(world, expired, look):
    act = getattr(world.confirmation, look)
    link = act(expired) if look == "look" else act(expired, READER)
    assert link.status is LinkStatus.EXPIRED
    assert requests(world) == 1


def test_a_link_that_still_works_is_not_replaced(world):
    world.sign_up(ADDRESS)
    world.settle()
    again = world.confirmation.again(world.confirm_token(ADDRESS), READER)
    assert (again.link.status, again.address, requests(world)) == (LinkStatus.OPEN, None, 1)


def test_a_confirmed_link_asks_for_nothing(world):
    world.subscribe(ADDRESS)
    world.time.advance(TOKEN_LIFE_MS)
    again = world.confirmation.again(world.confirm_token(ADDRESS), READER)
    assert (again.link.status, again.address, requests(world)) == (LinkStatus.CONFIRMED, None, 1)


def test_a_refused_link_never_asks_again(world):
    world.sign_up(ADDRESS)
    world.settle()
    token = world.confirm_token(ADDRESS)
    world.confirmation.refuse(token, READER)
    world.time.advance(TOKEN_LIFE_MS)
    again = world.confirmation.again(token, READER)
    assert (again.link.status, again.address, requests(world)) == (LinkStatus.REFUSED, None, 1)
    assert status(world) is ConsentStatus.REFUSED


def test_refusing_the_new_link_ends_the_old_one_too(world, expired):
    world.confirmation.again(expired, READER)
    world.settle()
    world.confirmation.refuse(world.confirm_token(ADDRESS), READER)
    world.time.advance(TOKEN_LIFE_MS)
    again = world.confirmation.again(expired, READER)
    assert (again.link.status, again.address) == (LinkStatus.OVERTAKEN, None)
    assert (requests(world), status(world)) == (2, ConsentStatus.REFUSED)


def test_an_unsubscribe_ends_an_expired_link(world, expired):
    unsubscribe(world)
    again = world.confirmation.again(expired, READER)
    assert (again.link.status, again.address, requests(world)) == (LinkStatus.OVERTAKEN, None, 1)


def test_an_unsubscribe_in_the_very_moment_wins(world, expired):
    done = at_commit(world, lambda: unsubscribe(world))
    again = world.confirmation.again(expired, READER)
    assert (done, again.link.status, again.address) == ([True], LinkStatus.OVERTAKEN, None)
    assert requests(world) == 1
    assert status(world) is ConsentStatus.WITHDRAWN


def test_an_unsubscribe_in_the_very_moment_of_confirming_wins(world):
    world.sign_up(ADDRESS)
    world.settle()
    done = at_commit(world, lambda: unsubscribe(world))
    link = world.confirmation.confirm(world.confirm_token(ADDRESS), READER)
    assert (done, link.status, link.changed) == ([True], LinkStatus.OVERTAKEN, False)
    assert status(world) is ConsentStatus.WITHDRAWN


def test_confirming_after_an_unsubscribe_gives_nothing(world):
    world.sign_up(ADDRESS)
    world.settle()
    unsubscribe(world)
    link = world.confirmation.confirm(world.confirm_token(ADDRESS), READER)
    assert (link.status, link.changed) == (LinkStatus.OVERTAKEN, False)
    assert status(world) is ConsentStatus.WITHDRAWN


def test_an_old_link_and_a_new_request_are_one_consent(world):
    """Both mails ask for the same; whichever link is pressed first, the other says so kindly."""
    world.sign_up(ADDRESS)
    world.settle()
    old = world.confirm_token(ADDRESS)
    world.time.advance(COOLDOWN_MS)
    world.sign_up(ADDRESS)
    world.settle()
    new = world.confirm_token(ADDRESS)
    assert world.confirmation.confirm(old, READER).changed
    second = world.confirmation.confirm(new, READER)
    assert (second.status, second.changed) == (LinkStatus.CONFIRMED, False)
    unsubscribe(world)
    for token in (old, new):
        assert not world.confirmation.confirm(token, READER).changed
    assert status(world) is ConsentStatus.WITHDRAWN


def test_an_old_refusal_never_undoes_what_the_new_link_confirmed(world, expired):
    world.confirmation.again(expired, READER)
    world.settle()
    world.confirmation.confirm(world.confirm_token(ADDRESS), READER)
    assert world.confirmation.refuse(expired, READER).status is LinkStatus.CONFIRMED
    assert status(world) is ConsentStatus.GIVEN


def test_asking_again_twice_at_once_is_one_request_and_one_mail(world, expired):
    done = at_commit(world, lambda: world.confirmation.again(expired, READER))
    again = world.confirmation.again(expired, READER)
    assert (done, again.address, requests(world)) == ([True], ADDRESS, 2)
    world.settle()
    assert len(world.mails) == 2


def test_impatience_adds_no_entry_and_no_mail(world, expired):
    for _ in range(20):
        assert world.confirmation.again(expired, READER).address == ADDRESS
        world.settle()
        world.time.advance(1_000)
    assert (requests(world), len(world.mails)) == (2, 2)


def test_the_rule_for_mails_holds_for_mails_asked_for_again(world, expired):
    """Two in 24 hours and three in 30 days, the first one included."""
    for _ in range(4):
        world.confirmation.again(expired, READER)
        world.settle()
        world.time.advance(COOLDOWN_MS)
    assert len(world.mails) == 3  # One three days ago, two today.
    world.time.advance(DAY_MS)
    world.confirmation.again(expired, READER)
    world.settle()
    assert len(world.mails) == 3


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("call", ["LedgerStore.commit", "Queues.send"])
def test_asking_again_broken_anywhere_can_be_repeated(world, expired, call, moment):
    world.faults = FailOnce(call, moment)
    with pytest.raises(Unavailable):
        world.confirmation.again(expired, READER)
    assert world.confirmation.again(expired, READER).address == ADDRESS
    world.settle()
    assert (requests(world), len(world.mails)) == (2, 2)


def test_a_confirmation_of_the_new_link_in_the_very_moment_wins(world, expired):
    world.confirmation.again(expired, READER)
    world.settle()
    fresh = world.confirm_token(ADDRESS)
    world.time.advance(COOLDOWN_MS)
    done = at_commit(world, lambda: world.confirmation.confirm(fresh, READER))
    again = world.confirmation.again(expired, READER)
    assert (done, again.link.status, again.address) == ([True], LinkStatus.CONFIRMED, None)
    assert (requests(world), status(world)) == (2, ConsentStatus.GIVEN)


def test_a_form_that_changed_is_to_be_read_again(world, expired):
    """Consent is to the sentences that were shown: others are not agreed to by one click."""
    changed = replace(world.forms.get("demo"), version=2)
    world.forms.publish(changed)
    again = world.confirmation.again(expired, READER)
    assert (again.address, again.form) == (None, changed)
    assert again.known == {"email": ADDRESS, "first_name": "Kim"}
    assert requests(world) == 1
    assert world.messages.take(Queue.CONFIRMATIONS) == []


def test_no_box_of_a_changed_form_comes_ticked(world, expired):
    world.forms.publish(replace(world.forms.get("demo"), version=2))
    again = world.confirmation.again(expired, READER)
    assert not again.known.keys() & {box.name for box in again.form.boxes}


def test_an_operators_suppression_ends_an_expired_link(world, expired):
    world.suppressions.add(ADDRESS, "manual")
    again = world.confirmation.again(expired, READER)
    assert (again.link.status, again.address) == (LinkStatus.OVERTAKEN, None)


def test_a_chain_that_keeps_moving_is_refused_and_nothing_is_asked(world, expired):
    world.faults = FailAlways("LedgerStore.commit", Moment.BEFORE, Conflict("moved on"))
    with pytest.raises(Conflict):
        world.confirmation.again(expired, READER)
    assert requests(world) == 1


def test_forged_and_unknown_tokens_ask_for_nothing(world):
    with pytest.raises(BadToken):
        world.confirmation.again("not-a-token", READER)
    with pytest.raises(NotFound):
        world.confirmation.again("A" * 43, READER)
