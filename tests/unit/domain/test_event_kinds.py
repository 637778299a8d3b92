# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from chalicelib.domain.event_kinds import LEFT_TAG, classify, rank
from chalicelib.domain.folding import Heard, heard_of
from chalicelib.domain.health import EventKind
from chalicelib.domain.ses_events import SesEvent, SesType, parse
from tests.support import ses_documents as docs

GENERAL = {"kind": "Transient", "subtype": "General"}


def read(document) -> SesEvent:
    (event,) = parse(json.dumps(document))
    return event


KINDS = [
    (docs.send(), EventKind.SENT),
    (docs.delivery(), EventKind.DELIVERED),
    (docs.delivery_delay(), EventKind.DELAYED),
    (docs.delivery_delay("MailboxFull"), EventKind.DELAYED),
    (docs.reject(), EventKind.CONTENT),
    (docs.rendering_failure(), EventKind.CONTENT),
    (docs.opened(), EventKind.NEUTRAL),
    (docs.clicked(), EventKind.NEUTRAL),
    ({**docs.send(), "eventType": "Teleported"}, EventKind.NEUTRAL),
    (docs.subscription(), EventKind.LEFT),
    (docs.subscription(had_left=True), EventKind.NEUTRAL),
    (docs.subscription(left_all=False), EventKind.NEUTRAL),
    # What a report says of this recipient comes before what the bounce says of all.
    (docs.bounce(action="delayed", status="4.0.0"), EventKind.DELAYED),
    (docs.bounce(action=" Delayed "), EventKind.DELAYED),
    (docs.bounce(action="delivered"), EventKind.NEUTRAL),
    (docs.bounce(action="relayed"), EventKind.NEUTRAL),
    (docs.bounce(action="expanded"), EventKind.NEUTRAL),
    (docs.bounce(action="exploded"), EventKind.PERMANENT),
    # The message, not the mailbox.
    (docs.bounce(subtype="ContentRejected"), EventKind.CONTENT),
    (docs.bounce(status="5.3.4"), EventKind.CONTENT),
    (docs.bounce(status="5.2.3"), EventKind.CONTENT),
    (docs.bounce(status="5.6.0"), EventKind.CONTENT),
    (docs.bounce(kind="Transient", subtype="MessageTooLarge", status=""), EventKind.CONTENT),
    (docs.bounce(kind="Transient", subtype="AttachmentRejected"), EventKind.CONTENT),
    # SES kept it back.
    (docs.bounce(subtype="OnAccountSuppressionList"), EventKind.HELD),
    (docs.bounce(subtype="UnsubscribedRecipient"), EventKind.LEFT),
    (docs.bounce(kind="Transient", subtype="UnsubscribedRecipient"), EventKind.LEFT),
    (docs.bounce(subtype="EmailValidationSuppressed"), EventKind.SOFT),
    # Refused for good.
    (docs.bounce(), EventKind.PERMANENT),
    (docs.bounce(subtype="NoEmail"), EventKind.PERMANENT),
    (docs.bounce(subtype="Suppressed"), EventKind.PERMANENT),
    (docs.bounce(subtype="OnTenantSuppressionList"), EventKind.PERMANENT),
    (docs.bounce(subtype="SomethingNew"), EventKind.PERMANENT),
    (docs.bounce(kind="Transient", status="5.4.4"), EventKind.PERMANENT),
    # Refused for now.
    (docs.bounce(kind="Transient", subtype="MailboxFull", status=""), EventKind.FULL),
    (docs.bounce(kind="Transient", status="4.2.2"), EventKind.FULL),
    (docs.bounce(kind="Transient", status="5.2.2"), EventKind.FULL),
    (docs.bounce(kind="Transient", status="4.4.7"), EventKind.EXPIRED),
    (docs.bounce(kind="Transient", subtype="CustomTimeoutExceeded", status=""), EventKind.NEUTRAL),
    (docs.bounce(**GENERAL, status="4.0.0"), EventKind.SOFT),
    (docs.bounce(**GENERAL, status=""), EventKind.SOFT),
    (docs.bounce(**GENERAL, status="4.0.0", action=""), EventKind.SOFT),
    (docs.bounce(**GENERAL, status="", action=""), EventKind.AUTOMATIC),
    (docs.automatic_reply(), EventKind.AUTOMATIC),
    (docs.bounce(kind="Undetermined", subtype="Undetermined", status=""), EventKind.SOFT),
    (docs.bounce(kind="Peculiar", status="", action=""), EventKind.SOFT),
    (docs.complaint(), EventKind.COMPLAINT),
    (docs.complaint(feedback=None), EventKind.COMPLAINT),
    (docs.complaint(feedback="fraud"), EventKind.COMPLAINT),
    (docs.complaint(feedback="sighing"), EventKind.COMPLAINT),
    (docs.complaint(feedback="not-spam"), EventKind.PRAISED),
    (docs.complaint(subtype="OnAccountSuppressionList"), EventKind.LISTED),
]


@pytest.mark.parametrize(("document", "kind"), KINDS)
def test_an_event_means_this_for_the_address(document, kind):
    assert classify(read(document)) is kind


def test_every_meaning_has_an_example():
    assert {kind for _, kind in KINDS} == set(EventKind)


def test_one_report_about_two_people_means_something_else_for_each():
    """Both would be suppressed by who reads only the bounce's own type."""
    events = parse(json.dumps(docs.mixed_bounce("one@example.org", "two@example.org")))
    assert [classify(event) for event in events] == [EventKind.PERMANENT, EventKind.DELAYED]


def test_what_a_left_mailbox_answers_says_nothing_of_the_person_but_a_complaint_does():
    tags = {LEFT_TAG: ["AAAAAAAAAAAAAAAAAAAAAA"]}
    assert classify(read(docs.bounce(tags=tags))) is EventKind.NEUTRAL
    assert classify(read(docs.complaint(tags=tags))) is EventKind.COMPLAINT


def test_the_end_of_a_delivery_outranks_what_came_before():
    ladder = [
        docs.send(),
        docs.delivery_delay(),
        docs.bounce(kind="Transient"),
        docs.delivery(),
        docs.rendering_failure(),
        docs.reject(),
        docs.bounce(),
        docs.complaint(),
    ]
    ranks = [rank(read(document)) for document in ladder]
    assert ranks == sorted(set(ranks))
    silent = [
        docs.opened(),
        docs.clicked(),
        docs.subscription(),
        docs.complaint(feedback="not-spam"),
        docs.bounce(action="relayed"),
    ]
    assert {rank(read(document)) for document in silent} == {0}


def test_a_bounce_that_ends_nothing_ranks_as_the_delay_or_the_reply_it_is():
    assert rank(read(docs.bounce(action="delayed"))) == rank(read(docs.delivery_delay()))
    assert rank(read(docs.automatic_reply())) == rank(read(docs.bounce(kind="Transient")))


@pytest.mark.parametrize(
    "subtype", ["OnAccountSuppressionList", "UnsubscribedRecipient", "CustomTimeoutExceeded"]
)
def test_a_mail_that_ses_gave_up_is_at_its_end_whatever_it_says_of_the_person(subtype):
    """Else a campaign's results would wait for it for ever."""
    event = read(docs.bounce(subtype=subtype))
    assert rank(event) == rank(read(docs.bounce()))
    assert heard_of(event) is Heard.BOUNCED


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_bounce_without_a_failure_tells_a_chunk_only_that_the_mail_was_sent(action):
    assert heard_of(read(docs.bounce(action=action))) is Heard.SENT


@pytest.mark.parametrize("type_", SesType)
def test_every_type_of_event_has_a_meaning_and_a_rank(type_):
    event = SesEvent(
        type=type_,
        name=type_,
        message_id="m",
        at_ms=None,
        sent_ms=None,
        recipient=None,
        alone=True,
        raw="",
    )
    assert classify(event) in EventKind
    assert rank(event) >= 0
