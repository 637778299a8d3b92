# SPDX-License-Identifier: Apache-2.0
"""Messages of runs that come again, in any order, late or out of a dead-letter queue: never twice.

Two workers take them from moto's queues and hand them to the app's own handler, side by side.
"""

import json
from random import Random  # noqa: TID251  # seeded: the same order each time

import pytest

from chalicelib.adapters import aws
from chalicelib.domain.campaign_steps import STALLED_MS
from chalicelib.domain.outcomes import OutcomeCode
from chalicelib.services.runs import LEASE_MS, run_of
from infra.local.ses_account import Fault
from tests.support.local_run import until
from tests.support.sending_site import SendingSite
from tests.support.sending_worker import Worker

PEOPLE = 160
CALL = 5
"""People in a chunk, so that a run has several."""
COPIES = 5
HIDDEN_S = 2
SEED = 5
MOST_SECONDS = 180.0
pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path, monkeypatch):
    made = SendingSite(tmp_path, monkeypatch)
    made.add_readers(PEOPLE)
    made.ses.account.bucket.set_rate(CALL)
    yield made
    aws.forget_clients()


@pytest.fixture
def workers(site, tmp_path):
    """Start two workers; they are stopped with the test at the latest."""
    working: list[Worker] = []

    def start():
        loaded = [Worker(tmp_path / f"worker{number}.log") for number in range(2)]
        for each in loaded:
            each.begin(site.environment, site.chunks_url, site.clock.ahead_ms)
        working.extend(loaded)

    def stop():
        while working:
            assert working.pop().stop() == 0

    start.stop = stop
    yield start
    stop()


def dead_letters_of(site):
    """The queue that messages are set aside in."""
    return aws.client("sqs").get_queue_url(QueueName="kvitto-chunks-dlq")["QueueUrl"]


def set_aside_after(site, receives):
    """Have messages set aside after so many receives; they are hidden for two seconds only."""
    sqs = aws.client("sqs")
    (policy,) = sqs.get_queue_attributes(
        QueueUrl=site.chunks_url, AttributeNames=["RedrivePolicy"]
    )["Attributes"].values()
    changed = {**json.loads(policy), "maxReceiveCount": receives}
    attributes = {"VisibilityTimeout": str(HIDDEN_S), "RedrivePolicy": json.dumps(changed)}
    sqs.set_queue_attributes(QueueUrl=site.chunks_url, Attributes=attributes)


def waiting(url):
    """Messages in a queue, those in somebody's hands included."""
    names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(map(int, answer["Attributes"].values()))


def taken_out(site, url):
    """Every message of a queue, which is empty then."""
    messages = site.receive(url, 1_000)
    site.delete(url, messages)
    return [message["Body"] for message in messages]


def put_back(site, bodies):
    for body in bodies:
        aws.client("sqs").send_message(QueueUrl=site.chunks_url, MessageBody=body)


def planned(site):
    """A campaign whose runs wait, planned at a small quota and sent at a large one."""
    campaign = site.started()
    site.ses.account.bucket.set_rate(500)
    site.clock.advance(2 * 60_000)  # The quota is asked for once a minute.
    return campaign


def worked_off(site, campaign):
    """Wait until everybody is accounted for and no message is left; return who has the mail."""
    site.finish(campaign, MOST_SECONDS)
    until(lambda: not waiting(site.chunks_url), "the end of the messages", MOST_SECONDS)
    mailed = site.mailed(campaign)
    assert set(mailed.values()) == {1}
    return {address for address, _ in mailed}


def with_outcome(site, campaign, *codes):
    return {site.addresses[each.sid] for each, code in site.people_of(campaign) if code in codes}


def test_messages_five_times_each_in_any_order_mail_everybody_once(site, workers):
    campaign = planned(site)
    set_aside_after(site, 60)
    bodies = taken_out(site, site.chunks_url)
    assert len(bodies) == 16
    again = bodies * COPIES
    Random(SEED).shuffle(again)
    put_back(site, again)
    site.ses.account.faults.append(Fault(kind="drop_after_accept", times=2))
    workers()
    got = worked_off(site, campaign)
    assert got == set(site.addresses.values())
    unknown = with_outcome(site, campaign, OutcomeCode.UNKNOWN)
    assert CALL < len(unknown) <= 2 * CALL
    assert with_outcome(site, campaign, OutcomeCode.SENT) == got - unknown

    put_back(site, again)
    until(lambda: not waiting(site.chunks_url), "the end of the messages", MOST_SECONDS)
    assert set(site.mailed(campaign).values()) == {1}


def test_messages_set_aside_are_redriven_any_number_of_times_and_mail_everybody_once(site, workers):
    campaign = planned(site)
    set_aside_after(site, 2)
    bodies = taken_out(site, site.chunks_url)
    for body in bodies:
        site.container.runs.lease(
            run_of(json.loads(body)), "a worker that died", site.clock.now_ms(), LEASE_MS
        )
    put_back(site, bodies)
    aside = dead_letters_of(site)
    workers()
    until(lambda: waiting(aside) == len(bodies), "the end of their receives", MOST_SECONDS)
    workers.stop()
    assert not site.mailed(campaign)

    site.clock.advance(STALLED_MS + LEASE_MS)
    set_aside_after(site, 60)
    site.container.watch.advance()
    assert waiting(site.chunks_url) == len(bodies)
    redriven = taken_out(site, aside)
    assert sorted(redriven) == sorted(bodies)
    put_back(site, redriven[::-1] + redriven)
    workers()
    got = worked_off(site, campaign)
    assert got == with_outcome(site, campaign, OutcomeCode.SENT) == set(site.addresses.values())

    put_back(site, redriven)
    until(lambda: not waiting(site.chunks_url), "the end of the messages", MOST_SECONDS)
    assert set(site.mailed(campaign).values()) == {1}
