# SPDX-License-Identifier: Apache-2.0
"""Somebody who retries campaigns: as soon as one is over, again and again, and once in peace.

What is drawn for it is drawn apart from all else, so that a life without it is what it was. What
must hold: at most one mail that SES took for each person in a campaign and all its retries, and
nobody planned again who has, or may have, the mail.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from random import Random  # noqa: TID251  # seeded: a failing run replays exactly
from typing import TYPE_CHECKING

from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.outcomes import OutcomeCode
from chalicelib.domain.runs import ChunkView
from chalicelib.errors import DependencyError, StateError
from tests.simulation.simulation import Crash
from tests.simulation.watch import BrokenPromise
from tests.support.memory_runs import MemoryChunkAccounts

if TYPE_CHECKING:
    from tests.simulation.sending.life import Life
    from tests.simulation.sending.processes import RunProcess

CHANCE = 0.3
"""How many lives have somebody who retries."""
EARLY = 3
"""Rounds of peace in which SES tells of nothing where somebody retries."""
LONGEST = 2
"""How often a campaign and then its retries are retried."""
FAILED = frozenset(
    {
        OutcomeCode.REJECTED,
        OutcomeCode.FAILED,
        OutcomeCode.RENDERING,
        OutcomeCode.UNREADABLE,
        OutcomeCode.NO_PROFILE,
    }
)
"""What somebody is in the end who was rightly sent to again; `UNSENT`, where that was wished."""

_REFUSED = bytes.maketrans(bytes((OutcomeCode.UNKNOWN,)), bytes((OutcomeCode.REJECTED,)))

Stored = Mapping[CampaignId, Campaign]


def lineage(campaign: CampaignId, stored: Stored) -> Iterator[CampaignId]:
    """Yield a campaign, the one it retries, and so on to the first."""
    found: CampaignId | None = campaign
    while found is not None:
        yield found
        found = stored[found].retry_of


def mailed_once(
    accepted: Mapping[tuple[CampaignId, str], str], key: tuple[CampaignId, str], stored: Stored
) -> None:
    """Judge a mail that SES just took."""
    campaign, to = key
    family = set(lineage(campaign, stored))
    if any(of in family and person == to for of, person in accepted if of != campaign):
        raise BrokenPromise(f"D1: {to} was mailed by a campaign and by its retry")


class UnknownAsRefused(MemoryChunkAccounts):
    """Accounts in which SES refused whoever is unknown; wrong, and to be found out."""

    def chunks(self, campaign: CampaignId, shard: str) -> Iterator[ChunkView]:
        for view in super().chunks(campaign, shard):
            codes = (view.codes or b"").translate(_REFUSED)
            yield replace(view, codes=codes or None)


class Retrying:
    """Who retries in one life."""

    def __init__(self, seed: int) -> None:
        self._random = random = Random(f"{seed} retries")
        self.takes_part = random.random() < CHANCE
        self._unsent = random.random() < 0.5
        self._early = EARLY

    def tasks(self, life: "Life", *, mixed: bool) -> dict[str, Callable[[], None]]:
        """What it does while campaigns are sent; yesterday's code knows of no retries."""
        if not self.takes_part or mixed:
            return {}
        return {"retrier": lambda: self._work(life)}

    def _work(self, life: "Life") -> None:
        while not life.over():
            life.nap(self._random.choice((4_000, 15_000, 60_000)))
            for campaign in self._last(life):
                if life.rows.catalog.campaigns[campaign].started_ms is not None:
                    process = life.process()
                    self._try(life, process, campaign)  # type: ignore[arg-type]  # none is mixed

    def in_haste(self, life: "Life", process: "RunProcess") -> bool:
        """Retry in peace whoever is unknown yet; say whether SES told of nobody so far."""
        if not self.takes_part or not self._early:
            return False
        self._early -= 1
        self.once_more(life, process)
        return True

    def once_more(self, life: "Life", process: "RunProcess") -> bool:
        """Retry in peace what is over; say whether anything came of it."""
        if not self.takes_part:
            return False
        made = [self._try(life, process, each) for each in self._last(life)]
        return any(made)

    def _try(self, life: "Life", process: "RunProcess", campaign: CampaignId) -> bool:
        before = len(life.rows.catalog.campaigns)
        try:
            process.campaign_retries.retry(campaign, unsent=self._unsent)
        except (Crash, StateError, DependencyError) as error:
            life.note(f"  no retry: {type(error).__name__}")
        made = len(life.rows.catalog.campaigns) - before
        life.counts["retries"] += made
        return bool(made)

    def _last(self, life: "Life") -> list[CampaignId]:
        """The last retry of each campaign, or itself; none of one retried often enough."""
        stored = life.rows.catalog.campaigns
        retried = {each.retry_of for each in stored.values()}
        return [
            each
            for each in list(stored)
            if each not in retried and len(list(lineage(each, stored))) <= LONGEST
        ]


def judge(
    life: "Life", campaign: Campaign, outcomes: Callable[[CampaignId], Mapping[str, OutcomeCode]]
) -> None:
    """Judge whom a campaign was for, if it is a retry."""
    if campaign.retry_of is None:
        return
    before = outcomes(campaign.retry_of)
    rightly = FAILED | {OutcomeCode.UNSENT} if campaign.retry_unsent else FAILED
    for to in outcomes(campaign.id):
        if before[to] not in rightly:
            raise BrokenPromise(f"D1: {to} was {before[to].name}, and is in the retry")
    life.counts["people retried"] += len(outcomes(campaign.id))
    life.counts.update(Counter(f"retried {before[to].name}" for to in outcomes(campaign.id)))
