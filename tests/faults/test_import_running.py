# SPDX-License-Identifier: Apache-2.0
"""The worker of an import's run killed before and after every call: every person exactly once."""

from contextlib import nullcontext

import pytest

from chalicelib.domain.import_rows import FileStatus
from chalicelib.domain.imports import Stage
from chalicelib.errors import Conflict, KvittoError, Overtaken, Throttled, Unavailable
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.import_site import PLENTY_MS, ImportSite, ended, row

COMMIT = "GroupStore.commit_group"
LANE = "17"
KNOWN, LEFT, BOUNCED, TWICE = (
    f"{name}@example.org" for name in ("known", "left", "bounced", "twice")
)
NEW = tuple(f"p{number}@example.org" for number in range(18))
WAITING = "waiting@example.org"
EXPECTED = {
    **{address: ["consent.imported"] for address in (*NEW, WAITING)},
    KNOWN: ["consent.confirmed"],
    LEFT: ["consent.confirmed", "consent.withdrawn"],
    BOUNCED: ["suppression.added"],
    TWICE: ["consent.withdrawn", "suppression.added"],
}


def running():
    """A lane of three chunks that somebody answered for."""
    site = ImportSite()
    site.people.confirmed(KNOWN)
    site.people.confirmed(LEFT)
    rows = [
        ended(LEFT),
        ended(BOUNCED, FileStatus.BOUNCED),
        ended(TWICE),
        ended(TWICE, FileStatus.BOUNCED),
        *map(row, NEW),
        row(NEW[3], line=99),
        row(KNOWN),
        row(LEFT),
        row(WAITING, FileStatus.UNCONFIRMED),
    ]
    of = site.laid(rows, lane=LANE, chunk_rows=12)
    site.check(of)
    site.answer_for(of)
    return site, of


def work(site, of):
    assert site.running.run(of.id, LANE, PLENTY_MS)


def require_done(site, of):
    site.stages.lane_ended(of.id)
    assert site.get(of).stage is Stage.DONE
    site.require_whole()
    assert {address: sorted(site.types(address)) for address in EXPECTED} == EXPECTED
    written = site.report.preview(of.id)
    assert written.by_country() == {
        "SE": {"consent": 18, "known": 1, "unconfirmed": 1, "opted-out": 1, "bounced": 2}
    }
    assert (written.rows, written.of, written.duplicates) == (24, 24, 3)
    suppressed = {site.people.mac(BOUNCED), site.people.mac(TWICE)}
    assert site.people.hygiene.macs == suppressed
    assert {mac for mac, rows in site.people.rows.suppressions.items() if rows} == suppressed


def every_call(wanted):
    """Each call of an undisturbed worker that comes to a moment: its name, and which it is."""
    calls, (site, of) = [], running()

    def listen(call, moment):
        if moment is wanted:
            calls.append(call)

    site.people.faults = listen
    work(site, of)
    site.people.faults = no_faults
    require_done(site, of)
    return [(call, calls[:place].count(call) + 1) for place, call in enumerate(calls)]


@pytest.mark.parametrize("moment", Moment)
def test_a_worker_killed_at_any_call_leaves_everybody_whole_and_the_next_ends_it(moment):
    calls = every_call(moment)
    assert {name for name, _ in calls} >= {
        "ImportRows.get",
        "ImportRows.lanes",
        "ExportFence.place_of_imports",
        "Blobs.get",
        "GroupStore.lookup_many",
        "GroupStore.load_many",
        "SuppressionIndex.note",
        COMMIT,
        "Queues.send",
    }
    for call, nth in calls:
        site, of = running()
        site.people.faults = FailOnce(call, moment, nth=nth)
        with stops_unless_harmless(call):
            work(site, of)
        site.people.faults = no_faults
        site.require_whole()
        work(site, of)
        require_done(site, of)


def stops_unless_harmless(call):
    """A sequencer that is not woken is run by its schedule; everything else stops the worker."""
    return nullcontext() if call == "Queues.send" else pytest.raises(Unavailable)


def test_a_second_worker_of_the_lane_stops_and_nothing_is_doubled():
    for nth in range(1, 6):
        site, of = running()
        left = [nth]

        def between(call, moment, site=site, of=of, left=left):
            if (call, moment) == (COMMIT, Moment.BEFORE):
                left[0] -= 1
                if not left[0]:
                    site.people.faults = no_faults
                    work(site, of)

        site.people.faults = between
        try:
            work(site, of)
        except Overtaken:
            work(site, of)
        site.people.faults = no_faults
        require_done(site, of)


def test_somebody_who_never_holds_still_delays_the_lane_and_is_written_later():
    site, of = running()
    sid = site.sid(LEFT)

    def move(call, moment):
        if (call, moment) == (COMMIT, Moment.BEFORE):
            site.people.faults = no_faults
            site.people.confirm_again(sid)
            site.people.faults = move

    site.people.faults = move
    with pytest.raises(Conflict):
        work(site, of)
    site.people.faults = no_faults
    work(site, of)
    site.stages.lane_ended(of.id)
    assert site.get(of).stage is Stage.DONE
    assert site.types(LEFT)[-1] == "consent.withdrawn"
    site.require_whole()


@pytest.mark.parametrize("error", [Unavailable("no answer"), Throttled("slow down")])
def test_whatever_stops_a_worker_is_one_of_our_errors_and_the_lane_goes_on_later(error):
    site, of = running()
    site.people.faults = FailAlways(COMMIT, Moment.BEFORE, error)
    with pytest.raises(KvittoError):
        work(site, of)
    site.people.faults = no_faults
    work(site, of)
    require_done(site, of)
