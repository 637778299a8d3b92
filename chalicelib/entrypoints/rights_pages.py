# SPDX-License-Identifier: Apache-2.0
"""The way to one's own data without a link: an address typed in, a link mailed to it.

Guarantees the same answer after the same calls for every address, held or not, and that the
address stands in no URL, log line or queue message.
"""

from typing import TYPE_CHECKING

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.bodies import read_form
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.entrypoints.visitors import language_of, path_word
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Brand


def _show(container: "Container", request: Request) -> Answer:
    brand = container.setup.brand(path_word(request, "brand"))
    language = language_of(request, {}, brand.default_language)
    return _form(container, brand, language)


def _ask(container: "Container", request: Request) -> Answer:
    brand = container.setup.brand(path_word(request, "brand"))
    fields = read_form(request)
    language = language_of(request, fields, brand.default_language)
    typed = fields.get("email", "").strip()
    try:
        container.access_requests.by_address(brand, typed, request.network, language)
    except InputError as error:
        if error.code != "malformed_address":
            raise
        return _form(container, brand, language, typed, has_problem=True)
    data = {"language": language, "brand": brand, "address": typed}
    return html(container.renderer.page("pages/preferences_mailed.html", data))


def _form(
    container: "Container",
    brand: "Brand",
    language: str,
    typed: str = "",
    *,
    has_problem: bool = False,
) -> Answer:
    data = {
        "language": language,
        "languages": LANGUAGES,
        "brand": brand,
        "address": typed,
        "problem": has_problem,
    }
    return html(container.renderer.page("pages/rights.html", data), 422 if has_problem else 200)


show_rights = page(_show)
ask_for_link = page(_ask)
