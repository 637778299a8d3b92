# SPDX-License-Identifier: Apache-2.0
"""Proof jobs: they wait, they end, and an entry made meanwhile only delays them."""

from dataclasses import replace

import pytest

from chalicelib.domain.erasure import Ground
from chalicelib.domain.jobs import JobStatus
from chalicelib.errors import Conflict, EvidenceError, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.proofs import GIVE_UP_MS, PATIENCE_MS, RETRY_S, Wish
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import World

EMAIL = "reader@example.org"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def job(world):
    """A job whose log is ready; its message waits."""
    world.subscribe(EMAIL)
    asked = world.proofs.request({"email": EMAIL}, Wish())
    world.settle(Queue.SEQUENCING)
    return asked


def work(world):
    """Hand over the one message of the job."""
    (body,) = world.messages.take(Queue.PROOFS)
    return world.proofs.build(body["job"])


def test_an_entry_made_during_the_export_only_delays_the_proof_by_a_retry(world, job):
    def busy(call, moment):
        if (call, moment) == ("Blobs.put", Moment.AFTER):
            world.faults = no_faults
            world.sign_up(EMAIL)

    world.faults = busy
    assert work(world) is False
    (waiting,) = [x for x in world.outside_rows.messages if x.queue is Queue.PROOFS]
    assert waiting.delay_s == RETRY_S
    assert not [key for key in world.outside_rows.blobs if key.startswith("bundles/")]
    world.settle()
    assert world.proofs.get(job.id).status is JobStatus.READY


def test_an_entry_made_before_the_chain_is_exported_is_not_half_in_the_bundle(world, job):
    """It comes between reading the state and reading the entries."""

    def busy(call, moment):
        if (call, moment) == ("LedgerStore.load", Moment.AFTER):
            world.faults = no_faults
            world.sign_up(EMAIL)
            world.settle(Queue.SEQUENCING)

    world.faults = busy
    assert work(world) is False
    assert "event" not in world.proofs.get(job.id).progress
    world.settle()
    assert world.proofs.get(job.id).status is JobStatus.READY


def test_a_job_two_workers_share_is_finished_once(world, job):
    world.faults = FailOnce("Jobs.replace", Moment.BEFORE, Conflict("another worker"))
    assert work(world) is False
    world.settle()
    assert world.proofs.get(job.id).status is JobStatus.READY


@pytest.mark.parametrize("error", [Conflict("moved on"), Unavailable("no answer")])
def test_a_job_that_never_gets_through_fails_after_an_hour_with_a_sentence(world, job, error):
    def always(call, moment):
        if (call, moment) == ("LedgerStore.commit", Moment.BEFORE):
            raise error

    world.faults = always
    world.time.advance(PATIENCE_MS - 1)
    try:
        assert work(world) is False
    except Unavailable:
        world.messages.send(Queue.PROOFS, {"v": 1, "job": job.id})  # SQS hands it over again.
    assert world.proofs.get(job.id).status is JobStatus.PENDING
    world.time.advance(1)
    assert work(world) is True
    failed = world.proofs.get(job.id)
    assert failed.status is JobStatus.FAILED
    assert "Nothing was lost" in failed.problem
    assert world.messages.take(Queue.PROOFS) == []


def test_a_log_that_stands_still_fails_the_job_after_an_hour(world):
    world.subscribe(EMAIL)
    job = world.proofs.request({"email": EMAIL}, Wish())
    assert work(world) is False
    world.time.advance(PATIENCE_MS)
    world.sign_up(EMAIL)
    assert work(world) is True
    assert world.proofs.get(job.id).status is JobStatus.FAILED


def test_a_person_erased_meanwhile_fails_the_job_with_a_sentence(world, job):
    (sid,) = world.rows.states
    del world.rows.vault[sid]
    assert work(world) is True
    assert world.proofs.get(job.id).problem == "The person's data is no longer there."


def test_a_bundle_closed_while_its_person_is_erased_is_never_handed_out(world, job):
    """The erasure and its sweep come between reading the key and storing the file."""
    work(world)
    world.settle(Queue.SEQUENCING)
    (sid,) = world.rows.states

    def erased(call, moment):
        if (call, moment) == ("Blobs.put", Moment.BEFORE):
            world.faults = no_faults
            world.shredder.shred(sid, Ground.WITHDRAWN, suppress=True)

    world.faults = erased
    assert work(world) is True
    assert not [key for key in world.outside_rows.blobs if key.startswith("bundles/")]
    assert world.proofs.get(job.id).problem == "The person's data is no longer there."


def test_a_job_about_damaged_data_tells_the_operator_and_ends_within_the_hour(world, job):
    (sid,) = world.rows.states
    place = (sid, 0)
    entry = world.rows.entries[place]
    world.rows.entries[place] = replace(entry, sealed=bytes(len(entry.sealed)))
    with pytest.raises(EvidenceError):
        work(world)
    assert world.proofs.get(job.id).status is JobStatus.PENDING
    world.time.advance(PATIENCE_MS)
    assert world.proofs.build(job.id) is True
    failed = world.proofs.get(job.id)
    assert failed.status is JobStatus.FAILED
    assert "damaged" in failed.problem


def test_what_is_missing_of_a_living_person_is_called_damaged_and_not_gone(world, job, caplog):
    for key in [key for key in world.outside_rows.blobs if key.startswith("notice/")]:
        del world.outside_rows.blobs[key]
    assert work(world) is True
    assert "damaged" in world.proofs.get(job.id).problem
    assert "a notice that an entry names is missing" in caplog.text


def test_a_job_whose_every_try_is_cut_off_ends_without_another_try(world, job):
    class CutOff(BaseException):
        """The function's time is over: nothing after this runs."""

    def cut_off(call, moment):
        if call == "Blobs.put":
            raise CutOff

    world.faults = cut_off
    for age_ms in (0, PATIENCE_MS):
        world.time.advance(age_ms)
        with pytest.raises(CutOff):
            world.proofs.build(job.id)
        assert world.proofs.get(job.id).status is JobStatus.PENDING
    world.time.advance(GIVE_UP_MS - PATIENCE_MS)
    assert world.proofs.build(job.id) is True
    assert world.proofs.get(job.id).status is JobStatus.FAILED
