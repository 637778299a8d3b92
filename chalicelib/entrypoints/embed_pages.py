# SPDX-License-Identifier: Apache-2.0
"""The script that puts a form into any page, and the form as data for other scripts.

Guarantees that both are made of the form's descriptor and of the texts our own pages have, in
every language of the form, so that an embedded form says the same words; and that neither stores
anything.
"""

import json
import re
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from chalicelib.entrypoints._runtime import api, page
from chalicelib.entrypoints.cross_origin import cross_origin
from chalicelib.entrypoints.exchange import Answer, Request, json_answer
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.visitors import path_word

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Brand
    from chalicelib.domain.forms import Form

JAVASCRIPT = "text/javascript; charset=utf-8"
SCRIPT = "pages/embed.js"
WORDS = "pages/embed_words.txt"
TERMS = "notices/terms.html"
DATA = "/* data */"
"""Stands in the script where the form's data goes."""
FIVE_MINUTES = "public, max-age=300"
ETAG_CHARS = 32
_COMMENTS = re.compile(r"^[ \t]*/\*.*?\*/\n", re.DOTALL | re.MULTILINE)
_INDENTS = re.compile(r"^[ \t]+", re.MULTILINE)
_WORDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "choice": ("choose", "not_a_choice"),
    "date": ("bad_date", "out_of_range"),
    "number": ("bad_number", "out_of_range"),
    "phone": ("bad_phone",),
    "tick": ("facts", "unticked"),
    "url": ("bad_url",),
}
"""Texts that only a form with such a field needs."""


def embed_script(container: "Container", form: "Form", brand: "Brand") -> str:
    """Return the script of a form, with what it says in every language it is published in.

    The long text of the notice is left to `show_descriptor`: few open it.
    """
    languages = [ref.language for ref in form.notices]
    data = {
        "base": container.settings.base_url,
        "origins": list(form.origins),
        "language": choose_language([], "", brand.default_language, languages),
        "forms": {code: _shown(container, form, brand, code) for code in languages},
        "words": {code: _words(container, form, brand, code) for code in languages},
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return _lean(container.renderer.page(SCRIPT, {})).replace(DATA, text)


def _show_script(container: "Container", request: Request) -> Answer:
    form, brand = container.signup.form(path_word(request, "form_id"))
    body = embed_script(container, form, brand).encode("utf-8")
    # Weak: what is sent may be compressed.
    tag = f'W/"{sha256(body).hexdigest()[:ETAG_CHARS]}"'
    headers = {
        "Cache-Control": FIVE_MINUTES,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Answer(status=304, content_type=JAVASCRIPT, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        import gzip  # noqa: PLC0415  # no other page needs it

        body = gzip.compress(body, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Answer(body=body, content_type=JAVASCRIPT, headers=headers)


def _show_descriptor(container: "Container", request: Request) -> Answer:
    form, brand = container.signup.form(path_word(request, "form_id"))
    language = choose_language(
        [request.query],
        request.headers.get("accept-language", ""),
        brand.default_language,
        [ref.language for ref in form.notices],
    )
    return json_answer(
        {
            **_shown(container, form, brand, language),
            "terms": _terms(container, form, brand, language),
            "shown": container.gate.shown(form.id),
        }
    )


show_script = page(_show_script)
show_descriptor = cross_origin(api(_show_descriptor))


def _shown(container: "Container", form: "Form", brand: "Brand", language: str) -> dict[str, Any]:
    """The form's descriptor, with links that lead somewhere from any site."""
    from chalicelib.domain.form_descriptor import descriptor  # noqa: PLC0415  # with its shapes

    shown = descriptor(form, brand, language)
    privacy_url = urljoin(container.settings.base_url, shown["brand"]["privacy_url"])
    return {**shown, "brand": {**shown["brand"], "privacy_url": privacy_url}}


def _terms(container: "Container", form: "Form", brand: "Brand", language: str) -> list[Any]:
    """The notice's text below the boxes, as parts."""
    from chalicelib.entrypoints.embed_parts import parts_of  # noqa: PLC0415  # loads a parser

    data = {"language": language, "brand": brand, "form": form, "boxes_above": True}
    data["base_url"] = container.settings.base_url
    return parts_of(container.renderer.page(TERMS, data))


def _words(container: "Container", form: "Form", brand: "Brand", language: str) -> Any:
    """Our own texts in one language, without those that this form never needs."""
    words = json.loads(container.renderer.page(WORDS, {"language": language, "brand": brand}))
    types = {field.type.value for field in form.fields}
    unneeded = {name for kind, names in _WORDS_OF.items() if kind not in types for name in names}
    unneeded -= {name for kind in types for name in _WORDS_OF.get(kind, ())}
    if form.gift is None:
        unneeded |= {"gift"}
    for name, rule in (("disposable", form.guard.disposable), ("role", form.guard.role)):
        unneeded |= ({name} if rule != "step" else set()) | (
            {f"{name}_address"} if rule != "refuse" else set()
        )
    return _without(words, unneeded)


def _without(texts: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {
        name: _without(text, names) if isinstance(text, dict) else text
        for name, text in texts.items()
        if name not in names
    }


def _lean(script: str) -> str:
    """The script as sent: without comments on lines of their own, and without indentation."""
    licence, code = script.split("\n", 1)
    return f"{licence}\n{_INDENTS.sub('', _COMMENTS.sub('', code))}"
