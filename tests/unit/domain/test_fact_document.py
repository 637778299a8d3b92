# SPDX-License-Identifier: Apache-2.0
"""The stored form of facts: read back as written, and small whatever is sent."""

import orjson
import pytest

from chalicelib.domain.currencies import MINOR_DIGITS
from chalicelib.domain.customer_events import (
    CartUpdated,
    Custom,
    CustomerEvent,
    DocumentRequested,
    Item,
    OrderPlaced,
    PageVisited,
    ProductViewed,
    Signup,
)
from chalicelib.domain.fact_document import MAX_BRAND_BYTES, dump_facts, load_facts
from chalicelib.domain.facts import Behaviour, Facts, Measured, fold
from chalicelib.domain.ids import BrandId, CampaignId
from chalicelib.errors import FatalError

BRAND = BrandId("b" * 32)
NOW_MS = 1_795_392_000_999


def everything(name: str, many: int) -> Facts:
    """Somebody of whom everything is known, ``many`` times each; ``name`` takes a number."""
    told = []
    for number in range(many):
        product, code = name.format(number), list(MINOR_DIGITS)[number % 20]
        cart = tuple(Item(product=name.format(n)) for n in range(10))
        placed = OrderPlaced(
            order=str(number), amount=10**12, currency=code, items=(Item(product=product),)
        )
        whats = (
            placed,
            ProductViewed(product=product),
            DocumentRequested(document=product),
            Custom(name=f"x{number:031d}"[:32]),
            PageVisited(page="https://www.example.org/"),
            CartUpdated(amount=10**12, currency="SEK", items=cart),
            Signup(),
        )
        told += [
            CustomerEvent(id="x", brand=BRAND, occurred_ms=NOW_MS + number, what=what)
            for what in whats
        ]
        told += [
            Behaviour(
                measured=measured,
                brand=BRAND,
                campaign=CampaignId(f"{number:022d}"),
                occurred_ms=NOW_MS,
            )
            for measured in Measured
        ]
    return fold((f"{number:022d}", event) for number, event in enumerate(told))


@pytest.mark.parametrize("name", ["p{}", "{:02d}" + "å" * 31, '"' * 62 + "{:02d}"])
@pytest.mark.parametrize("many", [12, 40])
def test_no_brands_part_is_larger_than_it_may_be(name, many):
    data = dump_facts(everything(name, many))
    assert len(data) <= MAX_BRAND_BYTES, len(data)
    assert load_facts(data) == everything(name, many)


def test_five_of_everything_take_less_than_two_kilobytes():
    assert len(dump_facts(everything("garden-tool-{}", 5))) < 2_000


def test_of_nothing_the_document_holds_its_version_alone():
    assert dump_facts(Facts()) == b'{"b":{},"v":1}'
    assert load_facts(b'{"b":{},"v":1}') == Facts()


def test_facts_of_an_unknown_version_stop():
    with pytest.raises(FatalError):
        load_facts(orjson.dumps({"v": 2, "b": {}}))
