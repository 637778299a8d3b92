# SPDX-License-Identifier: Apache-2.0
"""A visit to the console in a browser, on the product in memory, by somebody who is signed in."""

from dataclasses import replace
from typing import Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.campaigns import Content
from chalicelib.domain.ids import ListId, PurposeId
from tests.support.asking import Reply
from tests.support.tour import Tour
from tests.support.world import World

HTML = (
    "<html lang='en'><head><title>News</title></head><body><h1>Smörgås</h1>"
    "<p><a href='https://www.example.org/menu'>The menu</a></p></body></html>"
)
POLL_MS = 2_000


class Desk(Tour):
    """A marketer's tour of the console. A redirect is followed as a browser follows one."""

    def __init__(self, browser: Any, world: World, language: str, *scopes: KeyScope) -> None:
        super().__init__(browser, world, language)
        self.allowed |= {("document", "POST"), ("fetch", "GET")}
        key = world.key_ring.create("console", list(scopes or (KeyScope.MARKETING,)))[0]
        opened = self.web.post("/console/login", form={"key": key})
        self._session = opened.headers["set-cookie"].partition(";")[0]
        self._targets: list[str] = []
        self.barred: list[str] = []

    def _hear(self, message: Any) -> None:
        if "sandboxed" in message.text:  # What a mail in its frame, or a tool there, may not do.
            self.barred.append(message.text)
        else:
            super()._hear(message)

    def asked_for(self, part: str) -> int:
        """How often an address with ``part`` in it was asked for."""
        return sum(part in target for target in self._targets)

    def _ask(self, method: str, target: str, body: bytes | None, told: dict[str, str]) -> Reply:
        self._targets.append(target)
        reply = super()._ask(method, target, body, {**told, "Cookie": self._session})
        if reply.status != 303:
            # A page that comes again by itself would do so while it is looked at.
            stays = {name: each for name, each in reply.headers.items() if name != "refresh"}
            return replace(reply, headers=stays)
        # A redirect that a test answers with is not brought back to it.
        there = f'<meta http-equiv="refresh" content="0;url={reply.headers["location"]}">'
        return Reply(status=200, headers={"content-type": "text/html"}, body=there.encode())

    def written(self, name: str = "November news", **said: str) -> str:
        """Write a campaign; the path of its page."""
        made = self.world.campaigns.create(
            name=name,
            list_id=ListId("newsletter"),
            purpose=PurposeId("newsletter"),
            content=Content(subject=said.get("subject", "News"), html=said.get("html", HTML)),
        ).campaign
        return f"/console/campaigns/{made.id}"

    def press(self, name: str) -> None:
        """Press a button or a link by its name, and wait for the page that answers."""
        self.click(
            self.page.get_by_role("button", name=name).or_(
                self.page.get_by_role("link", name=name, exact=True)
            )
        )

    def click(self, what: Any) -> None:
        """Click on the first of ``what``, and wait for the page that answers."""
        self.page.evaluate("document.documentElement.dataset.old = 1")
        what.first.click()
        self.page.locator("html:not([data-old]) h1").wait_for()
