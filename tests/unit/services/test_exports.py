# SPDX-License-Identifier: Apache-2.0
"""An export accounts for everybody, is told to the ledger first, and never outlives an erasure."""

import csv
import io
import json
import logging
import re
import tracemalloc
from dataclasses import replace

import pytest

from chalicelib.domain.accounting import REASONS, read_asked
from chalicelib.domain.ids import SHARDS
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.entrypoints import logs
from chalicelib.errors import Conflict, KvittoError, NotFound, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.proof.leaf import parse_leaf
from chalicelib.services.export_files import (
    GIVE_UP_MS,
    GONE,
    KEEP_MS,
    NOT_READY,
    OLD,
    TOO_LONG,
)
from chalicelib.services.export_jobs import KIND
from chalicelib.services.export_parts import COLUMNS, ExportWriter
from chalicelib.services.recipients import FIRST
from chalicelib.vocabulary import EventType
from tests.support.account_examples import EVERYBODY, fill, sent_campaign, sids
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import World

PLENTY = 1 << 30
ASKER, APPROVER = "asker", "approver"
CANARY = "canary@example.org"


@pytest.fixture
def world():
    return World()


def parts_of(world, part_bytes):
    """Have the world's exports be made in parts of so many bytes."""
    world.__dict__["export_writer"] = ExportWriter(
        reader=world.account_reader,
        reads=world.send_reads,
        store=world.store,
        wrapper=world.wrapper,
        origin=world.settings.ledger_origin,
        part_bytes=part_bytes,
    )


def rows(data):
    """The rows of a file below the names of its columns."""
    head, *found = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    assert tuple(head) == COLUMNS
    return [dict(zip(COLUMNS, row, strict=True)) for row in found]


def exported(world, campaign, asked=EVERYBODY):
    """Ask for an export, have it made, and return its rows."""
    asked_for = world.exports.ask(campaign, asked)
    world.settle()
    return rows(world.exports.file(asked_for.id, PLENTY))


def erase(world, sid):
    """Erase somebody, whatever the messages of exports do meanwhile."""
    asked = world.erasures.request({"subscriber": sid}, key_id=ASKER)
    world.erasures.approve(asked.id, APPROVER)
    world.settle(Queue.ERASURES)


def sent_to(world, *addresses):
    people = {address: world.subscribe(address) for address in addresses}
    return sent_campaign(world), people


def crowd(world, *addresses):
    """A campaign to these people among a thousand who are not kept any more, in parts."""
    people = {address: world.subscribe(address) for address in addresses}
    campaign = sent_campaign(world)
    planned = {shard: sids(60, 100 * n) for n, shard in enumerate(SHARDS)}
    for n, sid in enumerate(people.values()):
        planned[SHARDS[n]] = sorted([*planned[SHARDS[n]], sid])
    codes = {shard: [Code.SENT] * len(planned[shard]) for shard in SHARDS}
    fill(world, campaign, planned, codes, size=50)
    parts_of(world, 3_000)
    return campaign, people


def test_everybody_is_in_it_with_address_outcome_id_and_time(world):
    campaign, people = sent_to(world, "anna@example.org", "bo@example.org")
    found = exported(world, campaign)
    assert {row["address"]: row["subscriber"] for row in found} == people
    assert {row["outcome"] for row in found} == {"sent"}
    assert {row["reason"] for row in found} == {""}
    assert {row["message_id"] for row in found} == {
        mail.message_id for mail in world.mails if mail.message.subject == "Hello"
    }
    assert all(row["at"].endswith("Z") and row["at"].startswith("20") for row in found)


def test_whose_data_do_not_open_or_are_gone_stays_in_it_without_an_address(world):
    addresses = [f"visitor{n}@example.org" for n in range(4)]
    campaign, people = sent_to(world, *addresses)
    erase(world, people[addresses[0]])
    del world.rows.vault[people[addresses[1]]]
    row = world.rows.audience[people[addresses[2]]]
    altered = row.sealed[:-1] + bytes((row.sealed[-1] ^ 1,))
    world.rows.audience[people[addresses[2]]] = replace(row, sealed=altered)
    asked = world.exports.ask(campaign, EVERYBODY)
    world.settle()
    found = {
        row["subscriber"]: row["address"] for row in rows(world.exports.file(asked.id, PLENTY))
    }
    assert found.keys() == set(people.values())
    assert sorted(found.values()) == ["", "", "", addresses[3]]
    shown = world.exports.get(asked.id)
    assert (shown.status, shown.people, shown.unopened) == (JobStatus.READY, 4, 3)


def test_only_whom_was_asked_for_is_in_it(world):
    campaign = sent_campaign(world)
    every = list(Code)
    fill(world, campaign, {"3": sids(len(every))}, {"3": every})
    found = exported(world, campaign, read_asked(["skipped", "rejected"], []))
    assert {row["outcome"] for row in found} == {"skipped", "rejected"}
    assert len(found) == 1 + len(REASONS)
    (row,) = exported(world, campaign, read_asked(["skipped"], ["erased"]))
    assert (row["reason"], row["address"]) == ("erased", "")
    assert row["at"] == "2026-01-01T00:00:00.250Z"


def opened_entries(world):
    """How many entries of nobody's chain say that data was opened."""
    leaves = [parse_leaf(row.leaf) for row in world.outbox.pending(100) if row.sid is None]
    return sum(one.fields.type is EventType.DATA_UNSEALED for one in leaves)


def test_the_ledger_says_so_once_and_before_anybody_is_opened(world):
    campaign, _ = sent_to(world, CANARY)
    call = "LedgerStore.append_controller_entry"
    world.faults = FailOnce(call, Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.exports.ask(campaign, EVERYBODY)
    assert not world.messages.take(Queue.SEGMENTS)
    assert not world.catalog_rows.jobs.get(KIND)
    calls = []
    world.faults = lambda made, moment: calls.append(made) if moment is Moment.BEFORE else None
    world.exports.ask(campaign, EVERYBODY)
    world.settle(Queue.SEGMENTS)
    assert calls.index(call) < calls.index("SendReads.readers")
    assert calls.count(call) == opened_entries(world) == 1


def test_a_campaign_not_planned_whole_and_one_that_is_not_there_are_refused(world):
    world.subscribe(CANARY)
    campaign = world.campaign()
    before = set(world.rows.located)
    with pytest.raises(Conflict):
        world.exports.ask(campaign, EVERYBODY)
    with pytest.raises(NotFound):
        world.exports.ask("A" * 22, EVERYBODY)
    assert set(world.rows.located) == before


def test_an_export_of_many_parts_is_the_same_file_and_each_message_makes_one(world):
    campaign, people = crowd(world, CANARY, "bo@example.org")
    parts_of(world, PLENTY)
    whole = exported(world, campaign)
    parts_of(world, 3_000)
    world.__dict__.pop("exports")
    asked = world.exports.ask(campaign, EVERYBODY)
    messages = 0
    while taken := world.messages.take(Queue.SEGMENTS):
        (body,) = taken
        assert body == {"v": 1, "export": asked.id}
        world.exports.make(body["export"])
        messages += 1
    assert messages > 5
    assert rows(world.exports.file(asked.id, PLENTY)) == whole
    assert len(whole) == 16 * 60 + 2
    assert {row["address"]: row["subscriber"] for row in whole if row["address"]} == people
    assert world.outside_rows.uploads == {}


def test_a_last_part_with_nobody_in_it_is_left_out(world):
    campaign = sent_campaign(world)
    people = {"0": sids(60), "1": sids(60, 100)}
    fill(world, campaign, people, {shard: [Code.SENT] * 60 for shard in people}, size=50)
    parts_of(world, 3_000)
    found = exported(world, campaign)
    assert [row["subscriber"] for row in found] == [*people["0"], *people["1"]]


def test_a_failure_at_any_call_leads_to_the_same_file(world):
    campaign, _ = crowd(world, CANARY)
    whole = exported(world, campaign)
    names = ["Jobs.get", "Jobs.replace", "ExportFence.place", "Campaigns.get", "Blobs.get_range"]
    names += ["RunStore.view", "SendReads.readers", "Uploads.begin", "Uploads.part"]
    names += ["Uploads.complete", "Queues.send"]
    for name in names:
        for moment in Moment:
            for nth in (1, 2):
                asked = world.exports.ask(campaign, EVERYBODY)
                world.faults = FailOnce(name, moment, nth=nth)
                work(world)
                world.faults = no_faults
                shown = world.exports.get(asked.id)
                assert shown.status is JobStatus.READY, (name, moment, nth)
                assert shown.people == len(whole)
                assert rows(world.exports.file(asked.id, PLENTY)) == whole


def work(world):
    """Hand every message over; one that fails comes again, as SQS would have it."""
    while taken := world.messages.take(Queue.SEGMENTS):
        for body in taken:
            try:
                world.exports.make(body["export"])
            except KvittoError:
                world.messages.send(Queue.SEGMENTS, body)


def test_two_workers_on_one_export_make_one_file(world):
    campaign, _ = crowd(world, CANARY)
    whole = exported(world, campaign)
    asked = world.exports.ask(campaign, EVERYBODY)
    begun = []

    def another(call, moment):
        """The same message comes twice: the other worker is one part ahead."""
        if call == "Uploads.part" and moment is Moment.BEFORE and len(begun) < 3:
            begun.append(call)
            world.exports.make(asked.id)

    world.faults = another
    work(world)
    assert rows(world.exports.file(asked.id, PLENTY)) == whole
    assert world.outside_rows.uploads == {}


def test_an_erasure_ends_every_export_at_once_and_it_can_be_asked_for_again(world):
    campaign, people = sent_to(world, CANARY, "bo@example.org")
    finished = world.exports.ask(campaign, EVERYBODY)
    world.settle()
    assert world.exports.get(finished.id).status is JobStatus.READY
    erase(world, people[CANARY])
    assert not [key for key in world.outside_rows.blobs if key.startswith("exports/")]
    shown = world.exports.get(finished.id)
    assert (shown.status, shown.problem, shown.people) == (JobStatus.FAILED, GONE, None)
    for fetch in (world.exports.address, lambda export: world.exports.file(export, PLENTY)):
        with pytest.raises(Conflict):
            fetch(finished.id)
    found = exported(world, campaign)
    assert sorted(row["address"] for row in found) == ["", "bo@example.org"]


IN_ONE = ["SendReads.readers", "Blobs.put", "ExportFence.place", "Jobs.replace"]
IN_PARTS = ["SendReads.readers", "Uploads.part", "Uploads.complete", "ExportFence.place"]


@pytest.mark.parametrize(
    ("part_bytes", "call"),
    [*((PLENTY, call) for call in IN_ONE), *((3_000, call) for call in IN_PARTS)],
)
@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
def test_whoever_is_erased_while_it_is_made_is_not_in_what_is_given_out(
    world, call, moment, part_bytes
):
    campaign, people = crowd(world, CANARY)
    parts_of(world, part_bytes)
    asked = world.exports.ask(campaign, EVERYBODY)
    done = []

    def erasing(at, when):
        if (at, when) == (call, moment) and not done:
            done.append(at)
            erase(world, people[CANARY])

    world.faults = erasing
    world.settle()
    world.faults = no_faults
    assert done
    shown = world.exports.get(asked.id)
    if shown.status is JobStatus.READY:
        assert CANARY not in [r["address"] for r in rows(world.exports.file(asked.id, PLENTY))]
    else:
        assert shown.problem == GONE
    world.shredder.sweep(people[CANARY])
    assert CANARY.encode() not in b"".join(b.data for b in world.outside_rows.blobs.values())


def test_what_a_slow_worker_still_writes_is_in_no_file_that_is_given_out(world, monkeypatch):
    """Its message came twice; somebody was erased between its opening and its writing."""
    campaign, people = sent_to(world, CANARY, "reader@example.org")
    asked = world.exports.ask(campaign, EVERYBODY)
    put = world.blobs.put

    def slow(key, data, media_type, *more):
        monkeypatch.undo()
        erase(world, people[CANARY])
        world.exports.make(asked.id)
        assert world.exports.get(asked.id).status is JobStatus.READY
        put(key, data, media_type, *more)

    monkeypatch.setattr(world.blobs, "put", slow)
    world.exports.make(asked.id)
    given = world.exports.file(asked.id, PLENTY)
    assert CANARY.encode() not in given
    assert b"reader@example.org" in given
    world.settle()
    assert world.exports.file(asked.id, PLENTY) == given


def test_the_address_of_who_asked_for_a_restriction_is_not_opened(world):
    campaign, people = sent_to(world, CANARY, "reader@example.org")
    world.erasures.request({"subscriber": people[CANARY]}, key_id=ASKER)
    found = {row["subscriber"]: row["address"] for row in exported(world, campaign)}
    assert found == {
        people[CANARY]: "",
        people["reader@example.org"]: "reader@example.org",
    }


def test_a_message_that_came_twice_is_not_two_messages_for_every_part(world):
    campaign, _ = crowd(world, CANARY)
    parts_of(world, 300)
    asked = world.exports.ask(campaign, EVERYBODY)
    (body,) = world.messages.take(Queue.SEGMENTS)
    written = world.export_writer.part
    world.messages.send(Queue.SEGMENTS, body)

    def met(*given):
        world.export_writer.part = written
        for again in world.messages.take(Queue.SEGMENTS):
            world.exports.make(again["export"])
        return written(*given)

    world.export_writer.part = met
    world.exports.make(body["export"])
    assert len(world.messages.take(Queue.SEGMENTS)) == 1
    assert asked.id == body["export"]


def test_a_file_is_given_out_for_five_days_and_no_longer(world):
    campaign, _ = sent_to(world, CANARY)
    asked = world.exports.ask(campaign, EVERYBODY)
    with pytest.raises(Conflict, match=NOT_READY):
        world.exports.file(asked.id, PLENTY)
    world.settle()
    world.time.advance(asked.expires_ms - world.time.now_ms() - 1)
    assert world.exports.address(asked.id)
    world.time.advance(1)
    shown = world.exports.get(asked.id)
    assert (shown.status, shown.problem) == (JobStatus.FAILED, OLD)
    with pytest.raises(Conflict):
        world.exports.file(asked.id, PLENTY)
    assert asked.expires_ms - asked.created_ms == KEEP_MS


def test_a_file_that_is_too_large_or_gone_is_said_to_be(world):
    campaign, _ = sent_to(world, CANARY)
    asked = world.exports.ask(campaign, EVERYBODY)
    world.settle()
    size = len(world.exports.file(asked.id, PLENTY) or b"")
    assert world.exports.file(asked.id, size) is not None
    assert world.exports.file(asked.id, size - 1) is None
    world.blobs.delete(world.catalog_rows.jobs[KIND][asked.id].blob)
    with pytest.raises(NotFound):
        world.exports.file(asked.id, PLENTY)
    with pytest.raises(NotFound):
        world.exports.get("A" * 22)


def test_one_that_does_not_get_ready_is_given_up_and_says_so(world):
    campaign, _ = sent_to(world, CANARY)
    asked = world.exports.ask(campaign, EVERYBODY)
    world.time.advance(GIVE_UP_MS)
    assert world.exports.get(asked.id).problem == TOO_LONG
    world.settle()
    assert world.catalog_rows.jobs[KIND][asked.id].status is JobStatus.FAILED
    assert world.exports.get(asked.id).problem == TOO_LONG
    world.exports.make(asked.id)
    world.exports.make("A" * 22)


def test_one_that_is_given_up_keeps_nothing_of_its_upload(world):
    campaign, _ = crowd(world, CANARY)
    world.exports.ask(campaign, EVERYBODY)
    (body,) = world.messages.take(Queue.SEGMENTS)
    world.exports.make(body["export"])
    assert len(world.outside_rows.uploads) == 1
    world.time.advance(GIVE_UP_MS)
    world.faults = FailOnce("Uploads.abandon", Moment.BEFORE)
    work(world)
    assert world.exports.get(body["export"]).problem == TOO_LONG
    assert world.outside_rows.uploads == {}


def test_no_address_is_in_a_message_a_log_a_key_a_job_or_an_address(world, caplog):
    campaign, _ = crowd(world, CANARY)
    world.outside_rows.messages.clear()
    with caplog.at_level(logging.DEBUG):
        asked = world.exports.ask(campaign, EVERYBODY)
        told = json.dumps([each.body for each in world.outside_rows.messages])
        while taken := world.messages.take(Queue.SEGMENTS):
            told += json.dumps(taken)
            for body in taken:
                world.exports.make(body["export"])
    lines = [logs.LineFormatter().format(record) for record in caplog.records]
    assert any("an export is ready" in line for line in lines)
    address = world.exports.address(asked.id)
    keys = [key for key in world.outside_rows.blobs if key.startswith("exports/")]
    (key,) = keys
    assert re.fullmatch(rf"exports/{asked.id}-[A-Za-z0-9_-]{{22}}\.csv", key)
    jobs = repr(world.catalog_rows.jobs[KIND])
    for text in (told, *lines, address, *keys, jobs):
        assert CANARY not in text
        assert "canary" not in text
    assert CANARY.encode() in world.outside_rows.blobs[keys[0]].data


def test_memory_does_not_grow_with_the_people(world):
    campaign = sent_campaign(world)

    def peak(people):
        fill(world, campaign, {"0": sids(people)}, {"0": [Code.SENT] * people}, size=50)
        writer = ExportWriter(
            reader=world.account_reader,
            reads=world.send_reads,
            store=world.store,
            wrapper=world.wrapper,
            origin=world.settings.ledger_origin,
            part_bytes=60_000,
        )
        tracemalloc.start()
        spot, parts = FIRST, 0
        campaign_row = world.campaign_rows.get(campaign)
        while spot is not None:
            spot = writer.part(campaign_row, EVERYBODY, spot).after
            parts += 1
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most, parts

    few, many = peak(2_000), peak(12_000)
    assert many[1] > 4 * few[1]
    assert many[0] < 1.3 * few[0]
