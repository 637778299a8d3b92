# SPDX-License-Identifier: Apache-2.0
"""Link tokens that need no row and never expire, and the hash under which a confirm token waits.

Guarantees that a token shows nothing of the person, the brand or the mail to anybody without the
key, has exactly one spelling (in an address, capitals aside), and is good for one purpose. Refuses
everything else with the same `BadToken`, whatever the reason, so that a forger learns nothing. Of a
click token everybody may read and change the number of the link, and nothing else.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from chalicelib.errors import BadToken, FatalError, Malformed
from chalicelib.proof import base64url
from chalicelib.proof.sealing import SID_BYTES, derive

MASTER_KEY_BYTES: Final = 32
BRAND_BYTES: Final = 4
DELIVERY_BYTES: Final = 12
CAMPAIGN_BYTES: Final = 16
LINK_BYTES: Final = 2
MAX_LINK: Final = 65_535
LINK_CHARACTERS: Final = 3
"""What `link_text` returns is so long."""
CONFIRM_BYTES: Final = 32
MAX_KEY_ID: Final = 255
_SIV_BYTES: Final = 16
_HKDF_SALT: Final = b"kvitto/links/1"


class LinkPurpose(StrEnum):
    """What a link in a mail is for; each has a key of its own.

    ``mailto`` stands before the ``@`` of an address: no delivery, and base32 (RFC 4648 section 6)
    in small letters, because a local part has 64 characters at most and servers change its case.
    """

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    VIEW = "view"
    CLICK = "click"
    OPEN = "open"
    RECEIPT = "receipt"
    MAILTO = "mailto"


_WITH_CAMPAIGN: Final = frozenset({LinkPurpose.VIEW, LinkPurpose.CLICK, LinkPurpose.OPEN})
_SUBJECT_BYTES: Final = SID_BYTES + BRAND_BYTES + DELIVERY_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPayload:
    """What a token carries.

    Attributes:
        sid: subject id, 16 bytes.
        brand: the brand's code, 4 bytes.
        delivery: delivery id, 12 bytes; zeros when the link is in no delivery. In a receipt link,
            the number of the entry in the subject's chain instead: see `of_entry`.
        campaign: campaign (later: journey step or message) id, 16 bytes; exactly for view, click
            and open, which must find the frozen content after the delivery row is gone.
        link: number of the link in that content, 0 to 65,535; exactly for click, where it stands
            behind what is sealed.
    """

    sid: bytes
    brand: bytes
    delivery: bytes
    campaign: bytes | None = None
    link: int | None = None

    def __post_init__(self) -> None:
        """Refuse any width but the fixed one."""
        widths = (len(self.sid), len(self.brand), len(self.delivery))
        if widths != (SID_BYTES, BRAND_BYTES, DELIVERY_BYTES):
            raise FatalError("a link payload has a field of the wrong width")
        if self.campaign is not None and len(self.campaign) != CAMPAIGN_BYTES:
            raise FatalError("a link payload has a campaign of the wrong width")
        if self.link is not None and not 0 <= self.link <= MAX_LINK:
            raise FatalError("a link number is 0 to 65,535")

    @classmethod
    def of_entry(cls, sid: bytes, brand: bytes, entry: int) -> Self:
        """What a receipt link carries: entry number `entry` (from 0) of the subject's chain."""
        return cls(sid=sid, brand=brand, delivery=entry.to_bytes(DELIVERY_BYTES, "big"))

    @property
    def entry(self) -> int:
        """The number of the entry that a receipt link names."""
        return int.from_bytes(self.delivery, "big")


class TokenKeys:
    """The ring of link keys: one mints, all verify for ever.

    Args:
        current: id of the key that mints, 0 to 255.
        masters: 32-byte master key by key id; must hold `current`.

    Raises:
        FatalError: an id or a key is out of range, or `current` is missing.
    """

    def __init__(self, current: int, masters: Mapping[int, bytes]) -> None:
        """Derive one AES-SIV key for each master and purpose."""
        if current not in masters or not all(0 <= kid <= MAX_KEY_ID for kid in masters):
            raise FatalError("a link key id is 0 to 255 and the current one must be present")
        if any(len(master) != MASTER_KEY_BYTES for master in masters.values()):
            raise FatalError("a link master key is 32 bytes")
        self._current = current
        self._ciphers = {
            (kid, purpose): AESSIV(_purpose_key(master, purpose))
            for kid, master in masters.items()
            for purpose in LinkPurpose
        }

    def __repr__(self) -> str:
        """Name the class and the current key id only: a traceback must not print a key."""
        return f"TokenKeys(current={self._current})"

    def mint(self, purpose: LinkPurpose, payload: LinkPayload) -> str:
        """The token of `payload` for `purpose`: ASCII, URL-safe, of a width fixed by the purpose.

        Raises:
            FatalError: the payload has or lacks `campaign` or `link` for this purpose.
        """
        if purpose is not LinkPurpose.CLICK:
            return self._seal(purpose, payload)
        if payload.link is None:
            raise FatalError("a click link has a number")
        return self.click_head(replace(payload, link=None)) + link_text(payload.link)

    def click_head(self, payload: LinkPayload) -> str:
        """What every click token of one mail begins with, 87 characters: sealed once a person.

        Followed by the `link_text` of a link it is that link's click token.

        Raises:
            FatalError: the payload has no `campaign`, or a `link`.
        """
        return self._seal(LinkPurpose.CLICK, payload)

    def read(self, purpose: LinkPurpose, token: str) -> LinkPayload:
        """The payload of a token minted for `purpose` under any key of the ring.

        Raises:
            BadToken: anything else: other text, width, purpose or key, or one bit changed. In a
                click token the number of the link is nobody's secret: it may be any there is.
        """
        sealed, number = token, ""
        if purpose is LinkPurpose.CLICK:
            sealed, number = token[:-LINK_CHARACTERS], token[-LINK_CHARACTERS:]
        try:
            link = base64url.decode(number, length=LINK_BYTES) if number else None
            raw = _decode(purpose, sealed)
            plaintext = self._ciphers[raw[0], purpose].decrypt(raw[1:], [raw[:1]])
        except (Malformed, KeyError, InvalidTag):
            raise BadToken from None
        return _unpack(purpose, plaintext, link)

    def _seal(self, purpose: LinkPurpose, payload: LinkPayload) -> str:
        plaintext = _pack(purpose, payload)
        kid = bytes([self._current])
        sealed = self._ciphers[self._current, purpose].encrypt(plaintext, [kid])
        return _encode(purpose, kid + sealed)


def link_text(link: int) -> str:
    """Link number `link` as it stands at the end of a click token: base64url of its two bytes.

    Example:
        >>> link_text(1)
        'AAE'

    Raises:
        FatalError: not 0 to 65,535.
    """
    if not 0 <= link <= MAX_LINK:
        raise FatalError("a link number is 0 to 65,535")
    return base64url.encode(link.to_bytes(LINK_BYTES, "big"))


def new_confirm_token(random32: bytes) -> tuple[str, str]:
    """A confirmation token and the hash under which it is stored.

    Args:
        random32: 32 fresh random bytes.

    Returns:
        The 43-character text that goes into the mail, and the SHA-256 hex of the 32 bytes.

    Raises:
        FatalError: not 32 bytes.
    """
    if len(random32) != CONFIRM_BYTES:
        raise FatalError("a confirmation token is 32 random bytes")
    return base64url.encode(random32), sha256(random32).hexdigest()


def confirm_token_hash(text: str) -> str:
    """The SHA-256 hex under which the token `text` would be stored.

    Raises:
        BadToken: not the one base64url spelling of 32 bytes.
    """
    try:
        return sha256(base64url.decode(text, length=CONFIRM_BYTES)).hexdigest()
    except Malformed:
        raise BadToken from None


def _purpose_key(master: bytes, purpose: LinkPurpose) -> bytes:
    """64 bytes for AES-256-SIV: two expansions, told apart by their last byte."""
    info = b"kvitto/link/" + purpose.value.encode("ascii")
    return derive(master, _HKDF_SALT, info + b"/0") + derive(master, _HKDF_SALT, info + b"/1")


def _width(purpose: LinkPurpose) -> int:
    """Sealed bytes of a purpose's payload."""
    if purpose is LinkPurpose.MAILTO:
        return SID_BYTES + BRAND_BYTES
    return _SUBJECT_BYTES + (CAMPAIGN_BYTES if purpose in _WITH_CAMPAIGN else 0)


def _encode(purpose: LinkPurpose, raw: bytes) -> str:
    if purpose is not LinkPurpose.MAILTO:
        return base64url.encode(raw)
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def _decode(purpose: LinkPurpose, token: str) -> bytes:
    length = 1 + _SIV_BYTES + _width(purpose)
    if purpose is not LinkPurpose.MAILTO:
        return base64url.decode(token, length=length)
    text = token.upper()
    # `upper` makes "SS" of a sharp s: only ASCII has capitals that mean the same.
    if not token.isascii() or "=" in text or len(text) != -(-length * 8 // 5):
        raise Malformed("not a token in an address")
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise Malformed("not base32") from None
    if base64.b32encode(raw).decode("ascii").rstrip("=") != text:
        raise Malformed("a second spelling")
    return raw


def _pack(purpose: LinkPurpose, payload: LinkPayload) -> bytes:
    if purpose is LinkPurpose.MAILTO:
        if any(payload.delivery) or payload.campaign is not None or payload.link is not None:
            raise FatalError("an address has a subject and a brand alone")
        return payload.sid + payload.brand
    packed = payload.sid + payload.brand + payload.delivery
    if payload.campaign is not None:
        packed += payload.campaign
    # A link's number is never sealed: `mint` takes it off first.
    if (payload.campaign is not None) != (purpose in _WITH_CAMPAIGN) or payload.link is not None:
        raise FatalError(f"a {purpose} link has other fields")
    return packed


def _unpack(purpose: LinkPurpose, packed: bytes, link: bytes | None) -> LinkPayload:
    brand, delivery = SID_BYTES, SID_BYTES + BRAND_BYTES
    if purpose is LinkPurpose.MAILTO:
        return LinkPayload(sid=packed[:brand], brand=packed[brand:], delivery=bytes(DELIVERY_BYTES))
    return LinkPayload(
        sid=packed[:brand],
        brand=packed[brand:delivery],
        delivery=packed[delivery:_SUBJECT_BYTES],
        campaign=packed[_SUBJECT_BYTES:] if purpose in _WITH_CAMPAIGN else None,
        link=None if link is None else int.from_bytes(link, "big"),
    )
