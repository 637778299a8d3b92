# SPDX-License-Identifier: Apache-2.0
"""Counts and stops: `ports.breakers` by the fake and by DynamoDB alike.

tests/data/v1/breaker_rows.json holds a row of every kind in DynamoDB's own JSON. A change that
breaks its test changes stored data: it needs a new schema version, not a new file.
"""

import json
import threading
from pathlib import Path

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.breakers import (
    MAX_STOPS,
    NO_STOPS,
    Counts,
    Harm,
    Level,
    Note,
    Stops,
    day_of,
)
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.folding import MailPlace, Told
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.stops import StopWhy
from chalicelib.errors import FatalError, Throttled
from chalicelib.ports.breakers import About, BreakerRows, Harmed, Tripped
from infra.bench.capacity import item_bytes, write_units
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.memory_breakers import MemoryBreakerRows
from tests.support.tagged import CAMPAIGN, chunk

TABLE = "kvitto-campaigns"
ROWS = Path(__file__).parents[2] / "data" / "v1" / "breaker_rows.json"
TODAY = day_of(START_MS)
MAIL = MailPlace(chunk=chunk(7), place=3)
DOMAIN = "gmx"
NOTE = Note(
    key=DOMAIN,
    level=Level.STOP,
    why=StopWhy.BOUNCES,
    counts=Counts(delivered=180, quiet=1, hard=20, complained=2),
    at_ms=START_MS,
    name="gmx",
)
OF_CAMPAIGN = Note(
    key=CAMPAIGN,
    level=Level.STOP,
    why=StopWhy.COMPLAINTS,
    counts=Counts(delivered=1000, complained=3),
    at_ms=START_MS,
)


def harm(rows: BreakerRows, mail: MailPlace, harm: Harm, domain: str, day: str) -> bool:
    """Count one harm, and tell whether it was not counted before."""
    return bool(rows.harm([Harmed(mail=mail, harm=harm, domain=domain, day=day)]))


def dynamo_rows(clock: FakeClock | None = None) -> BreakerRows:
    from chalicelib.adapters.dynamo.breakers import DynamoBreakerRows

    return DynamoBreakerRows(TABLE, clock=clock or FakeClock(), random=SeededRandom(5))


@pytest.fixture(params=["memory", "dynamo"])
def rows(request: pytest.FixtureRequest) -> BreakerRows:
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        return dynamo_rows()
    return MemoryBreakerRows()


def test_nothing_is_known_at_first(rows):
    assert rows.of_campaign(CAMPAIGN) == Counts() == rows.of_domain(DOMAIN, START_MS)
    assert rows.stops() == NO_STOPS
    assert rows.note(About.CAMPAIGN, CAMPAIGN, START_MS) is None
    assert rows.domains(START_MS) == ()


def test_a_harm_of_a_mail_counts_once_for_its_campaign_and_its_domain(rows):
    for kind in Harm:
        assert harm(rows, MAIL, kind, DOMAIN, TODAY)
        assert not harm(rows, MAIL, kind, DOMAIN, TODAY)
        assert not harm(rows, MAIL, kind, "orange", day_of(START_MS + DAY_MS))
    assert harm(rows, MailPlace(chunk=chunk(7), place=4), Harm.HARD, DOMAIN, TODAY)
    assert harm(rows, MailPlace(chunk=chunk(8), place=3), Harm.HARD, "orange", TODAY)
    assert rows.of_campaign(CAMPAIGN) == Counts(hard=3, complained=1)
    assert rows.of_domain(DOMAIN, START_MS) == Counts(hard=2, complained=1)
    assert rows.of_domain("orange", START_MS) == Counts(hard=1)


def test_harms_told_together_count_once_each_also_among_some_counted_before(rows):
    told = [
        Harmed(
            mail=MailPlace(chunk=chunk(number), place=place),
            harm=kind,
            domain=("gmx", "orange")[place % 2],
            day=TODAY,
        )
        for number in range(3)
        for place in range(10)
        for kind in Harm
    ]
    before = {each for each in told if each.mail.place % 3 == 1}
    assert rows.harm(sorted(before, key=told.index)) == before
    assert rows.harm([*told, *told[:9]]) == set(told) - before
    assert rows.harm(told) == frozenset() == rows.harm([])
    assert rows.of_campaign(CAMPAIGN) == Counts(hard=30, complained=30)
    assert rows.of_domain(DOMAIN, START_MS) == Counts(hard=15, complained=15)


def test_deliveries_are_told_as_they_are_counted(rows):
    assert rows.deliver(CAMPAIGN, 40, 10) == Counts(delivered=40, quiet=10)
    assert rows.deliver(CAMPAIGN, 2, 0) == Counts(delivered=42, quiet=10)
    assert rows.deliver_to(DOMAIN, TODAY, 5) == Counts(delivered=5)
    harm(rows, MAIL, Harm.HARD, DOMAIN, TODAY)
    assert rows.deliver_to(DOMAIN, TODAY, 1) == Counts(delivered=6, hard=1)
    assert rows.deliver(CAMPAIGN, 1, 1) == rows.of_campaign(CAMPAIGN)


def test_three_days_of_a_domain_are_judged_together(rows):
    for before, mails in ((0, 1), (1, 10), (2, 100), (3, 1000)):
        rows.deliver_to(DOMAIN, day_of(START_MS - before * DAY_MS), mails)
    assert rows.of_domain(DOMAIN, START_MS) == Counts(delivered=111)
    assert rows.of_domain(DOMAIN, START_MS + DAY_MS) == Counts(delivered=11)


def test_a_stop_holds_and_says_why_and_comes_once(rows):
    assert rows.stop(About.DOMAIN, NOTE) is Tripped.NEW
    assert rows.stop(About.CAMPAIGN, OF_CAMPAIGN) is Tripped.NEW
    assert rows.stop(About.DOMAIN, NOTE) is Tripped.BEFORE
    assert rows.stops() == Stops(campaigns=frozenset({CAMPAIGN}), domains=frozenset({DOMAIN}))
    assert rows.domains(START_MS + 99 * DAY_MS) == (NOTE,)
    assert rows.note(About.CAMPAIGN, CAMPAIGN, START_MS + 99 * DAY_MS) == OF_CAMPAIGN


def test_a_warning_stands_for_a_week_and_gives_way_to_a_stop(rows):
    warning = Note(
        key=DOMAIN, level=Level.WARN, why=StopWhy.COMPLAINTS, counts=Counts(), at_ms=START_MS
    )
    rows.warn(About.DOMAIN, warning)
    later = Note(
        key=DOMAIN, level=Level.WARN, why=StopWhy.BOUNCES, counts=Counts(), at_ms=START_MS + DAY_MS
    )
    rows.warn(About.DOMAIN, later)
    assert rows.domains(START_MS + 7 * DAY_MS - 1000) == (warning,)
    assert rows.domains(START_MS + 7 * DAY_MS) == ()
    assert rows.stops() == NO_STOPS
    assert rows.stop(About.DOMAIN, NOTE) is Tripped.NEW
    rows.warn(About.DOMAIN, later)
    assert rows.domains(START_MS + 8 * DAY_MS) == (NOTE,)


def test_a_campaign_that_is_over_is_held_no_more_and_never_stopped_again(rows):
    rows.stop(About.CAMPAIGN, OF_CAMPAIGN)
    rows.settle(CAMPAIGN)
    rows.settle(CAMPAIGN)
    assert rows.stops() == NO_STOPS
    assert rows.stop(About.CAMPAIGN, OF_CAMPAIGN) is Tripped.BEFORE
    assert rows.stops() == NO_STOPS
    assert rows.note(About.CAMPAIGN, CAMPAIGN, START_MS) == OF_CAMPAIGN


def test_a_campaign_released_is_judged_by_what_comes_after(rows):
    rows.deliver(CAMPAIGN, 1000, 100)
    harm(rows, MAIL, Harm.COMPLAINT, DOMAIN, TODAY)
    rows.stop(About.CAMPAIGN, OF_CAMPAIGN)
    rows.release(About.CAMPAIGN, CAMPAIGN)
    assert rows.stops() == NO_STOPS
    assert rows.note(About.CAMPAIGN, CAMPAIGN, START_MS) is None
    assert rows.of_campaign(CAMPAIGN) == Counts()
    assert not harm(rows, MAIL, Harm.COMPLAINT, DOMAIN, TODAY)
    harm(rows, MailPlace(chunk=chunk(7), place=4), Harm.HARD, DOMAIN, TODAY)
    assert rows.deliver(CAMPAIGN, 5, 1) == Counts(delivered=5, quiet=1, hard=1)
    assert rows.stop(About.CAMPAIGN, OF_CAMPAIGN) is Tripped.NEW


def test_a_domain_released_begins_anew(rows):
    for before in range(5):
        rows.deliver_to(DOMAIN, day_of(START_MS - before * DAY_MS), 100)
    rows.stop(About.DOMAIN, NOTE)
    rows.release(About.DOMAIN, DOMAIN)
    assert rows.stops() == NO_STOPS
    assert rows.domains(START_MS) == ()
    assert rows.of_domain(DOMAIN, START_MS) == Counts()
    rows.release(About.DOMAIN, DOMAIN)
    rows.release(About.CAMPAIGN, CAMPAIGN)
    assert rows.stops() == NO_STOPS


def test_only_so_many_domains_are_held(rows):
    for number in range(MAX_STOPS):
        note = Note(key=f"d{number}", level=NOTE.level, why=NOTE.why, counts=Counts(), at_ms=1)
        assert rows.stop(About.DOMAIN, note) is Tripped.NEW
    assert rows.stop(About.DOMAIN, NOTE) is Tripped.FULL
    assert len(rows.stops().domains) == MAX_STOPS
    assert rows.note(About.DOMAIN, DOMAIN, START_MS) is None
    assert rows.stop(About.CAMPAIGN, OF_CAMPAIGN) is Tripped.NEW


@pytest.mark.usefixtures("tables")
def test_the_places_counted_are_no_part_of_what_was_told():
    from chalicelib.adapters.dynamo.folds import DynamoFolds

    rows, folds = dynamo_rows(), DynamoFolds(TABLE)
    harm(rows, MAIL, Harm.HARD, DOMAIN, TODAY)
    harm(rows, MAIL, Harm.COMPLAINT, DOMAIN, TODAY)
    assert folds.of_chunk(MAIL.chunk) == Told()
    added = folds.add(MAIL.chunk, Told(delivered=frozenset({3})))
    assert added.before == Told()
    assert not harm(rows, MAIL, Harm.HARD, DOMAIN, TODAY)


@pytest.mark.usefixtures("tables")
def test_a_count_that_crosses_anothers_is_made_again_and_then_left_to_the_queue(monkeypatch):
    from botocore.exceptions import ClientError

    clock = FakeClock()
    rows, dynamodb = dynamo_rows(clock), clients.client("dynamodb")
    write, crossing = dynamodb.transact_write_items, [2]

    def crossed(**request):
        if crossing[0]:
            crossing[0] -= 1
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}, {"Code": "None"}]
            answer = {
                "Error": {"Code": "TransactionCanceledException", "Message": ""},
                "CancellationReasons": reasons,
            }
            raise ClientError(answer, "TransactWriteItems")
        return write(**request)

    monkeypatch.setattr(dynamodb, "transact_write_items", crossed)
    assert harm(rows, MAIL, Harm.HARD, DOMAIN, TODAY)
    assert clock.now_ms() > START_MS
    crossing[0] = 3
    with pytest.raises(Throttled):
        harm(rows, MAIL, Harm.COMPLAINT, DOMAIN, TODAY)
    assert rows.of_campaign(CAMPAIGN) == Counts(hard=1)


@pytest.mark.usefixtures("tables")
def test_of_many_who_count_the_same_one_does():
    made = []

    def count() -> None:
        made.append(harm(dynamo_rows(), MAIL, Harm.HARD, DOMAIN, TODAY))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, False, False, True]
    assert dynamo_rows().of_campaign(CAMPAIGN) == Counts(hard=1)


@pytest.mark.usefixtures("tables")
def test_a_hundred_stops_are_one_read_unit_more_a_look():
    rows = dynamo_rows()
    for number in range(MAX_STOPS):
        key = f"{number:043d}"
        rows.stop(
            About.DOMAIN,
            Note(key=key, level=NOTE.level, why=NOTE.why, counts=Counts(), at_ms=1),
        )
    item = clients.client("dynamodb").get_item(
        TableName=TABLE, Key={"pk": {"S": "BRK"}, "sk": {"S": "STOPS"}}
    )["Item"]
    held = item.pop("domains")["SS"]
    size = item_bytes(item) + sum(len(each) for each in held)
    assert size < 2 * 4096
    assert write_units(size) <= 5


@pytest.mark.usefixtures("tables")
def test_stored_rows_are_read():
    for row in json.loads(ROWS.read_text()):
        clients.client("dynamodb").put_item(TableName=TABLE, Item=row["item"])
    rows = dynamo_rows()
    assert rows.of_campaign(CAMPAIGN) == Counts(delivered=900, quiet=90, hard=9, complained=2)
    assert rows.of_domain(DOMAIN, 1795435200000) == Counts(delivered=180, hard=20, complained=2)
    assert rows.stops() == Stops(
        campaigns=frozenset({CampaignId(CAMPAIGN)}), domains=frozenset({DOMAIN})
    )
    (warning, stop) = rows.domains(1795435200000)
    assert (stop.key, stop.level, stop.why, stop.name) == ("gmx", "stop", "bounces", "gmx")
    assert (warning.level, warning.name, warning.at_ms) == ("warn", "example.org", 1795435200000)
    assert not harm(rows, MAIL, Harm.HARD, DOMAIN, TODAY)


@pytest.mark.usefixtures("tables")
def test_a_row_of_another_version_is_neither_read_nor_changed():
    for row in json.loads(ROWS.read_text()):
        item = {**row["item"], "v": {"N": "9"}}
        clients.client("dynamodb").put_item(TableName=TABLE, Item=item)
    rows = dynamo_rows()
    acts = (
        lambda: harm(rows, MAIL, Harm.COMPLAINT, DOMAIN, TODAY),
        lambda: rows.deliver(CAMPAIGN, 1, 0),
        lambda: rows.deliver_to(DOMAIN, "20261123", 1),
        lambda: rows.of_campaign(CAMPAIGN),
        lambda: rows.of_domain(DOMAIN, 1795435200000),
        rows.stops,
        lambda: rows.stop(About.DOMAIN, NOTE),
        lambda: rows.note(About.DOMAIN, DOMAIN, START_MS),
        lambda: rows.domains(START_MS),
        lambda: rows.settle(CAMPAIGN),
        lambda: rows.release(About.DOMAIN, DOMAIN),
    )
    for act in acts:
        with pytest.raises(FatalError):
            act()
