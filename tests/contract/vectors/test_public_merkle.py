# SPDX-License-Identifier: Apache-2.0
"""Every inclusion and consistency case of transparency-dev/merkle; differences are named."""

import base64
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from chalicelib.errors import EvidenceError
from chalicelib.proof import merkle, tiles

# Upstream compares the two roots without looking at them and accepts. Here it is refused: both
# roots are the 12-byte text "don't care 2", and a hash that is not 32 bytes is never a root.
DIFFERENCES = {
    "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json",
}


def test_every_inclusion_case_ends_as_published(public_vectors: Path) -> None:
    folder = public_vectors / "transparency-dev-merkle" / "testdata" / "inclusion"
    assert _disagreements(folder, _verify_inclusion) == set()


def test_every_consistency_case_ends_as_published_but_for_the_listed(public_vectors: Path) -> None:
    folder = public_vectors / "transparency-dev-merkle" / "testdata" / "consistency"
    assert _disagreements(folder, _verify_consistency) == DIFFERENCES


def test_the_values_published_with_rfc6962_code_are_ours(public_vectors: Path) -> None:
    reference = json.loads(
        (public_vectors / "derived" / "rfc6962_reference.json").read_text(encoding="utf-8")
    )
    assert merkle.EMPTY_ROOT.hex() == reference["empty_root"]
    for case in reference["leaf_hash"]:
        assert merkle.leaf_hash(case["data_utf8"].encode()).hex() == case["hash"]
    for case in reference["tile_path"]:
        assert tiles.tile_path(0, case["index"]) == f"tile/0/{case['path']}"
        assert tiles.bundle_path(case["index"]) == f"tile/entries/{case['path']}"


def test_rfc6962_node_value_shows_that_only_the_length_check_differs(public_vectors: Path) -> None:
    """The published node hash is over 4-byte children, which this product refuses."""
    reference = json.loads(
        (public_vectors / "derived" / "rfc6962_reference.json").read_text(encoding="utf-8")
    )
    for case in reference["node_hash"]:
        left, right = case["left_utf8"].encode(), case["right_utf8"].encode()
        assert sha256(b"\x01" + left + right).hexdigest() == case["hash"]
        with pytest.raises(EvidenceError):
            merkle.node_hash(left, right)


def test_trees_of_the_published_sizes_have_the_published_tiles(public_vectors: Path) -> None:
    reference = json.loads(
        (public_vectors / "derived" / "rfc6962_reference.json").read_text(encoding="utf-8")
    )
    for case in reference["tile_layout"]:
        leaves = [b"%d" % number for number in range(case["tree_size"])]
        paths = [path for path, _ in tiles.grow(tiles.EMPTY_EDGE, leaves).objects]
        for level in (0, 1, 2):
            own = [path for path in paths if path.startswith(f"tile/{level}/")]
            partial = [int(path.rsplit("/", 1)[1]) for path in own if ".p/" in path]
            assert len(own) - len(partial) == case.get(f"level{level}_full", 0)
            assert sum(partial) == case.get(f"level{level}_partial", 0)


def _disagreements(folder: Path, verify: Callable[[dict[str, Any]], None]) -> set[str]:
    cases = sorted(folder.rglob("*.json"))
    assert len(cases) > 50
    found: set[str] = set()
    for path in cases:
        case = json.loads(path.read_text(encoding="utf-8"))
        try:
            verify(case)
            refused = False
        except EvidenceError:
            refused = True
        if refused != case["wantErr"]:
            found.add(path.relative_to(folder.parent).as_posix())
    return found


def _bytes(value: str | None) -> bytes:
    return base64.b64decode(value or "")


def _verify_inclusion(case: dict[str, Any]) -> None:
    merkle.verify_inclusion(
        _bytes(case["leafHash"]),
        case["leafIdx"],
        case["treeSize"],
        [_bytes(value) for value in case["proof"] or ()],
        _bytes(case["root"]),
    )


def _verify_consistency(case: dict[str, Any]) -> None:
    merkle.verify_consistency(
        case["size1"],
        case["size2"],
        _bytes(case["root1"]),
        _bytes(case["root2"]),
        [_bytes(value) for value in case["proof"] or ()],
    )
