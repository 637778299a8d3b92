# SPDX-License-Identifier: Apache-2.0
"""The API's description: valid, and one with the routes in both directions.

That answers fit it is checked by every test that asks the API (`tests/support/asking.py`).
"""

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import app
from chalicelib.entrypoints.api.openapi import document
from chalicelib.entrypoints.api.routes import OPERATIONS
from chalicelib.entrypoints.api.schemas import SCHEMAS
from tests.support.asking import DOCUMENT

NOUNS = {
    *("subscribers", "lists", "forms", "brands", "segments", "campaigns", "events"),
    *("suppressions", "proofs", "erasures", "rights-requests", "api-keys", "openapi.json"),
    *("templates", "messages", "exports", "imports", "deliverability"),
}


def test_the_document_is_valid_openapi_31():
    OpenAPIV31SpecValidator(document(OPERATIONS)).validate()


def test_the_document_holds_every_route_and_no_other():
    described = {
        (path, method.upper()) for path, item in DOCUMENT["paths"].items() for method in item
    }
    routed = {
        (path, method)
        for path, declared in app.app.routes.items()
        if path.startswith("/api/")
        for method in declared["GET"].view_function.handlers
    }
    assert described == routed


def test_the_nouns_are_those_of_the_design():
    assert {op.noun for op in OPERATIONS} == NOUNS


def test_operations_have_ids_and_summaries_of_their_own():
    assert len({op.id for op in OPERATIONS}) == len(OPERATIONS)
    assert all(op.summary.endswith(".") for op in OPERATIONS)


def test_every_schema_is_used():
    text = str(DOCUMENT)
    unused = [name for name in SCHEMAS if f"#/components/schemas/{name}'" not in text]
    assert unused == []


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.id)
def test_every_operation_names_its_body_answer_and_key(op):
    described = DOCUMENT["paths"]["/api/v1" + op.path][op.method.lower()]
    assert ("requestBody" in described) is op.reads
    assert bool(described["security"]) is bool(op.scopes)
    assert ("401" in described["responses"]) is bool(op.scopes)
    assert {"500", "503", "429"} <= set(described["responses"])
    if op.method == "POST":
        keyed = any(p["name"] == "Idempotency-Key" for p in described["parameters"])
        assert keyed is not op.looks
