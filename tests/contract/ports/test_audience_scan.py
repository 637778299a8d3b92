# SPDX-License-Identifier: Apache-2.0
"""What every `AudienceScan` guarantees, on the fake and on DynamoDB's adapter."""

from dataclasses import replace
from itertools import pairwise

import orjson
import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.audience_scan import DynamoAudienceScan
from chalicelib.adapters.dynamo.ledger_rows import subject_key
from chalicelib.domain.frequency import Frequency, load_rhythm
from chalicelib.domain.ids import SHARDS, ListId, decode_id, encode_id, shard_of
from chalicelib.domain.standing import load_standing
from chalicelib.errors import FatalError, Unavailable
from chalicelib.ports.audience_scan import NOTHING_SEALED, Row
from chalicelib.ports.ledger import NewSubject, ProfileWrite
from chalicelib.proof.opening import Opened, Wanted, open_sections
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.services.entries import seal_profile
from tests.contract.ports.conftest import AUDIENCE, ORIGIN, VAULT
from tests.support.appends import LIST, first_append, next_append, subject
from tests.support.memory_keys import MemoryKeyWrapper
from tests.support.memory_scan import MemoryAudienceScan

NAMES = tuple(f"person {n}" for n in range(20))
BOTH = Wanted.PROFILE | Wanted.FACTS
STANDING = '{"g":{"demo":{"newsletter":["newsletter"]}},"v":1}'
CROWDED = max(SHARDS, key=[shard_of(subject(name)) for name in NAMES].count)
IN_CROWDED = sorted(subject(name) for name in NAMES if shard_of(subject(name)) == CROWDED)


@pytest.fixture
def audience(ports):
    """Twenty people, every third one subscribed, the others pending."""
    for n, name in enumerate(NAMES):
        status = "pending" if n % 3 else "subscribed"
        profile = ProfileWrite(sealed=b"profile " + name.encode(), lists=((LIST, status),))
        ports.ledger.commit(first_append(name, profile=profile))
    return ports


def scan(ports):
    if ports.rows is not None:
        return MemoryAudienceScan(ports.rows)
    return DynamoAudienceScan(audience_table=AUDIENCE, vault_table=VAULT)


def everybody(ports, *, wanted=BOTH, **filters):
    return [row for shard in SHARDS for row in scan(ports).people(shard, **filters, wanted=wanted)]


def keep(ports, sid, *, standing, facts):
    """Write the two attributes that not every row has."""
    if ports.rows is not None:
        row = ports.rows.audience[sid]
        ports.rows.audience[sid] = replace(row, standing=standing, facts=facts)
        return
    clients.client("dynamodb").update_item(
        TableName=AUDIENCE,
        Key=subject_key(sid),
        UpdateExpression="SET st = :st, facts = :facts",
        ExpressionAttributeValues={":st": {"S": standing}, ":facts": {"B": facts}},
    )


@pytest.fixture
def queries(monkeypatch):
    """The Query requests made while a page holds two people at most."""
    monkeypatch.setattr("moto.dynamodb.models.table.RESULT_SIZE_LIMIT", 260)
    made = []
    clients.rows_client().meta.events.register(
        "provide-client-params.dynamodb.Query",
        lambda params, **_: made.append(params),
    )
    return made


def test_rows_are_those_that_the_audience_store_reads(audience):
    rows = everybody(audience)
    members = audience.audience.members([subject(name) for name in NAMES])
    assert {row.sid for row in rows} == set(members)
    for row in rows:
        member = members[row.sid]
        assert (row.profile, row.wrapped) == (member.sealed, member.wrapped_key)
        assert tuple(row.lists.items()) == member.lists
        assert (row.standing, row.rhythm, row.facts) == (None, None, None)


def test_a_shard_yields_each_of_its_people_once_in_order_of_id(audience):
    for shard in SHARDS:
        found = [row.sid for row in scan(audience).people(shard, wanted=BOTH)]
        assert found == sorted(subject(x) for x in NAMES if shard_of(subject(x)) == shard)


def test_every_attribute_of_a_row_comes_as_it_is_stored(audience):
    sid = subject("person 3")
    keep(audience, sid, standing=STANDING, facts=b"\x00facts\xff")
    audience.frequency.put(sid, Frequency(max_per_week=2))
    (row,) = (row for row in everybody(audience) if row.sid == sid)
    assert row == Row(
        sid=sid,
        lists={LIST: "subscribed"},
        standing=STANDING,
        rhythm=row.rhythm,
        wrapped=b"wrapped person 3",
        profile=b"profile person 3",
        facts=b"\x00facts\xff",
    )
    assert load_rhythm(orjson.loads(row.rhythm)).frequency == Frequency(max_per_week=2)


def test_the_standing_that_an_append_wrote_is_read(audience):
    sid, stands = subject("person 3"), load_standing(STANDING)
    profile = ProfileWrite(sealed=None, lists=((LIST, "given"),), standing=stands)
    audience.ledger.commit(next_append("person 3", 1, profile=profile))
    (row,) = (row for row in everybody(audience) if row.sid == sid)
    assert (row.standing, row.lists) == (STANDING, {LIST: "given"})
    assert audience.audience.member(sid).standing == row.standing


def test_only_people_of_the_named_list_and_statuses_are_read(audience):
    subscribed = everybody(audience, list_id=LIST, statuses=("subscribed",))
    assert {row.sid for row in subscribed} == {subject(name) for name in NAMES[::3]}
    assert all(row.wrapped and row.profile for row in subscribed)
    assert len(everybody(audience, list_id=LIST, statuses=("subscribed", "pending"))) == len(NAMES)
    assert everybody(audience, list_id=ListId("other"), statuses=("subscribed",)) == []


@pytest.mark.parametrize("filters", [{"list_id": LIST}, {"statuses": ("subscribed",)}])
def test_a_list_and_its_statuses_are_named_together(ports, filters):
    with pytest.raises(FatalError):
        scan(ports).people("0", **filters, wanted=BOTH)


def test_whose_key_is_gone_has_none_and_the_others_keep_theirs(audience):
    gone = IN_CROWDED[1]
    audience.drop_vault_row(CROWDED, gone)
    rows = list(scan(audience).people(CROWDED, wanted=BOTH))
    assert [row.sid for row in rows] == IN_CROWDED
    assert [row.sid for row in rows if row.wrapped is None] == [gone]
    assert [row.sid for row in rows if row.sealed_person() is None] == [gone]


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        (Wanted.PROFILE, (True, True, False)),
        (Wanted.FACTS, (True, False, True)),
        (NOTHING_SEALED, (False, False, False)),
    ],
)
def test_what_is_not_wanted_is_not_read(audience, wanted, held):
    for sid in IN_CROWDED:
        keep(audience, sid, standing=STANDING, facts=b"facts")
    for row in scan(audience).people(CROWDED, wanted=wanted):
        parts = (row.wrapped, row.profile, row.facts)
        assert tuple(part is not None for part in parts) == held
        assert row.standing == STANDING
        assert row.lists


def test_an_empty_shard_has_nobody(ports):
    assert everybody(ports) == []


def test_what_a_scan_finds_opens(ports):
    wrapper = MemoryKeyWrapper()
    for n, name in enumerate(NAMES):
        sid, ks = subject(name), bytes([n]) * 32
        raw = decode_id(sid)
        keys = SubjectKeys(ks, ORIGIN, raw)
        sealed = seal_profile(keys, {"attributes": {"city": name}, "language": "sv"}, b"n" * 12)
        append = first_append(
            name,
            new_subject=NewSubject(wrapped_key=wrapper.wrap(raw, ks), macs=(name,)),
            profile=ProfileWrite(sealed=sealed, lists=((LIST, "subscribed"),)),
        )
        ports.ledger.commit(append)
        if n % 2:
            facts = keys.seal_facts(b'{"v":1,"n":%d}' % n, b"f" * 12)
            keep(ports, sid, standing=STANDING, facts=facts)
    ports.drop_vault_row(shard_of(subject(NAMES[7])), subject(NAMES[7]))
    found = {}
    for shard in SHARDS:
        rows = list(scan(ports).people(shard, wanted=BOTH))
        sealed = [person for row in rows if (person := row.sealed_person()) is not None]
        plain = open_sections(sealed, wrapper.kek, ORIGIN, wanted=BOTH)
        found |= zip((encode_id(person.sid) for person in sealed), plain, strict=True)
    assert len(found) == 19
    for n, name in enumerate(NAMES):
        if n == 7:
            continue
        told = found[subject(name)]
        assert isinstance(told, Opened)
        assert not told.unreadable
        assert orjson.loads(told.profile)["attributes"] == {"city": name}
        assert (told.facts and orjson.loads(told.facts)) == ({"v": 1, "n": n} if n % 2 else None)


# What DynamoDB's adapter asks for.


@pytest.fixture
def crowd(dynamo):
    """The people of one shard."""
    for name in NAMES:
        if shard_of(subject(name)) == CROWDED:
            dynamo.ledger.commit(first_append(name))
    return dynamo


def test_pages_are_joined_without_a_seam(crowd, queries):
    rows = list(scan(crowd).people(CROWDED, wanted=BOTH))
    assert [row.sid for row in rows] == IN_CROWDED
    assert all(row.wrapped.startswith(b"wrapped ") for row in rows)
    tables = [request["TableName"] for request in queries]
    assert tables.count(AUDIENCE) > 1
    assert tables[0] == AUDIENCE
    assert (VAULT, AUDIENCE) in pairwise(tables)


def test_the_keys_of_a_page_may_need_pages_of_their_own(crowd, queries):
    for sid in IN_CROWDED:
        clients.client("dynamodb").update_item(
            TableName=VAULT,
            Key=subject_key(sid),
            UpdateExpression="SET note = :note",
            ExpressionAttributeValues={":note": {"S": "x" * 120}},
        )
    rows = list(scan(crowd).people(CROWDED, wanted=BOTH))
    assert [row.sid for row in rows if row.wrapped] == IN_CROWDED
    tables = [request["TableName"] for request in queries]
    assert tables.count(VAULT) > tables.count(AUDIENCE)


def test_a_page_in_which_nobody_fits_ends_nothing_and_asks_for_no_keys(crowd, queries):
    last = IN_CROWDED[-1]
    clients.client("dynamodb").update_item(
        TableName=AUDIENCE,
        Key=subject_key(last),
        UpdateExpression="SET lists = :lists",
        ExpressionAttributeValues={":lists": {"M": {LIST: {"S": "subscribed"}}}},
    )
    rows = list(scan(crowd).people(CROWDED, LIST, ("subscribed",), wanted=BOTH))
    assert [row.sid for row in rows] == [last]
    tables = [request["TableName"] for request in queries]
    assert tables.count(AUDIENCE) > 1
    assert tables.count(VAULT) == 1


def test_a_request_names_what_is_needed_and_nothing_else(crowd, queries):
    def projected(wanted):
        queries.clear()
        list(scan(crowd).people(CROWDED, wanted=wanted))
        return {each["TableName"]: each["ProjectionExpression"] for each in queries}

    assert projected(NOTHING_SEALED) == {AUDIENCE: "sk, v, lists, st, rhythm, rest"}
    assert projected(Wanted.FACTS) == {
        AUDIENCE: "sk, v, lists, st, rhythm, rest, facts",
        VAULT: "sk, v, wrapped_key",
    }


@pytest.mark.parametrize("table", [AUDIENCE, VAULT])
def test_a_row_of_an_unknown_version_is_never_read_as_ours(crowd, table):
    clients.client("dynamodb").update_item(
        TableName=table,
        Key=subject_key(IN_CROWDED[0]),
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"N": "2"}},
    )
    with pytest.raises(FatalError):
        list(scan(crowd).people(CROWDED, wanted=BOTH))


def test_a_shard_that_cannot_be_read_is_not_an_empty_one(aws):
    with pytest.raises(Unavailable):
        list(DynamoAudienceScan(audience_table="none", vault_table="none").people("0", wanted=BOTH))
