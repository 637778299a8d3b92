# SPDX-License-Identifier: Apache-2.0
"""A worker killed twenty times in the middle of one campaign: nobody gets it twice, nobody is lost.

All is real but AWS, which moto and our own SES endpoint play over HTTP, and the time a dead
worker's lease takes to end: after each kill the clock is set ahead instead.
"""

import os
import signal
import time
from collections import Counter
from random import Random  # noqa: TID251  # seeded: a failing run can be tried again

import pytest

from chalicelib.adapters import aws
from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.outcomes import OutcomeCode
from chalicelib.services.runs import LEASE_MS, MAX_TRIES
from chalicelib.services.unknowns import SILENCE_MS
from infra.local.ses_account import Fault
from tests.support.sending_site import SendingSite
from tests.support.sending_worker import Worker

PEOPLE = 2_000
KILLS = 20
CALL = 50
"""People in a call of SES at most."""
SEED = int(os.environ.get("SEED", "5"))
LAST_DUE = 0.6
"""The share of the people SES has taken when the last kill is due."""
LATENCY_MS = (30, 150)
LATEST_S = 0.4
"""A kill comes so long after it is due, at most: about as long as a chunk takes."""
AIMED_S = 0.06
"""And so long after SES took a call, of those aimed at it."""
LOOK_S = 0.003
HIDDEN_S = 3
"""How long a message that a worker took is hidden from the next; in the cloud twelve minutes."""
MOST_SECONDS = 180.0
"""For one step, on a machine that is busy with much else."""


@pytest.fixture
def site(tmp_path, monkeypatch):
    print(f"SEED={SEED}")  # Shown of a test that failed.
    made = SendingSite(tmp_path, monkeypatch)
    made.add_readers(PEOPLE)
    hidden = {"VisibilityTimeout": str(HIDDEN_S)}
    aws.client("sqs").set_queue_attributes(QueueUrl=made.chunks_url, Attributes=hidden)
    yield made
    aws.forget_clients()


class Workers:
    """One worker after the other, each killed at a moment that chance chose."""

    def __init__(self, site, folder):
        self._site = site
        self._log = folder / "workers.log"
        self._chance = Random(SEED)
        self._next = Worker(self._log)
        self._at_work: Worker | None = None
        self._kills: Counter[tuple[str, int]] = Counter()
        self._answer = Fault(kind="stall", times=100_000)
        site.ses.account.faults.append(self._answer)

    @property
    def hits(self):
        """Kills that met a worker in the middle of a run."""
        return self._kills.total()

    def start(self):
        """Let the worker work that was loaded meanwhile, and load another."""
        self._at_work, self._next = self._next, Worker(self._log)
        site = self._site
        return self._at_work.begin(site.environment, site.chunks_url, site.clock.ahead_ms)

    def kill(self, worker):
        """Kill a living worker in its turn; whether it was in the middle of a run is counted.

        Every other kill is aimed at the moments after SES took a call.
        """
        due, latest_s = int(PEOPLE * LAST_DUE * self.hits / KILLS), LATEST_S
        if self.hits % 2:
            due, latest_s = max(due, self._site.ses.mailbox.accepted + 1), AIMED_S
        self._wait(worker, due)
        time.sleep(self._chance.uniform(0, latest_s))
        self._wait(worker, due)
        assert worker.alive
        assert worker.kill() == -signal.SIGKILL
        if worker.run is not None:
            self._kills[worker.run] += 1

    def _wait(self, worker, due):
        """Wait until SES took ``due`` mails and the run it is at may be stopped once more.

        A run that stopped worker after worker has a chunk given up, which is another test's story.
        """
        latest = time.monotonic() + MOST_SECONDS
        while True:
            latency_ms = self._chance.randint(*LATENCY_MS)
            # Half of it passes before SES took the call, the rest before it says so.
            self._site.ses.account.latency_ms = latency_ms // 2
            self._answer.milliseconds = latency_ms - latency_ms // 2
            run = worker.run
            may = run is not None and self._kills[run] + 1 < MAX_TRIES
            if may and self._site.ses.mailbox.accepted >= due:
                return
            assert time.monotonic() < latest, f"no run to stop at mail {due}"
            time.sleep(LOOK_S)

    def close(self):
        for each in (self._at_work, self._next):
            if each is not None and each.alive:
                each.kill()


@pytest.fixture
def workers(site, tmp_path):
    made = Workers(site, tmp_path)
    yield made
    made.close()


def by_outcome(site, campaign):
    """Addresses of everybody planned, by what is known of them."""
    found = {code: set() for code in OutcomeCode}
    for recipient, code in site.people_of(campaign):
        found[OutcomeCode(code)].add(site.addresses[recipient.sid])
    return {code: people for code, people in found.items() if people}


def later(site, duration_ms):
    """Let time pass, a mail be sent, its events come, and the clock look after everybody."""
    site.clock.advance(duration_ms)
    site.tested()
    site.hear()
    site.container.watch.advance()


@pytest.mark.slow
def test_twenty_kills_of_a_worker_lose_nobody_and_mail_nobody_twice(site, workers):
    campaign = site.started()
    for _ in range(2 * KILLS):
        worker = workers.start()
        if workers.hits == KILLS:
            break
        workers.kill(worker)
        assert site.status(campaign) is CampaignStatus.SENDING
        assert site.mailed(campaign).total() < PEOPLE
        site.clock.advance(LEASE_MS)
        site.container.watch.advance()
    assert workers.hits == KILLS
    site.finish(campaign, MOST_SECONDS)
    assert worker.stop() == 0

    mailed = site.mailed(campaign)
    assert set(mailed.values()) == {1}
    got = {address for address, _ in mailed}
    assert len(got) == len(mailed)
    deliveries = {(site.addresses[each.sid], each.delivery) for each, _ in site.people_of(campaign)}
    assert set(mailed) <= deliveries
    assert {delivery for _, delivery in mailed} <= site.delivery_rows()

    known = by_outcome(site, campaign)
    assert set(known) == {OutcomeCode.SENT, OutcomeCode.UNKNOWN}
    assert sum(map(len, known.values())) == PEOPLE == len(deliveries)
    assert known[OutcomeCode.SENT] <= got <= known[OutcomeCode.SENT] | known[OutcomeCode.UNKNOWN]
    assert 0 < len(known[OutcomeCode.UNKNOWN]) <= CALL * KILLS
    progress = site.container.chunk_accounts.progress(campaign)[0].progress
    assert (progress.planned, progress.open) == (PEOPLE, 0)
    assert progress.sent + progress.unknown == PEOPLE

    later(site, SILENCE_MS // 4)
    lost = got - known[OutcomeCode.SENT]
    assert by_outcome(site, campaign).get(OutcomeCode.RESOLVED_SENT, set()) == lost
    later(site, SILENCE_MS)
    later(site, SILENCE_MS)
    known = by_outcome(site, campaign)
    assert OutcomeCode.UNKNOWN not in known
    assert known[OutcomeCode.SENT] | known.get(OutcomeCode.RESOLVED_SENT, set()) == got
    assert known.get(OutcomeCode.UNSENT, set()) == set(site.addresses.values()) - got
    progress = site.container.chunk_accounts.progress(campaign)[0].progress
    assert (progress.unknown, progress.open, progress.sent) == (0, 0, len(got))
    assert progress.sent + sum(progress.skipped.values()) == PEOPLE
    print(f"{len(lost)} lost their answer, {PEOPLE - len(got)} were never with SES")
