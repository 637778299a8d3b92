# SPDX-License-Identifier: Apache-2.0
"""The console's session: a signed statement of which key opened it and until when.

Guarantees that no row is kept, that the cookie holds no key, and that a revoked key's sessions
end with it, because the key is looked up every time. Its signing key is derived from the link
master keys for this one purpose, so it can never make a link token.

Source: RFC 6265 section 4.1.2; RFC 2104.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

LIFE_S = 8 * 3600
COOKIE = "kvitto_console"
_PURPOSE = b"kvitto/console-session/1"
_FORM_PURPOSE = b"kvitto/console-form/1"
_KEY_ID_BYTES = 16
_EXPIRY_BYTES = 8
_MAC_BYTES = 32
_SIGNED_BYTES = 1 + _EXPIRY_BYTES + _KEY_ID_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session whose signature holds and whose time has not come. ``key_id`` as base64url."""

    key_id: str
    expires_s: int


def mint(masters: Sequence[tuple[int, bytes]], key_id: str, now_ms: int) -> str:
    """Return the cookie value of a session that lives for `LIFE_S` seconds.

    Args:
        masters: (key id, 32-byte master key) pairs, the one in use first.
        key_id: id of the API key that opened it, 22 characters of base64url.
    """
    number, master = masters[0]
    expiry = now_ms // 1000 + LIFE_S
    signed = bytes([number]) + expiry.to_bytes(_EXPIRY_BYTES, "big") + _decoded(key_id)
    return _encoded(signed + _mac(master, signed))


def read(masters: Sequence[tuple[int, bytes]], value: str, now_ms: int) -> OpenSession | None:
    """Return the session in a cookie value; None when it is forged, altered or over."""
    try:
        raw = _decoded(value)
    except (binascii.Error, ValueError):
        return None
    signed, mac = raw[:_SIGNED_BYTES], raw[_SIGNED_BYTES:]
    if len(raw) != _SIGNED_BYTES + _MAC_BYTES:
        return None
    master = dict(masters).get(raw[0])
    if master is None or not hmac.compare_digest(mac, _mac(master, signed)):
        return None
    expires_s = int.from_bytes(signed[1 : 1 + _EXPIRY_BYTES], "big")
    if now_ms >= expires_s * 1000:
        return None
    return OpenSession(key_id=_encoded(signed[1 + _EXPIRY_BYTES :]), expires_s=expires_s)


def cookie_of(header: str) -> str | None:
    """Return the session's value in a Cookie header, or None."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return None


def set_cookie(value: str, *, secure: bool) -> str:
    """Return the Set-Cookie header that begins a session; an empty value ends it."""
    life = LIFE_S if value else 0
    flags = "; Secure" if secure else ""
    return f"{COOKIE}={value}; Max-Age={life}; Path=/console; HttpOnly; SameSite=Strict{flags}"


def form_token(masters: Sequence[tuple[int, bytes]], value: str) -> str:
    """Return what the forms of one session carry: another site cannot know it.

    Args:
        value: the cookie value of a session that was just read.
    """
    master = dict(masters)[_decoded(value)[0]]
    return _encoded(_mac(master, value.encode("ascii"), _FORM_PURPOSE))


def _mac(master: bytes, signed: bytes, purpose: bytes = _PURPOSE) -> bytes:
    purpose_key = hmac.digest(master, purpose, sha256)
    return hmac.digest(purpose_key, signed, sha256)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
