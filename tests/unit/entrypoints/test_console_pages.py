# SPDX-License-Identifier: Apache-2.0
"""The console over HTTP: the session, what it shows, and who is kept out."""

import base64
import re

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints import console_session

EIGHT_HOURS_MS = 8 * 3600 * 1000
MASTERS = ((1, b"n" * 32), (0, b"o" * 32))
KEY_ID = "A" * 22
NOW_MS = 1_795_435_200_000


@pytest.fixture
def key(world):
    return world.key_ring.create("console", [KeyScope.READ])


@pytest.fixture
def cookie(web, key):
    reply = web.post("/console/login", form={"key": key[0]})
    assert reply.status == 303
    return reply.headers["set-cookie"]


@pytest.fixture
def inside(web, cookie):
    """Return a function that asks with the session's cookie."""
    return lambda path, method="GET": web.ask(
        method, path, headers={"Cookie": "other=1; " + cookie.partition(";")[0]}
    )


def test_the_session_cookie_is_for_the_console_alone(cookie, key):
    flags = cookie.split("; ")[1:]
    assert set(flags) == {
        *("HttpOnly", "Secure", "SameSite=Strict", "Path=/console", "Max-Age=28800")
    }
    assert key[0] not in cookie


def test_without_a_session_every_page_leads_to_the_log_in(web):
    for path in ("/console", "/console/overview", f"/console/campaigns/{KEY_ID}"):
        reply = web.get(path)
        assert (reply.status, reply.headers["location"]) == (303, "/console/login")


@pytest.mark.parametrize("text", ["", "wrong", "w" * 40, "ö" * 20])
def test_every_wrong_key_gets_the_same_page(web, text):
    first = web.post("/console/login", form={"key": "some-other-wrong-key"})
    reply = web.post("/console/login", form={"key": text})
    assert (reply.status, reply.text) == (403, first.text)
    assert "set-cookie" not in reply.headers


def test_log_ins_draw_on_a_budget_of_their_network(web, world, key):
    counter = "login#" + world.tokens.blind("network", "192.0.2.7")
    for _ in range(world.settings.signups_per_hour):
        world.activity.count(counter, 3600, world.clock.now_ms())
    assert web.post("/console/login", form={"key": key[0]}).status == 429
    assert web.post("/console/login", form={"key": key[0]}, peer="198.51.100.1").status == 303


def test_an_ipv6_network_has_one_budget_however_many_addresses_it_has(web, world, key):
    tried = {
        web.post("/console/login", form={"key": "x"}, peer=f"2001:db8:1:1::{n:x}").status
        for n in range(world.settings.signups_per_hour)
    }
    assert tried == {403}
    reply = web.post("/console/login", form={"key": key[0]}, peer="2001:db8:1:1:ffff::1")
    assert reply.status == 429
    assert web.post("/console/login", form={"key": key[0]}, peer="2001:db8:1:2::1").status == 303


def test_the_overview_shows_lists_and_campaigns(inside, world):
    world.campaign("November news")
    reply = inside("/console/overview")
    assert reply.status == 200
    assert "November news" in reply.text
    assert "Newsletter" in reply.text
    assert inside("/console").headers["location"] == "/console/overview"


def test_logging_out_takes_the_cookie_away_by_post_only(inside):
    assert inside("/console/logout").status == 405
    reply = inside("/console/logout", "POST")
    assert "Max-Age=0" in reply.headers["set-cookie"]


def test_a_form_of_another_site_ends_no_session(web):
    """It comes without the cookie, which is SameSite=Strict."""
    reply = web.post("/console/logout")
    assert (reply.status, reply.headers["location"]) == (303, "/console/login")
    assert "set-cookie" not in reply.headers


def test_a_revoked_key_ends_its_sessions(inside, world, key):
    assert inside("/console/overview").status == 200
    world.key_ring.revoke(key[1].id)
    assert inside("/console/overview").status == 303


def test_a_session_ends_after_eight_hours(inside, world):
    world.time.advance(EIGHT_HOURS_MS)
    assert inside("/console/overview").status == 303


def test_a_session_outlives_a_rotation_of_the_link_keys(inside, world):
    world.link_keys.rotate()
    assert inside("/console/overview").status == 200


def test_a_session_reads_back_as_minted():
    value = console_session.mint(MASTERS, KEY_ID, NOW_MS)
    session = console_session.read(MASTERS, value, NOW_MS)
    assert session is not None
    assert (session.key_id, session.expires_s) == (KEY_ID, NOW_MS // 1000 + 28_800)


def test_no_changed_byte_of_a_session_is_accepted():
    raw = bytearray(base64.urlsafe_b64decode(console_session.mint(MASTERS, KEY_ID, NOW_MS) + "=="))
    for position in range(len(raw)):
        changed = raw.copy()
        changed[position] ^= 1
        text = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        assert console_session.read(MASTERS, text, NOW_MS) is None


@pytest.mark.parametrize("value", ["", "x", "=", "ä", "A" * 76, "A" * 77, "A" * 1000])
def test_nonsense_is_no_session(value):
    assert console_session.read(MASTERS, value, NOW_MS) is None


HEADINGS = {"en": "Overview", "sv": "Översikt", "de": "Übersicht", "fr": "Vue d\u2019ensemble"}


@pytest.mark.parametrize("language", HEADINGS)
def test_the_language_chosen_at_the_log_in_stays_on_every_page_and_after_logging_out(
    web, world, key, language
):
    world.campaign("November news")
    login = web.get(f"/console/login?language={language}")
    assert f'<html lang="{language}">' in login.text
    assert f'name="language" value="{language}"' in login.text
    wrong = web.post("/console/login", form={"key": "wrong", "language": language})
    assert f'<html lang="{language}">' in wrong.text
    reply = web.post("/console/login", form={"key": key[0], "language": language})
    home = f"/console/overview?language={language}"
    assert reply.headers["location"] == home
    sent = {"Cookie": reply.headers["set-cookie"].partition(";")[0]}
    page = web.get(home, headers=sent)
    assert page.heading == HEADINGS[language]
    for path in re.findall(r'(?:href|action)="(/console/[^"]+)"', page.text):
        assert "language=" in path
    led = web.get(f"/console?language={language}", headers=sent)
    assert led.headers["location"] == home
    out = web.ask("POST", f"/console/logout?language={language}", headers=sent)
    assert out.headers["location"] == f"/console/login?language={language}"


@pytest.mark.parametrize("language", HEADINGS)
def test_every_page_is_in_the_language_the_browser_asks_for(web, world, cookie, language):
    made = world.campaign("November news")
    sent = {"Cookie": cookie.partition(";")[0], "Accept-Language": language}
    campaigns = ("campaigns", f"campaigns/{made}", f"campaigns/{KEY_ID}")
    for path in ("overview", *campaigns, "forms", "forms/demo"):
        page = web.get(f"/console/{path}", headers=sent)
        assert f'<html lang="{language}">' in page.text
        assert (">Overview<" in page.text) == (language == "en")
