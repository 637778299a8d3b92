# SPDX-License-Identifier: Apache-2.0
"""Running stacks: one of each kind, the checkout's and the unzipped package's.

Which worker of a parallel run starts which is said in tests/support/groups.py.
"""

import pytest

from tests.support.built_package import built_package
from tests.support.stack import Stack, running


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """The stack of this worker, on the checkout."""
    with running(tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest.fixture(scope="session")
def package_stack(tmp_path_factory):
    """The stack of this worker, on the unzipped package."""
    tree = built_package(tmp_path_factory.getbasetemp()) / "tree"
    with running(tmp_path_factory.mktemp("package"), KVITTO_APP_DIR=str(tree)) as started:
        yield started


@pytest.fixture(params=["checkout", pytest.param("package", marks=pytest.mark.slow)])
def installation(request):
    """A stack on the checkout, then one on the unzipped package: the journeys run on both."""
    name = {"checkout": "stack", "package": "package_stack"}[request.param]
    return request.getfixturevalue(name)


@pytest.fixture
def own_stack(tmp_path):
    """Start stacks for this test alone, not yet waited for; they are stopped with it."""
    started: list[Stack] = []

    def begin(**settings: str) -> Stack:
        folder = tmp_path / f"stack{len(started)}"
        state = {"KVITTO_LOCAL_DIR": str(tmp_path / "state")}
        started.append(Stack(folder, {**state, **settings}))
        return started[-1]

    yield begin
    for one in started:
        one.stop()
