# SPDX-License-Identifier: Apache-2.0
"""What one claim of a chunk has come to, person by person.

Guarantees that everybody in it is open, skipped, or has SES's answer: exactly one of the three.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.campaigns import ChunkRef, Recipient
from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.ids import DeliveryId, SubjectId
from chalicelib.ports.sending import ChunkResult, Message, Outcome, Sent
from chalicelib.services.slots import Slots


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One person's finished message, not yet allowed to go.

    Attributes:
        capped: they take no more than so many mails a week, so that this one needs a slot.
    """

    recipient: Recipient
    message: Message
    capped: bool = False


class Attempt:
    """What one claim of a chunk has come to: everybody is open, skipped, or has an answer.

    Args:
        everybody: the chunk's people in manifest order.
        people: those of them no earlier attempt settled.
        slots: holds the weekly slots of this attempt.
    """

    def __init__(
        self,
        chunk: ChunkRef,
        owner: str,
        everybody: Sequence[Recipient],
        people: Sequence[Recipient],
        slots: Slots,
    ) -> None:
        self.chunk = chunk
        self.owner = owner
        self.slots = slots
        self.people = people
        self.waiting: list[Prepared] = []
        self.skipped: Counter[str] = Counter()
        self._everybody = everybody
        self._answers: dict[DeliveryId, Sent] = {}

    @property
    def taken(self) -> frozenset[SubjectId]:
        """Those whose message SES has, or may have."""
        return frozenset(
            person.sid
            for person in self.people
            if person.delivery in self._answers
            and self._answers[person.delivery].outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN)
        )

    def answered(self, answers: Sequence[Sent]) -> None:
        """Keep the answers to those waiting; who was surely not taken waits on."""
        refused = []
        for item, answer in zip(self.waiting, answers, strict=True):
            if answer.outcome is Outcome.RETRY:
                refused.append(item)
            else:
                self._answers[item.recipient.delivery] = answer
        self.waiting = refused

    def cancel(self) -> None:
        """Skip everybody waiting: the campaign was cancelled."""
        if self.waiting:
            self.skipped[SkipReason.CANCELLED] += len(self.waiting)
        self.waiting = []

    def result(self, at_ms: int) -> ChunkResult:
        """Return what is settled, and the places of those who are not."""
        outcomes = Counter(answer.outcome for answer in self._answers.values())
        waiting = {item.recipient.delivery for item in self.waiting}
        return ChunkResult(
            sent=outcomes[Outcome.ACCEPTED],
            rejected=outcomes[Outcome.REJECTED],
            unknown=outcomes[Outcome.UNKNOWN],
            skipped=dict(self.skipped),
            message_ids=tuple(
                self._answers[person.delivery].message_id
                if person.delivery in self._answers
                else None
                for person in self._everybody
            ),
            at_ms=at_ms,
            unsettled=tuple(
                place for place, person in enumerate(self._everybody) if person.delivery in waiting
            ),
        )
