# SPDX-License-Identifier: Apache-2.0
"""Messages of a service: tried three times, kept a week, and readable nowhere on the way."""

import json
import logging
from dataclasses import replace

import pytest

from chalicelib.domain.ids import BrandId
from chalicelib.domain.messages import KEPT_MS, LEASE_MS, MessageReason, MessageStatus
from chalicelib.errors import DependencyError, NotFound, Throttled, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.service_messages import (
    ASKED,
    EMAIL,
    SILENCE,
    hand_over,
    news,
    service_world,
    status,
)


@pytest.fixture
def world():
    return service_world()


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


@pytest.fixture
def sent_before(world, sid):
    return len(world.mails)


class TestTries:
    def test_an_answer_that_never_comes_is_asked_for_three_times(self, world, sent_before):
        world.mailbox.answer = lambda _message: SILENCE
        message = world.service_messages.accept(ASKED)
        hand_over(world, message.id, times=6)
        assert len(world.mailbox.calls) == sent_before + 3
        assert status(world, message.id) == (MessageStatus.FAILED, MessageReason.NO_ANSWER)

    def test_each_try_has_the_same_content_and_ids_alone_for_tags(self, world, sid):
        seen = []

        def silent(message):
            seen.append(message)
            return SILENCE

        world.mailbox.answer = silent
        message = world.service_messages.accept(ASKED)
        hand_over(world, message.id, times=4)
        assert len(seen) == 3
        assert set(seen) == {seen[0]}
        assert seen[0].tags == (("s", message.id),)

    def test_a_mail_service_that_asks_to_wait_costs_no_try(self, world, sent_before):
        answers = [Sent(outcome=Outcome.RETRY)] * 5
        accept = world.mailbox.answer
        world.mailbox.answer = lambda mail: answers.pop() if answers else accept(mail)
        message = world.service_messages.accept(ASKED)
        with pytest.raises(Throttled):
            world.message_mail.send(message.id)
        assert world.service_messages.get(message.id).tries == 0
        hand_over(world, message.id, times=5)
        assert len(news(world, sent_before)) == 1
        assert status(world, message.id) == (MessageStatus.SENT, None)

    def test_what_ses_refuses_is_not_tried_again(self, world, sent_before):
        world.mailbox.answer = lambda _: Sent(outcome=Outcome.REJECTED, reason="no")
        message = world.service_messages.accept(ASKED)
        hand_over(world, message.id, times=2)
        assert status(world, message.id) == (MessageStatus.FAILED, MessageReason.REJECTED)

    @pytest.mark.parametrize(
        "call", ["LedgerStore.load", "AudienceStore.member", "Brands.get", "KeyWrapper.unwrap"]
    )
    def test_a_failure_before_ses_costs_no_try(self, world, sent_before, call):
        message = world.service_messages.accept(ASKED)
        for _ in range(5):
            world.faults = FailOnce(call, Moment.BEFORE)
            with pytest.raises(DependencyError):
                world.message_mail.send(message.id)
        world.faults = no_faults
        assert world.message_mail.send(message.id) is MessageStatus.SENT
        assert len(news(world, sent_before)) == 1

    @pytest.mark.parametrize("moment", Moment)
    @pytest.mark.parametrize("nth", [1, 2])
    def test_a_store_that_loses_an_answer_loses_no_mail(self, world, sent_before, moment, nth):
        message = world.service_messages.accept(ASKED)
        world.faults = FailOnce("MessageStore.replace", moment, nth=nth)
        hand_over(world, message.id, times=4)
        assert status(world, message.id)[0] is MessageStatus.SENT
        repeated = (moment, nth) == (Moment.BEFORE, 2)  # What became of it was never stored.
        assert len(news(world, sent_before)) == 1 + repeated

    def test_a_worker_that_dies_each_time_is_tried_three_times(self, world, sent_before):
        class Killed(BaseException):
            pass

        def die(call, moment):
            if (call, moment) == ("Sender.send_one", Moment.AFTER):
                raise Killed

        message = world.service_messages.accept(ASKED)
        world.faults = die
        for _ in range(3):
            with pytest.raises(Killed):
                world.message_mail.send(message.id)
            world.time.advance(LEASE_MS)
        assert world.message_mail.send(message.id) is MessageStatus.FAILED
        assert len(world.mailbox.calls) == sent_before + 3

    def test_one_that_waited_a_week_is_not_sent_any_more(self, world, sent_before):
        message = world.service_messages.accept(ASKED)
        world.time.advance(KEPT_MS)
        world.settle()
        assert not news(world, sent_before)
        with pytest.raises(NotFound):
            world.service_messages.get(message.id)

    def test_one_whose_text_was_damaged_is_not_sent(self, world, sent_before):
        message = world.service_messages.accept(ASKED)
        rows = world.outside_rows.service_messages
        rows[message.id] = replace(message, sealed=message.sealed[:-1] + b"\0")
        world.settle()
        assert not news(world, sent_before)
        assert status(world, message.id) == (MessageStatus.REFUSED, MessageReason.UNREADABLE)


class TestCanary:
    WORDS = (EMAIL, "visitor", "canary-4711", "saucers", "Thank you")

    def test_no_address_and_no_word_is_in_a_queue_a_tag_a_log_or_a_row(self, world, sid, caplog):
        caplog.set_level(logging.DEBUG)
        world.mailbox.answer = lambda _: SILENCE
        message = world.service_messages.accept(ASKED)
        (queued,) = world.messages.take(Queue.CONFIRMATIONS)
        assert queued == {"v": 1, "message": message.id}
        stored = repr(world.outside_rows.service_messages[message.id])
        hand_over(world, message.id, times=4)
        logged = [json.dumps(vars(record), default=repr) for record in caplog.records]
        assert any("given up" in line for line in logged)
        for word in self.WORDS:
            assert word not in stored
            assert not [line for line in logged if word in line]

    def test_the_text_is_kept_until_it_went_and_no_longer(self, world, sid):
        message = world.service_messages.accept(ASKED)
        assert message.sealed
        world.settle()
        assert world.outside_rows.service_messages[message.id].sealed is None

    def test_the_person_is_told_of_it_with_its_words_while_it_waits(self, world, sid):
        message = world.service_messages.accept(ASKED)
        (told,) = world.own_data.of(sid, BrandId("demo"), "en")["messages"]
        assert (told["id"], told["status"]) == (message.id, "accepted")
        assert told["subject"] == "Your order canary-4711"
        assert "cups & saucers" in told["text"]
        world.settle()
        (told,) = world.own_data.of(sid, BrandId("demo"), "en")["messages"]
        assert (told["status"], told["subject"], told["text"]) == ("sent", None, None)


def test_a_row_of_another_message_does_not_open_as_this_one(world, sid):
    first = world.service_messages.accept(ASKED)
    second = world.service_messages.accept(replace(ASKED, once="key#2"))
    rows = world.outside_rows.service_messages
    rows[second.id] = replace(second, sealed=first.sealed)
    world.settle()
    assert status(world, second.id) == (MessageStatus.REFUSED, MessageReason.UNREADABLE)


def test_errors_that_never_end_leave_it_waiting(world, sent_before):
    message = world.service_messages.accept(ASKED)
    world.faults = FailAlways("LedgerStore.load", Moment.BEFORE, Unavailable("no ledger"))
    hand_over(world, message.id, times=10)
    world.faults = no_faults
    assert status(world, message.id) == (MessageStatus.ACCEPTED, None)
    assert not news(world, sent_before)
