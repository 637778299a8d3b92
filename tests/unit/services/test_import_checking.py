# SPDX-License-Identifier: Apache-2.0
"""The dry run: what it counts, that it writes nothing of anybody, and asks KMS once."""

import json
from dataclasses import replace

import pytest

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.import_rows import Activity, FileStatus, History
from chalicelib.domain.import_statement import Basis
from chalicelib.domain.import_verdicts import Verdict, Why
from chalicelib.domain.imports import (
    KEEP_MS,
    Halted,
    Happening,
    JudgedBy,
    Mode,
    Problem,
    Stage,
)
from chalicelib.errors import FatalError, NotFound, Overtaken, Unavailable
from chalicelib.ports.ledger_groups import Place
from chalicelib.services.import_lanes import load_marks
from chalicelib.services.suppression_digests import names_of_digests
from tests.support.clock import START_MS
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.import_site import OPTED_IN, PLENTY_MS, SALE, YEAR_MS, ImportSite, ended, row

ANNA, BO, CY = (f"{name}@example.org" for name in ("anna", "bo", "cy"))
LANE = "17"


@pytest.fixture
def site():
    return ImportSite()


def whys(preview):
    return {str(why): n for each in preview.countries for why, n in each.why.items()}


def counted(site, call):
    seen = []

    def listen(name, moment):
        if (name, moment) == (call, Moment.BEFORE):
            seen.append(name)

    site.people.faults = listen
    return seen


def everything(site):
    rows = site.people.rows
    return (dict(rows.entries), dict(rows.states), dict(rows.suppressions), dict(rows.outbox))


def test_everybody_is_counted_by_what_would_become_of_them_and_nothing_is_written(site):
    site.people.confirmed(BO)
    site.people.suppressions.add(CY, "manual")
    before = everything(site)
    of = site.laid([row(ANNA), row(BO), row(CY), ended("di@example.org")])
    preview = site.check(of)
    assert whys(preview) == {"consent": 1, "known": 1, "suppressed": 1, "opted-out": 1}
    assert [preview.count(each) for each in Verdict] == [2, 0, 2]
    assert (preview.rows, preview.of, preview.is_written) == (4, 4, False)
    assert everything(site) == before
    assert site.get(of).stage is Stage.PREVIEW


def test_who_is_being_erased_and_who_stays_suppressed_after_it_are_never_mailed(site):
    sid = site.people.confirmed(ANNA)
    del site.people.rows.vault[sid]
    site.people.ledger.suppress_stranger(site.people.mac(BO), SuppressionReason.ERASED)
    assert whys(site.check(site.laid([row(ANNA), row(BO)]))) == {"erased": 2}


def suppress_digest(site, address):
    """As a file of digests does; return the MACs of the digests."""
    site.people.index.note_digests()
    macs = site.people.ledger.macs(names_of_digests(parse_address(address)))
    for mac in macs:
        site.people.suppressor.suppress_mac(mac, SuppressionReason.MANUAL)
    return macs


def test_who_is_suppressed_by_a_digest_alone_is_counted_as_the_run_and_a_later_preview_do(site):
    suppress_digest(site, CY)
    site.people.confirmed(BO)
    suppress_digest(site, BO)
    sid = site.people.confirmed(ended_by := "di@example.org")
    suppress_digest(site, ended_by)
    del site.people.rows.vault[sid]
    beyond = "eva@b\u00fccher.example"
    suppress_digest(site, beyond)
    said = [row(each) for each in (ANNA, BO, CY, ended_by, beyond)]
    of = site.laid(said, lane=LANE)
    before = everything(site)
    preview = site.check(of)
    assert whys(preview) == {"consent": 1, "suppressed": 3, "erased": 1}
    assert everything(site) == before
    site.answer_for(of)
    assert whys(site.run(of)) == whys(preview)
    assert [each.reason for each in site.people.suppressions.find(CY)] == ["manual"]
    later = whys(site.check(site.laid(said)))
    assert later == {"known": 1, "suppressed": 3, "erased": 1}


def test_a_digest_that_was_taken_over_says_nothing_in_preview_and_run(site):
    for mac in suppress_digest(site, ANNA):
        held = site.people.rows.suppressions[mac]
        assert held
        held |= {reach: replace(each, salt_key=None) for reach, each in held.items()}
    of = site.laid([row(ANNA)])
    preview = site.check(of)
    assert whys(preview) == {"consent": 1}
    site.answer_for(of)
    assert whys(site.run(of)) == whys(preview)


def test_digests_of_many_are_read_fifty_at_once_and_of_nobody_where_there_are_none(site):
    said = [row(f"p{n}@example.org") for n in range(60)]
    calls = []
    named = ("AddressMac.macs", "GroupStore.lookup_many", "SuppressionIndex.has_digests")

    def listen(name, moment):
        if name in named and moment is Moment.BEFORE:
            calls.append(name)

    site.people.faults = listen
    site.check(site.laid(said, lane=LANE))
    macs, looked_up, has_digests = named
    assert calls == [macs, has_digests, looked_up, has_digests, looked_up]
    calls.clear()
    site.people.index.note_digests()
    site.check(site.laid(said, lane=LANE))
    assert calls == [macs, *2 * (has_digests, macs, looked_up, looked_up)]


@pytest.mark.parametrize("basis", Basis)
def test_of_several_rows_of_an_address_one_counts_whatever_their_order(site, basis):
    rows = [
        row(ANNA, country="DE", optin_ip="", optin_ms=None, line=2),
        row(ANNA, country="DE", line=3),
        row(ANNA.upper(), FileStatus.UNCONFIRMED, country="DE", line=4),
        row(ANNA, country="DE", optin_ip="", optin_ms=None, sale=SALE, line=5),
        row(ANNA, country="DE", line=6),
    ]
    by = JudgedBy(basis=basis)
    if basis is Basis.SOFT_OPT_IN:
        by = replace(by, objection_at_ms=OPTED_IN)
    for turn in range(5):
        turned = rows[turn:] + rows[:turn]
        preview = site.check(site.laid(turned, judged_by=by, lane=LANE, chunk_rows=2))
        assert whys(preview) == {str(basis): 1}
        assert (preview.duplicates, preview.rows, preview.of) == (4, 5, 5)


def test_an_end_stands_for_its_address_and_other_ends_are_counted_as_double(site):
    rows = [
        row(ANNA),
        ended(ANNA, FileStatus.BOUNCED),
        ended(ANNA, ended_ms=OPTED_IN),
        ended(ANNA),
        ended(ANNA, FileStatus.BOUNCED, line=9),
    ]
    preview = site.check(site.laid(rows))
    assert whys(preview) == {"bounced": 1}
    assert preview.duplicates == 4


def test_the_opt_out_without_a_time_counts_so_that_no_own_word_is_found_younger(site):
    site.people.confirmed(ANNA)
    for rows in ([ended(ANNA, ended_ms=OPTED_IN), ended(ANNA)], [ended(ANNA, ended_ms=OPTED_IN)]):
        found = whys(site.check(site.laid(rows)))
        assert found == {"opted-out" if len(rows) > 1 else "older-than-own-consent": 1}


def test_a_cut_over_looks_at_ends_alone_and_asks_for_no_mac_of_anybody_else(site):
    of = site.laid([row(ANNA), row(BO), ended(CY)], mode=Mode.CUT_OVER, lane=LANE)
    asked = []
    site.people.faults = lambda name, moment: asked.append(name)
    preview = site.check(of)
    assert (whys(preview), preview.passed_over) == ({"opted-out": 1}, 2)
    marks = [load_marks(site.files.marks(site.get(of), LANE, chunk)) for chunk in (0, 1)]
    assert [each.letters for each in marks] == [".", "pp"]
    assert marks[1].macs == ("", "")


def test_opens_and_clicks_of_other_files_count_where_a_country_asks_for_a_sign_of_life(site):
    old = START_MS - 4 * YEAR_MS
    said = {"optin_ms": old, "confirm_ms": old + 1, "country": "FR"}
    rows = [row(ANNA, **said), row(BO, history=History(rating=2), **said), row(CY, **said)]
    clicked = [
        Activity(address=each.address, click=True, at_ms=START_MS - YEAR_MS) for each in rows[:2]
    ]
    preview = site.check(site.laid(rows, activities=clicked))
    assert whys(preview) == {"consent": 2, "silent": 1}


def test_the_mac_of_an_address_is_asked_for_once_for_preview_new_preview_and_run(site):
    of = site.laid([row(ANNA), row(BO), row(BO, line=3), ended(CY)], lane=LANE)
    calls = []

    def listen(name, moment):
        if name.startswith("AddressMac") and moment is Moment.BEFORE:
            calls.append(name)

    site.people.faults = listen
    site.check(of)
    assert len(calls) == 2  # One for each chunk.
    again = replace(
        site.get(of).moved(Happening.REJUDGED, START_MS), checks=2, judged_by=JudgedBy(country="SE")
    )
    site.rows.replace(replace(again, judged_by=replace(again.judged_by, at_ms=START_MS)))
    site.rows.open_lanes(of.id, "c2")
    site.check(of)
    site.answer_for(of)
    site.run(of)
    assert len(calls) == 2


def test_a_domain_without_mail_waits_in_preview_and_run_and_is_asked_for_once(site):
    site.people.confirmed("here@shop.nomail.test")
    rows = [
        row("here@shop.nomail.test"),
        ended("left@shop.nomail.test"),
        row("new@shop.nomail.test"),
        row("weak@missing.test", optin_ms=None, confirm_ms=None),
        row("held@broken.test"),
        row(ANNA),
    ]
    of = site.laid(rows, lane=LANE)
    preview = site.check(of)
    assert whys(preview) == {"known": 1, "opted-out": 1, "no-mail": 2, "consent": 2}
    asked = len(site.dns.asked)
    site.dns.set("shop.nomail.test", "MX", "10 mx.shop.nomail.test")
    site.answer_for(of)
    assert whys(site.run(of)) == whys(preview)
    assert len(site.dns.asked) == asked
    assert site.types("new@shop.nomail.test") == ["consent.imported"]
    assert not site.state("new@shop.nomail.test").consents
    assert site.state("left@shop.nomail.test").stops


def test_addresses_that_are_probably_one_mailbox_are_counted_and_kept_apart(site):
    rows = [
        row("vi.sitor@gmail.com"),
        row("visitor+shop@googlemail.com"),
        row("visitor@gmail.com"),
        row("visitor@gmail.com", line=9),
        row("an.na@example.org"),
        row(ANNA),
        row("anna+b@example.org"),
        ended("anna+c@example.org"),
        row("anna+c@example.org"),
        *(row(f"p{n}+x@example.org") for n in range(150)),
    ]
    of = site.laid(rows)
    preview = site.check(of)
    assert (preview.alike, preview.duplicates) == (3, 2)
    assert whys(preview) == {"consent": 156, "opted-out": 1}
    site.answer_for(of)
    written = site.run(of)
    assert (whys(written), written.alike) == (whys(preview), 3)


def test_another_judgement_is_counted_in_lanes_of_its_own(site):
    of = site.laid([row(ANNA, country="DE", confirm_ip="")])
    assert whys(site.check(of)) == {"weak-evidence": 1}
    moved = site.get(of).moved(Happening.REJUDGED, START_MS)
    site.rows.replace(replace(moved, checks=2, judged_by=JudgedBy(documents=(), at_ms=START_MS)))
    site.rows.open_lanes(of.id, "c2")
    assert whys(site.check(of)) == {"weak-evidence": 1}
    assert site.rows.lanes(of.id, "c1")


def test_a_lane_goes_on_where_time_ran_out_and_counts_nobody_twice(site):
    of = site.laid([row(f"p{n}@example.org") for n in range(250)], lane=LANE, chunk_rows=120)
    site.people.clock.advance(1)
    now_ms = site.people.clock.now_ms()
    assert not site.checking.check(of.id, LANE, now_ms)
    steps = counted(site, "GroupStore.commit_group")

    def tick(name, moment):
        if (name, moment) == ("GroupStore.commit_group", Moment.AFTER):
            steps.append(name)
            site.people.clock.advance(10)

    site.people.faults = tick
    assert not site.checking.check(of.id, LANE, now_ms + 5)
    assert site.rows.lane(of.id, "c1", LANE).place == Place(1, 0)
    assert site.checking.check(of.id, LANE, PLENTY_MS)
    assert site.checking.check(of.id, LANE, PLENTY_MS)
    assert whys(site.report.preview(of.id)) == {"consent": 250}
    assert len(steps) == 5  # A hundred rows at most are counted at once.


def test_fifty_addresses_are_read_at_once(site):
    of = site.laid([row(f"p{n}@example.org") for n in range(101)], lane=LANE)
    reads = counted(site, "GroupStore.lookup_many")
    site.check(of)
    assert len(reads) == 3


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("moment", Moment)
def test_a_worker_that_dies_at_a_step_leaves_everybody_counted_once(site, nth, moment):
    of = site.laid([row(f"p{n}@example.org") for n in range(230)], lane=LANE, chunk_rows=150)
    site.people.faults = FailOnce("GroupStore.commit_group", moment, nth=nth)
    with pytest.raises(Unavailable):
        site.checking.check(of.id, LANE, PLENTY_MS)
    site.people.faults = no_faults
    assert whys(site.check(of)) == {"consent": 230}


def test_of_two_workers_of_a_lane_the_second_stops_and_nobody_is_counted_twice(site):
    of = site.laid([row(f"p{n}@example.org") for n in range(120)], lane=LANE)

    def other(name, moment):
        if (name, moment) == ("GroupStore.commit_group", Moment.BEFORE):
            site.people.faults = no_faults
            site.check(of)

    site.people.faults = other
    with pytest.raises(Overtaken):
        site.checking.check(of.id, LANE, PLENTY_MS)
    assert whys(site.report.preview(of.id)) == {"consent": 120}


def test_after_an_erasure_or_five_days_nothing_is_read_on(site):
    of = site.laid([row(ANNA)], lane=LANE)
    site.fence.move()
    with pytest.raises(Halted) as erased:
        site.checking.check(of.id, LANE, PLENTY_MS)
    assert erased.value.failure.problem is Problem.ERASURE
    late = site.laid([row(ANNA)], lane=LANE)
    site.people.clock.advance(KEEP_MS + 1)
    with pytest.raises(Halted) as old:
        site.checking.check(late.id, LANE, PLENTY_MS)
    assert old.value.failure.problem is Problem.TOO_OLD


def test_a_message_of_an_import_that_is_not_checked_does_nothing(site):
    of = site.laid([row(ANNA)], lane=LANE)
    site.check(of)
    assert site.checking.check(of.id, LANE, PLENTY_MS)
    site.rows.replace(site.get(of).moved(Happening.CANCEL, START_MS))
    assert site.checking.check(of.id, LANE, PLENTY_MS)
    assert whys(site.report.preview(of.id)) == {"consent": 1}
    with pytest.raises(NotFound):
        site.checking.check("AAAAAAAAAAAAAAAAAAAAAA", LANE, PLENTY_MS)


def test_marks_of_an_unknown_version_are_not_guessed_at():
    with pytest.raises(FatalError):
        load_marks(json.dumps({"v": 2, "letters": ".", "macs": ["x"]}).encode())


def test_a_counter_names_a_country_a_verdict_and_a_reason_and_nobody(site):
    of = site.laid([row(ANNA), ended(BO)], lane=LANE)
    site.check(of)
    names = set(site.rows.lane(of.id, "c1", LANE).counts)
    assert names == {"SE:mail:consent", "SE:never:opted-out", "rows"}
    assert Why.CONSENT.verdict is Verdict.MAIL
