# SPDX-License-Identifier: Apache-2.0
"""API keys: made, shown once, checked, revoked.

Guarantees that a key's text is stored nowhere, and that a revoked key opens nothing again.
"""

from collections.abc import Iterable
from dataclasses import replace

from chalicelib.domain.api_keys import ApiKey, KeyScope, key_digest
from chalicelib.domain.ids import RANDOM_ID_BYTES, encode_id
from chalicelib.errors import InputError, NotFound
from chalicelib.ports.catalog import ApiKeys, Page
from chalicelib.ports.system import Clock, RandomBytes

KEY_RANDOM_BYTES = 32
PREFIX = "kv_"


class KeyRing:
    """The installation's API keys."""

    def __init__(self, *, keys: ApiKeys, clock: Clock, random: RandomBytes) -> None:
        self._keys = keys
        self._clock = clock
        self._random = random

    def create(
        self, name: str, scopes: Iterable[KeyScope], text: str | None = None
    ) -> tuple[str, ApiKey]:
        """Store a new key and return its text, which is never shown again, with the stored key.

        Args:
            text: use this text (the local stack's ``LOCAL_API_KEY``) and not 256 fresh bits.

        Raises:
            InputError: an empty name, no scope, or a text that cannot be a key.
            Conflict: the text is a key already.
        """
        kept = frozenset(scopes)
        if not name.strip() or not name.isprintable() or not kept:
            raise InputError(code="bad_key", detail="A key has a name and at least one scope.")
        shown = text or PREFIX + encode_id(self._random(KEY_RANDOM_BYTES))
        key = ApiKey(
            id=encode_id(self._random(RANDOM_ID_BYTES)),
            name=name.strip(),
            digest=key_digest(shown),
            scopes=kept,
            created_ms=self._clock.now_ms(),
        )
        self._keys.create(key)
        return shown, key

    def authenticate(self, text: str) -> ApiKey | None:
        """Return the live key with this text, or None."""
        try:
            digest = key_digest(text)
        except InputError:
            return None
        key = self._keys.by_digest(digest)
        return key if key is not None and key.revoked_ms is None else None

    def get(self, key_id: str) -> ApiKey:
        """Return a stored key.

        Raises:
            NotFound: there is no such key.
        """
        key = self._keys.get(key_id)
        if key is None:
            raise NotFound("There is no such API key.")
        return key

    def page(self, cursor: str | None, limit: int) -> Page[ApiKey]:
        """Return one page of keys, revoked ones among them."""
        return self._keys.page(cursor, limit)

    def revoke(self, key_id: str) -> ApiKey:
        """End a key; repeating is harmless.

        Raises:
            NotFound: there is no such key.
        """
        key = self.get(key_id)
        if key.revoked_ms is not None:
            return key
        revoked = replace(key, revoked_ms=self._clock.now_ms())
        self._keys.replace(revoked)
        return revoked
