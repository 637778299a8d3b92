# SPDX-License-Identifier: Apache-2.0
"""What a marketer does about a mail provider that was stopped: lets mail go to it again.

Guarantees that nothing is done without a key of the scope ``marketing`` and the token of its own
session, and that it is answered by a redirect, so that a reload repeats nothing.
"""

from typing import TYPE_CHECKING
from urllib.parse import quote

from chalicelib.entrypoints.console_access import Seat, marketer
from chalicelib.entrypoints.deliverability_console_pages import HOME
from chalicelib.entrypoints.exchange import Answer, Request, redirect
from chalicelib.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container


def _release(container: "Container", _request: Request, seat: Seat) -> Answer:
    done = "released"
    try:
        container.stopped_domains.release(seat.fields.get("domain", ""))
    except NotFound:
        done = "gone"
    brand = quote(seat.fields.get("brand", ""), safe="")
    return redirect(f"{HOME}?language={seat.language}&brand={brand}&done={done}")


release_domain = marketer(_release)
