# SPDX-License-Identifier: Apache-2.0
"""A lane of an import over the fakes: rows to append, a worker that may die, and what must hold."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from chalicelib.domain import consent
from chalicelib.domain.addresses import parse_address
from chalicelib.domain.events import SuppressionReason, Via
from chalicelib.domain.ids import BrandId, ListId, SubjectId
from chalicelib.ports.ledger import Suppressed
from chalicelib.ports.ledger_groups import Place
from chalicelib.proof.disclosure import Claims
from chalicelib.services.entries import event_of_leaf, open_claims, open_profile
from chalicelib.services.group_append import Decided, GroupAppender, Lane, Row, Seen
from chalicelib.services.ledger import Draft
from chalicelib.services.suppression_digests import names_of_digests
from chalicelib.vocabulary import EventType
from tests.support.memory_hygiene import MemorySuppressionIndex
from tests.support.memory_ledger import LaneRow, MemoryGroupStore
from tests.support.people import NEWS, People

DEMO, LIST = BrandId("demo"), ListId("newsletter")
LANE = Lane(owner="import", lane="17")


@dataclass(slots=True, kw_only=True)
class ImportLane:
    """One lane, chunk by chunk; every address in it is to be appended once."""

    chunks: Sequence[Sequence[str]]
    people: People = field(default_factory=People)
    bounced: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.people.rows.lanes[LANE.owner, LANE.lane] = LaneRow()

    @property
    def appender(self) -> GroupAppender:
        """What a fresh process makes of the stored rows."""
        return GroupAppender(
            ledger=self.people.ledger,
            store=MemoryGroupStore(self.people.rows, self._strike),
            index=MemorySuppressionIndex(self.people.hygiene, self._strike),
        )

    def _strike(self, call: str, moment: object) -> None:
        self.people.faults(call, moment)  # type: ignore[arg-type]

    @property
    def place(self) -> Place:
        return self.people.rows.lanes[LANE.owner, LANE.lane].place

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.people.rows.lanes[LANE.owner, LANE.lane].counts)

    def work(self) -> None:
        """Go on from where the lane stands, to its end."""
        at, appender = self.place, self.appender
        while at.chunk < len(self.chunks):
            at = appender.append_chunk(LANE, at, self.rows(self.chunks[at.chunk]))

    def rows(self, addresses: Sequence[str]) -> list[Row]:
        return [
            Row(
                mac=self.people.mac(each),
                decide=partial(self.decide, address=each),
                digests=names_of_digests(parse_address(each)),
            )
            for each in addresses
        ]

    def decide(self, seen: Seen, address: str) -> Decided:
        """Append, whatever was appended before: whoever is written twice has two entries."""
        chain = seen.chain
        if chain is None:
            return Decided(counts={"gone": 1})
        if address in self.bounced:
            return self._bounce(seen, address)
        kind = EventType.CONSENT_WITHDRAWN if address in self.ended else EventType.CONSENT_IMPORTED
        draft = Draft(
            type=kind,
            brand=DEMO,
            lists=(LIST,),
            purposes=(NEWS,),
            via=Via.API,
            claims=Claims(subject={"email": address}),
        )
        reasons = sorted({row.reason for row in seen.suppressions})
        return Decided(
            drafts=(
                *(Draft(type=EventType.SUPPRESSION_ADDED, reason=each) for each in reasons),
                draft,
            ),
            profile=self._profile(address) if chain.is_new else None,
            counts={"known" if not chain.is_new else "new": 1},
        )

    def _bounce(self, seen: Seen, address: str) -> Decided:
        event = self.people.ledger.new_event_id()
        reason = SuppressionReason.BOUNCE
        row = Suppressed(
            mac=seen.mac,
            brand=None,
            reason=reason,
            since_ms=self.people.clock.now_ms(),
            event=event,
        )
        draft = Draft(type=EventType.SUPPRESSION_ADDED, reason=reason, event=event)
        return Decided(
            drafts=(draft,),
            profile=self._profile(address),
            suppress=(row,),
            counts={"bounced": 1},
        )

    def _profile(self, address: str) -> dict[str, object]:
        return {"attributes": {}, "email": address, "language": "en"}

    def sid(self, address: str) -> SubjectId | None:
        return self.people.rows.lookups.get(self.people.mac(address))

    def written(self, address: str) -> int:
        """Entries of this lane in somebody's chain."""
        kinds = {
            EventType.CONSENT_IMPORTED,
            EventType.CONSENT_WITHDRAWN,
            EventType.SUPPRESSION_ADDED,
        }
        sid = self.sid(address)
        found = [x for (owner, _), x in self.people.rows.entries.items() if owner == sid]
        return sum(event_of_leaf(entry.leaf).type in kinds for entry in found)

    def require_whole(self) -> None:
        """Everybody who is there at all is there whole: state, lookup, entries, outbox, key."""
        rows = self.people.rows
        waiting = Counter((each.sid, each.n) for each in rows.outbox.values())
        assert set(rows.lookups.values()) == set(rows.states) == set(rows.vault)
        assert set(rows.states) == set(rows.audience)
        for sid, row in rows.states.items():
            chain = self.people.ledger.open(sid)
            entries = [rows.entries[sid, n] for n in range(chain.state.entries)]
            assert consent.fold([event_of_leaf(x.leaf) for x in entries]) == chain.state
            assert all(waiting[sid, x.n] == 1 for x in entries)
            assert [rows.lookups[mac] for mac in row.macs] == [sid]
            profile = open_profile(chain.keys, rows.audience[sid].sealed)
            assert self.people.mac(str(profile["email"])) in row.macs
            for entry in entries:
                open_claims(chain.keys, entry)
        of_nobody = [each for each in rows.located.values() if each.sid is None]
        assert sum(waiting.values()) == len(rows.entries) + len(of_nobody)
