# SPDX-License-Identifier: Apache-2.0
"""The way to one's data without a link: the same answer for every address."""

import re

import pytest

EMAIL = "visitor@example.org"
PATH = "/rights/demo"


@pytest.mark.parametrize(
    ("language", "word"), [("en", "erase"), ("sv", "radera"), ("de", "löschen")]
)
def test_the_page_says_what_can_be_done_and_asks_for_one_address(web, world, language, word):
    reply = web.get(f"{PATH}?language={language}")
    assert reply.status == 200
    assert word in reply.text
    assert reply.text.count("<input") == 2
    assert 'autocomplete="email"' in reply.text


def test_every_address_gets_the_same_answer_and_only_a_held_one_a_mail(web, world):
    world.subscribe(EMAIL)
    other = "somebody@example.org"
    known, unknown = (
        web.post(PATH, form={"email": each, "language": "en"}) for each in (EMAIL, other)
    )
    assert known.status == unknown.status == 200
    assert known.text.replace(EMAIL, other) == unknown.text
    before = len(world.mails)
    world.settle()
    (mail,) = world.mails[before:]
    assert mail.message.to == EMAIL
    found = re.search(r"/preferences/[\w-]{43}\b", mail.message.text)
    assert found
    assert web.get(found[0]).heading == "Your choices and your data"


def test_an_address_with_a_slip_is_asked_for_again(web, world):
    reply = web.post(PATH, form={"email": "visitor@", "language": "sv"})
    assert reply.status == 422
    assert 'value="visitor@"' in reply.text
    assert 'aria-invalid="true"' in reply.text


def test_too_many_from_one_network_wait_an_hour_and_are_no_fault_of_ours(web, world, caplog):
    for _ in range(world.settings.signups_per_hour):
        web.post(PATH, form={"email": EMAIL})
    refused = web.post(PATH, form={"email": EMAIL})
    assert (refused.status, refused.headers["retry-after"]) == (429, "3600")
    assert "Please try again in an hour." in refused.text
    assert "a few minutes" not in refused.text
    assert not caplog.records


def test_an_unknown_brand_is_a_404(web, world):
    assert web.get("/rights/else").status == 404
    assert web.post("/rights/else", form={"email": EMAIL}).status == 404
