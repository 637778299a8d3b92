# SPDX-License-Identifier: Apache-2.0
"""One build of the package for the whole session, and the places it is looked at from."""

import fcntl
import json
import os
import shutil
import sysconfig
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tests.package.installation import installed
from tests.package.recorder import Call
from tests.package.runtime_api import Function
from tests.package.story import walk
from tests.support.built_package import built_package
from tests.support.emulator import start_empty

ROOT = Path(__file__).resolve().parents[2]
RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py.py", "runtime_client.*")


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The folder with deployment.zip, sam.json and the zip's content unzipped into `tree`."""
    return built_package(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def tree(package):
    """The zip, unzipped into a folder of its own."""
    return package / "tree"


@pytest.fixture(scope="session")
def sam(package):
    """The merged template that `make package` writes."""
    return json.loads((package / "sam.json").read_text())


@pytest.fixture(scope="session")
def data_stack():
    """The template of everything stateful."""
    return yaml.safe_load((ROOT / "infra" / "data.yaml").read_text())


@pytest.fixture(scope="session")
def runtime_client(tmp_path_factory):
    """A folder holding Lambda's runtime client and nothing else of this environment."""
    folder = tmp_path_factory.mktemp("runtime")
    installed = Path(sysconfig.get_path("platlib"))
    for pattern in RUNTIME_CLIENT:
        for source in installed.glob(pattern):
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, folder / source.name)
    return folder


@pytest.fixture(scope="session")
def walked(tmp_path_factory, tree, runtime_client):
    """One walk of `story`: .calls that the handlers made, .finished messages of each queue's.

    Every worker of a parallel run shares it: the first one walks, the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    kept = shared / "walked.json"
    with (shared / "walked.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            with installed(tree, runtime_client) as (site, recorder):
                walk(site)
                calls = [asdict(call) for call in recorder.calls]
                kept.write_text(json.dumps({"calls": calls, "finished": site.finished}))
    noted = json.loads(kept.read_text())
    calls = {
        Call(**{**call, "context": tuple((key, tuple(values)) for key, values in call["context"])})
        for call in noted["calls"]
    }
    return SimpleNamespace(calls=calls, finished=noted["finished"])


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """The local stack's AWS on loopback: the product's environment, queue addresses, mailbox."""
    started, endpoint = start_empty()
    seed = tmp_path_factory.mktemp("keys") / "log.key"
    seed.write_bytes(bytes(range(32)))
    environment = {
        **started["environment"],
        "KVITTO_BASE_URL": "http://127.0.0.1:8000",
        "KVITTO_LEDGER_ORIGIN": "localhost/kvitto/package",
        "KVITTO_CONTROLLER": "controller",
        "KVITTO_LOG_KEY": f"file:{seed}",
        "KVITTO_SIGNUPS_PER_HOUR": "100000",
        "KVITTO_PLAIN_SIGNUPS_PER_HOUR": "100000",
        "KVITTO_FORM_SIGNUPS_PER_HOUR": "100000",
    }
    return SimpleNamespace(
        environment=environment, queues=started["queues"], mailbox=endpoint.mailbox
    )


@pytest.fixture
def start(tree, runtime_client, aws):
    """Start a function in a fresh process; it is stopped when the test ends."""
    started = {}

    def function(handler):
        if handler not in started:
            started[handler] = Function(
                tree=tree,
                client=runtime_client,
                checkout=ROOT,
                handler=handler,
                environment=aws.environment,
            )
        return started[handler]

    yield function
    for running in started.values():
        running.close()
