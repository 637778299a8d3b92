# SPDX-License-Identifier: Apache-2.0
"""The confirmation link over HTTP."""

import pytest

from chalicelib.domain.state import ConsentStatus

EMAIL = "visitor@example.org"
LATER_MS = 73 * 3600 * 1000


@pytest.fixture
def link(world):
    """The path of a confirmation link just mailed."""
    world.sign_up(EMAIL, language="sv")
    world.settle()
    return f"/confirm/{world.confirm_token(EMAIL)}"


def statuses(world):
    (sid,) = world.rows.vault
    return {str(item.status) for item in world.state(sid).consents.values()}


def test_looking_at_a_confirmation_link_changes_nothing(web, world, link):
    before = len(world.rows.entries)
    for method in ("GET", "HEAD", "GET"):
        assert web.ask(method, link).status == 200
    assert len(world.rows.entries) == before


def test_a_confirmation_page_speaks_the_mails_language_and_quotes_the_sentence(web, link):
    reply = web.get(link, headers={"Accept-Language": "fr"})
    assert '<html lang="sv">' in reply.text
    assert "Ja, Example Controller får skicka" in reply.text
    assert "mäta" not in reply.text
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["answer", "act"])
def test_one_post_confirms_and_a_second_says_so_kindly(web, world, link, name):
    assert web.post(link, form={name: "confirm", "language": "en"}).heading.startswith("Thank you")
    assert statuses(world) == {ConsentStatus.GIVEN}
    entries = len(world.rows.entries)
    again = web.post(link, form={name: "confirm", "language": "en"})
    assert (again.status, again.heading) == (200, "This is already confirmed")
    assert web.get(link + "?language=en").heading == "This is already confirmed"
    assert len(world.rows.entries) == entries


def test_refusing_ends_a_link_for_good(web, world, link):
    reply = web.post(link, form={"answer": "refuse", "language": "en"})
    assert reply.status == 200
    assert reply.heading.startswith("Refused")
    assert web.post(link, form={"answer": "confirm", "language": "en"}).heading.startswith(
        "Refused"
    )
    assert ConsentStatus.GIVEN not in statuses(world)


@pytest.mark.parametrize("answer", ["maybe", "", "CONFIRM"])
def test_a_post_with_an_unclear_answer_confirms_nothing(web, world, link, answer):
    assert web.post(link, form={"answer": answer}).status == 422
    assert ConsentStatus.GIVEN not in statuses(world)


def test_the_refuse_address_of_the_mail_never_confirms(web, world, link):
    assert web.post(f"{link}?act=refuse", form={}).status == 200
    assert statuses(world) == {ConsentStatus.REFUSED}


@pytest.mark.parametrize("form", [None, {}, {"language": "en"}])
def test_a_bare_post_confirms(web, world, link, form):
    assert web.post(link, form=form).status == 200
    assert ConsentStatus.GIVEN in statuses(world)


def test_a_confirmation_is_read_from_forms_only(web, world, link):
    assert web.post(link, json={"answer": "confirm"}).status == 415
    assert ConsentStatus.GIVEN not in statuses(world)


def test_an_expired_link_leads_back_to_the_form(web, world, link):
    world.time.advance(LATER_MS)
    for reply in (web.get(link), web.post(link, form={"answer": "confirm"})):
        assert reply.status == 410
        assert "/forms/demo?language=sv" in reply.text
    assert ConsentStatus.GIVEN not in statuses(world)


@pytest.mark.parametrize("token", ["A" * 43, "nonsense", "%00", "a b", "x" * 300, "ä" * 43, ".."])
def test_a_forged_token_is_a_404_page(web, world, token):
    path = f"/confirm/{token}"
    for reply in (web.get(path), web.post(path, form={"answer": "confirm"})):
        assert reply.status == 404
        assert "<html" in reply.text
    assert not world.rows.entries
