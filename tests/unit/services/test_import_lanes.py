# SPDX-License-Identifier: Apache-2.0
"""Which row stands for its address, what is kept of that, and what other files tell of clicks."""

import pytest

from chalicelib.domain.import_rows import Activity, FileStatus, History
from chalicelib.domain.import_statement import Basis
from chalicelib.domain.imports import JudgedBy
from chalicelib.services.import_lanes import LaneReader, load_marks
from tests.support.import_site import OPTED_IN, SALE, ImportSite, ended, row

ANNA, BO = "anna@example.org", "bo@example.org"
LANE = "17"


@pytest.fixture
def site():
    return ImportSite()


def reader(site, rows, **how):
    of = site.laid(rows, lane=LANE, **how)
    return of, lane_of(site, of, site.people.ledger.macs, frozenset)


def lane_of(site, of, macs, no_mail):
    return LaneReader(files=site.files, of=of, lane=LANE, macs=macs, no_mail=no_mail)


def letters(site, of, *chunks):
    return [load_marks(site.files.marks(of, LANE, chunk)).letters for chunk in chunks]


def test_each_row_has_a_letter_and_who_counts_has_a_mac(site):
    weak = {"optin_ms": None, "optin_ip": ""}
    rows = [
        ended(ANNA, FileStatus.BOUNCED),
        ended(ANNA),
        ended(ANNA),
        row(ANNA),
        row(BO, **weak),
        row(BO),
        row(BO, sale=SALE, **weak),
    ]
    of, lane = reader(site, rows)
    chunks = [lane.chunk(number) for number in range(lane.size.chunks)]
    assert letters(site, of, 0, 1) == [".ad", "ddcs"]
    assert [line.counter for line in chunks[0].lines] == ["", "duplicate"]
    assert [line.row.line for line in chunks[1].lines] == [2]
    assert dict(chunks[1].left_out) == {"duplicate": 3}
    marks = load_marks(site.files.marks(of, LANE, 1))
    assert [bool(mac) for mac in marks.macs] == [False, False, True, True]
    assert marks.macs[2] == site.people.mac(BO)


def test_on_sales_another_row_of_the_same_marks_counts(site):
    rows = [row(BO), row(BO, sale=SALE, optin_ms=None, optin_ip="")]
    by = JudgedBy(basis=Basis.SOFT_OPT_IN, objection_at_ms=OPTED_IN)
    _, lane = reader(site, rows, judged_by=by)
    (line,) = lane.chunk(0).lines
    assert line.row.sale == SALE


def test_a_row_far_behind_in_the_lane_may_stand_for_the_first(site):
    rows = [row(ANNA, confirm_ip=""), *(row(f"p{n}@example.org") for n in range(30)), row(ANNA)]
    of, lane = reader(site, rows, chunk_rows=10)
    counted = [line.row for chunk in range(4) for line in lane.chunk(chunk).lines]
    assert [each.confirm_ip for each in counted if each.address.normal == ANNA] == ["192.0.2.2"]
    assert letters(site, of, 0)[0].startswith("d.")


def test_opens_and_clicks_add_to_what_the_row_says_itself(site):
    told = [
        Activity(address=row(ANNA).address, click=click, at_ms=OPTED_IN + at)
        for click, at in ((False, 9), (True, 5), (True, 7))
    ]
    own = History(opens=2, rating=4, last_open_ms=OPTED_IN + 3)
    _, lane = reader(site, [row(ANNA, history=own), row(BO)], activities=told)
    anna, bo = (line.row.history for line in lane.chunk(0).lines)
    assert anna == History(
        opens=3,
        clicks=2,
        rating=4,
        last_open_ms=OPTED_IN + 9,
        last_click_ms=OPTED_IN + 7,
    )
    assert bo is None


def test_marks_that_are_kept_are_used_again_and_nobody_is_asked_for(site):
    of, lane = reader(site, [row(ANNA), row(BO)])
    first = lane.chunk(0)

    def nobody(_asked):
        raise AssertionError("a MAC or a domain was asked for again")

    again = lane_of(site, of, nobody, nobody)
    assert again.chunk(0) == first


def test_domains_are_asked_about_once_a_chunk_and_never_for_what_ends(site):
    rows = [ended("cy@gone.example"), row("dy@dead.example"), row("ed@dead.example"), row(ANNA)]
    of = site.laid(rows, lane=LANE)
    asked = []

    def dead(domains):
        asked.append(set(domains))
        return frozenset({"dead.example"}) & asked[-1]

    lane = lane_of(site, of, site.people.ledger.macs, dead)
    lines = [line for chunk in range(lane.size.chunks) for line in lane.chunk(chunk).lines]
    assert [line.no_mail for line in lines] == [False, True, True, False]
    assert asked == [set(), {"dead.example", "example.org"}]
    again = lane_of(site, of, site.people.ledger.macs, dead)
    assert [line.no_mail for line in again.chunk(1).lines] == [True, True, False]
    assert len(asked) == 2


def test_marks_that_were_kept_before_domains_were_looked_up_are_read():
    marks = load_marks(b'{"v":1,"letters":".","macs":["m"]}')
    assert (marks.letters, marks.macs) == (".", ("m",))
    assert (marks.no_mail, marks.alike) == (frozenset(), frozenset())
