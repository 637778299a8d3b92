# SPDX-License-Identifier: Apache-2.0
"""The rights desk: what people ask for about their data, done at once where the law says so.

Guarantees that an objection, a withdrawal and a restriction are in the ledger before the answer
leaves, whoever took them and however; that every request has a deadline and stands in the person's
chain; and that what is still owed is recorded before anything else happens (docs/spec/rights.md).
What becomes of a request is `right_answers`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain import rights as rules
from chalicelib.domain.addresses import parse_address
from chalicelib.domain.catalog import Brand
from chalicelib.domain.erasure import Ground
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import RANDOM_ID_BYTES, JobId, SubjectId, decode_id, encode_id
from chalicelib.domain.rights import (
    Medium,
    Received,
    RestrictionGround,
    Right,
    RightsRequest,
)
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.catalog import Brands, Page
from chalicelib.ports.rights import RightsRecords
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.sealing import NONCE_BYTES
from chalicelib.services.entries import open_profile
from chalicelib.services.erasure import ErasureDesk
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Chain, Draft, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.right_acts import (
    about,
    acts_of,
    changed,
    chosen,
    drafts_of,
    open_note,
    require_changes,
    taken,
)
from chalicelib.services.selection import subject_of
from chalicelib.services.signup import Session
from chalicelib.services.suppressions import Suppressor
from chalicelib.services.unsealing import Look, Unsealing, UnsealReason
from chalicelib.vocabulary import EventType

NO_SUCH = "There is no such rights request."


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """How an erasure is wished for; see `ErasureDesk.request`."""

    ground: Ground = Ground.WITHDRAWN
    suppress: bool = True
    country: str | None = None
    language: str = "en"


class RightsDesk:
    """Requests of people about their data."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        records: RightsRecords,
        audience: AudienceStore,
        erasures: ErasureDesk,
        suppressor: Suppressor,
        unsealing: Unsealing,
        brands: Brands,
        tokens: LinkTokens,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._ledger = ledger
        self._records = records
        self._audience = audience
        self._erasures = erasures
        self._suppressor = suppressor
        self._unsealing = unsealing
        self._brands = brands
        self._tokens = tokens
        self._clock = clock
        self._random = random

    def by_person(
        self,
        sid: SubjectId,
        brand_id: str,
        right: Right,
        session: Session,
        *,
        changes: Mapping[str, str] | None = None,
        ground: RestrictionGround = RestrictionGround.OBJECTION,
        erase: Erase | None = None,
        beside: Callable[[Chain], Sequence[Draft]] | None = None,
    ) -> RightsRequest:
        """Do what a person asks for from a fresh link of theirs, and answer it with the page.

        Everything but an erasure is answered by this; an erasure by its certificate, at
        ``/certificates/`` and the request's ``erasure``.

        Args:
            changes: for a rectification: attributes (or ``language``) with the values that are
                right; an empty value takes the attribute away.
            ground: for a restriction. erase: for an erasure.
            beside: entries of the same page, to stand in the same append before the request's.

        Raises:
            InputError: a rectification without changes, or with unusable ones.
            NotFound: the person was erased, or there is no such brand.
            Conflict: the chain kept moving; nothing was changed.
        """
        brand, now_ms = self._brand(brand_id), self._clock.now_ms()
        if right is Right.RECTIFICATION:
            require_changes(changes or {})
        received = Received(medium=Medium.PAGE, received_ms=now_ms)
        made = self._new(brand, right, received, ground, sid)
        claims = chosen(made, session, changes)
        owed = right is Right.ERASURE
        self._append(made, claims, answered=not owed, changes=changes, beside=beside)
        if owed:
            return self._erased(made, sid, erase or Erase())
        return self._answered(made, sid, claims)

    def _erased(self, made: RightsRequest, sid: SubjectId, wish: Erase) -> RightsRequest:
        erasure = self._erasures.request_by_person(
            sid, wish.language, wish.country, suppress=wish.suppress
        )
        made = replace(made, erasure=erasure.id)
        self._records.create(made)
        return made

    def _answered(self, made: RightsRequest, sid: SubjectId, claims: Claims) -> RightsRequest:
        made = rules.answer(made, made.received_ms)
        self._records.create(made)
        if made.right is Right.RESTRICTION:
            # An older one may have been lifted before anybody could know of this one.
            self._ledger.retrying(sid, lambda now: acts_of(made, now, claims))
        return made

    def by_officer(
        self,
        selector: Mapping[str, str],
        right: Right,
        brand: str,
        received: Received,
        *,
        note: str | None = None,
        ground: RestrictionGround = RestrictionGround.OBJECTION,
        erase: Erase | None = None,
    ) -> RightsRequest:
        """Record what came by letter, phone or reply; what must take effect at once has done so.

        An address that leads to nobody is kept as its MAC until the request is closed; an objection
        or a withdrawal for it suppresses the address.

        Args:
            selector: exactly one of ``email``, ``token`` or ``subscriber``.
            note: up to 2,000 characters, sealed under the person's key.
            ground: for a restriction. erase: for an erasure.

        Raises:
            InputError: no usable selector, time, receiver or note.
            NotFound: a link or an id leads to nobody, or there is no such brand.
            Conflict: the chain kept moving. The request is recorded as open where it is owed.
        """
        rules.require_receipt(received, self._clock.now_ms())
        made = self._new(self._brand(brand), right, received, ground)
        try:
            sid = subject_of(selector, self._ledger, self._tokens)
        except NotFound:
            if not selector.get("email"):
                raise
            return self._of_stranger(made, selector["email"], note)
        return self._of_person(made, self._ledger.open(sid), note, erase or Erase())

    def _of_person(
        self, made: RightsRequest, chain: Chain, note: str | None, wish: Erase
    ) -> RightsRequest:
        made = replace(made, sid=chain.sid, note=self._sealed(chain, made, note))
        if made.right is Right.WITHDRAWAL:  # Owes no answer: recorded once it is done.
            self._append(made, taken(made), answered=False)
            made = rules.answer(made, self._clock.now_ms())
            self._records.create(made)
            return made
        self._records.create(made)
        self._append(made, taken(made), answered=False)
        return self._with_erasure(made, wish) if made.right is Right.ERASURE else made

    def _with_erasure(self, made: RightsRequest, wish: Erase) -> RightsRequest:
        erasure = self._erasures.request(
            {"subscriber": made.sid or ""},
            key_id=made.entered_by,
            ground=wish.ground,
            suppress=wish.suppress,
            country=wish.country,
            language=wish.language,
        )
        return self._records.replace(made, replace(made, erasure=erasure.id))

    def _of_stranger(self, made: RightsRequest, email: str, note: str | None) -> RightsRequest:
        """Record a request of somebody we do not know: the MAC alone."""
        if note:
            raise InputError(
                "no_note",
                "Nobody is found by this address, and a note is kept only under a person's key. "
                "Enter the request without it.",
            )
        mac = self._ledger.mac(parse_address(email).normal)
        made = replace(made, mac=mac)
        owed = made.right is not Right.WITHDRAWAL
        if not owed:
            made = rules.answer(made, self._clock.now_ms())
        self._records.create(made)
        if made.right in (Right.OBJECTION, Right.WITHDRAWAL):
            # This reason ends with the person's own new double opt-in, as an objection does.
            self._suppressor.suppress_mac(mac, SuppressionReason.COMPLAINT)
        if owed:
            self._ledger.publish(about(made, EventType.RIGHT_REQUESTED))
        return made

    def _append(
        self,
        made: RightsRequest,
        claims: Claims,
        *,
        answered: bool,
        changes: Mapping[str, str] | None = None,
        beside: Callable[[Chain], Sequence[Draft]] | None = None,
    ) -> None:
        """Append the request and what takes effect at once, in one transaction.

        Raises:
            Conflict: the chain kept moving; nothing was appended.
            NotFound: the person was erased.
        """
        if made.sid is None:
            return
        for _ in range(ATTEMPTS):
            chain = self._ledger.open(made.sid)
            others = beside(chain) if beside else ()
            drafts = (*others, *drafts_of(made, chain, claims, answered=answered))
            profile = self._changed(chain, changes) if changes else None
            if not drafts:
                return
            try:
                self._ledger.append(chain, drafts, profile=profile)
            except Conflict:
                continue
            return
        raise Conflict(KEPT_MOVING)

    def _changed(self, chain: Chain, changes: Mapping[str, str]) -> dict[str, JsonValue]:
        """The profile with what the person says is right."""
        member = self._audience.member(chain.sid)
        if member is None:
            raise Conflict("The profile is being written. Nothing was changed; try again.")
        return changed(open_profile(chain.keys, member.sealed), changes)

    def get(self, request_id: str) -> RightsRequest:
        """Return a request.

        Raises:
            NotFound: there is no such request.
        """
        found = self._records.get(request_id)
        if found is None:
            raise NotFound(NO_SUCH)
        return found

    def zone_of(self, request: RightsRequest) -> str:
        """Return the time zone its deadlines are counted in.

        Raises:
            NotFound: there is no such brand.
        """
        return self._brand(request.brand).zone

    def page(
        self, cursor: str | None, limit: int, *, open_only: bool = False
    ) -> Page[RightsRequest]:
        """Return one page: the requests still owed, by deadline, or all of them."""
        return self._records.page(cursor, limit, open_only=open_only)

    def note(self, request_id: str, key_id: str) -> str | None:
        """Open the note of a request, once the ledger says that it is opened; None without one.

        Raises:
            NotFound: there is no such request.
            Conflict, DependencyError: the entry could not be written; nothing is told.
        """
        found = self.get(request_id)
        if found.note is None or found.sid is None:
            return None
        look = Look(reason=UnsealReason.ACCESS_REQUEST, clue="rights-request", key=key_id)
        person = self._unsealing.person(found.sid, look)
        return None if person.chain is None else open_note(person.chain, found)

    def _new(
        self,
        brand: Brand,
        right: Right,
        received: Received,
        ground: RestrictionGround,
        sid: SubjectId | None = None,
    ) -> RightsRequest:
        return RightsRequest(
            id=JobId(encode_id(self._random(RANDOM_ID_BYTES))),
            sid=sid,
            brand=brand.id,
            right=right,
            medium=received.medium,
            received_ms=received.received_ms,
            entered_ms=self._clock.now_ms(),
            due_ms=rules.deadline(received.received_ms, brand.zone),
            received_by=received.received_by.strip(),
            entered_by=received.entered_by,
            restriction=ground if right is Right.RESTRICTION else None,
        )

    def _sealed(self, chain: Chain, made: RightsRequest, note: str | None) -> bytes | None:
        if not note or not note.strip():
            return None
        if len(note) > rules.MAX_NOTE_CHARS:
            raise InputError("bad_note", "A note has at most 2,000 characters.")
        return chain.keys.seal_event(
            decode_id(made.id), note.strip().encode("utf-8"), self._random(NONCE_BYTES)
        )

    def _brand(self, brand_id: str) -> Brand:
        found = self._brands.get(brand_id)
        if found is None:
            raise NotFound("There is no such brand.")
        return found
