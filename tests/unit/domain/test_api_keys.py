# SPDX-License-Identifier: Apache-2.0
import hashlib
from itertools import product

import pytest

from chalicelib.domain.api_keys import ApiKey, KeyScope, key_digest
from chalicelib.errors import InputError

K = KeyScope


def key(*scopes: KeyScope, revoked_ms: int | None = None) -> ApiKey:
    return ApiKey(
        id="k",
        name="Test",
        digest="d",
        scopes=frozenset(scopes),
        created_ms=1,
        revoked_ms=revoked_ms,
    )


ALLOWED = {
    (K.READ, K.READ),
    (K.MARKETING, K.READ),
    (K.MARKETING, K.MARKETING),
    (K.COMPLIANCE, K.READ),
    (K.COMPLIANCE, K.COMPLIANCE),
    (K.EVENTS, K.EVENTS),
    (K.ADMIN, K.READ),
    (K.ADMIN, K.EVENTS),
    (K.ADMIN, K.MARKETING),
    (K.ADMIN, K.COMPLIANCE),
    (K.ADMIN, K.ADMIN),
}


@pytest.mark.parametrize(("held", "asked"), list(product(KeyScope, KeyScope)))
def test_a_key_opens_what_its_scope_covers_and_nothing_else(held, asked):
    assert key(held).allows(asked) is ((held, asked) in ALLOWED)


@pytest.mark.parametrize("asked", KeyScope)
def test_a_revoked_key_or_one_without_scopes_opens_nothing(asked):
    assert not key(K.ADMIN, revoked_ms=1).allows(asked)
    assert not key(K.ADMIN, revoked_ms=0).allows(asked)
    assert not key().allows(asked)


def test_only_the_digest_of_a_key_is_kept():
    text = "an-example-key-of-enough-length"
    assert key_digest(text) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "text", ["", "x" * 15, "x" * 257, "x" * 16 + "\n", "x" * 16 + "å", "\x00" * 20]
)
def test_what_cannot_be_a_key_is_refused_without_repeating_it(text):
    with pytest.raises(InputError) as caught:
        key_digest(text)
    assert str(caught.value) == "bad_key: This is not an API key."
