# SPDX-License-Identifier: Apache-2.0
"""Where a sign-up came from, as a fact for segments: form, page and campaign tag.

Guarantees that of the page only origin and path are kept: a query or a fragment may hold
anything, a name of its user included.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

MAX_PAGE_CHARS = 300


def page_of(url: object) -> str:
    """Return origin and path of a web page, "" for what is none.

    Example:
        >>> page_of("https://www.example.org/offers?utm_source=x#top")
        'https://www.example.org/offers'
        >>> page_of("android-app://org.example")
        ''
    """
    if not isinstance(url, str):
        return ""
    try:
        parts = urlsplit(url)
        place = parts.hostname or ""
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not place:
        return ""
    host = f"[{place}]" if ":" in place else place
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    return (origin + (parts.path or "/"))[:MAX_PAGE_CHARS]


def page_of_request(choice: Mapping[str, object], session: Mapping[str, object]) -> str:
    """Return the page the form stood on: what a repeated request says, else its browser.

    A form of ours sends no referrer; one on another site is named by the referrer alone.
    """
    told = (choice.get("page"), session.get("referrer"), session.get("url"))
    return next((page for page in map(page_of, told) if page), "")


def source_of(choice: Mapping[str, object], session: Mapping[str, object]) -> dict[str, str]:
    """Return ``form``, ``page`` and ``tag`` of a request; what it does not tell is absent."""
    told = {
        "form": choice.get("form"),
        "page": page_of_request(choice, session),
        "tag": choice.get("tag"),
    }
    return {name: value for name, value in told.items() if isinstance(value, str) and value}
