# SPDX-License-Identifier: Apache-2.0
"""What every `GroupStore` guarantees, on the fake and on DynamoDB's adapter."""

import threading
from dataclasses import dataclass, replace

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.append_writes import TRANSACTION_TRIES
from chalicelib.adapters.dynamo.items import BATCH_TRIES
from chalicelib.adapters.dynamo.ledger_groups import (
    DynamoGroupStore,
    counts_of,
    lane_item,
    lane_key,
    place_of,
)
from chalicelib.domain.ids import BrandId, shard_of
from chalicelib.domain.standing import Standing
from chalicelib.errors import Conflict, FatalError, Overtaken, Throttled, Unavailable
from chalicelib.ports.ledger import Append, Lookup, NewSubject, ProfileWrite
from chalicelib.ports.ledger_groups import BEGINNING, Group, Place, Step, actions_of
from tests.contract.ports.conftest import AUDIENCE, CAMPAIGNS, LEDGER, VAULT, LedgerPorts
from tests.support.appends import (
    BRAND,
    event,
    first_append,
    leaf,
    mac,
    next_append,
    subject,
    suppressed,
)
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.memory_ledger import LaneRow, MemoryGroupStore

OWNER, LANE = "import", "17"


@dataclass(slots=True)
class Groups:
    """A store of groups over the rows of ``ports``, and one lane at its beginning."""

    ports: LedgerPorts
    store: MemoryGroupStore | DynamoGroupStore

    def begin(self):
        if self.ports.rows is not None:
            self.ports.rows.lanes[OWNER, LANE] = LaneRow()
        else:
            item = lane_item(OWNER, LANE)
            clients.client("dynamodb").put_item(TableName=CAMPAIGNS, Item=item)

    def lane(self):
        """Where the lane stands, and its counters."""
        if self.ports.rows is not None:
            row = self.ports.rows.lanes[OWNER, LANE]
            return row.place, dict(row.counts)
        answer = clients.client("dynamodb").get_item(
            TableName=CAMPAIGNS, Key=lane_key(OWNER, LANE), ConsistentRead=True
        )
        return place_of(answer["Item"]), counts_of(answer["Item"])

    def drop_lane(self):
        if self.ports.rows is not None:
            del self.ports.rows.lanes[OWNER, LANE]
        else:
            key = lane_key(OWNER, LANE)
            clients.client("dynamodb").delete_item(TableName=CAMPAIGNS, Key=key)

    def commit(self, *appends, before=BEGINNING, after=None, **counts):
        step = Step(
            owner=OWNER,
            lane=LANE,
            before=before,
            after=after or Place(before.chunk, before.done + max(1, len(appends))),
            counts=counts,
        )
        self.store.commit_group(Group(appends=appends, step=step))


def groups_over(ports):
    store = (
        MemoryGroupStore(ports.rows)
        if ports.rows is not None
        else DynamoGroupStore(
            ledger_table=LEDGER,
            vault_table=VAULT,
            audience_table=AUDIENCE,
            campaigns_table=CAMPAIGNS,
            clock=FakeClock(),
            random=SeededRandom(),
        )
    )
    made = Groups(ports, store)
    made.begin()
    return made


@pytest.fixture
def groups(ports):
    return groups_over(ports)


@pytest.fixture
def real(dynamo):
    """The DynamoDB store alone, for claims about requests."""
    return groups_over(dynamo)


def unchanged(groups, refused, error=Conflict, **step):
    """Commit a group that is refused; nothing may be stored of it."""
    before = groups.ports.stored_text()
    with pytest.raises(error) as raised:
        groups.commit(*refused, **step)
    assert groups.ports.stored_text() == before
    return raised.type


def test_a_group_stores_everybody_whole_and_takes_its_step(groups):
    known = first_append("known")
    groups.ports.ledger.commit(known)
    new = [first_append(f"new {n}") for n in range(13)]
    groups.commit(*new, next_append("known", 1), new=13, known=1)
    for append in new:
        loaded = groups.ports.ledger.load(append.sid)
        assert (loaded.state, loaded.macs) == (append.state, append.macs)
        assert groups.ports.ledger.lookup(append.macs[0]).sid == append.sid
        assert groups.ports.ledger.history(append.sid) == append.entries
    assert groups.ports.ledger.load(known.sid).state.entries == 2
    waiting = [each.event for each in groups.ports.outbox.pending(100)]
    assert len(waiting) == len(set(waiting)) == 15
    members = groups.ports.audience.members([append.sid for append in new])
    assert {each.sealed for each in members.values()} == {x.profile.sealed for x in new}
    assert groups.lane() == (Place(0, 14), {"new": 13, "known": 1})


def test_one_refused_append_refuses_the_whole_group_and_its_step(groups):
    groups.ports.ledger.commit(first_append("ada"))
    late = next_append("ada", 7)
    refused = (first_append("bo"), late, first_append("cy"))
    assert unchanged(groups, refused, bo=1) is Conflict
    assert groups.lane() == (BEGINNING, {})


def test_a_step_that_was_taken_is_overtaken_and_stores_nothing(groups):
    groups.commit(first_append("ada"), n=1)
    for before in (BEGINNING, Place(0, 2), Place(1, 0)):
        unchanged(groups, (first_append("bo"),), Overtaken, before=before, n=1)
    unchanged(groups, (first_append("ada"),), Overtaken, n=1)
    assert groups.lane() == (Place(0, 1), {"n": 1})
    groups.commit(first_append("bo"), before=Place(0, 1), after=Place(1, 0), n=1)
    assert groups.lane() == (Place(1, 0), {"n": 2})


def test_a_lane_that_is_not_there_is_overtaken_and_never_made(groups):
    groups.drop_lane()
    unchanged(groups, (first_append("bo"),), Overtaken)
    groups.begin()
    assert groups.lane() == (BEGINNING, {})


def test_a_group_of_nobody_takes_its_step_all_the_same(groups):
    groups.commit(after=Place(1, 0), **{"mail/SE/known": 3, "next": 1})
    assert groups.lane() == (Place(1, 0), {"mail/SE/known": 3, "next": 1})
    groups.commit(before=Place(1, 0), **{"mail/SE/known": 2})
    assert groups.lane() == (Place(1, 1), {"mail/SE/known": 5, "next": 1})


def test_of_two_groups_at_the_same_moment_one_is_stored(groups):
    outcomes = []
    ready = threading.Barrier(4)

    def attempt(name):
        ready.wait()
        try:
            groups.commit(first_append(name), n=1)
        except Overtaken:
            outcomes.append(None)
        else:
            outcomes.append(name)

    threads = [threading.Thread(target=attempt, args=(f"rival {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [name for name in outcomes if name]
    assert len(outcomes) == 4
    assert [each.sid for each in groups.ports.outbox.pending(9)] == [subject(winner)]
    assert groups.lane() == (Place(0, 1), {"n": 1})


NOT_SUPPRESSED = ((mac("ada"), None), (mac("ada"), BRAND))


@pytest.mark.parametrize("brand", [None, BRAND])
def test_a_stranger_suppressed_in_between_is_not_taken_in(groups, brand):
    name = event("controller")
    row = replace(suppressed("ada", brand), event=name)
    groups.ports.ledger.append_controller_entry(name, leaf(name, START_MS), None, (row,))
    refused = first_append("ada", unsuppressed=NOT_SUPPRESSED)
    assert unchanged(groups, (refused,)) is Conflict
    bounce = suppressed("ada", brand)
    assert unchanged(groups, (replace(refused, suppress=(bounce,)),)) is Conflict
    groups.commit(replace(refused, unsuppressed=()))


def test_a_suppression_of_another_brand_or_a_lifted_one_stands_in_nobodys_way(groups):
    groups.ports.ledger.commit(first_append("former", macs=(mac("ada"),)))
    rows = (suppressed("ada"), suppressed("ada", BRAND), suppressed("ada", BrandId("other")))
    groups.ports.ledger.commit(next_append("former", 1, suppress=rows, check_subject=False))
    lift = ((mac("ada"), None), (mac("ada"), BRAND))
    groups.ports.ledger.commit(next_append("former", 2, lift=lift, check_subject=False))
    groups.commit(first_append("ada", unsuppressed=NOT_SUPPRESSED))
    assert groups.ports.ledger.lookup(mac("ada")).suppressions == rows[2:]


def test_what_is_unsuppressed_may_be_suppressed_by_the_same_append(groups):
    row = suppressed("ada")
    groups.commit(first_append("ada", suppress=(row,), unsuppressed=NOT_SUPPRESSED))
    assert groups.ports.ledger.lookup(mac("ada")).suppressions == (row,)


def test_many_are_looked_up_and_loaded_as_one_by_one(groups):
    ledger = groups.ports.ledger
    for name in ("ada", "bo"):
        ledger.commit(first_append(name, suppress=(suppressed(name), suppressed(name, BRAND))))
    ledger.commit(first_append("erased"))
    groups.ports.drop_vault_row(shard_of(subject("erased")), subject("erased"))
    names = ("ada", "bo", "erased", "nobody")
    looked_up = groups.store.lookup_many([*map(mac, names), mac("ada")])
    assert looked_up == {mac(name): ledger.lookup(mac(name)) for name in names}
    assert looked_up[mac("nobody")] == Lookup(sid=None, suppressions=())
    loaded = groups.store.load_many([*map(subject, names), subject("ada")])
    assert loaded == {subject(name): ledger.load(subject(name)) for name in names}
    assert (groups.store.lookup_many([]), groups.store.load_many([])) == ({}, {})


def test_at_most_fifty_are_read_at_once(groups):
    many = [f"nobody {n}" for n in range(51)]
    assert len(groups.store.lookup_many([mac(name) for name in many[:50]])) == 50
    assert len(groups.store.load_many([subject(name) for name in many[:50]])) == 50
    for read in (
        lambda: groups.store.lookup_many([mac(name) for name in many]),
        lambda: groups.store.load_many([subject(name) for name in many]),
    ):
        with pytest.raises(FatalError):
            read()


def step():
    return Step(owner=OWNER, lane=LANE, before=BEGINNING, after=Place(0, 1))


def test_a_group_that_no_transaction_takes_is_refused_before_it_is_sent():
    for appends in (
        [first_append("ada"), next_append("ada", 1)],
        [first_append("ada"), first_append("bo", suppress=(suppressed("ada"),))],
        [first_append("ada"), first_append("bo", unsuppressed=((mac("ada"), None),))],
        [first_append("ada"), next_append("bo", 1, move_to=mac("ada"))],
        [replace(first_append("ada"), entries=())],
        [first_append(f"new {n}") for n in range(17)],
    ):
        with pytest.raises(FatalError):
            Group(appends=tuple(appends), step=step())
    for after in (BEGINNING, Place(-1, 5)):
        with pytest.raises(FatalError):
            replace(step(), after=after)


def shapes() -> list[Append]:
    """Appends of every kind of row."""
    row = replace(suppressed("ada", reason="manual"), event=event("left"), salt_key=b"k" * 32)
    profile = ProfileWrite(sealed=b"profile", lists=(), standing=Standing())
    two = NewSubject(wrapped_key=b"key", macs=(mac("ada"), mac("ada two")))
    return [
        first_append("ada"),
        first_append("ada", entries=3, index_request=True, profile=None),
        first_append("ada", new_subject=two, macs=two.macs, unsuppressed=NOT_SUPPRESSED),
        next_append("ada", 1),
        next_append("ada", 1, check_subject=False, profile=profile),
        next_append("ada", 1, move_to=mac("to"), check_subject=False),
        next_append("ada", 1, move_to=mac("ada"), macs=two.macs),
        next_append("ada", 1, suppress=(row,), recorded=((row.event, leaf(row.event, START_MS)),)),
        next_append(
            "ada",
            1,
            suppress=(suppressed("ada"), suppressed("bo")),
            lift=((mac("ada"), BRAND), (mac("cy"), None)),
            unsuppressed=NOT_SUPPRESSED,
        ),
    ]


@pytest.mark.parametrize("append", shapes(), ids=range(len(shapes())))
def test_an_append_is_as_many_actions_as_are_counted_each_of_another_row(real, monkeypatch, append):
    sent = failing(monkeypatch, [cancelled("None")] * 9)
    with pytest.raises(Unavailable):
        real.commit(append)
    writes = sent[0]["TransactItems"]
    assert len(writes) == actions_of(append) + 1
    bodies = [body for write in writes for body in write.values()]
    rows = [(body["TableName"], repr(_key(body))) for body in bodies]
    assert len(rows) == len(set(rows))


def _key(body):
    row = body.get("Item") or body["Key"]
    return row["pk"], row["sk"]


def failing(monkeypatch, errors):
    """Have TransactWriteItems raise each of ``errors`` before it works; return what was sent."""
    dynamodb = clients.client("dynamodb")
    real, calls = dynamodb.transact_write_items, []

    def call(**request):
        calls.append(request)
        if len(calls) <= len(errors):
            raise errors[len(calls) - 1]
        return real(**request)

    monkeypatch.setattr(dynamodb, "transact_write_items", call)
    return calls


def cancelled(*codes):
    return ClientError(
        {
            "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
            "CancellationReasons": [{"Code": code} for code in codes],
        },
        "TransactWriteItems",
    )


CONDITION, BUSY, FINE = "ConditionalCheckFailed", "TransactionConflict", "None"
ADAS = actions_of(first_append("ada"))


@pytest.mark.parametrize(
    ("reasons", "error"),
    [
        ((CONDITION, *[FINE] * (ADAS - 1), FINE), Conflict),
        ((CONDITION, *[BUSY] * (ADAS - 1), BUSY), Conflict),
        ((CONDITION, *[FINE] * (ADAS - 1), CONDITION), Overtaken),
        ((*[FINE] * ADAS, CONDITION), Overtaken),
        ((), Unavailable),
    ],
)
def test_the_workers_own_step_is_told_apart_from_somebodys_row(real, monkeypatch, reasons, error):
    calls = failing(monkeypatch, [cancelled(*reasons)] * 9)
    with pytest.raises(error) as raised:
        real.commit(first_append("ada"))
    assert raised.type is error
    assert len(calls) == 1


def test_a_busy_group_is_asked_for_again_under_one_token_and_then_throttled(real, monkeypatch):
    busy = cancelled(FINE, BUSY, *[FINE] * (ADAS - 1))
    calls = failing(monkeypatch, [busy, busy])
    real.commit(first_append("ada"))
    assert len({call["ClientRequestToken"] for call in calls}) == 1
    calls = failing(monkeypatch, [busy] * 99)
    with pytest.raises(Throttled):
        real.commit(first_append("bo"), before=Place(0, 1))
    assert len(calls) == TRANSACTION_TRIES


def test_a_lost_answer_of_a_group_is_unavailable_never_guessed(real, monkeypatch):
    calls = failing(monkeypatch, [ReadTimeoutError(endpoint_url="http://127.0.0.1")])
    with pytest.raises(Unavailable):
        real.commit(first_append("ada"))
    assert len(calls) == 1


def test_many_are_read_strongly_in_one_request_and_never_in_part(real, monkeypatch):
    dynamodb = clients.client("dynamodb")
    calls = []

    def never(RequestItems):  # noqa: N803 -- the SDK's own argument name
        calls.append(RequestItems)
        return {"Responses": {}, "UnprocessedKeys": RequestItems}

    monkeypatch.setattr(dynamodb, "batch_get_item", never)
    for read in (
        lambda: real.store.lookup_many([mac("ada"), mac("bo")]),
        lambda: real.store.load_many([subject("ada"), subject("bo")]),
    ):
        calls.clear()
        with pytest.raises(Unavailable):
            read()
        assert len(calls) == BATCH_TRIES
        assert sum(len(table["Keys"]) for table in calls[0].values()) == 4
        assert all(table["ConsistentRead"] for table in calls[0].values())
