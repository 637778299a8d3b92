# SPDX-License-Identifier: Apache-2.0
"""The gate over HTTP: one page with one button, a problem for clients, a challenge for scripts."""

import html
import re

import pytest

from chalicelib.domain.forms import Rule
from tests.support.gate_cases import encoded, solve, with_guard, with_limits

EMAIL = "Visitor@Example.org"
FILLED = {"email": EMAIL, "newsletter": "1", "first_name": 'Åsa "<b>', "tag": "spring"}
LANGUAGES = {
    "en": "One more step",
    "sv": "Ett steg till",
    "de": "Noch ein Schritt",
    "fr": "Encore une étape",
}
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


def entries(world):
    return len(world.rows.entries)


def button_of(reply):
    """What the page's one button posts, as a browser would."""
    assert reply.text.count("<form ") == reply.text.count("<button ") == 1
    assert '<form method="post" action="/forms/demo"' in reply.text
    return {name: html.unescape(value) for name, value in HIDDEN.findall(reply.text)}


@pytest.mark.parametrize(("language", "heading"), LANGUAGES.items())
def test_a_filled_honeypot_is_one_page_with_one_button_and_then_a_sign_up(
    web, world, language, heading
):
    shown = web.post("/forms/demo", form={**FILLED, "leave_empty": "x", "language": language})
    assert (shown.status, shown.heading) == (200, heading)
    assert EMAIL in shown.text
    assert entries(world) == 0
    sent = button_of(shown)
    assert {name: sent[name] for name in FILLED} == FILLED
    assert (sent["language"], "leave_empty" in sent) == (language, False)
    done = web.post("/forms/demo", form=sent)
    assert done.status == 200
    assert done.heading != heading
    assert EMAIL in done.text
    assert entries(world) == 1
    world.settle()
    assert [mail.message.to for mail in world.mails] == ["Visitor@example.org"]


@pytest.mark.parametrize("tight", ["plain", "form"])
def test_a_used_up_tight_budget_is_one_page_and_then_a_sign_up(web, world, tight):
    with_limits(world, **{tight: 0})
    shown = web.post("/forms/demo", form=FILLED)
    assert shown.heading == LANGUAGES["en"]
    assert "says nothing about you" in shown.text
    web.post("/forms/demo", form=button_of(shown))
    assert entries(world) == 1


def test_the_page_may_stand_in_a_frame_where_the_form_does(web):
    shown = web.post("/forms/demo", form={**FILLED, "leave_empty": "x"})
    assert "frame-ancestors *" in shown.headers["content-security-policy"]


def test_a_page_with_a_changed_value_is_asked_again_and_loses_nothing(web, world):
    sent = button_of(web.post("/forms/demo", form={**FILLED, "leave_empty": "x"}))
    with_limits(world, plain=0)
    again = web.post("/forms/demo", form={**sent, "email": "another@example.org"})
    assert again.heading == LANGUAGES["en"]
    assert entries(world) == 0
    web.post("/forms/demo", form=button_of(again))
    assert entries(world) == 1


def test_an_address_the_form_refuses_is_said_beside_the_field(web, world):
    with_guard(world, disposable=Rule.REFUSE, role=Rule.REFUSE)
    for address in ("visitor@mailinator.com", "info@example.org"):
        reply = web.post("/forms/demo", form={**FILLED, "email": address})
        assert reply.status == 422
        assert f'value="{address}"' in reply.text
        assert 'aria-invalid="true"' in reply.text
        problem = web.post("/forms/demo", json={"email": address, "newsletter": True})
        assert problem.status == 422
        (error,) = problem.json["errors"]
        assert error["code"] in ("disposable_address", "role_address")
    assert entries(world) == 0


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "No mail arrives at gmial.con. Please check it."),
        ("sv", "Inga mejl kommer fram till gmial.con."),
        ("de", "Bei gmial.con kommt keine E-Mail an."),
        ("fr", "arrive à gmial.con. Vérifiez"),
    ],
)
def test_an_address_that_no_mail_reaches_is_refused_with_the_one_that_was_meant(
    web, world, language, sentence
):
    world.dns.set("gmial.con", "MX", "0 .")
    sent = {**FILLED, "email": "visitor@gmial.con", "language": language}
    reply = web.post("/forms/demo", form=sent)
    assert reply.status == 422
    assert html.unescape(reply.text).count(sentence) == 2
    assert 'aria-invalid="true"' in reply.text
    assert entries(world) == 0
    summary = reply.text.partition("</form>")[0]
    again = {name: html.unescape(value) for name, value in HIDDEN.findall(summary)}
    assert (again["email"], again["first_name"]) == ("visitor@gmail.com", FILLED["first_name"])
    assert web.post("/forms/demo", form=again).status == 200
    assert entries(world) == 1


def test_json_is_told_that_no_mail_arrives(web, world):
    body = {"email": "visitor@shop.nomail.test", "newsletter": True}
    reply = web.post("/forms/demo", json=body)
    assert (reply.status, reply.json["code"]) == (422, "bad_submission")
    assert reply.json["errors"] == [{"field": "email", "code": "undeliverable_address"}]
    assert "suggestion" not in reply.json
    world.dns.set("gmial.con", "MX", "0 .")
    reply = web.post("/forms/demo", json={**body, "email": "visitor@gmial.con"})
    assert reply.json["suggestion"] == "visitor@gmail.com"
    assert entries(world) == 0


def test_what_was_typed_is_shown_as_text_beside_the_refusal(web, world):
    with_guard(world, disposable=Rule.ALLOW)
    reply = web.post("/forms/demo", form={**FILLED, "email": ' "<b>"@shop.nomail.test '})
    assert reply.status == 422
    assert "<b>" not in reply.text.replace("&lt;b&gt;", "")


def test_json_is_told_which_step_to_send_back(web, world):
    body = {"email": EMAIL, "newsletter": True, "leave_empty": "x"}
    reply = web.post("/forms/demo", json=body)
    assert (reply.status, reply.headers["content-type"]) == (428, "application/problem+json")
    assert (reply.json["code"], reply.json["cause"]) == ("extra_step", "honeypot")
    assert EMAIL not in reply.text
    assert entries(world) == 0
    done = web.post("/forms/demo", json={**body, "step": reply.json["step"]})
    assert done.status == 202
    assert entries(world) == 1


def test_json_is_told_all_that_the_page_says(web, world):
    reply = web.post("/forms/demo", json={"email": "Visitor@gmai.com", "newsletter": True})
    assert reply.json == {
        "status": "accepted",
        "from": world.brands.get("demo").from_address,
        "subject": "Please confirm your sign-up to Kvitto Demo",
        "address": "Visitor@gmai.com",
        "suggestion": "Visitor@gmail.com",
    }
    world.settle()
    assert world.mails[-1].message.subject == reply.json["subject"]


def test_a_mistyped_address_that_is_listed_as_disposable_is_offered_the_right_one(web, world):
    shown = web.post("/forms/demo", form={**FILLED, "email": "visitor@hotmial.com"})
    assert "Did you mean visitor@hotmail.com?" in shown.text
    first, second = shown.text.split("</form>")[:2]
    assert tuple(dict(HIDDEN.findall(part))["email"] for part in (first, second)) == (
        "visitor@hotmial.com",
        "visitor@hotmail.com",
    )
    sent = {name: html.unescape(value) for name, value in HIDDEN.findall(second)}
    assert web.post("/forms/demo", form=sent).status == 200
    world.settle()
    assert [mail.message.to for mail in world.mails] == ["visitor@hotmail.com"]
    told = web.post("/forms/demo", json={"email": "visitor@hotmial.com", "newsletter": True})
    assert (told.status, told.json["suggestion"]) == (428, "visitor@hotmail.com")


def test_a_challenge_is_fresh_and_an_answer_to_it_draws_on_no_tight_budget(web, world):
    with_limits(world, plain=0)
    first, second = (web.get("/forms/demo/challenge") for _ in range(2))
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["content-type"] == "application/json"
    assert first.json["challenge"] != second.json["challenge"]
    assert set(first.json) == {
        *("algorithm", "challenge", "maxnumber", "salt", "signature", "shown"),
    }
    assert entries(world) == len(world.outside_rows.claims) == 0
    world.time.advance(2_000)
    body = {
        "email": EMAIL,
        "newsletter": True,
        "altcha": encoded(solve(first.json)),
        "shown": first.json["shown"],
    }
    assert web.post("/forms/demo", json=body).status == 202
    assert web.post("/forms/demo", json=body).status == 428


def test_there_is_no_challenge_for_a_form_that_does_not_exist(web):
    reply = web.get("/forms/none/challenge")
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")
    assert web.post("/forms/demo/challenge", json={}).status == 405


def test_a_form_page_tells_when_it_was_shown(web, world):
    with_limits(world, plain=0)
    shown = re.search(r'name="shown" value="([\w-]+)"', web.get("/forms/demo").text)[1]
    challenge = world.gate.challenge("demo")
    world.time.advance(2_000)
    body = {**FILLED, "altcha": encoded(solve(challenge)), "shown": shown}
    assert web.post("/forms/demo", form=body).heading != LANGUAGES["en"]
    assert entries(world) == 1
