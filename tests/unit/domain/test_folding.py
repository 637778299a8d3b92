# SPDX-License-Identifier: Apache-2.0
"""Places by what was heard of their mails: read from tags alone, summed up, each counted once."""

import json

import pytest

from chalicelib.domain.folding import (
    Heard,
    MailPlace,
    Results,
    Told,
    heard_of,
    place_of,
    results_of,
)
from chalicelib.domain.ses_events import parse
from tests.support import ses_documents as docs
from tests.support.tagged import CAMPAIGN, about, at


def event_of(document):
    (event,) = parse(json.dumps(document))
    return event


@pytest.mark.parametrize("place", [0, 7, 49])
@pytest.mark.parametrize("number", [0, 12, 9_999_999])
def test_a_place_is_read_back_from_its_name_and_from_a_mails_tags(place, number):
    there = at(place, number)
    assert MailPlace.read(CAMPAIGN, there.name) == there
    (event,) = parse(about(there, docs.delivery()))
    assert place_of(event) == there


@pytest.mark.parametrize(
    "name",
    [
        "3-0",
        "3-0-50",
        "3-0-007",
        "3-00-1",
        "g-0-1",
        "3-0-1-2",
        "",
        "3-0-",
        "-3-0-1",
        "3-0-1 ",
        "٣-0-1",
    ],
)
def test_a_tag_that_is_not_wholly_ours_names_no_place(name):
    assert MailPlace.read(CAMPAIGN, name) is None


def test_somebody_elses_campaign_or_a_mail_to_several_names_no_place():
    other = docs.delivery()
    other["mail"]["tags"] |= {"c": ["spring"], "a": ["3-0-1"]}
    assert place_of(event_of(other)) is None
    several = docs.delivery()
    several["mail"]["destination"] = ["a@example.org", "b@example.org"]
    assert [place_of(event) for event in parse(about(at(1), several))] == [None]
    untagged = docs.delivery()
    untagged["mail"]["tags"] = {}
    assert place_of(event_of(untagged)) is None


@pytest.mark.parametrize(
    ("document", "heard"),
    [
        (docs.send(), Heard.SENT),
        (docs.delivery_delay(), Heard.SENT),
        (docs.delivery(), Heard.DELIVERED),
        (docs.bounce(), Heard.BOUNCED),
        (docs.bounce(kind="Transient", subtype="MailboxFull"), Heard.BOUNCED),
        (docs.bounce(kind="Transient", subtype="General"), Heard.SENT),
        (docs.complaint(), Heard.FLAGGED),
        (docs.complaint(feedback="not-spam"), Heard.SENT),
        (docs.reject(), Heard.FLAGGED),
        (docs.rendering_failure(), Heard.FLAGGED),
        (docs.opened(), None),
        (docs.clicked(), None),
        (docs.subscription(), None),
        ({**docs.send(), "eventType": "Teleported"}, None),
    ],
)
def test_each_event_tells_one_thing_of_its_mail(document, heard):
    assert heard_of(event_of(document)) is heard


@pytest.mark.parametrize(
    ("told", "own", "strongest"),
    [
        (Told(), None, None),
        (Told(sent=frozenset({1})), None, "Send"),
        (Told(sent=frozenset({2})), None, None),
        (Told(sent=frozenset({1}), delivered=frozenset({1})), None, "Delivery"),
        (Told(delivered=frozenset({1}), bounced=frozenset({1})), "Delivery", "Bounce"),
        (Told(delivered=frozenset({1})), "DeliveryDelay", "Delivery"),
        (Told(delivered=frozenset({1})), "Bounce", "Delivery"),
        (Told(delivered=frozenset({1}), bounced=frozenset({1})), "Bounce", "Bounce"),
        (Told(delivered=frozenset({1}), flagged=frozenset({1})), "Complaint", "Complaint"),
        (Told(sent=frozenset({1})), "DeliveryDelay", "DeliveryDelay"),
    ],
)
def test_the_strongest_of_a_mail_is_told_from_its_row_and_its_chunk(told, own, strongest):
    assert told.strongest(1, own) == strongest


def test_every_mail_is_counted_once_by_what_became_of_it():
    told = Told(
        sent=frozenset(range(8)),
        delivered=frozenset({0, 1, 2, 3}),
        bounced=frozenset({2, 4}),
        flagged=frozenset({3, 5}),
    )
    expected = Results(delivered=2, bounced=2, complained=1, refused=1, waiting=2)
    assert results_of([told]) == expected
    assert results_of([told, Told(delivered=frozenset({0}))]).delivered == 3
    assert results_of([]) == Results()
