# SPDX-License-Identifier: Apache-2.0
"""Notes, inclusion and consistency proofs that must not pass."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

from chalicelib.proof import bundle, note
from chalicelib.proof.policy import Log, Policy
from chalicelib.proof.tlog_proof import TlogProof
from tests.support.forgery import (
    NOT_PROVEN,
    Case,
    Change,
    Files,
    drop,
    forged,
    honest_files,
    put,
    swap,
    tampered,
    wrong,
)
from tests.support.small_log import (
    NOTICE,
    ORIGIN,
    Person,
    SmallLog,
    evidence_of,
    export_entry,
    fixed_bytes,
    forge,
    withdrawn_person,
)

EXPORT = bundle.EXPORT_PROOF
EVERY = ("signature", "witnesses", "integrity", "inclusion", "consistency")
HEADER = b"c2sp.org/tlog-proof@v1"
DASH = "\u2014 ".encode()


def note_cases() -> Iterator[Case]:
    """What is wrong with the export's note or proof file, which no manifest covers."""
    yield from spelling_cases()
    yield from shape_cases()
    yield from path_cases()


def spelling_cases() -> Iterator[Case]:
    """One text of the file replaced by another."""
    for name, old, new in (
        ("other header", HEADER, HEADER + b"0"),
        ("not ASCII", HEADER, HEADER + b"\xff"),
        ("no index", b"index ", b"indx "),
        ("index spelling", b"index 1", b"index 01"),
        ("index huge", b"index 1", b"index 99999999999999999991"),
        ("index beyond 63 bits", b"index 17", b"index 9999999999999999999"),
        ("not UTF-8", DASH, b"\xff" + DASH),
        ("control character", b"\n20\n", b"\n20\r\n"),
        ("no dash", DASH, b"-- "),
        ("no blank line", b"\n\n" + DASH, b"\n" + DASH),
        ("four lines", b"\n\n" + DASH, b"\nmore\n\n" + DASH),
        ("another dash", DASH, b"~ "),
        ("name empty", DASH + ORIGIN.encode(), DASH),
        ("plus in name", DASH + ORIGIN.encode(), DASH + b"a+b"),
        ("base64 character", DASH + ORIGIN.encode() + b" ", DASH + ORIGIN.encode() + b" *"),
        (
            "short signature",
            DASH + ORIGIN.encode() + b" ",
            DASH + ORIGIN.encode() + b" AAAA\n" + DASH + ORIGIN.encode() + b" ",
        ),
        ("origin with a space", b"\n" + ORIGIN.encode() + b"\n", b"\nexample .com\n"),
    ):
        yield tampered(f"export proof: {name}", swap(EXPORT, old, new), *EVERY)


def shape_cases() -> Iterator[Case]:
    """The file as a whole: its end, its size, its signatures, its root."""

    def no_end(files: Files) -> None:
        files[EXPORT] = files[EXPORT][:-1]

    def second_spelling(files: Files) -> None:
        # A root of 32 bytes ends in "x=": its last letter has two unused bits.
        head, root, rest = files[EXPORT].partition(b"=\n\n")
        letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        files[EXPORT] = head[:-1] + bytes([letters[letters.index(head[-1:]) + 1]]) + root + rest

    def many_lines(files: Files) -> None:
        line = b"\n" + DASH + b"grease.example AAAAAAA=\n"
        files[EXPORT] = files[EXPORT][:-1] + line.rstrip(b"\n") * 100 + b"\n"

    def short_root(files: Files) -> None:
        proof = TlogProof.parse(files[EXPORT])
        root = note.encode_base64(
            note.decode_base64(proof.checkpoint.split(b"\n")[2].decode())[:31]
        )
        files[EXPORT] = files[EXPORT].replace(proof.checkpoint.split(b"\n")[2], root.encode())

    def huge(files: Files) -> None:
        line = DASH + b"grease.example " + b"AAAA" * 250_000 + b"\n"
        files[EXPORT] += line

    def namesake(files: Files) -> None:
        key_id = SmallLog().signer.key.key_id
        line = note.NoteSignature(name="other.example", key_id=key_id, signature=b"no signature")
        files[EXPORT] += f"{line}\n".encode()

    yield tampered("export proof: a megabyte of signatures", huge, *EVERY)
    yield tampered("export proof: another name with the log's key id", namesake)
    yield tampered("export proof: no end", no_end, *EVERY)
    yield tampered("export proof: no note", put(EXPORT, HEADER + b"\nindex 17"), *EVERY)
    bare = HEADER + b"\n\n" + SmallLog().checkpoint(0)
    yield tampered("export proof: only a note", put(EXPORT, bare), *EVERY)
    yield tampered("export proof: second spelling", second_spelling, *EVERY)
    yield tampered("export proof: too many lines", many_lines, *EVERY)
    yield tampered("export proof: short root", short_root, *EVERY)


def path_cases() -> Iterator[Case]:
    """The audit path and the index it is for."""

    def hashes(edit: Callable[[tuple[bytes, ...]], bytes]) -> Change:
        def change(files: Files) -> None:
            proof = TlogProof.parse(files[EXPORT])
            lines = [note.encode_base64(value).encode() + b"\n" for value in proof.hashes]
            files[EXPORT] = files[EXPORT].replace(b"".join(lines), edit(tuple(lines)))

        return change

    yield tampered(
        "export proof: short hash", hashes(lambda lines: b"AAAA\n" + b"".join(lines)), *EVERY
    )
    yield tampered("export proof: 64 hashes", hashes(lambda lines: lines[0] * 64), *EVERY)
    only = ("integrity", "inclusion")
    yield tampered("export proof: hash missing", hashes(lambda lines: b"".join(lines[1:])), *only)
    yield tampered(
        "export proof: hashes swapped", hashes(lambda lines: b"".join(lines[::-1])), *only
    )
    yield tampered("export proof: index outside", swap(EXPORT, b"index 17", b"index 20"), *only)
    yield tampered("export proof: index moved", swap(EXPORT, b"index 17", b"index 16"), *only)


def inclusion_cases() -> Iterator[Case]:
    yield forged("a proof missing", drop("events/1.tlog-proof"), "inclusion", "notice")
    yield forged(
        "a leaf missing",
        drop("events/1.leaf.json"),
        "inclusion",
        "disclosures",
        "notice",
        "chain",
        "erasure",
    )
    yield forged(
        "publication without its proof",
        drop(f"notices/{NOTICE}.tlog-proof"),
        "inclusion",
        "notice",
    )
    person, files = honest_files()
    proof = TlogProof.parse(files["events/0.tlog-proof"])
    with_extra = replace(proof, extra=b"hidden").encode()
    both = ("inclusion", "notice")
    yield forged("extra in an entry's proof", put("events/0.tlog-proof", with_extra), *both)
    elsewhere = replace(proof, checkpoint=person.log.checkpoint(7)).encode()
    yield forged("another checkpoint in a proof", put("events/0.tlog-proof", elsewhere), *both)
    moved = replace(proof, index=proof.index + 1).encode()
    yield forged("an entry's index moved", put("events/0.tlog-proof", moved), *both)
    # The last leaf of a tree of 2^k + 1 has a path of one hash; it would fit index 1 as well.
    person, published = withdrawn_person(trailing=0)
    log = SmallLog()
    log.filler(16 - person.entries[-1][0])
    person, published = withdrawn_person(log, trailing=0)
    files = dict(bundle.prepare(evidence_of(person, published)).files)
    last = TlogProof.parse(files["events/3.tlog-proof"])
    assert len(last.hashes) == 1
    files["events/3.tlog-proof"] = replace(last, index=1).encode()
    yield Case(
        name="an index that only the path's length gives away",
        data=bundle.archive(forge(person, files)),
        policy=person.log.policy,
        verdicts=wrong("inclusion", "notice"),
    )


def consistency_cases() -> Iterator[Case]:
    def extra(edit: Callable[[bytes], bytes | None]) -> Change:
        def change(files: Files) -> None:
            proof = TlogProof.parse(files[EXPORT])
            assert proof.extra is not None
            files[EXPORT] = replace(proof, extra=edit(proof.extra)).encode()

        return change

    yield tampered("no consistency proof", extra(lambda _: None), "consistency", state=NOT_PROVEN)
    yield tampered("consistency cut", extra(lambda old: old[:-1]), "consistency")
    yield tampered("consistency hash missing", extra(lambda old: old[32:]), "consistency")
    yield tampered("consistency hash more", extra(lambda old: old + bytes(32)), "consistency")
    yield tampered("consistency altered", extra(lambda old: bytes(32) + old[32:]), "consistency")
    yield tampered(
        "consistency end altered", extra(lambda old: old[:-32] + bytes(32)), "consistency"
    )

    def empty_extra(files: Files) -> None:
        head, _, rest = files[EXPORT].partition(b"extra ")
        files[EXPORT] = head + b"extra \n" + rest.partition(b"\n")[2]

    yield tampered("consistency empty", empty_extra, "consistency")
    # The export entry in a tree that does not extend the bundle's.
    person, files = honest_files()
    other = SmallLog()
    other.filler(25)
    person.log.leaves[0] = other.leaves[20]
    data = bundle.archive(forge(person, files))
    yield Case(
        name="a rewritten log", data=data, policy=person.log.policy, verdicts=wrong("consistency")
    )
    person, files = honest_files()
    smaller = Person(SmallLog())
    smaller.entries = person.entries
    data = bundle.archive(smaller_export(smaller, files))
    yield Case(
        name="export in a smaller tree",
        data=data,
        policy=person.log.policy,
        verdicts=wrong("consistency"),
    )
    yield from other_origin_cases()


def smaller_export(person: Person, files: Files) -> Files:
    """The export entry proven in a tree of three entries."""
    leaf = export_entry(person, sha256(files[bundle.MANIFEST]).hexdigest())
    index = person.log.append(leaf)
    person.log.filler(2)
    proof = TlogProof(
        index=index,
        hashes=person.log.path(index, 3),
        checkpoint=person.log.checkpoint(3),
        extra=bytes(32),
    )
    return {**files, bundle.EXPORT_LEAF: leaf, bundle.EXPORT_PROOF: proof.encode()}


def other_origin_cases() -> Iterator[Case]:
    """The export entry in a second log of the same operator, which the policy lists too."""
    person, files = honest_files()
    first = person.log.signer
    person.log.signer = note.Ed25519Signer("example.com/second", fixed_bytes("second", 32))
    data = bundle.archive(forge(person, files))
    policy = Policy(logs=(Log(key=first.key), Log(key=person.log.signer.key))).encode()
    yield Case(
        name="export in another log",
        data=data,
        policy=policy,
        verdicts=wrong("integrity", "consistency"),
    )
