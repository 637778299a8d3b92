# SPDX-License-Identifier: Apache-2.0
"""Orders told over the API: `POST /events` as a shop's own key sends it, read and answered.

It guarantees people who walked the real double opt-in, found by their address, and an event of its
own for every request; over in-memory ports and over the real adapters against the null AWS.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

from chalicelib.bootstrap import Container
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.durations import DAY_MS
from chalicelib.entrypoints.api.events import tell_events
from chalicelib.entrypoints.exchange import Request
from chalicelib.ports.outside import Queue
from infra.bench.alike import served
from infra.bench.journeys import OPT_IN, Walk, addresses, bare_call_s, counting
from infra.bench.line import Line, Meter, metered
from infra.bench.sink import TappedQueues, TappedSender, null_aws, real_container, since
from infra.bench.worlds import UNBOUND, new_world
from infra.local.demo_data import DEMO_BRAND
from tests.support.clock import START_MS

ROUNDS = 4
"""Orders of each person. The first makes their facts; of the others the least CPU time counts."""
_ROUTE = "/api/v1/events"
_PRODUCTS = ("garden-tools", "pots", "seeds", "greenhouse")
_KEPT = 201


def event_order(size: int) -> Iterator[Line]:
    """Print what an order costs that a shop tells of somebody who ordered before.

    Args:
        size: people; each orders once in a round.
    """
    memory, ports = _in_memory(size)
    with null_aws() as endpoint:
        container = real_container(endpoint)
        per_call_s = bare_call_s(container.settings.ledger_table)
        _subscribe(container, size)
        shop = _Shop(container)
        shop.tell(size, 0, Meter())
        before = endpoint.counted()
        meters = [shop.tell(size, 1, Meter())]
        counted = since(before, endpoint.counted()).scaled(1 / size)
        meters += [shop.tell(size, number, Meter()) for number in range(2, ROUNDS)]
    least = min(meters, key=lambda meter: meter.cpu_s)
    requests = sum(counted.requests.values())
    yield Line(
        bench="event.order",
        value=least.cpu_s / size * 1000,
        unit="CPU ms each",
        floor=per_call_s * requests * 1000,
        floor_is="as many bare SDK calls",
        n=size,
        cpu_s=least.cpu_s,
        calls=counted.requests,
        more={
            "requests": requests,
            "write_units": counted.write_units,
            "read_units": counted.read_units,
            "cpu_ms_in_memory": memory.cpu_s / size * 1000,
            "port_calls": {name: count / size for name, count in sorted(ports.items())},
        },
    )


class _Shop:
    """Somebody with a key that tells events and opens nothing else."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._key, _ = container.key_ring.create("shop", [KeyScope.EVENTS])
        self._tell = tell_events.served()

    def tell(self, size: int, number: int, meter: Meter) -> Meter:
        """Tell the order of a round of each of ``size`` people; add what it took to ``meter``."""
        with served(self._container):
            for place, email in enumerate(addresses(size)):
                request = self._request(_order(email, place, number))
                with metered(meter):
                    answer = self._tell(request)
                if answer.status != _KEPT:
                    raise AssertionError("an order was not kept")
        return meter

    def _request(self, body: dict[str, Any]) -> Request:
        return Request(
            method="POST",
            route=_ROUTE,
            headers={"content-type": "application/json", "authorization": f"Bearer {self._key}"},
            body=json.dumps(body).encode(),
            network="192.0.2.7",
        )


def _order(email: str, place: int, number: int) -> dict[str, Any]:
    moment = datetime.fromtimestamp((START_MS - (ROUNDS - number) * DAY_MS) // 1000, UTC)
    product = _PRODUCTS[number % len(_PRODUCTS)]
    item = {"product": product, "name": "As it says", "quantity": 2, "amount": 64_950}
    order = {"id": f"{place}-{number}", "amount": 129_900, "currency": "SEK", "items": [item]}
    return {
        "id": f"shop-{place}-{number}",
        "type": "order.placed",
        "brand": DEMO_BRAND.id,
        "email": email,
        "occurred_at": moment.isoformat(),
        "order": order,
    }


def _subscribe(container: Container, size: int) -> None:
    queues = cast("TappedQueues", container.queues)
    sender = cast("TappedSender", container.sender)
    walk = Walk(container, lambda: sender.mails[-1], lambda: queues.last[Queue.CONFIRMATIONS])
    for step in OPT_IN:
        walk.run(step, addresses(size), Meter())


def _in_memory(size: int) -> tuple[Meter, Counter[str]]:
    world = new_world(**UNBOUND)
    for email in addresses(size):
        world.subscribe(email)
    shop, ports = _Shop(world), Counter[str]()
    shop.tell(size, 0, Meter())
    world.faults = counting(ports)
    return shop.tell(size, 1, Meter()), ports
