# SPDX-License-Identifier: Apache-2.0
"""Time anchors: of published checkpoints, once each, never against an honest entry."""

from dataclasses import replace

import pytest

from chalicelib.errors import EvidenceError, KvittoError, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.proof import note
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.services.anchoring import (
    ASK_AGAIN_MS,
    CLOCKS_DIFFER_MS,
    EVERY_MS,
    FRESH_MS,
    note_key,
    response_key,
)
from chalicelib.services.ledger import Draft
from chalicelib.services.sequencing import CHECKPOINT, read_checkpoint
from chalicelib.vocabulary import EventType
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import World

HEARTBEAT = Draft(type=EventType.LOG_HEARTBEAT, channel=None)
CALLS = ["Anchors.latest", "Anchors.add", "Blobs.get", "Blobs.put_new", "Outbox.pending"]
CALLS += ["TimeAuthority.stamp", "Queues.send"]


@pytest.fixture
def world():
    made = World()
    made.settings = replace(
        made.settings, tsa_url="https://tsa.example.org/", tsa_roots="roots.pem"
    )
    made.time_authority.stamps = True
    return made


def grow(world, entries=1, *, anchor=True):
    """Log some entries and sequence them; the anchor that is asked for is made, or left."""
    for _ in range(entries):
        world.ledger.record(HEARTBEAT)
    world.settle(Queue.SEQUENCING, *([Queue.ANCHORS] if anchor else []))
    return Checkpoint.parse(note.parse_note(read_checkpoint(world.blobs)).text).size


def sizes(world):
    return sorted(world.anchors.rows)


def test_the_first_checkpoint_is_stamped_at_once_byte_for_byte(world):
    size = grow(world)
    assert sizes(world) == [size]
    kept = world.outside_rows.blobs
    assert kept[note_key(size)].data == kept[f"log/checkpoints/{size}"].data
    assert world.time_authority.stamped == [kept[note_key(size)].data]
    assert world.anchors.rows[size].time_ms == world.time.now_ms()


def test_an_anchor_is_asked_for_again_only_when_the_last_is_an_hour_old(world):
    first = grow(world)
    world.time.advance(EVERY_MS - 1)
    grow(world)
    assert sizes(world) == [first]
    world.time.advance(1)
    later = grow(world)
    assert sizes(world) == [first, later]


def test_between_two_anchors_a_sequencer_makes_no_call_for_them(world):
    grow(world)
    grow(world)
    called = []
    world.faults = lambda call, moment: called.append(call)
    grow(world)
    assert not [call for call in called if call.startswith(("Anchors", "TimeAuthority"))]


def test_without_an_authority_nothing_is_asked_for_and_nothing_is_stamped(world):
    world.settings = replace(world.settings, tsa_url="")
    world.time_authority.stamps = False
    size = grow(world)
    assert world.messages.take(Queue.ANCHORS) == []
    assert not world.anchoring.ensure(read_checkpoint(world.blobs))
    assert not world.anchoring.anchor_latest()
    assert sizes(world) == []
    assert world.anchoring.around([0, size - 1], size) == ()


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("call", CALLS)
def test_a_crash_at_any_call_leaves_one_stamp_a_size_and_the_next_run_completes_it(
    world, call, moment, nth
):
    size = grow(world, anchor=False)
    world.faults = FailOnce(call, moment, nth=nth)
    try:
        world.anchoring.anchor_latest()
    except KvittoError:
        world.faults = no_faults
        first = world.outside_rows.blobs.get(response_key(size))
        assert world.anchoring.anchor_latest()
        if first is not None:
            assert world.outside_rows.blobs[response_key(size)] == first
    world.faults = no_faults
    assert sizes(world) == [size]
    (found,) = world.anchoring.around([0], size)
    assert world.time_authority.verify(found.note, found.response) == found.time_ms


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("call", ["Anchors.latest", "Queues.send"])
def test_sequencing_never_fails_for_want_of_an_anchor(world, call, moment):
    world.ledger.record(HEARTBEAT)
    world.settle(Queue.CONFIRMATIONS)
    world.faults = FailOnce(call, moment)
    assert world.sequencer.run() >= 1


def test_an_authority_that_is_down_is_asked_again_by_a_later_run(world, caplog):
    world.faults = FailOnce("TimeAuthority.stamp", Moment.BEFORE)
    grow(world)
    assert sizes(world) == []
    assert "was not stamped" in caplog.text
    grow(world)
    assert sizes(world) == []  # Nobody is pestered.
    world.time.advance(ASK_AGAIN_MS)
    size = grow(world)
    assert sizes(world) == [size]


def test_the_schedule_stamps_only_what_grew_and_fails_when_nothing_can_be_had(world):
    grow(world)
    asked = len(world.time_authority.stamped)
    assert world.anchoring.anchor_latest()
    assert len(world.time_authority.stamped) == asked
    world.time.advance(1000)
    grow(world)
    world.faults = FailOnce("TimeAuthority.stamp", Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.anchoring.anchor_latest()


def test_a_checkpoint_is_not_stamped_while_an_old_entry_waits_outside_it(world):
    """Its entry would lie before the bound: an honest operator would look like a forger."""
    world.time_authority.stamps = False
    size = grow(world)
    old = read_checkpoint(world.blobs)
    world.ledger.record(HEARTBEAT)
    world.time.advance(FRESH_MS + 1)
    world.time_authority.stamps = True
    assert not world.anchoring.ensure(old)
    world.settle(Queue.SEQUENCING)  # Now it is in the log, and no less old.
    assert not world.anchoring.ensure(old)
    assert world.anchoring.anchor(size)
    assert sizes(world) == [size + 1]


def test_a_checkpoint_that_young_entries_follow_is_stamped_exactly(world):
    """In a busy log the checkpoint of a bundle is never the latest for long."""
    world.time_authority.stamps = False
    size = grow(world)
    note_of_bundle = read_checkpoint(world.blobs)
    grow(world, 300)
    world.ledger.record(HEARTBEAT)
    world.time_authority.stamps = True
    assert world.anchoring.ensure(note_of_bundle)
    assert sizes(world) == [size]
    assert world.outside_rows.blobs[note_key(size)].data == note_of_bundle


@pytest.mark.parametrize("ahead_ms", [CLOCKS_DIFFER_MS + 1, -CLOCKS_DIFFER_MS - 1])
def test_a_stamp_of_another_time_than_ours_is_thrown_away_and_alarms(world, caplog, ahead_ms):
    world.time_authority.ahead_ms = ahead_ms
    grow(world)
    assert sizes(world) == []
    assert not [key for key in world.outside_rows.blobs if key.startswith("anchors/")]
    assert "ERROR" in {record.levelname for record in caplog.records}


def test_a_proof_goes_on_without_a_stamp_whatever_fails(world):
    size = grow(world, anchor=False)
    checkpoint = read_checkpoint(world.blobs)
    for call in ("Anchors.latest", "Blobs.get", "Outbox.pending", "TimeAuthority.stamp"):
        world.faults = FailOnce(call, Moment.BEFORE)
        assert not world.anchoring.ensure(checkpoint)
    assert not world.anchoring.ensure(b"no note")
    assert world.anchoring.ensure(checkpoint)
    assert sizes(world) == [size]


def test_another_logs_checkpoint_is_not_stamped(world):
    grow(world)
    other = (
        b"other.example.org/log" + read_checkpoint(world.blobs)[len("mail.example.org/ledger") :]
    )
    assert not world.anchoring.ensure(other)
    with pytest.raises(EvidenceError):
        world.anchoring._stamp(other)


def test_the_anchors_around_entries_are_the_nearest_each_once_and_within_the_readers_tree(world):
    anchored = []
    for _ in range(4):
        anchored.append(grow(world, 3))
        world.time.advance(EVERY_MS)
    first, second, third, last = anchored
    assert sizes(world) == anchored

    def around(*indices, size=last):
        return [each.size for each in world.anchoring.around(indices, size)]

    assert around(0) == [first]
    assert around(first - 1) == [first]
    assert around(first) == [first, second]
    assert around(first, first + 1, second - 1, 0) == [first, second]
    assert around(first, third) == [first, second, third, last]
    assert around(third, size=last - 1) == [third]
    assert around(last, size=last + 1) == [last]


def test_neighbours_cost_two_reads_of_the_index_however_many_entries_they_bound(world):
    size = grow(world, 40)
    called = []
    world.faults = lambda call, moment: called.append(call) if moment is Moment.BEFORE else None
    world.anchoring.around(range(size), size)
    assert called == ["Anchors.latest", "Anchors.next_above", "Blobs.get", "Blobs.get"]


def test_nothing_personal_is_in_a_message_a_row_or_an_object(world):
    world.subscribe("visitor@example.org", first_name="Visitor")
    world.settle()
    kept = [key for key in world.outside_rows.blobs if key.startswith("anchors/")]
    assert kept
    for key in kept:
        assert b"visitor" not in world.outside_rows.blobs[key].data.lower()
    assert CHECKPOINT in world.outside_rows.blobs
