# SPDX-License-Identifier: Apache-2.0
"""Writes tests/vectors/log/*.json: the log's formats, and link tokens, as fixed inputs and outputs.

Guarantees the same bytes on every run, so that `--check` (exit 1 on any difference) shows whether
the code still speaks the format it spoke when the vectors were frozen. Keys and leaves in here
are made up and belong to nobody.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from chalicelib.proof import canonical, cosignature, merkle, note, policy, tiles  # noqa: E402
from chalicelib.proof.checkpoint import Checkpoint, sign_checkpoint  # noqa: E402
from chalicelib.proof.tlog_proof import TlogProof  # noqa: E402
from chalicelib.proof.tokens import (  # noqa: E402
    LINK_CHARACTERS,
    LinkPayload,
    LinkPurpose,
    TokenKeys,
    link_text,
)

FOLDER: Final = ROOT / "tests" / "vectors" / "log"
ORIGIN: Final = "ledger.example.com/demo"
WITNESS: Final = "witness.example.org"
WITNESS_TIME_S: Final = 1_795_435_200
TREE_SIZES: Final = (0, 1, 2, 3, 5, 8, 255, 256, 257, 600)
LOG_SIGNER: Final = note.Ed25519Signer(ORIGIN, bytes(range(32)))
WITNESS_SIGNER: Final = note.Ed25519Signer(WITNESS, bytes(range(32, 64)))
WITNESS_KEY: Final = note.VerifierKey(
    name=WITNESS,
    algorithm=note.Algorithm.COSIGNATURE_ED25519,
    public_key=WITNESS_SIGNER.key.public_key,
)


def leaves(size: int) -> list[bytes]:
    """The first `size` leaves of the example log: RFC 8785 objects that hold only a number."""
    return [canonical.encode({"n": number}) for number in range(size)]


def objects(size: int) -> dict[str, bytes]:
    """Every object of the example log after appending `size` leaves in one call."""
    return dict(tiles.grow(tiles.EMPTY_EDGE, leaves(size)).objects)


def example_checkpoint(size: int) -> Checkpoint:
    """The checkpoint of the example log at `size`."""
    root = tiles.grow(tiles.EMPTY_EDGE, leaves(size)).new_root
    return Checkpoint(origin=ORIGIN, size=size, root=root)


def cosign(signed: bytes) -> bytes:
    """The same checkpoint with the example witness's cosignature added."""
    parsed = note.parse_note(signed)
    message = cosignature.ed25519_message(parsed.text, WITNESS_TIME_S)
    line = note.NoteSignature(
        name=WITNESS,
        key_id=WITNESS_KEY.key_id,
        signature=WITNESS_TIME_S.to_bytes(8, "big") + WITNESS_SIGNER.sign(message),
    )
    return note.Note(text=parsed.text, signatures=(*parsed.signatures, line)).encode()


def example_policy() -> policy.Policy:
    """One log, one witness, and a group of that witness as the quorum."""
    return policy.Policy(
        logs=(policy.Log(key=LOG_SIGNER.key),),
        witnesses=(policy.Witness(name="w1", key=WITNESS_KEY, url="https://witness.example.org/"),),
        groups=(policy.Group(name="all-of-them", threshold=1, members=("w1",)),),
        quorum="all-of-them",
    )


def example_proof(index: int, size: int) -> TlogProof:
    """The cosigned proof of one entry of the example log."""
    reader = tiles.TileReader(size, objects(size).__getitem__)
    checkpoint = example_checkpoint(size)
    _, hashes = tiles.prove_inclusion(reader, index, checkpoint.root)
    signed = cosign(sign_checkpoint(checkpoint, [LOG_SIGNER]))
    return TlogProof(index=index, hashes=hashes, checkpoint=signed)


def merkle_vectors() -> dict[str, Any]:
    """Roots, inclusion and consistency proofs at sizes around tile boundaries."""
    stored = objects(TREE_SIZES[-1])
    roots = {size: tiles.grow(tiles.EMPTY_EDGE, leaves(size)).new_root for size in TREE_SIZES}

    def reader(size: int) -> tiles.TileReader:
        return tiles.TileReader(size, {**stored, **objects(size)}.__getitem__)

    inclusion = [
        {"size": size, "index": index, "leaf": leaf.hex(), "proof": [h.hex() for h in proof]}
        for size in TREE_SIZES[1:]
        for index in sorted({0, size // 2, size - 1})
        for leaf, proof in [tiles.prove_inclusion(reader(size), index, roots[size])]
    ]
    consistency = [
        {"old_size": old, "new_size": new, "proof": [h.hex() for h in proof]}
        for new in TREE_SIZES[1:]
        for old in TREE_SIZES[1:]
        if old <= new
        for proof in [tiles.prove_consistency(reader(new), old, roots[old], roots[new])]
    ]
    return {
        "about": 'Leaf n is the RFC 8785 object {"n":n}; hashes in hex.',
        "roots": {str(size): root.hex() for size, root in roots.items()},
        "inclusion": inclusion,
        "consistency": consistency,
    }


def tile_vectors() -> dict[str, Any]:
    """SHA-256 of every object of the log after one append of `size` leaves."""
    return {
        "about": "Path to SHA-256 of the object, for a log filled by one append.",
        "sizes": {
            str(size): {path: sha256(data).hexdigest() for path, data in objects(size).items()}
            for size in TREE_SIZES
        },
    }


def canonical_vectors() -> dict[str, Any]:
    """Accepted texts with their canonical form, and refused ones with the reason."""
    accepted = ['{"b":1,"a":[true,null,"\\u20ac"]}', "[ -9007199254740991 ]", '"\\u000f\\/"', "-0"]
    refused = {
        "duplicate name": '{"a":1,"a":1}',
        "duplicate name spelled with an escape": '{"a":1,"\\u0061":2}',
        "float": "[1.0]",
        "exponent": "[1e3]",
        "integer of 2^53": "9007199254740992",
        "very long integer": "1" * 5000,
        "lone surrogate": '"\\ud800"',
        "lone surrogate in a name": '{"\\udfff":1}',
        "not a number": "NaN",
        "byte order mark": "\ufeff{}",
        "trailing text": "{} {}",
        "nested too deeply": "[" * 65 + "]" * 65,
    }
    return {
        "about": "JSON texts; accepted ones with the hex of their RFC 8785 form.",
        "accepted": [
            {"text": text, "canonical": canonical.encode(canonical.decode(text.encode())).hex()}
            for text in accepted
        ],
        "refused": [{"reason": reason, "text": text} for reason, text in refused.items()],
    }


def text_vectors() -> dict[str, Any]:
    """Signed notes, policy and proof, and near misses that must be refused."""
    plain = sign_checkpoint(example_checkpoint(257), [LOG_SIGNER]).decode()
    cosigned = cosign(plain.encode()).decode()
    proof = example_proof(3, 5).encode().decode()
    return {
        "about": "Made with Ed25519 seeds 00..1f (log) and 20..3f (witness).",
        "log_vkey": str(LOG_SIGNER.key),
        "witness_vkey": str(WITNESS_KEY),
        "policy": example_policy().encode().decode(),
        "checkpoint": plain,
        "cosigned_checkpoint": cosigned,
        "proof_leaf": leaves(5)[3].decode(),
        "proof": proof,
        "refused_checkpoints": _refused_checkpoints(plain),
        "refused_policies": _refused_policies(),
        "refused_proofs": _refused_proofs(proof),
    }


def worked_vectors() -> dict[str, str]:
    """The worked bytes of docs/spec/ledger.md, by the label of their block."""
    small = leaves(2)
    first, second = (merkle.leaf_hash(leaf) for leaf in small)
    checkpoint = example_checkpoint(2)
    signed = sign_checkpoint(checkpoint, [LOG_SIGNER])
    two = objects(2)
    return {
        "canonical": canonical.encode({"b": 1, "a": [True, None, "€"]}).hex(),
        "leaf-0": small[0].decode(),
        "leaf-hash-0": first.hex(),
        "leaf-hash-1": second.hex(),
        "empty-root": merkle.EMPTY_ROOT.hex(),
        "root-2": merkle.node_hash(first, second).hex(),
        "bundle-2": two["tile/entries/000.p/2"].hex(),
        "tile-2": two["tile/0/000.p/2"].hex(),
        "paths-70000": "\n".join(sorted(tiles.right_edge_paths(70_000))),
        "vkey": str(LOG_SIGNER.key),
        "checkpoint": signed.decode().rstrip("\n"),
        "cosigned": cosign(signed).decode().rstrip("\n"),
        "policy": example_policy().encode().decode().rstrip("\n"),
        "proof": example_proof(3, 5).encode().decode().rstrip("\n"),
    }


def token_vectors() -> dict[str, Any]:
    """A token of every purpose, under two keys, and spellings that must be refused."""
    sid, brand = bytes(range(16)), bytes(range(0xB0, 0xB4))
    mailed = LinkPayload(sid=sid, brand=brand, delivery=bytes(range(0xD0, 0xDC)))
    shown = replace(mailed, campaign=bytes(range(0xC0, 0xD0)))
    payloads = {
        LinkPurpose.UNSUBSCRIBE: mailed,
        LinkPurpose.PREFERENCES: mailed,
        LinkPurpose.VIEW: shown,
        LinkPurpose.OPEN: shown,
        LinkPurpose.CLICK: replace(shown, link=1),
        LinkPurpose.RECEIPT: LinkPayload.of_entry(sid, brand, 2),
        LinkPurpose.MAILTO: replace(mailed, delivery=bytes(12)),
    }
    masters = {1: bytes(range(32)), 2: bytes(range(32, 64))}
    tokens = {
        str(kid): {
            str(purpose): TokenKeys(kid, masters).mint(purpose, payloads[purpose])
            for purpose in LinkPurpose
        }
        for kid in masters
    }
    mailto = tokens["1"]["mailto"]
    click = tokens["1"]["click"]
    head = click[:-LINK_CHARACTERS]
    return {
        "about": "Master keys 00..1f (kid 1), 20..3f (kid 2); payloads as in docs/spec/tokens.md.",
        "tokens": tokens,
        "other_spellings_of_mailto": [mailto.upper(), mailto.title()],
        "refused_mailto": {
            "padded": mailto + "====",
            "cut short": mailto[:-1],
            "other letters": mailto[:-1] + "1",
            "trailing bits set": mailto[:-1] + "r",
            "base64url": tokens["1"]["unsubscribe"],
        },
        "other_links_of_click": {str(link): head + link_text(link) for link in (0, 2, 500, 65_535)},
        "refused_click": {
            "no number": head,
            "cut short": click[:-1],
            "trailing bits set": head + "AAF",
            "padded": click + "=",
            "sealed for another purpose": tokens["1"]["view"] + link_text(1),
        },
    }


def files() -> Iterator[tuple[Path, bytes]]:
    """Every vector file with its content."""
    for name, content in (
        ("canonical", canonical_vectors()),
        ("merkle", merkle_vectors()),
        ("tiles", tile_vectors()),
        ("text", text_vectors()),
        ("worked", worked_vectors()),
        ("tokens", token_vectors()),
    ):
        yield FOLDER / f"{name}.json", (json.dumps(content, indent=1) + "\n").encode()


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` name the ones that differ and return 1."""
    check = "--check" in arguments
    differing = [path for path, data in files() if not path.exists() or path.read_bytes() != data]
    if check:
        for path in differing:
            sys.stdout.write(f"{path.relative_to(ROOT)} differs from what the code produces\n")
        return 1 if differing else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, data in files():
        path.write_bytes(data)
    return 0


def _refused_checkpoints(plain: str) -> dict[str, str]:
    return {
        "no final newline": plain[:-1],
        "carriage return": plain.replace("\n", "\r\n", 1),
        "size with a leading zero": plain.replace("\n257\n", "\n0257\n"),
        "other size": plain.replace("\n257\n", "\n258\n"),
        "extension line": plain.replace("\n\n", "\nmore\n\n"),
        "hyphen for dash": plain.replace("— ", "- "),
        "no signature": plain.split("— ", 1)[0],
        "signature of another key name": plain.replace("— ledger", "— Ledger"),
        "loose base64": plain.replace("=\n\n", "\n\n"),
    }


def _refused_policies() -> dict[str, str]:
    vkey = str(LOG_SIGNER.key)
    return {
        "no quorum": f"log {vkey}\n",
        "two quorums": "quorum none\nquorum none\n",
        "undefined quorum": "quorum w1\n",
        "quorum before its witness": f"quorum w1\nwitness w1 {WITNESS_KEY}\n",
        "same log twice": f"log {vkey}\nlog {vkey}\nquorum none\n",
        "log key as witness": f"witness w1 {vkey}\nquorum none\n",
        "threshold of zero": f"witness w1 {WITNESS_KEY}\ngroup g 0 w1\nquorum g\n",
        "threshold above members": f"witness w1 {WITNESS_KEY}\ngroup g 2 w1\nquorum g\n",
        "member twice": f"witness w1 {WITNESS_KEY}\ngroup g any w1 w1\nquorum g\n",
        "member of two groups": (
            f"witness w1 {WITNESS_KEY}\ngroup g any w1\ngroup h any w1\nquorum g\n"
        ),
        "witness named none": f"witness none {WITNESS_KEY}\nquorum none\n",
        "unknown keyword": "logs x\nquorum none\n",
        "carriage return": "quorum none\r\n",
        "wrong key id": f"log {vkey.replace('+', '+0', 1)}\nquorum none\n",
    }


def _refused_proofs(proof: str) -> dict[str, str]:
    return {
        "other header": proof.replace("@v1", "@v2", 1),
        "no index": proof.replace("index 3\n", ""),
        "index with a leading zero": proof.replace("index 3", "index 03"),
        "other index": proof.replace("index 3", "index 2"),
        "index outside the tree": proof.replace("index 3", "index 5"),
        "empty extra": proof.replace("index 3", "extra \nindex 3"),
        "extra after index": proof.replace("index 3", "index 3\nextra AA=="),
        "no blank line": proof.replace("\n\n", "\n", 1),
        "a hash too few": _without_line(proof, 2),
    }


def _without_line(text: str, number: int) -> str:
    lines = text.split("\n")
    return "\n".join(lines[:number] + lines[number + 1 :])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
