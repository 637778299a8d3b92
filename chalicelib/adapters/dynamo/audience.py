# SPDX-License-Identifier: Apache-2.0
"""`ports.audience.AudienceStore` on DynamoDB: reads of who to consider, strong for one alone.

Guarantees whole answers or an error, and an order (shard, then id) that pages and segment runs
can rely on. Rows are written by `adapters.dynamo.ledger`, inside an append.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.audience_scan import rows_page
from chalicelib.adapters.dynamo.cursors import bad_cursor
from chalicelib.adapters.dynamo.frequency import rhythm_of
from chalicelib.adapters.dynamo.items import (
    Item,
    binary_of,
    number_of,
    of_partition,
    read_all,
    require_text,
    require_version,
    text,
    text_of,
)
from chalicelib.adapters.dynamo.ledger_rows import REST, STANDING, subject_key
from chalicelib.domain.ids import SHARDS, ListId, SubjectId, decode_id, shard_of
from chalicelib.errors import FatalError, InputError
from chalicelib.ports.audience import Member, MemberPage
from chalicelib.ports.system import Clock, RandomBytes

MAX_MEMBERS: Final = 50
"""Two keys each, and BatchGetItem reads 100."""
MAX_PAGE: Final = 100


class DynamoAudienceStore:
    """Profiles in the audience table, with their wrapped keys from the vault."""

    def __init__(
        self, *, audience_table: str, vault_table: str, clock: Clock, random: RandomBytes
    ) -> None:
        self._audience = audience_table
        self._vault = vault_table
        self._clock = clock
        self._random = random

    def members(self, sids: Sequence[SubjectId]) -> dict[SubjectId, Member]:
        """Return rows with wrapped keys of at most 50 subjects, one batch read of two tables.

        Raises:
            FatalError: more than 50 subjects were asked for.
        """
        wanted = dict.fromkeys(sids)
        if len(wanted) > MAX_MEMBERS:
            raise FatalError("at most 50 members are read at once")
        if not wanted:
            return {}
        keys = [subject_key(sid) for sid in wanted]
        rows = self._read("read members", {self._audience: keys, self._vault: keys})
        found = _by_sid(rows[self._audience])
        wrapped = _by_sid(rows[self._vault])
        return {sid: _member(found[sid], wrapped.get(sid)) for sid in wanted if sid in found}

    def member(self, sid: SubjectId) -> Member | None:
        """Return one subject's row with its wrapped key, read strongly, or None."""
        keys = [subject_key(sid)]
        rows = self._read("read a member", {self._audience: keys, self._vault: keys}, strong=True)
        wrapped = _by_sid(rows[self._vault]).get(sid)
        return next((_member(row, wrapped) for row in rows[self._audience]), None)

    def on_list(self, shard: str, list_id: ListId, *statuses: str) -> Iterator[SubjectId]:
        """Yield the subjects of a shard whose membership of ``list_id`` is one of ``statuses``."""
        named = {f":status{n}": text(status) for n, status in enumerate(statuses)}
        request = {
            "TableName": self._audience,
            "KeyConditionExpression": "pk = :pk",
            "FilterExpression": f"lists.#list IN ({', '.join(named)})",
            "ProjectionExpression": "sk, v",
            "ExpressionAttributeNames": {"#list": list_id},
            "ExpressionAttributeValues": {":pk": text(shard), **named},
        }
        what = f"read list members of shard {shard}"
        start: Mapping[str, Any] | None = {}
        while start is not None:
            rows, start = rows_page(what, request, start)
            for row in rows:
                yield SubjectId(require_text(require_version(row), "sk"))
            # As in a scan: the next page is read only when this one is gone.
            rows.clear()

    def page(self, cursor: str | None, limit: int) -> MemberPage:
        """Return up to ``limit`` (1 to 100) members in shard and id order, with wrapped keys.

        Raises:
            InputError: the cursor was not made by this method.
            FatalError: the limit is out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise FatalError("a page holds 1 to 100 members")
        after = _require_cursor(cursor) if cursor is not None else None
        rows = self._rows_after(after, limit + 1)
        sids = [SubjectId(require_text(row, "sk")) for row in rows[:limit]]
        wrapped: dict[SubjectId, Item] = {}
        if sids:
            keys = [subject_key(sid) for sid in sids]
            wrapped = _by_sid(self._read("read wrapped keys", {self._vault: keys})[self._vault])
        return MemberPage(
            members=tuple(
                _member(row, wrapped.get(sid)) for row, sid in zip(rows, sids, strict=False)
            ),
            cursor=sids[-1] if len(rows) > limit else None,
        )

    def _rows_after(self, after: SubjectId | None, wanted: int) -> list[Item]:
        rows: list[Item] = []
        start = SHARDS.index(shard_of(after)) if after is not None else 0
        for shard in SHARDS[start:]:
            rows.extend(self._shard_rows(shard, after, wanted - len(rows)))
            after = None
            if len(rows) >= wanted:
                break
        return rows

    def _shard_rows(self, shard: str, after: SubjectId | None, wanted: int) -> list[Item]:
        request: dict[str, Any] = {
            "TableName": self._audience,
            **of_partition(shard),
            "Limit": wanted,
        }
        if after is not None:
            request["ExclusiveStartKey"] = subject_key(after)
        rows: list[Item] = []
        while len(rows) < wanted:
            with translated(f"read members of shard {shard}"):
                answer = client("dynamodb").query(**request)
            rows.extend(answer["Items"])
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return rows[:wanted]

    def _read(
        self, what: str, keys: dict[str, list[Any]], *, strong: bool = False
    ) -> dict[str, list[Item]]:
        requests = {table: {"Keys": rows, "ConsistentRead": strong} for table, rows in keys.items()}
        return read_all(what, client("dynamodb"), requests, self._clock, self._random)


def _by_sid(rows: Sequence[Item]) -> dict[SubjectId, Item]:
    return {SubjectId(require_text(row, "sk")): require_version(row) for row in rows}


def _member(row: Item, vault_row: Item | None) -> Member:
    require_version(row)
    lists = sorted((ListId(name), value["S"]) for name, value in row["lists"]["M"].items())
    rhythm = rhythm_of(row)
    return Member(
        sid=SubjectId(require_text(row, "sk")),
        sealed=binary_of(row, "sealed") or b"",
        lists=tuple(lists),
        wrapped_key=binary_of(vault_row, "wrapped_key") if vault_row is not None else None,
        frequency=rhythm.frequency,
        standing=text_of(row, STANDING),
        sent_ms=rhythm.sent_ms,
        rest=number_of(row, REST),
    )


def _require_cursor(cursor: str) -> SubjectId:
    """The cursor is the last id shown; its shard follows from it."""
    try:
        decode_id(cursor)
    except InputError:
        raise bad_cursor() from None
    return SubjectId(cursor)
