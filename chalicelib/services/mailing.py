# SPDX-License-Identifier: Apache-2.0
"""Composing one campaign mail for one person: data, footer, headers, tags.

Guarantees that every mail carries RFC 8058 and RFC 2369 headers and a footer with the way out,
and that nothing personal stands in a URL, header or tag.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from chalicelib.domain.campaigns import ChunkRef, Content, Recipient
from chalicelib.domain.catalog import LANGUAGES, Brand, MailingList
from chalicelib.domain.ids import DELIVERY_ID_BYTES, RANDOM_ID_BYTES, SubjectId, decode_id
from chalicelib.ports.catalog import Forms
from chalicelib.ports.sending import Message, Rendered, Renderer
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue
from chalicelib.services.checkpoint_line import CheckpointLine, CheckpointLines
from chalicelib.services.declared_fields import DeclaredFields
from chalicelib.services.link_tokens import LinkTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The addresses in every footer: the way out, and the way to one's own choices and data."""

    unsubscribe: str
    preferences: str


class Composer:
    """Fills a campaign for one recipient.

    A field that a form of the brand asks for, and that this person left out, is empty in their
    mail; any other unknown name is an error when the campaign is written.
    """

    def __init__(
        self,
        *,
        renderer: Renderer,
        tokens: LinkTokens,
        forms: Forms,
        lines: CheckpointLines,
        clock: Clock,
        base_url: str,
        inbound_domain: str = "",
    ) -> None:
        self._renderer = renderer
        self._tokens = tokens
        self._fields = DeclaredFields(forms, clock)
        self._lines = lines
        self._base_url = base_url
        self._inbound_domain = inbound_domain

    def checkpoint(self) -> CheckpointLine | None:
        """Return the log's head for the mails of one chunk: read it once, not for each person.

        Raises:
            DependencyError: it cannot be read.

        """
        return self._lines.latest()

    def compose(
        self,
        content: Content,
        brand: Brand,
        mailing_list: MailingList,
        recipient: Recipient,
        profile: Mapping[str, JsonValue],
        chunk: ChunkRef,
        checkpoint: CheckpointLine | None,
    ) -> Message:
        """Return the finished message; the same inputs give the same bytes.

        Raises:
            InputError: the content cannot be rendered for this person.

        """
        ways = self._ways(
            brand, decode_id(recipient.sid), decode_id(recipient.delivery, DELIVERY_ID_BYTES)
        )
        rendered = self._render(brand, mailing_list, content, profile, ways, checkpoint)
        return Message(
            to=str(profile["email"]),
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            headers=self._headers(brand, mailing_list, ways.unsubscribe, decode_id(recipient.sid)),
            tags=(("c", chunk.campaign), ("r", recipient.delivery), ("a", chunk.name)),
        )

    def _headers(
        self, brand: Brand, mailing_list: MailingList, unsubscribe_url: str, sid: bytes
    ) -> tuple[tuple[str, str], ...]:
        """What mail programs offer a way out by: the page first, then the address if there is one.

        Source: RFC 8058 section 3.1 (one HTTPS URI, others may stand beside it); RFC 2369
        section 3.2; RFC 2919 section 3.
        """
        ways = [f"<{unsubscribe_url}>"]
        if self._inbound_domain:
            local_part = self._tokens.unsubscribe_local_part(brand, sid)
            ways.append(f"<mailto:{local_part}@{self._inbound_domain}>")
        return (
            ("List-Unsubscribe", ", ".join(ways)),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("List-Id", f"<{mailing_list.id}.{brand.id}.{urlsplit(self._base_url).hostname}>"),
        )

    def sample(self, brand: Brand, mailing_list: MailingList, content: Content) -> Rendered:
        """Return the content filled with sample data; its unsubscribe link stops nobody's mail.

        Raises:
            InputError: the content cannot be rendered.

        """
        return self._sample(brand, mailing_list, content, self._sample_ways(brand, None))

    def sample_mail(
        self,
        brand: Brand,
        mailing_list: MailingList,
        content: Content,
        to: str,
        sid: SubjectId | None,
    ) -> Message:
        """Return a test mail of the content, filled with sample data.

        Args:
            to: deliverable address.
            sid: the subscriber it belongs to, whose own mail its link stops; None: nobody's.

        Raises:
            InputError: the content cannot be rendered.

        """
        ways = self._sample_ways(brand, sid)
        rendered = self._sample(brand, mailing_list, content, ways)
        headers: tuple[tuple[str, str], ...] = ()
        if sid is not None:
            headers = self._headers(brand, mailing_list, ways.unsubscribe, decode_id(sid))
        return Message(
            to=to,
            subject=f"[Test] {rendered.subject}",
            html=rendered.html,
            text=rendered.text,
            headers=headers,
        )

    def _sample_ways(self, brand: Brand, sid: SubjectId | None) -> Ways:
        subject = bytes(RANDOM_ID_BYTES) if sid is None else decode_id(sid)
        return self._ways(brand, subject, bytes(DELIVERY_ID_BYTES))

    def _sample(
        self, brand: Brand, mailing_list: MailingList, content: Content, ways: Ways
    ) -> Rendered:
        profile: Mapping[str, JsonValue] = {
            "attributes": {name: f"[{name}]" for name in self._fields.of(brand.id)},
            "language": brand.default_language,
        }
        return self._render(brand, mailing_list, content, profile, ways, self.checkpoint())

    def _render(
        self,
        brand: Brand,
        mailing_list: MailingList,
        content: Content,
        profile: Mapping[str, JsonValue],
        ways: Ways,
        checkpoint: CheckpointLine | None,
    ) -> Rendered:
        language = profile.get("language")
        attributes = profile.get("attributes")
        return self._renderer.campaign(
            content.subject,
            content.html,
            content.text,
            {
                "language": language if language in LANGUAGES else brand.default_language,
                "attributes": {
                    **dict.fromkeys(self._fields.of(brand.id), ""),
                    **(attributes if isinstance(attributes, dict) else {}),
                },
                "brand": brand,
                "list": mailing_list.name,
                "unsubscribe_url": ways.unsubscribe,
                "preferences_url": ways.preferences,
                "checkpoint": checkpoint,
            },
        )

    def _ways(self, brand: Brand, sid: bytes, delivery: bytes) -> Ways:
        return Ways(
            unsubscribe=self._tokens.unsubscribe_url(self._base_url, brand, sid, delivery),
            preferences=self._tokens.preferences_url(self._base_url, brand, sid, delivery),
        )
