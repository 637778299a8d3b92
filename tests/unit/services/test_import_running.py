# SPDX-License-Identifier: Apache-2.0
"""The run of a lane: ends first, everybody once, nothing after an erasure. Kills: tests/faults."""

from dataclasses import replace

import pytest

from chalicelib.domain.eligibility import Allowed, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.import_rows import Activity, FileStatus, RowSale
from chalicelib.domain.import_statement import Basis, Source, Statement, statement_document
from chalicelib.domain.imports import (
    Halted,
    Happening,
    JudgedBy,
    Mode,
    OptOuts,
    Problem,
    Stage,
)
from chalicelib.domain.state import Scope
from chalicelib.errors import NotFound
from chalicelib.ports.outside import Queue
from chalicelib.proof import canonical
from tests.support.clock import START_MS
from tests.support.faults import Moment, no_faults
from tests.support.import_site import (
    DEMO,
    LIST,
    OPTED_IN,
    PLENTY_MS,
    ImportSite,
    ended,
    row,
)
from tests.support.memory_outside import MemoryQueues
from tests.support.people import NEWS

ANNA, BO, CY = (f"{name}@example.org" for name in ("anna", "bo", "cy"))
LANE = "17"
SCOPE = Scope(DEMO, EMAIL)


@pytest.fixture
def site():
    return ImportSite()


def may_be_mailed(site, address):
    state = site.state(address)
    return state is not None and isinstance(decide(state, SCOPE, LIST, NEWS), Allowed)


def whys(preview):
    return {str(why): n for each in preview.countries for why, n in each.why.items()}


def checked(site, rows, **how):
    of = site.laid(rows, **how)
    site.check(of)
    site.answer_for(of)
    return of


def test_what_was_written_is_what_the_preview_said(site):
    rows = [row(f"p{n}@example.org") for n in range(40)] + [ended(ANNA), row(BO, country="DE")]
    of = site.laid([*rows, row(CY, FileStatus.UNCONFIRMED)])
    preview = site.check(of)
    site.answer_for(of)
    written = site.run(of)
    assert written.countries == preview.countries
    assert (written.rows, written.of, written.is_written) == (43, 43, True)
    assert site.get(of).stage is Stage.DONE
    site.require_whole()


def test_an_end_wins_over_the_same_address_wherever_it_stands_in_the_file(site):
    for rows in ([row(ANNA), ended(ANNA)], [ended(BO), row(BO)]):
        site.take(*rows, lane=LANE)
    assert not may_be_mailed(site, ANNA)
    assert not may_be_mailed(site, BO)
    assert site.types(ANNA) == site.types(BO) == ["consent.withdrawn"]


def test_every_kind_of_end_of_an_address_is_written(site):
    written = site.take(ended(ANNA, FileStatus.BOUNCED), ended(ANNA), row(ANNA))
    assert sorted(site.types(ANNA)) == ["consent.withdrawn", "suppression.added"]
    assert [x.reason for x in site.people.suppressions.find(ANNA)] == ["bounce"]
    assert whys(written) == {"bounced": 1}
    assert (written.duplicates, written.rows, written.of) == (2, 2, 2)


def test_who_confirmed_after_their_opt_out_and_bounced_is_counted_as_bounced(site):
    site.people.confirmed(ANNA)
    rows = [ended(ANNA, ended_ms=OPTED_IN), ended(ANNA, FileStatus.BOUNCED)]
    assert whys(site.take(*rows)) == {"bounced": 1}
    assert not may_be_mailed(site, ANNA)


def test_listmonks_default_overwrite_which_erased_opt_outs_is_not_repeated_here(site):
    """In listmonk an import with "overwrite" made unsubscribed people subscribers again."""
    site.take(ended(ANNA))
    site.people.confirmed(BO)
    site.take(ended(BO))
    for _ in range(2):
        written = site.take(row(ANNA, line=2), row(BO, line=3))
        assert whys(written) == {"withdrawn": 2}
    assert not may_be_mailed(site, ANNA)
    assert not may_be_mailed(site, BO)


def test_keilas_dropping_of_rows_that_are_not_active_is_not_repeated_here(site):
    """Keila leaves out whoever is not active, so that the next file brings them back."""
    statuses = [
        FileStatus.OPTED_OUT,
        FileStatus.BOUNCED,
        FileStatus.COMPLAINED,
        FileStatus.UNCONFIRMED,
        FileStatus.NOT_SUBSCRIBED,
    ]
    people = {status: f"{status}@example.org" for status in statuses}
    site.take(*(row(address, status) for status, address in people.items()))
    assert all(site.sid(address) for address in people.values())
    site.take(*(row(people[status]) for status in statuses[:3]))
    assert not any(may_be_mailed(site, people[status]) for status in statuses[:3])


def test_a_cut_over_takes_ends_alone_and_may_be_repeated(site):
    site.people.confirmed(ANNA)
    site.people.confirmed(BO)
    rows = [ended(ANNA), row(BO), row(CY)]
    for _ in range(2):
        written = site.take(*rows, mode=Mode.CUT_OVER, lane=LANE)
    assert whys(written) == {"opted-out": 1}
    assert written.passed_over == 2
    assert (may_be_mailed(site, ANNA), may_be_mailed(site, BO)) == (False, True)
    assert site.sid(CY) is None
    assert site.types(ANNA).count("consent.withdrawn") == 1


def test_opens_and_clicks_of_other_files_are_sealed_with_the_claim(site):
    anna = row(ANNA)
    told = [
        Activity(address=anna.address, click=False, at_ms=OPTED_IN + 5),
        Activity(address=anna.address, click=True, at_ms=OPTED_IN + 6),
        Activity(address=anna.address, click=False, at_ms=OPTED_IN + 3),
    ]
    site.take(anna, activities=told)
    assert site.claims(ANNA).choice["history"] == {
        "opens": 2,
        "clicks": 1,
        "last_open_ts": OPTED_IN + 5,
        "last_click_ts": OPTED_IN + 6,
    }


STATEMENT = Statement(
    source=Source.OWN_CHECKOUT,
    basis=Basis.SOFT_OPT_IN,
    name="A. Buyer",
    position="Owner",
    confirmed=True,
    objection_how="a box beside the address",
    objection_at_ms=OPTED_IN,
)


def sold(how, at_ms):
    return RowSale(
        reference="A-1",
        product="bread",
        at_ms=OPTED_IN,
        objection_how=how,
        objection_at_ms=at_ms,
    )


def test_how_the_objection_was_offered_is_the_statements_where_the_row_says_nothing(site):
    stated = statement_document(
        STATEMENT, entered_by="key", file_mac="m", rules_digest="r", counts={}
    )
    site.blobs.put_new("imported/stated.json", canonical.encode(stated), "application/json")
    rows = [
        row(ANNA, sale=sold("", None)),
        row(BO, sale=sold("by telephone", OPTED_IN - 7)),
    ]
    by = JudgedBy(basis=Basis.SOFT_OPT_IN, objection_at_ms=OPTED_IN)
    of = checked(site, rows, judged_by=by)
    site.rows.replace(replace(site.get(of), statement="stated"))
    site.run(of)
    choices = [site.claims(address).choice for address in (ANNA, BO)]
    assert [(each["objection_how"], each["objection_ts"]) for each in choices] == [
        ("a box beside the address", OPTED_IN),
        ("by telephone", OPTED_IN - 7),
    ]


def test_the_sequencer_is_woken_once_a_chunk(site):
    of = checked(site, [row(f"p{n}@example.org") for n in range(60)], lane=LANE, chunk_rows=30)
    site.people.outside.messages.clear()
    site.run(of)
    taken = MemoryQueues(site.people.outside).take(Queue.SEQUENCING)
    assert taken == [{"v": 1}, {"v": 1}]


def test_nothing_is_written_from_the_transaction_on_before_which_somebody_was_erased(site):
    of = checked(site, [row(f"p{n}@example.org") for n in range(40)], lane=LANE)
    commits = []

    def erase_after_the_first(name, moment):
        if (name, moment) == ("GroupStore.commit_group", Moment.AFTER):
            commits.append(name)
            site.people.faults = no_faults
            site.fence.move()

    site.people.faults = erase_after_the_first
    with pytest.raises(Halted) as halted:
        site.running.run(of.id, LANE, PLENTY_MS)
    assert halted.value.failure.problem is Problem.ERASURE
    assert len(commits) == 1
    assert 0 < len(site.people.rows.states) < 40


def test_somebody_erased_between_the_reads_and_the_transaction_is_not_brought_back(site):
    sid = site.people.confirmed(ANNA, ("demo", "offers"))
    of = checked(site, [row(ANNA), row(BO)], lane=LANE)

    def erase(name, moment):
        if (name, moment) == ("GroupStore.load_many", Moment.AFTER):
            site.people.faults = no_faults
            site.fence.move()
            site.people.erase(sid)

    site.people.faults = erase
    with pytest.raises(Halted):
        site.running.run(of.id, LANE, PLENTY_MS)
    assert site.sid(ANNA) is None


def test_a_stopped_import_writes_no_further_chunk(site):
    of = checked(site, [row(f"p{n}@example.org") for n in range(30)], lane=LANE, chunk_rows=10)

    def stop(name, moment):
        if (name, moment) == ("GroupStore.commit_group", Moment.AFTER):
            site.people.faults = no_faults
            site.stages.end(site.get(of).moved(Happening.CANCEL, START_MS))

    site.people.faults = stop
    assert site.running.run(of.id, LANE, PLENTY_MS)
    assert len(site.people.rows.states) == 10
    assert site.get(of).stage is Stage.CANCELLED


def test_a_lane_goes_on_where_time_ran_out(site):
    of = checked(site, [row(f"p{n}@example.org") for n in range(30)], lane=LANE, chunk_rows=10)
    now_ms = site.people.clock.now_ms()
    assert not site.running.run(of.id, LANE, now_ms)

    def tick(name, moment):
        if (name, moment) == ("GroupStore.commit_group", Moment.AFTER):
            site.people.clock.advance(10)

    site.people.faults = tick
    assert not site.running.run(of.id, LANE, now_ms + 5)
    assert len(site.people.rows.states) == 10
    assert site.running.run(of.id, LANE, PLENTY_MS)
    assert len(site.people.rows.states) == 30
    assert site.running.run(of.id, LANE, PLENTY_MS)
    assert site.types("p3@example.org") == ["consent.imported"]


def test_nothing_runs_that_nobody_answered_for(site):
    of = site.laid([row(ANNA)], lane=LANE)
    assert site.running.run(of.id, LANE, PLENTY_MS)
    site.check(of)
    assert site.running.run(of.id, LANE, PLENTY_MS)
    assert site.sid(ANNA) is None
    moved = site.get(of).moved(Happening.RUN, START_MS)
    site.rows.replace(moved)
    with pytest.raises(NotFound):
        site.running.run(of.id, LANE, PLENTY_MS)


@pytest.mark.parametrize("opt_outs", OptOuts)
def test_who_signs_up_between_preview_and_run_is_decided_on_what_they_did(site, opt_outs):
    of = checked(site, [row(ANNA), ended(BO)], opt_outs=opt_outs)
    site.people.confirmed(ANNA)
    site.people.confirmed(BO)
    assert whys(site.run(of)) == {"known": 1, "opted-out": 1}
    assert site.types(ANNA) == ["consent.confirmed"]
    assert may_be_mailed(site, ANNA)
    assert not may_be_mailed(site, BO)


def test_the_same_rows_again_write_nothing(site):
    rows = [row(ANNA), ended(BO), row(CY, FileStatus.UNCONFIRMED)]
    site.take(*rows)
    entries = dict(site.people.rows.entries)
    rows[2] = replace(rows[2], line=99)
    assert whys(site.take(*rows)) == {"known": 1, "opted-out": 1, "unconfirmed": 1}
    assert site.people.rows.entries == entries


def test_a_claim_that_waits_and_says_something_new_is_written(site):
    site.take(row(CY, FileStatus.UNCONFIRMED))
    for said in ({"source": "a fair"}, {"tags": ("early",)}, {"country": "DE"}):
        before = len(site.types(CY))
        site.take(row(CY, FileStatus.UNCONFIRMED, **said))
        assert len(site.types(CY)) == before + 1
