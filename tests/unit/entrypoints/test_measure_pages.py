# SPDX-License-Identifier: Apache-2.0
"""Counted links and pixels over HTTP: where they lead, what they say, and what they load."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.domain.measurement import Counted
from chalicelib.entrypoints.measure_pages import PIXEL
from chalicelib.errors import Unavailable
from tests.support.faults import FailAlways, Moment
from tests.support.link_examples import (
    CAMPAIGN,
    EMAIL,
    TARGETS,
    URLS,
    click,
    pixel,
)

ROOT = Path(__file__).resolve().parents[3]
AHEAD = (
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"X-Purpose": "preview"},
    {"X-Moz": "Prefetch"},
)


@pytest.fixture
def world(world):
    world.campaign_links.put(CAMPAIGN, TARGETS)
    return world


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL, measurement="yes")


def noted(world):
    return dict(world.outside_rows.hits), dict(world.link_rows.counted)


@pytest.mark.parametrize("link", range(len(URLS)))
def test_a_link_leads_on_by_a_redirect_that_is_neither_kept_nor_told_of(web, world, sid, link):
    for who in ({}, {"sid": sid}):
        reply = web.get(click(world.tokens, link=link, **who))
        assert reply.status == 302
        assert reply.headers["location"] == URLS[link]
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.cookies == ()
        assert reply.body == b""
    assert world.hits.counts(CAMPAIGN) == {link: Counted(personal=1, unmeasured=1)}


def test_a_pixel_is_one_point_that_is_not_kept(web, world, sid):
    reply = web.get(pixel(world.tokens, sid))
    assert (reply.status, reply.headers["content-type"]) == (200, "image/gif")
    assert reply.body == PIXEL
    assert len(PIXEL) == 43
    assert reply.headers["cache-control"] == "no-store"
    assert reply.cookies == ()
    assert world.hits.counts(CAMPAIGN) == {None: Counted(personal=1)}


def test_head_is_answered_alike_and_noted_nowhere(web, world, sid):
    before = noted(world)
    reply = web.ask("HEAD", click(world.tokens, sid))
    assert (reply.status, reply.headers["location"]) == (302, URLS[0])
    assert web.ask("HEAD", pixel(world.tokens, sid)).status == 200
    assert noted(world) == before


@pytest.mark.parametrize("headers", AHEAD)
def test_who_says_that_it_only_looks_ahead_is_answered_and_not_noted(web, world, sid, headers):
    before = noted(world)
    reply = web.get(click(world.tokens, sid), headers=headers)
    assert (reply.status, reply.headers["location"]) == (302, URLS[0])
    assert web.get(pixel(world.tokens, sid), headers=headers).body == PIXEL
    assert noted(world) == before


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_no_other_method_leads_anywhere(web, world, sid, method):
    before = noted(world)
    for path in (click(world.tokens, sid), pixel(world.tokens, sid)):
        reply = web.ask(method, path)
        assert "location" not in reply.headers
        assert reply.status in (204, 405)
    assert noted(world) == before


@pytest.mark.parametrize("language", ["en", "sv", "de", "fr"])
@pytest.mark.parametrize(
    "path", ["/c", "/c/nonsense", f"/c/{'A' * 90}", f"/c/{'x' * 300}", "/c/%0d%0aa", "/o/nonsense"]
)
def test_what_is_no_link_of_ours_is_a_page_in_words(web, path, language):
    reply = web.get(f"{path}?language={language}")
    assert reply.status == 404
    assert f'<html lang="{language}">' in reply.text
    assert "location" not in reply.headers


def test_an_unknown_number_or_campaign_is_that_page_too(web, world, sid):
    for path in (
        click(world.tokens, sid, len(URLS)),
        click(world.tokens, sid, campaign="A" * 22),
        pixel(world.tokens, sid, campaign="A" * 22),
    ):
        reply = web.get(path)
        assert reply.status == 404
        assert reply.heading
    assert noted(world) == ({}, {})


def test_a_query_or_a_header_changes_no_target(web, world, sid):
    path = click(world.tokens, sid)
    for query in ("?url=https://example.com/", "?next=//example.com", "?_m=x&utm_source=y"):
        headers = {"X-Forwarded-Host": "example.com", "Referer": "https://example.com/"}
        assert web.get(path + query, headers=headers).headers["location"] == URLS[0]


@pytest.mark.parametrize("call", ["LedgerStore.states", "Hits.record", "Hits.count"])
def test_a_store_that_fails_keeps_nobody_from_arriving(web, world, sid, call):
    world.faults = FailAlways(call, Moment.BEFORE, Unavailable("no answer"))
    assert web.get(click(world.tokens, sid)).headers["location"] == URLS[0]
    assert web.get(pixel(world.tokens, sid)).body == PIXEL


def test_a_click_that_cannot_be_read_says_to_come_again(web, world, sid):
    path = click(world.tokens, sid)
    world.faults = FailAlways("CampaignLinks.get", Moment.BEFORE, Unavailable("no answer"))
    reply = web.get(path)
    assert reply.status == 503
    assert reply.headers["retry-after"]


def test_the_api_counts_by_target_and_names_nobody(web, world, api, api_as, sid):
    made = world.campaign()
    assert api.get(f"/api/v1/campaigns/{made}/links").json == {
        "links": [],
        "opened": {"personal": 0, "unmeasured": 0},
    }
    world.campaign_links.put(made, TARGETS)
    web.get(click(world.tokens, sid, 1, campaign=made))
    web.get(click(world.tokens, link=1, campaign=made))
    web.get(pixel(world.tokens, sid, campaign=made))
    reply = api_as("read").get(f"/api/v1/campaigns/{made}/links")
    assert reply.json["links"] == [
        {"number": 0, "url": URLS[0], "personal": 0, "unmeasured": 0},
        {"number": 1, "url": URLS[1], "personal": 1, "unmeasured": 1},
        {"number": 2, "url": URLS[2], "personal": 0, "unmeasured": 0},
    ]
    assert reply.json["opened"] == {"personal": 1, "unmeasured": 0}
    assert sid not in reply.text
    assert api.get(f"/api/v1/campaigns/{'A' * 22}/links").status == 404


SLOW = "jinja2 pynamodb jsonschema email_validator altcha css_inline mjml"
COLD = f'''
import sys
import app
from chalicelib.bootstrap import Container
from chalicelib.entrypoints import measure_pages

class Named:
    """Settings of which each is called what it is."""

    def __getattr__(self, name):
        return name

assert Container(Named()).measurement
print(*(name for name in "{SLOW}".split() if name in sys.modules))
'''


def test_a_click_waits_for_no_template_and_no_model_of_a_table():
    """All that answers it, made as a cold start makes it."""
    done = subprocess.run(
        [sys.executable, "-c", COLD],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == []
