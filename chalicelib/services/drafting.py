# SPDX-License-Identifier: Apache-2.0
"""What an append will write, made whole before anything is stored.

Guarantees that state, entries, sealed data, memberships and standing of one append agree with each
other and with the chain as it was read; that time never decreases along a chain; and that nothing
a leaf shows is personal. Refuses an append without entries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from operator import attrgetter
from typing import TypedDict, Unpack

from chalicelib.domain import consent
from chalicelib.domain.events import EMAIL, Event, SuppressionReason, Via
from chalicelib.domain.hygiene import renewed_ms
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
from chalicelib.domain.reach import EVERYWHERE, Reach, Reached, reach_of
from chalicelib.domain.standing import has_ended, standing
from chalicelib.domain.state import SubjectState, memberships
from chalicelib.errors import FatalError
from chalicelib.ports.ledger import (
    Append,
    NewSubject,
    ProfileWrite,
    ReachOfMac,
    StoredEntry,
    Suppressed,
)
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims, disclose, disclosure_digest, encode_claims
from chalicelib.proof.leaf import BuiltLeaf, Erasure, LeafFields, build_controller_leaf, build_leaf
from chalicelib.proof.sealing import KEY_BYTES, NONCE_BYTES, SubjectKeys
from chalicelib.services.entries import event_of_leaf, seal_profile
from chalicelib.vocabulary import EventType

NO_LEAF = sha256(b"no leaf before the first").hexdigest()
"""Stands for the leaf before the first: as long as any other, for promise 9 of design §2; also when
packed, where zeros would shrink. Older chains say 64 zeros; nothing reads it."""


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


class Changes(TypedDict, total=False):
    """What an append changes besides the chain.

    Attributes:
        profile: the subject's profile to seal and store; None leaves the stored one.
        signup: make the first entry findable by its event id at once, and write and check the
            same rows whether the subject is new or known (promise 9).
        consume_token: SHA-256 (hex) of the confirm token this answers.
        suppress: suppression rows by MAC that the drafts record.
        unsuppressed: reaches that no suppression of a MAC stands for when it is written.
        move_to: MAC of the address by which alone the subject is found from now on.
        recorded: entries of no chain that rows of ``suppress`` name (`suppression_of`).

    """

    profile: Mapping[str, JsonValue] | None
    signup: bool
    consume_token: str | None
    suppress: tuple[Suppressed, ...]
    unsuppressed: tuple[ReachOfMac, ...]
    move_to: str | None
    recorded: tuple[tuple[EventId, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """An append ready to be stored.

    Attributes:
        after: the chain once it is.
        ended: something may not be known of the subject any more once it is.

    """

    append: Append
    after: Chain
    ended: bool


class Drafting:
    """Makes entries, leaves and appends; stores nothing."""

    def __init__(self, *, clock: Clock, random: RandomBytes, origin: str, controller: str) -> None:
        self._clock = clock
        self._random = random
        self._origin = origin
        self._controller = controller

    def new_event_id(self) -> EventId:
        """Return a fresh event id."""
        return EventId(encode_id(self._random(RANDOM_ID_BYTES)))

    def drafted(self, chain: Chain, drafts: Sequence[Draft], **changes: Unpack[Changes]) -> Drafted:
        """Return the append that ``drafts`` become; stores nothing.

        Raises:
            FatalError: there are no drafts.
        """
        now_ms = self._clock.now_ms()
        entries, after = self.grown(chain, drafts, now_ms)
        gone = {x.reach for x in chain.state.suppressions}
        gone -= {x.reach for x in after.state.suppressions}
        ended = sorted(gone, key=attrgetter("order"))
        signup, move_to = changes.get("signup", False), changes.get("move_to")
        token = changes.get("consume_token")
        append = Append(
            sid=chain.sid,
            expected_entries=chain.state.entries,
            entries=entries,
            state=after.state,
            last_leaf_hash=after.last_leaf_hash or "",
            new_subject=NewSubject(wrapped_key=chain.wrapped_key, macs=chain.macs)
            if chain.is_new
            else None,
            profile=self._profile_write(chain, after.state, changes.get("profile"), always=signup),
            index_request=signup,
            consume_token=token,
            consumed_ms=now_ms if token else None,
            suppress=changes.get("suppress", ()),
            unsuppressed=changes.get("unsuppressed", ()),
            lift=tuple((mac, reach) for mac in chain.macs for reach in ended),
            check_subject=signup and not chain.is_new,
            macs=chain.macs,
            move_to=move_to,
            recorded=changes.get("recorded", ()),
        )
        return Drafted(
            append=append,
            after=after if move_to is None else replace(after, macs=(move_to,)),
            ended=has_ended(standing(chain.state), standing(after.state)),
        )

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
        # A confirmation is all that moves this on; a withdrawal takes it back.
        renewed = renewed_ms(state) or 0
        plain = replace(_plain(state), renews=renewed > (renewed_ms(chain.state) or 0))
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

    def controller_leaf(self, draft: Draft, event_id: EventId) -> bytes:
        """Return the leaf of an entry of no subject's chain."""
        fields = self._fields(draft, decode_id(event_id), self._clock.now_ms())
        return build_controller_leaf(fields).leaf

    def suppression_of(
        self, mac: str, reason: SuppressionReason, reach: Reached = EVERYWHERE
    ) -> tuple[Suppressed, bytes]:
        """Return a suppression that stands in no chain, and its entry's leaf; stores nothing.

        The entry commits to the MAC under a key that only the row holds: without the row it opens
        no more.
        """
        event_id = self.new_event_id()
        now_ms = self._clock.now_ms()
        key = self._random(KEY_BYTES)
        draft = suppression_draft(reason, reach_of(reach))
        claims = Claims(subject={"mac": mac})
        row_keys = SubjectKeys(key, self._origin, decode_id(event_id))
        digests = [
            disclosure_digest(text) for text in disclose(decode_id(event_id), claims, row_keys)
        ]
        fields = self._fields(draft, decode_id(event_id), now_ms)
        leaf = build_controller_leaf(fields, digests=digests).leaf
        row = Suppressed(
            mac=mac,
            brand=draft.brand,
            reason=reason,
            since_ms=now_ms,
            event=event_id,
            salt_key=key,
            channel=draft.channel or EMAIL,
            list=draft.lists[0] if draft.lists else None,
        )
        return row, leaf


def suppression_draft(reason: str, reach: Reach) -> Draft:
    """Return the entry that suppresses an address as far as ``reach``."""
    return Draft(
        type=EventType.SUPPRESSION_ADDED,
        brand=reach.brand,
        channel=reach.channel,
        lists=() if reach.list is None else (reach.list,),
        reason=reason,
    )


def _plain(state: SubjectState) -> ProfileWrite:
    """Return what stands in the clear on the audience row."""
    return ProfileWrite(sealed=None, lists=memberships(state), standing=standing(state))
