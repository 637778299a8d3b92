# SPDX-License-Identifier: Apache-2.0
"""`python -m infra.local.run` as a person starts it, with a tiny app in place of the product."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.template_reader import Endpoints, client

ANY = {"Accept": "*/*"}
FORM = "application/x-www-form-urlencoded"
ROOT = Path(__file__).resolve().parents[3]


class Stack:
    """A started stack and what it has written."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        given = {"PORT": "0", "KVITTO_LOCAL_DIR": str(folder), "KVITTO_LOCAL_MINUTE_SECONDS": "1"}
        given |= {
            "KVITTO_APP_DIR": str(Path(__file__).with_name("tiny_app")),
            "KVITTO_LOCAL_NO_DEMO": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.run"],
            cwd=ROOT,
            env={**os.environ, **given, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> tuple[str, int]:
        """Return host and port of the ready line."""
        for line in self.process.stdout:
            if line.startswith("ready http://"):
                host, port = line.removeprefix("ready http://").strip().split(":")
                return host, int(port)
        raise AssertionError(self.process.stderr.read())

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text()

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


def until(what: Callable[[], Any], seconds: float = 10) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    stacks: list[Stack] = []

    def begin(**settings: str) -> Stack:
        stacks.append(Stack(tmp_path / ".local", **settings))
        return stacks[-1]

    yield begin
    for stack in stacks:
        if stack.process.poll() is None:
            stack.process.terminate()
        stack.process.communicate(timeout=15)


def test_it_serves_consumes_ticks_and_stops_cleanly(start: Any) -> None:
    stack = start()
    host, port = stack.ready()
    link = http.client.HTTPConnection(host, port)
    link.request("POST", "/hello/a%2Fb", b"x=1", ANY | {"Content-Type": FORM})
    answer = link.getresponse()
    assert answer.status == 200, answer.read()
    assert answer.getheader("Server") is None
    assert [v for n, v in answer.getheaders() if n == "Set-Cookie"] == ["a=1", "b=2"]
    assert json.loads(answer.read()) == {"name": "a/b", "body": "x=1", "origin": "127.0.0.1"}
    link.request("HEAD", "/hello/x", headers=ANY)
    assert link.getresponse().read() == b""
    link.request(
        "GET", "/bytes", headers=ANY
    )  # On the same connection: the HEAD before left no body in it.
    assert link.getresponse().read() == b"\x00\xff"
    link.request("GET", "/nowhere")
    missing = link.getresponse()
    assert (missing.status, missing.getheader("Content-Type")) == (404, "application/problem+json")
    missing.read()
    link.request("GET", "/local/mailbox.json?to=nobody@example.org")
    assert json.loads(link.getresponse().read()) == {"messages": []}
    link.close()
    until(lambda: "tick Scheduled Event" in stack.log("app"))
    children = stack.children()
    assert len(children) == 2
    began = time.monotonic()
    stack.process.send_signal(signal.SIGTERM)
    assert stack.process.wait(10) == 0
    assert time.monotonic() - began < 10
    assert not any(alive(child) for child in children)
    with pytest.raises(ConnectionError):
        socket.create_connection((host, port), timeout=1)


def test_messages_are_handled_at_once_and_failed_ones_come_back(start: Any) -> None:
    stack = start()
    stack.ready()
    sqs = client("sqs", emulator_of(stack))
    url = sqs.get_queue_url(QueueName="kvitto-chunks")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="good")
    until(lambda: 'chunks ["good"]' in stack.log("app"), seconds=3)
    sqs.send_message(QueueUrl=url, MessageBody="bad")
    until(lambda: stack.log("app").count('chunks ["bad"]') == 2, seconds=6)
    counted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left() -> set[str]:
        return set(
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counted)["Attributes"].values()
        )

    until(lambda: left() == {"0"})
    sqs.close()


def emulator_of(stack: Stack) -> Endpoints:
    """Return where the stack's emulator listens, found among the sockets of its process."""
    for child in stack.children():
        if b"infra.local.aws" in Path(f"/proc/{child}/cmdline").read_bytes():
            for port in listening_ports(child):
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as link:
                    link.request("GET", "/v2/email/account")
                    try:
                        status = link.getresponse().status
                    except ConnectionError:
                        continue  # The name server hangs up on who speaks HTTP.
                # The SES endpoint answers with 200, the time authority with 415.
                if status not in (200, 415):
                    return Endpoints(
                        aws_url=f"http://127.0.0.1:{port}", ses_url="", region="eu-north-1"
                    )
    raise AssertionError("no emulator")


def listening_ports(pid: int) -> list[int]:
    sockets = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        target = str(handle.readlink())
        if target.startswith("socket:["):
            sockets.add(target[8:-1])
    ports = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in sockets:
            address, port = fields[1].split(":")
            assert address == "0100007F", "everything listens on 127.0.0.1 only"
            ports.append(int(port, 16))
    return ports


def test_a_busy_port_is_one_sentence(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        stack = start(PORT=str(busy.getsockname()[1]))
        _, said = stack.process.communicate(timeout=15)
    assert stack.process.returncode != 0
    assert len(said.strip().splitlines()) == 1
    assert "PORT" in said


def test_a_short_api_key_is_one_sentence(start: Any) -> None:
    stack = start(LOCAL_API_KEY="short")
    _, said = stack.process.communicate(timeout=15)
    assert stack.process.returncode != 0
    assert said.strip() == (
        "LOCAL_API_KEY must be at least 16 characters long, at most 256, all of them plain ASCII."
    )


def test_an_unusable_state_folder_is_one_sentence(start: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    stack = start(KVITTO_LOCAL_DIR=str(tmp_path / "file" / "folder"))
    _, said = stack.process.communicate(timeout=15)
    assert stack.process.returncode != 0
    assert len(said.strip().splitlines()) == 1
    assert "KVITTO_LOCAL_DIR" in said


def test_a_child_that_dies_is_named_and_stops_the_stack(start: Any) -> None:
    stack = start()
    stack.ready()
    aws, app = sorted(stack.children())
    os.kill(aws, signal.SIGKILL)
    _, said = stack.process.communicate(timeout=15)
    assert stack.process.returncode == 1
    assert "The aws process ended by itself" in said
    assert not alive(app)


def test_nothing_outlives_a_parent_that_is_killed(start: Any) -> None:
    stack = start()
    stack.ready()
    children = stack.children()
    stack.process.kill()
    until(lambda: not any(alive(child) for child in children))


def test_a_signal_while_starting_stops_everything(start: Any) -> None:
    stack = start()
    children = until(stack.children)
    threading.Event().wait(0.2)
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(10) == 0
    assert not any(alive(child) for child in children)
