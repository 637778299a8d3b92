# SPDX-License-Identifier: Apache-2.0
"""The pages of imports have words for whatever a file, a row or a person of it can be."""

import re
from dataclasses import replace

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.import_formats import Field
from chalicelib.domain.import_limits import Refusal, RowRefusal
from chalicelib.domain.import_rows import Note, RowProblem
from chalicelib.domain.import_statement import DocumentKind, Source
from chalicelib.domain.import_verdicts import Why
from chalicelib.domain.imports import Failure, Problem, Stage
from chalicelib.services.import_report import Preview
from tests.support.import_examples import import_page_data

FAILED = Failure(problem=Problem.TOO_OLD)
FRAME = {"is_officer": True, "is_marketer": True, "form_token": "t"}


def shown(language, **other):
    data = FRAME | {"language": language} | import_page_data(**other)
    return TemplateRenderer().page("console/import.html", data)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_person_a_row_and_a_note_has_words(language):
    codes = {
        "why": [("mail", [(str(why), 1) for why in Why])],
        "rejected_by": [(str(code), 1) for code in (*RowRefusal, *RowProblem)],
        "notes": [(str(note), 1) for note in Note],
    }
    seen = import_page_data()["seen"]
    country = seen["countries"][0] | {"country": "*", "why": codes.pop("why")}
    page = shown(language, seen=seen | codes | {"countries": [country]})
    said = re.findall(r'<span class="says">(.*?)</span>', page)
    assert len(set(said)) == len(said) > len(Why)
    assert not set(said) & {*map(str, (*Why, *RowRefusal, *RowProblem, *Note))}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_of_a_file_has_words(language):
    told = {}
    for code in (*Refusal, *Problem, "no_address_column", "hashed_addresses"):
        failure = Failure(problem=Problem.FILE, code=str(code))
        record = replace(import_page_data()["record"], stage=Stage.FAILED, failure=failure)
        page = shown(language, record=record, seen=None)
        told[code] = re.search(r'<p id="now"[^>]*>(.*?)</p>', page, re.DOTALL)[1].strip()
    assert told.pop(Problem.FILE)
    assert len(set(told.values())) == len(told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_source_and_kind_of_document_has_words(language):
    options = re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)</option>', shown(language))
    codes = {*map(str, (*Field, *Source, *DocumentKind))}
    assert {value for value, _ in options} >= codes
    assert not [value for value, word in options if word == value and re.search("[_-]", value)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_words(language, stage):
    record = replace(import_page_data()["record"], stage=stage, failure=FAILED)
    page = shown(language, record=record, progress=Preview(rows=1, of=2))
    assert re.search(r'<span class="state[^"]*">[^<]+</span>', page)
    assert re.search(r'<p id="now"[^>]*>[^<]+</p>', page)
