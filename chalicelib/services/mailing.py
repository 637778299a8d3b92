# SPDX-License-Identifier: Apache-2.0
"""Composing one campaign mail for one person: data, footer, headers, tags.

Guarantees that every mail carries RFC 8058 and RFC 2369 headers and a footer with the way out,
and that nothing personal stands in a URL, header or tag.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from chalicelib.domain.campaigns import Campaign, Content, Recipient
from chalicelib.domain.catalog import LANGUAGES, Brand, MailingList
from chalicelib.domain.forms import FieldType
from chalicelib.domain.ids import DELIVERY_ID_BYTES, RANDOM_ID_BYTES, SubjectId, decode_id
from chalicelib.ports.catalog import Forms
from chalicelib.ports.sending import Message, Rendered, Renderer
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue
from chalicelib.services.checkpoint_line import CheckpointLine, CheckpointLines
from chalicelib.services.link_tokens import LinkTokens

DECLARED_FOR_MS = 60_000
"""How long the names of form fields are remembered, milliseconds."""
MAX_FORMS = 100
"""Forms of the installation whose fields are looked at: one page of them."""


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
    ) -> None:
        self._renderer = renderer
        self._tokens = tokens
        self._forms = forms
        self._lines = lines
        self._clock = clock
        self._base_url = base_url
        self._declared: dict[str, tuple[int, frozenset[str]]] = {}

    def checkpoint(self) -> CheckpointLine | None:
        """Return the log's head for the mails of one chunk: read it once, not for each person.

        Raises:
            DependencyError: it cannot be read.

        """
        return self._lines.latest()

    def compose(
        self,
        campaign: Campaign,
        brand: Brand,
        mailing_list: MailingList,
        recipient: Recipient,
        profile: Mapping[str, JsonValue],
        chunk: str,
        checkpoint: CheckpointLine | None,
    ) -> Message:
        """Return the finished message; the same inputs give the same bytes.

        Raises:
            InputError: the content cannot be rendered for this person.

        """
        unsubscribe_url = self._unsubscribe_url(
            brand, decode_id(recipient.sid), decode_id(recipient.delivery, DELIVERY_ID_BYTES)
        )
        rendered = self._render(
            brand, mailing_list, campaign.content, profile, unsubscribe_url, checkpoint
        )
        return Message(
            to=str(profile["email"]),
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            headers=self._headers(brand, mailing_list, unsubscribe_url),
            tags=(("c", campaign.id), ("r", recipient.delivery), ("a", chunk)),
        )

    def _headers(
        self, brand: Brand, mailing_list: MailingList, unsubscribe_url: str
    ) -> tuple[tuple[str, str], ...]:
        return (
            ("List-Unsubscribe", f"<{unsubscribe_url}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("List-Id", f"<{mailing_list.id}.{brand.id}.{urlsplit(self._base_url).hostname}>"),
        )

    def sample(self, brand: Brand, mailing_list: MailingList, content: Content) -> Rendered:
        """Return the content filled with sample data; its unsubscribe link stops nobody's mail.

        Raises:
            InputError: the content cannot be rendered.

        """
        return self._sample(brand, mailing_list, content, self._sample_url(brand, None))

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
        url = self._sample_url(brand, sid)
        rendered = self._sample(brand, mailing_list, content, url)
        return Message(
            to=to,
            subject=f"[Test] {rendered.subject}",
            html=rendered.html,
            text=rendered.text,
            headers=self._headers(brand, mailing_list, url) if sid else (),
        )

    def _sample_url(self, brand: Brand, sid: SubjectId | None) -> str:
        subject = bytes(RANDOM_ID_BYTES) if sid is None else decode_id(sid)
        return self._unsubscribe_url(brand, subject, bytes(DELIVERY_ID_BYTES))

    def _sample(
        self, brand: Brand, mailing_list: MailingList, content: Content, url: str
    ) -> Rendered:
        profile: Mapping[str, JsonValue] = {
            "attributes": {name: f"[{name}]" for name in self._fields(brand)},
            "language": brand.default_language,
        }
        return self._render(brand, mailing_list, content, profile, url, self.checkpoint())

    def _render(
        self,
        brand: Brand,
        mailing_list: MailingList,
        content: Content,
        profile: Mapping[str, JsonValue],
        unsubscribe_url: str,
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
                    **dict.fromkeys(self._fields(brand), ""),
                    **(attributes if isinstance(attributes, dict) else {}),
                },
                "brand": brand,
                "list": mailing_list.name,
                "unsubscribe_url": unsubscribe_url,
                "checkpoint": checkpoint,
            },
        )

    def _fields(self, brand: Brand) -> frozenset[str]:
        """Names of the fields the brand's forms ask for."""
        now_ms = self._clock.now_ms()
        known = self._declared.get(brand.id)
        if known is None or now_ms - known[0] > DECLARED_FOR_MS:
            forms = self._forms.page(None, MAX_FORMS).items
            names = frozenset(
                field.name
                for form in forms
                if form.brand == brand.id
                for field in form.fields
                if field.type is not FieldType.EMAIL
            )
            known = self._declared[brand.id] = (now_ms, names)
        return known[1]

    def _unsubscribe_url(self, brand: Brand, sid: bytes, delivery: bytes) -> str:
        return self._tokens.unsubscribe_url(self._base_url, brand, sid, delivery)
