# SPDX-License-Identifier: Apache-2.0
"""Working one chunk: make the mails, look, mark, call SES, write down what came of it.

Guarantees (docs/spec/sending.md section 11) that SES is called only by whoever wrote the mark, for
people whose consent and whose campaign were read strongly after their mail was rendered and not
long before the call; that nobody who may be with SES is ever handed over again; that what cannot
be read means not sent; and that whom SES surely does not have stays to be sent to, or is given
back. All that can go wrong in making the first call goes wrong before the mark.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from chalicelib.domain.folding import MailPlace
from chalicelib.domain.ids import RANDOM_ID_BYTES, encode_id
from chalicelib.domain.outcomes import OutcomeCode
from chalicelib.domain.runs import Mark
from chalicelib.errors import Conflict, DependencyError, FatalError, KvittoError
from chalicelib.ports.runs import RunStore
from chalicelib.ports.sending import DeliveryRow, Sender
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.approach import Approach, Halt, Why
from chalicelib.services.chunk_attempt import Attempt, Ready, Waiting, Work
from chalicelib.services.chunk_letters import NOBODY, ChunkLetters
from chalicelib.services.composer import Mailing
from chalicelib.services.pacing import Pacer

log = logging.getLogger(__name__)

MAX_TRIES: Final = 6
"""Rounds of calls to those SES surely did not take, under one mark."""
TRY_FOR_MS: Final = 45 * 1000
"""No call is begun so long after the mark: what is known must be written before it expires."""
WRITE_TRIES: Final = 6
"""Times an outcome is written; then its chunk is left to be called unknown."""
BACK_OFF_MS: Final = 250
"""The wait before try ``n`` of either is this, doubled ``n`` times, milliseconds."""


class Courier:
    """Works chunks, one after another. Of a worker's own: it is not shared between threads."""

    def __init__(
        self,
        *,
        letters: ChunkLetters,
        approach: Approach,
        runs: RunStore,
        pacer: Pacer,
        sender: Sender,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._letters = letters
        self._approach = approach
        self._runs = runs
        self._pacer = pacer
        self._sender = sender
        self._clock = clock
        self._random = random

    def prepare(self, mailing: Mailing, work: Work) -> Attempt:
        """Make the mails of everybody open; who cannot have one is skipped, and why.

        Raises:
            DependencyError: nothing was sent or marked, and no slot of the week is held.
        """
        self._sender.ready()
        return self._letters.write(mailing, work)

    def admit(self, mailing: Mailing, attempt: Attempt) -> Halt | None:
        """Wait for the first call's slot, take the last look at everybody, make the call ready.

        Return why nobody is to be sent to, if so. Then, as after an error, nothing was sent or
        marked, and no slot of the week is held.

        Raises:
            DependencyError: what decides could not be read.
            NotFound: the campaign is gone.
        """
        if not attempt.waiting:
            return None
        try:
            made = self._approach.make(
                mailing, attempt, tuple(attempt.waiting), attempt.work.until_ms
            )
        except KvittoError:
            attempt.slots.keep(NOBODY)
            raise
        if isinstance(made, Halt):
            attempt.slots.keep(NOBODY)
            return made
        attempt.ready = made
        return None

    def dispatch(self, attempt: Attempt) -> Mark:
        """Mark the chunk under a fresh owner, and write a row for each who is to be sent to.

        With nobody waiting the mark is the whole outcome.

        Raises:
            Conflict: another worker marked it first.
            DependencyError: whether the mark is there is not known; it was given back if so.
        """
        mark = attempt.mark(self._fresh(), self._clock.now_ms())
        rows = [_row(attempt, item, mark.at_ms) for item in attempt.waiting]
        try:
            self._runs.dispatch(mark, rows)
        except KvittoError as error:
            if isinstance(error, DependencyError):
                self._take_back(mark)
            attempt.slots.keep(NOBODY)
            raise
        return mark

    def call(self, mailing: Mailing, mark: Mark, attempt: Attempt) -> Halt | None:
        """Call SES for everybody marked; those it surely did not take again, after another look.

        Every outcome is in ``attempt`` afterwards, whatever fails. Return what kept the worker from
        trying on.
        """
        until_ms = min(mark.at_ms + TRY_FOR_MS, attempt.work.until_ms)
        for number in range(MAX_TRIES):
            if number:
                self._clock.sleep_ms(BACK_OFF_MS << number)
            for items in self._portions(attempt):
                try:
                    halt = self._call_once(mailing, attempt, items, until_ms)
                except DependencyError as error:
                    # What cannot be read is not sent; what is known stays known.
                    log.warning("some of a chunk wait for another try: %s", error)
                    continue
                if halt is not None:
                    if halt.why is Why.CANCELLED:
                        attempt.close(OutcomeCode.CANCELLED)
                    return halt
            if not attempt.waiting:
                return None
        return None

    def _portions(self, attempt: Attempt) -> Iterator[tuple[Waiting, ...]]:
        """Yield everybody waiting now, as many at a time as a call may carry."""
        size = self._approach.call_size
        waiting = tuple(attempt.waiting)
        if attempt.ready is not None:
            first = attempt.ready.items
            carried = {item.place for item in first}
            waiting = tuple(item for item in waiting if item.place not in carried)
            yield first
        for start in range(0, len(waiting), size):
            yield waiting[start : start + size]

    def _call_once(
        self, mailing: Mailing, attempt: Attempt, items: Sequence[Waiting], until_ms: int
    ) -> Halt | None:
        """Make one call in its slot, on a look of its own; the first goes on that of `admit`."""
        made: Ready | Halt | None = attempt.ready
        attempt.ready = None
        if isinstance(made, Ready):
            self._approach.learn(made)
        else:
            made = self._approach.make(mailing, attempt, items, until_ms)
        if isinstance(made, Ready) and not self._in_time(made):
            made = self._approach.make(mailing, attempt, items, until_ms)
            if isinstance(made, Ready) and not self._approach.wait(made):
                # Late once more, it goes all the same: a slow worker would never send.
                self._pacer.move(made.slot, must=True)
        if not isinstance(made, Ready):
            return made
        if self._clock.now_ms() > until_ms:
            return Halt(why=Why.TIME_UP)
        attempt.handed_over(made.items)
        answers = self._sender.send_bulk(mailing.sender, made.mail)
        attempt.answered(made.items, answers)
        self._pacer.heard(answers)
        return None

    def _in_time(self, ready: Ready) -> bool:
        """Wait for a call's slot; one that is a little late goes where those behind make room."""
        return self._approach.wait(ready) or self._approach.moved(ready)

    def settle(self, mark: Mark, attempt: Attempt) -> None:
        """Write down what came of a mark, or give the chunk back; free the week's unused slots.

        Raises:
            DependencyError: it could not be written; the chunk will be called unknown.
        """
        try:
            if not mark.people:
                return
            if attempt.nobody_taken(mark) and self._given_back(mark):
                return
            settled = attempt.settled(self._clock.now_ms())
            self._persist(lambda: self._runs.commit(mark, settled))
        finally:
            attempt.slots.keep(attempt.taken)

    def _given_back(self, mark: Mark) -> bool:
        """Open everybody again; False when the chunk was called unknown meanwhile."""
        try:
            self._persist(lambda: self._runs.release(mark))
        except Conflict:
            return False
        return True

    def _persist(self, write: Callable[[], None]) -> None:
        """Write an outcome; a service that fails is asked again for some seconds."""
        for number in range(1, WRITE_TRIES):
            try:
                write()
            except DependencyError as error:
                log.warning("an outcome is written again: %s", error)
                self._clock.sleep_ms(BACK_OFF_MS << number)
            else:
                return
        write()

    def write_off(self, work: Work, code: OutcomeCode) -> Attempt:
        """Give everybody open ``code``, without making a mail or calling anything but the store.

        Raises:
            Conflict: another worker marked the chunk first.
            DependencyError: whether it was written is not known; repeating is harmless.
        """
        attempt = self._letters.attempt(work)
        attempt.close(code)
        self._runs.dispatch(attempt.mark(self._fresh(), self._clock.now_ms()), ())
        return attempt

    def _fresh(self) -> str:
        """An owner for one mark alone."""
        return encode_id(self._random(RANDOM_ID_BYTES))

    def _take_back(self, mark: Mark) -> None:
        """Give back a mark that may be there; SES was not called for it."""
        try:
            self._runs.release(mark)
        except (DependencyError, Conflict) as error:
            log.warning("a chunk that was not sent may be called unknown: %s", error)


def _row(attempt: Attempt, item: Waiting, at_ms: int) -> DeliveryRow:
    if item.allowed is None:
        raise FatalError("somebody was to be mailed whom no look allowed")
    return DeliveryRow(
        delivery=item.recipient.delivery,
        campaign=attempt.chunk.campaign,
        sid=item.recipient.sid,
        chunk=MailPlace(chunk=attempt.chunk, place=item.place).name,
        basis=item.allowed.basis,
        entry=item.allowed.entry,
        measured=item.allowed.measured,
        at_ms=at_ms,
    )
