# SPDX-License-Identifier: Apache-2.0
"""What the daily run owes to one person does not wait for what is wrong with another."""

import json

import pytest

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.entrypoints import queues, schedules
from chalicelib.errors import FatalError, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
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


def test_a_claim_that_waited_its_year_is_found_and_its_person_erased_by_the_consumer(world):
    claim = Draft(
        type=EventType.CONSENT_IMPORTED,
        brand=BrandId("demo"),
        lists=(ListId("newsletter"),),
        purposes=(PurposeId("newsletter"),),
        via=Via.OPERATOR,
    )
    chain = world.ledger.start(world.ledger.mac("waiting@example.org"))
    profile = {"attributes": {}, "email": "waiting@example.org", "language": "en"}
    world.ledger.append(chain, [claim], profile=profile)
    world.settle()
    world.time.advance(366 * DAY_MS)
    assert schedules.erase_unconfirmed() == 1
    bodies = world.messages.take(Queue.ERASURES)
    answer = queues.erase_subjects(
        {"Records": [{"messageId": "m", "body": json.dumps(body)} for body in bodies]}
    )
    assert answer == {"batchItemFailures": []}
    assert chain.sid not in world.rows.vault
