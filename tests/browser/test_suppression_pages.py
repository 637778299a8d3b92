# SPDX-License-Identifier: Apache-2.0
"""Suppressions on the product in memory: added, brought in, taken out, sound on every screen."""

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.ports.outside import Queue
from tests.support.soundness import assert_sound_at_every_size

HOME = "/console/suppressions"
ANNA, STRANGER = "anna@example.org", "stranger@example.org"


@pytest.fixture
def desk(desk):
    """Tours of somebody who answers for people's rights."""
    return lambda language="en": desk(language, KeyScope.COMPLIANCE)


def bring_in(tour, text):
    """Choose a file and send it; the page that says what became of it once it was read."""
    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": text.encode()}
    tour.page.locator("#f-file").set_input_files(file)
    tour.click(tour.page.locator("section[aria-labelledby=in] button"))
    assert "/imports/" in tour.page.url
    there = tour.page.url
    tour.world.settle(Queue.SUPPRESSIONS)
    tour.show(there)


def test_one_adds_an_address_brings_in_a_file_and_takes_all_of_them_out(desk):
    tour = desk()
    tour.subscribe(ANNA)
    tour.show("/console/compliance?language=en")
    tour.press("Suppressions: addresses that get no mail")
    main = tour.page.locator("main")
    tour.page.get_by_label("E-mail address").fill(ANNA)
    main.locator("#f-reach-add").select_option("demo/newsletter")
    tour.press("Suppress")
    assert "It is suppressed" in main.locator(".found").inner_text()
    assert ANNA not in tour.page.url
    bring_in(tour, f"{STRANGER}\nnobody at all\n")
    assert tour.page.locator("h1").inner_text() == "The file was read"
    assert main.locator("tbody tr").count() == 1
    tour.show(f"{HOME}?language=en")
    tour.press("Make the file")
    there = tour.page.url
    tour.world.settle(Queue.SUPPRESSIONS)
    tour.show(there)
    assert "It has 2 suppressions" in main.inner_text()
    with tour.page.expect_download() as fetched:
        tour.page.get_by_role("link", name="Download").click()
    assert tour.world.ledger.mac(STRANGER) in fetched.value.path().read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_sound_in_each_language(desk, language):
    tour = desk(language)
    for _state in states(tour, language):
        assert_sound_at_every_size(tour.page, language)


def states(tour, language):
    """Each page in the state that holds most, shown."""
    asked = f"?language={language}"
    tour.show(HOME + asked)
    yield "empty"
    tour.page.locator("#f-add").fill(ANNA)
    tour.click(tour.page.locator("section[aria-labelledby=add] button"))
    yield "added"
    tour.page.locator("#f-find").fill("no address")
    tour.click(tour.page.locator("main form button"))
    yield "refused"
    tour.click(tour.page.locator("section[aria-labelledby=ses] button"))
    yield "compared"
    tour.world.settle()
    bring_in(tour, f"{STRANGER}\nnobody at all\n")
    yield "read"
    tour.show(HOME + asked)
    tour.click(tour.page.locator("section[aria-labelledby=out] button"))
    yield "being made"
    there = tour.page.url
    tour.world.settle()
    tour.show(there)
    yield "made"
    tour.world.export_fence.move()
    tour.show(there)
    yield "gone"
