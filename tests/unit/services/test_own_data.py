# SPDX-License-Identifier: Apache-2.0
"""A person's whole data: all that is sealed, nobody else's, and reading appends nothing."""

import json
import re

import pytest

from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import BrandId
from chalicelib.domain.rights import Medium, Received, Right
from chalicelib.errors import NotFound
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support import ses_documents
from tests.support.link_examples import CAMPAIGN, TARGETS, URLS, click, pixel
from tests.support.world import World

EMAIL = ses_documents.RECIPIENT
DEMO = BrandId("demo")


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL, first_name="Ada", measurement="yes")


def data(world, sid, language="en"):
    return world.own_data.of(sid, DEMO, language)


def test_every_entry_is_there_with_everything_sealed_beside_it(world, sid):
    history = data(world, sid)["history"]
    assert [entry["type"] for entry in history] == world.types(sid)
    assert [entry["n"] for entry in history] == list(range(len(history)))
    asked, answered = history[0]["sealed"], history[-1]["sealed"]
    assert asked["subject"]["email"] == EMAIL
    assert asked["session"]["ip"] == "192.0.2.7"
    assert asked["choice"]["fields"]["first_name"] == "Ada"
    assert answered["session"]["ip"] == "198.51.100.4"
    assert all(entry["log_index"] is not None for entry in history)


def test_profile_rhythm_and_consents_are_there(world, sid):
    world.frequency.put(sid, Frequency(max_per_week=3))
    held = data(world, sid)
    assert held["profile"]["email"] == EMAIL
    assert held["profile"]["attributes"] == {"first_name": "Ada"}
    assert held["frequency"] == {"max_per_week": 3, "paused_until": None}
    assert [(each["list_name"], each["purpose"], each["status"]) for each in held["consents"]] == [
        ("Newsletter", "measurement", "given"),
        ("Newsletter", "newsletter", "given"),
    ]


def test_what_the_person_asked_for_is_there_with_the_note_an_officer_sealed_beside_it(world, sid):
    made = world.rights.by_officer(
        {"subscriber": sid},
        Right.ACCESS,
        DEMO,
        Received(
            medium=Medium.LETTER,
            received_ms=world.clock.now_ms(),
            received_by="Front desk",
            entered_by="key",
        ),
        note="Has moved to Lund.",
    )
    (asked,) = data(world, sid)["rights_requests"]
    assert (asked["id"], asked["right"], asked["status"]) == (made.id, "access", "open")
    assert asked["note"] == "Has moved to Lund."


def test_mails_are_told_with_what_became_of_them(world, sid):
    for document in (ses_documents.send(), ses_documents.delivery()):
        world.feedback.record(json.dumps(document))
    (mail,) = data(world, sid)["mails"]
    assert mail["to"] == EMAIL
    assert sorted(event["type"] for event in mail["events"]) == ["Delivery", "Send"]
    held = data(world, sid)["address_health"]
    assert (held["status"], held["resting_until"]) == ("good", None)
    assert [said["code"] for said in held["story"]] == ["delivered", "renewed", "good"]
    assert held["story"][0]["at"] == held["delivered"]


def test_opens_and_clicks_are_told_with_where_the_link_led(world, sid):
    assert data(world, sid)["measured"] == []
    world.campaign_links.put(CAMPAIGN, TARGETS)
    for link in (1, 1):
        token = click(world.tokens, sid, link).removeprefix("/c/")
        world.measurement.follow(token, record=True)
        world.time.advance(1_000)
    world.measurement.see(pixel(world.tokens, sid).removeprefix("/o/"), record=True)
    clicked, opened = data(world, sid)["measured"]
    assert (clicked["kind"], clicked["url"], clicked["times"]) == ("clicked", URLS[1], 2)
    assert (opened["kind"], opened["url"], opened["times"]) == ("opened", None, 1)
    assert clicked["campaign"] == opened["campaign"] == CAMPAIGN
    assert clicked["first_at"] < opened["first_at"]


def test_stops_are_told(world, sid):
    drafts = [
        Draft(type=EventType.OBJECTION_RECORDED, brand=DEMO, via="page"),
        Draft(type=EventType.SUPPRESSION_ADDED, reason="manual"),
        Draft(type=EventType.SUBJECT_RESTRICTED, channel=None, reason="accuracy-contested"),
    ]
    world.ledger.append(world.ledger.open(sid), drafts)
    held = data(world, sid)
    assert [each["brand"] for each in held["objections"]] == ["demo"]
    assert [each["reason"] for each in held["suppressions"]] == ["manual"]
    assert held["restricted"] is True


def test_the_law_s_own_list_is_there(world, sid):
    held = data(world, sid)
    assert held["controller"]["contact"] == "privacy@example.org"
    assert held["recipients"][0]["role"] == "processor"
    for part in ("purposes", "retention", "rights", "source", "automated_decisions", "contact"):
        assert held[part]
    assert "complaint" in {each["right"] for each in held["rights"]}


def test_it_is_plain_json_in_the_reader_s_language(world, sid):
    texts = {language: json.dumps(data(world, sid, language)) for language in ("en", "sv")}
    assert texts["en"] != texts["sv"]
    assert all(json.loads(text)["id"] == sid for text in texts.values())


def test_nobody_else_is_in_it_and_reading_appends_nothing(world, sid):
    world.subscribe("somebody@example.com", first_name="Grace")
    before = dict(world.rows.entries)
    text = json.dumps(data(world, sid))
    assert "somebody@example.com" not in text
    assert "Grace" not in text
    assert world.rows.entries == before


def test_no_link_that_acts_for_the_person_is_in_it(world, sid):
    world.access_links.make(sid, DEMO, "en")
    assert not re.search(
        r"/(confirm|unsubscribe|preferences)/[\w-]{20}", json.dumps(data(world, sid))
    )


def test_an_erased_person_and_an_unknown_brand_have_none(world, sid):
    with pytest.raises(NotFound):
        world.own_data.of(sid, BrandId("else"), "en")
    world.shredder.shred(sid, "withdrawn", suppress=False)
    with pytest.raises(NotFound):
        data(world, sid)
