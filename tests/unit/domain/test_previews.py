# SPDX-License-Identifier: Apache-2.0
"""What a preview tells: reasons in the order of a send, and the place of what is wrong."""

import pytest

from chalicelib.domain.content import ContentKind, FindingCode, Part, finding
from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.frequency import WEEK_MS, Frequency, Rhythm
from chalicelib.domain.previews import (
    NOTHING_MADE,
    ORDER,
    SENTENCES,
    Flaw,
    OtherReason,
    first,
    held_back,
    refused,
    told,
)
from chalicelib.errors import InputError

NOW = 10 * WEEK_MS
ONCE = Frequency(max_per_week=1)


def test_every_reason_has_its_place_and_its_sentence():
    assert set(ORDER) == {*SkipReason, *OtherReason}
    assert len(ORDER) == len(set(ORDER))
    assert set(SENTENCES) == set(ORDER)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([], None),
        ([None, None], None),
        ([None, SkipReason.PAUSED], SkipReason.PAUSED),
        ([SkipReason.CANCELLED, SkipReason.NO_CONSENT], SkipReason.NO_CONSENT),
        ([OtherReason.CONTENT, OtherReason.NOT_IN_SEGMENT], OtherReason.NOT_IN_SEGMENT),
        ([OtherReason.CONTENT, SkipReason.RENDERING], SkipReason.RENDERING),
        ([SkipReason.FREQUENCY, SkipReason.OBJECTED], SkipReason.OBJECTED),
    ],
)
def test_what_the_person_said_comes_before_what_can_be_mended(found, reason):
    assert first(found) is reason


def test_of_people_who_said_stop_to_their_data_nothing_is_made():
    assert {SkipReason.RESTRICTED, SkipReason.OBJECTED} < NOTHING_MADE
    assert SkipReason.NO_CONSENT not in NOTHING_MADE


@pytest.mark.parametrize(
    ("rhythm", "rest", "reason"),
    [
        (Rhythm(), None, None),
        (Rhythm(), 0, None),
        (Rhythm(), NOW, None),
        (Rhythm(), NOW + 1, SkipReason.RESTING),
        (Rhythm(frequency=ONCE), None, None),
        (Rhythm(frequency=ONCE, sent_ms=(NOW - WEEK_MS,)), None, None),
        (Rhythm(frequency=ONCE, sent_ms=(NOW - 1,)), None, SkipReason.FREQUENCY),
        (Rhythm(frequency=ONCE, sent_ms=(NOW - 1,)), NOW + 1, SkipReason.RESTING),
        (Rhythm(frequency=Frequency(paused_until_ms=NOW)), None, None),
        (Rhythm(frequency=Frequency(paused_until_ms=NOW + 1)), NOW + 1, SkipReason.PAUSED),
    ],
)
def test_a_mail_too_many_is_held_back(rhythm, rest, reason):
    assert held_back(rhythm, rest, NOW) is reason


PLACES = (
    ("bad_template", "Line 3 of the HTML: It ends.", ContentKind.HTML, (Part.HTML, 3, "It ends.")),
    ("bad_template", "Line 3 of the MJML: It ends.", ContentKind.MJML, (Part.HTML, 3, "It ends.")),
    # A line of what MJML was compiled to says nothing to who wrote the MJML.
    (
        "bad_template",
        "Line 3 of the HTML: It ends.",
        ContentKind.MJML,
        (Part.HTML, None, "It ends."),
    ),
    ("bad_template", "The text: It ends.", ContentKind.HTML, (Part.TEXT, None, "It ends.")),
    ("bad_template", "Line 1 of the subject: No.", ContentKind.HTML, (Part.SUBJECT, 1, "No.")),
    ("bad_subject", "A subject is short.", ContentKind.HTML, (Part.SUBJECT, None, None)),
    ("bad_template", "It is larger than 256 KiB.", ContentKind.HTML, (None, None, None)),
)


@pytest.mark.parametrize(("code", "detail", "kind", "place"), PLACES)
def test_a_refusal_is_told_with_part_and_line(code, detail, kind, place):
    part, line, sentence = place
    flaw = refused(InputError(code, detail), kind)
    assert flaw == Flaw(
        code=code, severity="error", part=part, line=line, sentence=sentence or detail
    )


def test_findings_are_told_as_they_are():
    found = finding(FindingCode.IMG_WITHOUT_ALT, Part.HTML, 4, "a.png")
    (flaw,) = told([found])
    for name in ("code", "severity", "part", "line", "sentence", "times"):
        assert getattr(flaw, name) == getattr(found, name)
