# SPDX-License-Identifier: Apache-2.0
"""Today's code reads yesterday's records of erasures: tests/data/v1/erasure_rows.json stays.

Certificates rest on these rows for as long as somebody keeps one. A change that breaks these tests
changes stored data: it needs a new schema version, not a new file.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.erasures import DynamoErasures
from chalicelib.domain.erasure import Erasure, Ground, Stage
from chalicelib.domain.ids import EventId, JobId, SubjectId
from chalicelib.errors import FatalError
from tests.support.clock import START_MS

STORED = Path(__file__).parents[2] / "data" / "v1" / "erasure_rows.json"
CAMPAIGNS = "kvitto-campaigns"
ASKED = Erasure(
    id=JobId("AAAAAAAAAAAAAAAAAAAAAA"),
    sid=SubjectId("DDDDDDDDDDDDDDDDDDDDDA"),
    ground=Ground.WITHDRAWN,
    suppress=True,
    requested_by="KKKKKKKKKKKKKKKKKKKKKA",
    requested_ms=START_MS,
)
APPROVED = replace(
    ASKED,
    id=JobId("BBBBBBBBBBBBBBBBBBBBBA"),
    sid=SubjectId("EEEEEEEEEEEEEEEEEEEEEA"),
    suppress=False,
    country="SE",
    language="sv",
)
DONE = replace(
    APPROVED,
    stage=Stage.ERASED,
    approved_by="LLLLLLLLLLLLLLLLLLLLLA",
    approved_ms=START_MS + 1,
    event=EventId("FFFFFFFFFFFFFFFFFFFFFA"),
    entry=4,
    erased_ms=START_MS + 2,
)


def tell_the_story(records):
    """One asked for, one done; the search has begun."""
    records.create(ASKED, None)
    records.create(APPROVED, None)
    records.replace(DONE)
    records.move(512)


def stored_rows():
    items = clients.client("dynamodb").scan(TableName=CAMPAIGNS)["Items"]
    return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def restore(**changed):
    for item in json.loads(STORED.read_text()):
        clients.client("dynamodb").put_item(TableName=CAMPAIGNS, Item={**item, **changed})


def test_the_same_story_is_still_stored_as_the_same_rows(tables):
    tell_the_story(DynamoErasures(CAMPAIGNS))
    assert stored_rows() == json.loads(STORED.read_text())


def test_yesterdays_records_are_read_as_they_were(tables):
    restore()
    records = DynamoErasures(CAMPAIGNS)
    assert records.of(ASKED.sid) == ASKED
    assert records.get(DONE.id) == replace(DONE, revision=1)
    assert records.unfinished() == (replace(DONE, revision=1),)
    assert records.place() == 512


@pytest.mark.parametrize(
    "read",
    [
        lambda records: records.get(ASKED.id),
        lambda records: records.of(ASKED.sid),
        lambda records: records.page(None, 10),
        lambda records: records.unfinished(),
        lambda records: records.place(),
    ],
)
def test_records_of_a_later_schema_version_are_never_guessed_at(tables, read):
    restore(v={"N": "2"})
    with pytest.raises(FatalError):
        read(DynamoErasures(CAMPAIGNS))
