# SPDX-License-Identifier: Apache-2.0
"""The way to one call: its slot, the wait, the last look at everybody in it, and the mail itself.

Guarantees that the look comes after the wait, is one strong read of the campaign and of everybody
in question, and alone decides who may be mailed and who may be measured. Whatever is not surely
being sent stops the call; a look that fails stops it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.campaigns import Campaign, CampaignStatus
from chalicelib.domain.eligibility import Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.rate import HOLD_MS, Slot
from chalicelib.domain.state import Scope
from chalicelib.errors import FatalError, InputError, NotFound
from chalicelib.ports.send_reads import LastLook, SendReads
from chalicelib.ports.sending import BulkMail
from chalicelib.ports.system import Clock
from chalicelib.services.chunk_attempt import Attempt, Ready, Waiting
from chalicelib.services.composer import CallComposer, Mailing
from chalicelib.services.domain_keys import DomainKeys
from chalicelib.services.lead import LONGEST_MS, Lead
from chalicelib.services.pacing import Pacer


class Why(StrEnum):
    """What keeps a worker from going on."""

    PAUSED = "paused"
    CANCELLED = "cancelled"
    HELD = "held"
    TIME_UP = "time-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Nobody is to be sent to for now; ``until_ms`` where that has an end, Unix milliseconds."""

    why: Why
    until_ms: int | None = None


class Approach:
    """Makes calls ready."""

    def __init__(
        self,
        *,
        reads: SendReads,
        keys: DomainKeys,
        pacer: Pacer,
        composer: CallComposer,
        clock: Clock,
    ) -> None:
        self._reads = reads
        self._keys = keys
        self._pacer = pacer
        self._composer = composer
        self._clock = clock
        self._lead = Lead()

    @property
    def call_size(self) -> int:
        """How many one call may carry."""
        return self._pacer.call_size

    def make(
        self, mailing: Mailing, attempt: Attempt, items: Sequence[Waiting], until_ms: int
    ) -> Ready | Halt | None:
        """Look at ``items``, and make ready the call to as many of them as one may carry.

        None: nobody of them may be mailed; they are skipped.

        Args:
            until_ms: a slot that starts later is not waited for.

        Raises:
            DependencyError: nothing was decided.
            NotFound: the campaign is gone.
        """
        ahead_ms = self._lead.span_ms
        size = min(len(items), self.call_size)
        slot = self._pacer.reserve(size, ahead_ms)
        if slot.start_ms is None:
            return _held(slot, self._clock.now_ms())
        if slot.start_ms > until_ms:
            return Halt(why=Why.TIME_UP, until_ms=slot.start_ms)
        self._sleep_until(slot.start_ms - ahead_ms)
        looked_ms = self._clock.now_ms()
        halt = self._look(attempt, items)
        if halt is not None:
            return halt
        wanted = {item.place for item in items}
        # The quota may be another by now; no call carries more than its slot is for.
        composed = self._composed(mailing, attempt, wanted, min(size, self.call_size))
        if composed is None:
            return None
        carried, mail = composed
        return Ready(items=carried, mail=mail, slot=slot, looked_ms=looked_ms)

    def wait(self, ready: Ready) -> bool:
        """Wait for the slot of a call; False when it needs another slot and another look.

        The slot may be past. Or the clock was set back since, and the wait would be so long that
        what was looked at would be old.
        """
        start_ms = ready.slot.start_ms or 0
        if start_ms - self._clock.now_ms() > LONGEST_MS:
            return False
        self._sleep_until(start_ms)
        return not ready.slot.missed(self._clock.now_ms())

    def moved(self, ready: Ready) -> bool:
        """Move what comes behind a call that missed its slot, so that it may be made now.

        False when it needs another slot and another look: what was looked at would be old, or too
        many slots are reserved already.
        """
        now_ms = self._clock.now_ms()
        if not ready.slot.missed(now_ms) or now_ms - ready.looked_ms > LONGEST_MS:
            return False
        slot = self._pacer.move(ready.slot, must=False)
        return slot is not None and not slot.missed(self._clock.now_ms())

    def learn(self, ready: Ready) -> None:
        """Note how long a call took from its look until now, when nothing is left but to wait."""
        self._lead.took(self._clock.now_ms() - ready.looked_ms)

    def _sleep_until(self, at_ms: int) -> None:
        left_ms = at_ms - self._clock.now_ms()
        if left_ms > 0:
            self._clock.sleep_ms(left_ms)

    def _look(self, attempt: Attempt, items: Sequence[Waiting]) -> Halt | None:
        """Batch read 2: it alone decides who waits on; with a halt nobody is skipped."""
        sids = [item.recipient.sid for item in items]
        look = self._reads.last_look(attempt.chunk.campaign, sids)
        campaign = look.campaign
        if campaign is None:
            raise NotFound("There is no such campaign.")
        if campaign.status is CampaignStatus.CANCELLED:
            return Halt(why=Why.CANCELLED)
        if campaign.status is not CampaignStatus.SENDING:
            return Halt(why=Why.PAUSED)
        if campaign.id in look.stops.campaigns:
            return Halt(why=Why.PAUSED)
        for item in items:
            self._judge(attempt, look, campaign, item)
        return None

    def _judge(self, attempt: Attempt, look: LastLook, campaign: Campaign, item: Waiting) -> None:
        """Let one person wait on with what allows their mail, or skip them."""
        scope, state = Scope(campaign.brand, EMAIL), look.states.get(item.recipient.sid)
        verdict = decide(state, scope, campaign.list, campaign.purpose, campaign.minimum_grade)
        stopped = look.stops.domains
        if isinstance(verdict, Skipped):
            attempt.skip(item.place, verdict.reason)
        elif stopped and self._keys.of(item.letter.to).key in stopped:
            attempt.skip(item.place, SkipReason.DOMAIN_STOPPED)
        else:
            item.allowed = verdict

    def _composed(
        self, mailing: Mailing, attempt: Attempt, wanted: set[int], size: int
    ) -> tuple[tuple[Waiting, ...], BulkMail] | None:
        """Return a call to the first of ``wanted`` who still wait; None when nobody does."""
        for _ in range(2):
            left = [item for item in attempt.waiting if item.place in wanted]
            items = tuple(left[:size])
            if not items:
                return None
            letters = [
                (item.letter, item.allowed is not None and item.allowed.measured) for item in items
            ]
            mail = self._composer.call(mailing, letters)
            if mail is not None:
                return items, mail
            self._write_again(mailing, attempt)
        raise FatalError("a mail is not itself rendered whole, even unsplit; nobody gets it")

    def _write_again(self, mailing: Mailing, attempt: Attempt) -> None:
        for item in list(attempt.waiting):
            try:
                item.letter = self._composer.again(mailing, item.letter)
            except InputError:
                attempt.skip(item.place, SkipReason.RENDERING)


def _held(slot: Slot, now_ms: int) -> Halt:
    """Say until when there is no slot; how much of the day's quota is left is asked anew then."""
    held_ms = slot.terms.held_ms
    if slot.terms.held(now_ms) and held_ms is not None:
        return Halt(why=Why.HELD, until_ms=held_ms)
    return Halt(why=Why.HELD, until_ms=now_ms + HOLD_MS)
