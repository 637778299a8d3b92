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
from chalicelib.domain.forms import FieldType, Rule
from chalicelib.entrypoints.console_access import Seat, inside
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Brand
    from chalicelib.domain.form_lint import Finding
    from chalicelib.domain.forms import Field, Form

ROWS = 100
VERSIONS = 10
"""Each version costs a read of its own; the API has those before."""
_SHA256 = re.compile("[0-9a-f]{64}")
_RULES: Mapping[Rule, str] = {
    Rule.ALLOW: "taken like any other",
    Rule.STEP: "asked for one step more",
    Rule.REFUSE: "refused",
}
_UNBOUNDED: Mapping[FieldType, str] = {
    FieldType.NUMBER: "any whole number",
    FieldType.DATE: "any day",
    FieldType.TICK: "ticked or not",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRow:
    """One line of the list of forms.

    Attributes:
        language: that of `title`.
        state: what the lint finds in it, as counted.
    """

    form: "Form"
    brand: "Brand"
    title: str
    language: str
    languages: tuple[str, ...]
    state: str
    is_bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One finding for people: where it is in the form, and the words it is about."""

    finding: "Finding"
    where: str
    words: str


def _show_forms(container: "Container", _request: Request, seat: Seat) -> Answer:
    found = container.setup.forms(None, ROWS)
    data = {
        **seat.frame(),
        "forms": [_row(container, form) for form in found.items],
        "more": found.cursor is not None,
    }
    return html(container.renderer.page("console/forms.html", data))


def _row(container: "Container", form: "Form") -> FormRow:
    brand = container.setup.brand(form.brand)
    findings = container.setup.findings(form)
    language = _words_in(form, brand, {})
    return FormRow(
        form=form,
        brand=brand,
        title=form.title[language],
        language=language,
        languages=_offered(form),
        state=_tally(findings),
        is_bad=any(found.severity == "error" for found in findings),
    )


def _show_form(container: "Container", request: Request, seat: Seat) -> Answer:
    try:
        form = container.setup.form(path_word(request, "form"))
    except NotFound:
        return _nothing(container, seat, "No such form", "There is no form with this id.")
    from chalicelib.entrypoints.snippets import snippet_of  # noqa: PLC0415  # this page alone

    brand = container.setup.brand(form.brand)
    offered = _offered(form)
    findings = container.setup.findings(form)
    data = {
        **seat.frame(),
        "published": form,
        "brand": brand,
        "lists": [container.setup.list(list_id) for list_id in form.lists],
        "words_in": _words_in(form, brand, request.query),
        "languages": offered,
        "allowed": {field.name: _allowed(field) for field in form.fields},
        "state": _tally(findings),
        "remarks": _remarks(form, findings),
        "snippets": [snippet_of(container, form, brand, language) for language in offered],
        "rules": {"disposable": _RULES[form.guard.disposable], "role": _RULES[form.guard.role]},
        "versions": _versions(container, form),
    }
    return html(container.renderer.page("console/form.html", data))


def _show_notice(container: "Container", request: Request, seat: Seat) -> Answer:
    sha256 = path_word(request, "notice")
    stored = container.blobs.get(f"notice/{sha256}.html") if _SHA256.fullmatch(sha256) else None
    if stored is None:
        return _nothing(container, seat, "No such notice", "No notice has this hash.")
    return Answer(body=stored.data)


show_forms = inside(_show_forms)
show_form = inside(_show_form)
show_notice = inside(_show_notice)


def _nothing(container: "Container", seat: Seat, title: str, detail: str) -> Answer:
    data = {**seat.frame(), "title": title, "detail": detail}
    return html(container.renderer.page("console/error.html", data), 404)


def _offered(form: "Form") -> tuple[str, ...]:
    return tuple(ref.language for ref in form.notices)


def _words_in(form: "Form", brand: "Brand", query: Mapping[str, str]) -> str:
    """The language that a form's own words are shown in: asked for, else the brand's."""
    return choose_language([query], "", brand.default_language, _offered(form))


def _versions(container: "Container", form: "Form") -> list["Form"]:
    """The newest versions, the current one first."""
    before = range(form.version - 1, max(form.version - VERSIONS, 0), -1)
    return [form, *(container.setup.form_version(form.id, version) for version in before)]


def _tally(findings: tuple["Finding", ...]) -> str:
    """How much the lint finds.

    Example:
        >>> _tally(())
        'nothing found'
    """
    said = []
    for severity in ("error", "warning"):
        count = sum(found.severity == severity for found in findings)
        if count:
            said.append(f"{count} {severity}{'s' if count > 1 else ''}")
    return ", ".join(said) or "nothing found"


def _remarks(form: "Form", findings: tuple["Finding", ...]) -> list[tuple[str, list[Remark]]]:
    """The findings in each language that there are any in."""
    languages = [code for code in LANGUAGES if any(found.language == code for found in findings)]
    return [
        (code, [_remark(form, found) for found in findings if found.language == code])
        for code in languages
    ]


def _remark(form: "Form", found: "Finding") -> Remark:
    """A finding's place in words: ``boxes.news.text`` is the box “news”."""
    group, _, rest = found.place.partition(".")
    name, _, part = rest.partition(".")
    if group == "boxes":
        texts = next(box.text for box in form.boxes if box.name == name)
        where = f"Box “{name}”"
    elif group == "fields":
        field = next(item for item in form.fields if item.name == name)
        texts = field.hint if part == "hint" else field.label
        where = f"Field “{name}”, {part}"
    else:
        texts, where = form.promise, "Promise"
    return Remark(finding=found, where=where, words=texts.get(found.language, ""))


def _allowed(field: "Field") -> str:
    """What may be answered, in words."""
    if field.choices:
        return "one of " + ", ".join(choice.value for choice in field.choices)
    low = field.earliest if field.min is None else field.min
    high = field.latest if field.max is None else field.max
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None or high is not None:
        return f"from {low}" if high is None else f"up to {high}"
    return _UNBOUNDED.get(field.type, f"up to {field.longest} characters")
