# SPDX-License-Identifier: Apache-2.0
"""Links in mails over HTTP: confirmation and unsubscribe."""

import pytest

from chalicelib.domain.state import ConsentStatus
from tests.support.bodies import MULTIPART_TYPE, random_bodies

EMAIL = "visitor@example.org"
LATER_MS = 73 * 3600 * 1000
ONE_CLICK = b"List-Unsubscribe=One-Click"


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
@pytest.mark.parametrize("path", ["/confirm/", "/unsubscribe/"])
def test_a_forged_token_is_a_404_page(web, world, path, token):
    for reply in (
        web.get(path + token),
        web.post(path + token, form={"answer": "confirm"}),
    ):
        assert reply.status == 404
        assert "<html" in reply.text
    assert not world.rows.entries


def test_looking_at_an_unsubscribe_link_changes_nothing(web, world, unsubscribe):
    before = len(world.rows.entries)
    reply = web.get(unsubscribe, headers={"Accept-Language": "de"})
    assert '<html lang="de">' in reply.text
    assert EMAIL not in reply.text
    web.ask("HEAD", unsubscribe)
    web.ask("OPTIONS", unsubscribe)
    assert len(world.rows.entries) == before


MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (ONE_CLICK, {"Content-Type": "application/x-www-form-urlencoded"}),
        (MULTIPART, {"Content-Type": "multipart/form-data; boundary=b"}),
        (ONE_CLICK, {"Content-Type": "application/json"}),
        (ONE_CLICK, {"Content-Type": "text/plain"}),
        (ONE_CLICK, {}),
        (b"", {}),
        (b"", {"Content-Type": "multipart/form-data"}),
        (b"\xff\x00", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"x" * 100_000, {"Content-Type": "application/x-www-form-urlencoded"}),
        (ONE_CLICK, {"User-Agent": "Googlebot/2.1", "Cookie": "a=b"}),
    ],
)
def test_every_post_unsubscribes_whatever_its_body_and_sender(
    web, world, unsubscribe, body, headers
):
    reply = web.post(unsubscribe, body, headers=headers)
    assert reply.status == 200
    assert reply.heading == "You are unsubscribed"
    assert statuses(world) == {ConsentStatus.WITHDRAWN}


@pytest.mark.parametrize(
    ("body", "via"),
    [(ONE_CLICK, "list-unsub-post"), (b"", "page"), (ONE_CLICK + b"&language=en", "page")],
)
def test_the_ledger_says_how_the_withdrawal_came(web, world, unsubscribe, body, via):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    web.post(unsubscribe, body, headers=headers)
    (sid,) = world.rows.vault
    leaf = world.store.history(sid)[-1].leaf
    assert f'"via":"{via}"'.encode() in leaf


def test_no_malformed_body_keeps_anybody_from_unsubscribing(web, world, unsubscribe):
    broken = b"--b\r\nContent-Disposition: form-data; a*\r\n\r\nOne-Click\r\n--b--\r\n"
    headers = {"Content-Type": MULTIPART_TYPE}
    for body in (broken, *random_bodies(1, 60)):
        assert web.post(unsubscribe, body, headers=headers).status == 200
    assert statuses(world) == {ConsentStatus.WITHDRAWN}


def test_a_repeat_and_an_erased_person_get_the_same_page_and_append_nothing(
    web, world, unsubscribe
):
    first = web.post(unsubscribe, ONE_CLICK)
    entries = len(world.rows.entries)
    assert web.post(unsubscribe, ONE_CLICK).text == first.text
    world.rows.vault.clear()
    world.rows.states.clear()
    assert web.post(unsubscribe, ONE_CLICK).text == first.text
    assert len(world.rows.entries) == entries
