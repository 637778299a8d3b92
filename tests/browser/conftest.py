# SPDX-License-Identifier: Apache-2.0
"""One stack for all that look at one, only when there is a Chromium to look with.

Which worker of a parallel run starts it is said in tests/support/groups.py.
"""

from pathlib import Path

import pytest

from chalicelib import bootstrap
from chalicelib.domain.api_keys import KeyScope
from tests.support.browser import HANDS, Visit
from tests.support.console_tour import Desk
from tests.support.host_site import Guest, hosting, published
from tests.support.stack import running
from tests.support.world import World

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def stack(browser, tmp_path_factory):
    """The stack the browser looks at."""
    with running(tmp_path_factory.mktemp("browsed")) as started:
        yield started


@pytest.fixture(scope="session")
def site(stack):
    """A site of somebody else."""
    with hosting(stack) as opened:
        yield opened


@pytest.fixture(scope="session")
def form(stack, site):
    """A form like the demo's that the site may embed."""
    return published(stack, "embedded", site)


@pytest.fixture
def visit(browser, stack):
    """Open visits; each is closed, and its manners checked, at the end of the test."""
    opened: list[Visit] = []

    def begin(*details, **settings) -> Visit:
        opened.append(Visit(browser, stack.base_url, *details, **settings))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


@pytest.fixture
def guest(browser, stack, site):
    """Open visits to the site; each is closed, and its manners checked, at the end."""
    opened: list[Guest] = []

    def begin(*details, **settings) -> Guest:
        opened.append(Guest(browser, stack, site, *details, **settings))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


@pytest.fixture
def drawn(browser):
    """Open visits to pages that are drawn by the test itself; nothing answers them."""
    opened: list[Visit] = []

    def begin(*details, **settings) -> Visit:
        opened.append(Visit(browser, "http://127.0.0.1:9", *details, **settings))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


@pytest.fixture(params=sorted(HANDS))
def hands(request):
    """A mouse, then a keyboard."""
    return HANDS[request.param]


@pytest.fixture
def desk(browser, monkeypatch):
    """Begin tours of the console, each of a world of its own."""
    begun: list[Desk] = []

    def begin(language: str = "en", *scopes: KeyScope) -> Desk:
        world = World()
        monkeypatch.setattr(bootstrap, "container", lambda: world)
        begun.append(Desk(browser, world, language, *scopes))
        return begun[-1]

    yield begin
    for tour in begun:
        tour.close()
