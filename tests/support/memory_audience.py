# SPDX-License-Identifier: Apache-2.0
"""The audience's ports in memory, over the rows that `memory_ledger` writes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from chalicelib.domain.frequency import (
    Frequency,
    Rhythm,
    dump_rhythm,
    give_back,
    load_rhythm,
    take,
)
from chalicelib.domain.ids import ListId, SubjectId, decode_id, shard_of
from chalicelib.errors import FatalError, InputError, NotFound
from chalicelib.ports.audience import Member, MemberPage
from tests.support.memory_ledger import AudienceRow, MemoryRows, MemoryStore


class MemoryAudienceStore(MemoryStore):
    """`ports.audience.AudienceStore` in memory."""

    def members(self, sids: Sequence[SubjectId]) -> dict[SubjectId, Member]:
        if len(set(sids)) > 50:
            raise FatalError("at most 50 members are read at once")
        with self._call("AudienceStore.members") as rows:
            return {sid: _member(rows, sid) for sid in sids if sid in rows.audience}

    def member(self, sid: SubjectId) -> Member | None:
        with self._call("AudienceStore.member") as rows:
            return _member(rows, sid) if sid in rows.audience else None

    def on_list(self, shard: str, list_id: ListId, *statuses: str) -> Iterator[SubjectId]:
        with self._call("AudienceStore.on_list") as rows:
            found = [
                sid
                for sid in sorted(rows.audience)
                if shard_of(sid) == shard
                and any((list_id, status) in rows.audience[sid].lists for status in statuses)
            ]
        yield from found

    def page(self, cursor: str | None, limit: int) -> MemberPage:
        with self._call("AudienceStore.page") as rows:
            after = ("", "")
            if cursor is not None:
                after = (_cursor_shard(cursor), cursor)
            keys = sorted((shard_of(sid), sid) for sid in rows.audience)
            later = [sid for shard, sid in keys if (shard, sid) > after]
            members = tuple(_member(rows, sid) for sid in later[:limit])
            more = len(later) > limit
            return MemberPage(members=members, cursor=members[-1].sid if more else None)


def _cursor_shard(cursor: str) -> str:
    try:
        decode_id(cursor)
    except InputError:
        raise InputError("bad_cursor", "This cursor is not valid.") from None
    return shard_of(SubjectId(cursor))


def _member(rows: MemoryRows, sid: SubjectId) -> Member:
    row = rows.audience[sid]
    return Member(
        sid=sid,
        sealed=row.sealed,
        lists=row.lists,
        wrapped_key=rows.vault.get(sid),
        frequency=_rhythm(row).frequency,
        standing=row.standing,
        sent_ms=_rhythm(row).sent_ms,
        rest=row.rest,
    )


class MemoryFrequencyStore(MemoryStore):
    """`ports.audience.FrequencyStore` in memory, on the audience rows."""

    def get(self, sid: SubjectId) -> Frequency:
        with self._call("FrequencyStore.get") as rows:
            row = rows.audience.get(sid)
            return _rhythm(row).frequency if row else Frequency()

    def put(self, sid: SubjectId, frequency: Frequency) -> None:
        with self._call("FrequencyStore.put") as rows:
            row = rows.audience.get(sid)
            if row is None:
                raise NotFound("There is nobody to keep this for.")
            _keep(rows, sid, replace(_rhythm(row), frequency=frequency))

    def take(self, sid: SubjectId, at_ms: int) -> bool:
        with self._call("FrequencyStore.take") as rows:
            row = rows.audience.get(sid)
            taken = take(_rhythm(row), at_ms) if row else None
            if taken is not None:
                _keep(rows, sid, taken)
            return taken is not None

    def give_back(self, sid: SubjectId, at_ms: int) -> None:
        with self._call("FrequencyStore.give_back") as rows:
            row = rows.audience.get(sid)
            if row is not None:
                _keep(rows, sid, give_back(_rhythm(row), at_ms))


def _rhythm(row: AudienceRow) -> Rhythm:
    return load_rhythm(json.loads(row.rhythm)) if row.rhythm is not None else Rhythm()


def _keep(rows: MemoryRows, sid: SubjectId, rhythm: Rhythm) -> None:
    text = json.dumps(dump_rhythm(rhythm))
    rows.audience[sid] = replace(rows.audience[sid], rhythm=text)
