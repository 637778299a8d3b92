# SPDX-License-Identifier: Apache-2.0
"""What a confirmation link does beside confirming: a new mail, a gift, a page to go on to."""

import re
from dataclasses import replace
from html import unescape

import pytest

from chalicelib.domain.forms import Gift
from chalicelib.domain.state import ConsentStatus
from chalicelib.services.confirmation_mail import TOKEN_LIFE_MS
from tests.support.gate_cases import with_limits

EMAIL = "visitor@example.org"
THANKS = "https://www.example.org/thanks?from=kvitto"
GIFT = Gift(
    name={"en": "the checklist", "sv": "checklistan", "de": "Checkliste", "fr": "la liste"},
    url="https://www.example.org/checklist.pdf",
)
AGAIN = {"answer": "again", "language": "en"}
CONFIRM = {"answer": "confirm", "language": "en"}


def publish(world, **changes):
    """Make a new version of the demo form what visitors see."""
    form = world.forms.get("demo")
    world.forms.publish(replace(form, version=form.version + 1, **changes))


def link_to(world, email=EMAIL, **fields):
    world.sign_up(email, **fields)
    world.settle()
    return f"/confirm/{world.confirm_token(email)}"


@pytest.fixture
def link(world):
    """The path of a confirmation link just mailed."""
    return link_to(world, first_name="Kim")


@pytest.fixture
def expired(world, link):
    """The path of a link whose time is over."""
    world.time.advance(TOKEN_LIFE_MS)
    return link


def statuses(world):
    (sid,) = world.rows.vault
    return {item.status for item in world.state(sid).consents.values()}


def inputs(text):
    """Name and value of each input of a page, in order."""
    tags = re.findall(r"<input[^>]*>", text)
    found = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in tags]
    return [(each["name"], unescape(each.get("value", ""))) for each in found]


def test_an_expired_link_offers_one_button_for_a_new_mail(web, world, expired):
    page = web.get(expired + "?language=en")
    assert (page.status, page.heading) == (410, "This link has expired")
    assert page.text.count("<form") == 1
    assert ("answer", "again") in inputs(page.text)
    reply = web.post(expired, form=AGAIN)
    assert (reply.status, reply.heading) == (200, "Check your mail")
    assert EMAIL in reply.text
    world.settle()
    assert len(world.mails) == 2
    assert web.post(link_of_newest(world), form=CONFIRM).heading.startswith("Thank you")


def link_of_newest(world):
    return f"/confirm/{world.confirm_token(EMAIL)}"


def test_asking_again_says_the_rule_and_offers_no_address_to_change(web, expired):
    reply = web.post(expired, form=AGAIN)
    assert "a second mail goes out only after 15 minutes" in reply.text
    assert "<form" not in reply.text


def test_neither_get_nor_head_asks_again(web, world, expired):
    before = len(world.rows.entries)
    for method in ("GET", "HEAD"):
        assert web.ask(method, f"{expired}?answer=again").status == 410
    assert len(world.rows.entries) == before
    assert world.messages.take("confirmations") == []


@pytest.mark.parametrize("form", [None, CONFIRM, {"answer": "refuse"}])
def test_an_expired_link_does_nothing_else(web, world, expired, form):
    before = len(world.rows.entries)
    assert web.post(expired, form=form).status == 410
    assert len(world.rows.entries) == before


@pytest.mark.parametrize("answer", ["confirm", "refuse"])
def test_asking_again_after_an_answer_shows_the_answer(web, world, link, answer):
    first = web.post(link, form={"answer": answer, "language": "en"})
    world.time.advance(TOKEN_LIFE_MS)
    before = len(world.rows.entries)
    again = web.post(link, form=AGAIN)
    expected = {"confirm": "This is already confirmed", "refuse": first.heading}
    assert (again.status, again.heading) == (200, expected[answer])
    assert len(world.rows.entries) == before


def test_a_form_that_changed_is_shown_with_what_was_typed_and_nothing_ticked(web, world, expired):
    publish(world)
    before = len(world.rows.entries)
    reply = web.post(expired, form=AGAIN)
    assert reply.status == 200
    found = dict(inputs(reply.text))
    assert (found["email"], found["first_name"]) == (EMAIL, "Kim")
    assert " checked" not in reply.text
    assert "has changed" in reply.text
    assert len(world.rows.entries) == before
    assert world.messages.take("confirmations") == []


def test_a_stopped_link_offers_the_form_and_no_new_mail(web, world, expired):
    world.suppressions.add(EMAIL, "manual")
    for reply in (web.get(expired + "?language=en"), web.post(expired, form=AGAIN)):
        assert (reply.status, reply.heading) == (410, "This link no longer counts")
        assert "/forms/demo?language=en" in reply.text
        assert "again" not in [value for _, value in inputs(reply.text)]


def test_nothing_of_a_person_is_in_an_address_of_these_pages(web, world, expired):
    pages = [web.get(expired), web.post(expired, form=AGAIN)]
    pages.append(web.post("/forms/demo", form={"email": "visitor@gmaill.com", "newsletter": "1"}))
    for page in pages:
        for address in re.findall(r'(?:href|action)="([^"]*)"', page.text):
            assert "visitor" not in address
            assert "Kim" not in address


def test_a_gift_is_reached_from_the_confirmed_page(web, world):
    publish(world, gift=GIFT)
    link = link_to(world)
    assert GIFT.url not in web.get(link).text
    for heading in ("Thank you, you are signed up", "This is already confirmed"):
        page = web.post(link, form=CONFIRM)
        assert page.heading == heading
        assert f'class="button" href="{GIFT.url}"' in page.text
        assert ">Get the checklist</a>" in page.text
    assert GIFT.url in web.get(link).text


def test_a_refusal_gets_no_gift(web, world):
    publish(world, gift=GIFT, redirect_url=THANKS)
    page = web.post(link_to(world), form={"answer": "refuse"})
    assert (page.status, GIFT.url in page.text, THANKS in page.text) == (200, False, False)


def test_a_confirmation_leads_on_with_nothing_appended(web, world):
    publish(world, redirect_url=THANKS)
    link = link_to(world)
    page = web.get(link)
    assert "form-action 'self' https://www.example.org;" in page.headers["content-security-policy"]
    for _ in range(2):
        reply = web.post(link, form=CONFIRM)
        assert (reply.status, reply.headers["location"]) == (303, THANKS)
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cache-control"] == "no-store"
    assert statuses(world) == {ConsentStatus.GIVEN}


def test_only_a_post_leads_on(web, world):
    publish(world, redirect_url=THANKS)
    link = link_to(world)
    web.post(link, form=CONFIRM)
    page = web.get(link + "?language=en")
    assert (page.status, page.heading) == (200, "This is already confirmed")
    assert THANKS in page.text


@pytest.mark.parametrize("answer", ["refuse", "again"])
def test_no_other_answer_leads_on(web, world, answer):
    publish(world, redirect_url=THANKS)
    assert web.post(link_to(world), form={"answer": answer}).status == 200


def test_a_promised_gift_is_given_before_a_visitor_goes_on(web, world):
    publish(world, gift=GIFT, redirect_url=THANKS)
    page = web.post(link_to(world), form=CONFIRM)
    assert page.status == 200
    assert GIFT.url in page.text
    assert THANKS in page.text


def test_a_page_without_a_target_posts_only_to_us(web, link):
    assert "form-action 'self';" in web.get(link).headers["content-security-policy"]


def test_a_target_adds_no_directive(web, world):
    publish(world, redirect_url="https://www.example.org;script-src/thanks")
    policy = web.get(link_to(world)).headers["content-security-policy"]
    assert "script-src" not in policy


def test_a_target_without_the_port_it_leaves_room_for_is_one_that_browsers_go_to(web, world):
    publish(world, redirect_url="https://www.example.org:/thanks")
    policy = web.get(link_to(world)).headers["content-security-policy"]
    assert "form-action 'self' https://www.example.org;" in policy


def test_a_target_that_no_policy_can_name_is_a_link_on_our_page(web, world):
    """A browser would stop there, after the consent, and show nothing."""
    target = "https://my_shop.example.org/thanks"
    publish(world, redirect_url=target)
    page = web.post(link_to(world), form=CONFIRM)
    assert (page.status, page.heading) == (200, "Thank you, you are signed up")
    assert f'href="{target}"' in page.text


def test_the_source_of_a_sign_up_is_a_fact_of_its_own(web, world):
    web.post(
        "/forms/demo",
        form={"email": EMAIL, "newsletter": "1", "first_name": "Kim", "tag": "autumn"},
        headers={"Referer": "https://www.example.org/offers?name=Kim"},
    )
    world.settle()
    web.post(link_of_newest(world), form=CONFIRM)
    assert profile(world)["source"] == {
        "form": "demo",
        "page": "https://www.example.org/offers",
        "tag": "autumn",
    }
    assert profile(world)["attributes"] == {"first_name": "Kim"}


def test_the_source_outlives_an_expired_link(web, world):
    web.post(
        "/forms/demo",
        form={"email": EMAIL, "newsletter": "1", "tag": "autumn"},
        headers={"Referer": "https://www.example.org/offers"},
    )
    world.settle()
    for _ in range(2):
        world.time.advance(TOKEN_LIFE_MS)
        web.post(link_of_newest(world), form=AGAIN)
        world.settle()
    web.post(link_of_newest(world), form=CONFIRM)
    assert profile(world)["source"]["page"] == "https://www.example.org/offers"
    assert profile(world)["source"]["tag"] == "autumn"


def profile(world):
    from chalicelib.services.entries import open_profile

    (sid,) = world.rows.vault
    (member,) = world.audience.members([sid]).values()
    return open_profile(world.ledger.open(sid).keys, member.sealed)


def test_asking_anew_draws_on_the_networks_budget_and_then_says_so_in_words(web, world, expired):
    with_limits(world, network=2)
    before = len(world.rows.entries)
    for _ in range(2):
        assert web.post(expired, form=AGAIN).heading == "Check your mail"
    entries, waiting = len(world.rows.entries), len(world.messages.rows.messages)
    refused = web.post(expired, form=AGAIN)
    assert (refused.status, refused.heading) == (429, "Too many at once")
    assert refused.headers["retry-after"] == "3600"
    assert (len(world.rows.entries), len(world.messages.rows.messages)) == (entries, waiting)
    assert entries == before + 1
    assert web.post(expired, form=AGAIN, peer="203.0.113.8").status == 200
