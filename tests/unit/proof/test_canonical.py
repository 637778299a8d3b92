# SPDX-License-Identifier: Apache-2.0
"""One value, one byte string; and nothing two readers could understand differently."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Malformed
from chalicelib.proof import canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)


@settings(deadline=None)
@given(VALUES)
def test_a_value_round_trips_through_its_canonical_bytes(value: Any) -> None:
    data = canonical.encode(value)
    assert canonical.decode(data, require_canonical=True) == value
    assert canonical.encode(canonical.decode(data)) == data


@settings(deadline=None)
@given(VALUES)
def test_any_json_spelling_of_a_value_has_the_same_canonical_bytes(value: Any) -> None:
    spelled = json.dumps(value, indent=2, ensure_ascii=True).encode()
    assert canonical.encode(canonical.decode(spelled)) == canonical.encode(value)


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_bytes_that_are_accepted_as_canonical_are_what_encode_writes(data: bytes) -> None:
    try:
        value = canonical.decode(data, require_canonical=True)
    except Malformed:
        return
    assert canonical.encode(value) == data


def test_names_are_sorted_by_utf16_code_units() -> None:
    """RFC 8785 section 3.2.3: U+FB33 sorts after U+1F602 because of its surrogates."""
    assert (
        canonical.encode({"\ufb33": 1, "\U0001f602": 2}) == '{"\U0001f602":2,"\ufb33":1}'.encode()
    )


def test_tuples_are_arrays() -> None:
    assert canonical.encode({"a": (1, ("b",))}) == b'{"a":[1,["b"]]}'


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53, -(2**53), "\ud800", {"\ud800": 1}, {1: 2}, {"a": b"x"}, {1, 2}],
    ids=repr,
)
def test_values_without_one_meaning_are_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        canonical.encode(value)
    with pytest.raises(Malformed):
        canonical.encode([{"deep": value}])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        b"{} x",
        b"Infinity",
        b"-",
        b"01",
        b"1.5",
        b"1e2",
        b'"\\ud800"',
        b'{"a":1,"a":1}',
        b'[{"b":{"c":1,"c":2}}]',
        b"9007199254740992",
        b"1" * 10_000,
        b"[" * 100_000,
        b"[" * 65 + b"]" * 65,
        b'"a\nb"',
    ],
    ids=lambda data: repr(data[:20]),
)
def test_bytes_that_could_be_read_differently_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        canonical.decode(data)


def test_nesting_to_the_limit_is_accepted() -> None:
    data = b"[" * 64 + b"]" * 64
    assert canonical.encode(canonical.decode(data)) == data


@pytest.mark.parametrize("data", [b'{ "a":1}', b'{"b":1,"a":1}', b'"\\u0041"', b'"\\/"', b"-0"])
def test_another_spelling_is_refused_where_canonical_bytes_are_required(data: bytes) -> None:
    canonical.decode(data)
    with pytest.raises(Malformed):
        canonical.decode(data, require_canonical=True)
