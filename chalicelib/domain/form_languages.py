# SPDX-License-Identifier: Apache-2.0
"""Which languages a form can be shown in.

Guarantees that nobody is shown a form with a text missing: a language counts only when every text
of the form says something in it.
"""

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.forms import Form
from chalicelib.errors import InputError


def whole_languages(form: Form) -> tuple[str, ...]:
    """Return the languages a form is whole in: every title, label, hint, choice and sentence.

    Raises:
        InputError: there is none.
    """
    texts = [
        form.title,
        form.promise,
        *(item.label for item in form.fields),
        *(item.hint for item in form.fields if item.hint),
        *(choice.label for item in form.fields for choice in item.choices),
        *(box.text for box in form.boxes),
        *([form.gift.name] if form.gift else []),
    ]
    whole = tuple(lang for lang in LANGUAGES if all(_says(text.get(lang, "")) for text in texts))
    if not whole:
        raise InputError(code="bad_form", detail="A form needs all its texts in one language.")
    return whole


def _says(text: str) -> bool:
    return any(map(str.isalnum, text))
