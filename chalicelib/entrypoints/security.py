# SPDX-License-Identifier: Apache-2.0
"""The headers every answer carries.

Guarantees that a page can load nothing (but the pictures of a mail that it shows), run nothing (but
the one known script of a receipt, or of a campaign or segment, which asks us alone), post only to
us (but a confirmation, whose form may lead on to the operator's page) and be framed by nobody (but
the sign-up form, which may stand in a frame: it has no session and its mail decides; and a
campaign's mail, in that campaign's own page), that no address with a token in it leaves as a
referrer, and that nothing personal is cached.

Source: W3C Content Security Policy Level 3; RFC 6797; RFC 9111 section 5.2.2.5.
"""

import base64
import re
from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlsplit

from chalicelib.entrypoints.exchange import HTML, Answer

_CSP_PAGE = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'{target}; base-uri 'none'; "
    "frame-ancestors {ancestors}"
)
_PLACE = re.compile(r"[A-Za-z0-9.:\[\]-]+")
"""A host with its port, and nothing that would end a directive."""
_CSP_SCRIPT = "; script-src 'sha256-{digest}'"
_CSP_LIVE = "; connect-src 'self'; frame-src 'self'"
_CSP_MAIL = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; "
    "font-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_CSP_PICTURES = "; img-src 'self' https: data:; font-src data:"
_CSP_DATA = "default-src 'none'; frame-ancestors 'none'"
NO_STORE = "no-store"
ONE_YEAR_S = 31_536_000


def with_script(script: str, *, live: bool = False) -> dict[str, str]:
    """Return the headers of a page on which this inline script runs, and no other.

    Args:
        script: every character between the page's script tags, known before the page is filled.
        live: the page may ask ourselves for news of it, and show other pages of ours in a frame.

    Source: W3C Content Security Policy Level 3 section 2.3.1 (hash-source).
    """
    digest = base64.b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii")
    policy = _page_policy() + _CSP_SCRIPT.format(digest=digest) + (_CSP_LIVE if live else "")
    return {"Content-Security-Policy": policy}


def as_mail() -> dict[str, str]:
    """Return the headers of somebody's mail, shown in a frame of our own page.

    It runs nothing, sends nothing, leads nowhere, is no page of ours to its own style, and loads
    only its pictures, as a mail program does.

    Source: HTML living standard section 7.1.5 (sandboxing).
    """
    return {"Content-Security-Policy": _CSP_MAIL, "X-Frame-Options": "SAMEORIGIN"}


def around_mail() -> dict[str, str]:
    """Return the headers of our own page in which somebody's mail stands, in a frame's ``srcdoc``.

    Such a frame is held to the page's own policy, so the page lets the mail's pictures load. That
    the mail runs nothing and leads nowhere is for the frame's ``sandbox``.

    Source: HTML living standard section 7.1.7 (policy containers).
    """
    return {"Content-Security-Policy": _page_policy() + _CSP_PICTURES}


def with_target(url: str) -> dict[str, str]:
    """Return the headers of a page whose form ends, after our own answer, at ``url``.

    Browsers hold a form's redirect to the same rule as the form itself. Empty for a place that the
    rule cannot name, such as a host with an underscore: no form may be led on there.

    Source: W3C Content Security Policy Level 3 section 6.4.1 (form-action).
    """
    parts = urlsplit(url)
    place = parts.netloc.removesuffix(":")
    if not _PLACE.fullmatch(place):
        return {}
    return {"Content-Security-Policy": _page_policy(target=f" {parts.scheme}://{place}")}


def _page_policy(ancestors: str = "'none'", target: str = "") -> str:
    return _CSP_PAGE.format(ancestors=ancestors, target=target)


def hardened(answer: Answer, *, secure: bool, framed: bool = False) -> Answer:
    """Return the answer with the security headers; those it set itself stay.

    Args:
        secure: the installation is reached by https.
        framed: other sites may show it in a frame.
    """
    page = answer.content_type == HTML
    ancestors = "*" if framed else "'none'"
    headers = {
        "Cache-Control": NO_STORE,
        "Content-Security-Policy": _page_policy(ancestors) if page else _CSP_DATA,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if not framed:
        headers["X-Frame-Options"] = "DENY"
    if secure:
        headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_S}"
    return replace(answer, headers=headers | dict(answer.headers))
