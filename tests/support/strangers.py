# SPDX-License-Identifier: Apache-2.0
"""Verifiers that nobody here wrote, asked about the pieces of a bundle that they know.

`Stranger.verdicts` says of `signature`, `inclusion` and `consistency`, as far as a stranger knows
them, whether everything of that kind in the bundle holds. Pieces are cut out as
docs/spec/verifiers.md tells a person to do it; a piece that cannot be cut out does not hold.
"""

import base64
import json
import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from proofbundle import checkpoint as proofbundle_checkpoint
from proofbundle import merkle as proofbundle_merkle
from proofbundle.errors import ProofBundleError
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response
from sigstore._internal import merkle as sigstore_merkle
from sigstore.errors import VerificationError as SigstoreError

Files = dict[str, bytes]
ORACLE = Path(__file__).with_name("aics_oracle.py")


class UncutError(Exception):
    """A piece is not where it should be, or not in its form."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What one `.tlog-proof` says."""

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    extra: bytes | None
    note: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Size and root of a note."""

    size: int
    root: bytes


def cut_proof(leaf: bytes, data: bytes) -> Proof:
    head, blank, note = data.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    if not blank or lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise UncutError
    extra = _decoded(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise UncutError
    index = _number(lines.pop(0)[6:])
    return Proof(leaf, index, tuple(_decoded(line) for line in lines), extra, note)


def cut_note(note: bytes) -> Head:
    lines = note.decode("utf-8", "replace").split("\n")
    if len(lines) < 5 or lines[3]:
        raise UncutError
    return Head(_number(lines[1]), _decoded(lines[2]))


def _number(text: str) -> int:
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text):
        raise UncutError
    return int(text)


def _decoded(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise UncutError from None
    if base64.b64encode(data).decode() != text:
        raise UncutError
    return data


def proofs(files: Files) -> list[Proof]:
    """Every proof with its leaf, the export's last."""
    names = sorted(name for name in files if name.endswith(".tlog-proof"))
    names.sort(key=lambda name: name == "export.tlog-proof")
    found = []
    for name in names:
        leaf = files.get(name.replace(".tlog-proof", ".leaf.json"))
        if leaf is None:
            raise UncutError
        found.append(cut_proof(leaf, files[name]))
    if not names or names[-1] != "export.tlog-proof":
        raise UncutError
    return found


def notes(files: Files) -> list[bytes]:
    """The checkpoint, and the one the export's proof leads to."""
    if not {"checkpoint.note", "export.tlog-proof"} <= set(files):
        raise UncutError
    return [files["checkpoint.note"], cut_proof(b"", files["export.tlog-proof"]).note]


def plans(files: Files) -> list[tuple[Proof, Head]]:
    """Every plan record as a leaf of the tree whose root its campaign's entry names."""
    found = []
    for name in sorted(name for name in files if name.endswith(".plan.json")):
        try:
            plan = json.loads(files[name])
            leaf = json.loads(files[name.replace(".plan.json", ".leaf.json")])
            path = tuple(_url_decoded(value) for value in plan["path"])
            proof = Proof(_url_decoded(plan["record"]), int(plan["index"]), path, None, b"")
            found.append((proof, Head(int(plan["size"]), bytes.fromhex(leaf["man"]))))
        except (KeyError, TypeError, ValueError):
            raise UncutError from None
    return found


def anchored(files: Files) -> list[tuple[Head, Head, tuple[bytes, ...]]]:
    """Every anchor, the checkpoint, and the proof between the two."""
    found = []
    for name in sorted(name for name in files if re.fullmatch(r"anchors/[0-9]+\.note", name)):
        lines = files.get(name.replace(".note", ".consistency"))
        if lines is None:
            raise UncutError
        path = tuple(_decoded(line) for line in lines.decode("ascii", "replace").split("\n")[:-1])
        found.append((cut_note(files[name]), cut_note(files["checkpoint.note"]), path))
    return found


def _url_decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class Stranger:
    """A verifier: its answers for single pieces; None where it has none."""

    name: str
    holds_note: Callable[[bytes, str], bool] | None = None
    holds_inclusion: Callable[[Proof, Head], bool] | None = None
    holds_consistency: Callable[[Head, Head, tuple[bytes, ...]], bool] | None = None

    def verdicts(self, files: Files, vkey: str | None) -> dict[str, bool]:
        found: dict[str, bool] = {}
        if self.holds_note and vkey is not None:
            found["signature"] = _held(lambda: self._signature(files, vkey))
        if self.holds_inclusion:
            found["inclusion"] = _held(lambda: self._inclusion(files))
        if self.holds_consistency:
            found["consistency"] = _held(lambda: self._consistency(files))
        return found

    def _signature(self, files: Files, vkey: str) -> bool:
        assert self.holds_note
        return all(self.holds_note(note, vkey) for note in notes(files))

    def _inclusion(self, files: Files) -> bool:
        assert self.holds_inclusion
        asked = [(proof, cut_note(proof.note)) for proof in proofs(files)] + plans(files)
        return all(self.holds_inclusion(proof, head) for proof, head in asked)

    def _consistency(self, files: Files) -> bool:
        assert self.holds_consistency
        first, second = notes(files)
        extra = cut_proof(b"", files["export.tlog-proof"]).extra or b""
        path = tuple(extra[at : at + 32] for at in range(0, len(extra), 32))
        asked = [*anchored(files), (cut_note(first), cut_note(second), path)]
        return all(self.holds_consistency(*one) for one in asked)


def _held(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except UncutError:
        return False


@cache
def _proofbundle_note(note: bytes, vkey: str) -> bool:
    try:
        return bool(proofbundle_checkpoint.verify_checkpoint(note.decode("utf-8"), vkey)["ok"])
    except (ProofBundleError, ValueError):
        return False


@cache
def _proofbundle_inclusion(proof: Proof, head: Head) -> bool:
    return bool(
        proofbundle_merkle.verify_inclusion(
            proof.leaf, proof.index, head.size, list(proof.path), head.root
        )
    )


def _proofbundle_consistency(old: Head, new: Head, path: tuple[bytes, ...]) -> bool:
    return bool(
        proofbundle_merkle.verify_consistency(old.size, new.size, list(path), old.root, new.root)
    )


PROOFBUNDLE = Stranger(
    "proofbundle", _proofbundle_note, _proofbundle_inclusion, _proofbundle_consistency
)


@cache
def _sigstore_inclusion(proof: Proof, head: Head) -> bool:
    class Inner:
        log_index, tree_size = proof.index, head.size
        hashes, root_hash = list(proof.path), head.root

    class Entry:
        class _inner:  # noqa: N801  # sigstore's own name
            inclusion_proof, canonicalized_body = Inner, proof.leaf

    try:
        sigstore_merkle.verify_merkle_inclusion(Entry)  # type: ignore[arg-type]
    except SigstoreError:
        return False
    # Its caller has compared index and size before; the function alone does not.
    return proof.index < head.size


SIGSTORE = Stranger("sigstore", holds_inclusion=_sigstore_inclusion)


@cache
def _openssl_note(note: bytes, vkey: str) -> bool:
    """As docs/spec/verifiers.md says: the text, and the signature on the line of the log's name."""
    text, _, rest = note.rpartition(b"\n\n")
    name, key_id, encoded = vkey.split("+", 2)
    lines = [line.split(" ") for line in rest.decode("utf-8", "replace").split("\n")]
    found = [line[2] for line in lines if line[:2] == ["\u2014", name] and len(line) == 3]
    raw = [_decoded(line) for line in found]
    ours = [material[4:] for material in raw if material[:4].hex() == key_id]
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded)[1:])
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    pieces = {"text": text + b"\n", "log.pem": pem}
    return bool(ours) and all(_openssl({**pieces, "sig": one}) for one in ours)


def _openssl(pieces: Files) -> bool:
    command = "openssl pkeyutl -verify -rawin -pubin -inkey log.pem -in text -sigfile sig"
    with tempfile.TemporaryDirectory() as folder:
        for name, data in pieces.items():
            Path(folder, name).write_bytes(data)
        done = subprocess.run(command.split(), cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


OPENSSL = Stranger("openssl", _openssl_note)


class Aics:
    """aics-tlog in its own process."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), str(ORACLE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._known: dict[str, bool] = {}

    def stranger(self) -> Stranger:
        return Stranger("aics-tlog", self._note, self._inclusion, self._consistency)

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def _ask(self, *question: Any) -> bool:
        line = json.dumps(question)
        if line not in self._known:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            self._known[line] = json.loads(self._process.stdout.readline())
        return self._known[line]

    def _note(self, note: bytes, vkey: str) -> bool:
        return self._ask("note", vkey, _b64(note))

    def _inclusion(self, proof: Proof, head: Head) -> bool:
        path = [_b64(value) for value in proof.path]
        leaf = _b64(proof.leaf)
        return self._ask("inclusion", leaf, proof.index, head.size, path, _b64(head.root))

    def _consistency(self, old: Head, new: Head, path: tuple[bytes, ...]) -> bool:
        roots = _b64(old.root), _b64(new.root)
        hashes = [_b64(value) for value in path]
        return self._ask("consistency", old.size, new.size, *roots, hashes)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@cache
def stamp_holds(note: bytes, response: bytes, roots: bytes) -> bool:
    """Whether rfc3161-client accepts a stamp over the note by an authority under these roots."""
    try:
        builder = VerifierBuilder()
        for root in x509.load_pem_x509_certificates(roots):
            builder = builder.add_root_certificate(root)
        builder.build().verify(decode_timestamp_response(response), sha256(note).digest())
    except (VerificationError, ValueError, UnsupportedAlgorithm):
        return False
    return True
