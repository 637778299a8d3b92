# SPDX-License-Identifier: Apache-2.0
"""The contract-tested fakes a sending needs, watched, and as coarse as the real services.

A batch write can be half done, and a request whose answer was lost may arrive much later.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random  # noqa: TID251  # seeded: a failing run replays exactly

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.campaigns import Campaign, ChunkRef, Content
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.domain.rate import Slot
from chalicelib.domain.runs import Mark, RunRef, Settled
from chalicelib.domain.state import SubjectState
from chalicelib.domain.tongues import Tongue
from chalicelib.errors import Throttled, Unavailable
from chalicelib.ports.erasure import Shred
from chalicelib.ports.ledger import Append
from chalicelib.ports.send_reads import LastLook, SealedReader
from chalicelib.ports.sending import DeliveryRow, Rendered
from tests.simulation.baton import Baton
from tests.simulation.sending.watch import Watch
from tests.support.faults import Faults, struck
from tests.support.memory_catalog import CatalogRows, MemoryCampaigns
from tests.support.memory_erasure import MemoryPersonalData
from tests.support.memory_ledger import MemoryLedgerStore, MemoryRows
from tests.support.memory_rate import MemoryRateSlot, RateRow
from tests.support.memory_runs import MemoryRuns, RunRows
from tests.support.memory_send_reads import MemorySendReads
from tests.support.memory_sending import MemoryChunks, SendingRows

Chance = Callable[[], bool]


class SkewClock:
    """`ports.system.Clock` of one process: everybody's time and an error that may change."""

    def __init__(self, baton: Baton, skew_ms: int, watch: Watch) -> None:
        self.skew_ms = skew_ms
        self.jumps = 0
        self._baton = baton
        self._watch = watch

    def set(self, skew_ms: int) -> None:
        """Be wrong by another span from now on."""
        self.skew_ms = skew_ms
        self.jumps += 1

    def now_ms(self) -> int:
        return self._baton.now_ms + self.skew_ms

    def sleep_ms(self, duration_ms: int) -> None:
        self._baton.sleep_until(self._baton.now_ms + duration_ms)
        self._watch.waited(duration_ms)


_real = TemplateRenderer()


class PlainRenderer:
    """`ports.sending.Renderer` that renders nothing: what mails say is not the point here."""

    def tongue(self, language: str) -> Tongue:
        return _real.tongue(language)

    def page(self, name: str, data: Mapping[str, object]) -> str:
        return f"{name} {data.get('unsubscribe_url')} {data.get('preferences_url')}"

    def mail(self, name: str, _data: Mapping[str, object]) -> Rendered:
        return Rendered(subject=name, html=name, text=name)


class WatchedLedgerStore(MemoryLedgerStore):
    """`LedgerStore` that tells of looks and changes."""

    def __init__(self, rows: MemoryRows, faults: Faults, watch: Watch) -> None:
        super().__init__(rows, faults)
        self._watch = watch

    def states(self, sids: Sequence[SubjectId]) -> dict[SubjectId, SubjectState]:
        with self._call("LedgerStore.states"):
            self._watch.looked(sids)
            return MemoryLedgerStore(self.rows).states(sids)

    def commit(self, append: Append) -> None:
        try:
            super().commit(append)
        finally:
            self._watch.changed(append.sid)


class WatchedPersonalData(MemoryPersonalData):
    """`PersonalData` that tells of erasures."""

    watch: Watch

    def shred(self, shred: Shred) -> None:
        try:
            super().shred(shred)
        finally:
            self.watch.changed(shred.sid)


class WatchedCampaigns(MemoryCampaigns):
    """`Campaigns` that tells of looks and changes."""

    def __init__(self, rows: CatalogRows, faults: Faults, watch: Watch) -> None:
        super().__init__(rows, faults)
        self._watch = watch

    def get(self, campaign_id: str) -> Campaign | None:
        with self._call("Campaigns.get") as rows:
            self._watch.looked_at(campaign_id)
            return rows.campaigns.get(campaign_id)

    def replace(self, campaign: Campaign, content: Content | None = None) -> Campaign:
        try:
            return super().replace(campaign, content)
        finally:
            self._watch.wrote_campaign(campaign.id)


class WatchedSendReads(MemorySendReads):
    """`SendReads` that tells of looks, and may stay partial, which is no look."""

    def __init__(
        self, rows: MemoryRows, catalog: CatalogRows, faults: Faults, watch: Watch, partly: Chance
    ) -> None:
        super().__init__(rows, catalog, faults)
        self._catalog = catalog
        self._watch = watch
        self._partly = partly

    def readers(
        self, sids: Sequence[SubjectId], *, strong: bool = False
    ) -> Mapping[SubjectId, SealedReader]:
        self._watch.pace.began()
        found = super().readers(sids, strong=strong)
        self._require_all()
        return found

    def last_look(self, campaign: CampaignId, sids: Sequence[SubjectId]) -> LastLook:
        with struck(self.faults, "SendReads.last_look"):
            self._require_all()
            self._watch.looked(sids)
            self._watch.looked_at(campaign)
            return MemorySendReads(self.rows, self._catalog).last_look(campaign, sids)

    def _require_all(self) -> None:
        if self._partly():
            self._watch.met["partial reads"] += 1
            raise Throttled("not everybody was read")


class WatchedRateSlot(MemoryRateSlot):
    """`RateSlot` that tells of reservations, holds and turns.

    Args:
        now_ms: everybody's time.
    """

    def __init__(
        self, row: RateRow, faults: Faults, watch: Watch, now_ms: Callable[[], int]
    ) -> None:
        super().__init__(row, faults)
        self._watch = watch
        self._now_ms = now_ms

    def reserve(self, recipients: int, now_ms: int) -> Slot:
        self._watch.pace.reserves()
        slot = super().reserve(recipients, now_ms)
        self._watch.pace.reserved(recipients, slot, now_ms)
        return slot

    def charge(self, recipients: int, now_ms: int, latest_ms: int | None = None) -> bool:
        is_moved = super().charge(recipients, now_ms, latest_ms)
        if is_moved and latest_ms is not None:
            self._watch.pace.moved(now_ms, latest_ms)
        return is_moved

    def hold(self, until_ms: int) -> None:
        self._watch.pace.held(until_ms)
        super().hold(until_ms)

    def asks(self, seen_ms: int | None, now_ms: int) -> bool:
        is_turn = super().asks(seen_ms, now_ms)
        if is_turn:
            self._watch.pace.took_turn(self._now_ms(), self._watch.excuses)
        return is_turn


class PartialChunks(MemoryChunks):
    """`ChunkStore` whose delivery rows may be written in part."""

    def __init__(self, rows: SendingRows, faults: Faults, partly: Chance) -> None:
        super().__init__(rows, faults)
        self._partly = partly

    def dispatch(
        self,
        chunk: ChunkRef,
        owner: str,
        rows: Sequence[DeliveryRow],
        now_ms: int,
        skipped: dict[str, int] | None = None,  # type: ignore[override]
    ) -> None:
        known = set(self.rows.deliveries)
        super().dispatch(chunk, owner, rows, now_ms, skipped or {})
        if rows and self._partly():
            _lose(self.rows, rows[-1], known)


class LateRuns(MemoryRuns):
    """`RunStore` whose rows may be written in part, and whose requests may arrive late.

    Args:
        late: takes what arrives some time after its caller gave up.
    """

    def __init__(
        self,
        rows: RunRows,
        faults: Faults,
        watch: Watch,
        partly: Chance,
        late: Callable[[Callable[[], None]], None],
    ) -> None:
        super().__init__(rows, faults)
        self._watch = watch
        self._partly = partly
        self._late = late

    def lease(self, run: RunRef, owner: str, now_ms: int, lease_ms: int) -> int:
        place = (run.campaign, run.shard, run.first)
        with self._call("RunStore.lease"):
            before = self.rows.leases.get(place)
            try:
                return MemoryRuns(self.rows).lease(run, owner, now_ms, lease_ms)
            finally:
                self._watch.leased(before, self.rows.leases.get(place))

    def dispatch(self, mark: Mark, rows: Sequence[DeliveryRow]) -> None:
        if self._partly():
            self._late(lambda: MemoryRuns(self.rows).dispatch(mark, rows))
            raise Unavailable("no answer to a mark that is still on its way")
        known = set(self.rows.former.deliveries)
        super().dispatch(mark, rows)
        if rows and self._partly():
            _lose(self.rows.former, rows[-1], known)

    def commit(self, mark: Mark, settled: Settled) -> None:
        if self._partly():
            self._late(lambda: MemoryRuns(self.rows).commit(mark, settled))
            raise Unavailable("no answer to an outcome that is still on its way")
        super().commit(mark, settled)

    def release(self, mark: Mark) -> None:
        if self._partly():
            self._late(lambda: MemoryRuns(self.rows).release(mark))
            raise Unavailable("no answer to a release that is still on its way")
        super().release(mark)


def _lose(rows: SendingRows, row: DeliveryRow, known: set[DeliveryId]) -> None:
    """Store all rows but one."""
    if row.delivery not in known:
        rows.deliveries.pop(row.delivery, None)
    raise Throttled("not every row was stored")


def coin(random: Random, chance: Callable[[], float]) -> Chance:
    """Return something that is true now and then."""
    return lambda: random.random() < chance()
