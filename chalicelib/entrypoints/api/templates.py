# SPDX-License-Identifier: Apache-2.0
"""Templates over the API: what campaigns begin with, and the mails of a service.

Guarantees that a template of a service is stored only without an error of the lint, and that a
change names the version it was made from.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.campaigns import Content
from chalicelib.domain.templates import (
    MAX_TEMPLATE_BYTES,
    Template,
    TemplateKind,
    Words,
    content_kind,
)
from chalicelib.entrypoints.api.frame import PAGED, Call, operation, page_answer, rfc3339

if TYPE_CHECKING:
    from chalicelib.domain.content import Finding
    from chalicelib.services.templates import Judged, Said


def _of_kind(beginning: str) -> Any:
    """Return what names the schema that a body is judged by: a service has words."""

    def pick(body: object) -> str:
        is_service = isinstance(body, dict) and (
            body.get("kind") == TemplateKind.SERVICE or "words" in body
        )
        return f"{beginning}{'Service' if is_service else 'Campaign'}Template"

    return pick


@operation("GET", "/templates", KeyScope.READ, gives="TemplatePage", queries=PAGED)
def list_templates(call: Call) -> Mapping[str, Any]:
    """List templates, without what they say."""
    return page_answer(call.container.templates.page(*call.paging()), _summary)


@operation(
    "POST",
    "/templates",
    KeyScope.MARKETING,
    status=201,
    takes="NewTemplate",
    picks=_of_kind("New"),
    gives="Template",
    location="/templates/{id}",
    echoed=("name", "subject", "html", "text", "words"),
    max_bytes=MAX_TEMPLATE_BYTES,
    conflicts=True,
)
def create_template(call: Call) -> Mapping[str, Any]:
    """Write a template; one of a service has no error of the lint, a campaign's says which."""
    body = call.body
    kind = TemplateKind(body["kind"])
    return _shape(
        call.container.templates.create(
            template_id=body["id"],
            brand_id=body["brand"],
            name=body["name"],
            kind=kind,
            said=_said(body, kind),
        )
    )


@operation("GET", "/templates/{template}", KeyScope.READ, gives="Template")
def get_template(call: Call) -> Mapping[str, Any]:
    """Get one template, with what its author should know."""
    return _shape(call.container.templates.get(call.word("template")))


@operation(
    "PUT",
    "/templates/{template}",
    KeyScope.MARKETING,
    takes="ChangedTemplate",
    picks=_of_kind("Changed"),
    gives="Template",
    max_bytes=MAX_TEMPLATE_BYTES,
    conflicts=True,
)
def replace_template(call: Call) -> Mapping[str, Any]:
    """Change a template; its kind and brand stay. What was made from it before stays as it is."""
    body = call.body
    kind = TemplateKind.SERVICE if "words" in body else TemplateKind.HTML
    return _shape(
        call.container.templates.replace(
            call.word("template"),
            version=body["version"],
            name=body["name"],
            said=_said(body, kind),
        )
    )


@operation("DELETE", "/templates/{template}", KeyScope.MARKETING, status=204, conflicts=True)
def delete_template(call: Call) -> None:
    """Delete a template; campaigns and messages made from it keep what they copied."""
    call.container.templates.delete(call.word("template"))


OPERATIONS = (
    list_templates,
    create_template,
    get_template,
    replace_template,
    delete_template,
)


def _said(body: Mapping[str, Any], kind: TemplateKind) -> "Said":
    from chalicelib.services.templates import Said  # noqa: PLC0415  # loads what campaigns need

    if kind is TemplateKind.SERVICE:
        return Said(words={code: Words(**words) for code, words in body["words"].items()})
    return Said(
        content=Content(
            subject=body["subject"],
            html=body["html"],
            text=body.get("text"),
            kind=content_kind(kind),
        )
    )


def _summary(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "brand": template.brand,
        "name": template.name,
        "kind": template.kind,
        "version": template.version,
        "created_at": rfc3339(template.created_ms),
        "changed_at": rfc3339(template.changed_ms),
    }


def _shape(judged: "Judged") -> Mapping[str, Any]:
    template, content = judged.template, judged.template.content
    said: dict[str, Any] = {
        "words": {
            code: {**_sources(words), "reason": words.reason}
            for code, words in template.words.items()
        }
    }
    if content is not None:
        said = _sources(content)
    findings = [_finding(language, found) for language, found in judged.findings]
    return {**_summary(template), **said, "findings": findings}


def _sources(said: Content | Words) -> dict[str, Any]:
    """The sources as they were given; a text that is to be made is none."""
    sources = {"subject": said.subject, "html": said.html}
    return sources if said.text is None else {**sources, "text": said.text}


def _finding(language: str, found: "Finding") -> Mapping[str, Any]:
    return {"language": language or None, **found_shape(found)}


def found_shape(found: "Finding") -> dict[str, Any]:
    """Return what an author is told of one finding."""
    return {
        "code": found.code,
        "severity": found.severity,
        "part": found.part,
        "line": found.line,
        "sentence": found.sentence,
        "times": found.times,
    }
