# SPDX-License-Identifier: Apache-2.0
"""The one Chromium of a test process: a second one in it would not start."""

import os

import pytest
from playwright.sync_api import sync_playwright

from tests.support.browser import INSTALL, executable, launch


def pytest_addoption(parser):
    parser.addoption(
        "--approve-trees",
        action="store_true",
        help="write tests/browser/trees anew: what assistive technology gets of each page",
    )


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
