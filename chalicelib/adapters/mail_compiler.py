# SPDX-License-Identifier: Apache-2.0
"""Compiles a campaign as its author wrote it into the mail that is filled for each reader.

Guarantees that what it returns can be filled, with the same words as were checked; that errors
name the line of what the author wrote; that nothing is fetched; and that no source, however made,
takes long: each step bounds what it is given. MJML becomes HTML, style sheets go into elements,
links to the web are counted, what is missing for phones and readers is added, a text part is made.

Specification: docs/spec/content.md.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import meta, nodes

from chalicelib.adapters.campaign_templates import MAX_SOURCE_BYTES, CampaignTemplates
from chalicelib.adapters.can_fail import OURS, can_fail
from chalicelib.adapters.css import inline_css
from chalicelib.adapters.filled_addresses import check_filled
from chalicelib.adapters.jinja_masks import Masked, mask
from chalicelib.adapters.jinja_nesting import refuse_deep
from chalicelib.adapters.jinja_raw import without_raw
from chalicelib.adapters.mail_additions import additions
from chalicelib.adapters.mail_edits import Edit, edited, with_names
from chalicelib.adapters.mail_links import Links, counted_address, read_links
from chalicelib.adapters.mail_text import text_of
from chalicelib.adapters.markup import Kind, scan
from chalicelib.adapters.markup_reader import read_mail
from chalicelib.adapters.mjml import compile_mjml
from chalicelib.adapters.open_elements import OpenElements
from chalicelib.adapters.sandbox import Sandbox, fill, single_line
from chalicelib.adapters.split_mail import (
    OWN_NAMES,
    PREFERENCES_MARK,
    UNSUBSCRIBE_MARK,
    Footer,
    Heads,
    Person,
)
from chalicelib.adapters.template_rules import broken, plain
from chalicelib.domain.campaigns import Content
from chalicelib.domain.catalog import Brand
from chalicelib.domain.content import (
    CompiledContent,
    ContentKind,
    Finding,
    FindingCode,
    Part,
    collected,
)
from chalicelib.domain.content_lint import lint
from chalicelib.domain.foreign_tags import foreign_tags, unknown_fields
from chalicelib.domain.senders import sender_findings
from chalicelib.errors import InputError
from chalicelib.ports.sending import Rendered, Renderer

_NAMES: Final[Mapping[ContentKind, str]] = {ContentKind.HTML: "HTML", ContentKind.MJML: "MJML"}
_SAMPLE: Final = "sample"
_TOKEN: Final = "A" * 87
_WAY_TOKEN: Final = "A" * 66
_WHERE: Final = re.compile(r"^(?:Line \d+ of the|The) HTML: ")
_MADE: Final = "The HTML made of the MJML: "
_UNFINISHED: Final = "A tag or comment that opens here is not closed."
_TOO_LARGE: Final = "It grows larger than 256 KiB when it is compiled. Shorten it."
_NO_TEXT: Final = "No text part can be made from it. Write one. What was in the way: {}"
_HEAD_OF_MJML: Final = frozenset({FindingCode.HEAD_INCOMPLETE, FindingCode.LAYOUT_TABLE_UNMARKED})
"""What is told of an author of HTML, and is the compiler's doing in MJML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One content to compile."""

    content: Content
    brand: Brand
    language: str
    fields: frozenset[str]

    @property
    def part(self) -> str:
        """What the source is called in errors."""
        return _NAMES[self.content.kind]

    @property
    def names(self) -> frozenset[str]:
        """What the source may read."""
        return self.fields | OURS.keys()


class MailCompiler:
    """The `ContentCompiler` port.

    Args:
        renderer: of our own templates, for the footer.
        base_url: of our pages, without a slash at the end: counted links lead there.
    """

    def __init__(self, renderer: Renderer, base_url: str) -> None:
        self._renderer = renderer
        self._base_url = base_url
        self._heads = Heads(
            unsubscribe=f"{base_url}/unsubscribe/", preferences=f"{base_url}/preferences/"
        )
        self._markup = Sandbox(autoescape=True)
        self._words = Sandbox(autoescape=False)

    def compile(
        self, content: Content, brand: Brand, language: str, *, fields: Collection[str]
    ) -> CompiledContent:
        """Return the mail, see `ports.content.ContentCompiler`."""
        job = _Job(content=content, brand=brand, language=language, fields=frozenset(fields))
        sources = (content.subject, content.html, content.text or "")
        if sum(len(each.encode(errors="replace")) for each in sources) > MAX_SOURCE_BYTES:
            raise broken("It is larger than 256 KiB.")
        foreign = tuple(_foreign(job, content.subject, content.html, content.text))
        try:
            return self._compiled(job, foreign)
        except InputError:
            if not foreign:
                raise
            raise _in_the_way(job, foreign[0]) from None

    def _compiled(self, job: _Job, foreign: tuple[Finding, ...]) -> CompiledContent:
        content = job.content
        unknown = self._checked(job)
        source = without_raw(content.html, job.part)
        html = _as_html(job, source)
        line = _line_finder(job, html, source)
        part = job.part if html == source else "HTML"
        masked = mask(html, part)
        _bound(masked)
        mail = read_mail(html, lines=html == source, part=part)
        links = read_links(masked, line(masked))
        check_filled(masked, line(masked))
        ready, text = self._finished(
            job, masked, links, list(additions(masked, mail, job.language))
        )
        sample, fails = self._tried(job, ready, text)
        size = len(sample.html.encode(errors="replace"))
        told = [
            each
            for each in lint(mail, language=job.language, size_bytes=size)
            if content.kind is ContentKind.HTML or each.code not in _HEAD_OF_MJML
        ]
        in_sample = _foreign(job, sample.subject, sample.html, content.text and sample.text)
        known = {(each.part, each.sentence) for each in foreign}
        new = (each for each in in_sample if (each.part, each.sentence) not in known)
        findings = [*sender_findings(job.brand.from_address), *foreign, *new, *links.findings]
        return CompiledContent(
            subject=content.subject,
            html=ready,
            text=text,
            targets=links.targets,
            language=job.language,
            findings=collected([*findings, *told, *unknown]),
            can_fail=fails,
        )

    def _checked(self, job: _Job) -> tuple[Finding, ...]:
        """Return what is told of names, after filling each source as its author wrote it.

        So faults of the template have the author's lines, whatever is made of it later.
        """
        content = job.content
        ways = {
            "unsubscribe_url": self._heads.unsubscribe + _WAY_TOKEN,
            "preferences_url": self._heads.preferences + _WAY_TOKEN,
        }
        values = plain(_sample_values(job)) | ways
        unknown: list[Finding] = []
        for sandbox, source, name, part in (
            (self._words, content.subject, "subject", Part.SUBJECT),
            (self._markup, content.html, job.part, Part.HTML),
            (self._words, content.text, "text", Part.TEXT),
        ):
            if source is None:
                continue
            refuse_deep(source, name)
            tree = sandbox.tree(source, name)
            filled = fill(sandbox.compiled(tree, name), name, values)
            if part is Part.SUBJECT:
                single_line(filled)
            unknown += unknown_fields(_names_read(tree), part, job.names)
        return tuple(unknown)

    def _finished(
        self, job: _Job, masked: Masked, links: Links, added: list[Edit]
    ) -> tuple[str, str]:
        """Return the two templates that are frozen and sent."""
        addresses = {link: counted_address(self._base_url, link.number) for link in links.counted}
        edits = [link.edit(address) for link, address in addresses.items()]
        html = with_names(masked.unmask(edited(masked, [*added, *edits])))
        text = job.content.text
        return html, text if text is not None else text_of(masked, addresses)

    def _tried(self, job: _Job, html: str, text: str) -> tuple[Rendered, bool]:
        """Return the compiled mail filled with sample data, and whether somebody's could fail.

        Raises:
            InputError: it cannot be filled or split.
        """
        subject = job.content.subject
        if len(f"{subject}{html}{text}".encode(errors="replace")) > MAX_SOURCE_BYTES:
            raise broken(_TOO_LARGE, job.part)
        try:
            words = self._words.tree(text, "text", own=OWN_NAMES)
            fill_sample = CampaignTemplates().split(subject, html, text, self._heads)
            person = Person(
                values=_sample_values(job),
                footer=self._footer(job),
                unsubscribe=_WAY_TOKEN,
                preferences=_WAY_TOKEN,
            )
            pixel = f'<img src="{self._base_url}/o/{_TOKEN}" alt="" width="1" height="1">'
            sample = fill_sample.full(person, token=_TOKEN, pixel=pixel)
        except InputError as error:
            if job.content.text is None and " text: " in error.detail[:24]:
                raise broken(_NO_TEXT.format(error.detail), job.part) from None
            raise
        page = self._markup.tree(html, "HTML", own=OWN_NAMES)
        head = self._words.tree(subject, "subject")
        # A brand's name is on one line and short; what people wrote need not be.
        fails = bool(meta.find_undeclared_variables(head) - {"brand"}) or can_fail(head, job.fields)
        return sample, fails or can_fail(page, job.fields) or can_fail(words, job.fields)

    def _footer(self, job: _Job) -> Footer:
        data = {
            "language": job.language,
            "brand": job.brand,
            "list": _SAMPLE,
            "unsubscribe_url": self._heads.unsubscribe + UNSUBSCRIBE_MARK,
            "preferences_url": self._heads.preferences + PREFERENCES_MARK,
        }
        return Footer.of(
            self._renderer.page("emails/campaign_footer.html", data),
            self._renderer.page("emails/campaign_footer.txt", data),
        )


def _sample_values(job: _Job) -> dict[str, object]:
    return {**dict.fromkeys(job.fields, _SAMPLE), "brand": job.brand.name, "list": _SAMPLE}


def _foreign(job: _Job, subject: str, html: str, text: str | None) -> Iterator[Finding]:
    """Yield the tags of other tools in the sources, or in the mail that came of them."""
    lines = html == job.content.html
    yield from foreign_tags(subject, Part.SUBJECT, job.names, lines=lines)
    yield from foreign_tags(html, Part.HTML, job.names, lines=lines)
    yield from foreign_tags(text or "", Part.TEXT, job.names, lines=lines)


def _in_the_way(job: _Job, found: Finding) -> InputError:
    """Return the error for a source that cannot be read, by what is most likely the cause."""
    part = job.part if found.part is Part.HTML else found.part.value
    return InputError(
        code=found.code.value, detail=f"Line {found.line} of the {part}: {found.sentence}"
    )


def _as_html(job: _Job, source: str) -> str:
    """Return the HTML of a source, style sheets written into its elements.

    Raises:
        InputError: it cannot be compiled. Of HTML made of MJML no line is named: its author
            never sees it.
    """
    if job.content.kind is ContentKind.HTML:
        return inline_css(source)
    html = compile_mjml(source, language=job.language)
    try:
        return inline_css(html)
    except InputError as error:
        raise InputError(code=error.code, detail=_WHERE.sub(_MADE, error.detail)) from None


def _bound(masked: Masked) -> None:
    """Refuse markup on which readers of HTML would be busy too long, before one reads it.

    Raises:
        InputError: it has too many elements, or ends in the middle of one.
    """
    elements = OpenElements(masked)
    for piece in scan(masked.text):
        elements.add(piece)
        if piece.kind is Kind.UNFINISHED:
            raise broken(_UNFINISHED, masked.part, masked.line(piece.start))


def _line_finder(
    job: _Job, html: str, source: str
) -> Callable[[Masked], Callable[[int, str], int | None]]:
    """Return what finds the author's line of an address."""

    def of_source(masked: Masked) -> Callable[[int, str], int | None]:
        return lambda offset, _: masked.line(offset)

    def of_compiled(masked: Masked) -> Callable[[int, str], int | None]:
        def line(_: int, address: str) -> int | None:
            place = job.content.html.find(masked.unmask(address)) if address.strip() else -1
            return job.content.html.count("\n", 0, place) + 1 if place >= 0 else None

        return line

    return of_source if html == source else of_compiled


def _names_read(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """Yield (name, line) of what a template reads and does not set itself."""
    given = meta.find_undeclared_variables(tree)
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name in given:
            yield name.name, name.lineno
