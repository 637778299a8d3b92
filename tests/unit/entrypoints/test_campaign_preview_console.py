# SPDX-License-Identifier: Apache-2.0
"""A campaign as one subscriber would get it, in the console: to whom it is shown, and how."""

import html
import re

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.campaigns import Content
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.content import Part
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.previews import ORDER, Flaw
from chalicelib.errors import Unavailable
from chalicelib.ports.sending import Rendered
from chalicelib.services.preview import Preview
from tests.support.campaign_examples import campaign
from tests.support.faults import FailAlways, Moment
from tests.support.segment_desk import Desk
from tests.support.shop import objection

ANNA = "anna@example.org"
HTML = "<h1>Hello {{ first_name }}</h1><p><a href='https://shop.example/'>Shop</a></p>"
FRAME = {"is_officer": False, "is_marketer": True, "form_token": "t"}


@pytest.fixture
def sid(world):
    return world.subscribe(ANNA, first_name="<b>Anna</b>", measurement="yes")


@pytest.fixture
def path(world, sid):
    made = world.campaigns.create(
        name="November <news>",
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=Content(subject="News & more", html=HTML),
    )
    return f"/console/campaigns/{made.campaign.id}"


@pytest.fixture
def desk(web, world):
    return Desk(web, world, KeyScope.MARKETING)


def shown(desk, path, email=ANNA, **more):
    return desk.send(f"{path}/preview", email=email, **more)


def test_a_marketer_asks_on_the_campaigns_page_and_sees_the_mail_of_one_person(
    desk, world, path, sid
):
    assert f'action="{path}/preview"' in desk.get(path).text
    before = world.types(sid)
    page = shown(desk, path)
    assert page.status == 200
    assert world.types(sid)[len(before) :] == ["data.unsealed"]
    assert f"Yes: {ANNA} would get it" in page.text
    assert "yes, they agreed" in page.text
    assert "News &amp; more" in page.text
    (frame,) = re.findall(r'<iframe sandbox="" srcdoc="([^"]*)"', page.text)
    mail = html.unescape(frame)
    assert "<h1>Hello &lt;b&gt;Anna&lt;/b&gt;</h1>" in mail
    assert "<a href='#'>Shop</a>" in mail
    assert "shop.example" not in page.text
    assert world.audience.member(sid).sent_ms == ()


def test_the_page_lets_the_mails_pictures_load_and_nothing_else(desk, path):
    policy = shown(desk, path).headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "img-src 'self' https: data:"} <= set(policy)
    assert not [each for each in policy if each.startswith(("script-src", "connect-src"))]
    assert shown(desk, path).headers["x-frame-options"] == "DENY"


def test_why_not_is_told_in_words(desk, world, path, sid):
    objection(world, sid)
    page = shown(desk, path).text
    assert f"No: {ANNA} would not get it." in page
    assert "They objected to mail of this brand" in page
    assert "<iframe" not in page


def test_what_keeps_the_mail_from_being_made_stands_with_its_place(desk, world, path):
    broken = Content(subject="News", html="<h1>News</h1>\n<p>{{ nowhere }}</p>")
    campaign_id = path.rpartition("/")[2]
    world.campaign_rows.replace(world.campaign_rows.get(campaign_id), broken)
    page = shown(desk, path).text
    assert "would not get it" in page
    assert "Line 2 of the HTML" in page
    assert "nowhere" in page


@pytest.mark.parametrize(
    ("email", "status", "words"),
    [
        ("no address", 422, "This is not an e-mail address"),
        ("", 422, "This is not an e-mail address"),
        ("nobody@example.org", 404, "Nobody here has this address"),
    ],
)
def test_what_is_wrong_stands_beside_the_address_with_what_was_typed(
    desk, path, email, status, words
):
    page = shown(desk, path, email)
    assert page.status == status
    assert f'id="e-email">{words}' in page.text
    assert f'value="{email}" aria-invalid="true"' in page.text
    assert page.text.count("<h1") == 1


def test_a_segment_that_is_gone_is_told_of_as_that(desk, world, path):
    campaign_id = path.rpartition("/")[2]
    stored = world.campaign_rows.get(campaign_id)
    world.campaign_rows.replace(type(stored)(**{**_members(stored), "segment": "gone"}))
    page = shown(desk, path)
    assert page.status == 422
    assert "segment is gone" in page.text
    assert 'id="e-email"' not in page.text


def _members(stored):
    return {name: getattr(stored, name) for name in type(stored).__slots__}


def test_only_a_marketer_with_the_forms_token_sees_anybody(web, desk, world, path, sid):
    before = world.types(sid)
    reader = Desk(web, world, KeyScope.READ)
    assert f'action="{path}/preview"' not in reader.get(path).text
    assert reader.get(f"{path}/preview").status == 403
    assert web.post(f"{path}/preview", form={"email": ANNA}, headers=reader.sent).status == 403
    forged = {"form_token": "forged", "email": ANNA}
    assert web.post(f"{path}/preview", form=forged, headers=desk.sent).status == 403
    assert web.post(f"{path}/preview", form={"email": ANNA}).status == 303
    assert world.types(sid) == before


@pytest.mark.parametrize("campaign_id", ["A" * 22, "nope"])
def test_an_unknown_campaign_is_a_404_page(desk, campaign_id):
    path = f"/console/campaigns/{campaign_id}"
    assert desk.get(f"{path}/preview").status == 404
    assert shown(desk, path).status == 404


def test_without_the_entry_nothing_is_shown(desk, world, path):
    world.faults = FailAlways("LedgerStore.commit", Moment.BEFORE, Unavailable("no"))
    page = shown(desk, path)
    assert page.status == 503
    assert "Anna" not in page.text


def test_opened_without_an_address_it_asks_for_one(desk, path):
    page = desk.get(f"{path}/preview?language=sv")
    assert page.status == 200
    assert '<html lang="sv"' in page.text
    assert "<iframe" not in page.text


def every_page(language):
    """The page of every reason, with a finding at every kind of place."""
    flaws = tuple(
        Flaw(code="c", severity=severity, part=part, line=line, sentence="Wrong.")
        for severity, part, line in (
            ("error", None, None),
            ("warning", Part.SENDER, None),
            *(("error", part, 3) for part in (Part.SUBJECT, Part.HTML, Part.TEXT)),
            *(("error", part, None) for part in (Part.SUBJECT, Part.HTML, Part.TEXT)),
        )
    )
    renderer = TemplateRenderer()
    for reason in (None, *ORDER):
        found = Preview(
            mail=Rendered(subject="s", html='<a href="#">x</a>', text="t"),
            language=language,
            measured=reason is None,
            why_not=reason,
            findings=flaws,
        )
        data = {"campaign": campaign(), "found": found, "fault": "", "email": ANNA, "shown": ""}
        yield renderer.page(
            "console/campaign_preview.html", {**FRAME, "language": language, **data}
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_and_place_has_its_words_in_every_language(language):
    verdicts = set()
    for page in every_page(language):
        verdicts.add(re.search(r'<p class="verdict[^>]*>(.*?)</p>', page)[1])
        assert "{line}" not in page
        assert language == "en" or " would" not in page
    assert len(verdicts) == 1 + len(ORDER)
