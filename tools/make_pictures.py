# SPDX-License-Identifier: Apache-2.0
"""Take the README's pictures from a running local stack.

``LOCAL_API_KEY=KEY python tools/make_pictures.py [http://127.0.0.1:8000]`` signs somebody up,
sends a campaign to the demo list, and writes the form on a phone, the mailbox with the
confirmation mail, and the console's campaign page to ``docs/pictures/``. Start the stack afresh
with the same LOCAL_API_KEY first. Every picture is a screenshot, none is edited. It needs
requirements-dev.txt and Debian's Chromium, and refuses a stack on another machine.
"""

import json
import os
import re
import shutil
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

PICTURES: Final = Path(__file__).resolve().parents[1] / "docs" / "pictures"
PHONE: Final = (390, 800)
DESK: Final = (960, 560)
MAX_BYTES: Final = 150_000
WAIT_S: Final = 60
ADDRESS: Final = "visitor@example.org"
SUPPRESSED: Final = "subscriber0001@example.org"
CAMPAIGN: Final = {
    "name": "News of the month",
    "list": "newsletter",
    "purpose": "newsletter",
    "subject": "What is new this month",
    "html": "<html lang='en'><head><title>News</title></head><body><p>Hello!</p></body></html>",
}


class Api:
    """The API of a local stack, asked as a script would."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        """Return the answer's JSON."""
        data = json.dumps(body).encode() if body is not None else None
        asked = urllib.request.Request(  # noqa: S310 - `main` lets only a local stack through
            self._base_url + path, data, self._headers, method=method
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - likewise
            return json.load(answer)


def keep(page: Page, name: str) -> None:
    """Write what the window shows.

    Raises:
        SystemExit: the picture is too large for a README.
    """
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    if path.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{path.name} is larger than {MAX_BYTES} bytes")
    print(f"{path.name}: {path.stat().st_size} bytes")


def window(browser: Browser, base_url: str, size: tuple[int, int]) -> Page:
    """Open a window of a size in pixels."""
    width, height = size
    page = browser.new_page(base_url=base_url, viewport={"width": width, "height": height})
    page.set_default_timeout(WAIT_S * 1000)
    return page


def picture_form(browser: Browser, base_url: str) -> None:
    """Fill the form on a phone, take its picture, and send it."""
    page = window(browser, base_url, PHONE)
    page.goto("/forms/demo?language=en")
    page.locator("#f-email").fill(ADDRESS)
    page.locator("#f-newsletter").check()
    keep(page, "form")
    page.get_by_role("button", name="Sign up").click()
    page.get_by_role("heading", name="Check your mail").wait_for()


def picture_mailbox(browser: Browser, base_url: str, api: Api) -> None:
    """Wait for the confirmation mail and take its picture."""
    query = urlencode({"to": ADDRESS})
    deadline = time.monotonic() + WAIT_S
    while not api.ask("GET", f"/local/mailbox.json?{query}")["messages"]:
        if time.monotonic() > deadline:
            raise SystemExit("No confirmation mail came. A second one comes only after 15 minutes.")
        time.sleep(0.1)
    page = window(browser, base_url, DESK)
    page.goto("/local/mailbox")
    page.locator(".list a").filter(has_text=ADDRESS).first.click()
    page.frame_locator("iframe").locator("h1").wait_for()
    keep(page, "mailbox")


def picture_campaign(browser: Browser, base_url: str, api: Api, key: str) -> None:
    """Send a campaign that skips one person, and take a picture of its page."""
    api.ask("POST", "/api/v1/suppressions", {"email": SUPPRESSED, "reason": "bounce"})
    made = api.ask("POST", "/api/v1/campaigns", CAMPAIGN)["id"]
    api.ask("POST", f"/api/v1/campaigns/{made}/test", {"to": "proofreader@example.org"})
    api.ask("POST", f"/api/v1/campaigns/{made}/send")
    page = window(browser, base_url, DESK)
    page.goto("/console/login")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name=CAMPAIGN["name"]).first.click()
    page.locator(".state", has_text="sent").wait_for()
    keep(page, "campaign")


def main() -> None:
    """Take every picture.

    Raises:
        SystemExit: something is missing; the sentence says what.
    """
    base_url = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    key, chromium = os.environ.get("LOCAL_API_KEY", ""), shutil.which("chromium")
    if not re.fullmatch(r"http://127\.0\.0\.1:\d+", base_url):
        raise SystemExit("Name a local stack, such as http://127.0.0.1:8000.")
    if not key:
        raise SystemExit("Set LOCAL_API_KEY to the key the stack was started with.")
    if chromium is None:
        raise SystemExit("Chromium is missing; get it with `apt-get install chromium`.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    api = Api(base_url, key)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        picture_form(browser, base_url)
        picture_mailbox(browser, base_url, api)
        picture_campaign(browser, base_url, api, key)
        browser.close()


if __name__ == "__main__":
    main()
