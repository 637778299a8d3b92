# SPDX-License-Identifier: Apache-2.0
"""The links in mails, under whatever keys the keeper holds now.

Guarantees that a key added by another process is known here as soon as the keeper tells of it;
old keys verify for ever.
"""

import hmac

from chalicelib.domain.catalog import Brand
from chalicelib.domain.ids import encode_id
from chalicelib.ports.keys import LinkKeys
from chalicelib.proof.sealing import derive
from chalicelib.proof.tokens import DELIVERY_BYTES, LinkPayload, LinkPurpose, TokenKeys

_HKDF_SALT = b"kvitto/links/1"


class LinkTokens:
    """Mints and reads stateless link tokens."""

    def __init__(self, keys: LinkKeys) -> None:
        self._keys = keys
        self._masters: tuple[tuple[int, bytes], ...] = ()
        self._ring: TokenKeys | None = None

    def mint(self, purpose: LinkPurpose, payload: LinkPayload) -> str:
        """Return the token of ``payload`` for ``purpose``.

        Raises:
            DependencyError: the keeper of the keys did not answer.
        """
        return self._current().mint(purpose, payload)

    def read(self, purpose: LinkPurpose, token: str) -> LinkPayload:
        """Return what a token carries.

        Raises:
            BadToken: it was not minted here for ``purpose``.
            DependencyError: the keeper of the keys did not answer.
        """
        return self._current().read(purpose, token)

    def click_head(self, payload: LinkPayload) -> str:
        """Return what every click token of one mail begins with; `proof.tokens.link_text` ends it.

        Raises:
            DependencyError: the keeper of the keys did not answer.
        """
        return self._current().click_head(payload)

    def unsubscribe_url(self, base_url: str, brand: Brand, sid: bytes, delivery: bytes) -> str:
        """Return the address that stops the brand's mail to a subject, for ever.

        Args:
            base_url: public address of the pages, no trailing slash.
            sid: subject id, 16 bytes.
            delivery: delivery id, 12 bytes; zeros when the link is in no delivery.

        Raises:
            DependencyError: the keeper of the keys did not answer.
        """
        payload = LinkPayload(sid=sid, brand=bytes.fromhex(brand.code), delivery=delivery)
        return f"{base_url}/unsubscribe/{self.mint(LinkPurpose.UNSUBSCRIBE, payload)}"

    def unsubscribe_local_part(self, brand: Brand, sid: bytes) -> str:
        """Return what stands before the ``@`` of the address that stops the brand's mail for ever.

        60 characters: of 64 at most, RFC 5321 section 4.5.3.1.1.

        Raises:
            DependencyError: the keeper of the keys did not answer.
        """
        payload = LinkPayload(
            sid=sid, brand=bytes.fromhex(brand.code), delivery=bytes(DELIVERY_BYTES)
        )
        return self.mint(LinkPurpose.MAILTO, payload)

    def blind(self, label: str, text: str) -> str:
        """Return a keyed pseudonym of ``text``, 43 characters, the same until the keys rotate.

        For short-lived counters and comparisons whose key would otherwise hold an address.
        """
        kid, master = self._keys.masters()[0]
        digest = hmac.digest(
            master, f"blind#{kid}#{label}#{text}".encode(errors="surrogatepass"), "sha256"
        )
        return encode_id(digest)

    def derived(self, label: str) -> tuple[bytes, ...]:
        """Return a 32-byte key for ``label`` of each master key, the one to make things with first.

        Raises:
            DependencyError: the keeper of the keys did not answer.
        """
        info = f"kvitto/derived/{label}".encode()
        return tuple(derive(master, _HKDF_SALT, info) for _, master in self._keys.masters())

    def _current(self) -> TokenKeys:
        masters = self._keys.masters()
        if self._ring is None or masters != self._masters:
            self._ring = TokenKeys(masters[0][0], dict(masters))
            self._masters = masters
        return self._ring
