# SPDX-License-Identifier: Apache-2.0
"""What one worker's attempt at a chunk has come to: one outcome a person, at any moment.

Guarantees that everybody has exactly one code; that somebody waits only while theirs is open; and
that who is handed to SES counts as unknown until an answer says better, so that whatever fails
then, nobody is taken for unsent who may have been sent to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.domain.campaigns import ChunkRef, Recipient
from chalicelib.domain.eligibility import Allowed, SkipReason
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.outcomes import CODE_OF, DISPATCHED, OPEN, UNKNOWN, OutcomeCode
from chalicelib.domain.rate import Slot
from chalicelib.domain.runs import ChunkView, Mark, Settled
from chalicelib.errors import FatalError
from chalicelib.ports.sending import BulkMail, Outcome, Sent
from chalicelib.services.composer import Letter
from chalicelib.services.slots import Slots

_CODES: Final = {
    Outcome.ACCEPTED: OutcomeCode.SENT,
    Outcome.REJECTED: OutcomeCode.REJECTED,
    Outcome.RETRY: OPEN,
    Outcome.UNKNOWN: UNKNOWN,
}
_TAKEN: Final = (OutcomeCode.SENT, UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A chunk to be worked.

    Attributes:
        view: its row, from which it is free.
        people: everybody in it, in manifest order.
        until_ms: no wait and no call begins later, Unix milliseconds.

    """

    view: ChunkView
    people: tuple[Recipient, ...]
    until_ms: int


@dataclass(slots=True, kw_only=True)
class Waiting:
    """Somebody whose mail is ready.

    Attributes:
        place: in the chunk, from 0.
        capped: they take so many mails a week, so that this one needs a slot.
        allowed: by the latest look; None before any.

    """

    place: int
    recipient: Recipient
    letter: Letter
    capped: bool
    allowed: Allowed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A call with nothing left to do but to make it at its time.

    Attributes:
        items: whom it carries, in its order.
        looked_ms: when the look began by which they may be mailed, Unix milliseconds.

    """

    items: tuple[Waiting, ...]
    mail: BulkMail
    slot: Slot
    looked_ms: int


class Attempt:
    """One attempt at a chunk.

    Attributes:
        codes: everybody's outcome, by place.
        waiting: those whose mail is ready and whose outcome is open.
        ready: the first call, once it may be made.

    Args:
        slots: holds the weekly slots of this attempt.
    """

    def __init__(self, work: Work, slots: Slots) -> None:
        self.work = work
        self.slots = slots
        self.codes = bytearray(work.view.codes_of(len(work.people)))
        self.waiting: list[Waiting] = []
        self.ready: Ready | None = None
        self._message_ids: list[str | None] = [None] * len(work.people)

    @property
    def chunk(self) -> ChunkRef:
        """The chunk."""
        return self.work.view.chunk

    @property
    def open_places(self) -> list[int]:
        """Places of those whose outcome is open."""
        return [place for place, code in enumerate(self.codes) if code == OPEN]

    def skip(self, place: int, reason: SkipReason) -> None:
        """Say why the person at ``place`` is not mailed; they wait no more."""
        self.codes[place] = CODE_OF[reason]
        self.waiting = [item for item in self.waiting if item.place != place]

    def close(self, code: OutcomeCode) -> None:
        """Give everybody who is open ``code``; nobody waits any more."""
        for place in self.open_places:
            self.codes[place] = code
        self.waiting = []

    def mark(self, owner: str, at_ms: int) -> Mark:
        """Return the mark by which those waiting become this worker's to send to."""
        codes = bytearray(self.codes)
        for item in self.waiting:
            codes[item.place] = DISPATCHED
        return Mark(view=self.work.view, owner=owner, codes=bytes(codes), at_ms=at_ms)

    def handed_over(self, items: Sequence[Waiting]) -> None:
        """Note that SES is about to be asked for ``items``: from now on it may have them.

        Raises:
            FatalError: it may have one of them already; no call may be made.
        """
        if any(self.codes[item.place] != OPEN for item in items):
            raise FatalError("somebody would be handed to SES twice")
        for item in items:
            self.codes[item.place] = UNKNOWN

    def answered(self, items: Sequence[Waiting], answers: Sequence[Sent]) -> None:
        """Note what SES said of ``items``, in their order; who was surely not taken waits on."""
        for item, answer in zip(items, answers, strict=True):
            self.codes[item.place] = _CODES[answer.outcome]
            if answer.outcome is Outcome.ACCEPTED:
                self._message_ids[item.place] = answer.message_id
        self.waiting = [item for item in self.waiting if self.codes[item.place] == OPEN]

    def nobody_taken(self, mark: Mark) -> bool:
        """Whether everybody ``mark`` dispatched is open again: SES surely has none of them."""
        return mark.opened(bytes(self.codes))

    def settled(self, at_ms: int) -> Settled:
        """Return what came of the attempt."""
        return Settled(codes=bytes(self.codes), message_ids=tuple(self._message_ids), at_ms=at_ms)

    @property
    def taken(self) -> frozenset[SubjectId]:
        """Those whose mail SES has, or may have."""
        return frozenset(
            person.sid
            for person, code in zip(self.work.people, self.codes, strict=True)
            if code in _TAKEN
        )
