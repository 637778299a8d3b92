# SPDX-License-Identifier: Apache-2.0
"""Files that once stopped an import, or what came after it, each as somebody might send it."""

import io
import zipfile
from time import process_time

import pytest

from chalicelib.domain.import_formats import detect
from chalicelib.domain.import_limits import MAX_CELL_CHARS
from chalicelib.domain.import_records import Record, is_formula
from chalicelib.domain.import_row_reader import RowReader
from chalicelib.domain.import_rows import Note
from chalicelib.domain.import_values import Clock, DateSigns, date_signs
from chalicelib.domain.import_wishes import NewImport
from chalicelib.domain.imports import KEEP_MS, Stage
from tests.support.clock import START_MS
from tests.support.import_site import DEMO, LIST, ImportSite
from tests.support.world import World

COLUMNS = "email status country optin_time optin_ip source tags sale product sale_time"
COLUMNS += " objection_how ended_reason first_name"


@pytest.fixture
def site():
    return ImportSite()


def read(**cells):
    """The row of these cells, read as the product would."""
    names = COLUMNS.split()
    layout = detect(names)
    reader = RowReader(layout, Clock(zone="utc", dates=None, now_ms=START_MS), DEMO, LIST)
    return reader.read(Record(2, tuple(cells.get(name, "") for name in names)))


@pytest.mark.parametrize("letter", ["x", "å", "漢", "😀", "\x01", "\\"])
@pytest.mark.parametrize("status", ["subscribed", "unsubscribed"])
def test_however_much_a_row_says_it_fits_an_entry_and_its_lane_goes_on(site, letter, status):
    full = letter * 3_000
    long = read(
        email="visitor@example.org",
        status=status,
        source=full,
        tags=",".join(f'"{letter.replace(chr(92), "b") * 15}{n}"' for n in range(100)),
        sale=full,
        product=full,
        objection_how=full,
        ended_reason=full,
    )
    site.take(long)
    assert site.types("visitor@example.org")


def test_a_name_of_several_lines_becomes_one_that_a_subject_can_hold(site):
    row = read(
        email="visitor@example.org",
        country="SE",
        optin_time="2024-01-02T03:04:05Z",
        optin_ip="192.0.2.1",
        tags='"two\nlines"',
        first_name="First\r\nBcc: other@example.org\x00",
    )
    site.take(row)
    assert site.profile("visitor@example.org")["attributes"] == {
        "first_name": "First Bcc: other@example.org",
        "tags": "two lines",
    }


HEADER = b"email,status,country,reason,name\n"
FAULTS = {
    "a formula": b"- too many mails(daily)",
    "bytes that are no characters": b"A\x81sa",
}


def checked(world, data):
    """An import as it is once its file was read and checked."""
    record = world.import_desk.new(NewImport(brand="demo", list="newsletter"), "key")
    world.import_desk.put_part(record.id, 1, data)
    world.import_desk.uploaded(record.id, 1)
    world.settle()
    return world.import_desk.get(record.id)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_who_left_for_a_reason_that_looks_like_a_formula_has_left(fault):
    world = World()
    data = HEADER + b"left@example.org,unsubscribed,SE," + fault + b",\n"
    data += b"stays@example.org,subscribed,SE," + fault + b",\n"
    preview = world.import_report.preview(checked(world, data).id)
    assert preview.by_country() == {"SE": {"opted-out": 1}}
    assert sum(preview.rejected.values()) == 1
    assert preview.notes == {"unreadable-details": 1}


def test_rows_of_another_list_do_not_make_it_a_wrong_file():
    others = "".join(f"kvitto,o{n}@example.org,opted-out,other\n" for n in range(1_200))
    data = f"kvitto_export,email,status,list\n{others}kvitto,own@example.org,opted-out,newsletter\n"
    record = checked(World(), data.encode())
    assert record.stage is Stage.PREVIEW
    counts = record.file.counts
    assert (counts["rejected:other_list"], counts["kept"]) == (1_200, 1)


def test_unusable_opens_among_many_do_not_make_it_a_wrong_file():
    opens = "".join(
        f"2024-05-06 07:08:09,{'anonymous' if n % 3 == 0 else f'p{n}@example.org'}\n"
        for n in range(3_003)
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("granular_activity/opens/a.csv", f"Timestamp,Email\n{opens}")
        file.writestr("lists/b.csv", HEADER + b"left@example.org,unsubscribed,SE,,\n")
    record = checked(World(), packed.getvalue())
    assert record.stage is Stage.PREVIEW
    assert (record.file.counts["history"], record.file.counts["kept"]) == (2_002, 1)


def test_the_same_file_is_read_after_the_first_import_of_it_ran_out_of_time_unseen():
    world = World()
    data = HEADER + b"left@example.org,unsubscribed,SE,,\n"
    checked(world, data)
    world.clock.advance(KEEP_MS + 1)
    assert checked(world, data).stage is Stage.PREVIEW


MANY = MAX_CELL_CHARS - 20


@pytest.mark.parametrize(
    "cell",
    [
        "2021-01-01" + " " * MANY + "x",
        "01-01-2021" + " " * MANY + "x",
        "2021-01-01 1:00" + " " * MANY,
    ],
)
def test_no_time_takes_longer_to_find_unreadable_than_to_read_its_cell(cell):
    """With the square of its length this one cell took more than a minute."""
    began = process_time()
    row = read(email="visitor@example.org", optin_time=f"{cell}x")
    assert (row.optin_ms, row.notes) == (None, {Note.TIME})
    assert date_signs([f"{cell}x"]) == DateSigns()
    assert process_time() - began < 1


@pytest.mark.parametrize("cell", ["+" + "a" * MANY, "-" + "1" * MANY, "+" + "1a" * (MANY // 2)])
def test_no_word_takes_longer_to_find_no_formula_than_to_read_its_cell(cell):
    began = process_time()
    assert not is_formula(cell)
    assert is_formula(f"{cell}a(")
    assert process_time() - began < 1
