# SPDX-License-Identifier: Apache-2.0
"""Who got a campaign and who did not, on the product in memory: looked through, exported, sound."""

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.ids import SHARDS
from chalicelib.domain.outcomes import OutcomeCode
from chalicelib.ports.outside import Queue
from tests.support.account_examples import fill, sids
from tests.support.browser import DESK, PHONE, SMALL_PHONE, assert_fits
from tests.support.soundness import assert_accessible_by_day_and_night, assert_sound

CODES = [code for code in OutcomeCode if code is not OutcomeCode.DISPATCHED]
SCOPES = (KeyScope.MARKETING, KeyScope.COMPLIANCE)


@pytest.fixture
def desk(desk):
    """Tours of somebody who may see people, too."""
    return lambda language="en": desk(language, *SCOPES)


def sent(tour):
    """The path of a campaign that was sent to somebody, and not to somebody suppressed."""
    for name in ("anna", "bo"):
        tour.subscribe(f"{name}@example.org")
    tour.world.suppressions.add("bo@example.org", "manual")
    campaign = tour.world.campaign("November news")
    tour.world.settle()
    return f"/console/campaigns/{campaign}"


def test_one_goes_from_a_campaign_to_a_reason_to_a_person_and_to_a_file(desk):
    tour = desk()
    tour.show(sent(tour))
    tour.press("Who did not get it, and why")
    main = tour.page.locator("main")
    assert main.locator("tbody tr").count() == 1
    tour.press("suppressed")
    assert main.locator("h2").first.inner_text() == "Skipped: suppressed"
    here = tour.page.url
    main.locator("tbody button").click()
    tour.page.get_by_role("heading", name="bo@example.org").wait_for()
    tour.show(here)
    tour.press("Make a file of 1 person")
    assert tour.page.locator("h1").inner_text() == "The file is being made"
    there = tour.page.url
    tour.world.settle(Queue.SEGMENTS)
    tour.show(there)
    assert "It has 1 person" in tour.page.locator("main").inner_text()
    with tour.page.expect_download() as fetched:
        tour.page.get_by_role("link", name="Download").click()
    assert "bo@example.org" in fetched.value.path().read_text()
    tour.world.export_fence.move()
    tour.show(there)
    tour.press("Make it anew")
    assert tour.page.locator("h1").inner_text() == "The file is being made"
    assert tour.page.url != there


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_is_sound_in_every_language_and_fits(desk, language):
    tour = desk(language)
    path = sent(tour)
    asked = f"?language={language}"
    listing = f"{path}/recipients{asked}"
    _judge(tour, path + asked)
    for more in ("", "&reason=suppressed", "&reason=erased", "&outcome=all&cursor=f-9-0"):
        _judge(tour, listing + more)
    campaign = path.rpartition("/")[2]
    people = {shard: sids(len(CODES), 100 * n) for n, shard in enumerate(SHARDS)}
    fill(tour.world, campaign, people, dict.fromkeys(SHARDS, CODES))
    _judge(tour, f"{listing}&outcome=all")
    tour.click(tour.page.locator("section[aria-labelledby=file] button"))
    there = tour.page.url
    _judge(tour, there)
    tour.world.settle(Queue.SEGMENTS)
    _judge(tour, there)
    tour.world.export_fence.move()
    _judge(tour, there)


def _judge(tour, path):
    tour.show(path)
    assert_sound(tour.page, tour.language)
    if tour.language == "en":
        assert_accessible_by_day_and_night(tour.page)
    for size in (PHONE, DESK):
        tour.page.set_viewport_size({"width": size[0], "height": size[1]})
        assert_fits(tour.page)
    tour.page.set_viewport_size({"width": SMALL_PHONE[0], "height": SMALL_PHONE[1]})
