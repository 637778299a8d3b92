# SPDX-License-Identifier: Apache-2.0
"""One worker of `campaign_rate`, in a process of its own, as each has on Lambda.

Standard input brings one JSON line with its work, and a second line to begin; it says ``ready``
when it is, and at the end its CPU seconds.

Run as ``python -m infra.bench.rate_worker``.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from chalicelib.adapters.system import SystemClock
from chalicelib.domain.runs import RunRef
from infra.bench.line import metered
from infra.bench.sink import NullEndpoint, another_container

_COMMAND: Final = (sys.executable, "-m", "infra.bench.rate_worker")


class Workers:
    """As many workers as there are shares of the runs, started together."""

    def __init__(self, url: str, shares: Sequence[Sequence[RunRef]], until_ms: int) -> None:
        self._children = [
            subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in shares
        ]
        for child, share in zip(self._children, shares, strict=True):
            work = {"url": url, "until_ms": until_ms, "runs": [asdict(run) for run in share]}
            _tell(child, json.dumps(work))
        for child in self._children:
            if _hear(child) != "ready":
                raise AssertionError("a worker of the benchmark did not start")

    def run(self) -> float:
        """Have all of them work; return the CPU seconds of all together."""
        for child in self._children:
            _tell(child, "go")
        return sum(float(_hear(child)) for child in self._children)

    def end(self) -> None:
        """End them, whatever they do."""
        for child in self._children:
            child.terminate()
            child.communicate()


def _tell(child: "subprocess.Popen[str]", line: str) -> None:
    if child.stdin is not None:
        child.stdin.write(line + "\n")
        child.stdin.flush()


def _hear(child: "subprocess.Popen[str]") -> str:
    return child.stdout.readline().strip() if child.stdout is not None else ""


def main() -> None:
    """Work one share."""
    work = json.loads(sys.stdin.readline())
    container = another_container(NullEndpoint(url=work["url"]), SystemClock())
    wanted = [RunRef(**run) for run in work["runs"]]
    worker = container.run_worker
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with metered() as meter:
        for run in wanted:
            worker.deliver(run, work["until_ms"])
    sys.stdout.write(f"{meter.cpu_s}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
