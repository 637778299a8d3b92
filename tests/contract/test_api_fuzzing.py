# SPDX-License-Identifier: Apache-2.0
"""schemathesis against the running API: every operation, every default check, nothing found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.local_run import ROOT
from tests.support.stack import running

pytestmark = pytest.mark.slow

CONFIG = Path(__file__).parent / "fuzzing" / "schemathesis.toml"
REVOKE = "revoke_api_key"
PROGRAM = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"


NOUNS = ("campaign", "proof", "api-key", "erasure", "segment", "template", "import")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    """A stack of its own: what fuzzing stores would surprise other tests."""
    with running(tmp_path_factory.mktemp("fuzzed")) as stack:
        yield stack


@pytest.fixture(scope="module")
def people(fuzzed):
    """A subscriber for each noun, from before anything was fuzzed: that may change the form."""
    addresses = {noun: fuzzed.address(f"fuzzed-{noun}") for noun in NOUNS}
    for address in addresses.values():
        fuzzed.subscribe(address)
    return addresses


def assert_finds_nothing(stack, folder, *options, key=None, given=None):
    """Run schemathesis in ``folder``, where it keeps its examples.

    Args:
        key: API key of every request, None for none.
        given: path parameters used instead of generated ones.
    """
    lines = [f'{name} = "{value}"' for name, value in (given or {}).items()]
    config = folder / "schemathesis.toml"
    config.write_text("\n".join([CONFIG.read_text(), "[parameters]", *lines, ""]))
    header = ["-H", f"Authorization: Bearer {key}"] if key else []
    ran = subprocess.run(
        [
            *(sys.executable, "-c", PROGRAM, "--config-file", str(config), "run"),
            *(f"{stack.base_url}/api/v1/openapi.json", *header, *options),
            *("--generation-deterministic", "--continue-on-failure", "--no-shrink"),
            # One worker: CPython 3.11 loses count of recursion when two threads build syntax trees.
            *("--workers", "1", "--warnings", "off", "--no-color"),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.usefixtures("people")
def test_with_the_admins_key_nothing_is_found(fuzzed, tmp_path):
    # A run that revoked its own key would go on without one.
    but = ("--exclude-operation-id", REVOKE)
    assert_finds_nothing(fuzzed, tmp_path, "--max-examples", "10", *but, key=fuzzed.api_key)
    assert fuzzed.api("GET", "/api-keys").status == 200


@pytest.mark.usefixtures("people")
def test_without_a_key_nothing_is_found(fuzzed, tmp_path):
    options = ("--phases", "coverage,fuzzing", "--max-examples", "3")
    assert_finds_nothing(fuzzed, tmp_path, *options)


@pytest.mark.parametrize("noun", NOUNS)
def test_on_what_exists_nothing_is_found(fuzzed, people, tmp_path, noun):
    email = people[noun]
    body = {
        "campaign": {
            "name": "n",
            "list": "newsletter",
            "purpose": "newsletter",
            "subject": "s",
            "html": "<html><body><p>h</p></body></html>",
        },
        "proof": {"email": email},
        "erasure": {"email": email},
        "api-key": {"name": "spare", "scopes": ["read"]},
        "import": {"brand": "demo", "list": "newsletter"},
        "segment": {
            "id": "fuzzed",
            "brand": "demo",
            "name": "n",
            "where": {"fact": "orders.count", "op": "gte", "value": 1},
        },
        "template": {
            "id": "fuzzed",
            "brand": "demo",
            "name": "n",
            "kind": "service",
            "words": {"en": {"subject": "s", "html": "<h1>h</h1>", "reason": "You asked."}},
        },
    }[noun]
    made = fuzzed.api("POST", f"/{noun}s", body).json["id"]
    options = ("--phases", "coverage,fuzzing", "--max-examples", "10")
    parameter = noun.replace("-", "_")
    only = ("--include-path-regex", rf"\{{{parameter}\}}")
    assert_finds_nothing(
        fuzzed, tmp_path, *options, *only, key=fuzzed.api_key, given={f"path.{parameter}": made}
    )
