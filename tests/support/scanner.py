# SPDX-License-Identifier: Apache-2.0
"""A link scanner as mail gateways run them: it opens everything, executes scripts, presses nothing.

Every address is asked for by GET; each page's first also by HEAD and GET as a browser prefetches
and as a robot asks. What is a page is then opened in Chromium, its timers are run down, and the
mouse is moved over all of it. From there the scanner goes on: to links, frames and resources, and
to the addresses of forms, by GET, bare and with the form's own fields as the query.

Source: craft-campaign issue 169, powermail issue 809, as read in their threads.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from tests.support.browser import Visit
from tests.support.stack import Answer, Stack

WAYS: Mapping[str, Mapping[str, str]] = {
    "a browser that prefetches": {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender"},
    "a browser of old that prefetches": {"X-Moz": "prefetch"},
    "a robot": {"User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0)"},
    "a gateway": {"User-Agent": "BarracudaCentral", "X-HTTP-Method-Override": "POST"},
}
_FOUND = """() => {
  const all = selector => [...document.querySelectorAll(selector)];
  const of = name => all(`[${name}]`).map(each => each[name]).filter(x => typeof x === 'string');
  return {
    links: [...of('href'), ...of('src'), ...of('data-href')],
    forms: all('form').map(form => [
      form.action, new URLSearchParams(new FormData(form)).toString()]),
    places: all('a,button,input,select,summary,label').map(each => {
      const box = each.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    }),
  };
}"""
_TEN_MINUTES_MS = 600_000
_MOST_PAGES = 200


class Scanner:
    """Follows everything it finds on the stack, from the addresses it is given."""

    def __init__(self, stack: Stack, visit: Visit) -> None:
        self._stack = stack
        self._page = visit.page
        self.requested: set[str] = set()
        self.opened: list[str] = []
        self.methods: set[str] = set()
        self._page.clock.install()
        self._page.on("request", lambda request: self.methods.add(request.method))

    def follow(self, links: Iterable[str]) -> None:
        """Ask for every address reachable from ``links`` without pressing a button."""
        waiting = list(links)
        while waiting:
            target = self._own(waiting.pop())
            if target is None or target in self.requested:
                continue
            assert len(self.requested) < _MOST_PAGES, "the scanner finds no end"
            page = _without_language(target)
            ways = WAYS if page not in {_without_language(each) for each in self.requested} else {}
            self.requested.add(target)
            answer = self._ask(target, ways)
            if _is_page(answer) and page not in self.opened:
                waiting += self._open(target)

    def _own(self, link: str) -> str | None:
        """The address without its fragment, if it is one of the stack's and no tool of tests."""
        place = urlsplit(urljoin(self._stack.base_url, link))
        if f"{place.scheme}://{place.netloc}" != self._stack.base_url:
            return None
        if place.path.startswith("/local/"):
            return None
        return urlunsplit(("", "", place.path or "/", place.query, ""))

    def _ask(self, target: str, ways: Mapping[str, Mapping[str, str]]) -> Answer:
        answer = self._stack.get(target)
        for headers in ways.values():
            for method in ("HEAD", "GET"):
                again = self._stack.ask(method, target, headers=headers)
                assert again.status == answer.status, (method, target, headers)
        assert answer.status < 500, target
        assert answer.headers["Set-Cookie"] is None, target
        return answer

    def _open(self, target: str) -> list[str]:
        """Open a page, let all of its scripts run; return where it leads."""
        self.opened.append(_without_language(target))
        self._page.goto(target)
        self._page.clock.fast_forward(_TEN_MINUTES_MS)
        found: dict[str, Any] = self._page.evaluate(_FOUND)
        for x, y in found["places"]:
            self._page.mouse.move(x, y)
        self._page.mouse.wheel(0, 2_000)
        self._page.keyboard.press("Tab")
        assert self._own(self._page.url) == target, "the page went on by itself"
        actions = [(action.partition("?")[0], fields) for action, fields in found["forms"]]
        return [
            *found["links"],
            *(action for action, _ in found["forms"]),
            *(f"{action}?{fields}" for action, fields in actions),
        ]


def _is_page(answer: Answer) -> bool:
    return answer.type == "text/html" and answer.headers["Content-Disposition"] is None


def _without_language(target: str) -> str:
    """The address of the same page: it is opened in one language, and asked for in all."""
    path, _, query = target.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query) if name != "language"]
    return f"{path}?{urlencode(kept)}"


def links_of(mail: Mapping[str, Any]) -> set[str]:
    """Every web address in a mail: its HTML, its text and its headers."""
    parts = [mail["html"] or "", mail["text"] or "", *(value for _, value in mail["headers"])]
    found = {link for part in parts for link in re.findall(r"https?://[^\s\"'<>]+", part)}
    return {link.replace("&amp;", "&").rstrip(".,)") for link in found}
