# SPDX-License-Identifier: Apache-2.0
"""The confirmation mail is neutral: nothing a visitor typed, nothing that advertises.

Source: listmonk issues 308, 1133 and 1559 (a stranger's text and links reach others' mailboxes
through the first name); OLG München 29 U 1682/12 (no advertising in a confirmation mail).
"""

import base64
import re
from dataclasses import replace
from html import unescape

import pytest

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.forms import Field, FieldType, Gift
from chalicelib.services.confirmation_mail import TOKEN_LIFE_MS
from tests.support.world import READER, World

LOCAL = "canary-bird-7f3a"
ADDRESS = f"{LOCAL}@example.org"
SPAM = "CHEAP https://spam.example.com/x <a href=https://spam.example.com>now</a> {{ 77777 * 3 }}"
TYPED = {
    "first_name": SPAM,
    "homepage": "https://spam.example.com/typed",
    "tag": "SPAMTAG",
    "shown_as": "SPAMSHOWN",
}
OURS = "https://mail.example.org/confirm/"


@pytest.fixture
def world():
    made = World()
    form = made.forms.get("demo")
    homepage = Field(name="homepage", type=FieldType.URL, label={"en": "Homepage"})
    gift = Gift(name={"en": "FREEBIE"}, url="https://www.example.org/freebie.pdf")
    made.forms.publish(
        replace(
            form,
            version=2,
            fields=(*form.fields, homepage),
            gift=gift,
            redirect_url="https://www.example.org/thanks",
        )
    )
    return made


def mailed(world, language):
    world.sign_up(ADDRESS, language=language, measurement="1", **TYPED)
    world.settle()
    return world.mails[-1].message


def parts(message):
    """Everything of a mail but whom it goes to."""
    headers = " ".join(f"{name}: {value}" for name, value in message.headers)
    tags = " ".join(f"{name}={value}" for name, value in message.tags)
    return [message.subject, message.html, message.text, headers, tags]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_a_visitor_typed_is_in_the_mail_but_the_address_it_goes_to(world, language):
    message = mailed(world, language)
    assert message.to == ADDRESS
    coded = base64.b64encode(LOCAL.encode()).decode().rstrip("=")[:-1]
    for part in map(unescape, parts(message)):
        for word in (LOCAL, coded, "CHEAP", "spam.example.com", "SPAM", "233331"):
            assert word.lower() not in re.sub(r"[A-Za-z0-9_-]{43}", "", part).lower(), word


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_has_it_all_already_gets_a_mail_just_as_neutral(world, language):
    mailed(world, language)
    world.confirmation.confirm(world.confirm_token(ADDRESS), READER)
    world.time.advance(TOKEN_LIFE_MS)
    message = mailed(world, language)
    assert "/confirm/" not in message.text
    for part in map(unescape, parts(message)):
        for word in (LOCAL, "CHEAP", "spam.example.com", "FREEBIE"):
            assert word.lower() not in part.lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mail_advertises_nothing_and_loads_nothing(world, language):
    message = mailed(world, language)
    token = world.confirm_token(ADDRESS)
    hrefs = {unescape(found) for found in re.findall(r'href="([^"]*)"', message.html)}
    assert hrefs == {
        f"{OURS}{token}",
        f"{OURS}{token}?act=refuse",
        "mailto:privacy@example.org",
    }
    assert set(re.findall(r"https?://\S+", message.text)) == {
        f"{OURS}{token}",
        f"{OURS}{token}?act=refuse",
    }
    for tag in ("<img", "<script", "<link", "<form", "url(", "@import", "background="):
        assert tag not in message.html.lower()
    assert "FREEBIE" not in message.html + message.text
    assert "freebie" not in message.html + message.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mail_speaks_the_visitors_language(world, language):
    message = mailed(world, language)
    assert f'<html lang="{language}">' in message.html
    subjects = {
        "en": "Please confirm your sign-up to Kvitto Demo",
        "sv": "Bekräfta din anmälan till Kvitto Demo",
        "de": "Bitte bestätigen Sie Ihre Anmeldung bei Kvitto Demo",
        "fr": "Merci de confirmer votre inscription à Kvitto Demo",
    }
    assert message.subject == subjects[language]


def test_the_mail_asked_for_again_is_as_neutral_as_the_first(world):
    first = mailed(world, "sv")
    world.time.advance(TOKEN_LIFE_MS)
    expired = world.confirm_token(ADDRESS)
    world.confirmation.again(expired, READER)
    world.settle()
    second = world.mails[-1].message
    assert world.confirm_token(ADDRESS) != expired
    assert words(second) == words(first)


def words(message):
    """A mail's text without its link, its time and the checkpoint below it."""
    text = message.text.partition("\nKvitto: ")[0].rstrip()
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d|/confirm/[A-Za-z0-9_-]+", "", text)
