# SPDX-License-Identifier: Apache-2.0
"""Queues as SQS keeps them: at least once, in no order, set aside after too many receives.

A message received is hidden for a while and comes again unless it is deleted. Any message may be
there several times, come although it was deleted, or come while another copy is worked on.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random  # noqa: TID251  # seeded: a failing run replays exactly
from typing import Any

from chalicelib.errors import Throttled
from chalicelib.ports.outside import Queue
from tests.support.faults import Faults, no_faults, struck

MAX_COPIES = 5


@dataclass(slots=True, kw_only=True)
class Message:
    """A message in a queue; ``visible_ms`` is when it may be received."""

    queue: Queue
    body: str
    visible_ms: int
    received: int = 0
    dead: bool = False

    def read(self) -> Mapping[str, Any]:
        """What it says."""
        read: dict[str, Any] = json.loads(self.body)
        return read


@dataclass(slots=True, kw_only=True)
class QueueRows:
    """Every queue."""

    messages: list[Message] = field(default_factory=list)

    def put(self, queue: Queue, body: str, visible_ms: int) -> None:
        """Add a message."""
        self.messages.append(Message(queue=queue, body=body, visible_ms=visible_ms))

    def of(self, *queues: Queue) -> list[Message]:
        """Messages of some queues that were not set aside."""
        return [each for each in self.messages if each.queue in queues and not each.dead]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How queues behave in one life.

    Attributes:
        copies: the chance that a message is there once more; asked again for each copy.
        again: the chance that one deleted stays.
        hidden_ms: how long one received stays hidden.
        receives: how often one is received before it is set aside.
    """

    copies: float = 0.0
    again: float = 0.0
    hidden_ms: int = 720_000
    receives: int = 60


class Consumer:
    """Receives and deletes."""

    def __init__(
        self, rows: QueueRows, random: Random, now_ms: Callable[[], int], habits: Habits
    ) -> None:
        self.habits = habits
        self._rows = rows
        self._random = random
        self._now_ms = now_ms

    def receive(self, *queues: Queue) -> Message | None:
        """Return any message that may be seen, and hide it; None: there is none now."""
        now_ms = self._now_ms()
        seen = [each for each in self._rows.of(*queues) if each.visible_ms <= now_ms]
        while seen:
            message = seen.pop(self._random.randrange(len(seen)))
            if message.received < self.habits.receives:
                message.received += 1
                message.visible_ms = now_ms + self.habits.hidden_ms
                return message
            message.dead = True
        return None

    def delete(self, message: Message) -> None:
        """Take it out; it may stay all the same."""
        if self._random.random() >= self.habits.again and message in self._rows.messages:
            self._rows.messages.remove(message)

    def next_ms(self, *queues: Queue) -> int | None:
        """When the next message can be seen; None: there is none at all."""
        return min((each.visible_ms for each in self._rows.of(*queues)), default=None)

    def redrive(self) -> int:
        """Put back what was set aside; return how many."""
        dead = [each for each in self._rows.messages if each.dead]
        for message in dead:
            message.dead, message.received = False, 0
            message.visible_ms = self._now_ms()
        return len(dead)


class CoarseQueues:
    """`ports.outside.Queues` into those rows: any message may arrive more than once."""

    def __init__(
        self,
        rows: QueueRows,
        random: Random,
        now_ms: Callable[[], int],
        habits: Callable[[], Habits],
        faults: Faults = no_faults,
    ) -> None:
        self._rows = rows
        self._random = random
        self._now_ms = now_ms
        self._habits = habits
        self._faults = faults

    def send(self, queue: Queue, body: dict[str, object], delay_s: int = 0) -> None:
        with struck(self._faults, "Queues.send"):
            self._put(queue, body, delay_s)

    def send_all(self, queue: Queue, bodies: Sequence[dict[str, object]]) -> None:
        """Send in batches of ten, of which one may be refused when others are in the queue."""
        with struck(self._faults, "Queues.send_all"):
            kept = len(bodies)
            if bodies and self._random.random() < self._habits().copies / 8:
                kept = self._random.randrange(len(bodies))
            for body in bodies[:kept]:
                self._put(queue, body, 0)
        if kept < len(bodies):
            raise Throttled("not every message was taken")

    def _put(self, queue: Queue, body: dict[str, object], delay_s: int) -> None:
        text = json.dumps(body)
        copies = 1
        while copies < MAX_COPIES and self._random.random() < self._habits().copies:
            copies += 1
        for _ in range(copies):
            self._rows.put(queue, text, self._now_ms() + delay_s * 1000)
