# SPDX-License-Identifier: Apache-2.0
"""What the daily run owes to one person does not wait for what is wrong with another."""

import pytest

from chalicelib.domain.durations import DAY_MS
from chalicelib.entrypoints import schedules
from chalicelib.errors import FatalError, Unavailable
from chalicelib.ports.outside import Queue
from tests.support.faults import FailOnce, Moment


@pytest.fixture
def people(world):
    """One whose approved erasure lost its message, and one who never confirmed."""
    approved = world.subscribe("erased@example.org")
    asked = world.erasures.request({"subscriber": approved}, key_id="one")
    world.erasures.approve(asked.id, "two")
    world.messages.take(Queue.ERASURES)
    world.sign_up("silent@example.org")
    world.settle()
    silent = world.ledger.lookup(world.ledger.mac("silent@example.org")).sid
    world.time.advance(31 * DAY_MS)
    return approved, silent


def test_an_approved_erasure_is_finished_though_the_log_cannot_be_searched(world, people):
    world.faults = FailOnce("Erasures.place", Moment.BEFORE, Unavailable("no answer"))
    with pytest.raises(FatalError):
        schedules.erase_unconfirmed()
    assert people[0] not in world.rows.vault


def test_the_search_goes_on_though_an_erasure_fails(world, people):
    world.faults = FailOnce("PersonalData.shred", Moment.BEFORE, Unavailable("no answer"))
    with pytest.raises(FatalError):
        schedules.erase_unconfirmed()
    world.settle()
    assert people[1] not in world.rows.vault
