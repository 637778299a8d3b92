# SPDX-License-Identifier: Apache-2.0
"""`make simulate`: many seeds on every core, or one seed step by step.

Prints the seeds that failed, each as the command that replays it, and exits with 1 if there were
any.
"""

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from time import monotonic

from tests.simulation.simulation import Simulation, prepared
from tests.simulation.watch import BrokenPromise

BLOCK = 50


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description="Simulate the sequencer under faults.")
    parser.add_argument("--seeds", type=int, default=5000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="replay one seed and print every step")
    options = parser.parse_args()
    if options.seed is not None:
        return _replay(options.seed)
    started = monotonic()
    end = options.first + options.seeds
    blocks = [range(at, min(at + BLOCK, end)) for at in range(options.first, end, BLOCK)]
    counts: Counter[str] = Counter()
    failed: list[tuple[int, str]] = []
    with ProcessPoolExecutor(initializer=_stay) as pool:
        for found, broken in pool.map(run_seeds, blocks):
            counts += found
            failed += broken
    seconds = monotonic() - started
    print(f"{options.seeds} seeds in {seconds:.0f} s, {options.seeds / seconds:.0f} a second")
    print(", ".join(f"{name}: {count}" for name, count in sorted(counts.items())))
    for seed, promise in failed:
        print(f"FAILED make simulate SEED={seed}: {promise}")
    return 1 if failed else 0


def run_seeds(seeds: range) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Return what happened in the seeds, and which of them broke which promise."""
    counts: Counter[str] = Counter()
    failed: list[tuple[int, str]] = []
    with prepared():
        for seed in seeds:
            simulation = Simulation(seed)
            try:
                simulation.run()
            except BrokenPromise as promise:
                failed.append((seed, str(promise)))
            counts += simulation.counts
    return counts, failed


def _stay() -> None:
    """Keep a process on one core: its threads only hand over to each other."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})


def _replay(seed: int) -> int:
    simulation = Simulation(seed, trace=True)
    problem = None
    try:
        with prepared():
            simulation.run()
    except BrokenPromise as promise:
        problem = promise
    print("\n".join(simulation.trace or ()))
    print(f"FAILED: {problem}" if problem else "every promise was kept")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
