# SPDX-License-Identifier: Apache-2.0
"""A campaign keeps its promises in every simulated sending, and no broken worker gets through.

`make simulate PART=sending SEEDS=n` runs any number; `SEED=n` replays one step by step.
"""

import pytest

from tests.simulation.__main__ import command, run_seeds
from tests.simulation.sending.life import Life, silent
from tests.simulation.sending.variants import BROKEN
from tests.simulation.watch import BrokenPromise

SEEDS = range(1, 1001)
"""Some 32 seconds of one core."""
ENOUGH = (22, 123, 305, *range(1, 1001))
"""Seeds within which everything that is wrong is found out, those that told most of it first."""


@pytest.fixture(scope="module")
def lives():
    return run_seeds(SEEDS, "sending")


def test_every_promise_is_kept_in_every_life(lives):
    _, failed = lives
    assert [f"{command('sending', seed)}: {promise}" for seed, promise in failed] == []


@pytest.mark.parametrize(
    "happened",
    [
        "Crash before",
        "Crash after",
        "Unavailable before",
        "Unavailable after",
        "Throttled before",
        "stalls",
        "clock jumps",
        "late requests",
        "too late",
        "calls cut short",
        "limit rate",
        "limit day",
        "quotas",
        "redriven",
        "events",
        "second campaigns",
        "acts withdraw",
        "acts object",
        "acts restrict",
        "acts suppress",
        "acts erase",
        "acts pause",
        "acts resume",
        "acts cancel",
        "partial reads",
        "turns to ask",
        "gate paused",
        "gate sending",
        "people rendering",
        "people failed",
        "people unsent",
        "people frequency",
        "people no-consent",
        "people no-profile",
        "people objected",
        "people restricted",
        "people suppressed",
        "ended sent",
        "ended cancelled",
        "retries ended sent",
        "retried REJECTED",
        "retried UNSENT",
        "retried NO_PROFILE",
    ],
)
def test_the_seeds_reach_every_kind_of_misfortune(lives, happened):
    counts, _ = lives
    assert counts[happened] > 0


def test_most_lives_end_with_most_people_mailed(lives):
    counts, _ = lives
    ended = counts["ended sent"] + counts["ended cancelled"]
    assert counts["people sent"] > 15 * ended


@pytest.mark.parametrize("seed", [1, 5, 88])
def test_a_seed_replays_exactly(seed):
    first, second = (Life(seed, trace=True) for _ in range(2))
    with silent():
        first.run()
        second.run()
    assert first.trace == second.trace
    assert first.counts == second.counts


@pytest.mark.slow
@pytest.mark.parametrize("wrong", BROKEN)
def test_a_broken_process_is_found_out(wrong):
    with silent():
        for seed in ENOUGH:
            try:
                Life(seed, BROKEN[wrong]).run()
            except BrokenPromise:
                return
    pytest.fail(f"{wrong} went unnoticed")
