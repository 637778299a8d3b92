# SPDX-License-Identifier: Apache-2.0
"""A test stands for what it showed, by whom, to whom; anything else is another digest."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaign_fingerprint import fingerprint, saying, source_digest
from chalicelib.domain.state import Grade
from tests.support.catalog_examples import BRAND, CAMPAIGN, CONTENT
from tests.support.clock import START_MS

WHERE = {"fact": "orders.count", "is": "at_least", "value": 2}


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Goodbye"},
        {"html": "<p>Goodbye</p>"},
        {"text": "Goodbye"},
        {"text": ""},
    ],
)
def test_another_word_in_any_part_is_another_content(changes):
    other = replace(CONTENT, **changes)
    assert source_digest(other) != source_digest(CONTENT)
    assert fingerprint(saying(CAMPAIGN, other), BRAND) != fingerprint(CAMPAIGN, BRAND)


@pytest.mark.parametrize(
    "changes",
    [
        {"list": "events"},
        {"purpose": "events"},
        {"minimum_grade": Grade.B},
        {"segment": "buyers"},
    ],
)
def test_whom_it_is_for_belongs_to_it(changes):
    assert fingerprint(replace(CAMPAIGN, **changes), BRAND) != fingerprint(CAMPAIGN, BRAND)


@pytest.mark.parametrize(
    "changes", [{"revision": 1}, {"from_address": "other@example.org"}, {"name": "Other"}]
)
def test_who_sends_it_belongs_to_it(changes):
    assert fingerprint(CAMPAIGN, replace(BRAND, **changes)) != fingerprint(CAMPAIGN, BRAND)


def test_a_segments_definition_belongs_to_it_and_the_order_of_its_members_does_not():
    named = replace(CAMPAIGN, segment="buyers")
    first = fingerprint(named, BRAND, WHERE)
    assert first == fingerprint(named, BRAND, dict(reversed(WHERE.items())))
    assert first != fingerprint(named, BRAND, {**WHERE, "value": 3})
    assert first != fingerprint(named, BRAND)


def test_its_name_state_and_times_do_not():
    other = replace(CAMPAIGN, name="Other", revision=7, scheduled_ms=START_MS, problem="x")
    assert fingerprint(other, BRAND) == fingerprint(CAMPAIGN, BRAND)
