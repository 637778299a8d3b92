# SPDX-License-Identifier: Apache-2.0
"""A person's whole data: on a page, as a file to read, and as a file for machines.

Guarantees that both files hold the same, and that neither loads anything when it is opened.

Source: GDPR Art. 15(3), Art. 20(1).
"""

import json
from typing import TYPE_CHECKING, Any

from chalicelib.domain.measurement import HIT_DAYS
from chalicelib.entrypoints.exchange import HTML, JSON, Answer, html
from chalicelib.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.services.access_links import Access

PAGE_FILE, JSON_FILE = "data.html", "data.json"


def show_own_data(container: "Container", access: "Access", path: str, language: str) -> Answer:
    """Return the page with everything on it and the way to both files."""
    return html(_page(container, access, language, path=path))


def own_data_file(container: "Container", access: "Access", part: str, language: str) -> Answer:
    """Return one of the two files.

    Raises:
        NotFound: ``part`` names neither, or the person was erased.
    """
    if part == JSON_FILE:
        document = container.own_data.of(access.sid, access.brand, language)
        body = json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8")
        return _file(body, JSON, part)
    if part == PAGE_FILE:
        return _file(_page(container, access, language).encode("utf-8"), HTML, part)
    raise NotFound("There is no such file here.")


def _page(container: "Container", access: "Access", language: str, path: str = "") -> str:
    from chalicelib.ports.facts import EVENT_DAYS, ORDER_SPARE_DAYS  # noqa: PLC0415  # only here
    from chalicelib.services.own_data import MAIL_EVENTS_DAYS  # noqa: PLC0415  # cryptography

    data: dict[str, Any] = {
        "language": language,
        "brand": container.brands.get(access.brand),
        "data": container.own_data.of(access.sid, access.brand, language),
        "labels": container.preferences.labels(access.brand, language),
        "made_ms": container.clock.now_ms(),
        "expires_ms": access.expires_ms,
        "mail_days": MAIL_EVENTS_DAYS,
        "hit_days": HIT_DAYS,
        "order_days": container.settings.keep_orders_days + ORDER_SPARE_DAYS,
        "event_days": EVENT_DAYS,
        "path": path,
        "is_file": not path,
    }
    return container.renderer.page("pages/own_data.html", data)


def _file(body: bytes, content_type: str, name: str) -> Answer:
    disposition = f'attachment; filename="{name}"'
    return Answer(
        body=body, content_type=content_type, headers={"Content-Disposition": disposition}
    )
