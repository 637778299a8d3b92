# SPDX-License-Identifier: Apache-2.0
"""What every `FrequencyStore` guarantees, on the fake and on DynamoDB's adapter."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.ledger_rows import subject_key
from chalicelib.domain.frequency import WEEK_MS, Frequency, Rhythm
from chalicelib.errors import FatalError, NotFound
from chalicelib.ports.ledger import ProfileWrite
from tests.contract.ports.conftest import AUDIENCE
from tests.support.appends import LIST, first_append, next_append, subject
from tests.support.clock import START_MS

ANNA = subject("anna")
TWICE = Frequency(max_per_week=2)


@pytest.fixture
def frequency(ports):
    ports.ledger.commit(first_append("anna"))
    return ports.frequency


def test_who_chose_nothing_has_no_limit_and_neither_has_nobody(frequency):
    assert frequency.get(ANNA) == frequency.get(subject("nobody")) == Frequency()
    assert all(frequency.take(ANNA, START_MS) for _ in range(9))


def test_what_was_chosen_is_kept_and_shows_on_the_member(ports, frequency):
    chosen = Frequency(max_per_week=7, paused_until_ms=START_MS + 5)
    frequency.put(ANNA, chosen)
    assert frequency.get(ANNA) == chosen
    assert ports.audience.members([ANNA])[ANNA].frequency == chosen
    assert ports.audience.page(None, 1).members[0].frequency == chosen
    frequency.put(ANNA, Frequency())
    assert frequency.get(ANNA) == Frequency()


def test_a_choice_makes_no_row_for_who_has_none(ports, frequency):
    nobody = subject("nobody")
    with pytest.raises(NotFound):
        frequency.put(nobody, TWICE)
    frequency.give_back(nobody, START_MS)
    assert not frequency.take(nobody, START_MS)
    assert ports.audience.members([nobody]) == {}


def test_slots_are_those_of_any_seven_days_in_a_row_and_show_on_the_member(ports, frequency):
    frequency.put(ANNA, TWICE)
    assert frequency.take(ANNA, START_MS)
    assert frequency.take(ANNA, START_MS + 1_000)
    assert not frequency.take(ANNA, START_MS + WEEK_MS - 1)
    assert frequency.take(ANNA, START_MS + WEEK_MS)
    assert not frequency.take(ANNA, START_MS + WEEK_MS + 999)
    taken = (START_MS + 1_000, START_MS + WEEK_MS)
    assert ports.audience.member(ANNA).rhythm == Rhythm(frequency=TWICE, sent_ms=taken)
    assert frequency.take(ANNA, START_MS + WEEK_MS + 1_000)


def test_a_slot_given_back_is_free_again_and_none_is_given_back_twice(frequency):
    frequency.put(ANNA, TWICE)
    assert frequency.take(ANNA, START_MS)
    assert frequency.take(ANNA, START_MS + 1)
    frequency.give_back(ANNA, START_MS)
    frequency.give_back(ANNA, START_MS)
    assert frequency.take(ANNA, START_MS + 2)
    assert not frequency.take(ANNA, START_MS + 3)


def test_a_new_choice_counts_the_mails_of_the_old_one(frequency):
    frequency.put(ANNA, TWICE)
    assert frequency.take(ANNA, START_MS)
    frequency.put(ANNA, Frequency(max_per_week=1))
    assert not frequency.take(ANNA, START_MS + 1)


def test_during_a_pause_no_slot_is_free(frequency):
    frequency.put(ANNA, Frequency(max_per_week=7, paused_until_ms=START_MS + 10))
    assert not frequency.take(ANNA, START_MS + 9)
    assert frequency.take(ANNA, START_MS + 10)


def test_an_append_that_rewrites_the_profile_keeps_the_rhythm(ports, frequency):
    frequency.put(ANNA, TWICE)
    profile = ProfileWrite(sealed=b"another", lists=((LIST, "subscribed"),))
    ports.ledger.commit(next_append("anna", 1, profile=profile))
    assert ports.audience.members([ANNA])[ANNA].sealed == b"another"
    assert frequency.get(ANNA) == TWICE


def test_of_slots_taken_at_once_exactly_the_cap_succeeds(frequency):
    frequency.put(ANNA, Frequency(max_per_week=3))
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: frequency.take(ANNA, START_MS + n), range(8)))
    assert sum(taken) == 3


def test_a_row_of_before_reads_as_no_limit_and_an_unknown_version_stops(dynamo):
    dynamo.ledger.commit(first_append("anna"))
    table = clients.client("dynamodb")
    assert "rhythm" not in table.get_item(TableName=AUDIENCE, Key=subject_key(ANNA))["Item"]
    assert dynamo.audience.members([ANNA])[ANNA].frequency == Frequency()
    table.update_item(
        TableName=AUDIENCE,
        Key=subject_key(ANNA),
        UpdateExpression="SET rhythm = :r",
        ExpressionAttributeValues={":r": {"S": '{"v":99}'}},
    )
    with pytest.raises(FatalError):
        dynamo.frequency.get(ANNA)
