# SPDX-License-Identifier: Apache-2.0
"""Forms as the API takes them: like the demo's, and one with a field of every kind."""

from hashlib import sha256
from typing import Any

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.forms import Box
from infra.local.demo_data import DEMO_FORM


def form_body(form_id: str, **changes: Any) -> dict[str, Any]:
    """The demo form as the API takes it, under another id, with ``changes``."""
    form = DEMO_FORM
    return {
        "id": form_id,
        "brand": form.brand,
        "lists": list(form.lists),
        "title": dict(form.title),
        "promise": dict(form.promise),
        "fields": [
            {
                "name": item.name,
                "type": item.type.value,
                "label": dict(item.label),
                "required": item.required,
                "max_chars": item.max_chars,
                "autocomplete": item.autocomplete,
            }
            for item in form.fields
        ],
        "boxes": [_box(item) for item in form.boxes],
        **changes,
    }


def _box(item: Box) -> dict[str, Any]:
    return {
        "name": item.name,
        "purpose": item.purpose,
        "text": dict(item.text),
        "mandatory": item.mandatory,
    }


def all_kinds(form_id: str, *, more_choices: int = 0, **changes: Any) -> dict[str, Any]:
    """A form with a field of every type, and choices more of which no two words are alike."""
    choices = [{"value": name, "label": _in_all(name.title())} for name in ("green", "black")]
    choices += [_choice(number) for number in range(more_choices)]
    fields = [
        {"name": "email", "type": "email", "label": _in_all("E-mail address")},
        {"name": "name", "type": "text", "label": _in_all("Name"), "autocomplete": "name"},
        {"name": "age", "type": "number", "label": _in_all("Age"), "min": 16, "max": 120},
        {"name": "born", "type": "date", "label": _in_all("Birthday"), "latest": "2020-01-01"},
        {"name": "tea", "type": "choice", "label": _in_all("Which tea?"), "choices": choices},
        {"name": "phone", "type": "phone", "label": _in_all("Phone"), "autocomplete": "tel"},
        {"name": "site", "type": "url", "label": _in_all("Website"), "autocomplete": "url"},
        {"name": "adult", "type": "tick", "label": _in_all("I am over 16."), "required": True},
    ]
    fields[2]["hint"] = _in_all("In whole years.")
    return form_body(form_id, fields=fields, **changes)


def _choice(number: int) -> dict[str, Any]:
    words = {code: sha256(f"{code}{number}".encode()).hexdigest() for code in LANGUAGES}
    return {"value": f"tea_{number}", "label": words}


def _in_all(text: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, text)
