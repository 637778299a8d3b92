# SPDX-License-Identifier: Apache-2.0
"""The product in memory, and the way into somebody's preference centre."""

import pytest

from infra.local.demo_data import DEMO_BRAND
from tests.support.world import World


@pytest.fixture
def world():
    return World()


@pytest.fixture
def access(world, sid):
    """What a mailed link opens for the person that the test's own ``sid`` names."""
    return world.access_links.open(world.access_links.make(sid, DEMO_BRAND.id, "en"))
