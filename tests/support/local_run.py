# SPDX-License-Identifier: Apache-2.0
"""`python -m infra.local.run` as a child process with a state folder of its own.

`LocalRun` starts it on a free port, so that several run side by side, and knows its children, what
they wrote and where it listens; `until` waits for what it does in its own time.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
API_KEY = "journeys-local-key-0123456789"
START_SECONDS = 180.0
STOP_SECONDS = 30.0
WAIT_SECONDS = 180.0


def until(look: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> Any:
    """Return what ``look`` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.05)


class LocalRun:
    """The supervisor, its children, and what they said."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.said = folder / "stdout"
        self.complained = folder / "stderr"
        given = {
            "PORT": "0",
            "LOCAL_API_KEY": API_KEY,
            "DEMO_SUBSCRIBERS": "2",
            # Schedules tick every second, so that what they finish is finished soon.
            "KVITTO_LOCAL_MINUTE_SECONDS": "1",
            "KVITTO_LOCAL_DIR": str(folder / "state"),
            **settings,
        }
        self.api_key = given["LOCAL_API_KEY"]
        self._state = Path(given["KVITTO_LOCAL_DIR"])
        with self.said.open("wb") as out, self.complained.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.local.run"],
                cwd=ROOT,
                env={**os.environ, **given},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
            )

    def wait_ready(self) -> Self:
        """Return when the ready line is there."""
        until(
            lambda: self.process.poll() is not None or self._ready(),
            "the ready line",
            START_SECONDS,
        )
        if self.process.poll() is not None:
            raise AssertionError(self.complained.read_text())
        return self

    def _ready(self) -> str | None:
        found = re.search(r"^ready (http://\S+)\n", self.said.read_text(), re.MULTILINE)
        return found[1] if found else None

    @cached_property
    def base_url(self) -> str:
        """What the ready line names, such as ``http://127.0.0.1:40123``."""
        found = self._ready()
        assert found is not None
        return found

    @property
    def port(self) -> int:
        port = urlsplit(self.base_url).port
        assert port is not None
        return port

    def children(self) -> list[int]:
        """Process ids of the supervisor's children."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def child(self, module: str) -> int:
        """The child that runs ``module``, such as ``infra.local.aws``."""
        for pid in self.children():
            if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return pid
        raise AssertionError(f"no child runs {module}")

    def log(self, name: str) -> str:
        """What the child ``name`` (``app`` or ``aws``) wrote."""
        return (self._state / "logs" / f"{name}.log").read_text()

    @property
    def state_folder(self) -> Path:
        """Where the stack keeps keys, logs and what commands need to find it."""
        return self._state

    def environment(self) -> dict[str, str]:
        """What a command needs in its environment to look at this stack."""
        kept = json.loads((self._state / "environment.json").read_text())
        return {str(name): str(value) for name, value in kept.items()}

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the stack and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def listening(pid: int) -> list[tuple[str, int]]:
    """Addresses a process listens on, as (address, port); of TCP over IPv4 and IPv6."""
    sockets = frozenset(_sockets(pid))
    found = []
    for family in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                address, port = fields[1].split(":")
                found.append((readable(address), int(port, 16)))
    return found


def _sockets(pid: int) -> Iterator[str]:
    """Inodes of a process's sockets; it may close a file while its files are looked through."""
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(handle.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            yield target[8:-1]


def readable(address: str) -> str:
    """An IPv4 address as /proc writes it, in dots; an IPv6 one as it is."""
    if len(address) != 8:
        return address
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(address)))
