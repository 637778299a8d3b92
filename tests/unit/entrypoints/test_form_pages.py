# SPDX-License-Identifier: Apache-2.0
"""Sign-up forms over HTTP."""

import html
import re

import pytest

from chalicelib.errors import Unavailable
from tests.support.faults import FailOnce, Moment

EMAIL = "visitor@example.org"
FILLED = {"email": EMAIL, "newsletter": "1"}


def entries(world):
    return len(world.rows.entries)


def test_a_form_is_shown_in_the_browsers_language_and_may_stand_in_a_frame(web):
    reply = web.get("/forms/demo", headers={"Accept-Language": "da, sv-SE;q=0.9, en;q=0.2"})
    assert reply.status == 200
    assert reply.heading == "Nyhetsbrevet från Kvitto Demo"
    assert "frame-ancestors *" in reply.headers["content-security-policy"]
    assert "x-frame-options" not in reply.headers


@pytest.mark.parametrize("name", ["language", "lang"])
def test_a_chosen_language_goes_before_the_browsers(web, name):
    reply = web.get(f"/forms/demo?{name}=de", headers={"Accept-Language": "fr"})
    assert '<html lang="de">' in reply.text


def test_choosing_a_language_keeps_the_campaigns_tag(web):
    reply = web.get("/forms/demo?language=en&tag=spring%26sale%22")
    links = re.findall(r'<a href="(/forms/demo[^"]*)"', reply.text)
    assert len(links) == 3
    for link in map(html.unescape, links):
        assert 'name="tag" value="spring&amp;sale&#34;"' in web.get(link).text


def test_showing_a_form_stores_nothing(web, world):
    web.get("/forms/demo")
    web.ask("HEAD", "/forms/demo")
    assert entries(world) == 0
    assert world.queues.take("confirmations") == []


def test_a_plain_post_signs_up_and_shows_the_address_as_typed(web, world):
    reply = web.post("/forms/demo", form={**FILLED, "email": "Visitor@Example.org"})
    assert reply.status == 200
    assert "Visitor@Example.org" in reply.text
    assert entries(world) == 1
    world.settle()
    assert [mail.message.to for mail in world.mails] == ["Visitor@example.org"]


def test_the_same_page_for_a_known_and_an_unknown_address(web, world):
    world.subscribe(EMAIL)
    known = web.post("/forms/demo", form=FILLED)
    unknown = web.post("/forms/demo", form={**FILLED, "email": "another@example.org"})
    assert known.status == unknown.status
    assert known.text.replace(EMAIL, "") == unknown.text.replace("another@example.org", "")


def test_a_refused_submission_keeps_what_was_typed_and_stores_nothing(web, world):
    reply = web.post("/forms/demo", form={"email": "not <an> address", "first_name": "Åsa"})
    assert reply.status == 422
    assert 'value="not &lt;an&gt; address"' in reply.text
    assert 'value="Åsa"' in reply.text
    assert 'role="alert"' in reply.text
    assert "Without this consent" in reply.text
    assert entries(world) == 0


@pytest.mark.parametrize("unticked", ["", "off", "0", "no", " False "])
def test_a_box_sent_as_unticked_is_not_ticked_when_the_form_is_shown_again(web, unticked):
    sent = {"email": "visitor", "newsletter": "1", "measurement": unticked}
    reply = web.post("/forms/demo", form=sent)
    inputs = re.findall(r'<input [^>]*type="checkbox"[^>]*>', reply.text)
    assert [" checked" in one for one in inputs] == [True, False]


def test_json_signs_up_and_ticks_boxes_with_true(web, world):
    reply = web.post("/forms/demo", json={"email": EMAIL, "newsletter": True, "measurement": False})
    assert reply.status == 202
    assert reply.json["status"] == "accepted"
    assert entries(world) == 1


def test_json_errors_are_problem_details_that_name_fields_and_repeat_nothing(web, world):
    reply = web.post("/forms/demo", json={"email": "nobody", "newsletter": False})
    assert (reply.status, reply.headers["content-type"]) == (422, "application/problem+json")
    assert {item["field"]: item["code"] for item in reply.json["errors"]} == {
        "email": "malformed_address",
        "newsletter": "consent_missing",
    }
    assert "nobody" not in reply.text
    assert entries(world) == 0


@pytest.mark.parametrize("body", [[], "text", {"email": ["a"]}, {"email": 5}])
def test_json_that_is_no_object_of_texts_is_refused(web, world, body):
    assert web.post("/forms/demo", json=body).status in (400, 422)
    assert entries(world) == 0


def test_multipart_signs_up_too(web, world):
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair
        for pair in ((b"email", EMAIL.encode()), (b"newsletter", b"1"))
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert web.post("/forms/demo", body + b"--b--\r\n", headers=headers).status == 200
    assert entries(world) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"email=a", {"Content-Type": "text/plain"}, 415),
        (b"email=a", {}, 415),
        (b"email=%00", {"Content-Type": "application/x-www-form-urlencoded"}, 400),
        (b"email=%FF", {"Content-Type": "application/x-www-form-urlencoded"}, 400),
        (b"{", {"Content-Type": "application/json"}, 400),
        (b"email=" + b"a" * 65536, {"Content-Type": "application/x-www-form-urlencoded"}, 413),
    ],
)
def test_bad_bodies_get_a_clear_answer_and_no_state(web, world, body, headers, status):
    reply = web.post("/forms/demo", body, headers=headers)
    assert reply.status == status
    if "json" not in headers.get("Content-Type", ""):
        assert "Nothing was changed" in reply.text
    assert entries(world) == 0


def test_an_unknown_form_is_a_page_and_not_a_stack_trace(web):
    reply = web.get("/forms/none", headers={"Accept-Language": "sv"})
    assert reply.status == 404
    assert '<html lang="sv">' in reply.text


def test_a_form_that_changed_meanwhile_is_shown_again_with_what_was_typed(web, world):
    typed = {**FILLED, "first_name": "Alva", "tag": "spring", "language": "sv"}
    reply = web.post("/forms/demo", form={**typed, "notice": "0" * 64})
    assert reply.status == 409
    assert entries(world) == 0
    assert 'id="changed"' in reply.text
    assert 'value="Alva"' in reply.text
    assert 'value="spring"' in reply.text
    assert " checked" not in reply.text, "nobody has agreed to the sentences as they are now"
    (notice,) = {x.sha256 for x in world.forms.get("demo").notices if x.language == "sv"}
    assert f'value="{notice}"' in reply.text


def test_who_sends_json_for_a_form_that_changed_is_told_to_load_it_again(web, world):
    reply = web.post("/forms/demo", json={**FILLED, "notice": "0" * 64})
    assert (reply.status, reply.json["code"]) == (422, "stale_form")
    assert entries(world) == 0


def test_over_budget_is_429_in_words_before_anything_about_the_address(web, world):
    counter = "signup#" + world.tokens.blind("network", "192.0.2.7")
    for _ in range(world.settings.signups_per_hour):
        world.activity.count(counter, 3600, world.clock.now_ms())
    reply = web.post("/forms/demo", form={**FILLED, "language": "sv"})
    assert reply.status == 429
    assert int(reply.headers["retry-after"]) > 0
    assert '<html lang="sv">' in reply.text
    assert web.post("/forms/demo", json={"email": EMAIL}).status == 429
    assert web.post("/forms/demo", form=FILLED, peer="198.51.100.9").status == 200


def test_the_network_is_the_gateways_and_never_a_header(web, world):
    for n in range(3):
        web.post("/forms/demo", form=FILLED, headers={"X-Forwarded-For": f"203.0.113.{n}"})
    now_ms = world.clock.now_ms()
    counter = "signup#" + world.tokens.blind("network", "192.0.2.7")
    assert world.activity.count(counter, 3600, now_ms) == 4
    assert "192.0.2.7" not in repr(world.outside_rows.counters)


def test_a_failing_dependency_is_503_with_retry_after_and_says_nothing_was_lost(web, world):
    world.faults = FailOnce("LedgerStore.commit", Moment.BEFORE, Unavailable("ledger: no answer"))
    reply = web.post("/forms/demo", form=FILLED)
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) > 0
    assert "lost" in reply.text
    assert web.post("/forms/demo", form=FILLED).status == 200
