# SPDX-License-Identifier: Apache-2.0
"""Link tokens: one spelling, one purpose, nothing to see and nothing to forge."""

import re
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import BadToken, FatalError
from chalicelib.proof import base64url
from chalicelib.proof.tokens import (
    LINK_CHARACTERS,
    LinkPayload,
    LinkPurpose,
    TokenKeys,
    confirm_token_hash,
    link_text,
    new_confirm_token,
)

OLD, NEW = b"o" * 32, b"n" * 32
RING = TokenKeys(2, {1: OLD, 2: NEW})
BASE = {"sid": b"s" * 16, "brand": b"b" * 4, "delivery": b"d" * 12}
PAYLOADS = {
    LinkPurpose.UNSUBSCRIBE: LinkPayload(**BASE),
    LinkPurpose.PREFERENCES: LinkPayload(**BASE),
    LinkPurpose.VIEW: LinkPayload(**BASE, campaign=b"c" * 16),
    LinkPurpose.CLICK: LinkPayload(**BASE, campaign=b"c" * 16, link=513),
    LinkPurpose.OPEN: LinkPayload(**BASE, campaign=b"c" * 16),
    LinkPurpose.RECEIPT: LinkPayload.of_entry(b"s" * 16, b"b" * 4, 70_000),
    LinkPurpose.MAILTO: LinkPayload(**{**BASE, "delivery": bytes(12)}),
}
WIDTHS = {
    "unsubscribe": 66,
    "preferences": 66,
    "view": 87,
    "click": 90,
    "open": 87,
    "receipt": 66,
    "mailto": 60,
}


@pytest.mark.parametrize("purpose", LinkPurpose)
def test_a_token_reads_back_and_has_the_width_of_its_purpose(purpose):
    token = RING.mint(purpose, PAYLOADS[purpose])
    assert RING.read(purpose, token) == PAYLOADS[purpose]
    assert len(token) == WIDTHS[purpose]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)


def test_every_click_token_of_a_mail_has_one_head():
    shown = replace(PAYLOADS[LinkPurpose.CLICK], link=None)
    head = RING.click_head(shown)
    assert len(head) == WIDTHS["click"] - LINK_CHARACTERS
    for link in (0, 1, 513, 65_535):
        payload = replace(shown, link=link)
        assert RING.mint(LinkPurpose.CLICK, payload) == head + link_text(link)
        assert RING.read(LinkPurpose.CLICK, head + link_text(link)) == payload


@given(st.text("AZaz09-_=+ é", min_size=3, max_size=3))
def test_another_number_reads_as_another_link_of_the_same_mail_and_nothing_else(ending):
    shown = replace(PAYLOADS[LinkPurpose.CLICK], link=None)
    token = RING.click_head(shown) + ending
    try:
        read = RING.read(LinkPurpose.CLICK, token)
    except BadToken:
        return
    assert replace(read, link=None) == shown
    assert RING.mint(LinkPurpose.CLICK, read) == token


@pytest.mark.parametrize("ending", ["", "A", "AA", "AAA=", "AAB", "__9", "AA\n", "AAAA"])
def test_a_click_token_without_a_well_spelt_number_is_a_bad_token(ending):
    head = RING.click_head(replace(PAYLOADS[LinkPurpose.CLICK], link=None))
    with pytest.raises(BadToken):
        RING.read(LinkPurpose.CLICK, head + ending)


def test_no_single_bit_of_a_click_tokens_head_can_change():
    token = RING.mint(LinkPurpose.CLICK, PAYLOADS[LinkPurpose.CLICK])
    head, number = token[:-LINK_CHARACTERS], token[-LINK_CHARACTERS:]
    raw = base64url.decode(head)
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadToken):
            RING.read(LinkPurpose.CLICK, base64url.encode(bytes(changed)) + number)


@pytest.mark.parametrize("link", [-1, 65_536])
def test_a_link_number_outside_two_bytes_is_refused(link):
    with pytest.raises(FatalError):
        link_text(link)


def test_a_receipt_token_names_its_entry():
    token = RING.mint(LinkPurpose.RECEIPT, PAYLOADS[LinkPurpose.RECEIPT])
    assert RING.read(LinkPurpose.RECEIPT, token).entry == 70_000


@pytest.mark.parametrize("purpose", LinkPurpose)
def test_a_token_is_good_for_no_other_purpose(purpose):
    token = RING.mint(purpose, PAYLOADS[purpose])
    for other in set(LinkPurpose) - {purpose}:
        with pytest.raises(BadToken):
            RING.read(other, token)


def test_an_old_key_still_verifies_and_a_removed_one_does_not():
    token = TokenKeys(1, {1: OLD}).mint(LinkPurpose.UNSUBSCRIBE, PAYLOADS[LinkPurpose.UNSUBSCRIBE])
    assert RING.read(LinkPurpose.UNSUBSCRIBE, token).sid == b"s" * 16
    with pytest.raises(BadToken):
        TokenKeys(2, {2: NEW}).read(LinkPurpose.UNSUBSCRIBE, token)


def test_no_single_bit_can_change():
    token = RING.mint(LinkPurpose.UNSUBSCRIBE, PAYLOADS[LinkPurpose.UNSUBSCRIBE])
    raw = base64url.decode(token)
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadToken):
            RING.read(LinkPurpose.UNSUBSCRIBE, base64url.encode(bytes(changed)))


@pytest.mark.parametrize(
    "token",
    ["", "A", "é" * 66, "A" * 66, "A" * 67, "=" * 66, " " * 66, "A" * 10_000, "A" * 65 + "\n"],
)
def test_other_text_is_a_bad_token(token):
    with pytest.raises(BadToken):
        RING.read(LinkPurpose.UNSUBSCRIBE, token)
    with pytest.raises(BadToken):
        confirm_token_hash(token)


def test_a_second_spelling_is_a_bad_token():
    token = RING.mint(LinkPurpose.UNSUBSCRIBE, PAYLOADS[LinkPurpose.UNSUBSCRIBE])
    text, _ = new_confirm_token(b"r" * 32)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for spelling in (token + "=", token + "A"):
        with pytest.raises(BadToken):
            RING.read(LinkPurpose.UNSUBSCRIBE, spelling)
    with pytest.raises(BadToken):
        confirm_token_hash(text[:-1] + letters[letters.index(text[-1]) + 1])


def test_a_token_in_an_address_fits_a_local_part_and_its_case_does_not_matter():
    token = RING.mint(LinkPurpose.MAILTO, PAYLOADS[LinkPurpose.MAILTO])
    assert re.fullmatch(r"[a-z2-7]{1,64}", token)
    for spelling in (token, token.upper(), token.title()):
        assert RING.read(LinkPurpose.MAILTO, spelling).sid == b"s" * 16


def test_a_token_in_an_address_has_no_other_second_spelling():
    token = RING.mint(LinkPurpose.MAILTO, PAYLOADS[LinkPurpose.MAILTO])
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    padded = token[:-1] + letters[letters.index(token[-1]) + 1]
    others = (token + "=", token + "====", token[:-1], "ß" + token[2:], token[:-1] + "1")
    for text in (padded, *others):
        with pytest.raises(BadToken):
            RING.read(LinkPurpose.MAILTO, text)
    for place in range(len(token)):
        other = "a" if token[place] != "a" else "b"
        with pytest.raises(BadToken):
            RING.read(LinkPurpose.MAILTO, token[:place] + other + token[place + 1 :])


def test_an_address_carries_no_delivery():
    with pytest.raises(FatalError):
        RING.mint(LinkPurpose.MAILTO, PAYLOADS[LinkPurpose.UNSUBSCRIBE])


def test_a_token_shows_nothing_of_its_payload():
    token = base64url.decode(RING.mint(LinkPurpose.VIEW, PAYLOADS[LinkPurpose.VIEW]))
    assert not any(bytes([letter]) * 4 in token for letter in b"sbdc")


def test_payloads_of_another_shape_are_refused():
    with pytest.raises(FatalError):
        RING.mint(LinkPurpose.CLICK, PAYLOADS[LinkPurpose.VIEW])
    with pytest.raises(FatalError):
        RING.mint(LinkPurpose.UNSUBSCRIBE, PAYLOADS[LinkPurpose.VIEW])
    for purpose in (LinkPurpose.VIEW, LinkPurpose.UNSUBSCRIBE):
        with pytest.raises(FatalError):
            RING.mint(purpose, PAYLOADS[LinkPurpose.CLICK])
    for payload in (PAYLOADS[LinkPurpose.CLICK], PAYLOADS[LinkPurpose.UNSUBSCRIBE]):
        with pytest.raises(FatalError):
            RING.click_head(payload)
    for wrong in ({"sid": b"s"}, {"campaign": b"c"}, {"link": 65_536}):
        with pytest.raises(FatalError):
            LinkPayload(**{**BASE, **wrong})


def test_rings_of_another_shape_are_refused():
    for current, masters in ((3, {1: OLD}), (1, {1: b"short"}), (256, {256: OLD})):
        with pytest.raises(FatalError):
            TokenKeys(current, masters)
    assert repr(RING) == "TokenKeys(current=2)"


def test_a_confirm_token_is_stored_only_as_its_hash():
    text, stored = new_confirm_token(b"r" * 32)
    assert (len(text), stored) == (43, sha256(b"r" * 32).hexdigest())
    assert confirm_token_hash(text) == stored
    with pytest.raises(FatalError):
        new_confirm_token(b"short")
