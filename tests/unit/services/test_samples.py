# SPDX-License-Identifier: Apache-2.0
"""Samples: made as everybody's mail is, with links that count nothing, and refused with a place."""

import pytest

from chalicelib.domain.campaigns import Act, Content
from chalicelib.domain.content import ContentKind
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.errors import InputError
from tests.support.world import BASE_URL, World

READER = "reader@example.org"
LINKED = '<h1>News</h1><p><a href="https://www.example.org/a?b=1&amp;c=2">Read</a></p>'
MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text><h1>News of {{ first_name }}</h1></mj-text>"
    "</mj-column></mj-section></mj-body></mjml>"
)


@pytest.fixture
def world():
    made = World()
    made.subscribe(READER, first_name="Ada")
    made.mails.clear()
    return made


def write(world, html, kind=ContentKind.HTML):
    return world.campaigns.create(
        name="News",
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=Content(subject="News", html=html, kind=kind),
    )


def test_links_of_a_test_lead_straight_to_where_they_lead(world):
    campaign = write(world, LINKED).campaign
    world.campaign_tests.send(campaign.id, READER)
    (mail,) = world.mails
    assert 'href="https://www.example.org/a?b=1&amp;c=2"' in mail.message.html
    assert "https://www.example.org/a?b=1&c=2" in mail.message.text
    assert f"{BASE_URL}/c/" not in mail.message.html + mail.message.text
    assert f"{BASE_URL}/o/" not in mail.message.html


def test_the_campaigns_own_mail_counts_the_same_link(world):
    campaign = write(world, LINKED).campaign
    world.test(campaign.id)
    world.campaigns.act(campaign.id, Act.SEND)
    world.settle()
    assert f'href="{BASE_URL}/c/' in world.mails[-1].message.html
    targets = world.campaign_links.get(campaign.id)
    assert targets.urls == ("https://www.example.org/a?b=1&c=2",)


def test_what_is_wrong_is_refused_with_its_place_and_the_rest_is_told(world):
    with pytest.raises(InputError, match="Line 2 of the HTML: The picture") as refused:
        write(world, '<h1>News</h1>\n<img src="https://www.example.org/a.png">')
    assert refused.value.code == "img_without_alt"
    assert world.campaigns.page(None, 10).items == ()
    assert [each.code for each in write(world, "<p>News</p>").warnings][:1] != []


def test_mjml_is_stored_as_it_was_written_and_sent_as_html(world):
    campaign = write(world, MJML, ContentKind.MJML).campaign
    stored = world.campaigns.content(campaign.id)
    assert (stored.kind, stored.html) == (ContentKind.MJML, MJML)
    world.test(campaign.id)
    world.campaigns.act(campaign.id, Act.SEND)
    world.settle()
    assert "<h1>News of Ada</h1>" in world.mails[-1].message.html
    assert "mj-text" not in world.mails[-1].message.html
