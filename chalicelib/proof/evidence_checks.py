# SPDX-License-Identifier: Apache-2.0
"""What must hold of evidence before a bundle shows it.

Guarantees that nothing is shown which the log does not prove, except what docs/spec/proof-bundle.md
calls the operator's own record. Refuses by raising; a time stamp itself is checked where it is
made, by the adapter.
"""

from hashlib import sha256
from typing import Final

from chalicelib.errors import BrokenProof, Malformed
from chalicelib.proof import base64url, canonical, merkle
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.disclosure import disclosure_digest
from chalicelib.proof.evidence import (
    AnchorFile,
    CampaignFile,
    DeliveryLine,
    Evidence,
    MailFile,
    NoticeFile,
    ProvenEntry,
)
from chalicelib.proof.leaf import ParsedLeaf, parse_leaf
from chalicelib.proof.plans import RECORD_BYTES
from chalicelib.proof.sealing import SID_BYTES, chain_tag
from chalicelib.vocabulary import EventType

MAIL_MEMBERS: Final = frozenset({"from", "headers", "html", "subject", "text", "to"})


def checked_entries(evidence: Evidence, tree: Checkpoint) -> tuple[ParsedLeaf, ...]:
    """The leaves of the chain, each in the tree, at its place, and owner of what it opens.

    Raises:
        Malformed: a leaf or disclosure is not in its format, or no entry was given.
        BrokenProof: one is not in the tree or chain, opens what it did not commit to, or the chain
            is not erased exactly as the evidence says.
    """
    leaves = tuple(
        _checked_entry(evidence, tree, n, entry) for n, entry in enumerate(evidence.entries)
    )
    if not leaves:
        raise Malformed("a bundle needs at least one entry")
    _require_erasure(evidence, leaves)
    return leaves


def require_included(leaf: bytes, index: int, path: tuple[bytes, ...], tree: Checkpoint) -> None:
    """Raise unless the leaf is in the tree at its index."""
    merkle.verify_inclusion(merkle.leaf_hash(leaf), index, tree.size, path, tree.root)


def require_all(evidence: Evidence, tree: Checkpoint, leaves: tuple[ParsedLeaf, ...]) -> None:
    """Raise unless everything beside the chain belongs to it.

    Raises:
        Malformed: something is given twice or not in its form, or a notice is missing.
        BrokenProof: something is not what its entry commits to, or not in the log or plan.
    """
    _require_notices(evidence, tree, leaves)
    _require_once(tuple(mail.n for mail in evidence.mails), "mail")
    for mail in evidence.mails:
        _require_mail(mail, leaves)
    _require_once(tuple(text.sha256 for text in evidence.privacy), "privacy text")
    for text in evidence.privacy:
        _require_entry(text.entry, tree, EventType.POLICY_CHANGED, text.sha256)
    _require_once(tuple(item.campaign for item in evidence.campaigns), "campaign")
    for campaign in evidence.campaigns:
        _require_campaign(campaign, tree)
    _require_one_person(evidence, leaves)
    _require_deliveries(evidence, leaves)
    _require_once(tuple(anchor.size for anchor in evidence.anchors), "anchor")
    for anchor in evidence.anchors:
        _require_anchor(anchor, tree)


def _checked_entry(evidence: Evidence, tree: Checkpoint, n: int, entry: ProvenEntry) -> ParsedLeaf:
    parsed = parse_leaf(entry.leaf)
    if parsed.tag != chain_tag(evidence.chain_key, n):
        raise BrokenProof(f"entry {n} is not at this place of the chain")
    require_included(entry.leaf, entry.index, entry.path, tree)
    if len(set(entry.disclosures)) != len(entry.disclosures):
        raise BrokenProof(f"entry {n} opens a disclosure twice")
    if not {disclosure_digest(text) for text in entry.disclosures} <= set(parsed.digests):
        raise BrokenProof(f"entry {n} did not commit to a disclosure given for it")
    return parsed


def _require_erasure(evidence: Evidence, leaves: tuple[ParsedLeaf, ...]) -> None:
    ended = [n for n, parsed in enumerate(leaves) if parsed.fields.erasure is not None]
    last = len(leaves) - 1
    if ended != ([last] if evidence.erased else []):
        raise BrokenProof("a chain ends with its erasure, or holds none")
    erasure = leaves[last].fields.erasure
    if erasure is None:
        return
    if (erasure.chain_key, erasure.chain_length) != (evidence.chain_key, last):
        raise BrokenProof("the erasure is of another chain")
    if evidence.mails or any(entry.disclosures for entry in evidence.entries):
        raise BrokenProof("nothing is opened after an erasure")


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
            require_included(publication.leaf, publication.index, publication.path, tree)
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


def _require_once(names: tuple[object, ...], noun: str) -> None:
    if len(set(names)) != len(names):
        raise Malformed(f"a {noun} is given twice")


def _require_mail(mail: MailFile, leaves: tuple[ParsedLeaf, ...]) -> None:
    fields = leaves[mail.n].fields if 0 <= mail.n < len(leaves) else None
    if fields is None or fields.type is not EventType.CONSENT_MAIL_SENT:
        raise BrokenProof("a mail is given for an entry that is not about sending one")
    if fields.content_sha256 != sha256(mail.document).hexdigest():
        raise BrokenProof("a mail is not the one its entry commits to")
    document = canonical.decode(mail.document, require_canonical=True)
    if not isinstance(document, dict) or document.keys() != MAIL_MEMBERS:
        raise Malformed("a mail has other members than the format's")
    headers = document.pop("headers")
    if not isinstance(headers, list) or not all(_is_pair(header) for header in headers):
        raise Malformed("a mail's headers are not a list of names and values")
    if not all(isinstance(value, str) for value in document.values()):
        raise Malformed("a mail has a member that is not text")


def _is_pair(value: object) -> bool:
    match value:
        case [str(), str()]:
            return True
        case _:
            return False


def _require_entry(entry: ProvenEntry, tree: Checkpoint, kind: EventType, content: str) -> None:
    require_included(entry.leaf, entry.index, entry.path, tree)
    fields = parse_leaf(entry.leaf).fields
    if fields.type is not kind or fields.content_sha256 != content:
        raise BrokenProof(f"a {kind} entry does not commit to what is given with it")


def _require_campaign(file: CampaignFile, tree: Checkpoint) -> None:
    content = sha256(file.content).hexdigest()
    _require_entry(file.commitment, tree, EventType.CAMPAIGN_COMMITTED, content)
    fields = parse_leaf(file.commitment.leaf).fields
    if fields.campaign != file.campaign or fields.manifest_sha256 is None:
        raise BrokenProof("a campaign's entry is another's, or commits to no plan")
    if len(file.record) != RECORD_BYTES:
        raise Malformed("a plan record is not 28 bytes")
    root = bytes.fromhex(fields.manifest_sha256)
    merkle.verify_inclusion(merkle.leaf_hash(file.record), file.index, file.size, file.path, root)


def _require_one_person(evidence: Evidence, leaves: tuple[ParsedLeaf, ...]) -> None:
    sids = {campaign.record[:SID_BYTES] for campaign in evidence.campaigns}
    if evidence.sid:
        sids.add(base64url.decode(evidence.sid, length=SID_BYTES))
    if len(sids) > 1:
        raise BrokenProof("the plan records are of different people")
    erasure = leaves[-1].fields.erasure
    if erasure and sids and sha256(sids.pop()).hexdigest() != erasure.vault_ref:
        raise BrokenProof("a plan record is of another person than the erasure")


def _require_deliveries(evidence: Evidence, leaves: tuple[ParsedLeaf, ...]) -> None:
    lines = evidence.deliveries
    if list(lines) != sorted(lines, key=lambda line: line.at_ms):
        raise Malformed("deliveries are not oldest first")
    planned = {
        file.campaign: base64url.encode(file.record[SID_BYTES:]) for file in evidence.campaigns
    }
    for line in lines:
        _require_delivery(line, planned, leaves)


def _require_delivery(
    line: DeliveryLine, planned: dict[str, str], leaves: tuple[ParsedLeaf, ...]
) -> None:
    number = line.mail if line.campaign is None else line.entry
    if number is None or not 0 <= number < len(leaves):
        raise Malformed("a delivery names no entry of the chain")
    if line.campaign is None:
        if leaves[number].fields.type is not EventType.CONSENT_MAIL_SENT:
            raise Malformed("a delivery is of a confirmation mail that was not sent")
        if line.delivery is not None or line.entry is not None:
            raise Malformed("a delivery is of a campaign or of a confirmation mail, not of both")
    elif line.mail is not None:
        raise Malformed("a delivery is of a campaign or of a confirmation mail, not of both")
    elif line.delivery is None or planned.get(line.campaign) != line.delivery:
        raise Malformed("a delivery was not planned in a campaign of this bundle")


def _require_anchor(anchor: AnchorFile, tree: Checkpoint) -> None:
    old = Checkpoint.of_note(anchor.note)
    if old.origin != tree.origin or old.size != anchor.size:
        raise BrokenProof("an anchor is of another log or size")
    merkle.verify_consistency(old.size, tree.size, old.root, tree.root, anchor.consistency)
