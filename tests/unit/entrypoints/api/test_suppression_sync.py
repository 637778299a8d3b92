# SPDX-License-Identifier: Apache-2.0
"""SES's own list over the API: what is put there, and how far it was compared."""

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue
from tests.support.faults import FailAlways, Moment

SUPPRESSIONS = "/api/v1/suppressions"
SYNC = f"{SUPPRESSIONS}/sync"
GONE = "gone@example.org"


def test_nothing_was_compared_at_first(api):
    assert api.get(SYNC).json == {
        "synced_until": None,
        "ran_at": None,
        "seen": 0,
        "added": 0,
        "removed": 0,
    }


def test_a_comparison_is_asked_for_and_shown(api, world):
    reply = api.post(SYNC)
    assert (reply.status, reply.json) == (202, {"status": "queued"})
    world.settle(Queue.SUPPRESSIONS)
    shown = api.get(SYNC).json
    assert shown["synced_until"] == "2026-11-22T12:00:01.000Z"
    assert shown["ran_at"] == "2026-11-23T12:00:01.000Z"


@pytest.mark.parametrize(
    ("body", "pushed"),
    [
        ({"reason": "bounce"}, True),
        ({"reason": "complaint"}, True),
        ({"reason": "manual"}, False),
        ({"reason": "unsubscribed"}, False),
        ({"reason": "they wrote to us"}, False),
        ({"reason": "bounce", "brand": "demo"}, False),
        ({"reason": "complaint", "brand": "demo", "list": "newsletter"}, False),
    ],
)
def test_ses_is_told_of_bounces_and_complaints_of_every_brand_alone(api, world, body, pushed):
    reply = api.post(SUPPRESSIONS, json={"email": GONE, **body})
    assert (reply.status, reply.json["pushed"]) == (201, pushed)
    assert (GONE in world.account_list_rows.listed) is pushed


def test_ses_out_of_reach_keeps_no_suppression_from_being_made(api, world):
    world.faults = FailAlways("AccountList.put", Moment.BEFORE, Unavailable("down"))
    reply = api.post(SUPPRESSIONS, json={"email": GONE, "reason": "bounce"})
    assert (reply.status, reply.json["pushed"]) == (201, False)
    assert world.suppressions.find(GONE)


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_a_key_of_compliance_may(api_as, method):
    others = api_as(KeyScope.READ, KeyScope.MARKETING, KeyScope.EVENTS)
    assert getattr(others, method)(SYNC).status == 403
