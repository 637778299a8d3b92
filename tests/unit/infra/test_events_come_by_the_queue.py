# SPDX-License-Identifier: Apache-2.0
"""SES's events come by SNS and SQS alone: nothing public takes them, so nobody can forge one."""

import re
from pathlib import Path

from chalicelib.entrypoints.addresses import API, PAGES
from infra.local.template import load

_RECORDS = re.compile(r"\.(folding|feedback)\b(?! import)")
INFRA = Path(__file__).resolve().parents[3] / "infra"


def subscriptions():
    """The properties of every subscription of a topic, in every template."""
    return [
        resource["Properties"]
        for path in INFRA.glob("*.yaml")
        for resource in load(path).get("Resources", {}).values()
        if resource.get("Type") == "AWS::SNS::Subscription"
    ]


def inline_subscriptions():
    return [
        resource["Properties"]["Subscription"]
        for path in INFRA.glob("*.yaml")
        for resource in load(path).get("Resources", {}).values()
        if resource.get("Type") == "AWS::SNS::Topic" and "Subscription" in resource["Properties"]
    ]


def test_every_topic_of_events_leads_to_a_queue_and_no_address_on_the_web():
    found = [each for each in subscriptions() if "SesEvents" in str(each["TopicArn"])]
    assert [each["Protocol"] for each in found] == ["sqs"]
    assert not {"http", "https"} & {str(each["Protocol"]) for each in subscriptions()}
    assert not inline_subscriptions()


def test_no_public_address_takes_events_of_sns_or_ses():
    """Not by name, and not by what it does: no page and no operation reads SES's documents."""
    paths = {*PAGES, *API}
    assert paths
    words = ("sns", "ses-event", "ses_event", "bounce", "complaint", "feedback", "notification")
    assert [path for path in paths for word in words if word in path.lower()] == []
    served = INFRA.parent / "chalicelib" / "entrypoints"
    readers = {
        path.relative_to(served).as_posix()
        for path in served.rglob("*.py")
        if _RECORDS.search(path.read_text(encoding="utf-8"))
    }
    assert readers == {"queues.py"}
