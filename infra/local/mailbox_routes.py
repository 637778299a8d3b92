# SPDX-License-Identifier: Apache-2.0
"""Routes of the local mailbox.

It guarantees the answer of `GET /local/mailbox.json?to=` that other people's scripts rely on, and
pages that load nothing from anywhere else: a mail's HTML is shown in a sandbox that may neither run
scripts nor reach another host.
It refuses other methods than GET and HEAD.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import unquote

from infra.local.http_server import Answer, Request
from infra.local.mailbox import Mailbox, described
from infra.local.mailbox_pages import framed, list_page, mail_page, missing_page
from infra.local.ses_message import Mail

_MESSAGE = re.compile(r"/local/mailbox/([^/]+)(?:/(html|text|raw|json))?")
_HTML = ("Content-Type", "text/html; charset=utf-8")
_SAFE = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The mail's own pictures may come from this stack, as a mail program fetches them; nothing else.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src 'self' data:; "
    "style-src 'unsafe-inline'; font-src data:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxRoutes:
    """The mailbox's pages and JSON."""

    mailbox: Mailbox

    def respond(self, request: Request, path: str, parameters: dict[str, str]) -> Answer:
        """Answer one request under /local/."""
        if request.method not in ("GET", "HEAD"):
            return page(405, missing_page("This page can only be read."))
        if path == "/local/mailbox.json":
            return self._json(parameters)
        if path in ("/local/mailbox", "/local/mailbox/"):
            return page(200, list_page(self._found(parameters), parameters, self.mailbox.accepted))
        if path == "/local/mailbox/count":
            return _answer(
                "application/json", json.dumps({"accepted": self.mailbox.accepted}).encode()
            )
        matched = _MESSAGE.fullmatch(path)
        mail = self.mailbox.find(unquote(matched.group(1))) if matched else None
        if matched is None or mail is None:
            return page(
                404, missing_page("There is no such mail. It may be from before the last start.")
            )
        return self._message(mail, matched.group(2), parameters)

    def _message(self, mail: Mail, part: str | None, parameters: dict[str, str]) -> Answer:
        match part:
            case "html":
                body = framed(mail.body("html") or "").encode()
                return _answer(
                    "text/html; charset=utf-8", body, ("Content-Security-Policy", _MAIL_POLICY)
                )
            case "text":
                return _answer("text/plain; charset=utf-8", (mail.body("plain") or "").encode())
            case "raw":
                return _answer(
                    "message/rfc822",
                    mail.raw,
                    ("Content-Disposition", f'attachment; filename="{mail.message_id}.eml"'),
                )
            case "json":
                return _answer("application/json", json.dumps(described(mail)).encode())
            case _:
                return page(
                    200, mail_page(mail, self._found(parameters), parameters, self.mailbox.accepted)
                )

    def _found(self, parameters: dict[str, str]) -> tuple[Mail, ...]:
        return self.mailbox.search(parameters.get("q", ""))

    def _json(self, parameters: dict[str, str]) -> Answer:
        mails = self.mailbox.to_address(parameters.get("to"))
        return _answer(
            "application/json",
            json.dumps({"messages": [described(mail) for mail in mails]}).encode(),
        )


def _answer(content_type: str, body: bytes, *headers: tuple[str, str]) -> Answer:
    return Answer(status=200, headers=(("Content-Type", content_type), *_SAFE, *headers), body=body)


def page(status: int, text: str) -> Answer:
    """Return one of the mailbox's own pages."""
    headers = (_HTML, *_SAFE, ("Content-Security-Policy", _PAGE_POLICY))
    return Answer(status=status, headers=headers, body=text.encode())
