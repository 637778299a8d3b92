# SPDX-License-Identifier: Apache-2.0
"""The few pages without a journey of their own: the start, the ledger, privacy notices.

Guarantees that the checkpoint and the policy are given to anybody, as stored, byte for byte.
"""

from typing import TYPE_CHECKING

from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.exchange import TEXT, Answer, Request, html
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

BRIEFLY = "public, max-age=2"
"""A checkpoint is replaced by the next one; two seconds keep a crowd off the store."""
FIVE_MINUTES = "public, max-age=300"
ONE_DAY = "public, max-age=86400"
START = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Kvitto</title>
<style>
body{font:1.0625rem/1.55 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}
body{background:#f4f3ef;color:#1c1d1f}
a{color:#0b5d4e}
li{margin:.5rem 0}
@media (prefers-color-scheme:dark){body{background:#141618;color:#f1f0ed}a{color:#7fd3bf}}
</style>
</head>
<body>
<main>
<h1>Kvitto</h1>
<p>This address serves newsletter sign-ups, and the links in the mails they lead to. Every consent
given here has a receipt.</p>
<p>To stop a newsletter, use the unsubscribe link in any of its mails.</p>
<ul>
<li><a href="/ledger/checkpoint">The latest signed checkpoint of the ledger</a> and
<a href="/ledger/policy">its public key</a></li>
<li><a href="/console">Console</a>, for the people who run it</li>
<li><a href="/api/v1/openapi.json">API description</a></li>
</ul>
</main>
</body>
</html>
"""


def _start(_container: "Container", _request: Request) -> Answer:
    return html(START)


def _no_icon(_container: "Container", _request: Request) -> Answer:
    return Answer(status=204, content_type=TEXT, headers={"Cache-Control": ONE_DAY})


def _checkpoint(container: "Container", _request: Request) -> Answer:
    from chalicelib.services.sequencing import read_checkpoint  # noqa: PLC0415  # cryptography

    note = read_checkpoint(container.blobs)
    return Answer(body=note, content_type=TEXT, headers={"Cache-Control": BRIEFLY})


def _policy(container: "Container", _request: Request) -> Answer:
    return Answer(body=container.policy, content_type=TEXT, headers={"Cache-Control": FIVE_MINUTES})


def _cut_off(_container: "Container", _request: Request) -> Answer:
    raise NotFound("A link ends here before its last part.")


def _privacy(container: "Container", request: Request) -> Answer:
    brand = container.setup.brand(path_word(request, "brand"))
    language = choose_language(
        [request.query], request.headers.get("accept-language", ""), brand.default_language
    )
    return Answer(body=container.setup.privacy_page(brand, language))


show_start = page(_start)
show_no_icon = page(_no_icon)
show_checkpoint = page(_checkpoint)
show_policy = page(_policy)
show_cut_off = page(_cut_off)
show_privacy = page(_privacy)
