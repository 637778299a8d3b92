# SPDX-License-Identifier: Apache-2.0
"""What the clock does to campaigns, each minute: starts, wakes, expires and finishes them.

Guarantees that a scheduled campaign is started once however often and by however many it is looked
at, that one that cannot start says why, that one in trouble keeps no other waiting, that whose
outcome is unknown is looked after until it is not, and that every step repeats without effect. A
shard is read no more once nobody in it can be sent to, and never more of it held than a page.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from chalicelib.domain.breakers import NO_STOPS, Stops
from chalicelib.domain.campaign_steps import LOST_MS, Look, Step, step, wakes
from chalicelib.domain.campaigns import Act, Campaign, CampaignStatus, ChunkStatus, next_status
from chalicelib.domain.ids import SHARDS, CampaignId
from chalicelib.domain.outcomes import UNKNOWN
from chalicelib.domain.plan_gate import PLANNING, missing
from chalicelib.domain.runs import ChunkView, Totals
from chalicelib.errors import Conflict, IllegalTransition, InputError, KvittoError, NotTested
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.runs import ChunkAccounts, PlanTotals
from chalicelib.ports.system import Clock
from chalicelib.services.campaign_messages import CampaignMessages
from chalicelib.services.campaign_sight import NOT_TESTED
from chalicelib.services.campaign_start import CampaignStart
from chalicelib.services.campaign_stops import CampaignStops
from chalicelib.services.plan_gate import PlanGate
from chalicelib.services.unknowns import Unknowns

_OVER = (CampaignStatus.SENT, CampaignStatus.CANCELLED)


@dataclass(slots=True, kw_only=True)
class _Shard:
    """What was read of a shard's chunks."""

    finished: int = 0
    is_unknown: bool = False
    is_lost: bool = False
    moved_ms: int = 0

    def add(self, view: ChunkView, before_ms: int) -> None:
        """Count one chunk."""
        self.finished += view.finished
        self.is_unknown |= UNKNOWN in (view.codes or b"")
        self.moved_ms = max(self.moved_ms, view.dispatched_ms or 0, view.at_ms or 0)
        dispatched = view.status is ChunkStatus.DISPATCHED
        self.is_lost |= dispatched and (view.dispatched_ms or 0) < before_ms


class Watch:
    """Looks after every campaign that waits for its time or runs."""

    def __init__(
        self,
        *,
        start: CampaignStart,
        campaigns: Campaigns,
        totals: PlanTotals,
        accounts: ChunkAccounts,
        messages: CampaignMessages,
        gate: PlanGate,
        stops: CampaignStops,
        unknowns: Unknowns,
        clock: Clock,
    ) -> None:
        self._start = start
        self._campaigns = campaigns
        self._totals = totals
        self._accounts = accounts
        self._messages = messages
        self._gate = gate
        self._stops = stops
        self._unknowns = unknowns
        self._clock = clock
        self._settled: dict[CampaignId, dict[str, int]] = {}
        """By campaign, the shards in which nobody can be sent to, and when they last moved."""

    def advance(self) -> int:
        """Start what is due, then move every campaign on that is not fully accounted for.

        Return how many are unfinished. Idempotent; safe beside workers and beside itself.

        Raises:
            KvittoError: the first that a campaign met; all others were looked at all the same.
        """
        met: list[KvittoError] = []
        for campaign in self._campaigns.due(self._clock.now_ms()):
            self._try(self._begin, campaign, met)
        unfinished = self._campaigns.unfinished()
        self._forget(campaign.id for campaign in unfinished)
        stops = self._stopped(met)
        for campaign in unfinished:
            self._try(lambda each: self._move(self._stops.obeyed(each, stops)), campaign, met)
        self._settle(stops, unfinished, met)
        self._unknowns.look()
        if met:
            raise met[0]
        return len(unfinished)

    def _stopped(self, met: list[KvittoError]) -> Stops:
        """Return what is held; nothing where that cannot be read: the sender looks for itself."""
        try:
            return self._stops.standing()
        except KvittoError as error:
            met.append(error)
            return NO_STOPS

    def _settle(self, stops: Stops, unfinished: Iterable[Campaign], met: list[KvittoError]) -> None:
        try:
            self._stops.settle(stops, {campaign.id for campaign in unfinished})
        except KvittoError as error:
            met.append(error)

    def _try(
        self, act: Callable[[Campaign], None], campaign: Campaign, met: list[KvittoError]
    ) -> None:
        try:
            act(campaign)
        except Conflict:
            return  # Somebody changed it meanwhile; the next minute looks again.
        except KvittoError as error:
            met.append(error)

    def _begin(self, campaign: Campaign) -> None:
        try:
            self._start.start(campaign)
        except NotTested:
            self._put_back(campaign, NOT_TESTED)
        except InputError as error:
            self._put_back(campaign, error.code)
        except IllegalTransition:
            return  # Somebody else changed it meanwhile.

    def _put_back(self, campaign: Campaign, problem: str) -> None:
        """Take a campaign off the clock that cannot be started as it is, and say why."""
        status = next_status(campaign.status, Act.UNSCHEDULE)
        self._campaigns.replace(
            replace(campaign, status=status, scheduled_ms=None, problem=problem)
        )

    def _move(self, campaign: Campaign) -> None:
        totals = self._totals.totals(campaign.id)
        now_ms = self._clock.now_ms()
        look = self._look(campaign, totals, now_ms)
        act = step(campaign, look, now_ms)
        if act is Step.GATE:
            self._gate.arrive(campaign, totals)
        elif act in (Step.PLAN, Step.SEND):
            self._wake(campaign, look, totals, now_ms)
        elif act is Step.FINISH:
            self._finish(campaign, totals, now_ms)

    def _look(self, campaign: Campaign, totals: Totals, now_ms: int) -> Look:
        if not totals.whole or campaign.go_ms is None:
            return Look(whole=totals.whole)
        settled, done = self._settled.setdefault(campaign.id, {}), dict[str, int]()
        is_open, is_unknown, moved_ms = False, False, 0
        for shard in SHARDS:
            if shard not in settled:
                read = self._read(campaign, shard, now_ms)
                chunks = -(-totals.people[shard] // campaign.chunk_size)
                finished = read.finished >= chunks
                is_open, is_unknown = is_open or not finished, is_unknown or read.is_unknown
                if finished:
                    done[shard] = read.moved_ms
                moved_ms = max(moved_ms, read.moved_ms)
        if is_unknown:
            # Before it is finished: from then on nobody comes back to it for another reason.
            self._unknowns.note(campaign.id)
        settled |= done
        return Look(whole=True, is_open=is_open, moved_ms=max([moved_ms, *settled.values()]))

    def _read(self, campaign: Campaign, shard: str, now_ms: int) -> _Shard:
        """Read a shard's chunks one after the other, and call unknown whom their worker lost."""
        read = _Shard()
        for view in self._accounts.chunks(campaign.id, shard):
            read.add(view, now_ms - LOST_MS)
        if read.is_lost:
            self._accounts.expire(campaign.id, shard, now_ms - LOST_MS)
        return read

    def _wake(self, campaign: Campaign, look: Look, totals: Totals, now_ms: int) -> None:
        """Make messages again, each time after twice as long while nothing comes of it."""
        problem = campaign.problem if look.whole else PLANNING
        # Written first: of two who look at once only one queues anything.
        woken = self._campaigns.replace(
            replace(campaign, woken_ms=now_ms, wakes=wakes(campaign, look) + 1, problem=problem)
        )
        if look.whole:
            self._messages.send(woken)
        else:
            self._messages.plan(woken, missing(totals, SHARDS))

    def _finish(self, campaign: Campaign, totals: Totals, now_ms: int) -> None:
        status = campaign.status
        if status not in _OVER:
            status = next_status(status, Act.FINISH)
        self._campaigns.replace(
            replace(
                campaign,
                status=status,
                problem=None,
                planned=totals.planned,
                finished_ms=now_ms,
            )
        )

    def _forget(self, unfinished: Iterable[CampaignId]) -> None:
        """Keep nothing of campaigns that are over."""
        kept = set(unfinished)
        self._settled = {each: held for each, held in self._settled.items() if each in kept}
