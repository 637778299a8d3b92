# SPDX-License-Identifier: Apache-2.0
"""Whether a sign-up tells who is known here: the answers, calls and times of four kinds of people.

It guarantees that they take turns in one process, in an order nobody of them is favoured by, each
with an address of their own of the same length, over ports in memory: whatever differs is ours.
"""

import gc
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import permutations
from statistics import fmean, median, variance
from typing import Any
from urllib.parse import urlencode

from chalicelib import bootstrap
from chalicelib.entrypoints.exchange import Request
from chalicelib.entrypoints.form_pages import submit_form
from infra.bench.line import Line
from infra.bench.worlds import UNBOUND, new_world
from tests.support.faults import Moment

KINDS = ("unknown", "known", "suppressed", "suppressed_stranger")
WARM_UP = 30
"""Rounds before the measured ones: caches fill, modules load."""
_ROUTE = "/forms/{form_id}"
_FORM = "application/x-www-form-urlencoded"
_ORDERS = tuple(permutations(KINDS))


@dataclass(slots=True, kw_only=True)
class Seen:
    """What one kind of people got, and what it cost."""

    wall_ms: list[float] = field(default_factory=list)
    answers: set[tuple[int, int, tuple[str, ...]]] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)


def alike(size: int) -> Iterator[Line]:
    """Print, for each kind, how its sign-ups compare with those of unknown people.

    Args:
        size: measured sign-ups of each kind.
    """
    seen = {kind: Seen() for kind in KINDS}
    world = new_world(**UNBOUND)
    _people(world, size + WARM_UP)
    with served(world), _without_collections():
        for number in range(size + WARM_UP):
            for kind in _ORDERS[number % len(_ORDERS)]:
                one = _sign_up(world, _address(kind, number), number)
                if number >= WARM_UP:
                    _note(seen[kind], *one)
    yield from (_line(kind, seen, size) for kind in KINDS)


def welch_t(one: list[float], other: list[float]) -> float:
    """Return Welch's t of two samples; 0 when neither varies. Source: Welch 1947."""
    spread = variance(one) / len(one) + variance(other) / len(other)
    return (fmean(one) - fmean(other)) / spread**0.5 if spread else 0.0


def _line(kind: str, seen: dict[str, Seen], size: int) -> Line:
    own, unknown = seen[kind], seen["unknown"]
    return Line(
        bench=f"alike.{kind}",
        value=median(own.wall_ms),
        unit="ms wall each, median",
        n=size,
        more={
            "median_minus_unknown_ms": median(own.wall_ms) - median(unknown.wall_ms),
            "welch_t": welch_t(own.wall_ms, unknown.wall_ms),
            "answer_bytes": sorted(length for _, length, _ in own.answers),
            "answers_as_unknown": own.answers == unknown.answers,
            "port_calls": [one.count(" ") + 1 for one in sorted(own.calls)],
            "call_sequences": len(own.calls),
            "calls_as_unknown": own.calls == unknown.calls,
        },
    )


def _note(seen: Seen, wall_ms: float, answer: Any, calls: str) -> None:
    seen.wall_ms.append(wall_ms)
    seen.answers.add((answer.status, len(answer.body), tuple(sorted(answer.headers.items()))))
    seen.calls.add(calls)


def _sign_up(world: Any, email: str, number: int) -> tuple[float, Any, str]:
    """Submit the form as a browser does; return the wall time (ms), the answer and the calls."""
    calls: list[str] = []

    def count(call: str, moment: Moment) -> None:
        if moment is Moment.BEFORE:
            calls.append(call)

    # A network for each round, as visitors have their own: a counter of its own at every turn.
    request = Request(
        method="POST",
        route=_ROUTE,
        parameters={"form_id": "demo"},
        headers={"content-type": _FORM, "user-agent": "Mozilla/5.0"},
        body=urlencode({"email": email, "newsletter": "1", "language": "en"}).encode(),
        network=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
    )
    world.faults = count
    started = time.perf_counter()
    answer = submit_form(request)
    wall_ms = (time.perf_counter() - started) * 1_000
    world.faults = _no_count
    if answer.status != 200:  # noqa: PLR2004
        raise AssertionError("a sign-up was not accepted")
    return wall_ms, answer, " ".join(calls)


def _no_count(_call: str, _moment: Moment) -> None:
    """Count nothing."""


def _people(world: Any, size: int) -> None:
    """Make those who are known, those of them an operator suppressed, and strangers suppressed."""
    for number in range(size):
        world.subscribe(_address("known", number))
        world.subscribe(_address("suppressed", number))
        world.suppressions.add(_address("suppressed", number), "manual")
        world.suppressions.add(_address("suppressed_stranger", number), "manual")


def _address(kind: str, number: int) -> str:
    """An address of its own that says nothing of its kind, not even by its length."""
    local = hashlib.sha256(f"{kind}#{number}".encode()).hexdigest()[:12]
    return f"{local}@example.org"


@contextmanager
def served(world: Any) -> Iterator[None]:
    """Let the handlers find ``world`` where they look for their services."""
    kept: Callable[[], Any] = bootstrap.container
    bootstrap.container = lambda: world  # type: ignore[assignment]
    try:
        yield
    finally:
        bootstrap.container = kept  # type: ignore[assignment]


@contextmanager
def _without_collections() -> Iterator[None]:
    """Keep the collector from falling on whoever comes by when it runs."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
