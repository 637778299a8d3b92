# SPDX-License-Identifier: Apache-2.0
"""The crowd of the benchmarks: made as it is read, in rows that the product itself opens."""

import base64

import orjson
import pytest

from chalicelib.domain.fact_document import dump_facts, load_facts
from chalicelib.domain.ids import SHARDS, decode_id
from chalicelib.domain.standing import load_standing
from chalicelib.proof.opening import SealedPerson, Wanted, open_sections
from chalicelib.proof.sealing import Kek
from chalicelib.services.segment_run import plain_person, with_sections
from infra.bench.crowd import KEK, PLAIN_BYTES, Crowd, member
from infra.bench.null_dynamo import NullDynamo
from infra.bench.people import AUDIENCE, LIST, VAULT, dynamo_rows, people
from infra.bench.segments import segment
from infra.bench.worlds import subscriber_state
from infra.local.demo_data import DEMO_BRAND

ORIGIN = "example.com/ledger"
PLACES = (0, 1, 2, 999, 61_234, 999_999)
CROWD = Crowd(count=20_003, origin=ORIGIN)


def opened(shard, place):
    one = member(ORIGIN, shard, place)
    sealed = SealedPerson(decode_id(one.sid), one.wrapped, one.profile, one.facts)
    wanted = Wanted.PROFILE | Wanted.FACTS
    (found,) = open_sections([sealed], lambda epoch: Kek(epoch, KEK), ORIGIN, wanted=wanted)
    return one, found


@pytest.mark.parametrize("place", PLACES)
def test_two_sections_open_to_the_same_number_of_bytes_for_everybody(place):
    _, found = opened("a", place)
    assert len(found.profile) + len(found.facts) == PLAIN_BYTES == 800
    assert dump_facts(load_facts(found.facts)) == found.facts
    assert orjson.loads(found.profile).keys() == {"attributes", "email", "language", "source"}


def test_nobody_has_anothers_id_or_key_and_ids_ascend():
    made = [member(ORIGIN, shard, place) for shard in SHARDS for place in range(50)]
    assert len({one.sid for one in made}) == len({one.wrapped for one in made}) == len(made)
    ids = [member(ORIGIN, "3", place).sid for place in PLACES]
    assert ids == sorted(ids)


@pytest.mark.parametrize("place", range(6))
def test_the_last_clause_decides_after_the_others_held(place):
    one, found = opened("7", place)
    person = with_sections(plain_person({LIST: "given"}, one.standing, None), found)
    answers = [question.answer(person) for question in segment().questions]
    assert answers == [True, True, True, True, place % 2 == 0]
    assert segment().test(person) is (place % 2 == 0)


def test_a_crowd_is_read_page_by_page_each_once_and_their_keys_between_two_ids():
    table, found, request = NullDynamo(), [], query(AUDIENCE, "c")
    table.crowd = CROWD
    while True:
        answer = table.answer("Query", request)
        page = [item["sk"]["S"] for item in answer["Items"]]
        keys = table.answer("Query", between(query(VAULT, "c"), page[0], page[-1]))["Items"]
        assert [item["sk"]["S"] for item in keys] == page
        found += page
        if "LastEvaluatedKey" not in answer:
            break
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    assert found == sorted(set(found))
    assert len(found) == CROWD.size("c") > len(page)


def test_a_crowd_is_divided_among_the_shards_and_leaves_other_rows_alone():
    assert sum(CROWD.size(shard) for shard in SHARDS) == CROWD.count
    assert not CROWD.has(VAULT, "EPOCH")
    assert not CROWD.has("kvitto-ledger", "a")


def test_a_range_the_crowd_does_not_know_is_an_error():
    table = NullDynamo()
    table.crowd = CROWD
    request = query(VAULT, "c") | {"KeyConditionExpression": "pk = :pk AND sk > :pk"}
    with pytest.raises(KeyError):
        table.answer("Query", request)


def test_the_rows_of_subscribers_say_what_they_consented_to():
    (person,) = people(1, ORIGIN, subscriber_state())
    row = dict(dynamo_rows(person))[AUDIENCE]
    assert LIST in load_standing(row["st"]["S"]).purposes(DEMO_BRAND.id)
    assert base64.b64decode(row["sealed"]["B"]) == person.sealed


def query(table, shard):
    return {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": shard}},
    }


def between(request, first, last):
    ends = {":first": {"S": first}, ":last": {"S": last}}
    return {
        **request,
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": request["ExpressionAttributeValues"] | ends,
    }
