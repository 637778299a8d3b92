# SPDX-License-Identifier: Apache-2.0
"""The mailbox as a person sees it: a list, one mail at a time, four views of it.

It guarantees plain HTML that works without script, on a phone and on a desk, in light and dark.
Every text from a mail is escaped here; the mail's own HTML is never part of these pages, only of a
sandboxed frame.
"""

# ruff: noqa: E501 - markup

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from infra.local.mailbox_style import SCRIPT, STYLE
from infra.local.ses_message import Mail

PAGE_SIZE = 50
VIEWS = (("html", "HTML"), ("text", "Text"), ("headers", "Headers"), ("source", "Source"))
_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_MAILTO = re.compile(r"<mailto:([^?>]+)[^>]*>", re.IGNORECASE)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_OUTCOMES = {
    "Bounce": ("Bounced", True),
    "Complaint": ("Complained", True),
    "Reject": ("Rejected", True),
    "DeliveryDelay": ("Delayed", True),
}


def framed(html: str) -> str:
    """Return a mail's HTML for its frame: links open beside the mailbox instead of inside the frame."""
    base = '<base target="_blank">'
    return (
        _HEAD.sub(lambda found: found.group(0) + base, html, count=1)
        if _HEAD.search(html)
        else base + html
    )


def list_page(mails: Sequence[Mail], parameters: Mapping[str, str], accepted: int) -> str:
    """Return the list of mails, newest first."""
    query = parameters.get("q", "")
    if mails:
        body = _column(mails, parameters, None)
    elif query:
        body = (
            '<div class="none"><h2>No mail to that address</h2>'
            f"<p>Nothing has “{escape(query)}” in a recipient&rsquo;s address. "
            '<a href="/local/mailbox">Show all mail</a></p></div>'
        )
    else:
        body = (
            '<div class="none"><h2>No mail yet</h2><p>What the product sends lands here instead of on the '
            'internet. <a href="/forms/demo">Sign up on the demo form</a> and the confirmation arrives '
            "within a second.</p></div>"
        )
    return _document("Mailbox", f'<main class="alone">{body}</main>', query, len(mails), accepted)


def mail_page(
    mail: Mail, mails: Sequence[Mail], parameters: Mapping[str, str], accepted: int
) -> str:
    """Return one mail beside the list it was opened from."""
    available = {
        "html": mail.body("html") is not None,
        "text": mail.body("plain") is not None,
        "headers": True,
        "source": True,
    }
    view = parameters.get("view", "")
    if not available.get(view, False):
        view = next(name for name, there in available.items() if there)
    phone = parameters.get("width") == "phone"
    tabs = "".join(
        f'<a href="{_link(mail, parameters, view=name)}"{_current(name == view)}>{label}</a>'
        for name, label in VIEWS
        if available[name]
    )
    widths = ""
    if view == "html":
        widths = (
            '<nav class="tabs width" aria-label="Width">'
            f'<a href="{_link(mail, parameters, width="desk")}"{_current(not phone)}>Desktop</a>'
            f'<a href="{_link(mail, parameters, width="phone")}"{_current(phone)}>Phone</a></nav>'
        )
    tools = f'<div class="tools"><nav class="tabs" aria-label="View">{tabs}</nav>{widths}</div>'
    content = (
        f'<main class="two">{_column(mails, parameters, mail)}<article class="mail">{_head(mail, parameters)}'
        f'{tools}<div class="view">{_view(mail, view, phone=phone)}</div></article></main>'
    )
    query = parameters.get("q", "")
    return _document(mail.header("Subject") or "Mail", content, query, len(mails), accepted)


def received_page() -> str:
    """Return the page after a mail was written to an address that the stack receives for."""
    body = (
        '<main class="alone"><div class="none"><h2>Mail received</h2><p>The stack was told of it, as '
        "SES would tell: the product looks at the address it went to, and at nothing else. "
        '<a href="/local/mailbox">To the mailbox</a></p></div></main>'
    )
    return _document("Mailbox", body, "", None, 0)


def missing_page(sentence: str) -> str:
    """Return a page that says what is not there."""
    body = (
        f'<main class="alone"><div class="none"><h2>Not here</h2><p>{escape(sentence)} '
        '<a href="/local/mailbox">To the mailbox</a></p></div></main>'
    )
    return _document("Mailbox", body, "", None, 0)


def _document(title: str, body: str, query: str, found: int | None, accepted: int) -> str:
    count = (
        ""
        if found is None
        else f'<span class="count">{found} {"mail" if found == 1 else "mails"}</span>'
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style></head><body>'
        '<header class="bar"><h1><a href="/local/mailbox">Local mailbox</a></h1>'
        '<form action="/local/mailbox" role="search"><input type="search" name="q" aria-label="Recipient" '
        f'placeholder="Search by recipient" value="{escape(query)}"><button>Search</button></form>{count}</header>'
        f'{body}<button class="news" id="news" data-accepted="{accepted}" hidden></button>'
        f"<script>{SCRIPT}</script></body></html>"
    )


def _column(mails: Sequence[Mail], parameters: Mapping[str, str], current: Mail | None) -> str:
    page = max(1, int(number)) if (number := parameters.get("page", "1")).isdecimal() else 1
    shown = mails[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    rows = "".join(_row(mail, parameters, is_current=mail is current) for mail in shown)
    links = []
    if page > 1:
        links.append(f'<a href="/local/mailbox?{_query(parameters, page=str(page - 1))}">Newer</a>')
    if page * PAGE_SIZE < len(mails):
        links.append(f'<a href="/local/mailbox?{_query(parameters, page=str(page + 1))}">Older</a>')
    pages = f'<nav class="pages" aria-label="Pages">{"".join(links)}</nav>' if links else ""
    return f'<div class="column"><ol class="list">{rows}</ol>{pages}</div>'


def _row(mail: Mail, parameters: Mapping[str, str], *, is_current: bool) -> str:
    return (
        f'<li><a href="{_link(mail, parameters)}"{_current(is_current)}><div class="row">'
        f'<span class="who">{escape(", ".join(mail.draft.destination.addresses))}</span>'
        f"{_time(mail, short=True)}</div>"
        f'<div class="subject">{_badge(mail)}{escape(mail.header("Subject")) or "(no subject)"}</div></a></li>'
    )


def _head(mail: Mail, parameters: Mapping[str, str]) -> str:
    tags = " ".join(
        f'<span class="badge">{escape(n)}: {escape(v)}</span>' for n, v in mail.tags.items()
    )
    rows = [
        ("To", escape(", ".join(mail.draft.destination.addresses))),
        ("From", escape(mail.header("From"))),
        ("Accepted", f"{_time(mail)} {_badge(mail)}"),
    ]
    if tags:
        rows.append(("Tags", tags))
    if address := unsubscribe_address(mail.header("List-Unsubscribe")):
        rows.append(("Leave", _reply(mail, address)))
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    back = escape(f"/local/mailbox?{_query(parameters)}")
    return (
        f'<div class="head"><a class="back" href="{back}">← All mail</a>'
        f"<h2>{escape(mail.header('Subject')) or '(no subject)'}</h2><dl>{listed}</dl></div>"
    )


def unsubscribe_address(header: str) -> str | None:
    """Return the address a List-Unsubscribe header names, or None.

    >>> unsubscribe_address("<https://example.org/u>, <mailto:leave@example.org?subject=leave>")
    'leave@example.org'
    """
    found = _MAILTO.search(header)
    return found.group(1) if found else None


def _reply(mail: Mail, address: str) -> str:
    """Return a button that writes to the unsubscribe address, as a mail program would."""
    values = {"from": mail.draft.destination.addresses[0], "to": address, "subject": "unsubscribe"}
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in values.items()
    )
    return (
        f'<form method="post" action="/local/inbound">{fields}'
        "<button>Reply to the unsubscribe address</button></form>"
    )


def _view(mail: Mail, view: str, *, phone: bool) -> str:
    match view:
        case "html":
            size = "phone" if phone else "desk"
            return (
                f'<iframe class="{size}" title="The mail as HTML" src="/local/mailbox/{escape(mail.message_id)}/html" '
                'sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>'
            )
        case "text":
            return f'<pre tabindex="0" aria-label="The mail as text" role="region">{_linked(mail.body("plain") or "")}</pre>'
        case "headers":
            rows = "".join(
                f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>"
                for name, value in mail.headers
            )
            return f"<table><tbody>{rows}</tbody></table>"
        case _:
            source = escape(mail.raw.decode("utf-8", "replace"))
            return f'<pre tabindex="0" aria-label="The mail\'s source" role="region">{source}</pre>'


def _linked(text: str) -> str:
    """Return text escaped, its web addresses as links."""
    parts, at = [], 0
    for found in _URL.finditer(text):
        parts.append(escape(text[at : found.start()]))
        url = escape(found.group(0))
        parts.append(f'<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>')
        at = found.end()
    return "".join([*parts, escape(text[at:])])


def _time(mail: Mail, *, short: bool = False) -> str:
    moment = mail.accepted_at
    shown = moment.strftime("%H:%M" if short else "%d %b %Y %H:%M:%S UTC")
    return f'<time class="when" datetime="{moment.isoformat()}">{shown}</time>'


def _badge(mail: Mail) -> str:
    if mail.outcome not in _OUTCOMES:
        return ""
    label, bad = _OUTCOMES[mail.outcome]
    return f'<span class="badge{" bad" if bad else ""}">{label}</span> '


def _current(is_current: bool) -> str:  # noqa: FBT001 - a predicate's own answer
    return ' aria-current="true"' if is_current else ""


def _query(parameters: Mapping[str, str], **changed: str) -> str:
    kept = {name: parameters[name] for name in ("q", "page") if parameters.get(name)}
    return urlencode(kept | changed)


def _link(mail: Mail, parameters: Mapping[str, str], **changed: str) -> str:
    kept = {
        name: parameters[name] for name in ("q", "page", "view", "width") if parameters.get(name)
    }
    query = urlencode(kept | changed)
    return escape(f"/local/mailbox/{mail.message_id}" + (f"?{query}" if query else ""))
