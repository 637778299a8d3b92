# SPDX-License-Identifier: Apache-2.0
"""What a start costs: the verifier on a bundle, and the import of the app, in fresh processes."""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.bench.line import Line
from infra.bench.proofs import whole_bundle

ROOT = Path(__file__).resolve().parents[2]
VERIFIER = ROOT / "tools" / "verify_proof.py"
TRIES = 5


def verifier(size: int) -> Iterator[Line]:
    """Print what `tools/verify_proof.py` takes on a whole bundle of ``size`` entries."""
    data, policy = whole_bundle(size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bundle.zip").write_bytes(data)
        (folder / "policy.txt").write_bytes(policy)
        arguments = [str(folder / "bundle.zip"), "--policy", str(folder / "policy.txt")]
        cpu_s, wall_s = _least([sys.executable, str(VERIFIER), *arguments])
    crypto = "import cryptography.hazmat.primitives.asymmetric.ed25519"
    floor_s, _ = _least([sys.executable, "-c", crypto])
    yield Line(
        bench="verifier",
        value=cpu_s,
        unit="CPU seconds a bundle, start-up included",
        floor=floor_s,
        floor_is="Python that imports Ed25519 and ends",
        n=size,
        cpu_s=cpu_s,
        more={"wall_s": wall_s, "bundle_bytes": len(data)},
    )


def cold_start(tries: int) -> Iterator[Line]:
    """Print the CPU time of importing the app in a fresh process, the least of ``tries``."""
    floor_s, _ = _least([sys.executable, "-c", "pass"], tries)
    for what, code in (
        ("import_app", "import app"),
        ("import_app_and_sdk", "import app, boto3; boto3.client('dynamodb', 'eu-north-1')"),
    ):
        cpu_s, wall_s = _least([sys.executable, "-c", code], tries)
        yield Line(
            bench=what,
            value=cpu_s,
            unit="CPU seconds",
            floor=floor_s,
            floor_is="bare Python",
            n=tries,
            cpu_s=cpu_s,
            more={"over_floor_s": cpu_s - floor_s, "wall_s": wall_s},
        )


def _least(command: Sequence[str], tries: int = TRIES) -> tuple[float, float]:
    """Return the least CPU and wall seconds of a command; it must end with status 0."""
    spent = []
    for _ in range(tries):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        spent.append((cpu_s, time.perf_counter() - start))
    return min(spent)
