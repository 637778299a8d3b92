# SPDX-License-Identifier: Apache-2.0
"""What `CountParts` guarantees, on the fake and on DynamoDB; and yesterday's rows are read.

tests/data/v1/count_rows.json stays: a change that breaks it needs a new schema version.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.segment_counts import DynamoCountParts, part_item
from chalicelib.domain.ids import SHARDS, JobId, encode_id
from chalicelib.errors import FatalError
from chalicelib.ports.segment_counts import Part
from tests.contract.ports.conftest import CAMPAIGNS
from tests.support.appends import subject
from tests.support.clock import START_MS
from tests.support.memory_segment_counts import MemoryCountParts

STORED = Path(__file__).parents[2] / "data" / "v1" / "count_rows.json"
JOB, OTHER = (JobId(encode_id(name)) for name in (b"a count of parts", b"another of parts"))
PART = Part(
    shard="3",
    considered=62_500,
    matched=1_204,
    excluded=17,
    unreadable=1,
    keyless=2,
    sample=(subject("ada"), subject("bo")),
)
EMPTY = Part(shard="f", considered=0, matched=0, excluded=0, unreadable=0, keyless=0, sample=())


@pytest.fixture(params=["memory", "dynamo"])
def parts(request):
    if request.param == "memory":
        return MemoryCountParts()
    request.getfixturevalue("tables")
    return DynamoCountParts(CAMPAIGNS)


def test_parts_come_back_by_shard_as_they_were_stored(parts):
    assert parts.of(JOB) == ()
    for part in (EMPTY, PART):
        parts.put(JOB, part, START_MS)
    parts.put(OTHER, replace(PART, matched=0), START_MS)
    assert parts.of(JOB) == (PART, EMPTY)


def test_a_part_once_stored_stands(parts):
    parts.put(JOB, PART, START_MS)
    parts.put(JOB, replace(PART, matched=0, sample=()), START_MS + 1)
    assert parts.of(JOB) == (PART,)


def test_parts_stored_at_once_are_all_there_once(parts):
    made = [replace(PART, shard=shard) for shard in SHARDS]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda part: parts.put(JOB, part, START_MS), made * 2))
    assert parts.of(JOB) == tuple(made)


def test_rows_expire_after_their_time_and_hold_ids_and_numbers_alone(tables):
    row = part_item(JOB, PART, START_MS + 1)
    assert row["expires_at"] == {"N": str(START_MS // 1000 + 1)}
    texts = {name for name, value in row.items() if "S" in value}
    assert texts == {"pk", "sk", "sample"}


def test_yesterdays_parts_are_stored_and_read_as_they_were(tables):
    rows = [part_item(JOB, part, START_MS) for part in (PART, EMPTY)]
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert rows == stored
    for row in stored:
        clients.client("dynamodb").put_item(TableName=CAMPAIGNS, Item=row)
    assert DynamoCountParts(CAMPAIGNS).of(JOB) == (PART, EMPTY)


@pytest.mark.parametrize("change", [{"v": {"N": "2"}}, {"matched": None}, {"sample": None}])
def test_a_row_of_another_form_is_refused_by_name(tables, change):
    row = {**part_item(JOB, PART, START_MS), **change}
    row = {name: value for name, value in row.items() if value is not None}
    clients.client("dynamodb").put_item(TableName=CAMPAIGNS, Item=row)
    with pytest.raises(FatalError):
        DynamoCountParts(CAMPAIGNS).of(JOB)
