# SPDX-License-Identifier: Apache-2.0
"""A note is believed only for a trusted key's signature, and nothing in it gets lost."""

import pytest

from chalicelib.errors import BadSignature, EvidenceError, Malformed
from chalicelib.proof import note

# The published example of c2sp.org/signed-note.
PUBLISHED_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLISHED_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

SIGNER = note.Ed25519Signer("log.example.com/a", bytes(32))
OTHER = note.Ed25519Signer("log.example.com/a", bytes([1] * 32))
GREASE = note.NoteSignature(name="grease.example.org", key_id=b"\1\2\3\4", signature=b"\0")


def verifier(signer: note.Ed25519Signer) -> note.Ed25519Verifier:
    return note.Ed25519Verifier(key=signer.key)


def test_the_published_example_verifies() -> None:
    key = note.VerifierKey.parse(PUBLISHED_VKEY)
    parsed = note.parse_note(PUBLISHED_NOTE)
    (signature,) = note.verify_note(parsed, [note.Ed25519Verifier(key=key)])
    assert (signature.name, parsed.text) == ("example.com/foo", "This is an example message.\n")
    assert str(key) == PUBLISHED_VKEY
    assert parsed.encode() == PUBLISHED_NOTE


def test_no_changed_bit_of_the_published_example_verifies() -> None:
    key = note.Ed25519Verifier(key=note.VerifierKey.parse(PUBLISHED_VKEY))
    for position in range(len(PUBLISHED_NOTE)):
        for bit in range(8):
            data = bytearray(PUBLISHED_NOTE)
            data[position] ^= 1 << bit
            with pytest.raises(EvidenceError):
                note.verify_note(note.parse_note(bytes(data)), [key])


def test_unknown_signature_lines_are_kept_and_passed_over() -> None:
    signed = note.sign_note("text\n", [SIGNER])
    greased = note.Note(text=signed.text, signatures=(GREASE, *signed.signatures, GREASE))
    parsed = note.parse_note(greased.encode())
    assert parsed == greased
    assert note.verify_note(parsed, [verifier(SIGNER)]) == signed.signatures


def test_sharing_only_the_name_with_a_trusted_key_makes_a_line_unknown() -> None:
    both = note.sign_note("text\n", [SIGNER, OTHER])
    assert len(note.verify_note(both, [verifier(OTHER)])) == 1
    with pytest.raises(BadSignature):
        note.verify_note(note.sign_note("text\n", [OTHER]), [verifier(SIGNER)])


def test_a_wrong_signature_of_one_trusted_key_spoils_the_note_whoever_else_signed() -> None:
    signed = note.sign_note("text\n", [SIGNER, OTHER])
    forged = note.NoteSignature(name=OTHER.name, key_id=OTHER.key_id, signature=bytes(64))
    spoiled = note.Note(text="text\n", signatures=(signed.signatures[0], forged))
    with pytest.raises(BadSignature):
        note.verify_note(spoiled, [verifier(SIGNER), verifier(OTHER)])
    note.verify_note(spoiled, [verifier(SIGNER)])


def test_no_trusted_keys_or_ambiguous_ones_believe_nothing() -> None:
    signed = note.sign_note("text\n", [SIGNER])
    with pytest.raises(BadSignature):
        note.verify_note(signed, [])
    with pytest.raises(BadSignature):
        note.verify_note(signed, [verifier(SIGNER), verifier(SIGNER)])


def test_text_may_hold_blank_lines_and_ends_at_the_last_one() -> None:
    signed = note.sign_note("a\n\n— b AAAAAAA=\n\n\n", [SIGNER])
    parsed = note.parse_note(signed.encode())
    assert parsed == signed
    note.verify_note(parsed, [verifier(SIGNER)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n\n",
        b"\xff\n\n" + str(GREASE).encode() + b"\n",
        b"tab\there\n\n" + str(GREASE).encode() + b"\n",
        b"no newline\n\n" + str(GREASE).encode(),
        b"text\n\n- name AAAAAAA=\n",
        "text\n\n— name\n".encode(),
        "text\n\n—  AAAAAAA=\n".encode(),
        "text\n\n— na+me AAAAAAA=\n".encode(),
        "text\n\n— na\u00a0me AAAAAAA=\n".encode(),
        "text\n\n— name AAAAAA==\n".encode(),
        "text\n\n— name AAAAAAB=\n".encode(),
        "text\n\n— name AAAAAAA=\n\n".encode(),
        "text\n\n— name AAAA AAA=\n".encode(),
        ("text\n\n" + f"{GREASE}\n" * 101).encode(),
        b"x" * 1_000_001,
    ],
    ids=lambda data: repr(data[:30]),
)
def test_every_departure_from_the_format_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        note.parse_note(data)


def test_a_hundred_signatures_are_accepted() -> None:
    assert len(note.parse_note(("text\n\n" + f"{GREASE}\n" * 100).encode()).signatures) == 100


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        PUBLISHED_VKEY.upper(),
        PUBLISHED_VKEY.replace("530d903a", "530d903b"),
        PUBLISHED_VKEY.replace("530d903a", "530D903A"),
        PUBLISHED_VKEY + "AA==",
        PUBLISHED_VKEY.replace("+Ae", "+Ag"),
        PUBLISHED_VKEY.replace("foo", "f oo"),
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_what_is_not_exactly_a_vkey_is_refused(vkey: str) -> None:
    with pytest.raises(Malformed):
        note.VerifierKey.parse(vkey)


@pytest.mark.parametrize("algorithm", note.Algorithm)
def test_a_vkey_of_every_known_type_round_trips(algorithm: note.Algorithm) -> None:
    length = 1312 if algorithm is note.Algorithm.COSIGNATURE_ML_DSA_44 else 32
    material = bytes(number % 251 for number in range(length))
    key = note.VerifierKey(name="witness.example.org", algorithm=algorithm, public_key=material)
    assert note.VerifierKey.parse(str(key)) == key
    with pytest.raises(Malformed):
        note.VerifierKey(name="w", algorithm=algorithm, public_key=material[:-1])


def test_a_cosigning_key_cannot_verify_plain_note_signatures() -> None:
    key = note.VerifierKey(
        name="w", algorithm=note.Algorithm.COSIGNATURE_ED25519, public_key=SIGNER.key.public_key
    )
    with pytest.raises(Malformed):
        note.Ed25519Verifier(key=key)


def test_a_key_that_is_no_point_of_the_curve_verifies_nothing() -> None:
    with pytest.raises(BadSignature):
        note.verify_ed25519(b"\xff" * 32, bytes(64), b"message")


def test_a_seed_of_32_bytes_signs_and_any_other_does_not() -> None:
    with pytest.raises(Malformed):
        note.Ed25519Signer("log.example.com/a", bytes(31))
    assert note.Ed25519Signer("log.example.com/a", bytes(32)).key == SIGNER.key


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2028b", "a\nb", "\ud800"])
def test_names_that_no_signature_line_can_hold_are_refused(name: str) -> None:
    with pytest.raises(Malformed):
        note.Ed25519Signer(name, bytes(32))


def test_nothing_is_signed_by_nobody_or_over_text_no_note_can_hold() -> None:
    with pytest.raises(Malformed):
        note.sign_note("text\n", [])
    for text in ("text", "a\rb\n", ""):
        with pytest.raises(Malformed):
            note.sign_note(text, [SIGNER])


def test_a_signature_line_needs_a_key_id_and_a_signature() -> None:
    for key_id, signature in ((b"abc", b"x"), (b"abcd", b"")):
        with pytest.raises(Malformed):
            note.NoteSignature(name="n", key_id=key_id, signature=signature)
