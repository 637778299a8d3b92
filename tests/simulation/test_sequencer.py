# SPDX-License-Identifier: Apache-2.0
"""The sequencer keeps its promises in every simulated life, and no broken one gets through.

`make simulate PART=ledger SEEDS=5000` runs many more; with `SEED=n` it replays one step by step.
"""

from collections import Counter

import pytest

from tests.simulation.__main__ import command, run_seeds
from tests.simulation.simulation import Simulation, prepared
from tests.simulation.variants import BROKEN
from tests.simulation.watch import BrokenPromise

SEEDS = range(1, 301)
ENOUGH = (214, 224, 348, 783, *range(1, 1001))
"""Seeds within which every broken sequencer is found out, those that told most of it first."""


@pytest.fixture(scope="module")
def lives():
    return run_seeds(SEEDS)


def test_every_promise_is_kept_in_every_life(lives):
    _, failed = lives
    assert [f"{command('ledger', seed)}: {promise}" for seed, promise in failed] == []


@pytest.mark.parametrize(
    "happened",
    [
        "Crash before",
        "Crash after",
        "Unavailable before",
        "Unavailable after",
        "Throttled before",
        "Conflict after",
        "rollbacks",
        "losses",
        "halts",
        "halted for good",
    ],
)
def test_the_seeds_reach_every_kind_of_misfortune(lives, happened):
    counts, _ = lives
    assert counts[happened] > 0


def test_most_lives_end_with_everything_published(lives):
    counts, _ = lives
    assert counts["finished"] > len(SEEDS) // 2


@pytest.mark.parametrize("seed", [1, 5, 88])
def test_a_seed_replays_exactly(seed):
    def traced():
        simulation = Simulation(seed, trace=True)
        with prepared():
            simulation.run()
        return simulation.trace, Counter(simulation.counts)

    assert traced() == traced()


@pytest.mark.slow
@pytest.mark.parametrize("make", BROKEN, ids=lambda make: make.__name__)
def test_a_broken_sequencer_is_found_out(make):
    with prepared():
        for seed in ENOUGH:
            try:
                Simulation(seed, make, kind=BROKEN[make]).run()
            except BrokenPromise:
                return
    pytest.fail(f"{make.__name__} went unnoticed")
