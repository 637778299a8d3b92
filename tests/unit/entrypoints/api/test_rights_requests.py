# SPDX-License-Identifier: Apache-2.0
"""Rights requests over the API: effective at once, deadlines, refusals, nothing personal."""

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.frame import rfc3339
from chalicelib.entrypoints.api.rights_requests import moment
from chalicelib.errors import InputError

EMAIL = "reader@example.org"
NOUN = "/api/v1/rights-requests"
NOTE = "Asks for the spelling of the name."


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


@pytest.fixture
def enter(world, api):
    def do(asked="access", **changes):
        body = {
            "email": EMAIL,
            "right": asked,
            "brand": "demo",
            "medium": "letter",
            "received_at": rfc3339(world.clock.now_ms() - 3_600_000),
            "received_by": "Front desk",
            **changes,
        }
        return api.post(NOUN, json={name: value for name, value in body.items() if value})

    return do


def test_an_entered_request_has_a_deadline_and_says_what_to_tell(api, enter, sid):
    entered = enter(note=NOTE)
    assert entered.status == 201
    assert entered.headers["location"] == f"{NOUN}/{entered.json['id']}"
    made = entered.json
    assert (made["status"], made["subscriber"], made["overdue"]) == ("open", sid, False)
    assert made["due_at"].endswith(".999Z")
    assert "12(3)" in made["to_tell"]
    assert (made["has_note"], NOTE in entered.text, EMAIL in entered.text) == (True, False, False)
    assert api.get(f"{NOUN}/{made['id']}").json == made
    assert api.get(NOUN).json["items"] == [made]


@pytest.mark.parametrize("right", ["withdrawal", "objection", "restriction", "erasure"])
def test_mail_has_stopped_when_the_answer_comes(world, enter, sid, right):
    assert enter(right).status == 201
    world.mails.clear()
    world.campaign()
    world.settle()
    assert world.mails == []


def test_the_owed_ones_come_by_deadline_and_only_they(world, api, enter, sid):
    later = enter("access").json["id"]
    sooner = enter("portability", received_at=rfc3339(world.clock.now_ms() - 9 * 86_400_000))
    done = enter("rectification").json["id"]
    answered = api.post(f"{NOUN}/{done}/answer")
    assert (answered.status, answered.json["status"]) == (200, "answered")
    owed = api.get(f"{NOUN}?open=true").json["items"]
    assert [each["id"] for each in owed] == [sooner.json["id"], later]
    assert len(api.get(f"{NOUN}?open=false").json["items"]) == 3
    assert api.get(f"{NOUN}?open=maybe").status == 422


def test_overdue_is_said(world, api, enter, sid):
    made = enter(received_at=rfc3339(world.clock.now_ms() - 40 * 86_400_000)).json
    assert made["overdue"]
    refused = api.post(f"{NOUN}/{made['id']}/extend", json={"reason": "complexity"})
    assert (refused.status, refused.json["code"]) == (409, "illegal_transition")


def test_an_extension_names_its_reason_and_both_dates(api, enter, sid):
    made = enter().json
    extended = api.post(f"{NOUN}/{made['id']}/extend", json={"reason": "complexity"}).json
    assert (extended["status"], extended["extension_reason"]) == ("extended", "complexity")
    assert extended["extended_until"] > extended["due_at"] == made["due_at"]
    assert api.post(f"{NOUN}/{made['id']}/extend", json={"reason": "busy"}).status == 422


def test_a_refusal_names_ground_and_article_and_where_to_turn(api, enter, sid):
    made = enter("erasure").json
    refused = api.post(f"{NOUN}/{made['id']}/refuse", json={"ground": "legal-claim"}).json
    assert (refused["refusal_ground"], refused["refusal_article"]) == (
        "legal-claim",
        "GDPR Art. 17(3)(e)",
    )
    assert "12(4)" in refused["to_tell"]
    again = api.post(f"{NOUN}/{made['id']}/refuse", json={"ground": "excessive"})
    assert again.status == 409


def test_an_objection_is_never_refused(api, enter, sid):
    made = enter("objection").json
    refused = api.post(f"{NOUN}/{made['id']}/refuse", json={"ground": "excessive"})
    assert (refused.status, refused.json["code"]) == (409, "illegal_transition")
    assert api.get(f"{NOUN}/{made['id']}").json["status"] == "open"


def test_a_restriction_is_lifted_only_when_the_person_was_told(world, api, enter, sid):
    made = enter("restriction", restriction_ground="accuracy-contested").json
    assert made["restriction_ground"] == "accuracy-contested"
    lift = f"{NOUN}/{made['id']}/lift"
    for body in ({}, {"told": False}):
        assert api.post(lift, json=body).status == 422
    assert world.state(sid).restricted
    lifted = api.post(lift, json={"told": True}).json
    assert lifted["lifted_at"]
    assert "18(3)" in lifted["to_tell"]
    assert not world.state(sid).restricted


def test_a_note_is_read_by_a_question_that_is_an_entry(world, api, enter, sid):
    made = enter("rectification", note=NOTE).json
    assert api.post(f"{NOUN}/{made['id']}/note").json == {"note": NOTE}
    assert world.types(sid)[-1] == "data.unsealed"
    assert api.post(f"{NOUN}/{enter().json['id']}/note").json == {"note": None}


def test_an_unknown_address_is_a_request_without_a_subscriber(api, enter):
    made = enter(email="nobody@example.org").json
    assert (made["subscriber"], made["status"]) == (None, "open")
    assert api.post(f"{NOUN}/{made['id']}/answer").json["status"] == "answered"
    assert enter(email=None, subscriber="A" * 22).status == 404
    assert enter(email="nobody@example.org", note=NOTE).json["code"] == "no_note"


@pytest.mark.parametrize(
    "change",
    [
        {"received_at": "2999-01-01T00:00:00Z"},
        {"received_at": "yesterday"},
        {"received_at": "2026-01-01T00:00:00"},
        {"received_by": None},
        {"medium": "page"},
        {"right": "silence"},
        {"subscriber": "A" * 21 + "A"},
        {"checked": "yes"},
    ],
)
def test_an_unusable_request_changes_nothing(world, enter, sid, change):
    before = world.types(sid)
    assert enter("objection", **change).status == 422
    assert world.types(sid) == before


def test_a_repeat_under_its_idempotency_key_enters_once(world, api, enter, sid):
    body = {
        "email": EMAIL,
        "right": "objection",
        "brand": "demo",
        "medium": "phone",
        "received_at": rfc3339(world.clock.now_ms()),
        "received_by": "Front desk",
    }
    first = api.post(NOUN, json=body, headers={"Idempotency-Key": "one"})
    again = api.post(NOUN, json=body, headers={"Idempotency-Key": "one"})
    assert (again.status, again.json) == (201, first.json)
    assert world.types(sid).count("objection.recorded") == 1
    assert "Front desk" not in str(world.outside_rows)


@pytest.mark.parametrize("scope", [KeyScope.READ, KeyScope.MARKETING])
def test_only_compliance_enters_and_looks(api_as, enter, sid, scope):
    made = enter().json["id"]
    asker = api_as(scope)
    assert asker.get(NOUN).status == 403
    assert asker.get(f"{NOUN}/{made}").status == 403
    for act in ("answer", "extend", "refuse", "lift", "note"):
        assert asker.post(f"{NOUN}/{made}/{act}", json={}).status == 403


def test_an_unknown_request_is_404(api):
    assert api.get(f"{NOUN}/{'A' * 22}").status == 404
    assert api.post(f"{NOUN}/{'A' * 22}/answer").status == 404


@pytest.mark.parametrize("text", ["", "now", "2026-13-01T00:00:00Z", "2026-01-01"])
def test_a_time_without_its_offset_is_refused(text):
    with pytest.raises(InputError):
        moment(text)
