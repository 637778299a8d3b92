# SPDX-License-Identifier: Apache-2.0
"""A policy lets through exactly what its logs signed and its quorum cosigned."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import BadSignature, Malformed, QuorumNotMet
from chalicelib.proof import cosignature, note, policy
from chalicelib.proof.checkpoint import Checkpoint, sign_checkpoint

ORIGIN = "ledger.example.com/a"
LOG = note.Ed25519Signer(ORIGIN, bytes(32))
CHECKPOINT = Checkpoint(origin=ORIGIN, size=7, root=bytes(range(32)))
WITNESSES = {
    name: note.Ed25519Signer(f"{name}.example.org", bytes([number] * 32))
    for number, name in enumerate(("x1", "x2", "x3", "y1", "y2"), start=1)
}


def witness_key(name: str) -> note.VerifierKey:
    key = WITNESSES[name].key
    return note.VerifierKey(
        name=key.name, algorithm=note.Algorithm.COSIGNATURE_ED25519, public_key=key.public_key
    )


def cosigned(names: list[str], time_s: int = 5) -> bytes:
    signed = note.parse_note(sign_checkpoint(CHECKPOINT, [LOG]))
    lines = [
        note.NoteSignature(
            name=witness_key(name).name,
            key_id=witness_key(name).key_id,
            signature=time_s.to_bytes(8, "big")
            + WITNESSES[name].sign(cosignature.ed25519_message(signed.text, time_s)),
        )
        for name in names
    ]
    return note.Note(text=signed.text, signatures=(*signed.signatures, *lines)).encode()


WITNESS_LINES = "".join(f"witness {name} {witness_key(name)}\n" for name in WITNESSES)
TWO_LEVELS = f"""# two levels, as in the published example
log {LOG.key} https://ledger.example.com/

{WITNESS_LINES}group X 2 x1 x2 x3
\tgroup Y   any y1 y2\t
group X-and-Y all X Y
quorum X-and-Y
"""


def test_a_quorum_of_two_levels_counts_as_written() -> None:
    parsed = policy.parse_policy(TWO_LEVELS.encode())
    verified = parsed.verify(cosigned(["x1", "x3", "y2"]))
    assert verified.checkpoint == CHECKPOINT
    assert verified.log == LOG.key
    assert verified.witnesses == (("x1", 5), ("x3", 5), ("y2", 5))
    for too_few in ([], ["x1", "y1"], ["x1", "x2", "x3"], ["y1", "y2"], ["x1", "x1", "y1"]):
        with pytest.raises(QuorumNotMet):
            parsed.verify(cosigned(too_few))


@settings(deadline=None)
@given(st.sets(st.sampled_from(sorted(WITNESSES))))
def test_satisfaction_equals_counting_by_hand(names: set[str]) -> None:
    parsed = policy.parse_policy(TWO_LEVELS.encode())
    by_hand = len(names & {"x1", "x2", "x3"}) >= 2 and bool(names & {"y1", "y2"})
    assert parsed.is_satisfied_by(names) is by_hand


def test_a_group_name_given_as_a_witness_satisfies_nothing() -> None:
    assert not policy.parse_policy(TWO_LEVELS.encode()).is_satisfied_by(["X-and-Y", "X", "Y"])


def test_the_file_round_trips_to_an_equal_policy() -> None:
    parsed = policy.parse_policy(TWO_LEVELS.encode())
    assert policy.parse_policy(parsed.encode()) == parsed


def test_a_checkpoint_of_an_unlisted_log_is_refused_though_witnesses_signed() -> None:
    other = note.Ed25519Signer(ORIGIN, bytes([99] * 32))
    text = TWO_LEVELS.replace(str(LOG.key), str(other.key))
    with pytest.raises(BadSignature):
        policy.parse_policy(text.encode()).verify(cosigned(["x1", "x2", "y1"]))


def test_a_listed_log_cannot_sign_for_another_origin() -> None:
    foreign = note.sign_note(
        Checkpoint(origin="ledger.example.com/b", size=7, root=bytes(32)).text, [LOG]
    )
    parsed = policy.parse_policy(f"log {LOG.key}\nquorum none\n".encode())
    with pytest.raises(BadSignature):
        parsed.verify(foreign.encode())


def test_a_false_cosignature_of_a_known_witness_spoils_the_checkpoint() -> None:
    good = note.parse_note(cosigned(["x1", "x2", "y1"]))
    last = good.signatures[-1]
    false = note.NoteSignature(name=last.name, key_id=last.key_id, signature=bytes(72))
    data = note.Note(text=good.text, signatures=(*good.signatures, false)).encode()
    with pytest.raises(BadSignature):
        policy.parse_policy(TWO_LEVELS.encode()).verify(data)


def test_without_a_quorum_the_log_alone_is_enough() -> None:
    parsed = policy.parse_policy(f"quorum none\nlog {LOG.key}\n".encode())
    assert parsed.verify(cosigned([])).witnesses == ()
    assert parsed.verify(cosigned(["x1"])).witnesses == ()


def test_names_are_octets() -> None:
    data = b"witness \xff\xfe " + str(witness_key("x1")).encode() + b"\nquorum \xff\xfe\n"
    parsed = policy.parse_policy(data)
    assert policy.parse_policy(parsed.encode()) == parsed
    assert b"witness \xff\xfe " in parsed.encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum\n",
        "quorum none none\n",
        "log\nquorum none\n",
        f"log {LOG.key} url extra\nquorum none\n",
        f"log {witness_key('x1')}\nquorum none\n",
        f"witness x1\nquorum none\n{LOG.key}",
        f"witness x1 {LOG.key}\nquorum none\n",
        f"witness a {witness_key('x1')}\nwitness a {witness_key('x2')}\nquorum none\n",
        f"witness a {witness_key('x1')}\nwitness b {witness_key('x1')}\nquorum none\n",
        f"witness a {witness_key('x1')}\ngroup a any a\nquorum none\n",
        f"witness a {witness_key('x1')}\ngroup g any\nquorum none\n",
        f"witness a {witness_key('x1')}\ngroup g 01 a\nquorum none\n",
        f"witness a {witness_key('x1')}\ngroup g none a\nquorum none\n",
        f"witness a {witness_key('x1')}\ngroup none any a\nquorum none\n",
        "group g any g\nquorum g\n",
        "group g any none\nquorum none\n",
        "quorum none\n\x7f",
        "quorum none\n\x00",
        "#" + "x" * 1_000_000 + "\nquorum none\n",
    ],
    ids=lambda text: repr(text[:40]),
)
def test_a_policy_two_readers_could_weigh_differently_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        policy.parse_policy(text.encode())


def test_a_group_cannot_refer_forwards_in_code_either() -> None:
    late = policy.Group(name="late", threshold=1, members=("x1",))
    early = policy.Group(name="early", threshold=1, members=("late",))
    witness = policy.Witness(name="x1", key=witness_key("x1"))
    policy.Policy(logs=(), witnesses=(witness,), groups=(late, early), quorum="early")
    with pytest.raises(Malformed):
        policy.Policy(logs=(), witnesses=(witness,), groups=(early, late), quorum="early")
    with pytest.raises(Malformed):
        policy.Policy(logs=(), witnesses=(witness,), quorum="late")


def test_roots_of_time_are_kept_and_other_readers_see_comments() -> None:
    roots = (b"\x01" * 32, b"\xab" * 32)
    made = policy.Policy(logs=(policy.Log(key=LOG.key),), time_roots=roots)
    data = made.encode()
    assert data.endswith(b"# tsa " + b"01" * 32 + b"\n# tsa " + b"ab" * 32 + b"\n")
    assert policy.parse_policy(data) == made
    for other in (b"#tsa ", b"# tsa  ", b"# tsa AB", b"# TSA "):
        assert policy.parse_policy(data.replace(b"# tsa ", other)).time_roots == ()


@pytest.mark.parametrize("roots", [(b"\x01" * 31,), (b"\x01" * 32, b"\x01" * 32)])
def test_a_root_of_time_is_named_once_by_its_hash(roots: tuple[bytes, ...]) -> None:
    with pytest.raises(Malformed):
        policy.Policy(logs=(), time_roots=roots)
