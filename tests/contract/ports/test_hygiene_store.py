# SPDX-License-Identifier: Apache-2.0
"""`HealthStore` and `SuppressionIndex`: the fake and DynamoDB alike."""

from dataclasses import dataclass

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.cursors import make_cursor
from chalicelib.adapters.dynamo.hygiene import (
    DynamoHealthStore,
    DynamoRests,
    DynamoSuppressionIndex,
)
from chalicelib.domain.health import Health
from chalicelib.domain.ids import shard_of
from chalicelib.errors import Conflict, FatalError, InputError
from chalicelib.ports.hygiene import HealthRow, HealthStore, Rests, SuppressionIndex
from chalicelib.ports.ledger import ProfileWrite
from tests.contract.ports.conftest import ACTIVITY, AUDIENCE, LEDGER, LedgerPorts
from tests.support.appends import LIST, first_append, next_append, subject
from tests.support.memory_hygiene import (
    HygieneRows,
    MemoryHealthStore,
    MemoryRests,
    MemorySuppressionIndex,
)

HEALTH = Health(delivered_ms=5, soft_ms=(6, 7), complained_ms=8)
EXPIRES_MS = 1_800_000_000_001


@dataclass(frozen=True, slots=True, kw_only=True)
class HygienePorts:
    health: HealthStore
    index: SuppressionIndex


@pytest.fixture(params=["memory", "dynamo"])
def hygiene(request) -> HygienePorts:
    if request.param == "memory":
        rows = HygieneRows()
        return HygienePorts(health=MemoryHealthStore(rows), index=MemorySuppressionIndex(rows))
    request.getfixturevalue("tables")
    return HygienePorts(health=DynamoHealthStore(ACTIVITY), index=DynamoSuppressionIndex(LEDGER))


def test_a_record_never_written_is_empty(hygiene):
    assert hygiene.health.read("a") == HealthRow(health=Health(), revision=0)


def test_a_record_is_read_as_written_and_keys_are_apart(hygiene):
    hygiene.health.write("a", HEALTH, 0, EXPIRES_MS)
    assert hygiene.health.read("a") == HealthRow(health=HEALTH, revision=1)
    hygiene.health.write("a", Health(), 1, EXPIRES_MS)
    assert hygiene.health.read("a") == HealthRow(health=Health(), revision=2)
    assert hygiene.health.read("b").revision == 0


@pytest.mark.parametrize("revision", [0, 2, 7])
def test_a_record_that_moved_on_is_not_overwritten(hygiene, revision):
    hygiene.health.write("a", HEALTH, 0, EXPIRES_MS)
    with pytest.raises(Conflict):
        hygiene.health.write("a", Health(), revision, EXPIRES_MS)
    assert hygiene.health.read("a").health == HEALTH


def test_a_record_that_does_not_exist_is_not_replaced(hygiene):
    with pytest.raises(Conflict):
        hygiene.health.write("a", HEALTH, 3, EXPIRES_MS)


class Resting:
    """One subscriber, and the port that says whether their address rests."""

    def __init__(self, ports: LedgerPorts) -> None:
        memory = ports.rows is not None
        self.ports = ports
        self.rests: Rests = MemoryRests(ports.rows) if memory else DynamoRests(AUDIENCE)
        self.sid = subject("reader")
        profile = ProfileWrite(sealed=b"profile", lists=((LIST, "given"),))
        ports.ledger.commit(first_append("reader", profile=profile))

    def rest(self) -> int | None:
        member = self.ports.audience.member(self.sid)
        assert member is not None
        return member.rest


@pytest.fixture
def resting(ports) -> Resting:
    return Resting(ports)


def test_a_rest_is_kept_and_taken_away_and_leaves_the_profile_alone(resting):
    before = resting.ports.audience.member(resting.sid)
    assert resting.rest() is None
    for revision, until_ms in enumerate((0, 9_000, 0, None), 1):
        resting.rests.set(resting.sid, until_ms, revision)
        assert resting.rest() == until_ms
    assert resting.ports.audience.member(resting.sid) == before


def test_a_later_revision_stays_and_a_record_that_began_anew_is_heard(resting):
    resting.rests.set(resting.sid, 9_000, 5)
    resting.rests.set(resting.sid, None, 4)
    assert resting.rest() == 9_000
    resting.rests.set(resting.sid, 8_000, 5)
    assert resting.rest() == 8_000
    resting.rests.set(resting.sid, None, 1)
    assert resting.rest() is None


def test_a_rest_makes_no_row_of_who_was_erased(resting):
    gone = subject("gone")
    for revision in (1, 2):
        resting.rests.set(gone, 9_000, revision)
    assert resting.ports.audience.member(gone) is None


def test_a_rest_is_stored_like_this(tables):
    dynamo = clients.client("dynamodb")
    for sid in map(subject, ("one", "two")):
        key = {"pk": {"S": shard_of(sid)}, "sk": {"S": sid}}
        dynamo.put_item(TableName=AUDIENCE, Item={**key, "v": {"N": "1"}})
        DynamoRests(AUDIENCE).set(sid, 9_000, 3)
        stored = dynamo.get_item(TableName=AUDIENCE, Key=key)["Item"]
        assert stored == {**key, "v": {"N": "1"}, "rest": {"N": "9000"}, "rest_rev": {"N": "3"}}


def test_an_append_that_renews_ends_the_rest_and_any_other_leaves_it(resting):
    resting.rests.set(resting.sid, 9_000, 5)
    for n, renews in enumerate((False, True), 1):
        profile = ProfileWrite(sealed=None, lists=((LIST, "given"),), renews=renews)
        resting.ports.ledger.commit(next_append("reader", n, profile=profile))
        assert resting.rest() == (None if renews else 9_000)


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_show_every_mac_once_and_repeats_add_nothing(hygiene, limit):
    macs = [f"mac-{n}" for n in range(40)]
    for mac in (*macs, *macs[:5]):
        hygiene.index.note(mac)
    seen: list[str] = []
    cursor = None
    while True:
        page = hygiene.index.page(cursor, limit)
        assert len(page.items) <= limit
        seen += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(macs)


def test_that_there_are_digests_is_said_once_and_is_on_no_page(hygiene):
    assert not hygiene.index.has_digests()
    for _ in range(2):
        hygiene.index.note_digests()
        assert hygiene.index.has_digests()
    hygiene.index.note("mac")
    assert hygiene.index.page(None, 10).items == ("mac",)


def test_an_empty_list_has_one_empty_page(hygiene):
    page = hygiene.index.page(None, 10)
    assert (page.items, page.cursor) == ((), None)


@pytest.mark.parametrize("cursor", ["", "x", "!!", make_cursor("BRAND", "demo")])
def test_a_cursor_of_another_list_is_refused(hygiene, cursor):
    with pytest.raises(InputError):
        hygiene.index.page(cursor, 10)


@pytest.mark.parametrize("place", ["x", "0", "zmac", f"{'f' * 9}"])
def test_a_cursor_that_names_no_place_is_refused(tables, place):
    with pytest.raises(InputError):
        DynamoSuppressionIndex(LEDGER).page(make_cursor("SUPPRESSION", place), 10)


def test_the_rows_are_stored_like_this_and_yesterdays_are_still_read(tables):
    dynamo = clients.client("dynamodb")
    DynamoHealthStore(ACTIVITY).write("a", HEALTH, 0, EXPIRES_MS)
    DynamoSuppressionIndex(LEDGER).note("mac-1")
    stored = {
        "pk": {"S": "H#a"},
        "sk": {"S": "H"},
        "v": {"N": "1"},
        "health": {"S": '{"v":1,"d":5,"s":[6,7],"f":[],"x":[],"b":null,"c":8}'},
        "revision": {"N": "1"},
        "expires_at": {"N": "1800000001"},
    }
    assert dynamo.scan(TableName=ACTIVITY)["Items"] == [stored]
    (row,) = dynamo.scan(TableName=LEDGER)["Items"]
    assert row == {"pk": {"S": "XL#1"}, "sk": {"S": "mac-1"}, "v": {"N": "1"}}

    dynamo.put_item(TableName=ACTIVITY, Item={**stored, "pk": {"S": "H#old"}})
    assert DynamoHealthStore(ACTIVITY).read("old") == HealthRow(health=HEALTH, revision=1)
    dynamo.put_item(TableName=ACTIVITY, Item={**stored, "pk": {"S": "H#new"}, "v": {"N": "2"}})
    with pytest.raises(FatalError):
        DynamoHealthStore(ACTIVITY).read("new")
