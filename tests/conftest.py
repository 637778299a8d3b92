# SPDX-License-Identifier: Apache-2.0
"""The one Chromium of a test process, the order of the tests, and what processes share."""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import sync_playwright

from tests.support.browser import INSTALL, executable, launch
from tests.support.groups import Groups, ends_group, turn

# A run starts about a hundred processes; each would compile the product and the tests anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# How long an example takes says more of who else is busy on the machine than of what is tested.
settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


def pytest_addoption(parser):
    parser.addoption(
        "--approve-trees",
        action="store_true",
        help="write tests/browser/trees anew: what assistive technology gets of each page",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with the long ones; each group stays together."""
    items.sort(key=turn)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    """Close what a group shared once it is over, as pytest does at the end of a session."""
    if ends_group(item, nextitem):
        item.session._setupstate.teardown_exact(None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give a group of tests to one worker."""
    config.option.loadscopereorder = False
    return Groups(config, log)


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
