# SPDX-License-Identifier: Apache-2.0
"""Appends of several subjects in one transaction, counted off as they are stored.

Guarantees what `ports.ledger` does, for all of a group at once: every append of it with its entry,
state, lookup and outbox row is stored together with the group's step along its lane, or nothing
is. Somebody who repeats a step, or takes one that another took meanwhile, stores nothing: so each
row of a lane is written exactly once, whatever is killed and however often it is tried again.

No visitor's request goes this way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from chalicelib.domain.ids import SubjectId
from chalicelib.errors import FatalError
from chalicelib.ports.ledger import Append, Loaded, Lookup

MAX_ACTIONS: Final = 100
"""Rows one transaction writes or checks. Source: Amazon DynamoDB API Reference,
TransactWriteItems."""
STEP_ACTIONS: Final = 1
"""Of those, the row of the lane."""
MAX_READ: Final = 50
"""Addresses or subjects read at once: two rows each."""


class Place(NamedTuple):
    """Where a lane of work stands: ``done`` rows of its chunk ``chunk``, both from 0."""

    chunk: int
    done: int


BEGINNING: Final = Place(0, 0)
"""Where every lane begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step along a lane: from a place that must still be the lane's to a later one.

    Attributes:
        owner: id of the import.
        lane: the part of it that one worker after another works through.
        counts: by how much each counter of the lane grows; names hold nothing personal.

    Raises:
        FatalError: it does not lead on.

    """

    owner: str
    lane: str
    before: Place
    after: Place
    counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a step that leads nowhere, which could be repeated."""
        if self.after <= self.before:
            raise FatalError("a step leads to a later place of its lane")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Appends that are stored together with a step; there may be none.

    Raises:
        FatalError: an append does not hold the entries its state counts, two touch the same
            subject or address, or there are more rows than one transaction takes.

    """

    appends: tuple[Append, ...]
    step: Step

    def __post_init__(self) -> None:
        """Refuse what no store could write in one transaction."""
        seen: set[str] = set()
        for append in self.appends:
            append.require_whole()
            touched = names_of(append)
            if touched & seen:
                raise FatalError("a group touches each subject and each address once")
            seen |= touched
        if sum(map(actions_of, self.appends)) + STEP_ACTIONS > MAX_ACTIONS:
            raise FatalError("a group is more than one transaction takes")


def actions_of(append: Append) -> int:
    """Return how many rows an append writes or checks, each one action of a transaction."""
    found = 2 * len(append.entries) + 1 + 2 * len(append.recorded)
    found += (append.profile is not None) + append.index_request
    if append.new_subject is not None:
        found += len(append.new_subject.macs) + 1
    elif append.move_to is not None:
        found += len({*append.macs, append.move_to})
    elif append.check_subject:
        found += len(append.macs) + 1
    return found + len(_suppression_macs(append))


def names_of(append: Append) -> frozenset[str]:
    """Return the subject and the addresses whose rows an append touches."""
    new = append.new_subject.macs if append.new_subject is not None else ()
    to = () if append.move_to is None else (append.move_to,)
    return frozenset({append.sid, *append.macs, *new, *to}) | _suppression_macs(append)


def _suppression_macs(append: Append) -> frozenset[str]:
    named = {row.mac for row in append.suppress}
    return frozenset(named | {mac for mac, _ in (*append.lift, *append.unsuppressed)})


class GroupStore(Protocol):
    """Chains and lookups by the dozen. Errors as `ports.ledger` says."""

    def lookup_many(self, macs: Sequence[str]) -> dict[str, Lookup]:
        """Return what is known of each of at most 50 MACs: one strong batch read.

        Raises:
            Unavailable: not every row could be read.
            FatalError: more than 50 MACs were asked for.
        """
        ...

    def load_many(self, sids: Sequence[SubjectId]) -> dict[SubjectId, Loaded]:
        """Return state and wrapped key of each of at most 50 subjects: one strong batch read.

        Raises:
            Unavailable: not every row could be read.
            FatalError: more than 50 subjects were asked for.
        """
        ...

    def commit_group(self, group: Group) -> None:
        """Write every append of the group, and its step, as one transaction.

        Raises:
            Overtaken: the lane is not where the step begins, or there is no such lane.
            Conflict: an append could not be stored, for the reasons `LedgerStore.commit` gives.
        """
        ...
