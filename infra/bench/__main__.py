# SPDX-License-Identifier: Apache-2.0
"""`python -m infra.bench`: every benchmark in a process of its own, one JSON line a figure.

With a name it runs that one in this process: ``python -m infra.bench campaign --size 1000``.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator

from chalicelib.adapters.system import collect_less_often
from infra.bench import (
    alike,
    campaign_costs,
    campaign_rate,
    campaigns,
    imports,
    journeys,
    ledger,
    peers,
    proofs,
    segments,
    ses_events,
    shop_events,
    starts,
)
from infra.bench.line import Line

BENCHES: dict[str, tuple[Callable[[int], Iterator[Line]], tuple[int, ...]]] = {
    "event_building": (ledger.event_building, (5_000,)),
    "sequencing": (ledger.sequencing, (20_000,)),
    "journeys": (journeys.journeys, (100,)),
    "alike": (alike.alike, (1_000,)),
    "event_order": (shop_events.event_order, (100,)),
    "segment_evaluation": (segments.segment_evaluation, (100_000,)),
    "segment_plan": (segments.segment_plan, (10_000, 100_000)),
    "campaign": (campaigns.campaign, (1_000, 10_000)),
    "campaign_on_aws": (campaigns.campaign_on_aws, (1_000, 10_000, 100_000)),
    "campaign_measured": (campaigns.campaign_measured, (10_000,)),
    "campaign_single": (campaigns.campaign_single, (2_000,)),
    "campaign_stream": (campaign_costs.stream, (5_000,)),
    "ses_events": (ses_events.rates, (20_000,)),
    "ses_calls": (ses_events.calls, (20,)),
    "campaign_rate": (campaign_rate.campaign_rate, (60,)),
    "import_rows": (imports.import_rows, (100_000, 1_000_000)),
    "import_on_aws": (imports.import_on_aws, (10_000,)),
    "peers": (peers.peers, (2_000,)),
    "proof_reads": (proofs.proof_reads, (10_000, 1_000_000)),
    "verifier": (starts.verifier, (50,)),
    "cold_start": (starts.cold_start, (5,)),
}
"""Name -> what it runs, and the sizes it runs at."""
MEMORY = {
    "segment_plan": "segment.memory",
    "campaign_on_aws": "campaign.memory",
    "import_rows": "import.memory",
}
"""Benchmark whose stores keep nobody -> the line that compares its memory from size to size."""


def run(name: str, size: int) -> None:
    """Print the lines of one benchmark."""
    collect_less_often()  # As `bootstrap.container` does.
    for line in BENCHES[name][0](size):
        print(line.encode(), flush=True)


def run_all() -> None:
    """Print every benchmark's lines, then how much more memory many times the people took.

    Only where nobody is kept in this process: stores in memory grow with the people in them.
    """
    about = {"bench": "about", "python": platform.python_version(), "system": platform.system()}
    print(json.dumps(about, separators=(",", ":")), flush=True)
    peaks: dict[str, list[float]] = {name: [] for name in MEMORY}
    for name, (_, sizes) in BENCHES.items():
        for size in sizes:
            for line in _in_process(name, size):
                print(line, flush=True)
                if name in MEMORY:
                    peaks[name] += [x for x in (json.loads(line).get("peak_rss_mib"),) if x]
    for name, held in peaks.items():
        print(_grown(name, held).encode(), flush=True)


def _grown(name: str, peaks: list[float]) -> Line:
    return Line(
        bench=MEMORY[name],
        value=peaks[-1],
        unit="MiB at the largest size",
        n=BENCHES[name][1][-1],
        floor=peaks[0],
        floor_is="MiB at the smallest size",
        more={"sizes": BENCHES[name][1], "peaks_mib": peaks},
    )


def _in_process(name: str, size: int) -> Iterator[str]:
    command = [sys.executable, "-m", "infra.bench", name, "--size", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout or ():
            yield line.rstrip("\n")
    if child.returncode:
        sys.exit(f"The benchmark {name} failed; its message is above.")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(BENCHES), help="run only this one")
    parser.add_argument(
        "--size", type=int, help="people, entries, tries or seconds; default: as in a run"
    )
    given = parser.parse_args()
    if given.name is None:
        run_all()
        return
    for size in (given.size,) if given.size else BENCHES[given.name][1]:
        run(given.name, size)


if __name__ == "__main__":
    main()
