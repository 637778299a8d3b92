# SPDX-License-Identifier: Apache-2.0
"""Subject keys: what they derive and seal, and that nothing else opens it."""

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chalicelib.errors import FatalError, Malformed
from chalicelib.proof.sealing import (
    WRAPPED_BYTES,
    BadSeal,
    Kek,
    SubjectKeys,
    chain_tag,
    derive,
    wrapped_epoch,
)

ORIGIN = "example.com/ledger"
KS, SID, EVENT = b"k" * 32, b"s" * 16, b"e" * 16
NONCE, LEAF_HASH, KEK = b"n" * 12, b"h" * 32, Kek(7, b"w" * 32)
KEYS = SubjectKeys(KS, ORIGIN, SID)
COUNT = bytes(range(256))


def library(key, salt, info):
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(key)


def of_version_1(plaintext):
    """A profile as it was sealed before there was a version 2, by nothing of the product's."""
    salt = ORIGIN.encode()
    key = library(library(KS, salt, b"cl1/enc"), salt, b"cl1/profile")
    return b"\x01" + NONCE + AESGCM(key).encrypt(NONCE, plaintext, b"cl1/profile" + SID)


@pytest.mark.parametrize(
    ("key", "salt", "info", "output"),
    [
        (
            b"\x0b" * 22,
            COUNT[:13],
            COUNT[0xF0:0xFA],
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
        ),
        (
            COUNT[:80],
            COUNT[0x60:0xB0],
            COUNT[0xB0:],
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
        ),
        (
            b"\x0b" * 22,
            b"",
            b"",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        ),
    ],
)
def test_derivation_is_rfc_5869(key, salt, info, output):
    """The first 32 bytes of the test cases 1 to 3, appendix A.1 to A.3."""
    assert derive(key, salt, info).hex() == output


@pytest.mark.parametrize("salt_bytes", [0, 1, 18, 63, 64, 65, 128, 200])
@pytest.mark.parametrize("info_bytes", [0, 7, 64, 130])
@pytest.mark.parametrize("key_bytes", [0, 16, 32, 64, 65])
def test_derivation_is_the_library_s_at_every_length(salt_bytes, info_bytes, key_bytes):
    key, salt, info = COUNT[:key_bytes], COUNT[:salt_bytes], COUNT[:info_bytes]
    assert derive(key, salt, info) == library(key, salt, info)


def test_many_origins_in_turn_derive_what_each_derives_alone():
    salts = [b"origin %d" % number for number in range(20)]
    for _ in range(2):
        for salt in salts:
            assert derive(KS, salt, b"info") == library(KS, salt, b"info")


def test_every_key_of_a_subject_is_derived_as_the_specification_says():
    salt = ORIGIN.encode()
    digests, sealing = library(KS, salt, b"cl1/sd"), library(KS, salt, b"cl1/enc")
    assert KEYS.chain_key == library(KS, salt, b"cl1/tag")
    assert KEYS.salt(EVENT, "link") == library(digests, salt, EVENT + b"link")
    for sealed, key, context in (
        (KEYS.seal_profile(b"x", NONCE), library(KS, salt, b"cl1/profile/2"), b"cl1/profile" + SID),
        (KEYS.seal_facts(b"x", NONCE), library(KS, salt, b"cl1/profile/2"), b"cl1/facts" + SID),
        (
            KEYS.seal_event(b"row", b"x", NONCE),
            library(sealing, salt, b"cl1/activity"),
            b"cl1/activity" + SID + b"row",
        ),
        (
            KEYS.seal_claims(EVENT, LEAF_HASH, b"x", NONCE),
            library(sealing, salt, EVENT),
            EVENT + LEAF_HASH,
        ),
    ):
        assert AESGCM(key).decrypt(NONCE, sealed[13:], context) == b"x"
        assert sealed[1:13] == NONCE


def test_a_name_cannot_be_made_without_the_key():
    key = library(KS, ORIGIN.encode(), b"cl1/names")
    expected = hmac.digest(key, b"order\0demo\x004711", "sha256")[:16]
    assert KEYS.name("order", "demo", "4711") == expected
    others = {
        KEYS.name("event", "demo", "4711"),
        KEYS.name("order", "other", "4711"),
        KEYS.name("order", "demo", "4712"),
        SubjectKeys(b"o" * 32, ORIGIN, SID).name("order", "demo", "4711"),
        SubjectKeys(KS, "example.org/ledger", SID).name("order", "demo", "4711"),
    }
    assert len(others | {expected}) == 6


def test_another_origin_derives_other_keys():
    other = SubjectKeys(KS, "example.org/ledger", SID)
    with pytest.raises(BadSeal):
        other.open_profile(KEYS.seal_profile(b"profile", NONCE))
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
    other = SubjectKeys(b"x" * 32, ORIGIN, SID)
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
        SubjectKeys(KS, ORIGIN, b"t" * 16).open_profile(sealed)
    with pytest.raises(Malformed):
        KEYS.open_event(b"", sealed)


def test_a_profile_of_the_first_version_opens_for_ever():
    old = of_version_1(b"profile")
    assert old[0] == 1
    assert KEYS.open_profile(old) == b"profile"
    for other in (SubjectKeys(b"x" * 32, ORIGIN, SID), SubjectKeys(KS, ORIGIN, b"t" * 16)):
        with pytest.raises(BadSeal):
            other.open_profile(old)
    with pytest.raises(BadSeal):
        KEYS.open_event(b"", old)


def test_a_profile_is_written_as_version_2_and_passes_for_no_other():
    sealed = KEYS.seal_profile(b"profile", NONCE)
    assert sealed[0] == 2
    with pytest.raises(BadSeal):
        KEYS.open_profile(b"\x01" + sealed[1:])
    with pytest.raises(BadSeal):
        KEYS.open_profile(b"\x02" + of_version_1(b"profile")[1:])


def test_neither_section_passes_for_the_other():
    profile, facts = KEYS.seal_profile(b"x", NONCE), KEYS.seal_facts(b"x", NONCE)
    assert KEYS.open_facts(facts) == b"x"
    with pytest.raises(BadSeal):
        KEYS.open_facts(profile)
    with pytest.raises(BadSeal):
        KEYS.open_profile(facts)
    with pytest.raises(BadSeal):
        SubjectKeys(KS, ORIGIN, b"t" * 16).open_facts(facts)


def test_facts_of_the_first_version_never_existed():
    with pytest.raises(Malformed):
        KEYS.open_facts(b"\x01" + KEYS.seal_facts(b"x", NONCE)[1:])


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
    wrapped = KEK.wrap(SID, KS, NONCE)
    assert len(wrapped) == WRAPPED_BYTES == 65
    assert wrapped_epoch(wrapped) == 7
    assert KEK.unwrap(SID, wrapped) == KS


def test_a_wrapped_key_opens_for_no_other_subject_key_or_epoch():
    wrapped = KEK.wrap(SID, KS, NONCE)
    moved = wrapped[:4] + b"\x08" + wrapped[5:]
    for kek, sid, data in (
        (Kek(7, b"v" * 32), SID, wrapped),
        (KEK, b"t" * 16, wrapped),
        (KEK, SID, moved),
    ):
        with pytest.raises(BadSeal):
            kek.unwrap(sid, data)
    for data in (b"", wrapped[:-1], wrapped + b"\0", b"\x02" + wrapped[1:]):
        with pytest.raises(Malformed):
            wrapped_epoch(data)
        with pytest.raises(Malformed):
            KEK.unwrap(SID, data)


def test_an_epoch_of_four_bytes_is_the_greatest():
    assert wrapped_epoch(Kek(2**32 - 1, b"w" * 32).wrap(SID, KS, NONCE)) == 2**32 - 1


@pytest.mark.parametrize("version", [b"\x01", b"\x02"])
def test_short_sealed_values_are_malformed(version):
    for length in (0, 12, 27):
        with pytest.raises(Malformed):
            KEYS.open_profile(version + bytes(length))
        with pytest.raises(Malformed):
            KEYS.open_facts(version + bytes(length))
    for unknown in (b"", b"\x00", b"\x03" + bytes(40)):
        with pytest.raises(Malformed):
            KEYS.open_profile(unknown)


def test_wrong_lengths_are_refused_before_anything_is_sealed():
    for call in (
        lambda: SubjectKeys(b"short", "o", SID),
        lambda: SubjectKeys(KS, "", SID),
        lambda: SubjectKeys(KS, "o", b"short"),
        lambda: KEYS.salt(b"short", "link"),
        lambda: KEYS.seal_profile(b"", b"short"),
        lambda: KEYS.seal_facts(b"", b"short"),
        lambda: Kek(2**32, b"w" * 32),
        lambda: Kek(-1, b"w" * 32),
        lambda: Kek(1, b"w" * 16),
        lambda: KEK.wrap(SID, b"short", NONCE),
        lambda: KEK.wrap(b"short", KS, NONCE),
        lambda: KEK.wrap(SID, KS, b"short"),
    ):
        with pytest.raises(FatalError):
            call()


def test_no_key_shows_in_a_representation():
    assert repr(KEYS) == "SubjectKeys(…)"
    assert repr(KEK) == "Kek(epoch=7)"
    assert not hasattr(KEK, "__dict__")
