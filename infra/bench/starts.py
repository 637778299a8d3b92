# SPDX-License-Identifier: Apache-2.0
"""What a start costs: the verifier on a bundle, and the import of the app, in fresh processes."""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from chalicelib.proof import bundle
from chalicelib.vocabulary import EventType
from infra.bench.line import Line
from tests.support.small_log import (
    Person,
    SmallLog,
    evidence_of,
    export_entry,
    prove_export,
    publish_notice,
)

ROOT = Path(__file__).resolve().parents[2]
VERIFIER = ROOT / "tools" / "verify_proof.py"
TRIES = 5
_CHAIN = (EventType.CONSENT_REQUESTED, EventType.CONSENT_MAIL_SENT, EventType.CONSENT_CONFIRMED)


def verifier(size: int) -> Iterator[Line]:
    """Print what `tools/verify_proof.py` takes on a bundle of ``size`` events, start included."""
    data, policy = big_bundle(size)
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


def big_bundle(size: int) -> tuple[bytes, bytes]:
    """Return a bundle of one person's chain of ``size`` entries, and the policy for it."""
    log = SmallLog()
    log.filler(3)
    published = publish_notice(log)
    person = Person(log)
    for kind in islice(cycle(_CHAIN), size):
        person.record(kind)
        log.filler(2)
    prepared = bundle.prepare(evidence_of(person, published))
    leaf = export_entry(person, prepared.manifest_sha256)
    proof, consistency = prove_export(log, prepared.checkpoint.size, leaf)
    return bundle.finish(prepared, leaf, proof, consistency), log.policy


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
