# SPDX-License-Identifier: Apache-2.0
"""One simulated sending, decided by one number.

Workers, planners and the schedule, the product's own code over contract-tested fakes, interleaved
at every call in a time of their own; with them people who leave, an operator who pauses, and an
account that throttles. Any call may crash its process before or after it took effect, fail with or
without effect, or take minutes. In the end all faults cease, and everybody must be accounted for.
"""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random  # noqa: TID251  # seeded: a failing run replays exactly

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.errors import Conflict, DependencyError, KvittoError, Throttled, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Limit, Message, Outcome, Sent
from tests.simulation.baton import Baton
from tests.simulation.sending import actors
from tests.simulation.sending.account import Told
from tests.simulation.sending.begun import begun
from tests.simulation.sending.former import FormerProcess
from tests.simulation.sending.pace import Own
from tests.simulation.sending.ports import coin
from tests.simulation.sending.processes import Around, Process, RunProcess
from tests.simulation.sending.queue import Consumer, Habits
from tests.simulation.sending.queue import Message as Queued
from tests.simulation.sending.retries import Retrying, judge
from tests.simulation.sending.watch import Watch, first
from tests.simulation.sending.weather import CALM, DULL, GRAVE, WRITES, drawn
from tests.simulation.simulation import Crash
from tests.simulation.watch import BrokenPromise
from tests.support.faults import Moment

MINUTE_MS = 60_000
SKEW_MS = 5 * MINUTE_MS
MAX_CALLS = 30_000
"""Calls after which a life that does not end is called so."""
MAX_AT_THE_END = 3_000
"""Messages handled in peace after which it is called no peace."""
FAILING = 0.15
"""How many of the others begin with a mail that cannot be made for everybody."""
MIXED = 0.2
"""How many lives begin with yesterday's code."""
ROUNDS = 40
"""Rounds of peace within which everybody is accounted for."""

Make = Callable[[Around], Process]


class Life:
    """One seed."""

    def __init__(self, seed: int, make: Make = RunProcess, *, trace: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self.trace: list[str] | None = [] if trace else None
        self.random = random = Random(seed)
        self._deployed_ms = self._deployment(Random(f"deployment {seed}"))
        self.begun = begun(fails=not self._deployed_ms and random.random() < FAILING)
        self.rows = self.begun.copy()
        self.weather = drawn(random)
        self.baton = Baton(random, random.choice((0.3, 0.6, 0.9)), self.begun.start_ms)
        self.until_ms = self.begun.start_ms + random.choice((1, 4, 12)) * MINUTE_MS
        self.watch = Watch(
            self.begun,
            self.rows,
            lambda: self.baton.current,
            self._worker,
            is_mixed=bool(self._deployed_ms),
        )
        self.hears_on = random.random() < 0.5
        self.processes: dict[str, Process] = {}
        self.told = 0
        self._make = make
        self._retrying = Retrying(seed)
        self._calm = False
        self._dead: set[str] = set()
        self._late: list[Callable[[], None]] = []
        habits = Habits(
            copies=random.choice((0.0, 0.05, 0.5)),
            again=random.choice((0.0, 0.05)),
            hidden_ms=random.choice((5_000, 60_000, 720_000)),
            receives=random.choice((3, 60)),
        )
        self.consumer = Consumer(self.rows.queues, random, lambda: self.baton.now_ms, habits)
        self.around = Around(
            begun=self.begun,
            rows=self.rows,
            random=random,
            baton=self.baton,
            watch=self.watch,
            faults=self._io,
            habits=lambda: self.consumer.habits,
            answer=self._answer,
            told=Told(
                called=self._called,
                asking=self.watch.pace.asking,
                quoted=self.watch.pace.quoted,
                accepted=self.watch.took,
                answered=self.watch.answered,
                cut=self._cut,
            ),
            partly=coin(random, lambda: self.weather.partly),
            late=self._delay,
            skew_ms=self._skew,
            time_ms=lambda: 900_000 if self._calm else random.choice((20, 60, 300, 900)) * 1000,
        )

    def run(self) -> None:
        """Live through it.

        Raises:
            BrokenPromise: an invariant does not hold, or somebody is never accounted for.
        """
        tasks: dict[str, Callable[[], None]] = {
            "worker 1": lambda: self._consume(Queue.CHUNKS),
            "worker 2": lambda: self._consume(Queue.CHUNKS),
            "worker 3": lambda: self._consume(Queue.CHUNKS, Queue.ERASURES),
            "planner 1": lambda: self._consume(Queue.PLANS),
            "planner 2": lambda: self._consume(Queue.PLANS),
            "schedule": self._tick,
            **actors.drawn(self),
            **self._retrying.tasks(self, mixed=bool(self._deployed_ms)),
        }
        try:
            self.baton.run(tasks)
            self._settle()
        except BrokenPromise as promise:
            raise first(promise) from None
        except Exception as error:
            raise BrokenPromise(f"nobody expected {type(error).__name__}: {error}") from error
        finally:
            self.counts.update(self.watch.met)
            self.counts["turns to ask"] += self.watch.pace.asked
            self.counts["people once unknown"] += self.watch.unknown

    # What happens at every call

    def _io(self, call: str, moment: Moment) -> None:
        if moment is Moment.AFTER and call in WRITES:
            self.watch.wrote_chunks()
        if self._calm:
            return
        if self.baton.current in self._dead:
            raise Crash  # What a process does in its `finally` it does not do once it is gone.
        drawn = self.random.random()
        if moment is Moment.BEFORE:
            self._before(call, drawn)
        rate = self.weather.rate * (4 if call.partition(".")[0] in GRAVE else 1)
        fault = self._fault(call, moment) if drawn < rate else None
        self.note(f"{call} {moment}" + (f": {type(fault).__name__}" if fault else ""))
        if fault is not None:
            self.counts[f"{type(fault).__name__} {moment}"] += 1
            self.watch.excuses += 5
            if isinstance(fault, Crash):
                self._dead.add(self.baton.current)
            raise fault

    def _before(self, call: str, drawn: float) -> None:
        self.counts["calls"] += 1
        if self.counts["calls"] > MAX_CALLS:
            raise BrokenPromise("liveness: the processes keep going")
        self.baton.pass_time(1 + int(drawn * 9973) % 12)
        often = 4 if call.partition(".")[0] in GRAVE else 1
        if drawn > 1 - self.weather.stalls * often:
            self.counts["stalls"] += 1
            self.watch.excuses += 5
            self.baton.sleep_until(self.baton.now_ms + self.random.choice((5, 130, 320)) * 1000)
        elif call not in DULL:
            self.baton.pause()

    def _fault(self, call: str, moment: Moment) -> BaseException:
        kinds: list[BaseException] = [Crash(), Unavailable(f"{call} {moment}")]
        if moment is Moment.BEFORE:
            kinds.append(Throttled(call))
        return self.random.choice(kinds)

    def _called(self, messages: Sequence[Message]) -> None:
        self.counts["SES calls"] += 1
        self.watch.called(messages)

    def _cut(self, people: int) -> int | None:
        if self._calm or self.random.random() >= self.weather.partly:
            return None
        self.counts["calls cut short"] += 1
        self.watch.excuses += people
        return self.random.randrange(people)

    def _answer(self, message: Message) -> Sent | None:
        if message.to in self.begun.refused:
            return Sent(outcome=Outcome.REJECTED, reason="bad address")
        if self._calm or self.random.random() >= self.weather.moods:
            return None
        limit = self.random.choice((None, Limit.RATE, Limit.RATE, Limit.DAY))
        self.counts[f"limit {limit}"] += 1
        return Sent(outcome=Outcome.RETRY, reason="not now", limit=limit)

    def _skew(self) -> int:
        if self._calm or not self.weather.skews:
            return 0
        self.watch.excuses += 5
        return self.random.randint(-SKEW_MS, SKEW_MS)

    def note(self, what: str) -> None:
        """Write a line of the trace."""
        if self.trace is not None:
            at_s = (self.baton.now_ms - self.begun.start_ms) / 1000
            self.trace.append(f"{at_s:9.3f} {self.baton.current or 'end':<12} {what}")

    # Processes

    def _worker(self) -> Own:
        """The worker that runs: its clock, and whether it is yesterday's code."""
        process = self.processes[self.baton.current]
        clock = process.skewed
        is_former = isinstance(process, FormerProcess)
        return Own(now_ms=clock.now_ms(), jumps=clock.jumps, is_former=is_former)

    def process(self) -> Process:
        """Start a process for the task that runs."""
        name = self.baton.current
        make: Make = self._make
        if self._deployed_ms and self.baton.now_ms < self._deployed_ms and not self._calm:
            make = FormerProcess
        self.watch.new_process()
        self._dead.discard(name)
        self.processes[name] = made = make(self.around)
        return made

    def renewed(self, process: Process) -> Process:
        """Let the code of today take over from yesterday's once it is deployed."""
        is_former = isinstance(process, FormerProcess)
        if is_former and self.baton.now_ms >= self._deployed_ms and self.random.random() < 0.5:
            self.counts["deployed"] += 1
            return self.process()
        return process

    def _deployment(self, random: Random) -> int:
        """When new code arrives in the middle of this life; 0: it is there from the start."""
        if random.random() >= MIXED:
            return 0
        return begun().start_ms + random.choice((3, 10, 20, 60)) * 1000

    def over(self) -> bool:
        """Whether the time of this life is up."""
        return self.baton.now_ms >= self.until_ms

    def nap(self, duration_ms: int) -> None:
        """Sleep, but not beyond the end."""
        self.baton.sleep_until(min(self.baton.now_ms + duration_ms, self.until_ms))

    def _consume(self, *queues: Queue) -> None:
        process = self.process()
        while not self.over():
            process = self.renewed(process)
            message = self.consumer.receive(*queues)
            if message is None:
                self.nap(self.random.randint(500, 20_000))
            elif not self._handled(process, message):
                process = self.process()

    def _handled(self, process: Process, message: Queued) -> bool:
        """Give a message to a process; False when that was its end."""
        self.note(f"handles {message.queue} {message.body}")
        try:
            process.handle(message.queue, message.read())
        except Crash:
            return False
        except (Conflict, DependencyError) as error:
            self.note(f"  comes back: {type(error).__name__} {error}")
            if self.random.random() < 0.5:
                message.visible_ms = self.baton.now_ms + 1_000
        else:
            self.consumer.delete(message)
        return True

    def _tick(self) -> None:
        process = self.process()
        while not self.over():
            self.nap(self.random.choice((60, 60, 150, 240)) * 1000)
            process = self.renewed(process)
            try:
                process.advance()
            except Crash:
                process = self.process()
            except (Conflict, DependencyError):
                continue

    def _delay(self, request: Callable[[], None]) -> None:
        self.watch.excuses += 5
        self._late.append(request)

    def arrive(self) -> None:
        """Let a request arrive whose caller gave up long ago."""
        if self._late:
            try:
                self._late.pop(self.random.randrange(len(self._late)))()
            except KvittoError:
                self.counts["too late"] += 1  # It met another state.
            self.counts["late requests"] += 1
            self.watch.wrote_chunks()

    # Peace

    def _settle(self) -> None:
        """End all faults, and look whether everybody gets accounted for."""
        self._calm, self.weather = True, CALM
        self.consumer.habits = Habits()
        self.rows.account.daily_left = None
        while self._late:
            self.arrive()
        for round_number in range(ROUNDS):
            process = self.process()
            assert isinstance(process, RunProcess)
            self.baton.pass_time(MINUTE_MS * min(2**round_number, 180))
            actors.resume_all(self, process)
            if not self._retrying.in_haste(self, process):
                actors.everything_told(self, process)
            process.advance()
            self.watch.wrote_chunks()
            self._drain(process)
            if not self._left() and not self._retrying.once_more(self, process):
                break
        else:
            raise BrokenPromise("liveness: a campaign never ends")
        process = self.process()
        assert isinstance(process, RunProcess)
        self._judge(process)
        self.watch.pace.finished(self.baton.now_ms - self.begun.start_ms, self.watch.excuses)

    def _drain(self, process: Process) -> None:
        self.consumer.redrive()
        queues = (Queue.PLANS, Queue.CHUNKS, Queue.ERASURES)
        until_ms = self.baton.now_ms + 20 * MINUTE_MS
        for waiting in self.rows.queues.of(*queues):
            waiting.visible_ms = min(waiting.visible_ms, self.baton.now_ms + 1_000)
        while (due_ms := self.consumer.next_ms(*queues)) is not None and due_ms <= until_ms:
            self.baton.now_ms = max(self.baton.now_ms, due_ms)
            message = self.consumer.receive(*queues)
            if message is None:
                continue
            self.consumer.delete(message)
            self.counts["handled at the end"] += 1
            if self.counts["handled at the end"] > MAX_AT_THE_END:
                raise BrokenPromise("liveness: messages make messages for ever")
            self.baton.pass_time(20)
            self._handle_in_peace(process, message)
            self.watch.wrote_chunks()

    def _handle_in_peace(self, process: Process, message: Queued) -> None:
        self.note(f"handles {message.queue} {message.body}")
        try:
            process.handle(message.queue, message.read())
        except (Conflict, DependencyError) as error:
            # It will come again: the schedule makes it anew, as it does when one is lost.
            self.note(f"  dropped: {type(error).__name__} {error}")

    def _left(self) -> bool:
        stored = self.rows.catalog.campaigns
        unfinished = any(campaign.unfinished for campaign in stored.values())
        return unfinished or bool(self.rows.folds.unresolved)

    def _judge(self, process: RunProcess) -> None:
        for each, campaign in self.rows.catalog.campaigns.items():
            if campaign.started_ms is None:
                continue
            progress, shards = process.accounts(each)
            if progress.unknown and not self._deployed_ms:
                raise BrokenPromise(f"D4: {progress.unknown} are still unknown")
            self.note(f"{campaign.name}: {progress}")
            self.watch.finished(campaign, progress, shards)
            self.watch.outcomes(campaign, process.outcomes(each))
            judge(self, campaign, process.outcomes)
            kind = "ended" if campaign.retry_of is None else "retries ended"
            self.counts[f"{kind} {campaign.status}"] += 1
            for name, people in progress.skipped.items():
                self.counts[f"people {name}"] += people
            self.counts["people sent"] += progress.sent
            self.counts["people unknown"] += progress.unknown
            if campaign.status is CampaignStatus.PAUSED:
                raise BrokenPromise("liveness: a campaign stays paused")


@contextmanager
def silent() -> Iterator[None]:
    """Log nothing, and stay on one core: the threads of a life only hand over to each other."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if cores:
        os.sched_setaffinity(0, {sorted(cores)[os.getpid() % len(cores)]})
    try:
        yield
    finally:
        logging.disable(level)
        if cores:
            os.sched_setaffinity(0, cores)
