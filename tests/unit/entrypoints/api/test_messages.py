# SPDX-License-Identifier: Apache-2.0
"""Templates and messages over the API, and through the queue's handler to the mailbox."""

import json

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.durations import DAY_MS
from chalicelib.entrypoints import queues
from chalicelib.ports.outside import Queue
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.template_examples import CAMPAIGN_TEMPLATE, ENGLISH, MESSAGE, SERVICE_TEMPLATE

EMAIL = MESSAGE["email"]
ONCE = {"Idempotency-Key": "order-4711"}


@pytest.fixture
def template(api):
    made = api.post("/api/v1/templates", json=SERVICE_TEMPLATE)
    assert made.status == 201, made.json
    return made


@pytest.fixture
def sid(world, template):
    return world.subscribe(EMAIL)


def consume(world):
    """Give the queue's handler what waits, as SQS does; return what it gives back."""
    waiting = world.messages.take(Queue.CONFIRMATIONS)
    records = [
        {"messageId": str(number), "body": json.dumps(body)} for number, body in enumerate(waiting)
    ]
    return queues.send_confirmations({"Records": records})["batchItemFailures"]


class TestTemplates:
    def test_one_of_a_service_is_made_shown_listed_changed_and_deleted(self, api, template):
        where = template.headers["location"]
        assert where == "/api/v1/templates/order"
        shown = api.get(where).json
        assert {name: shown[name] for name in SERVICE_TEMPLATE} == SERVICE_TEMPLATE
        assert shown == template.json
        assert {each["language"] for each in shown["findings"]} == {"en", "sv"}
        (listed,) = api.get("/api/v1/templates").json["items"]
        assert listed == {name: shown[name] for name in listed}
        assert "words" not in listed
        change = {"version": 1, "name": "Orders", "words": {"en": ENGLISH}}
        changed = api.ask("PUT", where, json=change)
        assert (changed.status, changed.json["version"]) == (200, 2)
        assert api.ask("PUT", where, json=change).status == 409
        assert api.ask("DELETE", where).status == 204
        assert api.get(where).status == 404

    def test_one_of_campaigns_is_made_and_shown(self, api):
        made = api.post("/api/v1/templates", json=CAMPAIGN_TEMPLATE)
        assert made.status == 201
        shown = api.get("/api/v1/templates/news").json
        assert {name: shown[name] for name in CAMPAIGN_TEMPLATE} == CAMPAIGN_TEMPLATE
        assert {each["language"] for each in shown["findings"]} <= {None}
        sources = {name: CAMPAIGN_TEMPLATE[name] for name in ("name", "html")}
        change = {"version": 1, "subject": "Other", **sources}
        assert api.ask("PUT", "/api/v1/templates/news", json=change).json["subject"] == "Other"
        words = {"version": 2, "name": "News", "words": {"en": ENGLISH}}
        assert api.ask("PUT", "/api/v1/templates/news", json=words).status == 422

    def test_an_id_is_taken_once_and_a_repeat_gets_the_first_answer(self, api):
        first = api.post("/api/v1/templates", json=SERVICE_TEMPLATE, headers=ONCE)
        again = api.post("/api/v1/templates", json=SERVICE_TEMPLATE, headers=ONCE)
        assert (again.status, again.json) == (201, first.json)
        assert again.headers["idempotency-replayed"] == "true"
        assert api.post("/api/v1/templates", json=SERVICE_TEMPLATE).status == 409

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"kind": "poster"}, "invalid_body"),
            ({"kind": "html"}, "invalid_body"),
            ({"words": {}}, "invalid_body"),
            ({"words": {"xx": ENGLISH}}, "invalid_body"),
            ({"words": {"en": {**ENGLISH, "reason": ""}}}, "invalid_body"),
            ({"words": {"en": {**ENGLISH, "html": "*|FNAME|*"}}}, "foreign_merge_tag"),
            ({"brand": "nobody"}, "unknown_brand"),
            ({"subject": "Hello"}, "invalid_body"),
        ],
    )
    def test_a_body_that_cannot_be_used_is_refused(self, api, change, code):
        reply = api.post("/api/v1/templates", json={**SERVICE_TEMPLATE, **change})
        assert (reply.status, reply.json["code"]) == (422, code)
        assert api.get("/api/v1/templates").json["items"] == []

    def test_a_campaign_begins_with_a_copy_of_one(self, api, world):
        api.post("/api/v1/templates", json=CAMPAIGN_TEMPLATE)
        body = {"name": "N", "list": "newsletter", "purpose": "newsletter", "template": "news"}
        made = api.post("/api/v1/campaigns", json=body)
        assert made.status == 201
        api.ask("DELETE", "/api/v1/templates/news")
        content = world.campaigns.content(made.json["id"])
        assert content.html == CAMPAIGN_TEMPLATE["html"]
        assert content.subject == CAMPAIGN_TEMPLATE["subject"]
        reply = api.post("/api/v1/campaigns", json=body)
        assert (reply.status, reply.json["code"]) == (422, "unknown_template")
        both = api.post("/api/v1/campaigns", json={**body, "subject": "Hello"})
        assert both.json["errors"] == [{"field": "subject", "code": "unknown"}]
        none = {name: value for name, value in body.items() if name != "template"}
        assert {
            each["code"] for each in api.post("/api/v1/campaigns", json=none).json["errors"]
        } == {"missing"}


class TestMessages:
    def test_one_goes_from_the_request_to_the_mailbox(self, api, world, sid):
        before = len(world.mails)
        made = api.post("/api/v1/messages", json=MESSAGE)
        assert (made.status, made.json["status"]) == (202, "accepted")
        where = made.headers["location"]
        assert where == f"/api/v1/messages/{made.json['id']}"
        assert consume(world) == []
        (mailed,) = world.mails[before:]
        assert mailed.message.to == EMAIL
        shown = api.get(where).json
        assert (shown["status"], shown["reason"], shown["tries"]) == ("sent", None, 1)
        assert (shown["subscriber"], shown["template"], shown["language"]) == (sid, "order", "en")

    def test_a_repeat_under_its_key_mails_once_for_as_long_as_it_is_kept(self, api, world, sid):
        before = len(world.mails)
        first = api.post("/api/v1/messages", json=MESSAGE, headers=ONCE)
        again = api.post("/api/v1/messages", json=MESSAGE, headers=ONCE)
        assert again.json == first.json
        assert consume(world) == []
        world.time.advance(2 * DAY_MS)
        world.outside_rows.requests.clear()  # What a day's end does.
        later = api.post("/api/v1/messages", json=MESSAGE, headers=ONCE)
        assert later.json == {"id": first.json["id"], "status": "sent"}
        assert consume(world) == []
        assert len(world.mails) == before + 1

    @pytest.mark.parametrize("forgotten", [False, True])
    def test_another_body_under_its_key_is_refused(self, api, world, sid, forgotten):
        api.post("/api/v1/messages", json=MESSAGE, headers=ONCE)
        if forgotten:
            world.outside_rows.requests.clear()
        reply = api.post("/api/v1/messages", json={**MESSAGE, "language": "sv"}, headers=ONCE)
        assert (reply.status, reply.json["code"]) == (422, "idempotency_key_reused")

    @pytest.mark.parametrize("call", ["MessageStore.create", "Queues.send"])
    def test_after_a_lost_answer_the_same_request_makes_one_mail(self, api, world, sid, call):
        before = len(world.mails)
        world.faults = FailOnce(call, Moment.AFTER)
        assert api.post("/api/v1/messages", json=MESSAGE, headers=ONCE).status == 503
        world.faults = no_faults
        assert api.post("/api/v1/messages", json=MESSAGE, headers=ONCE).status == 202
        assert consume(world) == []
        assert len(world.mails) == before + 1

    def test_a_stranger_is_404_and_nothing_is_kept(self, api, world, sid):
        for who in ({"email": "nobody@example.org"}, {"subscriber": "A" * 22, "email": None}):
            body = {name: value for name, value in {**MESSAGE, **who}.items() if value}
            assert api.post("/api/v1/messages", json=body, headers=ONCE).status == 404
        assert not world.outside_rows.service_messages
        assert not world.messages.take(Queue.CONFIRMATIONS)

    def test_who_must_not_be_written_to_is_409_with_the_reason(self, api, world, sid):
        bounced = Draft(type=EventType.SUPPRESSION_ADDED, reason="bounce")
        world.ledger.append(world.ledger.open(sid), [bounced])
        reply = api.post("/api/v1/messages", json=MESSAGE, headers=ONCE)
        assert (reply.status, reply.json["code"]) == (409, "not_mailable")
        assert reply.json["errors"] == [{"field": "email", "code": "bounced"}]
        assert "came back" in reply.json["detail"]
        assert not world.outside_rows.service_messages

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"subscriber": "A" * 22}, "invalid_body"),
            ({"email": "no address"}, "malformed_address"),
            ({"data": []}, "invalid_body"),
            ({"data": {}}, "bad_template"),
            ({"template": "nothing"}, "unknown_template"),
            ({"language": "xx"}, "invalid_body"),
            ({"html": "<p>"}, "invalid_body"),
        ],
    )
    def test_a_body_that_cannot_be_used_is_refused(self, api, world, sid, change, code):
        reply = api.post("/api/v1/messages", json={**MESSAGE, **change})
        assert (reply.status, reply.json["code"]) == (422, code)
        assert not world.outside_rows.service_messages

    def test_scopes(self, api_as, sid):
        body = MESSAGE
        assert api_as(KeyScope.READ).post("/api/v1/messages", json=body).status == 403
        assert api_as(KeyScope.EVENTS).post("/api/v1/messages", json=body).status == 403
        made = api_as(KeyScope.MARKETING).post("/api/v1/messages", json=body)
        assert made.status == 202
        where = made.headers["location"]
        assert api_as(KeyScope.READ).get(where).status == 200
        assert api_as(KeyScope.EVENTS).get(where).status == 403

    @pytest.mark.parametrize("message", ["A" * 22, "nothing"])
    def test_one_that_is_not_there_is_404(self, api, message):
        assert api.get(f"/api/v1/messages/{message}").status == 404

    def test_what_is_remembered_of_a_request_names_nobody(self, api, world, sid):
        api.post("/api/v1/messages", json=MESSAGE, headers=ONCE)
        kept = repr(world.outside_rows.requests) + repr(world.outside_rows.service_messages)
        for word in (EMAIL, "canary-4711", "saucers"):
            assert word not in kept

    def test_a_record_that_fails_comes_back_alone(self, api, world, sid):
        api.post("/api/v1/messages", json=MESSAGE)
        api.post("/api/v1/messages", json={**MESSAGE, "language": "sv"})
        world.faults = FailOnce("MessageStore.get", Moment.BEFORE)
        assert consume(world) == [{"itemIdentifier": "0"}]
