# SPDX-License-Identifier: Apache-2.0
"""Chromium and one stack a worker; both only when there is a Chromium."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.support.browser import HANDS, INSTALL, Visit, executable, launch
from tests.support.stack import running

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    """Chromium. Without one the tests are skipped, and failed in CI."""
    if executable() is None:
        if os.environ.get("CI"):
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="session")
def stack(browser, tmp_path_factory):
    """The stack the browser looks at."""
    with running(tmp_path_factory.mktemp("browsed")) as started:
        yield started


@pytest.fixture
def visit(browser, stack):
    """Open visits; each is closed, and its manners checked, at the end of the test."""
    opened: list[Visit] = []

    def begin(*details, **settings) -> Visit:
        opened.append(Visit(browser, stack.base_url, *details, **settings))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


@pytest.fixture(params=sorted(HANDS))
def hands(request):
    """A mouse, then a keyboard."""
    return HANDS[request.param]
