# SPDX-License-Identifier: Apache-2.0
"""How near campaigns come to what the account may send, and whether they ever pass it.

It guarantees the real clock, workers that share nothing but AWS, a process each, a store that keeps
the conditions of updates, and arrivals stamped by SES's side, a process of its own, when a request
has come, before it takes its time.

Run as ``python -m infra.bench.campaign_rate PER_SECOND LATENCY_MS SECONDS WARM_S``: one case, JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, product
from typing import Any, Final

from chalicelib.adapters.system import SystemClock
from infra.bench.campaign_costs import workers_at
from infra.bench.campaign_drive import plan, runs, start
from infra.bench.line import Line
from infra.bench.rate_worker import Workers
from infra.bench.sink import null_aws, real_container, ses_apart
from infra.bench.worlds import subscriber_state

QUOTAS: tuple[int, ...] = (14, 50, 500)
LATENCIES_MS: tuple[int, ...] = (5, 200)
WARM_S = 5.0
"""Nothing is told of the first seconds: every worker makes its first call then."""
WINDOW_S: Final = 1.0
"""The shortest window in which SES counts."""
REST_S: Final = 2.0
"""Workers go on for so long after the last window."""
STARTS_S = 5.0
"""The processes of all workers have begun by then."""
CALL_S: Final = 15
"""A worker begins nothing so shortly before its end (services/runs.py)."""
FEWEST: Final = 5_000
"""People on the list, at least: runs are full then."""

Arrivals = Sequence[tuple[float, int]]


def campaign_rate(seconds: int) -> Iterator[Line]:
    """Print what SES accepted of what it allows, for each quota and latency.

    Each case runs alone, in processes of its own: a call that goes 5 ms late may lose its slot, and
    workers of another quota would be what made it late.

    Args:
        seconds: measured, after `WARM_S`.
    """
    for latency_ms, per_second in product(LATENCIES_MS, QUOTAS):
        asked = map(str, (per_second, latency_ms, seconds, WARM_S))
        done = subprocess.run(
            [sys.executable, "-m", "infra.bench.campaign_rate", *asked],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit("A case of the benchmark campaign_rate failed; its message is above.")
        yield _line(json.loads(done.stdout))


def _line(found: Mapping[str, Any]) -> Line:
    return Line(
        bench="campaign.rate",
        value=found["share"] * 100,
        unit="% of the quota accepted",
        n=found["accepted"],
        cpu_s=found["cpu_s"],
        more={
            "per_second": found["per_second"],
            "ses_latency_ms": found["latency_ms"],
            "seconds": found["seconds"],
            "workers": found["workers"],
            "calls": found["calls"],
            "call_recipients": found["largest"],
            "most_over_quota_in_a_window": found["over"],
            "load_average": found["load"],
        },
    )


def case(per_second: int, latency_ms: int, seconds: int, warm_s: float) -> dict[str, Any]:
    """Send a campaign for the time asked for, and return what SES's side saw of it."""
    with null_aws() as endpoint, ses_apart() as ses:
        ses.set_ses(per_second=per_second, latency_ms=latency_ms)
        container = real_container(endpoint, clock=SystemClock())
        lasting_s = warm_s + seconds + REST_S
        endpoint.add_people(max(FEWEST, int(per_second * (lasting_s + 1))), subscriber_state())
        campaign_id = start(container)
        sizes = plan(container, campaign_id)
        stored = container.campaign_rows.get(campaign_id)
        wanted = runs(campaign_id, sizes, stored.chunk_size if stored else 0)
        endpoint.keep_conditions()
        count, before = workers_at(per_second), len(ses.arrivals())
        until_ms = container.clock.now_ms() + int((STARTS_S + lasting_s + CALL_S) * 1000)
        workers = Workers(endpoint.url, [wanted[n::count] for n in range(count)], until_ms)
        try:
            cpu_s = workers.run()
        finally:
            workers.end()
        arrivals = ses.arrivals()[before:]
    first_s = arrivals[0][0] + warm_s
    accepted = sum(people for at_s, people in arrivals if first_s <= at_s < first_s + seconds)
    return {
        "per_second": per_second,
        "latency_ms": latency_ms,
        "seconds": seconds,
        "workers": count,
        "cpu_s": cpu_s,
        "accepted": accepted,
        "share": accepted / (per_second * seconds),
        "calls": len(arrivals),
        "largest": max(people for _, people in arrivals),
        "over": most_over(arrivals, per_second),
        "load": os.getloadavg()[0],
    }


def most_over(arrivals: Arrivals, per_second: float) -> float:
    """Return by how many recipients a window held more than its quota, at most.

    A window is one second or longer, and begins and ends with an arrival where it holds most.
    Up to the recipients of one call that is what SES allows.

    Example:
        >>> most_over([(0.0, 50), (1.0, 50), (2.0, 50)], 50)
        50.0
        >>> most_over([(0.0, 50), (0.5, 50)], 50)
        50.0

    """
    times = [at_s for at_s, _ in arrivals]
    sums = [0, *accumulate(people for _, people in arrivals)]
    worst = float("-inf")
    for first, begins_s in enumerate(times):
        for last in range(first, len(times)):
            held = sums[last + 1] - sums[first]
            worst = max(worst, held - per_second * max(WINDOW_S, times[last] - begins_s))
    return worst


def main() -> None:
    """Run one case."""
    per_second, latency_ms, seconds, warm_s = sys.argv[1:]
    found = case(int(per_second), int(latency_ms), int(seconds), float(warm_s))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
