# SPDX-License-Identifier: Apache-2.0
"""Customer events over the API, as a shop tells them, from the first order to the erasure."""

import json
import logging
import re

import pytest
from jsonschema import Draft202012Validator

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.facts import Sum
from chalicelib.errors import Conflict
from tests.support.asking import DOCUMENT
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.shop import (
    BUYER,
    DEMO,
    OTHER,
    body,
    cancelled,
    consent,
    known,
    objection,
    placed,
    refunded,
    viewed,
)

PATH = "/api/v1/events"
CANARIES = ("shop-canary-1", "order-canary-1", "product of order-canary-1", "pots-canary")


@pytest.fixture
def sid(world):
    return world.subscribe(BUYER)


@pytest.fixture
def shop(api_as):
    """A shop with a key that can tell events and nothing else."""
    return api_as(KeyScope.EVENTS)


def tell(shop, told):
    reply = shop.post(PATH, json=told)
    return reply.status, reply.json


def test_a_persons_story_from_an_order_to_the_erasure(world, shop, api, sid):
    made = {"id": "e1", "status": "kept", "reason": None}
    assert tell(shop, placed("e1", "4711", 129_900)) == (201, made)
    assert tell(shop, placed("e1", "4711", 129_900)) == (200, {**made, "status": "known"})
    assert tell(shop, refunded("e2", "4711", 29_900))[0] == 201
    ignored = {"id": "e3", "status": "ignored", "reason": "no-consent"}
    assert tell(shop, viewed("e3")) == (200, ignored)
    consent(world, sid, "profiling")
    assert tell(shop, viewed("e3"))[0] == 201
    facts = known(world, sid)
    assert facts.orders.sums == {"SEK": Sum(1, 100_000)}
    assert set(facts.site.products.at_s) == {"pots"}

    consent(world, sid)
    assert tell(shop, viewed("e4"))[1]["reason"] == "no-consent"
    assert known(world, sid).site is None
    assert json.dumps(world.own_data.of(sid, DEMO, "en"))
    assert api.post("/api/v1/subscribers/search", json={"email": BUYER}).json["subscriber"] == sid

    objection(world, sid)
    assert tell(shop, cancelled("e5", "4711"))[1]["reason"] == "objected"
    assert world.facts.read(sid).facts is None
    assert world.facts.events(sid) == world.facts.orders(sid) == ()

    world.shredder.shred(sid, "withdrawn", suppress=False)
    assert tell(shop, placed("e6", "4712"))[1]["reason"] == "unknown-person"


def test_an_erasure_leaves_nothing_of_facts_events_and_orders(world, shop, sid):
    consent(world, sid, "profiling")
    for told in (placed("e1", "4711"), viewed("e2"), body("e3", "signup")):
        assert tell(shop, told)[0] == 201
    world.shredder.shred(sid, "withdrawn", suppress=False)
    world.personal_data.sweep(sid)
    assert sid not in world.rows.audience
    assert not world.outside_rows.kept_events
    assert not world.outside_rows.kept_orders
    assert world.rows.states[sid]


def test_of_several_each_stands_for_itself(world, shop, sid):
    events = [
        placed("e1", "4711"),
        placed("e1", "4711"),
        {**placed("e2", "4712"), "colour": "red"},
        "no event",
        viewed("e3"),
        refunded("e4", "4711", currency="EUR"),
        {**body("", "signup"), "id": None},
        placed("e5", "4713", brand=OTHER),
        placed("e6", "4714", email="nobody@example.org"),
    ]
    reply = shop.post(PATH, json={"events": events})
    assert reply.status == 200
    items = reply.json["items"]
    assert [(each["id"], each["status"], each["reason"]) for each in items] == [
        ("e1", "kept", None),
        ("e1", "known", None),
        ("e2", "refused", None),
        (None, "refused", None),
        ("e3", "ignored", "no-consent"),
        ("e4", "kept", "currency-differs"),
        (None, "refused", None),
        ("e5", "refused", None),
        ("e6", "ignored", "unknown-person"),
    ]
    assert [each["errors"] for each in items if each["status"] == "refused"] == [
        [{"field": "events[2].colour", "code": "unknown"}],
        [{"field": "events[3]", "code": "wrong_type"}],
        [{"field": "events[6].id", "code": "wrong_type"}],
        [{"field": "events[7].brand", "code": "unknown_brand"}],
    ]
    assert all(each["errors"] == [] for each in items if each["status"] != "refused")
    assert known(world, sid).orders.count == 1


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"events": []}, ("events", "empty")),
        ({"events": [{}] * 26}, ("events", "too_many")),
        ({"events": {}}, ("events", "wrong_type")),
        ({"events": None}, ("events", "wrong_type")),
        ({"events": [{}], "id": "e1"}, ("id", "unknown")),
        ({**placed("e1", "4711"), "amount": 5}, ("amount", "unknown")),
        (refunded("e1", "4711", 0), ("order.amount", "out_of_range")),
        (refunded("e1", "4711", 1.5), ("order.amount", "wrong_type")),
        (body("e1", "cart.updated", cart={"amount": 0}), ("cart.items", "missing")),
    ],
)
def test_what_breaks_a_rule_is_refused_at_its_place_and_nothing_is_kept(
    world, shop, sid, told, problem
):
    status, problems = tell(shop, told)
    assert (status, problems["code"]) == (422, "bad_event")
    assert problem in {(each["field"], each["code"]) for each in problems["errors"]}
    assert world.facts.events(sid) == ()


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"[]", 422, "invalid_body"),
        (b"1", 422, "invalid_body"),
        (b"{", 400, "unreadable"),
        (b'{"id":"a","id":"b"}', 400, "unreadable"),
        (b" " * 262_145, 413, "too_large"),
    ],
)
def test_what_is_no_object_is_refused(shop, sent, status, code):
    reply = shop.post(PATH, sent, headers={"Content-Type": "application/json"})
    assert (reply.status, reply.json["code"]) == (status, code)


def test_the_most_that_may_be_sent_at_once_fits(world, shop, sid):
    items = [{"product": f"{n:064}", "name": "x" * 80, "amount": 1} for n in range(50)]
    order = {"id": "4711", "amount": 50, "currency": "SEK", "items": items}
    events = [body(f"e{n}", "order.placed", order={**order, "id": f"{n}"}) for n in range(25)]
    reply = shop.post(PATH, json={"events": events})
    assert [each["status"] for each in reply.json["items"]] == ["kept"] * 25
    assert known(world, sid).orders.count == 25


@pytest.mark.parametrize(
    ("error", "status"), [(None, 503), (Conflict("always overtaken"), 503)], ids=["lost", "moving"]
)
def test_who_must_come_back_is_told_when_and_loses_nothing(world, shop, sid, error, status):
    call = "FactStore.keep"
    lost = FailOnce(call, Moment.AFTER, nth=2)
    world.faults = lost if error is None else FailAlways(call, Moment.BEFORE, error)
    events = {"events": [placed("e1", "1"), placed("e2", "2"), placed("e3", "3")]}
    reply = shop.post(PATH, json=events)
    assert reply.status == status
    assert int(reply.headers["retry-after"]) > 0
    world.faults = no_faults
    again = shop.post(PATH, json=events).json["items"]
    known_before = ["known", "known", "kept"] if error is None else ["kept"] * 3
    assert [each["status"] for each in again] == known_before
    assert known(world, sid).orders.count == 3


def test_an_idempotency_key_is_not_needed_and_nothing_is_remembered_under_it(world, shop, sid):
    for status in ("kept", "known"):
        reply = shop.post(PATH, json=placed("e1", "1"), headers={"Idempotency-Key": "k"})
        assert reply.json["status"] == status
    assert not world.outside_rows.requests


def test_a_shops_key_opens_nothing_else(world, shop, web):
    tried = 0
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            if not described["security"] or (path, method) == (PATH, "post"):
                continue
            target = re.sub(r"{\w+}", "A" * 22, path)
            assert shop.ask(method.upper(), target).status == 403, (method, path)
            tried += 1
    assert tried > 40
    login = web.post("/console/login", form={"key": shop.key})
    assert login.status == 403
    assert not login.cookies


@pytest.mark.parametrize("scope", [KeyScope.READ, KeyScope.COMPLIANCE])
def test_who_only_reads_tells_nothing(api_as, scope):
    assert api_as(scope).post(PATH, json=placed("e1", "4711")).status == 403


def test_a_marketers_key_tells_events(api_as, sid):
    assert api_as(KeyScope.MARKETING).post(PATH, json=placed("e1", "4711")).status == 201


def test_no_address_and_no_number_of_a_shop_is_in_a_row_a_message_or_the_log(
    world, shop, sid, caplog
):
    consent(world, sid, "profiling")
    told = [placed("shop-canary-1", "order-canary-1"), viewed("shop-canary-2", "pots-canary")]
    headers = {"Idempotency-Key": "once"}
    with caplog.at_level(logging.DEBUG):
        replies = [shop.post(PATH, json=each, headers=headers) for each in told]
        replies.append(shop.post(PATH, json={"events": told}, headers=headers))
        world.faults = FailAlways("FactStore.keep", Moment.BEFORE, Conflict("overtaken"))
        replies.append(shop.post(PATH, json=placed("shop-canary-3", "order-canary-1")))
        world.faults = no_faults
        replies.append(shop.post(PATH, json={**told[0], "type": "order.lost"}))
    answers = "".join(reply.text for reply in replies)
    # The mailbox is the outside world; all else that is kept or sent is in these.
    kept = repr(world.rows) + repr(world.outside_rows) + repr(world.catalog_rows) + caplog.text
    assert [reply.status for reply in replies] == [201, 201, 200, 503, 422]
    for canary in (BUYER, BUYER.partition("@")[0], *CANARIES):
        assert canary not in kept, canary
    assert BUYER not in answers
    assert len(world.facts.events(sid)) == 2


def test_the_description_says_what_the_reader_takes(shop, sid):
    schema = {"$ref": "#/components/schemas/NewEvents", "components": DOCUMENT["components"]}
    judge = Draft202012Validator(schema)
    item = {"product": "pots", "name": "Pots", "quantity": 2, "amount": 1}
    cart = {"amount": 4_900, "currency": "EUR", "items": [item]}
    good = [
        placed("e1", "1"),
        refunded("e2", "1"),
        cancelled("e3", "1"),
        body("e4", "signup", campaign="token"),
        body("e5", "cart.updated", cart=cart),
        viewed("e6", subscriber=sid),
        body("e7", "page.visited", page="https://shop.example.org/pots?x=1"),
        body("e8", "document.requested", document="white-paper"),
        body("e9", "custom", name="quiz.done", properties={"score": 7, "won": True, "by": "x"}),
    ]
    for told in (*good, {"events": good}):
        assert judge.is_valid(told), told
        assert tell(shop, told)[0] in (200, 201)
    bad = [
        {},
        {"events": []},
        {**good[0], "colour": "red"},
        {**good[0], "type": "order.refunded"},
        {**good[0], "id": " e1"},
        {**good[0], "subscriber": sid},
        {name: value for name, value in good[0].items() if name != "email"},
        body("e5", "cart.updated", cart={**cart, "items": [{**item, "quantity": 0}]}),
        body("e9", "custom", name="Quiz"),
        body("e9", "custom", name="quiz", properties={"score": 1.5}),
        body("e9", "custom", name="quiz", properties={"Score": 1}),
    ]
    for told in bad:
        assert not judge.is_valid(told), told
        assert tell(shop, told)[0] == 422


def test_a_brand_that_keeps_no_orders_says_so_and_may_keep_them_again(world, shop, api, sid):
    where = f"/api/v1/brands/{DEMO}"
    assert api.ask("PATCH", where, json={"keep_orders": False}).json["keep_orders"] is False
    told = shop.post(PATH, json=placed("e1", "4711"))
    assert (told.status, told.json["reason"]) == (200, "orders-off")
    assert known(world, sid).orders is None
    assert api.ask("PATCH", where, json={"keep_orders": True}).json["keep_orders"] is True
    assert shop.post(PATH, json=placed("e1", "4711")).json["status"] == "kept"
