# SPDX-License-Identifier: Apache-2.0
"""What `RightsRecords` guarantees, on the fake and on DynamoDB; and yesterday's rows are read.

tests/data/v1/rights_rows.json stays: a change that breaks it needs a new schema version.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.rights import DynamoRightsRecords
from chalicelib.domain.ids import BrandId, JobId, SubjectId
from chalicelib.domain.rights import (
    ExtensionReason,
    Medium,
    RefusalGround,
    RestrictionGround,
    Right,
    RightsRequest,
    Status,
)
from chalicelib.errors import Conflict, FatalError, InputError
from tests.contract.ports.conftest import CAMPAIGNS
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.memory_rights import MemoryRightsRecords

STORED = Path(__file__).parents[2] / "data" / "v1" / "rights_rows.json"
DAY_MS = 86_400_000
SID = SubjectId("DDDDDDDDDDDDDDDDDDDDDA")


def asked(letter="A", **changes):
    made = RightsRequest(
        id=JobId(letter * 21 + "A"),
        sid=SID,
        brand=BrandId("demo"),
        right=Right.ACCESS,
        medium=Medium.LETTER,
        received_ms=START_MS,
        entered_ms=START_MS + 1,
        due_ms=START_MS + 30 * DAY_MS,
        received_by="Front desk",
        entered_by="KKKKKKKKKKKKKKKKKKKKKA",
    )
    return replace(made, **changes)


OWED = asked("A", note=b"sealed note")
STRANGERS = asked("B", sid=None, mac="ab" * 32, right=Right.OBJECTION, medium=Medium.PHONE)
EXTENDED = asked(
    "C",
    right=Right.RESTRICTION,
    restriction=RestrictionGround.LEGAL_CLAIM,
    status=Status.EXTENDED,
    extension=ExtensionReason.NUMBER_OF_REQUESTS,
    extended_until_ms=START_MS + 90 * DAY_MS,
    medium=Medium.REPLY,
)
REFUSED = asked(
    "E",
    right=Right.ERASURE,
    erasure=JobId("FFFFFFFFFFFFFFFFFFFFFA"),
    status=Status.REFUSED,
    ground=RefusalGround.LEGAL_DUTY,
    answered_ms=START_MS + DAY_MS,
    lifted_ms=START_MS + 2 * DAY_MS,
    medium=Medium.API,
)
FORGOTTEN = asked(
    "G",
    received_by="",
    entered_by="",
    status=Status.ANSWERED,
    answered_ms=START_MS + DAY_MS,
    closed_by_erasure=True,
    medium=Medium.PAGE,
)
ALL = (OWED, STRANGERS, EXTENDED, REFUSED, FORGOTTEN)


def dynamo():
    return DynamoRightsRecords(CAMPAIGNS, FakeClock(), SeededRandom())


@pytest.fixture(params=["memory", "dynamo"])
def records(request):
    if request.param == "memory":
        return MemoryRightsRecords()
    request.getfixturevalue("tables")
    return dynamo()


def owed(records, limit=10):
    return [each.id for each in records.page(None, limit, open_only=True).items]


@pytest.mark.parametrize("request_", ALL, ids=lambda each: each.status)
def test_a_record_comes_back_as_it_was_stored(records, request_):
    records.create(request_)
    assert records.get(request_.id) == request_
    assert records.page(None, 10, open_only=False).items == (request_,)


def test_an_unknown_record_is_none_and_a_second_with_its_id_a_conflict(records):
    assert records.get(OWED.id) is None
    records.create(OWED)
    with pytest.raises(Conflict):
        records.create(replace(OWED, received_by="Somebody else"))
    assert records.get(OWED.id) == OWED


def test_a_persons_records_are_theirs_alone(records):
    for each in (OWED, STRANGERS, EXTENDED):
        records.create(each)
    records.create(asked("H", sid=SubjectId("EEEEEEEEEEEEEEEEEEEEEA")))
    assert {each.id for each in records.of(SID)} == {OWED.id, EXTENDED.id}
    assert records.of(SubjectId("A" * 22)) == ()


def test_a_record_is_replaced_only_as_it_was_read(records):
    records.create(OWED)
    after = records.replace(OWED, replace(OWED, status=Status.ANSWERED, answered_ms=START_MS + 5))
    assert after.revision == 1
    assert records.get(OWED.id) == after
    with pytest.raises(Conflict):
        records.replace(OWED, replace(OWED, status=Status.REFUSED))
    assert records.get(OWED.id) == after


def test_what_is_owed_comes_by_deadline_and_leaves_the_desk_when_it_is_closed(records):
    late = asked("H", due_ms=START_MS + 5 * DAY_MS)
    for each in (*ALL, late):
        records.create(each)
    assert owed(records) == [late.id, OWED.id, STRANGERS.id, EXTENDED.id]
    records.replace(late, replace(late, status=Status.ANSWERED, answered_ms=START_MS + 5))
    assert owed(records) == [OWED.id, STRANGERS.id, EXTENDED.id]


def test_an_extension_moves_a_request_to_its_new_deadline(records):
    other = asked("H", due_ms=START_MS + 40 * DAY_MS)
    records.create(OWED)
    records.create(other)
    until = START_MS + 90 * DAY_MS
    extended = replace(OWED, status=Status.EXTENDED, extended_until_ms=until)
    stored = records.replace(OWED, extended)
    assert owed(records) == [other.id, OWED.id]
    records.replace(stored, replace(stored, note=None))
    assert owed(records) == [other.id, OWED.id]


@pytest.mark.parametrize("open_only", [True, False])
def test_pages_together_hold_every_record_once(records, open_only):
    for letter in "ABCDEFG":
        records.create(asked(letter, due_ms=START_MS + ord(letter)))
    found, cursor = [], None
    while True:
        page = records.page(cursor, 3, open_only=open_only)
        found += [each.id[0] for each in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == list("ABCDEFG")


def test_a_cursor_of_the_other_kind_of_page_is_refused(records):
    for letter in "ABC":
        records.create(asked(letter))
    cursor = records.page(None, 1, open_only=True).cursor
    with pytest.raises(InputError):
        records.page(cursor, 1, open_only=False)


def stored_rows():
    items = clients.client("dynamodb").scan(TableName=CAMPAIGNS)["Items"]
    for item in items:
        if "note" in item:
            item["note"] = {"B": bytes(item["note"]["B"]).hex()}
    return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def restore(**changed):
    for item in json.loads(STORED.read_text()):
        if "note" in item:
            item["note"] = {"B": bytes.fromhex(item["note"]["B"])}
        clients.client("dynamodb").put_item(TableName=CAMPAIGNS, Item={**item, **changed})


def test_the_same_records_are_still_stored_as_the_same_rows(tables):
    for each in ALL:
        dynamo().create(each)
    assert stored_rows() == json.loads(STORED.read_text())


def test_yesterdays_records_are_read_as_they_were(tables):
    restore()
    assert dynamo().page(None, 10, open_only=False).items == ALL
    assert owed(dynamo()) == [OWED.id, STRANGERS.id, EXTENDED.id]


@pytest.mark.parametrize(
    "read",
    [
        lambda records: records.get(OWED.id),
        lambda records: records.of(SID),
        lambda records: records.page(None, 10, open_only=True),
        lambda records: records.page(None, 10, open_only=False),
    ],
)
def test_records_of_a_later_schema_version_are_never_guessed_at(tables, read):
    restore(v={"N": "2"})
    with pytest.raises(FatalError):
        read(dynamo())
