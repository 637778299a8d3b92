# SPDX-License-Identifier: Apache-2.0
"""A campaign's mail filled with sample data: what its author sees, and what a test mail is.

Guarantees that it is made by what makes everybody's mail: compiled, footed and filled alike. Only
its links differ: they lead straight to where they lead in the end, so that nobody's click is
counted, and its way out stops the mail of whom it goes to, or nobody's. Refuses content with an
error in it.
"""

import html
import re
from collections.abc import Callable

from chalicelib.domain.campaigns import Content
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.content import CompiledContent, refuse_errors
from chalicelib.domain.content_document import FrozenContent
from chalicelib.domain.ids import DELIVERY_ID_BYTES, RANDOM_ID_BYTES, SubjectId, decode_id
from chalicelib.ports.campaign_mail import CampaignMails, Reader
from chalicelib.ports.content import ContentCompiler
from chalicelib.ports.sending import Message, Rendered
from chalicelib.proof.tokens import LinkPayload, LinkPurpose, link_text
from chalicelib.services.checkpoint_line import CheckpointLines
from chalicelib.services.declared_fields import DeclaredFields
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.way_out import WayOut

_NOBODYS = "A" * 87
"""Stands for the token of counted links until their addresses are put in their place."""


class Samples:
    """Compiles contents and fills them with sample data."""

    def __init__(
        self,
        *,
        compiler: ContentCompiler,
        mails: CampaignMails,
        fields: DeclaredFields,
        lines: CheckpointLines,
        tokens: LinkTokens,
        way_out: WayOut,
        base_url: str,
    ) -> None:
        self._compiler = compiler
        self._mails = mails
        self._fields = fields
        self._lines = lines
        self._tokens = tokens
        self._way_out = way_out
        self._base_url = base_url

    def compiled(self, brand: Brand, content: Content) -> CompiledContent:
        """Return a content as it would be frozen now, with what its author should know.

        Raises:
            InputError: it cannot be compiled or filled, or has an error; the detail says where.
        """
        compiled = self._compiler.compile(
            content, brand, brand.default_language, fields=self._fields.of(brand.id)
        )
        refuse_errors(compiled.findings, content.kind)
        return compiled

    def sample(self, brand: Brand, mailing_list: MailingList, content: Content) -> Rendered:
        """Return the content filled with sample data; its unsubscribe link stops nobody's mail.

        Raises:
            InputError: as `compiled`.
        """
        way = self._token(LinkPurpose.UNSUBSCRIBE, brand, None)
        return self._filled(brand, mailing_list, content, way, None)

    def mail(
        self,
        brand: Brand,
        mailing_list: MailingList,
        content: Content,
        to: str,
        sid: SubjectId | None,
    ) -> Message:
        """Return a test mail of the content.

        Args:
            to: deliverable address.
            sid: the subscriber it belongs to, whose own mail its link stops; None: nobody's.

        Raises:
            InputError: as `compiled`.
        """
        way = self._token(LinkPurpose.UNSUBSCRIBE, brand, sid)
        rendered = self._filled(brand, mailing_list, content, way, sid)
        headers: tuple[tuple[str, str], ...] = ()
        if sid is not None:
            list_id = self._way_out.list_id(brand, mailing_list)
            headers = self._way_out.headers(brand, list_id, way, decode_id(sid))
        return Message(
            to=to,
            subject=f"[Test] {rendered.subject}",
            html=rendered.html,
            text=rendered.text,
            headers=headers,
        )

    def _filled(
        self,
        brand: Brand,
        mailing_list: MailingList,
        content: Content,
        way: str,
        sid: SubjectId | None,
    ) -> Rendered:
        compiled = self.compiled(brand, content)
        version = self._mails.version(
            FrozenContent(
                subject=compiled.subject,
                html=compiled.html,
                text=compiled.text,
                source_html=content.html,
                kind=content.kind,
            )
        )
        footer = version.footer(
            {
                "language": brand.default_language,
                "brand": brand,
                "list": mailing_list.name,
                "checkpoint": self._lines.latest(),
            }
        )
        reader = Reader(
            values={
                **{name: f"[{name}]" for name in self._fields.of(brand.id)},
                "brand": brand.name,
                "list": mailing_list.name,
            },
            footer=footer,
            unsubscribe=way,
            preferences=self._token(LinkPurpose.PREFERENCES, brand, sid),
        )
        return self._direct(compiled, version.whole(reader, link_token=_NOBODYS, pixel=""))

    def _token(self, purpose: LinkPurpose, brand: Brand, sid: SubjectId | None) -> str:
        subject = bytes(RANDOM_ID_BYTES) if sid is None else decode_id(sid)
        payload = LinkPayload(
            sid=subject, brand=bytes.fromhex(brand.code), delivery=bytes(DELIVERY_ID_BYTES)
        )
        return self._tokens.mint(purpose, payload)

    def _direct(self, compiled: CompiledContent, mail: Rendered) -> Rendered:
        """Put the addresses themselves in the place of counted links."""
        if not compiled.targets:
            return mail
        head = f"{self._base_url}/c/{_NOBODYS}"
        leads = {link_text(number): url for number, url in enumerate(compiled.targets)}
        counted = re.compile(re.escape(head) + "([A-Za-z0-9_-]{3})")

        def put(escape: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
            return lambda found: escape(leads[found[1]]) if found[1] in leads else found[0]

        return Rendered(
            subject=mail.subject,
            html=counted.sub(put(html.escape), mail.html),
            text=counted.sub(put(str), mail.text),
        )
