# SPDX-License-Identifier: Apache-2.0
"""The worked bytes of leaf.md, tokens.md and proof-bundle.md are what the code produces."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.proof import base64url, bundle
from chalicelib.proof.disclosure import Claims, disclosure_digest
from chalicelib.proof.event_types import CHANNELS, RULES, VIAS, Belongs
from chalicelib.proof.leaf import LeafFields, build_leaf, parse_leaf
from chalicelib.proof.sealing import Kek, SubjectKeys
from chalicelib.proof.tokens import LinkPayload, LinkPurpose, TokenKeys, new_confirm_token
from chalicelib.vocabulary import EventType

SPECIFICATIONS = Path(__file__).resolve().parents[3] / "docs" / "spec"
COUNT = bytes(range(256))
KEYS = SubjectKeys(COUNT[:32], "example.com/ledger", COUNT[:16])
NONCE = bytes(12)


def text_of(name: str) -> str:
    return (SPECIFICATIONS / name).read_text(encoding="utf-8")


def worked(name: str) -> dict[str, str]:
    pattern = r"^```text worked=([a-z0-9-]+)\n(.*?)\n```$"
    return dict(re.findall(pattern, text_of(name), re.MULTILINE | re.DOTALL))


def test_the_worked_leaf_is_what_the_code_builds():
    fields = LeafFields(
        event_id=COUNT[16:32],
        type=EventType.CONSENT_REQUESTED,
        ts_ms=1_795_435_200_000,
        controller="demo",
        brand="demo",
        channel="email",
        lists=("newsletter",),
        purposes=("newsletter",),
        notice_sha256="a" * 64,
    )
    built = build_leaf(fields, Claims(subject={"email": "visitor@example.org"}), KEYS, 0)
    disclosure = built.disclosures[0]
    kek = Kek(1, b"\x11" * 32)
    wrapped = kek.wrap(COUNT[:16], COUNT[:32], NONCE)
    examples = worked("leaf.md")
    first_profile = bytes.fromhex(examples.pop("profile-1"))
    assert examples == {
        "disclosure-json": base64url.decode(disclosure).decode().rstrip(" "),
        "disclosure-digest": disclosure_digest(disclosure),
        "leaf": built.leaf.decode(),
        "leaf-hash": built.hash.hex(),
        "chain-key": KEYS.chain_key.hex(),
        "tag-0": KEYS.tag(0).hex(),
        "name": KEYS.name("order", "demo", "4711").hex(),
        "profile": KEYS.seal_profile(b"{}", NONCE).hex(),
        "facts": KEYS.seal_facts(b"{}", b"\x01" * 12).hex(),
        "wrapped": wrapped.hex(),
    }
    assert parse_leaf(worked("leaf.md")["leaf"].encode()).fields == fields
    assert kek.unwrap(COUNT[:16], wrapped) == COUNT[:32]
    assert KEYS.open_profile(first_profile) == b"{}"


def test_the_worked_tokens_are_what_the_code_mints():
    ring = TokenKeys(1, {1: COUNT[:32]})
    base = {"sid": COUNT[:16], "brand": COUNT[0xB0:0xB4], "delivery": COUNT[0xD0:0xDC]}
    click = LinkPayload(**base, campaign=COUNT[0xC0:0xD0])
    receipt = LinkPayload.of_entry(COUNT[:16], COUNT[0xB0:0xB4], 2)
    text, stored = new_confirm_token(COUNT[:32])
    assert worked("tokens.md") == {
        "confirm-text": text,
        "confirm-hash": stored,
        "unsubscribe": ring.mint(LinkPurpose.UNSUBSCRIBE, LinkPayload(**base)),
        "click": "\n".join(
            ring.mint(LinkPurpose.CLICK, replace(click, link=link)) for link in (1, 500)
        ),
        "receipt": ring.mint(LinkPurpose.RECEIPT, receipt),
        "mailto": ring.mint(LinkPurpose.MAILTO, replace(LinkPayload(**base), delivery=bytes(12))),
    }


def test_the_worked_archive_is_what_the_code_packs():
    assert worked("proof-bundle.md") == {"archive": bundle.archive({"a": b"b"}).hex()}


@pytest.mark.parametrize("kind", EventType)
def test_the_table_of_event_types_is_the_code_s(kind):
    table = [line for line in text_of("leaf.md").splitlines() if line.startswith("| `")]
    rows = [line for line in table if f"`{kind}`" in line.split("|")[1]]
    assert len(rows) == 1
    _, _, whose, must, may, reasons, _ = rows[0].split("|")
    rule = RULES[kind]
    assert whose.strip() == Belongs(rule.belongs)
    assert {*must.replace("`", "").split()} == rule.must
    assert {*may.replace("`", "").split()} == rule.may
    assert {*reasons.replace("`", "").split()} == rule.reasons


def test_the_closed_words_stand_in_the_specification():
    assert all(f"`{word}`" in text_of("leaf.md") for word in CHANNELS | VIAS)
