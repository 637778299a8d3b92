# SPDX-License-Identifier: Apache-2.0
"""Proof bundles: the deterministic zip that proves one person's chain to anyone, offline.

Guarantees that a bundle is made only of evidence that verifies, and that the ledger entry made at
export commits to every byte of it. Refuses to finish with another export entry, so no bundle
leaves whose chain was not whole. Format: docs/spec/proof-bundle.md.
"""

import io
import zipfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from chalicelib.errors import BrokenProof, Malformed
from chalicelib.proof import base64url, canonical, merkle, record, report
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.evidence import (
    LANGUAGES,
    AnchorFile,
    CampaignFile,
    DeliveryLine,
    Evidence,
    ProvenEntry,
)
from chalicelib.proof.evidence_checks import checked_entries, require_all, require_included
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.policy import parse_policy
from chalicelib.proof.sealing import chain_tag
from chalicelib.proof.story import Story, read_story
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
        erased: the chain ended: the export entry must have no tag.
    """

    manifest_sha256: str
    files: tuple[tuple[str, bytes], ...]
    checkpoint: Checkpoint
    chain_key: bytes
    chain_length: int
    erased: bool


def prepare(evidence: Evidence) -> Prepared:
    """All files of the bundle but the export entry, each piece of evidence checked first.

    Raises:
        Malformed: something is not in its format or given twice, a notice that an entry names is
            missing, no entry was given, or the language has no words.
        BrokenProof: something is not in the log, not at its place in the chain, or does not belong
            to what it is given for.
    """
    if evidence.language not in LANGUAGES:
        raise Malformed("a report is written in en, sv, de or fr")
    tree = Checkpoint.of_note(evidence.checkpoint)
    parse_policy(evidence.policy)
    leaves = checked_entries(evidence, tree)
    require_all(evidence, tree, leaves)
    files = _files(evidence, read_story(evidence, leaves))
    files[MANIFEST] = canonical.encode(_manifest(evidence, tree, files))
    return Prepared(
        manifest_sha256=sha256(files[MANIFEST]).hexdigest(),
        files=tuple(sorted(files.items())),
        checkpoint=tree,
        chain_key=evidence.chain_key,
        chain_length=len(leaves),
        erased=evidence.erased,
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
    if prepared.erased:
        if parsed.tag is not None or parsed.digests:
            raise BrokenProof("nothing follows an erasure in a chain")
    elif parsed.tag != chain_tag(prepared.chain_key, prepared.chain_length):
        raise BrokenProof("the export entry is not the next entry of the chain")
    old, new = prepared.checkpoint, Checkpoint.of_note(export_proof.checkpoint)
    if new.origin != old.origin:
        raise BrokenProof("the export entry is in another log")
    require_included(export_leaf, export_proof.index, export_proof.hashes, new)
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
    last = files.get(f"events/{chain_length - 1}.leaf.json")
    if archive(files) != data or MANIFEST not in files or CHECKPOINT not in files or last is None:
        raise Malformed("a prepared bundle is not the archive that was kept")
    return Prepared(
        manifest_sha256=sha256(files[MANIFEST]).hexdigest(),
        files=tuple(sorted(files.items())),
        checkpoint=Checkpoint.of_note(files[CHECKPOINT]),
        chain_key=chain_key,
        chain_length=chain_length,
        erased=parse_leaf(last).fields.erasure is not None,
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


def _files(evidence: Evidence, story: Story) -> dict[str, bytes]:
    chain: dict[str, JsonValue] = {
        "key": base64url.encode(evidence.chain_key),
        "total": len(evidence.entries),
    }
    files = {
        "README.txt": report.readme(evidence),
        "chain.json": canonical.encode(chain),
        CHECKPOINT: evidence.checkpoint,
        "policy.txt": evidence.policy,
        "report.html": report.render(evidence, story),
    }
    for n, entry in enumerate(evidence.entries):
        lines = "".join(f"{text}\n" for text in entry.disclosures)
        files[f"events/{n}.disclosures"] = lines.encode("ascii")
        files |= _entry_files(f"events/{n}", entry, evidence.checkpoint)
    return files | record.files(evidence, story) | _shown(evidence) | _sent(evidence)


def _shown(evidence: Evidence) -> dict[str, bytes]:
    """Files of what the person was shown, and of when."""
    files: dict[str, bytes] = {}
    for notice in evidence.notices:
        stem = f"notices/{notice.sha256}"
        files[f"{stem}.html"] = notice.html
        if notice.text is not None:
            files[f"{stem}.txt"] = notice.text
        if notice.publication is not None:
            files |= _entry_files(stem, notice.publication, evidence.checkpoint)
    for privacy in evidence.privacy:
        stem = f"privacy/{privacy.sha256}"
        files[f"{stem}.html"] = privacy.html
        files |= _entry_files(stem, privacy.entry, evidence.checkpoint)
    for anchor in evidence.anchors:
        files |= _anchor_files(anchor)
    if evidence.anchors and evidence.tsa_certificates:
        files["anchors/tsa.pem"] = evidence.tsa_certificates
    return files


def _sent(evidence: Evidence) -> dict[str, bytes]:
    """Files of the mails; an erased person's deliveries are shown only where some are left."""
    files = {f"mails/{mail.n}.json": mail.document for mail in evidence.mails}
    for campaign in evidence.campaigns:
        stem = f"campaigns/{campaign.campaign}"
        files[f"{stem}.content.json"] = campaign.content
        files[f"{stem}.plan.json"] = canonical.encode(_plan(campaign))
        files |= _entry_files(stem, campaign.commitment, evidence.checkpoint)
    if evidence.deliveries or not evidence.erased:
        lines: list[JsonValue] = [_delivery(line) for line in evidence.deliveries]
        files["deliveries.json"] = canonical.encode(lines)
    return files


def _anchor_files(anchor: AnchorFile) -> dict[str, bytes]:
    stem = f"anchors/{anchor.size}"
    lines = "".join(f"{b64encode(hash_).decode('ascii')}\n" for hash_ in anchor.consistency)
    return {
        f"{stem}.consistency": lines.encode("ascii"),
        f"{stem}.note": anchor.note,
        f"{stem}.tsr": anchor.response,
    }


def _plan(campaign: CampaignFile) -> dict[str, JsonValue]:
    return {
        "index": campaign.index,
        "path": [base64url.encode(hash_) for hash_ in campaign.path],
        "record": base64url.encode(campaign.record),
        "size": campaign.size,
    }


def _delivery(line: DeliveryLine) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {
        "answer": line.answer,
        "at": line.at_ms,
        "campaign": line.campaign,
        "delivery": line.delivery,
        "entry": line.entry,
        "event": line.event,
        "event_at": line.event_ms,
        "mail": line.mail,
        "message_id": line.message_id,
    }
    return {name: value for name, value in members.items() if value is not None}


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
