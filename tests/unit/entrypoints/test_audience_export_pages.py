# SPDX-License-Identifier: Apache-2.0
"""A list as a file, in the console over HTTP: asked for by a marketer's own form, and fetched."""

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.audience_exports import read_wish
from chalicelib.domain.export_rows import ExportStatus
from chalicelib.entrypoints.audience_export_pages import PEOPLE
from chalicelib.ports.outside import Queue
from chalicelib.services import export_files
from tests.support.exported import DEMO, NEWS, table, tables
from tests.support.segment_desk import Desk

ASKING = f"/console/lists/{NEWS}/export"
ANNA, BO = "anna@example.org", "bo@example.org"


@pytest.fixture
def desk(web, world):
    world.subscribe(ANNA)
    world.sign_up(BO)
    world.settle()
    return Desk(web, world, KeyScope.MARKETING)


def made(desk, world, **fields):
    reply = desk.send(ASKING, language="en", **fields)
    assert reply.status == 303
    address = reply.headers["location"].removesuffix("?language=en")
    waiting = desk.get(address)
    assert "being made" in waiting.text
    assert waiting.headers["refresh"] == "3"
    world.settle(Queue.SEGMENTS)
    return address


def test_the_overview_leads_to_it_and_every_tool_is_offered(desk):
    assert f'href="{ASKING}?language=en"' in desk.get("/console/overview?language=en").text
    page = desk.get(f"{ASKING}?language=en").text
    for format_ in ("kvitto", "mailchimp", "listmonk", "brevo"):
        assert f'value="{format_}"' in page
    for people in PEOPLE:
        assert f'value="{people}"' in page
    assert "written into the ledger first" in page


def test_a_csv_is_made_and_fetched(desk, world):
    address = made(desk, world, format="kvitto", people="all")
    page = desk.get(address).text
    assert "It has 2 rows" in page
    assert f'href="{address}/csv"' in page
    file = desk.get(f"{address}/csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert file.headers["cache-control"] == "no-store"
    rows = {row["email"]: row["status"] for row in table(file.body)}
    assert rows == {ANNA: "subscribed", BO: "waiting"}
    led = desk.get(f"{address}/zip")
    assert (led.status, led.headers["location"]) == (303, f"{address}?language=en")


def test_a_zip_is_made_of_whom_was_chosen(desk, world):
    address = made(desk, world, format="mailchimp", people="mailed")
    page = desk.get(address).text
    assert "It has 1 row." in page
    assert f'href="{address}/zip"' in page
    file = desk.get(f"{address}/zip")
    assert file.headers["content-type"] == "application/zip"
    assert [row["Email Address"] for row in tables(file.body)["subscribed"]] == [ANNA]


def test_a_file_that_is_no_more_says_why_and_can_be_made_anew(desk, world):
    address = made(desk, world, format="brevo", people="ended")
    world.export_fence.move()
    gone = desk.get(address).text
    assert "Somebody was erased" in gone
    assert f'action="{ASKING}"' in gone
    assert 'name="format" value="brevo"' in gone
    assert 'name="people" value="ended"' in gone
    asked = desk.send(ASKING, format="kvitto", people="all", language="en")
    world.time.advance(export_files.GIVE_UP_MS)
    late = desk.get(asked.headers["location"]).text
    assert "within six hours" in late


def test_what_only_the_api_can_ask_for_is_shown_all_the_same(desk, world):
    wish = read_wish("kvitto", DEMO, None, [ExportStatus.BOUNCED])
    export = world.exports.ask_audience(wish)
    page = desk.get(f"/console/exports/{export.id}?language=en")
    assert page.status == 200
    assert "Make it anew" not in page.text


def test_only_a_marketers_own_form_makes_a_file(desk, web, world):
    address = made(desk, world, format="kvitto", people="all")
    for scope in (KeyScope.READ, KeyScope.COMPLIANCE):
        other = Desk(web, world, scope)
        assert "Make the file" not in other.get(f"{ASKING}?language=en").text
        for path in (address, f"{address}/csv"):
            assert other.get(path).status == 403
    told = {"form_token": "x", "format": "kvitto", "people": "all"}
    assert web.post(ASKING, form=told, headers=desk.sent).status == 403
    assert world.messages.take(Queue.SEGMENTS) == []


def test_what_is_not_there_is_not_found_and_what_is_not_offered_is_refused(desk, world):
    nobodys = "/console/lists/nothing/export"
    assert desk.get(nobodys).status == 404
    assert desk.send(nobodys, format="kvitto").status == 404
    for fields in ({"format": "excel"}, {"format": "kvitto", "people": "friends"}):
        assert desk.send(ASKING, **fields).status == 422
    assert world.messages.take(Queue.SEGMENTS) == []
