# SPDX-License-Identifier: Apache-2.0
"""The app over an in-memory world, and a way to ask it."""

import re

import pytest

from chalicelib import bootstrap
from chalicelib.domain.api_keys import KeyScope
from tests.support.asking import Asker
from tests.support.world import World


@pytest.fixture
def world(monkeypatch):
    made = World()
    monkeypatch.setattr(bootstrap, "container", lambda: made)
    return made


@pytest.fixture
def web(world):
    """Somebody with a browser and no key."""
    return Asker()


@pytest.fixture
def unsubscribe(world):
    """The path of the unsubscribe link in a campaign mail to a subscriber."""
    world.subscribe("visitor@example.org")
    world.campaign()
    world.settle()
    headers = dict(world.mails[-1].message.headers)
    return re.sub(r"^<https://[^/]+|>$", "", headers["List-Unsubscribe"])


@pytest.fixture
def api(world):
    """Somebody with a key of every scope."""
    asker = Asker()
    asker.key, _ = world.key_ring.create("tests", KeyScope)
    return asker


@pytest.fixture
def api_as(world):
    """Return a function that makes an asker with a key of the given scopes."""

    def make(*scopes):
        asker = Asker()
        asker.key, _ = world.key_ring.create("tests", scopes)
        return asker

    return make
