# SPDX-License-Identifier: Apache-2.0
"""What a shop tells of the demo's people: orders, carts and visits, some long ago, some lately.

Guarantees that every stage of the life cycle is somebody's, and that the first two people, whom
other people's scripts look at, have nothing of it. Events have ids of their own, so that telling
them again counts nothing twice.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.domain.durations import DAY_MS
from infra.local.demo_data import DEMO_BRAND

ORDER: Final = "order.placed"
SIGNUP: Final = "signup"
_SHOP: Final = "https://shop.example.org"
_ORDERS: Final = (
    # person, days ago, minor units of SEK, product
    (3, 400, 129_900, "garden-tools"),
    (3, 190, 49_900, "pots"),
    (3, 12, 89_900, "seeds"),
    (4, 6, 19_900, "seeds"),
    (5, 280, 249_900, "greenhouse"),
    (6, 45, 9_900, "gloves"),
    (6, 3, 12_900, "pots"),
    (7, 700, 59_900, "garden-tools"),
)


def demo_events(now_ms: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number of the person (from 3) and event, as `POST /events` takes it, but for who.

    Args:
        now_ms: what days are counted back from, Unix milliseconds.
    """
    for n, (person, days, amount, product) in enumerate(_ORDERS, start=1):
        items = [{"product": product, "quantity": 1, "amount": amount}]
        order = {"id": f"D-{1000 + n}", "amount": amount, "currency": "SEK", "items": items}
        yield person, _event(f"demo-order-{n}", ORDER, now_ms, days, order=order)
    yield 8, _event("demo-signup-8", SIGNUP, now_ms, 20)
    for person, days in ((3, 2), (6, 1), (9, 1)):
        visit = {"page": f"{_SHOP}/garden"}
        yield person, _event(f"demo-visit-{person}", "page.visited", now_ms, days, **visit)
        view = {"product": "greenhouse"}
        yield person, _event(f"demo-view-{person}", "product.viewed", now_ms, days, **view)
    cart = {"amount": 34_900, "currency": "SEK", "items": [{"product": "pots", "quantity": 2}]}
    yield 9, _event("demo-cart-9", "cart.updated", now_ms, 1, cart=cart)
    wanted = {"document": "planting-calendar"}
    yield 9, _event("demo-document-9", "document.requested", now_ms, 1, **wanted)


def _event(name: str, kind: str, now_ms: int, days: int, **members: Any) -> dict[str, Any]:
    moment = datetime.fromtimestamp((now_ms - days * DAY_MS) // 1000, UTC)
    return {
        "id": name,
        "type": kind,
        "brand": DEMO_BRAND.id,
        "occurred_at": moment.isoformat(),
        **members,
    }
