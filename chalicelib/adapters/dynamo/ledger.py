# SPDX-License-Identifier: Apache-2.0
"""`ports.ledger.LedgerStore` on DynamoDB: one append is one TransactWriteItems over three tables.

Guarantees that no state changes without its entry; that a repeated request which already
succeeded succeeds again (its token is derived from its content); and that a new and a known
subject's append are as many operations on the same rows, in one order (promise 9).
Refuses partial batch reads.

Source: Amazon DynamoDB API Reference, TransactWriteItems (100 actions, one per row,
ClientRequestToken honoured for 10 minutes).
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    binary_of,
    number,
    number_of,
    query,
    read_all,
    require_text,
    require_version,
    text,
    wait_ms,
)
from chalicelib.adapters.dynamo.ledger_rows import (
    STANDING,
    check,
    controller_item,
    entry_item,
    entry_key,
    entry_of,
    located_item,
    located_key,
    located_of,
    lookup_delete,
    lookup_key,
    pending_item,
    put_new,
    state_key,
    subject_key,
    suppression_key,
    suppression_updates,
    suppressions_of,
    token_item,
    token_key,
    token_of,
    update,
    used_name,
)
from chalicelib.domain.ids import EventId, SubjectId
from chalicelib.domain.standing import dump_standing
from chalicelib.domain.state import SubjectState, dump_state, load_state
from chalicelib.errors import FatalError, Throttled
from chalicelib.ports.ledger import (
    Append,
    Asked,
    ConfirmToken,
    Loaded,
    Located,
    Lookup,
    ProfileWrite,
    StoredEntry,
    Suppressed,
)
from chalicelib.ports.system import Clock, RandomBytes

MAX_STATES: Final = 100
"""Keys of one BatchGetItem."""
LAST_ENTRY: Final = 9_999_999_999
TRANSACTION_TRIES: Final = 4
"""A row in somebody else's transaction is free again within milliseconds; the SDK does not ask
again for that, so we do."""
_VERSION: Final = number(ROW_VERSION)


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
        self._ledger = ledger_table
        self._vault = vault_table
        self._audience = audience_table
        self._clock = clock
        self._random = random

    def lookup(self, mac: str) -> Lookup:
        """Return what is known of ``mac``: one strong batch read."""
        keys = [lookup_key(mac), suppression_key(mac)]
        rows = self._read("look up a MAC", {self._ledger: keys})[self._ledger]
        sid = None
        suppressions: tuple[Suppressed, ...] = ()
        for row in rows:
            require_version(row)
            if require_text(row, "sk") == "I":
                sid = SubjectId(require_text(row, "sid"))
            else:
                suppressions = suppressions_of(row)
        return Lookup(sid=sid, suppressions=suppressions)

    def load(self, sid: SubjectId) -> Loaded:
        """Return the subject's state and wrapped key: one strong batch read."""
        rows = self._read(f"load subject {sid}", self._subject_keys(sid))
        return _loaded(rows[self._ledger], rows[self._vault])

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
        whole = append.expected_entries + len(append.entries) == append.state.entries
        if not append.entries or not whole:
            raise FatalError("an append holds exactly the entries its state counts")
        self._transact(f"append to subject {append.sid}", self._writes(append))

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
            subject=_loaded(states, rows[self._vault]),
            request=entry_of(entries[0]) if entries else None,
            profile=profiles[0] if profiles else None,
        )

    def _writes(self, append: Append) -> list[dict[str, Any]]:
        writes: list[dict[str, Any]] = []
        for entry in append.entries:
            writes.append(put_new(self._ledger, entry_item(append.sid, entry)))
            pending = pending_item(entry.event, entry.leaf, append.sid, entry.n)
            writes.append(put_new(self._ledger, pending))
        writes.append(self._state_write(append))
        writes.extend(self._identity_writes(append))
        if append.profile is not None:
            writes.append(self._profile_write(append.sid, append.profile))
        if append.index_request:
            first = append.entries[0]
            row = located_item(first.event, append.sid, first.n)
            writes.append(put_new(self._ledger, row))
        writes.extend(suppression_updates(self._ledger, append.suppress, append.lift))
        for event, leaf in append.recorded:
            writes.append(put_new(self._ledger, located_item(event, None, None)))
            writes.append(put_new(self._ledger, pending_item(event, leaf, None, None)))
        return writes

    def _state_write(self, append: Append) -> dict[str, Any]:
        change = "SET v = :v, n = :n, folded = :folded, tip = :tip"
        values: dict[str, Any] = {
            ":v": _VERSION,
            ":n": number(append.state.entries),
            ":folded": text(dump_state(append.state)),
            ":tip": text(append.last_leaf_hash),
        }
        macs = append.new_subject.macs if append.new_subject is not None else ()
        if append.move_to is not None:
            macs = (append.move_to,)
        if macs:
            change += ", macs = :macs"
            values[":macs"] = {"L": [text(mac) for mac in macs]}
        condition = "attribute_not_exists(pk)"
        if append.expected_entries:
            condition = "n = :expected AND v = :v"
            values[":expected"] = number(append.expected_entries)
        names: dict[str, str] = {}
        if append.consume_token is not None:
            if append.consumed_ms is None:
                raise FatalError("a token is consumed at a time")
            names = {"#used": used_name(append.consume_token)}
            values[":used"] = number(append.consumed_ms)
            change += ", #used = :used"
            condition += " AND attribute_not_exists(#used)"
        key = state_key(append.sid)
        return update(self._ledger, key, change, values, condition=condition, names=names)

    def _identity_writes(self, append: Append) -> list[dict[str, Any]]:
        """Who the subject is: made for a new one, checked for a known one, on the same rows.

        A check and not an update that changes nothing: most roles may not write to the vault.
        """
        new, row = append.new_subject, subject_key(append.sid)
        if new is not None:
            looked_up: Item = {"v": _VERSION, "sid": text(append.sid)}
            key: Item = {"v": _VERSION, "wrapped_key": binary(new.wrapped_key)}
            return [
                *(put_new(self._ledger, {**lookup_key(mac), **looked_up}) for mac in new.macs),
                put_new(self._vault, {**row, **key}),
            ]
        is_subject = {":sid": text(append.sid)}
        if append.move_to is not None:
            to: Item = {**lookup_key(append.move_to), "v": _VERSION, "sid": text(append.sid)}
            return [
                put_new(self._ledger, to)
                if append.move_to not in append.macs
                else check(self._ledger, lookup_key(append.move_to), "sid = :sid", is_subject),
                *(
                    lookup_delete(self._ledger, mac, append.sid)
                    for mac in append.macs
                    if mac != append.move_to
                ),
            ]
        if not append.check_subject:
            return []
        return [
            *(
                check(self._ledger, lookup_key(mac), "sid = :sid", is_subject)
                for mac in append.macs
            ),
            check(self._vault, row, "attribute_exists(wrapped_key)"),
        ]

    def _profile_write(self, sid: SubjectId, profile: ProfileWrite) -> dict[str, Any]:
        change = "SET v = :v, lists = :lists"
        lists = {list_id: text(status) for list_id, status in profile.lists}
        values: dict[str, Any] = {":v": _VERSION, ":lists": {"M": lists}}
        if profile.sealed is not None:
            change += ", sealed = :sealed"
            values[":sealed"] = binary(profile.sealed)
        if profile.standing is not None:
            change += f", {STANDING} = :standing"
            values[":standing"] = text(dump_standing(profile.standing))
        return update(self._audience, subject_key(sid), change, values)

    def _transact(self, what: str, writes: Sequence[dict[str, Any]]) -> None:
        token = hashlib.sha256(repr(writes).encode()).hexdigest()[:36]
        for attempt in range(1, TRANSACTION_TRIES + 1):
            try:
                with translated(what):
                    client("dynamodb").transact_write_items(
                        TransactItems=writes, ClientRequestToken=token
                    )
            except Throttled:
                if attempt == TRANSACTION_TRIES:
                    raise
                self._clock.sleep_ms(wait_ms(attempt, self._random))
            else:
                return

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


def _loaded(states: Sequence[Item], keys: Sequence[Item]) -> Loaded:
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
