# SPDX-License-Identifier: Apache-2.0
"""What is kept of a visitor's request as evidence, and the shape a token or slug in a path has."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.entrypoints.exchange import Request
from chalicelib.entrypoints.languages import choose_language
from chalicelib.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.services.signup import Session

_PATH_WORD = re.compile(r"[A-Za-z0-9_-]{1,256}")


def path_word(request: Request, name: str) -> str:
    """Return a path parameter.

    Raises:
        NotFound: it has a shape no id or token of ours has, so nothing is looked up.
    """
    word = request.parameters.get(name, "")
    if not _PATH_WORD.fullmatch(word):
        raise NotFound("There is nothing at this address.")
    return word


def session_of(request: Request, page: str, language: str) -> "Session":
    """Return where a request came from, to be sealed with the entry it makes.

    Args:
        page: address of the page without any token.
    """
    from chalicelib.services.signup import Session  # noqa: PLC0415  # loads cryptography

    return Session(
        network=request.network,
        user_agent=request.headers.get("user-agent", ""),
        page=page,
        referrer=request.headers.get("referer", ""),
        language=language,
    )


def language_of(request: Request, fields: Mapping[str, str], default: str) -> str:
    """Return the language a page answers in: chosen in a field or the query, else the browser's."""
    return choose_language(
        [fields, request.query], request.headers.get("accept-language", ""), default
    )
