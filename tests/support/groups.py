# SPDX-License-Identifier: Apache-2.0
"""Which tests one worker of a parallel run takes together, and which come first.

The tests of a group share what is costly to make: a running stack, a walk, what a fuzzer finds. It
is closed when the group is over, since a stack that nobody asks works on: its queues are polled and
its schedules tick. All other tests go file by file, so that a module's fixtures are made once.

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
    "a stack to err on": r"tests/journeys/test_errors",
    "the checkout's stack": r"tests/journeys/",
    "pages drawn by themselves": rf"tests/browser/test_({_DRAWN})\.py",
    "a browser on a stack": r"tests/browser/",
    "fuzzing": r"tests/contract/test_api_fuzzing",
    "the walk": r"tests/package/test_(policies_allow|package_story)",
    "the verifier's cases": r"tests/(contract/differential/|unit/tools/test_verify_(proof|idle))",
    "workers that die": r"tests/faults/",
    "lives": r"tests/simulation/.*::test_(every_promise|the_seeds|most_lives)",
    "two emulators": r"tests/contract/moto/",
}
"""Name -> how the ids of its tests begin; the first that matches counts."""
LONGEST: Final = (
    "the checkout's stack",
    "a browser on a stack",
    "fuzzing",
    "pages drawn by themselves",
    "the package's stack",
    "the walk",
)
_LONG = (
    "tests/unit/infra/test_bench.py",
    "tests/unit/tools/test_verify_mutations.py",
    "tests/property/test_person_machine.py",
    "tests/package/",
)
"""Files that take long, though no test of theirs alone does."""
_ORDER: Final = (*LONGEST, *(name for name in GROUPS if name not in LONGEST))


def group_of(nodeid: str) -> str | None:
    """The group of a test, or None: it goes with its file."""
    return next((name for name, begins in GROUPS.items() if re.match(begins, nodeid)), None)


def turn(item: pytest.Item) -> int:
    """When a test's turn comes: the longest groups, the other groups, long files, all others."""
    group = group_of(item.nodeid)
    if group:
        return _ORDER.index(group)
    return len(_ORDER) + (0 if _is_long(item) else 1)


def _is_long(item: pytest.Item) -> bool:
    return item.nodeid.startswith(_LONG) or item.get_closest_marker("slow") is not None


def ends_group(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Whether this is the last test of its group that the worker has."""
    group = group_of(item.nodeid)
    return bool(group) and (following is None or group_of(following.nodeid) != group)


class Groups(LoadScopeScheduling):
    """Gives a group, or a file, to one worker, in the order in which the tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or nodeid.partition("::")[0]
