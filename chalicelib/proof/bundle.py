# SPDX-License-Identifier: Apache-2.0
"""Proof bundles: the deterministic zip that proves one person's chain to anyone, offline.

Guarantees that a bundle is made only of evidence that verifies, and that the ledger entry made at
export commits to every byte of it. Refuses to finish with another export entry, so no bundle
leaves whose chain was not whole. Format: docs/spec/proof-bundle.md.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from chalicelib.errors import BrokenProof, Malformed
from chalicelib.proof import base64url, canonical, merkle, note, report
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.disclosure import disclosure_digest
from chalicelib.proof.evidence import Evidence, NoticeFile, ProvenEntry
from chalicelib.proof.leaf import ParsedLeaf, parse_leaf
from chalicelib.proof.policy import parse_policy
from chalicelib.proof.sealing import chain_tag
from chalicelib.proof.tlog_proof import TlogProof
from chalicelib.vocabulary import EventType

FORMAT: Final = "cl-evidence/1"
MANIFEST: Final = "manifest.json"
CHECKPOINT: Final = "checkpoint.note"
EXPORT_LEAF: Final = "export.leaf.json"
EXPORT_PROOF: Final = "export.tlog-proof"
_ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_PLAIN_FILE: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A bundle that waits for its export entry.

    Attributes:
        manifest_sha256: hex; what `man` of the `bundle.exported` entry must hold.
        files: (name, bytes) of everything but the two export files, sorted by name.
        checkpoint: what all proofs inside lead to.
        chain_key: the subject's chain key.
        chain_length: entries shown; the number the export entry must have.
    """

    manifest_sha256: str
    files: tuple[tuple[str, bytes], ...]
    checkpoint: Checkpoint
    chain_key: bytes
    chain_length: int


def prepare(evidence: Evidence) -> Prepared:
    """All files of the bundle but the export entry, each piece of evidence checked first.

    Raises:
        Malformed: a leaf, disclosure, policy or checkpoint is not in its format, no entry was
            given, or a notice that an entry names is missing.
        BrokenProof: an entry is not in the tree, not at its place in the chain, or a disclosure,
            notice or publication does not belong to what it is given for.
    """
    tree = Checkpoint.parse(note.parse_note(evidence.checkpoint).text)
    parse_policy(evidence.policy)
    leaves = tuple(
        _checked_entry(evidence, tree, n, entry) for n, entry in enumerate(evidence.entries)
    )
    if not leaves:
        raise Malformed("a bundle needs at least one entry")
    _require_notices(evidence, tree, leaves)
    files = _files(evidence, leaves)
    files[MANIFEST] = canonical.encode(_manifest(evidence, tree, files))
    return Prepared(
        manifest_sha256=sha256(files[MANIFEST]).hexdigest(),
        files=tuple(sorted(files.items())),
        checkpoint=tree,
        chain_key=evidence.chain_key,
        chain_length=len(leaves),
    )


def finish(
    prepared: Prepared,
    export_leaf: bytes,
    export_proof: TlogProof,
    consistency: tuple[bytes, ...],
) -> bytes:
    """The finished zip.

    Args:
        prepared: from `prepare`.
        export_leaf: the `bundle.exported` entry whose `man` is `prepared.manifest_sha256`.
        export_proof: its proof under a checkpoint that covers it; `extra` is overwritten.
        consistency: RFC 6962 proof from `prepared.checkpoint` to that checkpoint.

    Raises:
        BrokenProof: the entry commits to another manifest, is not the next of the chain (another
            event was logged meanwhile: prepare again), or a proof does not hold.
        Malformed: the leaf or a checkpoint is not in its format.
    """
    parsed = parse_leaf(export_leaf)
    if parsed.fields.type is not EventType.BUNDLE_EXPORTED:
        raise BrokenProof("the export entry is of another type")
    if parsed.fields.manifest_sha256 != prepared.manifest_sha256:
        raise BrokenProof("the export entry commits to another manifest")
    if parsed.tag != chain_tag(prepared.chain_key, prepared.chain_length):
        raise BrokenProof("the export entry is not the next entry of the chain")
    old, new = prepared.checkpoint, Checkpoint.parse(note.parse_note(export_proof.checkpoint).text)
    if new.origin != old.origin:
        raise BrokenProof("the export entry is in another log")
    _require_included(export_leaf, export_proof.index, export_proof.hashes, new)
    merkle.verify_consistency(old.size, new.size, old.root, new.root, consistency)
    proof = TlogProof(
        index=export_proof.index,
        hashes=export_proof.hashes,
        checkpoint=export_proof.checkpoint,
        extra=b"".join(consistency) or None,
    )
    return archive({**dict(prepared.files), EXPORT_LEAF: export_leaf, EXPORT_PROOF: proof.encode()})


def reopen(data: bytes, chain_key: bytes, chain_length: int) -> Prepared:
    """What `prepare` returned, from `archive` of its files kept between the two phases.

    Raises:
        Malformed: not such an archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as kept:
            files = {name: kept.read(name) for name in kept.namelist()}
    except zipfile.BadZipFile:
        raise Malformed("a prepared bundle is not an archive") from None
    if archive(files) != data or MANIFEST not in files or CHECKPOINT not in files:
        raise Malformed("a prepared bundle is not the archive that was kept")
    return Prepared(
        manifest_sha256=sha256(files[MANIFEST]).hexdigest(),
        files=tuple(sorted(files.items())),
        checkpoint=Checkpoint.parse(note.parse_note(files[CHECKPOINT]).text),
        chain_key=chain_key,
        chain_length=chain_length,
    )


def archive(files: Mapping[str, bytes]) -> bytes:
    """The one zip of these files: sorted, stored, no time, no extra field, mode 0644.

    Raises:
        Malformed: a name that is not plain ASCII; such a name would set a flag of its own.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=False) as out:
        for name in sorted(files):
            if not name.isascii():
                raise Malformed("a file name in a bundle is not plain ASCII")
            info = zipfile.ZipInfo(name, _ZIP_EPOCH)
            info.create_system = _UNIX
            info.external_attr = _PLAIN_FILE
            out.writestr(info, files[name])
    return buffer.getvalue()


def _checked_entry(evidence: Evidence, tree: Checkpoint, n: int, entry: ProvenEntry) -> ParsedLeaf:
    """Entry `n`, only if it is in the tree, at its place in the chain, and owns what it opens."""
    parsed = parse_leaf(entry.leaf)
    if parsed.tag != chain_tag(evidence.chain_key, n):
        raise BrokenProof(f"entry {n} is not at this place of the chain")
    _require_included(entry.leaf, entry.index, entry.path, tree)
    if len(set(entry.disclosures)) != len(entry.disclosures):
        raise BrokenProof(f"entry {n} opens a disclosure twice")
    if not {disclosure_digest(text) for text in entry.disclosures} <= set(parsed.digests):
        raise BrokenProof(f"entry {n} did not commit to a disclosure given for it")
    return parsed


def _require_included(leaf: bytes, index: int, path: tuple[bytes, ...], tree: Checkpoint) -> None:
    merkle.verify_inclusion(merkle.leaf_hash(leaf), index, tree.size, path, tree.root)


def _require_notices(evidence: Evidence, tree: Checkpoint, leaves: tuple[ParsedLeaf, ...]) -> None:
    """Raise unless every notice named is given once, published before it was first named."""
    first_named: dict[str, int] = {}
    for entry, parsed in zip(evidence.entries, leaves, strict=True):
        sha = parsed.fields.notice_sha256
        if sha is not None:
            first_named[sha] = min(entry.index, first_named.get(sha, entry.index))
    if sorted(notice.sha256 for notice in evidence.notices) != sorted(first_named):
        raise Malformed("a bundle holds exactly the notices its entries name, each once")
    for notice in evidence.notices:
        if notice.publication is not None:
            publication = notice.publication
            _require_included(publication.leaf, publication.index, publication.path, tree)
            _require_publication(notice, publication, first_named[notice.sha256])
        elif notice.text is not None:
            raise Malformed("only a publication entry commits to a notice's plain text")


def _require_publication(notice: NoticeFile, publication: ProvenEntry, named_at: int) -> None:
    fields = parse_leaf(publication.leaf).fields
    if fields.type is not EventType.NOTICE_PUBLISHED or fields.notice_sha256 != notice.sha256:
        raise BrokenProof("a publication entry belongs to another notice")
    if notice.text is not None and fields.content_sha256 != sha256(notice.text).hexdigest():
        raise BrokenProof("a notice's plain text is not the one published")
    if publication.index >= named_at:
        raise BrokenProof("a notice was published after an entry that names it")


def _files(evidence: Evidence, leaves: tuple[ParsedLeaf, ...]) -> dict[str, bytes]:
    chain: dict[str, JsonValue] = {
        "key": base64url.encode(evidence.chain_key),
        "total": len(leaves),
    }
    files = {
        "README.txt": report.readme(evidence),
        "chain.json": canonical.encode(chain),
        CHECKPOINT: evidence.checkpoint,
        "policy.txt": evidence.policy,
        "report.html": report.render(evidence, leaves),
    }
    for n, entry in enumerate(evidence.entries):
        lines = "".join(f"{text}\n" for text in entry.disclosures)
        files[f"events/{n}.disclosures"] = lines.encode("ascii")
        files |= _entry_files(f"events/{n}", entry, evidence.checkpoint)
    for notice in evidence.notices:
        stem = f"notices/{notice.sha256}"
        files[f"{stem}.html"] = notice.html
        if notice.text is not None:
            files[f"{stem}.txt"] = notice.text
        if notice.publication is not None:
            files |= _entry_files(stem, notice.publication, evidence.checkpoint)
    return files


def _entry_files(stem: str, entry: ProvenEntry, checkpoint: bytes) -> dict[str, bytes]:
    proof = TlogProof(index=entry.index, hashes=entry.path, checkpoint=checkpoint)
    return {f"{stem}.leaf.json": entry.leaf, f"{stem}.tlog-proof": proof.encode()}


def _manifest(
    evidence: Evidence, tree: Checkpoint, files: Mapping[str, bytes]
) -> dict[str, JsonValue]:
    listing: dict[str, JsonValue] = {
        name: {"sha256": sha256(data).hexdigest(), "size": len(data)}
        for name, data in files.items()
    }
    manifest: dict[str, JsonValue] = {
        "controller": evidence.controller,
        "created": evidence.created_ms,
        "exporter": evidence.exporter,
        "files": listing,
        "format": FORMAT,
        "id": evidence.bundle_id,
        "language": evidence.language,
        "limits": list(report.limits(evidence.language)),
        "lists": sorted(evidence.lists),
        "origin": tree.origin,
        "purposes": sorted(evidence.purposes),
        "subject": evidence.subject,
    }
    optional = {"reason": evidence.reason, "recipient": evidence.recipient}
    manifest.update({name: value for name, value in optional.items() if value is not None})
    return manifest
