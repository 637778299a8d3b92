# SPDX-License-Identifier: Apache-2.0
"""The addresses visitors and verifiers use, and the few pages without a journey of their own.

Guarantees that the checkpoint and the policy are given to anybody, as stored, byte for byte.
"""

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.certificate_pages import show_certificate
from chalicelib.entrypoints.challenge_pages import show_challenge
from chalicelib.entrypoints.confirmation_pages import answer_confirmation, show_confirmation
from chalicelib.entrypoints.cross_origin import cross_origin, preflight
from chalicelib.entrypoints.embed_pages import show_descriptor, show_script
from chalicelib.entrypoints.exchange import TEXT, Answer, Request, html
from chalicelib.entrypoints.form_pages import show_form, submit_form
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.preference_pages import act_on_preferences, show_preferences
from chalicelib.entrypoints.receipt_pages import show_receipt
from chalicelib.entrypoints.rights_pages import ask_for_link, show_rights
from chalicelib.entrypoints.routing import route
from chalicelib.entrypoints.unsubscribe_pages import show_unsubscribe, tell_reason, unsubscribe
from chalicelib.entrypoints.visitors import path_word

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


def _privacy(container: "Container", request: Request) -> Answer:
    brand = container.setup.brand(path_word(request, "brand"))
    language = choose_language(
        [request.query], request.headers.get("accept-language", ""), brand.default_language
    )
    return Answer(body=container.setup.privacy_page(brand, language))


pages = Blueprint(__name__)
route(pages, "/", {"GET": page(_start)})
route(pages, "/favicon.ico", {"GET": page(_no_icon)})
route(
    pages,
    "/forms/{form_id}",
    {"GET": show_form, "POST": cross_origin(submit_form), "OPTIONS": preflight},
)
route(pages, "/forms/{form_id}/embed.js", {"GET": show_script})
route(
    pages,
    "/forms/{form_id}/challenge",
    {"GET": cross_origin(show_challenge), "OPTIONS": preflight},
)
route(
    pages,
    "/forms/{form_id}/descriptor",
    {"GET": cross_origin(show_descriptor), "OPTIONS": preflight},
)
route(pages, "/confirm/{token}", {"GET": show_confirmation, "POST": answer_confirmation})
route(pages, "/unsubscribe/{token}", {"GET": show_unsubscribe, "POST": unsubscribe})
route(pages, "/unsubscribe/{token}/reason", {"GET": show_unsubscribe, "POST": tell_reason})
route(pages, "/preferences/{token}", {"GET": show_preferences, "POST": act_on_preferences})
route(pages, "/rights/{brand}", {"GET": show_rights, "POST": ask_for_link})
route(pages, "/receipt/{token}", {"GET": show_receipt})
route(pages, "/certificates/{erasure}", {"GET": show_certificate})
route(pages, "/privacy/{brand}", {"GET": page(_privacy)})
route(pages, "/ledger/checkpoint", {"GET": page(_checkpoint)})
route(pages, "/ledger/policy", {"GET": page(_policy)})
