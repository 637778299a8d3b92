# SPDX-License-Identifier: Apache-2.0
"""Subject keys: what they derive and seal, and that nothing else opens it."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chalicelib.errors import FatalError, Malformed
from chalicelib.proof.sealing import (
    WRAPPED_BYTES,
    BadSeal,
    SubjectKeys,
    chain_tag,
    derive,
    unwrap_key,
    wrap_key,
    wrapped_epoch,
)

KS, SID, EVENT = b"k" * 32, b"s" * 16, b"e" * 16
NONCE, LEAF_HASH, KEK = b"n" * 12, b"h" * 32, b"w" * 32
KEYS = SubjectKeys(KS, "example.com/ledger", SID)


def test_derivation_is_the_library_s_hkdf():
    library = HKDF(algorithm=SHA256(), length=32, salt=b"origin", info=b"info").derive(KS)
    assert derive(KS, b"origin", b"info") == library


def test_another_origin_derives_other_keys():
    other = SubjectKeys(KS, "example.org/ledger", SID)
    assert other.chain_key != KEYS.chain_key
    assert other.salt(EVENT, "subject") != KEYS.salt(EVENT, "subject")


def test_the_revealed_chain_key_alone_gives_the_tags():
    assert KEYS.tag(3) == chain_tag(KEYS.chain_key, 3)
    assert len({KEYS.tag(n) for n in range(100)}) == 100


def test_salts_differ_by_event_and_claim():
    salts = {
        KEYS.salt(event, claim) for event in (EVENT, b"f" * 16) for claim in ("subject", "link")
    }
    assert len(salts) == 4


def test_claims_open_only_beside_their_leaf():
    sealed = KEYS.seal_claims(EVENT, LEAF_HASH, b"claims", NONCE)
    assert KEYS.open_claims(EVENT, LEAF_HASH, sealed) == b"claims"
    other = SubjectKeys(b"x" * 32, "example.com/ledger", SID)
    for keys, event, leaf in (
        (KEYS, b"f" * 16, LEAF_HASH),
        (KEYS, EVENT, b"g" * 32),
        (other, EVENT, LEAF_HASH),
    ):
        with pytest.raises(BadSeal):
            keys.open_claims(event, leaf, sealed)


def test_a_profile_opens_only_for_its_subject():
    sealed = KEYS.seal_profile(b"profile", NONCE)
    assert KEYS.open_profile(sealed) == b"profile"
    with pytest.raises(BadSeal):
        SubjectKeys(KS, "example.com/ledger", b"t" * 16).open_profile(sealed)
    with pytest.raises(BadSeal):
        KEYS.open_event(b"", sealed)


def test_an_activity_row_opens_only_under_its_key():
    sealed = KEYS.seal_event(b"row", b"event", NONCE)
    assert KEYS.open_event(b"row", sealed) == b"event"
    with pytest.raises(BadSeal):
        KEYS.open_event(b"rox", sealed)


@pytest.mark.parametrize("position", [0, 1, 20, 40])
def test_a_changed_byte_never_opens(position):
    sealed = bytearray(KEYS.seal_profile(b"some profile bytes", NONCE))
    sealed[position] ^= 1
    with pytest.raises((BadSeal, Malformed)):
        KEYS.open_profile(bytes(sealed))


def test_a_wrapped_key_is_small_and_names_its_epoch():
    wrapped = wrap_key(KEK, 7, SID, KS, NONCE)
    assert len(wrapped) == WRAPPED_BYTES == 65
    assert wrapped_epoch(wrapped) == 7
    assert unwrap_key(KEK, SID, wrapped) == KS


def test_a_wrapped_key_opens_for_no_other_subject_key_or_epoch():
    wrapped = wrap_key(KEK, 7, SID, KS, NONCE)
    moved = wrapped[:4] + b"\x08" + wrapped[5:]
    for kek, sid, data in ((b"v" * 32, SID, wrapped), (KEK, b"t" * 16, wrapped), (KEK, SID, moved)):
        with pytest.raises(BadSeal):
            unwrap_key(kek, sid, data)
    for data in (b"", wrapped[:-1], b"\x02" + wrapped[1:]):
        with pytest.raises(Malformed):
            wrapped_epoch(data)


def test_short_sealed_values_are_malformed():
    with pytest.raises(Malformed):
        KEYS.open_profile(b"\x01" + bytes(27))


def test_wrong_lengths_are_refused_before_anything_is_sealed():
    for call in (
        lambda: SubjectKeys(b"short", "o", SID),
        lambda: SubjectKeys(KS, "", SID),
        lambda: SubjectKeys(KS, "o", b"short"),
        lambda: KEYS.salt(b"short", "link"),
        lambda: KEYS.seal_profile(b"", b"short"),
        lambda: wrap_key(KEK, 2**32, SID, KS, NONCE),
        lambda: wrap_key(KEK, 1, SID, b"short", NONCE),
        lambda: wrap_key(KEK, 1, SID, KS, b"short"),
    ):
        with pytest.raises(FatalError):
            call()


def test_no_key_shows_in_a_representation():
    assert repr(KEYS) == "SubjectKeys(…)"
