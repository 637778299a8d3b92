# SPDX-License-Identifier: Apache-2.0
"""Imports as people ask for them: nothing takes effect before somebody answered for the preview."""

from dataclasses import replace
from hashlib import sha256

import orjson
import pytest

from chalicelib.domain.country_rules import CountryRule
from chalicelib.domain.ids import decode_id
from chalicelib.domain.import_limits import MAX_PART_BYTES
from chalicelib.domain.import_statement import Basis, DocumentKind
from chalicelib.domain.import_wishes import NewImport, Remap
from chalicelib.domain.imports import Mode, Problem, Stage
from chalicelib.domain.state import Grade
from chalicelib.errors import Conflict, IllegalTransition, InputError, NotFound, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.entries import open_claims
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.import_asking import (
    FILE,
    STATEMENT,
    WORDING,
    batches,
    files_of,
    new,
    previewed,
    sid_of,
    types_of,
    uploaded,
)
from tests.support.world import World

DAY_MS = 86_400_000


@pytest.fixture
def world():
    return World()


@pytest.fixture
def desk(world):
    return world.import_desk


def test_an_import_waits_for_its_file(world, desk):
    record = new(desk)
    decode_id(record.id)
    assert (record.stage, record.created_by, record.parts) == (Stage.UPLOADING, "key", 0)
    assert desk.get(record.id) == record
    assert not world.messages.take(Queue.IMPORTS)


@pytest.mark.parametrize("said", [{"brand": "nobody"}, {"list": "nothing"}])
def test_an_import_is_into_a_list_of_a_brand(desk, said):
    with pytest.raises(NotFound):
        desk.new(NewImport(**{"brand": "demo", "list": "newsletter", **said}), "key")


def test_a_list_of_another_brand_is_none(world, desk):
    from infra.local.demo_data import DEMO_BRAND

    world.setup.add_brand(replace(DEMO_BRAND, id="other", code="bb"))
    world.setup.add_list("others", "other", "Others")
    with pytest.raises(NotFound):
        desk.new(NewImport(brand="demo", list="others"), "key")


@pytest.mark.parametrize(
    ("number", "data"), [(0, b"x"), (257, b"x"), (1, b""), (1, bytes(MAX_PART_BYTES + 1))]
)
def test_a_part_has_a_number_and_at_most_four_mebibytes(desk, number, data):
    record = new(desk)
    with pytest.raises(InputError):
        desk.put_part(record.id, number, data)
    assert desk.get(record.id).stage is Stage.UPLOADING


def test_a_hole_is_told_and_can_be_filled(world, desk):
    record = new(desk)
    desk.put_part(record.id, 2, FILE[50:])
    with pytest.raises(Conflict, match="Part 1"):
        desk.uploaded(record.id, 2)
    desk.put_part(record.id, 1, FILE[:50])
    desk.uploaded(record.id, 2, sha256(FILE).hexdigest().upper())
    world.settle()
    assert desk.get(record.id).stage is Stage.PREVIEW


def test_a_file_that_is_whole_takes_no_further_part(desk):
    record = uploaded(desk)
    with pytest.raises(IllegalTransition):
        desk.put_part(record.id, 2, b"more")
    with pytest.raises(IllegalTransition):
        desk.uploaded(record.id, 2)


def test_saying_again_that_the_file_is_whole_finds_a_message_that_was_lost(world, desk):
    record = new(desk)
    desk.put_part(record.id, 1, FILE)
    world.faults = FailOnce("Queues.send", Moment.BEFORE)
    with pytest.raises(Unavailable):
        desk.uploaded(record.id, 1)
    world.faults = no_faults
    assert desk.get(record.id).stage is Stage.READING
    desk.uploaded(record.id, 1)
    world.settle()
    assert desk.get(record.id).stage is Stage.PREVIEW


def test_nothing_of_a_file_takes_effect_before_somebody_answered_for_it(world):
    before = (len(world.rows.entries), len(world.rows.located))
    record = previewed(world)
    world.import_desk.map(record.id, Remap(country="FR"))
    world.import_desk.add_document(record.id, DocumentKind.WORDING, WORDING)
    world.settle()
    assert world.import_desk.get(record.id).stage is Stage.PREVIEW
    assert (len(world.rows.entries), len(world.rows.located)) == before


def test_a_run_writes_everybody_after_what_it_rests_on(world, desk):
    record = previewed(world)
    desk.run(record.id, STATEMENT, "officer")
    world.settle()
    done = desk.get(record.id)
    assert (done.stage, done.key) == (Stage.DONE, None)
    assert types_of(world, "mailed@example.org") == ["consent.imported"]
    assert types_of(world, "waits@example.org") == ["consent.imported"]
    assert types_of(world, "left@example.org") == ["consent.withdrawn"]
    (batch,) = batches(world)
    assert (batch["id"], batch["cnt"]) == (done.batch, done.statement)
    assert (batch["brd"], batch["lst"], batch["pur"]) == ("demo", ["newsletter"], ["newsletter"])
    tree = world.published_log.tree()
    types = [orjson.loads(leaf)["typ"] for leaf in tree.leaves(0)]
    assert types.index("import.batch") < types.index("consent.imported")
    sid = sid_of(world, "mailed@example.org")
    (entry,) = world.store.history(sid)
    assert open_claims(world.ledger.open(sid).keys, entry).link["batch"] == done.batch


def test_the_statement_is_kept_by_the_hash_that_the_ledger_commits_to(world, desk):
    record = previewed(world)
    desk.add_document(record.id, DocumentKind.WORDING, WORDING)
    world.settle()
    desk.run(record.id, STATEMENT, "officer")
    world.settle()
    done = desk.get(record.id)
    kept = world.blobs.get(f"imported/{done.statement}.json").data
    assert sha256(kept).hexdigest() == done.statement
    said = orjson.loads(kept)
    assert (said["name"], said["key"], said["source"]) == ("Officer", "officer", "earlier-tool")
    assert said["counts"] == {"DE": {"weak-evidence": 1}, "SE": {"consent": 1, "opted-out": 1}}
    digest = sha256(WORDING).hexdigest()
    assert [each["sha256"] for each in said["documents"]] == [digest]
    assert world.blobs.get(f"imported/documents/{digest}").data == WORDING
    table = world.blobs.get(f"imported/rules/{said['rules']}.json").data
    assert sha256(table).hexdigest() == said["rules"] == done.judged_by.rules


def test_the_hash_of_the_file_is_kept_under_a_key_alone(world, desk):
    """The hash of a file with one row is a hash of a person."""
    record = previewed(world)
    desk.run(record.id, STATEMENT, "officer")
    world.settle()
    bare = sha256(FILE).hexdigest()
    stored = [repr(world.import_stored.records), repr(world.import_stored.files)]
    stored += [repr((key, blob.data)) for key, blob in world.outside_rows.blobs.items()]
    stored += [repr(world.rows.located), repr(world.outside_rows.messages)]
    assert not [text for text in stored if bare in text]
    assert desk.get(record.id).file.mac == world.ledger.mac(f"\0import-file\0{bare}")


def test_what_ended_has_neither_key_nor_files(world, desk):
    ran, stopped, broken = previewed(world), previewed(world, again=True), uploaded(desk, b"%PDF-")
    desk.run(ran.id, STATEMENT, "officer")
    desk.cancel(stopped.id)
    assert desk.cancel(stopped.id).stage is Stage.CANCELLED
    world.settle()
    for record, stage in (
        (ran, Stage.DONE),
        (stopped, Stage.CANCELLED),
        (broken, Stage.FAILED),
    ):
        ended = desk.get(record.id)
        assert (ended.stage, ended.key, files_of(world, record)) == (stage, None, [])
        with pytest.raises(IllegalTransition):
            desk.run(record.id, STATEMENT, "officer")


def test_a_run_destroys_the_parts_before_it_writes_anybody(world, desk):
    record = previewed(world)
    desk.run(record.id, STATEMENT, "officer")
    (message,) = world.messages.take(Queue.IMPORTS)
    world.handle(Queue.IMPORTS, message)
    assert desk.get(record.id).stage is Stage.RUNNING
    assert not [key for key in files_of(world, record) if "/u/" in key]
    assert files_of(world, record)


@pytest.mark.parametrize(
    "statement",
    [
        None,
        replace(STATEMENT, basis=Basis.SOFT_OPT_IN, objection_how="a box", objection_at_ms=5),
    ],
)
def test_a_run_needs_a_statement_about_what_was_shown(world, desk, statement):
    record = previewed(world)
    with pytest.raises((InputError, Conflict)):
        desk.run(record.id, statement, "officer")
    assert desk.get(record.id).stage is Stage.PREVIEW
    assert not batches(world)


def test_nobody_answers_before_there_is_a_preview(world, desk):
    record = new(desk)
    with pytest.raises(IllegalTransition):
        desk.run(record.id, STATEMENT, "officer")
    desk.put_part(record.id, 1, FILE)
    desk.uploaded(record.id, 1)
    with pytest.raises(IllegalTransition):
        desk.run(record.id, STATEMENT, "officer")


def test_asking_twice_for_the_run_writes_everybody_once(world, desk):
    record = previewed(world)
    world.faults = FailOnce("Queues.send", Moment.BEFORE)
    with pytest.raises(Unavailable):
        desk.run(record.id, STATEMENT, "officer")
    world.faults = no_faults
    for _ in range(2):
        desk.run(record.id, STATEMENT, "officer")
    world.settle()
    assert desk.get(record.id).stage is Stage.DONE
    assert types_of(world, "mailed@example.org") == ["consent.imported"]
    assert len(batches(world)) == 1


def test_a_table_that_changed_since_the_preview_is_looked_at_first(world, desk):
    record = previewed(world)
    looser = CountryRule(
        country="DE", consent_grade=Grade.E, soft_opt_in=True, why={"": "Counsel says so."}
    )
    world.import_rules.change("demo", [looser], 0)
    with pytest.raises(Conflict, match="rules changed"):
        desk.run(record.id, STATEMENT, "officer")
    world.settle()
    again = desk.get(record.id)
    assert (again.stage, again.checks) == (Stage.PREVIEW, 2)
    assert again.judged_by.rules != record.judged_by.rules
    desk.run(record.id, STATEMENT, "officer")
    world.settle()
    state = world.state(sid_of(world, "waits@example.org"))
    assert [held.status for held in state.consents.values()] == ["given"]


def test_another_basis_is_checked_anew_without_reading_again(world, desk):
    record = previewed(world)
    said = Remap(basis=Basis.SOFT_OPT_IN, objection_at_ms=1_600_000_000_000)
    desk.map(record.id, said)
    world.settle()
    again = desk.get(record.id)
    assert (again.stage, again.attempt, again.checks) == (Stage.PREVIEW, 1, 2)
    preview = world.import_report.preview(record.id)
    assert {str(why) for each in preview.countries for why in each.why} == {"no-sale", "opted-out"}


def test_saying_what_is_so_already_changes_nothing(world, desk):
    record = previewed(world)
    assert desk.map(record.id, Remap(zone="UTC", country="")) == record
    assert not world.messages.take(Queue.IMPORTS)


@pytest.mark.parametrize("said", [Remap(country="FR"), Remap(keep=("status",))])
def test_saying_it_again_finds_a_message_that_was_lost(world, desk, said):
    record = previewed(world)
    world.faults = FailOnce("Queues.send", Moment.BEFORE)
    with pytest.raises(Unavailable):
        desk.map(record.id, said)
    world.faults = no_faults
    desk.map(record.id, said)
    world.settle()
    assert desk.get(record.id).stage is Stage.PREVIEW


def test_what_is_said_before_the_file_is_there_waits_for_it(world, desk):
    record = new(desk)
    assert desk.map(record.id, Remap(keep=("status",), country="FR")).stage is Stage.UPLOADING
    desk.put_part(record.id, 1, FILE)
    desk.uploaded(record.id, 1)
    world.settle()
    assert desk.get(record.id).file.tables[0].fields[1] == "keep"


def test_a_document_makes_the_claims_stronger_in_a_new_preview(world, desk):
    record = previewed(world)
    document = desk.add_document(record.id, DocumentKind.WORDING, WORDING)
    assert document.size == len(WORDING)
    world.settle()
    again = desk.get(record.id)
    assert (again.judged_by.documents, again.checks) == ((document,), 2)
    assert desk.add_document(record.id, DocumentKind.WORDING, WORDING) == document
    assert desk.get(record.id).checks == 2


@pytest.mark.parametrize("data", [b"", b"\x00\x01", b"\xff\xfe\x00\x00", b"PK\x03\x04\xff"])
def test_a_document_is_something_that_can_be_read_in_some_years(world, desk, data):
    record = previewed(world)
    with pytest.raises(InputError):
        desk.add_document(record.id, DocumentKind.OTHER, data)
    assert desk.get(record.id).judged_by.documents == ()


def test_pictures_and_papers_are_documents(world, desk):
    record = previewed(world)
    for data in (b"%PDF-1.7\xff", b"\x89PNG\r\n\x1a\n\xff", b"\xff\xd8\xff\xe0"):
        desk.add_document(record.id, DocumentKind.FORM_PICTURE, data)
        world.settle()
    assert len(desk.get(record.id).judged_by.documents) == 3


def test_there_are_ten_documents_at_most(world, desk):
    record = previewed(world)
    for number in range(10):
        desk.add_document(record.id, DocumentKind.OTHER, b"%d" % number)
    with pytest.raises(InputError):
        desk.add_document(record.id, DocumentKind.OTHER, b"one more")


def test_an_import_that_takes_too_long_fails_with_a_sentence(world, desk):
    record = previewed(world)
    world.time.advance(5 * DAY_MS + 1)
    failed = desk.get(record.id)
    assert (failed.stage, failed.failure.problem) == (Stage.FAILED, Problem.TOO_OLD)
    world.settle()
    assert files_of(world, record) == []
    assert desk.page(None, 10).items[0] == failed


def test_a_cut_over_needs_no_statement_and_is_remembered_until_it_ended(world, desk):
    record = previewed(world, mode=Mode.CUT_OVER)
    assert desk.cut_overs() == ()
    desk.run(record.id, None, "officer")
    world.settle()
    done = desk.get(record.id)
    assert (done.stage, done.batch) == (Stage.DONE, None)
    assert types_of(world, "left@example.org") == ["consent.withdrawn"]
    assert types_of(world, "mailed@example.org") == []
    assert not batches(world)
    (moving,) = desk.cut_overs()
    assert (moving.list, moving.last, moving.ended_ms) == ("newsletter", record.id, None)
    ended = desk.end_cut_over("demo", "newsletter")
    assert ended.ended_ms == world.time.now_ms()
    world.time.advance(5)
    assert desk.end_cut_over("demo", "newsletter") == ended
    with pytest.raises(NotFound):
        desk.end_cut_over("demo", "nothing")


def test_pages_show_every_import_the_latest_first(world, desk):
    made = []
    for _ in range(3):
        made.append(new(desk).id)
        world.time.advance(1)
    first = desk.page(None, 2)
    second = desk.page(first.cursor, 2)
    assert [each.id for each in (*first.items, *second.items)] == made[::-1]


@pytest.mark.parametrize("wrong", ["x", "A" * 22])
def test_what_is_no_import_is_refused(desk, wrong):
    with pytest.raises((InputError, NotFound)):
        desk.get(wrong)
