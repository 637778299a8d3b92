# SPDX-License-Identifier: Apache-2.0
"""Promises 4 and 5 of the design: nobody who said no, nobody twice, nobody lost."""

import json

import pytest

from chalicelib.domain.ids import EventId
from chalicelib.errors import NotFound
from chalicelib.ports.sending import Outcome, Sent
from tests.support.faults import Moment
from tests.support.local_run import until
from tests.support.stack import link_in
from tests.support.stored import chains
from tests.support.world import VISITOR, World

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def deliveries(rows, campaign):
    """Delivery rows of a campaign."""
    return [
        row
        for row in rows["kvitto-campaigns"]
        if row["pk"]["S"].startswith("D#") and row["campaign"]["S"] == campaign
    ]


def delivered(rows, campaign):
    """How many mails of a campaign SES says it delivered."""
    told = [row for row in rows["kvitto-campaigns"] if row["pk"]["S"].startswith(f"F#{campaign}#")]
    return sum(len(row["d"]["NS"]) for row in told if "d" in row)


def count_mails(stack, subject):
    return [
        mail["to"][0]
        for mail in stack.get("/local/mailbox.json").json["messages"]
        if mail["subject"] == subject
    ]


# Promise 4: consent is read last, and the delivery row names the entry that allowed it.


def test_promise_4_every_delivery_row_names_the_confirmation_that_allowed_it(stack):
    stack.subscribe(stack.address("reader"))
    campaign = stack.send_campaign("Allowed", "<p>News</p>")
    progress = stack.finished(campaign)
    rows = stack.settled()
    found, by_subject = deliveries(rows, campaign), chains(rows)
    assert len(found) == progress["sent"] == len(count_mails(stack, "Allowed"))
    for row in found:
        leaf = json.loads(by_subject[row["sid"]["S"]][int(row["entry"]["N"])])
        assert leaf["typ"] == "consent.confirmed"
        assert (leaf["brd"], leaf["lst"]) == ("demo", ["newsletter"])
        assert "newsletter" in leaf["pur"]
        assert int(leaf["ts"]) <= int(row["at_ms"]["N"])


@pytest.mark.slow
def test_promise_4_who_leaves_while_the_mail_is_being_sent_does_not_get_it(own_stack):
    """Break it: SES asks to wait, and the person unsubscribes before the mail is tried again."""
    stack = own_stack(DEMO_SUBSCRIBERS="0").wait_ready()
    email = stack.address("leaves")
    stack.subscribe(email)
    stack.finished(stack.send_campaign("A first one", "<p>News</p>"))
    link = link_in(stack.wait_mail(email, "A first one")["text"], "/unsubscribe")
    campaign = stack.tested_campaign("Too late", "<p>News</p>")
    # Whole requests: after some that are throttled mails go one by one, which have no entries.
    stack.control("POST", "faults", kind="error_429", times=64)
    stack.start_campaign(campaign)
    until(lambda: stack.control("GET", "state")["faults"][0]["times"] < 64, "a call SES refused")
    assert stack.post_form(link, ONE_CLICK).status == 200
    stack.control("DELETE", "faults")
    progress = stack.finished(campaign)
    assert (progress["planned"], progress["sent"]) == (1, 0)
    assert progress["skipped"] == {"no-consent": 1}
    assert count_mails(stack, "Too late") == []


@pytest.mark.parametrize("leaving", [1, 2])
def test_promise_4_who_leaves_between_two_tries_is_left_out_of_the_second(leaving):
    """Break it: SES takes nobody at first, and one or all of them leave while we wait."""
    world, emails = World(), ["first@example.org", "second@example.org"]
    for email in emails:
        world.subscribe(email)
    world.mails.clear()
    campaign = world.campaign()

    def refuse(message):
        """Refuse the first try of each; then those leave who do."""
        if message.to in refused:
            return None
        refused.add(message.to)
        return Sent(outcome=Outcome.RETRY, reason="throttled")

    def leave(_duration_ms):
        for email in refused.intersection(emails[:leaving]) - gone:
            gone.add(email)
            world.suppressions.add(email, "manual")

    refused, gone = set(), set()
    world.mailbox.answer = refuse
    world.time.on_sleep = leave
    world.settle()
    progress = world.campaigns.get(campaign).progress
    assert progress.accounted == progress.planned == 2
    assert progress.skipped == {"suppressed": leaving}
    assert [mailed.message.to for mailed in world.mails] == emails[leaving:]


@pytest.mark.parametrize("act", ["withdraw", "suppress"])
def test_promise_4_the_last_read_decides_however_late_the_act_comes(act):
    """Break it: the act lands after the profile was read and the mail rendered."""
    world, email = World(), "visitor@example.org"
    world.subscribe(email)
    world.campaign()
    world.settle()
    link = dict(world.mails[-1].message.headers)["List-Unsubscribe"].strip("<>")
    world.mails.clear()
    done = []

    def at_the_last_moment(call, moment):
        if (call, moment) == ("SendReads.last_look", Moment.BEFORE) and not done:
            done.append(call)
            if act == "withdraw":
                world.unsubscribe.withdraw(link.rpartition("/")[2], VISITOR, "list-unsub-post")
            else:
                world.suppressions.add(email, "manual")

    campaign = world.campaign()
    world.faults = at_the_last_moment
    world.settle()
    assert done
    assert world.mails == []
    assert sum(world.campaigns.get(campaign).progress.skipped.values()) == 1


def test_promise_4_no_confirmation_mail_leaves_without_its_own_request_entry():
    """Break it: a message names a request that no entry stands for."""
    world = World()
    with pytest.raises(NotFound):
        world.confirmation_mail.send(EventId("AAAAAAAAAAAAAAAAAAAAAA"))
    assert world.mails == []


# Promise 5: nobody twice, nobody lost, an unknown outcome called unknown and then resolved.


def queue_url(sqs, name):
    return sqs.get_queue_url(QueueName=name)["QueueUrl"]


def test_promise_5_queue_messages_that_come_again_mail_nobody_again(stack):
    """Break it: every plan and every chunk is handed over three more times, shuffled."""
    for _ in range(2):
        stack.subscribe(stack.address("reader"))
    campaign = stack.send_campaign("Only once", "<p>News</p>")
    before = stack.finished(campaign)
    sqs = stack.client("sqs")
    for digit in "f0a5c3e18b29d746":
        plan = {"v": 1, "campaign": campaign, "shard": digit}
        chunk = {**plan, "number": 0}
        for _ in range(3):
            for name, body in (("kvitto-chunks", chunk), ("kvitto-plans", plan)):
                sqs.send_message(QueueUrl=queue_url(sqs, name), MessageBody=json.dumps(body))
    counted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left():
        return {
            value
            for name in ("kvitto-chunks", "kvitto-plans")
            for value in sqs.get_queue_attributes(
                QueueUrl=queue_url(sqs, name), AttributeNames=counted
            )["Attributes"].values()
        }

    until(lambda: left() == {"0"}, "an end of the repeats")
    sqs.close()
    mailed = count_mails(stack, "Only once")
    assert len(mailed) == len(set(mailed)) == before["sent"]
    after = stack.finished(campaign)
    numbers = ("planned", "sent", "skipped", "rejected", "unknown")
    assert {name: after[name] for name in numbers} == {name: before[name] for name in numbers}


def test_promise_5_an_answer_that_is_lost_is_unknown_and_never_sent_again(stack):
    """Break it: SES takes the mail and the connection drops before it says so."""
    email = stack.address("unsure")
    stack.subscribe(email)
    campaign = stack.tested_campaign("Unsure", "<p>News</p>")
    stack.control("POST", "faults", kind="drop_after_accept", times=1)
    try:
        stack.start_campaign(campaign)
        progress = stack.finished(campaign)
    finally:
        stack.control("DELETE", "faults")
    mailed = count_mails(stack, "Unsure")
    assert len(mailed) == len(set(mailed))
    parts = progress["sent"] + progress["rejected"] + progress["unknown"]
    assert progress["planned"] == parts + sum(progress["skipped"].values())
    rows = deliveries(stack.settled(), campaign)
    assert len(rows) == len(mailed)
    assert delivered(stack.tables(), campaign) == len(mailed), "SES's own events resolve it"
    until(lambda: stack.finished(campaign)["unknown"] == 0, "the end of all doubt")
    assert stack.finished(campaign)["sent"] == len(mailed)


def test_promise_5_a_call_that_never_arrived_is_not_called_sent(stack):
    """Break it: the connection drops before SES takes anything."""
    email = stack.address("lost")
    stack.subscribe(email)
    campaign = stack.tested_campaign("Lost on the way", "<p>News</p>")
    stack.control("POST", "faults", kind="drop_before_accept", times=1)
    try:
        stack.start_campaign(campaign)
        progress = stack.finished(campaign)
    finally:
        stack.control("DELETE", "faults")
    mailed = count_mails(stack, "Lost on the way")
    assert len(mailed) == len(set(mailed)) == progress["sent"]
    assert progress["unknown"] + progress["rejected"] >= 1
