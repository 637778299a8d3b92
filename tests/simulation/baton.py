# SPDX-License-Identifier: Apache-2.0
"""Threads that pass a baton: one runs at a time, and a seeded choice says who is next.

Guarantees that the same tasks and the same random numbers give the same interleaving, and that
when one task fails, the others end at their next pause and the failure is raised.
"""

import threading
from collections.abc import Callable, Mapping
from random import Random  # noqa: TID251  # seeded: a failing run replays exactly


class Stopped(BaseException):
    """Another task failed: this one ends. No code under test may catch it."""


class Baton:
    """Runs tasks interleaved at every `pause`."""

    def __init__(self, random: Random, patience: float) -> None:
        """Let the running task go on at a pause with probability ``patience``."""
        self._random = random
        self._patience = patience
        self._gates: dict[str, threading.Lock] = {}
        self._waiting: list[str] = []
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
        self._pass_on()
        self._gates[me].acquire()
        self.current = me
        if self._failure is not None:
            raise Stopped

    def _pass_on(self) -> None:
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
        if self._waiting:
            self._pass_on()
        else:
            self._done.release()


def _closed() -> threading.Lock:
    gate = threading.Lock()
    gate.acquire()
    return gate
