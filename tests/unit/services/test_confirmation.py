# SPDX-License-Identifier: Apache-2.0
"""Double opt-in: what the mail, the link and the answer do, in every order."""

import pytest

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import Via
from chalicelib.domain.signup import COOLDOWN_MS, Mail
from chalicelib.domain.state import ConsentKey, ConsentStatus
from chalicelib.errors import BadToken, Conflict, NotFound, Throttled, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.confirmation import LinkStatus
from chalicelib.services.confirmation_mail import TOKEN_LIFE_MS
from tests.support.faults import FailAlways, FailOnce, Moment
from tests.support.world import READER, VISITOR, World

ADDRESS = "visitor@example.org"
AGAIN_MS = COOLDOWN_MS + 1_000
DAY_AFTER_MS = DAY_MS + 1_000
NEWSLETTER = ConsentKey("demo", "email", "newsletter", "newsletter")


@pytest.fixture
def world():
    return World()


def given(world, sid):
    consent = world.state(sid).consents.get(NEWSLETTER)
    return consent is not None and consent.status is ConsentStatus.GIVEN


def unsubscribe_token(world, sid):
    world.campaign()
    world.settle()
    url = dict(world.mails[-1].message.headers)["List-Unsubscribe"]
    return url.strip("<>").rpartition("/")[2]


def test_looking_at_a_link_changes_nothing(world):
    """Design §2, promise 6: link scanners open every link."""
    world.sign_up(ADDRESS)
    world.settle()
    token = world.confirm_token(ADDRESS)
    before = (dict(world.rows.entries), dict(world.rows.tokens))
    for _ in range(3):
        assert world.confirmation.look(token).status is LinkStatus.OPEN
    assert (world.rows.entries, world.rows.tokens) == before


def test_a_confirmation_is_one_entry_and_a_second_click_is_answered_kindly(world):
    sid = world.subscribe(ADDRESS)
    assert given(world, sid)
    again = world.confirmation.confirm(world.confirm_token(ADDRESS), READER)
    assert (again.status, again.changed) == (LinkStatus.CONFIRMED, False)
    assert world.types(sid).count("consent.confirmed") == 1


def test_a_refused_request_never_becomes_consent(world):
    world.sign_up(ADDRESS)
    world.settle()
    token = world.confirm_token(ADDRESS)
    assert world.confirmation.refuse(token, READER).status is LinkStatus.REFUSED
    link = world.confirmation.confirm(token, READER)
    assert (link.status, link.changed) == (LinkStatus.REFUSED, False)
    assert not given(world, link.token.sid)


def test_an_expired_link_gives_nothing(world):
    world.sign_up(ADDRESS)
    world.settle()
    token = world.confirm_token(ADDRESS)
    world.time.advance(TOKEN_LIFE_MS)
    link = world.confirmation.confirm(token, READER)
    assert (link.status, link.changed) == (LinkStatus.EXPIRED, False)
    assert not given(world, link.token.sid)


def test_an_old_link_never_brings_back_what_was_withdrawn_since(world):
    sid = world.subscribe(ADDRESS)
    world.time.advance(AGAIN_MS)
    world.sign_up(ADDRESS, measurement="yes")
    world.settle()
    old = world.confirm_token(ADDRESS)
    world.unsubscribe.withdraw(unsubscribe_token(world, sid), VISITOR, Via.LIST_UNSUB_POST)
    link = world.confirmation.confirm(old, READER)
    assert (link.status, link.changed) == (LinkStatus.OVERTAKEN, False)
    assert not given(world, sid)
    world.time.advance(DAY_AFTER_MS)
    world.sign_up(ADDRESS)
    world.settle()
    assert world.confirmation.confirm(old, READER).status is LinkStatus.OVERTAKEN
    assert not given(world, sid)
    assert world.confirmation.confirm(world.confirm_token(ADDRESS), READER).changed
    assert given(world, sid)


def test_a_forged_and_an_unknown_token_are_told_apart_from_nothing(world):
    with pytest.raises(BadToken):
        world.confirmation.look("not-a-token")
    with pytest.raises(NotFound):
        world.confirmation.confirm("A" * 43, READER)


def test_the_confirmation_holds_the_address_of_origin_sealed(world):
    sid = world.subscribe(ADDRESS)
    from chalicelib.services.entries import open_claims

    chain = world.ledger.open(sid)
    entries = world.store.history(sid)
    assert open_claims(chain.keys, entries[0]).session["ip"] == VISITOR.network
    confirmed = open_claims(chain.keys, entries[2])
    assert confirmed.session["ip"] == READER.network
    assert READER.network.encode() not in b"".join(entry.leaf for entry in entries)


def test_only_the_confirmed_request_brings_its_fields_into_the_profile(world):
    sid = world.subscribe(ADDRESS, first_name="Kim")
    assert world.subscribers.get(sid).attributes == {"first_name": "Kim"}


@pytest.mark.parametrize(
    ("pauses_ms", "mails"),
    [
        ([0], 1),
        ([COOLDOWN_MS - 1], 1),
        ([AGAIN_MS], 2),
        ([AGAIN_MS, AGAIN_MS], 2),
        ([AGAIN_MS, DAY_AFTER_MS], 3),
        ([AGAIN_MS, DAY_AFTER_MS, DAY_AFTER_MS], 3),
        ([AGAIN_MS, DAY_AFTER_MS, 31 * DAY_MS], 4),
    ],
)
def test_the_rule_for_repeated_requests(world, pauses_ms, mails):
    """A second mail after 15 minutes, two per 24 hours, three in 30 days."""
    world.sign_up(ADDRESS)
    world.settle()
    for pause_ms in pauses_ms:
        world.time.advance(pause_ms)
        world.sign_up(ADDRESS)
        world.settle()
    assert len(world.mails) == mails


def test_a_redelivered_request_mails_once(world):
    request = world.sign_up(ADDRESS)
    assert world.confirmation_mail.send(request) is Mail.CONFIRM
    assert world.confirmation_mail.send(request) is Mail.NONE
    assert len(world.mails) == 1


def test_an_operators_suppression_means_no_mail_at_all(world):
    world.suppressions.add(ADDRESS, "manual")
    world.sign_up(ADDRESS)
    world.settle()
    assert world.mails == []


def test_who_has_it_all_already_is_told_so(world):
    world.subscribe(ADDRESS)
    world.time.advance(AGAIN_MS)
    world.sign_up(ADDRESS)
    world.settle()
    assert "/confirm/" not in world.mails[-1].message.text
    assert len(world.mails) == 2


def test_a_mail_whose_outcome_is_unknown_is_tried_again(world):
    request = world.sign_up(ADDRESS)
    world.faults = FailOnce("Sender.send_one", Moment.AFTER)
    with pytest.raises(Unavailable):
        world.confirmation_mail.send(request)
    assert world.confirmation_mail.send(request) is Mail.CONFIRM
    assert world.types(world.rows.located[request].sid).count("consent.mail_sent") == 1


@pytest.mark.parametrize("moment", list(Moment))
def test_a_confirmation_broken_at_its_transaction_can_be_repeated(world, moment):
    world.sign_up(ADDRESS)
    world.settle()
    token = world.confirm_token(ADDRESS)
    world.faults = FailOnce("LedgerStore.commit", moment)
    with pytest.raises(Unavailable):
        world.confirmation.confirm(token, READER)
    link = world.confirmation.confirm(token, READER)
    assert link.status is LinkStatus.CONFIRMED
    assert world.types(link.token.sid).count("consent.confirmed") == 1


def test_two_confirmations_at_once_make_one_entry(world):
    world.sign_up(ADDRESS)
    world.settle()
    token = world.confirm_token(ADDRESS)
    raced = []

    def race(call, moment):
        if call == "LedgerStore.commit" and moment is Moment.BEFORE and not raced:
            raced.append(True)
            world.confirmation.confirm(token, READER)

    world.faults = race
    link = world.confirmation.confirm(token, READER)
    assert link.status is LinkStatus.CONFIRMED
    assert world.types(link.token.sid).count("consent.confirmed") == 1


def test_a_chain_that_keeps_moving_is_refused_and_nothing_changes(world):
    world.sign_up(ADDRESS)
    world.settle()
    token = world.confirm_token(ADDRESS)
    world.faults = FailAlways("LedgerStore.commit", Moment.BEFORE, Conflict("moved on"))
    with pytest.raises(Conflict):
        world.confirmation.confirm(token, READER)
    world.faults = lambda call, moment: None
    assert world.confirmation.look(token).status is LinkStatus.OPEN


def test_a_request_withdrawn_before_its_mail_is_not_mailed(world):
    sid = world.subscribe(ADDRESS)
    token = unsubscribe_token(world, sid)
    world.time.advance(AGAIN_MS)
    world.sign_up(ADDRESS, measurement="yes")
    world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST)
    mails = len(world.mails)
    world.settle()
    assert len(world.mails) == mails


def test_a_withdrawal_while_the_mail_is_rendered_is_obeyed(world):
    sid = world.subscribe(ADDRESS)
    token = unsubscribe_token(world, sid)
    world.time.advance(AGAIN_MS)
    world.sign_up(ADDRESS, measurement="yes")
    mails = len(world.mails)
    done = []

    def withdraw(call, moment):
        if call == "Activity.claim" and moment is Moment.AFTER and not done:
            done.append(True)
            world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST)

    world.faults = withdraw
    world.settle()
    assert (done, len(world.mails)) == ([True], mails)


def test_requests_worked_on_at_the_same_time_are_one_mail(world):
    """Two workers: while one is inside SES, another answers a further request."""
    depth = []

    def another(call, moment):
        if call == "Sender.send_one" and moment is Moment.BEFORE and len(depth) < 5:
            depth.append(True)
            world.time.advance(20)
            world.sign_up(ADDRESS)
            for body in world.messages.take(Queue.CONFIRMATIONS):
                world.handle(Queue.CONFIRMATIONS, body)

    world.sign_up(ADDRESS)
    world.faults = another
    world.settle(Queue.CONFIRMATIONS)
    assert len(world.mails) == 1


def test_a_mail_service_that_never_answers_gets_a_request_twice_at_most(world):
    request = world.sign_up(ADDRESS)
    world.faults = FailAlways("Sender.send_one", Moment.AFTER, Unavailable("answer lost"))
    waiting = True
    while waiting:  # The queue delivers until the handler no longer fails.
        try:
            assert world.confirmation_mail.send(request) is Mail.NONE
            waiting = False
        except Unavailable:
            world.time.advance(AGAIN_MS)
    assert len(world.mails) == 2


def test_a_mail_service_that_asks_to_wait_is_asked_again_for_as_long_as_it_takes(world):
    request = world.sign_up(ADDRESS)
    world.mailbox.answer = lambda message: Sent(outcome=Outcome.RETRY, reason="paused")
    for _ in range(5):
        with pytest.raises(Throttled):
            world.confirmation_mail.send(request)
    world.mailbox.answer = lambda message: None
    assert world.confirmation_mail.send(request) is Mail.CONFIRM


def test_a_suppression_only_the_operator_can_lift_leaves_page_and_ledger_agreed(world):
    """Whoever is told that nothing changed must find nothing changed."""
    world.sign_up(ADDRESS)
    world.settle()
    token = world.confirm_token(ADDRESS)
    world.suppressions.add(ADDRESS, "manual")
    assert world.confirmation.look(token).status is LinkStatus.OVERTAKEN
    link = world.confirmation.confirm(token, READER)
    assert (link.status, link.changed) == (LinkStatus.OVERTAKEN, False)
    assert not given(world, link.token.sid)
