# SPDX-License-Identifier: Apache-2.0
"""What `ImportRows` and `ImportFiles` guarantee, on the fakes and on the AWS adapters."""

from dataclasses import dataclass, replace

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.imports import DynamoImportRows
from chalicelib.adapters.dynamo.ledger_groups import DynamoGroupStore
from chalicelib.adapters.import_files import SealedImportFiles
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.domain.addresses import parse_address
from chalicelib.domain.country_rules import SHIPPED, CountryRule, own_rules
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.import_found import ReadFile
from chalicelib.domain.import_lines import activity_line, row_line
from chalicelib.domain.import_rows import Activity, FileStatus, ImportRow
from chalicelib.domain.imports import (
    LANES,
    Halted,
    Happening,
    Problem,
    Stage,
    step_lane,
)
from chalicelib.domain.state import Grade
from chalicelib.errors import Conflict, EvidenceError, InputError, NotFound, Overtaken
from chalicelib.ports.import_rows import CutOver, Kind
from chalicelib.ports.ledger_groups import BEGINNING, Group, Place, Step
from tests.contract.ports.conftest import AUDIENCE, CAMPAIGNS, LEDGER, VAULT
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.import_records import DEMO, FULL, import_id, numbered
from tests.support.memory_imports import ImportStored, MemoryImportRows
from tests.support.memory_keys import MemoryKeyWrapper
from tests.support.memory_ledger import MemoryGroupStore
from tests.support.memory_outside import MemoryBlobs

BUCKET = "kvitto-store"


@dataclass(slots=True)
class Held:
    """Rows and lanes over one table."""

    rows: object
    groups: object


@pytest.fixture(params=["memory", "dynamo"])
def held(request):
    if request.param == "memory":
        stored = ImportStored()
        return Held(MemoryImportRows(stored), MemoryGroupStore(stored.ledger))
    request.getfixturevalue("tables")
    clock, random = FakeClock(), SeededRandom()
    groups = DynamoGroupStore(
        ledger_table=LEDGER,
        vault_table=VAULT,
        audience_table=AUDIENCE,
        campaigns_table=CAMPAIGNS,
        clock=clock,
        random=random,
    )
    return Held(DynamoImportRows(CAMPAIGNS, clock, random), groups)


@pytest.fixture(params=["memory", "s3"])
def files(request):
    if request.param == "memory":
        blobs = MemoryBlobs()
    else:
        request.getfixturevalue("aws")
        clients.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"}
        )
        blobs = S3Blobs(BUCKET)
    return SealedImportFiles(blobs=blobs, wrapper=MemoryKeyWrapper(), random=SeededRandom()), blobs


@pytest.mark.parametrize("record", [numbered(1), FULL])
def test_a_record_comes_back_as_it_was_stored(held, record):
    held.rows.create(record)
    assert held.rows.get(record.id) == record


def test_there_is_no_import_before_it_is_made_and_only_one_of_an_id(held):
    assert held.rows.get(import_id(1)) is None
    held.rows.create(numbered(1))
    with pytest.raises(Conflict):
        held.rows.create(numbered(1, stage=Stage.DONE))
    assert held.rows.get(import_id(1)).stage is Stage.UPLOADING


def test_only_who_read_the_latest_revision_replaces_a_record(held):
    held.rows.create(numbered(1))
    first = held.rows.replace(numbered(1).moved(Happening.UPLOADED, 5))
    assert (first.revision, held.rows.get(import_id(1))) == (1, first)
    with pytest.raises(Conflict):
        held.rows.replace(numbered(1).moved(Happening.CANCEL, 6))
    with pytest.raises(Conflict):
        held.rows.replace(numbered(2))
    assert held.rows.get(import_id(1)) == first
    assert held.rows.get(import_id(2)) is None


def test_pages_show_the_latest_first_each_once(held):
    for number in (2, 5, 1, 4, 3):
        held.rows.create(numbered(number))
    first, after = held.rows.page(None, 2)
    second, last = held.rows.page(after, 2)
    third, end = held.rows.page(last, 2)
    assert [each.id for each in (*first, *second, *third)] == [
        import_id(n) for n in (5, 4, 3, 2, 1)
    ]
    assert end is None
    with pytest.raises(InputError):
        held.rows.page("bm90aGluZw", 2)


def test_a_file_is_the_first_imports_until_its_place_is_taken(held):
    assert held.rows.file_first("mac", "way", import_id(1)) is None
    assert held.rows.file_first("mac", "way", import_id(1)) is None
    assert held.rows.file_first("mac", "way", import_id(2)) == import_id(1)
    assert held.rows.file_first("mac", "other", import_id(2)) is None
    assert held.rows.file_first("mac", "way", import_id(2), instead_of=import_id(1)) is None
    assert held.rows.file_first("mac", "way", import_id(3), instead_of=import_id(1)) == import_id(2)


def test_lanes_begin_once_and_go_on_by_steps_alone(held):
    assert held.rows.lanes(import_id(1), "c1") == {}
    with pytest.raises(NotFound):
        held.rows.lane(import_id(1), "c1", "17")
    held.rows.open_lanes(import_id(1), "c1")
    place = Place(1, 0)
    step = Step(
        owner=import_id(1),
        lane=step_lane("c1", "17"),
        before=BEGINNING,
        after=place,
        counts={"SE:mail:consent": 3, "rejected:columns": 1},
    )
    held.groups.commit_group(Group(appends=(), step=step))
    with pytest.raises(Overtaken):
        held.groups.commit_group(Group(appends=(), step=step))
    held.rows.open_lanes(import_id(1), "c1")
    row = held.rows.lane(import_id(1), "c1", "17")
    assert (row.place, dict(row.counts)) == (place, dict(step.counts))
    lanes = held.rows.lanes(import_id(1), "c1")
    assert sorted(lanes) == list(LANES)
    assert lanes["17"] == row
    assert {lane.place for number, lane in lanes.items() if number != "17"} == {BEGINNING}


def test_rounds_and_imports_have_lanes_of_their_own(held):
    for owner, round_name in ((import_id(1), "c1"), (import_id(1), "c11"), (import_id(2), "c1")):
        held.rows.open_lanes(owner, round_name)
        assert len(held.rows.lanes(owner, round_name)) == len(LANES)
    assert held.rows.lanes(import_id(1), "r") == {}


def test_a_brand_has_the_shipped_table_until_it_writes_its_own(held):
    shipped = held.rows.country_rules(DEMO)
    assert (dict(shipped.rules), shipped.revision) == (dict(SHIPPED), 0)
    why = {"": "Our counsel says so."}
    own = own_rules([CountryRule(country="NO", consent_grade=Grade.E, soft_opt_in=True, why=why)])
    stored = held.rows.put_country_rules(DEMO, own, 0)
    assert stored.revision == 1
    assert held.rows.country_rules(DEMO) == stored
    with pytest.raises(Conflict):
        held.rows.put_country_rules(DEMO, SHIPPED, 0)
    assert held.rows.put_country_rules(DEMO, SHIPPED, 1).revision == 2
    assert held.rows.country_rules(BrandId("other")).revision == 0


def test_a_moving_is_noted_by_its_list_and_ends(held):
    assert held.rows.cut_overs() == ()
    moving = CutOver(brand=DEMO, list=ListId("news"), last_ms=5, last=import_id(1))
    other = replace(moving, list=ListId("offers"))
    for each in (moving, other, replace(moving, last_ms=6)):
        held.rows.put_cut_over(each)
    held.rows.put_cut_over(replace(other, ended_ms=7))
    assert held.rows.cut_overs() == (replace(moving, last_ms=6), replace(other, ended_ms=7))


@pytest.fixture
def dynamo_rows(tables):
    return DynamoImportRows(CAMPAIGNS, FakeClock(), SeededRandom())


def test_every_row_of_an_import_expires_and_none_holds_anything_personal(dynamo_rows):
    dynamo_rows.create(FULL)
    dynamo_rows.open_lanes(FULL.id, "c1")
    dynamo_rows.file_first("mac", "way", FULL.id)
    found = clients.client("dynamodb").scan(TableName=CAMPAIGNS)["Items"]
    assert len(found) == 3 + len(LANES)
    year_s = 365 * 86_400
    assert all(int(row["expires_at"]["N"]) > START_MS // 1000 + year_s for row in found)
    assert {row["v"]["N"] for row in found} == {"1"}
    assert "@" not in repr(found)


def row(address, **said):
    return ImportRow(line=2, status=FileStatus.SUBSCRIBED, address=parse_address(address), **said)


def made(files, number=1):
    return numbered(number, key=files.new_key(import_id(number)), attempt=1)


def test_what_is_kept_of_an_import_comes_back(files):
    desk, _ = files
    of = made(desk)
    rows = (row("a@example.org"), row("b@example.org", language="sv"))
    opened = Activity(address=rows[0].address, click=False, at_ms=5)
    desk.put_part(of, 1, b"first")
    desk.put_part(of, 1, b"again")
    desk.put_rows(of, "17", Kind.GOES, 0, [row_line(each) for each in rows])
    desk.put_rows(of, "17", Kind.ENDS, 0, [row_line(rows[0])])
    desk.put_rows(of, "17", Kind.HISTORY, 0, [activity_line(opened)])
    desk.put_rules(of, SHIPPED)
    assert (desk.part(of, 1), desk.part_size(of, 1), desk.part_size(of, 2)) == (b"again", 5, None)
    assert desk.rows(of, "17", Kind.GOES, 0) == rows
    assert desk.rows(of, "17", Kind.ENDS, 0) == rows[:1]
    assert desk.history(of, "17", 0) == (opened,)
    assert dict(desk.rules(of)) == dict(SHIPPED)
    assert desk.marks(of, "17", 0) is None
    desk.put_marks(of, "17", 0, b"marks")
    assert desk.marks(of, "17", 0) == b"marks"


def test_nothing_of_a_file_is_stored_as_it_was(files):
    desk, blobs = files
    of = made(desk)
    desk.put_part(of, 1, b"email\nada@example.org\n")
    desk.put_rows(of, "17", Kind.GOES, 0, [row_line(row("ada@example.org"))])
    for key in (f"imports/{of.id}/u/001", f"imports/{of.id}/1/17/g/0"):
        stored = blobs.get(key).data
        assert b"ada" not in stored
        assert b"email" not in stored


def test_an_object_opens_for_its_own_import_and_under_its_own_name_alone(files):
    desk, blobs = files
    of, other = made(desk), made(desk, 2)
    desk.put_part(of, 1, b"first")
    stored = blobs.get(f"imports/{of.id}/u/001").data
    blobs.put(f"imports/{of.id}/u/002", stored, "application/octet-stream")
    blobs.put(f"imports/{other.id}/u/001", stored, "application/octet-stream")
    with pytest.raises(EvidenceError):
        desk.part(of, 2)
    with pytest.raises(EvidenceError):
        desk.part(other, 1)
    with pytest.raises(EvidenceError):
        desk.part(replace(other, key=of.key), 1)
    blobs.put(f"imports/{of.id}/u/001", b"\x02" + stored[1:], "application/octet-stream")
    with pytest.raises(EvidenceError):
        desk.part(of, 1)


def test_without_its_key_nothing_of_an_import_is_kept_or_opened(files):
    desk, _ = files
    of = made(desk)
    desk.put_part(of, 1, b"first")
    ended = replace(of, key=None)
    for use in (
        lambda: desk.part(ended, 1),
        lambda: desk.put_part(ended, 2, b"second"),
        lambda: desk.rules(ended),
    ):
        with pytest.raises(Halted):
            use()


def test_what_is_gone_halts_the_import(files):
    desk, _ = files
    of = made(desk)
    with pytest.raises(Halted) as halted:
        desk.rows(of, "17", Kind.GOES, 0)
    assert halted.value.failure.problem is Problem.PARTS_GONE


def test_an_attempt_does_not_see_the_rows_of_another(files):
    desk, _ = files
    first = made(desk)
    second = replace(first, attempt=2)
    desk.put_rows(first, "17", Kind.GOES, 0, [row_line(row("a@example.org"))])
    desk.put_rows(second, "17", Kind.GOES, 0, [row_line(row("b@example.org"))])
    desk.destroy_attempts(second, range(1, 2))
    assert desk.rows(second, "17", Kind.GOES, 0) == (row("b@example.org"),)
    with pytest.raises(Halted):
        desk.rows(first, "17", Kind.GOES, 0)


def test_destroying_an_import_leaves_the_places_of_rejected_rows_and_documents(files):
    desk, blobs = files
    of = replace(made(desk), file=ReadFile(mac="m", reports=2))
    other = made(desk, 2)
    for number in range(2):
        desk.put_rejected(of, number, b"%d" % number)
    desk.put_document("d" * 64, b"wording")
    for each in (of, other):
        desk.put_part(each, 1, b"first")
    desk.put_rows(of, "17", Kind.GOES, 0, [])
    desk.destroy_parts(of)
    assert desk.part_size(of, 1) is None
    assert desk.rows(of, "17", Kind.GOES, 0) == ()
    desk.destroy(of.id)
    with pytest.raises(Halted):
        desk.rows(of, "17", Kind.GOES, 0)
    assert desk.part(other, 1) == b"first"
    assert list(desk.rejected(of)) == [b"0", b"1"]
    assert blobs.get(f"imported/documents/{'d' * 64}").data == b"wording"
    blobs.delete(f"import-reports/{of.id}/1-0.csv")
    assert list(desk.rejected(of)) == []
