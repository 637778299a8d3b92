#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verify a consent proof bundle, offline, with Python, `cryptography` and, for time, `openssl`.

Guarantees one verdict each on integrity, signature, witnesses, inclusion, consistency,
disclosures, notice, time, chain and erasure: PASS (checked and true), FAIL (checked and false) or
NOT PROVEN (the bundle holds nothing that could prove it). Refuses to guess: no verdict passes
unless its own check ran to the end. Uses no network. Writes nothing but the pieces of a time stamp
that `openssl` has to read, in a private temporary folder that is removed at once.

Usage: python verify_proof.py BUNDLE [--policy policy.txt] [--tsa roots.pem] [--require a,b]
Exit status: 0 nothing fails, 1 a verdict is FAIL, 2 an input cannot be read.

Written from docs/spec/, sharing no code with the product. Needs Python 3.9 or newer.
"""
# ruff: noqa: PLR2004, UP017, FURB161, B905  # wire widths stand beside their field; Python 3.9 runs this

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import io
import json
import os
import re
import struct
import sys
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    print("This verifier needs the package cryptography: pip install cryptography", file=sys.stderr)
    sys.exit(2)

PASS, FAIL, NOT_PROVEN = "PASS", "FAIL", "NOT PROVEN"
MANIFEST, CHECKPOINT, POLICY = "manifest.json", "checkpoint.note", "policy.txt"
CHAIN, DELIVERIES, AUTHORITIES = "chain.json", "deliveries.json", "anchors/tsa.pem"
EXPORT = ("export.leaf.json", "export.tlog-proof")
READING = ("README.txt", "report.html", "record.jsonld", "receipt.jsonld")
TOP_LEVEL = {MANIFEST, CHECKPOINT, POLICY, CHAIN, DELIVERIES, AUTHORITIES, *EXPORT, *READING}
# No log has 10^18 entries.
NUMBER, HEX = "0|[1-9][0-9]{0,17}", "[0-9a-f]{64}"
ENTRY = (".leaf.json", ".tlog-proof")
FOLDERS = {
    "events": rf"({NUMBER})\.(?:leaf\.json|disclosures|tlog-proof)",
    "mails": rf"({NUMBER})\.json",
    "notices": rf"({HEX})\.(?:html|txt|leaf\.json|tlog-proof)",
    "privacy": rf"({HEX})\.(?:html|leaf\.json|tlog-proof)",
    "campaigns": r"([A-Za-z0-9_-]{1,32})\.(?:content\.json|leaf\.json|tlog-proof|plan\.json)",
    "anchors": rf"({NUMBER})\.(?:note|tsr|consistency)",
}
CLAIM_NAMES = ("subject", "session", "choice", "link")
LIMITS = """Limits: no bundle proves that the person behind a mailbox is a particular natural
  person, that an act which the operator never wrote down did not happen, or that addresses of
  origin and browser names are true. Deliveries are the operator's own record. Only a reader of
  the whole log would notice two entries written for one place in the chain."""
# A bundle of one person is far below these; above them somebody tries to exhaust the machine.
MAX_BUNDLE_BYTES, MAX_SMALL_BYTES, MAX_FILES = 64 * 1024 * 1024, 1_000_000, 20_000
MAX_PATH_HASHES, MAX_LEAF_BYTES, MAX_DEPTH = 63, 65_535, 64
STAMPED = r"Hash Algorithm: sha(?:256|384|512)\nTime stamp: (.{15})(?:\.[0-9]+)?( [0-9]{4} GMT)"
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error)
MAX_SIZE, MAX_INTEGER = 2**63 - 1, 2**53 - 1
BUCKET, HASH, TOLERANCE_MS = 256, 32, 5 * 60 * 1000
ED25519_LOG, ED25519_WITNESS, ML_DSA_WITNESS = 0x01, 0x04, 0x06
KEY_BYTES = {ED25519_LOG: 32, ED25519_WITNESS: 32, ML_DSA_WITNESS: 1312}
# What a JSON member must look like. The last letter of a base64url text has unused bits: zero.
WHOLE, TEXT, SHA256_HEX = "0|[1-9][0-9]*", '".*"', f'"{HEX}"'
BYTES_16, BYTES_28 = '"[A-Za-z0-9_-]{21}[AQgw]"', '"[A-Za-z0-9_-]{37}[AQgw]"'
BYTES_32 = '"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"'
Forms = dict[str, str]  # JSON members, and what their canonical text must match
NONE: Forms = {}


class UnreadableError(Exception):
    """Nothing can be said about this input; exit status 2."""


class BadError(Exception):
    """A piece of evidence is malformed or false; the verdict that needed it fails."""


class UnprovenError(Exception):
    """The bundle holds nothing that could prove this; the verdict is NOT PROVEN."""


def raise_unless(error: type[Exception], condition: object, sentence: str, *named: object) -> None:
    """Raise unless the condition holds; what the sentence names (%s) is made harmless."""
    if not condition:
        raise error(sentence % tuple(map(plain, named)))


require = partial(raise_unless, BadError)
require_shown = partial(raise_unless, UnprovenError)
require_readable = partial(raise_unless, UnreadableError)


def plain(text: object, limit: int = 160) -> str:
    """Untrusted text made harmless: one line, printable, short."""
    shown = "".join(c if c.isprintable() else "?" for c in str(text)[: limit + 1])
    return shown if len(shown) <= limit else shown[:limit] + "..."


def sha256(data: bytes) -> bytes:
    """The SHA-256 of `data`, 32 bytes."""
    return hashlib.sha256(data).digest()


def base64_standard(text: str) -> bytes:
    """The bytes whose one padded standard base64 text this is."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise BadError("a base64 value is malformed") from None
    require(base64.b64encode(data).decode("ascii") == text, "a base64 value has a second spelling")
    return data


def base64_url(text: str) -> bytes:
    """The bytes whose one unpadded base64url text this is."""
    padded = text + "=" * (-len(text) % 4)
    return base64_standard(padded.translate(str.maketrans("-_+/", "+/**")))


def to_base64_url(data: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def canonical(value: Any) -> str:
    """RFC 8785 text of a value whose objects have their names in order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Names are ordered by UTF-16 code units; one that stands twice is lost, and so not canonical.
    return dict(sorted(pairs, key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass")))


def _integer(digits: str) -> int:
    short = re.fullmatch(r"-?[0-9]{1,16}", digits) and abs(int(digits)) <= MAX_INTEGER
    require(short, "a JSON number is not an integer below 2^53")
    return int(digits)


_JSON = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_integer, parse_constant=_integer
)


def nesting(value: Any) -> int:
    """How deep lists and objects are nested."""
    inside = value.values() if isinstance(value, dict) else value
    return 1 + max(map(nesting, inside), default=0) if isinstance(value, (dict, list)) else 0


def parse_json(data: bytes, kind: type = dict) -> Any:
    """The object (or other `kind`) that `data` is the RFC 8785 form of."""
    try:
        value = _JSON.decode(data.decode("utf-8", "strict"))
        require(canonical(value).encode("utf-8", "strict") == data, "a JSON file is not canonical")
        require(nesting(value) <= MAX_DEPTH, "a JSON file is nested too deeply")
    except (ValueError, RecursionError):
        raise BadError("a JSON file is malformed") from None
    require(isinstance(value, kind), "a JSON file holds another kind of value")
    return value


def require_members(value: Any, must: Forms, may: Forms = NONE, *, more: bool = False) -> None:
    """Raise unless an object has what it must, no `more` than it may, and each in its form."""
    forms = {**must, **may}
    require(isinstance(value, dict), "a JSON value is not an object")
    require(more or set(value) <= set(forms), "a JSON object has a member too many")
    for name in set(must) | (set(forms) & set(value)):
        fits = re.fullmatch(forms[name], canonical(value.get(name)), re.DOTALL)
        require(fits, "the JSON member %s is missing or malformed", name)


class Note(NamedTuple):
    """A checkpoint and its signature lines (name, key id, signature); none is checked yet."""

    text: str
    lines: list[tuple[str, bytes, bytes]]
    origin: str
    size: int
    root: bytes

    def require_grown(self, old: Note, path: list[bytes]) -> None:
        """Raise unless this tree begins with exactly the tree `old`."""
        require(0 < old.size < self.size, "the later checkpoint is not larger than the earlier one")
        last = old.size - 1
        height = (old.size & -old.size).bit_length() - 1
        inner = (last ^ (self.size - 1)).bit_length() - height
        # A complete old tree is the first hash; otherwise the proof begins with its last part.
        hashes = [old.root, *path] if old.size == 1 << height else path
        count = 1 + inner + bin(last >> (inner + height)).count("1")
        require(len(hashes) == count, "a consistency proof has the wrong number of hashes")
        before = after = hashes[0]
        for level, sibling in enumerate(hashes[1:]):
            if level < inner and not last >> (level + height) & 1:
                after = sha256(b"\x01" + after + sibling)
            else:
                before, after = (sha256(b"\x01" + sibling + node) for node in (before, after))
        grown = (before, after) == (old.root, self.root)
        require(grown, "the log was rewritten between two checkpoints")


def require_inclusion(leaf: bytes, index: int, size: int, root: bytes, path: list[bytes]) -> None:
    """Raise unless `leaf` is entry `index` of the tree of this size and root."""
    require(index < size, "an entry's index is outside its tree")
    inner = (index ^ (size - 1)).bit_length()
    count = inner + bin(index >> inner).count("1")
    require(len(path) == count, "an inclusion proof has the wrong number of hashes")
    node = sha256(b"\x00" + leaf)
    for level, sibling in enumerate(path):
        on_left = level >= inner or index >> level & 1
        node = sha256(b"\x01" + (sibling + node if on_left else node + sibling))
    require(node == root, "an entry is not in the tree it is said to be in")


# Bytes that are not UTF-8 are read as U+DC80 to U+DCFF, which no name may hold.
_KEY_NAME = r"[^\s+\x00-\x1f\udc80-\udcff]+"
_BASE64, _HASH_LINE = "[A-Za-z0-9+/]*={0,2}", "[A-Za-z0-9+/]{43}=\n"
_SIGNED = rf"(?:\u2014 {_KEY_NAME} {_BASE64}\n){{1,100}}"
_NOTE = rf"(({_KEY_NAME})\n({NUMBER})\n({_HASH_LINE}))\n({_SIGNED})"
_HASH_LINES, _PATH = rf"(?:{_HASH_LINE})*", rf"(?:{_HASH_LINE}){{0,{MAX_PATH_HASHES}}}"
_PROOF = rf"c2sp\.org/tlog-proof@v1\n(?:extra ({_BASE64})\n)?index ({NUMBER})\n({_PATH})"


def parse_note(data: bytes) -> Note:
    """A checkpoint, only in the one form of docs/spec/ledger.md."""
    match = re.fullmatch(_NOTE, data.decode("utf-8", "surrogateescape"))
    if not match or len(data) > MAX_SMALL_BYTES:
        raise BadError("a checkpoint or one of its signature lines is malformed")
    text, origin, size, root, rows = match.groups()
    lines = []
    for row in rows.split("\n")[:-1]:
        _, name, encoded = row.split(" ")
        material = base64_standard(encoded)
        require(len(material) > 4, "a signature is too short")
        lines.append((name, material[:4], material[4:]))
    return Note(text, lines, origin, int(size), base64_standard(root[:-1]))


def parse_proof(data: bytes) -> tuple[int, list[bytes], bytes | None, bytes]:
    """Index, path, extra data and verbatim checkpoint of a c2sp.org/tlog-proof@v1 file."""
    head, blank, raw_note = data.partition(b"\n\n")
    match = re.fullmatch(_PROOF, head.decode("ascii", "replace") + "\n")
    if not match or not blank:
        raise BadError("a proof is not a c2sp.org/tlog-proof@v1 file")
    extra, index, rows = match.groups()
    path = [base64_standard(row) for row in rows.split()]
    return int(index), path, None if extra is None else base64_standard(extra), raw_note


class Key(NamedTuple):
    """A public key with its note name and 4-byte id."""

    name: str
    kind: int
    public: bytes
    key_id: bytes

    def signed(self, note: Note) -> bool:
        """Whether the key signed; raises when a line with its name and id is false."""
        ours = [made for name, at, made in note.lines if (name, at) == (self.name, self.key_id)]
        for signature in ours:
            message = note.text
            if self.kind == ED25519_WITNESS:
                seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]  # noqa: PLW2901
                require(seconds <= MAX_SIZE, "a cosignature is of no time")
                message = f"cosignature/v1\ntime {seconds}\n{note.text}"
            try:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message.encode())
            except (InvalidSignature, UnsupportedAlgorithm, ValueError):
                require(False, "the signature of %s on a checkpoint is false", self.name)
        return bool(ours)


@dataclass
class Policy:
    """Which logs are accepted, whose cosignatures are needed, who may stamp the time."""

    logs: list[Key] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str = ""
    stampers: set[str] = field(default_factory=set)  # SHA-256 (hex) of root certificates

    def require_log_signature(self, note: Note) -> None:
        """Raise unless a listed log of this origin signed, and no listed log's line is false."""
        found = [key.signed(note) for key in self.logs if key.name == note.origin]
        require(any(found), "a checkpoint is not signed by a log of the policy")

    def cosigners(self, note: Note) -> set[str]:
        """Witnesses that cosigned and groups they meet; raises on a false one. Ignores ML-DSA."""
        known = {name: key for name, key in self.witnesses.items() if key.kind == ED25519_WITNESS}
        names = {name for name, key in known.items() if key.signed(note)}
        for name, (least, members) in self.groups.items():
            if len(names & set(members)) >= least:
                names.add(name)
        return names


def parse_key(text: str, kinds: tuple[int, ...]) -> Key:
    """A policy key of one of these types."""
    name, key_id, encoded = (*text.split("+", 2), "", "")[:3]
    material = base64_standard(encoded)
    require(material and material[0] in kinds, "a policy key is of a type that has no place here")
    require(len(material) == 1 + KEY_BYTES[material[0]], "a policy key has the wrong length")
    computed = sha256(name.encode("utf-8") + b"\n" + material)[:4]
    require(re.fullmatch(_KEY_NAME, name), "a policy key has no proper name")
    require(key_id == computed.hex(), "a policy key does not have the id it states")
    return Key(name, material[0], material[1:], computed)


def parse_policy(data: bytes) -> Policy:
    """A policy file, or BadError."""
    require(len(data) <= MAX_SMALL_BYTES, "the policy is too large")
    require(not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", data), "the policy has a control character")
    policy = Policy()
    for row in data.decode("utf-8", "replace").split("\n"):
        word, *rest = re.findall(r"[^ \t]+", row) or ["#"]
        known = {*policy.witnesses, *policy.groups}
        fresh = rest and rest[0] not in {"none", *known}
        if word.startswith("#"):
            policy.stampers.update(re.findall(r"^# tsa ([0-9a-f]{64})$", row))
        elif word == "log" and len(rest) in (1, 2):
            policy.logs.append(parse_key(rest[0], (ED25519_LOG,)))
        elif word == "witness" and len(rest) in (2, 3) and fresh:
            policy.witnesses[rest[0]] = parse_key(rest[1], (ED25519_WITNESS, ML_DSA_WITNESS))
        elif word == "group" and len(rest) > 2 and fresh:
            group = rest[2:]
            counts = {str(count): count for count in range(1, len(group) + 1)}
            least = {"any": 1, "all": len(group), **counts}.get(rest[1], 0)
            fits = least and known >= set(group)
            require(fits, "a policy group has an unknown member or asks for more than it has")
            policy.groups[rest[0]] = (least, group)
        elif word == "quorum" and len(rest) == 1 and not fresh and not policy.quorum:
            policy.quorum = rest[0]
        else:
            raise BadError("a policy line is malformed")
    require(policy.quorum, "the policy has no quorum line")
    keys = [[key.public for key in found] for found in (policy.logs, policy.witnesses.values())]
    require(all(len(set(found)) == len(found) for found in keys), "the policy names a key twice")
    members = [member for _, group in policy.groups.values() for member in group]
    require(len(set(members)) == len(members), "the policy names a group member twice")
    return policy


def build_archive(files: dict[str, bytes]) -> bytes:
    """The one zip of these files: sorted, stored, of 1980-01-01, mode 0644."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, files[name])
    return buffer.getvalue()


def read_archive(data: bytes) -> dict[str, bytes]:
    """The files of any zip within the limits, be it the one of the format or not."""
    files, left = dict[str, bytes](), MAX_BUNDLE_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            require_readable(len(archive.filelist) <= MAX_FILES, "The file holds too many files.")
            for info in archive.filelist:
                known = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                require_readable(known, "The file uses a compression that no bundle uses.")
                with archive.open(info) as member:
                    content = member.read(left + 1)
                left -= len(content)
                require_readable(left >= 0, "The file unpacks to more than 64 MiB.")
                files.setdefault(info.filename, content)
    except (*ZIP_ERRORS, EOFError, OSError, ValueError, RuntimeError, OverflowError, LookupError):
        raise UnreadableError("The file is not a zip archive that can be read.") from None
    return files


def run_openssl(command: str, pieces: dict[str, bytes]) -> tuple[int, str]:
    """Exit status of an openssl command that reads these pieces as files, and all it says."""
    # Most bundles are checked without these two; a start does not wait for them.
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for name, data in pieces.items():
            Path(folder, name).write_bytes(data)
        try:
            asked = ["openssl", *command.split()]
            done = subprocess.run(asked, cwd=folder, input=b"", capture_output=True, check=False)
        except OSError:
            raise UnprovenError("openssl, which checks time stamps, is not there") from None
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def pem_certificates(pem: bytes) -> dict[str, bytes]:
    """The certificates of a PEM text by the SHA-256 (hex) of their DER."""
    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]*)-----END", pem)
    ders = [base64_standard(b"".join(block.split()).decode("ascii")) for block in blocks]
    begin, end = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
    return {sha256(der).hex(): begin + base64.encodebytes(der) + end for der in ders}


# Members of the JSON texts that a bundle holds.
DISCLOSURE = {"salt": BYTES_32, "name": f'"({"|".join(CLAIM_NAMES)})"', "value": r"null|\{.*\}"}
STRING = r'"(?:[^"\\]|\\.)*"'
HEADERS = rf"\[(\[{STRING},{STRING}\](,\[{STRING},{STRING}\])*)?\]"
MAIL = {"from": TEXT, "headers": HEADERS, "html": TEXT, "subject": TEXT, "text": TEXT, "to": TEXT}
PATH = rf"\[({BYTES_32}(,{BYTES_32})*)?\]"
PLAN = {"index": WHOLE, "path": PATH, "record": BYTES_28, "size": WHOLE}
MAILED = {"at": WHOLE, "mail": WHOLE}
DELIVERED = {"at": WHOLE, "campaign": TEXT, "delivery": TEXT, "entry": WHOLE}
SAID = {"answer": TEXT, "event": TEXT, "event_at": WHOLE, "message_id": TEXT}
# The members of a leaf that verdicts use: those it must have, and some it may have.
LEAF = {"v": '"cl/1"', "typ": TEXT, "ctl": TEXT, "id": BYTES_16, "ts": "[1-9][0-9]*"}
LEAF_MORE = {"ntc": SHA256_HEX, "cnt": SHA256_HEX, "man": SHA256_HEX, "num": WHOLE}


def part_of(name: str) -> tuple[str, str]:
    """Folder and stem of a file name of the format; the folder is empty at the top level."""
    folder, _, rest = name.partition("/")
    match = re.fullmatch(FOLDERS.get(folder, "(?!)"), rest)
    require(match or name in TOP_LEVEL, "the name %s is not one of the format", name)
    return (folder, match[1]) if match else ("", name)


@dataclass
class Bundle:
    """A bundle's files, whether their archive is the format's, and what the reader brings."""

    files: dict[str, bytes]
    deterministic: bool
    policy: Policy | None
    roots: dict[str, bytes]  # PEM of the reader's own time-stamping roots, by SHA-256 (hex)

    def file(self, name: str) -> bytes:
        """The bytes of a file that must be there."""
        require(name in self.files, "the file %s is missing", name)
        return self.files[name]

    def stems(self, folder: str, ends: str | tuple[str, ...] = "") -> list[str]:
        """What a folder shows in files that end so, each once; raises on a file out of place."""
        inside = [name for name in self.files if name.startswith(f"{folder}/")]
        parts = {(*part_of(name), name.endswith(ends)) for name in inside}
        return sorted(stem for found, stem, fits in parts if found and fits)

    def numbers(self, folder: str) -> list[int]:
        """The same for a folder of numbers; whatever is called like an entry counts as one."""
        return sorted(map(int, self.stems(folder)))

    def leaf(self, stem: str) -> dict[str, Any]:
        """The leaf of an entry, with those members in order that the verdicts use."""
        data = self.file(f"{stem}.leaf.json")
        require(len(data) <= MAX_LEAF_BYTES, "a leaf is longer than 65,535 bytes")
        leaf: dict[str, Any] = parse_json(data)
        require_members(leaf, LEAF, LEAF_MORE, more=True)
        return leaf

    def leaves(self) -> dict[int, dict[str, Any]]:
        """The leaves of the chain by number, in order; there is at least one."""
        leaves = {n: self.leaf(f"events/{n}") for n in self.numbers("events")}
        require(leaves, "the bundle holds no entry")
        return leaves

    def checkpoint(self) -> Note:
        """The one checkpoint that all proofs but the export's lead to."""
        return parse_note(self.file(CHECKPOINT))

    def later(self) -> tuple[Note, bytes | None]:
        """The checkpoint of the export's proof, and the proof's extra data."""
        _, _, extra, raw_note = parse_proof(self.file("export.tlog-proof"))
        return parse_note(raw_note), extra

    def place(self, stem: str) -> int:
        """The index of an entry, proven; of any but the export under the one checkpoint."""
        index, path, extra, raw_note = parse_proof(self.file(f"{stem}.tlog-proof"))
        note, leaf = parse_note(raw_note), self.file(f"{stem}.leaf.json")
        ours = raw_note == self.file(CHECKPOINT) and extra is None
        require(ours or stem == "export", "a proof does not lead to the bundle's checkpoint")
        require_inclusion(leaf, index, note.size, note.root, path)
        return index

    def accepted(self) -> Policy:
        """The reader's policy, or in its place the bundle's own, which proves less."""
        return self.policy or parse_policy(self.file(POLICY))

    def chain(self) -> tuple[bytes, int]:
        """Chain key and number of entries that the bundle states."""
        chain = parse_json(self.file(CHAIN))
        require_members(chain, {"key": BYTES_32, "total": WHOLE})
        return base64_url(chain["key"]), chain["total"]

    def require_tags(self, leaves: list[dict[str, Any]]) -> None:
        """Raise unless these leaves are the entries of the chain from 0 on."""
        key, _ = self.chain()
        for n, leaf in enumerate(leaves):
            tag = to_base64_url(hmac.digest(key, n.to_bytes(8, "big"), "sha256"))
            require(leaf.get("tag") == tag, "entry %s is not at its place of the chain", n)

    def erases(self, leaf: dict[str, Any], n: int) -> bool:
        """Whether this is the erasure of exactly this chain, as its entry `n`."""
        stated = (leaf["typ"], leaf.get("chk"), leaf.get("num"))
        return stated == ("subject.erased", to_base64_url(self.chain()[0]), n)

    def campaign_leaf(self, campaign: str) -> dict[str, Any]:
        """The entry that committed to what a campaign said and to whom it was planned for."""
        leaf = self.leaf(f"campaigns/{campaign}")
        fits = (leaf["typ"], leaf.get("cmp")) == ("campaign.committed", campaign) and "man" in leaf
        require(fits, "an entry shown for a campaign is not the one of its plan")
        return leaf

    def planned_subjects(self) -> set[bytes]:
        """Subject ids in the plan records shown, each proven to be in its campaign's plan."""
        subjects = set()
        for campaign in self.stems("campaigns"):
            root = bytes.fromhex(self.campaign_leaf(campaign)["man"])
            plan = parse_json(self.file(f"campaigns/{campaign}.plan.json"))
            require_members(plan, PLAN)
            record, path = base64_url(plan["record"]), [*map(base64_url, plan["path"])]
            require_inclusion(record, plan["index"], plan["size"], root, path)
            subjects.add(record[:16])
        return subjects

    def anchored_note(self, size: int) -> Note:
        """The note of an anchor, of whose tree the bundle's checkpoint is proven to be a growth."""
        note, now = parse_note(self.file(f"anchors/{size}.note")), self.checkpoint()
        text = self.file(f"anchors/{size}.consistency").decode("ascii", "replace")
        require(re.fullmatch(_HASH_LINES, text), "an anchor's proof is not lines of hashes")
        ours = (note.origin, note.size) == (now.origin, size)
        require(ours, "an anchor is of another log or size")
        path = [base64_standard(row) for row in text.split()]
        if path or (note.size, note.root) != (now.size, now.root):
            now.require_grown(note, path)
        return note

    def opened_names(self, n: int) -> list[str]:
        """Names of the opened claims of entry `n`, each committed to by its leaf."""
        leaf, lines = self.leaf(f"events/{n}"), self.file(f"events/{n}.disclosures")
        require_members(leaf, {"_sd": rf"\[{BYTES_32}(,{BYTES_32}){{3}}\]"}, more=True)
        require(leaf.get("_sd_alg") == "sha-256", "a leaf's digests are not of SHA-256")
        require(leaf["_sd"] == sorted(set(leaf["_sd"])), "digests are not sorted and different")
        whole = re.fullmatch(rb"([A-Za-z0-9_-]+\n)*", lines)
        require(whole, "a disclosures file is not whole lines")
        names = []
        for line in lines.decode("ascii").split():
            digest = to_base64_url(sha256(line.encode("ascii")))
            require(digest in leaf["_sd"], "entry %s did not commit to a disclosed value", n)
            padded = base64_url(line)
            text = padded.rstrip(b" ")
            full = len(padded) == -(-len(text) // BUCKET) * BUCKET
            require(full, "a disclosure is not padded to its bucket")
            items = parse_json(text, list)
            require(len(items) == 3, "a disclosure is not a salt, a name and a value")
            require_members(dict(zip(("salt", "name", "value"), items)), DISCLOSURE)
            names.append(items[1])
        require(len(set(names)) == len(names), "entry %s discloses a value twice", n)
        return names

    def require_deliveries(self) -> None:
        """Raise unless the operator's record has its form and speaks of what the bundle shows."""
        lines = parse_json(self.file(DELIVERIES), list)
        for line in lines:
            mailed = isinstance(line, dict) and "mail" in line
            require_members(line, MAILED if mailed else DELIVERED, SAID)
            self.file(f"events/{line['mail' if mailed else 'entry']}.leaf.json")
            if not mailed:
                self.file(f"campaigns/{line['campaign']}.leaf.json")
        times = [line["at"] for line in lines]
        require(times == sorted(times), "deliveries.json is not in the order of time")

    def notice_doubts(self, sha: str, named_at: int) -> list[str]:
        """What the bundle leaves open about a notice; raises if something about it is false."""
        stem = f"notices/{sha}"
        page, text = self.files.get(f"{stem}.html"), self.files.get(f"{stem}.txt")
        ours = page is None or sha256(page).hex() == sha
        require(ours, "a notice is not the one the entries name")
        if sha in self.stems("notices", ENTRY):
            leaf = self.leaf(stem)
            ours = (leaf["typ"], leaf.get("ntc")) == ("notice.published", sha)
            require(ours, "a publication entry is not the notice's")
            committed = text is None or leaf.get("cnt") == sha256(text).hex()
            require(committed, "a notice's plain text is not the one published")
            require(self.place(stem) < named_at, "a notice was published after it was named")
        elif text is not None:
            return ["no entry in the bundle commits to a notice's plain text"]
        return [] if page is not None else ["a notice that an entry names is not in the bundle"]

    def stamped_time(self, size: int) -> int:
        """Unix milliseconds stated by the stamp on an anchor, if somebody trusted made it."""
        named = {*self.roots, *(self.policy.stampers if self.policy else ())}
        known = {**pem_certificates(self.files.get(AUTHORITIES, b"")), **self.roots}
        trusted = [pem for sha, pem in known.items() if sha in named]
        pieces = {"trusted": b"".join(trusted), "others": b"".join(known.values())}
        pieces |= {end: self.file(f"anchors/{size}.{end}") for end in ("note", "tsr")}
        require_shown(trusted, "no time-stamping authority is known that you trust")
        _, said = run_openssl("ts -reply -in tsr -text", pieces)
        # The status, which nobody signs, could spell these lines too: only one of each is allowed.
        lines = re.findall(r"^(?:Time stamp|Hash Algorithm): .*$", said, re.MULTILINE)
        match = re.fullmatch(STAMPED, "\n".join(lines))
        stated = "".join(match.groups()) if match else ""
        try:
            when = datetime.strptime(f"{stated} +0000", "%b %d %H:%M:%S %Y GMT %z")
        except ValueError:
            raise BadError("a time stamp is malformed or over an unknown kind of hash") from None
        seconds = int(when.timestamp())
        verify = "ts -verify -in tsr -data note -CAfile trusted -untrusted others -attime"
        status, said = run_openssl(f"{verify} {seconds}", pieces)
        require_shown("Verification" in said, "this openssl cannot check time stamps")
        stranger = "certificate verify error" in said
        require_shown(not stranger, "a time stamp is by nobody whom you trusted at that time")
        # What a forger can make openssl say is no matter: its status decides.
        require(status == 0, "a time stamp is false or over other bytes")
        return seconds * 1000


def read_file(path: str, limit: int, what: str) -> bytes:
    """The bytes at `path`, at most `limit`."""
    try:
        with Path(path).open("rb") as handle:
            data = handle.read(limit + 1)
    except (OSError, ValueError):
        raise UnreadableError(f"The {what} cannot be read.") from None
    require_readable(len(data) <= limit, "The %s is larger than %s bytes.", what, limit)
    return data


def check_integrity(bundle: Bundle) -> str:
    """Every byte is one that the export entry commits to."""
    require(bundle.deterministic, "the archive is not byte for byte the one its files make")
    for name in bundle.files:
        part_of(name)
    raw = bundle.file(MANIFEST)
    manifest = parse_json(raw)
    known = manifest.get("format") == "cl-evidence/1"
    require(known, "the manifest is not of format cl-evidence/1")
    listing = {
        name: {"sha256": sha256(data).hex(), "size": len(data)}
        for name, data in bundle.files.items()
        if name not in (MANIFEST, *EXPORT)
    }
    require(manifest.get("files") == listing, "a file is extra, missing or not the one listed")
    if DELIVERIES in bundle.files:
        bundle.require_deliveries()
    leaf = bundle.leaf("export")
    require(leaf["typ"] == "bundle.exported", "the export entry is of another type")
    require(leaf.get("man") == sha256(raw).hex(), "the export entry commits to another manifest")
    one = manifest.get("origin") == bundle.checkpoint().origin == bundle.later()[0].origin
    require(one, "the manifest and the checkpoints name different logs")
    place = bundle.place("export")
    return f"all {len(bundle.files)} files are those that log entry {place} commits to"


def check_signature(bundle: Bundle) -> str:
    """The log's key signed both checkpoints."""
    for note in (bundle.checkpoint(), bundle.later()[0]):
        bundle.accepted().require_log_signature(note)
    require_shown(bundle.policy, "signed by a key the bundle itself names; give --policy")
    return f"both checkpoints are signed by the log {plain(bundle.checkpoint().origin)}"


def check_witnesses(bundle: Bundle) -> str:
    """The policy's witnesses cosigned both checkpoints."""
    policy = bundle.policy
    if policy is None:
        raise UnprovenError("only a policy given with --policy says whose cosignatures count")
    first = policy.cosigners(bundle.checkpoint())
    second = policy.cosigners(bundle.later()[0])
    require_shown(policy.quorum != "none", "the policy asks for no witness")
    met = policy.quorum in first & second
    require_shown(met, "a checkpoint lacks cosignatures that the policy asks for")
    cosigned = ", ".join(sorted((first | second) & set(policy.witnesses)))
    return f"both checkpoints meet the policy's quorum: {plain(cosigned)}"


def check_inclusion(bundle: Bundle) -> str:
    """Every entry is in the log under its checkpoint, every plan record in its plan."""
    stems = [f"events/{n}" for n in bundle.leaves()]
    for folder, ends in (("notices", ENTRY), ("privacy", ""), ("campaigns", "")):
        stems += [f"{folder}/{stem}" for stem in bundle.stems(folder, ends)]
    for stem in stems:
        bundle.place(stem)
    require(len(bundle.planned_subjects()) < 2, "the plans shown are of different people")
    bundle.place("export")
    return f"{len(stems) + 1} entries are in the log, at the places stated"


def check_consistency(bundle: Bundle) -> str:
    """The log only grew, from every anchor to the checkpoint and from there to the export's."""
    for size in bundle.numbers("anchors"):
        bundle.anchored_note(size)
    old, (new, extra) = bundle.checkpoint(), bundle.later()
    require(old.origin == new.origin, "the two checkpoints are of different logs")
    if extra is None:
        raise UnprovenError("the export proof carries no consistency proof")
    require(len(extra) % HASH == 0, "the consistency proof is not whole hashes")
    new.require_grown(old, [extra[at : at + HASH] for at in range(0, len(extra), HASH)])
    return f"the log only grew, from {old.size} to {new.size} entries"


def check_disclosures(bundle: Bundle) -> str:
    """Every opened value, mail and campaign text is one that its entry committed to."""
    opened = [name for n in bundle.leaves() for name in bundle.opened_names(n)]
    for n in bundle.numbers("mails"):
        mail, leaf = bundle.file(f"mails/{n}.json"), bundle.leaf(f"events/{n}")
        require_members(parse_json(mail), MAIL)
        committed = (leaf["typ"], leaf.get("cnt")) == ("consent.mail_sent", sha256(mail).hex())
        require(committed, "a mail is not the one its entry commits to")
    for campaign in bundle.stems("campaigns"):
        content = bundle.file(f"campaigns/{campaign}.content.json")
        committed = bundle.campaign_leaf(campaign).get("cnt") == sha256(content).hex()
        require(committed, "a campaign's content is not the one its entry commits to")
    require_shown(opened, "the bundle opens no sealed value")
    closed = len(CLAIM_NAMES) * len(bundle.leaves()) - len(opened)
    return f"{len(opened)} opened values are those committed then; {closed} are left closed"


def check_notice(bundle: Bundle) -> str:
    """Every notice is the one its entries name, published before; so is every privacy text."""
    for sha in bundle.stems("privacy"):
        leaf, page = bundle.leaf(f"privacy/{sha}"), bundle.file(f"privacy/{sha}.html")
        committed = (leaf["typ"], leaf.get("cnt")) == ("policy.changed", sha256(page).hex())
        require(committed and sha == leaf["cnt"], "a privacy text is not the one of its entry")
    first: dict[str, int] = {}
    for n, leaf in bundle.leaves().items():
        if "ntc" in leaf:
            index = bundle.place(f"events/{n}")
            first[leaf["ntc"]] = min(index, first.get(leaf["ntc"], index))
    named = set(bundle.stems("notices")) <= set(first)
    require(named, "the bundle shows a notice that no entry names")
    require_shown(first, "no entry names a notice")
    doubts = [doubt for sha in sorted(first) for doubt in bundle.notice_doubts(sha, first[sha])]
    require_shown(not doubts, "".join(doubts[:1]))
    return f"{len(first)} shown: byte for byte what the entries name"


def check_time(bundle: Bundle) -> str:
    """Every entry lies between two stamps of an outside clock, and states a time that fits."""
    stamps, doubt = dict[int, int](), "no outside clock encloses all entries"
    for size in bundle.numbers("anchors"):
        bundle.accepted().require_log_signature(bundle.anchored_note(size))
        try:
            stamps[size] = bundle.stamped_time(size)
        except UnprovenError as problem:
            doubt = str(problem)
    require_shown(stamps, "%s; times are the operator's clock", doubt)
    enclosed = True
    for n, leaf in bundle.leaves().items():
        index = bundle.place(f"events/{n}")
        earlier = [when for size, when in stamps.items() if size <= index]
        later = [when for size, when in stamps.items() if size > index]
        low, high = max(earlier, default=leaf["ts"]), min(later, default=leaf["ts"])
        fits = low - TOLERANCE_MS <= leaf["ts"] <= high + TOLERANCE_MS
        require(fits, "entry %s states a time that no outside clock's stamps allow", n)
        enclosed = enclosed and bool(earlier and later)
    require_shown(enclosed, "%s; some times are the operator's clock", doubt)
    return f"{len(stamps)} stamps of an outside clock enclose all entries, to within 5 minutes"


def check_chain(bundle: Bundle) -> str:
    """The entries are the whole chain up to the export, or up to the erasure that ended it."""
    (_, total), numbers = bundle.chain(), bundle.numbers("events")
    whole = len(numbers) == total and numbers[-1:] == [total - 1]
    require(whole, "an entry of the chain is missing or there is one too many")
    leaves, export = list(bundle.leaves().values()), bundle.leaf("export")
    ended = not {"tag", "_sd"} & set(export) and bundle.erases(leaves[-1], total - 1)
    bundle.require_tags(leaves if ended else [*leaves, export])
    require(export["typ"] == "bundle.exported", "the export entry is of another type")
    leaves.append(export)
    require(len({leaf["id"] for leaf in leaves}) == len(leaves), "two entries have one id")
    require(len({leaf["ctl"] for leaf in leaves}) == 1, "the entries are of different controllers")
    times = [leaf["ts"] for leaf in leaves]
    require(times == sorted(times), "the times stated run backwards along the chain")
    end = "an erasure ended it" if ended else "the export is the next one"
    return f"these are entries 0 to {total - 1} of the chain and {end}"


def check_erasure(bundle: Bundle) -> str:
    """The person's key was destroyed: the chain ends with that, and nothing of it is open."""
    numbers, leaves = bundle.numbers("events"), list(bundle.leaves().values())
    kinds, last = [leaf["typ"] for leaf in leaves], len(leaves) - 1
    require_shown("subject.erased" in kinds, "the bundle shows no erasure")
    ends = kinds.index("subject.erased") == last and "tag" not in bundle.leaf("export")
    require(ends, "entries follow an erasure in the same chain")
    require(bundle.erases(leaves[last], last), "the erasure is of another chain or number")
    bundle.require_tags(leaves)
    opened = any(bundle.file(f"events/{n}.disclosures") for n in numbers)
    require(not opened and not bundle.stems("mails"), "something is opened after an erasure")
    kid = leaves[last].get("kid")
    fits = all(sha256(subject).hex() == kid for subject in bundle.planned_subjects())
    require(fits, "a plan is of somebody else than the erased")
    return f"entry {last} is the erasure of exactly this chain, and nothing is opened"


ORDER = "integrity signature witnesses inclusion consistency disclosures notice time chain erasure"
CHECKS = {name: globals()[f"check_{name}"] for name in ORDER.split()}


def about(bundle: Bundle, given: bytes | None) -> list[str]:
    """What the bundle says of itself: nothing here is proven, so no line reads like a verdict."""
    lines: list[str] = []
    try:
        manifest = parse_json(bundle.file(MANIFEST))
        lines += [f"About: {plain(manifest.get('subject'))}, {moment(manifest.get('created'))}"]
        names = ("controller", "origin", "exporter", "recipient", "reason", "id")
        lines += [f"  {name}: {plain(manifest[name])}" for name in names if name in manifest]
        for n, leaf in bundle.leaves().items():
            shown = [name for name in ("lst", "pur", "via", "rsn") if name in leaf]
            scope = " ".join(f"{name}={plain(canonical(leaf[name]))}" for name in shown)
            lines.append(f"  entry {n}: {moment(leaf['ts'])} {plain(leaf['typ'])} {scope}".rstrip())
    except BadError as problem:
        lines.append(f"About: cannot be read further: {problem}")
    if given is not None and given != bundle.files.get(POLICY):
        lines.append("  note: policy.txt in the bundle differs from the policy you gave")
    return lines


def moment(milliseconds: Any) -> str:
    """Milliseconds as UTC text."""
    if not isinstance(milliseconds, int) or not 0 <= milliseconds < 253_402_300_800_000:
        return "no valid time"
    when = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=milliseconds)
    return f"{when:%Y-%m-%d %H:%M:%S}.{milliseconds % 1000:03d} UTC"


def verify(options: argparse.Namespace, required: list[str]) -> tuple[int, list[str]]:
    """The exit status and everything there is to say."""
    data = read_file(options.bundle, MAX_BUNDLE_BYTES, "bundle")
    files = read_archive(data)
    ours = MANIFEST in files or CHECKPOINT in files
    require_readable(ours, "The file is a zip archive, but not a proof bundle.")
    given = read_file(options.policy, MAX_SMALL_BYTES, "policy") if options.policy else None
    pem = read_file(options.tsa, MAX_SMALL_BYTES, "file of roots") if options.tsa else b""
    try:
        policy = None if given is None else parse_policy(given)
        roots = pem_certificates(pem)
    except BadError as problem:
        raise UnreadableError(f"The policy or roots cannot be used: {problem}.") from None
    require_readable(roots or not options.tsa, "The file of roots holds no certificate.")
    bundle = Bundle(files, build_archive(files) == data, policy, roots)
    lines, status = about(bundle, given), 0
    for name, check in CHECKS.items():
        try:
            state, sentence = PASS, check(bundle)
        except BadError as problem:
            state, sentence = FAIL, str(problem)
        except UnprovenError as problem:
            state, sentence = NOT_PROVEN, str(problem)
            if name in required:
                state, sentence = FAIL, f"required, but not proven: {sentence}"
        status = 1 if state == FAIL else status
        lines.append(f"{state} {name}: {sentence}")
    return status, [*lines, LIMITS]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(description="Verify a consent proof bundle, offline.")
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.add_argument("--policy", help="the log's policy.txt, obtained elsewhere")
    parser.add_argument("--tsa", help="PEM file of time-stamping roots that you trust")
    parser.add_argument("--require", default="", help="verdicts that must be PASS, e.g. a,b")
    options = parser.parse_args(arguments)
    required = [name for name in options.require.split(",") if name]
    for name in set(required) - set(CHECKS):
        parser.error(f"unknown verdict in --require: {plain(name)}")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a letter must not stop a verdict.
            stream.reconfigure(errors="backslashreplace")
    try:
        status, lines = verify(options, required)
    except UnreadableError as problem:
        print(problem, file=sys.stderr)
        return 2
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        # Whoever reads has seen enough, `| head` for one; the status still says what was found.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


if __name__ == "__main__":
    sys.exit(main())
