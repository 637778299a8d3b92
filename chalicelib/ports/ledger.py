# SPDX-License-Identifier: Apache-2.0
"""Where the ledger lives: subjects' chains, lookups, confirm tokens, the outbox and the head.

Guarantees every implementation gives, and the contract suite checks: a write that returned is
durable; `LedgerStore.commit` is all or nothing; reads marked *strong* see every write that
returned before they began. Errors: `Conflict` (a condition failed, nothing written), `Throttled`
or `Unavailable` (outcome of a write may be unknown; a read decided nothing).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import BrandId, EventId, ListId, PurposeId, SubjectId
from chalicelib.domain.reach import Reach, Reached
from chalicelib.domain.standing import Standing
from chalicelib.domain.state import SubjectState
from chalicelib.errors import FatalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """A suppression by keyed MAC; it survives the subject.

    Attributes:
        brand: None: every brand. list: None: every list of it.
        channel: of the identifier that the MAC is of.
        salt_key: 32 bytes that open the digests of its ledger entry when there is no subject.

    """

    mac: str
    brand: BrandId | None
    reason: str
    since_ms: int
    event: EventId
    salt_key: bytes | None = None
    channel: str = EMAIL
    list: ListId | None = None

    @property
    def reach(self) -> Reach:
        """What mail it keeps away."""
        return Reach(self.brand, self.channel, self.list)


ReachOfMac = tuple[str, Reached]
"""A keyed MAC and how far a suppression of it reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What is known of a keyed MAC."""

    sid: SubjectId | None
    suppressions: tuple[Suppressed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """One entry of a chain as stored.

    Attributes:
        n: number in the chain, from 0.
        leaf: exact leaf bytes, RFC 8785 JSON.
        sealed: the ciphertext of its disclosures; None once erased.

    """

    n: int
    event: EventId
    leaf: bytes
    sealed: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A subject read strongly.

    Attributes:
        state: None when there is no such subject (yet, or any more).
        macs: the keyed MACs of its identifiers.
        last_leaf_hash: SHA-256 leaf hash of the chain's last entry, hex.
        wrapped_key: from the vault; None when shredded or absent.

    """

    state: SubjectState | None
    macs: tuple[str, ...]
    last_leaf_hash: str | None
    wrapped_key: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmToken:
    """What a confirmation link stands for. The link itself is never stored."""

    token_sha256: str
    sid: SubjectId
    request: EventId
    request_entry: int
    form: str
    form_version: int
    brand: BrandId
    lists: tuple[ListId, ...]
    purposes: tuple[PurposeId, ...]
    notice: str
    language: str
    expires_ms: int
    used_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A confirm token and whom it was mailed to.

    Attributes:
        request: the entry the token was mailed for; None when there is none.
        profile: the sealed profile; None when there is none.

    """

    token: ConfirmToken
    subject: Loaded
    request: StoredEntry | None = None
    profile: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubject:
    """What a subject's first append also writes, each only if absent."""

    wrapped_key: bytes
    macs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileWrite:
    """The subject's audience row: sealed profile, plain memberships, and where they stand.

    Attributes:
        sealed: None: leave as it is.
        lists: (list id, status) pairs that replace the stored ones.
        standing: replaces the stored one; None: leave as it is.
        renews: the person confirmed: what failed before counts no more, and no rest is left.

    """

    sealed: bytes | None
    lists: tuple[tuple[ListId, str], ...]
    standing: Standing | None = None
    renews: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """One transaction on one subject's chain: entries, state, and what must change with them.

    Attributes:
        expected_entries: chain length it was decided on; another length is a `Conflict`.
        index_request: also write the event-id row of the first entry (for the queue message).
        consume_token: hash of a confirm token that must be unused; it becomes used. The caller
            has read it with the subject (`LedgerStore.asked`).
        suppress: suppression rows to put, mirrored in ``state``.
        unsuppressed: reaches that no suppression of a MAC may stand for; else a `Conflict`.
        lift: reaches of a MAC whose suppression ends with this append.
        macs: the subject's MACs.
        move_to: the one MAC that leads to the subject from now on; every other of ``macs`` leads to
            nobody any more. Where it leads to somebody else, a `Conflict`.
        recorded: (event, leaf) of entries of no chain, for rows of ``suppress`` that name them.
        check_subject: the subject must still be who ``macs`` look up and still have its key: the
            same number of checks a new subject's first append makes (promise 9).

    """

    sid: SubjectId
    expected_entries: int
    entries: tuple[StoredEntry, ...]
    state: SubjectState
    last_leaf_hash: str
    new_subject: NewSubject | None = None
    profile: ProfileWrite | None = None
    index_request: bool = False
    consume_token: str | None = None
    consumed_ms: int | None = None
    suppress: tuple[Suppressed, ...] = ()
    unsuppressed: tuple[ReachOfMac, ...] = ()
    lift: tuple[ReachOfMac, ...] = ()
    check_subject: bool = False
    macs: tuple[str, ...] = ()
    move_to: str | None = None
    recorded: tuple[tuple[EventId, bytes], ...] = ()

    def require_whole(self) -> None:
        """Refuse an append whose state was not folded from exactly its entries.

        Raises:
            FatalError: its entries are not the ones its state counts.
        """
        whole = self.expected_entries + len(self.entries) == self.state.entries
        if not self.entries or not whole:
            raise FatalError("an append holds exactly the entries its state counts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where an event is: its chain place, and its log index once sequenced."""

    event: EventId
    sid: SubjectId | None
    n: int | None
    index: int | None


class LedgerStore(Protocol):
    """Subjects' chains and everything that changes with them."""

    def lookup(self, mac: str) -> Lookup:
        """Return what is known of ``mac``: one strong batch read."""
        ...

    def load(self, sid: SubjectId) -> Loaded:
        """Return the subject's state and wrapped key: one strong batch read."""
        ...

    def states(self, sids: Sequence[SubjectId]) -> dict[SubjectId, SubjectState]:
        """Return the states of at most 100 subjects, read strongly; absent ones are left out.

        Raises:
            Unavailable: not every row could be read; the caller must not send to anyone.

        """
        ...

    def commit(self, append: Append) -> None:
        """Write the append as one transaction.

        Raises:
            Conflict: the chain moved on, the token was used, the subject was made meanwhile,
                ``move_to`` leads to somebody else, or what must be unsuppressed is not.
            FatalError: its entries are not the ones its state counts.

        """
        ...

    def history(
        self, sid: SubjectId, first: int = 0, last: int | None = None
    ) -> tuple[StoredEntry, ...]:
        """Return the entries ``first`` to ``last`` (inclusive; None: the end), read strongly."""
        ...

    def locate(self, event: EventId) -> Located | None:
        """Return where an event is, or None when its id row does not exist (yet).

        Its place in a chain is read strongly; its index in the log may be a moment old.
        """
        ...

    def append_controller_entry(
        self,
        event: EventId,
        leaf: bytes,
        sealed: bytes | None,
        suppress: tuple[Suppressed, ...] = (),
    ) -> None:
        """Write an entry of no subject's chain, with any suppression rows, in one transaction."""
        ...

    def put_token(self, token: ConfirmToken) -> None:
        """Store a confirm token; it disappears some time after ``expires_ms``."""
        ...

    def token(self, token_sha256: str) -> ConfirmToken | None:
        """Return the token, read strongly, expired or not, or None."""
        ...

    def asked(self, token_sha256: str) -> Asked | None:
        """Return a token with its subject, request and profile, or None without such a token.

        All but the token, which never changes, is one strong batch read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An entry waiting to be sequenced. ``key`` is the store's own handle for `Outbox.settle`."""

    key: tuple[str, str]
    event: EventId
    leaf: bytes
    sid: SubjectId | None
    n: int | None


class Outbox(Protocol):
    """Entries committed and not yet in the log."""

    def pending(self, limit: int) -> tuple[Pending, ...]:
        """Return up to ``limit`` entries over all shards, read strongly, oldest first."""
        ...

    def settle(self, indexed: Sequence[tuple[Pending, int]]) -> None:
        """Record each entry's log index and drop it from the outbox; repeating is harmless."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The log's authoritative head.

    Attributes:
        checkpoint: the signed note bytes for ``size`` and ``root``.
        staged: blob key of a batch committed but perhaps not fully published; else None.

    """

    size: int
    root: bytes
    checkpoint: bytes
    staged: str | None


class HeadStore(Protocol):
    """Compare-and-swap of the head; the log's safety rests on this alone."""

    def read(self) -> Head | None:
        """Return the head, read strongly; None before the log's first checkpoint."""
        ...

    def swap(self, expected: Head | None, new: Head) -> None:
        """Replace ``expected`` by ``new``.

        Raises:
            Conflict: the head is not ``expected`` (its size, root and staged key).
            Unavailable: the outcome is unknown; the caller must stop and read again later.

        """
        ...
