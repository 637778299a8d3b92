# SPDX-License-Identifier: Apache-2.0
"""A campaign that stops itself half-way: why, in words; let go by somebody; everybody gets it once.

Real adapters against the local stack's AWS over HTTP; what happens to mails is asked of our own SES
endpoint, as a person at the local stack would (`POST /local/ses/events`).
"""

import json
import os
import re
import urllib.request

import pytest

from chalicelib.adapters import aws
from chalicelib.entrypoints import queues
from chalicelib.entrypoints.api.frame import rfc3339
from infra.local.consumers import sqs_event
from tests.support.asking import Asker
from tests.support.sending_site import SendingSite

PEOPLE, BUYERS = 400, 30
KEY = "sending-local-key-0123456789"
PLENTY_MS = 600_000
MOST_SECONDS = 120.0


@pytest.fixture
def site(tmp_path, monkeypatch):
    made = SendingSite(tmp_path, monkeypatch)
    made.add_readers(PEOPLE)
    yield made
    aws.forget_clients()


@pytest.fixture
def api():
    asker = Asker()
    asker.key = KEY
    return asker


def happen(mail, kind):
    """Make something happen to a mail that SES took."""
    request = urllib.request.Request(
        f"{os.environ['AWS_ENDPOINT_URL_SESV2']}/local/ses/events",
        method="POST",
        data=json.dumps({"message_id": mail.message_id, "type": kind}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def hear_harms(site, count):
    """Hand over ``count`` events beside those of each mail."""
    while count > 0:
        messages = site.receive(site._events_url, count)
        event = sqs_event(messages, site._events_url)
        assert queues.record_ses_events(event) == {"batchItemFailures": []}
        site.delete(site._events_url, messages)
        count -= len(messages)


def send(site, most=None):
    """Hand over the runs that wait, or so many of them."""
    messages = site.receive(site.chunks_url, most or 100)
    for message in messages:
        event = sqs_event([message], site.chunks_url)
        assert queues.send_chunks(event, lambda: PLENTY_MS) == {"batchItemFailures": []}
    site.delete(site.chunks_url, messages)
    return len(messages)


def plan(site):
    """Hand over the messages that plan, and make those of the runs still open."""
    url = os.environ["KVITTO_PLANS_QUEUE"]
    while messages := site.receive(url, 100):
        assert queues.plan_campaigns(sqs_event(messages, url)) == {"batchItemFailures": []}
        site.delete(url, messages)


def accepted(site, campaign):
    return [mail for mail in site.ses.mailbox.to_address(None) if mail.tags.get("c") == campaign]


def enrol(site, api, count):
    """Bring in people whose whole history stands in the ledger, as one who complains needs."""
    at = rfc3339(site.clock.now_ms())
    for number in range(count):
        asked = {
            "basis": "attested",
            "email": f"buyer{number}@example.org",
            "form": "demo",
            "boxes": {"newsletter": True},
            "at": at,
            "visitor": {"ip": "192.0.2.7"},
        }
        assert api.post("/api/v1/subscribers", json=asked).status == 201


def console(api):
    reply = api.post("/console/login", form={"key": KEY})
    return {"Cookie": reply.headers["set-cookie"].partition(";")[0]}


def press(api, cookie, path, **fields):
    """Send a form of a page, and return the page that is then shown."""
    page = api.get(path, headers=cookie).text
    token = re.search(r'name="form_token" value="([^"]+)"', page)[1]
    answer = api.post(path, form={"form_token": token, **fields}, headers=cookie)
    assert answer.status == 303
    return api.get(answer.headers["location"], headers=cookie).text


def test_complaints_stop_a_campaign_until_somebody_sends_it_all_the_same(site, api):
    enrol(site, api, BUYERS)
    campaign = site.started()
    path, console_path = f"/api/v1/campaigns/{campaign}", f"/console/campaigns/{campaign}"
    assert send(site, 10) == 10
    site.hear()
    half = accepted(site, campaign)
    assert 100 < len(half) < PEOPLE

    buyers = [mail for mail in half if mail.draft.destination.addresses[0].startswith("buyer")]
    for mail in buyers[:3]:
        happen(mail, "Complaint")
    hear_harms(site, 3)
    told = api.get(path).json
    assert (told["status"], told["problem"]) == ("sending", "complaints")
    assert send(site) == 6
    assert len(accepted(site, campaign)) == len(half), "the very next call obeys"

    site.container.watch.advance()
    told = api.get(path).json
    assert (told["status"], told["problem"]) == ("paused", "complaints")
    assert (told["stopped"]["delivered"], told["stopped"]["complained"]) == (len(half), 3)
    (domain,) = api.get("/api/v1/deliverability/domains").json["items"]
    assert (domain["domain"], domain["level"], domain["why"]) == (
        "example.org",
        "stop",
        "complaints",
    )
    refused = api.post(f"{path}/resume")
    assert (refused.status, refused.json["code"]) == (409, "risk_not_accepted")

    cookie = console(api)
    page = api.get(console_path, headers=cookie).text
    assert f"Of {len(half)} mails delivered, 3 were reported as unwanted." in page
    desk = "/console/deliverability"
    assert "Mail goes there again" in press(
        api, cookie, desk, domain=domain["id"], brand=told["brand"]
    )
    page = press(api, cookie, console_path, act="resume", accept_risk="yes")
    assert "The campaign goes on." in page

    plan(site)
    while send(site):
        pass
    site.finish(campaign, MOST_SECONDS)
    told = api.get(path).json
    assert (told["status"], told["problem"], told["stopped"]) == ("sent", None, None)
    assert (told["planned"], told["sent"]) == (PEOPLE + BUYERS, PEOPLE + BUYERS)
    assert set(site.mailed(campaign).values()) == {1}


def test_bounces_at_one_provider_leave_out_its_people_and_nobody_else(site, api):
    campaign = site.started()
    assert send(site, 10) == 10
    site.hear()
    half = accepted(site, campaign)
    for mail in half[: len(half) // 8]:
        happen(mail, "Bounce")
    hear_harms(site, len(half) // 8)
    (domain,) = api.get("/api/v1/deliverability/domains").json["items"]
    assert (domain["level"], domain["why"]) == ("stop", "bounces")
    site.container.watch.advance()
    assert api.post(f"/api/v1/campaigns/{campaign}/resume?accept_risk=true").status == 202
    plan(site)
    while send(site):
        pass
    site.finish(campaign, MOST_SECONDS)
    told = api.get(f"/api/v1/campaigns/{campaign}").json
    held = told["skipped"]["domain-stopped"]
    assert (told["sent"], held, told["open"]) == (len(half), PEOPLE - len(half), 0)

    assert api.post(f"/api/v1/deliverability/domains/{domain['id']}/resume").status == 202
    child = api.post(f"/api/v1/campaigns/{campaign}/retry", json={}).json["id"]
    plan(site)
    while send(site):
        pass
    site.finish(child, MOST_SECONDS)
    assert api.get(f"/api/v1/campaigns/{child}").json["sent"] == held
