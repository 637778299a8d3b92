# SPDX-License-Identifier: Apache-2.0
"""Reading a file into lanes: what lies where, what is refused, and crashes at every call."""

import io
import zipfile
from dataclasses import replace

import pytest

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.import_rows import FileStatus
from chalicelib.domain.import_wishes import NewImport, Remap
from chalicelib.domain.imports import LANES, Mode, Problem, Stage
from chalicelib.errors import KvittoError
from chalicelib.ports.import_rows import Kind
from chalicelib.ports.outside import Queue
from chalicelib.services import import_reading, import_sorting
from chalicelib.services.import_sorting import lane_of
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import World

HEAD = "email,status,country,optin_time,optin_ip\n"
FOREVER_MS = 10**15


def line(number, status="subscribed"):
    return f"p{number}@example.org,{status},SE,2024-01-02T03:04:05Z,192.0.2.1\n"


FILE = HEAD + "".join(line(n) for n in range(40)) + "".join(line(n, "bounced") for n in range(9))
PLAIN = FILE.encode()
DAMAGED = (FILE + "no address,,,,\na,b\n=1+1,,,,\n").encode()


def zipped(**members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, data in members.items():
            file.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return packed.getvalue()


@pytest.fixture
def world():
    return World()


def uploaded(world, data, *, cut=1_000, **said):
    """An import whose file is there and not read."""
    desk = world.import_desk
    record = desk.new(NewImport(brand="demo", list="newsletter", **said), "key")
    parts = [data[start : start + cut] for start in range(0, len(data), cut)]
    for number, part in enumerate(parts, start=1):
        desk.put_part(record.id, number, part)
    return desk.uploaded(record.id, len(parts))


def read(world, data, **said):
    record = uploaded(world, data, **said)
    world.messages.take(Queue.IMPORTS)
    world.import_work.begin(record.id, "read", FOREVER_MS)
    return world.import_rows.get(record.id)


def rows_in(world, record):
    """Everything that lies in lanes: (lane, kind) → addresses and statuses in order."""
    found = {}
    for lane, size in record.sizes.items():
        for kind, count in ((Kind.ENDS, size.ends), (Kind.GOES, size.goes)):
            for number in range(count):
                rows = world.import_files.rows(record, lane, kind, number)
                found.setdefault((lane, kind), []).extend(
                    (row.address.normal, row.status, row.line) for row in rows
                )
    return found


def test_every_row_lies_in_the_lane_of_its_person_ends_apart(world):
    record = read(world, PLAIN)
    assert record.stage is Stage.CHECKING
    found = rows_in(world, record)
    assert sum(map(len, found.values())) == 49
    for (lane, kind), rows in found.items():
        assert {lane_of(record.id, address) for address, _, _ in rows} == {lane}
        is_end = kind is Kind.ENDS
        assert all((status is FileStatus.BOUNCED) == is_end for _, status, _ in rows)
    assert dict(record.file.counts) == {"rows": 49, "kept": 49}
    (table,) = record.file.tables
    assert table.fields == ("email", "status", "country", "optin_time", "optin_ip")


def test_how_the_file_was_cut_changes_nothing(world):
    whole, pieces = (
        read(world, PLAIN, cut=1 << 20, again=True),
        read(world, PLAIN, cut=16, again=True),
    )
    both = [
        sorted(x for rows in rows_in(world, each).values() for x in rows)
        for each in (whole, pieces)
    ]
    assert both[0] == both[1]
    assert whole.file.mac == pieces.file.mac


def test_lanes_of_two_imports_tell_nothing_of_each_other(world):
    first, second = (read(world, PLAIN, again=True) for _ in range(2))
    addresses = [f"p{n}@example.org" for n in range(40)]
    assert [lane_of(first.id, a) for a in addresses] != [lane_of(second.id, a) for a in addresses]


def test_two_spellings_of_an_address_are_in_one_lane(world):
    record = read(
        world, (HEAD + "ÅSA".replace("Å", "A") + "@Example.ORG,,,,\nasa@example.org,,,,\n").encode()
    )
    (rows,) = rows_in(world, record).values()
    assert len(rows) == 2
    assert {parse_address("ASA@Example.ORG").normal} == {address for address, _, _ in rows}


def test_every_rejected_row_is_told_with_its_place_and_reason_and_without_a_cell(world):
    record = read(world, DAMAGED)
    report = b"".join(world.import_files.rejected(record)).decode().splitlines()
    assert report[0] == '"file","line","column","code","reason"'
    assert [each.split(",")[:4] for each in report[1:]] == [
        ['"1"', '"51"', '"1"', '"malformed_address"'],
        ['"1"', '"52"', '""', '"columns"'],
        ['"1"', '"53"', '"1"', '"formula"'],
    ]
    assert "no address" not in "".join(report)
    counts = record.file.counts
    assert (counts["rows"], counts["kept"]) == (52, 49)
    assert counts["rejected:columns"] == counts["rejected:formula"] == 1


def test_a_file_of_which_most_cannot_be_used_is_not_read_to_its_end(world):
    broken = HEAD + "".join(line(n) if n % 3 == 0 else "x,,,,\n" for n in range(5_000))
    record = read(world, broken.encode())
    assert (record.stage, record.failure.problem, record.failure.code) == (
        Stage.FAILED,
        Problem.FILE,
        "wrong_file",
    )
    assert record.file.counts["rows"] == 1_000
    assert record.file.reports == 1
    assert len(list(world.import_files.rejected(record))) == 1


def test_half_of_the_rows_may_be_unusable(world):
    half = HEAD + "".join(line(n) if n % 2 else "x,,,,\n" for n in range(1_500))
    assert read(world, half.encode()).stage is Stage.CHECKING


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a,b\n1,2\n", "no_address_column"),
        (b"%PDF-1.7 ", "not_a_list"),
        (zipped(readme_dot_md=b"hello"), "no_table"),
        (b"email\n" + b"a" * 64 + b"\n", "hashed_addresses"),
    ],
)
def test_a_file_that_is_no_list_fails_with_a_sentence_and_its_files_are_gone(world, data, code):
    record = read(world, data)
    assert (record.stage, record.failure.code, record.key) == (Stage.FAILED, code, None)
    assert record.failure.detail
    world.settle()
    assert not [key for key in world.outside_rows.blobs if key.startswith("imports/")]


def test_the_files_of_a_zip_are_told_by_their_columns(world):
    activity = "Timestamp,Email\n2024-05-06 07:08:09,p1@example.org\n"
    record = read(
        world,
        zipped(
            lists__audience_dot_csv=FILE,
            export__granular_activity__opens__may_dot_csv=activity,
            notes_dot_json=b"{}",
            other_dot_csv="colour,shape\nred,round\n",
        ),
    )
    assert record.stage is Stage.CHECKING
    counts = record.file.counts
    assert (counts["rows"], counts["history"]) == (49, 1)
    assert (counts["file:json"], counts["file:other"]) == (1, 1)
    lane = lane_of(record.id, "p1@example.org")
    assert record.sizes[lane].history == 1
    (opened,) = world.import_files.history(record, lane, 0)
    assert (opened.address.normal, opened.click) == ("p1@example.org", False)
    assert [table.format for table in record.file.tables] == ["plain", "mailchimp-activity"]


def test_a_cut_over_takes_ends_alone_and_counts_the_others(world):
    record = read(world, PLAIN, mode=Mode.CUT_OVER)
    counts = record.file.counts
    assert (counts["rows"], counts["kept"], counts["passed-over"]) == (49, 9, 40)
    assert {kind for _, kind in rows_in(world, record)} == {Kind.ENDS}


def test_a_column_of_addresses_can_be_named_before_the_file_is_read(world):
    data = b"first,second\na@example.org,b@example.org\n"
    assert read(world, data).failure.code == "no_address_column"
    record = read(world, data, columns={"second": "email"})
    assert [rows[0][0] for rows in rows_in(world, record).values()] == ["b@example.org"]


def test_of_many_kinds_of_tables_as_many_are_shown_as_a_record_holds(world):
    names = [f"colour{number}_{'é' * 80}" for number in range(300)]
    tables = {f"t{n}_dot_csv": f"email,{','.join(names[n:])}\n" for n in range(30)}
    record = read(world, zipped(**tables), cut=1 << 20)
    assert record.stage is Stage.PREVIEW
    assert 0 < len(record.file.tables) < 5
    assert len(record.file.tables) + record.file.counts["tables:not-shown"] == 30


def test_chunks_hold_so_many_rows_and_bytes_at_most(world, monkeypatch):
    monkeypatch.setattr(import_sorting, "CHUNK_ROWS", 2)
    monkeypatch.setattr(import_sorting, "LANES", LANES[:1])
    record = read(world, (HEAD + "".join(map(line, range(5)))).encode())
    assert record.sizes["00"].goes == 3
    monkeypatch.setattr(import_sorting, "CHUNK_BYTES", 1)
    record = read(world, (HEAD + "".join(map(line, range(6)))).encode())
    assert record.sizes["00"].goes == 6
    assert len(rows_in(world, record)["00", Kind.GOES]) == 6


def test_a_long_report_of_rejected_rows_is_kept_in_parts(world, monkeypatch):
    monkeypatch.setattr(import_sorting, "REPORT_BYTES", 200)
    record = read(world, (FILE + "x,,,,\n" * 10).encode())
    assert record.file.reports > 2
    assert b"".join(world.import_files.rejected(record)).count(b"malformed") == 10


def test_a_file_that_takes_too_long_to_read_is_to_be_split(world, monkeypatch):
    monkeypatch.setattr(import_reading, "_LOOK_AT_CLOCK", 10)
    record = uploaded(world, PLAIN)
    world.import_work.begin(record.id, "read", world.time.now_ms())
    failed = world.import_rows.get(record.id)
    assert failed.failure.problem is Problem.TOO_LONG
    assert "split" in failed.failure.sentence


def test_another_file_than_the_one_stated_is_not_read(world):
    desk = world.import_desk
    record = desk.new(NewImport(brand="demo", list="newsletter"), "key")
    desk.put_part(record.id, 1, PLAIN)
    desk.uploaded(record.id, 1, "0" * 64)
    world.settle()
    assert desk.get(record.id).failure.problem is Problem.OTHER_FILE


def test_a_part_that_is_gone_when_it_is_read_fails_the_import(world):
    record = uploaded(world, PLAIN)
    world.blobs.delete_all(f"imports/{record.id}/")
    world.settle()
    assert world.import_desk.get(record.id).failure.problem is Problem.PARTS_GONE


def test_the_same_file_in_the_same_way_does_nothing_again(world):
    first = uploaded(world, PLAIN)
    world.settle()
    second = uploaded(world, PLAIN)
    world.settle()
    record = world.import_desk.get(second.id)
    assert (record.stage, record.same_as, record.key) == (Stage.DONE, first.id, None)
    assert not record.file.lanes
    assert world.import_desk.get(first.id).stage is Stage.PREVIEW


@pytest.mark.parametrize(
    "said",
    [
        {"zone": "Europe/Berlin"},
        {"country": "DE"},
        {"purposes": ("offers",)},
        {"keep": ("status",)},
        {"mode": Mode.CUT_OVER},
        {"again": True},
    ],
)
def test_the_same_file_in_another_way_is_another_import(world, said):
    uploaded(world, PLAIN)
    world.settle()
    second = uploaded(world, PLAIN, **said)
    world.settle()
    assert world.import_desk.get(second.id).stage is Stage.PREVIEW


def test_the_same_file_is_read_after_the_first_import_of_it_came_to_nothing(world):
    first = uploaded(world, PLAIN)
    world.settle()
    world.import_desk.cancel(first.id)
    for expected in (Stage.PREVIEW, Stage.DONE):
        again = uploaded(world, PLAIN)
        world.settle()
        assert world.import_desk.get(again.id).stage is expected


def test_an_import_that_was_mapped_otherwise_is_not_the_same_any_more(world):
    first = uploaded(world, PLAIN)
    world.settle()
    world.import_desk.map(first.id, Remap(country="DE"))
    world.settle()
    again = uploaded(world, PLAIN)
    world.settle()
    assert world.import_desk.get(again.id).stage is Stage.PREVIEW


def test_reading_once_more_is_an_attempt_of_its_own_and_drops_the_former(world):
    record = uploaded(world, PLAIN)
    world.settle()
    world.import_desk.map(record.id, Remap(keep=("status",)))
    world.settle()
    again = world.import_desk.get(record.id)
    assert (again.stage, again.attempt, again.checks) == (Stage.PREVIEW, 2, 2)
    assert not [
        key for key in world.outside_rows.blobs if key.startswith(f"imports/{record.id}/1/")
    ]
    assert again.file.tables[0].fields[1] == "keep"


def every_call():
    """Each call of an undisturbed reading: its name, and which of that name it is."""
    world, calls = World(), []
    record = uploaded(world, DAMAGED)
    world.messages.take(Queue.IMPORTS)

    def listen(call, moment):
        if moment is Moment.BEFORE:
            calls.append(call)

    world.faults = listen
    world.import_work.begin(record.id, "read", FOREVER_MS)
    world.faults = no_faults
    named = [(call, calls[:place].count(call) + 1) for place, call in enumerate(calls)]
    # Of the puts of chunks and rows, which are all alike, the first and some others.
    return [(call, nth) for call, nth in named if nth in (1, 2, 7, 40)], outcome(world, record)


def outcome(world, record):
    """What a reading that is over leaves, attempt apart."""
    found = world.import_rows.get(record.id)
    lanes = world.import_rows.lanes(record.id, found.check_round)
    kept = replace(found, attempt=0, revision=0, key=None)
    messages = {(each["lane"], each["do"]) for each in world.messages.take(Queue.IMPORTS)}
    report = b"".join(world.import_files.rejected(found))
    return kept, rows_in(world, found), lanes, messages, report


@pytest.mark.parametrize("moment", Moment)
def test_a_reader_killed_at_any_call_ends_in_the_same_lanes(moment):
    calls, undisturbed = every_call()
    assert len(undisturbed[3]) > 20
    assert {name for name, _ in calls} >= {
        "ImportRows.replace",
        "ImportRows.file_first",
        "ImportRows.open_lanes",
        "Blobs.put",
        "Blobs.get",
        "Queues.send_all",
    }
    for call, nth in calls:
        world = World()
        record = uploaded(world, DAMAGED)
        world.messages.take(Queue.IMPORTS)
        world.faults = FailOnce(call, moment, nth=nth)
        with pytest.raises(KvittoError):
            world.import_work.begin(record.id, "read", FOREVER_MS)
        world.faults = no_faults
        world.import_work.begin(record.id, "read", FOREVER_MS)
        assert outcome(world, record) == undisturbed, (call, nth)


def test_two_readers_at_once_end_in_the_lanes_of_one(world):
    record = uploaded(world, PLAIN)
    world.messages.take(Queue.IMPORTS)

    def overtake(call, moment):
        if call == "Blobs.put" and moment is Moment.BEFORE:
            world.faults = no_faults
            world.import_work.begin(record.id, "read", FOREVER_MS)

    world.faults = overtake
    world.import_work.begin(record.id, "read", FOREVER_MS)
    read_once = world.import_rows.get(record.id)
    assert (read_once.stage, read_once.attempt) == (Stage.CHECKING, 2)
    assert sum(map(len, rows_in(world, read_once).values())) == 49
