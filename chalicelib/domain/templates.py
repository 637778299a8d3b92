# SPDX-License-Identifier: Apache-2.0
"""Templates an operator keeps: the content campaigns begin with, and the mails of a service.

Guarantees that a template is of one kind for good, that one of a service says in each of its
languages why people get the mail, and that the language chosen for somebody is always one it has.
Whether the sources can be rendered is judged by `services.templates`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from chalicelib.domain.campaigns import Content
from chalicelib.domain.catalog import LANGUAGES, MAX_NAME_CHARS
from chalicelib.domain.content import ContentKind
from chalicelib.domain.ids import BrandId, require_slug
from chalicelib.errors import InputError

MAX_REASON_CHARS: Final = 200
MAX_TEMPLATE_BYTES: Final = 256 * 1024
"""All sources of a template together, as UTF-8; with its names it stays below a row's 400 KB."""


class TemplateKind(StrEnum):
    """What a template is for: campaigns, written in HTML or MJML, or a service's mails."""

    HTML = "html"
    MJML = "mjml"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a service mail says in one language: Jinja2 sources, but for ``reason``.

    Attributes:
        text: None is made from the HTML.
        reason: one plain sentence, such as "You get this because you ordered from us."
    """

    subject: str
    html: str
    reason: str
    text: str | None = None

    def __post_init__(self) -> None:
        _line(self.reason, "A reason", MAX_REASON_CHARS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template.

    Attributes:
        content: what a campaign begins with; None of a service.
        words: what a service's mail says, by language; empty of a campaign.
        version: 1 when written; counts changes.
    """

    id: str
    brand: BrandId
    name: str
    kind: TemplateKind
    version: int
    created_ms: int
    changed_ms: int
    content: Content | None = None
    words: Mapping[str, Words] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_slug(self.id, "template")
        require_slug(self.brand, "brand")
        _line(self.name, "A template name", MAX_NAME_CHARS)
        if (self.kind is TemplateKind.SERVICE) is not bool(self.words):
            raise InputError("bad_template", "A service template has words, and no other has.")
        if (self.content is None) is not bool(self.words):
            raise InputError("bad_template", "A template says one thing: its content or its words.")
        if not set(self.words) <= set(LANGUAGES):
            raise InputError("bad_language", "A language is one of en, sv, de, fr.")
        if _bytes(self) > MAX_TEMPLATE_BYTES:
            raise InputError("template_too_large", "A template has at most 256 KiB in all.")

    def language(self, wanted: str | None, default: str) -> str:
        """Return the language to write in: the wanted one, else the brand's, else the first it has.

        Example:
            >>> words = {"sv": Words(subject="Hej", html="Hej", reason="Du har handlat.")}
            >>> Template(id="a", brand=BrandId("b"), name="A", kind=TemplateKind.SERVICE,
            ...     version=1, created_ms=0, changed_ms=0, words=words).language("fr", "de")
            'sv'
        """
        has = (code for code in (wanted, default, *LANGUAGES) if code in self.words)
        return str(next(has))


def content_kind(kind: TemplateKind) -> ContentKind:
    """Return what a campaign made from a template of this kind is written in.

    Raises:
        InputError: it is a service's.
    """
    if kind is TemplateKind.SERVICE:
        raise InputError("unknown_template", "There is no template for campaigns with this id.")
    return ContentKind(kind.value)


def _bytes(template: Template) -> int:
    texts = [(words.subject, words.html, words.text or "") for words in template.words.values()]
    if template.content is not None:
        content = template.content
        texts.append((content.subject, content.html, content.text or ""))
    return sum(len(each.encode(errors="replace")) for sources in texts for each in sources)


def _line(value: str, noun: str, max_chars: int) -> None:
    if not value.strip() or len(value) > max_chars or not value.isprintable():
        raise InputError(
            code="bad_text", detail=f"{noun} has 1 to {max_chars} characters on one line."
        )
