# SPDX-License-Identifier: Apache-2.0
"""The local stack's parent process: it starts two children, waits for them and stops them.

It guarantees the line `ready http://HOST:PORT` only when the demo data are in place; that SIGINT
and SIGTERM stop everything within ten seconds; that nothing keeps running when this process is
gone, however it went; and that a child that dies is named and stops the stack with a non-zero exit.
It refuses to start on a busy port or with a setting it cannot use, in one sentence.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from infra.local import state
from infra.local.settings import LocalSettings, SettingError

_ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 6.0
_KILL_SECONDS = 2.0
_START_SECONDS = 60.0
_BACKLOG = 256
_NO_TSA = (
    "Nothing is stamped with the time, and proofs will say NOT PROVEN for time: openssl is not "
    "installed here, or could not make its keys."
)
# A child talks to this machine only: no proxy, no profile, nobody's credentials.
_DROPPED = ("AWS_", "KVITTO_", "PYTHONSTARTUP")
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


class _FailedError(Exception):
    """The stack cannot start or go on. The text is the sentence shown."""


class _StoppedError(Exception):
    """A person asked the stack to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """Something that happened: a line from a child, a child's end, or a signal."""

    child: str | None = None
    message: dict[str, Any] | None = None
    exit_code: int | None = None


@dataclass(slots=True, kw_only=True)
class _Child:
    """One child process and where its output goes."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def tell(self, message: dict[str, Any]) -> None:
        """Write one JSON line to the child."""
        if self.process.stdin is None:
            raise _FailedError(f"The {self.name} process cannot be told anything.")
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()


def run(environment: Mapping[str, str] = os.environ) -> int:
    """Run the stack until it is stopped, and return the exit code."""
    try:
        settings = LocalSettings.read(environment, _ROOT)
        stack = _Stack(settings, environment)
    except (SettingError, _FailedError) as error:
        print(error, file=sys.stderr)
        return 2
    try:
        stack.start()
        stack.wait()
    except _StoppedError:
        return 0
    except _FailedError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        stack.stop()
    return 0


def _reason(error: OSError) -> str:
    """Return why a socket could not be opened, in the system's own words."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


class _Stack:
    """The children of one start."""

    def __init__(self, settings: LocalSettings, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._news: SimpleQueue[_News] = SimpleQueue()
        self._children: dict[str, _Child] = {}
        self._environment = {
            name: value
            for name, value in environment.items()
            if not name.startswith(_DROPPED) and name.lower() not in _PROXIES
        } | {"PYTHONUNBUFFERED": "1"}
        self._listening = self._listen()
        port = int(self._listening.getsockname()[1])
        self._base_url = settings.base_url(port)
        self._ready_url = f"http://{settings.host}:{port}"
        try:
            self._keys = state.prepare(settings.folder)
        except OSError as error:
            raise _FailedError(
                f"The folder {settings.folder} cannot be used: {_reason(error)}. "
                "Set KVITTO_LOCAL_DIR to a folder of your own and start again."
            ) from None
        self._api_key = settings.api_key or state.api_key(self._keys)
        self._has_tsa = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._news.put(_News()))

    def _listen(self) -> socket.socket:
        host, port = self._settings.host, self._settings.port
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise _FailedError(
                f"Port {port} on {host} cannot be used ({_reason(error)}). "
                "Stop what uses it, or choose another with PORT=8001."
            ) from error

    def start(self) -> None:
        """Start the children and return when the demo data are in place.

        Raises:
            _FailedError: a child died, or did not get ready in time.
            _StoppedError: a signal came.
        """
        tsa_keys = [str(self._keys)] if self._settings.with_tsa else []
        self._spawn("aws", "infra.local.aws", *tsa_keys)
        folder = [str(self._settings.app_folder)] if self._settings.app_folder else []
        handle = self._listening.fileno()
        app = self._spawn(
            "app", "infra.local.app_process", str(handle), *folder, pass_fds=(handle,)
        )
        self._listening.close()
        started = self._next_message("aws", _START_SECONDS)
        self._has_tsa = bool(started["environment"]["KVITTO_TSA_URL"])
        environment = started["environment"] | self._own_environment()
        app.tell(
            {
                "environment": environment,
                "queues": started["queues"],
                "minute_seconds": self._settings.minute_seconds,
                "demo": self._demo(),
            }
        )
        self._next_message("app", _START_SECONDS)
        # A big demo is the person's own wish; it takes the time it takes.
        ready = self._next_message("app", _START_SECONDS + self._settings.demo_subscribers)
        if "failed" in ready:
            raise _FailedError(
                f"{ready['failed']} What happened is in {self._children['app'].log}."
            )
        state.keep_environment(self._settings.folder, environment)
        self._welcome()

    def wait(self) -> None:
        """Wait until something ends the stack.

        Raises:
            _FailedError: a child died.
            _StoppedError: a signal came.
        """
        while True:
            self._take(self._news.get())

    def stop(self) -> None:
        """Stop the children, the app first; what does not stop is killed."""
        state.forget_environment(self._settings.folder)
        for name in ("app", "aws"):
            if (child := self._children.get(name)) and child.process.poll() is None:
                child.process.terminate()
                try:
                    child.process.wait(_STOP_SECONDS if name == "app" else _KILL_SECONDS)
                except subprocess.TimeoutExpired:
                    child.process.kill()
                    child.process.wait()

    def _demo(self) -> dict[str, Any] | None:
        """Return what the demo data need to know, or None when there shall be none."""
        if not self._settings.with_demo:
            return None
        return {
            "base_url": self._base_url,
            "api_key": self._api_key,
            "subscribers": self._settings.demo_subscribers,
        }

    def _own_environment(self) -> dict[str, str]:
        """Return the variables that are the supervisor's to decide."""
        return {
            "KVITTO_BASE_URL": self._base_url,
            "KVITTO_LEDGER_ORIGIN": state.new_origin(),
            "KVITTO_CONTROLLER": "local",
            "KVITTO_LOG_KEY": f"file:{state.log_key(self._keys)}",
            "KVITTO_SIGNUPS_PER_HOUR": str(self._settings.signups_per_hour),
            "KVITTO_PLAIN_SIGNUPS_PER_HOUR": str(self._settings.plain_signups_per_hour),
            "KVITTO_FORM_SIGNUPS_PER_HOUR": str(self._settings.form_signups_per_hour),
            "KVITTO_SEND_MODE": self._settings.send_mode,
            "KVITTO_BULK_FROM": str(self._settings.bulk_from),
        }

    def _spawn(
        self, name: str, module: str, *arguments: str, pass_fds: tuple[int, ...] = ()
    ) -> _Child:
        """Start a child in its own session, so that a Ctrl-C reaches this process alone."""
        log = self._settings.folder / "logs" / f"{name}.log"
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.start_child", module, *arguments],
            cwd=_ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            text=True,
            start_new_session=True,
            pass_fds=pass_fds,
        )
        child = _Child(name=name, process=process, log=log)
        self._children[name] = child
        threading.Thread(target=self._listen_to, args=(child,), daemon=True).start()
        return child

    def _listen_to(self, child: _Child) -> None:
        for line in child.process.stdout or ():
            self._news.put(_News(child=child.name, message=json.loads(line)))
        self._news.put(_News(child=child.name, exit_code=child.process.wait()))

    def _next_message(self, name: str, seconds: float) -> dict[str, Any]:
        """Return the next line of a child."""
        deadline = monotonic() + seconds
        while True:
            try:
                news = self._news.get(timeout=max(0.01, deadline - monotonic()))
            except Empty:
                raise _FailedError(
                    f"The {name} process was not ready after {seconds:.0f} seconds. "
                    f"What it wrote is in {self._children[name].log}."
                ) from None
            self._take(news)
            if news.child == name and news.message is not None:
                return news.message

    def _take(self, news: _News) -> None:
        """Act on what ends the stack."""
        if news.child is None:
            raise _StoppedError
        if news.exit_code is not None:
            log = self._children[news.child].log
            tail = "".join(
                f"  {line}\n" for line in log.read_text(errors="replace").splitlines()[-15:]
            )
            raise _FailedError(
                f"{tail}The {news.child} process ended by itself (exit code {news.exit_code}), "
                f"so the stack stops. Its whole output is in {log}."
            )

    def _welcome(self) -> None:
        """Print where things are, then the line that scripts wait for."""
        rows = (
            ("Sign-up form", f"{self._base_url}/forms/demo"),
            ("Mailbox", f"{self._base_url}/local/mailbox"),
            ("Console", f"{self._base_url}/console"),
            ("API key", self._api_key),
        )
        print("\nKvitto runs on this machine. Mail stays here; stop with Ctrl-C.\n")
        for name, value in rows:
            print(f"  {name:<13} {value}")
        if self._settings.with_tsa and not self._has_tsa:
            print(f"\n{_NO_TSA}")
        print(f"\nready {self._ready_url}", flush=True)
