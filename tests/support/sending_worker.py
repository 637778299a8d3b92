# SPDX-License-Identifier: Apache-2.0
"""A worker that sends, as a process of its own which a test may kill at any moment.

It takes runs from the chunks' queue and hands them to the app's own handler, one at a time, as
Lambda does. It says on its standard output what it took and what it is done with, so that whoever
killed it knows what it was at.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

HANDLER = "send_chunks"
_ROOT = Path(__file__).resolve().parents[2]
_WAIT_S = 30.0


class Worker:
    """The process, seen from outside. It loads what it needs, then waits for `begin`."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.start_child", __name__],
            cwd=_ROOT,
            env={name: value for name, value in os.environ.items() if not _ours(name)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._said: list[dict[str, Any]] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def begin(self, environment: dict[str, str], queue_url: str, ahead_ms: int) -> Self:
        """Let it work, its clock set ahead."""
        task = {"environment": environment, "queue_url": queue_url, "ahead_ms": ahead_ms}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return self

    @property
    def run(self) -> tuple[str, int] | None:
        """Shard and first chunk of the run it is at, None between two; of a dead one, its last."""
        said = self._said[-1] if self._said else {}
        return (said["took"]["shard"], said["took"]["first"]) if "took" in said else None

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> int:
        """Kill it where it stands and return what it ended with, once all it said is heard."""
        self._process.send_signal(signal.SIGKILL)
        return self._ended()

    def stop(self) -> int:
        """Let it finish its run, and return what it ended with."""
        self._process.terminate()
        return self._ended()

    def _ended(self) -> int:
        try:
            code = self._process.wait(_WAIT_S)
        finally:
            self._process.kill()  # Does nothing to one that ended.
        self._listener.join(_WAIT_S)
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            assert pipe is not None
            pipe.close()
        return code

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.append(json.loads(line))


def _ours(name: str) -> bool:
    return name.startswith(("AWS_", "KVITTO_"))


def main() -> None:
    """Work until told to stop, or until the parent is gone."""
    parent, sys.stdout = sys.stdout, sys.stderr
    module = importlib.import_module("app")
    for name in ("boto3", "jinja2", "chalicelib.bootstrap", "chalicelib.adapters.mail_compiler"):
        importlib.import_module(name)
    task = json.loads(sys.stdin.readline() or "null")
    if task is None:
        return
    from chalicelib import bootstrap
    from chalicelib.adapters import aws
    from infra.local.child import end_with_parent, wait_for_stop
    from infra.local.consumers import Consumers, QueueWork
    from tests.support.moved_clock import MovedClock

    stop = end_with_parent()
    os.environ.update(task["environment"])
    vars(bootstrap.container())["clock"] = MovedClock(task["ahead_ms"])

    def say(what: dict[str, Any]) -> None:
        parent.write(json.dumps(what) + "\n")
        parent.flush()

    def told(event: dict[str, Any], context: Any) -> Any:
        say({"took": json.loads(event["Records"][0]["body"])})
        try:
            return getattr(module, HANDLER)(event, context)
        finally:
            say({"done": True})

    url = task["queue_url"]
    work = QueueWork(name=HANDLER, handler=told, queue_url=url, batch_size=1)
    consumers = Consumers((work,), (), lambda: aws.client("sqs"))
    consumers.start()
    wait_for_stop(stop)
    consumers.stop(5.0)
    os._exit(0)  # A long poll has nothing to save.
