# SPDX-License-Identifier: Apache-2.0
"""A retry over the API: a campaign of its own, made once, and told by both."""

from chalicelib.domain.api_keys import KeyScope
from chalicelib.ports.sending import Outcome, Sent
from tests.support.memory_sending import accept

REFUSED = Sent(outcome=Outcome.REJECTED, reason="no such mailbox")


def over(world, *refused):
    """The path of a campaign that is over and did not reach some."""
    for name in ("anna", "bo"):
        world.subscribe(f"{name}@example.org")
    world.mails.clear()
    world.mailbox.answer = lambda message: REFUSED if message.to in refused else None
    campaign = world.campaign()
    world.settle()
    world.mailbox.answer = accept
    return f"/api/v1/campaigns/{campaign}"


def test_those_it_did_not_reach_get_it_by_a_campaign_that_both_tell_of(api, world):
    path = over(world, "bo@example.org")
    parent = api.get(path).json
    assert (parent["rejected"], parent["retry_of"], parent["retried_by"]) == (1, None, None)
    asked = api.post(f"{path}/retry", json={"unsent": False})
    child = asked.json
    assert (asked.status, asked.headers["location"]) == (201, f"/api/v1/campaigns/{child['id']}")
    assert (child["status"], child["retry_of"], child["tested"]) == ("sending", parent["id"], True)
    world.settle()
    seen = api.get(f"/api/v1/campaigns/{child['id']}").json
    assert (seen["status"], seen["planned"], seen["sent"]) == ("sent", 1, 1)
    assert api.get(path).json["retried_by"] == child["id"]
    of = {item["id"]: item["retry_of"] for item in api.get("/api/v1/campaigns").json["items"]}
    assert of == {parent["id"]: None, child["id"]: parent["id"]}
    assert sorted(mail.message.to for mail in world.mails) == ["anna@example.org", "bo@example.org"]


def test_asking_twice_makes_one(api, world):
    path = over(world, "bo@example.org")
    first, second = (api.post(f"{path}/retry", json={}) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.json["id"] == second.json["id"]
    assert api.post(f"{path}/retry", json={"unsent": True}).status == 409


def test_what_cannot_be_retried_says_so(api, world):
    path = over(world)
    refused = api.post(f"{path}/retry", json={"unsent": True})
    assert refused.status == 409
    assert "nobody to send to again" in refused.json["detail"]
    assert len(api.get("/api/v1/campaigns").json["items"]) == 1
    draft = world.campaign("Under way")
    assert api.post(f"/api/v1/campaigns/{draft}/retry", json={}).status == 409
    assert api.post(f"/api/v1/campaigns/{'A' * 22}/retry", json={}).status == 404


def test_the_body_is_closed_and_the_key_needs_its_scope(api, api_as, world):
    path = over(world, "bo@example.org")
    assert api.post(f"{path}/retry", json={"unsent": "yes"}).status == 422
    assert api.post(f"{path}/retry", json={"unknown": True}).status == 422
    assert api_as(KeyScope.READ).post(f"{path}/retry", json={}).status == 403
