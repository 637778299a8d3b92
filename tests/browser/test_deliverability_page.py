# SPDX-License-Identifier: Apache-2.0
"""The doctor in the console, on the product in memory: sound in every state, and it fits."""

from dataclasses import replace

import pytest

from chalicelib.domain.catalog import LANGUAGES
from infra.local.demo_data import DEMO_BRAND
from tests.support.memory_deliverability import ACCOUNT, identity
from tests.support.soundness import assert_sound_at_every_size

HOME = "/console/deliverability"


def spoil(world):
    """Let something be wrong with every part of it."""
    facts = world.sender_facts
    wrong = replace(identity(), verified=False, status="PENDING", mail_from=None)
    facts.identities["example.org"] = wrong
    facts.told = replace(ACCOUNT, production=False, suppressed=())
    facts.silent.add("destinations")
    for token in identity().dkim.tokens:
        world.dns.set(f"{token}._domainkey.example.org", "CNAME")
    world.dns.set("_dmarc.example.org", "TXT", "v=DMARC1; p=none; pct=" + "9" * 300)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_sound_in_every_state_and_language_and_fits(desk, language):
    tour = desk(language)
    asked = f"?language={language}"
    tour.show(HOME + asked)
    assert_sound_at_every_size(tour.page, language)
    spoil(tour.world)
    tour.show(HOME + asked)
    assert_sound_at_every_size(tour.page, language)
    tour.show(f"{HOME}{asked}&brand=none")
    assert_sound_at_every_size(tour.page, language)
    tour.world.setup.add_brand(
        replace(
            DEMO_BRAND, id="shop", code="00000001", name="Shop " * 8, from_address="a@b.example"
        )
    )
    tour.show(HOME + asked)
    assert_sound_at_every_size(tour.page, language)


def test_what_is_missing_leads_to_what_to_do_about_it(desk):
    tour = desk("en")
    spoil(tour.world)
    tour.show(f"{HOME}?language=en")
    page = tour.page
    page.get_by_role("link", name="Identity in SES").first.click()
    assert page.url.endswith("#identity")
    assert "publish them" in page.locator("#identity").inner_text()
    assert "The records are the same as above." in page.locator("#dkim").inner_text()
