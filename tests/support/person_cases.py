# SPDX-License-Identifier: Apache-2.0
"""Disclosures and notices that must not pass."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

from chalicelib.proof import base64url, bundle
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.tlog_proof import TlogProof
from chalicelib.vocabulary import EventType
from tests.support import small_log
from tests.support.forgery import (
    NOT_PROVEN,
    Case,
    Files,
    drop,
    edit_leaf,
    forged,
    honest_files,
    put,
    wrong,
)
from tests.support.full_bundle import leaf_of
from tests.support.small_log import (
    HTML,
    NOTICE,
    TEXT,
    Person,
    SmallLog,
    evidence_of,
    fixed_bytes,
    forge,
    withdrawn_person,
)


def disclosure_cases() -> Iterator[Case]:
    name = "events/0.disclosures"
    _, files = honest_files()
    lines = files[name].splitlines(keepends=True)
    other = files["events/1.disclosures"].splitlines(keepends=True)
    yield forged("another entry's value", put(name, other[0]), "disclosures")
    yield forged("a value twice", put(name, lines[0] * 2), "disclosures")
    yield forged("no newline", put(name, lines[0][:-1]), "disclosures")
    yield forged("an empty line", put(name, b"\n"), "disclosures")
    yield forged("not ASCII", put(name, b"\xff\n"), "disclosures")
    yield forged("a disclosures file missing", drop(name), "disclosures")
    yield forged("one value closed", put(name, b"".join(lines[:3])))
    closed = {f"events/{n}.disclosures": b"" for n in range(4)}
    yield forged(
        "all values closed", lambda files: files.update(closed), "disclosures", state=NOT_PROVEN
    )
    for label, text in (
        ("unpadded", b'["%s","choice",null]'),
        ("padded too far", b'["%s","choice",null]' + b" " * 600),
        ("unknown name", b'["%s","colour",null]'),
        ("two items", b'["%s","choice"]'),
        ("text value", b'["%s","choice","yes"]'),
        ("an object", b'{"a":1}'),
        ("short salt", b'["AAAA","choice",null]'),
        ("space inside", b'["%s", "choice",null]'),
    ):
        yield odd_disclosure(label, text)
    for label, digests in (
        ("three digests", lambda sd: sd[:3]),
        ("unsorted digests", lambda sd: sd[::-1]),
        ("a digest twice", lambda sd: sorted([*sd[:3], sd[0]])),
        ("no digests", lambda _: "none"),
        ("a short digest", lambda sd: [*sd[:3], "zzzz"]),
    ):
        yield odd_leaf(label, lambda leaf, cut=digests: leaf.update(_sd=cut(leaf["_sd"])))
    yield odd_leaf("another algorithm", lambda leaf: leaf.update(_sd_alg="sha-1"))


def odd_disclosure(label: str, text: bytes) -> Case:
    """Entry 0 commits to a disclosure that is not in the one form, and opens only that."""
    salt = base64url.encode(fixed_bytes("salt", 32)).encode()
    raw = text.replace(b"%s", salt)
    if label not in ("unpadded", "padded too far"):
        raw = raw.ljust(256)
    line = base64url.encode(raw)
    digest = base64url.encode(sha256(line.encode()).digest())

    def edit(leaf: dict[str, object]) -> None:
        sd = leaf["_sd"]
        assert isinstance(sd, list)
        leaf["_sd"] = sorted([*sd[1:], digest])

    return odd_leaf(f"disclosure {label}", edit, f"{line}\n".encode())


def odd_leaf(
    label: str, edit: Callable[[dict[str, object]], object], disclosures: bytes = b""
) -> Case:
    """Entry 0 has an unusual leaf that was logged like that."""
    log = SmallLog()
    person, published = withdrawn_person(log)
    index, built = person.entries[0]
    held = {"leaf": built.leaf}
    edit_leaf("leaf", edit)(held)
    log.leaves[index] = held["leaf"]
    files = dict_of_unchecked(person, published, {0: held["leaf"]})
    files["events/0.disclosures"] = disclosures
    return Case(
        name=label,
        data=bundle.archive(forge(person, files)),
        policy=log.policy,
        verdicts=wrong("disclosures"),
    )


def dict_of_unchecked(person: Person, published: int, leaves: dict[int, bytes]) -> Files:
    """Files for a log whose entries of this person were replaced by `leaves`."""
    honest, origin = withdrawn_person()
    files = dict(bundle.prepare(evidence_of(honest, origin)).files)
    size = len(person.log.leaves)
    files["checkpoint.note"] = person.log.checkpoint(size)
    for n, entry in enumerate(person.proven(size)):
        proof = TlogProof(index=entry.index, hashes=entry.path, checkpoint=files["checkpoint.note"])
        files[f"events/{n}.tlog-proof"] = proof.encode()
        files[f"events/{n}.leaf.json"] = leaves.get(n, entry.leaf)
    stem = f"notices/{NOTICE}"
    proof = TlogProof(
        index=published,
        hashes=person.log.path(published, size),
        checkpoint=files["checkpoint.note"],
    )
    files[f"{stem}.tlog-proof"] = proof.encode()
    files[f"{stem}.leaf.json"] = person.log.leaves[published]
    return files


def notice_cases() -> Iterator[Case]:
    stem = f"notices/{NOTICE}"
    publication = (f"{stem}.leaf.json", f"{stem}.tlog-proof")
    yield forged("notice page edited", put(f"{stem}.html", HTML + b" "), "notice")
    yield forged("notice text edited", put(f"{stem}.txt", b"No.\n"), "notice")
    yield forged("notice page missing", drop(f"{stem}.html"), "notice", state=NOT_PROVEN)
    yield forged("publication missing", drop(*publication), "notice", state=NOT_PROVEN)
    yield forged("publication and text missing", drop(*publication, f"{stem}.txt"))
    yield forged("text missing", drop(f"{stem}.txt"))
    extra = f"notices/{sha256(b'other').hexdigest()}.html"
    yield forged("a notice nobody names", put(extra, b"other"), "notice")
    odd = put("notices/a.png", b"")
    yield forged("an odd file among notices", odd, "integrity", "notice", "inclusion")
    _, files = honest_files()
    wrong_leaf = {
        f"{stem}.leaf.json": files["events/0.leaf.json"],
        f"{stem}.tlog-proof": files["events/0.tlog-proof"],
    }
    yield forged("another entry as publication", lambda old: old.update(wrong_leaf), "notice")
    edited = edit_leaf(f"{stem}.leaf.json", lambda leaf: leaf.update(ntc="0" * 64))
    yield forged("publication edited", edited, "notice", "inclusion")
    retimed = edit_leaf(f"{stem}.leaf.json", lambda leaf: leaf.update(ts=1))
    yield forged("publication not logged", retimed, "notice", "inclusion")
    other = leaf_of(EventType.NOTICE_PUBLISHED, "notice", ntc="0" * 64, cnt=_hex(TEXT))
    yield logged_publication("a publication of another notice", other)
    other = leaf_of(EventType.POLICY_CHANGED, "notice", ntc=NOTICE, cnt=_hex(TEXT))
    yield logged_publication("a publication of another type", other)
    yield late_publication()
    yield from no_notice()


def logged_publication(label: str, leaf: bytes) -> Case:
    """What stands in the log, early enough, for the notice's publication is another entry."""
    log = SmallLog()
    person, published = withdrawn_person(log)
    log.leaves[published] = leaf
    files = dict_of_unchecked(
        person, published, {n: built.leaf for n, (_, built) in enumerate(person.entries)}
    )
    return Case(
        name=label,
        data=bundle.archive(forge(person, files)),
        policy=log.policy,
        verdicts=wrong("notice"),
    )


def _hex(data: bytes) -> str:
    return sha256(data).hexdigest()


def late_publication() -> Case:
    """The notice was published only after the person saw it."""
    log = SmallLog()
    log.filler(3)
    person = Person(log)
    person.record(EventType.CONSENT_REQUESTED)
    published = small_log.publish_notice(log)
    log.filler(2)
    size = len(log.leaves)
    early = evidence_of(person, published)
    files = dict(
        bundle.prepare(
            replace(early, notices=(replace(early.notices[0], text=None, publication=None),))
        ).files
    )
    proof = TlogProof(
        index=published, hashes=log.path(published, size), checkpoint=early.checkpoint
    )
    files[f"notices/{NOTICE}.leaf.json"] = log.leaves[published]
    files[f"notices/{NOTICE}.tlog-proof"] = proof.encode()
    return Case(
        name="published too late",
        data=bundle.archive(forge(person, files)),
        policy=log.policy,
        verdicts=wrong("notice"),
    )


def no_notice() -> Iterator[Case]:
    log = SmallLog()
    person = Person(log)
    person.record(EventType.SUPPRESSION_ADDED, Claims(), channel="email", reason="bounce")
    evidence = replace(evidence_of(person, 0), notices=())
    files = dict(bundle.prepare(evidence).files)
    yield Case(
        name="no notice named",
        data=bundle.archive(forge(person, files)),
        policy=log.policy,
        verdicts=wrong("notice", state=NOT_PROVEN),
    )
