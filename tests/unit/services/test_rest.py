# SPDX-License-Identifier: Apache-2.0
"""An address that fails on several days: from SES's events to who gets the next campaign."""

import json
from typing import Any

import pytest

from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.domain.health import LIMITS, EventKind
from chalicelib.ports.sending import Message
from infra.local.ses_events import timestamp
from tests.support import ses_documents as docs
from tests.support.run_world import RunWorld

FIRST, SECOND = "reader0@example.org", "reader1@example.org"
SOFT = LIMITS[EventKind.SOFT]


class Mailed(RunWorld):
    """Two subscribers who get a campaign a day."""

    def __init__(self) -> None:
        super().__init__()
        self.sids = [self.subscribe(each) for each in (FIRST, SECOND)]
        self.sent = 0

    def send(self) -> dict[str, Message]:
        """Send a campaign the next day, and return who got it."""
        self.time.advance(DAY_MS)
        self.sent += 1
        self.mails.clear()
        campaign = self.planned(f"News {self.sent}")
        assert self.work() == []
        self.skipped = self.progress(campaign).skipped
        return {mail.message.to: mail.message for mail in self.mails}

    def told(self, mail: Message, document: dict[str, Any]) -> None:
        """SES tells of a mail, an hour after it was sent."""
        part = next(part for name, part in document.items() if name in ("bounce", "delivery"))
        part["timestamp"] = timestamp(self.time.now_ms() + 60 * MINUTE_MS)
        document["mail"]["timestamp"] = timestamp(self.time.now_ms())
        document["mail"]["destination"] = [mail.to]
        document["mail"]["tags"] = {name: [value] for name, value in mail.tags}
        batch = self.folding.batch()
        batch.take("m", json.dumps(document))
        assert batch.fold() == {}
        for name in batch.unfinished:
            batch.finish(name)

    def fails(self, mail: Message) -> None:
        self.told(mail, docs.bounce(mail.to, kind="Transient", status="4.0.0"))

    def arrives(self, mail: Message) -> None:
        self.told(mail, docs.delivery(mail.to))

    @property
    def rest(self) -> int | None:
        member = self.audience.member(self.sids[0])
        assert member is not None
        return member.rest


@pytest.fixture
def world() -> Mailed:
    return Mailed()


def rested(world: Mailed) -> None:
    for _ in range(SOFT.days):
        world.fails(world.send()[FIRST])


def test_who_fails_on_the_limits_days_rests_and_is_then_tried_again(world):
    rested(world)
    got = world.send()
    assert set(got) == {SECOND}
    assert world.skipped == {"resting": 1}
    world.time.advance(SOFT.rest_ms)
    assert set(world.send()) == {FIRST, SECOND}


def test_the_first_mail_after_a_rest_that_fails_begins_it_anew(world):
    rested(world)
    world.time.advance(SOFT.rest_ms)
    world.fails(world.send()[FIRST])
    assert set(world.send()) == {SECOND}
    world.time.advance(SOFT.rest_ms - 2 * DAY_MS)
    assert set(world.send()) == {SECOND}


def test_a_mail_that_arrives_ends_all_of_it(world):
    rested(world)
    world.time.advance(SOFT.rest_ms)
    mail = world.send()[FIRST]
    assert ("h", "1") in mail.tags
    world.arrives(mail)
    assert world.rest is None
    mail = world.send()[FIRST]
    assert "h" not in dict(mail.tags)
    world.fails(mail)
    assert world.rest == 0


def test_failures_between_mails_that_arrive_never_come_to_a_rest(world):
    for _ in range(3 * SOFT.days):
        world.fails(world.send()[FIRST])
        world.arrives(world.send()[FIRST])
    assert world.rest is None


def test_of_who_never_failed_a_delivery_is_kept_in_its_chunk_alone(world):
    world.arrives(world.send()[FIRST])
    assert world.sids[0] not in world.health.rows.health
    assert not world.outside_rows.events


def test_an_address_that_rests_still_gets_what_its_person_asks_for(world):
    rested(world)
    world.mails.clear()
    brand = world.brands.get("demo")
    world.access_requests.by_address(brand, FIRST, "192.0.2.7", "en")
    world.sign_up(FIRST)
    world.settle()
    assert [mail.message.to for mail in world.mails] == [FIRST, FIRST]
