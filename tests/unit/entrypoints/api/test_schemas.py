# SPDX-License-Identifier: Apache-2.0
"""Patterns mean the same to Python, which checks bodies, and to ECMAScript, which reads them."""

import json
import re

import pytest

from chalicelib.entrypoints.api.openapi import document
from chalicelib.entrypoints.api.routes import OPERATIONS
from chalicelib.entrypoints.api.shapes import ID, LINE, PARAMETER, SLUG

DOCUMENT = json.dumps(document(OPERATIONS, "https://mail.example.org"))
PATTERNS = sorted({json.loads(x) for x in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', DOCUMENT)})
MATCHING = {
    SLUG["pattern"]: "newsletter",
    ID["pattern"]: "A" * 22,
    LINE: "One line, å.",
    PARAMETER: "first_name",
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_holds_for_the_whole_text(pattern):
    assert pattern.startswith("^")
    assert pattern.endswith(r"(?!\n)$")


@pytest.mark.parametrize("pattern", MATCHING)
def test_a_line_break_at_the_end_is_not_overlooked(pattern):
    assert pattern in PATTERNS
    assert re.search(pattern, MATCHING[pattern])
    assert not re.search(pattern, MATCHING[pattern] + "\n")
