# SPDX-License-Identifier: Apache-2.0
"""Every type of field is read into one canonical form, or refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.signup import Problem, SubmissionError, read_submission
from tests.support.form_examples import FULL_FORM

GOOD = {"email": "visitor@example.org", "zone": "2", "adult": "on", "newsletter": "1"}
KEPT = {"email": "visitor@example.org", "zone": "2", "adult": "yes", "newsletter": "yes"}


def problems(**values: str) -> dict[str, Problem]:
    with pytest.raises(SubmissionError) as caught:
        read_submission(FULL_FORM, {**GOOD, **values})
    assert "xxx" not in str(caught.value)
    return caught.value.problems


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("beds", "7", "7"),
        ("beds", " +007 ", "7"),
        ("since", "1930-01-01", "1930-01-01"),
        ("since", "2024-02-29", "2024-02-29"),
        ("zone", "1", "1"),
        ("phone", "+46 (0)8-123 45 67", "+46 (0)8-123 45 67"),
        ("phone", "08/12 34 56", "08/12 34 56"),
        ("phone", "112 00", "112 00"),
        ("site", "https://www.example.org/a?b#c", "https://www.example.org/a?b#c"),
        ("site", "http://exämple.org", "http://exämple.org"),
        ("name", "Åsa Öberg", "Åsa Öberg"),
    ],
)
def test_what_people_type_is_kept_in_one_form(name, typed, kept):
    assert read_submission(FULL_FORM, {**GOOD, name: typed}).fields == {**KEPT, name: kept}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"beds": "xxx"}, Problem.BAD_NUMBER),
        ({"beds": "1.5"}, Problem.BAD_NUMBER),
        ({"beds": "1e9"}, Problem.BAD_NUMBER),
        ({"beds": "٣"}, Problem.BAD_NUMBER),
        ({"beds": "9" * 30}, Problem.BAD_NUMBER),
        ({"beds": "0"}, Problem.OUT_OF_RANGE),
        ({"beds": "100"}, Problem.OUT_OF_RANGE),
        ({"since": "xxx"}, Problem.BAD_DATE),
        ({"since": "2025-02-29"}, Problem.BAD_DATE),
        ({"since": "2025-W01-1"}, Problem.BAD_DATE),
        ({"since": "20250101"}, Problem.BAD_DATE),
        ({"since": "1929-12-31"}, Problem.OUT_OF_RANGE),
        ({"since": "2027-01-01"}, Problem.OUT_OF_RANGE),
        ({"zone": "xxx"}, Problem.NOT_A_CHOICE),
        ({"zone": "Cold"}, Problem.NOT_A_CHOICE),
        ({"zone": ""}, Problem.MISSING),
        ({"adult": ""}, Problem.MISSING),
        ({"adult": "no"}, Problem.MISSING),
        ({"phone": "xxx"}, Problem.BAD_PHONE),
        ({"phone": "1234"}, Problem.BAD_PHONE),
        ({"phone": "1" * 16}, Problem.BAD_PHONE),
        ({"phone": "+4612345ext9"}, Problem.BAD_PHONE),
        ({"site": "xxx"}, Problem.BAD_URL),
        ({"site": "javascript:xxx.example.org"}, Problem.BAD_URL),
        ({"site": "https://user@example.org"}, Problem.BAD_URL),
        ({"site": "https://xxx"}, Problem.BAD_URL),
        ({"site": "https://[example.org"}, Problem.BAD_URL),
        ({"site": "https://example.org:x"}, Problem.BAD_URL),
        ({"site": "https://example.org/a b"}, Problem.BAD_URL),
        ({"site": "https://example.org/" + "x" * 200}, Problem.TOO_LONG),
        ({"since": "2025-01-01\n2"}, Problem.BAD_DATE),
        ({"name": "xxx\x00"}, Problem.BAD_CHARACTERS),
    ],
)
def test_what_does_not_fit_is_named_by_field(values, problem):
    assert problems(**values) == dict.fromkeys(values, problem)


@given(st.dictionaries(st.sampled_from([x.name for x in FULL_FORM.fields]), st.text(max_size=40)))
def test_no_text_at_all_breaks_the_reading(values):
    try:
        found = read_submission(FULL_FORM, {**GOOD, **values})
    except SubmissionError as error:
        found, wrong = None, set(error.problems)
    if found is None:
        assert wrong <= set(values)
        return
    longest = {item.name: item.longest for item in FULL_FORM.fields} | {"newsletter": 3}
    assert all(len(value) <= longest[name] for name, value in found.fields.items())


def test_a_tick_is_a_fact_of_the_person_and_no_consent():
    found = read_submission(FULL_FORM, GOOD)
    assert found.purposes == ("newsletter",)
    assert FULL_FORM.attributes(found.fields) == {"zone": "2", "adult": "yes"}
