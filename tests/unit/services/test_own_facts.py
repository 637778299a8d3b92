# SPDX-License-Identifier: Apache-2.0
"""What is known of somebody is told to them whole, in plain data and in words."""

import json
import re

import pytest

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.facts import Behaviour, Measured
from chalicelib.domain.ids import CampaignId, DeliveryId
from chalicelib.domain.latest import Cap
from chalicelib.entrypoints.own_data_pages import own_data_file
from chalicelib.services.access_links import Access
from infra.local.demo_data import DEMO_BRAND
from tests.support.clock import START_MS
from tests.support.shop import (
    BUYER,
    DEMO,
    body,
    cancelled,
    consent,
    event,
    objection,
    placed,
    refunded,
    restriction,
    viewed,
)
from tests.support.world import World

CAMPAIGN = CampaignId("c" * 22)
CART = {"amount": 4_900, "currency": "SEK", "items": [{"product": "pots"}]}


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    """Somebody of whom everything is known that can be."""
    made = world.subscribe(BUYER)
    consent(world, made, "measurement", "profiling")
    for told in (
        placed("e1", "4711", 129_900, ago_days=9),
        refunded("e2", "4711", 29_900),
        cancelled("e3", "4712"),
        body("e4", "signup", 300),
        viewed("e5", "garden-tools"),
        body("e6", "cart.updated", cart=CART),
        body("e7", "page.visited", page="https://www.example.org/pots"),
        body("e8", "document.requested", document="white-paper"),
        body("e9", "custom", name="quiz.done", properties={"score": 7, "won": True}),
    ):
        world.fact_folder.keep(made, event(told))
    for measured in Measured:
        behaviour = Behaviour(
            measured=measured, brand=DEMO, campaign=CAMPAIGN, occurred_ms=START_MS
        )
        world.fact_folder.note(made, behaviour, DeliveryId("d" * 16))
    return made


def held(world, sid):
    return world.own_data.of(sid, DEMO, "en")


def shown(world, sid, language):
    token = "11" * 32
    access = Access(sid=sid, brand=DEMO, language=language, expires_ms=0, token_sha256=token)
    page = own_data_file(world, access, "data.html", language).body.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_every_part_of_the_facts_is_told_by_brand(world, sid):
    (known,) = held(world, sid)["facts"]
    assert (known["brand"], known["name"]) == ("demo", DEMO_BRAND.name)
    assert known["orders"]["count"] == 1
    assert known["orders"]["sums"] == [{"currency": "SEK", "orders": 1, "amount": 100_000}]
    assert [each["product"] for each in known["orders"]["products"]] == ["product of 4711"]
    assert known["cart"]["products"] == ["pots"]
    assert known["mail"]["opened"]["times"] == known["mail"]["clicked"]["times"] == 1
    assert known["mail"]["campaigns_opened"][0]["campaign"] == CAMPAIGN
    assert known["site"]["visits"]["times"] == 1
    assert [each["product"] for each in known["site"]["products"]] == ["garden-tools"]
    assert [each["document"] for each in known["site"]["documents"]] == ["white-paper"]
    assert [each["name"] for each in known["site"]["custom"]] == ["quiz.done"]
    assert known["signup_at"] is not None


def test_every_order_and_every_event_is_told_with_what_the_shop_sent(world, sid):
    document = held(world, sid)
    waiting, order = document["orders"]
    if order["id"] != "4711":
        waiting, order = order, waiting
    assert (order["id"], order["amount"], order["currency"]) == ("4711", 129_900, "SEK")
    assert [each["amount"] for each in order["refunds"]] == [29_900]
    assert (waiting["id"], waiting["placed_at"]) == ("4712", None)
    assert waiting["cancelled_at"] is not None
    told = document["customer_events"]
    assert sorted(each["type"] for each in told) == sorted(
        [
            *("order.placed", "order.refunded", "order.cancelled", "signup", "product.viewed"),
            *("cart.updated", "page.visited", "document.requested", "custom"),
            *("mail.opened", "mail.clicked"),
        ]
    )
    assert [each["at"] for each in told] == sorted(each["at"] for each in told)
    (custom,) = (each for each in told if each["type"] == "custom")
    assert (custom["id"], custom["properties"]) == ("e9", {"score": 7, "won": True})
    assert len(told) == len(world.facts.events(sid))
    assert len(document["orders"]) == len(world.facts.orders(sid))


def test_a_name_that_a_set_dropped_and_remembers_is_told_too(world, sid, monkeypatch):
    monkeypatch.setattr("chalicelib.domain.facts.VIEWED", Cap(members=1, max_bytes=100))
    world.fact_folder.keep(sid, event(viewed("e10", "ham", ago_days=3)))
    (known,) = held(world, sid)["facts"]
    assert [each["product"] for each in known["site"]["products"]] == ["garden-tools", "ham"]


@pytest.mark.parametrize("end", [consent, objection, restriction])
def test_what_waits_to_be_forgotten_or_may_not_be_touched_is_held_and_told(world, sid, end):
    before = held(world, sid)
    end(world, sid)
    after = held(world, sid)
    for name in ("facts", "orders", "customer_events"):
        assert after[name] == before[name]


def test_of_whom_nothing_is_known_nothing_is_told(world):
    other = world.subscribe("other@example.org")
    document = held(world, other)
    assert document["facts"] == document["orders"] == document["customer_events"] == []
    assert "Orders, visits" not in shown(world, other, "en")


def test_nobody_elses_orders_are_among_them(world, sid):
    other = world.subscribe("other@example.org")
    world.fact_folder.keep(other, event(placed("x1", "SECRET-1", subscriber=other)))
    assert "SECRET-1" not in json.dumps(held(world, sid))


def test_how_long_and_on_which_ground_is_told(world, sid):
    document = held(world, sid)
    periods = {each["what"]: each["how_long"] for each in document["retention"]}
    assert periods["orders"].startswith("1125 days")
    assert "400 days" in periods["customer_events"]
    assert "facts" in periods
    assert any("6(1)(f)" in each["basis"] for each in document["purposes"])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("order placed, number 4711, 1,299.00", "shopping cart changed", "won true")),
        (
            "sv",
            ("beställning lagd, nummer 4711, 1\u00a0299,00", "kundvagn ändrad", "artikel 6.1 f"),
        ),
        ("de", ("Bestellung aufgegeben, Nummer 4711, 1.299,00", "Warenkorb geändert", "lit. f")),
        ("fr", ("commande passée, numéro 4711, 1\u202f299,00", "panier modifié", "point f)")),
    ],
)
def test_the_page_says_all_of_it_in_words(world, sid, language, words):
    page = shown(world, sid, language).replace("\u00a0SEK", " SEK")
    plain = page.replace("\u00a0", " ").replace("\u202f", " ")
    for each in words:
        assert each.replace("\u00a0", " ").replace("\u202f", " ") in plain
    for data in ("4712", "white-paper", "https://www.example.org/pots", "quiz.done", "1125"):
        assert data in plain


def test_every_language_is_one_of_the_products_own(world, sid):
    pages = {shown(world, sid, language) for language in LANGUAGES}
    assert len(pages) == len(LANGUAGES)
