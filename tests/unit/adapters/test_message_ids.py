# SPDX-License-Identifier: Apache-2.0
"""SES's message ids come back to the letter, and fifty of today's form fit beside their chunk."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.dynamo.message_ids import pack_ids, unpack_ids
from chalicelib.errors import FatalError

TODAYS = st.builds(
    lambda time, raw, number: f"{time:016x}-{uuid.UUID(bytes=raw)}-{number:06d}",
    st.integers(0, 2**64 - 1),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 999_999),
)
OTHERS = st.text(st.characters(min_codepoint=1, max_codepoint=127), min_size=1, max_size=254)
A = "0102018f3c2b1a4d-6d2f8c1e-0b5a-4c3d-9e8f-0a1b2c3d4e5f-000000"


@given(st.lists(st.none() | TODAYS | OTHERS, max_size=6))
def test_ids_come_back_to_the_letter(ids: list[str | None]) -> None:
    while ids and ids[-1] is None:
        ids.pop()
    assert unpack_ids(pack_ids(ids)) == tuple(ids)


def test_an_id_of_todays_form_takes_28_bytes() -> None:
    assert len(A) == 60
    assert len(pack_ids([A] * 50)) == 50 * 28
    assert pack_ids([None, None]) == b""


@pytest.mark.parametrize(
    "name",
    [
        A.upper(),
        A.replace("0102", "010g", 1),
        A[:-1],
        A + "0",
        A.replace("-000000", "-00000a"),
        A.replace("-000000", "-00000٠"),  # noqa: RUF001 -- a digit that is not ASCII
        A + "\n",
        "0" * 27,
    ],
)
def test_an_id_that_only_looks_alike_is_kept_as_text(name: str) -> None:
    if name.isascii():
        assert unpack_ids(pack_ids([name, A])) == (name, A)
    else:
        with pytest.raises(FatalError):
            pack_ids([name])


@pytest.mark.parametrize("name", ["", "x" * 255, "å"])
def test_an_id_that_cannot_be_kept_is_said(name: str) -> None:
    with pytest.raises(FatalError):
        pack_ids([name])


def test_ids_cut_short_are_not_read() -> None:
    packed = pack_ids([None, "0100-aa", A])
    whole = (0, 1, 9, len(packed))
    for length in range(len(packed)):
        if length in whole:
            unpack_ids(packed[:length])
        else:
            with pytest.raises(FatalError):
                unpack_ids(packed[:length])
