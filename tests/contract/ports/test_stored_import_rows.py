# SPDX-License-Identifier: Apache-2.0
"""Today's code reads yesterday's imports: tests/data/v1/import_{rows,chunks}.json stay.

An import goes on for days, over releases; its record is shown for a year. A change that breaks
these tests changes stored data: it needs a new schema version, not a new file.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.imports import DynamoImportRows
from chalicelib.domain.country_rules import CountryRule, own_rules
from chalicelib.domain.import_lines import activities_of, activity_line, chunk_of, row_line, rows_of
from chalicelib.domain.import_rows import Activity
from chalicelib.domain.state import Grade
from chalicelib.errors import FatalError
from chalicelib.ports.import_rows import CutOver
from chalicelib.ports.ledger_groups import BEGINNING
from tests.contract.ports.conftest import CAMPAIGNS
from tests.support.clock import FakeClock, SeededRandom
from tests.support.import_records import BEGUN, DEMO, FULL, FULL_ROW, LIST

DATA = Path(__file__).parents[2] / "data" / "v1"
STORED, CHUNKS = DATA / "import_rows.json", DATA / "import_chunks.json"
RULES = own_rules(
    [CountryRule(country="NO", consent_grade=Grade.E, soft_opt_in=True, why={"": "We were told."})]
)
MOVING = CutOver(brand=DEMO, list=LIST, last_ms=5, last=FULL.id)
ENDED = replace(MOVING, brand="other", ended_ms=6)
OPENED = Activity(address=FULL_ROW.address, click=True, at_ms=5)


def records():
    return DynamoImportRows(CAMPAIGNS, FakeClock(), SeededRandom())


def tell_the_story(rows):
    """Two imports, one with a lane; a table, and two movings."""
    for record in (BEGUN, FULL):
        rows.create(record)
    rows.replace(BEGUN)
    rows.open_lanes(BEGUN.id, "c1")
    rows.file_first("mac", "way", FULL.id)
    rows.put_country_rules(DEMO, RULES, 0)
    for moving in (MOVING, ENDED):
        rows.put_cut_over(moving)


def plain(item):
    """A row as the file has it: binary as base64."""
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in item.items()
    }


def stored_rows():
    """Every row, of the lanes the first alone: they are all alike."""
    items = clients.client("dynamodb").scan(TableName=CAMPAIGNS)["Items"]
    items = [x for x in items if not x["sk"]["S"].startswith("L#") or x["sk"]["S"] == "L#c1-00"]
    return [plain(x) for x in sorted(items, key=lambda x: (x["pk"]["S"], x["sk"]["S"]))]


def restore(**changed):
    for item in json.loads(STORED.read_text()):
        row = {
            name: {"B": base64.b64decode(value["B"])} if "B" in value else value
            for name, value in item.items()
        }
        clients.client("dynamodb").put_item(TableName=CAMPAIGNS, Item={**row, **changed})


def test_the_same_story_is_still_stored_as_the_same_rows(tables):
    tell_the_story(records())
    assert stored_rows() == json.loads(STORED.read_text())


def test_yesterdays_imports_are_read_as_they_were(tables):
    restore()
    rows, begun = records(), replace(BEGUN, revision=1)
    assert rows.get(BEGUN.id) == begun
    assert rows.page(None, 10) == ((FULL, begun), None)
    assert rows.lane(BEGUN.id, "c1", "00").place == BEGINNING
    assert rows.file_first("mac", "way", BEGUN.id) == FULL.id
    assert dict(rows.country_rules(DEMO).rules) == dict(RULES)
    assert rows.cut_overs() == (MOVING, ENDED)


@pytest.mark.parametrize(
    "read",
    [
        lambda rows: rows.get(BEGUN.id),
        lambda rows: rows.page(None, 10),
        lambda rows: rows.replace(replace(BEGUN, revision=1)),
        lambda rows: rows.lane(BEGUN.id, "c1", "00"),
        lambda rows: rows.lanes(BEGUN.id, "c1"),
        lambda rows: rows.file_first("mac", "way", FULL.id),
        lambda rows: rows.country_rules(DEMO),
        lambda rows: rows.cut_overs(),
    ],
)
def test_imports_of_a_later_schema_version_are_never_guessed_at(tables, read):
    restore(v={"N": "2"})
    with pytest.raises(FatalError):
        read(records())


def test_yesterdays_chunks_are_read_as_they_were():
    kept = {name: text.encode() for name, text in json.loads(CHUNKS.read_text()).items()}
    assert kept["rows"] == chunk_of([row_line(FULL_ROW)])
    assert rows_of(kept["rows"]) == (FULL_ROW,)
    assert kept["history"] == chunk_of([activity_line(OPENED)])
    assert activities_of(kept["history"]) == (OPENED,)
