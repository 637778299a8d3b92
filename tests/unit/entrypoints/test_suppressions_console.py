# SPDX-License-Identifier: Apache-2.0
"""Suppressions in the console over HTTP: looked up, added, brought in and taken out."""

import re
from hashlib import sha256

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.ports.outside import Queue
from tests.support.import_uploads import FORM_WITH_FILE, form_with_file
from tests.support.segment_desk import Desk

HOME = "/console/suppressions"
ANNA, STRANGER = "anna@example.org", "stranger@example.org"


class Officer(Desk):
    """A session of the console with its form token, and files."""

    def token(self):
        found = re.search(r'name="form_token" value="([^"]+)"', self.get(HOME).text)
        return found[1] if found else ""

    def upload(self, data, **fields):
        """Send a file by the page's own form."""
        told = {"reason": "manual", "reach": "", "language": "en", **fields}
        body = form_with_file({"form_token": self.token(), **told}, data)
        headers = {**self.sent, "Content-Type": FORM_WITH_FILE}
        return self.web.post(f"{HOME}/imports", body, headers=headers)


@pytest.fixture
def desk(web, world):
    world.subscribe(ANNA)
    return Officer(web, world, KeyScope.COMPLIANCE)


def test_the_compliance_page_leads_to_it_and_only_an_officer_may_see_it(desk, web, world):
    assert f'href="{HOME}?language=en"' in desk.get("/console/compliance?language=en").text
    assert desk.get(HOME).status == 200
    marketer = Officer(web, world, KeyScope.MARKETING)
    assert marketer.get(HOME).status == 403
    assert marketer.send(HOME, act="add", email=STRANGER, reason="manual", reach="").status == 403
    assert world.suppressions.find(STRANGER) == ()


@pytest.mark.parametrize("language", ["en", "sv", "de", "fr"])
def test_it_speaks_four_languages(desk, language):
    page = desk.get(f"{HOME}?language={language}")
    assert f'<html lang="{language}"' in page.text
    for name in ("find", "add", "file", "push"):
        assert f'id="f-{name}"' in page.text


def test_an_address_is_added_and_looked_up_and_stands_in_no_address_of_a_page(desk, world):
    shown = desk.send(HOME, act="find", email=STRANGER, language="en")
    assert "This address is not suppressed." in shown.text
    added = desk.send(
        HOME, act="add", email=STRANGER, reason="unsubscribed", reach="demo/newsletter"
    )
    assert added.status == 200
    assert "It is suppressed, and the ledger says so." in added.text
    (row,) = world.suppressions.find(STRANGER)
    assert (row.brand, row.list, row.reason) == ("demo", "newsletter", "unsubscribed")
    again = desk.send(HOME, act="find", email=STRANGER.upper(), language="en").text
    assert "unsubscribed" in again
    assert "location" not in added.headers


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"act": "find", "email": "nobody"}, "This is not an e-mail address."),
        ({"act": "add", "email": "nobody"}, "This is not an e-mail address."),
        ({"act": "add", "email": STRANGER, "reach": "gone"}, "There is no such brand any more."),
        ({"act": "add", "email": STRANGER, "reach": "demo/gone"}, "There is no such list"),
    ],
)
def test_what_is_wrong_is_said_beside_the_form_as_it_was_filled_in(desk, world, fields, says):
    reply = desk.send(HOME, **{"reason": "manual", "reach": "", "language": "en", **fields})
    assert reply.status == 422
    assert says in reply.text
    assert f'value="{fields["email"]}"' in reply.text
    assert world.suppressions.find(STRANGER) == ()


def test_a_bounce_of_every_brand_goes_on_the_list_of_ses_as_over_the_api(desk, world):
    desk.send(HOME, act="add", email=STRANGER, reason="bounce", reach="")
    assert world.account_list.get(STRANGER) is not None
    desk.send(HOME, act="add", email=ANNA, reason="bounce", reach="demo")
    assert world.account_list.get(ANNA) is None


def test_a_file_is_brought_in_and_shows_what_became_of_it(desk, world):
    digest = sha256(ANNA.encode()).hexdigest()
    reply = desk.upload(f"{STRANGER}\n{digest}\nno address\n".encode(), push="yes")
    assert reply.status == 303
    address = reply.headers["location"].removesuffix("?language=en")
    waiting = desk.get(address)
    assert "The file is being read" in waiting.text
    assert waiting.headers["refresh"] == "3"
    world.settle(Queue.SUPPRESSIONS)
    page = desk.get(f"{address}?language=en")
    assert "The file was read" in page.text
    assert "no e-mail address, and no SHA-256" in page.text
    assert "Of your people, found by SHA-256" in page.text
    assert "no address" not in page.text
    assert "refresh" not in page.headers
    assert world.suppressions.find(ANNA)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "No file was chosen."),
        (b"reason\nbounce\n", "No column of the file is named"),
        (b"\xd0\xcf\x11\xe0", "This is a workbook"),
    ],
)
def test_a_file_that_is_no_list_is_refused_on_the_page(desk, world, data, says):
    reply = desk.upload(data)
    assert reply.status == 422
    assert says in reply.text
    assert not world.messages.take(Queue.SUPPRESSIONS)


def test_all_of_them_are_taken_out(desk, world):
    world.suppressions.add(STRANGER, "manual")
    reply = desk.send(f"{HOME}/exports", form="sha256", language="en")
    address = reply.headers["location"].removesuffix("?language=en")
    assert "being made" in desk.get(address).text
    world.settle(Queue.SUPPRESSIONS)
    page = desk.get(f"{address}?language=en").text
    assert "It has 1 suppression, a row each." in page
    file = desk.get(f"{address}/csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert file.headers["cache-control"] == "no-store"
    assert world.ledger.mac(STRANGER) in file.text


@pytest.mark.parametrize("place", ["imports/short", "exports/short", "exports/short/csv"])
def test_what_is_not_there_is_said_so(desk, place):
    assert desk.get(f"{HOME}/{place}").status == 404
    assert desk.get(f"{HOME}/{place}".replace("short", "A" * 22)).status == 404


def test_the_list_of_ses_is_compared_when_asked(desk, world):
    assert "They were not compared yet." in desk.get(f"{HOME}?language=en").text
    reply = desk.send(f"{HOME}/compare", act="compare", language="en")
    assert "The lists are being compared." in reply.text
    world.settle(Queue.SUPPRESSIONS)
    assert "Last compared" in desk.get(f"{HOME}?language=en").text
