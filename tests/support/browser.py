# SPDX-License-Identifier: Apache-2.0
"""A person's browser: Debian's Chromium, which reaches nothing but the stack.

`Visit` opens a page and keeps what it asked other hosts for; `Visit.close` fails the test if that
was anything. `Hands` are the two ways a person presses things: with a mouse, or with keys alone.
"""

import shutil
from typing import Any, Protocol
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, Route

from tests.support.local_run import until
from tests.support.stack import Stack

INSTALL = "Chromium is missing; get it with `apt-get install chromium` or run `make test` as root"
PHONE, SMALL_PHONE, DESK = (390, 844), (320, 640), (1280, 800)
MAX_TABS = 60
_FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    # There is no screen; without this a process draws every frame in software.
    "--disable-gpu",
    # A second wall behind the route handler: no name resolves, not even by mistake.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_SCROLLS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
_FOCUS_SHOWS = """element => {
  const style = getComputedStyle(element);
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
}"""


def executable() -> str | None:
    """Where Chromium is, or None."""
    return shutil.which("chromium")


def launch(playwright: Playwright) -> Browser:
    """Start Chromium without a window."""
    return playwright.chromium.launch(executable_path=executable(), args=list(_FLAGS))


class Visit:
    """One browser context on the stack; nothing else answers."""

    def __init__(
        self,
        browser: Browser,
        base_url: str,
        size: tuple[int, int] = PHONE,
        scheme: str = "light",
        *,
        script: bool = False,
        language: str = "en",
    ) -> None:
        self.base_url = base_url
        self.strayed: list[str] = []
        self.complained: list[str] = []
        self.context: BrowserContext = browser.new_context(
            base_url=base_url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=script,
            locale=language,
        )
        self.context.set_default_timeout(60_000)
        self.context.route("**/*", self._judge)
        self.context.on("weberror", lambda error: self.complained.append(str(error.error)))
        self.page: Page = self.context.new_page()

    def _judge(self, route: Route) -> None:
        url = route.request.url
        if url.startswith(self.base_url + "/") or urlsplit(url).scheme in ("data", "about"):
            route.continue_()
        else:
            self.strayed.append(url)
            route.abort()

    def open(self, path: str) -> Page:
        """Open a path of the stack."""
        self.page.goto(path)
        return self.page

    def close(self) -> None:
        """End the visit; it must have stayed on the stack, and no script may have failed."""
        self.context.close()
        assert not self.strayed, f"asked other hosts: {self.strayed}"
        assert not self.complained, f"a script failed: {self.complained}"


class Hands(Protocol):
    """How a person presses, ticks and types."""

    def press(self, page: Page, target: Locator) -> None:
        """Press a button or follow a link, and wait for where it leads."""

    def touch(self, page: Page, target: Locator) -> None:
        """Press what leads nowhere in this window."""

    def tick(self, page: Page, target: Locator) -> None:
        """Tick a box."""

    def type(self, page: Page, target: Locator, text: str) -> None:
        """Type into a field."""


class Mouse:
    """Points and clicks."""

    def press(self, page: Page, target: Locator) -> None:
        press(page, target)

    def touch(self, page: Page, target: Locator) -> None:
        target.click()

    def tick(self, page: Page, target: Locator) -> None:
        page.locator(f'label[for="{target.get_attribute("id")}"]').click(position={"x": 5, "y": 8})

    def type(self, page: Page, target: Locator, text: str) -> None:
        target.click()
        page.keyboard.type(text)


class Keys:
    """Tab, Space, Enter and letters; never a pointer. Focus must be visible all the way."""

    def press(self, page: Page, target: Locator) -> None:
        self._reach(page, target)
        enter(page)

    def touch(self, page: Page, target: Locator) -> None:
        self._reach(page, target)
        page.keyboard.press("Enter")

    def tick(self, page: Page, target: Locator) -> None:
        self._reach(page, target)
        page.keyboard.press("Space")

    def type(self, page: Page, target: Locator, text: str) -> None:
        self._reach(page, target)
        page.keyboard.type(text)

    def _reach(self, page: Page, target: Locator) -> None:
        for _ in range(MAX_TABS):
            page.keyboard.press("Tab")
            if has_focus(target):
                assert target.evaluate(_FOCUS_SHOWS), f"no focus ring on {target}"
                return
        raise AssertionError(f"Tab never reaches {target}")


HANDS: dict[str, Hands] = {"mouse": Mouse(), "keys": Keys()}


def press(page: Page, target: Locator) -> None:
    """Click what leads to a page, and wait for that page."""
    with page.expect_navigation():
        target.click()


def enter(page: Page) -> None:
    """Press Enter where the focus is, and wait for the page it leads to."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def has_focus(target: Locator) -> bool:
    """Whether keys go to this element, in a shadow root or not."""
    return bool(target.evaluate("element => element === element.getRootNode().activeElement"))


def assert_focused(target: Locator) -> None:
    """Keys come to go to this element: a browser may take a frame or two for it."""
    until(lambda: has_focus(target), f"focus on {target}")


def is_given(stack: Stack, address: str) -> bool:
    """Whether somebody's consent to the demo list stands."""
    seen = stack.subscriber(address)
    return seen is not None and [item["status"] for item in seen["lists"]] == ["given"]


def assert_fits(page: Page) -> None:
    """Nothing of the page needs sideways scrolling."""
    assert page.evaluate(_SCROLLS) <= 0, f"{page.url} is wider than the screen"


def assert_accessible(page: Page) -> None:
    """axe-core finds nothing serious or critical."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    grave = [
        (rule["id"], [node["failureSummary"] + node["html"][:150] for node in rule["nodes"]])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert not grave, f"{page.url}: {grave}"
