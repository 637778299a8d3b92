# SPDX-License-Identifier: Apache-2.0
"""What mail programs offer a way out by: the headers of every mail to somebody on a list.

Guarantees the headers of RFC 8058, RFC 2369 and RFC 2919, and nothing personal in any of them.
"""

from typing import Final
from urllib.parse import urlsplit

from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.services.link_tokens import LinkTokens

ONE_CLICK: Final = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


class WayOut:
    """Makes the headers."""

    def __init__(self, *, tokens: LinkTokens, base_url: str, inbound_domain: str = "") -> None:
        self._tokens = tokens
        self._base_url = base_url
        self._inbound_domain = inbound_domain

    def list_id(self, brand: Brand, mailing_list: MailingList) -> tuple[str, str]:
        """Return the header that names the list, the same for everybody on it."""
        host = urlsplit(self._base_url).hostname
        return ("List-Id", f"<{mailing_list.id}.{brand.id}.{host}>")

    def headers(
        self, brand: Brand, list_id: tuple[str, str], unsubscribe: str, sid: bytes
    ) -> tuple[tuple[str, str], ...]:
        """Return a person's headers: the page first, then the address if there is one.

        Args:
            list_id: what `list_id` returned.
            unsubscribe: the person's token.
            sid: subject id, 16 bytes.

        Raises:
            DependencyError: the keeper of the links' keys did not answer.

        Source: RFC 8058 section 3.1 (one HTTPS URI, others may stand beside it); RFC 2369
        section 3.2; RFC 2919 section 3.
        """
        ways = f"<{self._base_url}/unsubscribe/{unsubscribe}>"
        if self._inbound_domain:
            local_part = self._tokens.unsubscribe_local_part(brand, sid)
            ways += f", <mailto:{local_part}@{self._inbound_domain}>"
        return (("List-Unsubscribe", ways), ONE_CLICK, list_id)
