# SPDX-License-Identifier: Apache-2.0
"""Composing one campaign mail for one person: data, footer, headers, tags.

Guarantees that every mail carries RFC 8058 and RFC 2369 headers and a footer with the way out,
and that nothing personal stands in a URL, header or tag.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from chalicelib.domain.campaigns import Campaign, Content, Recipient
from chalicelib.domain.catalog import LANGUAGES, Brand, MailingList
from chalicelib.domain.ids import DELIVERY_ID_BYTES, RANDOM_ID_BYTES, decode_id
from chalicelib.ports.sending import Message, Rendered, Renderer
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.tokens import LinkPayload, LinkPurpose, TokenKeys

SAMPLE_ATTRIBUTES: Mapping[str, JsonValue] = {"first_name": "Kim"}
"""What a test mail is filled with: nobody's data."""


class Composer:
    """Fills a campaign for one recipient."""

    def __init__(self, *, renderer: Renderer, tokens: TokenKeys, base_url: str) -> None:
        self._renderer = renderer
        self._tokens = tokens
        self._base_url = base_url

    def compose(
        self,
        campaign: Campaign,
        brand: Brand,
        mailing_list: MailingList,
        recipient: Recipient,
        profile: Mapping[str, JsonValue],
        chunk: str,
    ) -> Message:
        """Return the finished message; the same inputs give the same bytes.

        Raises:
            InputError: the content cannot be rendered for this person.

        """
        unsubscribe_url = self._unsubscribe_url(
            brand, decode_id(recipient.sid), decode_id(recipient.delivery, DELIVERY_ID_BYTES)
        )
        rendered = self._render(brand, mailing_list, campaign.content, profile, unsubscribe_url)
        return Message(
            to=str(profile["email"]),
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            headers=(
                ("List-Unsubscribe", f"<{unsubscribe_url}>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ("List-Id", f"<{mailing_list.id}.{brand.id}.{urlsplit(self._base_url).hostname}>"),
            ),
            tags=(("c", campaign.id), ("r", recipient.delivery), ("a", chunk)),
        )

    def sample(self, brand: Brand, mailing_list: MailingList, content: Content) -> Rendered:
        """Return the content filled with sample data; its unsubscribe link stops nobody's mail.

        Raises:
            InputError: the content cannot be rendered.

        """
        url = self._unsubscribe_url(brand, bytes(RANDOM_ID_BYTES), bytes(DELIVERY_ID_BYTES))
        profile: Mapping[str, JsonValue] = {
            "attributes": dict(SAMPLE_ATTRIBUTES),
            "language": brand.default_language,
        }
        return self._render(brand, mailing_list, content, profile, url)

    def _render(
        self,
        brand: Brand,
        mailing_list: MailingList,
        content: Content,
        profile: Mapping[str, JsonValue],
        unsubscribe_url: str,
    ) -> Rendered:
        language = profile.get("language")
        attributes = profile.get("attributes")
        return self._renderer.campaign(
            content.subject,
            content.html,
            content.text,
            {
                "language": language if language in LANGUAGES else brand.default_language,
                "attributes": attributes if isinstance(attributes, dict) else {},
                "brand": brand,
                "list": mailing_list,
                "unsubscribe_url": unsubscribe_url,
            },
        )

    def _unsubscribe_url(self, brand: Brand, sid: bytes, delivery: bytes) -> str:
        payload = LinkPayload(sid=sid, brand=bytes.fromhex(brand.code), delivery=delivery)
        return f"{self._base_url}/unsubscribe/{self._tokens.mint(LinkPurpose.UNSUBSCRIBE, payload)}"
