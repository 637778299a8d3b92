# SPDX-License-Identifier: Apache-2.0
"""Worlds with runs to send, and what happens beside them: who leaves, and time passing."""

from chalicelib.domain.campaign_steps import LOST_MS as EXPIRY_MS
from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.events import Via
from chalicelib.domain.ids import CampaignId
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.runs import LEASE_MS
from tests.support.run_world import RunWorld
from tests.support.world import VISITOR

ASKED_TO_WAIT = Sent(outcome=Outcome.RETRY, reason="ACCOUNT_THROTTLED")
REFUSED = Sent(outcome=Outcome.REJECTED, reason="malformed_subject")
UNANSWERED = Sent(outcome=Outcome.UNKNOWN, reason="no answer")
SEED = 6
"""A seed with which two people share a shard soon; with any other the tests only take longer."""


def people(count: int) -> list[str]:
    """So many addresses."""
    return [f"reader{number:03d}@example.org" for number in range(count)]


def six_readers() -> RunWorld:
    """A world with six subscribers and nothing mailed yet."""
    made = RunWorld()
    for email in people(6):
        made.subscribe(email)
    made.mails.clear()
    return made


class OneRun(RunWorld):
    """Three people of one shard in chunks of one, and some in others; no message waits.

    Attributes:
        together: addresses of the three; ``shard``, ``run``: theirs, of the campaign ``id``.
    """

    def __init__(self) -> None:
        super().__init__(SEED)
        self.together = self.sharing_a_shard(3)
        self.mailbox.per_second = 1.0
        self.id = self.planned()
        self.shard = self.shard_of(self.together[0])
        self.run = next(run for run in self.unfinished_runs(self.id) if run.shard == self.shard)
        self.messages.take(Queue.CHUNKS)
        self.mailbox.calls.clear()


def expire(world: RunWorld, campaign: CampaignId) -> None:
    """Let two minutes and every lease pass, and call unknown who was not heard of again."""
    world.time.advance(LEASE_MS + 1)
    for shard in "0123456789abcdef":
        world.accounts.expire(campaign, shard, world.time.now_ms() - EXPIRY_MS)


def go_on(world: RunWorld, campaign: CampaignId, times: int = 3) -> None:
    """Do what the clock does until nothing is left to do."""
    for _ in range(times):
        expire(world, campaign)
        if world.campaigns.get(campaign).status is not CampaignStatus.PAUSED:
            world.plan(campaign)
        world.work()


def unsubscribe(world: RunWorld, email: str) -> None:
    """Press the button that the person's newest mail gives their mail program."""
    mail = [m for m in world.mails if m.message.to == email][-1]
    token = dict(mail.message.headers)["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST)
