# SPDX-License-Identifier: Apache-2.0
"""Threads that pass a baton: one runs at a time, and a seeded choice says who is next.

Guarantees that the same tasks and the same random numbers give the same interleaving, and that
when one task fails, the others end at their next pause and the failure is raised. Time is no
clock's: it passes by `pass_time`, and when everybody sleeps it jumps to who wakes first.
"""

import heapq
import threading
from collections.abc import Callable, Mapping
from random import Random  # noqa: TID251  # seeded: a failing run replays exactly


class Stopped(BaseException):
    """Another task failed: this one ends. No code under test may catch it."""


class Baton:
    """Runs tasks interleaved at every `pause`."""

    def __init__(self, random: Random, patience: float, now_ms: int = 0) -> None:
        """Let the running task go on at a pause with probability ``patience``."""
        self.now_ms = now_ms
        self._random = random
        self._patience = patience
        self._gates: dict[str, threading.Lock] = {}
        self._waiting: list[str] = []
        self._asleep: list[tuple[int, int, str]] = []
        self._naps = 0
        self._done = threading.Lock()
        self._failure: BaseException | None = None
        self.current = ""

    def run(self, tasks: Mapping[str, Callable[[], None]]) -> None:
        """Run every task to its end, or raise what the first one to fail raised."""
        self._waiting = list(tasks)
        self._gates = {name: _closed() for name in tasks}
        self._done.acquire()
        threads = [
            threading.Thread(target=self._play, args=(name, task), daemon=True)
            for name, task in tasks.items()
        ]
        for thread in threads:
            thread.start()
        self._pass_on()
        self._done.acquire()
        for thread in threads:
            thread.join()
        self._done.release()
        if self._failure is not None:
            raise self._failure

    def pause(self) -> None:
        """Let whoever the seed chooses run; return when it is this task's turn again."""
        me = self.current
        if not me or self._random.random() < self._patience:
            return
        self._hand_over(me)

    def pass_time(self, duration_ms: int) -> None:
        """Let time go by while this task works."""
        self.now_ms += duration_ms

    def sleep_until(self, at_ms: int) -> None:
        """Return when it is ``at_ms`` or later and this task's turn; others run meanwhile."""
        me = self.current
        if not me:
            self.now_ms = max(self.now_ms, at_ms)
        elif at_ms <= self.now_ms:
            self.pause()
        else:
            self._waiting.remove(me)
            self._naps += 1
            heapq.heappush(self._asleep, (at_ms, self._naps, me))
            self._hand_over(me)

    def _hand_over(self, me: str) -> None:
        self._pass_on()
        self._gates[me].acquire()
        self.current = me
        if self._failure is not None:
            raise Stopped

    def _pass_on(self) -> None:
        if self._asleep and not self._waiting:
            self.now_ms = max(self.now_ms, self._asleep[0][0])
        while self._asleep and (self._asleep[0][0] <= self.now_ms or self._failure is not None):
            self._waiting.append(heapq.heappop(self._asleep)[2])
        self._gates[self._random.choice(self._waiting)].release()

    def _play(self, name: str, task: Callable[[], None]) -> None:
        self._gates[name].acquire()
        self.current = name
        try:
            if self._failure is None:
                task()
        except Stopped:
            pass
        except BaseException as failure:  # noqa: BLE001  # raised again by `run`
            self._failure = failure
        self._waiting.remove(name)
        self.current = ""
        if self._waiting or self._asleep:
            self._pass_on()
        else:
            self._done.release()


def _closed() -> threading.Lock:
    gate = threading.Lock()
    gate.acquire()
    return gate
