# SPDX-License-Identifier: Apache-2.0
"""`ports.ledger_groups.GroupStore` on DynamoDB: a group is one TransactWriteItems over four tables.

Guarantees that of a lane only the worker who knows its place stores anything. The lane's row is in
the campaigns table, ``IMPORT#<owner>``/``L#<lane>``: where it stands (``next`` chunk, rows ``done``
of it) and a counter an attribute (``c#<name>``). Refuses partial batch reads.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chalicelib.adapters.aws import client
from chalicelib.adapters.dynamo.append_writes import Tables, append_writes, transact
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    key,
    number,
    read_all,
    require_number,
    require_text,
    require_version,
)
from chalicelib.adapters.dynamo.ledger import loaded_of, lookup_of
from chalicelib.adapters.dynamo.ledger_rows import (
    lookup_key,
    state_key,
    subject_key,
    suppression_key,
    update,
)
from chalicelib.domain.ids import SubjectId
from chalicelib.errors import FatalError
from chalicelib.ports.ledger import Loaded, Lookup
from chalicelib.ports.ledger_groups import BEGINNING, MAX_READ, Group, Place, Step
from chalicelib.ports.system import Clock, RandomBytes

_COUNTER: Final = "c#"
_VERSION: Final = number(ROW_VERSION)


class DynamoGroupStore:
    """Appends of several subjects, and the reads they are decided on."""

    def __init__(
        self,
        *,
        ledger_table: str,
        vault_table: str,
        audience_table: str,
        campaigns_table: str,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._tables = Tables(ledger=ledger_table, vault=vault_table, audience=audience_table)
        self._campaigns = campaigns_table
        self._clock = clock
        self._random = random

    def lookup_many(self, macs: Sequence[str]) -> dict[str, Lookup]:
        """Return what is known of each of at most 50 MACs: one strong batch read.

        Raises:
            Unavailable: not every row could be read.
            FatalError: more than 50 MACs were asked for.
        """
        wanted = _readable(macs)
        ledger = self._tables.ledger
        keys = [of(mac) for mac in wanted for of in (lookup_key, suppression_key)]
        rows: dict[str, list[Item]] = {mac: [] for mac in wanted}
        for row in self._read("look up MACs", {ledger: keys})[ledger]:
            rows[require_text(row, "pk")[2:]].append(row)
        return {mac: lookup_of(found) for mac, found in rows.items()}

    def load_many(self, sids: Sequence[SubjectId]) -> dict[SubjectId, Loaded]:
        """Return state and wrapped key of each of at most 50 subjects: one strong batch read.

        Raises:
            Unavailable: not every row could be read.
            FatalError: more than 50 subjects were asked for.
        """
        wanted = _readable(sids)
        ledger, vault = self._tables.ledger, self._tables.vault
        keys = {
            ledger: [state_key(sid) for sid in wanted],
            vault: [subject_key(sid) for sid in wanted],
        }
        found = self._read("load subjects", keys)
        states = {require_text(row, "pk")[2:]: row for row in found[ledger]}
        wrapped = {require_text(row, "sk"): row for row in found[vault]}
        return {
            sid: loaded_of(
                [states[sid]] if sid in states else [], [wrapped[sid]] if sid in wrapped else []
            )
            for sid in wanted
        }

    def commit_group(self, group: Group) -> None:
        """Write every append of the group, and its step, as one transaction.

        Raises:
            Overtaken: the lane is not where the step begins, or there is no such lane.
            Conflict: an append could not be stored, for the reasons `LedgerStore.commit` gives.
        """
        step = group.step
        writes = [
            write for append in group.appends for write in append_writes(self._tables, append)
        ]
        writes.append(_step_write(self._campaigns, step))
        what = f"append chunk {step.before.chunk} of lane {step.lane} of import {step.owner}"
        transact(what, writes, self._clock, self._random, step=len(writes) - 1)

    def _read(self, what: str, keys: Mapping[str, list[Any]]) -> dict[str, list[Item]]:
        requests = {
            table: {"Keys": rows, "ConsistentRead": True} for table, rows in keys.items() if rows
        }
        found: dict[str, list[Item]] = {table: [] for table in keys}
        if requests:
            found |= read_all(what, client("dynamodb"), requests, self._clock, self._random)
        return found


def lane_key(owner: str, lane: str) -> dict[str, dict[str, str]]:
    """Return the key of a lane's row, in the campaigns table."""
    return key(f"IMPORT#{owner}", f"L#{lane}")


def lane_item(owner: str, lane: str) -> Item:
    """Return the row of a lane at its beginning, with nothing counted."""
    return {
        **lane_key(owner, lane),
        "v": _VERSION,
        "next": number(BEGINNING.chunk),
        "done": number(BEGINNING.done),
    }


def place_of(item: Item) -> Place:
    """Return where the lane of a row stands."""
    require_version(item)
    return Place(chunk=require_number(item, "next"), done=require_number(item, "done"))


def counts_of(item: Item) -> dict[str, int]:
    """Return the counters of a lane's row by name."""
    require_version(item)
    names = [name for name in item if name.startswith(_COUNTER)]
    return {name.removeprefix(_COUNTER): require_number(item, name) for name in names}


def _step_write(table: str, step: Step) -> dict[str, Any]:
    names = {"#next": "next", "#done": "done"}
    values: dict[str, Any] = {
        ":v": _VERSION,
        ":chunk": number(step.before.chunk),
        ":before": number(step.before.done),
        ":next": number(step.after.chunk),
        ":done": number(step.after.done),
    }
    added = []
    for place, (name, count) in enumerate(sorted(step.counts.items())):
        names[f"#c{place}"] = _COUNTER + name
        values[f":c{place}"] = number(count)
        added.append(f"#c{place} :c{place}")
    change = "SET #next = :next, #done = :done" + (f" ADD {', '.join(added)}" if added else "")
    condition = "v = :v AND #next = :chunk AND #done = :before"
    lane = lane_key(step.owner, step.lane)
    return update(table, lane, change, values, condition=condition, names=names)


def _readable(asked: Sequence[str]) -> dict[Any, None]:
    wanted = dict.fromkeys(asked)
    if len(wanted) > MAX_READ:
        raise FatalError(f"at most {MAX_READ} are read at once")
    return wanted
