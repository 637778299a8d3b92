# SPDX-License-Identifier: Apache-2.0
"""The system's clock and randomness keep their ports' promises."""

import time

from chalicelib.adapters.system import SystemClock, SystemRandom
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
