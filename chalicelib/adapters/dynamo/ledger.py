# SPDX-License-Identifier: Apache-2.0
"""`ports.ledger.LedgerStore` on DynamoDB: one append is one TransactWriteItems over three tables.

Guarantees that no state changes without its entry; what the transaction holds, and in which order,
is in `append_writes`. Refuses partial batch reads.
"""

from collections.abc import Sequence
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.append_writes import Tables, append_writes, transact
from chalicelib.adapters.dynamo.items import (
    Item,
    binary_of,
    number_of,
    query,
    read_all,
    require_text,
    require_version,
    text,
)
from chalicelib.adapters.dynamo.ledger_rows import (
    controller_item,
    entry_key,
    entry_of,
    located_item,
    located_key,
    located_of,
    lookup_key,
    pending_item,
    put_new,
    state_key,
    subject_key,
    suppression_key,
    token_item,
    token_key,
    token_of,
    used_name,
)
from chalicelib.adapters.dynamo.suppression_rows import suppression_updates, suppressions_of
from chalicelib.domain.ids import EventId, SubjectId
from chalicelib.domain.state import SubjectState, load_state
from chalicelib.errors import FatalError
from chalicelib.ports.ledger import (
    Append,
    Asked,
    ConfirmToken,
    Loaded,
    Located,
    Lookup,
    StoredEntry,
    Suppressed,
)
from chalicelib.ports.system import Clock, RandomBytes

MAX_STATES: Final = 100
"""Keys of one BatchGetItem."""
LAST_ENTRY: Final = 9_999_999_999


class DynamoLedgerStore:
    """Subjects' chains on the ledger table, with their rows in the vault and the audience."""

    def __init__(
        self,
        *,
        ledger_table: str,
        vault_table: str,
        audience_table: str,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._tables = Tables(ledger=ledger_table, vault=vault_table, audience=audience_table)
        self._ledger = ledger_table
        self._vault = vault_table
        self._audience = audience_table
        self._clock = clock
        self._random = random

    def lookup(self, mac: str) -> Lookup:
        """Return what is known of ``mac``: one strong batch read."""
        keys = [lookup_key(mac), suppression_key(mac)]
        return lookup_of(self._read("look up a MAC", {self._ledger: keys})[self._ledger])

    def load(self, sid: SubjectId) -> Loaded:
        """Return the subject's state and wrapped key: one strong batch read."""
        rows = self._read(f"load subject {sid}", self._subject_keys(sid))
        return loaded_of(rows[self._ledger], rows[self._vault])

    def _subject_keys(self, sid: SubjectId) -> dict[str, list[Any]]:
        return {self._ledger: [state_key(sid)], self._vault: [subject_key(sid)]}

    def states(self, sids: Sequence[SubjectId]) -> dict[SubjectId, SubjectState]:
        """Return the states of at most 100 subjects, read strongly; absent ones are left out.

        Raises:
            Unavailable: not every row could be read; the caller must not send to anyone.
            FatalError: more than 100 subjects were asked for.
        """
        wanted = dict.fromkeys(sids)
        if len(wanted) > MAX_STATES:
            raise FatalError("at most 100 states are read at once")
        if not wanted:
            return {}
        keys = [state_key(sid) for sid in wanted]
        rows = self._read("read states", {self._ledger: keys})[self._ledger]
        return {SubjectId(require_text(row, "pk")[2:]): _state_of(row) for row in rows}

    def commit(self, append: Append) -> None:
        """Write the append as one transaction.

        Raises:
            Conflict: the chain moved on, the token was used, the subject was made meanwhile, or
                ``move_to`` leads to somebody else.
            FatalError: its entries are not the ones its state counts.
        """
        append.require_whole()
        writes = append_writes(self._tables, append)
        self._transact(f"append to subject {append.sid}", writes)

    def history(
        self, sid: SubjectId, first: int = 0, last: int | None = None
    ) -> tuple[StoredEntry, ...]:
        """Return the entries ``first`` to ``last`` (inclusive; None: the end), read strongly."""
        last = LAST_ENTRY if last is None else last
        if last < first:
            return ()
        rows = query(
            f"read the chain of subject {sid}",
            client("dynamodb"),
            TableName=self._ledger,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": text(f"S#{sid}"),
                ":first": text(f"E#{first:010d}"),
                ":last": text(f"E#{last:010d}"),
            },
            ConsistentRead=True,
        )
        return tuple(entry_of(row) for row in rows)

    def locate(self, event: EventId) -> Located | None:
        """Return where an event is, or None when its id row does not exist (yet).

        Its index in the log may be a moment old.
        """
        row = self._get_lasting(f"locate event {event}", located_key(event))
        return located_of(row) if row is not None else None

    def append_controller_entry(
        self,
        event: EventId,
        leaf: bytes,
        sealed: bytes | None,
        suppress: tuple[Suppressed, ...] = (),
    ) -> None:
        """Write an entry of no subject's chain, with any suppression rows, in one transaction.

        Raises:
            Conflict: an entry with this id was written before.
        """
        writes = [
            put_new(self._ledger, located_item(event, None, None)),
            put_new(self._ledger, pending_item(event, leaf, None, None)),
            *suppression_updates(self._ledger, suppress),
        ]
        if sealed is not None:
            writes.append(put_new(self._ledger, controller_item(event, leaf, sealed)))
        self._transact(f"append controller entry {event}", writes)

    def put_token(self, token: ConfirmToken) -> None:
        """Store a confirm token; it disappears some time after ``expires_ms``.

        Raises:
            Conflict: a token with this hash exists; a used one never becomes unused.
        """
        with translated(f"store the confirm token of request {token.request}"):
            client("dynamodb").put_item(
                TableName=self._ledger,
                Item=token_item(token),
                ConditionExpression="attribute_not_exists(pk)",
            )

    def token(self, token_sha256: str) -> ConfirmToken | None:
        """Return the token, read strongly, expired or not, or None."""
        row = self._get("read a confirm token", token_key(token_sha256))
        if row is None:
            return None
        token = token_of(row)
        state = self._get(f"read the state of subject {token.sid}", state_key(token.sid))
        return token_of(row, number_of(state or {}, used_name(token_sha256)))

    def asked(self, token_sha256: str) -> Asked | None:
        """Return a token with its subject, request and profile, or None without such a token.

        What a token stands for never changes, so its own row need not be read strongly if seen.
        """
        row = self._get_lasting("read a confirm token", token_key(token_sha256))
        if row is None:
            return None
        token = token_of(row)
        keys = self._subject_keys(token.sid)
        keys[self._ledger].append(entry_key(token.sid, token.request_entry))
        keys[self._audience] = [subject_key(token.sid)]
        rows = self._read(f"load subject {token.sid} for an answer", keys)
        entries = [x for x in rows[self._ledger] if x["sk"] != state_key(token.sid)["sk"]]
        states = [x for x in rows[self._ledger] if x["sk"] == state_key(token.sid)["sk"]]
        profiles = [binary_of(require_version(x), "sealed") for x in rows[self._audience]]
        used_ms = number_of(states[0], used_name(token_sha256)) if states else None
        return Asked(
            token=token_of(row, used_ms),
            subject=loaded_of(states, rows[self._vault]),
            request=entry_of(entries[0]) if entries else None,
            profile=profiles[0] if profiles else None,
        )

    def _transact(self, what: str, writes: Sequence[dict[str, Any]]) -> None:
        transact(what, writes, self._clock, self._random)

    def _read(self, what: str, keys: dict[str, list[Any]]) -> dict[str, list[Item]]:
        requests = {table: {"Keys": rows, "ConsistentRead": True} for table, rows in keys.items()}
        return read_all(what, client("dynamodb"), requests, self._clock, self._random)

    def _get_lasting(self, what: str, item_key: Item) -> Item | None:
        """Return a row whose facts are written once: strongly, at twice the price, if unseen."""
        return self._get(what, item_key, strong=False) or self._get(what, item_key)

    def _get(self, what: str, item_key: Item, *, strong: bool = True) -> Item | None:
        with translated(what):
            answer = client("dynamodb").get_item(
                TableName=self._ledger, Key=item_key, ConsistentRead=strong
            )
        item: Item | None = answer.get("Item")
        return item


def lookup_of(rows: Sequence[Item]) -> Lookup:
    """Return what the rows of one MAC say."""
    sid = None
    suppressions: tuple[Suppressed, ...] = ()
    for row in rows:
        require_version(row)
        if require_text(row, "sk") == "I":
            sid = SubjectId(require_text(row, "sid"))
        else:
            suppressions = suppressions_of(row)
    return Lookup(sid=sid, suppressions=suppressions)


def loaded_of(states: Sequence[Item], keys: Sequence[Item]) -> Loaded:
    """Return the subject that a STATE row and a vault row hold, where they are there."""
    wrapped_key = next((binary_of(require_version(row), "wrapped_key") for row in keys), None)
    if not states:
        return Loaded(state=None, macs=(), last_leaf_hash=None, wrapped_key=wrapped_key)
    row = states[0]
    return Loaded(
        state=_state_of(row),
        macs=tuple(part["S"] for part in row["macs"]["L"]),
        last_leaf_hash=require_text(row, "tip"),
        wrapped_key=wrapped_key,
    )


def _state_of(row: Item) -> SubjectState:
    return load_state(require_text(require_version(row), "folded"))
