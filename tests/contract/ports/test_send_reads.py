# SPDX-License-Identifier: Apache-2.0
"""What every `SendReads` guarantees, on the fake and on DynamoDB's adapter."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.breakers import DynamoBreakerRows
from chalicelib.adapters.dynamo.catalog import DynamoCampaigns
from chalicelib.adapters.dynamo.hygiene import DynamoRests
from chalicelib.adapters.dynamo.send_reads import DynamoSendReads
from chalicelib.domain.breakers import Counts, Level, Note, Stops
from chalicelib.domain.campaigns import Campaign, CampaignStatus, Content
from chalicelib.domain.frequency import NO_LIMIT, Frequency
from chalicelib.domain.ids import BrandId, CampaignId, ListId, PurposeId, SubjectId, shard_of
from chalicelib.domain.state import Grade
from chalicelib.domain.stops import StopWhy
from chalicelib.errors import FatalError, Throttled, Unavailable
from chalicelib.ports.breakers import About, BreakerRows
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.ledger import ProfileWrite
from chalicelib.ports.send_reads import LastLook, SendReads
from tests.contract.ports.conftest import AUDIENCE, CAMPAIGNS, LEDGER, VAULT, dynamo_ports
from tests.support.appends import LIST, first_append, subject
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.memory_breakers import BreakerState, MemoryBreakerRows
from tests.support.memory_catalog import CatalogRows, MemoryCampaigns
from tests.support.memory_hygiene import MemoryRests
from tests.support.memory_send_reads import MemorySendReads

NAMES = tuple(f"person {n}" for n in range(6))
SIDS = [subject(name) for name in NAMES]
NOBODY = SubjectId("AAAAAAAAAAAAAAAAAAAAAA")
TABLES = {"ledger": LEDGER, "vault": VAULT, "audience": AUDIENCE, "campaigns": CAMPAIGNS}
SENDING = Campaign(
    id=CampaignId("BBBBBBBBBBBBBBBBBBBBBA"),
    brand=BrandId("demo"),
    list=ListId("newsletter"),
    purpose=PurposeId("newsletter"),
    name="News",
    subject="Hello",
    source_sha256="0" * 64,
    status=CampaignStatus.SENDING,
    created_ms=START_MS,
    minimum_grade=Grade.B,
    content_sha256="1" * 64,
    chunk_size=50,
)


@dataclass(slots=True, kw_only=True)
class Stores:
    ports: Any
    campaigns: Campaigns
    reads: SendReads
    breakers: BreakerRows


def filled(ports):
    """Six people, each with profile, key and state; and a campaign."""
    for name in NAMES:
        profile = ProfileWrite(sealed=b"profile " + name.encode(), lists=((LIST, "given"),))
        ports.ledger.commit(first_append(name, profile=profile))
    campaigns: Campaigns
    reads: SendReads
    breakers: BreakerRows
    if ports.rows is not None:
        catalog = CatalogRows()
        held = BreakerState()
        campaigns, breakers = MemoryCampaigns(catalog), MemoryBreakerRows(held)
        reads = MemorySendReads(ports.rows, catalog, held=held)
    else:
        campaigns = DynamoCampaigns(CAMPAIGNS)
        reads = DynamoSendReads(TABLES, clock=FakeClock(), random=SeededRandom())
        breakers = DynamoBreakerRows(CAMPAIGNS, clock=FakeClock(), random=SeededRandom())
    campaigns.create(SENDING, Content(subject="Hello", html="<p>Hello</p>"))
    return Stores(ports=ports, campaigns=campaigns, reads=reads, breakers=breakers)


@pytest.fixture
def stores(ports):
    return filled(ports)


def test_readers_are_what_the_audience_store_reads_of_them(stores):
    found = stores.reads.readers(SIDS)
    members = stores.ports.audience.members(SIDS)
    assert set(found) == set(members) == set(SIDS)
    for sid, reader in found.items():
        member = members[sid]
        assert (reader.sealed, reader.wrapped_key) == (member.sealed, member.wrapped_key)
        assert reader.frequency == NO_LIMIT


def test_who_lacks_a_profile_or_a_key_is_left_out(stores):
    gone, *others = SIDS
    stores.ports.drop_vault_row(shard_of(gone), gone)
    assert set(stores.reads.readers([*SIDS, NOBODY])) == set(others)


def test_the_rhythm_somebody_wishes_comes_with_them(stores):
    wish = Frequency(max_per_week=2, paused_until_ms=START_MS)
    stores.ports.frequency.put(SIDS[0], wish)
    found = stores.reads.readers(SIDS[:2])
    assert [found[sid].frequency for sid in SIDS[:2]] == [wish, NO_LIMIT]


def test_until_when_an_address_rests_comes_with_its_person(stores):
    memory = stores.ports.rows is not None
    rests = MemoryRests(stores.ports.rows) if memory else DynamoRests(AUDIENCE)
    rests.set(SIDS[0], START_MS, 1)
    rests.set(SIDS[1], 0, 1)
    found = stores.reads.readers(SIDS[:3])
    assert [found[sid].rest for sid in SIDS[:3]] == [START_MS, 0, None]
    members = stores.ports.audience.members(SIDS[:3])
    assert [members[sid].rest for sid in SIDS[:3]] == [START_MS, 0, None]


def test_the_last_look_is_the_campaign_and_every_state_as_they_stand(stores):
    look = stores.reads.last_look(SENDING.id, [*SIDS, NOBODY])
    assert look.campaign == stores.campaigns.get(SENDING.id)
    assert look.states == stores.ports.ledger.states(SIDS)
    assert len(look.states) == 6
    paused = stores.campaigns.replace(replace(look.campaign, status=CampaignStatus.PAUSED))
    assert stores.reads.last_look(SENDING.id, SIDS).campaign == paused


def test_what_is_held_comes_with_the_look(stores):
    held = Stops(campaigns=frozenset({SENDING.id}), domains=frozenset({"gmx"}))
    for about, key in ((About.CAMPAIGN, SENDING.id), (About.DOMAIN, "gmx")):
        note = Note(
            key=key, level=Level.STOP, why=StopWhy.BOUNCES, counts=Counts(hard=9), at_ms=START_MS
        )
        assert stores.reads.last_look(SENDING.id, SIDS).stops != held
        stores.breakers.stop(about, note)
    look = stores.reads.last_look(SENDING.id, SIDS)
    assert look.stops == held == stores.breakers.stops()
    assert look.campaign == stores.campaigns.get(SENDING.id)
    assert stores.reads.last_look(CampaignId(NOBODY), []).campaign is None


def test_a_campaign_nobody_made_and_a_look_at_nobody_are_answered(stores):
    assert stores.reads.last_look(CampaignId(NOBODY), []) == LastLook(campaign=None, states={})
    assert stores.reads.readers([]) == {}


def test_somebody_named_twice_is_read_once(stores):
    assert set(stores.reads.readers([SIDS[0]] * 60)) == {SIDS[0]}
    assert set(stores.reads.last_look(SENDING.id, [SIDS[0]] * 60).states) == {SIDS[0]}


@pytest.mark.parametrize("read", ["readers", "last_look"])
def test_more_people_than_one_call_carries_are_refused(stores, read):
    many = [SubjectId(f"{n:022d}") for n in range(51)]
    arguments = (many,) if read == "readers" else (SENDING.id, many)
    with pytest.raises(FatalError):
        getattr(stores.reads, read)(*arguments)


# What only DynamoDB can do.


@pytest.fixture
def dynamo(tables):
    return filled(dynamo_ports())


@pytest.fixture
def asked(dynamo, monkeypatch):
    """Every request made of the rows client, answered by ``dynamo.answer`` if there is one."""
    client, made = clients.rows_client(), Asked()
    real = client.batch_get_item

    def call(**request):
        made.requests.append(request["RequestItems"])
        return made.answer(real, request) if made.answer else real(**request)

    monkeypatch.setattr(client, "batch_get_item", call)
    return made


class Asked:
    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answer: Callable[..., dict[str, Any]] | None = None


def test_each_read_is_one_request_and_strong_where_it_decides(dynamo, asked):
    dynamo.reads.readers(SIDS)
    dynamo.reads.last_look(SENDING.id, SIDS)
    dynamo.reads.readers(SIDS, strong=True)
    first, last, strong = asked.requests
    for read, is_strong in ((first, False), (strong, True)):
        assert {name: table["ConsistentRead"] for name, table in read.items()} == {
            AUDIENCE: is_strong,
            VAULT: is_strong,
        }
    assert {name: table["ConsistentRead"] for name, table in last.items()} == {
        LEDGER: True,
        CAMPAIGNS: True,
    }
    assert [len(table["Keys"]) for table in last.values()] == [2, 6]


def without_some(table, keep):
    """Answer, but leave all keys of ``table`` but ``keep`` unread."""

    def answer(real, request):
        wanted = dict(request["RequestItems"])
        keys = wanted.pop(table, {"Keys": []})
        left = {**keys, "Keys": keys["Keys"][keep:]}
        wanted[table] = {**keys, "Keys": keys["Keys"][:keep]}
        wanted = {name: part for name, part in wanted.items() if part["Keys"]}
        found = real(RequestItems=wanted) if wanted else {"Responses": {}}
        unread = {table: left} if left["Keys"] else {}
        return {**found, "UnprocessedKeys": unread}

    return answer


@pytest.mark.parametrize("table", [LEDGER, CAMPAIGNS])
def test_what_dynamodb_left_unread_of_either_table_is_asked_for_again_as_strongly(
    dynamo, asked, table
):
    keep = [1 if table == LEDGER else 0]

    def once(real, request):
        asked.answer = None
        return without_some(table, keep[0])(real, request)

    asked.answer = once
    look = dynamo.reads.last_look(SENDING.id, SIDS)
    assert look.campaign is not None
    assert set(look.states) == set(SIDS)
    assert list(asked.requests[1]) == [table]
    assert asked.requests[1][table]["ConsistentRead"] is True


@pytest.mark.parametrize(("table", "keep"), [(LEDGER, 1), (LEDGER, 0), (CAMPAIGNS, 0)])
def test_a_look_that_stays_partial_is_no_look(dynamo, asked, table, keep):
    def never(real, request):
        answer = without_some(table, keep)(real, request)
        return {**answer, "UnprocessedKeys": answer["UnprocessedKeys"] or request["RequestItems"]}

    asked.answer = never
    with pytest.raises(Unavailable):
        dynamo.reads.last_look(SENDING.id, SIDS)


@pytest.mark.parametrize(("table", "keep"), [(AUDIENCE, 3), (VAULT, 0)])
def test_profiles_that_stay_unread_are_not_called_missing(dynamo, asked, table, keep):
    def never(real, request):
        answer = without_some(table, keep)(real, request)
        return {**answer, "UnprocessedKeys": answer["UnprocessedKeys"] or request["RequestItems"]}

    asked.answer = never
    with pytest.raises(Unavailable):
        dynamo.reads.readers(SIDS)


def test_an_answer_that_cannot_be_read_is_not_an_empty_one(dynamo, asked):
    asked.answer = lambda _real, _request: {}
    with pytest.raises(Unavailable):
        dynamo.reads.last_look(SENDING.id, SIDS)
    with pytest.raises(Unavailable):
        dynamo.reads.readers(SIDS)


def test_a_table_that_throttles_is_said_so(dynamo, asked):
    def refuse(_real, _request):
        raise ClientError(
            {"Error": {"Code": "ProvisionedThroughputExceededException"}}, "BatchGetItem"
        )

    asked.answer = refuse
    with pytest.raises(Throttled):
        dynamo.reads.last_look(SENDING.id, SIDS)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (LEDGER, {"pk": {"S": f"S#{SIDS[0]}"}, "sk": {"S": "STATE"}}),
        (CAMPAIGNS, {"pk": {"S": "CAMPAIGN"}, "sk": {"S": SENDING.id}}),
    ],
)
def test_a_row_of_an_unknown_version_stops_the_reader(dynamo, table, key):
    clients.client("dynamodb").update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"N": "9"}},
    )
    with pytest.raises(FatalError):
        dynamo.reads.last_look(SENDING.id, SIDS)
