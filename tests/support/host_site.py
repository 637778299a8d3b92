# SPDX-License-Identifier: Apache-2.0
"""A site of somebody else: another origin, a strict policy, and one script tag on its page.

`HostSite` serves its pages on a port of its own with a policy that allows the installation's
script and connections and nothing else. `Guest` is a browser on it without any interception: the
browser itself asks before it sends JSON elsewhere. `Guest.close` fails the test if anything was
asked of a third host, a cookie was set, a policy was broken or a script failed.
"""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, Request

from tests.support.browser import PHONE
from tests.support.form_bodies import form_body
from tests.support.stack import Stack

POLICY = (
    "default-src 'none'; script-src {ours}; connect-src {ours}; form-action {action}; "
    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
<body><main><h1>A shop</h1><p>We sell tea.</p>
{content}
<div id="below"></div></main></body></html>"""


class HostSite:
    """Pages by path, all with the same policy."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._pages: dict[str, tuple[str, bytes]] = {}
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site._answer(self)

            def log_message(self, *_: Any) -> None:
                """Stay quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        policy, page = self._pages.get(urlsplit(handler.path).path, ("", b""))
        handler.send_response(200 if page else 404)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.send_header("Content-Security-Policy", policy)
        handler.end_headers()
        handler.wfile.write(page)

    def add(
        self, path: str, content: str, language: str = "en", *, head: str = "", posts: bool = False
    ) -> str:
        """Put a page that holds ``content`` at ``path``, and return its address.

        Args:
            posts: its forms may be sent to the installation; else nowhere.
        """
        ours = self._stack.base_url
        policy = POLICY.format(ours=ours, action=ours if posts else "'none'")
        page = PAGE.format(language=language, content=content, head=head)
        self._pages[path] = policy, page.encode()
        return self.origin + path

    def tag(self, form: str, **data: str) -> str:
        """The script tag of a form, with its settings."""
        told = "".join(f' data-{name}="{value}"' for name, value in data.items())
        source = f"{self._stack.base_url}/forms/{form}/embed.js"
        return f'<script async src="{source}"{told}></script>'

    def embed(self, form: str, page_language: str = "en", **data: str) -> str:
        """Put a page with the form's script tag at ``/news``, and return its address."""
        return self.add("/news", self.tag(form, **data), page_language)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def hosting(stack: Stack) -> Iterator[HostSite]:
    """Run a site beside the stack."""
    site = HostSite(stack)
    try:
        yield site
    finally:
        site.close()


class Guest:
    """A browser with JavaScript on a host site."""

    def __init__(
        self,
        browser: Browser,
        stack: Stack,
        site: HostSite,
        size: tuple[int, int] = PHONE,
        scheme: str = "light",
        *,
        script: bool = True,
    ) -> None:
        self._known = (stack.base_url, site.origin)
        self._faults: list[str] = []
        self._script = script
        self.posted: list[Request] = []
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=script,
            locale="en",
        )
        self.context.set_default_timeout(60_000)
        self.context.on("request", self._asked)
        self.context.on("weberror", lambda error: self._faults.append(str(error.error)))
        self.context.on("console", lambda said: self._said(said.type, said.text))
        self.page: Page = self.context.new_page()

    def _asked(self, request: Request) -> None:
        if request.method == "POST":
            self.posted.append(request)
        if not request.url.startswith(tuple(f"{origin}/" for origin in self._known)):
            self._faults.append(f"asked {request.url}")

    def _said(self, kind: str, text: str) -> None:
        # The snippet hides its trap twice, for sites that take no style attribute.
        is_known = not self._script and "inline style" in text
        if (
            kind == "error"
            and not is_known
            and ("Policy" in text or "Trusted" in text or "CORS" in text)
        ):
            self._faults.append(text)

    def open(self, address: str) -> Locator:
        """Open a page and return its embedded form, once it stands."""
        self.page.goto(address)
        form = self.page.locator("kvitto-form")
        form.locator("section").wait_for()
        return form

    def close(self) -> None:
        """End the visit; it must have been well-mannered."""
        cookies = self.context.cookies()
        self.context.close()
        assert cookies == []
        assert self._faults == []


def published(stack: Stack, form_id: str, site: HostSite, **changes: Any) -> str:
    """Publish a form like the demo's that ``site`` may embed, and return its id."""
    made = stack.api("POST", "/forms", form_body(form_id, origins=[site.origin], **changes))
    assert made.status == 201, made.text
    return form_id
