# SPDX-License-Identifier: Apache-2.0
"""Sending a campaign again in the console: offered, done, refused, and found both ways."""

import re

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.campaigns import CampaignStatus, Progress
from chalicelib.domain.eligibility import SkipReason
from chalicelib.entrypoints.retries_console_pages import Again, again_of
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.campaign_sight import Seen
from tests.support.campaign_examples import campaign
from tests.support.memory_sending import accept
from tests.support.segment_desk import Desk

NOBODY = "A" * 22
BUTTON = "Send again to those it failed for</button>"


@pytest.fixture
def desk(web, world):
    return Desk(web, world, KeyScope.MARKETING)


@pytest.fixture
def parent(world):
    """The id of a campaign that was sent to two, and refused for one of them."""
    for number in range(2):
        world.subscribe(f"reader{number}@example.org")

    def answer(message):
        refused = message.to == "reader1@example.org"
        return Sent(outcome=Outcome.REJECTED) if refused else accept(message)

    world.mailbox.answer = answer
    started = world.campaign("November news")
    world.settle()
    world.mailbox.answer = accept
    return started


def again(desk, campaign_id, **fields):
    return desk.send(f"/console/campaigns/{campaign_id}/retry", language="en", **fields)


def test_it_is_offered_once_it_is_over_and_goes_to_those_it_failed_for_alone(desk, world, parent):
    path = f"/console/campaigns/{parent}"
    page = desk.get(path).text
    assert "failed for 1 person" in page
    assert BUTTON in page
    before = len(world.mails)
    reply = again(desk, parent)
    assert reply.status == 303
    there = reply.headers["location"]
    child = re.fullmatch(r"/console/campaigns/([^?]+)\?language=en&done=retry", there)[1]
    world.settle()
    assert [mail.message.to for mail in world.mails[before:]] == ["reader1@example.org"]
    page = desk.get(there).text
    assert 'role="status">This campaign has started' in page
    assert f'<a href="{path}?language=en">November news</a>.' in page
    page = desk.get(path).text
    assert BUTTON not in page
    assert f'<a href="/console/campaigns/{child}?language=en">November news</a>.' in page


def test_asked_twice_it_is_the_same_campaign_and_otherwise_the_way_to_it_is_shown(desk, parent):
    first, second = again(desk, parent), again(desk, parent)
    assert first.headers["location"] == second.headers["location"]
    refused = again(desk, parent, unsent="yes")
    assert refused.status == 409
    assert "sent again before" in refused.text
    assert "It was sent again to" in refused.text


def test_what_cannot_be_sent_again_is_neither_offered_nor_done(desk, world):
    world.subscribe("reader@example.org")
    started = world.campaign()
    path = f"/console/campaigns/{started}"
    assert BUTTON not in desk.get(path).text
    assert "cannot be done from where" in again(desk, started).text
    world.settle()
    assert BUTTON not in desk.get(path).text
    refused = again(desk, started)
    assert refused.status == 409
    assert "Nobody in it can surely be sent to again" in refused.text
    assert again(desk, NOBODY).status == 404


def test_only_a_marketers_own_form_does_it(desk, web, world, parent):
    path = f"/console/campaigns/{parent}"
    reader = Desk(web, world, KeyScope.READ)
    assert BUTTON not in reader.get(path).text
    assert web.post(f"{path}/retry", form={"form_token": "x"}, headers=desk.sent).status == 403
    told = {"form_token": desk.token()}
    assert web.post(f"{path}/retry", form=told, headers=reader.sent).status == 403
    assert len(world.campaigns.page(None, 10).items) == 1


def seen(status=CampaignStatus.SENT, *, complete=True, **skipped):
    return Seen(
        campaign=campaign(status=status),
        progress=Progress(planned=99, sent=9, rejected=1, unknown=1, skipped=skipped),
        status=status,
        tested=True,
        complete=complete,
    )


def test_of_those_left_out_only_whom_it_failed_for_are_counted(world):
    every = {str(reason): 1 for reason in SkipReason} | {"failed": 1, "unsent": 4}
    assert again_of(world, seen(**every)) == Again(failed=6, unsent=4)
    assert again_of(world, seen(complete=False, **every)) == Again()
    assert again_of(world, seen(CampaignStatus.CANCELLED, **every)) == Again()


@pytest.mark.parametrize(("failed", "kind"), [(1, "checkbox"), (0, "hidden")])
def test_whom_the_mail_service_surely_did_not_take_are_chosen_by_the_reader(
    desk, world, monkeypatch, parent, failed, kind
):
    told = Again(failed=failed, unsent=1_200)
    module = "chalicelib.entrypoints.campaigns_console_pages"
    monkeypatch.setattr(f"{module}.again_of", lambda *_: told)
    page = desk.get(f"/console/campaigns/{parent}").text
    assert re.search(rf'<input type="{kind}"[^>]* name="unsent" value="yes">', page)
    assert "1,200 people" in page
