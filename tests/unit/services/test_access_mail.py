# SPDX-License-Identifier: Apache-2.0
"""A link to one's own data: asked for alike by everybody, mailed to the stored address alone."""

import re
from contextlib import suppress

import pytest

from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import BrandId, SubjectId, decode_id
from chalicelib.errors import BadToken, InputError, NotFound, OverBudget, Throttled, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.access_links import KEPT_MS, LIFE_MS, LinkExpired
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import VISITOR, World

EMAIL = "visitor@example.org"
NETWORK = VISITOR.network
DEMO = BrandId("demo")
MINUTE, HOUR = 60_000, 3_600_000


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


@pytest.fixture
def footer(world, sid):
    """The token of the preferences link in a campaign mail."""
    world.campaign()
    world.settle()
    found = re.search(r"/preferences/([\w-]+)", world.mails[-1].message.text)
    assert found
    return found[1]


def fresh(world):
    """The token in the newest access mail."""
    message = world.mails[-1].message
    (token,) = set(re.findall(r"/preferences/([\w-]{43})\b", message.html + message.text))
    return token


def brand(world):
    return world.brands.get("demo")


def test_the_link_in_a_mail_leads_to_a_fresh_one_for_its_reader(world, sid, footer):
    world.access_requests.by_token(footer, NETWORK, "sv")
    world.settle()
    mail = world.mails[-1].message
    assert mail.to == EMAIL
    assert mail.tags == ()
    access = world.access_links.open(fresh(world))
    assert (access.sid, access.brand, access.language) == (sid, DEMO, "sv")
    assert access.expires_ms == world.time.now_ms() + LIFE_MS


def test_the_queue_message_holds_ids_and_slugs_alone(world, sid):
    world.access_requests.by_address(brand(world), EMAIL, NETWORK, "en")
    (body,) = world.messages.take(Queue.CONFIRMATIONS)
    assert body == {"v": 1, "access": sid, "brand": "demo", "language": "en", "page": "rights"}


def test_an_unknown_address_makes_the_same_calls_and_nobody_is_mailed(world, sid):
    def calls_of(address):
        calls = []
        world.faults = lambda call, moment: calls.append((call, moment))
        world.access_requests.by_address(brand(world), address, NETWORK, "en")
        world.faults = lambda *_: None
        (body,) = world.messages.take(Queue.CONFIRMATIONS)
        return calls, {name: len(str(value)) for name, value in body.items()}, body

    known, unknown = calls_of(EMAIL), calls_of("nobody@example.org")
    assert known[:2] == unknown[:2]
    before = len(world.mails)
    world.handle(Queue.CONFIRMATIONS, unknown[2])
    assert len(world.mails) == before


def test_a_network_that_asks_too_often_waits_before_anything_depends_on_the_address(world):
    for _ in range(world.settings.signups_per_hour):
        world.access_requests.by_address(brand(world), EMAIL, NETWORK, "en")
    calls = []
    world.faults = lambda call, moment: calls.append(call)
    with pytest.raises(OverBudget):
        world.access_requests.by_address(brand(world), EMAIL, NETWORK, "en")
    assert not {call for call in calls if call.startswith(("AddressMac", "LedgerStore", "Queues"))}


def test_a_malformed_address_is_refused_and_costs_nothing(world):
    with pytest.raises(InputError):
        world.access_requests.by_address(brand(world), "no address", NETWORK, "en")
    assert not world.messages.take(Queue.CONFIRMATIONS)


@pytest.mark.parametrize("token", ["x" * 66, "A" * 43, ""])
def test_a_forged_link_leads_nowhere(world, token):
    with pytest.raises(BadToken):
        world.access_requests.look(token)


def test_one_mail_in_fifteen_minutes_and_three_in_any_twenty_four_hours(world, sid):
    def asked_after(wait_ms):
        world.time.advance(wait_ms)
        before = len(world.mails)
        world.access_mail.send(sid, DEMO, "en", "preferences")
        return len(world.mails) - before

    assert [asked_after(wait) for wait in (0, 0, 14 * MINUTE, MINUTE)] == [1, 0, 0, 1]
    assert [asked_after(wait) for wait in (15 * MINUTE, 15 * MINUTE, HOUR)] == [1, 0, 0]
    assert asked_after(24 * HOUR) == 1


def test_a_message_delivered_twice_mails_once(world, sid):
    body = {"v": 1, "access": sid, "brand": "demo", "language": "en", "page": "preferences"}
    before = len(world.mails)
    for _ in range(2):
        world.handle(Queue.CONFIRMATIONS, body)
    assert len(world.mails) == before + 1


def test_who_bounced_is_not_mailed_and_who_is_restricted_or_complained_is(world):
    for number, (reason, mailed) in enumerate(
        [("bounce", False), ("complaint", True), ("manual", True), (None, True)]
    ):
        sid = world.subscribe(f"visitor{number}@example.org")
        draft = Draft(
            type=EventType.SUPPRESSION_ADDED, reason=SuppressionReason(reason or "manual")
        )
        if reason is None:
            draft = Draft(
                type=EventType.SUBJECT_RESTRICTED, channel=None, reason="accuracy-contested"
            )
        world.ledger.append(world.ledger.open(sid), [draft])
        assert world.access_mail.send(sid, DEMO, "en", "preferences") is mailed


def test_who_never_confirmed_can_still_use_their_rights(world):
    world.sign_up(EMAIL)
    world.settle()
    world.access_requests.by_address(brand(world), EMAIL, NETWORK, "en")
    world.settle()
    assert world.access_links.open(fresh(world))


def test_an_erased_person_is_mailed_nothing_and_the_links_end(world, sid, footer):
    world.access_requests.by_token(footer, NETWORK, "en")
    world.settle()
    token = fresh(world)
    world.shredder.shred(sid, "withdrawn", suppress=False)
    with pytest.raises(NotFound):
        world.access_links.open(token)
    assert not world.outside_rows.access_links
    before = len(world.mails)
    world.time.advance(HOUR)
    assert world.access_requests.by_token(footer, NETWORK, "en").id == "demo"
    world.settle()
    assert len(world.mails) == before


@pytest.mark.parametrize(
    ("outcome", "raised"), [(Outcome.RETRY, Throttled), (Outcome.UNKNOWN, None)]
)
def test_a_mail_not_taken_is_tried_again_and_one_perhaps_taken_is_not(
    world, sid, monkeypatch, outcome, raised
):
    with monkeypatch.context() as patched:
        patched.setattr(world.mailbox, "send_one", lambda *_: Sent(outcome=outcome))
        if raised:
            with pytest.raises(raised):
                world.access_mail.send(sid, DEMO, "en", "preferences")
        else:
            assert not world.access_mail.send(sid, DEMO, "en", "preferences")
    assert world.access_mail.send(sid, DEMO, "en", "preferences") is bool(raised)


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("call", ["Activity.claim", "AccessStore.put", "Blobs.get"])
def test_a_service_that_fails_before_the_mail_loses_nobody_their_link(world, sid, call, moment):
    """The queue hands the request over again, within the quarter of an hour it claimed."""
    body = {"v": 1, "access": sid, "brand": "demo", "language": "en", "page": "preferences"}
    before = len(world.mails)
    world.faults = FailOnce(call, moment)
    with suppress(Unavailable):
        world.handle(Queue.CONFIRMATIONS, body)
    world.faults = no_faults
    world.handle(Queue.CONFIRMATIONS, body)
    assert len(world.mails) == before + 1


def test_an_expired_link_says_whose_it_was_and_shows_nothing(world, sid):
    token = world.access_links.make(sid, DEMO, "de")
    world.time.advance(LIFE_MS - 1)
    assert world.access_links.open(token) == world.access_links.open(token)
    world.time.advance(1)
    with pytest.raises(LinkExpired) as raised:
        world.access_links.open(token)
    assert raised.value.access.sid == sid
    assert world.access_requests.again(raised.value.access, NETWORK, "de").id == "demo"
    assert KEPT_MS > LIFE_MS


def test_the_link_itself_is_stored_nowhere(world, sid):
    token = world.access_links.make(sid, DEMO, "en")
    assert token not in repr(world.outside_rows)


def test_the_mail_tells_nothing_but_the_link_and_who_sends_it(world, sid):
    world.access_mail.send(sid, DEMO, "fr", "rights")
    message = world.mails[-1].message
    assert EMAIL not in message.html + message.text + message.subject
    assert decode_id(sid).hex() not in message.html + message.text
    assert "Newsletter" not in message.text
    assert brand(world).postal_address in message.text


def test_an_unknown_brand_or_nobody_s_id_mails_nothing(world, sid):
    with pytest.raises(NotFound):
        world.access_mail.send(sid, BrandId("else"), "en", "rights")
    assert not world.access_mail.send(SubjectId("A" * 22), DEMO, "en", "rights")
