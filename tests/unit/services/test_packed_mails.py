# SPDX-License-Identifier: Apache-2.0
"""Packed mails come back byte for byte, and what is no packed mail is refused."""

from hashlib import sha256
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Malformed
from chalicelib.services.packed_mails import BUCKET_BYTES, pack, unpack


def test_the_dictionary_is_the_one_stored_rows_were_packed_with() -> None:
    data = files("chalicelib.services").joinpath("mail_dictionary_1.txt").read_bytes()
    assert (
        sha256(data).hexdigest()
        == "90774e39b3ed9066618377ea4d8fc768219aa07b7d57cda5c88d51a15e7fb160"
    )


@given(st.binary(max_size=6000))
def test_what_is_packed_comes_back(document: bytes) -> None:
    packed = pack(document)
    assert len(packed) % BUCKET_BYTES == 0
    assert unpack(packed) == document


@pytest.mark.parametrize(
    "packed", [b"", b"\x02" + bytes(255), b"\x01", b"\x01\xff\xff", pack(b"mail") + b"more"]
)
def test_anything_else_is_refused(packed: bytes) -> None:
    with pytest.raises(Malformed):
        unpack(packed)
