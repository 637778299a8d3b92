# SPDX-License-Identifier: Apache-2.0
"""What the unsubscribe pages are rendered from, in each of their states."""

from typing import Any

from chalicelib.domain.leaving import LeavingReason
from chalicelib.services.unsubscribe import Extent
from infra.local.demo_data import DEMO_LIST

TOKEN = "t" * 66
WHOLE = {
    "list": None,
    "token": TOKEN,
    "extent": Extent(stopped=("Events & fairs", "Newsletter"), other_brands=("Garden Letters",)),
    "choose_path": None,
    "receipt_path": f"/receipt/{TOKEN}",
}
NARROWED = WHOLE | {
    "list": DEMO_LIST,
    "extent": Extent(
        stopped=("Newsletter",),
        lists_left=("Events & fairs",),
        other_brands=("Garden Letters", "Kvitto Shop"),
    ),
    "choose_path": f"/preferences/{TOKEN}",
}
UNREADABLE = NARROWED | {"extent": None, "choose_path": None, "receipt_path": None}
"""The names could not be read: it is done all the same."""


def leaving_pages() -> list[tuple[str, dict[str, Any]]]:
    """Return (page, its data but for language and brand) for every state."""
    states = [
        (f"pages/{name}.html", data)
        for name in ("unsubscribe", "unsubscribed")
        for data in (WHOLE, NARROWED, UNREADABLE)
    ]
    reasons = [("pages/unsubscribed_reason.html", {"reason": each}) for each in LeavingReason]
    return [*states, *reasons]
