# SPDX-License-Identifier: Apache-2.0
"""What a visitor's request may say about itself is bounded."""

import pytest

from chalicelib.domain.parameters import RESERVED_NAMES, ShownAs, shown_as_of, tag_of


def test_the_reserved_names_are_these():
    assert {str(name) for name in RESERVED_NAMES} == {
        *("language", "lang", "notice", "altcha", "leave_empty"),
        *("shown", "shown_as", "tag", "step"),
    }


@pytest.mark.parametrize("text", ["page", "snippet", "embed", "json"])
def test_a_public_form_says_how_it_was_shown(text):
    assert shown_as_of(text) is ShownAs(text)


@pytest.mark.parametrize("text", ["", "api", "unknown", "Page", "elsewhere"])
def test_whatever_else_it_says_is_unknown(text):
    assert shown_as_of(text) is ShownAs.UNKNOWN


@pytest.mark.parametrize(
    ("text", "tag"), [(" spring ", "spring"), ("x" * 65, ""), ("a\nb", ""), ("", ""), ("å", "å")]
)
def test_a_tag_is_one_to_64_printable_characters_or_none(text, tag):
    assert tag_of(text) == tag
