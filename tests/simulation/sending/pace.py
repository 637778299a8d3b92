# SPDX-License-Identifier: Apache-2.0
"""What must be true of the rate: whose slot a call has, when it comes, and who asks SES for more.

Each call is judged by the clock of the worker that makes it: that is all a worker can keep to. The
clocks of others may be minutes off; slots are the row's, and no clock makes two of them overlap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.domain.rate import HOLD_MS, LATE_MS, QUOTA_LIFE_MS, Slot
from chalicelib.ports.sending import Limit, Sent
from chalicelib.services.pacing import TELLING_MS
from tests.simulation.watch import BrokenPromise

SECOND_MS = 1_000
SOON_MS = 5_000
"""A turn is taken so soon after the clock was looked at, when nothing goes wrong."""
ROOM = 1e-6
"""Less than a recipient: what is compared are sums of fractions."""


@dataclass(slots=True)
class Held:
    """What one task has of the rate.

    Attributes:
        people: how many its slot is for; 0 when it has none.
        start_ms: when that starts.
        jumps: how often its clock had been set when it was reserved.
        moved_ms: how far its slot was moved, with all that comes a second after it or earlier.
        slots: how many it reserved since it last called, or began a chunk.
        may_ask: it is its turn to ask SES for the quota, or it saw that none is known.
        must_hold: SES told it that the day's quota is used up.
    """

    people: int = 0
    start_ms: int = 0
    quota_milli: int = 0
    jumps: int = 0
    moved_ms: int = 0
    slots: int = 0
    may_ask: bool = False
    must_hold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A worker: what its clock says, how often that was set, and whether it is yesterday's code."""

    now_ms: int
    jumps: int
    is_former: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    at_ms: int
    people: int
    quota_milli: int


class PaceWatch:
    """Judges reservations, calls, and questions to SES.

    Args:
        own: the worker that runs.
    """

    def __init__(self, task: Callable[[], str], own: Callable[[], Own]) -> None:
        self.asked = 0
        self._task = task
        self._own = own
        self._held: dict[str, Held] = {}
        self._calls: list[_Call] = []
        self._told_milli: set[int] = set()
        self._turn_ms: int | None = None

    def new_process(self) -> None:
        """Forget what the process knew."""
        self._held[self._task()] = Held()

    @property
    def _hand(self) -> Held:
        return self._held.setdefault(self._task(), Held())

    # Slots

    def began(self) -> None:
        """A chunk is begun: a slot reserved for another is no reason to be late for its own."""
        self._hand.slots = 0

    def reserves(self) -> None:
        """Judge that a slot is about to be asked for."""
        require(not self._hand.must_hold, "D10: SES said that the day is over, and nobody was told")

    def reserved(self, people: int, slot: Slot, now_ms: int) -> None:
        """Judge what was reserved."""
        hand = self._hand
        hand.people = 0
        hand.may_ask = slot.terms.quota_milli is None
        if slot.start_ms is None:
            return
        require(not slot.terms.held(now_ms), "D10: a slot while everybody is held")
        milli = slot.terms.quota_milli or 0
        require(milli in self._told_milli, "D6: a slot by a quota that SES never told")
        hand.people, hand.start_ms, hand.quota_milli = people, slot.start_ms, milli
        hand.jumps = self._own().jumps
        hand.moved_ms = 0
        hand.slots += 1

    def moved(self, now_ms: int, latest_ms: int) -> None:
        """Note that all behind its slot was moved back for a call that goes at ``now_ms``."""
        require(latest_ms <= self._hand.start_ms + SECOND_MS, "D6: more is moved than may be")
        self._hand.moved_ms = max(0, now_ms - self._hand.start_ms) + TELLING_MS

    def called(self, people: int) -> None:
        """Judge a call that is about to be made; yesterday's code did not look at its clock."""
        hand, own = self._hand, self._own()
        require(hand.people >= people, "D6: a call without its slot")
        hand.people -= people
        slots, hand.slots = hand.slots, 0
        if own.is_former or own.jumps != hand.jumps:
            return
        require(own.now_ms >= hand.start_ms, "D6: a call before its slot")
        if own.now_ms > hand.start_ms + LATE_MS + hand.moved_ms:
            require(slots > 1, "D6: a call too late for its slot that moved none and took no other")
            return
        call = _Call(at_ms=own.now_ms, people=people, quota_milli=hand.quota_milli)
        self._calls.append(call)
        require(not self._passes(call), "D6: more in a window than the quota and one call")

    def _passes(self, new: _Call) -> bool:
        """Whether a window that ends or begins with a call holds more than it may."""
        calls = sorted(self._calls, key=lambda call: call.at_ms)
        at = calls.index(new)
        for first in range(at + 1):
            people = sum(call.people for call in calls[first:at])
            most = max([call.people for call in calls[first : at + 1]])
            milli = max([call.quota_milli for call in calls[first : at + 1]])
            for last in range(at, len(calls)):
                call = calls[last]
                people += call.people
                most, milli = max(most, call.people), max(milli, call.quota_milli)
                span_ms = max(SECOND_MS, call.at_ms - calls[first].at_ms)
                if people > milli * span_ms / 1_000_000 + most + ROOM:
                    return True
        return False

    # What SES says

    def took_turn(self, now_ms: int, excuses: int) -> None:
        """It is somebody's turn to ask for the quota; judge whether a minute passed since the last.

        Args:
            now_ms: everybody's time.
            excuses: what went wrong so far; a turn taken late is one taken long ago.
        """
        last_ms, self._turn_ms = self._turn_ms, now_ms
        self._hand.may_ask = True
        self.asked += 1
        if last_ms is not None and not excuses:
            enough = now_ms - last_ms >= QUOTA_LIFE_MS - SOON_MS
            require(enough, "D10: SES is asked for its quota twice in a minute")

    def asking(self) -> None:
        """Judge a question to SES that is about to be asked."""
        turn = self._hand.may_ask or self._own().is_former
        require(turn, "D10: SES is asked for its quota out of turn")
        self._hand.may_ask = False

    def quoted(self, per_second: float) -> None:
        """SES told its quota."""
        self._told_milli.add(int(per_second * 1000))

    def answered(self, answers: Sequence[Sent]) -> None:
        """Note what SES said of its limits."""
        said = any(answer.limit is Limit.DAY for answer in answers)
        self._hand.must_hold = said and not self._own().is_former

    def held(self, until_ms: int) -> None:
        """Everybody is told that the day is over."""
        if until_ms >= self._own().now_ms + HOLD_MS:
            self._hand.must_hold = False

    def finished(self, lasted_ms: int, excuses: int) -> None:
        """Judge how often SES was asked in all, also where clocks are wrong.

        Args:
            excuses: what went wrong.
        """
        minutes = lasted_ms // QUOTA_LIFE_MS + 1
        require(self.asked <= minutes + excuses, f"D10: SES was asked {self.asked} times")


def require(holds: bool, promise: str) -> None:
    """Judge one promise."""
    if not holds:
        raise BrokenPromise(promise)
