# SPDX-License-Identifier: Apache-2.0
"""What a running stack has stored, read back without the product's own checks.

The Merkle tree and the checkpoint's signature are computed here anew, from RFC 6962 and RFC 8032,
so that a mistake of the product is not repeated by its test.
"""

import base64
import hashlib
import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chalicelib.adapters.dynamo.packed_leaves import unpack
from chalicelib.domain.consent import fold
from chalicelib.domain.standing import dump_standing, standing
from chalicelib.domain.state import SubjectState, dump_state, memberships
from chalicelib.services.entries import event_of_leaf

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def chains(rows: Rows) -> dict[str, list[bytes]]:
    """The leaves of every subject's chain, in order, by subject id."""
    found: dict[str, list[bytes]] = {}
    for item in rows["kvitto-ledger"]:
        if item["pk"]["S"].startswith("S#") and item["sk"]["S"].startswith("E#"):
            sid = item["pk"]["S"].removeprefix("S#")
            assert int(item["sk"]["S"][2:]) == len(found.get(sid, [])), "a chain has a gap"
            found.setdefault(sid, []).append(unpack(item["leaf"]["B"]))
    return found


def rebuilt(leaves: Sequence[bytes]) -> SubjectState:
    """The state that a chain's leaves add up to."""
    return fold([event_of_leaf(leaf) for leaf in leaves])


def assert_states_are_folds(rows: Rows) -> int:
    """Every STATE, membership and standing follows from the leaves; return how many there are."""
    by_subject = {sid: rebuilt(leaves) for sid, leaves in chains(rows).items()}
    stored = {
        item["pk"]["S"].removeprefix("S#"): item
        for item in rows["kvitto-ledger"]
        if item["sk"]["S"] == "STATE"
    }
    assert stored.keys() == by_subject.keys()
    for sid, state in by_subject.items():
        assert stored[sid]["folded"]["S"] == dump_state(state)
    lists = {
        item["sk"]["S"]: {name: value["S"] for name, value in item["lists"]["M"].items()}
        for item in rows["kvitto-audience"]
    }
    assert lists == {
        sid: dict(memberships(state)) for sid, state in by_subject.items() if not state.erased
    }
    stands = {item["sk"]["S"]: item["st"]["S"] for item in rows["kvitto-audience"]}
    assert stands == {sid: dump_standing(standing(by_subject[sid])) for sid in lists}
    return len(stored)


def logged_leaves(objects: Mapping[str, bytes]) -> list[bytes]:
    """Every leaf of the log in order, from the widest entry bundle of each place."""
    widest: dict[int, tuple[int, bytes]] = {}
    for key, data in objects.items():
        if found := re.fullmatch(r"log/tile/entries/([x\d/]+?)(?:\.p/(\d+))?", key):
            number = int(re.sub(r"\D", "", found[1]))
            width = int(found[2] or 256)
            if width > widest.get(number, (0, b""))[0]:
                widest[number] = (width, data)
    leaves = []
    for number in sorted(widest):
        data = widest[number][1]
        while data:
            (length,) = struct.unpack(">H", data[:2])
            leaves.append(data[2 : 2 + length])
            data = data[2 + length :]
    return leaves


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of RFC 6962 §2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


def checkpoints(objects: Mapping[str, bytes]) -> dict[int, bytes]:
    """Every checkpoint ever published, by size."""
    prefix = "log/checkpoints/"
    return {
        int(key.removeprefix(prefix)): data
        for key, data in objects.items()
        if key.startswith(prefix)
    }


def is_true_of(note: bytes, leaves: Sequence[bytes], policy: str) -> bool:
    """Whether a signed checkpoint is the log's own and tells the root of these leaves.

    Raises:
        InvalidSignature: the policy's key did not sign it.
    """
    text, _, signature_line = note.decode().partition("\n\n")
    origin, size, root = text.split("\n")
    name, _, vkey = re.search(r"^log (\S+)$", policy, re.MULTILINE)[1].partition("+")
    public = base64.b64decode(vkey.partition("+")[2])[1:]
    signature = base64.b64decode(signature_line.split()[2])[4:]
    Ed25519PublicKey.from_public_bytes(public).verify(signature, f"{text}\n".encode())
    expected = base64.b64encode(root_of(leaves[: int(size)])).decode()
    return (origin, root) == (name, expected)
