# SPDX-License-Identifier: Apache-2.0
"""Whole documents of every type, every field asserted; then the recorded slips of others."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ses_events import (
    TOPIC_VALIDATED,
    BounceType,
    ComplaintFeedback,
    SesEvent,
    SesType,
    parse,
)
from chalicelib.errors import InputError
from tests.support import ses_documents as docs

SENT_MS = 1_795_435_200_641
AWS_TAGS = {
    "ses:configuration-set": "kvitto",
    "ses:source-ip": "192.0.2.10",
    "ses:from-domain": "example.com",
    "ses:caller-identity": "sender",
}
TAGS = {**AWS_TAGS, "c": "spring", "a": "7-0000001", "r": docs.DELIVERY}


def whole(document: dict[str, Any], **more: Any) -> SesEvent:
    """The event expected of a document about the usual recipient."""
    return SesEvent(
        **{
            "type": SesType.UNKNOWN,
            "name": document.get("eventType") or document["notificationType"],
            "message_id": docs.MESSAGE_ID,
            "at_ms": SENT_MS,
            "sent_ms": SENT_MS,
            "recipient": docs.RECIPIENT,
            "alone": True,
            "sent_to": docs.RECIPIENT,
            "named": True,
            "raw": json.dumps(document),
            "tags": TAGS,
            **more,
        }
    )


BOUNCE = docs.bounce()
COMPLAINT = docs.complaint()
WHOLE = [
    (
        BOUNCE,
        {
            "type": SesType.BOUNCE,
            "at_ms": 1_795_435_262_669,
            "feedback_id": BOUNCE["bounce"]["feedbackId"],
            "bounce_type": BounceType.PERMANENT,
            "bounce_subtype": "General",
            "action": "failed",
            "status": "5.1.1",
            "diagnostic": "smtp; 550 5.1.1 user unknown",
        },
    ),
    (
        COMPLAINT,
        {
            "type": SesType.COMPLAINT,
            "at_ms": 1_795_435_502_669,
            "feedback_id": COMPLAINT["complaint"]["feedbackId"],
            "complaint_feedback": ComplaintFeedback.ABUSE,
        },
    ),
    (
        docs.delivery(),
        {
            "type": SesType.DELIVERY,
            "at_ms": 1_795_435_211_133,
            "diagnostic": "250 2.6.0 Message received",
            "tags": {**TAGS, "ses:outgoing-ip": "192.0.2.11"},
        },
    ),
    (docs.send(), {"type": SesType.SEND}),
    (docs.reject(), {"type": SesType.REJECT, "reason": "Bad content"}),
    (docs.opened(), {"type": SesType.OPEN, "at_ms": 1_795_435_819_652}),
    (docs.clicked(), {"type": SesType.CLICK, "at_ms": 1_795_435_885_570}),
    (
        docs.rendering_failure(),
        {
            "type": SesType.RENDERING_FAILURE,
            "reason": "Attribute 'name' is not present in the rendering data.",
        },
    ),
    (
        docs.delivery_delay(),
        {
            "type": SesType.DELIVERY_DELAY,
            "at_ms": 1_795_436_440_095,
            "status": "4.4.1",
            "diagnostic": "smtp; 421 4.4.1 Unable to connect to remote host",
            "delay_type": "TransientCommunicationFailure",
        },
    ),
    (
        docs.subscription(),
        {
            "type": SesType.SUBSCRIPTION,
            "at_ms": 1_795_437_040_000,
            "left_all": True,
            "tags": {**TAGS, "ses:operation": "SendEmail"},
        },
    ),
]


@pytest.mark.parametrize(("document", "fields"), WHOLE, ids=lambda x: str(x.get("eventType", "")))
def test_every_published_event_is_read_whole(document, fields):
    assert parse(json.dumps(document)) == (whole(document, **fields),)


@pytest.mark.parametrize(("document", "fields"), WHOLE, ids=lambda x: str(x.get("eventType", "")))
def test_an_event_is_the_same_where_ses_repeats_no_headers(document, fields):
    bare = docs.without_headers(document)
    assert parse(json.dumps(bare)) == (whole(bare, **fields),)


@pytest.mark.parametrize(
    "document",
    [docs.bounce(), docs.complaint(), docs.rendering_failure(), docs.delivery_delay()],
    ids=lambda x: str(x["eventType"]),
)
def test_a_mail_without_tags_of_ours_still_says_whom_it_went_to(document):
    untagged = docs.only_aws_tags(document)
    (event,) = parse(json.dumps(untagged))
    assert (event.tags, event.about) == (AWS_TAGS, docs.RECIPIENT)


def test_a_classic_notification_may_have_tags():
    document = docs.classic_delivery()
    document["mail"]["tags"] = docs.mail()["tags"]
    assert parse(json.dumps(document))[0].tags == TAGS


@pytest.mark.parametrize("subtype", ["absent", None, "OnAccountSuppressionList"])
def test_a_complaint_has_a_subtype_only_where_ses_kept_the_mail_back(subtype):
    document = docs.complaint(subtype=subtype)
    if subtype == "absent":
        document["complaint"].pop("complaintSubType")
    assert parse(json.dumps(document))[0].complaint_subtype == (
        None if subtype == "absent" else subtype
    )


@pytest.mark.parametrize(
    ("left_all", "had_left", "left"),
    [(True, False, True), (True, None, True), (True, True, False), (False, False, False)],
)
def test_only_who_leaves_everything_anew_has_left(left_all, had_left, left):
    document = docs.subscription(left_all=left_all, had_left=had_left)
    assert parse(json.dumps(document))[0].left_all is left


def classic(document: dict[str, Any], recipient: str, **more: Any) -> SesEvent:
    return whole(
        document,
        **{
            "at_ms": 1_795_445_978_237,
            "recipient": recipient,
            "alone": False,
            "sent_to": None,
            "tags": {},
            **more,
        },
    )


def without_others(document: dict[str, Any], part: str, listed: str, entry: Any) -> Any:
    mail = {k: v for k, v in document["mail"].items() if k not in ("headers", "commonHeaders")}
    narrowed = {
        **document,
        "mail": {**mail, "destination": [entry["emailAddress"]]},
        part: {**document[part], listed: [entry]},
    }
    return json.loads(json.dumps(narrowed))


def with_raw_read(event: SesEvent) -> tuple[SesEvent, Any]:
    from dataclasses import replace

    return replace(event, raw=""), json.loads(event.raw)


def test_a_classic_bounce_with_a_delivery_report_is_read_whole():
    document = docs.classic_bounce_with_dsn()
    (event,) = parse(json.dumps(document))
    entry = document["bounce"]["bouncedRecipients"][0]
    expected = classic(
        document,
        "one@example.org",
        type=SesType.BOUNCE,
        feedback_id=document["bounce"]["feedbackId"],
        bounce_type=BounceType.PERMANENT,
        bounce_subtype="General",
        action="failed",
        status="5.1.1",
        diagnostic="smtp; 550 5.1.1 <one@example.org>... User",
        raw="",
    )
    raw = without_others(document, "bounce", "bouncedRecipients", entry)
    assert with_raw_read(event) == (expected, raw)


def test_a_classic_bounce_without_a_report_gives_each_recipient_an_event():
    document = docs.classic_bounce_without_dsn()
    events = parse(json.dumps(document))
    for event, address in zip(events, ("one@example.org", "three@example.org"), strict=True):
        expected = classic(
            document,
            address,
            type=SesType.BOUNCE,
            feedback_id=document["bounce"]["feedbackId"],
            bounce_type=BounceType.PERMANENT,
            bounce_subtype="General",
            raw="",
        )
        entry = {"emailAddress": address}
        raw = without_others(document, "bounce", "bouncedRecipients", entry)
        assert with_raw_read(event) == (expected, raw)


@pytest.mark.parametrize("feedback", ["abuse", None])
def test_a_classic_complaint_is_read_whole_with_and_without_a_report(feedback):
    document = docs.classic_complaint(feedback)
    (event,) = parse(json.dumps(document))
    expected = classic(
        document,
        "three@example.org",
        type=SesType.COMPLAINT,
        feedback_id=document["complaint"]["feedbackId"],
        complaint_feedback=ComplaintFeedback(feedback) if feedback else None,
        raw="",
    )
    raw = without_others(
        document, "complaint", "complainedRecipients", {"emailAddress": "three@example.org"}
    )
    assert with_raw_read(event) == (expected, raw)


def test_a_classic_delivery_is_read_whole():
    document = docs.classic_delivery()
    expected = classic(
        document,
        "one@example.org",
        type=SesType.DELIVERY,
        alone=True,
        sent_to="one@example.org",
        diagnostic="250 ok:  Message 64111812 accepted",
    )
    assert parse(json.dumps(document)) == (expected,)


@pytest.mark.parametrize(("document", "fields"), WHOLE, ids=lambda x: str(x.get("eventType", "")))
def test_snss_envelope_changes_nothing(document, fields):
    assert parse(json.dumps(docs.envelope(document))) == parse(json.dumps(document))


# Slips that other senders' readers of these events made.


def test_a_published_complaint_counts_as_one():
    """listmonk takes only ``notificationType: Complaint``; event publishing says ``eventType``."""
    (event,) = parse(json.dumps(docs.complaint()))
    assert event.type is SesType.COMPLAINT


@pytest.mark.parametrize("build", [docs.bounce, docs.complaint, docs.delivery])
def test_every_recipient_gets_an_event_and_not_the_first_destination(build):
    people = ("one@example.org", "two@example.org")
    document = build(*people)
    document["mail"]["destination"].insert(0, "zero@example.org")
    assert tuple(event.recipient for event in parse(json.dumps(document))) == people


def test_what_is_kept_for_one_person_names_nobody_else():
    people = ("one@example.org", "two@example.org", "three@example.org")
    for document in (docs.bounce(*people), docs.complaint(*people), docs.delivery(*people)):
        for event in parse(json.dumps(document)):
            assert [name for name in people if name in event.raw] == [event.recipient]
    document = docs.send()
    document["mail"] = docs.mail(*people)
    for event in parse(json.dumps(document)):
        assert [name for name in people if name in event.raw] == [event.recipient]


@pytest.mark.parametrize("build", [docs.bounce, docs.complaint])
def test_nobody_is_guessed_for_a_bounce_or_complaint_that_lists_nobody(build):
    document = build("one@example.org", "two@example.org")
    part = document["eventType"].lower()
    document[part] = {
        name: value for name, value in document[part].items() if not name.endswith("Recipients")
    }
    (event,) = parse(json.dumps(document))
    assert event.recipient is None
    assert "@example.org" not in event.raw
    document["mail"]["destination"] = ["one@example.org"]
    assert parse(json.dumps(document))[0].recipient == "one@example.org"


def test_two_recipients_of_one_report_keep_each_their_own_action_and_status():
    """One of them is refused for good, the other only delayed (AWS's own bounce object)."""
    refused, delayed = parse(json.dumps(docs.mixed_bounce("one@example.org", "two@example.org")))
    assert (refused.recipient, refused.action, refused.status) == (
        "one@example.org",
        "failed",
        "5.1.1",
    )
    assert (delayed.recipient, delayed.action, delayed.status) == (
        "two@example.org",
        "delayed",
        "4.0.0",
    )
    assert delayed.diagnostic is None
    assert "one@example.org" not in delayed.raw


def test_a_mailbox_that_mail_was_forwarded_to_is_not_who_it_is_about():
    document = docs.bounce("elsewhere@example.net")
    document["mail"]["destination"] = [docs.RECIPIENT]
    (event,) = parse(json.dumps(document))
    assert (event.recipient, event.about) == ("elsewhere@example.net", docs.RECIPIENT)
    assert event.named


@pytest.mark.parametrize(
    ("destinations", "named"),
    [
        (["one@example.org", "two@example.org"], False),
        (["one@example.org", "A Visitor <Elsewhere@Example.NET>"], True),
        ([], True),
    ],
)
def test_of_a_mail_to_several_only_those_written_to_are_looked_up(destinations, named):
    document = docs.bounce("elsewhere@example.net")
    document["mail"]["destination"] = destinations
    (event,) = parse(json.dumps(document))
    assert (event.about, event.named) == ("elsewhere@example.net", named)


def test_half_a_character_in_what_a_server_says_is_told_as_one_that_cannot_be_read():
    document = docs.bounce(tags={"\ud800": ["half \ud83d"]})
    document["mail"]["messageId"] = "id\ud83d"
    about = document["bounce"]["bouncedRecipients"][0]
    about |= {"diagnosticCode": "550 \udc00\ud83d no \ud83d\ude00", "emailAddress": "\ud83d@x.y"}
    (event,) = parse(json.dumps(document))
    assert (event.message_id, event.diagnostic) == ("id\ufffd", "550 \ufffd\ufffd no \U0001f600")
    assert (event.recipient, event.tags["\ufffd"]) == ("\ufffd@x.y", "half \ufffd")


def test_what_only_a_lenient_reader_reads_is_an_event_all_the_same():
    text = json.dumps(docs.bounce("one@example.org", "two@example.org"))
    events = parse(text.replace('{"bounceType"', '{"half": "\\ud800", "score": NaN, "bounceType"'))
    assert [event.recipient for event in events] == ["one@example.org", "two@example.org"]
    for event in events:
        assert json.loads(event.raw.encode())["bounce"]["half"] == "\ud800"


def test_unknown_types_subtypes_and_fields_are_kept():
    document = {**docs.send(), "eventType": "Teleported", "teleport": {"to": "elsewhere"}}
    (event,) = parse(json.dumps(document))
    assert (event.type, event.name) == (SesType.UNKNOWN, "Teleported")
    assert json.loads(event.raw) == document

    document = docs.bounce(kind="Peculiar", subtype="OnTenantSuppressionList")
    document["bounce"]["novelty"] = [1, {"two": None}]
    (event,) = parse(json.dumps(document))
    assert event.bounce_type is BounceType.UNKNOWN
    assert event.bounce_subtype == "OnTenantSuppressionList"
    assert json.loads(event.raw)["bounce"]["novelty"] == [1, {"two": None}]

    (event,) = parse(json.dumps(docs.complaint(feedback="sighing")))
    assert event.complaint_feedback is ComplaintFeedback.UNKNOWN


def test_the_first_value_of_each_tag_is_read_and_bad_tags_are_passed_over():
    document = docs.send()
    document["mail"]["tags"] = {"r": ["first", "second"], "c": [], "a": "text", "n": [7], "x": None}
    assert parse(json.dumps(document))[0].tags == {"r": "first"}


def test_a_display_name_is_no_part_of_the_address():
    document = docs.send()
    document["mail"]["destination"] = ["A Visitor <visitor@example.org>"]
    assert parse(json.dumps(document))[0].recipient == docs.RECIPIENT


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-11-23T12:00:00.641Z", SENT_MS),
        ("2026-11-23T12:00:00 +0000", 1_795_435_200_000),
        ("2026-11-23T07:00:00.000-05:00", 1_795_435_200_000),
        ("2026-11-23T12:00:00", 1_795_435_200_000),
        ("yesterday", None),
        (17, None),
        (None, None),
    ],
)
def test_times_are_read_in_every_form_aws_writes(text, ms):
    document = docs.send()
    document["mail"]["timestamp"] = text
    assert parse(json.dumps(document))[0].at_ms == ms


@pytest.mark.parametrize(
    "message",
    [
        TOPIC_VALIDATED,
        json.dumps(docs.envelope(TOPIC_VALIDATED)),
        json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "Done."}),
        json.dumps({**docs.envelope("x"), "Type": "SubscriptionConfirmation"}),
    ],
)
def test_set_up_messages_are_about_no_mail(message):
    assert parse(message) == ()


@pytest.mark.parametrize(
    "message", ["", "{", "[]", '"text"', "null", "7", "[" * 100_000, json.dumps(docs.envelope("{"))]
)
def test_what_is_no_json_object_is_refused_without_repeating_it(message):
    with pytest.raises(InputError) as caught:
        parse(message)
    assert caught.value.code == "malformed_event"
    assert caught.value.detail == "This message is not an event of SES."


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)
paths = st.sampled_from(
    [
        ("eventType",),
        ("bounce",),
        ("bounce", "bouncedRecipients"),
        ("bounce", "timestamp"),
        ("bounce", "bounceType"),
        ("mail",),
        ("mail", "destination"),
        ("mail", "tags"),
        ("mail", "timestamp"),
    ]
)


@given(path=paths, value=json_values)
def test_no_value_anywhere_in_an_event_is_raised(path, value):
    document = docs.bounce()
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert parse(json.dumps(document))
