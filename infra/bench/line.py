# SPDX-License-Identifier: Apache-2.0
"""One measured figure as one JSON line, and the meters it is read from.

It guarantees that time means CPU time of this process unless a field says `wall`, and that
whatever a line compares with was measured in the same run.
"""

import gc
import json
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType

_STATUS = Path("/proc/self/status")
_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure.

    Attributes:
        value: the figure, in ``unit``.
        floor: the same figure for the least that could do the work (``floor_is`` says what).
        n: how many were measured: people, entries, starts.
        cpu_s: CPU seconds of this process (or of the children it started) for all ``n``.
        calls: requests by AWS operation, or calls by port, for each of the ``n``.
        more: further fields of this benchmark.
    """

    bench: str
    value: float
    unit: str
    n: int
    cpu_s: float | None = None
    floor: float | None = None
    floor_is: str | None = None
    peak_rss_mib: float | None = None
    calls: Mapping[str, float] | None = None
    more: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def encode(self) -> str:
        """Return the line as JSON; fields that do not apply are left out."""
        found = {part.name: getattr(self, part.name) for part in fields(self)}
        more = found.pop("more")
        if self.floor:
            found["ratio"] = self.value / self.floor
        ordered = {name: value for name, value in {**found, **more}.items() if value is not None}
        return json.dumps(rounded(ordered), separators=(",", ":"))


def rounded(value: object) -> object:
    """Return ``value`` with every float in it cut to four significant digits."""
    if isinstance(value, float):
        short = float(f"{value:.{_DIGITS}g}")
        return int(short) if short.is_integer() else short
    if isinstance(value, Mapping):
        return {str(name): rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value


@dataclass(slots=True, kw_only=True)
class Meter:
    """Seconds spent inside the `metered` blocks it was given to."""

    cpu_s: float = 0.0
    wall_s: float = 0.0


@contextmanager
def metered(meter: Meter | None = None) -> Iterator[Meter]:
    """Add the CPU and wall time of the block to ``meter``, or to a new one."""
    meter = meter or Meter()
    cpu, wall = time.process_time(), time.perf_counter()
    yield meter
    meter.cpu_s += time.process_time() - cpu
    meter.wall_s += time.perf_counter() - wall


def cpu_of(work: Callable[[], object], tries: int = 3) -> float:
    """Return the least CPU time, in seconds, of ``tries`` runs of ``work``."""
    spent = []
    for _ in range(tries):
        gc.collect()
        with metered() as meter:
            work()
        spent.append(meter.cpu_s)
    return min(spent)


def peak_rss_mib() -> float:
    """Return the most memory this process ever held, MiB.

    `VmHWM` is of this program; `ru_maxrss` may still be that of the process that started it.
    Source: proc(5), getrusage(2).
    """
    if _STATUS.exists():
        for text in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if text.startswith("VmHWM:"):
                return int(text.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@cache
def page_html() -> str:
    """Return a campaign's HTML source: 24 KB, 27 links, personal in three places."""
    paragraph = (
        '<p style="margin:0 0 16px;font:16px/24px Helvetica,Arial,sans-serif;color:#222">'
        "Here is what is new this month, in a few plain sentences that nobody has to read twice. "
        "We write when there is something to say, and stop as soon as you ask us to. {more}</p>\n"
    )
    links = "".join(
        paragraph.format(more=f'<a href="https://www.example.org/articles/{number}">Read on</a>')
        for number in range(27)
    )
    head = (
        '<!doctype html><html lang="en"><head><title>News</title></head><body>'
        "<h1>Hello {{ first_name | default('friend') }}</h1>\n"
        "<p>You get {{ list }}{% if first_name %}, {{ first_name }}{% endif %}.</p>\n"
    )
    filler = paragraph.format(more="")
    body = head + links
    while len(body) + len(filler) < 24 * 1024:
        body += filler
    return body + "</body></html>"
