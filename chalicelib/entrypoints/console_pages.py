# SPDX-License-Identifier: Apache-2.0
"""The console: read-only pages behind a session that an API key opens.

Guarantees that nothing here changes anything but the session, and that wrong keys all get the same
answer and draw on a budget per network. `compliance_pages`, `campaigns_console_acts`,
`segments_console_acts` and `lifecycle_console_pages` act.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.networks import network_of
from chalicelib.entrypoints import console_session
from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.bodies import read_form
from chalicelib.entrypoints.console_access import LOGIN, Seat, ended, inside, key_of
from chalicelib.entrypoints.exchange import Answer, Request, html, redirect
from chalicelib.entrypoints.languages import choose_language, in_chosen
from chalicelib.errors import OverBudget

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

HOME = "/console/overview"
HOUR_S = 3600
LOGINS_PER_HOUR = 60
ROWS = 100
BRANDS = 20
"""Each costs the overview a read of its own."""


def _enter(container: "Container", request: Request) -> Answer:
    place = LOGIN if key_of(container, request) is None else HOME
    return redirect(in_chosen(place, request.query))


def _show_login(container: "Container", request: Request) -> Answer:
    return _login_page(container, request, {})


def _login_page(
    container: "Container", request: Request, fields: Mapping[str, str], *, is_wrong: bool = False
) -> Answer:
    accepted = request.headers.get("accept-language", "")
    language = choose_language([fields, request.query], accepted, "en")
    data = {"language": language, "is_wrong": is_wrong}
    return html(container.renderer.page("console/login.html", data), 403 if is_wrong else 200)


def _log_in(container: "Container", request: Request) -> Answer:
    fields = read_form(request)
    text = fields.get("key", "").strip()
    now_ms = container.clock.now_ms()
    # A network trusted with more sign-ups is trusted with more log-ins: on one machine, nearly all.
    budget = max(LOGINS_PER_HOUR, container.settings.signups_per_hour)
    counter = "login#" + container.tokens.blind("network", network_of(request.network))
    if container.activity.count(counter, HOUR_S, now_ms) > budget:
        raise OverBudget("Too many log-ins came from this network. Please try again in an hour.")
    key = container.key_ring.authenticate(text)
    if key is None or not key.allows(KeyScope.READ):
        return _login_page(container, request, fields, is_wrong=True)
    value = console_session.mint(container.link_keys.masters(), key.id, now_ms)
    cookie = console_session.set_cookie(value, secure=container.settings.is_secure)
    return redirect(in_chosen(HOME, fields), {"Set-Cookie": cookie})


def _log_out(container: "Container", request: Request) -> Answer:
    # A form of another site brings no cookie (SameSite=Strict), and must not take one away.
    has_cookie = console_session.cookie_of(request.headers.get("cookie", "")) is not None
    place = in_chosen(LOGIN, request.query)
    return redirect(place, ended(container) if has_cookie else None)


def _overview(container: "Container", _request: Request, seat: Seat) -> Answer:
    campaigns = container.campaigns.page(None, ROWS)
    lists = container.setup.lists(None, ROWS)
    brands = container.setup.brands(None, BRANDS)
    data = {
        **seat.frame(),
        "campaigns": sorted(
            (item.shown for item in campaigns.items), key=lambda item: -item.created_ms
        ),
        "lists": lists.items,
        "more": campaigns.cursor is not None or lists.cursor is not None,
        "left": [(brand, container.reasons.of_brand(brand.id)) for brand in brands.items],
        "more_brands": brands.cursor is not None,
    }
    return html(container.renderer.page("console/overview.html", data))


enter = page(_enter)
show_login = page(_show_login)
log_in = page(_log_in)
log_out = page(_log_out)
show_overview = inside(_overview)
