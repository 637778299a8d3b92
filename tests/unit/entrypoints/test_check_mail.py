# SPDX-License-Identifier: Apache-2.0
"""The page that says to look for a mail: the address as typed, and how to correct it."""

import re
from html import unescape

import pytest

from chalicelib.domain.catalog import LANGUAGES

TYPED = "Visitor@gmaill.com"
MEANT = "Visitor@gmail.com"
FILLED = {
    "email": TYPED,
    "first_name": 'Åsa <b> "&',
    "newsletter": "1",
    "measurement": "1",
    "language": "en",
    "tag": "autumn",
    "shown_as": "page",
}


def forms(text):
    """The inputs of each form of a page, by name."""
    found = []
    for form in re.findall(r"<form[^>]*>.*?</form>", text, re.DOTALL):
        tags = re.findall("<input[^>]*>", form)
        inputs = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in tags]
        found.append({each["name"]: unescape(each.get("value", "")) for each in inputs})
    return found


def choices(world, number):
    from chalicelib.services.entries import open_claims

    sids = sorted(world.rows.vault)
    entries = [(sid, entry) for sid in sids for entry in world.store.history(sid)]
    found = [open_claims(world.ledger.open(sid).keys, entry) for sid, entry in entries]
    return sorted(found, key=lambda claims: claims.subject["email"] != TYPED)[number]


def test_the_address_is_shown_as_typed_with_the_mail_to_look_for(web):
    page = web.post("/forms/demo", form=FILLED).text
    assert f"<strong>{TYPED}</strong>" in page
    assert "newsletter@example.org" in page
    assert "Please confirm your sign-up to Kvitto Demo" in page
    assert "a second mail goes out only after 15 minutes" in page


def test_a_suggestion_is_one_button_that_sends_the_same_values(web, world):
    page = web.post("/forms/demo", form=FILLED).text
    assert f"Did you mean {MEANT}?" in page
    suggested, _ = forms(page)
    assert suggested["email"] == MEANT
    reply = web.post("/forms/demo", form=suggested)
    assert f"<strong>{MEANT}</strong>" in reply.text
    assert "Did you mean" not in reply.text
    first, second = choices(world, 0), choices(world, 1)
    assert second.subject["email_as_typed"] == MEANT
    same = dict(first.choice["fields"]) | {"email": MEANT}
    assert second.choice == first.choice | {"fields": same}
    world.settle()
    assert [mail.message.to for mail in world.mails] == [TYPED, MEANT]


def test_the_address_can_be_corrected_and_nothing_else_is_asked_for(web, world):
    page = web.post("/forms/demo", form=FILLED).text
    _, correction = forms(page)
    assert correction["email"] == TYPED
    visible = re.findall(r'<input id="f-email"[^>]*>', page)
    assert len(visible) == 1
    assert 'type="email"' in visible[0]
    assert 'autocomplete="email"' in visible[0]
    reply = web.post("/forms/demo", form=correction | {"email": "other@example.org"})
    assert (reply.status, reply.heading) == (200, "Check your mail")
    assert choices(world, 1).choice["fields"]["first_name"] == FILLED["first_name"]


def test_a_correction_that_is_no_address_is_shown_in_the_form_with_everything_kept(web):
    _, correction = forms(web.post("/forms/demo", form=FILLED).text)
    reply = web.post("/forms/demo", form=correction | {"email": "nobody@"})
    assert reply.status == 422
    assert 'value="nobody@"' in reply.text
    assert "Åsa" in reply.text


def test_an_address_that_looks_right_has_no_suggestion(web):
    page = web.post("/forms/demo", form=FILLED | {"email": "visitor@example.org"}).text
    assert "Did you mean" not in page
    assert len(forms(page)) == 1


def test_what_was_used_up_is_not_sent_again(web):
    """A proof or a step counts once: sent again it would only be in the visitor's way."""
    used = {"altcha": "x", "leave_empty": "", "shown": "x", "stray": "x"}
    for form in forms(web.post("/forms/demo", form=FILLED | used).text):
        assert not form.keys() & used.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_the_same_byte_for_byte_for_everybody(web, world, language):
    world.subscribe("known1@example.org")
    pages = [
        web.post("/forms/demo", form=FILLED | {"email": email, "language": language})
        for email in ("known1@example.org", "known2@example.org")
    ]
    first, second = (page.text.replace(f"known{n}", "known") for n, page in enumerate(pages, 1))
    assert first == second


def test_typed_text_is_escaped(web):
    page = web.post("/forms/demo", form=FILLED).text
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
