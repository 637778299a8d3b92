# SPDX-License-Identifier: Apache-2.0
"""Forms in the console: what each asks, what the lint finds in it, and how it is put on a page.

Guarantees that nothing here changes anything, that what is to be pasted is what the API gives,
character for character, and that a notice is shown byte for byte as it was published. Refuses a
hash that is none before anything is looked up.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.form_lint import Severity
from chalicelib.entrypoints.console_access import Seat, inside
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Brand
    from chalicelib.domain.form_lint import Finding
    from chalicelib.domain.forms import Form

ROWS = 100
VERSIONS = 10
"""Each version costs a read of its own; the API has those before."""
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRow:
    """One line of the list of forms.

    Attributes:
        language: that of `title`.
        errors, warnings: how many the lint finds.
    """

    form: "Form"
    brand: "Brand"
    title: str
    language: str
    languages: tuple[str, ...]
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One finding for people: where it is in the form, and the words it is about.

    Attributes:
        group: ``boxes``, ``fields`` or ``promise``.
        name: of the box or the field; "" of the promise.
        part: of a field: ``label`` or ``hint``; else "".

    """

    finding: "Finding"
    group: str
    name: str
    part: str
    words: str


def _show_forms(container: "Container", _request: Request, seat: Seat) -> Answer:
    found = container.setup.forms(None, ROWS)
    data = {
        **seat.frame(),
        "forms": [_row(container, form, seat) for form in found.items],
        "more": found.cursor is not None,
    }
    return html(container.renderer.page("console/forms.html", data))


def _row(container: "Container", form: "Form", seat: Seat) -> FormRow:
    brand = container.setup.brand(form.brand)
    findings = container.setup.findings(form)
    language = _words_in(form, brand, seat, {})
    return FormRow(
        form=form,
        brand=brand,
        title=form.title[language],
        language=language,
        languages=_offered(form),
        errors=_count(findings, Severity.ERROR),
        warnings=_count(findings, Severity.WARNING),
    )


def _show_form(container: "Container", request: Request, seat: Seat) -> Answer:
    try:
        form = container.setup.form(path_word(request, "form"))
    except NotFound:
        return _nothing(container, seat, "form")
    from chalicelib.entrypoints.snippets import snippet_of  # noqa: PLC0415  # this page alone

    brand = container.setup.brand(form.brand)
    offered = _offered(form)
    findings = container.setup.findings(form)
    data = {
        **seat.frame(),
        "published": form,
        "brand": brand,
        "lists": [container.setup.list(list_id) for list_id in form.lists],
        "words_in": _words_in(form, brand, seat, request.query),
        "languages": offered,
        "errors": _count(findings, Severity.ERROR),
        "warnings": _count(findings, Severity.WARNING),
        "remarks": _remarks(form, findings),
        "snippets": [snippet_of(container, form, brand, language) for language in offered],
        "versions": _versions(container, form),
    }
    return html(container.renderer.page("console/form.html", data))


def _show_notice(container: "Container", request: Request, seat: Seat) -> Answer:
    sha256 = path_word(request, "notice")
    stored = container.blobs.get(f"notice/{sha256}.html") if _SHA256.fullmatch(sha256) else None
    if stored is None:
        return _nothing(container, seat, "notice")
    return Answer(body=stored.data)


show_forms = inside(_show_forms)
show_form = inside(_show_form)
show_notice = inside(_show_notice)


def _nothing(container: "Container", seat: Seat, missing: str) -> Answer:
    data = {**seat.frame(), "missing": missing}
    return html(container.renderer.page("console/error.html", data), 404)


def _offered(form: "Form") -> tuple[str, ...]:
    return tuple(ref.language for ref in form.notices)


def _words_in(form: "Form", brand: "Brand", seat: Seat, query: Mapping[str, str]) -> str:
    """The language that a form's own words are shown in: asked for, the reader's, the brand's."""
    chosen = [{"language": query.get("words", "")}, {"language": seat.language}]
    return choose_language(chosen, "", brand.default_language, _offered(form))


def _versions(container: "Container", form: "Form") -> list["Form"]:
    """The newest versions, the current one first."""
    before = range(form.version - 1, max(form.version - VERSIONS, 0), -1)
    return [form, *(container.setup.form_version(form.id, version) for version in before)]


def _count(findings: tuple["Finding", ...], severity: Severity) -> int:
    return sum(found.severity is severity for found in findings)


def _remarks(form: "Form", findings: tuple["Finding", ...]) -> list[tuple[str, list[Remark]]]:
    """The findings in each language that there are any in."""
    languages = [code for code in LANGUAGES if any(found.language == code for found in findings)]
    return [
        (code, [_remark(form, found) for found in findings if found.language == code])
        for code in languages
    ]


def _remark(form: "Form", found: "Finding") -> Remark:
    """A finding with its place apart: ``boxes.news.text`` is the box “news”."""
    group, _, rest = found.place.partition(".")
    name, _, part = rest.partition(".")
    if group == "boxes":
        texts = next(box.text for box in form.boxes if box.name == name)
    elif group == "fields":
        field = next(item for item in form.fields if item.name == name)
        texts = field.hint if part == "hint" else field.label
    else:
        texts = form.promise
    words = texts.get(found.language, "")
    return Remark(finding=found, group=group, name=name, part=part, words=words)
