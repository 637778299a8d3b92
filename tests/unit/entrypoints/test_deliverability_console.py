# SPDX-License-Identifier: Apache-2.0
"""The doctor in the console over HTTP: chosen, shown in four languages, and refused."""

import re
from dataclasses import replace
from html import unescape

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.breakers import Counts, Level, Note
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.stops import StopWhy
from chalicelib.ports.breakers import About
from chalicelib.services import doctor
from infra.local.demo_data import DEMO_BRAND
from tests.support.memory_deliverability import identity
from tests.support.segment_desk import Desk

PATH = "/console/deliverability"


@pytest.fixture
def desk(web, world):
    return Desk(web, world, KeyScope.READ)


def another_brand(world):
    world.setup.add_brand(
        replace(DEMO_BRAND, id="shop", code="00000001", from_address="news@shop.example")
    )


def test_the_only_brand_is_examined_at_once_and_the_page_is_in_every_menu(desk):
    page = desk.get(PATH)
    assert page.status == 200
    assert "Ready for large sendings" in page.text
    assert DEMO_BRAND.from_address in page.text
    assert f'href="{PATH}?language=en"' in desk.get("/console/overview").text


def test_of_several_brands_none_is_examined_before_one_is_chosen(desk, world):
    another_brand(world)
    page = desk.get(PATH)
    assert world.sender_facts.calls == []
    assert re.findall(r'brand=([a-z]+)"', page.text) == ["demo", "shop"]
    chosen = desk.get(f"{PATH}?brand=shop&language=en")
    assert "Not ready for large sendings" in chosen.text
    assert "SES knows neither news@shop.example nor its domain" in chosen.text
    assert 'aria-current="page">' in chosen.text


def test_the_records_to_publish_are_shown_as_they_are(desk, world):
    facts = world.sender_facts
    facts.identities["example.org"] = replace(identity(), verified=False, status="PENDING")
    world.dns.set("_dmarc.example.org", "TXT")
    text = unescape(desk.get(PATH).text)
    shown = re.findall(r"<code>([^<]+)</code>", text)
    for token in identity().dkim.tokens:
        assert f"{token}._domainkey.example.org" in shown
        assert f"{token}.dkim.amazonses.com" in shown
    assert "v=DMARC1; p=none; rua=mailto:privacy@example.org" in shown


def test_what_stands_in_dns_is_shown_and_never_run(desk, world):
    world.dns.set("bounce.example.org", "TXT", "v=spf1 <script>alert(1)</script> -all")
    page = desk.get(PATH).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_told_in_four_languages(desk, world, language):
    world.dns.set("_dmarc.example.org", "TXT")
    page = desk.get(f"{PATH}?language={language}").text
    sentence = {
        "en": "There is no DMARC record for",
        "sv": "Det finns ingen DMARC-post för",
        "de": "gibt es keinen DMARC-Eintrag",
        "fr": "enregistrement DMARC pour",
    }[language]
    assert sentence in page
    assert f'<html lang="{language}">' in page


def test_a_brand_that_is_not_there_is_said_to_be_so(desk, world):
    for brand in ("nobody", "%00", "x" * 300, "<b>"):
        page = desk.get(f"{PATH}?brand={brand}")
        assert (page.status, "There is no such brand" in page.text) == (404, True)
        assert "<b>" not in page.text


def test_a_key_that_looked_sixty_times_this_hour_is_told_to_come_back(desk, monkeypatch):
    monkeypatch.setattr(doctor, "PER_HOUR", 1)
    assert desk.get(PATH).status == 200
    page = desk.get(PATH)
    assert (page.status, "sixty examinations" in page.text) == (429, True)


def test_nobody_without_a_session_is_shown_anything(web, world):
    reply = web.get(PATH)
    assert (reply.status, reply.headers["location"]) == (303, "/console/login")
    assert world.sender_facts.calls == []


def test_an_installation_without_a_brand_says_how_to_make_one(desk, world):
    world.catalog_rows.brands.clear()
    page = desk.get(PATH)
    assert page.status == 200
    assert "POST /api/v1/brands" in page.text


def held(world, level=Level.STOP, name="gmx"):
    counts = Counts(delivered=180, hard=20, complained=2)
    note = Note(key=name, level=level, why=StopWhy.BOUNCES, counts=counts, at_ms=1, name=name)
    if level is Level.STOP:
        world.breaker_rows.stop(About.DOMAIN, note)
    else:
        world.breaker_rows.warn(About.DOMAIN, replace(note, at_ms=world.time.now_ms()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_much_came_back_is_shown_on_top_with_its_numbers(desk, world, language):
    held(world)
    held(world, Level.WARN, "company.example")
    text = desk.get(f"{PATH}?language={language}").text
    top = text[text.index('id="held"') : text.index('id="ready"')]
    assert "gmx" in top
    assert "company.example" in top
    assert {"180", "20", "2"} <= set(re.findall(r"\d+", top))
    assert "<button" not in top


def test_a_marketer_lets_mail_go_again_by_a_button(web, world):
    desk = Desk(web, world, KeyScope.MARKETING)
    held(world)
    answer = desk.send(PATH, domain="gmx", brand="demo")
    assert answer.status == 303
    assert world.breakers_held.stops.domains == set()
    assert "Mail goes there again" in desk.get(answer.headers["location"]).text
    again = desk.send(PATH, domain="gmx", brand="demo")
    assert "not held back any more" in desk.get(again.headers["location"]).text


def test_who_may_only_read_lets_nothing_go(desk, world):
    held(world)
    assert desk.send(PATH, domain="gmx", brand="demo").status == 403
    assert world.breakers_held.stops.domains == {"gmx"}
