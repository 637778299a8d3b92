# SPDX-License-Identifier: Apache-2.0
"""What others' links did when a scanner or a mail provider came by, as tests: ours do none of it.

Source: craft-campaign issue 169, powermail issue 809 and shopware issue 4201 (a scanner burns the
link), listmonk issues 1418 and 2975 ("triple opt-in"); museletter (GET confirms), Notifuse
(confirms by script) and Keila (GET confirms from the fourth minute on), as read in their code.
Unsubscribing: Mautic (HEAD unsubscribes), Rock RMS issue 7034 (any GET does), Notifuse (the
one-click body is decoded as JSON; who looks like a robot is told 200 and stays subscribed).
"""

import re

import pytest

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.state import ConsentStatus
from tests.support.link_examples import CAMPAIGN, TARGETS, URLS, click, pixel

EMAIL = "visitor@example.org"
SCANNERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "BarracudaCentral",
    "",
)
TRICKS = (
    {},
    {"X-HTTP-Method-Override": "POST"},
    {"X-HTTP-Method": "POST", "X-Method-Override": "POST"},
    {"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"},
)
MINUTE_MS = 60_000


@pytest.fixture
def link(world):
    world.sign_up(EMAIL)
    world.settle()
    return f"/confirm/{world.confirm_token(EMAIL)}"


def statuses(world):
    (sid,) = world.rows.vault
    return {item.status for item in world.state(sid).consents.values()}


@pytest.mark.parametrize("wait_ms", [0, 4 * MINUTE_MS, 60 * MINUTE_MS, 71 * 60 * MINUTE_MS])
@pytest.mark.parametrize(
    "query", ["", "?answer=confirm", "?act=confirm", "?confirm=1", "?_method=POST"]
)
def test_no_get_and_no_head_ever_confirms_however_late(web, world, link, wait_ms, query):
    world.time.advance(wait_ms)
    before = (len(world.rows.entries), len(world.mails))
    for agent in SCANNERS:
        for trick in TRICKS:
            for method in ("GET", "HEAD"):
                headers = {"User-Agent": agent, **trick}
                assert web.ask(method, link + query, headers=headers).status == 200
    assert (len(world.rows.entries), len(world.mails)) == before
    assert statuses(world) == {ConsentStatus.REQUESTED}


def test_a_get_with_a_forms_body_confirms_nothing(web, world, link):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert web.ask("GET", link, b"answer=confirm", headers=headers).status == 200
    assert statuses(world) == {ConsentStatus.REQUESTED}


@pytest.mark.parametrize("act", ["", "?act=refuse"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_of_the_link_can_act_by_itself(web, world, link, language, act):
    """No script, no refresh, no frame, no picture, and headers under which none could run."""
    joint = "&" if act else "?"
    page = web.get(f"{link}{act}{joint}language={language}")
    for tag in ("<script", "http-equiv", "<iframe", "<img", "<link", "onload", "javascript:"):
        assert tag not in page.text.lower()
    assert "refresh" not in page.headers
    assert page.headers["content-security-policy"].startswith("default-src 'none';")
    assert "set-cookie" not in page.headers
    links = re.findall(r'href="([^"]*)"', page.text)
    assert not [href for href in links if "/confirm/" in href]


def test_a_scanner_does_not_use_a_link_up_and_one_press_confirms(web, world, link):
    for _ in range(50):
        web.get(link, headers={"User-Agent": SCANNERS[0]})
    assert "Yes, confirm" in web.get(link + "?language=en").text
    reply = web.post(link, form={"answer": "confirm", "language": "en"})
    assert (reply.status, reply.heading) == (200, "Thank you, you are signed up")
    assert statuses(world) == {ConsentStatus.GIVEN}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_no_other_method_confirms(web, world, link, method):
    web.ask(method, link)
    assert statuses(world) == {ConsentStatus.REQUESTED}


def test_the_refuse_address_of_the_mail_asks_whether_to_refuse(web, world, link):
    """Whoever came to refuse must not find "Yes, confirm" first, nor be refused by a scanner."""
    page = web.get(f"{link}?act=refuse&language=en")
    assert page.heading == "Refuse this sign-up?"
    answers = re.findall(r'name="answer" value="(\w+)"', page.text)
    assert answers == ["refuse", "confirm"]
    assert statuses(world) == {ConsentStatus.REQUESTED}
    assert web.post(link, form={"answer": "refuse"}).status == 200
    assert statuses(world) == {ConsentStatus.REFUSED}


ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_mautics_head_request_unsubscribes_nobody(web, world, unsubscribe):
    for agent in SCANNERS:
        for trick in TRICKS:
            headers = {"User-Agent": agent, **trick}
            assert web.ask("HEAD", unsubscribe, headers=headers).status == 200
    assert statuses(world) == {ConsentStatus.GIVEN}


@pytest.mark.parametrize("query", ["", "?List-Unsubscribe=One-Click", "?everything=yes&act=save"])
def test_rocks_get_request_unsubscribes_nobody(web, world, unsubscribe, query):
    for agent in SCANNERS:
        for trick in TRICKS:
            headers = {"User-Agent": agent, **trick}
            assert web.get(unsubscribe + query, headers=headers).status == 200
    assert web.ask("GET", unsubscribe, ONE_CLICK, headers=FORM).status == 200
    assert statuses(world) == {ConsentStatus.GIVEN}


def test_notifuses_one_click_body_is_a_form_and_no_json(web, world, unsubscribe):
    reply = web.post(unsubscribe, ONE_CLICK, headers=FORM)
    assert (reply.status, reply.heading) == (200, "You are unsubscribed")
    assert statuses(world) == {ConsentStatus.WITHDRAWN}


@pytest.mark.parametrize("agent", [*SCANNERS, "Google-Mail-Unsubscribe-Bot", "python-requests/2"])
def test_notifuses_robots_are_unsubscribed_when_they_post(web, world, unsubscribe, agent):
    """Mail providers' machines are robots: their POST is a person's click."""
    reply = web.post(unsubscribe, ONE_CLICK, headers={**FORM, "User-Agent": agent})
    assert (reply.status, reply.heading) == (200, "You are unsubscribed")
    assert statuses(world) == {ConsentStatus.WITHDRAWN}


@pytest.mark.parametrize("measured", ["", "yes"])
def test_counted_links_and_pixels_change_no_consent_whoever_follows_them(web, world, measured):
    """A click is noted, at most; it confirms, renews and lifts nothing, and is no entry."""
    world.campaign_links.put(CAMPAIGN, TARGETS)
    sid = world.subscribe(EMAIL, measurement=measured)
    before = (world.rows.entries.copy(), world.state(sid), len(world.mails))
    paths = [click(world.tokens, sid, link) for link in range(len(URLS))]
    for path in (*paths, pixel(world.tokens, sid)):
        for agent in SCANNERS:
            for trick in TRICKS:
                for method in ("GET", "HEAD"):
                    headers = {"User-Agent": agent, **trick}
                    assert web.ask(method, path, headers=headers).status in (200, 302)
    assert (world.rows.entries, world.state(sid), len(world.mails)) == before
