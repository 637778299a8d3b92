# SPDX-License-Identifier: Apache-2.0
"""One verdict for preview and run, and one row for an address whatever order they come in."""

import doctest
from dataclasses import replace
from itertools import permutations

import pytest

from chalicelib.domain import import_judging
from chalicelib.domain.country_rules import SHIPPED
from chalicelib.domain.import_judging import (
    GONE,
    PASSED_OVER,
    Judging,
    end_rank,
    here_of,
    judged,
    rank,
)
from chalicelib.domain.import_rows import FileStatus
from chalicelib.domain.import_statement import Basis
from chalicelib.domain.import_verdicts import Here, Why
from chalicelib.domain.imports import JudgedBy, Mode, Target
from tests.support.clock import START_MS
from tests.support.import_site import DEMO, LIST, OPTED_IN, SALE, ended, row
from tests.support.people import NEWS

ANNA = "anna@example.de"


def judging(mode=Mode.IMPORT, country=""):
    target = Target(brand=DEMO, list=LIST, purposes=(NEWS,), mode=mode)
    return Judging(target=target, by=JudgedBy(country=country, at_ms=START_MS), rules=SHIPPED)


def test_examples_hold():
    assert doctest.testmod(import_judging).failed == 0


def test_a_row_without_a_country_counts_for_its_domain_or_that_of_the_import():
    nothing = here_of(judging(), None, ())
    assert nothing.here is Here.NOTHING
    found = judged(judging(), row(ANNA, country=""), nothing)
    assert (found.counter, found.why) == ("DE:mail:consent", Why.CONSENT)
    stated = judged(judging(country="SE"), row("anna@example.org", country=""), nothing)
    assert stated.counter == "SE:mail:consent"
    assert judged(judging(), row(ANNA, country=None), nothing).country == "*"


def test_a_cut_over_passes_over_whoever_is_not_at_an_end():
    found = judged(judging(Mode.CUT_OVER), row(ANNA), GONE)
    assert (found.why, found.counter) == (None, PASSED_OVER)
    out = judged(judging(Mode.CUT_OVER), ended(ANNA), here_of(judging(), None, ()))
    assert out.why is Why.OPTED_OUT


def test_whose_erasure_goes_on_is_erased_whatever_the_file_says():
    for status in FileStatus:
        assert judged(judging(), row(ANNA, status), GONE).why is Why.ERASED


@pytest.mark.parametrize(
    ("basis", "better", "worse"),
    [
        (Basis.CONSENT, row(ANNA, FileStatus.SUBSCRIBED), row(ANNA, FileStatus.UNCONFIRMED)),
        (Basis.CONSENT, row(ANNA), row(ANNA, confirm_ip="")),
        (Basis.CONSENT, row(ANNA), row(ANNA, confirm_ip="", sale=SALE)),
        (Basis.SOFT_OPT_IN, row(ANNA, confirm_ip="", sale=SALE), row(ANNA)),
        (Basis.SOFT_OPT_IN, row(ANNA), row(ANNA, FileStatus.UNCONFIRMED, sale=SALE)),
        (Basis.CONSENT, row(ANNA, confirm_ms=OPTED_IN + 90_000), row(ANNA)),
    ],
)
def test_the_row_that_shows_most_stands_for_its_address(basis, better, worse):
    assert rank(better, basis) > rank(worse, basis)


def test_rows_that_differ_in_anything_have_one_order_and_a_line_is_nothing():
    rows = [
        row(ANNA, **said)
        for said in (
            {},
            {"source": "a fair"},
            {"tags": ("early",)},
            {"attributes": {"first_name": "Anna"}},
            {"language": "sv"},
            {"double_opt_in": True},
        )
    ]
    ranks = [rank(each, Basis.CONSENT) for each in rows]
    assert len(set(ranks)) == len(rows)
    for some in permutations(ranks, 3):
        assert max(some) == max(sorted(some))
    assert rank(replace(rows[0], line=99), Basis.CONSENT) == ranks[0]


def test_of_opt_outs_one_without_a_time_stands_then_the_latest():
    old, new, unknown = (ended(ANNA, ended_ms=at_ms) for at_ms in (OPTED_IN, OPTED_IN + 1, None))
    assert end_rank(unknown) > end_rank(new) > end_rank(old)


def test_an_address_is_counted_by_its_heaviest_end():
    kinds = (FileStatus.COMPLAINED, FileStatus.BOUNCED, FileStatus.OPTED_OUT)
    ranks = [end_rank(ended(ANNA, kind)) for kind in kinds]
    assert ranks == sorted(ranks, reverse=True)
