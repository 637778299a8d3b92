# SPDX-License-Identifier: Apache-2.0
"""Mails that wait for nobody are charged to the rate, and go even when they cannot be."""

from collections import Counter

import pytest

from chalicelib.domain.ids import BrandId
from chalicelib.domain.rate import Quota
from chalicelib.domain.templates import TemplateKind, Words
from chalicelib.errors import FatalError, Throttled, Unavailable
from chalicelib.services.messages import Asked
from chalicelib.services.templates import Said
from tests.support.faults import FailAlways, Moment
from tests.support.template_examples import ENGLISH, ORDER_DATA
from tests.support.world import World

EMAIL = "visitor@example.org"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def charged(world):
    """How often each call was made."""
    calls = Counter()
    world.faults = lambda call, moment: calls.update([call] if moment is Moment.BEFORE else [])
    return calls


def test_a_confirmation_is_charged_and_waits_for_nothing(world, charged):
    world.sign_up(EMAIL)
    world.settle()
    assert (charged["RateSlot.charge"], charged["Sender.send_one"]) == (1, 1)
    assert not charged["RateSlot.reserve"]
    assert not world.time.slept_ms


def test_so_are_links_tests_and_messages(world, charged):
    sid = world.subscribe(EMAIL)
    charged.clear()
    world.access_mail.send(sid, BrandId("demo"), "en", "preferences")
    world.campaign()
    world.templates.create(
        template_id="order",
        brand_id="demo",
        name="Order",
        kind=TemplateKind.SERVICE,
        said=Said(words={"en": Words(**ENGLISH)}),
    )
    made = world.service_messages.accept(Asked(template="order", data=ORDER_DATA, email=EMAIL))
    world.message_mail.send(made.id)
    assert charged["RateSlot.charge"] == charged["Sender.send_one"] == 2
    assert world.service_sender is world.campaign_tests._sender


def test_a_campaign_starts_as_much_later(world):
    now_ms = world.clock.now_ms()
    world.rate.note(Quota(per_second=10.0, daily_left=None), now_ms)
    before = world.rate.reserve(1, now_ms).start_ms
    for number in range(10):
        world.sign_up(f"visitor{number}@example.org")
    world.settle()
    after = world.rate.reserve(1, world.clock.now_ms()).start_ms
    assert after - before >= 1_000


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize(
    "error",
    [Unavailable("no answer"), Throttled("too much"), FatalError("a row of a later version")],
)
def test_a_rate_that_cannot_be_charged_stops_no_mail_and_doubles_none(world, moment, error, caplog):
    world.sign_up(EMAIL)
    world.faults = FailAlways("RateSlot.charge", moment, error)
    world.settle()
    assert len(world.mails) == 1
    assert "without being charged" in caplog.text
    assert EMAIL not in caplog.text
