#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verify a consent proof bundle, offline, with nothing but Python and `cryptography`.

Guarantees one verdict each on integrity, signature, witnesses, inclusion, consistency,
disclosures, notice, time, chain and erasure: PASS (checked and true), FAIL (checked and false) or
NOT PROVEN (the bundle holds nothing that could prove it). Refuses to guess: no verdict passes
unless its own check ran to the end. Uses no network and writes no file.

Usage: python verify_proof.py BUNDLE [--policy policy.txt] [--require a,b]
Exit status: 0 nothing fails, 1 a verdict is FAIL, 2 the bundle or the policy cannot be read.

Written from docs/spec/ (ledger.md, leaf.md, proof-bundle.md), sharing no code with the product.
Needs Python 3.9 or newer.
"""
# ruff: noqa: PLR2004, UP017, FURB161  # wire widths stand beside their field; Python 3.9 runs this

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    print("This verifier needs the package cryptography: pip install cryptography", file=sys.stderr)
    sys.exit(2)

PASS, FAIL, NOT_PROVEN = "PASS", "FAIL", "NOT PROVEN"
FORMAT = "cl-evidence/1"
MANIFEST, EXPORT_LEAF, EXPORT_PROOF = "manifest.json", "export.leaf.json", "export.tlog-proof"
CHECKPOINT, POLICY, CHAIN = "checkpoint.note", "policy.txt", "chain.json"
CLAIM_NAMES = ("subject", "session", "choice", "link")
LIMITS = (
    "Limits: no bundle proves that the person behind a mailbox is a particular natural person,",
    "  that an act which the operator never wrote down did not happen, or that addresses of origin",
    "  and browser names are true. Only a reader of the whole log would notice two entries written",
    "  for one place in the chain.",
)
# A bundle of one person is far below these; above them somebody tries to exhaust the machine.
MAX_BUNDLE_BYTES, MAX_POLICY_BYTES, MAX_FILES = 64 * 1024 * 1024, 1_000_000, 20_000
MAX_SIGNATURES, MAX_PATH_HASHES, MAX_LEAF_BYTES = 100, 63, 65_535
MAX_SIZE, MAX_INTEGER = 2**63 - 1, 2**53 - 1
BUCKET, HASH, MAX_DEPTH = 256, 32, 64
ED25519_LOG, ED25519_WITNESS, ML_DSA_WITNESS = 0x01, 0x04, 0x06
KEY_BYTES = {ED25519_LOG: 32, ED25519_WITNESS: 32, ML_DSA_WITNESS: 1312}

Result = tuple[str, str]


class UnreadableError(Exception):
    """Nothing can be said about this input; exit status 2."""


class BadError(Exception):
    """A piece of evidence is malformed or false; the verdict that needed it fails."""


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
    except (ValueError, binascii.Error):
        raise BadError("a base64 value is malformed") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise BadError("a base64 value has a second spelling")
    return data


def base64_url(text: Any, length: int | None = None) -> bytes:
    """The bytes whose one unpadded base64url text this is."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise BadError("a base64url value is malformed")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raise BadError("a base64url value is malformed") from None
    if to_base64_url(data) != text:
        raise BadError("a base64url value has a second spelling")
    if length is not None and len(data) != length:
        raise BadError("a base64url value has the wrong length")
    return data


def to_base64_url(data: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decimal(text: str) -> int:
    """A non-negative number below 2^63 in its one decimal form."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII) or int(text) > MAX_SIZE:
        raise BadError("a number is not a plain decimal")
    return int(text)


def canonical(value: Any, depth: int = MAX_DEPTH) -> str:
    """RFC 8785 text of null, booleans, integers, text, lists and objects."""
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if depth == 0:
        raise BadError("a JSON file is nested too deeply")
    if isinstance(value, list):
        return "[" + ",".join(canonical(item, depth - 1) for item in value) + "]"
    # Member names are ordered by UTF-16 code units, which is not Python's own order.
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    members = (f"{canonical(name)}:{canonical(value[name], depth - 1)}" for name in names)
    return "{" + ",".join(members) + "}"


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise BadError("a JSON object names a member twice")
    return dict(pairs)


def _integer(digits: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,16}", digits) or abs(int(digits)) > MAX_INTEGER:
        raise BadError("a JSON number is not an integer below 2^53")
    return int(digits)


_JSON = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_integer, parse_constant=_integer
)


def parse_json(data: bytes, kind: type = dict) -> Any:
    """The object (or other `kind`) that `data` is the RFC 8785 form of."""
    try:
        value = _JSON.decode(data.decode("utf-8", "strict"))
        again = canonical(value).encode("utf-8", "strict")
    except (ValueError, RecursionError):
        raise BadError("a JSON file is malformed") from None
    if again != data or not isinstance(value, kind):
        raise BadError("a JSON file is not in its one canonical form")
    return value


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right)


def require_inclusion(leaf: bytes, index: int, tree: Tree, path: tuple[bytes, ...]) -> None:
    """Raise unless `leaf` is entry `index` of the tree."""
    if not 0 <= index < tree.size:
        raise BadError("an entry's index is outside its tree")
    inner = (index ^ (tree.size - 1)).bit_length()
    if len(path) != inner + bin(index >> inner).count("1"):
        raise BadError("an inclusion proof has the wrong number of hashes")
    node = sha256(b"\x00" + leaf)
    for level, sibling in enumerate(path):
        on_left = level >= inner or index >> level & 1
        node = node_hash(sibling, node) if on_left else node_hash(node, sibling)
    if node != tree.root:
        raise BadError("an entry is not in the tree of its checkpoint")


def require_consistency(old: Tree, new: Tree, path: tuple[bytes, ...]) -> None:
    """Raise unless the tree `new` begins with exactly the tree `old`."""
    if not 0 < old.size < new.size:
        raise BadError("the later checkpoint is not larger than the earlier one")
    last = old.size - 1
    height = (old.size & -old.size).bit_length() - 1
    inner = (last ^ (new.size - 1)).bit_length() - height
    # A complete old tree is itself the first hash; otherwise the proof begins with its last part.
    hashes = (old.root, *path) if old.size == 1 << height else path
    if len(hashes) != 1 + inner + bin(last >> (inner + height)).count("1"):
        raise BadError("a consistency proof has the wrong number of hashes")
    before = after = hashes[0]
    for level, sibling in enumerate(hashes[1:]):
        if level >= inner or last >> (level + height) & 1:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
        else:
            after = node_hash(after, sibling)
    if (before, after) != (old.root, new.root):
        raise BadError("the log was rewritten between two checkpoints")


@dataclass(frozen=True)
class Tree:
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Note:
    """A checkpoint and its signature lines (name, key id, signature); none is checked yet."""

    text: str
    lines: tuple[tuple[str, bytes, bytes], ...]
    tree: Tree


@dataclass(frozen=True)
class Proof:
    """A c2sp.org/tlog-proof@v1 file."""

    index: int
    path: tuple[bytes, ...]
    extra: bytes | None
    raw_note: bytes
    note: Note


def parse_note(data: bytes) -> Note:
    """A checkpoint, only in the one form of docs/spec/ledger.md."""
    try:
        content = data.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise BadError("a checkpoint is not UTF-8") from None
    if re.search(r"[\x00-\x09\x0b-\x1f]", content):
        raise BadError("a checkpoint holds a control character")
    text, blank, rest = content.rpartition("\n\n")
    if not blank or not rest.endswith("\n"):
        raise BadError("a checkpoint has no signature lines")
    rows = rest[:-1].split("\n")
    if len(rows) > MAX_SIGNATURES:
        raise BadError("a checkpoint has too many signature lines")
    fields = text.split("\n")
    if len(fields) != 3:
        raise BadError("a checkpoint does not have exactly three lines")
    tree = Tree(require_name(fields[0]), decimal(fields[1]), base64_standard(fields[2]))
    if len(tree.root) != HASH:
        raise BadError("a root is not 32 bytes")
    return Note(text + "\n", tuple(_signature_line(row) for row in rows), tree)


def _signature_line(row: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = row[2:].partition(" ")
    material = base64_standard(encoded)
    if not row.startswith("\u2014 ") or len(material) < 5:
        raise BadError("a signature line is malformed")
    return require_name(name), material[:4], material[4:]


def require_name(name: str) -> str:
    """The name, if it can be a key name."""
    if not name or any(c.isspace() or c == "+" for c in name):
        raise BadError("a key name is malformed")
    return name


def parse_proof(data: bytes) -> Proof:
    """A proof file, its checkpoint kept verbatim."""
    head, blank, raw_note = data.partition(b"\n\n")
    try:
        rows = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise BadError("a proof is malformed") from None
    if not blank or rows.pop(0) != "c2sp.org/tlog-proof@v1":
        raise BadError("a proof is not a c2sp.org/tlog-proof@v1 file")
    extra = None
    if rows and rows[0].startswith("extra "):
        extra = base64_standard(rows.pop(0)[len("extra ") :])
    if not rows or not rows[0].startswith("index "):
        raise BadError("a proof has no index")
    index = decimal(rows.pop(0)[len("index ") :])
    path = tuple(base64_standard(row) for row in rows)
    if len(path) > MAX_PATH_HASHES or any(len(value) != HASH for value in path):
        raise BadError("a proof has a hash that is not 32 bytes, or too many")
    return Proof(index, path, extra, raw_note, parse_note(raw_note))


@dataclass(frozen=True)
class Key:
    """A public key with its note name and 4-byte id."""

    name: str
    kind: int
    public: bytes
    key_id: bytes


@dataclass
class Policy:
    """Which logs are accepted and whose cosignatures are needed."""

    logs: list[Key] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str | None = None


def parse_key(text: str, kinds: tuple[int, ...]) -> Key:
    """A policy key of one of these types."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    material = base64_standard(encoded)
    if not material or material[0] not in kinds or len(material) != 1 + KEY_BYTES[material[0]]:
        raise BadError("a policy key has the wrong type or length")
    computed = sha256(require_name(name).encode("utf-8") + b"\n" + material)[:4]
    if key_id != computed.hex():
        raise BadError("a policy key does not have the id it states")
    return Key(name, material[0], material[1:], computed)


def parse_policy(data: bytes) -> Policy:
    """A policy file, or BadError."""
    if len(data) > MAX_POLICY_BYTES or re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", data):
        raise BadError("the policy is too large or holds a control character")
    policy, members = Policy(), list[str]()
    for row in data.decode("utf-8", "replace").split("\n"):
        words = [word for word in re.split(r"[ \t]+", row) if word]
        if words and not words[0].startswith("#"):
            members += _policy_line(policy, words)
    if policy.quorum is None:
        raise BadError("the policy has no quorum line")
    publics = [key.public for key in policy.logs]
    if len(set(publics)) != len(publics) or len(set(members)) != len(members):
        raise BadError("the policy names a key or a group member twice")
    return policy


def _policy_line(policy: Policy, words: list[str]) -> list[str]:
    """Add one line to the policy; the group members it names."""
    known = {*policy.witnesses, *policy.groups}
    if words[0] == "log" and len(words) in (2, 3):
        policy.logs.append(parse_key(words[1], (ED25519_LOG,)))
        return []
    if words[0] == "witness" and len(words) in (3, 4) and words[1] not in known | {"none"}:
        key = parse_key(words[2], (ED25519_WITNESS, ML_DSA_WITNESS))
        if any(key.public == other.public for other in policy.witnesses.values()):
            raise BadError("the policy lists one witness key twice")
        policy.witnesses[words[1]] = key
        return []
    if words[0] == "group" and len(words) > 3 and words[1] not in known | {"none"}:
        members = tuple(words[3:])
        least = {"any": 1, "all": len(members)}.get(words[2]) or decimal(words[2])
        if not known.issuperset(members) or not 1 <= least <= len(members):
            raise BadError("a policy group is malformed")
        policy.groups[words[1]] = (least, members)
        return list(members)
    if words[0] == "quorum" and len(words) == 2 and policy.quorum is None:
        if words[1] not in known | {"none"}:
            raise BadError("the policy's quorum is not defined")
        policy.quorum = words[1]
        return []
    raise BadError("a policy line is malformed")


def quorum_met(policy: Policy, agreed: set[str]) -> bool:
    """Whether these witnesses meet the quorum."""
    met = set(agreed)
    for name, (least, members) in policy.groups.items():
        if len(met & set(members)) >= least:
            met.add(name)
    return policy.quorum in met


def ed25519_valid(key: Key, signature: bytes, message: bytes) -> bool:
    """Whether the key made this signature."""
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def signatures_by(note: Note, key: Key) -> list[bytes]:
    """The signatures on lines with the key's name and id, none checked."""
    mine = (key.name, key.key_id)
    return [signature for name, key_id, signature in note.lines if (name, key_id) == mine]


def require_log_signature(note: Note, policy: Policy) -> None:
    """Raise unless a listed log of this origin signed, and no listed log's line is false."""
    keys = [key for key in policy.logs if key.name == note.tree.origin]
    found = [(key, signature) for key in keys for signature in signatures_by(note, key)]
    if not found:
        raise BadError("a checkpoint is not signed by a log of the policy")
    if not all(ed25519_valid(key, signature, note.text.encode()) for key, signature in found):
        raise BadError("the log's signature on a checkpoint is false")


def cosigners(note: Note, policy: Policy) -> set[str]:
    """Names of the witnesses that cosigned; raises on a false cosignature. Ignores ML-DSA."""
    names: set[str] = set()
    for witness, key in policy.witnesses.items():
        for signature in signatures_by(note, key) if key.kind == ED25519_WITNESS else ():
            seconds = int.from_bytes(signature[:8], "big")
            message = f"cosignature/v1\ntime {seconds}\n{note.text}".encode()
            if seconds > MAX_SIZE or not ed25519_valid(key, signature[8:], message):
                raise BadError(f"the cosignature of witness {plain(witness)} is false")
            names.add(witness)
    return names


_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _DOS_EPOCH, _UNIX, _MODE = 20, 0x21, 3 << 8, 0o100644 << 16


def build_archive(files: dict[str, bytes]) -> bytes:
    """The one zip of these files, as docs/spec/proof-bundle.md fixes every byte of it."""
    body, directory = bytearray(), bytearray()
    for name in sorted(files):
        data, encoded = files[name], name.encode("ascii")
        crc, size, offset = zlib.crc32(data), len(data), len(body)
        body += _LOCAL.pack(
            b"PK\x03\x04", _VERSION, 0, 0, 0, _DOS_EPOCH, crc, size, size, len(encoded), 0
        )
        body += encoded + data
        directory += _CENTRAL.pack(
            b"PK\x01\x02", _UNIX | _VERSION, _VERSION, 0, 0, 0, _DOS_EPOCH, crc, size, size,
            len(encoded), 0, 0, 0, 0, _MODE, offset,
        )  # fmt: skip
        directory += encoded
    end = _END.pack(b"PK\x05\x06", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return bytes(body + directory + end)


def read_strict(data: bytes) -> dict[str, bytes] | None:
    """The files, or None when these bytes are not the one zip of any files."""
    files: dict[str, bytes] = {}
    position = 0
    while data[position : position + 4] == b"PK\x03\x04" and len(files) < MAX_FILES:
        if position + _LOCAL.size > len(data):
            return None
        size, name_length = _LOCAL.unpack_from(data, position)[8:10]
        start = position + _LOCAL.size
        name = data[start : start + name_length]
        if not name.isascii():
            return None
        position = start + name_length + size
        files[name.decode("ascii")] = data[start + name_length : position]
    return files if build_archive(files) == data else None


def read_leniently(data: bytes) -> dict[str, bytes]:
    """The files of any zip within the limits, for the verdicts that do not judge the archive."""
    files: dict[str, bytes] = {}
    left = MAX_BUNDLE_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_FILES:
                raise UnreadableError("The file holds too many files to be a proof bundle.")
            for info in infos:
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise UnreadableError("The file uses a compression that no bundle uses.")
                with archive.open(info) as member:
                    content = member.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise UnreadableError("The file unpacks to more than a proof bundle can hold.")
                files.setdefault(info.filename, content)
    except (
        zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError,
        OverflowError, KeyError, IndexError,
    ):  # fmt: skip
        raise UnreadableError("The file is not a zip archive that can be read.") from None
    return files


@dataclass
class Bundle:
    """The files of a bundle, and whether the archive around them is the one of the format."""

    files: dict[str, bytes]
    deterministic: bool

    def file(self, name: str) -> bytes:
        """The bytes of a file that must be there."""
        if name not in self.files:
            raise BadError(f"the file {plain(name)} is missing")
        return self.files[name]

    def stems(self, folder: str, stem: str, endings: str) -> set[str]:
        """What precedes the endings of a folder's files; raises on a file that has no place."""
        found = set()
        for name in self.files:
            match = re.fullmatch(rf"{folder}/({stem})\.({endings})", name)
            if match:
                found.add(match.group(1))
            elif name.startswith(f"{folder}/"):
                raise BadError(f"a file has no place in the folder {folder}")
        return found

    def events(self) -> list[int]:
        """Numbers of the entries shown, in order; whatever is called like an entry counts."""
        found = self.stems("events", "0|[1-9][0-9]{0,8}", r"leaf\.json|disclosures|tlog-proof")
        if not found:
            raise BadError("the bundle holds no entry")
        return sorted(int(number) for number in found)

    def notices(self) -> set[str]:
        """Hashes of the notices shown."""
        return self.stems("notices", "[0-9a-f]{64}", r"html|txt|leaf\.json|tlog-proof")


def read_bundle(path: str) -> Bundle:
    """The bundle at `path`, or UnreadableError."""
    data = read_file(path, MAX_BUNDLE_BYTES, "bundle")
    strict = read_strict(data)
    files = strict if strict is not None else read_leniently(data)
    if MANIFEST not in files and CHECKPOINT not in files:
        raise UnreadableError("The file is a zip archive, but not a proof bundle.")
    return Bundle(files, strict is not None)


def read_file(path: str, limit: int, what: str) -> bytes:
    """The bytes at `path`, at most `limit`."""
    try:
        with Path(path).open("rb") as handle:
            data = handle.read(limit + 1)
    except (OSError, ValueError):
        raise UnreadableError(f"The {what} cannot be read.") from None
    if len(data) > limit:
        raise UnreadableError(f"The {what} is larger than {limit} bytes.")
    return data


def parse_leaf(data: bytes) -> dict[str, Any]:
    """The members of a leaf that the verdicts use, each of the right type."""
    if len(data) > MAX_LEAF_BYTES:
        raise BadError("a leaf is longer than 65,535 bytes")
    leaf: dict[str, Any] = parse_json(data)
    if leaf.get("v") != "cl/1":
        raise BadError("a leaf is not of version cl/1")
    if not isinstance(leaf.get("typ"), str) or not isinstance(leaf.get("ctl"), str):
        raise BadError("a leaf lacks its type or controller")
    base64_url(leaf.get("id"), 16)
    when = leaf.get("ts")
    if not isinstance(when, int) or isinstance(when, bool) or not 0 < when <= MAX_INTEGER:
        raise BadError("a leaf has no valid time")
    for name in ("ntc", "cnt", "man"):
        if name in leaf and not re.fullmatch(r"[0-9a-f]{64}", str(leaf[name])):
            raise BadError("a leaf has a malformed hash")
    return leaf


def leaf_digests(leaf: dict[str, Any]) -> list[str]:
    """The four digests of a subject's leaf."""
    digests = leaf.get("_sd")
    if leaf.get("_sd_alg") != "sha-256" or not isinstance(digests, list) or len(digests) != 4:
        raise BadError("a leaf does not have four SHA-256 digests")
    for digest in digests:
        base64_url(digest, HASH)
    if digests != sorted(set(digests)):
        raise BadError("a leaf's digests are not sorted and different")
    return digests


def open_disclosure(line: str) -> tuple[str, Any]:
    """Name and value of a disclosure, only in its one form: canonical JSON padded to 256."""
    padded = base64_url(line)
    text = padded.rstrip(b" ")
    items = parse_json(text, list)
    if len(padded) != -(-len(text) // BUCKET) * BUCKET:
        raise BadError("a disclosure is not padded to its bucket")
    if len(items) != 3 or items[1] not in CLAIM_NAMES:
        raise BadError("a disclosure is not a salt, a known name and a value")
    base64_url(items[0], HASH)
    if items[2] is not None and not isinstance(items[2], dict):
        raise BadError("a disclosure's value is not an object")
    return str(items[1]), items[2]


def disclosures_of(bundle: Bundle, n: int) -> dict[str, Any]:
    """Opened claims of entry `n`, each committed to by its leaf."""
    digests = leaf_digests(parse_leaf(bundle.file(f"events/{n}.leaf.json")))
    data = bundle.file(f"events/{n}.disclosures")
    if not data.isascii() or (data and not data.endswith(b"\n")):
        raise BadError("a disclosures file is not whole lines")
    opened: dict[str, Any] = {}
    for line in data.decode("ascii").split("\n")[:-1]:
        if to_base64_url(sha256(line.encode("ascii"))) not in digests:
            raise BadError(f"entry {n} did not commit to a disclosed value")
        name, value = open_disclosure(line)
        if name in opened:
            raise BadError(f"entry {n} discloses a value twice")
        opened[name] = value
    return opened


def check_integrity(bundle: Bundle, _policy: Policy | None) -> Result:
    """Every byte is one that the export entry commits to."""
    if not bundle.deterministic:
        raise BadError("the archive is not byte for byte the one its files make")
    for name in bundle.files:
        parts = name.split("/")
        if not all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", part) for part in parts):
            raise BadError(f"the file name {plain(name)} is not allowed")
    raw_manifest = bundle.file(MANIFEST)
    manifest = parse_json(raw_manifest)
    if manifest.get("format") != FORMAT:
        raise BadError(f"the manifest is not of format {FORMAT}")
    require_files(bundle, manifest.get("files"))
    leaf = parse_leaf(bundle.file(EXPORT_LEAF))
    if leaf["typ"] != "bundle.exported":
        raise BadError("the export entry is of another type")
    if leaf.get("man") != sha256(raw_manifest).hex():
        raise BadError("the export entry commits to another manifest")
    proof = parse_proof(bundle.file(EXPORT_PROOF))
    require_inclusion(bundle.file(EXPORT_LEAF), proof.index, proof.note.tree, proof.path)
    if (
        not manifest.get("origin")
        == parse_note(bundle.file(CHECKPOINT)).tree.origin
        == proof.note.tree.origin
    ):
        raise BadError("the manifest and the checkpoints name different logs")
    return PASS, f"all {len(bundle.files)} files are those that log entry {proof.index} commits to"


def require_files(bundle: Bundle, listing: Any) -> None:
    """Raise unless the manifest lists exactly the files there are, with their hashes."""
    listed = set(listing) if isinstance(listing, dict) else set()
    present = set(bundle.files) - {MANIFEST, EXPORT_LEAF, EXPORT_PROOF}
    if listed != present:
        odd = sorted(listed ^ present)[:1]
        raise BadError(f"a file is extra or missing: {plain(''.join(odd))}")
    for name, entry in listing.items():
        data = bundle.files[name]
        if entry != {"sha256": sha256(data).hex(), "size": len(data)}:
            raise BadError(f"the file {plain(name)} is not the one in the manifest")


def check_signature(bundle: Bundle, policy: Policy | None) -> Result:
    """The log's key signed both checkpoints."""
    notes = [parse_note(bundle.file(CHECKPOINT)), parse_proof(bundle.file(EXPORT_PROOF)).note]
    for note in notes:
        require_log_signature(note, policy or parse_policy(bundle.file(POLICY)))
    if policy is None:
        return NOT_PROVEN, "signed by the key the bundle itself names; give --policy from elsewhere"
    return PASS, f"both checkpoints are signed by the log {plain(notes[0].tree.origin)}"


def check_witnesses(bundle: Bundle, policy: Policy | None) -> Result:
    """The policy's witnesses cosigned both checkpoints."""
    if policy is None:
        return NOT_PROVEN, "only a policy given with --policy says whose cosignatures count"
    notes = [parse_note(bundle.file(CHECKPOINT)), parse_proof(bundle.file(EXPORT_PROOF)).note]
    agreed = [cosigners(note, policy) for note in notes]
    if policy.quorum == "none":
        return NOT_PROVEN, "the policy asks for no witness"
    if not all(quorum_met(policy, names) for names in agreed):
        return NOT_PROVEN, "a checkpoint lacks cosignatures that the policy asks for"
    cosigned = ", ".join(sorted(agreed[0] | agreed[1]))
    return PASS, f"both checkpoints meet the policy's quorum: {plain(cosigned)}"


def check_inclusion(bundle: Bundle, _policy: Policy | None) -> Result:
    """Every entry is in the log under its checkpoint."""
    raw_note = bundle.file(CHECKPOINT)
    tree = parse_note(raw_note).tree
    stems = [f"events/{n}" for n in bundle.events()]
    stems += [
        f"notices/{sha}"
        for sha in sorted(bundle.notices())
        if {f"notices/{sha}.leaf.json", f"notices/{sha}.tlog-proof"} & set(bundle.files)
    ]
    for stem in stems:
        proof = parse_proof(bundle.file(f"{stem}.tlog-proof"))
        if proof.raw_note != raw_note or proof.extra is not None:
            raise BadError("a proof does not lead to the bundle's checkpoint")
        require_inclusion(bundle.file(f"{stem}.leaf.json"), proof.index, tree, proof.path)
    export = parse_proof(bundle.file(EXPORT_PROOF))
    require_inclusion(bundle.file(EXPORT_LEAF), export.index, export.note.tree, export.path)
    return PASS, f"{len(stems) + 1} entries are in the log, at the places stated"


def check_consistency(bundle: Bundle, _policy: Policy | None) -> Result:
    """The log only grew between the two checkpoints."""
    old, proof = parse_note(bundle.file(CHECKPOINT)).tree, parse_proof(bundle.file(EXPORT_PROOF))
    new = proof.note.tree
    if old.origin != new.origin:
        raise BadError("the two checkpoints are of different logs")
    if proof.extra is None:
        return NOT_PROVEN, "the export proof carries no consistency proof"
    if len(proof.extra) % HASH:
        raise BadError("the consistency proof is not whole hashes")
    path = (proof.extra[at : at + HASH] for at in range(0, len(proof.extra), HASH))
    require_consistency(old, new, tuple(path))
    return PASS, f"the log only grew, from {old.size} to {new.size} entries"


def check_disclosures(bundle: Bundle, _policy: Policy | None) -> Result:
    """Every opened value is one its leaf committed to."""
    numbers = bundle.events()
    opened = sum(len(disclosures_of(bundle, n)) for n in numbers)
    if not opened:
        return NOT_PROVEN, "the bundle opens no sealed value"
    closed = len(CLAIM_NAMES) * len(numbers) - opened
    return PASS, f"{opened} opened values are those committed then; {closed} are left closed"


def check_notice(bundle: Bundle, _policy: Policy | None) -> Result:
    """Every notice is the one its entries name, published before."""
    first: dict[str, int] = {}
    for n in bundle.events():
        named = parse_leaf(bundle.file(f"events/{n}.leaf.json")).get("ntc")
        if named is not None:
            index = parse_proof(bundle.file(f"events/{n}.tlog-proof")).index
            first[named] = min(index, first.get(named, index))
    if not bundle.notices() <= set(first):
        raise BadError("the bundle shows a notice that no entry names")
    doubts = [doubt for sha in sorted(first) for doubt in notice_doubts(bundle, sha, first[sha])]
    if not first:
        return NOT_PROVEN, "no entry names a notice"
    if doubts:
        return NOT_PROVEN, doubts[0]
    return PASS, f"{len(first)} shown: byte for byte what the entries name"


def notice_doubts(bundle: Bundle, sha: str, named_at: int) -> list[str]:
    """What the bundle leaves open about a notice; raises if something about it is false."""
    stem = f"notices/{sha}"
    page, text = bundle.files.get(f"{stem}.html"), bundle.files.get(f"{stem}.txt")
    if page is not None and sha256(page).hex() != sha:
        raise BadError("a notice is not the one the entries name")
    doubts = ["a notice that an entry names is not in the bundle"] if page is None else []
    if f"{stem}.leaf.json" not in bundle.files:
        if text is not None:
            doubts.append("no entry in the bundle commits to a notice's plain text")
        return doubts
    leaf, proof = (
        parse_leaf(bundle.file(f"{stem}.leaf.json")),
        parse_proof(bundle.file(f"{stem}.tlog-proof")),
    )
    if leaf["typ"] != "notice.published" or leaf.get("ntc") != sha:
        raise BadError("a publication entry is not the notice's")
    if text is not None and leaf.get("cnt") != sha256(text).hex():
        raise BadError("a notice's plain text is not the one published")
    if proof.index >= named_at:
        raise BadError("a notice was published after an entry that names it")
    require_inclusion(
        bundle.file(f"{stem}.leaf.json"),
        proof.index,
        parse_note(bundle.file(CHECKPOINT)).tree,
        proof.path,
    )
    return doubts


def check_time(bundle: Bundle, _policy: Policy | None) -> Result:
    """Times never run backwards; nobody else vouches for them yet."""
    names = [f"events/{n}.leaf.json" for n in bundle.events()] + [EXPORT_LEAF]
    times = [parse_leaf(bundle.file(name))["ts"] for name in names]
    if times != sorted(times):
        raise BadError("the times stated run backwards along the chain")
    return NOT_PROVEN, "no time stamp by anybody else is checked; times are the operator's clock"


def check_chain(bundle: Bundle, _policy: Policy | None) -> Result:
    """The entries are the whole chain up to the export."""
    chain = parse_json(bundle.file(CHAIN))
    total = chain.get("total")
    if not isinstance(total, int) or isinstance(total, bool) or set(chain) != {"key", "total"}:
        raise BadError("chain.json is malformed")
    numbers = bundle.events()
    if numbers != list(range(len(numbers))) or total != len(numbers):
        raise BadError("an entry of the chain is missing or there is one too many")
    key = base64_url(chain["key"], HASH)
    leaves = [parse_leaf(bundle.file(f"events/{n}.leaf.json")) for n in numbers] + [
        parse_leaf(bundle.file(EXPORT_LEAF))
    ]
    for n, leaf in enumerate(leaves):
        tag = hmac.new(key, struct.pack(">Q", n), hashlib.sha256).digest()
        if not hmac.compare_digest(base64_url(leaf.get("tag"), HASH), tag):
            raise BadError(f"entry {n} is not at its place of the chain")
    if leaves[-1]["typ"] != "bundle.exported":
        raise BadError("the export entry is of another type")
    if len({leaf["id"] for leaf in leaves}) != len(leaves):
        raise BadError("two entries have one id")
    if len({leaf["ctl"] for leaf in leaves}) != 1:
        raise BadError("the entries are of different controllers")
    return PASS, f"these are entries 0 to {total - 1} of the chain and the export is the next one"


def check_erasure(bundle: Bundle, _policy: Policy | None) -> Result:
    """An erasure would be shown here; a live chain shows none."""
    kinds = [parse_leaf(bundle.file(f"events/{n}.leaf.json"))["typ"] for n in bundle.events()]
    if "subject.erased" in kinds:
        raise BadError("entries follow an erasure in the same chain")
    return NOT_PROVEN, "the bundle shows no erasure"


CHECKS: dict[str, Callable[[Bundle, Policy | None], Result]] = {
    check.__name__[len("check_") :]: check
    for check in (
        *(check_integrity, check_signature, check_witnesses, check_inclusion, check_consistency),
        *(check_disclosures, check_notice, check_time, check_chain, check_erasure),
    )
}
NAMES = tuple(CHECKS)


def about(bundle: Bundle, given: bytes | None) -> list[str]:
    """What the bundle says of itself: nothing here is proven, so no line reads like a verdict."""
    lines: list[str] = []
    try:
        manifest = parse_json(bundle.file(MANIFEST))
        lines += [f"About: {plain(manifest.get('subject'))}, {moment(manifest.get('created'))}"]
        names = ("controller", "origin", "exporter", "recipient", "reason", "id")
        lines += [f"  {name}: {plain(manifest[name])}" for name in names if name in manifest]
        for n in bundle.events():
            leaf = parse_leaf(bundle.file(f"events/{n}.leaf.json"))
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


def verify(path: str, policy_path: str | None, required: list[str]) -> int:
    """Print everything; the exit status."""
    bundle = read_bundle(path)
    given = read_file(policy_path, MAX_POLICY_BYTES, "policy") if policy_path else None
    try:
        policy = None if given is None else parse_policy(given)
    except BadError as problem:
        raise UnreadableError(f"The policy cannot be used: {problem}.") from None
    print("\n".join(about(bundle, given)))
    failed = False
    for name in NAMES:
        try:
            state, sentence = CHECKS[name](bundle, policy)
        except BadError as problem:
            state, sentence = FAIL, str(problem)
        if state == NOT_PROVEN and name in required:
            state, sentence = FAIL, f"required, but not proven: {sentence}"
        failed = failed or state == FAIL
        print(f"{state} {name}: {sentence}")
    print("\n".join(LIMITS))
    return 1 if failed else 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(description="Verify a consent proof bundle, offline.")
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.add_argument("--policy", help="the log's policy.txt, obtained elsewhere")
    parser.add_argument("--require", default="", help="verdicts that must be PASS, e.g. a,b")
    options = parser.parse_args(arguments)
    required = [name for name in options.require.split(",") if name]
    unknown = sorted(set(required) - set(NAMES))
    if unknown:
        parser.error(f"unknown verdict in --require: {plain(unknown[0])}")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a letter must not stop a verdict.
            stream.reconfigure(errors="backslashreplace")
    try:
        return verify(options.bundle, options.policy, required)
    except UnreadableError as problem:
        print(problem, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
