# SPDX-License-Identifier: Apache-2.0
"""The ledger's ports in memory, with the semantics of the real store.

Strong reads, all-or-nothing commits, the same conditions and the same conflicts: the contract
suite runs on these and on DynamoDB's adapters alike. `MemoryRows` is what persists; make several
stores over one `MemoryRows` to play several processes.
"""

import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain.ids import EventId, ListId, SubjectId, shard_of
from chalicelib.domain.reach import Reach, reach_of
from chalicelib.domain.standing import dump_standing
from chalicelib.domain.state import SubjectState, dump_state, load_state
from chalicelib.errors import Conflict, FatalError, Overtaken
from chalicelib.ports.ledger import (
    Append,
    Asked,
    ConfirmToken,
    Head,
    Loaded,
    Located,
    Lookup,
    Pending,
    StoredEntry,
    Suppressed,
)
from chalicelib.ports.ledger_groups import BEGINNING, MAX_READ, Group, Place
from tests.support.faults import Faults, Struck, no_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow:
    """The STATE row: the folded state is kept as the text the real store keeps."""

    text: str
    macs: tuple[str, ...]
    last_leaf_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceRow:
    """A subject's row in the audience table."""

    sealed: bytes
    lists: tuple[tuple[ListId, str], ...]
    rhythm: str | None = None
    standing: str | None = None
    facts: bytes | None = None
    facts_revision: int = 0
    due_day: int | None = None
    rest: int | None = None
    rest_rev: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRow:
    """The row of an import's lane: how far it is, and what was counted on the way."""

    place: Place = BEGINNING
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class MemoryRows:
    """Everything the ledger, vault and audience tables hold; outlives any store made over it."""

    entries: dict[tuple[SubjectId, int], StoredEntry] = field(default_factory=dict)
    states: dict[SubjectId, StateRow] = field(default_factory=dict)
    outbox: dict[tuple[str, str], Pending] = field(default_factory=dict)
    located: dict[EventId, Located] = field(default_factory=dict)
    controller: dict[EventId, tuple[bytes, bytes]] = field(default_factory=dict)
    lookups: dict[str, SubjectId] = field(default_factory=dict)
    suppressions: dict[str, dict[Reach, Suppressed]] = field(default_factory=dict)
    tokens: dict[str, ConfirmToken] = field(default_factory=dict)
    vault: dict[SubjectId, bytes] = field(default_factory=dict)
    audience: dict[SubjectId, AudienceRow] = field(default_factory=dict)
    heads: dict[str, Head] = field(default_factory=dict)
    mails: dict[tuple[SubjectId, int], bytes] = field(default_factory=dict)
    answers: dict[tuple[SubjectId, int], tuple[int, int, bytes]] = field(default_factory=dict)
    lanes: dict[tuple[str, str], LaneRow] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryStore:
    """A store over rows, one call at a time, which a fault may strike."""

    def __init__(self, rows: MemoryRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else MemoryRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[MemoryRows]:
        return Struck(self.faults, name, self.rows)


class MemoryLedgerStore(MemoryStore):
    """`ports.ledger.LedgerStore` in memory."""

    def lookup(self, mac: str) -> Lookup:
        with self._call("LedgerStore.lookup") as rows:
            return _looked_up(rows, mac)

    def load(self, sid: SubjectId) -> Loaded:
        with self._call("LedgerStore.load") as rows:
            return _loaded(rows, sid)

    def states(self, sids: Sequence[SubjectId]) -> dict[SubjectId, SubjectState]:
        if len(set(sids)) > 100:
            raise FatalError("at most 100 states are read at once")
        with self._call("LedgerStore.states") as rows:
            return {sid: load_state(rows.states[sid].text) for sid in sids if sid in rows.states}

    def commit(self, append: Append) -> None:
        append.require_whole()
        with self._call("LedgerStore.commit") as rows:
            _require_conditions(rows, append)
            _write(rows, append)

    def history(
        self, sid: SubjectId, first: int = 0, last: int | None = None
    ) -> tuple[StoredEntry, ...]:
        with self._call("LedgerStore.history") as rows:
            numbers = sorted(n for owner, n in rows.entries if owner == sid)
            wanted = [n for n in numbers if n >= first and (last is None or n <= last)]
            return tuple(rows.entries[sid, n] for n in wanted)

    def locate(self, event: EventId) -> Located | None:
        with self._call("LedgerStore.locate") as rows:
            return rows.located.get(event)

    def append_controller_entry(
        self,
        event: EventId,
        leaf: bytes,
        sealed: bytes | None,
        suppress: tuple[Suppressed, ...] = (),
    ) -> None:
        with self._call("LedgerStore.append_controller_entry") as rows:
            if event in rows.located:
                raise Conflict("the entry was written before")
            rows.located[event] = Located(event=event, sid=None, n=None, index=None)
            put_pending(rows, event, leaf, None, None)
            if sealed is not None:
                rows.controller[event] = (leaf, sealed)
            for row in suppress:
                rows.suppressions.setdefault(row.mac, {})[row.reach] = row

    def put_token(self, token: ConfirmToken) -> None:
        with self._call("LedgerStore.put_token") as rows:
            if token.token_sha256 in rows.tokens:
                raise Conflict("the token exists")
            rows.tokens[token.token_sha256] = token

    def token(self, token_sha256: str) -> ConfirmToken | None:
        with self._call("LedgerStore.token") as rows:
            return rows.tokens.get(token_sha256)

    def asked(self, token_sha256: str) -> Asked | None:
        with self._call("LedgerStore.asked") as rows:
            token = rows.tokens.get(token_sha256)
            if token is None:
                return None
            row = rows.audience.get(token.sid)
            return Asked(
                token=token,
                subject=_loaded(rows, token.sid),
                request=rows.entries.get((token.sid, token.request_entry)),
                profile=row.sealed if row else None,
            )


class MemoryGroupStore(MemoryStore):
    """`ports.ledger_groups.GroupStore` in memory."""

    def lookup_many(self, macs: Sequence[str]) -> dict[str, Lookup]:
        _require_readable(macs)
        with self._call("GroupStore.lookup_many") as rows:
            return {mac: _looked_up(rows, mac) for mac in macs}

    def load_many(self, sids: Sequence[SubjectId]) -> dict[SubjectId, Loaded]:
        _require_readable(sids)
        with self._call("GroupStore.load_many") as rows:
            return {sid: _loaded(rows, sid) for sid in sids}

    def commit_group(self, group: Group) -> None:
        step = group.step
        with self._call("GroupStore.commit_group") as rows:
            lane = rows.lanes.get((step.owner, step.lane))
            if lane is None or lane.place != step.before:
                raise Overtaken("the lane moved on")
            for append in group.appends:
                _require_conditions(rows, append)
            for append in group.appends:
                _write(rows, append)
            counts = Counter(lane.counts)
            counts.update(step.counts)
            rows.lanes[step.owner, step.lane] = LaneRow(place=step.after, counts=dict(counts))


def _require_readable(asked: Sequence[str]) -> None:
    if len(set(asked)) > MAX_READ:
        raise FatalError("at most 50 are read at once")


def _looked_up(rows: MemoryRows, mac: str) -> Lookup:
    ordered = tuple(rows.suppressions.get(mac, {}).values())
    if len(ordered) > 1:
        ordered = tuple(sorted(ordered, key=lambda x: x.reach.order))
    return Lookup(sid=rows.lookups.get(mac), suppressions=ordered)


def _loaded(rows: MemoryRows, sid: SubjectId) -> Loaded:
    row = rows.states.get(sid)
    return Loaded(
        state=load_state(row.text) if row else None,
        macs=row.macs if row else (),
        last_leaf_hash=row.last_leaf_hash if row else None,
        wrapped_key=rows.vault.get(sid),
    )


def _require_conditions(rows: MemoryRows, append: Append) -> None:
    sid, row = append.sid, rows.states.get(append.sid)
    stored = load_state(row.text).entries if row else 0
    token = rows.tokens.get(append.consume_token or "")
    conditions = [
        stored == append.expected_entries,
        (row is None) == (append.expected_entries == 0),
        all((sid, entry.n) not in rows.entries for entry in append.entries),
        not append.index_request or append.entries[0].event not in rows.located,
        append.consume_token is None or (token is not None and token.used_ms is None),
        append.move_to is None or _may_move(rows, append),
        all(event not in rows.located for event, _ in append.recorded),
        all(reach_of(x) not in rows.suppressions.get(mac, {}) for mac, x in append.unsuppressed),
    ]
    if append.new_subject is not None:
        conditions.append(sid not in rows.vault)
        conditions.append(all(mac not in rows.lookups for mac in append.new_subject.macs))
    elif append.check_subject:
        conditions.append(sid in rows.vault)
        conditions.append(all(rows.lookups.get(mac) == sid for mac in append.macs))
    if not all(conditions):
        raise Conflict("somebody else changed the subject first")


def _may_move(rows: MemoryRows, append: Append) -> bool:
    """The new MAC is free or the subject's already; of the others none is somebody else's."""
    found = {mac: rows.lookups.get(mac) for mac in (*append.macs, append.move_to or "")}
    if found.pop(append.move_to or "") != (append.sid if append.move_to in append.macs else None):
        return False
    return all(sid in (None, append.sid) for sid in found.values())


def _write(rows: MemoryRows, append: Append) -> None:
    sid, row = append.sid, rows.states.get(append.sid)
    for entry in append.entries:
        rows.entries[sid, entry.n] = entry
        put_pending(rows, entry.event, entry.leaf, sid, entry.n)
    macs = _write_identity(rows, append, row.macs if row else ())
    rows.states[sid] = StateRow(
        text=dump_state(append.state), macs=macs, last_leaf_hash=append.last_leaf_hash
    )
    if append.profile is not None:
        before = rows.audience.get(sid, AudienceRow(sealed=b"", lists=()))
        sealed, stands = append.profile.sealed, append.profile.standing
        rows.audience[sid] = replace(
            before,
            sealed=before.sealed if sealed is None else sealed,
            lists=tuple(sorted(append.profile.lists)),
            standing=before.standing if stands is None else dump_standing(stands),
            rest=None if append.profile.renews else before.rest,
        )
    if append.index_request:
        first = append.entries[0]
        rows.located[first.event] = Located(event=first.event, sid=sid, n=first.n, index=None)
    if append.consume_token is not None:
        token = rows.tokens[append.consume_token]
        rows.tokens[append.consume_token] = replace(token, used_ms=append.consumed_ms)
    for mac, reach in append.lift:
        rows.suppressions.get(mac, {}).pop(reach_of(reach), None)
    for suppressed in append.suppress:
        rows.suppressions.setdefault(suppressed.mac, {})[suppressed.reach] = suppressed
    for event, leaf in append.recorded:
        rows.located[event] = Located(event=event, sid=None, n=None, index=None)
        put_pending(rows, event, leaf, None, None)


def _write_identity(rows: MemoryRows, append: Append, macs: tuple[str, ...]) -> tuple[str, ...]:
    """Who is found by what; returns the subject's MACs after it."""
    if append.new_subject is not None:
        macs = append.new_subject.macs
        rows.vault[append.sid] = append.new_subject.wrapped_key
        rows.lookups.update(dict.fromkeys(macs, append.sid))
    if append.move_to is not None:
        macs = (append.move_to,)
        for mac in append.macs:
            rows.lookups.pop(mac, None)
        rows.lookups[append.move_to] = append.sid
    return macs


def put_pending(
    rows: MemoryRows, event: EventId, leaf: bytes, sid: SubjectId | None, n: int | None
) -> None:
    """Write an outbox row."""
    shard = shard_of(sid if sid is not None else SubjectId(event))
    at_ms = int(json.loads(leaf)["ts"])
    key = (f"Q#{shard}", f"{at_ms:013d}#{event}")
    rows.outbox[key] = Pending(key=key, event=event, leaf=leaf, sid=sid, n=n)


class MemoryOutbox(MemoryStore):
    """`ports.ledger.Outbox` in memory."""

    def pending(self, limit: int) -> tuple[Pending, ...]:
        with self._call("Outbox.pending") as rows:
            return tuple(
                rows.outbox[key] for key in sorted(rows.outbox, key=lambda key: key[1])[:limit]
            )

    def settle(self, indexed: Sequence[tuple[Pending, int]]) -> None:
        with self._call("Outbox.settle") as rows:
            for entry, index in indexed:
                rows.located[entry.event] = Located(
                    event=entry.event, sid=entry.sid, n=entry.n, index=index
                )
                rows.outbox.pop(entry.key, None)


class MemoryHeadStore(MemoryStore):
    """`ports.ledger.HeadStore` in memory, for the log ``origin``."""

    def __init__(
        self, origin: str, rows: MemoryRows | None = None, faults: Faults = no_faults
    ) -> None:
        super().__init__(rows, faults)
        self._origin = origin

    def read(self) -> Head | None:
        with self._call("HeadStore.read") as rows:
            return rows.heads.get(self._origin)

    def swap(self, expected: Head | None, new: Head) -> None:
        with self._call("HeadStore.swap") as rows:
            if _identity(rows.heads.get(self._origin)) != _identity(expected):
                raise Conflict("the head moved on")
            rows.heads[self._origin] = new


def _identity(head: Head | None) -> tuple[int, bytes, str | None] | None:
    return (head.size, head.root, head.staged) if head is not None else None
