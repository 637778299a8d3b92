# SPDX-License-Identifier: Apache-2.0
"""`make run` as a person meets it: the product served, one sentence when it cannot, a clean end."""

import re
import signal
import socket
import subprocess
import time

import pytest

from tests.support.local_run import alive, listening, until


def assert_refused_in_one_sentence(stack, names):
    code = stack.process.wait(30)
    said = stack.complained.read_text().strip()
    assert code not in (0, None)
    assert names in said
    assert len(said.splitlines()) == 1
    assert said.endswith(".")
    assert "Traceback" not in said
    assert "ready" not in stack.said.read_text()


def test_a_busy_port_is_named_and_another_is_proposed(own_stack):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        assert_refused_in_one_sentence(own_stack(PORT=port), f"Port {port}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOCAL_API_KEY", "too-short"),
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("DEMO_SUBSCRIBERS", "-1"),
        ("DEMO_SUBSCRIBERS", "5001"),
        ("KVITTO_APP_DIR", "/nonexistent"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(own_stack, name, value):
    assert_refused_in_one_sentence(own_stack(**{name: value}), name)


def test_a_host_that_is_not_this_machines_is_one_sentence(own_stack):
    assert_refused_in_one_sentence(own_stack(HOST="192.0.2.1", PORT="8000"), "192.0.2.1")


def listening_of(stack):
    pids = [stack.process.pid, *stack.children()]
    return {address for pid in pids for address, _ in listening(pid)}


def facts_of(stack):
    """What a start prints and publishes: API key, log key, log origin."""
    said = stack.said.read_text()
    key = re.search(r"API key\s+(\S+)", said)[1]
    log = re.search(r"^log (\S+)", stack.get("/ledger/policy").text, re.MULTILINE)[1]
    origin, _, rest = log.partition("+")
    return key, rest.partition("+")[2], origin


def addresses(stack, key):
    return [one["email"] for one in stack.api("GET", "/subscribers", key=key).json["items"]]


def assert_stops(stack, number):
    children = stack.children()
    assert len(children) == 2
    began = time.monotonic()
    assert stack.stop(number) == 0
    assert time.monotonic() - began < 10
    assert not [pid for pid in children if alive(pid)]
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", stack.port), timeout=1)
    assert "Traceback" not in stack.complained.read_text()


@pytest.mark.slow
def test_it_welcomes_stops_cleanly_and_keeps_only_its_keys(own_stack, tmp_path):
    """SIGINT ends the first start and SIGTERM the second; design §3, `make run`."""
    first = own_stack(LOCAL_API_KEY="", DEMO_SUBSCRIBERS="1").wait_ready()
    said = first.said.read_text()
    for place in ("/forms/demo", "/local/mailbox", "/console"):
        assert f"{first.base_url}{place}" in said
        assert first.get(place).status in (200, 303)
    assert said.splitlines()[-1] == f"ready {first.base_url}"
    assert listening_of(first) == {"127.0.0.1"}
    before = facts_of(first)
    assert addresses(first, before[0]) == ["subscriber0001@example.org"]
    assert_stops(first, signal.SIGINT)

    second = own_stack(LOCAL_API_KEY="", DEMO_SUBSCRIBERS="0").wait_ready()
    after = facts_of(second)
    assert after[:2] == before[:2], "keys survive a restart"
    assert after[2] != before[2], "each start is a new log"
    assert addresses(second, after[0]) == [], "state does not survive"
    for path in (tmp_path / "state" / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0, f"{path.name} is readable by others"
    assert_stops(second, signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["aws", "app"])
def test_a_child_that_dies_is_named_and_takes_the_stack_with_it(own_stack, name):
    stack = own_stack(DEMO_SUBSCRIBERS="0").wait_ready()
    children = stack.children()
    module = {"aws": "infra.local.aws", "app": "infra.local.app_process"}[name]
    subprocess.run(["kill", "-KILL", str(stack.child(module))], check=True)
    assert stack.process.wait(15) == 1
    assert f"The {name} process ended by itself" in stack.complained.read_text()
    until(lambda: not [pid for pid in children if alive(pid)], "the end of every child")
