# SPDX-License-Identifier: Apache-2.0
"""Which tests one worker of a parallel run takes together, and which come first.

The tests of a group share what is costly to make: a running stack, a walk, what a fuzzer finds.
A group is told by a test's id, since pytest-xdist's mark `xdist_group` says nothing under pytest
9.2. The longest begin, so that no worker ends with one alone.

Source: https://github.com/pytest-dev/pytest-xdist/issues/1386
"""

import re
from collections.abc import Mapping
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

_DRAWN = "accessibility|campaign_pages|form_page|report|trees|verifier_page"
GROUPS: Final[Mapping[str, str]] = {
    "the package's stack": r"tests/journeys/.*\[package",
    "a stack to erase on": r"tests/journeys/test_promises_erasure",
    "the checkout's stack": r"tests/journeys/",
    "pages drawn by themselves": rf"tests/browser/test_({_DRAWN})\.py",
    "a browser on a stack": r"tests/browser/",
    "workers that die": r"tests/faults/",
    "the walk": r"tests/package/test_(policies_allow|package_story)",
    "fuzzing": r"tests/contract/test_api_fuzzing",
    "the corpus": r"tests/contract/differential/",
    "two emulators": r"tests/contract/moto/",
    "lives": r"tests/simulation/.*::test_(every_promise|the_seeds|most_lives)",
}
"""Name -> how the ids of its tests begin; the first that matches counts."""
LONGEST: Final = ("the checkout's stack", "a browser on a stack", "the package's stack", "fuzzing")


def group_of(nodeid: str) -> str | None:
    """The group of a test, or None: it goes wherever there is time."""
    return next((name for name, begins in GROUPS.items() if re.match(begins, nodeid)), None)


def turn(item: pytest.Item) -> int:
    """When a test's turn comes: the longest groups, the other groups, slow tests, all others."""
    group = group_of(item.nodeid)
    if group in LONGEST:
        return LONGEST.index(group)
    if group:
        return len(LONGEST)
    return len(LONGEST) + (1 if item.get_closest_marker("slow") else 2)


class Groups(LoadScopeScheduling):
    """Gives a group to one worker, in the order in which the tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or nodeid
