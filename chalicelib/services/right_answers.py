# SPDX-License-Identifier: Apache-2.0
"""What becomes of a request about a person's data: answered, extended, refused, lifted.

Guarantees that the ledger says so before the record does, that an erasure is answered by nothing
but itself, and that a restriction ends with the last request that restricts (docs/spec/rights.md).
"""

from chalicelib.domain import rights as rules
from chalicelib.domain.erasure import Stage
from chalicelib.domain.events import RESTRICTION_ENDED
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.rights import ExtensionReason, RefusalGround, Right, RightsRequest
from chalicelib.errors import Conflict
from chalicelib.ports.rights import RightsRecords
from chalicelib.ports.system import Clock
from chalicelib.proof.disclosure import Claims
from chalicelib.services.erasure import ErasureDesk
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.services.right_acts import about
from chalicelib.services.rights import RightsDesk
from chalicelib.vocabulary import EventType


class RightAnswers:
    """What the controller does about a request that is on the desk."""

    def __init__(
        self,
        *,
        rights: RightsDesk,
        ledger: Ledger,
        records: RightsRecords,
        erasures: ErasureDesk,
        clock: Clock,
    ) -> None:
        self._rights = rights
        self._ledger = ledger
        self._records = records
        self._erasures = erasures
        self._clock = clock

    def answer(self, request_id: str, key_id: str) -> RightsRequest:
        """Record that the person got their answer; answering again changes nothing.

        Raises:
            NotFound: there is no such request.
            Conflict: it was refused, or the erasure that is the answer is not done.
        """
        before = self._rights.get(request_id)
        if before.right is Right.ERASURE and before.is_open and not self._is_called_off(before):
            raise Conflict("The erasure is the answer: approve it, or refuse the request.")
        after = rules.answer(before, self._clock.now_ms())
        return self._closed(before, after, EventType.RIGHT_ANSWERED, key_id)

    def _is_called_off(self, request: RightsRequest) -> bool:
        """Whether there is nobody to erase, or the person changed their mind."""
        if request.sid is None or request.erasure is None:
            return request.sid is None
        return self._erasures.get(request.erasure).stage is Stage.CANCELLED

    def extend(self, request_id: str, reason: ExtensionReason, key_id: str) -> RightsRequest:
        """Take two further months; the person is to be told, with the reason, in the first.

        Raises:
            NotFound: there is no such request.
            IllegalTransition: the first month is over.
            Conflict: it is closed.
        """
        before = self._rights.get(request_id)
        zone = self._rights.zone_of(before)
        after = rules.extend(before, reason, self._clock.now_ms(), zone)
        return self._closed(before, after, EventType.RIGHT_EXTENDED, key_id, reason)

    def refuse(self, request_id: str, ground: RefusalGround, key_id: str) -> RightsRequest:
        """Refuse a request on a ground of the law; the person is to be told it, and where to turn.

        An erasure that it alone asks for is called off; a restriction stays until `lift`.

        Raises:
            NotFound: there is no such request.
            IllegalTransition: this right is not refused on this ground, or the erasure was
                approved already.
            Conflict: it is closed.
        """
        before = self._rights.get(request_id)
        after = rules.refuse(before, ground, self._clock.now_ms())
        if after is not before and before.erasure is not None and not self._is_shared(before):
            self._erasures.cancel(before.erasure)
        return self._closed(before, after, EventType.RIGHT_REFUSED, key_id, ground)

    def _is_shared(self, request: RightsRequest) -> bool:
        """Whether another request that is still owed waits for the same erasure."""
        others = self._records.of(request.sid) if request.sid is not None else ()
        return any(
            each.id != request.id and each.is_open and each.erasure == request.erasure
            for each in others
        )

    def _closed(
        self,
        before: RightsRequest,
        after: RightsRequest,
        event: EventType,
        key_id: str,
        why: str | None = None,
    ) -> RightsRequest:
        """Append the entry that says how the request stands, then store it.

        A crash in between leaves an entry too many after the next try, never one too few.
        """
        if after is before:
            return before
        claims = Claims(
            choice={"reason": why} if why else None,
            link={"rights_request": before.id, "key": key_id},
        )
        self._record(before, event, claims)
        return self._records.replace(before, after)

    def _record(self, made: RightsRequest, event: EventType, claims: Claims) -> None:
        """Append an entry about the request; of somebody unknown it stands in no chain."""
        if made.right is Right.WITHDRAWAL:
            return
        if made.sid is None:
            self._ledger.publish(about(made, event))
            return
        draft = about(made, event, claims)
        self._ledger.retrying(made.sid, lambda _: [draft])

    def lift(self, request_id: str, key_id: str) -> RightsRequest:
        """End the restriction that a request led to; lifts no withdrawal and no objection.

        The person is to be told before. While another request restricts, the person stays
        restricted. Source: GDPR Art. 18(3).

        Raises:
            NotFound: there is no such request, or the person was erased.
            IllegalTransition: it led to no restriction.
            Conflict: an erasure of the person is open, or the request for one not refused.
        """
        before = self._rights.get(request_id)
        after = rules.lift(before, self._clock.now_ms())
        if after is before or before.sid is None:
            return before
        if self._erasures.is_open_for(before.sid):
            raise Conflict("An erasure of this person is open. Cancel it first, if you must.")
        is_last = self._release(before, before.sid, key_id)
        after = self._records.replace(before, after)
        if not is_last:
            # Of two lifted at once, each had seen the other stand.
            self._release(before, before.sid, key_id)
        return after

    def _release(self, request: RightsRequest, sid: SubjectId, key_id: str) -> bool:
        """End the person's restriction unless another of their requests still asks for it."""
        others = (each for each in self._records.of(sid) if each.id != request.id)
        if any(each.restricts for each in others):
            return False
        claims = Claims(link={"rights_request": request.id, "key": key_id})
        draft = Draft(
            type=EventType.HOLD_RELEASED, channel=None, reason=RESTRICTION_ENDED, claims=claims
        )
        self._ledger.retrying(sid, lambda now: [draft] if now.state.restricted else [])
        return True
