# SPDX-License-Identifier: Apache-2.0
"""Packed mails come back byte for byte, and what is no packed mail is refused."""

import json
from hashlib import sha256
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Malformed
from chalicelib.services.packed_mails import BUCKET_BYTES, Like, pack, unpack
from tests.support import ses_documents as docs


@pytest.mark.parametrize(
    ("like", "file", "expected"),
    [
        (
            Like.MAIL,
            "mail_dictionary_1.txt",
            "90774e39b3ed9066618377ea4d8fc768219aa07b7d57cda5c88d51a15e7fb160",
        ),
        (
            Like.EVENT,
            "event_dictionary_1.txt",
            "b340e889d589f22c3066cb228c3f1f5151c95c4f29fafb3e26c1486132214955",
        ),
    ],
)
def test_the_dictionaries_are_those_stored_rows_were_packed_with(
    like: Like, file: str, expected: str
) -> None:
    data = files("chalicelib.services").joinpath(file).read_bytes()
    assert sha256(data).hexdigest() == expected
    assert like.dictionary == data


@given(st.binary(max_size=6000), st.sampled_from(Like))
def test_what_is_packed_comes_back(document: bytes, like: Like) -> None:
    packed = pack(document, like)
    assert len(packed) % BUCKET_BYTES == 0
    assert unpack(packed) == document


@pytest.mark.parametrize("document", [docs.bounce(), docs.complaint(), docs.delivery_delay()])
def test_an_event_of_ses_packs_below_what_dynamodb_bills_as_one_write(
    document: dict[str, object],
) -> None:
    raw = json.dumps(document).encode()
    assert len(pack(raw, Like.EVENT)) <= 768 < len(raw)


@pytest.mark.parametrize(
    "packed",
    [b"", b"\x03" + bytes(255), b"\x02\xff\xff", b"\x01", b"\x01\xff\xff", pack(b"mail") + b"more"],
)
def test_anything_else_is_refused(packed: bytes) -> None:
    with pytest.raises(Malformed):
        unpack(packed)
