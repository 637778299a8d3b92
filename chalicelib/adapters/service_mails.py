# SPDX-License-Identifier: Apache-2.0
"""Mails of a service, from an operator's templates: the sandbox of campaigns, another footer.

Guarantees that the footer with controller and reason stands in every mail, that no link is counted
and no pixel added, and that the same words and data give the same mail. What helps phones and
readers is added as it is to campaigns. Refuses what the sandbox refuses.

Specification: docs/spec/sending.md §12, docs/spec/content.md.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import meta

from chalicelib.adapters.campaign_templates import CACHED_VERSIONS, CampaignTemplates
from chalicelib.adapters.css import inline_css
from chalicelib.adapters.jinja_masks import mask
from chalicelib.adapters.jinja_nesting import refuse_deep
from chalicelib.adapters.jinja_raw import without_raw
from chalicelib.adapters.mail_additions import additions
from chalicelib.adapters.mail_edits import PIXEL, edited
from chalicelib.adapters.markup import Kind, scan
from chalicelib.adapters.markup_reader import read_mail
from chalicelib.adapters.open_elements import OpenElements
from chalicelib.adapters.sandbox import Sandbox
from chalicelib.adapters.template_rules import broken
from chalicelib.domain.catalog import Brand
from chalicelib.domain.content import Finding, Part, collected
from chalicelib.domain.content_lint import lint
from chalicelib.domain.foreign_tags import foreign_tags
from chalicelib.domain.mail_markup import Mail
from chalicelib.domain.senders import sender_findings
from chalicelib.domain.templates import Words
from chalicelib.errors import InputError
from chalicelib.ports.sending import Rendered, Renderer

_PART: Final = "HTML"
_UNFINISHED: Final = "A tag or comment that opens here is not closed."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """The HTML of a template as it is filled, and as its checks read it."""

    html: str
    mail: Mail


class SandboxedServiceMails:
    """The `ServiceMails` port.

    Args:
        renderer: of our own templates, for the footer.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._templates = CampaignTemplates()
        self._markup = Sandbox(autoescape=True)
        self._words = Sandbox(autoescape=False)
        self._made: dict[tuple[str, str], _Ready] = {}

    def check(self, words: Words, brand: Brand, language: str) -> tuple[Finding, ...]:
        """Return what the author should know, see `ports.templates.ServiceMails`."""
        try:
            names = self._names(words)
            ready = self._ready(words.html, language)
        except InputError:
            for found in _foreign(words, ()):
                detail = f"Line {found.line} of the {found.part}: {found.sentence}"
                raise InputError(code=found.code.value, detail=detail) from None
            raise
        size = len(ready.html.encode(errors="replace"))
        size += len(self._footer(words, brand, language, "html").encode())
        told = lint(ready.mail, language=language, size_bytes=size)
        foreign = _foreign(words, names)
        return collected([*sender_findings(brand.from_address), *foreign, *told])

    def render(
        self, words: Words, brand: Brand, language: str, data: Mapping[str, object]
    ) -> Rendered:
        """Return the mail, see `ports.templates.ServiceMails`."""
        return self._templates.render(
            words.subject,
            self._ready(words.html, language).html,
            words.text,
            values={**data, "brand": brand.name},
            footer_html=self._footer(words, brand, language, "html"),
            footer_text=self._footer(words, brand, language, "txt"),
        )

    def _footer(self, words: Words, brand: Brand, language: str, kind: str) -> str:
        data = {"language": language, "brand": brand, "reason": words.reason}
        return self._renderer.page(f"emails/service_footer.{kind}", data)

    def _names(self, words: Words) -> frozenset[str]:
        """Return what the sources read of the data, after parsing each by the rules."""
        names: set[str] = set()
        for sandbox, source, part in (
            (self._words, words.subject, "subject"),
            (self._markup, words.html, _PART),
            (self._words, words.text or "", "text"),
        ):
            refuse_deep(source, part)
            tree = sandbox.tree(source, part)
            sandbox.compiled(tree, part)
            names |= meta.find_undeclared_variables(tree)
        return frozenset(names)

    def _ready(self, html: str, language: str) -> _Ready:
        """Return the HTML with its styles in its elements and what was missing in its head."""
        known = self._made.get((html, language))
        if known is None:
            source = inline_css(without_raw(html, _PART))
            masked = mask(source, _PART)
            elements = OpenElements(masked)
            for piece in scan(masked.text):
                elements.add(piece)
                if piece.kind is Kind.UNFINISHED:
                    raise broken(_UNFINISHED, _PART, masked.line(piece.start))
            mail = read_mail(source, lines=source == html)
            added = [each for each in additions(masked, mail, language) if each.text != PIXEL]
            known = _Ready(html=masked.unmask(edited(masked, added)), mail=mail)
            if len(self._made) >= CACHED_VERSIONS:
                self._made.clear()
            self._made[html, language] = known
        return known


def _foreign(words: Words, names: Collection[str]) -> Iterator[Finding]:
    """Yield the tags of other tools; what the caller gives may be called as in theirs."""
    yield from foreign_tags(words.subject, Part.SUBJECT, names)
    yield from foreign_tags(words.html, Part.HTML, names)
    yield from foreign_tags(words.text or "", Part.TEXT, names)
