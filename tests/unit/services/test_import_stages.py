# SPDX-License-Identifier: Apache-2.0
"""Imports moving from stage to stage by messages: lost, doubled, late, and after an erasure."""

import itertools

import pytest

from chalicelib.domain.import_wishes import Remap
from chalicelib.domain.imports import LANES, Problem, Stage
from chalicelib.errors import Conflict, KvittoError
from chalicelib.ports.outside import Queue
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.import_asking import (
    STATEMENT,
    batches,
    files_of,
    new,
    previewed,
    sid_of,
    types_of,
    uploaded,
)
from tests.support.world import World

PERSON = "visitor@example.org"
EVERYBODY = ("mailed@example.org", "waits@example.org", "left@example.org")


@pytest.fixture
def world():
    return World()


def erase(world, email):
    sid = sid_of(world, email)
    asked = world.erasures.request({"subscriber": sid}, key_id="asker", suppress=False)
    world.erasures.approve(asked.id, "approver")
    world.settle(Queue.ERASURES)


def until(world, stage):
    """An import at a stage, with the messages that would take it on, which nobody took yet."""
    desk = world.import_desk
    record = new(desk) if stage is Stage.UPLOADING else uploaded(desk)
    if stage is Stage.CHECKING:
        (begin,) = world.messages.take(Queue.IMPORTS)
        world.handle(Queue.IMPORTS, begin)
    elif stage in (Stage.PREVIEW, Stage.RUNNING):
        world.settle(Queue.IMPORTS)
    if stage is Stage.RUNNING:
        desk.run(record.id, STATEMENT, "officer")
        (begin,) = world.messages.take(Queue.IMPORTS)
        world.handle(Queue.IMPORTS, begin)
    assert desk.get(record.id).stage is stage
    return record


UNDER_WAY = (Stage.UPLOADING, Stage.READING, Stage.CHECKING, Stage.PREVIEW, Stage.RUNNING)


@pytest.mark.parametrize("stage", UNDER_WAY)
def test_an_erasure_ends_every_import_that_is_under_way(world, stage):
    world.subscribe(PERSON)
    record = until(world, stage)
    erase(world, PERSON)
    assert files_of(world, record) == []
    world.settle()
    ended = world.import_desk.get(record.id)
    assert (ended.stage, ended.key) == (Stage.FAILED, None)
    assert ended.failure.problem is Problem.ERASURE
    assert not [email for email in EVERYBODY if sid_of(world, email)]
    assert files_of(world, record) == []


def test_what_was_written_before_an_erasure_stays_and_is_passed_over_the_next_time(world):
    world.subscribe(PERSON)
    record = until(world, Stage.RUNNING)
    messages = world.messages.take(Queue.IMPORTS)
    world.handle(Queue.IMPORTS, messages[0])
    written = [email for email in EVERYBODY if sid_of(world, email)]
    assert 0 < len(written) < len(EVERYBODY)
    erase(world, PERSON)
    for message in messages[1:]:
        world.handle(Queue.IMPORTS, message)
    assert [email for email in EVERYBODY if sid_of(world, email)] == written
    again = previewed(world)
    assert again.id != record.id
    world.import_desk.run(again.id, STATEMENT, "officer")
    world.settle()
    assert world.import_desk.get(again.id).stage is Stage.DONE
    assert all(sid_of(world, email) for email in EVERYBODY)


def test_an_erasure_in_the_middle_of_a_lane_lets_no_further_transaction_through(world):
    """The fence moves before the key goes: the erased person cannot come back by their own row."""
    sid = world.subscribe("mailed@example.org")
    asked = world.erasures.request({"subscriber": sid}, key_id="asker", suppress=False)
    world.erasures.approve(asked.id, "approver")
    record = until(world, Stage.RUNNING)
    messages = world.messages.take(Queue.IMPORTS)
    mac = world.ledger.mac("mailed@example.org")

    def strike(call, moment):
        if call == "PersonalData.shred" and moment is Moment.BEFORE:
            world.faults = no_faults
            for message in messages:
                world.handle(Queue.IMPORTS, message)

    world.faults = strike
    world.settle(Queue.ERASURES)
    world.settle()
    assert world.import_desk.get(record.id).failure.problem is Problem.ERASURE
    assert mac not in world.rows.lookups


def test_who_was_never_mailed_is_erased_without_ending_imports(world):
    request = world.sign_up(PERSON)
    record = until(world, Stage.PREVIEW)
    world.time.advance(31 * 86_400_000)
    assert world.unconfirmed.erase(request)
    assert world.export_fence.place_of_imports() == record.fence


@pytest.mark.parametrize("stage", [Stage.CHECKING, Stage.RUNNING])
def test_lanes_may_end_in_any_order_and_twice(stage):
    outcomes = set()
    for order in itertools.islice(itertools.permutations(range(3)), 6):
        world = World()
        record = until(world, stage)
        messages = world.messages.take(Queue.IMPORTS)
        assert len(messages) == 3
        for number in (*order, *order):
            world.handle(Queue.IMPORTS, messages[number])
        world.settle()
        reached = world.import_desk.get(record.id)
        preview = world.import_report.preview_of(reached)
        people = tuple(tuple(types_of(world, email)) for email in EVERYBODY)
        outcomes.add((reached.stage, str(preview), people))
    ((reached, _, _),) = outcomes
    assert reached is (Stage.PREVIEW if stage is Stage.CHECKING else Stage.DONE)


def test_lanes_without_rows_get_no_message(world):
    record = until(world, Stage.CHECKING)
    named = {message["lane"] for message in world.messages.take(Queue.IMPORTS)}
    found = world.import_desk.get(record.id)
    assert named == {lane for lane in LANES if found.sizes[lane].chunks}


def test_a_file_without_people_comes_to_its_preview_and_to_its_end(world):
    record = uploaded(world.import_desk, b"email\n")
    world.settle()
    assert world.import_desk.get(record.id).stage is Stage.PREVIEW
    world.import_desk.run(record.id, STATEMENT, "officer")
    world.settle()
    assert world.import_desk.get(record.id).stage is Stage.DONE


def test_a_lane_whose_time_is_up_is_asked_for_again(world):
    record = until(world, Stage.CHECKING)
    (first, *_) = messages = world.messages.take(Queue.IMPORTS)
    world.import_work.go_on(record.id, first["lane"], "check", world.time.now_ms())
    assert world.messages.take(Queue.IMPORTS) == [first]
    for message in messages:
        world.handle(Queue.IMPORTS, message)
    assert world.import_desk.get(record.id).stage is Stage.PREVIEW


def test_messages_of_an_earlier_stage_do_nothing(world):
    record = until(world, Stage.CHECKING)
    old = world.messages.take(Queue.IMPORTS)
    for message in old:
        world.handle(Queue.IMPORTS, message)
    begin = [{"v": 1, "import": record.id, "do": work} for work in ("read", "check", "run")]
    begin.append({"v": 1, "import": record.id, "do": "destroy"})
    for message in (*old, *begin):
        world.handle(Queue.IMPORTS, message)
    assert world.messages.take(Queue.IMPORTS) == []
    assert world.import_desk.get(record.id).stage is Stage.PREVIEW
    assert files_of(world, record)


@pytest.mark.parametrize("lane", [None, "17"])
@pytest.mark.parametrize("work", ["read", "check", "run", "destroy"])
def test_an_import_that_is_gone_is_no_reason_to_come_again(world, lane, work):
    message = {"v": 1, "import": "A" * 22, "do": work}
    if lane and work in ("check", "run"):
        message["lane"] = lane
    world.handle(Queue.IMPORTS, message)
    assert world.messages.take(Queue.IMPORTS) == []


def test_a_cancelled_run_stops_at_the_next_chunk_and_what_is_written_stays(world):
    record = until(world, Stage.RUNNING)
    messages = world.messages.take(Queue.IMPORTS)
    world.handle(Queue.IMPORTS, messages[0])
    world.import_desk.cancel(record.id)
    for message in messages[1:]:
        world.handle(Queue.IMPORTS, message)
    world.settle()
    written = [email for email in EVERYBODY if sid_of(world, email)]
    assert 0 < len(written) < len(EVERYBODY)
    assert world.import_desk.get(record.id).stage is Stage.CANCELLED


def every_call(act):
    """Each call of an undisturbed worker, by name and number."""
    world, calls = World(), []
    record = act(world)
    messages = world.messages.take(Queue.IMPORTS)

    def listen(call, moment):
        if moment is Moment.BEFORE:
            calls.append(call)

    world.faults = listen
    for message in messages:
        world.handle(Queue.IMPORTS, message)
    world.faults = no_faults
    world.settle()
    end = world.import_desk.get(record.id).stage
    return [(call, calls[:place].count(call) + 1) for place, call in enumerate(calls)], end


def asked_to_run(world):
    record = previewed(world)
    world.import_desk.run(record.id, STATEMENT, "officer")
    return record


def last_lane_running(world):
    record = until(world, Stage.RUNNING)
    *others, last = world.messages.take(Queue.IMPORTS)
    for message in others:
        world.handle(Queue.IMPORTS, message)
    world.messages.send(Queue.IMPORTS, last)
    return record


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("act", [asked_to_run, last_lane_running])
def test_a_worker_killed_at_any_call_is_made_good_by_the_same_message(act, moment):
    calls, end = every_call(act)
    assert (len(calls) > 5, end) == (True, Stage.DONE)
    for call, nth in calls:
        world = World()
        record = act(world)
        messages = world.messages.take(Queue.IMPORTS)
        world.faults = FailOnce(call, moment, nth=nth)
        for message in messages:
            try:
                world.handle(Queue.IMPORTS, message)
            except KvittoError:
                world.faults = no_faults
                world.handle(Queue.IMPORTS, message)
        world.faults = no_faults
        world.settle()
        ended = world.import_desk.get(record.id)
        assert (ended.stage, ended.key) == (Stage.DONE, None), (call, nth)
        assert len(batches(world)) == 1
        assert types_of(world, "mailed@example.org") == ["consent.imported"], (call, nth)
        assert types_of(world, "left@example.org") == ["consent.withdrawn"], (call, nth)


def test_somebody_else_moving_an_import_on_is_no_failure(world):
    record = until(world, Stage.CHECKING)
    *others, last = world.messages.take(Queue.IMPORTS)
    for message in others:
        world.handle(Queue.IMPORTS, message)

    def cancel(call, moment):
        if call == "ImportRows.replace" and moment is Moment.BEFORE:
            world.faults = no_faults
            world.import_desk.cancel(record.id)

    world.faults = cancel
    world.handle(Queue.IMPORTS, last)
    assert world.import_desk.get(record.id).stage is Stage.CANCELLED


def test_an_import_that_keeps_moving_is_failed_by_nobody(world):
    record = until(world, Stage.PREVIEW)
    busy = 0

    def move(call, moment):
        nonlocal busy
        if call == "ImportRows.replace" and moment is Moment.BEFORE and busy < 100:
            busy, world.faults = busy + 1, no_faults
            world.import_rows.replace(world.import_rows.get(record.id))
            world.faults = move

    world.faults = move
    world.export_fence.move()
    with pytest.raises(Conflict):
        world.import_desk.get(record.id)


def test_a_late_worker_that_lacks_its_rows_ends_nothing(world):
    """Its attempt was dropped, because the file was read anew meanwhile."""
    record = until(world, Stage.CHECKING)
    late, *_ = world.messages.take(Queue.IMPORTS)
    moment = iter(range(10))

    def overtake(call, at):
        if call == "Blobs.get" and at is Moment.BEFORE and next(moment) == 1:
            world.faults = no_faults
            world.import_desk.map(record.id, Remap(keep=("status",)))
            world.settle(Queue.IMPORTS)

    world.faults = overtake
    world.handle(Queue.IMPORTS, late)
    world.faults = no_faults
    world.settle(Queue.IMPORTS)
    again = world.import_desk.get(record.id)
    assert (again.stage, again.attempt, again.failure) == (Stage.PREVIEW, 2, None)


def test_a_message_of_a_former_check_waits_for_no_lane_of_the_next(world):
    record = until(world, Stage.CHECKING)
    late, *_ = world.messages.take(Queue.IMPORTS)
    world.import_desk.map(record.id, Remap(country="FR"))
    world.handle(Queue.IMPORTS, late)
    world.settle(Queue.IMPORTS)
    again = world.import_desk.get(record.id)
    assert (again.stage, again.checks) == (Stage.PREVIEW, 2)
