# SPDX-License-Identifier: Apache-2.0
"""Who is meant: one person, by exactly one selector."""

import pytest

from chalicelib.domain.ids import decode_id
from chalicelib.errors import InputError, NotFound
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.selection import subject_of
from tests.support.world import BASE_URL, World

EMAIL = "reader@example.org"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


def selected(world, **selector):
    return subject_of(selector, world.ledger, world.tokens)


def leave(world, sid):
    code = bytes.fromhex(world.brands.get("demo").code)
    payload = LinkPayload(sid=decode_id(sid), brand=code, delivery=bytes(12))
    return world.tokens.mint(LinkPurpose.UNSUBSCRIBE, payload)


def test_an_address_a_link_its_token_and_an_id_name_the_same_person(world, sid):
    token = leave(world, sid)
    assert selected(world, email=" Reader@Example.org ") == sid
    assert selected(world, token=token) == sid
    assert selected(world, token=f"{BASE_URL}/unsubscribe/{token}/") == sid
    assert selected(world, subscriber=sid, email="") == sid


@pytest.mark.parametrize("selector", [{"email": "other@example.org"}, {"token": "A" * 66}])
def test_an_unknown_address_and_a_link_not_made_here_look_the_same(world, sid, selector):
    with pytest.raises(NotFound, match="Nobody is found by this"):
        selected(world, **selector)


@pytest.mark.parametrize(
    "selector", [{}, {"email": ""}, {"email": EMAIL, "subscriber": "A" * 22}, {"subscriber": "x"}]
)
def test_not_exactly_one_well_formed_selector_is_refused(world, selector):
    with pytest.raises(InputError):
        selected(world, **selector)
