# SPDX-License-Identifier: Apache-2.0
"""Whom an event of SES is about: by tag, by the address written to, or nobody known."""

from dataclasses import replace

import pytest

from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason
from chalicelib.domain.ids import BrandId, CampaignId
from tests.support import ses_documents as docs
from tests.support.catalog_examples import CAMPAIGN
from tests.support.people import People
from tests.support.told_people import (
    DELIVERY,
    LATER,
    UNTAGGED,
    VISITOR,
    fresh,
    nobodys,
    sendable,
    sid_of,
    tell,
)


@pytest.fixture
def people() -> People:
    return fresh()


def test_an_untagged_event_finds_the_subscriber_by_address(people):
    tell(people, docs.bounce(VISITOR.upper(), tags=UNTAGGED))
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)


@pytest.mark.parametrize("tag", ["AAECAwQFBgcICQoM", "not an id", ""])
def test_a_tag_of_no_delivery_of_ours_is_passed_over(people, tag):
    tell(people, docs.bounce(tags={"r": [tag]}))
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)


def test_the_tag_says_who_even_when_the_mailbox_forwards(people):
    """The final recipient of a delivery report is where the mail ended, not who was written to."""
    document = docs.bounce("elsewhere@example.net")
    document["mail"]["destination"] = [VISITOR]
    tell(people, document)
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)
    assert not people.suppressions.find("elsewhere@example.net")


@pytest.mark.parametrize("document", [docs.bounce, docs.complaint])
def test_without_a_tag_too_it_is_about_who_was_written_to_and_not_where_it_was_forwarded(
    people, document
):
    """The forward's mailbox is a third person's; suppressed would be who never got our mail."""
    forwarded = document("elsewhere@example.net", at=LATER, tags=UNTAGGED)
    forwarded["mail"]["destination"] = [VISITOR]
    tell(people, forwarded)
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)
    assert not people.suppressions.find("elsewhere@example.net")
    assert not people.outside.of_nobody


def test_a_mailbox_that_a_mail_to_several_was_forwarded_to_is_counted_and_left_alone(people):
    people.confirmed("elsewhere@example.net")
    forwarded = docs.bounce("elsewhere@example.net", at=LATER, tags=UNTAGGED)
    forwarded["mail"]["destination"] = [VISITOR, "second@example.org"]
    tell(people, forwarded, forwarded)
    for address in (VISITOR, "second@example.org", "elsewhere@example.net"):
        assert not people.suppressions.find(address)
    assert not people.hygiene.health
    (event,) = people.outside.events.values()
    assert (event.sid, event.mac) == (None, people.mac("elsewhere@example.net"))
    assert nobodys(people) == {("forwarded", "Bounce"): 1}


def test_in_one_report_the_refused_is_suppressed_and_the_delayed_is_not(people):
    people.confirmed("second@example.org")
    mixed = docs.mixed_bounce("second@example.org", VISITOR)
    mixed["bounce"]["timestamp"] = LATER
    tell(people, mixed)
    assert people.suppressions.find("second@example.org")
    assert isinstance(sendable(people), Allowed)


def test_a_tag_does_not_speak_for_several_recipients(people):
    people.confirmed("second@example.org")
    tell(people, docs.bounce("second@example.org", "third@example.org", at=LATER))
    assert isinstance(sendable(people), Allowed)
    for address in ("second@example.org", "third@example.org"):
        assert people.suppressions.find(address)


def test_an_untagged_complaint_objects_to_every_brand_the_person_knows(people):
    sid = people.confirmed("two@example.org", ("demo", "newsletter"), ("other", "newsletter"))
    tell(people, docs.complaint("two@example.org", at=LATER, tags=UNTAGGED))
    assert {scope.brand for scope in people.state(sid).objections} == {"demo", "other"}


def test_a_tagged_complaint_objects_to_the_brand_that_wrote_and_to_every_other(people):
    sid = people.confirmed("two@example.org", ("demo", "newsletter"), ("other", "newsletter"))
    third = replace(CAMPAIGN, id=CampaignId("DDDDDDDDDDDDDDDDDDDDDA"), brand=BrandId("third"))
    people.delivery(sid, "AAECAwQFBgcICQoM", third)
    tell(people, docs.complaint("two@example.org", at=LATER, tags={"r": ["AAECAwQFBgcICQoM"]}))
    assert {x.brand for x in people.state(sid).objections} == {"demo", "other", "third"}
    after = people.confirm_again(sid, "demo")
    assert {x.brand for x in after.objections} == {"other", "third"}
    assert not after.suppressions


@pytest.mark.parametrize(
    ("document", "reason"), [(docs.bounce, "bounce"), (docs.complaint, "complaint")]
)
def test_a_stranger_is_suppressed_by_mac_alone(people, document, reason):
    for _ in range(3):
        tell(people, document("stranger@example.net", tags=UNTAGGED))
    (row,) = people.suppressions.find("stranger@example.net")
    assert row.reason == reason
    (event,) = people.outside.events.values()
    assert (event.sid, event.mac, event.sealed) == (None, row.mac, None)
    assert nobodys(people) == {("unmatched", reason.capitalize()): 1}
    leaves = [pending.leaf for pending in people.rows.outbox.values()]
    assert len([leaf for leaf in leaves if b"suppression.added" in leaf]) == 1


def test_after_an_erasure_a_late_complaint_is_honoured_by_mac_alone(people):
    people.erase(sid_of(people))
    tell(people, docs.complaint())
    assert people.suppressions.find(VISITOR)
    (event,) = people.outside.events.values()
    assert (event.sid, event.sealed) == (None, None)
    assert people.sending.deliveries[DELIVERY].event == "Complaint"


def test_a_recipient_that_is_no_address_is_recorded_and_acknowledged(people):
    tell(people, docs.bounce("postmaster", tags=UNTAGGED))
    (event,) = people.outside.events.values()
    assert (event.type, event.sid, event.mac) == ("Bounce", None, None)
    assert nobodys(people) == {("unaddressed", "Bounce"): 1}
