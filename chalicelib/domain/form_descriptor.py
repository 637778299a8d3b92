# SPDX-License-Identifier: Apache-2.0
"""The descriptor: everything a form shows in one language, as one JSON-able value.

Guarantees that the hosted page, the snippet and the script of an embedded form say the same words,
because all three are made of it; and that the same form, brand and language give the same value.
Its RFC 8785 bytes are stored before publication and named by the notice page, so that
``notice.published`` commits to them. ``notice`` is therefore absent until the form has notices:
the stored descriptor is the served one without it.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.catalog import Brand
from chalicelib.domain.forms import Field, Form, Look

VERSION = 1


def descriptor(form: Form, brand: Brand, language: str) -> dict[str, Any]:
    """Return what ``form`` shows in ``language``; a text without it is in the first it has.

    ``brand.privacy_url`` is a path of this installation when the brand has no page of its own.
    """
    notice = form.notice(language)
    shown: dict[str, Any] = {
        "v": VERSION,
        "form": form.id,
        "version": form.version,
        "language": language,
        "brand": {
            "name": brand.name,
            "controller": brand.controller_name,
            "address": brand.postal_address,
            "contact": brand.contact_address,
            "privacy_url": brand.privacy_url or f"/privacy/{brand.id}?language={language}",
        },
        "title": _in(form.title, language),
        "promise": _in(form.promise, language),
        "fields": [_field(item, language) for item in form.fields],
        "boxes": [
            {"name": box.name, "text": _in(box.text, language), "mandatory": box.mandatory}
            for box in form.boxes
        ],
        "gift": _in(form.gift.name, language) if form.gift else None,
        "look": _look(form.look),
        "min_fill_s": form.guard.min_fill_s,
    }
    return shown | ({"notice": notice.sha256} if notice else {})


def _field(item: Field, language: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": item.name,
        "type": item.type.value,
        "label": _in(item.label, language),
        "required": item.required,
        "max_chars": item.longest,
        "autocomplete": item.autocomplete,
    }
    if item.hint:
        shown["hint"] = _in(item.hint, language)
    if item.choices:
        shown["choices"] = [
            {"value": choice.value, "label": _in(choice.label, language)} for choice in item.choices
        ]
    bounds = {"min": item.min, "max": item.max, "earliest": item.earliest, "latest": item.latest}
    return shown | {name: bound for name, bound in bounds.items() if bound is not None}


def _look(look: Look) -> dict[str, Any]:
    return {
        "accent": look.accent,
        "on_accent": look.on_accent,
        "link_light": look.link_light,
        "link_dark": look.link_dark,
        "corner_px": look.corner_px,
        "scheme": look.scheme.value,
    }


def _in(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or words.get("en") or next(iter(words.values()))
