# SPDX-License-Identifier: Apache-2.0
"""Our frozen vectors: the code still produces them, accepts the good and refuses the bad."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.errors import BadToken, EvidenceError
from chalicelib.proof import canonical, merkle
from chalicelib.proof.checkpoint import verify_checkpoint
from chalicelib.proof.note import VerifierKey
from chalicelib.proof.policy import parse_policy
from chalicelib.proof.tlog_proof import TlogProof
from chalicelib.proof.tokens import LinkPurpose, TokenKeys
from tools import make_vectors

CHECKOUT = Path(__file__).resolve().parents[3]


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        (make_vectors.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    )
    return loaded


def test_regenerating_the_vectors_changes_nothing() -> None:
    for path, data in make_vectors.files():
        assert path.read_bytes() == data, path.name


def test_worked_bytes_in_the_specification_are_what_the_code_produces() -> None:
    specification = (CHECKOUT / "docs" / "spec" / "ledger.md").read_text(encoding="utf-8")
    blocks = re.findall(
        r"^```text worked=([a-z0-9-]+)\n(.*?)\n```$", specification, re.MULTILINE | re.DOTALL
    )
    assert dict(blocks) == load("worked")
    assert len(blocks) == len(load("worked"))


def test_token_vectors_read_back_and_the_refused_are_refused() -> None:
    vectors = load("tokens")
    ring = TokenKeys(2, {1: bytes(range(32)), 2: bytes(range(32, 64))})
    for minted in vectors["tokens"].values():
        assert set(minted) == set(LinkPurpose)
        for purpose, token in minted.items():
            assert ring.read(LinkPurpose(purpose), token).sid == bytes(range(16))
    for token in vectors["other_spellings_of_mailto"]:
        assert ring.read(LinkPurpose.MAILTO, token).brand == bytes(range(0xB0, 0xB4))
    for link, token in vectors["other_links_of_click"].items():
        assert ring.read(LinkPurpose.CLICK, token).link == int(link)
    for token in vectors["refused_click"].values():
        with pytest.raises(BadToken):
            ring.read(LinkPurpose.CLICK, token)
    for token in vectors["refused_mailto"].values():
        with pytest.raises(BadToken):
            ring.read(LinkPurpose.MAILTO, token)


def test_merkle_vectors_verify() -> None:
    vectors = load("merkle")
    roots = {int(size): bytes.fromhex(root) for size, root in vectors["roots"].items()}
    for case in vectors["inclusion"]:
        proof = [bytes.fromhex(value) for value in case["proof"]]
        leaf = canonical.encode({"n": case["index"]})
        assert merkle.leaf_hash(leaf).hex() == case["leaf"]
        merkle.verify_inclusion(
            merkle.leaf_hash(leaf), case["index"], case["size"], proof, roots[case["size"]]
        )
    for case in vectors["consistency"]:
        old, new = case["old_size"], case["new_size"]
        proof = [bytes.fromhex(value) for value in case["proof"]]
        merkle.verify_consistency(old, new, roots[old], roots[new], proof)


@pytest.mark.parametrize("case", load("canonical")["accepted"], ids=lambda case: case["text"])
def test_accepted_json_has_its_frozen_form(case: dict[str, str]) -> None:
    value = canonical.decode(case["text"].encode())
    assert canonical.encode(value).hex() == case["canonical"]


@pytest.mark.parametrize("case", load("canonical")["refused"], ids=lambda case: case["reason"])
def test_refused_json_stays_refused(case: dict[str, str]) -> None:
    with pytest.raises(EvidenceError):
        canonical.decode(case["text"].encode())


def test_good_checkpoint_policy_and_proof_verify() -> None:
    text = load("text")
    policy = parse_policy(text["policy"].encode())
    checkpoint = verify_checkpoint(text["checkpoint"].encode(), VerifierKey.parse(text["log_vkey"]))
    assert policy.verify(text["cosigned_checkpoint"].encode()).checkpoint == checkpoint
    verified = TlogProof.parse(text["proof"].encode()).verify(text["proof_leaf"].encode(), policy)
    assert verified.witnesses == (("w1", make_vectors.WITNESS_TIME_S),)


@pytest.mark.parametrize("reason", load("text")["refused_checkpoints"])
def test_bad_checkpoint_stays_refused(reason: str) -> None:
    text = load("text")
    data = text["refused_checkpoints"][reason].encode()
    assert data != text["checkpoint"].encode()
    with pytest.raises(EvidenceError):
        verify_checkpoint(data, VerifierKey.parse(text["log_vkey"]))


@pytest.mark.parametrize("reason", load("text")["refused_policies"])
def test_bad_policy_stays_refused(reason: str) -> None:
    with pytest.raises(EvidenceError):
        parse_policy(load("text")["refused_policies"][reason].encode())


@pytest.mark.parametrize("reason", load("text")["refused_proofs"])
def test_bad_proof_stays_refused(reason: str) -> None:
    text = load("text")
    data = text["refused_proofs"][reason].encode()
    assert data != text["proof"].encode()
    with pytest.raises(EvidenceError):
        TlogProof.parse(data).verify(
            text["proof_leaf"].encode(), parse_policy(text["policy"].encode())
        )
