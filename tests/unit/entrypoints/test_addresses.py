# SPDX-License-Identifier: Apache-2.0
"""The table of addresses: whole, true, and read without loading what it names."""

import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.entrypoints.addresses import API, API_BASE, PAGES
from chalicelib.entrypoints.api import frame
from chalicelib.entrypoints.api.routes import OPERATIONS

ROOT = Path(__file__).resolve().parents[3]
LOADED = """
import sys
import app
print(*(name for name in sys.modules if name.startswith("chalicelib.services")))
print(*(name for name in sys.modules if name.startswith("chalicelib.entrypoints.api")))
"""


def test_importing_the_app_loads_no_service_and_no_operation():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["", ""]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_the_table_answers(path, all_routes):
    for method, door in all_routes[path].items():
        assert callable(door()), method


def test_the_table_of_the_api_holds_every_operation_and_no_other(all_routes):
    told = {(method, path) for path, (_, methods) in API.items() for method in methods.split()}
    assert told == {(op.method, op.path) for op in OPERATIONS}
    assert frame.BASE == API_BASE
    for _method, path in sorted(told):
        assert all(callable(door()) for door in all_routes[API_BASE + path].values())


@pytest.fixture(scope="module")
def all_routes():
    import app

    return {
        path: next(iter(by_method.values())).view_function.handlers
        for path, by_method in app.app.routes.items()
    }
