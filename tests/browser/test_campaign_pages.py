# SPDX-License-Identifier: Apache-2.0
"""Campaigns in the console, on the product in memory: acted on, watched, sound in every state."""

import pytest

from chalicelib.domain.campaigns import Act
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.dry_run import PATIENCE_MS
from tests.support.console_tour import POLL_MS, Desk
from tests.support.memory_sending import accept
from tests.support.soundness import assert_sound, assert_sound_at_every_size

LINKS = ("https://www.example.org/menu", "https://www.example.org/" + "a-long-way/" * 20)


def now(tour: Desk) -> str:
    """The one sentence that is read out when it changes."""
    return tour.page.locator("[aria-live]").inner_text()


def test_a_campaign_is_tested_timed_sent_paused_and_called_off_by_pressing(desk):
    tour = desk()
    tour.subscribe("reader@example.org")
    path = tour.written()
    tour.show(path)
    assert "Not tested yet" in now(tour)
    tour.page.get_by_label("Address for the test").fill("author@example.org")
    tour.press("Send a test")
    assert "on its way" in tour.page.get_by_role("status").inner_text()
    assert tour.world.mails[-1].message.subject == "[Test] News"

    tour.page.get_by_label("Day", exact=True).fill("2027-01-01")
    tour.page.get_by_label("Time", exact=True).fill("01:00")
    tour.press("Send it then")
    assert "2027-01-01 01:00" in now(tour)
    tour.press("Take it off the clock")
    assert now(tour).startswith("Tested.")
    tour.press("Send it now")
    tour.press("Pause")
    assert now(tour).startswith("Paused")
    tour.press("Resume")
    tour.press("Call it off")
    assert tour.page.locator("h1").inner_text() == "Call off “November news”?"
    tour.press("Keep it")
    assert tour.page.locator(".state").inner_text() == "being sent"
    tour.press("Call it off")
    tour.press("Call it off for good")
    assert tour.page.locator(".state").inner_text() == "called off"
    assert not [mail for mail in tour.world.mails if mail.message.subject == "News"]


def test_numbers_change_under_the_reader_who_keeps_focus_and_place(desk):
    tour = desk()
    tour.subscribe("reader@example.org")
    campaign = tour.world.campaign("November news")
    tour.page.clock.install()
    tour.show(f"/console/campaigns/{campaign}")
    assert "accounted" not in tour.page.locator("main").inner_text()
    button = tour.page.get_by_role("button", name="Pause")
    button.focus()
    tour.page.evaluate("window.scrollTo(0, 300); window.kept = true")
    tour.world.settle()
    tour.page.clock.run_for(POLL_MS)
    tour.page.get_by_text("1 of 1 people accounted for").last.wait_for()
    assert tour.page.locator(".numbers dd").first.inner_text() == "1"
    assert now(tour).startswith("Sent.")
    assert button.evaluate("it => it === document.activeElement")
    assert tour.page.evaluate("window.kept && window.scrollY > 0")
    asked = tour.asked_for("/progress")
    tour.page.clock.run_for(5 * POLL_MS)
    assert tour.asked_for("/progress") == asked == 1
    tour.press("Show what can be done now")
    assert tour.page.get_by_role("button", name="Pause").count() == 0


def test_a_dry_run_is_begun_watched_and_read_by_pressing(desk):
    tour = desk()
    tour.subscribe("reader@example.org")
    mails = len(tour.world.mails)
    tour.page.clock.install()
    tour.show(tour.written())
    tour.press("Try without sending")
    assert tour.page.locator("h1").inner_text() == "Dry run"
    assert "being worked out" in now(tour)
    tour.world.settle()
    tour.page.clock.run_for(POLL_MS)
    tour.page.get_by_text("1 of the 1 people chosen would get it.").wait_for()
    assert tour.page.locator(".numbers dd").first.inner_text() == "1"
    asked = tour.asked_for("/dry-run")
    tour.page.clock.run_for(5 * POLL_MS)
    assert tour.asked_for("/dry-run") == asked
    tour.press("Try again without sending")
    assert "being worked out" in now(tour)
    tour.press("November news")
    assert "latest dry run" in tour.page.locator("main").inner_text()
    assert len(tour.world.mails) == mails


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_a_dry_run_is_sound_in_every_language_and_fits(desk, language):
    tour = desk(language)
    tour.subscribe("reader@example.org", first_name="Bo")
    path = tour.written(html="<p>{% if first_name == 'Bo' %}{{ nowhere }}{% endif %}</p>")
    campaign = path.rpartition("/")[2]
    for state in ("none", "pending", "ready", "failed"):
        if state == "ready":
            tour.world.settle()
        elif state != "none":
            tour.world.dry_runs.ask(campaign)
        if state == "failed":
            tour.world.time.advance(PATIENCE_MS + 1)
        tour.show(f"{path}/dry-run?language={language}")
        assert_sound_at_every_size(tour.page, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sending_again_is_sound_in_every_language_and_fits(desk, language):
    tour = desk(language)
    tour.subscribe("reader@example.org")
    tour.world.mailbox.answer = lambda _message: Sent(outcome=Outcome.REJECTED)
    parent = tour.world.campaign("November news")
    tour.world.settle()
    tour.world.mailbox.answer = accept
    path = f"/console/campaigns/{parent}?language={language}"
    tour.show(path)
    assert_sound_at_every_size(tour.page, language)
    tour.click(tour.page.locator("section[aria-labelledby=again] button"))
    tour.page.get_by_role("status").wait_for()
    assert_sound_at_every_size(tour.page, language)
    tour.show(path)
    assert_sound_at_every_size(tour.page, language)


def test_the_mail_is_shown_where_nothing_of_it_runs_or_leads_away(desk):
    tour = desk()
    path = tour.written()
    tour.show(path)
    mail = tour.page.frame_locator("iframe")
    assert mail.locator("h1").inner_text() == "Smörgås"
    mail.get_by_role("link", name="The menu").click()
    assert mail.locator("h1").inner_text() == "Smörgås"
    assert "allow-popups" in tour.barred[-1]


def test_an_error_is_read_first_and_leads_to_its_field(desk):
    tour = desk()
    path = tour.written()
    tour.show(path)
    tour.page.get_by_label("Address for the test").fill("author@localhost")
    tour.press("Send a test")
    assert_sound(tour.page, "en")
    assert "not an e-mail address" in tour.page.get_by_role("alert").inner_text()
    assert tour.page.get_by_label("Address for the test").input_value() == "author@localhost"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_is_sound_in_every_language_and_fits(desk, language):
    """The pages of a campaign in each state that has forms or numbers of its own."""
    tour = desk(language)
    tour.show(f"/console/campaigns?language={language}")
    assert_sound(tour.page, language)
    tour.subscribe("reader@example.org")
    links = "".join(f'<p><a href="{link}">{link[:40]}</a></p>' for link in LINKS)
    path = tour.written("Ein sehr langer Name für eine Kampagne im November", html=links)
    campaign = path.rpartition("/")[2]
    for state in ("draft", "tested", "scheduled", "paused", "sending", "sent"):
        _brought_to(tour.world, campaign, state)
        asks = [f"{path}/cancel"] if state in ("draft", "sending") else []
        for part in (path, *asks):
            tour.show(f"{part}?language={language}")
            assert_sound_at_every_size(tour.page, language)
    tour.show(f"/console/campaigns?language={language}")
    assert_sound_at_every_size(tour.page, language)


def _brought_to(world, campaign, state):
    if state == "tested":
        world.test(campaign)
    elif state == "scheduled":
        world.campaigns.schedule(campaign, world.clock.now_ms() + 3_600_000)
    elif state == "paused":
        world.campaigns.act(campaign, Act.SEND)
        world.campaigns.act(campaign, Act.PAUSE)
    elif state == "sending":
        world.campaigns.act(campaign, Act.RESUME)
    elif state == "sent":
        world.settle()
