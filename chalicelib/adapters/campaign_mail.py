# SPDX-License-Identifier: Apache-2.0
"""`ports.campaign_mail` over `adapters.split_mail`, with our own footer in every mail.

Guarantees what those two do; that a footer is rendered once for all who read its language; and
that nothing of a version is held here: who asked for it keeps it, or lets it go.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, cast

from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.dead_links import dead_html, dead_text
from chalicelib.adapters.mail_trial import SubjectTrial
from chalicelib.adapters.split_mail import (
    PREFERENCES_MARK,
    UNSUBSCRIBE_MARK,
    Call,
    Footer,
    Fragments,
    Heads,
    Person,
    SplitMail,
)
from chalicelib.adapters.static_text import Static
from chalicelib.domain.content_document import FrozenContent
from chalicelib.ports.campaign_mail import Chosen, Filled, MailVersion, Reader, Trial
from chalicelib.ports.sending import Rendered, Renderer

_NOBODYS: Final = "A" * 87
"""Stands for tokens where nothing leads anywhere; it is as wide as the widest of them."""


class SplitVersion:
    """`MailVersion` of one split mail."""

    def __init__(self, mail: SplitMail, renderer: Renderer, heads: Heads) -> None:
        self._mail = mail
        self._renderer = renderer
        self._heads = heads

    def footer(self, data: Mapping[str, object]) -> object:
        """Return the footer for all who read one language."""
        ways = {
            "unsubscribe_url": self._heads.unsubscribe + UNSUBSCRIBE_MARK,
            "preferences_url": self._heads.preferences + PREFERENCES_MARK,
        }
        return Footer.of(
            self._renderer.page("emails/campaign_footer.html", {**data, **ways}),
            self._renderer.page("emails/campaign_footer.txt", {**data, **ways}),
        )

    def prepare(self, reader: Reader) -> object:
        """Return the person's fragments; `InputError` where they cannot be rendered."""
        return self._mail.prepare(_person(reader))

    def call(self, chosen: Sequence[Chosen]) -> Filled:
        """Return what carries 1 to 50 mails to SES."""
        call = self._mail.call(
            [
                self._mail.finish(
                    cast("Fragments", each.prepared), token=each.link_token, pixel=each.pixel
                )
                for each in chosen
            ]
        )
        return Filled(static=call.static, data=call.data)

    def whole(self, reader: Reader, *, link_token: str, pixel: str) -> Rendered:
        """Return ``reader``'s mail rendered whole."""
        return self._mail.full(_person(reader), token=link_token, pixel=pixel)

    def shown(self, values: Mapping[str, object], footer: object) -> Rendered:
        """Return a mail to be looked at: nothing in it leads anywhere."""
        reader = Reader(values=values, footer=footer, unsubscribe=_NOBODYS, preferences=_NOBODYS)
        mail = self.whole(reader, link_token=_NOBODYS, pixel="")
        return Rendered(subject=mail.subject, html=dead_html(mail.html), text=dead_text(mail.text))

    def proves(self, filled: Filled, reader: Reader, chosen: Chosen) -> bool:
        """Say whether the first mail of a call is ``reader``'s rendered whole."""
        call = Call(static=cast("Static", filled.static), data=(dict(filled.data[0]),))
        return self._mail.proves(call, _person(reader), token=chosen.link_token, pixel=chosen.pixel)


class SplitCampaignMails:
    """`CampaignMails` by splitting.

    Args:
        renderer: of our own templates.
        base_url: public address of the pages, no trailing slash.
    """

    def __init__(self, renderer: Renderer, base_url: str) -> None:
        self._renderer = renderer
        self._heads = Heads(
            unsubscribe=f"{base_url}/unsubscribe/", preferences=f"{base_url}/preferences/"
        )

    def version(self, content: FrozenContent) -> MailVersion:
        """Return ``content`` ready to fill; `InputError` where a rule of today forbids it."""
        # Sandboxes of its own: what they remember of a version goes with it.
        split = CampaignTemplates().split(content.subject, content.html, content.text, self._heads)
        return SplitVersion(split, self._renderer, self._heads)

    def trial(self, content: FrozenContent, fields: Collection[str], token: str) -> Trial:
        """Return ``content`` ready to try; `InputError` as `version`."""
        return SubjectTrial(content, fields, self._heads, token)


def _person(reader: Reader) -> Person:
    return Person(
        values=reader.values,
        footer=cast("Footer", reader.footer),
        unsubscribe=reader.unsubscribe,
        preferences=reader.preferences,
    )
