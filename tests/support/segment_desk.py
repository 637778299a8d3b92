# SPDX-License-Identifier: Apache-2.0
"""A marketer at the console's pages of segments, and a segment with somebody in it."""

import re
from typing import Any

from chalicelib.domain.api_keys import KeyScope
from tests.support.asking import Asker, Reply
from tests.support.shop import BUYER, event, placed
from tests.support.world import World

HOME = "/console/segments"
RULES = "/console/brands/demo/lifecycle"
BUYERS = f"{HOME}/buyers"
WHERE: dict[str, Any] = {
    "all": [
        {"fact": "orders.count", "op": "gte", "value": 2},
        {
            "any": [
                {"fact": "field.city", "op": "eq", "value": "Göteborg"},
                {"fact": "site.products", "op": "contains", "value": "pots"},
            ]
        },
        {"not": {"fact": "language", "op": "eq", "value": "sv"}},
    ]
}


class Desk:
    """A session of the console, with its form token."""

    def __init__(self, web: Asker, world: World, *scopes: KeyScope) -> None:
        self.web = web
        key = world.key_ring.create("console", list(scopes))[0]
        reply = web.post("/console/login", form={"key": key})
        self.sent = {"Cookie": reply.headers["set-cookie"].partition(";")[0]}

    def get(self, path: str) -> Reply:
        """Open a page."""
        return self.web.get(path, headers=self.sent)

    def token(self) -> str:
        """The token that forms of this session carry, as a page of it shows it."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.get(f"{HOME}/new").text)
        return found[1] if found else ""

    def send(self, path: str, **fields: object) -> Reply:
        """Send a form."""
        told = {name: str(value) for name, value in fields.items()}
        return self.web.post(path, form={"form_token": self.token()} | told, headers=self.sent)


def make_buyers(world: World) -> None:
    """Store a segment, and somebody who ordered twice."""
    world.segments.create(
        segment_id="buyers", brand_id="demo", name="Buyers <of pots>", where=WHERE
    )
    sid = world.subscribe(BUYER)
    for number in ("1", "2"):
        world.fact_folder.keep(sid, event(placed(f"e{number}", number)))


def every_page(desk: Desk, world: World, language: str) -> dict[str, str]:
    """The pages of segments in a language, each in the state that holds most."""
    asked = f"?language={language}"
    pages = {"empty": desk.get(HOME + asked).text}
    make_buyers(world)
    broken = '{"all": [{"fact": "orders.cont", "op": "gte"}, {"any": []}]}'
    pages["made"] = desk.get(f"{BUYERS}{asked}&done=made").text
    pages["new"] = desk.get(f"{HOME}/new{asked}").text
    pages["refused"] = desk.send(
        f"{BUYERS}/edit", language=language, version=1, name="Buyers", rule=broken
    ).text
    desk.send(f"{BUYERS}/counts", language=language)
    pages["counting"] = desk.get(f"{BUYERS}{asked}&done=counting").text
    world.settle()
    desk.send(f"{BUYERS}/counts", language=language, list="newsletter")
    pages["explained"] = desk.send(f"{BUYERS}/explain", language=language, email=BUYER).text
    pages["nobody"] = desk.send(
        f"{BUYERS}/explain", language=language, email="nobody@example.org"
    ).text
    pages["list"] = desk.get(HOME + asked).text
    pages["deleting"] = desk.get(f"{BUYERS}/delete{asked}").text
    pages["rules"] = desk.get(RULES + asked).text
    pages["wrong rules"] = desk.send(RULES, language=language, version=0, rule="{,").text
    return pages
