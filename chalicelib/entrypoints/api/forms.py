# SPDX-License-Identifier: Apache-2.0
"""Forms over the API. Making one publishes its notices and commits to them in the ledger."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.forms import Box, Field, FieldType, Form
from chalicelib.domain.ids import BrandId, FormId, ListId, PurposeId
from chalicelib.entrypoints.api.frame import PAGED, Call, operation, page_answer, rfc3339
from chalicelib.entrypoints.languages import CHOICE_NAMES
from chalicelib.errors import InputError

RESERVED_NAMES = frozenset({*CHOICE_NAMES, "notice"})
"""Parameters of our own form pages; a field or box of this name would be overwritten."""


@operation("GET", "/forms", KeyScope.READ, gives="FormPage", queries=PAGED)
def list_forms(call: Call) -> Mapping[str, Any]:
    """List forms."""
    return page_answer(call.container.setup.forms(*call.paging()), _shape)


@operation(
    "POST",
    "/forms",
    KeyScope.MARKETING,
    status=201,
    takes="NewForm",
    gives="Form",
    location="/forms/{id}",
    conflicts=True,
)
def create_form(call: Call) -> Mapping[str, Any]:
    """Publish a form and its notices, one for each language it is whole in."""
    return _shape(call.container.setup.add_form(_form(call.body)))


@operation("GET", "/forms/{form}", KeyScope.READ, gives="Form")
def get_form(call: Call) -> Mapping[str, Any]:
    """Get one form, as published last."""
    return _shape(call.container.setup.form(call.word("form")))


OPERATIONS = (list_forms, create_form, get_form)


def _form(body: Mapping[str, Any]) -> Form:
    names = {item["name"] for item in (*body["fields"], *body["boxes"])}
    if names & RESERVED_NAMES:
        raise InputError(
            code="reserved_name", detail="No field or box is called language, lang or notice."
        )
    return Form(
        id=FormId(body["id"]),
        brand=BrandId(body["brand"]),
        lists=tuple(ListId(item) for item in sorted(body["lists"])),
        version=1,
        title=body["title"],
        promise=body["promise"],
        fields=tuple(_field(item) for item in body["fields"]),
        boxes=tuple(_box(item) for item in body["boxes"]),
    )


def _field(item: Mapping[str, Any]) -> Field:
    return Field(
        name=item["name"],
        type=FieldType(item["type"]),
        label=item["label"],
        required=item.get("required", item["type"] == FieldType.EMAIL),
        max_chars=item.get("max_chars", 100),
        autocomplete=item.get("autocomplete", "off"),
    )


def _box(item: Mapping[str, Any]) -> Box:
    return Box(
        name=item["name"],
        purpose=PurposeId(item["purpose"]),
        text=item["text"],
        mandatory=item.get("mandatory", False),
    )


def _shape(form: Form) -> Mapping[str, Any]:
    return {
        "id": form.id,
        "brand": form.brand,
        "lists": list(form.lists),
        "version": form.version,
        "title": dict(form.title),
        "promise": dict(form.promise),
        "fields": [
            {
                "name": item.name,
                "type": item.type,
                "label": dict(item.label),
                "required": item.required,
                "max_chars": item.max_chars,
                "autocomplete": item.autocomplete,
            }
            for item in form.fields
        ],
        "boxes": [
            {
                "name": item.name,
                "purpose": item.purpose,
                "text": dict(item.text),
                "mandatory": item.mandatory,
            }
            for item in form.boxes
        ],
        "notices": [
            {
                "language": item.language,
                "sha256": item.sha256,
                "text_sha256": item.text_sha256,
                "published_at": rfc3339(item.published_ms),
            }
            for item in form.notices
        ],
    }
