# SPDX-License-Identifier: Apache-2.0
"""A bundle that shows everything the format can hold, made here and not by the product.

`Full` holds what goes into the log; a case changes it before the log is made, or the files after.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from chalicelib.proof import base64url, bundle, canonical, merkle, note
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.tlog_proof import TlogProof
from chalicelib.vocabulary import EventType
from tests.support.openssl_stamps import authority, stamp
from tests.support.small_log import (
    CLAIMS,
    HTML,
    NOTICE,
    START_MS,
    TEXT,
    Person,
    SmallLog,
    fixed_bytes,
    prove_export,
    publish_notice,
)

Files = dict[str, bytes]
MINUTE_MS = 60_000
CAMPAIGN = "zFu3qpjTlOJ1GDL4x3Rz8g"
CONTENT = canonical.encode({"html": "<p>Hello</p>", "subject": "Hello", "text": "Hello"})
PRIVACY = b"<!doctype html><title>Privacy</title><p>We keep what you gave us.</p>"
MAIL: dict[str, object] = {
    "from": "demo@example.org",
    "headers": [["Subject", "Please confirm"], ["To", "visitor@example.org"]],
    "html": "<p>Please confirm.</p>",
    "subject": "Please confirm",
    "text": "Please confirm.\n",
    "to": "visitor@example.org",
}
DELIVERIES: list[object] = [
    {"at": START_MS + MINUTE_MS, "mail": 1, "event": "Delivery", "event_at": START_MS + MINUTE_MS},
    {"at": START_MS + 3 * MINUTE_MS, "campaign": CAMPAIGN, "delivery": "d", "entry": 2,
     "message_id": "m", "answer": "250 ok"},
]  # fmt: skip
KINDS = (
    EventType.CONSENT_REQUESTED,
    EventType.CONSENT_MAIL_SENT,
    EventType.CONSENT_CONFIRMED,
    EventType.CONSENT_WITHDRAWN,
)


@dataclass(slots=True, kw_only=True)
class Full:
    """What is logged and shown. `stamp_ms` says what time the anchor of a size is stamped with."""

    kinds: tuple[EventType, ...] = KINDS
    erased: bool = False
    mail: object = field(default_factory=lambda: dict(MAIL))
    deliveries: object = field(default_factory=lambda: list(DELIVERIES))
    commitment: dict[str, object] = field(default_factory=dict)
    erasure: dict[str, object] = field(default_factory=dict)
    erasure_at: int = -1
    subjects: tuple[str, ...] = ("person",)
    early_ms: int = START_MS
    late_ms: int = START_MS + 6 * MINUTE_MS
    anchored: bool = True
    log: SmallLog = field(default_factory=SmallLog)

    @property
    def policy(self) -> bytes:
        return self.log.policy + (authority().policy_line if self.anchored else b"")


def leaf_of(kind: EventType, label: str, **members: object) -> bytes:
    """A controller's leaf with exactly these members."""
    stated = {
        "ctl": "demo",
        "id": base64url.encode(fixed_bytes(label, 16)),
        "ts": START_MS - 500,
        "typ": kind.value,
        "v": "cl/1",
        **members,
    }
    return canonical.encode({name: value for name, value in stated.items() if value is not None})  # type: ignore[arg-type]


def plan_of(subject: str) -> tuple[list[bytes], int]:
    """Records of a campaign's plan, and the place of one subject in it."""
    ids = [fixed_bytes(f"{name} sid", 16) for name in ("a", "b", subject, "c", "d")]
    return [sid + fixed_bytes(f"{sid!r} delivery", 12) for sid in ids], 2


def full_files(full: Full) -> tuple[Person, Files]:
    """All files but manifest and export, and the person whose chain it is."""
    log, person = full.log, Person(full.log)
    files: Files = {"README.txt": b"Read me.\n", "report.html": b"<p>Report</p>"}
    files |= {"record.jsonld": b"{}", "receipt.jsonld": b"{}"}
    places: dict[str, int] = {}
    log.filler(2)
    places[f"notices/{NOTICE}"] = publish_notice(log)
    files |= {f"notices/{NOTICE}.html": HTML, f"notices/{NOTICE}.txt": TEXT}
    privacy = sha256(PRIVACY).hexdigest()
    places[f"privacy/{privacy}"] = log.append(
        leaf_of(EventType.POLICY_CHANGED, "privacy", cnt=privacy)
    )
    files[f"privacy/{privacy}.html"] = PRIVACY
    early = len(log.leaves)
    _record(full, person)
    for number, subject in enumerate(full.subjects):
        places |= _campaign(full, files, subject, CAMPAIGN if not number else f"c{number}")
    log.filler(1)
    size = len(log.leaves)
    files["checkpoint.note"] = log.checkpoint(size)
    files["policy.txt"] = full.policy
    files["deliveries.json"] = canonical.encode(full.deliveries)  # type: ignore[arg-type]
    for n, entry in enumerate(person.proven(size)):
        places[f"events/{n}"] = entry.index
        opened = () if full.erased else entry.disclosures
        files[f"events/{n}.disclosures"] = "".join(f"{text}\n" for text in opened).encode()
    if not full.erased and EventType.CONSENT_MAIL_SENT in full.kinds:
        files["mails/1.json"] = canonical.encode(full.mail)  # type: ignore[arg-type]
    for stem, index in places.items():
        proof = TlogProof(
            index=index, hashes=log.path(index, size), checkpoint=files["checkpoint.note"]
        )
        files |= {f"{stem}.leaf.json": log.leaves[index], f"{stem}.tlog-proof": proof.encode()}
    chain = {"key": base64url.encode(person.keys.chain_key), "total": len(person.entries)}
    files["chain.json"] = canonical.encode(chain)  # type: ignore[arg-type]
    if full.anchored:
        files |= anchor(log, early, size, full.early_ms) | anchor(log, size, size, full.late_ms)
        files["anchors/tsa.pem"] = authority().root
    return person, files


def _record(full: Full, person: Person) -> None:
    """Log the person's chain, and its erasure if there is one."""
    log, kinds = full.log, list(full.kinds)
    if full.erased:
        kinds.insert(
            len(kinds) if full.erasure_at < 0 else full.erasure_at, EventType.SUBJECT_ERASED
        )
    for n, kind in enumerate(kinds):
        more: dict[str, object] = {"via": "page"} if kind is EventType.CONSENT_WITHDRAWN else {}
        if kind is EventType.CONSENT_MAIL_SENT:
            more["content_sha256"] = sha256(canonical.encode(full.mail)).hexdigest()  # type: ignore[arg-type]
        if kind is EventType.SUBJECT_ERASED:
            built = person.build(EventType.DATA_UNSEALED, Claims(), n, reason="proof")
            members = canonical.decode(built.leaf)
            assert isinstance(members, dict)
            members |= {
                "chk": base64url.encode(person.keys.chain_key),
                "fin": START_MS,
                "kid": sha256(fixed_bytes("person sid", 16)).hexdigest(),
                "num": n,
                "rsn": "not-needed",
                "typ": kind.value,
                **full.erasure,  # type: ignore[dict-item]
            }
            leaf = canonical.encode(members)
            object.__setattr__(built, "leaf", leaf)
            person.entries.append((log.append(leaf), built))
        else:
            person.record(kind, CLAIMS, **more)
        log.filler(1)


def _campaign(full: Full, files: Files, subject: str, campaign: str) -> dict[str, int]:
    """Log a campaign and show that the subject was planned for it; its place."""
    records, index = plan_of(subject)
    hashes = [merkle.leaf_hash(record) for record in records]

    def read(level: int, at: int) -> bytes:
        return merkle.root_of_hashes(hashes[at << level : (at + 1) << level])

    members = {
        "brd": "demo",
        "chn": "email",
        "cmp": campaign,
        "cnt": sha256(CONTENT).hexdigest(),
        "lst": ["newsletter"],
        "man": merkle.root_of_hashes(hashes).hex(),
        "pur": ["newsletter"],
        "ts": START_MS + 2 * MINUTE_MS,
        **full.commitment,
    }
    plan = {
        "index": index,
        "path": [base64url.encode(h) for h in merkle.inclusion_proof(index, len(records), read)],
        "record": base64url.encode(records[index]),
        "size": len(records),
    }
    files[f"campaigns/{campaign}.content.json"] = CONTENT
    files[f"campaigns/{campaign}.plan.json"] = canonical.encode(plan)  # type: ignore[arg-type]
    kind = EventType(members.pop("typ", EventType.CAMPAIGN_COMMITTED))
    return {f"campaigns/{campaign}": full.log.append(leaf_of(kind, campaign, **members))}


def anchor(log: SmallLog, size: int, now: int, when_ms: int, **how: object) -> Files:
    """The files of a stamped checkpoint."""
    hashes = log.consistency(size, now) if size < now else ()
    checkpoint = log.checkpoint(size)
    return {
        f"anchors/{size}.note": checkpoint,
        f"anchors/{size}.tsr": stamp(checkpoint, when_ms, **how),  # type: ignore[arg-type]
        f"anchors/{size}.consistency": "".join(
            f"{note.encode_base64(value)}\n" for value in hashes
        ).encode(),
    }


def sealed(
    person: Person, files: Files, erased: bool, edit: Callable[[dict[str, object]], object] = len
) -> Files:
    """The files with manifest and export; `edit` may change the export's leaf."""
    listing = {
        name: {"sha256": sha256(data).hexdigest(), "size": len(data)}
        for name, data in files.items()
    }
    tree = Checkpoint.parse(note.parse_note(files["checkpoint.note"]).text)
    manifest: dict[str, object] = {
        "controller": "Example Ltd",
        "created": START_MS + 10 * MINUTE_MS,
        "id": "bundle-2",
        "exporter": "compliance key",
        "files": listing,
        "format": "cl-evidence/1",
        "language": "en",
        "limits": [],
        "lists": [],
        "origin": tree.origin,
        "purposes": [],
        "subject": "visitor@example.org",
    }
    raw = canonical.encode(manifest)  # type: ignore[arg-type]
    man = sha256(raw).hexdigest()
    late = START_MS + 20 * MINUTE_MS
    leaf = leaf_of(EventType.BUNDLE_EXPORTED, "export", man=man, ts=late)
    if not erased:
        count = len(person.entries)
        leaf = person.build(
            EventType.BUNDLE_EXPORTED, Claims(), count, manifest_sha256=man, ts_ms=late
        ).leaf
    members = canonical.decode(leaf)
    assert isinstance(members, dict)
    edit(members)
    leaf = canonical.encode(members)
    proof, consistency = prove_export(person.log, tree.size, leaf)
    extra = b"".join(consistency)
    ended = TlogProof(
        index=proof.index, hashes=proof.hashes, checkpoint=proof.checkpoint, extra=extra
    )
    return {
        **files,
        bundle.MANIFEST: raw,
        bundle.EXPORT_LEAF: leaf,
        bundle.EXPORT_PROOF: ended.encode(),
    }
