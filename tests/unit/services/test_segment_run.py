# SPDX-License-Identifier: Apache-2.0
"""Segments asked of whole shards: everybody once, nobody chosen who cannot be read."""

from collections import Counter
from dataclasses import replace

import pytest

from chalicelib.domain.ids import SHARDS, ListId, shard_of
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_compile import compile_expression
from chalicelib.domain.segments import parse
from chalicelib.errors import Unavailable
from chalicelib.services import segment_run as module
from chalicelib.services.segment_run import SAMPLE, Evaluator, Verdict
from tests.support.clock import START_MS
from tests.support.faults import FailAlways
from tests.support.faults import Moment as Strike
from tests.support.shop import DEMO, consent, event, objection, placed, restriction
from tests.support.world import World

BUYERS = {"fact": "orders.count", "op": "gte", "value": 1}
ENGLISH = {"fact": "language", "op": "eq", "value": "en"}
AGREED = {
    "fact": "consent",
    "op": "eq",
    "value": "given",
    "list": "newsletter",
    "purpose": "newsletter",
}
PAUSED = {"fact": "frequency.paused_until", "op": "missing"}


def compiled(*where):
    moment = Moment(now_ms=START_MS, zone="Europe/Stockholm")
    return compile_expression(parse({"all": list(where)}, {}), DEMO, moment)


@pytest.fixture(scope="module")
def everybody():
    """A world with a person for every verdict, by what became of them."""
    world = World()
    people = {
        name: world.subscribe(f"{name}@example.org")
        for name in ("buyer", "reader", "restricted", "objected", "unreadable", "keyless", "odd")
    }
    for name in people.keys() - {"reader"}:
        world.fact_folder.keep(people[name], event(placed(f"of {name}", "1")))
    restriction(world, people["restricted"])
    objection(world, people["objected"])
    return world, people


@pytest.fixture
def world(everybody):
    """The same world, whose rows a test may break."""
    made, _ = everybody
    kept = dict(made.rows.audience), dict(made.rows.vault)
    yield made
    made.faults = World().faults
    made.rows.audience, made.rows.vault = kept


@pytest.fixture
def people(everybody):
    return everybody[1]


def change(world, sid, **columns):
    world.rows.audience[sid] = replace(world.rows.audience[sid], **columns)


def verdicts(world, what, *on):
    found = [
        judged for shard in SHARDS for judged in world.evaluator.people(compiled(*what), shard, *on)
    ]
    assert len(found) == len({judged.sid for judged in found}) == len(world.rows.audience)
    return dict(found)


def test_everybody_is_asked_once_and_gets_the_verdict_that_is_theirs(world, people):
    change(world, people["unreadable"], facts=b"\x02" + bytes(40))
    del world.rows.vault[people["keyless"]]
    found = verdicts(world, (BUYERS, ENGLISH))
    assert {name: found[sid] for name, sid in people.items()} == {
        "buyer": Verdict.MATCHED,
        "odd": Verdict.MATCHED,
        "reader": Verdict.OTHER,
        "restricted": Verdict.EXCLUDED,
        "objected": Verdict.EXCLUDED,
        "unreadable": Verdict.UNREADABLE,
        "keyless": Verdict.KEYLESS,
    }


@pytest.mark.parametrize(
    "columns",
    [
        {"standing": '{"v":2}'},
        {"standing": "[]"},
        {"standing": "no JSON"},
        {"rhythm": '{"v":0,"max_per_week":1}'},
        {"rhythm": "{"},
    ],
)
def test_a_column_of_an_unknown_form_is_unreadable_and_never_chosen(world, people, columns):
    change(world, people["odd"], **columns)
    assert verdicts(world, (AGREED, PAUSED))[people["odd"]] is Verdict.UNREADABLE


@pytest.mark.parametrize("text", [b'{"v":2,"b":{}}', b"[]", b"", b'{"b":{}}'])
def test_facts_of_an_unknown_form_are_unreadable(world, people, text):
    keys = world.ledger.open(people["odd"]).keys
    change(world, people["odd"], facts=keys.seal_facts(text, bytes(12)))
    assert verdicts(world, (BUYERS,))[people["odd"]] is Verdict.UNREADABLE
    assert verdicts(world, (ENGLISH,))[people["odd"]] is Verdict.MATCHED


def test_a_profile_that_is_no_object_is_unreadable(world, people):
    keys = world.ledger.open(people["odd"]).keys
    change(world, people["odd"], sealed=keys.seal_profile(b"[]", bytes(12)))
    assert verdicts(world, (ENGLISH,))[people["odd"]] is Verdict.UNREADABLE


def test_a_row_older_than_its_standing_gave_no_consent_and_is_not_excluded(world, people):
    change(world, people["odd"], standing=None)
    assert verdicts(world, (AGREED,))[people["odd"]] is Verdict.OTHER
    assert verdicts(world, (BUYERS,))[people["odd"]] is Verdict.MATCHED


def test_what_stands_in_the_clear_alone_is_told_without_any_key(world, people):
    world.faults = FailAlways("KeyWrapper.kek", Strike.BEFORE, Unavailable("no key service"))
    world.rows.vault.clear()
    assert verdicts(world, (AGREED,))[people["buyer"]] is Verdict.MATCHED


def test_who_does_not_fit_in_the_clear_is_not_opened(world, people):
    for sid in people.values():
        change(world, sid, facts=b"\x02" + bytes(40))
    nobody = {**AGREED, "purpose": "elsewhere"}
    found = Counter(verdicts(world, (BUYERS, nobody)).values())
    assert found == {Verdict.OTHER: 5, Verdict.EXCLUDED: 2}


def test_of_a_list_only_its_people_are_asked(world, people):
    shard = shard_of(people["buyer"])
    on = (ListId("newsletter"), ("given",))
    sids = [judged.sid for judged in world.evaluator.people(compiled(BUYERS), shard, *on)]
    assert people["buyer"] in sids
    nobody = (ListId("elsewhere"), ("given",))
    assert world.evaluator.shard(compiled(BUYERS), shard, *nobody).considered == 0


def test_people_come_in_the_order_of_their_ids_whatever_their_verdict(world, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    for shard in SHARDS:
        sids = [judged.sid for judged in world.evaluator.people(compiled(BUYERS), shard)]
        assert sids == sorted(sids)
    assert verdicts(world, (BUYERS,))


def test_an_epochs_key_is_asked_for_once_in_a_batch(world):
    asked = []

    class Noting:
        def kek(self, epoch):
            asked.append(epoch)
            return world.wrapper.kek(epoch)

    evaluator = Evaluator(scan=_Repeated(world, 300), wrapper=Noting(), origin=_origin(world))
    result = evaluator.shard(compiled(BUYERS), "0")
    assert (result.considered, result.matched) == (300, 300)
    assert len(asked) == -(-300 // module.BATCH)


def test_a_run_holds_no_more_of_a_large_shard_than_of_a_small_one(world):
    held, most = 0, 0

    class Counting(_Repeated):
        def people(self, *args, **kwargs):
            nonlocal held, most
            for row in super().people(*args, **kwargs):
                held += 1
                most = max(most, held)
                yield row

    evaluator = Evaluator(scan=Counting(world, 2_000), wrapper=world.wrapper, origin=_origin(world))
    for _ in evaluator.people(compiled(BUYERS), "0"):
        held -= 1
    assert most == module.BATCH


def test_the_sample_is_drawn_by_the_lot_and_the_same_lot_draws_the_same(world):
    evaluator = Evaluator(
        scan=_Repeated(world, 60, renamed=True), wrapper=world.wrapper, origin=_origin(world)
    )
    first, again, other = (
        evaluator.shard(compiled(AGREED), "0", lot=lot).sample for lot in ("a", "a", "b")
    )
    assert len(first) == len(set(first)) == SAMPLE
    assert first == again
    assert set(first) != set(other)


def test_an_error_of_the_store_ends_the_run(world):
    world.faults = FailAlways("AudienceScan.people", Strike.BEFORE, Unavailable("no answer"))
    with pytest.raises(Unavailable):
        world.evaluator.shard(compiled(BUYERS), "0")


def test_behaviour_counts_as_long_as_the_consent_stands(world, people):
    measured = {"fact": "measured", "op": "eq", "value": True}
    consent(world, people["buyer"], "measurement")
    assert verdicts(world, (measured,))[people["buyer"]] is Verdict.MATCHED
    consent(world, people["buyer"])
    assert verdicts(world, (measured,))[people["buyer"]] is not Verdict.MATCHED


def _origin(world):
    return world.settings.ledger_origin


class _Repeated:
    """One buyer's row over and over: a large shard of which nothing has to be made."""

    def __init__(self, world, times, *, renamed=False):
        self._world, self._times, self._renamed = world, times, renamed

    def people(self, _shard, *_on, wanted):
        (row,) = (
            row
            for shard in SHARDS
            for row in self._world.audience_scan.people(shard, wanted=wanted)
            if row.sid == self._buyer()
        )
        for n in range(self._times):
            yield row._replace(sid=f"{n:022}") if self._renamed else row

    def _buyer(self):
        mac = self._world.ledger.mac("buyer@example.org")
        return self._world.ledger.lookup(mac).sid
