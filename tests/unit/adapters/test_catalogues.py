# SPDX-License-Identifier: Apache-2.0
"""The message catalogues are whole, current and compiled."""

import re

import pytest

from chalicelib.adapters.templates import SOURCE_LANGUAGE
from chalicelib.domain.catalog import LANGUAGES
from tools import make_catalogues as tool


def test_every_language_but_the_source_has_a_catalogue():
    assert {*tool.LANGUAGES, SOURCE_LANGUAGE} == set(LANGUAGES)


@pytest.mark.parametrize("language", tool.LANGUAGES)
def test_a_catalogue_holds_exactly_the_texts_there_are(language):
    stored = tool.catalogue_path(language).read_bytes()
    assert tool.po_bytes(tool.updated(language)) == stored, "run tools/make_catalogues.py"


@pytest.mark.parametrize("language", tool.LANGUAGES)
def test_the_compiled_catalogue_is_the_source_compiled(language):
    compiled = tool.catalogue_path(language).with_suffix(".mo").read_bytes()
    assert tool.mo_bytes(tool.updated(language)) == compiled, "run tools/make_catalogues.py"


@pytest.mark.parametrize("language", tool.LANGUAGES)
def test_every_text_is_translated_with_the_same_values_in_it(language):
    for message in tool.read_catalogue(language):
        if not message.id:
            continue
        assert not message.fuzzy
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for source, translated in zip(ids, strings, strict=True):
            assert translated.strip(), source
            assert _values(source) == _values(translated), source


def test_no_french_line_begins_with_a_sign_or_ends_with_an_opening_quote():
    """A high sign keeps a no-break space before it, and quotation marks keep theirs inside."""
    for message in tool.read_catalogue("fr"):
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert not [text for text in strings if message.id and re.search(r"« | [:;?!»]", text)]


def test_a_catalogue_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "kvitto.mo"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        tool.replace_file(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def _values(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|\{\w*\}", text))
