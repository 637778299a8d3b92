# SPDX-License-Identifier: Apache-2.0
"""Receipts: what a link opens, and that a link to nothing opens nothing."""

import pytest

from chalicelib.domain.ids import decode_id
from chalicelib.errors import BadToken, NotFound
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.receipts import ReceiptStatus
from tests.support.world import World

EMAIL = "reader@example.org"
CONFIRMED = 2


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


def link(world, sid, entry, brand=None):
    code = bytes.fromhex(brand or world.brands.get("demo").code)
    payload = LinkPayload.of_entry(decode_id(sid), code, entry)
    return world.tokens.mint(LinkPurpose.RECEIPT, payload)


def test_the_receipt_of_a_confirmation_opens_it_and_the_sign_up_it_answers(world, sid):
    world.sequencer.run()
    receipt = world.receipts.read(world.receipts.token(sid, "demo", CONFIRMED))
    assert receipt.status is ReceiptStatus.READY
    assert [name for name, _ in receipt.entries] == ["signup", "act"]
    assert receipt.request.claims.subject["email"] == EMAIL


def test_the_receipt_of_any_other_entry_opens_nothing(world, sid):
    receipt = world.receipts.read(link(world, sid, 0))
    assert not receipt.is_open
    assert receipt.entry.claims is None
    assert receipt.entry.disclosures == ()


def test_there_is_no_receipt_for_a_brand_nobody_made(world, sid):
    with pytest.raises(NotFound):
        world.receipts.token(sid, "nobody", CONFIRMED)
    with pytest.raises(BadToken):
        world.receipts.read(link(world, sid, CONFIRMED, brand="00000000"))


@pytest.mark.parametrize("place", ["another person", "a later entry"])
def test_a_link_to_an_entry_that_was_never_written_is_not_known(world, sid, place):
    token = link(world, sid, 99) if place == "a later entry" else link(world, "A" * 22, 0)
    with pytest.raises(NotFound):
        world.receipts.read(token)


def test_a_confirmation_whose_sign_up_is_not_found_has_no_receipt(world, sid):
    event = world.rows.entries[sid, 0].event
    del world.rows.located[event]
    with pytest.raises(NotFound):
        world.receipts.read(link(world, sid, CONFIRMED))
