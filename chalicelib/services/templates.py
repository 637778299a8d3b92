# SPDX-License-Identifier: Apache-2.0
"""Templates an operator keeps: written, changed, deleted; judged whenever they are shown.

Guarantees that what is stored can be parsed by the sandbox, that a service's template holds no
error of the lint, because nobody tests its mails before they go, and that a change names the
version it was made from. A campaign made from a template copies it: a change reaches no campaign.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.domain.campaigns import Content
from chalicelib.domain.catalog import Brand
from chalicelib.domain.content import Finding, errors
from chalicelib.domain.forms import FieldType
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.templates import Template, TemplateKind, Words
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.ports.catalog import Brands, Forms, Lists, Page
from chalicelib.ports.content import ContentCompiler
from chalicelib.ports.system import Clock
from chalicelib.ports.templates import ServiceMails, TemplateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A template with what its author should know, by language; ``""`` where it has none."""

    template: Template
    findings: tuple[tuple[str, Finding], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a template is to say: the content of a campaign, or a service's words by language."""

    content: Content | None = None
    words: Mapping[str, Words] | None = None


class Templates:
    """What an operator does with templates."""

    def __init__(
        self,
        *,
        templates: TemplateStore,
        compiler: ContentCompiler,
        mails: ServiceMails,
        brands: Brands,
        lists: Lists,
        forms: Forms,
        clock: Clock,
    ) -> None:
        self._templates = templates
        self._compiler = compiler
        self._mails = mails
        self._brands = brands
        self._lists = lists
        self._forms = forms
        self._clock = clock

    def create(
        self, *, template_id: str, brand_id: str, name: str, kind: TemplateKind, said: Said
    ) -> Judged:
        """Store a new template.

        Raises:
            InputError: an unknown brand, or sources that cannot be used; the detail says where.
            Conflict: there is one with this id.
        """
        now_ms = self._clock.now_ms()
        template = Template(
            id=template_id,
            brand=BrandId(brand_id),
            name=name,
            kind=kind,
            version=1,
            created_ms=now_ms,
            changed_ms=now_ms,
            content=said.content,
            words=said.words or {},
        )
        judged = self._usable(template)
        self._templates.create(template)
        return judged

    def replace(self, template_id: str, *, version: int, name: str, said: Said) -> Judged:
        """Change a template; its kind and its brand stay.

        Raises:
            NotFound: there is no such template.
            InputError: sources that cannot be used, or of another kind.
            Conflict: it was changed since it was read.
        """
        before = self._stored(template_id)
        content = said.content
        if content is not None and before.content is not None:
            content = replace(content, kind=before.content.kind)
        after = replace(
            before,
            name=name,
            version=before.version + 1,
            changed_ms=self._clock.now_ms(),
            content=content,
            words=said.words or {},
        )
        if before.version != version:
            raise Conflict("The template was changed since it was read. Please read it again.")
        judged = self._usable(after)
        self._templates.replace(after)
        return judged

    def delete(self, template_id: str) -> None:
        """Delete a template; campaigns and messages made from it keep what they copied.

        Raises:
            NotFound: there is no such template.
            Conflict: it was changed at this moment.
        """
        self._templates.delete(self._stored(template_id))

    def get(self, template_id: str) -> Judged:
        """Return a template.

        Raises:
            NotFound: there is no such template.
        """
        template = self._stored(template_id)
        try:
            return self._judged(template)
        except InputError:  # Its brand, or a rule, is another since.
            return Judged(template=template, findings=())

    def page(self, cursor: str | None, limit: int) -> Page[Template]:
        """Return one page of templates.

        Raises:
            InputError: the cursor is not one of ours.
        """
        return self._templates.page(cursor, limit)

    def content(self, template_id: str, list_id: ListId) -> Content:
        """Return what a campaign to a list begins with.

        Raises:
            InputError: there is no such list, or its brand has no template for campaigns with this
                id.
        """
        template, mailing_list = self._templates.get(template_id), self._lists.get(list_id)
        if mailing_list is None:
            raise InputError(code="unknown_list", detail="There is no list with this id.")
        if template is None or template.content is None or template.brand != mailing_list.brand:
            raise InputError(
                code="unknown_template",
                detail="The list's brand has no template for campaigns with this id.",
            )
        return template.content

    def _stored(self, template_id: str) -> Template:
        template = self._templates.get(template_id)
        if template is None:
            raise NotFound("There is no template with this id.")
        return template

    def _usable(self, template: Template) -> Judged:
        """Judge a template that is to be stored.

        Raises:
            InputError: it cannot be used; of a service, also what the lint calls an error.
        """
        judged = self._judged(template)
        if template.kind is not TemplateKind.SERVICE:
            return judged
        for language, found in judged.findings:
            if errors([found]):
                where = f"Line {found.line} of the" if found.line else "The"
                detail = f"{where} {found.part} in “{language}”: {found.sentence}"
                raise InputError(code=found.code.value, detail=detail)
        return judged

    def _judged(self, template: Template) -> Judged:
        brand = self._brands.get(template.brand)
        if brand is None:
            raise InputError(code="unknown_brand", detail="There is no brand with this id.")
        if template.content is not None:
            found = self._compiler.compile(
                template.content, brand, brand.default_language, fields=self._fields(brand)
            ).findings
            return Judged(template=template, findings=tuple(("", each) for each in found))
        return Judged(
            template=template,
            findings=tuple(
                (language, each)
                for language, words in sorted(template.words.items())
                for each in self._mails.check(words, brand, language)
            ),
        )

    def _fields(self, brand: Brand) -> frozenset[str]:
        """Names of the fields the brand's forms ask for."""
        return frozenset(
            field.name
            for form in self._forms.of_brand(brand.id)
            for field in form.fields
            if field.type is not FieldType.EMAIL
        )
