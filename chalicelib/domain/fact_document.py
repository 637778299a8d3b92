# SPDX-License-Identifier: Apache-2.0
"""The stored form of facts: one JSON document, as small as it can be said.

Guarantees that equal facts are equal bytes: members are sorted, sets stand latest first, and what
is empty is absent. Its members are named in docs/spec/events.md §5; a segment reads them as they
stand here, without making `Facts` of them.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from chalicelib.domain.facts import (
    BrandFacts,
    Cart,
    Facts,
    MailFacts,
    OrderFacts,
    SiteFacts,
    Sum,
    Tally,
)
from chalicelib.domain.ids import BrandId
from chalicelib.domain.latest import Latest, Seen
from chalicelib.errors import FatalError

FACTS_VERSION = 1
MAX_BRAND_BYTES = 4_000
"""No brand's part of the document is larger, whatever is sent; a test makes the largest."""


def dump_facts(facts: Facts) -> bytes:
    """Return the document of ``facts``, with its schema version."""
    brands = {brand: _brand(known) for brand, known in facts.brands.items()}
    return orjson.dumps({"v": FACTS_VERSION, "b": brands}, option=orjson.OPT_SORT_KEYS)


def load_facts(data: bytes) -> Facts:
    """Return the facts that `dump_facts` wrote.

    Raises:
        FatalError: they have a schema version this code does not know.
    """
    stored = orjson.loads(data)
    if stored.get("v") != FACTS_VERSION:
        raise FatalError("stored facts have a schema version this code does not know")
    return Facts(brands={BrandId(b): _read_brand(known) for b, known in stored["b"].items()})


def _brand(known: BrandFacts) -> dict[str, Any]:
    return _present(
        o=known.orders and _orders(known.orders),
        k=known.cart and _cart(known.cart),
        m=known.mail and _mail(known.mail),
        w=known.site and _site(known.site),
        s=known.signup_s,
    )


def _orders(orders: OrderFacts) -> dict[str, Any]:
    return _present(
        n=orders.count,
        f=orders.first_s,
        l=orders.last_s,
        c={currency: list(held) for currency, held in orders.sums.items()},
        **_set("p", orders.products),
    )


def _cart(cart: Cart) -> dict[str, Any]:
    products = list(cart.products) or None
    return _present(t=cart.at_s, e=cart.tie, c=cart.currency, a=cart.amount, p=products)


def _mail(mail: MailFacts) -> dict[str, Any]:
    return _present(
        o=mail.opened and list(mail.opened),
        k=mail.clicked and list(mail.clicked),
        **_set("oc", mail.opened_campaigns),
        **_set("kc", mail.clicked_campaigns),
    )


def _site(site: SiteFacts) -> dict[str, Any]:
    return _present(
        v=site.visits and list(site.visits),
        x={name: list(held) for name, held in site.custom.items()} or None,
        **_set("p", site.products),
        **_set("d", site.documents),
    )


def _set(name: str, latest: Latest) -> dict[str, Any]:
    """A set as name-and-time pairs; its edge, if it has one, is the member ``name`` + ``e``."""
    members = [[member.name, member.at_s] for member in latest.ranked()]
    edge = latest.edge and [latest.edge.name, latest.edge.at_s]
    return {name: members or None, f"{name}e": edge}


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _read_brand(stored: Mapping[str, Any]) -> BrandFacts:
    orders, cart = stored.get("o"), stored.get("k")
    mail, site = stored.get("m"), stored.get("w")
    return BrandFacts(
        orders=orders and _read_orders(orders),
        cart=cart and _read_cart(cart),
        mail=mail and _read_mail(mail),
        site=site and _read_site(site),
        signup_s=stored.get("s"),
    )


def _read_orders(stored: Mapping[str, Any]) -> OrderFacts:
    return OrderFacts(
        count=stored["n"],
        first_s=stored["f"],
        last_s=stored["l"],
        sums={currency: Sum(*held) for currency, held in stored["c"].items()},
        products=_read_set(stored, "p"),
    )


def _read_cart(stored: Mapping[str, Any]) -> Cart:
    return Cart(
        at_s=stored["t"],
        tie=stored["e"],
        currency=stored["c"],
        amount=stored["a"],
        products=tuple(stored.get("p", ())),
    )


def _read_mail(stored: Mapping[str, Any]) -> MailFacts:
    return MailFacts(
        opened=_read_tally(stored.get("o")),
        clicked=_read_tally(stored.get("k")),
        opened_campaigns=_read_set(stored, "oc"),
        clicked_campaigns=_read_set(stored, "kc"),
    )


def _read_site(stored: Mapping[str, Any]) -> SiteFacts:
    return SiteFacts(
        visits=_read_tally(stored.get("v")),
        products=_read_set(stored, "p"),
        documents=_read_set(stored, "d"),
        custom={name: Tally(*held) for name, held in stored.get("x", {}).items()},
    )


def _read_tally(stored: Any) -> Tally | None:
    return stored and Tally(*stored)


def _read_set(stored: Mapping[str, Any], name: str) -> Latest:
    edge = stored.get(f"{name}e")
    return Latest(
        at_s={member: at_s for member, at_s in stored.get(name, ())},  # noqa: C416
        edge=edge and Seen(at_s=edge[1], name=edge[0]),
    )
