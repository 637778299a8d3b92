# SPDX-License-Identifier: Apache-2.0
"""`make simulate`: many seeds on every core, or one seed step by step.

Prints the seeds that failed, each as the command that replays it, and exits with 1 if there were
any. `PART` chooses what lives: the sequencer of the ledger, the sending of campaigns, or both.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Protocol

from tests.simulation.sending.life import Life, silent
from tests.simulation.simulation import Simulation, prepared
from tests.simulation.watch import BrokenPromise

BLOCK = 50


class Lived(Protocol):
    """One seed of any part."""

    counts: Counter[str]
    trace: list[str] | None

    def run(self) -> None:
        """Live through it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is simulated.

    Attributes:
        life: makes the life of a seed, with a trace or without.
        around: what all lives need.
        seeds: how many are lived unless somebody says otherwise.
    """

    life: Callable[[int, bool], Lived]
    around: Callable[[], AbstractContextManager[None]]
    seeds: int


PARTS: Mapping[str, Part] = {
    "ledger": Part(
        life=lambda seed, trace: Simulation(seed, trace=trace), around=prepared, seeds=5000
    ),
    "sending": Part(life=lambda seed, trace: Life(seed, trace=trace), around=silent, seeds=1000),
}


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description="Simulate the product under faults.")
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
    parser.add_argument("--seeds", type=int, help="how many lives of each part")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="replay one seed and print every step")
    options = parser.parse_args()
    names = list(PARTS) if options.part == "all" else [options.part]
    act = partial(_many, options.first, options.seeds)
    if options.seed is not None:
        act = partial(_replay, options.seed)
    return max([act(name) for name in names])


def _many(first: int, count: int | None, name: str) -> int:
    seeds = count or PARTS[name].seeds
    started, end = monotonic(), first + seeds
    blocks = [range(at, min(at + BLOCK, end)) for at in range(first, end, BLOCK)]
    counts: Counter[str] = Counter()
    failed: list[tuple[int, str]] = []
    with ProcessPoolExecutor(initializer=_stay) as pool:
        for found, broken in pool.map(partial(run_seeds, name=name), blocks):
            counts += found
            failed += broken
    seconds = monotonic() - started
    print(f"{name}: {seeds} seeds in {seconds:.0f} s, {seeds / seconds:.0f} a second")
    print(", ".join(f"{what}: {count}" for what, count in sorted(counts.items())))
    for seed, promise in failed:
        print(f"FAILED {command(name, seed)}: {promise}")
    return 1 if failed else 0


def command(name: str, seed: int) -> str:
    """Return what replays a seed."""
    return f"make simulate PART={name} SEED={seed}"


def run_seeds(seeds: range, name: str = "ledger") -> tuple[Counter[str], list[tuple[int, str]]]:
    """Return what happened in the seeds, and which of them broke which promise."""
    counts: Counter[str] = Counter()
    failed: list[tuple[int, str]] = []
    with PARTS[name].around():
        for seed in seeds:
            life = PARTS[name].life(seed, False)
            try:
                life.run()
            except BrokenPromise as promise:
                failed.append((seed, str(promise)))
            counts += life.counts
    return counts, failed


def _stay() -> None:
    """Keep a process on one core: its threads only hand over to each other."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})


def _replay(seed: int, name: str) -> int:
    problem = None
    with PARTS[name].around():
        life = PARTS[name].life(seed, True)
        try:
            life.run()
        except BrokenPromise as promise:
            problem = promise
    print("\n".join(life.trace or ()))
    print(f"FAILED: {problem}" if problem else "every promise was kept")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
