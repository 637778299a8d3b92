# SPDX-License-Identifier: Apache-2.0
"""Errors to statuses, batches, schedules, and what never gets into a log."""

import json
import logging

import pytest

from chalicelib.entrypoints import logs, queues, schedules
from chalicelib.entrypoints._runtime import (
    batch,
    code_of,
    gathered,
    headers_of,
    job,
    problem,
    status_of,
)
from chalicelib.entrypoints.refusals import NoKey, TooLarge, Unreadable, WrongMethod, WrongScope
from chalicelib.errors import (
    BadSignature,
    BadToken,
    Conflict,
    FatalError,
    IllegalTransition,
    InputError,
    Malformed,
    NotFound,
    OverBudget,
    Throttled,
    Unavailable,
)

SECRET = "visitor@example.org"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InputError("bad_x", "x"), 422, "bad_x"),
        (BadToken(), 422, "bad_token"),
        (Unreadable("x"), 400, "unreadable"),
        (TooLarge(1024), 413, "too_large"),
        (WrongMethod("GET"), 405, "wrong_method"),
        (NoKey(), 401, "no_key"),
        (WrongScope("admin"), 403, "wrong_scope"),
        (NotFound("x"), 404, "not_found"),
        (Conflict("x"), 409, "conflict"),
        (IllegalTransition("x"), 409, "illegal_transition"),
        (Throttled("x"), 429, "throttled"),
        (Unavailable("x"), 503, "unavailable"),
        (BadSignature("x"), 500, "internal"),
        (Malformed("x"), 500, "internal"),
        (FatalError("x"), 500, "internal"),
        (KeyError("x"), 500, "internal"),
    ],
)
def test_every_class_of_error_has_its_status_and_code(error, status, code):
    assert (status_of(error), code_of(error)) == (status, code)


def test_whoever_may_come_back_is_told_when():
    kinds = (OverBudget, Throttled, Unavailable)
    waits = {kind: headers_of(kind("x"))["Retry-After"] for kind in kinds}
    assert waits == {OverBudget: "3600", Throttled: "300", Unavailable: "30"}


@pytest.mark.parametrize("error", [FatalError(SECRET), ValueError(SECRET), Malformed(SECRET)])
def test_a_failure_of_ours_shows_an_incident_and_none_of_its_words(error):
    body = json.loads(problem(error, "incident-1").body)
    assert body["incident"] == "incident-1"
    assert SECRET not in json.dumps(body)


@pytest.mark.parametrize("error", [NotFound, Conflict, Throttled, Unavailable])
def test_what_an_adapter_says_is_for_the_operator_and_a_service_speaks_to_people(error):
    from_adapter = json.loads(problem(error("create a list: Code (request 1)"), "i").body)
    from_service = json.loads(problem(error("Please look again."), "i").body)
    assert "request" not in from_adapter["detail"]
    assert from_adapter["detail"].endswith(".")
    assert from_service["detail"] == "Please look again."


def records(*bodies):
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def failed(answer):
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def test_one_bad_record_comes_back_alone_and_the_others_are_done(world):
    done = []

    @batch
    def work(_container, body):
        if body == "bad":
            raise ValueError(SECRET)
        done.append(body)

    assert failed(work(records("a", "bad", "b"))) == ["m1"]
    assert done == ["a", "b"]


def test_work_that_is_the_same_for_every_record_is_done_once(world):
    runs = []

    def work(_container, body):
        json.loads(body)
        runs.append(body)

    served = batch(work, once=True)
    assert failed(served(records("nonsense", '{"v":1}', '{"v":1}', "{}"))) == ["m0", "m3"]
    assert len(runs) == 1


def test_if_the_one_run_fails_every_record_is_tried_and_comes_back(world):
    def work(_container, _body):
        raise Unavailable("log: no answer")

    assert failed(batch(work, once=True)(records('{"v":1}', '{"v":1}'))) == ["m0", "m1"]


def test_a_failed_record_is_logged_by_id_without_its_body_or_the_errors_words(world, caplog):
    @batch
    def work(_container, body):
        raise ValueError(body)

    work(records(SECRET))
    (record,) = caplog.records
    line = logs.LineFormatter().format(record)
    assert SECRET not in line
    assert json.loads(line)["message_id"] == "m0"
    assert json.loads(line)["exception"] == "ValueError"


class Together:
    """Records worked on together; ``broken`` names where it fails."""

    def __init__(self, broken="", late_after=None):
        self.broken, self.late_after = broken, late_after
        self.taken, self.finished = [], []

    def take(self, name, body):
        if body == self.broken == "take":
            raise ValueError(SECRET)
        self.taken.append(name)

    def fold(self):
        if self.broken == "all":
            raise ValueError(SECRET)
        return {"m1": Unavailable("fold: no answer")} if self.broken == "fold" else {}

    @property
    def unfinished(self):
        return tuple(self.taken[1:])

    @property
    def is_late(self):
        return self.late_after is not None and len(self.finished) >= self.late_after

    def finish(self, name):
        if self.broken == name:
            raise ValueError(SECRET)
        self.finished.append(name)

    def settle(self):
        if self.broken == "settle":
            raise ValueError(SECRET)
        return {"m2": Unavailable("settle: no answer")} if self.broken == "m2's" else {}


@pytest.mark.parametrize(
    ("broken", "left", "finished"),
    [
        ("", [], ["m1", "m2"]),
        ("take", ["m1"], ["m2"]),
        ("fold", ["m1"], ["m2"]),
        ("all", ["m0", "m1", "m2"], []),
        ("m1", ["m1"], ["m2"]),
        ("m2's", ["m2"], ["m1", "m2"]),
        ("settle", ["m1", "m2"], ["m1", "m2"]),
    ],
)
def test_records_worked_on_together_come_back_alone(world, caplog, broken, left, finished):
    together = Together(broken)
    answer = gathered(lambda _container: together, "work")(records("a", "take", "b"))
    assert (failed(answer), together.finished) == (left, finished)
    assert all(SECRET not in logs.LineFormatter().format(record) for record in caplog.records)
    assert len(caplog.records) == bool(left)


def test_what_a_late_batch_did_not_finish_comes_again_and_is_one_line_in_the_log(world, caplog):
    together = Together(late_after=1)
    bodies = [str(n) for n in range(9)]
    answer = gathered(lambda _container: together, "work")(records(*bodies))
    assert together.finished == ["m1"]
    assert failed(answer) == [f"m{n}" for n in range(2, 9)]
    (record,) = caplog.records
    assert record.left == 7


def test_a_batch_that_cannot_begin_comes_back_whole(world):
    def begin(_container):
        raise Unavailable("no answer")

    assert failed(gathered(begin, "work")(records("a", "b"))) == ["m0", "m1"]


def test_a_failing_schedule_raises_without_the_errors_words(world):
    @job
    def work(_container):
        raise ValueError(SECRET)

    with pytest.raises(FatalError, match="the schedule work failed with ValueError") as caught:
        work()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def send_chunks(event):
    return queues.send_chunks(event, lambda: 60_000)


@pytest.mark.parametrize(
    "handler",
    [
        queues.send_confirmations,
        queues.plan_campaigns,
        send_chunks,
        queues.record_ses_events,
        queues.sequence_ledger,
        queues.build_proofs,
        queues.anchor_checkpoints,
    ],
)
@pytest.mark.parametrize("body", ["not JSON " + SECRET, "[]", '{"v":1', ""])
def test_a_message_nobody_can_read_goes_back_and_is_not_printed(world, caplog, handler, body):
    assert failed(handler(records(body))) == ["m0"]
    assert all(SECRET not in logs.LineFormatter().format(record) for record in caplog.records)


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (queues.send_confirmations, {"v": 2, "request": "A" * 22}),
        (queues.send_confirmations, {"v": 1}),
        (queues.plan_campaigns, {"v": 1, "campaign": "A" * 22, "shard": "g"}),
        (send_chunks, {"v": 1, "campaign": "A" * 22, "shard": "0", "number": -1}),
        (send_chunks, {"v": 1, "campaign": "A" * 22, "shard": "0", "number": True}),
        (send_chunks, {"v": 2, "campaign": "A" * 22, "shard": "0", "number": 1}),
        (send_chunks, {"v": 2, "campaign": "A" * 22, "shard": "0", "first": 0, "count": 0}),
        (send_chunks, {"v": 3, "campaign": "A" * 22, "shard": "0", "first": 0, "count": 1}),
        (queues.build_proofs, {"v": 1, "job": 5}),
        (queues.anchor_checkpoints, {"v": 1, "size": "5"}),
        (queues.anchor_checkpoints, {"v": 1, "size": 0}),
        (queues.anchor_checkpoints, {"v": 1, "size": True}),
    ],
)
def test_a_message_of_another_shape_goes_back(world, handler, message):
    assert failed(handler(records(json.dumps(message)))) == ["m0"]


def test_the_queues_carry_a_campaign_from_sign_up_to_the_mail(world):
    from chalicelib.ports.outside import Queue

    handlers = {
        Queue.CONFIRMATIONS: queues.send_confirmations,
        Queue.PLANS: queues.plan_campaigns,
        Queue.CHUNKS: send_chunks,
        Queue.SEQUENCING: queues.sequence_ledger,
        Queue.PROOFS: queues.build_proofs,
        Queue.ANCHORS: queues.anchor_checkpoints,
    }

    def drain():
        while taken := [(q, m) for q in handlers for m in world.queues.take(q)]:
            for queue, message in taken:
                assert failed(handlers[queue](records(json.dumps(message)))) == []

    world.sign_up(SECRET)
    drain()
    world.confirmation.confirm(world.confirm_token(SECRET), _reader())
    world.campaign()
    drain()
    assert [mail.message.to for mail in world.mails] == [SECRET, SECRET]


def _reader():
    from tests.support.world import READER

    return READER


def test_the_schedules_do_their_work(world):
    world.settle()
    world.campaign()
    assert schedules.advance_campaigns() == 1
    assert schedules.log_heartbeat() == 1
    assert schedules.sequence_on_schedule() > 0
    assert schedules.sequence_on_schedule() == 0


def test_configuring_logs_twice_adds_no_handler():
    root = logging.getLogger()
    before = list(root.handlers)
    formatters = [handler.formatter for handler in before]
    level = root.level
    try:
        logs.configure()
        logs.configure()
        assert root.handlers == before
    finally:
        root.setLevel(level)
        for handler, formatter in zip(before, formatters, strict=True):
            handler.setFormatter(formatter)
