# SPDX-License-Identifier: Apache-2.0
"""Manifests, JSON texts, chains and leaves that must not pass."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

from chalicelib.proof import base64url, bundle, canonical
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.tlog_proof import TlogProof
from chalicelib.vocabulary import EventType
from tests.support.forgery import (
    Case,
    Change,
    Files,
    drop,
    edit_export,
    edit_leaf,
    edit_manifest,
    forged,
    honest_files,
    put,
    swap,
    tampered,
    wrong,
)
from tests.support.small_log import (
    Person,
    evidence_of,
    export_entry,
    fixed_bytes,
    forge,
    prove_export,
    withdrawn_person,
)


def integrity_cases() -> Iterator[Case]:
    yield from file_cases()
    yield from stated_cases()
    yield from edited_cases()


def file_cases() -> Iterator[Case]:
    """A file edited, added or removed after the bundle was made."""
    yield tampered("report edited", swap("report.html", b"withdrawn", b"confirmed"), "integrity")
    yield tampered(
        "file added",
        put("events/notes.md", b"x"),
        *("integrity", "inclusion", "disclosures", "notice", "chain", "erasure"),
    )
    yield tampered("file added at the top", put("notes.txt", b"x"), "integrity")
    yield tampered("file removed", drop("README.txt"), "integrity")
    yield tampered("manifest missing", drop(bundle.MANIFEST), "integrity")
    yield tampered(
        "export leaf missing", drop(bundle.EXPORT_LEAF), "integrity", "inclusion", "chain"
    )
    yield tampered(
        "export proof missing",
        drop(bundle.EXPORT_PROOF),
        "integrity",
        "signature",
        "witnesses",
        "inclusion",
        "consistency",
    )
    yield tampered(
        "checkpoint missing",
        drop("checkpoint.note"),
        "integrity",
        "signature",
        "witnesses",
        "inclusion",
        "consistency",
        "notice",
    )


def stated_cases() -> Iterator[Case]:
    """Manifest and export entry that state something else, and names no file may have."""
    nothing: Change = lambda _: None  # noqa: E731
    yield forged("another format", nothing, "integrity", **edit_manifest(format="cl-evidence/2"))
    yield forged(
        "another origin stated", nothing, "integrity", **edit_manifest(origin="example.org")
    )
    yield forged("origin a list", nothing, "integrity", **edit_manifest(origin=[]))
    yield forged("files no object", nothing, "integrity", **edit_manifest(files=[]))
    yield forged("hostile subject", nothing, **edit_manifest(subject="x\nPASS time: yes\u202e"))
    yield forged("subject absent", nothing, **edit_manifest(subject=None, created="soon"))
    yield forged(
        "export commits to another manifest", nothing, "integrity", **edit_export(man="0" * 64)
    )
    yield forged(
        "export of another type", nothing, "integrity", "chain", **edit_export(typ="data.unsealed")
    )
    yield forged("created too late to be a date", nothing, **edit_manifest(created=2**53 - 1))
    yield forged("created before there were dates", nothing, **edit_manifest(created=-1))
    yield forged("a file name with a space", put("a b.txt", b""), "integrity")
    yield forged("a hidden file", put(".hidden", b""), "integrity")


def edited_cases() -> Iterator[Case]:
    """The manifest edited, alone and together with what it lists and what commits to it."""
    yield tampered(
        "manifest edited", swap(bundle.MANIFEST, b"complaint 17", b"complaint 18"), "integrity"
    )

    def relisted(files: Files) -> None:
        """A forger without the log's key: file and manifest agree, the ledger does not."""
        files["README.txt"] = b"Trust me.\n"
        stated = canonical.decode(files[bundle.MANIFEST])
        assert isinstance(stated, dict)
        assert isinstance(stated["files"], dict)
        stated["files"]["README.txt"] = {
            "sha256": sha256(b"Trust me.\n").hexdigest(),
            "size": len(b"Trust me.\n"),
        }
        files[bundle.MANIFEST] = canonical.encode(stated)

    def recommitted(files: Files) -> None:
        relisted(files)
        edit_leaf(
            bundle.EXPORT_LEAF,
            lambda leaf: leaf.update(man=sha256(files[bundle.MANIFEST]).hexdigest()),
        )(files)

    yield tampered("file and manifest edited", relisted, "integrity")
    yield tampered("file, manifest and export edited", recommitted, "integrity", "inclusion")


def json_cases() -> Iterator[Case]:
    """Manifest and chain texts that two readers could read differently; nothing else changed."""

    def raw_manifest(name: str, edit: Callable[[bytes], bytes]) -> Case:
        person, files = honest_files()
        files = forge(person, files)
        manifest = edit(files[bundle.MANIFEST])
        leaf = export_entry(person, sha256(manifest).hexdigest())
        old = person.log.tree(17)
        person.log.leaves = person.log.leaves[: old.size]
        proof, consistency = prove_export(person.log, old.size, leaf)
        files |= {
            bundle.MANIFEST: manifest,
            bundle.EXPORT_LEAF: leaf,
            bundle.EXPORT_PROOF: replace(proof, extra=b"".join(consistency)).encode(),
        }
        return Case(
            name=f"manifest: {name}",
            data=bundle.archive(files),
            policy=person.log.policy,
            verdicts=wrong("integrity"),
        )

    yield raw_manifest("a name twice", lambda old: b'{"controller":"x",' + old[1:])
    yield raw_manifest(
        "a float", lambda old: old.replace(b'"created":', b'"created":1.5,"createe":')
    )
    yield raw_manifest("NaN", lambda old: old.replace(b'"created":', b'"created":NaN,"createe":'))
    yield raw_manifest(
        "2^53", lambda old: old.replace(b'"created":', b'"created":9007199254740992,"createe":')
    )
    yield raw_manifest(
        "20 digits",
        lambda old: old.replace(b'"created":', b'"created":' + b"9" * 5000 + b',"createe":'),
    )
    yield raw_manifest("a space", lambda old: old.replace(b'"created":', b'"created": '))
    yield raw_manifest("not UTF-8", lambda old: old.replace(b"complaint", b"complaint\xff"))
    yield raw_manifest("lone surrogate", lambda old: old.replace(b"complaint", b"\\ud800complaint"))
    yield raw_manifest("no JSON", lambda old: old[:-1])
    yield raw_manifest("too deep", lambda old: old.replace(b'"created":', b'"a":' + b"[" * 99_999))
    deep = b'"a":' + b"[" * 64 + b"]" * 64 + b","
    yield raw_manifest("65 deep", lambda old: b"{" + deep + old[1:])
    yield raw_manifest("a list", lambda _: b"[]")
    yield raw_manifest("null", lambda _: b"null")


def chain_cases() -> Iterator[Case]:
    yield forged("chain.json missing", drop("chain.json"), "chain")
    for name, edit in (
        ("more", lambda chain: chain.update(more=1)),
        ("total text", lambda chain: chain.update(total="4")),
        ("total true", lambda chain: chain.update(total=True)),
        ("total larger", lambda chain: chain.update(total=5)),
        ("key short", lambda chain: chain.update(key="AAAA")),
        ("key number", lambda chain: chain.update(key=1)),
        ("key padded", lambda chain: chain.update(key=chain["key"] + "=")),
        ("key second spelling", lambda chain: chain.update(key=second_spelling(chain["key"]))),
        ("key one letter", lambda chain: chain.update(key="A")),
        ("another key", lambda chain: chain.update(key=base64url.encode(bytes(32)))),
    ):
        yield forged(f"chain.json: {name}", edit_leaf("chain.json", edit), "chain")
    last = [f"events/3.{end}" for end in ("leaf.json", "disclosures", "tlog-proof")]
    yield forged("the withdrawal left out", drop(*last), "chain")

    middle = [f"events/1.{end}" for end in ("leaf.json", "disclosures", "tlog-proof")]
    yield forged("the mail left out", drop(*middle), "chain")

    def hide(files: Files) -> None:
        drop(*last)(files)
        edit_leaf("chain.json", lambda chain: chain.update(total=3))(files)

    yield forged("the withdrawal hidden", hide, "chain")

    def gap(files: Files) -> None:
        for end in ("leaf.json", "disclosures", "tlog-proof"):
            files[f"events/4.{end}"] = files.pop(f"events/3.{end}")

    yield forged("a gap in the numbers", gap, "chain")

    def swapped(files: Files) -> None:
        for end in ("leaf.json", "disclosures", "tlog-proof"):
            first, second = f"events/0.{end}", f"events/1.{end}"
            files[first], files[second] = files[second], files[first]

    yield forged("two entries swapped", swapped, "chain")

    def renamed(files: Files) -> None:
        files["events/00.disclosures"] = files.pop("events/0.disclosures")

    folder = ("inclusion", "disclosures", "notice", "chain", "erasure")
    yield forged("a leading zero", renamed, "integrity", *folder)

    def no_events(files: Files) -> None:
        drop(*(name for name in list(files) if name.startswith("events/")))(files)

    yield forged("no entry at all", no_events, *folder)
    yield forged("no tag at export", lambda _: None, "chain", **edit_export(tag=None))
    yield from leaf_cases()


def second_spelling(text: object) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return str(text)[:-1] + letters[letters.index(str(text)[-1]) + 1]


def leaf_cases() -> Iterator[Case]:
    """The operator logs an entry that breaks the leaf format, and proves it honestly."""
    readers = ("integrity", "chain")
    nothing: Change = lambda _: None  # noqa: E731
    for name, members in (
        ("version", {"v": "cl/2"}),
        ("type missing", {"typ": None}),
        ("controller missing", {"ctl": 7}),
        ("id", {"id": "AAAA"}),
        ("time zero", {"ts": 0}),
        ("time true", {"ts": True}),
        ("time text", {"ts": "1"}),
        ("manifest hash", {"man": "abc"}),
        ("too long", {"zzz": "x" * 65_536}),
    ):
        yield forged(f"export leaf: {name}", nothing, *readers, **edit_export(**members))
    yield forged("export leaf: an earlier time", nothing, "chain", **edit_export(ts=5))
    yield forged("export leaf: another controller", nothing, "chain", **edit_export(ctl="other"))
    first = base64url.encode(fixed_bytes("person event 0", 16))
    yield forged("export leaf: an id again", nothing, "chain", **edit_export(id=first))
    yield forged("export leaf: number 5", nothing, "chain", n=5)
    yield custom_chain("an erased chain goes on", EventType.SUBJECT_ERASED, "erasure")


def custom_chain(name: str, kind: EventType, *failing: str) -> Case:
    """An honest operator's bundle, but for one more entry of this type."""
    person, published = withdrawn_person()
    members = {"typ": kind.value}

    def edit(leaf: bytes) -> bytes:
        stated = canonical.decode(leaf)
        assert isinstance(stated, dict)
        return canonical.encode({**stated, **members})

    built = person.build(EventType.DATA_UNSEALED, Claims(), 4, reason="proof")
    leaf = edit(built.leaf)
    person.entries.append((person.log.append(leaf), replace(built, leaf=leaf)))
    return Case(
        name=name,
        data=bundle.archive(forge(person, unchecked_files(person, published))),
        policy=person.log.policy,
        verdicts=wrong(*failing),
    )


def unchecked_files(person: Person, published: int) -> Files:
    """The files `prepare` would make, for entries that `prepare` would refuse."""
    kept, person.entries = person.entries, person.entries[:4]
    size = len(person.log.leaves)
    files = dict(bundle.prepare(evidence_of(person, published)).files)
    person.entries = kept
    for n, entry in enumerate(person.proven(size)):
        proof = TlogProof(index=entry.index, hashes=entry.path, checkpoint=files["checkpoint.note"])
        files[f"events/{n}.leaf.json"] = entry.leaf
        files[f"events/{n}.tlog-proof"] = proof.encode()
        files[f"events/{n}.disclosures"] = "".join(f"{d}\n" for d in entry.disclosures).encode()
    edit_leaf("chain.json", lambda chain: chain.update(total=len(kept)))(files)
    return files
