# SPDX-License-Identifier: Apache-2.0
"""A consent that came through an expired link, asked for again: what its proof says."""

import re
from html import unescape

import pytest

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.services.confirmation_mail import TOKEN_LIFE_MS
from chalicelib.services.proofs import Wish
from tests.support.bundles import bundle_files, export
from tests.support.forgery import Case
from tests.support.verifier import run
from tests.support.world import READER, World

EMAIL = "visitor@example.org"


@pytest.fixture
def world():
    made = World()
    made.sign_up(EMAIL)
    made.settle()
    made.time.advance(TOKEN_LIFE_MS)
    made.confirmation.again(made.confirm_token(EMAIL), READER)
    made.settle()
    made.confirmation.confirm(made.confirm_token(EMAIL), READER)
    made.settle()
    return made


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_says_that_the_form_was_not_shown_again(world, language):
    request = world.store.history(*world.rows.vault)[0].event
    files = bundle_files(world, {"email": EMAIL}, Wish(language=language))
    report = unescape(re.sub(r"<[^>]+>", "", files["report.html"].decode()))
    repeated = {
        "en": "it repeats the earlier request",
        "sv": "den tidigare begäran",
        "de": "wiederholt die frühere Anfrage",
        "fr": "la demande antérieure",
    }
    assert report.count(f"{repeated[language]} {request}") == 1


def test_the_record_names_how_consent_was_asked_for(world):
    files = bundle_files(world, {"email": EMAIL})
    record = files["record.jsonld"].decode()
    assert record.count("the earlier request, asked for again by its link") == 1
    assert record.count("sign-up form, no box ticked beforehand") == 1


def test_the_bundle_verifies(world, tmp_path):
    data = export(world, {"email": EMAIL})
    case = Case(name="repeated", data=data, policy=None, verdicts=None)
    status, said, _ = run(case, tmp_path)
    assert status == 0
    assert "FAIL" not in said
    for name in ("integrity", "inclusion", "disclosures", "notice", "chain"):
        assert f"PASS {name}:" in said
