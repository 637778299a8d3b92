# SPDX-License-Identifier: Apache-2.0
"""Every language has every word, with the same values in it, and all that an entry can hold."""

import re
from string import Formatter

import pytest

from chalicelib.proof.disclosure import CLAIM_NAMES
from chalicelib.proof.event_types import RULES, VIAS, Belongs
from chalicelib.proof.evidence import LANGUAGES
from chalicelib.proof.words import TABLES

OTHERS = [language for language in LANGUAGES if language != "en"]


def values(template: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name)


def test_there_is_a_table_for_each_language():
    assert tuple(TABLES) == LANGUAGES


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_exactly_the_words_of_english(language):
    assert list(TABLES[language]) == list(TABLES["en"])


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_sets_in_the_same_values(language):
    for key, template in TABLES["en"].items():
        assert values(TABLES[language][key]) == values(template), key


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_longer_than_a_word_is_left_in_english(language):
    same = [
        key
        for key, template in TABLES["en"].items()
        if TABLES[language][key] == template and re.search(r"[a-z]{3,} [a-z]{3,}", template)
    ]
    assert not same


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_way_and_reason_of_a_chain_has_words(language):
    words = TABLES[language]
    for kind, rule in RULES.items():
        if rule.belongs is Belongs.CONTROLLER:
            continue
        assert f"event.{kind}" in words
        for reason in rule.reasons:
            assert f"reason.{kind}.{reason}" in words or f"reason.{reason}" in words
    assert all(f"via.{via}" in words for via in VIAS)
    assert all(f"claim.{name}" in words for name in CLAIM_NAMES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("member", ["taken", "access", "medium", "received_at", "received_by"])
def test_what_a_preference_page_and_an_officer_seal_is_named_in_words(language, member):
    assert f"member.{member}" in TABLES[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_of_the_readme_is_wider_than_a_terminal(language):
    readme = [text for key, text in TABLES[language].items() if key.startswith("readme.")]
    assert max(len(line) for text in readme for line in text.split("\n")) <= 100
