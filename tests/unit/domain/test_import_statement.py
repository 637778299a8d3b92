# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from chalicelib.domain.import_statement import (
    REFUSED_SOURCES,
    Basis,
    Document,
    DocumentKind,
    Source,
    Statement,
    manifest_of,
    require_stated_by,
    statement_document,
)
from chalicelib.errors import InputError

NOW = 1_800_000_000_000
WORDING = Document(kind=DocumentKind.WORDING, sha256="ab" * 32, size=100)
MAIL = Document(kind=DocumentKind.CONFIRMATION_MAIL, sha256="cd" * 32, size=200)
STATED = Statement(
    source=Source.EARLIER_TOOL,
    basis=Basis.CONSENT,
    name="Example Name",
    position="Head of marketing",
    confirmed=True,
    documents=(MAIL, WORDING),
)
SOLD = replace(
    STATED, basis=Basis.SOFT_OPT_IN, objection_how="box at the check-out", objection_at_ms=NOW
)


@pytest.mark.parametrize("source", sorted(REFUSED_SOURCES))
def test_a_list_that_was_not_given_by_the_people_themselves_is_refused(source):
    with pytest.raises(InputError, match="consent cannot be bought") as refused:
        replace(STATED, source=source)
    assert refused.value.code == "refused_source"


@pytest.mark.parametrize("source", sorted(set(Source) - REFUSED_SOURCES))
def test_every_other_source_can_be_stated(source):
    assert replace(STATED, source=source).source is source


@pytest.mark.parametrize(
    "change",
    [
        {"confirmed": False},
        {"name": " "},
        {"position": ""},
        {"name": "x" * 121},
        {"source_detail": "x" * 301},
        {"country": "Sweden"},
        {"documents": (WORDING, WORDING)},
        {"documents": tuple(replace(WORDING, sha256=f"{n:064x}") for n in range(11))},
        {"objection_how": "box"},
        {"objection_at_ms": NOW},
        {"basis": Basis.SOFT_OPT_IN},
        {"basis": Basis.SOFT_OPT_IN, "objection_how": "box"},
        {"basis": Basis.SOFT_OPT_IN, "objection_at_ms": NOW},
    ],
)
def test_a_statement_that_says_too_little_or_too_much_is_refused(change):
    with pytest.raises(InputError, match="Nothing was imported") as refused:
        replace(STATED, **change)
    assert refused.value.code == "bad_statement"


@pytest.mark.parametrize("change", [{"sha256": "AB" * 32}, {"sha256": "ab"}, {"size": 0}])
def test_a_document_is_named_by_its_hash(change):
    with pytest.raises(InputError, match="bad_statement"):
        replace(WORDING, **change)


def test_an_offer_of_the_objection_does_not_lie_in_the_future():
    require_stated_by(SOLD, NOW)
    require_stated_by(STATED, NOW)
    with pytest.raises(InputError, match="future"):
        require_stated_by(replace(SOLD, objection_at_ms=NOW + 3_600_000), NOW)


def test_documents_are_one_manifest_in_whatever_order_and_none_without_any():
    assert manifest_of([MAIL, WORDING]) == manifest_of([WORDING, MAIL])
    assert manifest_of([WORDING]) != manifest_of([WORDING, MAIL])
    assert manifest_of([]) is None
    assert STATED.kinds == {DocumentKind.WORDING, DocumentKind.CONFIRMATION_MAIL}


def test_the_statement_holds_all_that_was_said_and_no_bare_hash_of_the_file():
    document = statement_document(
        SOLD,
        entered_by="office",
        file_mac="m" * 22,
        rules_digest="ef" * 32,
        counts={"SE": {"consent": 3}},
    )
    assert document == {
        "v": 1,
        "source": "earlier-tool",
        "basis": "soft-opt-in",
        "objection_how": "box at the check-out",
        "objection_ts": NOW,
        "name": "Example Name",
        "position": "Head of marketing",
        "confirmed": True,
        "documents": [
            {"kind": "wording", "sha256": "ab" * 32, "bytes": 100},
            {"kind": "confirmation-mail", "sha256": "cd" * 32, "bytes": 200},
        ],
        "key": "office",
        "file": "m" * 22,
        "rules": "ef" * 32,
        "counts": {"SE": {"consent": 3}},
    }
