# SPDX-License-Identifier: Apache-2.0
"""`ports.links` in memory; a person's hits stand among the rows that an erasure sweeps."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.domain.measurement import Counted, Hit, Spot, Targets
from chalicelib.errors import Conflict
from tests.support.faults import Faults, Struck, no_faults
from tests.support.memory_outside import OutsideRows


@dataclass(slots=True, kw_only=True)
class LinkRows:
    """What outlives any store made over it."""

    targets: dict[str, Targets] = field(default_factory=dict)
    counted: dict[tuple[str, int | None], Counted] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryCampaignLinks:
    """`CampaignLinks` in memory."""

    def __init__(self, rows: LinkRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else LinkRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[LinkRows]:
        return Struck(self.faults, name, self.rows)

    def put(self, campaign: CampaignId, targets: Targets) -> None:
        with self._call("CampaignLinks.put") as rows:
            if rows.targets.setdefault(campaign, targets) != targets:
                raise Conflict("the links of this campaign lead elsewhere already")

    def get(self, campaign: CampaignId) -> Targets | None:
        with self._call("CampaignLinks.get") as rows:
            return rows.targets.get(campaign)


class MemoryHits:
    """`Hits` in memory."""

    def __init__(
        self,
        rows: LinkRows | None = None,
        outside: OutsideRows | None = None,
        faults: Faults = no_faults,
    ) -> None:
        self.rows = rows if rows is not None else LinkRows()
        self.outside = outside if outside is not None else OutsideRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[LinkRows]:
        return Struck(self.faults, name, self.rows)

    def record(self, sid: SubjectId, spot: Spot, now_ms: int) -> bool:
        with self._call("Hits.record"):
            held = self.outside.hits.get((sid, spot)) or Hit(spot=spot, first_ms=now_ms, times=0)
            self.outside.hits[sid, spot] = replace(held, times=held.times + 1)
            return held.times == 0

    def count(self, campaign: CampaignId, link: int | None, *, personal: bool) -> None:
        with self._call("Hits.count") as rows:
            held = rows.counted.get((campaign, link), Counted())
            rows.counted[campaign, link] = Counted(
                personal=held.personal + personal, unmeasured=held.unmeasured + (not personal)
            )

    def of(
        self,
        sid: SubjectId,
        campaign: CampaignId | None = None,
        delivery: DeliveryId | None = None,
    ) -> tuple[Hit, ...]:
        with self._call("Hits.of"):
            found = [hit for (owner, _), hit in self.outside.hits.items() if owner == sid]
        if campaign is not None:
            found = [hit for hit in found if hit.spot.campaign == campaign]
            found = [hit for hit in found if delivery in (None, hit.spot.delivery)]
        return tuple(sorted(found, key=_place))

    def forget(self, sid: SubjectId, spots: Iterable[Spot]) -> None:
        for spot in spots:
            with self._call("Hits.forget"):
                self.outside.hits.pop((sid, spot), None)

    def counts(self, campaign: CampaignId) -> Mapping[int | None, Counted]:
        with self._call("Hits.counts") as rows:
            return {link: held for (of, link), held in rows.counted.items() if of == campaign}


def _place(hit: Hit) -> tuple[str, str, str]:
    link = "open" if hit.spot.link is None else f"{hit.spot.link:05}"
    return hit.spot.campaign, hit.spot.delivery, link
