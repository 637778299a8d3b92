# SPDX-License-Identifier: Apache-2.0
"""The system's clock and randomness keep their ports' promises."""

import gc
import time

from chalicelib.adapters.system import SystemClock, SystemRandom, collect_less_often
from chalicelib.ports.system import Clock, RandomBytes


def test_the_clock_shows_milliseconds_since_1970():
    clock: Clock = SystemClock()
    before = time.time_ns() // 1_000_000
    assert before <= clock.now_ms() <= before + 10_000


def test_sleeping_zero_returns_and_sleeping_a_little_takes_that_long():
    clock = SystemClock()
    started = time.monotonic()
    clock.sleep_ms(0)
    clock.sleep_ms(2)
    assert time.monotonic() - started >= 0.002


def test_random_bytes_have_the_length_asked_for_and_differ():
    random: RandomBytes = SystemRandom()
    assert [len(random(n)) for n in (0, 1, 32)] == [0, 1, 32]
    assert random(16) != random(16)


def test_a_page_of_rows_does_not_set_off_the_collector():
    usual, turns = gc.get_threshold(), []
    gc.callbacks.append(lambda phase, _told: turns.append(phase))
    try:
        collect_less_often()
        gc.collect()
        turns.clear()
        page = [
            {"sk": {"S": str(n)}, "lists": {"M": {"newsletter": {"S": "given"}}}}
            for n in range(1_000)
        ]
        assert len(page) == 1_000
        assert turns == []
    finally:
        gc.callbacks.pop()
        gc.set_threshold(*usual)
