# SPDX-License-Identifier: Apache-2.0
"""Stages of imports: every pair of a stage and what happens, and what of an import ends with it."""

import pytest

from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.import_found import LaneSize, ReadFile
from chalicelib.domain.import_statement import Basis, Document, DocumentKind
from chalicelib.domain.imports import (
    ENDED,
    LANES,
    SENTENCES,
    TRANSITIONS,
    Failure,
    Halted,
    Happening,
    Import,
    ImportId,
    JudgedBy,
    Problem,
    ReadAs,
    Stage,
    Target,
    after,
    step_lane,
)
from chalicelib.errors import IllegalTransition

S, H = Stage, Happening
ALLOWED = {
    (S.UPLOADING, H.UPLOADED): S.READING,
    (S.UPLOADING, H.REREAD): S.UPLOADING,
    (S.UPLOADING, H.REJUDGED): S.UPLOADING,
    (S.READING, H.READ): S.CHECKING,
    (S.READING, H.KNOWN): S.DONE,
    (S.CHECKING, H.CHECKED): S.PREVIEW,
    (S.CHECKING, H.REREAD): S.READING,
    (S.CHECKING, H.REJUDGED): S.CHECKING,
    (S.PREVIEW, H.REREAD): S.READING,
    (S.PREVIEW, H.REJUDGED): S.CHECKING,
    (S.PREVIEW, H.RUN): S.RUNNING,
    (S.RUNNING, H.RAN): S.DONE,
    **{(stage, H.FAIL): S.FAILED for stage in Stage if stage not in ENDED},
    **{(stage, H.CANCEL): S.CANCELLED for stage in Stage if stage not in ENDED},
}
PAIRS = [(stage, happening) for stage in Stage for happening in Happening]


def record(stage=Stage.UPLOADING, **changes):
    return Import(
        id=ImportId("AAAAAAAAAAAAAAAAAAAAAA"),
        target=Target(
            brand=BrandId("demo"),
            list=ListId("news"),
            purposes=(PurposeId("newsletter"), PurposeId("offers")),
        ),
        created_ms=1_000,
        created_by="key",
        stage=stage,
        key=b"wrapped",
        **changes,
    )


def test_every_pair_of_a_stage_and_what_happens_is_decided():
    assert set(TRANSITIONS) == set(PAIRS)


@pytest.mark.parametrize(("stage", "happening"), PAIRS)
def test_it_happens_exactly_where_the_table_says_so(stage, happening):
    if (stage, happening) in ALLOWED:
        assert after(stage, happening) is ALLOWED[stage, happening]
        return
    with pytest.raises(IllegalTransition, match=r"\."):
        after(stage, happening)


@pytest.mark.parametrize("happening", Happening)
@pytest.mark.parametrize("stage", sorted(ENDED))
def test_nothing_happens_to_an_import_that_ended(stage, happening):
    with pytest.raises(IllegalTransition):
        record(stage).moved(happening, 2_000)


@pytest.mark.parametrize(("stage", "happening"), sorted(ALLOWED))
def test_what_ended_has_no_key_and_everything_else_keeps_it(stage, happening):
    moved = record(stage).moved(happening, 2_000)
    assert moved.key == (None if moved.has_ended else b"wrapped")
    assert (moved.stage, moved.at_ms) == (ALLOWED[stage, happening], 2_000)


def test_a_refusal_says_what_the_stage_is():
    said = {}
    for stage in Stage:
        with pytest.raises(IllegalTransition) as refused:
            after(stage, Happening.READ if stage is not Stage.READING else Happening.RUN)
        said[stage] = str(refused.value)
    assert len(set(said.values())) == len(Stage)


def test_every_problem_has_a_sentence_and_a_refused_file_its_own():
    assert set(SENTENCES) == set(Problem)
    assert Failure(problem=Problem.ERASURE).sentence == SENTENCES[Problem.ERASURE]
    assert Failure(problem=Problem.FILE, detail="Line 3: no.").sentence == "Line 3: no."
    halted = Halted(Problem.TOO_OLD)
    assert (halted.failure.problem, str(halted)) == (Problem.TOO_OLD, SENTENCES[Problem.TOO_OLD])


def test_an_import_would_give_each_purpose_of_its_one_list():
    target = record().target
    assert [(key.brand, key.channel, key.list, key.purpose) for key in target.wanted] == [
        ("demo", "email", "news", "newsletter"),
        ("demo", "email", "news", "offers"),
    ]
    assert target.scope == ("demo", "email")


def test_preview_and_run_judge_by_the_moment_the_check_began_and_all_documents():
    papers = tuple(
        Document(kind=kind, sha256=digit * 64, size=1)
        for kind, digit in ((DocumentKind.WORDING, "a"), (DocumentKind.CONTRACT, "b"))
    )
    by = JudgedBy(basis=Basis.SOFT_OPT_IN, objection_at_ms=5, documents=papers, at_ms=9)
    terms = by.terms
    assert (terms.basis, terms.objection_at_ms, terms.now_ms) == (Basis.SOFT_OPT_IN, 5, 9)
    assert terms.documents == {DocumentKind.WORDING, DocumentKind.CONTRACT}


def test_times_are_read_by_what_was_said_and_by_when_the_import_began():
    clock = record(read_as=ReadAs(zone="Europe/Berlin")).clock
    assert (clock.zone, clock.now_ms) == ("Europe/Berlin", 1_000)


def test_every_lane_has_a_size_and_ends_come_before_everything_else():
    size = LaneSize(ends=2, goes=3, history=7)
    sizes = record(file=ReadFile(mac="m", lanes={"17": size})).sizes
    assert list(sizes) == list(LANES)
    assert len(LANES) == 64
    assert sizes["17"].chunks == 5
    assert sizes["18"].chunks == 0
    assert record().sizes["17"].chunks == 0


def test_each_check_has_lanes_of_its_own():
    assert record(checks=2).check_round == "c2"
    assert step_lane("c2", "17") == "c2-17"


def test_a_record_shows_no_key():
    assert "wrapped" not in repr(record())
