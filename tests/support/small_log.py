# SPDX-License-Identifier: Apache-2.0
"""A small real log in memory, one person's chain in it, and bundles honest or forged.

Everything is deterministic. `forge` plays an operator who holds the log's key: it makes a bundle
that is consistent in all but what the caller changed, so that exactly one check can see it.
"""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from chalicelib.proof import bundle, canonical, merkle, note
from chalicelib.proof.checkpoint import Checkpoint, sign_checkpoint
from chalicelib.proof.cosignature import ed25519_message
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.evidence import Evidence, NoticeFile, ProvenEntry
from chalicelib.proof.leaf import BuiltLeaf, LeafFields, build_controller_leaf, build_leaf
from chalicelib.proof.policy import Log, Policy
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.proof.tlog_proof import TlogProof
from chalicelib.vocabulary import EventType

ORIGIN = "example.com/ledger"
START_MS = 1_795_435_200_000
SCOPE = {"brand": "demo", "channel": "email", "lists": ("newsletter",)}
PURPOSES = ("newsletter", "measurement")
HTML = b"<!doctype html><title>Newsletter</title><p>Yes, send me the newsletter.</p>"
TEXT = b"Yes, send me the newsletter.\n"
NOTICE = sha256(HTML).hexdigest()
CLAIMS = Claims(
    subject={"email": "visitor@example.org", "email_as_typed": "Visitor@Example.org"},
    session={"ip": "192.0.2.7", "ua": "Browser/1.0", "lang": "en"},
    choice={"newsletter": "on", "measurement": "on"},
)


def fixed_bytes(label: str, count: int) -> bytes:
    """Bytes that look random and are always the same for a label."""
    return sha256(label.encode()).digest()[:count]


WITNESS_TIME_S = START_MS // 1000


def witness_key(name: str) -> note.VerifierKey:
    signer = note.Ed25519Signer(name, fixed_bytes(f"{name} key", 32))
    return note.VerifierKey(
        name=name,
        algorithm=note.Algorithm.COSIGNATURE_ED25519,
        public_key=signer.key.public_key,
    )


def cosignature_line(name: str, text: str, time_s: int = WITNESS_TIME_S) -> bytes:
    signer = note.Ed25519Signer(name, fixed_bytes(f"{name} key", 32))
    raw = time_s.to_bytes(8, "big") + signer.sign(ed25519_message(text, time_s))
    line = note.NoteSignature(name=name, key_id=witness_key(name).key_id, signature=raw)
    return f"{line}\n".encode()


class SmallLog:
    """A log whose tree is recomputed from all its leaves."""

    def __init__(self, origin: str = ORIGIN, seed: str = "log key") -> None:
        self.signer = note.Ed25519Signer(origin, fixed_bytes(seed, 32))
        self.leaves: list[bytes] = []
        self.witnesses: list[str] = []

    @property
    def policy(self) -> bytes:
        return Policy(logs=(Log(key=self.signer.key),)).encode()

    def append(self, leaf: bytes) -> int:
        self.leaves.append(leaf)
        return len(self.leaves) - 1

    def filler(self, count: int) -> None:
        for _ in range(count):
            fields = LeafFields(
                event_id=fixed_bytes(f"filler {len(self.leaves)}", 16),
                type=EventType.LOG_HEARTBEAT,
                ts_ms=START_MS,
                controller="demo",
            )
            self.append(build_controller_leaf(fields).leaf)

    def tree(self, size: int) -> Checkpoint:
        return Checkpoint(
            origin=self.signer.name, size=size, root=merkle.root_from_reader(size, self._read)
        )

    def checkpoint(self, size: int) -> bytes:
        signed = sign_checkpoint(self.tree(size), [self.signer])
        return signed + b"".join(
            cosignature_line(witness, self.tree(size).text) for witness in self.witnesses
        )

    def path(self, index: int, size: int) -> tuple[bytes, ...]:
        return merkle.inclusion_proof(index, size, self._read)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        return merkle.consistency_proof(old, new, self._read)

    def _read(self, level: int, index: int) -> bytes:
        width = 1 << level
        leaves = self.leaves[index * width : (index + 1) * width]
        return merkle.root_of_hashes([merkle.leaf_hash(leaf) for leaf in leaves])


class Person:
    """One subject's chain in a `SmallLog`."""

    def __init__(self, log: SmallLog, label: str = "person") -> None:
        self.log = log
        self.label = label
        self.keys = SubjectKeys(
            fixed_bytes(f"{label} key", 32), log.signer.name, fixed_bytes(f"{label} sid", 16)
        )
        self.entries: list[tuple[int, BuiltLeaf]] = []

    def build(self, kind: EventType, claims: Claims, n: int, **more: object) -> BuiltLeaf:
        values: dict[str, object] = {
            "event_id": fixed_bytes(f"{self.label} event {n}", 16),
            "ts_ms": START_MS + 60_000 * n + 7,
            "controller": "demo",
        }
        if kind.startswith("consent."):
            values |= {**SCOPE, "purposes": PURPOSES, "notice_sha256": NOTICE}
        fields = LeafFields(type=kind, **{**values, **more})  # type: ignore[arg-type]
        return build_leaf(fields, claims, self.keys, n)

    def record(self, kind: EventType, claims: Claims = CLAIMS, **more: object) -> None:
        built = self.build(kind, claims, len(self.entries), **more)
        self.entries.append((self.log.append(built.leaf), built))

    def proven(self, size: int) -> tuple[ProvenEntry, ...]:
        return tuple(
            ProvenEntry(
                leaf=built.leaf,
                index=index,
                path=self.log.path(index, size),
                disclosures=built.disclosures,
            )
            for index, built in self.entries
        )


def publish_notice(log: SmallLog) -> int:
    fields = LeafFields(
        event_id=fixed_bytes("notice", 16),
        type=EventType.NOTICE_PUBLISHED,
        ts_ms=START_MS - 1000,
        controller="demo",
        brand="demo",
        notice_sha256=NOTICE,
        content_sha256=sha256(TEXT).hexdigest(),
    )
    return log.append(build_controller_leaf(fields).leaf)


def withdrawn_person(log: SmallLog | None = None, trailing: int = 2) -> tuple[Person, int]:
    """A person who asked, confirmed and withdrew, and the index of the notice's publication.

    The withdrawal is entry 14 of the log unless `log` already holds entries.
    """
    log = log or SmallLog()
    log.filler(3)
    published = publish_notice(log)
    log.filler(1)
    person = Person(log)
    for kind in (
        EventType.CONSENT_REQUESTED,
        EventType.CONSENT_MAIL_SENT,
        EventType.CONSENT_CONFIRMED,
    ):
        person.record(kind)
        log.filler(2)
    person.record(EventType.CONSENT_WITHDRAWN, Claims(session={"ip": "192.0.2.8"}), via="page")
    log.filler(trailing)
    return person, published


def evidence_of(person: Person, published: int, **more: object) -> Evidence:
    size = len(person.log.leaves)
    publication = ProvenEntry(
        leaf=person.log.leaves[published], index=published, path=person.log.path(published, size)
    )
    evidence = Evidence(
        bundle_id="bundle-1",
        controller="Example Ltd, 1 Example Street",
        subject="visitor@example.org",
        exporter="compliance key",
        created_ms=START_MS + 3_600_000,
        policy=person.log.policy,
        checkpoint=person.log.checkpoint(size),
        chain_key=person.keys.chain_key,
        entries=person.proven(size),
        notices=(NoticeFile(html=HTML, text=TEXT, publication=publication),),
        recipient="Supervisory authority",
        reason="complaint 17",
    )
    return replace(evidence, **more)  # type: ignore[arg-type]


def export_entry(person: Person, manifest_sha256: str, n: int | None = None) -> bytes:
    count = len(person.entries) if n is None else n
    return person.build(
        EventType.BUNDLE_EXPORTED, Claims(), count, manifest_sha256=manifest_sha256
    ).leaf


def prove_export(log: SmallLog, old_size: int, leaf: bytes) -> tuple[TlogProof, tuple[bytes, ...]]:
    """Sequence the export entry among others and prove it."""
    index = log.append(leaf)
    log.filler(2)
    size = len(log.leaves)
    proof = TlogProof(index=index, hashes=log.path(index, size), checkpoint=log.checkpoint(size))
    return proof, log.consistency(old_size, size)


def honest_bundle(**more: object) -> tuple[bytes, bytes]:
    """A bundle that passes, and the policy to check it with."""
    person, published = withdrawn_person()
    prepared = bundle.prepare(evidence_of(person, published, **more))
    leaf = export_entry(person, prepared.manifest_sha256)
    proof, consistency = prove_export(person.log, prepared.checkpoint.size, leaf)
    return bundle.finish(prepared, leaf, proof, consistency), person.log.policy


def forge(
    person: Person,
    files: dict[str, bytes],
    *,
    manifest: Callable[[dict[str, object]], None] = lambda _: None,
    export: Callable[[bytes], bytes] = lambda leaf: leaf,
    n: int | None = None,
) -> dict[str, bytes]:
    """Files of a bundle made after a change to `files`, re-listed, re-exported and re-signed."""
    listing = {
        name: {"sha256": sha256(data).hexdigest(), "size": len(data)}
        for name, data in files.items()
        if name != bundle.MANIFEST
    }
    stated = canonical.decode(files[bundle.MANIFEST])
    assert isinstance(stated, dict)
    stated["files"] = listing
    manifest(stated)
    files = {**files, bundle.MANIFEST: canonical.encode(stated)}
    leaf = export(export_entry(person, sha256(files[bundle.MANIFEST]).hexdigest(), n))
    tree = Checkpoint.parse(note.parse_note(files["checkpoint.note"]).text)
    proof, consistency = prove_export(person.log, tree.size, leaf)
    proof = replace(proof, extra=b"".join(consistency))
    return {**files, bundle.EXPORT_LEAF: leaf, bundle.EXPORT_PROOF: proof.encode()}
