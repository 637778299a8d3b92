# SPDX-License-Identifier: Apache-2.0
"""No open redirect: whatever stands in a link, it leads to a target of its campaign or nowhere."""

import string
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import bootstrap
from chalicelib.domain.ids import CampaignId, encode_id
from chalicelib.domain.measurement import Targets
from chalicelib.proof.tokens import MAX_LINK, LinkPurpose, link_text
from tests.support.asking import Asker
from tests.support.link_examples import CAMPAIGN, EMAIL, TARGETS, URLS, click, payload, pixel
from tests.support.world import World

BASE64URL = string.ascii_letters + string.digits + "-_"


@pytest.fixture(scope="module")
def world():
    made = World()
    made.campaign_links.put(CAMPAIGN, TARGETS)
    before, bootstrap.container = bootstrap.container, lambda: made
    yield made
    bootstrap.container = before


@pytest.fixture(scope="module")
def good(world):
    """Tokens of this installation, for every purpose and link."""
    sid = world.subscribe(EMAIL, measurement="yes")
    return [
        *(click(world.tokens, who, link)[3:] for who in (sid,) for link in range(len(URLS))),
        *(click(world.tokens, link=link)[3:] for link in range(len(URLS))),
        pixel(world.tokens, sid)[3:],
        world.tokens.mint(LinkPurpose.VIEW, payload(sid)),
    ]


def leads_to(path):
    """Ask for a path; return where it leads, None for nowhere."""
    reply = Asker().get(path)
    assert reply.status in (302, 404), reply.status
    location = reply.headers.get("location")
    assert (location is not None) == (reply.status == 302)
    return location


TAILS = st.text(BASE64URL + "\\@\r\n/%? å", max_size=12)


@settings(max_examples=150)
@given(
    text=st.text(max_size=120)
    | st.text(BASE64URL, min_size=80, max_size=100)
    | st.text("\r\n\\@/:?#.", max_size=40).map(lambda text: f"https://example.com{text}")
)
def test_any_text_leads_nowhere(world, text):
    assert leads_to(f"/c/{quote(text, safe='')}") is None


@settings(max_examples=150)
@given(data=st.data())
def test_a_token_changed_anywhere_leads_to_a_target_of_its_campaign_or_nowhere(good, data):
    token = data.draw(st.sampled_from(good))
    cut = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(cut, min(len(token), cut + 4)))
    changed = token[:cut] + data.draw(TAILS) + token[end:]
    location = leads_to(f"/c/{quote(changed, safe='')}")
    assert location is None or location in URLS


@settings(max_examples=100)
@given(link=st.integers(0, MAX_LINK) | st.integers(0, len(URLS) + 2))
def test_another_number_is_another_link_of_the_same_mail_or_nothing(good, link):
    token = good[0][:-3] + link_text(link)
    assert leads_to(f"/c/{token}") == (URLS[link] if link < len(URLS) else None)


@settings(max_examples=60)
@given(link=st.integers(0, len(URLS) - 1), query=st.text(max_size=60))
def test_nothing_beside_the_token_changes_where_it_leads(good, link, query):
    path = f"/c/{good[0][:-3]}{link_text(link)}"
    for name in ("url", "to", "next", "redirect"):
        assert leads_to(f"{path}?{name}={quote(query, safe='')}") == URLS[link]


def test_a_token_leads_to_the_targets_of_its_own_campaign_alone(world):
    other = CampaignId(encode_id(bytes(range(16))))
    token = click(world.tokens, campaign=other)
    assert leads_to(token) is None
    own = Targets(brand=TARGETS.brand, list=TARGETS.list, urls=("https://other.example.org/",))
    world.campaign_links.put(other, own)
    assert leads_to(token) == own.urls[0]
    assert leads_to(click(world.tokens, link=0)) == URLS[0]
    assert leads_to(click(world.tokens, link=1, campaign=other)) is None
