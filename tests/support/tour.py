# SPDX-License-Identifier: Apache-2.0
"""A browser on the in-memory product: every page in every state, with its headers, in moments.

`Tour` answers Chromium's requests from `World`, so that time can pass, mail can bounce and an
erasure can be done between two pages. It keeps what a page asked for and what came with it.
"""

from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Browser, Route

from tests.support.asking import FORM, Asker, Reply
from tests.support.browser import SMALL_PHONE
from tests.support.world import BASE_URL, World

_HOP = {"content-length", "connection", "transfer-encoding"}


class Tour:
    """One visitor with a browser, in one language, before a fresh installation."""

    def __init__(self, browser: Browser, world: World, language: str) -> None:
        self.world, self.language = world, language
        self.web = Asker()
        self.asked: set[tuple[str, str]] = set()
        self.allowed = {("document", "GET")}
        self.strayed: list[str] = []
        self.cookies: list[str] = []
        self.complained: list[str] = []
        self._next: Reply | None = None
        self.context = browser.new_context(
            base_url=BASE_URL,
            viewport={"width": SMALL_PHONE[0], "height": SMALL_PHONE[1]},
            locale=language,
        )
        self.context.set_default_timeout(60_000)
        self.context.route("**/*", self._answer)
        self.page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complained.append(str(error)))

    def _hear(self, message: Any) -> None:
        # A page with another status than 200 is no complaint; a broken policy is.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complained.append(message.text)

    def _answer(self, route: Route) -> None:
        request = route.request
        if not request.url.startswith(BASE_URL + "/"):
            self.strayed.append(request.url)
            route.abort()
            return
        self.asked.add((request.resource_type, request.method))
        reply, self._next = self._next, None
        if reply is None:
            told = {k: v for k, v in request.headers.items() if k in ("accept", "content-type")}
            reply = self._ask(request.method, request.url, request.post_data_buffer, told)
        headers = {name: value for name, value in reply.headers.items() if name not in _HOP}
        route.fulfill(status=reply.status, headers=headers, body=reply.body)

    def _ask(self, method: str, target: str, body: bytes | None, told: dict[str, str]) -> Reply:
        sent = {"Accept-Language": self.language, **told}
        reply = self.web.ask(method, target.removeprefix(BASE_URL), body, headers=sent)
        if "set-cookie" in reply.headers:
            self.cookies.append(target)
        return reply

    def show(self, path: str) -> None:
        """Open a page."""
        self.page.goto(path)

    def send(self, path: str, **fields: str) -> None:
        """Show what a form's POST is answered with."""
        told = {"language": self.language, **fields}
        body = urlencode(told).encode()
        self._next = self._ask("POST", path, body, {"Accept": "text/html", "Content-Type": FORM})
        self.page.goto(path)

    def embed(self, form: str) -> None:
        """Show a page with nothing but a heading and the one script tag of a form."""
        self.allowed |= {("script", "GET"), ("fetch", "GET"), ("fetch", "POST")}
        html = (
            f'<!doctype html><html lang="{self.language}"><title>News</title><main><h1>News</h1>'
            f'<script async src="/forms/{form}/embed.js"></script></main></html>'
        )
        kind = {"content-type": "text/html; charset=utf-8"}
        self._next = Reply(status=200, headers=kind, body=html.encode())
        self.page.goto("/news")
        self.page.locator("form").wait_for()

    def sign_up(self, email: str, form: str = "demo", **fields: str) -> str:
        """Have a sign-up accepted and return the path of the mailed link."""
        told = {"email": email, "newsletter": "yes", "language": self.language, **fields}
        assert self.web.post(f"/forms/{form}", form=told).status == 200
        self.world.settle()
        return f"/confirm/{self.world.confirm_token(email)}"

    def subscribe(self, email: str, form: str = "demo", **fields: str) -> str:
        """Walk the double opt-in and return the path of the link that was followed."""
        link = self.sign_up(email, form, **fields)
        told = {"answer": "confirm", "language": self.language}
        assert self.web.post(link, form=told).status == 200
        self.world.settle()
        return link

    def mailed(self, path: str) -> str:
        """The path of a link to ``path`` in the newest mail."""
        text = self.world.mails[-1].message.text
        (found, *_) = [word for word in text.split() if f"{BASE_URL}{path}/" in word]
        return urlsplit(found.strip("<>()")).path

    def close(self) -> None:
        """End the visit: nothing foreign was asked for, no cookie came, nothing was complained of.

        A page is its document and nothing else: no font, script, style sheet or image is fetched,
        but for the one script of a form on somebody else's page, and what that sends.
        """
        self.context.close()
        assert not self.strayed, f"asked other hosts: {self.strayed}"
        assert not self.cookies, f"set a cookie: {self.cookies}"
        assert not self.complained, f"the browser complained: {self.complained}"
        assert self.asked <= self.allowed, f"fetched: {self.asked - self.allowed}"
