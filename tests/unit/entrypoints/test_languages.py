# SPDX-License-Identifier: Apache-2.0
"""Choosing a visitor's language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.entrypoints.languages import choose_language
from chalicelib.proof.words import TABLES


def test_pages_and_proofs_speak_the_same_languages():
    assert set(TABLES) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("chosen", "accept", "expected"),
    [
        ([{}], "", "en"),
        ([{"language": "sv"}], "de", "sv"),
        ([{"lang": "fr"}], "de", "fr"),
        ([{"language": "xx"}, {"language": "de"}], "fr", "de"),
        ([{"language": "sv"}, {"language": "de"}], "", "sv"),
        ([{}], "de-AT, en;q=0.9", "de"),
        ([{}], "en;q=0.5, fr;q=0.8", "fr"),
        ([{}], "nn, nb;q=0.9", "en"),
        ([{}], "sv;q=0, fr;q=0.1", "fr"),
        ([{}], "*", "en"),
        ([{}], "SV", "sv"),
        ([{}], "sv;q=high, de;q=0.1", "de"),
        ([{}], "fr , sv", "fr"),
    ],
)
def test_a_choice_goes_before_the_browser_and_the_browser_before_the_default(
    chosen, accept, expected
):
    assert choose_language(chosen, accept, "en") == expected


def test_only_what_is_offered_is_chosen():
    assert choose_language([{"language": "sv"}], "fr", "en", ("de", "fr")) == "fr"
    assert choose_language([{}], "", "en", ("de", "fr")) == "de"


@given(st.text())
def test_any_header_leads_to_a_language(accept):
    assert choose_language([{}], accept, "en") in LANGUAGES
