# SPDX-License-Identifier: Apache-2.0
"""The unsubscribe link over HTTP: one POST, whatever it looks like, and what is said after it."""

import re
from dataclasses import replace

import pytest

from chalicelib.domain.catalog import UnsubscribeScope
from chalicelib.domain.leaving import LeavingReason
from chalicelib.domain.state import ConsentStatus
from tests.support.bodies import MULTIPART_TYPE, random_bodies
from tests.support.faults import FailOnce, Moment

EMAIL = "visitor@example.org"
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def statuses(world):
    (sid,) = world.rows.vault
    return {str(item.status) for item in world.state(sid).consents.values()}


@pytest.fixture
def narrowed(world):
    """The brand's unsubscribe link stops one list; there is a second one."""
    world.setup.add_list("events", "demo", "Events & fairs")
    return world.setup.change_brand("demo", {"unsubscribe_scope": UnsubscribeScope.LIST})


@pytest.mark.parametrize("token", ["A" * 66, "nonsense", "%00", "a b", "x" * 300, "ä" * 43, ".."])
@pytest.mark.parametrize("under", ["", "/reason"])
def test_a_forged_token_is_a_404_page(web, world, token, under):
    path = f"/unsubscribe/{token}{under}"
    for reply in (web.get(path), web.post(path, form={"reason": "other"})):
        assert reply.status == 404
        assert "<html" in reply.text
    assert not world.rows.entries
    assert not world.catalog_rows.reasons


def test_looking_at_an_unsubscribe_link_changes_nothing(web, world, unsubscribe):
    before = len(world.rows.entries)
    reply = web.get(unsubscribe, headers={"Accept-Language": "de"})
    assert '<html lang="de">' in reply.text
    assert EMAIL not in reply.text
    assert len(world.rows.entries) == before


@pytest.mark.parametrize("method", ["HEAD", "GET", "OPTIONS", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("query", ["", "?List-Unsubscribe=One-Click", "?reason=other"])
@pytest.mark.parametrize("under", ["", "/reason"])
@pytest.mark.parametrize("agent", ["Mozilla/5.0", "Googlebot/2.1", "BarracudaCentral"])
def test_no_method_but_post_changes_anything(web, world, unsubscribe, method, query, under, agent):
    """Mautic unsubscribed on HEAD, Rock RMS on any GET: scanners open every link."""
    before = len(world.rows.entries)
    reply = web.ask(method, unsubscribe + under + query, headers={"User-Agent": agent})
    assert reply.status < 500
    assert len(world.rows.entries) == before
    assert not world.catalog_rows.reasons
    assert statuses(world) == {ConsentStatus.GIVEN}


MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (ONE_CLICK, {"Content-Type": "application/x-www-form-urlencoded"}),
        (MULTIPART, {"Content-Type": "multipart/form-data; boundary=b"}),
        (ONE_CLICK, {"Content-Type": "application/json"}),
        (ONE_CLICK, {"Content-Type": "text/plain"}),
        (ONE_CLICK, {}),
        (b"", {}),
        (b"", {"Content-Type": "multipart/form-data"}),
        (b"\xff\x00", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"x" * 100_000, {"Content-Type": "application/x-www-form-urlencoded"}),
        (ONE_CLICK, {"User-Agent": "Googlebot/2.1", "Cookie": "a=b"}),
        (ONE_CLICK, {"User-Agent": "", "Origin": "https://mail.example.com"}),
        (b'{"List-Unsubscribe":"One-Click"}', {"Content-Type": "application/json"}),
        (b"{broken", {"Content-Type": "application/json"}),
    ],
)
def test_every_post_unsubscribes_whatever_its_body_and_sender(
    web, world, unsubscribe, body, headers
):
    reply = web.post(unsubscribe, body, headers=headers)
    assert reply.status == 200
    assert reply.heading == "You are unsubscribed"
    assert "set-cookie" not in reply.headers
    assert "location" not in reply.headers
    assert statuses(world) == {ConsentStatus.WITHDRAWN}


@pytest.mark.parametrize(
    ("body", "via"),
    [(ONE_CLICK, "list-unsub-post"), (b"", "page"), (ONE_CLICK + b"&language=en", "page")],
)
def test_the_ledger_says_how_the_withdrawal_came(web, world, unsubscribe, body, via):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    web.post(unsubscribe, body, headers=headers)
    (sid,) = world.rows.vault
    leaf = world.store.history(sid)[-1].leaf
    assert f'"via":"{via}"'.encode() in leaf


def test_no_malformed_body_keeps_anybody_from_unsubscribing(web, world, unsubscribe):
    broken = b"--b\r\nContent-Disposition: form-data; a*\r\n\r\nOne-Click\r\n--b--\r\n"
    headers = {"Content-Type": MULTIPART_TYPE}
    for body in (broken, *random_bodies(1, 60)):
        assert web.post(unsubscribe, body, headers=headers).status == 200
    assert statuses(world) == {ConsentStatus.WITHDRAWN}


def test_a_repeat_and_an_erased_person_get_the_same_page_and_append_nothing(
    web, world, unsubscribe
):
    first = web.post(unsubscribe, ONE_CLICK)
    entries = len(world.rows.entries)
    assert web.post(unsubscribe, ONE_CLICK).text == first.text
    world.rows.vault.clear()
    world.rows.states.clear()
    assert web.post(unsubscribe, ONE_CLICK).text == first.text
    assert len(world.rows.entries) == entries


class TestTheWordsAfterwards:
    def test_name_what_stopped_and_what_goes_on_and_nothing_of_the_reader(
        self, web, world, unsubscribe
    ):
        world.setup.add_list("events", "demo", "Events & fairs")
        demo = world.brands.get("demo")
        for number, controller in ((1, demo.controller_name), (2, "Somebody Else")):
            names = {"id": f"brand{number}", "code": f"0000000{number}", "name": f"Brand {number}"}
            world.setup.add_brand(replace(demo, **names, controller_name=controller))
        text = web.post(unsubscribe, form={"language": "en"}).text
        stopped, _, goes_on = text.partition("What goes on")
        assert "<li>Events &amp; fairs</li>" in stopped
        assert "Brand 1" in goes_on
        assert "Brand 2" not in text
        assert EMAIL not in text

    def test_are_the_same_for_every_reader_of_the_brand(self, web, world, unsubscribe):
        """What the person had signed up to must not show: a forwarded mail has the link too."""
        first = web.post(unsubscribe, form={"language": "en"}).text
        world.subscribe("other@example.org", measurement="yes")
        world.campaign()
        world.settle()
        header = dict(world.mails[-1].message.headers)["List-Unsubscribe"]
        other = header.strip("<>").removeprefix("https://mail.example.org")
        second = web.post(other, form={"language": "en"}).text
        own = r"/(unsubscribe|receipt)/[A-Za-z0-9_-]+"
        assert re.sub(own, "", second) == re.sub(own, "", first)

    def test_say_it_is_done_though_the_names_cannot_be_read(self, web, world, unsubscribe):
        world.faults = FailOnce("Lists.of_brand", Moment.BEFORE)
        reply = web.post(unsubscribe, form={"language": "en"})
        assert (reply.status, reply.heading) == (200, "You are unsubscribed")
        assert statuses(world) == {ConsentStatus.WITHDRAWN}


class TestOneListOnly:
    def test_a_brand_can_narrow_the_link_to_the_list_of_the_mail(
        self, web, world, unsubscribe, narrowed
    ):
        assert "list “Newsletter”" in web.get(unsubscribe).text
        text = web.post(unsubscribe, form={"language": "en"}).text
        assert "no more mail of the list “Newsletter”" in text
        assert "Events &amp; fairs" in text.partition("What goes on")[2]
        assert "/preferences/" in text
        (sid,) = world.rows.vault
        leaf = world.store.history(sid)[-1].leaf
        assert b'"lst":["newsletter"]' in leaf
        assert web.post(unsubscribe, form={"language": "en"}).text == text

    def test_its_second_button_stops_the_whole_brand(self, web, world, unsubscribe, narrowed):
        assert 'name="everything"' in web.get(unsubscribe).text
        reply = web.post(unsubscribe, form={"everything": "yes", "language": "en"})
        assert "sends you no more marketing mail" in reply.text
        (sid,) = world.rows.vault
        assert b'"lst"' not in world.store.history(sid)[-1].leaf

    def test_the_second_button_also_works_after_the_first(self, web, world, unsubscribe, narrowed):
        web.post(unsubscribe, form={"language": "en"})
        (sid,) = world.rows.vault
        before = len(world.types(sid))
        web.post(unsubscribe, form={"everything": "yes", "language": "en"})
        assert world.types(sid)[before:] == ["consent.withdrawn"]
        assert b'"lst"' not in world.store.history(sid)[-1].leaf

    def test_of_an_unknown_delivery_everything_stops(self, web, world, unsubscribe, narrowed):
        world.sending_rows.deliveries.clear()
        assert "all marketing mail" in web.get(unsubscribe).text
        text = web.post(unsubscribe, form={"language": "en"}).text
        assert "sends you no more marketing mail" in text


class TestWhy:
    def test_is_counted_for_brand_and_campaign_once_for_a_link(self, web, world, unsubscribe):
        web.post(unsubscribe, ONE_CLICK)
        entries = len(world.rows.entries)
        for reason in ("too-many", "other"):
            reply = web.post(f"{unsubscribe}/reason", form={"reason": reason, "language": "en"})
            assert (reply.status, reply.heading) == (200, "Thank you for your answer")
        assert world.reasons.of_brand("demo") == {"too-many": 1}
        (campaign,) = world.catalog_rows.campaigns
        assert world.reasons.of_campaign(campaign) == {"too-many": 1}
        assert len(world.rows.entries) == entries

    def test_is_counted_for_the_brand_when_the_delivery_is_gone(self, web, world, unsubscribe):
        world.sending_rows.deliveries.clear()
        web.post(f"{unsubscribe}/reason", form={"reason": "not-relevant"})
        assert list(world.catalog_rows.reasons) == [("brand", "demo")]

    def test_keeps_nothing_of_who_said_it(self, web, world, unsubscribe):
        web.post(f"{unsubscribe}/reason", form={"reason": "never-signed-up"})
        (sid,) = world.rows.vault
        kept = repr((world.catalog_rows.reasons, world.outside_rows))
        assert unsubscribe.rpartition("/")[2] not in kept
        told = [claim for claim in world.outside_rows.claims if claim.startswith("left#")]
        assert len(told) == 1
        assert sid not in told[0]

    def test_offers_who_never_signed_up_a_way_to_ask(self, web, unsubscribe):
        reply = web.post(
            f"{unsubscribe}/reason", form={"reason": "never-signed-up", "language": "en"}
        )
        assert "write to" in reply.text

    @pytest.mark.parametrize("form", [{}, {"reason": ""}, {"reason": "boring"}])
    def test_is_one_of_a_closed_list_and_asked_for_again(self, web, world, unsubscribe, form):
        reply = web.post(f"{unsubscribe}/reason", form={"language": "en", **form})
        assert reply.status == 422
        summary, _, question = reply.text.partition("<h1 ")
        assert "autofocus" in summary
        assert 'href="#r-too-many">Please choose one of what is offered.</a>' in summary
        assert "Would you tell us why?" in question
        assert 'id="e-reason">Please choose one of what is offered.' in question
        assert question.count('type="radio"') == len(LeavingReason)
        assert not world.catalog_rows.reasons
