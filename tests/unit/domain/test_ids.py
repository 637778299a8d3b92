# SPDX-License-Identifier: Apache-2.0
import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import (
    SHARDS,
    SubjectId,
    decode_id,
    decode_stored_id,
    encode_id,
    require_slug,
    shard_of,
)
from chalicelib.errors import InputError


@given(st.binary(min_size=16, max_size=16))
def test_a_random_id_is_22_characters_and_comes_back(raw):
    text = encode_id(raw)
    assert len(text) == 22
    assert decode_id(text) == raw


@given(st.binary(min_size=16, max_size=16))
def test_a_stored_id_is_read_as_any_other(raw):
    assert decode_stored_id(encode_id(raw)) == raw


@given(st.text(max_size=30))
def test_what_is_stored_for_an_id_is_sixteen_bytes_or_refused(text):
    with contextlib.suppress(InputError):
        assert len(decode_stored_id(text)) == 16


@pytest.mark.parametrize("text", ["", "A" * 21, "A" * 24, "Å" + "A" * 21, "A\n"])
def test_a_stored_id_of_another_length_is_refused(text):
    with pytest.raises(InputError):
        decode_stored_id(text)


@given(st.binary(min_size=12, max_size=12))
def test_a_delivery_id_is_16_characters_and_comes_back(raw):
    assert len(encode_id(raw)) == 16
    assert decode_id(encode_id(raw), 12) == raw


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A" * 21,
        "A" * 23,
        "A" * 24,
        "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAAAAAAAA+",
        "AAAAAAAAAAAAAAAAAAAAA ",
        "AAAAAAAAAAAAAAAAAAAAAA\n",
        "ÅAAAAAAAAAAAAAAAAAAAAA",
        "../../../../etc/passwd",
    ],
)
def test_one_id_has_one_text(text):
    with pytest.raises(InputError) as caught:
        decode_id(text)
    assert caught.value.code == "bad_id"


@given(st.text(max_size=30))
def test_any_text_is_an_id_or_refused(text):
    with contextlib.suppress(InputError):
        assert encode_id(decode_id(text)) == text


@pytest.mark.parametrize("text", ["a", "0", "weekly", "a-b", "a" * 32, "9-"])
def test_a_slug_is_taken_as_it_is(text):
    assert require_slug(text, "list") == text


@pytest.mark.parametrize(
    "text", ["", "-a", "A", "a_b", "a b", "a" * 33, "a\n", "å", "a/b", "a#b", "a.b"]
)
def test_what_is_no_slug_is_refused_and_the_noun_named(text):
    with pytest.raises(InputError, match="A list id"):
        require_slug(text, "list")


@given(st.binary(min_size=16, max_size=16))
def test_a_shard_is_the_first_digit_of_the_ids_hash(raw):
    shard = shard_of(SubjectId(encode_id(raw)))
    assert shard == hashlib.sha256(raw).hexdigest()[0]
    assert shard in SHARDS


def test_there_are_sixteen_shards():
    assert len(set(SHARDS)) == len(SHARDS) == 16
