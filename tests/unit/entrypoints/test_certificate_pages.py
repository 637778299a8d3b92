# SPDX-License-Identifier: Apache-2.0
"""The public certificate: it waits for the work, names nobody, and shows what was approved only."""

import pytest

from chalicelib.domain.rights import Right
from chalicelib.services.rights import Erase
from tests.support.world import READER

EMAIL = "visitor@example.org"


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


def test_it_says_that_it_is_coming_then_shows_it_and_never_a_name(web, world, sid):
    made = world.rights.by_person(sid, "demo", Right.ERASURE, READER)
    waiting = web.get(f"/certificates/{made.erasure}")
    assert (waiting.status, waiting.heading) == (200, "Your data is being erased")
    # A page that changes by itself interrupts whoever listens to it (WCAG 2.2, 2.2.1).
    assert "refresh" not in waiting.headers
    world.settle()
    shown = web.get(f"/certificates/{made.erasure}")
    assert (shown.status, shown.heading) == (200, "Certificate of erasure")
    assert "refresh" not in shown.headers
    for reply in (waiting, shown):
        assert EMAIL not in reply.text
        assert sid not in reply.text


def test_it_speaks_the_readers_language_or_that_of_the_erasure(web, world, sid):
    made = world.rights.by_person(sid, "demo", Right.ERASURE, READER, erase=Erase(language="de"))
    world.settle()
    address = f"/certificates/{made.erasure}"
    assert web.get(address, headers={"Accept-Language": "fr"}).heading != "Certificate of erasure"
    assert 'lang="sv"' in web.get(f"{address}?language=sv").text
    assert 'lang="de"' in web.get(address).text


def test_looking_writes_nothing(web, world, sid):
    made = world.rights.by_person(sid, "demo", Right.ERASURE, READER)
    before = len(world.rows.entries)
    for method in ("GET", "HEAD"):
        assert web.ask(method, f"/certificates/{made.erasure}").status == 200
    assert len(world.rows.entries) == before


def test_what_nobody_approved_does_not_show(web, world, sid):
    asked = world.erasures.request({"subscriber": sid}, key_id="key-one")
    assert web.get(f"/certificates/{asked.id}").status == 404
    world.erasures.cancel(asked.id)
    assert web.get(f"/certificates/{asked.id}").status == 404
    assert web.get(f"/certificates/{'A' * 22}").status == 404
