# SPDX-License-Identifier: Apache-2.0
"""Forms between the API's JSON and the domain.

Guarantees that what is answered can be sent again: the same members, with the same meaning.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.addresses import MAX_ADDRESS_CHARS
from chalicelib.domain.form_lint import Finding
from chalicelib.domain.forms import (
    Box,
    Choice,
    Field,
    FieldType,
    Form,
    Gift,
    Guard,
    Look,
    Rule,
    Scheme,
)
from chalicelib.domain.ids import BrandId, FormId, ListId, PurposeId
from chalicelib.entrypoints.api.frame import rfc3339

_BOUNDS = ("min", "max", "earliest", "latest")


def form_of(body: Mapping[str, Any]) -> Form:
    """Return the form of a ``NewForm`` (version 1) or a ``ChangedForm``.

    Raises:
        InputError: the parts are well-formed, but make no form.
    """
    gift = body.get("gift")
    return Form(
        id=FormId(body["id"]),
        brand=BrandId(body["brand"]),
        lists=tuple(ListId(item) for item in sorted(body["lists"])),
        version=body.get("version", 1),
        title=body["title"],
        promise=body["promise"],
        fields=tuple(_field(item) for item in body["fields"]),
        boxes=tuple(_box(item) for item in body["boxes"]),
        redirect_url=body.get("redirect_url"),
        gift=Gift(name=gift["name"], url=gift["url"]) if gift else None,
        look=_look(body.get("look", {})),
        origins=tuple(body.get("origins", ())),
        guard=_guard(body.get("guard", {})),
    )


_AUTOCOMPLETE = {FieldType.EMAIL: "email", FieldType.PHONE: "tel", FieldType.URL: "url"}


def _field(item: Mapping[str, Any]) -> Field:
    choices = (Choice(value=each["value"], label=each["label"]) for each in item.get("choices", ()))
    type_ = FieldType(item["type"])
    return Field(
        name=item["name"],
        type=type_,
        label=item["label"],
        required=item.get("required", type_ is FieldType.EMAIL),
        max_chars=item.get("max_chars", MAX_ADDRESS_CHARS if type_ is FieldType.EMAIL else 100),
        autocomplete=item.get("autocomplete", _AUTOCOMPLETE.get(type_, "off")),
        hint=item.get("hint", {}),
        choices=tuple(choices),
        **{name: item.get(name) for name in _BOUNDS},
    )


def _box(item: Mapping[str, Any]) -> Box:
    return Box(
        name=item["name"],
        purpose=PurposeId(item["purpose"]),
        text=item["text"],
        mandatory=item.get("mandatory", False),
    )


def _look(item: Mapping[str, Any]) -> Look:
    kept = Look()
    return Look(
        accent=item.get("accent", kept.accent),
        corner_px=item.get("corner_px", kept.corner_px),
        scheme=Scheme(item.get("scheme", kept.scheme)),
    )


def _guard(item: Mapping[str, Any]) -> Guard:
    kept = Guard()
    return Guard(
        disposable=Rule(item.get("disposable", kept.disposable)),
        role=Rule(item.get("role", kept.role)),
        min_fill_s=item.get("min_fill_s", kept.min_fill_s),
        no_mail=Rule(item.get("no_mail", kept.no_mail)),
    )


def form_shape(form: Form, findings: tuple[Finding, ...]) -> Mapping[str, Any]:
    """Return a published form as the API answers it."""
    gift = form.gift
    return {
        "id": form.id,
        "brand": form.brand,
        "lists": list(form.lists),
        "version": form.version,
        "title": dict(form.title),
        "promise": dict(form.promise),
        "redirect_url": form.redirect_url,
        "gift": {"name": dict(gift.name), "url": gift.url} if gift else None,
        "look": {
            "accent": form.look.accent,
            "corner_px": form.look.corner_px,
            "scheme": form.look.scheme,
        },
        "origins": list(form.origins),
        "guard": {
            "disposable": form.guard.disposable,
            "role": form.guard.role,
            "min_fill_s": form.guard.min_fill_s,
            "no_mail": form.guard.no_mail,
        },
        "fields": [_field_shape(item) for item in form.fields],
        "boxes": [_box_shape(item) for item in form.boxes],
        "notices": [
            {
                "language": item.language,
                "sha256": item.sha256,
                "text_sha256": item.text_sha256,
                "form_sha256": item.form_sha256,
                "published_at": rfc3339(item.published_ms),
            }
            for item in form.notices
        ],
        **findings_shape(findings),
    }


def findings_shape(findings: tuple[Finding, ...]) -> Mapping[str, Any]:
    """Return what the lint found as the API answers it."""
    return {
        "findings": [
            {
                "code": item.code,
                "severity": item.severity,
                "language": item.language,
                "place": item.place,
                "detail": item.detail,
            }
            for item in findings
        ]
    }


def _field_shape(item: Field) -> Mapping[str, Any]:
    return {
        "name": item.name,
        "type": item.type,
        "label": dict(item.label),
        "required": item.required,
        "max_chars": item.max_chars,
        "autocomplete": item.autocomplete,
        "hint": dict(item.hint),
        "choices": [{"value": each.value, "label": dict(each.label)} for each in item.choices],
        **{name: getattr(item, name) for name in _BOUNDS},
    }


def _box_shape(item: Box) -> Mapping[str, Any]:
    return {
        "name": item.name,
        "purpose": item.purpose,
        "text": dict(item.text),
        "mandatory": item.mandatory,
    }
