# SPDX-License-Identifier: Apache-2.0
"""What an import comes to: by country and reason, while it is checked, run and done."""

import csv
import io
from dataclasses import replace

import pytest

from chalicelib.domain.import_rows import FileStatus, RowProblem, Unusable
from chalicelib.domain.import_verdicts import Verdict, Why
from chalicelib.domain.imports import Mode
from chalicelib.errors import InputError, NotFound
from chalicelib.services.import_report import Preview
from chalicelib.services.import_sorting import Sorting
from tests.support.import_site import PLENTY_MS, ImportSite, ended, row

ANNA, BO, CY = (f"{name}@example.org" for name in ("anna", "bo", "cy"))


@pytest.fixture
def site():
    return ImportSite()


def test_countries_come_with_the_most_people_first_and_each_reason_is_counted(site):
    of = site.laid(
        [
            row(ANNA, country="FR"),
            row(BO, country="DE", confirm_ip=""),
            row(CY, country="DE"),
            ended("di@example.org", country="DE"),
            row("ed@example.org", FileStatus.UNCONFIRMED, country="FR"),
        ]
    )
    preview = site.check(of)
    germany, france = preview.countries
    assert germany.country == "DE"
    assert germany.why == {Why.CONSENT: 1, Why.OPTED_OUT: 1, Why.WEAK_EVIDENCE: 1}
    assert [france.of(each) for each in Verdict] == [1, 1, 0]
    assert [preview.count(each) for each in Verdict] == [2, 2, 1]
    assert preview.by_country()["FR"] == {"consent": 1, "unconfirmed": 1}


def test_before_the_first_lane_there_is_nothing_but_what_is_to_be_done(site):
    of = site.laid([row(ANNA), row(BO)])
    assert site.report.preview(of.id) == Preview(rows=0, of=2)


def test_what_reading_found_is_told_by_its_code(site):
    of = site.laid([row(ANNA)])
    counts = {
        "rows": 9,
        "kept": 4,
        "rejected:formula": 3,
        "rejected:no_address": 1,
        "note:unknown-country": 2,
        "passed-over": 1,
        "file:spreadsheet": 1,
        "history": 7,
    }
    site.stored.records[of.id] = replace(of, file=replace(of.file, counts=counts))
    preview = site.report.preview(of.id)
    assert preview.rejected == {"formula": 3, "no_address": 1}
    assert preview.notes == {"unknown-country": 2}
    assert preview.members == {"spreadsheet": 1}
    assert (preview.passed_over, preview.of) == (1, 4)


def test_while_it_runs_the_numbers_are_of_what_is_written(site):
    rows = [row(f"p{n}@example.org") for n in range(20)]
    of = site.laid([*rows, row("p3@example.org", line=9)], lane="17", chunk_rows=10)
    site.check(of)
    site.answer_for(of)
    begun = site.report.preview(of.id)
    assert (begun.rows, begun.of, begun.is_written, begun.countries) == (0, 20, True, ())
    site.people.clock.advance(1)
    site.running.run(of.id, "17", site.people.clock.now_ms())
    written = site.run(of)
    assert (written.rows, written.of, written.duplicates) == (20, 20, 1)
    assert written.count(Verdict.MAIL) == 20


def test_an_import_that_was_stopped_tells_what_it_had_written(site):
    of = site.laid([row(ANNA)], lane="17")
    site.check(of)
    site.answer_for(of)
    site.running.run(of.id, "17", PLENTY_MS)
    site.stored.records[of.id] = replace(site.get(of), stage="cancelled")
    assert site.report.preview(of.id).is_written


def test_rejected_rows_are_told_by_their_place_and_never_by_a_cell(site):
    of = site.laid([], mode=Mode.IMPORT)
    sorting = Sorting(site.files, of)
    sorting.reject(2, Unusable(line=3, problem=RowProblem.MALFORMED_ADDRESS, column=1))
    sorting.reject(None, Unusable(line=9, problem=RowProblem.UNKNOWN_STATUS))
    sorting.finish()
    site.stored.records[of.id] = replace(of, file=replace(of.file, reports=sorting.reports))
    text = b"".join(site.report.rejected(of.id)).decode("utf-8-sig")
    header, *found = csv.reader(io.StringIO(text))
    assert header[:4] == ["file", "line", "column", "code"]
    assert [each[:4] for each in found] == [
        ["2", "3", "1", "malformed_address"],
        ["1", "9", "", "unknown_status"],
    ]


def test_an_import_that_is_none_has_no_report(site):
    with pytest.raises(NotFound):
        site.report.preview("AAAAAAAAAAAAAAAAAAAAAA")
    with pytest.raises(InputError):
        site.report.rejected("not an id")
