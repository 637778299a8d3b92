# SPDX-License-Identifier: Apache-2.0
"""Bad input anywhere: a clear page or problem details, and no state."""

import json
import re

import pytest

from tests.support.stack import FORM, running, unstamped

JSON = "application/json"
TOKEN = "A" * 43
ID = "A" * 22
FIELDS = "email={email}&newsletter=yes"


def assert_clear_page(answer, status, language="en"):
    assert answer.status == status, answer.text
    assert answer.type == "text/html"
    assert f'<html lang="{language}"' in answer.text
    assert re.search(r"<h1>[^<]{5,}</h1>", answer.text)
    assert_says_nothing_of_us(answer)


def assert_problem(answer, status):
    assert answer.status == status, answer.text
    assert answer.type == "application/problem+json"
    problem = answer.json
    assert problem["status"] == status
    for name in ("type", "title", "detail", "code"):
        assert problem[name]
    assert problem["detail"].endswith((".", "?"))
    assert_says_nothing_of_us(answer)
    return problem


def assert_says_nothing_of_us(answer):
    for word in ("Traceback", "chalice", "botocore", "DynamoDB", "arn:aws", "Error:", ".py"):
        assert word not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] is None


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """A stack of its own: all it stores is looked at before and after each test."""
    with running(tmp_path_factory.mktemp("mistakes")) as started:
        yield started


@pytest.fixture(scope="module")
def quiet(stack):
    """The stack once earlier work is done, so that a change seen here was made here."""
    stack.settled()
    return stack


@pytest.fixture
def unchanged(quiet):
    """What is stored after the test is what was stored before it."""

    def visible():
        # How often a network tried, and whose API call came twice, may be counted.
        rows = unstamped(quiet.tables())
        return {name: items for name, items in rows.items() if name != "kvitto-activity"}

    before, kept = visible(), quiet.kept_tags()
    yield
    assert visible() == before
    assert quiet.kept_tags() == kept


PAGES = {
    "unknown form": ("POST", "/forms/nothing", FIELDS, FORM, 404),
    "unknown form, looked at": ("GET", "/forms/nothing", None, None, 404),
    "malformed form id": ("GET", "/forms/%2e%2e", None, None, 404),
    "no address": ("POST", "/forms/demo", "newsletter=yes", FORM, 422),
    "no consent": ("POST", "/forms/demo", "email={email}", FORM, 422),
    "consent said no": ("POST", "/forms/demo", "email={email}&newsletter=off", FORM, 422),
    "name too long": ("POST", "/forms/demo", FIELDS + "&first_name=" + "x" * 5000, FORM, 422),
    "control characters": ("POST", "/forms/demo", FIELDS + "&first_name=a%0Ab", FORM, 422),
    "NUL": ("POST", "/forms/demo", FIELDS + "&first_name=a%00b", FORM, 400),
    "not UTF-8": ("POST", "/forms/demo", FIELDS + "&first_name=%ff%fe", FORM, 400),
    "wrong type": ("POST", "/forms/demo", FIELDS, "text/plain", 415),
    "no type": ("POST", "/forms/demo", FIELDS, None, 415),
    "broken multipart": ("POST", "/forms/demo", "--x", "multipart/form-data; boundary=x", 400),
    "oversized": ("POST", "/forms/demo", FIELDS + "&x=" + "x" * 70_000, FORM, 413),
    "too many fields": ("POST", "/forms/demo", FIELDS + "&x=1" * 200, FORM, 400),
    "stale notice": ("POST", "/forms/demo", FIELDS + "&notice=" + "0" * 64, FORM, 409),
    "wrong method": ("PUT", "/forms/demo", FIELDS, FORM, 405),
    "deleting": ("DELETE", "/unsubscribe/" + TOKEN, None, None, 405),
    "forged confirmation": ("POST", "/confirm/" + TOKEN, "answer=confirm", FORM, 404),
    "forged confirmation, looked at": ("GET", "/confirm/" + TOKEN, None, None, 404),
    "token of another shape": ("GET", "/confirm/" + "%C3%A5" * 9, None, None, 404),
    "forged unsubscribe": ("POST", "/unsubscribe/" + TOKEN, "x=1", FORM, 404),
    "forged unsubscribe, looked at": ("GET", "/unsubscribe/" + TOKEN, None, None, 404),
    "link cut off": ("GET", "/confirm/", None, None, 404),
    "link cut off at its last part": ("GET", "/unsubscribe", None, None, 404),
    "unknown brand": ("GET", "/privacy/nobody", None, None, 404),
    "console with a wrong key": ("POST", "/console/login", "key=wrong", FORM, 403),
}


@pytest.mark.parametrize("case", PAGES)
def test_a_visitor_gets_a_clear_page_and_nothing_is_stored(stack, unchanged, case):
    method, path, body, kind, status = PAGES[case]
    email = stack.address("mistaken").replace("+", "%2B").replace("@", "%40")
    body = body and body.replace("{email}", email)
    headers = {"Accept": "text/html"} | ({"Content-Type": kind} if kind else {})
    assert_clear_page(stack.ask(method, path, body, headers), status)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "nobody",
        "a@",
        "@b.example",
        "a b@example.org",
        "a@@example.org",
        "a@example..org",
        "a@-.org",
        "a@example.org, b@example.org",
        "<a@example.org>",
        "a@[127.0.0.1]",
        "x" * 300,
    ],
)
def test_a_malformed_address_is_shown_again_with_what_is_wrong(stack, unchanged, typed):
    fields = {"email": typed, "newsletter": "yes", "first_name": "Åsa"}
    answer = stack.post_form("/forms/demo", fields)
    assert_clear_page(answer, 422)
    assert 'aria-invalid="true"' in answer.text
    assert 'value="Åsa"' in answer.text, "what was typed well is kept"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_an_unknown_address_is_answered_by_the_gateway_in_plain_words(stack, unchanged, method):
    problem = assert_problem(stack.ask(method, "/nowhere/at/all"), 404)
    assert "Nothing was changed" in problem["detail"]


def test_every_refusal_of_the_form_speaks_the_visitors_language(stack, unchanged):
    for language in ("sv", "de", "fr"):
        fields = {"email": "nobody", "language": language}
        assert_clear_page(stack.post_form("/forms/demo", fields), 422, language)
        answer = stack.get("/forms/nothing", **{"Accept-Language": f"{language},en;q=0.5"})
        assert_clear_page(answer, 404, language)


JSON_SIGNUPS = {
    "not JSON": ("{", 400),
    "an array": ("[]", 400),
    "a number for an address": ('{"email": 7, "newsletter": true}', 422),
    "no consent": ('{"email": "a@example.org"}', 422),
    "consent refused": ('{"email": "a@example.org", "newsletter": false}', 422),
    "a member twice": ('{"email": "a@example.org", "email": "b@example.org"}', 400),
}


@pytest.mark.parametrize("case", JSON_SIGNUPS)
def test_a_script_that_signs_up_gets_problem_details(stack, unchanged, case):
    body, status = JSON_SIGNUPS[case]
    assert_problem(stack.ask("POST", "/forms/demo", body, {"Content-Type": JSON}), status)


CAMPAIGN = {
    "name": "A",
    "list": "newsletter",
    "purpose": "newsletter",
    "subject": "A",
    "html": "<p>A</p>",
}
CALLS = {
    "unknown route": ("GET", "/nothing", None, 404),
    "wrong method": ("DELETE", "/campaigns", None, 405),
    "unknown campaign": ("GET", f"/campaigns/{ID}", None, 404),
    "sending an unknown campaign": ("POST", f"/campaigns/{ID}/send", None, 404),
    "malformed id": ("GET", "/campaigns/..%2F..", None, 404),
    "unknown list": ("POST", "/campaigns", CAMPAIGN | {"list": "nothing"}, 422),
    "unknown member": ("POST", "/campaigns", CAMPAIGN | {"surprise": 1}, 422),
    "missing member": ("POST", "/campaigns", {"name": "A"}, 422),
    "subject of two lines": ("POST", "/campaigns", CAMPAIGN | {"subject": "a\r\nBcc: b"}, 422),
    "broken template": ("POST", "/campaigns", CAMPAIGN | {"html": "{% if %}"}, 422),
    "template that reaches out": (
        "POST",
        "/campaigns",
        CAMPAIGN | {"html": "{{ ''.__class__ }}"},
        422,
    ),
    "not an object": ("POST", "/campaigns", [], 422),
    "malformed address": ("POST", "/suppressions", {"email": "nobody", "reason": "manual"}, 422),
    "reason of two lines": (
        "POST",
        "/suppressions",
        {"email": "a@example.org", "reason": "a\nb"},
        422,
    ),
    "looked up malformed": ("GET", "/subscribers?email=nobody", None, 422),
    "limit of nought": ("GET", "/subscribers?limit=0", None, 422),
    "made-up cursor": ("GET", "/subscribers?cursor=made-up", None, 422),
    "two selectors": ("POST", "/proofs", {"email": "a@example.org", "subscriber": ID}, 422),
    "no selector": ("POST", "/proofs", {}, 422),
    "unknown person": ("POST", "/proofs", {"email": "nobody-here@example.org"}, 404),
    "unknown proof": ("GET", f"/proofs/{ID}/bundle", None, 404),
    "unknown scope": ("POST", "/api-keys", {"name": "A", "scopes": ["everything"]}, 422),
}


@pytest.mark.parametrize("case", CALLS)
def test_an_api_caller_gets_problem_details_and_nothing_is_stored(stack, unchanged, case):
    method, noun, body, status = CALLS[case]
    problem = assert_problem(stack.api(method, noun, body), status)
    for error in problem.get("errors", []):
        assert error["field"]
        assert error["code"]


def test_bodies_that_are_not_json_or_too_large_are_refused(stack, unchanged):
    key = {"Authorization": f"Bearer {stack.api_key}"}
    for kind, body, status in (
        (FORM, "name=A", 415),
        (JSON, "{", 400),
        (JSON, '{"name": NaN}', 400),
        (JSON, b"\xff", 400),
        (JSON, "[" * 5000, 400),
        (JSON, json.dumps(CAMPAIGN | {"html": "x" * 300_000}), 413),
    ):
        answer = stack.ask("POST", "/api/v1/campaigns", body, {"Content-Type": kind, **key})
        assert_problem(answer, status)


@pytest.mark.parametrize("key", ["wrong-key-0123456789", "", "åäö"])
def test_a_wrong_key_and_no_key_get_the_same_words(stack, unchanged, key):
    bare = assert_problem(stack.ask("GET", "/api/v1/subscribers"), 401)
    sent = {"Authorization": f"Bearer {key}".encode().decode("latin-1")}
    answer = stack.ask("GET", "/api/v1/subscribers", headers=sent)
    assert assert_problem(answer, 401)["detail"] == bare["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_may_do_only_what_its_scopes_say(stack):
    made = stack.api("POST", "/api-keys", {"name": "Reader", "scopes": ["read"]})
    assert made.status == 201
    reader = made.json["key"]
    assert stack.api("GET", "/campaigns", key=reader).status == 200
    assert_problem(stack.api("GET", "/subscribers", key=reader), 403)
    assert_problem(stack.api("POST", "/campaigns", CAMPAIGN, key=reader), 403)
    assert_problem(stack.api("POST", "/api-keys", {"name": "A", "scopes": []}, key=reader), 403)


def test_over_its_budget_a_network_is_asked_to_wait_and_nothing_is_stored(own_stack):
    stack = own_stack(DEMO_SUBSCRIBERS="0", KVITTO_SIGNUPS_PER_HOUR="2").wait_ready()
    for _ in range(2):
        stack.sign_up(stack.address())
    before = stack.settled()
    late = stack.address("late")
    answer = stack.post_form("/forms/demo", {"email": late, "newsletter": "yes"})
    assert_clear_page(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0
    assert late not in answer.text
    after = stack.settled()
    assert stack.mails(late) == []
    assert {**after, "kvitto-activity": None} == {**before, "kvitto-activity": None}
