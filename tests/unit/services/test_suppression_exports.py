# SPDX-License-Identifier: Apache-2.0
"""Files of suppressions given out: whom they name, and that they come back as they went."""

import copy
import csv
import io
import json
from dataclasses import replace

import pytest

from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.suppression_files import ExportForm
from chalicelib.errors import Conflict, KvittoError, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.export_files import GIVE_UP_MS, GONE, NOT_READY, OLD, TOO_LONG
from chalicelib.services.suppression_exports import KIND
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.suppression_lists import (
    KNOWN,
    MOST_BYTES,
    OTHER,
    STRANGER,
    TO_NEWSLETTER,
    brought,
    digest,
    given_out,
    held,
)


def test_an_export_names_those_we_know_and_only_macs_of_others(world):
    world.subscribe(KNOWN)
    world.suppressions.add(KNOWN, "manual", TO_NEWSLETTER)
    world.suppressions.add(STRANGER, "bounce")
    rows = {row["reason"]: row for row in given_out(world)}
    own, other = rows["manual"], rows["bounce"]
    assert (own["address"], own["sha256"]) == (KNOWN, digest(KNOWN))
    assert (own["brand"], own["list"], own["channel"]) == ("demo", "newsletter", "email")
    assert (other["address"], other["sha256"]) == ("", "")
    assert other["address_mac"] == world.ledger.mac(STRANGER)
    hashed = {row["reason"]: row for row in given_out(world, ExportForm.SHA256)}
    assert (hashed["manual"]["address"], hashed["manual"]["sha256"]) == ("", digest(KNOWN))


def test_the_ledger_says_so_before_anybody_is_opened(world):
    world.suppression_exports.ask(ExportForm.PLAIN)
    assert b"list.exported" in b"".join(row.leaf for row in world.outbox.pending(1_000))
    world.faults = FailAlways(
        "LedgerStore.append_controller_entry", Moment.BEFORE, Unavailable("lost")
    )
    before = len(world.catalog_rows.jobs)
    with pytest.raises(Unavailable):
        world.suppression_exports.ask(ExportForm.PLAIN)
    assert len(world.catalog_rows.jobs) == before


@pytest.mark.parametrize("form", ExportForm)
def test_what_goes_out_and_comes_in_again_changes_nothing(world, form):
    sid = world.subscribe(KNOWN)
    gone = world.subscribe(OTHER)
    world.suppressions.add(KNOWN, "manual", TO_NEWSLETTER)
    world.suppressions.add(KNOWN, "bounce")
    world.suppressions.add(STRANGER, "complaint")
    brought(world, f"{digest('nobody@example.org')},manual\n")
    world.shredder.shred(gone, "withdrawn", suppress=True)
    made = world.suppression_exports.ask(form)
    world.settle()
    data = world.suppression_exports.file(made.id, MOST_BYTES)
    before = copy.deepcopy(world.rows.suppressions)
    found = brought(world, data)
    assert (found.added, found.refused_total) == (0, 0)
    assert found.known == found.rows == 5
    assert {mac: rows for mac, rows in world.rows.suppressions.items() if rows} == {
        mac: rows for mac, rows in before.items() if rows
    }
    assert len(held(world, sid)) == 2
    assert given_out(world, form) == list(csv.DictReader(io.StringIO(data.decode())))


def test_an_erasure_takes_every_export_along(world):
    sid = world.subscribe(KNOWN)
    world.suppressions.add(KNOWN, "manual")
    made = world.suppression_exports.ask(ExportForm.PLAIN)
    with pytest.raises(Conflict):
        world.suppression_exports.file(made.id, MOST_BYTES)
    world.settle()
    world.shredder.shred(sid, "withdrawn", suppress=True)
    found = world.suppression_exports.get(made.id)
    assert (found.status, found.rows) == (JobStatus.FAILED, None)
    with pytest.raises(Conflict):
        world.suppression_exports.file(made.id, MOST_BYTES)
    assert not [name for name in world.outside_rows.blobs if name.startswith("exports/")]


def test_an_export_of_many_is_made_in_parts(world):
    for n in range(130):
        world.suppressions.add(f"person{n}@example.org", "manual")
    world.suppression_exports._writer._part_bytes = 4_000
    rows = given_out(world)
    assert len({row["address_mac"] for row in rows}) == len(rows) == 130


def test_who_is_restricted_is_exported_by_mac_alone(world):
    sid = world.subscribe(KNOWN)
    world.suppressions.add(KNOWN, "manual")
    world.erasures.request({"subscriber": sid}, key_id="one")
    (row,) = given_out(world)
    assert (row["address"], row["sha256"]) == ("", "")
    assert row["address_mac"] == world.ledger.mac(KNOWN)


def crowd(world, part_bytes=4_000):
    """A hundred suppressions, one of them of somebody we know, in parts; whose it is."""
    sid = world.subscribe(KNOWN)
    world.suppressions.add(KNOWN, "manual")
    for n in range(99):
        world.suppressions.add(f"person{n}@example.org", "manual")
    world.settle()
    world.suppression_exports._writer._part_bytes = part_bytes
    return sid


def work(world):
    """Hand every message over; one that fails comes again, as SQS would have it."""
    while taken := world.messages.take(Queue.SUPPRESSIONS):
        for body in taken:
            try:
                world.suppression_exports.make(body["export"])
            except KvittoError:
                world.messages.send(Queue.SUPPRESSIONS, body)


def erase(world, sid):
    """Erase somebody, whatever the messages of exports do meanwhile."""
    asked = world.erasures.request({"subscriber": sid}, key_id="asker")
    world.erasures.approve(asked.id, "approver")
    world.settle(Queue.ERASURES)


def job(world, made):
    return world.catalog_rows.jobs[KIND][made.id]


CALLS = ["AudienceStore.members", "LedgerStore.states", "ExportFence.place", "Jobs.replace"]
IN_ONE = [*CALLS, "Blobs.put"]
IN_PARTS = [*CALLS, "Uploads.part", "Uploads.complete"]


@pytest.mark.parametrize(
    ("part_bytes", "call"),
    [*((1 << 30, call) for call in IN_ONE), *((4_000, call) for call in IN_PARTS)],
)
@pytest.mark.parametrize("moment", Moment)
def test_whoever_is_erased_while_it_is_made_is_not_in_what_is_given_out(
    world, part_bytes, call, moment
):
    sid = crowd(world, part_bytes)
    made = world.suppression_exports.ask(ExportForm.PLAIN)
    done = []

    def erasing(at, when):
        if (at, when) == (call, moment) and not done:
            done.append(at)
            erase(world, sid)

    world.faults = erasing
    work(world)
    world.faults = no_faults
    assert done
    found = world.suppression_exports.get(made.id)
    if found.status is JobStatus.READY:
        given = world.suppression_exports.file(made.id, MOST_BYTES)
        assert KNOWN.encode() not in given
        assert digest(KNOWN).encode() not in given
    else:
        assert found.problem == GONE
    world.shredder.sweep(sid)
    left = b"".join(blob.data for blob in world.outside_rows.blobs.values())
    assert KNOWN.encode() not in left
    assert world.outside_rows.uploads == {}


@pytest.mark.parametrize(
    ("part_bytes", "call"), [(1 << 30, "Blobs.put"), (4_000, "Uploads.complete")]
)
def test_one_that_was_whole_when_somebody_was_erased_is_begun_anew(world, part_bytes, call):
    sid = crowd(world, part_bytes)
    made = world.suppression_exports.ask(ExportForm.PLAIN)
    whole = []

    def erasing(at, when):
        if (at, when) == (call, Moment.AFTER) and not whole:
            whole.append(at)
            erase(world, sid)

    world.faults = erasing
    work(world)
    found = world.suppression_exports.get(made.id)
    assert (found.status, found.rows) == (JobStatus.READY, 100)
    assert KNOWN.encode() not in world.suppression_exports.file(made.id, MOST_BYTES)


def test_what_a_slow_worker_still_writes_is_in_no_file_that_is_given_out(world, monkeypatch):
    """Its message came twice; somebody was erased between its opening and its writing."""
    sid = crowd(world, 1 << 30)
    made = world.suppression_exports.ask(ExportForm.PLAIN)
    put = world.blobs.put

    def slow(key, data, media_type, *more):
        monkeypatch.undo()
        erase(world, sid)
        world.suppression_exports.make(made.id)
        put(key, data, media_type, *more)

    monkeypatch.setattr(world.blobs, "put", slow)
    world.suppression_exports.make(made.id)
    world.settle()
    found = world.suppression_exports.get(made.id)
    assert (found.status, found.rows) == (JobStatus.READY, 100)
    assert KNOWN.encode() not in world.suppression_exports.file(made.id, MOST_BYTES)


def test_a_failure_at_any_call_leads_to_the_same_file(world):
    crowd(world)
    whole = given_out(world)
    names = ["Jobs.get", "Jobs.replace", "ExportFence.place", "SuppressionIndex.page"]
    names += ["LedgerStore.states", "AudienceStore.members", "Uploads.begin", "Uploads.part"]
    names += ["Uploads.complete", "Queues.send"]
    for name in names:
        for moment in Moment:
            for nth in (1, 2):
                made = world.suppression_exports.ask(ExportForm.PLAIN)
                world.faults = FailOnce(name, moment, nth=nth)
                work(world)
                world.faults = no_faults
                found = world.suppression_exports.get(made.id)
                assert (found.status, found.rows) == (JobStatus.READY, 100), (name, moment, nth)
                data = world.suppression_exports.file(made.id, MOST_BYTES)
                assert list(csv.DictReader(io.StringIO(data.decode()))) == whole


def test_two_workers_on_one_export_make_one_file(world):
    crowd(world)
    whole = given_out(world)
    made = world.suppression_exports.ask(ExportForm.PLAIN)
    begun = []

    def another(call, moment):
        """The same message comes twice: the other worker is one part ahead."""
        if call == "Uploads.part" and moment is Moment.BEFORE and len(begun) < 3:
            begun.append(call)
            world.suppression_exports.make(made.id)

    world.faults = another
    work(world)
    data = world.suppression_exports.file(made.id, MOST_BYTES)
    assert list(csv.DictReader(io.StringIO(data.decode()))) == whole
    assert world.outside_rows.uploads == {}


def test_one_that_is_given_up_says_so_and_keeps_nothing_of_its_upload(world):
    crowd(world)
    made = world.suppression_exports.ask(ExportForm.PLAIN)
    (body,) = world.messages.take(Queue.SUPPRESSIONS)
    world.suppression_exports.make(body["export"])
    assert len(world.outside_rows.uploads) == 1
    world.time.advance(GIVE_UP_MS)
    world.faults = FailOnce("Uploads.abandon", Moment.BEFORE)
    work(world)
    assert job(world, made).status is JobStatus.FAILED
    assert world.suppression_exports.get(made.id).problem == TOO_LONG
    assert world.outside_rows.uploads == {}


def test_one_that_an_earlier_version_began_is_finished(world):
    """Its job does not say which worker wrote it, and counts rows as it does now."""
    crowd(world)
    whole = given_out(world)
    made = world.suppression_exports.ask(ExportForm.PLAIN)
    (body,) = world.messages.take(Queue.SUPPRESSIONS)
    world.suppression_exports.make(body["export"])
    held = job(world, made)
    earlier = {name: said for name, said in held.progress.items() if name != "by"}
    assert earlier.keys() == {"fence", "file", "upload", "tags", "after", "rows"}
    world.catalog_rows.jobs[KIND][made.id] = replace(held, progress=earlier)
    work(world)
    assert world.suppression_exports.get(made.id).rows == len(whole) == 100
    data = world.suppression_exports.file(made.id, MOST_BYTES)
    assert list(csv.DictReader(io.StringIO(data.decode()))) == whole
    ready = job(world, made)
    earlier = {"fence": ready.progress["fence"], "rows": ready.progress["rows"]}
    world.catalog_rows.jobs[KIND][made.id] = replace(ready, progress=earlier)
    assert world.suppression_exports.get(made.id).rows == 100


def test_a_file_is_given_out_for_five_days_and_no_longer(world):
    world.suppressions.add(STRANGER, "manual")
    made = world.suppression_exports.ask(ExportForm.PLAIN)
    with pytest.raises(Conflict, match=NOT_READY):
        world.suppression_exports.address(made.id)
    world.settle()
    world.time.advance(made.expires_ms - world.time.now_ms() - 1)
    assert world.suppression_exports.address(made.id)
    world.time.advance(1)
    found = world.suppression_exports.get(made.id)
    assert (found.status, found.problem, found.rows) == (JobStatus.FAILED, OLD, None)
    with pytest.raises(Conflict):
        world.suppression_exports.file(made.id, MOST_BYTES)


def test_no_address_is_in_a_message_a_key_or_a_job(world):
    crowd(world)
    world.outside_rows.messages.clear()
    made = world.suppression_exports.ask(ExportForm.PLAIN)
    told = repr(job(world, made))
    while taken := world.messages.take(Queue.SUPPRESSIONS):
        told += json.dumps(taken)
        for body in taken:
            world.suppression_exports.make(body["export"])
        told += repr(job(world, made))
    told += world.suppression_exports.address(made.id)
    told += "".join(key for key in world.outside_rows.blobs if key.startswith("exports/"))
    assert "@" not in told
    assert "known" not in told
