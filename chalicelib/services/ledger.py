# SPDX-License-Identifier: Apache-2.0
"""Appending to a subject's chain: the only way any consent changes.

Guarantees that state, entries, sealed data, lookup, memberships and standing change in one
transaction decided on the chain as it was read; that time never decreases along a chain; and that
nothing a leaf shows is personal. Refuses to append to a chain whose key is gone.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from chalicelib.domain import consent
from chalicelib.domain.events import EMAIL, Event, SuppressionReason, Via
from chalicelib.domain.ids import (
    RANDOM_ID_BYTES,
    BrandId,
    EventId,
    ListId,
    PurposeId,
    SubjectId,
    decode_id,
    encode_id,
)
from chalicelib.domain.standing import has_ended, standing
from chalicelib.domain.state import SubjectState, load_state, memberships
from chalicelib.errors import Conflict, DependencyError, FatalError, NotFound, StateError
from chalicelib.ports.keys import AddressMac, KeyWrapper
from chalicelib.ports.ledger import (
    Append,
    LedgerStore,
    Loaded,
    Lookup,
    NewSubject,
    ProfileWrite,
    StoredEntry,
    Suppressed,
)
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims, disclose, disclosure_digest, encode_claims
from chalicelib.proof.leaf import BuiltLeaf, Erasure, LeafFields, build_controller_leaf, build_leaf
from chalicelib.proof.sealing import KEY_BYTES, NONCE_BYTES, SubjectKeys
from chalicelib.services.entries import event_of_leaf, seal_profile
from chalicelib.vocabulary import EventType

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""Times a decision is taken anew when the chain moved on in between."""
KEPT_MOVING = "Too much happened at once; nothing was changed. Please try again."
"""What is said when that many decisions in a row were overtaken."""
NO_LEAF = sha256(b"no leaf before the first").hexdigest()
"""Stands for the leaf before the first: as long as any other, for promise 9 of design §2; also when
packed, where zeros would shrink. Older chains say 64 zeros; nothing reads it."""

_ANYBODYS_STATE = (
    '{"v":1,"n":4,"ms":1,"c":[["a","email","a","a",{"status":"given","since_ms":1,"entry":2,'
    '"grade":"B"}]],"o":[],"s":[],"b":[],"x":[[null,"manual",3]],"rq":0,"ml":1,"mt":[1],'
    '"r":false,"e":false}'
)
"""Read in a stranger's stead: what most people's state holds, but for hashes, and a suppression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry to be: what its leaf will say, and what will be sealed beside it."""

    type: EventType
    brand: BrandId | None = None
    channel: str | None = EMAIL
    lists: tuple[ListId, ...] = ()
    purposes: tuple[PurposeId, ...] = ()
    notice: str | None = None
    via: Via | None = None
    reason: str | None = None
    campaign: str | None = None
    content_sha256: str | None = None
    manifest_sha256: str | None = None
    claims: Claims = field(default_factory=Claims)
    event: EventId | None = None
    erasure: Erasure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A subject's chain as read: what the next append is decided on.

    Attributes:
        wrapped_key: as stored, or to be stored when the subject is new.
        keys: the subject's keys; never kept beyond the request.
        is_new: nothing is stored of the subject yet.

    """

    sid: SubjectId
    state: SubjectState
    macs: tuple[str, ...]
    last_leaf_hash: str | None
    wrapped_key: bytes
    keys: SubjectKeys
    is_new: bool = False


class Ledger:
    """Appends entries and reads chains; every service that touches consent holds one."""

    def __init__(
        self,
        *,
        store: LedgerStore,
        wrapper: KeyWrapper,
        address_mac: AddressMac,
        queues: Queues,
        clock: Clock,
        random: RandomBytes,
        origin: str,
        controller: str,
    ) -> None:
        self._store = store
        self._wrapper = wrapper
        self._address_mac = address_mac
        self._queues = queues
        self._clock = clock
        self._random = random
        self._origin = origin
        self._controller = controller

    def mac(self, normal_address: str) -> str:
        """Return the keyed MAC of a normalised address (`domain.addresses.Address.normal`)."""
        return self._address_mac.mac(normal_address)

    def lookup(self, mac: str) -> Lookup:
        """Return what is known of a MAC."""
        return self._store.lookup(mac)

    def new_event_id(self) -> EventId:
        """Return a fresh event id."""
        return EventId(encode_id(self._random(RANDOM_ID_BYTES)))

    def start(self, mac: str) -> Chain:
        """Return the empty chain of a new subject with fresh id and key; nothing is stored yet."""
        sid = SubjectId(encode_id(self._random(RANDOM_ID_BYTES)))
        key = self._random(KEY_BYTES)
        return Chain(
            sid=sid,
            state=SubjectState(),
            macs=(mac,),
            last_leaf_hash=None,
            wrapped_key=self._wrapper.wrap(decode_id(sid), key),
            keys=self._keys(sid, key),
            is_new=True,
        )

    def start_or_open(self, mac: str, sid: SubjectId | None) -> Chain:
        """Return the chain of ``sid``, or a new one when it is None, by the same calls.

        Either way a fresh key is made and wrapped, one subject and one state are read and one key
        unwrapped, so that a known and an unknown address cannot be told apart (promise 9,
        docs/architecture.md; ``make bench`` measures it).

        Raises:
            Conflict: the subject went away since it was looked up.
        """
        fresh = self.start(mac)
        loaded = self._store.load(sid or fresh.sid)
        if sid is None:
            load_state(_ANYBODYS_STATE)
            self._wrapper.unwrap(decode_id(fresh.sid), fresh.wrapped_key)
            return fresh
        return self._opened(sid, loaded, Conflict("The subscriber was erased meanwhile."))

    def open(self, sid: SubjectId) -> Chain:
        """Return the subject's chain, read strongly.

        Raises:
            NotFound: there is no such subject, or its key is gone.
            EvidenceError: the vault's key is not this subject's.

        """
        return self.opened(sid, self._store.load(sid))

    def opened(self, sid: SubjectId, loaded: Loaded) -> Chain:
        """Return the chain of a subject that was just read; raises as `open` does."""
        return self._opened(sid, loaded, NotFound("There is no such subscriber."))

    def _opened(self, sid: SubjectId, loaded: Loaded, missing: StateError) -> Chain:
        if loaded.state is None or loaded.wrapped_key is None:
            raise missing
        key = self._wrapper.unwrap(decode_id(sid), loaded.wrapped_key)
        return Chain(
            sid=sid,
            state=loaded.state,
            macs=loaded.macs,
            last_leaf_hash=loaded.last_leaf_hash,
            wrapped_key=loaded.wrapped_key,
            keys=self._keys(sid, key),
        )

    def keys_of(self, sid: SubjectId, wrapped_key: bytes) -> SubjectKeys:
        """Return the subject's keys from an already read vault row."""
        return self._keys(sid, self._wrapper.unwrap(decode_id(sid), wrapped_key))

    def _keys(self, sid: SubjectId, key: bytes) -> SubjectKeys:
        return SubjectKeys(key, self._origin, decode_id(sid))

    def append(
        self,
        chain: Chain,
        drafts: Sequence[Draft],
        *,
        profile: Mapping[str, JsonValue] | None = None,
        signup: bool = False,
        consume_token: str | None = None,
        suppress: tuple[Suppressed, ...] = (),
        move_to: str | None = None,
        recorded: tuple[tuple[EventId, bytes], ...] = (),
        wake: bool = True,
    ) -> Chain:
        """Append ``drafts`` as one transaction and return the chain after it.

        Args:
            profile: the subject's profile to seal and store; None leaves the stored one.
            signup: make the first entry findable by its event id at once, and write and check the
                same rows whether the subject is new or known (promise 9).
            consume_token: SHA-256 (hex) of the confirm token this answers.
            suppress: suppression rows by MAC that the drafts record.
            move_to: MAC of the address by which alone the subject is found from now on.
            recorded: entries of no chain that rows of ``suppress`` name (`suppression_of`).
            wake: tell the sequencer; the caller passes False when its own message will.

        Raises:
            Conflict: the chain moved on since it was read, the token was used, or the MAC moved
                to leads to somebody else; nothing changed.

        """
        now_ms = self._clock.now_ms()
        entries, after = self.grown(chain, drafts, now_ms)
        gone = {x.brand for x in chain.state.suppressions}
        gone -= {x.brand for x in after.state.suppressions}
        self._store.commit(
            Append(
                sid=chain.sid,
                expected_entries=chain.state.entries,
                entries=entries,
                state=after.state,
                last_leaf_hash=after.last_leaf_hash or "",
                new_subject=NewSubject(wrapped_key=chain.wrapped_key, macs=chain.macs)
                if chain.is_new
                else None,
                profile=self._profile_write(chain, after.state, profile, always=signup),
                index_request=signup,
                consume_token=consume_token,
                consumed_ms=now_ms if consume_token else None,
                suppress=suppress,
                lift=tuple((mac, brand) for mac in chain.macs for brand in sorted(gone, key=str)),
                check_subject=signup and not chain.is_new,
                macs=chain.macs,
                move_to=move_to,
                recorded=recorded,
            )
        )
        ended = has_ended(standing(chain.state), standing(after.state))
        if wake or ended:
            self.wake_sequencer(forget=chain.sid if ended else None)
        return after if move_to is None else replace(after, macs=(move_to,))

    def grown(
        self, chain: Chain, drafts: Sequence[Draft], now_ms: int
    ) -> tuple[tuple[StoredEntry, ...], Chain]:
        """Return the entries that ``drafts`` become, and the chain with them; stores nothing.

        Raises:
            FatalError: there are no drafts.
        """
        if not drafts:
            raise FatalError("an append needs at least one entry")
        entries: list[StoredEntry] = []
        state, previous = chain.state, chain.last_leaf_hash
        for draft in drafts:
            at_ms = max(now_ms, state.last_ms + 1)
            entry, built, event = self._entry(chain, draft, state.entries, at_ms, previous)
            entries.append(entry)
            state = consent.fold([event], state)
            previous = built.hash.hex()
        return tuple(entries), replace(chain, state=state, last_leaf_hash=previous, is_new=False)

    def _profile_write(
        self,
        chain: Chain,
        state: SubjectState,
        profile: Mapping[str, JsonValue] | None,
        *,
        always: bool,
    ) -> ProfileWrite | None:
        plain = _plain(state)
        if profile is None:
            return plain if always or plain != _plain(chain.state) else None
        sealed = seal_profile(chain.keys, profile, self._random(NONCE_BYTES))
        return replace(plain, sealed=sealed)

    def _entry(
        self, chain: Chain, draft: Draft, n: int, at_ms: int, previous: str | None
    ) -> tuple[StoredEntry, BuiltLeaf, Event]:
        event_id = draft.event or self.new_event_id()
        claims = replace(
            draft.claims, link={**(draft.claims.link or {}), "previous": previous or NO_LEAF}
        )
        built = build_leaf(self._fields(draft, decode_id(event_id), at_ms), claims, chain.keys, n)
        sealed = chain.keys.seal_claims(
            decode_id(event_id), built.hash, encode_claims(claims), self._random(NONCE_BYTES)
        )
        entry = StoredEntry(n=n, event=event_id, leaf=built.leaf, sealed=sealed)
        return entry, built, event_of_leaf(built.leaf)

    def _fields(self, draft: Draft, event_id: bytes, at_ms: int) -> LeafFields:
        return LeafFields(
            event_id=event_id,
            type=draft.type,
            ts_ms=at_ms,
            controller=self._controller,
            brand=draft.brand,
            channel=draft.channel,
            lists=draft.lists,
            purposes=draft.purposes,
            notice_sha256=draft.notice,
            via=draft.via,
            reason=draft.reason,
            manifest_sha256=draft.manifest_sha256,
            content_sha256=draft.content_sha256,
            campaign=draft.campaign,
            erasure=draft.erasure,
        )

    def retrying(
        self,
        sid: SubjectId,
        decide: Callable[[Chain], Sequence[Draft]],
        chain: Chain | None = None,
    ) -> Chain:
        """Open the chain, append what ``decide`` returns, and decide anew if it moved on.

        An empty decision appends nothing. A ``chain`` the caller holds already is tried first.

        Raises:
            Conflict: the chain kept moving; nothing was appended.
            NotFound: there is no such subject.

        """
        for _ in range(ATTEMPTS):
            chain = chain or self.open(sid)
            drafts = decide(chain)
            if not drafts:
                return chain
            try:
                return self.append(chain, drafts)
            except Conflict:
                chain = None
        raise Conflict(KEPT_MOVING)

    def record(self, draft: Draft) -> EventId:
        """Append an entry of no subject's chain, such as ``notice.published``."""
        event_id = draft.event or self.new_event_id()
        self.publish(replace(draft, event=event_id))
        return event_id

    def publish(self, draft: Draft, *, wake: bool = True) -> bytes:
        """Append an entry of no subject's chain and return its leaf.

        Raises:
            Conflict: an entry with the draft's id was written before.

        """
        event_id = draft.event or self.new_event_id()
        fields = self._fields(draft, decode_id(event_id), self._clock.now_ms())
        leaf = build_controller_leaf(fields).leaf
        self._store.append_controller_entry(event_id, leaf, None)
        if wake:
            self.wake_sequencer()
        return leaf

    def suppress_stranger(
        self, mac: str, reason: SuppressionReason, brand: BrandId | None = None
    ) -> None:
        """Suppress an address that belongs to no subject: a row by MAC, and its entry."""
        row, leaf = self.suppression_of(mac, reason, brand)
        self._store.append_controller_entry(row.event, leaf, None, (row,))
        self.wake_sequencer()

    def suppression_of(
        self, mac: str, reason: SuppressionReason, brand: BrandId | None = None
    ) -> tuple[Suppressed, bytes]:
        """Return a suppression that stands in no chain, and its entry's leaf; stores nothing.

        The entry commits to the MAC under a key that only the row holds: without the row it opens
        no more.
        """
        event_id = self.new_event_id()
        now_ms = self._clock.now_ms()
        key = self._random(KEY_BYTES)
        draft = Draft(type=EventType.SUPPRESSION_ADDED, brand=brand, reason=reason)
        claims = Claims(subject={"mac": mac})
        row_keys = SubjectKeys(key, self._origin, decode_id(event_id))
        digests = [
            disclosure_digest(text) for text in disclose(decode_id(event_id), claims, row_keys)
        ]
        fields = self._fields(draft, decode_id(event_id), now_ms)
        leaf = build_controller_leaf(fields, digests=digests).leaf
        row = Suppressed(
            mac=mac, brand=brand, reason=reason, since_ms=now_ms, event=event_id, salt_key=key
        )
        return row, leaf

    def wake_sequencer(self, *, forget: SubjectId | None = None) -> None:
        """Ask for a checkpoint soon. Only an optimisation: a schedule does it anyway.

        Args:
            forget: of whom something may not be known any more. It goes with the same message, so
                that who leaves waits for one call and no more; whoever sequences passes it on.
        """
        message: dict[str, object] = {"v": 1}
        try:
            self._queues.send(
                Queue.SEQUENCING, message if forget is None else {**message, "forget": forget}
            )
        except DependencyError:
            log.warning("the sequencer could not be woken; the schedule will run it")

    def history(
        self, sid: SubjectId, first: int = 0, last: int | None = None
    ) -> tuple[StoredEntry, ...]:
        """Return entries of a chain in order."""
        return self._store.history(sid, first, last)


def _plain(state: SubjectState) -> ProfileWrite:
    """Return what stands in the clear on the audience row."""
    return ProfileWrite(sealed=None, lists=memberships(state), standing=standing(state))
