# SPDX-License-Identifier: Apache-2.0
"""Leaves packed for an entry's row come back as they were, and nothing else unpacks."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.dynamo.packed_leaves import pack, unpack
from chalicelib.errors import FatalError
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.leaf import LeafFields, build_leaf
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.proof.tiles import MAX_LEAF_BYTES
from chalicelib.vocabulary import EventType

FIELDS = LeafFields(
    event_id=bytes(range(16)),
    type=EventType.CONSENT_REQUESTED,
    ts_ms=1_795_435_200_000,
    controller="example",
    brand="demo",
    channel="email",
    lists=("newsletter",),
    purposes=("measurement", "newsletter"),
    notice_sha256="c0ffee" * 10 + "beef",
)
LEAF = build_leaf(FIELDS, Claims(), SubjectKeys(b"k" * 32, "example.org/log", b"s" * 16), 0).leaf


@given(st.binary(max_size=4096))
def test_any_bytes_come_back(leaf):
    assert unpack(pack(leaf)) == leaf


def test_a_leaf_shrinks_by_a_third_at_least():
    assert unpack(pack(LEAF)) == LEAF
    assert len(pack(LEAF)) < len(LEAF) * 2 // 3


def test_a_leaf_packed_by_another_deflate_unpacks():
    plain = zlib.compressobj(0, zlib.DEFLATED, -12)
    assert unpack(plain.compress(LEAF) + plain.flush()) == LEAF


@pytest.mark.parametrize(
    "packed", [b"", b"\xff", LEAF, pack(LEAF)[:-1], pack(LEAF) + b"\0", pack(b"x" * 70_000)]
)
def test_what_is_no_packed_leaf_is_refused(packed):
    with pytest.raises(FatalError):
        unpack(packed)


def test_the_longest_leaf_fits():
    assert unpack(pack(b"x" * MAX_LEAF_BYTES)) == b"x" * MAX_LEAF_BYTES
