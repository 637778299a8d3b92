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
MAX_BYTES = 12_000
"""Of the script, compressed as a browser gets it: a form must not weigh on somebody else's page."""
_COMMENTS = re.compile(r"^[ \t]*/\*.*?\*/\n", re.DOTALL | re.MULTILINE)
_INDENTS = re.compile(r"^\s+", re.MULTILINE)
_WORDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "choice": ("choose", "not_a_choice"),
    "date": ("bad_date", "out_of_range"),
    "number": ("bad_number", "out_of_range"),
    "phone": ("bad_phone",),
    "tick": ("facts", "unticked"),
    "url": ("bad_url",),
}
"""Texts that only a form with such a field needs."""


def embed_script(container: "Container", form: "Form", brand: "Brand") -> tuple[str, bytes]:
    """Return the script of a form, as text and compressed; at most `MAX_BYTES` compressed.

    As many languages as fit are in it, the brand's own first; the script asks `show_embed` for
    another when somebody reads it. The long text of the notice is left to `show_descriptor`: few
    open it.
    """
    import gzip  # noqa: PLC0415  # no other page needs it

    languages = _own_first(form, brand)
    shown = {code: _in_language(container, form, brand, code) for code in languages}
    data: dict[str, Any] = {
        "base": container.settings.base_url,
        "id": form.id,
        "origins": list(form.origins),
        "language": languages[0],
        "look": shown[languages[0]]["form"]["look"],
    }
    lean = _lean(container.renderer.page(SCRIPT, {}))
    for count in range(len(languages), -1, -1):
        data["shown"] = {name: shown[name] for name in languages[:count]}
        data["brief"] = {name: _brief(shown[name]) for name in languages[count:]}
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        script = lean.replace(DATA, text)
        compressed = gzip.compress(script.encode("utf-8"), mtime=0)
        if len(compressed) <= MAX_BYTES:
            break
    return script, compressed


def _own_first(form: "Form", brand: "Brand") -> list[str]:
    languages = [ref.language for ref in form.notices]
    own = choose_language([], "", brand.default_language, languages)
    return [own, *(code for code in languages if code != own)]


def _brief(shown: Mapping[str, Any]) -> dict[str, str]:
    """What is shown while, or where, the form itself cannot be."""
    return {"title": shown["form"]["title"], "hosted": shown["words"]["hosted"]}


def _show_script(container: "Container", request: Request) -> Answer:
    form, brand = container.signup.form(path_word(request, "form_id"))
    script, compressed = embed_script(container, form, brand)
    body = script.encode("utf-8")
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
        body = compressed
        headers["Content-Encoding"] = "gzip"
    return Answer(body=body, content_type=JAVASCRIPT, headers=headers)


def _show_embed(container: "Container", request: Request) -> Answer:
    form, brand = container.signup.form(path_word(request, "form_id"))
    return json_answer(_in_language(container, form, brand, _asked(request, form, brand)))


def _show_descriptor(container: "Container", request: Request) -> Answer:
    form, brand = container.signup.form(path_word(request, "form_id"))
    language = _asked(request, form, brand)
    return json_answer(
        {
            **_shown(container, form, brand, language),
            "terms": _terms(container, form, brand, language),
            "shown": container.gate.shown(form.id),
        }
    )


show_script = page(_show_script)
show_embed = cross_origin(api(_show_embed))
show_descriptor = cross_origin(api(_show_descriptor))


def _asked(request: Request, form: "Form", brand: "Brand") -> str:
    return choose_language(
        [request.query],
        request.headers.get("accept-language", ""),
        brand.default_language,
        [ref.language for ref in form.notices],
    )


def _in_language(container: "Container", form: "Form", brand: "Brand", code: str) -> dict[str, Any]:
    """What the script needs to show the form in one language."""
    return {
        "form": _shown(container, form, brand, code),
        "words": _words(container, form, brand, code),
    }


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
    for cause, problem, rule in (
        ("disposable", "disposable_address", form.guard.disposable),
        ("role", "role_address", form.guard.role),
        ("no-mail", "undeliverable_address", form.guard.no_mail),
    ):
        unneeded |= ({cause} if rule != "step" else set()) | (
            {problem} if rule != "refuse" else set()
        )
    return _without(words, unneeded)


def _without(texts: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {
        name: _without(text, names) if isinstance(text, dict) else text
        for name, text in texts.items()
        if name not in names
    }


def _lean(script: str) -> str:
    """The script as sent: no comments on lines of their own, no indentation, no empty lines."""
    licence, code = script.split("\n", 1)
    return f"{licence}\n{_INDENTS.sub('', _COMMENTS.sub('', code))}"
