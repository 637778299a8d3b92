# SPDX-License-Identifier: Apache-2.0
"""Finding over the API: who may, what comes back, and that no answer is kept anywhere."""

import pytest

from chalicelib.domain.api_keys import KeyScope
from tests.support.faults import FailOnce, Moment

EMAIL = "reader@example.org"
SEARCH = "/api/v1/subscribers/search"


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


def unsubscribe_link(world):
    world.campaign("November")
    world.settle()
    return dict(world.mails[-1].message.headers)["List-Unsubscribe"]


def test_a_link_leads_to_the_mail_and_the_entry_that_allowed_it(api, world, sid):
    reply = api.post(SEARCH, json={"link": unsubscribe_link(world)})
    assert reply.status == 200
    found = reply.json
    assert (found["subscriber"], found["email"]) == (sid, EMAIL)
    assert found["understood"] == ["unsubscribe link"]
    (mail,) = found["mails"]
    assert (mail["name"], mail["entry"]["type"], mail["entry"]["n"]) == (
        "November",
        "consent.confirmed",
        2,
    )
    (consent,) = found["state"]["consents"]
    assert (consent["list"], consent["status"]) == ("newsletter", "given")
    assert found["state"]["erasure"] is None


def test_an_erased_persons_link_leads_to_the_certificates_reference(api, world, sid):
    link = unsubscribe_link(world)
    asked = world.erasures.request({"email": EMAIL}, key_id="one")
    world.erasures.approve(asked.id, "two")
    world.settle()
    found = api.post(SEARCH, json={"link": link}).json
    assert (found["email"], found["state"]["erased"]) == (None, True)
    assert found["state"]["erasure"] == asked.id
    items = api.post(f"/api/v1/subscribers/{sid}/timeline", json={"open": True}).json["items"]
    assert {item["opened"] is None for item in items} == {True}


def test_nobody_found_says_what_was_understood(api):
    reply = api.post(SEARCH, json={"eml": "Subject: hello\n\nno link"})
    assert reply.status == 404
    assert reply.json["detail"].startswith("This mail holds no link of ours")


@pytest.mark.parametrize(
    "body",
    [{}, {"email": EMAIL, "link": "x"}, {"link": ""}, {"email": EMAIL, "reason": "fun"}, {"x": 1}],
)
def test_a_question_that_is_none_is_refused(api, body):
    assert api.post(SEARCH, json=body).status == 422


def test_a_mail_of_a_mebibyte_is_taken_and_a_larger_one_refused(api, world, sid):
    link = unsubscribe_link(world)
    raw = f"List-Unsubscribe: {link}\n\n"
    assert api.post(SEARCH, json={"eml": raw + "é\n" * 300_000}).json["subscriber"] == sid
    assert api.post(SEARCH, json={"eml": "x" * ((1 << 20) + 1)}).status == 422


@pytest.mark.parametrize("scope", [KeyScope.READ, KeyScope.MARKETING])
def test_finding_is_for_compliance(api_as, sid, scope):
    asker = api_as(scope)
    assert asker.post(SEARCH, json={"email": EMAIL}).status == 403
    assert asker.post(f"/api/v1/subscribers/{sid}/timeline", json={}).status == 403


def test_the_ledger_out_of_reach_is_a_503_that_shows_nothing(api, world, sid):
    targets = (
        ("POST", SEARCH, {"email": EMAIL}, "LedgerStore.commit"),
        ("POST", f"/api/v1/subscribers/{sid}/timeline", {"open": True}, "LedgerStore.commit"),
        ("POST", "/api/v1/proofs", {"email": EMAIL}, "LedgerStore.commit"),
        ("GET", "/api/v1/subscribers", None, "LedgerStore.append_controller_entry"),
        ("GET", f"/api/v1/subscribers/{sid}", None, "LedgerStore.append_controller_entry"),
        (
            "GET",
            f"/api/v1/subscribers?email={EMAIL}",
            None,
            "LedgerStore.append_controller_entry",
        ),
    )
    for method, target, body, call in targets:
        world.faults = FailOnce(call, Moment.BEFORE)
        reply = api.ask(method, target, json=body)
        assert (reply.status, reply.json["code"]) == (503, "unavailable"), target
        assert "retry-after" in reply.headers
        assert EMAIL not in reply.text
        assert sid not in reply.text


def test_an_answer_is_remembered_nowhere_and_each_look_is_an_entry(api, world, sid):
    before = len(world.rows.entries)
    headers = {"Idempotency-Key": "again"}
    for _ in range(2):
        reply = api.post(SEARCH, json={"email": EMAIL}, headers=headers)
        assert "idempotency-replayed" not in reply.headers
    assert len(world.rows.entries) == before + 2
    assert world.outside_rows.requests == {}
    key = next(iter(world.key_ring.page(None, 10).items)).id
    items = api.post(f"/api/v1/subscribers/{sid}/timeline", json={"open": True}).json["items"]
    link = items[-2]["opened"]["link"]
    assert (link["clue"], link["key"]) == ("email", key)
    assert EMAIL not in str(items[-2])


def test_a_timeline_speaks_the_language_asked_for_and_opens_only_on_request(api, sid):
    path = f"/api/v1/subscribers/{sid}/timeline"
    closed = api.post(path, json={"language": "sv"}).json["items"]
    assert closed[2]["sentence"].startswith("Samtycke bekräftat")
    assert {item["opened"] is None for item in closed} == {True}
    opened = api.post(path, json={"open": True, "reason": "access-request"}).json["items"]
    assert opened[0]["opened"]["subject"]["email"] == EMAIL
    assert opened[-1]["reason"] == "access-request"
    assert api.post(f"/api/v1/subscribers/{'A' * 22}/timeline", json={}).status == 404
    assert api.post("/api/v1/subscribers/x/timeline", json={}).status == 404


def test_a_proof_is_asked_for_by_message_id(api, world, sid):
    unsubscribe_link(world)
    mailed = world.mails[-1]
    wanted = {"message_id": f"<{mailed.message_id}@eu-north-1.amazonses.com>"}
    assert api.post("/api/v1/proofs", json=wanted).status == 202  # SES named it when it took it.
    wanted["message_id"] = wanted["message_id"].replace("<", "<0")
    assert api.post("/api/v1/proofs", json=wanted).status == 404
