# SPDX-License-Identifier: Apache-2.0
"""Messages of a service: what arrives, to whom, and once for each request."""

from dataclasses import replace

import pytest

from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import BrandId
from chalicelib.domain.messages import MessageReason, MessageStatus
from chalicelib.errors import Conflict, DependencyError, InputError, NotFound, NotMailable
from chalicelib.ports.outside import Queue
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.service_messages import (
    ASKED,
    EMAIL,
    erase,
    hand_over,
    news,
    restrict,
    service_world,
    status,
    suppress,
)
from tests.support.template_examples import ENGLISH
from tests.support.world import VISITOR


@pytest.fixture
def world():
    return service_world()


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


@pytest.fixture
def sent_before(world, sid):
    return len(world.mails)


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
        assert reason is (MessageReason.RESTRICTED if stop is restrict else MessageReason.BOUNCED)

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
