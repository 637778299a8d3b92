# SPDX-License-Identifier: Apache-2.0
"""Messages of a service: to whom, once for each request, tried three times, kept a week."""

import json
import logging
from dataclasses import replace

import pytest

from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import BrandId
from chalicelib.domain.messages import KEPT_MS, LEASE_MS, MessageReason, MessageStatus
from chalicelib.domain.templates import TemplateKind, Words
from chalicelib.errors import (
    Conflict,
    DependencyError,
    InputError,
    NotFound,
    NotMailable,
    Throttled,
    Unavailable,
)
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.ledger import Draft
from chalicelib.services.messages import Asked
from chalicelib.services.templates import Said
from chalicelib.vocabulary import EventType
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.template_examples import ENGLISH, ORDER_DATA, SWEDISH
from tests.support.world import VISITOR, World

EMAIL = "visitor@example.org"
ASKED = Asked(template="order", data=ORDER_DATA, email=EMAIL, once="key#1")
SILENCE = Sent(outcome=Outcome.UNKNOWN)


@pytest.fixture
def world():
    made = World()
    made.templates.create(
        template_id="order",
        brand_id="demo",
        name="Order",
        kind=TemplateKind.SERVICE,
        said=Said(words={"en": Words(**ENGLISH), "sv": Words(**SWEDISH)}),
    )
    return made


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


@pytest.fixture
def sent_before(world, sid):
    return len(world.mails)


def news(world, before):
    """What SES took since."""
    return [mailed.message for mailed in world.mails[before:]]


def suppress(world, sid, reason, brand=None):
    draft = Draft(type=EventType.SUPPRESSION_ADDED, reason=reason, brand=brand)
    world.ledger.append(world.ledger.open(sid), [draft])


def restrict(world, sid):
    draft = Draft(type=EventType.SUBJECT_RESTRICTED, channel=None, reason="accuracy-contested")
    world.ledger.append(world.ledger.open(sid), [draft])


def erase(world, sid):
    asked = world.erasures.request({"subscriber": sid}, key_id="A" * 22, suppress=False)
    world.erasures.approve(asked.id, "B" * 21 + "A")
    world.settle(Queue.ERASURES)


def hand_over(world, message_id, times=1):
    """Give a worker the message's queue message; what it raises goes back to the queue."""
    for _ in range(times):
        try:
            world.handle(Queue.CONFIRMATIONS, {"v": 1, "message": message_id})
        except (Conflict, DependencyError):
            world.time.advance(LEASE_MS)


def status(world, message_id):
    message = world.service_messages.get(message_id)
    return message.status, message.reason


class TestTheMail:
    def test_a_message_reaches_its_person_with_controller_and_reason(self, world, sent_before):
        message = world.service_messages.accept(ASKED)
        assert message.status is MessageStatus.ACCEPTED
        world.settle()
        (mail,) = news(world, sent_before)
        assert (mail.to, mail.subject) == (EMAIL, "Your order canary-4711")
        brand = world.brands.get("demo")
        for part in (mail.html, mail.text):
            assert ENGLISH["reason"] in part
            assert brand.controller_name in part
            assert brand.postal_address in part
        assert "cups &amp; saucers" in mail.html
        assert "cups & saucers" in mail.text
        assert status(world, message.id) == (MessageStatus.SENT, None)

    def test_nothing_in_it_is_counted_and_there_is_no_list_to_leave(self, world, sent_before):
        world.service_messages.accept(ASKED)
        world.settle()
        (mail,) = news(world, sent_before)
        assert mail.headers == ()
        assert 'href="https://shop.example.org/orders"' in mail.html
        for part in (mail.html, mail.text):
            assert not [way for way in ("/c/", "/o/", "unsubscribe", "preferences") if way in part]
        assert "<img" not in mail.html

    def test_phones_and_readers_get_what_its_author_left_out(self, world, sent_before):
        world.service_messages.accept(replace(ASKED, language="sv"))
        world.settle()
        (mail,) = news(world, sent_before)
        assert '<html lang="sv">' in mail.html
        assert 'name="viewport"' in mail.html

    @pytest.mark.parametrize(
        ("wanted", "subject"), [("sv", "Din"), ("en", "Your"), ("de", "Your"), (None, "Your")]
    )
    def test_the_language_is_the_one_asked_for_or_the_brands(
        self, world, sent_before, wanted, subject
    ):
        world.service_messages.accept(replace(ASKED, language=wanted))
        world.settle()
        assert news(world, sent_before)[0].subject.startswith(subject)

    def test_without_a_wish_it_is_the_persons_own_language(self, world):
        world.signup.submit(
            "demo", {"email": "reader@example.org", "newsletter": "yes"}, VISITOR, "sv"
        )
        world.settle()
        before = len(world.mails)
        world.service_messages.accept(replace(ASKED, email="reader@example.org"))
        world.settle()
        assert news(world, before)[0].subject.startswith("Din")

    def test_one_goes_to_whom_the_id_names(self, world, sid, sent_before):
        world.service_messages.accept(replace(ASKED, email=None, subscriber=sid))
        world.settle()
        assert news(world, sent_before)[0].to == EMAIL

    def test_a_template_changed_or_deleted_since_changes_no_message(self, world, sent_before):
        world.service_messages.accept(ASKED)
        world.templates.delete("order")
        world.settle()
        assert news(world, sent_before)[0].subject == "Your order canary-4711"


class TestToWhom:
    def test_a_stranger_gets_none_and_nothing_is_kept(self, world, sid):
        for nobody in (
            replace(ASKED, email="nobody@example.org"),
            replace(ASKED, email=None, subscriber="A" * 22),
        ):
            with pytest.raises(NotFound):
                world.service_messages.accept(nobody)
        assert not world.outside_rows.service_messages
        assert not world.messages.take(Queue.CONFIRMATIONS)

    @pytest.mark.parametrize(
        ("reason", "told"),
        [
            (SuppressionReason.BOUNCE, MessageReason.BOUNCED),
            (SuppressionReason.COMPLAINT, MessageReason.COMPLAINED),
            (SuppressionReason.MANUAL, MessageReason.SUPPRESSED),
            (SuppressionReason.UNSUBSCRIBED, None),
        ],
    )
    def test_who_bounced_complained_or_was_named_by_the_operator_gets_none(
        self, world, sid, reason, told
    ):
        suppress(world, sid, reason)
        if told is None:
            assert world.service_messages.accept(ASKED).status is MessageStatus.ACCEPTED
            return
        with pytest.raises(NotMailable) as caught:
            world.service_messages.accept(ASKED)
        assert caught.value.problems == {"email": told}
        assert not world.outside_rows.service_messages

    def test_another_brands_complaint_bars_nobody(self, world, sid):
        suppress(world, sid, SuppressionReason.COMPLAINT, BrandId("another"))
        assert world.service_messages.accept(ASKED).status is MessageStatus.ACCEPTED

    def test_who_left_every_list_still_gets_what_they_ordered(self, world, sid, sent_before):
        objected = Draft(type=EventType.OBJECTION_RECORDED, brand=BrandId("demo"), via="page")
        world.ledger.append(world.ledger.open(sid), [objected])
        world.service_messages.accept(ASKED)
        world.settle()
        assert len(news(world, sent_before)) == 1

    def test_who_asked_for_a_restriction_gets_none(self, world, sid):
        restrict(world, sid)
        with pytest.raises(NotMailable) as caught:
            world.service_messages.accept(replace(ASKED, email=None, subscriber=sid))
        assert caught.value.problems == {"subscriber": MessageReason.RESTRICTED}

    def test_who_was_erased_gets_none(self, world, sid):
        erase(world, sid)
        with pytest.raises(NotMailable) as caught:
            world.service_messages.accept(replace(ASKED, email=None, subscriber=sid))
        assert caught.value.problems == {"subscriber": MessageReason.ERASED}
        with pytest.raises(NotFound):
            world.service_messages.accept(ASKED)

    @pytest.mark.parametrize("stop", [restrict, lambda w, s: suppress(w, s, "bounce")])
    def test_a_stop_after_it_was_taken_in_is_obeyed(self, world, sid, sent_before, stop):
        message = world.service_messages.accept(ASKED)
        stop(world, sid)
        world.settle()
        assert not news(world, sent_before)
        state, reason = status(world, message.id)
        assert state is MessageStatus.REFUSED
        assert reason is (
            MessageReason.RESTRICTED if stop is restrict else MessageReason.BOUNCED
        )

    def test_an_erasure_reaches_a_message_that_waits(self, world, sid, sent_before):
        message = world.service_messages.accept(ASKED)
        erase(world, sid)
        assert not world.outside_rows.service_messages
        world.settle()
        assert not news(world, sent_before)
        with pytest.raises(NotFound):
            world.service_messages.get(message.id)

    @pytest.mark.parametrize("template", ["news", "nothing"])
    def test_only_a_template_of_a_service_can_be_sent(self, world, sid, template):
        with pytest.raises(InputError) as caught:
            world.service_messages.accept(replace(ASKED, template=template))
        assert caught.value.code == "unknown_template"

    @pytest.mark.parametrize(
        "data",
        [{}, {"order": {"number": "1"}}, {"order": {"number": None, "items": []}}, {"order": 1}],
    )
    def test_data_the_template_cannot_be_filled_with_is_refused_at_once(self, world, sid, data):
        with pytest.raises(InputError) as caught:
            world.service_messages.accept(replace(ASKED, data=data))
        assert caught.value.code == "bad_template"
        assert not world.outside_rows.service_messages


class TestOnce:
    def test_the_same_request_is_the_same_message(self, world, sent_before):
        made = {world.service_messages.accept(ASKED).id for _ in range(3)}
        world.settle()
        assert len(made) == 1
        assert len(news(world, sent_before)) == 1
        assert world.service_messages.accept(ASKED).status is MessageStatus.SENT
        world.settle()
        assert len(news(world, sent_before)) == 1

    def test_another_request_under_its_key_is_refused(self, world, sid):
        world.service_messages.accept(ASKED)
        with pytest.raises(InputError) as caught:
            world.service_messages.accept(replace(ASKED, language="sv"))
        assert caught.value.code == "idempotency_key_reused"

    def test_without_a_key_each_request_is_a_message(self, world, sent_before):
        for _ in range(2):
            world.service_messages.accept(replace(ASKED, once=""))
        world.settle()
        assert len(news(world, sent_before)) == 2

    @pytest.mark.parametrize("moment", Moment)
    @pytest.mark.parametrize("call", ["MessageStore.create", "Queues.send", "MessageStore.get"])
    def test_a_lost_answer_and_the_same_request_again_make_one_mail(
        self, world, sent_before, call, moment
    ):
        world.faults = FailOnce(call, moment)
        with pytest.raises(DependencyError):
            world.service_messages.accept(ASKED)
        world.faults = no_faults
        message = world.service_messages.accept(ASKED)
        world.settle()
        assert len(news(world, sent_before)) == 1
        assert status(world, message.id)[0] is MessageStatus.SENT

    def test_a_queue_message_that_comes_again_mails_nobody_twice(self, world, sent_before):
        message = world.service_messages.accept(ASKED)
        hand_over(world, message.id, times=5)
        assert len(news(world, sent_before)) == 1

    def test_while_one_worker_mails_it_no_other_does(self, world, sent_before):
        message = world.service_messages.accept(ASKED)
        refused = []

        def meanwhile(call, moment):
            if (call, moment) == ("Sender.send_one", Moment.BEFORE):
                world.faults = no_faults
                with pytest.raises(Conflict):
                    world.message_mail.send(message.id)
                refused.append(call)

        world.faults = meanwhile
        world.message_mail.send(message.id)
        assert refused
        assert len(news(world, sent_before)) == 1


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
