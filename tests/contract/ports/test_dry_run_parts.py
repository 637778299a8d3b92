# SPDX-License-Identifier: Apache-2.0
"""What `DryRunParts` guarantees, on the fake and on DynamoDB."""

import json

import pytest

from chalicelib.adapters.dynamo.dry_runs import DynamoDryRunParts, part_item, part_of
from chalicelib.domain.dry_runs import DryRunPart, Failing
from chalicelib.domain.ids import SubjectId
from chalicelib.errors import FatalError
from tests.contract.ports.conftest import CAMPAIGNS
from tests.support.clock import START_MS
from tests.support.memory_dry_runs import MemoryDryRunParts

FAILING = (
    Failing(sid=SubjectId("AAAAAAAAAAAAAAAAAAAAAA"), code="bad_template", part="HTML", line=3),
    Failing(sid=SubjectId("BAAAAAAAAAAAAAAAAAAAAA"), code="bad_subject"),
)
PART = DryRunPart(
    shard="b",
    considered=9,
    planned=7,
    unreadable=1,
    why_not={"no-consent": 2, "rendering": 2},
    failing=FAILING,
)


@pytest.fixture(params=["memory", "dynamo"])
def parts(request):
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        return DynamoDryRunParts(CAMPAIGNS)
    return MemoryDryRunParts()


def test_parts_come_back_whole_and_by_shard(parts):
    other = DryRunPart(shard="0", considered=0, planned=0)
    parts.put("run", PART, START_MS)
    parts.put("run", other, START_MS)
    parts.put("another", PART, START_MS)
    assert parts.of("run") == (other, PART)
    assert parts.of("nothing") == ()


def test_a_part_once_stored_never_changes(parts):
    parts.put("run", PART, START_MS)
    parts.put("run", DryRunPart(shard="b", considered=1, planned=0), START_MS)
    assert parts.of("run") == (PART,)


def test_a_row_disappears_after_its_time_and_names_nobody_but_by_an_id():
    row = part_item("run", PART, START_MS + 1)
    assert int(row["expires_at"]["N"]) * 1_000 >= START_MS + 1
    assert "@" not in json.dumps(row)


def test_a_row_of_another_version_is_not_guessed_at():
    with pytest.raises(FatalError):
        part_of({**part_item("run", PART, START_MS), "v": {"N": "2"}})
