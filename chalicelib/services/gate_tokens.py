# SPDX-License-Identifier: Apache-2.0
"""The gate's own small tokens: when a form was shown, and the step a visitor was asked for.

Guarantees that both are good for the form they were made for only, on every instance, and need
no row. Refuses any other text without saying why.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256

from chalicelib.domain.networks import network_of
from chalicelib.errors import Malformed
from chalicelib.proof import base64url
from chalicelib.proof.canonical import encode
from chalicelib.services.link_tokens import LinkTokens

MS_BYTES = 6
NONCE_BYTES = 12
MAC_BYTES = 16
STEP_LASTS_MS = 3_600_000
"""How long the page of the extra step may stay open."""


class GateTokens:
    """Mints and reads time and step tokens under the link keys."""

    def __init__(self, keys: LinkTokens) -> None:
        self._keys = keys

    def shown(self, form: str, at_ms: int) -> str:
        """Return the token of a form shown at ``at_ms``."""
        time = at_ms.to_bytes(MS_BYTES, "big")
        return base64url.encode(time + _mac(self._keys.derived("shown")[0], [form], time))

    def shown_ms(self, form: str, token: str) -> int | None:
        """Return when the form was shown, Unix milliseconds; None for any other text."""
        time = self._opened("shown", token, [form], MS_BYTES)
        return None if time is None else int.from_bytes(time, "big")

    def step(self, binding: list[str], now_ms: int, nonce: bytes) -> str:
        """Return a step token for what ``binding`` says; 12 random bytes make it single."""
        head = (now_ms + STEP_LASTS_MS).to_bytes(MS_BYTES, "big") + nonce
        return base64url.encode(head + _mac(self._keys.derived("step")[0], binding, head))

    def step_nonce(self, binding: list[str], token: str, now_ms: int) -> str | None:
        """Return what makes the token single; None when it is none, another's, or too old."""
        head = self._opened("step", token, binding, MS_BYTES + NONCE_BYTES)
        if head is None or int.from_bytes(head[:MS_BYTES], "big") < now_ms:
            return None
        return base64url.encode(head[MS_BYTES:])

    def _opened(self, label: str, token: str, binding: list[str], width: int) -> bytes | None:
        try:
            raw = base64url.decode(token, length=width + MAC_BYTES)
        except Malformed:
            return None
        head, mac = raw[:width], raw[width:]
        known = (_mac(key, binding, head) for key in self._keys.derived(label))
        return head if any(hmac.compare_digest(mac, one) for one in known) else None


def step_binding(form: str, network: str, notice: str, fields: Mapping[str, str]) -> list[str]:
    """Return what a step is good for: this form, network, notice and these very values."""
    values = sha256(encode(dict(fields))).hexdigest()
    return [form, network_of(network), notice, values]


def _mac(key: bytes, binding: list[str], head: bytes) -> bytes:
    return hmac.digest(key, encode([*binding]) + head, "sha256")[:MAC_BYTES]
