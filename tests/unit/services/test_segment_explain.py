# SPDX-License-Identifier: Apache-2.0
"""Explaining one person: the entry first, then the very answer that a count goes by."""

import json
from dataclasses import replace

import pytest

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import SHARDS
from chalicelib.domain.segment_explain import Why
from chalicelib.errors import EvidenceError, InputError, NotFound, Unavailable
from chalicelib.proof.leaf import parse_leaf
from chalicelib.services.entries import open_claims
from chalicelib.services.segment_explain import MAX_AT_MS
from chalicelib.services.segment_run import Verdict
from tests.support.clock import START_MS
from tests.support.faults import FailAlways, Moment
from tests.support.shop import BUYER, consent, event, objection, placed, restriction, viewed
from tests.support.world import World

WHERE = {
    "all": [
        {"fact": "orders.count", "op": "gte", "value": 1},
        {"fact": "orders.last", "op": "gte", "value": {"ago": {"days": 90}}},
        {"fact": "site.products", "op": "contains", "value": "pots"},
        {"fact": "language", "op": "eq", "value": "en"},
    ]
}


@pytest.fixture
def world():
    made = World()
    made.segments.create(segment_id="buyers", brand_id="demo", name="Buyers", where=WHERE)
    return made


@pytest.fixture
def sid(world):
    made = world.subscribe(BUYER)
    world.fact_folder.keep(made, event(placed("e1", "1")))
    return made


def tell(world, sid, **more):
    return world.explaining.tell("buyers", sid, "key-1", **more)


def last_entry(world, sid):
    *_, entry = world.store.history(sid)
    return entry


def test_the_entry_with_its_sealed_clue_stands_before_any_answer(world, sid):
    before = len(world.types(sid))
    tell(world, sid)
    assert world.types(sid)[before:] == ["data.unsealed"]
    entry = last_entry(world, sid)
    claims = open_claims(world.ledger.open(sid).keys, entry)
    assert {name: claims.link[name] for name in ("clue", "key")} == {
        "clue": "segment",
        "key": "key-1",
    }
    assert parse_leaf(entry.leaf).fields.reason == "search"
    assert b"segment" not in entry.leaf


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_moment_outside_of_1970_to_2999_is_refused_before_anything_is_opened(world, sid, zone):
    world.brands.replace(replace(world.brands.get("demo"), time_zone=zone))
    before = world.types(sid)
    for at_ms in (-62_135_683_140_000, -1, MAX_AT_MS + 1, 253_402_387_139_000):
        with pytest.raises(InputError) as raised:
            tell(world, sid, at_ms=at_ms)
        assert raised.value.code == "bad_time"
    assert world.types(sid) == before
    assert [tell(world, sid, at_ms=at_ms).sid for at_ms in (0, MAX_AT_MS)] == [sid, sid]


@pytest.mark.parametrize("call", ["LedgerStore.load", "LedgerStore.commit"])
def test_nothing_is_told_when_the_entry_cannot_be_written(world, sid, call):
    read = []

    def noting(name, moment):
        if moment is Moment.BEFORE:
            read.append(name)
        FailAlways(call, Moment.BEFORE, Unavailable("no"))(name, moment)

    world.faults = noting
    with pytest.raises(Unavailable):
        tell(world, sid)
    assert not {"AudienceStore.member", "FactStore.read"} & set(read)


def test_each_clause_says_what_was_asked_and_what_is_known(world, sid):
    told = tell(world, sid)
    assert not told.explanation.matches
    assert [(each.holds, each.why) for each in told.explanation.clauses] == [
        (True, None),
        (True, None),
        (None, Why.NOT_ALLOWED),
        (True, None),
    ]
    consent(world, sid, "profiling")
    world.fact_folder.keep(sid, event(viewed("e2")))
    told = tell(world, sid)
    assert told.explanation.matches
    assert (told.stage, told.activity) == ("decision", "new")


def test_the_answer_is_that_of_a_run(world, sid):
    consent(world, sid, "profiling")
    world.fact_folder.keep(sid, event(viewed("e2")))
    for change in (None, objection, restriction):
        if change:
            change(world, sid)
        compiled = world.segments.frozen("buyers").compiled()
        (judged,) = (one for shard in SHARDS for one in world.evaluator.people(compiled, shard))
        told = tell(world, sid).explanation
        assert told.matches is (judged.verdict is Verdict.MATCHED)
        assert (told.excluded is not None) is (judged.verdict is Verdict.EXCLUDED)
        assert bool(told.clauses) is (told.excluded is None)


def test_of_another_moment_the_relative_times_are_others(world, sid):
    told = tell(world, sid, at_ms=START_MS + 200 * DAY_MS)
    assert [each.holds for each in told.explanation.clauses[:2]] == [True, False]


def test_who_is_nobody_has_no_explanation_and_a_segment_must_be_there(world, sid):
    with pytest.raises(NotFound, match="segment"):
        world.explaining.tell("others", sid, "key-1")
    with pytest.raises(InputError):
        tell(world, "no-id")
    with pytest.raises(NotFound, match="subscriber"):
        tell(world, "A" * 22)
    with pytest.raises(NotFound):
        world.explaining.by_address("nobody@example.org")
    assert world.explaining.by_address(BUYER) == sid
    assert "data.unsealed" not in world.types(sid)


def test_of_who_was_erased_nothing_is_told(world, sid):
    world.shredder.shred(sid, "withdrawn", suppress=False)
    with pytest.raises(NotFound, match="subscriber"):
        tell(world, sid)


def test_what_does_not_open_is_an_alarm_and_no_answer(world, sid):
    keys = world.ledger.open(sid).keys
    for broken in (b"\x02" + bytes(40), keys.seal_facts(json.dumps({"v": 9}).encode(), bytes(12))):
        row = world.rows.audience[sid]
        world.rows.audience[sid] = type(row)(sealed=row.sealed, lists=row.lists, facts=broken)
        with pytest.raises(EvidenceError):
            tell(world, sid)


def test_the_sentences_are_told_in_the_language_asked_for(world, sid):
    told = tell(world, sid, tongue=world.renderer.tongue("sv")).explanation.clauses
    assert told[0].sentence == "Antalet beställningar är 1."
    assert told[2].sentence.startswith("Inget samtycke till profilering")
