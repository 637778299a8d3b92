# SPDX-License-Identifier: Apache-2.0
"""The two mails about another address; what they lead to is in `test_address_change`."""

import json
import re
from contextlib import suppress

import pytest

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.event_kinds import LEFT_TAG
from chalicelib.domain.ids import BrandId
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue
from infra.local.ses_events import timestamp
from tests.support import ses_documents as docs
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import READER, World

OLD, NEW = "visitor@example.org", "new@example.net"


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("call", ["Activity.claim", "AddressWishes.put_link", "Blobs.get"])
def test_a_service_that_fails_before_the_mail_loses_nobody_their_link(call, moment):
    """The queue hands the request over again, within the quarter of an hour it claimed."""
    world = World()
    sid = world.subscribe(OLD)
    links = world.access_links
    world.address_change.ask(links.open(links.make(sid, BrandId("demo"), "en")), NEW, "en")
    (body,) = world.messages.take(Queue.CONFIRMATIONS)
    world.faults = FailOnce(call, moment)
    with suppress(Unavailable):
        world.handle(Queue.CONFIRMATIONS, body)
    world.faults = no_faults
    world.handle(Queue.CONFIRMATIONS, body)
    assert [mail.message.to for mail in world.mails].count(NEW) == 1


@pytest.fixture
def moved():
    """Somebody whose mail goes to another address by now, and what SES has as the notice's tags."""
    world = World()
    sid = world.subscribe(OLD)
    links = world.access_links
    world.address_change.ask(links.open(links.make(sid, BrandId("demo"), "en")), NEW, "en")
    world.settle()
    (token,) = set(re.findall(r"/address/([\w-]{43})\b", world.mails[-1].message.text))
    world.address_change.confirm(token, READER)
    world.settle()
    assert world.mails[-1].message.to == OLD
    tags = {name: [value] for name, value in world.mails[-1].message.tags}
    return world, sid, tags


@pytest.mark.parametrize(
    "document",
    [
        docs.bounce,
        lambda *to, **more: docs.bounce(*to, subtype="OnAccountSuppressionList", **more),
    ],
    ids=["refused", "listed"],
)
def test_a_mailbox_left_behind_that_is_gone_takes_nobodys_mail_away(moved, document):
    """Most people change their address because the old one ends: our own notice must not hurt."""
    world, sid, tags = moved
    world.feedback.record(json.dumps(document(OLD, tags=tags, at="2027-01-01T00:00:00Z")))
    assert world.types(sid)[-1] == "identifier.changed"
    before = len(world.mails)
    world.campaign()
    world.settle()
    assert [mail.message.to for mail in world.mails[before:]] == [NEW]


def soft(world, address):
    """A passing failure of today."""
    at = timestamp(world.time.now_ms())
    document = docs.bounce(address, kind="Transient", status="4.0.0", tags={}, at=at)
    world.feedback.record(json.dumps(document))


def test_what_failed_at_the_old_mailbox_keeps_no_mail_from_the_new_one():
    world = World()
    sid = world.subscribe(OLD)
    for _ in range(5):
        world.time.advance(DAY_MS)
        soft(world, OLD)
    assert world.rows.audience[sid].rest
    world.time.advance(1000)
    links = world.access_links
    world.address_change.ask(links.open(links.make(sid, BrandId("demo"), "en")), NEW, "en")
    world.settle()
    (token,) = set(re.findall(r"/address/([\w-]{43})\b", world.mails[-1].message.text))
    world.address_change.confirm(token, READER)
    (told,) = world.messages.take(Queue.CONFIRMATIONS)
    world.handle(Queue.CONFIRMATIONS, told)
    assert world.rows.audience[sid].rest is None
    world.time.advance(1000)
    soft(world, NEW)
    world.handle(Queue.CONFIRMATIONS, told)
    assert world.rows.audience[sid].rest == 0
    assert len(world.health.read(sid).health.soft_ms) == 1
    before = len(world.mails)
    world.campaign()
    world.settle()
    assert [mail.message.to for mail in world.mails[before:]] == [NEW]


def test_of_all_mails_only_the_two_links_asked_for_go_past_ses_own_list(moved):
    """SES may hold the notice to a mailbox that was left, a campaign, a link to one's data."""
    world, sid, _ = moved
    world.time.advance(15 * 60_000)
    assert world.access_mail.send(sid, BrandId("demo"), "en", "preferences")
    world.campaign()
    world.settle()
    for mail in world.mails:
        asked_for = any(part in mail.message.text for part in ("/confirm/", "/address/"))
        assert mail.message.answers_person is asked_for, mail.message.subject
    assert [mail.message.answers_person for mail in world.mails].count(True) == 2


def test_a_complaint_about_the_notice_counts_like_any_other(moved):
    world, sid, tags = moved
    complaint = docs.complaint(OLD, tags=tags, at="2027-01-01T00:00:00Z")
    world.feedback.record(json.dumps(complaint))
    assert world.state(sid).objections


def test_the_notices_tag_is_the_random_id_of_the_change(moved):
    world, sid, tags = moved
    assert tags == {LEFT_TAG: [world.store.history(sid)[-1].event]}


@pytest.fixture
def in_flight(moved):
    """The tags of a campaign mail that was on its way to the mailbox while it was left."""
    world, sid, _ = moved
    world.campaign()
    world.settle()
    tags = {name: [value] for name, value in world.mails[-1].message.tags}
    assert world.mails[-1].message.to == NEW
    return world, sid, tags


AT = "2027-01-01T00:00:00Z"


def suppressed(world, sid):
    return [x.reason for x in world.state(sid).suppressions]


@pytest.mark.parametrize("said", [OLD, "rfc822;postmaster@example.com"])
def test_a_late_bounce_of_the_mailbox_left_behind_takes_nobodys_mail_away(in_flight, said):
    world, sid, tags = in_flight
    bounce = docs.bounce(said, tags=tags, at=AT)
    bounce["mail"]["destination"] = [OLD]
    world.feedback.record(json.dumps(bounce))
    assert suppressed(world, sid) == []
    assert not world.store.lookup(world.ledger.mac(OLD)).suppressions


@pytest.mark.parametrize("said", [NEW, "New@Example.NET", OLD])
def test_a_bounce_of_the_mailbox_written_to_counts_whatever_the_server_calls_it(in_flight, said):
    world, sid, tags = in_flight
    bounce = docs.bounce(said, tags=tags, at=AT)
    bounce["mail"]["destination"] = [NEW]
    world.feedback.record(json.dumps(bounce))
    assert suppressed(world, sid) == ["bounce"]


def test_a_late_complaint_from_the_mailbox_left_behind_is_the_persons_word(in_flight):
    world, sid, tags = in_flight
    world.feedback.record(json.dumps(docs.complaint(OLD, tags=tags, at=AT)))
    assert suppressed(world, sid) == ["complaint"]
    assert world.state(sid).objections
