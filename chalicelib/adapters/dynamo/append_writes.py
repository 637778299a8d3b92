# SPDX-License-Identifier: Apache-2.0
"""The writes that appends are made of, and the one call that makes them: TransactWriteItems.

Guarantees that a new and a known subject's append are as many operations on the same rows, in one
order (promise 9); that no two operations name the same row; and that a repeated request which
already succeeded succeeds again (its token is derived from its content).

Source: Amazon DynamoDB API Reference, TransactWriteItems (100 actions, one per row,
ClientRequestToken honoured for 10 minutes, CancellationReasons in the order of the actions).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    number,
    text,
    wait_ms,
)
from chalicelib.adapters.dynamo.ledger_rows import (
    REST,
    STANDING,
    check,
    entry_item,
    located_item,
    lookup_delete,
    lookup_key,
    pending_item,
    put_new,
    state_key,
    subject_key,
    update,
    used_name,
)
from chalicelib.adapters.dynamo.suppression_rows import suppression_updates
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.standing import dump_standing
from chalicelib.domain.state import dump_state
from chalicelib.errors import FatalError, Overtaken, Throttled
from chalicelib.ports.ledger import Append, ProfileWrite
from chalicelib.ports.system import Clock, RandomBytes

TRANSACTION_TRIES: Final = 4
"""A row in somebody else's transaction is free again within milliseconds; the SDK does not ask
again for that, so we do."""
_VERSION: Final = number(ROW_VERSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Names of the tables an append writes to."""

    ledger: str
    vault: str
    audience: str


def transact(
    what: str,
    writes: Sequence[dict[str, Any]],
    clock: Clock,
    random: RandomBytes,
    *,
    step: int | None = None,
) -> None:
    """Make all the writes, or none.

    Args:
        step: which of the writes is a worker's step, if one is.

    Raises:
        Overtaken: the condition of the step failed.
        Conflict: another condition failed.
        Throttled: rows were still in other transactions after the last try.
        Unavailable: the outcome is unknown.
    """
    token = hashlib.sha256(repr(writes).encode()).hexdigest()[:36]
    for attempt in range(1, TRANSACTION_TRIES + 1):
        try:
            with translated(what):
                _transact_once(what, writes, token, step)
        except Throttled:
            if attempt == TRANSACTION_TRIES:
                raise
            clock.sleep_ms(wait_ms(attempt, random))
        else:
            return


def _transact_once(
    what: str, writes: Sequence[dict[str, Any]], token: str, step: int | None
) -> None:
    from botocore.exceptions import ClientError

    try:
        client("dynamodb").transact_write_items(TransactItems=writes, ClientRequestToken=token)
    except ClientError as error:
        reasons = error.response.get("CancellationReasons", ())
        if step is None or len(reasons) <= step:
            raise
        if reasons[step].get("Code") != "ConditionalCheckFailed":
            raise
        raise Overtaken(f"{what}: another worker took this step") from None


def append_writes(tables: Tables, append: Append) -> list[dict[str, Any]]:
    """Return the writes and checks of one append, each of another row."""
    writes: list[dict[str, Any]] = []
    for entry in append.entries:
        writes.append(put_new(tables.ledger, entry_item(append.sid, entry)))
        pending = pending_item(entry.event, entry.leaf, append.sid, entry.n)
        writes.append(put_new(tables.ledger, pending))
    writes.append(_state_write(tables, append))
    writes.extend(_identity_writes(tables, append))
    if append.profile is not None:
        writes.append(_profile_write(tables.audience, append.sid, append.profile))
    if append.index_request:
        first = append.entries[0]
        row = located_item(first.event, append.sid, first.n)
        writes.append(put_new(tables.ledger, row))
    writes.extend(
        suppression_updates(tables.ledger, append.suppress, append.lift, append.unsuppressed)
    )
    for event, leaf in append.recorded:
        writes.append(put_new(tables.ledger, located_item(event, None, None)))
        writes.append(put_new(tables.ledger, pending_item(event, leaf, None, None)))
    return writes


def _state_write(tables: Tables, append: Append) -> dict[str, Any]:
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
    return update(tables.ledger, key, change, values, condition=condition, names=names)


def _identity_writes(tables: Tables, append: Append) -> list[dict[str, Any]]:
    """Who the subject is: made for a new one, checked for a known one, on the same rows.

    A check and not an update that changes nothing: most roles may not write to the vault.
    """
    new, row = append.new_subject, subject_key(append.sid)
    if new is not None:
        looked_up: Item = {"v": _VERSION, "sid": text(append.sid)}
        key: Item = {"v": _VERSION, "wrapped_key": binary(new.wrapped_key)}
        return [
            *(put_new(tables.ledger, {**lookup_key(mac), **looked_up}) for mac in new.macs),
            put_new(tables.vault, {**row, **key}),
        ]
    is_subject = {":sid": text(append.sid)}
    if append.move_to is not None:
        to: Item = {**lookup_key(append.move_to), "v": _VERSION, "sid": text(append.sid)}
        return [
            put_new(tables.ledger, to)
            if append.move_to not in append.macs
            else check(tables.ledger, lookup_key(append.move_to), "sid = :sid", is_subject),
            *(
                lookup_delete(tables.ledger, mac, append.sid)
                for mac in append.macs
                if mac != append.move_to
            ),
        ]
    if not append.check_subject:
        return []
    return [
        *(check(tables.ledger, lookup_key(mac), "sid = :sid", is_subject) for mac in append.macs),
        check(tables.vault, row, "attribute_exists(wrapped_key)"),
    ]


def _profile_write(table: str, sid: SubjectId, profile: ProfileWrite) -> dict[str, Any]:
    change = "SET v = :v, lists = :lists"
    lists = {list_id: text(status) for list_id, status in profile.lists}
    values: dict[str, Any] = {":v": _VERSION, ":lists": {"M": lists}}
    if profile.sealed is not None:
        change += ", sealed = :sealed"
        values[":sealed"] = binary(profile.sealed)
    if profile.standing is not None:
        change += f", {STANDING} = :standing"
        values[":standing"] = text(dump_standing(profile.standing))
    if profile.renews:
        change += f" REMOVE {REST}"
    return update(table, subject_key(sid), change, values)
