# SPDX-License-Identifier: Apache-2.0
"""The counted link and the pixel of a mail: GET leads on, or shows nothing; neither is an act.

Guarantees that a redirect names a target of the token's own campaign, that nothing of the
request but the token is read into what is kept (no address, no browser, no cookie), and that a
program which says it only looks ahead is answered and not noted. Pages load what they need: a
click waits for no template and no model of a table.

Source: RFC 9110 sections 9.3.2 (HEAD) and 15.4.3 (302); Fetch Standard, "Sec-Purpose".
"""

from typing import TYPE_CHECKING, Final

from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.exchange import TEXT, Answer, Request
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import BadToken, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

GIF: Final = "image/gif"
PIXEL: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    b"!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
"""One transparent point, 43 bytes."""
_ANNOUNCED: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD: Final = ("prefetch", "prerender", "preview")
_NOT_KNOWN: Final = "This link is not known."


def _follow_link(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    try:
        target = container.measurement.follow(token, record=_is_a_visit(request))
    except BadToken:
        raise NotFound(_NOT_KNOWN) from None
    return Answer(status=302, content_type=TEXT, headers={"Location": target})


def _show_pixel(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    try:
        container.measurement.see(token, record=_is_a_visit(request))
    except BadToken:
        raise NotFound(_NOT_KNOWN) from None
    return Answer(body=PIXEL, content_type=GIF)


def _is_a_visit(request: Request) -> bool:
    """Whether it may be a person's own wish: not HEAD, and not announced as looking ahead."""
    said = " ".join(request.headers.get(name, "").lower() for name in _ANNOUNCED)
    return request.method == "GET" and not any(word in said for word in _AHEAD)


follow_link = page(_follow_link)
show_pixel = page(_show_pixel)
